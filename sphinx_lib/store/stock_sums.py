"""Rows that are kept beside the journal of stock moves, where they are not what the moves say that they should hold.

The database adds up and compares, so that only what differs is read, however many moves there are.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, func, literal, literal_column, or_, select, union_all

from sphinx_lib.store.tables import AMOUNT, QUANTITY, stock_balances, stock_moves, stock_places, stock_schedule, stock_values
from sphinx_lib.store.types import Exact

_m = stock_moves.c
PHYSICAL = "physical"


class Differs(NamedTuple):
    """A row by its key, the figure that it holds, and what the moves add up to; none stored or moved counts as 0."""

    key: tuple[Any, ...]
    stored: Decimal
    moved: Decimal


def balances(connection: Connection, company: str, levels: Collection[str]) -> list[Differs]:
    """By item, warehouse and level."""
    keys = ("item", "warehouse", "level")
    stored = [_stored(stock_balances, company, keys, level, level=literal(level).label("level")) for level in levels]
    return _differing(connection, keys, stored, _added_up(company, keys, _m.level.in_(levels)))


def values(connection: Connection, company: str, what: str) -> list[Differs]:
    """The ``quantity`` or ``value`` of physical stock by item."""
    scale = QUANTITY if what == "quantity" else AMOUNT
    stored = _stored(stock_values, company, ("item",), what, scale)
    moved = _added_up(company, ("item",), _m.level == PHYSICAL, what, scale)
    return _differing(connection, ("item",), [stored], moved, scale)


def places(connection: Connection, company: str) -> list[Differs]:
    """Physical stock by item, warehouse, lot and bin; what has no name is in neither."""
    keys = ("item", "warehouse", "lot", "bin")
    moved = _moved(company, keys, or_(_m.lot != literal_column("''"), _m.bin != literal_column("''")))
    return _differing(connection, keys, [_stored(stock_places, company, keys, PHYSICAL)], moved)


def schedule(connection: Connection, company: str) -> list[Differs]:
    """What is promised by item, warehouse, level and day."""
    keys = ("item", "warehouse", "level", "due")
    stored = _stored(stock_schedule, company, keys, "quantity")
    return _differing(connection, keys, [stored], _moved(company, keys, _m.due.is_not(None)))


def _stored(
    table: Table, company: str, keys: Sequence[str], amount: str, scale: int = QUANTITY, **named: ColumnElement[str]
) -> Select[Any]:
    columns = [named[key] if key in named else table.c[key] for key in keys]
    amounts = table.c[amount].label("stored"), _zero(scale).label("moved")
    return select(*columns, *amounts).where(table.c.company_id == company)


def _moved(company: str, keys: Sequence[str], which: ColumnElement[bool]) -> Select[Any]:
    amounts = _zero(QUANTITY).label("stored"), _m.quantity.label("moved")
    return select(*(_m[key] for key in keys), *amounts).where(_m.company_id == company, which)


def _added_up(
    company: str, keys: Sequence[str], which: ColumnElement[bool], amount: str = "quantity", scale: int = QUANTITY
) -> Select[Any]:
    """The same by ``keys`` in whose order an index gives the moves, so that adding them up first takes no sorting."""
    columns = [_m[key] for key in keys]
    sums = _zero(scale).label("stored"), func.sum(_m[amount]).label("moved")
    return select(*columns, *sums).where(_m.company_id == company, which).group_by(*columns)


def _zero(scale: int) -> ColumnElement[Decimal]:
    return literal_column("0", Exact(scale))


def _differing(
    connection: Connection, keys: Sequence[str], stored: Sequence[Select[Any]], moved: Select[Any], scale: int = QUANTITY
) -> list[Differs]:
    rows = union_all(*stored, moved).subquery().c
    columns = [rows[key] for key in keys]
    sums = [func.sum(rows[name], type_=Exact(scale)) for name in ("stored", "moved")]
    statement = select(*columns, *sums).group_by(*columns).having(sums[0] != sums[1]).order_by(*columns)
    return [Differs(tuple(row[:-2]), row[-2], row[-1]) for row in connection.execute(statement)]
