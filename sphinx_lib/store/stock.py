"""Stock balances and moves. A balance row is the sum of the moves of its item and warehouse, kept with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Table,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from sphinx_lib.kernel.document import ZERO, Id, StockMove
from sphinx_lib.kernel.lots import Lot, Place
from sphinx_lib.store.among import Listing, among
from sphinx_lib.store.tables import (
    items,
    stock_balances,
    stock_moves,
    stock_places,
    stock_schedule,
    warehouses,
)

LEVELS = ("physical", "reserved", "on_order")
MOST_NAMED = 2000
"""Of more items than this all stock is read, since a statement may name only so many."""

Key = tuple[str, str]


class Balance(NamedTuple):
    """Quantities of one item in one warehouse, in its stock unit (K1); ``expired`` is the part of ``physical`` in lots that
    may not be used any more."""

    physical: Decimal = ZERO
    reserved: Decimal = ZERO
    on_order: Decimal = ZERO
    expired: Decimal = ZERO

    @property
    def available(self) -> Decimal:
        """Physical minus reserved (K2), without lots that have expired (K10)."""
        return self.physical - self.reserved - self.expired


ByDay = dict[Key, dict[date, Decimal]]
"""Quantities by (item, warehouse) and day."""


class Dated(NamedTuple):
    """What is known of stock by day: what is promised to go out, what to come in, and what lots hold by their last day."""

    due_out: ByDay
    due_in: ByDay
    lots: ByDay

    def add(self, level: str, key: Key, day: date, quantity: Decimal) -> None:
        """Add ``quantity`` of a level on its promised day, or of a lot (physical) on the last day of its use."""
        sums = self.due_out if level == "reserved" else self.due_in if level == "on_order" else self.lots
        days = sums.get(key)
        if days is None:
            sums[key] = {day: quantity}
        else:
            days[day] = days.get(day, ZERO) + quantity

    def take(self, other: Dated) -> None:
        """Take up what was read of other items."""
        for mine, found in zip(self, other, strict=True):
            mine |= found

    def clear(self) -> None:
        """Forget everything, so that it is read again."""
        for sums in self:
            sums.clear()

    def expired(self, key: Key, today: date) -> Decimal:
        """What lots hold that may no longer be used (K10)."""
        return sum((held for last, held in self.lots.get(key, {}).items() if last < today), ZERO)


class Stock(NamedTuple):
    """Balances by (item, warehouse), what is known by day, and the policies on stock below zero that items and warehouses
    name."""

    balances: dict[Key, Balance]
    dated: Dated
    of_items: dict[str, str]
    of_warehouses: dict[str, str]


_b = stock_balances.c
_p = stock_places.c
_s = stock_schedule.c
_nothing: ColumnElement[str] = literal_column("''")
_blank: ColumnElement[Decimal] = literal_column("NULL")
_no_day: ColumnElement[date] = literal_column("CAST(NULL AS DATE)", Date)
_STOCK_ROWS = (
    select(_b.item, _b.warehouse, _b.physical, _b.reserved, _b.on_order, _nothing, _no_day)
    .where(_b.company_id == bindparam("company")),
    select(_s.item, _s.warehouse, _s.quantity, _blank, _blank, _s.level, _s.due)
    .where(_s.company_id == bindparam("company"), _s.quantity != literal_column("0")),
    select(_p.item, _p.warehouse, _p.physical, _blank, _blank, _nothing, _p.expires)
    .where(_p.company_id == bindparam("company"), _p.expires.is_not(None), _p.physical > literal_column("0")),
)  # fmt: skip
_ALL_STOCK = union_all(*_STOCK_ROWS)
_STOCK = Listing("items", lambda named: union_all(
    *(row.where(named(column)) for row, column in zip(_STOCK_ROWS, (_b.item, _s.item, _p.item), strict=True)),
    select(items.c.code, _nothing, _blank, _blank, _blank, items.c.negative_stock, _no_day)
    .where(items.c.company_id == bindparam("company"), named(items.c.code)),
    select(_nothing, warehouses.c.code, _blank, _blank, _blank, warehouses.c.negative_stock, _no_day)
    .where(warehouses.c.company_id == bindparam("company")),
))  # fmt: skip
_INSERT_MOVE = insert(stock_moves)


def stock_of(connection: Connection, company: str, codes: Collection[str], day: date | None = None) -> Stock:
    """Everything about the stock of the given items (what has no row is zero) with all policies, in one statement.

    Balances know what has expired on ``day`` when one is given.
    """
    return _read(connection.execute(_STOCK.of(codes), {"company": company, "items": sorted(codes)}).all(), day)


def all_stock(connection: Connection, company: str, day: date | None = None) -> Stock:
    """The same of every item of the company, without policies, in one statement."""
    return _read(connection.execute(_ALL_STOCK, {"company": company}).all(), day)


def stock_of_any(
    connection: Connection, company: str, codes: Collection[str] | None, day: date | None = None
) -> Stock:
    """The same of the given items or of all, in one statement however many they are; items not named may be in it too."""
    if codes is None or len(codes) > MOST_NAMED:
        return all_stock(connection, company, day)
    return stock_of(connection, company, codes, day)


def _read(rows: Iterable[Any], today: date | None) -> Stock:
    found = Stock({}, Dated({}, {}, {}), {}, {})
    for item, warehouse, physical, reserved, on_order, text, day in rows:
        if day is not None:
            found.dated.add(text, (item, warehouse), day, physical)
        elif not item:
            found.of_warehouses[warehouse] = text
        elif not warehouse:
            found.of_items[item] = text
        else:
            found.balances[item, warehouse] = Balance(physical, reserved, on_order)
    for key in found.dated.lots if today is not None else ():
        if today is not None and (expired := found.dated.expired(key, today)):
            found.balances[key] = found.balances.get(key, Balance())._replace(expired=expired)
    return found


def _adding(table: Table, sums: Sequence[str], *, keeps: Sequence[str] = ()) -> Mapping[str, Any]:
    """By database: insert rows of ``table``, or add to the ``sums`` of those that are there; what ``keeps`` is kept."""
    keys = [column.name for column in table.primary_key]
    found = {}
    for name, dialect in (("postgresql", postgresql), ("sqlite", sqlite)):
        statement = dialect.insert(table)
        added: dict[str, Any] = {one: table.c[one] + statement.excluded[one] for one in sums}
        added |= {one: func.coalesce(statement.excluded[one], table.c[one]) for one in keeps}
        found[name] = statement.on_conflict_do_update(index_elements=keys, set_=added)
    return found


_ADD_BALANCES = {
    name: statement.returning(_b.item, _b.warehouse, _b.physical, _b.reserved, _b.on_order)
    for name, statement in _adding(stock_balances, LEVELS).items()
}
_ADD_PLACES = {
    name: statement.returning(_p.item, _p.warehouse, _p.lot, _p.bin, _p.physical)
    for name, statement in _adding(stock_places, ("physical",), keeps=("expires",)).items()
}
_ADD_SCHEDULE = _adding(stock_schedule, ("quantity",))


class Moved(NamedTuple):
    """Stock under the lock, by item and warehouse: balances ``before`` some moves, what is physical after them; and the
    latter by lot and bin."""

    before: dict[Key, Balance]
    physical: dict[Key, Decimal]
    places: dict[Place, Decimal]


def apply_moves(connection: Connection, company: str, moves: Sequence[StockMove]) -> Moved:
    """Add ``moves`` to the balances in one order of keys, so that no two units of work wait for each other crosswise."""
    if not moves:
        return Moved({}, {}, {})
    changes: dict[Key, dict[str, Decimal]] = {}
    for move in moves:
        levels = changes.setdefault((move.item, move.warehouse), dict.fromkeys(LEVELS, ZERO))
        levels[move.level] += move.quantity
    rows = [
        {"company_id": company, "item": item, "warehouse": warehouse, **levels}
        for (item, warehouse), levels in sorted(changes.items())
    ]
    after = {(row.item, row.warehouse): row for row in connection.execute(_ADD_BALANCES[connection.dialect.name], rows)}
    physical = {key: row.physical for key, row in after.items()}
    before = {key: Balance(*(getattr(row, one) - changes[key][one] for one in LEVELS)) for key, row in after.items()}
    _schedule(connection, company, moves)
    return Moved(before, physical, _place(connection, company, moves))


def _place(connection: Connection, company: str, moves: Sequence[StockMove]) -> dict[Place, Decimal]:
    changes: dict[Place, tuple[Decimal, date | None, date]] = {}
    for move in moves:
        if move.lot or move.bin:
            key = Place(move.item, move.warehouse, move.lot, move.bin)
            so_far, expires, since = changes.get(key, (ZERO, None, move.date))
            named = move.expires if move.quantity > 0 else None  # what goes out says nothing of what stays
            changes[key] = so_far + move.quantity, named or expires, min(since, move.date)
    if not changes:
        return {}
    rows = [
        {"company_id": company, **key._asdict(), "physical": quantity, "expires": expires, "since": since}
        for key, (quantity, expires, since) in sorted(changes.items(), key=lambda pair: pair[0])
    ]
    after = connection.execute(_ADD_PLACES[connection.dialect.name], rows)
    return {Place(row.item, row.warehouse, row.lot, row.bin): row.physical for row in after}


def _schedule(connection: Connection, company: str, moves: Sequence[StockMove]) -> None:
    changes: dict[tuple[str, str, str, date], Decimal] = {}
    for move in moves:
        if move.due is not None:
            key = (move.item, move.warehouse, move.level, move.due)
            changes[key] = changes.get(key, ZERO) + move.quantity
    names = ("item", "warehouse", "level", "due")
    rows = [
        {"company_id": company, **dict(zip(names, key, strict=True)), "quantity": quantity}
        for key, quantity in sorted(changes.items())
        if quantity
    ]
    if rows:
        connection.execute(_ADD_SCHEDULE[connection.dialect.name], rows)


def insert_moves(connection: Connection, company: str, moves: Sequence[StockMove], at: datetime, written_by: Id) -> None:
    """Write the journal of moves, each with its value and the audit entry that holds its digest."""
    if moves:
        rows = [{"company_id": company, "recorded_at": at, "written_by": written_by, **move._asdict()} for move in moves]
        connection.execute(_INSERT_MOVE, rows)


def set_written_by(connection: Connection, company: str, ids: tuple[Id, Id], written_by: Id) -> None:
    """Name the audit entry of moves that have none, from the first to the last of ``ids``."""
    c = stock_moves.c
    fresh = c.company_id == company, c.id.between(*ids), c.written_by.is_(None)
    connection.execute(update(stock_moves).where(*fresh).values(written_by=written_by))


_OWN_MOVES = Listing("ids", lambda named: (
    select(
        stock_moves.c.document_id, stock_moves.c.item, func.sum(stock_moves.c.quantity).label("quantity"),
        func.sum(stock_moves.c.value).label("value"),
    )
    .where(stock_moves.c.company_id == bindparam("company"), stock_moves.c.level == "physical")
    .where(named(stock_moves.c.document_id))
    .group_by(stock_moves.c.document_id, stock_moves.c.item)
))  # fmt: skip


def moved_by(connection: Connection, company: str, ids: Collection[Id]) -> dict[tuple[Id, str], tuple[Decimal, Decimal]]:
    """By document and item: the physical quantity and value that its moves add up to, signed."""
    rows = connection.execute(_OWN_MOVES.of(ids), {"company": company, "ids": sorted(ids)})
    return {(row.document_id, row.item): (row.quantity, row.value) for row in rows}


def held_of_lots(connection: Connection, company: str, lots: Collection[tuple[str, str]]) -> dict[tuple[str, str], Decimal]:
    """Physical stock of lots given as (item, lot), over all warehouses and bins."""
    items_, names = sorted({item for item, _ in lots}), sorted({lot for _, lot in lots})
    statement = (
        select(_p.item, _p.lot, func.sum(_p.physical))
        .where(_p.company_id == company, among(_p.item, items_), among(_p.lot, names))
        .group_by(_p.item, _p.lot)
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(statement) if (row[0], row[1]) in lots}


def places_of(connection: Connection, company: str, codes: Collection[str]) -> list[Lot]:
    """Every lot and bin that holds some of the items, in all warehouses, in one statement."""
    statement = (
        select(_p.item, _p.warehouse, _p.lot, _p.bin, _p.physical, _p.expires, _p.since)
        .where(_p.company_id == company, among(_p.item, sorted(codes)), _p.physical > literal_column("0"))
        .order_by(_p.item, _p.warehouse, _p.lot, _p.bin)
    )
    return [Lot(*row) for row in connection.execute(statement)]


def places_in_use(connection: Connection, company: str) -> list[str]:
    """The warehouses that have, or had, something in stock, reserved or on order."""
    return list(connection.scalars(select(_b.warehouse).distinct().where(_b.company_id == company).order_by(_b.warehouse)))


class OnHand(NamedTuple):
    """A quantity of an item in one warehouse under a name; without one it is what no name has."""

    item: str
    lot: str
    bin: str
    quantity: Decimal
    expires: date | None


def on_hand(connection: Connection, company: str, warehouse: str, items_: Collection[str] | None) -> list[OnHand]:
    """What lies in a warehouse, of all items or of those given, name by name and by bin; in one statement."""
    named = select(_p.item, _p.lot, _p.bin, _p.physical, _p.expires).where(
        _p.company_id == company, _p.warehouse == warehouse, _p.physical != literal_column("0")
    )
    whole = select(_b.item, _nothing, _nothing, _b.physical, literal_column("null", Date)).where(
        _b.company_id == company, _b.warehouse == warehouse
    )
    if items_ is not None:
        named, whole = named.where(among(_p.item, sorted(items_))), whole.where(among(_b.item, sorted(items_)))
    rest: dict[str, Decimal] = {}
    found = []
    for row in map(OnHand._make, connection.execute(union_all(named, whole))):
        named_part = bool(row.lot or row.bin)
        rest[row.item] = rest.get(row.item, ZERO) + (-row.quantity if named_part else row.quantity)
        found += [row] if named_part else []
    found += [OnHand(item, "", "", quantity, None) for item, quantity in rest.items()]
    return sorted(found, key=lambda row: (row.bin, row.item, row.expires or date.max, row.lot))


def values_moved(connection: Connection, company: str, document_id: Id) -> dict[Place, Decimal]:
    """What the physical moves of a document are worth, by place."""
    c = stock_moves.c
    statement = (
        select(c.item, c.warehouse, c.lot, c.bin, func.sum(c.value))
        .where(c.company_id == company, c.document_id == document_id, c.level == "physical")
        .group_by(c.item, c.warehouse, c.lot, c.bin)
    )
    return {Place(*place): value for *place, value in connection.execute(statement)}
