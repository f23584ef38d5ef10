"""What the tables keep of stock: balances, places, values, their journal of moves, and customers' equipment."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, func, or_, select

from sphinx_lib.store.tables import equipment, stock_balances, stock_moves, stock_places, stock_values
from tests.stateful.goods.facts import Place, some

D = Decimal


def balances(engine: Engine, level: str) -> dict[tuple[str, str], Decimal]:
    """One level of the balances by item and warehouse."""
    table = stock_balances.c
    return _rows(engine, select(table.item, table.warehouse, table[level]))


def journal(engine: Engine, level: str) -> dict[tuple[str, str], Decimal]:
    """The moves of a level by item and warehouse."""
    table = stock_moves.c
    chosen = select(table.item, table.warehouse, func.sum(table.quantity)).where(table.level == level)
    return _rows(engine, chosen.group_by(table.item, table.warehouse))


def places(engine: Engine) -> dict[Place, Decimal]:
    """What lots and bins hold, by item, warehouse, lot and bin."""
    table = stock_places.c
    chosen = select(table.item, table.warehouse, table.lot, table.bin, table.physical)
    return _rows(engine, chosen.where(or_(table.lot != "", table.bin != "")))


def lots(engine: Engine, item: str, warehouse: str) -> dict[str, Decimal]:
    """What there is of each lot in a warehouse."""
    table = stock_places.c
    chosen = select(table.lot, func.sum(table.physical)).where(table.item == item, table.warehouse == warehouse)
    return {lot: quantity for (lot,), quantity in _rows(engine, chosen.where(table.lot != "").group_by(table.lot)).items()}


def worth_moved(engine: Engine, *keys: Any) -> dict[Any, tuple[Decimal, Decimal]]:
    """Quantity and value of all physical moves, by the columns that are named."""
    table = stock_moves.c
    columns = [table[key] for key in keys]
    chosen = select(*columns, func.sum(table.quantity), func.sum(table.value)).where(table.level == "physical")
    with engine.connect() as connection:
        return {tuple(row[:-2]): (row[-2], row[-1]) for row in connection.execute(chosen.group_by(*columns))}


def worth(engine: Engine) -> list[Any]:
    """The rows of what items are worth."""
    with engine.connect() as connection:
        return list(connection.execute(select(stock_values)))


def owners(engine: Engine, item: str) -> dict[str, str]:
    """The customer who has each serial number of ``item``, as the register of equipment says (EQ1)."""
    table = equipment.c
    with engine.connect() as connection:
        found = connection.execute(select(table.serial, table.owner).where(table.item == item))
        return {row.serial: row.owner for row in found if row.owner}


def _rows(engine: Engine, statement: Any) -> dict[Any, Decimal]:
    with engine.connect() as connection:
        return some({tuple(row[:-1]): row[-1] for row in connection.execute(statement)})
