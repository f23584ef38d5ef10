"""The names that an expectation may use, and how each is read off the product's read models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter
from typing import Any

from sphinx_lib.app.views import DocumentView, Views
from sphinx_lib.kernel.document import ZERO, Document, Line, TraceRow
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.pack import Pack, TypeKey
from sphinx_lib.pricing.foot import foot_of
from sphinx_lib.scenario.shapes import VALUE, Shape, rows
from sphinx_lib.scenario.supply_values import PEGS, REORDERED, SUPPLY
from sphinx_lib.stock.counting import BOOK
from sphinx_lib.workflow.facts import DocumentFacts, LineFacts


@dataclass(frozen=True)
class Missing:
    """What stands where there is nothing; ``why`` is shown as the actual value."""

    why: str = "none"


NOTHING = Missing()


class Either(tuple[Any, ...]):
    """A value that goes by several names, such as a type and its kind."""

    __slots__ = ()


@dataclass(frozen=True)
class Lacks:
    """A text that is expected to hold none of some texts."""

    text: str


class Fields:
    """Names and how each is read off one subject, when it is asked for."""

    def __init__(self, readers: Mapping[str, Callable[[Any], Any]], subject: Any) -> None:
        self.readers, self.subject = readers, subject

    def get(self, name: str) -> Any:
        """The value behind a name, or ``NOTHING``."""
        reader = self.readers.get(name)
        return NOTHING if reader is None else reader(self.subject)


class Found:
    """Names that are looked up in the data: accounts by prefix, rates, events."""

    def __init__(self, find: Callable[[str], Any]) -> None:
        self.get = find


@dataclass(frozen=True)
class Seen:
    """A document as an expectation sees it: its view, the reader it came from, and warnings given by steps."""

    view: DocumentView
    views: Views
    warnings: Sequence[str] = ()

    @property
    def document(self) -> Document:
        """The document itself."""
        return self.view.document


@dataclass(frozen=True)
class SeenLine:
    """A line and the document it stands in."""

    line: Line
    seen: Seen


def get(value: Any, name: str) -> Any:
    """What is behind ``name`` in a value read: an element or the count of a list, a name of a mapping."""
    if isinstance(value, Missing):
        return value
    if isinstance(value, Mapping):
        return value.get(name, NOTHING)
    if isinstance(value, Sequence) and not isinstance(value, str):
        if name == "count":
            return len(value)
        place = int(name) if name.isdecimal() and len(name) < 9 else 0
        return value[place - 1] if 0 < place <= len(value) else Missing(f"none: there are {len(value)}")
    return value.get(name)


# -- documents -----------------------------------------------------------------------------------------------------------

_PLAIN = (
    "kind", "state", "delivery_status", "billing_status", "number", "date", "currency", "rate", "language", "reference",
    "deal", "site", "contact", "payment_terms", "regime", "method", "foot_discount", "foot_discount_amount", "origin",
    "early_payment_discount", "prices_include_tax", "root_number", "revision",
    "total_net", "total_vat", "total_gross", "net_to_pay", "balance", "margin",
)  # fmt: skip


def _instalments(seen: Seen) -> list[dict[str, Any]]:
    return [{"date": one.due, "amount": one.amount} for one in seen.document.instalments]


def _due_date(seen: Seen) -> Any:
    """Of several instalments the first open one."""
    document = seen.document
    paid = document.net_to_pay - document.balance
    for one in document.instalments:
        paid -= one.amount
        if paid < ZERO:
            return one.due
    return document.instalments[-1].due if document.instalments else document.due_date


def _vat(seen: Seen) -> Found:
    """VAT rows by code, or by rate where one code has it."""
    document = seen.document

    def row(name: str) -> Any:
        rates = [one for one in document.vat if _number(name) == one.rate]
        found = [one for one in document.vat if one.code == name] or rates
        if len(found) > 1:
            return Missing(f"several codes: {', '.join(one.code for one in found)}")
        return {**found[0]._asdict()} if found else NOTHING

    return Found(row)


def _number(text: str) -> Decimal | None:
    return Decimal(text) if text.replace(".", "", 1).isdecimal() and text.isascii() else None


def _party(side: str) -> Callable[[Seen], Any]:
    return lambda seen: seen.document.party if seen.view.type.side == side else None


_TOTALS = (
    "goods", "foot_discount", "net_commercial", "shipping", "eco_contribution", "early_payment_discount",
    "net_financial", "deposits", "early_payment",
)  # fmt: skip


def _totals(seen: Seen) -> dict[str, Decimal]:
    return {name: seen.document.totals.get(name, ZERO) for name in _TOTALS}


def _days_late(seen: Seen) -> int:
    due = _due_date(seen)
    today = seen.views.unit.today
    return (today - due).days if due is not None and seen.document.balance and today > due else 0


def _entries(seen: Seen) -> Found:
    """Entry lines summed by account prefix; ``count`` is the number of lines."""
    found = seen.views.entries_of(seen.document.id)

    def under(prefix: str) -> Any:
        if prefix == "count":
            return len(found)
        own = [one for one in found if one.account.startswith(prefix)]
        sums = {side: sum((getattr(one, side) for one in own), ZERO) for side in ("debit", "credit")}
        return {**sums, "count": len(own)} if own else NOTHING

    return Found(under)


def _history(seen: Seen) -> Found:
    """What the audit log says of an event: who, and the facts given."""

    def of(event: str) -> Any:
        found = [row for row in seen.views.history(seen.document.id) if row.event == event]
        return [
            {**row.payload.get("facts", {}), "by": row.actor, "overridden": row.payload.get("overridden", {})}
            for row in found
        ]

    return Found(of)


def _lines(seen: Seen) -> list[Fields]:
    names = line_readers(seen.view.model, seen.view.type.line_fields)
    return [Fields(names, SeenLine(line, seen)) for line in seen.document.lines]


DOCUMENT: dict[str, Callable[[Seen], Any]] = {
    **{name: attrgetter(f"document.{name}") for name in _PLAIN},
    "type": lambda seen: Either(name for name in (seen.document.type, seen.document.kind) if name),
    "customer": _party("sales"),
    "supplier": _party("purchase"),
    "due_date": _due_date,
    "instalments": _instalments,
    "vat": _vat,
    "margin_rate": lambda seen: seen.view.margin_rate,
    "markup_rate": lambda seen: seen.view.markup_rate,
    "counterpart": lambda seen: {
        "total_net": seen.document.counterpart_net,
        "total_vat": seen.document.counterpart_vat,
        "total_gross": seen.document.counterpart_gross,
    },
    "weight": lambda seen: seen.view.weights().net,
    "net_weight": lambda seen: seen.view.weights().net,
    "gross_weight": lambda seen: seen.view.weights().gross,
    "without_weight": lambda seen: [item for _, item in seen.view.weights().unknown],
    "messages": lambda seen: {"count": seen.views.messages(seen.document.id)},
    "mentions": lambda seen: seen.view.mentions,
    "reasons": lambda seen: seen.view.reasons,
    "totals": _totals,
    "days_late": _days_late,
    "warnings": lambda seen: (*seen.warnings, *seen.view.warnings),
    "entries": _entries,
    "history": _history,
    "lines": _lines,
}

_BELOW: dict[str, Shape] = {
    "instalments": rows({"date": VALUE, "amount": VALUE}),
    "vat": {"*": {"base": VALUE, "amount": VALUE, "rate": VALUE, "code": VALUE, "category": VALUE}},
    "counterpart": {"total_net": VALUE, "total_vat": VALUE, "total_gross": VALUE},
    "messages": {"count": VALUE},
    "warnings": {"count": VALUE, "has": VALUE, "#": VALUE, "": VALUE},
    "totals": dict.fromkeys(_TOTALS, VALUE),
    "entries": {"count": VALUE, "*": {"debit": VALUE, "credit": VALUE, "count": VALUE}},
    "history": {"*": {"count": VALUE, "#": {"overridden": {"*": VALUE}, "by": VALUE, "*": VALUE}}},
}


def document_readers(view: DocumentView) -> dict[str, Callable[[Seen], Any]]:
    """How each name of a document is read, its declared fields included."""
    return {**DOCUMENT, **{name: _own(name) for name in view.type.fields}}


def _own(name: str) -> Callable[[Seen], Any]:
    return lambda seen: seen.document.custom.get(name)


def document_shape(pack: Pack, types: Iterable[TypeKey]) -> dict[str, Shape]:
    """What may be expected of a document that is of one of ``types``."""
    declared = [pack.types[key] for key in types]
    fields = dict.fromkeys(name for one in declared for name in one.fields)
    line_fields = dict.fromkeys(name for one in declared for name in one.line_fields)
    lines: dict[str, Shape] = {name: LINE_BELOW.get(name, VALUE) for name in line_readers(pack.model, line_fields)}
    shape: dict[str, Shape] = {name: _BELOW.get(name, VALUE) for name in (*fields, *DOCUMENT)}
    return {**shape, "lines": rows(lines)}


# -- lines ---------------------------------------------------------------------------------------------------------------

_LINE_PLAIN = (
    "item", "text", "heading", "quantity", "unit", "unit_price", "list_price", "net", "per", "discounts", "warehouse",
    "promised_date", "reference", "stock_quantity", "price_quantity", "reason", "role",
)  # fmt: skip


def _line_vat(one: SeenLine) -> Any:
    return Either((one.line.vat, one.seen.view.vat_rate(one.line))) if one.line.vat else None


_STOCK = ("available", "projected", "available_at", "missing", "promise_date")


def _of_stock(name: str) -> Callable[[SeenLine], Any]:
    """A figure of the stock of the line's item; none where it moves none (S37)."""
    return lambda one: getattr(one.seen.views.line_stock(one.seen.document).get(one.line.id), name, None)


def _elsewhere(one: SeenLine) -> Found:
    """The same figures by other warehouse."""
    stock = one.seen.views.line_stock(one.seen.document).get(one.line.id)
    others = stock.elsewhere if stock else {}
    return Found(lambda place: others[place]._asdict() if place in others else NOTHING)


def _stock_value(one: SeenLine) -> Any:
    return one.seen.views.line_values(one.seen.document.id).get(one.line.id)


_GAPS = ("quantity_gap", "price_gap", "price_gap_percent", "received_quantity", "ordered_price")


def _gap(name: str) -> Callable[[SeenLine], Any]:
    """A fact of a supplier's invoice: how far its line is from what was received and ordered."""

    def read(one: SeenLine) -> Any:
        unit = one.seen.views.unit
        unit.load_sources([one.seen.document])
        return LineFacts(DocumentFacts(unit.situation(one.seen.document)), one.line)[name]

    return read


def _discount_rate(one: SeenLine) -> Decimal | None:
    """All discounts of the line together, in percent of the list price."""
    line = one.line
    if not line.list_price or line.unit_price is None:
        return None
    return (1 - line.unit_price / line.list_price) * 100


def _of_margin(name: str) -> Callable[[SeenLine], Any]:
    """A figure of what the line earns; none where it has no margin (M1, M3)."""
    return lambda one: getattr(one.seen.view.margin_figures(one.line), name, None)


def _of_count(one: SeenLine, name: str) -> Any:
    """A figure of a line of a stock count (V6); none in documents that count nothing."""
    if BOOK not in one.seen.view.type.line_fields:
        return None
    found = one.seen.views.counted(one.seen.document.id)
    return next((getattr(each, name) for each in found if each.line.id == one.line.id), None)


def _foot_share(one: SeenLine) -> Decimal:
    return _shares(one)[0]


def _shares(one: SeenLine) -> tuple[Decimal, Decimal]:
    """The parts of the line in the foot discount and in the escompte, without tax."""
    document = one.seen.document
    place = next(place for place, line in enumerate(document.lines) if line.id == one.line.id)
    return foot_of(document, one.seen.views.unit.pack).shares_of(place)


def _counterpart(one: SeenLine) -> Decimal:
    """What the line gives to the net total in company currency, after its shares at the foot (F1)."""
    place = next(place for place, line in enumerate(one.seen.document.lines) if line.id == one.line.id)
    return one.seen.view.counterparts[place]


def trace_rows(rows_: Iterable[TraceRow]) -> Iterator[dict[str, Any]]:
    """The rows of a price with the running price, of inactive rows the one they would have led to."""
    running = ZERO
    for row in rows_:
        if row.active:
            running += row.amount
        would = running if row.active or row.rate is None else running * (1 - row.rate / 100)
        yield {**row._asdict(), "running": would if row.running is None else row.running}


def _own_of_line(name: str) -> Callable[[SeenLine], Any]:
    return lambda one: one.line.custom.get(name)


LINE: dict[str, Callable[[SeenLine], Any]] = {
    **{name: attrgetter(f"line.{name}") for name in _LINE_PLAIN},
    "vat": _line_vat,
    "cost": attrgetter("line.cost"),
    **{name: _of_margin(name) for name in ("margin_rate", "markup_rate", "coefficient", "no_cost")},
    "margin": lambda one: one.seen.view.margin_of(one.line),
    "stock_value": _stock_value,
    "landed_cost": _own_of_line("landed_cost"),
    **{name: _of_stock(name) for name in _STOCK},
    "elsewhere": _elsewhere,
    "backorder": lambda one: one.line.remaining("delivered" if one.seen.view.type.side == "sales" else "received"),
    **{name: _gap(name) for name in _GAPS},
    "discount_rate": _discount_rate,
    "foot_share": _foot_share,
    "counterpart": _counterpart,
    "early_share": lambda one: _shares(one)[1],
    "bin": lambda one: ", ".join(dict.fromkeys(at.bin for at in one.line.stowed if at.bin)) or None,
    "lot": lambda one: ", ".join(dict.fromkeys(at.lot for at in one.line.stowed if at.lot)) or None,
    "trace": lambda one: list(trace_rows(one.line.trace)),
    "lots": lambda one: [part._asdict() for part in one.line.stowed],
    "difference": lambda one: _of_count(one, "difference"),
    "difference_value": lambda one: _of_count(one, "value"),
    **SUPPLY,
}

LINE_BELOW: dict[str, Shape] = {
    "elsewhere": {"*": dict.fromkeys((*_STOCK, "physical", "reserved", "on_order"), VALUE)},
    "lots": rows(dict.fromkeys(("lot", "quantity", "bin", "expires"), VALUE)),
    "pegs": PEGS,
    "trace": rows(dict.fromkeys(("step", "amount", "record", "access", "rate", "active", "reason", "running"), VALUE))
}


def line_readers(model: PackModel, declared: Iterable[str]) -> dict[str, Callable[[SeenLine], Any]]:
    """How each name of a line is read: the fixed ones, every progress and what is left of it, declared fields."""
    found: dict[str, Callable[[SeenLine], Any]] = {name: _own_of_line(name) for name in declared}
    for progress, totals in model.progress.items():
        found[progress] = _done(progress)
        found[totals.remaining] = _left(progress)
    return {**found, **LINE}


def _done(progress: str) -> Callable[[SeenLine], Any]:
    return lambda one: one.line.done(progress)


def _left(progress: str) -> Callable[[SeenLine], Any]:
    return lambda one: one.line.remaining(progress)


# -- what is made --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """The documents behind a name: a list, and as the only one of it a document too."""

    documents: tuple[Fields, ...]
    created: tuple[Fields, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """``count``, a number, ``created`` or what a step tells beside; else a name of the only document."""
        if name in self.more:
            return self.more[name]
        if name == "created":
            return list(self.created)
        if name == "count" or name.isdecimal():
            return get(self.documents, name)
        if len(self.documents) != 1:
            return Missing(f"{len(self.documents)} documents: name one of them")
        return self.documents[0].get(name)

    def __iter__(self) -> Iterator[Fields]:
        return iter(self.documents)


SKIPPED = rows({"what": VALUE, "reason": VALUE})
PROPOSED = rows(dict.fromkeys(("party", "type", "date", "total_net", "total_gross", "currency", "sources"), VALUE))


CHOICE: dict[str, Shape] = {
    "explanation": VALUE,
    "why": rows(VALUE),
    "stock": rows(dict.fromkeys(("item", "warehouse", "needed", "available", "missing"), VALUE)),
}
"""What derive tells of how it chose (Q2)."""


def made_shape(document: Shape, created: Shape) -> Shape:
    """What may be expected of a name given with ``as`` to documents."""
    more = {"skipped": SKIPPED, "proposed": PROPOSED, "reordered": REORDERED, **CHOICE}
    listed = rows(document, created=rows(created), **more) or {}
    return {**(document or {}), **listed}
