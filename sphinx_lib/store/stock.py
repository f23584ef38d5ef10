"""Stock balances and moves. A balance row is the sum of the moves of its item and warehouse, kept with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, literal_column, select, union_all
from sqlalchemy.dialects import postgresql, sqlite

from sphinx_lib.kernel.document import ZERO, StockMove
from sphinx_lib.store.tables import items, stock_balances, stock_moves, warehouses

LEVELS = ("physical", "reserved", "on_order")
Key = tuple[str, str]


class Balance(NamedTuple):
    """Quantities of one item in one warehouse, in its stock unit (K1)."""

    physical: Decimal = ZERO
    reserved: Decimal = ZERO
    on_order: Decimal = ZERO

    @property
    def available(self) -> Decimal:
        """Physical minus reserved (K2)."""
        return self.physical - self.reserved


class Stock(NamedTuple):
    """Balances by (item, warehouse), and the policies on stock below zero that items and warehouses name."""

    balances: dict[Key, Balance]
    of_items: dict[str, str]
    of_warehouses: dict[str, str]


_b = stock_balances.c
_none: ColumnElement[Decimal] = literal_column("0")
_nothing: ColumnElement[str] = literal_column("''")
_STOCK = union_all(
    select(_b.item, _b.warehouse, _b.physical, _b.reserved, _b.on_order, _nothing)
    .where(_b.company_id == bindparam("company"), _b.item.in_(bindparam("items", expanding=True))),
    select(items.c.code, _nothing, _none, _none, _none, items.c.negative_stock)
    .where(items.c.company_id == bindparam("company"), items.c.code.in_(bindparam("items", expanding=True))),
    select(_nothing, warehouses.c.code, _none, _none, _none, warehouses.c.negative_stock)
    .where(warehouses.c.company_id == bindparam("company")),
)  # fmt: skip
_INSERT_MOVE = insert(stock_moves)


def stock_of(connection: Connection, company: str, codes: Collection[str]) -> Stock:
    """Balances of the given items (what has no row is zero) with all policies, in one statement."""
    found = Stock({}, {}, {})
    for row in connection.execute(_STOCK, {"company": company, "items": sorted(codes)}):
        item, warehouse, physical, reserved, on_order, policy = row
        if not item:
            found.of_warehouses[warehouse] = policy
        elif not warehouse:
            found.of_items[item] = policy
        else:
            found.balances[item, warehouse] = Balance(physical, reserved, on_order)
    return found


def _build(dialect: Any) -> Any:
    statement = dialect.insert(stock_balances)
    added = {level: _b[level] + statement.excluded[level] for level in LEVELS}
    return statement.on_conflict_do_update(index_elements=["company_id", "item", "warehouse"], set_=added).returning(
        _b.item, _b.warehouse, _b.physical
    )


_UPSERTS = {"postgresql": _build(postgresql), "sqlite": _build(sqlite)}


def apply_moves(connection: Connection, company: str, moves: Sequence[StockMove], at: datetime) -> dict[Key, Decimal]:
    """Add ``moves`` to the balances in one order of keys, so that no two units of work wait for each other crosswise.

    Returns physical stock after, by (item, warehouse), read under the lock.
    """
    if not moves:
        return {}
    changes: dict[Key, dict[str, Decimal]] = {}
    for move in moves:
        levels = changes.setdefault((move.item, move.warehouse), dict.fromkeys(LEVELS, ZERO))
        levels[move.level] += move.quantity
    rows = [
        {"company_id": company, "item": item, "warehouse": warehouse, **levels}
        for (item, warehouse), levels in sorted(changes.items())
    ]
    after = connection.execute(_UPSERTS[connection.dialect.name], rows)
    physical = {(row.item, row.warehouse): row.physical for row in after}
    connection.execute(_INSERT_MOVE, [{"company_id": company, "recorded_at": at, **move._asdict()} for move in moves])
    return physical


def sums_of_moves(connection: Connection, company: str) -> dict[tuple[str, str, str], Decimal]:
    """What all moves add up to by (item, warehouse, level); each must equal its balance."""
    columns = (stock_moves.c.item, stock_moves.c.warehouse, stock_moves.c.level)
    statement = (
        select(*columns, func.sum(stock_moves.c.quantity)).where(stock_moves.c.company_id == company).group_by(*columns)
    )
    return {(row[0], row[1], row[2]): row[3] for row in connection.execute(statement)}


def all_balances(connection: Connection, company: str) -> dict[Key, Balance]:
    """Every balance row of the company."""
    statement = select(_b.item, _b.warehouse, _b.physical, _b.reserved, _b.on_order).where(_b.company_id == company)
    return {(row[0], row[1]): Balance(row[2], row[3], row[4]) for row in connection.execute(statement)}
