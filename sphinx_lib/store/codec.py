"""Rows and values: how documents and lines are written in columns and read back, without loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from sphinx_lib.kernel.document import EMPTY, Document, Instalment, Line, Part, Peg, Progress, Stowed, TraceRow, VatAmount
from sphinx_lib.kernel.money import exact_sum, round_half_up

DOCUMENT_FIELDS = tuple(field.name for field in fields(Document) if field.name != "lines")
_document_values = attrgetter(*DOCUMENT_FIELDS)
_CUSTOM_MARK = "$"
GOODS_FIELDS = (
    "id", "position", "item", "quantity", "stocked", "stock_quantity", "warehouse", "promised_date", "role",
)  # fmt: skip
GOODS_JSON = ("parts", "progress", "custom")


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
    row["totals"] = {name: f"{amount:f}" for name, amount in document.totals.items()} or None
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
    values["totals"] = {name: Decimal(amount) for name, amount in row["totals"].items()} if row["totals"] else EMPTY
    frozen: datetime | None = row["frozen_at"]
    values["frozen_at"] = frozen
    return Document(**values, lines=lines)


def line_row(line: Line, document_id: str, company: str) -> dict[str, Any]:
    """The columns of ``document_lines`` for one line."""
    row = line._asdict()
    row["company_id"] = company
    row["document_id"] = document_id
    for name in ("list_price", "unit_price"):
        if row[name] is not None:
            row[name] = round_half_up(row[name], 6)  # all digits are in the trace
    row["discounts"] = [f"{percent:f}" for percent in line.discounts] or None
    row["progress"] = progress_json(line.progress)
    row["parts"] = [_part_json(part) for part in line.parts] or None
    row["stowed"] = [_stowed_json(one) for one in line.stowed] or None
    row["pegs"] = [_peg_json(peg) for peg in line.pegs] or None
    row["custom"] = typed(line.custom)
    row["trace"] = [_trace_json(step) for step in line.trace] or None
    return row


def line_of(row: Mapping[str, Any]) -> Line:
    """The line that ``line_row`` wrote."""
    values = {name: row[name] for name in Line._fields}
    values["discounts"] = tuple(Decimal(percent) for percent in row["discounts"] or ())
    values |= _goods_json(row)
    values["stowed"] = stowed_of(row["stowed"])
    values["pegs"] = tuple(_peg_of(peg) for peg in row["pegs"] or ())
    values["trace"] = trace = tuple(_trace_of(step) for step in row["trace"] or ())
    if trace and row["unit_price"] is not None:
        values["unit_price"] = _in_full(row["unit_price"], trace)
    return Line(**values)


def goods_of(row: Mapping[str, Any]) -> Line:
    """A line with only ``GOODS_FIELDS`` and ``GOODS_JSON``: which goods it moves, and how far it got."""
    return Line(**{name: row[name] for name in GOODS_FIELDS}, **_goods_json(row))


def _goods_json(row: Mapping[str, Any]) -> dict[str, Any]:
    progress = row["progress"]
    return {
        "parts": tuple(_part_of(part) for part in row["parts"] or ()),
        "progress": {name: Progress(*map(Decimal, parts)) for name, parts in progress.items()} if progress else EMPTY,
        "custom": untyped(row["custom"]),
    }


def _in_full(unit_price: Decimal, trace: tuple[TraceRow, ...]) -> Decimal:
    """The unit price with all its digits: its column holds six decimals, its trace adds up to it exactly (X4)."""
    exact = exact_sum(row.amount for row in trace if row.active)
    return exact if exact != unit_price and round_half_up(exact, 6) == unit_price else unit_price


def progress_json(progress: Mapping[str, Progress]) -> dict[str, list[str]] | None:
    """Progress by name as [done, planned, amount]."""
    return {name: [f"{part:f}" for part in parts] for name, parts in progress.items()} or None


def _trace_json(row: TraceRow) -> list[Any]:
    step, amount, record, access, rate, active, reason, running, basis = row
    return [step, f"{amount:f}", record, access, _text(rate), active, reason, _text(running), _text(basis)]


def _trace_of(row: list[Any]) -> TraceRow:
    step, amount, record, access, rate, active, reason, *more = row
    running, basis = more or (None, None)  # rows written before these two were kept
    return TraceRow(
        step, Decimal(amount), record, access, _number(rate), active, reason, _number(running), _number(basis)
    )


def _part_json(part: Part) -> list[Any]:
    return [
        part.item, f"{part.quantity:f}", f"{part.value:f}", part.vat, part.stocked, part.account_group,
        _text(part.cost), _text(part.weight_kg),
    ]  # fmt: skip


def _part_of(row: list[Any]) -> Part:
    item, quantity, value, vat, stocked, group, cost, weight = row
    return Part(item, Decimal(quantity), Decimal(value), vat, stocked, group, _number(cost), _number(weight))


def _stowed_json(one: Stowed) -> list[Any]:
    row = [f"{one.quantity:f}", one.lot, one.bin, one.expires and one.expires.isoformat()]
    return [*row, one.item] if one.item else row


def stowed_of(stored: list[list[Any]] | None) -> tuple[Stowed, ...]:
    """The lots and bins of a line as it is stored."""
    return tuple(_stowed_of(one) for one in stored or ())


def _stowed_of(row: list[Any]) -> Stowed:
    quantity, lot, place, expires, *item = row
    return Stowed(Decimal(quantity), lot, place, date.fromisoformat(expires) if expires else None, *item)


def _peg_json(peg: Peg) -> list[Any]:
    promised = peg.promised and peg.promised.isoformat()
    return [peg.document_id, peg.line_id, f"{peg.quantity:f}", promised, peg.number, f"{peg.ordered:f}", peg.part]


def _peg_of(row: list[Any]) -> Peg:
    document_id, line_id, quantity, promised, number, ordered, part = row
    day = date.fromisoformat(promised) if promised else None
    return Peg(document_id, line_id, Decimal(quantity), day, number, Decimal(ordered), part)


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
