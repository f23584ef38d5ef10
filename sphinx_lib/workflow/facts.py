"""The values behind the names of expressions, computed when a condition asks for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sphinx_lib.kernel.document import EARLY_PAYMENT, ZERO, Line
from sphinx_lib.kernel.money import currency_digits, round_half_up
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS
from sphinx_lib.pack.scopes import SOURCE, PartyFacts, backorder_policy, own_value
from sphinx_lib.pack.specs import Situation
from sphinx_lib.workflow.matching import gaps_of

_PASSED_ON = ("shipping", "eco", "deposit", EARLY_PAYMENT)
_DOCUMENT: dict[str, Callable[[Situation], Any]] = {
    "today": lambda s: s.today,
    "line_count": lambda s: Decimal(len(s.document.lines)),
    "margin_rate": lambda s: rate(s.document.margin, s.document.net_commercial),
    "markup_rate": lambda s: rate(s.document.margin, s.document.total_cost),
    "short_lines": lambda s: Decimal(len(shortages(s))),
    "outstanding": lambda s: _outstanding(s),
    "revision": lambda s: Decimal(s.document.revision),
    "same_reference": lambda s: Decimal(s.same_reference),
    "last_event": lambda s: s.document.history.get("", {}).get("event", ""),
    "backorder": lambda s: backorder_policy(s.pack.model, s.party),
    "quote_reservation_days": lambda s: Decimal(s.pack.model.stock.quote_reservation_days),
    "approvals": lambda s: _times(s, "approve"),
    "approved_by_actor": lambda s: _by_actor(s, "approve"),
}


def rate(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """``part`` in percent of ``whole``; none when there is no whole (M1), or one of them is not shown."""
    return part * 100 / whole if whole and part is not None else None


def _outstanding(situation: Situation) -> Decimal:
    """What the party owes us, on documents of purchases what we owe it."""
    owed = situation.pack.supplier_classes
    bought = situation.type.side == "purchase"
    return sum((amount for name, amount in situation.outstanding.items() if (name in owed) == bought), ZERO)


def _times(situation: Situation, event: str) -> Decimal:
    return Decimal(situation.document.history.get(event, {}).get("count", 0))


def _day(situation: Situation, event: str) -> date | None:
    """The day on which an event last happened, where the company is."""
    at = situation.document.history.get(event, {}).get("at")
    zone = ZoneInfo(situation.pack.model.company.time_zone)
    return datetime.fromisoformat(at).astimezone(zone).date() if at else None


def _by_actor(situation: Situation, event: str) -> bool:
    return situation.actor in situation.document.history.get(event, {}).get("actors", ())


def shortages(situation: Situation) -> list[tuple[str, str, Decimal, Decimal]]:
    """Items that a document needs beyond what is available: (item, warehouse, needed, available), Q2."""
    return [row for row in needs_of_stock(situation) if row[2] > row[3]]


def needs_of_stock(situation: Situation) -> list[tuple[str, str, Decimal, Decimal]]:
    """What a document needs of each item, and what is available of it: (item, warehouse, needed, available), Q2.

    Kits are opened and lines of one item and warehouse summed first; services and lines without stock never are short
    (Q3).
    """
    needed: dict[tuple[str, str], Decimal] = {}
    for line in situation.document.lines:
        for item, quantity in line.goods:
            key = (item, line.warehouse)
            needed[key] = needed.get(key, ZERO) + quantity
    return [
        (item, warehouse, quantity, situation.available.get((item, warehouse), ZERO))
        for (item, warehouse), quantity in needed.items()
    ]


class DocumentFacts(dict[str, Any]):
    """Facts of one document; a name is looked up once and kept."""

    def __init__(self, situation: Situation) -> None:
        super().__init__()
        self.situation = situation

    def __missing__(self, name: str) -> Any:
        value = self[name] = self._find(name)
        return value

    def _find(self, name: str) -> Any:
        situation = self.situation
        document = situation.document
        if name in _DOCUMENT:
            return _DOCUMENT[name](situation)
        if name in situation.type.fields:
            return document.custom.get(name)
        if hasattr(document, name):
            return getattr(document, name)
        owner, _, rest = name.partition(".")
        if rest:
            return self._dotted(owner, rest)
        return self._progress(name)

    def _dotted(self, owner: str, rest: str) -> Any:
        situation = self.situation
        if owner in ("party", "company"):
            site = situation.document.site
            return PartyFacts(situation.pack.model, situation.party, situation.today, site)[f"{owner}.{rest}"]
        if owner == "times":
            return _times(situation, rest)
        if owner == "by_actor":
            return _by_actor(situation, rest)
        if owner == "day":
            return _day(situation, rest)
        if owner == "last":
            event, _, fact = rest.partition(".")
            return situation.document.history.get(event, {}).get("facts", {}).get(fact)
        raise KeyError(f"{owner}.{rest}")

    def _progress(self, name: str) -> Decimal:
        read = _progress_of_line(self.situation, name)
        if read is None:
            raise KeyError(name)
        return sum((read(line) for line in self.situation.document.lines if line.counts), ZERO)


def _progress_of_line(situation: Situation, name: str) -> Callable[[Line], Decimal] | None:
    """How a fact that speaks of a progress is read off a line; none for any other name."""
    for progress, totals in situation.pack.model.progress.items():
        if name == progress:
            return lambda line: line.done(progress)
        if name == totals.remaining:
            return lambda line: line.remaining(progress)
        if name == f"{totals.remaining}_amount":
            return lambda line: line.remaining_amount(progress)
        if name == f"{totals.remaining}_planned":
            return lambda line: line.planned(progress)
    return None


class LineFacts(dict[str, Any]):
    """Facts of one line; what the line does not know is asked of its document."""

    def __init__(self, document: DocumentFacts, line: Line) -> None:
        super().__init__()
        self.document = document
        self.line = line

    def __missing__(self, name: str) -> Any:
        value = self[name] = self._find(name)
        return value

    def _find(self, name: str) -> Any:
        line, situation = self.line, self.document.situation
        if name in situation.type.line_fields:
            return line.custom.get(name)
        if name in _LINE:
            return _LINE[name](situation, line)
        if name in ("unit", "text", "vat", "warehouse", "reference", "net", "unit_price", "list_price", "cost",
                    "promised_date", "stocked", "item", "stock_quantity", "role"):  # fmt: skip
            return getattr(line, name)
        owner, _, rest = name.partition(".")
        if owner == "line":
            return line.custom.get(rest) if rest in situation.type.line_fields else getattr(line, rest)
        if owner == "source":
            return self._of_source(rest)
        if owner == "item" and rest:
            item = situation.items.get(line.item or "")
            if item is None:
                return None
            declared = situation.pack.model.items.fields.get(rest)
            return own_value(declared, item.custom.get(rest)) if declared else getattr(item, rest)
        read = _progress_of_line(situation, name)
        return self.document[name] if read is None else read(line)

    def _of_source(self, name: str) -> Any:
        if self.line.source_document is None:
            return None if name not in SOURCE or SOURCE[name].optional else ""
        source = self.document.situation.origins[self.line.source_document]
        return getattr(source, name) if name in SOURCE else source.custom.get(name)


def _over(situation: Situation, line: Line) -> tuple[Decimal, Decimal]:
    """By how much all that was made from the source line exceeds it, in quantity and amount (CN3).

    Where prices hold tax a line's net is a share of its code's, which for the same line alone may be a minor unit more.
    """
    source = situation.sources.get(line.source_id or "")
    feeds = situation.type.fulfils
    if source is None or feeds is None:
        return ZERO, ZERO
    got = source.progress.get(feeds)
    if got is None:
        return ZERO, ZERO
    quantity = abs(got.done + got.planned) - abs(source.quantity or ZERO)
    unit = Decimal(1).scaleb(-currency_digits(situation.document.currency))
    amount = abs(got.amount) - abs(source.net) - (unit if situation.document.prices_include_tax else ZERO)
    return max(quantity, ZERO), max(amount, ZERO)


def _over_percent(situation: Situation, line: Line) -> Decimal:
    """The same in percent of the quantity of the source line; 100 where that is zero."""
    over, _ = _over(situation, line)
    whole = situation.sources[line.source_id or ""].quantity if over else None
    return rate(over, abs(whole or ZERO)) or Decimal(100) if over else ZERO


def deliverable(situation: Situation, line: Line) -> Decimal:
    """How much of what is left to deliver can go now, in the line's unit: what is free of others, its own reservation
    aside, or what came in for it by a purchase, whichever is more (BK1, S17)."""
    left = line.remaining("delivered")
    free = situation.available_of(line)
    if not line.parts and line.stock_quantity and line.quantity:
        free = round_half_up(free * line.quantity / line.stock_quantity, QUANTITY_DIGITS)
        physical = situation.physical.get((line.item or "", line.warehouse), ZERO) * line.quantity / line.stock_quantity
        feeds = {declared.pegs.feed for declared in situation.pack.types.values() if declared.pegs is not None}
        own = sum((line.done(feed) for feed in feeds), ZERO) - line.done("delivered")
        free = max(free, min(own, round_half_up(physical, QUANTITY_DIGITS)))
    return max(min(left, free), ZERO) if line.goods else left


def line_margin(line: Line) -> Decimal:
    """Net minus cost of the line's quantity; a line without cost counts with cost 0. Port, eco-contributions and deposits
    have no margin (M3)."""
    if line.role in _PASSED_ON:
        return ZERO
    return line.net - (line.cost or ZERO) * (line.quantity or ZERO)


_LINE: dict[str, Callable[[Situation, Line], Any]] = {
    "line": lambda _, line: Decimal(line.position),
    "quantity": lambda _, line: line.quantity or ZERO,
    "available": lambda situation, line: situation.available_of(line),
    "available_at": lambda situation, line: situation.at_date(line).available,
    "missing_at": lambda situation, line: situation.at_date(line).missing,
    "promise_date": lambda situation, line: situation.at_date(line).promise_date,
    "deliverable": deliverable,
    "margin": lambda _, line: line_margin(line),
    "margin_rate": lambda _, line: rate(line_margin(line), line.net),
    "over_quantity": lambda situation, line: _over(situation, line)[0],
    "over_amount": lambda situation, line: _over(situation, line)[1],
    "over_percent": lambda situation, line: _over_percent(situation, line),
    "physical": lambda situation, line: situation.physical.get((line.item or "", line.warehouse), ZERO),
    "quantity_gap": lambda situation, line: gaps_of(situation, line).quantity,
    "price_gap": lambda situation, line: gaps_of(situation, line).price,
    "price_gap_percent": lambda situation, line: gaps_of(situation, line).percent,
    "received_quantity": lambda situation, line: gaps_of(situation, line).received,
    "ordered_price": lambda situation, line: gaps_of(situation, line).ordered,
}
