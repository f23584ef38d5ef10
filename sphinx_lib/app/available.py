"""What a document may promise: stock with the changes of this unit of work, its own reservation aside, line after line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from math import floor
from typing import TYPE_CHECKING, Any, NamedTuple

from sphinx_lib.kernel.document import EMPTY, ZERO, Document, Id, Line
from sphinx_lib.pack.specs import AtItsDate
from sphinx_lib.stock.availability import NO_DAYS, Availability, Days
from sphinx_lib.stock.levels import PHYSICAL, held, quantity_of
from sphinx_lib.store.stock import LEVELS, Balance, Dated, Key, Stock

if TYPE_CHECKING:
    from sphinx_lib.app.unit import Unit

RESERVED = "reserved"


class LineStock(NamedTuple):
    """Stock of a line's item at its warehouse, in the item's stock ``unit``; of a phantom kit whole kits (K1, K2, K11).

    ``available`` is physical minus reserved, this document's own reservation aside; ``projected`` adds what is on order.
    ``available_at`` is what may be promised for the line's day, today unless it has one, once the lines before it have
    theirs; ``missing`` is what it lacks, and ``promise_date`` the first day from which the line could be promised, none
    where no such day is known or nothing is to leave. ``elsewhere`` are the same figures by other warehouse.
    """

    unit: str
    physical: Decimal
    reserved: Decimal
    on_order: Decimal
    available: Decimal
    projected: Decimal
    available_at: Decimal = ZERO
    missing: Decimal = ZERO
    promise_date: date | None = None
    elsewhere: Mapping[str, LineStock] = EMPTY


def _add(sums: dict[Any, Decimal], key: Any, quantity: Decimal) -> None:
    sums[key] = sums.get(key, ZERO) + quantity


_FIGURES = ("physical", "reserved", "on_order", "available", "projected", "available_at", "missing")


def availabilities(found: Stock, today: date) -> dict[Key, Availability]:
    """What was read of stock as availability, by (item, warehouse)."""
    dated = found.dated
    keys = found.balances.keys() | dated.due_out.keys() | dated.due_in.keys() | dated.lots.keys()
    return {key: _availability(found.balances.get(key, Balance()), dated, key, today) for key in sorted(keys)}


def _availability(balance: Balance, dated: Dated, key: Key, today: date) -> Availability:
    due_out, due_in, lots = dated
    return Availability(
        today, *balance[:3], due_out.get(key, NO_DAYS), due_in.get(key, NO_DAYS), lots.get(key, NO_DAYS)
    )


class Ledger:
    """What may still be promised by (item, warehouse) while one document is looked at.

    ``stock`` of all its items must be loaded. What the document has reserved, and what its sources have reserved for the
    lines that it was made from, counts as its own.
    """

    def __init__(self, unit: Unit, document: Document) -> None:
        unit.reckon_stock()
        self.unit = unit
        self.own: dict[Key, dict[date | None, Decimal]] = {}
        for (item, warehouse, day), quantity in reserved_for(unit, document).items():
            self.own.setdefault((item, warehouse), {})[day] = quantity
        self.changes = _changes(unit, {item for line in document.lines for item, _ in moved_by(line)})
        self.known: dict[Key, Availability] = {}
        self.left: dict[Key, Availability] = {}

    def of(self, item: str, warehouse: str) -> Availability:
        """What is there, and what may be promised."""
        key = (item, warehouse)
        if key not in self.known:
            self.known[key] = self._read(key)
        return self.known[key]

    def left_of(self, item: str, warehouse: str) -> Availability:
        """The same after what was taken so far."""
        return self.left.get((item, warehouse)) or self.of(item, warehouse)

    def take(self, item: str, warehouse: str, quantity: Decimal, day: date | None) -> None:
        """Promise ``quantity`` for ``day``, so that less is left."""
        self.left[item, warehouse] = self.left_of(item, warehouse).less(quantity, day)

    def warehouses(self, items: Iterable[str]) -> list[str]:
        """The warehouses that have something to do with one of ``items``."""
        return sorted({place for item in items for place in self.places.get(item, ())})

    @cached_property
    def places(self) -> dict[str, set[str]]:
        """By item the warehouses that have something to do with it."""
        found: dict[str, set[str]] = {}
        for item, warehouse in self.unit.balances:
            found.setdefault(item, set()).add(warehouse)
        return found

    def _read(self, key: Key) -> Availability:
        unit, balance = self.unit, self.unit.balance_of(*key)
        levels = (getattr(balance, level) for level in LEVELS)
        pairs = zip(unit.dated, self.changes, strict=True)
        days = (_sum(read.get(key, NO_DAYS), fresh.get(key, NO_DAYS)) for read, fresh in pairs)
        found = Availability(unit.today, *levels, *days)
        for day, quantity in self.own.get(key, {}).items():
            found = found.less(-quantity, day)
        return found


def _sum(first: Days, second: Days) -> Days:
    if not second:
        return first
    found = {**first}
    for day, quantity in second.items():
        _add(found, day, quantity)
    return found


def _changes(unit: Unit, items: Iterable[str]) -> Dated:
    """What this unit of work changes of promised days and of lots of ``items`` that expire."""
    found = Dated({}, {}, {})
    for one, quantity in unit.moved.of_items(items):
        day = one.expires if one.level == PHYSICAL else one.due
        if day is not None:
            found.add(one.level, (one.item, one.warehouse), day, quantity)
    return found


def reserved_for(unit: Unit, document: Document) -> dict[tuple[str, str, date | None], Decimal]:
    """What is reserved for ``document``, by item, warehouse and day: by itself, and by those of its sources that are loaded,
    for the lines that it was made from."""
    found: dict[tuple[str, str, date | None], Decimal] = {}
    tracked = unit.tracked.get(document.id)
    wanted = {line.source_id for line in document.lines if line.source_id}
    parts = [tracked.held] if tracked else []
    for one in {line.source_document for line in document.lines if line.source_document in unit.tracked}:
        source = unit.get(one or "")
        if RESERVED in (unit.type_of(source).says(source.state, "stock") or ()):
            lines = tuple(line for line in source.lines if line.id in wanted)
            parts.append(held(source.changed(lines=lines), unit.pack))
    for part in parts:
        for key, quantity in part.items():
            if key.level == RESERVED:
                _add(found, (key.item, key.warehouse, key.due), quantity)
    return found


# -- lines ---------------------------------------------------------------------------------------------------------------


def moved_by(line: Line) -> list[tuple[str, Decimal]]:
    """The items that the line would move, an option too, with how many of each one sales unit of a phantom kit holds."""
    if any(part.item for part in line.parts):
        return [(part.item, part.quantity) for part in line.parts if part.stocked and part.quantity]
    return [(line.item, Decimal(1))] if line.stocked and line.item else []


def line_stocks(ledger: Ledger, document: Document, *, elsewhere: bool = False) -> dict[Id, LineStock]:
    """By line what there is of its item, each line finding what the lines before it leave; services have none."""
    found: dict[Id, LineStock] = {}
    still = _still_to_leave(ledger.unit, document)
    for line in document.lines:
        moved = moved_by(line)
        if not moved:
            continue
        part = still(line)
        seen = _seen(ledger, line, line.warehouse, moved, part)
        if elsewhere:
            places = ledger.warehouses(item for item, _ in moved)
            others = {one: _seen(ledger, line, one, moved, part) for one in places if one != line.warehouse}
            seen = seen._replace(elsewhere=others)
        found[line.id] = seen
        for item, quantity in line.goods:
            if quantity * part > 0:
                ledger.take(item, line.warehouse, quantity * part, line.promised_date)
    return found


def _still_to_leave(unit: Unit, document: Document) -> Callable[[Line], Decimal]:
    """Which part of a line is still to leave stock: none of what comes in or has left, of an order what it reserves."""
    declared = unit.type_of(document) if document.type else None
    levels: Mapping[str, str] = (declared.says(document.state, "stock") if declared else None) or {}
    if (declared and declared.side == "purchase") or any(level.partition("@")[0] == PHYSICAL for level in levels):
        return lambda line: ZERO
    if RESERVED not in levels:
        return lambda line: Decimal(1)
    reserved = quantity_of(document, unit.pack, levels[RESERVED])
    return lambda line: reserved(line) / line.quantity if line.quantity else ZERO


def _seen(
    ledger: Ledger, line: Line, warehouse: str, moved: list[tuple[str, Decimal]], part: Decimal
) -> LineStock:
    stocks = [(ledger.of(item, warehouse), per) for item, per in moved]
    left = [(ledger.left_of(item, warehouse), per) for item, per in moved]
    day = line.promised_date
    if not line.parts:
        one, item = stocks[0][0], ledger.unit.items.get(line.item or "")
        needed, at = line.stock_quantity * part, left[0][0].available_at(day)
        figures = (one.physical, one.reserved, one.on_order, one.available, one.projected)
        unit = item.unit if item else ""
    else:
        needed, at = (line.quantity or ZERO) * part, _whole_kits((one.available_at(day), per) for one, per in left)
        physical, available, projected = (
            _whole_kits((getattr(one, name), per) for one, per in stocks) for name in ("physical", "available", "projected")
        )
        figures = (physical, physical - available, projected - available, available, projected)
        unit = line.unit
    if needed <= 0:
        return _tidy(LineStock(unit, *figures, at))
    days = [one.promise_date(needed * (per if line.parts else 1)) for one, per in left]
    known = [day for day in days if day is not None]
    missing = min(max(needed - at, ZERO), needed)
    return _tidy(LineStock(unit, *figures, at, missing, max(known) if len(known) == len(days) else None))


def _tidy(stock: LineStock) -> LineStock:
    """The same with quantities that have no idle zeros, as they are read from the store."""
    figures = {name: getattr(stock, name) for name in _FIGURES}
    whole = {name: figure.to_integral_value() for name, figure in figures.items()}
    return stock._replace(
        **{name: whole[name] if whole[name] == figure else figure.normalize() for name, figure in figures.items()}
    )


def _whole_kits(components: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """As many kits as every component suffices for, given with the quantity that one kit holds (K11)."""
    return min(Decimal(floor(quantity / per)) for quantity, per in components)


def at_their_dates(unit: Unit, document: Document) -> dict[Id, AtItsDate]:
    """By line what conditions may ask about its promised day; ``stock`` of its items must be loaded."""
    stocks = line_stocks(Ledger(unit, document), document)
    return {one: AtItsDate(found.available_at, found.missing, found.promise_date) for one, found in stocks.items()}
