"""Accounting files from the stored entries: chosen, checked and handed to ``layout`` line by line.

A file of a fiscal year holds its entries by date, each balanced, so that the file is balanced too (AC1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sphinx_lib.app.flush import fiscal_year
from sphinx_lib.app.sphinx import SYSTEM, Sphinx
from sphinx_lib.export.layout import Row, written
from sphinx_lib.files.folder import Folder
from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.errors import ExportError, InputError, NotFound
from sphinx_lib.kernel.money import currency_digits, round_half_up
from sphinx_lib.kernel.ports import Actor
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.models import Company, ExportFormat

ONE_DAY = timedelta(days=1)
NO_SIREN = "000000000"


class ExportedFile(NamedTuple):
    """A written file and its totals in company currency; ``lines`` does not count the header.

    ``warnings`` say what the tax office would refuse and the consultant must set.
    """

    name: str
    content: bytes
    lines: int
    debit: Decimal
    credit: Decimal
    warnings: tuple[str, ...] = ()


class FiscalYear(NamedTuple):
    """The first and the last day of a fiscal year."""

    first: date
    last: date


def export_file(
    app: Sphinx, format: str, first: date, last: date, *, actor: Actor = SYSTEM
) -> ExportedFile:
    """The entries dated from ``first`` to ``last`` in a declared format, such as ``fec``.

    Refused to an ``actor`` without the right ``see_margin``, since entries tell what is paid; without one all is shown.
    Raises ExportError that names the entry when one does not balance or a value cannot be written.
    """
    layout = _layout(app, format)
    if last < first:
        raise InputError([f"export: the last day {last} is before the first {first}"])
    name = _name(layout, app.pack.model.company, first, last)
    with app.reader(actor=actor) as views:
        return _export(app, layout, name, views.entries(first, last))


def export_batch(app: Sphinx, format: str, number: int, *, actor: Actor = SYSTEM) -> ExportedFile:
    """The entries of a batch, which ``Sphinx.mark_exported`` numbered, the same each time (AC3)."""
    layout = _layout(app, format)
    with app.reader(actor=actor) as views:
        lines = list(views.entries_of_batch(number))
        if not lines:
            raise NotFound(f"no export batch {number}", batch=number)
        name = _name(layout, app.pack.model.company, lines[0].date, lines[-1].date, str(number))
        return _export(app, layout, name, lines)


def fiscal_years(app: Sphinx) -> list[FiscalYear]:
    """The fiscal years from the first entry to the last, whole ones, oldest first."""
    start = app.pack.model.company.fiscal_year_start
    with app.reader() as views:
        span = views.entry_span()
    if span is None:
        return []
    first, last = (int(fiscal_year(day, start)) for day in span)
    return [FiscalYear(_opening(year, start), _opening(year + 1, start) - ONE_DAY) for year in range(first, last + 1)]


def _opening(year: int, start: str) -> date:
    return date.fromisoformat(f"{year:04}-{start}")


def export_years(app: Sphinx, format: str, folder: Path, *, actor: Actor = SYSTEM) -> list[Path]:
    """Write one file for each fiscal year to ``folder``; returns them, oldest first."""
    into = Folder.at(folder)
    paths: list[Path] = []
    for year in fiscal_years(app):
        made = export_file(app, format, year.first, year.last, actor=actor)
        if into.path_of(made.name) in paths:
            raise ExportError(f"two years would both be written to {made.name}; put {{closing}} in the format's `file`")
        paths.append(into.write(made.name, made.content))
    return paths


def _layout(app: Sphinx, format: str) -> ExportFormat:
    formats = app.pack.model.accounting.formats
    if format not in formats:
        raise InputError(
            [f"unknown export format {format!r}{did_you_mean(format, formats)}; known: {', '.join(formats)}"]
        )
    return formats[format]


def _name(layout: ExportFormat, company: Company, first: date, last: date, batch: str = "") -> str:
    return layout.file.format(
        siren=_siren(company) or NO_SIREN,
        closing=f"{last:%Y%m%d}",
        first=f"{first:%Y%m%d}",
        last=f"{last:%Y%m%d}",
        batch=batch,
    )


def _siren(company: Company) -> str:
    """The nine digits of the company's SIREN, or nothing."""
    found = re.sub(r"\s", "", company.siren or company.siret)[:9]
    return found if re.fullmatch(r"\d{9}", found) else ""


def _warnings(layout: ExportFormat, company: Company) -> tuple[str, ...]:
    if "{siren}" in layout.file and not _siren(company):
        return (f"the file name begins with the SIREN and company.siren is not set: it says {NO_SIREN}",)
    return ()


@dataclass
class _Totals:
    lines: int = 0
    debit: Decimal = ZERO
    credit: Decimal = ZERO


def _export(app: Sphinx, layout: ExportFormat, name: str, lines: Iterable[Any]) -> ExportedFile:
    totals = _Totals()
    content = b"".join(written(layout, _rows(lines, app.pack.model.company, totals)))
    warnings = _warnings(layout, app.pack.model.company)
    digits = currency_digits(app.pack.model.company.currency)
    debit, credit = round_half_up(totals.debit, digits), round_half_up(totals.credit, digits)
    return ExportedFile(name, content, totals.lines, debit, credit, warnings)


def _rows(lines: Iterable[Any], company: Company, totals: _Totals) -> Iterator[Row]:
    digits = currency_digits(company.currency)
    zone = ZoneInfo(company.time_zone)
    for place, (_, group) in enumerate(groupby(lines, key=attrgetter("entry_id")), 1):
        entry = list(group)
        _check(entry)
        for line in entry:
            totals.lines += 1
            totals.debit += line.debit
            totals.credit += line.credit
            yield _row(line, digits, zone, place, totals.lines)


def _check(entry: list[Any]) -> None:
    number = entry[0].number
    for line in entry:
        if min(line.debit, line.credit) != 0 or max(line.debit, line.credit) <= 0:
            raise ExportError(
                f"entry {number}, account {line.account}: debit {line.debit:f} and credit {line.credit:f}; "
                f"exactly one must be above zero",
                entry=number,
            )
    debit, credit = sum((line.debit for line in entry), ZERO), sum((line.credit for line in entry), ZERO)
    if debit != credit:
        raise ExportError(f"entry {number} does not balance: debit {debit:f}, credit {credit:f}", entry=number)


def _row(line: Any, digits: int, zone: ZoneInfo, entry_number: int, line_number: int) -> Row:
    """The fields of a line. An entry dated ahead counts as validated on its own date, not before it."""
    recorded = line.recorded_at if line.recorded_at.tzinfo else line.recorded_at.replace(tzinfo=UTC)
    foreign = line.currency_amount is not None
    return {
        "line_number": line_number,
        "entry_number": entry_number,
        "journal": line.journal,
        "journal_label": line.journal_label,
        "number": line.number,
        "date": line.date,
        "account": line.account,
        "account_label": line.account_label,
        "auxiliary": line.auxiliary,
        "auxiliary_label": line.auxiliary_label,
        "party_account": line.auxiliary or line.account,
        "piece": line.piece,
        "piece_date": line.piece_date,
        "label": line.label,
        "debit": round_half_up(line.debit, digits),
        "credit": round_half_up(line.credit, digits),
        "amount": round_half_up(line.debit + line.credit, digits),
        "side": "D" if line.debit else "C",
        "due_date": line.due_date,
        "lettering": "",
        "lettering_date": None,
        "recorded_date": max(recorded.astimezone(zone).date(), line.date),
        "currency": line.currency,
        "currency_amount": round_half_up(line.currency_amount, currency_digits(line.currency)) if foreign else None,
        "vat": line.vat,
        "analytic": line.analytic,
    }
