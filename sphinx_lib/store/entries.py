"""Accounting entries: written with their document, read in the order of their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, update

from sphinx_lib.kernel.document import Entry, Id
from sphinx_lib.store import sequences
from sphinx_lib.store.among import among
from sphinx_lib.store.sequences import Taken, Wanted
from sphinx_lib.store.tables import accounting_entries, documents

_INSERT = insert(accounting_entries)
_c = accounting_entries.c
BATCHES = ("export", "")
"""The series that numbers batches."""


def insert_entries(connection: Connection, company: str, numbered: Sequence[tuple[str, Entry]], at: datetime) -> None:
    """Write entries, each with the number that the series of its journal gave it."""
    rows = [
        {
            "company_id": company, "entry_id": entry.id, "position": position, "document_id": entry.document_id,
            "journal": entry.journal, "journal_label": entry.journal_label, "number": number, "date": entry.date,
            "piece": entry.piece, "label": entry.label, "recorded_at": at, "batch": None, **line._asdict(),
        }
        for number, entry in numbered
        for position, line in enumerate(entry.lines, 1)
    ]  # fmt: skip
    if rows:
        connection.execute(_INSERT, rows)


def between(connection: Connection, company: str, first: date, last: date) -> Iterator[Any]:
    """Entry lines dated from ``first`` to ``last``, by date, journal and number, a few thousand at a time.

    Each also says ``piece_date``, the date of the document that caused it.
    """
    return _read(connection, _c.company_id == company, _c.date >= first, _c.date <= last)


def of_batch(connection: Connection, company: str, batch: int) -> Iterator[Any]:
    """The entry lines that went out with a batch, as ``between`` gives them."""
    return _read(connection, _c.company_id == company, _c.batch == batch)


def _read(connection: Connection, *where: ColumnElement[bool]) -> Iterator[Any]:
    cause = and_(documents.c.company_id == _c.company_id, documents.c.id == _c.document_id)
    statement = (
        select(accounting_entries, documents.c.date.label("piece_date"))
        .join(documents, cause)
        .where(*where)
        .order_by(_c.date, _c.journal, _c.number, _c.position)
    )
    yield from connection.execute(statement.execution_options(yield_per=2000))


def span(connection: Connection, company: str) -> tuple[date, date] | None:
    """The dates of the first and the last entry; none when there is no entry."""
    row = connection.execute(select(func.min(_c.date), func.max(_c.date)).where(_c.company_id == company)).one()
    return (row[0], row[1]) if row[0] is not None else None


class Batch(NamedTuple):
    """A batch that was marked: its number, the entries in it, and what its series had given before."""

    number: int
    entries: tuple[Id, ...]
    taken: Taken


def mark_batch(connection: Connection, company: str, first: date, last: date) -> Batch | None:
    """Give the next batch number to all entries of a period that are in no batch yet (AC3); none when all are."""
    open_ = (_c.company_id == company, _c.date >= first, _c.date <= last, _c.batch.is_(None))
    taken = sequences.take(connection, company, {BATCHES: Wanted(1, last)})[BATCHES]
    statement = update(accounting_entries).where(*open_).values(batch=taken.first).returning(_c.entry_id)
    marked = tuple(dict.fromkeys(connection.scalars(statement)))
    return Batch(taken.first, marked, taken) if marked else None


def of_documents(connection: Connection, company: str, ids: Sequence[Id]) -> list[Any]:
    """The entry lines that these documents caused."""
    statement = select(accounting_entries).where(_c.company_id == company, among(_c.document_id, ids))
    rows = connection.execute(statement)  # sorted here: an ORDER BY takes SQLite to the index of numbers
    return sorted(rows, key=lambda row: (row.journal, row.number, row.position))
