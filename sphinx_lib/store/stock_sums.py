"""Rows that are kept beside the journal of stock moves, and what the moves say that they should hold."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Table, func, or_, select

from sphinx_lib.store.tables import stock_moves, stock_places, stock_schedule

Sums = dict[tuple[Any, ...], Decimal]
_m = stock_moves.c


def places(connection: Connection, company: str) -> tuple[Sums, Sums]:
    """Physical stock by item, warehouse, lot and bin: as stored, and as moved; what has no name is in neither."""
    keys = ("item", "warehouse", "lot", "bin")
    named = or_(_m.lot != "", _m.bin != "")
    return _stored(connection, company, stock_places, keys, "physical"), _moved(connection, company, keys, named)


def schedule(connection: Connection, company: str) -> tuple[Sums, Sums]:
    """What is promised by item, warehouse, level and day: as stored, and as moved."""
    keys = ("item", "warehouse", "level", "due")
    dated = _m.due.is_not(None)
    return _stored(connection, company, stock_schedule, keys, "quantity"), _moved(connection, company, keys, dated)


def _stored(connection: Connection, company: str, table: Table, keys: Sequence[str], amount: str) -> Sums:
    statement = select(*(table.c[key] for key in keys), table.c[amount]).where(table.c.company_id == company)
    return {tuple(row[:-1]): row[-1] for row in connection.execute(statement)}


def _moved(connection: Connection, company: str, keys: Sequence[str], which: Any) -> Sums:
    columns = [_m[key] for key in keys]
    statement = (
        select(*columns, func.sum(_m.quantity)).where(_m.company_id == company).where(which).group_by(*columns)
    )
    return {tuple(row[:-1]): row[-1] for row in connection.execute(statement)}
