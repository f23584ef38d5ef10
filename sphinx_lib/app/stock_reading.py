"""What is in stock, what it is worth, and the moves that explain it. Costs are shown to who may see them (S48)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date as Day
from decimal import Decimal
from typing import Any, NamedTuple

from sphinx_lib.app.incoming import landed
from sphinx_lib.app.sight import sees_margin
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Document, Id, Line
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.money import currency_digits, split_by_weight
from sphinx_lib.kernel.worth import average_of, share
from sphinx_lib.store import stock_journal
from sphinx_lib.store.stock_journal import Journal

MOST_MOVES = 10_000


class StockRow(NamedTuple):
    """An item in a warehouse now: quantities in its stock unit, its value in company currency, the cost of one unit.

    ``expired`` is the part of ``physical`` in lots that may not be used any more. ``value`` is the warehouse's part by
    quantity of what the item is worth everywhere; value and cost are none where costs are not shown, ``average_cost`` also
    where nobody knows it.
    """

    item: str
    warehouse: str
    physical: Decimal
    reserved: Decimal
    on_order: Decimal
    expired: Decimal
    value: Decimal | None
    average_cost: Decimal | None

    @property
    def available(self) -> Decimal:
        """Physical minus reserved (K2), without lots that have expired (K10)."""
        return self.physical - self.reserved - self.expired


class ItemValue(NamedTuple):
    """The physical quantity of an item at the end of a day, what it was worth, and one unit of it."""

    item: str
    quantity: Decimal
    value: Decimal | None
    average_cost: Decimal | None


@dataclass(frozen=True)
class StockValue:
    """What stock was worth at the end of ``day``; items that came and went are not among the rows."""

    day: Day
    currency: str
    rows: tuple[ItemValue, ...]

    @property
    def total(self) -> Decimal | None:
        """The value of all rows; none where costs are not shown."""
        values = [row.value for row in self.rows if row.value is not None]
        return sum(values, ZERO) if len(values) == len(self.rows) else None


class StockMoveView(NamedTuple):
    """One move with what it led to: the ``balance`` of its level where it was asked for, and what the item is worth.

    ``type``, ``kind`` and ``number`` are of the document that caused it, ``reason`` says why where there is none, or why
    value alone moved. ``value`` and ``worth`` are none where costs are not shown, ``worth``
    also in the journal of one warehouse: goods that change their place move no value.
    """

    date: Day
    warehouse: str
    level: str
    quantity: Decimal
    balance: Decimal
    value: Decimal | None
    worth: Decimal | None
    due: Day | None
    lot: str
    bin: str
    reason: str
    document_id: Id | None
    type: str
    kind: str
    number: str


def stock_rows(unit: Unit, warehouse: str | None, items: Collection[str]) -> list[StockRow]:
    """What is stored now, by item and warehouse, in one statement."""
    digits, shown = currency_digits(unit.pack.model.company.currency), sees_margin(unit.actor)
    found = []
    for row in stock_journal.stored(unit.connection, unit.company, unit.today, warehouse, items):
        value = share(row.value, row.physical, row.whole, digits) if row.whole else ZERO
        cost = average_of(row.whole, row.value, row.last_cost)
        shown_costs = (value, cost) if shown else (None, None)
        found.append(StockRow(*row[:6], *shown_costs))
    return found


def stock_value(unit: Unit, day: Day | None, warehouse: str | None, items: Collection[str]) -> StockValue:
    """What stock was worth at the end of ``day`` (today without one), from the moves dated so far, in one statement."""
    currency = unit.pack.model.company.currency
    digits, shown, when = currency_digits(currency), sees_margin(unit.actor), day or unit.today
    rows = []
    for item, here, whole, value in stock_journal.at_day(unit.connection, unit.company, when, warehouse, items):
        own = value if here == whole else share(value, here, whole, digits) if whole else ZERO
        if here or own:
            costs = (own, average_of(whole, value, None)) if shown else (None, None)
            rows.append(ItemValue(item, here, *costs))
    return StockValue(when, currency, tuple(rows))


def stock_moves(unit: Unit, asked: Journal, first: int, limit: int) -> list[StockMoveView]:
    """The moves asked for, oldest first, in one statement."""
    if first < 0 or not 0 < limit <= MOST_MOVES:
        raise InputError([f"stock moves: ask for 1 to {MOST_MOVES} from number 0 on, not for {limit} from {first}"])
    rows = stock_journal.moves(unit.connection, unit.company, asked, first, limit)
    return [_move_view(row, sees_margin(unit.actor), asked.warehouse is None) for row in rows]


def _move_view(row: Any, shown: bool, everywhere: bool) -> StockMoveView:
    value, worth = (row.value, row.worth if everywhere else None) if shown else (None, None)
    return StockMoveView(
        row.date, row.warehouse, row.level, row.quantity, row.balance, value, worth, row.due, row.lot, row.bin,
        row.reason, row.document_id, row.type or "", row.kind or "", row.number or "",
    )  # fmt: skip


def line_values(unit: Unit, document: Document) -> dict[Id, Decimal]:
    """By line the value that its goods moved (below zero when they left), in one statement; empty where nothing did.

    Lines of one item share what the document moved of it (N5): a receipt's by their prices, others by quantity.
    """
    lines = [line for line in document.lines if line.goods]
    items = {item for line in lines for item, _ in line.goods}
    if not items or not sees_margin(unit.actor):
        return {}
    found: dict[Id, Decimal] = {}
    digits = currency_digits(unit.pack.model.company.currency)
    by_price = unit.type_of(document).stock_value == "price"
    amounts = _amounts(lines)
    for item, (_, value) in stock_journal.moved_for(unit.connection, unit.company, document.id, items).items():
        own = [(line, amount) for line, amount in amounts[item].values() if amount]
        weights = [line.net / document.rate + landed(line) for line, _ in own] if by_price else []
        weights = weights if sum(weights, ZERO) else [amount for _, amount in own]
        if sum(weights, ZERO):
            for (line, _), part in zip(own, split_by_weight(value, weights, digits), strict=True):
                found[line.id] = found.get(line.id, ZERO) + part
    return found


def _amounts(lines: Iterable[Line]) -> dict[str, dict[Id, tuple[Line, Decimal]]]:
    """By item the lines that move it, each with how much."""
    found: dict[str, dict[Id, tuple[Line, Decimal]]] = {}
    for line in lines:
        for item, amount in line.goods:
            of_item = found.setdefault(item, {})
            _, so_far = of_item.get(line.id, (line, ZERO))
            of_item[line.id] = line, so_far + amount
    return found
