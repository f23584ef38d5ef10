"""A company moved from one database to another, such as from SQLite to PostgreSQL: every row with its exact values."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from sphinx_lib.app import verify
from sphinx_lib.app.runs import Progress, silent
from sphinx_lib.kernel.errors import DatabaseError, InputError, Refused
from sphinx_lib.store import company_rows, search
from sphinx_lib.store.address import is_sqlite, shown
from sphinx_lib.store.company_rows import Digest
from sphinx_lib.store.revision import is_unmade, wrong_at

if TYPE_CHECKING:
    from sphinx_lib.app.sphinx import Sphinx


@dataclass(frozen=True)
class Copied:
    """How many rows of each table were copied, or would be, and what ``verify`` says of both sides."""

    rows: Mapping[str, int]
    report: verify.Report

    @property
    def total(self) -> int:
        """Rows of all tables."""
        return sum(self.rows.values())


def copy_company(source: Sphinx, target: Sphinx, *, dry_run: bool = False, progress: Progress = silent) -> Copied:
    """Copy the company of ``source`` to the database of ``target``, all of it or nothing.

    It is read in one snapshot and written in one transaction, which is committed only when the target holds the same rows by
    value and ``verify`` says the same there. A target without tables gets them first. ``target`` is opened with
    ``check_database=False``, or else its configuration is put on record before. ``dry_run`` writes nothing.

    Raises Refused when the target holds the company already or the source does not verify, and InputError for texts that
    the target does not take.
    """
    if source.company != target.company:
        raise InputError([f"the source is open for company {source.company!r}, the target for {target.company!r}"])
    without_tables = _without_tables(target)
    if without_tables and not dry_run:
        target.migrate()
    with company_rows.snapshot(source.engine) as reading:
        rows = company_rows.counts(reading, source.company)
        if is_sqlite(source.engine.url) and not is_sqlite(target.engine.url):
            _refuse_unfit(reading, source.company)
        report = _sound(reading, source, rows)
        if not without_tables or not dry_run:
            with target.engine.begin() as writing:
                _refuse_held(writing, target)
                if not dry_run:
                    search.create_indexes(writing, source.pack.model)
                    _copy(reading, writing, target, progress, sum(rows.values()))
                    _compare(report, verify.verify(writing, target.company, source.pack))
    return Copied(rows, report)


def _without_tables(target: Sphinx) -> bool:
    """Whether nothing is there yet. Raises WrongDatabase for what must not be written to."""
    error = wrong_at(target.engine.url)
    if error is None or is_unmade(error, target.engine.url):
        return error is not None
    raise error


def _sound(reading: Connection, source: Sphinx, rows: Mapping[str, int]) -> verify.Report:
    if not company_rows.holds(rows):
        raise Refused(f"{shown(source.engine.url)} holds nothing of company {source.company!r}; name another one")
    report = verify.verify(reading, source.company, source.pack)
    if not report.ok:
        many = f"{len(report.faults)} fault{'s' if len(report.faults) > 1 else ''}"
        first = ": ".join(report.faults[0])
        raise Refused(f"verify finds {many} in {shown(source.engine.url)}, the first is {first!r}; mend it first")
    return report


def _refuse_unfit(reading: Connection, company: str) -> None:
    problems = [f"PostgreSQL does not take {one}" for one in company_rows.unfit(reading, company)]
    if problems:
        raise InputError(problems)


def _refuse_held(writing: Connection, target: Sphinx) -> None:
    held = company_rows.counts(writing, target.company)
    if company_rows.holds(held):
        raise Refused(
            f"{shown(target.engine.url)} holds company {target.company!r} already, {held['documents']} documents; "
            "name an empty database"
        )


def _copy(reading: Connection, writing: Connection, target: Sphinx, progress: Progress, total: int) -> None:
    company_rows.forget_opened(writing, target.company)
    done = 0
    for table in company_rows.TABLES:
        read = Digest()
        with closing(company_rows.chunks(reading, table, target.company)) as chunks:
            for rows in chunks:
                company_rows.write(writing, table, rows)
                read = read.plus(rows)
                progress(done + read.rows, total)
        done += read.rows
        written = company_rows.digest(writing, table, target.company)
        if written != read:
            raise DatabaseError(f"{table.name}: {written.rows} rows were written of {read.rows}, or with other values")


def _compare(read: verify.Report, written: verify.Report) -> None:
    if written != read:
        found = "; ".join(f"{fault.where}: {fault.what}" for fault in written.faults) or "other counts"
        raise DatabaseError(f"verify does not say the same of the copy: {found}")
