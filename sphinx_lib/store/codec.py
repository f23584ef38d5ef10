"""Rows and values: how documents and lines are written in columns and read back, without loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from sphinx_lib.kernel.document import EMPTY, Document, Instalment, Line, Progress, TraceRow, VatAmount

DOCUMENT_FIELDS = tuple(field.name for field in fields(Document) if field.name != "lines")
_document_values = attrgetter(*DOCUMENT_FIELDS)
_CUSTOM_MARK = "$"


def typed(values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Custom values for JSON: numbers and dates carry their kind, so that they come back as they were."""
    if not values:
        return None
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Decimal):
            found[name] = {_CUSTOM_MARK: "number", "v": f"{value:f}"}
        elif isinstance(value, date):
            found[name] = {_CUSTOM_MARK: "date", "v": value.isoformat()}
        elif isinstance(value, Mapping):
            found[name] = typed(value) or {}
        else:
            found[name] = value
    return found


def untyped(values: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The inverse of ``typed``."""
    if not values:
        return EMPTY
    return {name: _restored(value) for name, value in values.items()}


def _restored(value: Any) -> Any:
    if isinstance(value, dict):
        kind = value.get(_CUSTOM_MARK)
        if kind == "number":
            return Decimal(value["v"])
        if kind == "date":
            return date.fromisoformat(value["v"])
        return {name: _restored(inner) for name, inner in value.items()}
    return value


def document_row(document: Document, company: str) -> dict[str, Any]:
    """The columns of ``documents`` for one document."""
    row = dict(zip(DOCUMENT_FIELDS, _document_values(document), strict=True))
    row["company_id"] = company
    row["rate"] = f"{document.rate:f}"
    row["vat"] = [[vat.code, f"{vat.rate:f}", vat.category, f"{vat.base:f}", f"{vat.amount:f}"] for vat in document.vat]
    row["instalments"] = [[part.due.isoformat(), f"{part.amount:f}"] for part in document.instalments]
    row["party_facts"] = dict(document.party_facts) or None
    row["history"] = typed(document.history)
    row["custom"] = typed(document.custom)
    return row


def document_of(row: Mapping[str, Any], lines: tuple[Line, ...]) -> Document:
    """The document that ``document_row`` wrote."""
    values = {name: row[name] for name in DOCUMENT_FIELDS}
    values["rate"] = Decimal(row["rate"])
    values["vat"] = tuple(VatAmount(v[0], Decimal(v[1]), v[2], Decimal(v[3]), Decimal(v[4])) for v in row["vat"] or ())
    values["instalments"] = tuple(
        Instalment(date.fromisoformat(due), Decimal(amount)) for due, amount in row["instalments"] or ()
    )
    values["party_facts"] = row["party_facts"] or EMPTY
    values["history"] = untyped(row["history"])
    values["custom"] = untyped(row["custom"])
    frozen: datetime | None = row["frozen_at"]
    values["frozen_at"] = frozen
    return Document(**values, lines=lines)


def line_row(line: Line, document_id: str, company: str) -> dict[str, Any]:
    """The columns of ``document_lines`` for one line."""
    row = line._asdict()
    row["company_id"] = company
    row["document_id"] = document_id
    row["discounts"] = [f"{percent:f}" for percent in line.discounts] or None
    row["progress"] = progress_json(line.progress)
    row["custom"] = typed(line.custom)
    row["trace"] = [_trace_json(step) for step in line.trace] or None
    return row


def line_of(row: Mapping[str, Any]) -> Line:
    """The line that ``line_row`` wrote."""
    values = {name: row[name] for name in Line._fields}
    values["discounts"] = tuple(Decimal(percent) for percent in row["discounts"] or ())
    values["progress"] = (
        {name: Progress(*map(Decimal, parts)) for name, parts in row["progress"].items()} if row["progress"] else EMPTY
    )
    values["custom"] = untyped(row["custom"])
    values["trace"] = tuple(_trace_of(step) for step in row["trace"] or ())
    return Line(**values)


def progress_json(progress: Mapping[str, Progress]) -> dict[str, list[str]] | None:
    """Progress by name as [done, planned, amount]."""
    return {name: [f"{part:f}" for part in parts] for name, parts in progress.items()} or None


def _trace_json(row: TraceRow) -> list[Any]:
    rate = None if row.rate is None else f"{row.rate:f}"
    return [row.step, f"{row.amount:f}", row.record, row.access, rate, row.active, row.reason]


def _trace_of(row: list[Any]) -> TraceRow:
    step, amount, record, access, rate, active, reason = row
    return TraceRow(step, Decimal(amount), record, access, None if rate is None else Decimal(rate), active, reason)
