"""What is bought for whom, and which customer orders can be delivered now (PO2, PO5, BK1)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Document, Id
from sphinx_lib.kernel.money import round_half_up
from sphinx_lib.pack.pack import Pack
from sphinx_lib.stock.levels import LineQuantities
from sphinx_lib.stock.pegs import DIGITS, served
from sphinx_lib.store import deliveries
from sphinx_lib.store import stock as store_stock

StockKey = tuple[str, str]
RESERVED = "reserved"


class PegView(NamedTuple):
    """A peg of a purchase line, in its unit: for which order, how much, what came in for it, what is on order for it."""

    position: int
    item: str
    document_id: Id
    number: str
    promised: date | None
    quantity: Decimal
    served: Decimal
    waiting: Decimal


def pegs_of(document: Document, pack: Pack) -> list[PegView]:
    """The pegs of all lines, by line, each line's in the order in which receipts serve them (PO5)."""
    declared = pack.type_of(document.type, document.kind).pegs
    if declared is None:
        return []
    return [
        PegView(
            line.position, line.item or "", peg.document_id, peg.number, peg.promised, peg.quantity, done, waiting
        )
        for line in document.lines
        for peg, done, waiting in served(line, line.done(declared.served_by))
    ]  # fmt: skip


class Deliverable(NamedTuple):
    """A customer order of which all that is left can be delivered now; ``goods`` are its items in stock units."""

    id: Id
    type: str
    number: str
    party: str
    site: str
    promised: date | None
    goods: tuple[tuple[str, Decimal], ...]


class Left(NamedTuple):
    """What an order still has to deliver of an item from a warehouse, and the part that came in for it by a purchase."""

    key: StockKey
    needed: Decimal
    own: Decimal


def deliverable(unit: Unit, warehouse: str | None = None) -> list[Deliverable]:
    """Orders whose remaining quantity is covered by what is in stock, oldest promised date first (BK1).

    What came in for an order by its pegs is its own; the rest goes to the orders promised first, so that all that are
    listed can be delivered together. In two statements.
    """
    orders = sorted(_open(unit), key=lambda order: (order.promised is None, order.promised or date.min, order.number))
    lefts = {order.id: _left(unit, order) for order in orders}
    balances = store_stock.all_balances(unit.connection, unit.company)
    free = {key: balance.physical for key, balance in balances.items()}
    owned = {order.id: [_owned(left, free) for left in lefts[order.id]] for order in orders}
    found = []
    for order in orders:
        covered = [_covered(left, own, free) for left, own in zip(lefts[order.id], owned[order.id], strict=True)]
        wanted = warehouse is None or any(left.key[1] == warehouse for left in lefts[order.id])
        if covered and all(covered) and wanted:
            goods = tuple((left.key[0], left.needed) for left in lefts[order.id])
            found.append(Deliverable(order.id, order.type, order.number, order.party, order.site, order.promised, goods))
    return found


def _owned(left: Left, free: dict[StockKey, Decimal]) -> Decimal:
    """Take out of the stock what came in for the order."""
    own = max(min(left.own, left.needed, free.get(left.key, ZERO)), ZERO)
    free[left.key] = free.get(left.key, ZERO) - own
    return own


def _covered(left: Left, own: Decimal, free: dict[StockKey, Decimal]) -> bool:
    """Take what is missing out of what is free, as far as it goes; whether that is all."""
    taken = max(min(left.needed - own, free.get(left.key, ZERO)), ZERO)
    free[left.key] = free.get(left.key, ZERO) - taken
    return own + taken == left.needed


def _open(unit: Unit) -> list[deliveries.OpenOrder]:
    wanted: dict[tuple[str, str], list[str]] = {}
    for (name, kind), declared in unit.pack.types.items():
        states = [state for state in declared.states if RESERVED in (declared.says(state, "stock") or {})]
        if states:
            wanted[name, kind] = states
    return deliveries.open_orders(unit.connection, unit.company, wanted)


def _left(unit: Unit, order: deliveries.OpenOrder) -> list[Left]:
    """What an order still has to deliver, by item and warehouse."""
    pack = unit.pack
    declared = pack.type_of(order.type, order.kind)
    feeds = {one.pegs.feed for one in pack.types.values() if one.pegs is not None}
    expression = pack.expression((order.type, order.kind), "line", declared.says(order.state, "stock")[RESERVED])
    found: dict[StockKey, Left] = {}
    for line in order.lines:
        if not line.quantity:
            continue
        remaining = expression(LineQuantities(line, pack.model.progress))
        supplied = sum((line.done(feed) for feed in feeds), ZERO) - (line.quantity - remaining)
        for item, whole in line.goods:
            key = (item, line.warehouse)
            part = whole / line.quantity
            so_far = found.get(key, Left(key, ZERO, ZERO))
            needed = round_half_up(part * remaining, DIGITS)
            own = round_half_up(part * max(supplied, ZERO), DIGITS) if not line.parts else ZERO
            found[key] = Left(key, so_far.needed + needed, so_far.own + own)
    return [left for left in found.values() if left.needed > 0]
