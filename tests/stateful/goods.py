"""The plain definitions of stock (K1-K9): where the documents say that goods lie, and what the tables keep of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, func, select

from sphinx_lib.kernel.document import Document, Line
from sphinx_lib.store.tables import stock_balances, stock_moves, stock_places, stock_values

D = Decimal
Place = tuple[str, str, str]
"""Item, warehouse and lot; the lot is empty for what has no name."""

# Types, the states in which they hold goods, the sign, and the field (else the place) where these lie; else in the line's.
HOLDERS = (
    ("goods_receipt", ("received", "invoiced"), 1, ""),
    ("delivery_note", ("shipped", "invoiced"), -1, ""),
    ("customer_return", ("received", "credited", "exchanged"), 1, "restock_to"),
    ("supplier_return", ("sent", "credited"), -1, ""),
    ("stock_transfer", ("shipped", "received"), -1, ""),
    ("stock_transfer", ("shipped",), 1, "transit"),
    ("stock_transfer", ("received",), 1, "to_warehouse"),
)
# What a progress counts: the lines made of a line, of documents of a type in one of these states.
COUNTED = {
    ("sales_order", "delivered"): ("delivery_note", ("shipped", "invoiced")),
    ("customer_return", "delivered"): ("delivery_note", ("shipped", "invoiced")),
    ("purchase_order", "received"): ("goods_receipt", ("received", "invoiced")),
    ("delivery_note", "returned"): ("customer_return", ("received", "credited", "exchanged")),
    ("goods_receipt", "returned"): ("supplier_return", ("sent", "credited")),
}


def lots_of(line: Line) -> dict[str, Decimal]:
    """The goods of a line by lot, in the stock unit."""
    found: dict[str, Decimal] = defaultdict(D)
    for one in line.stowed:
        found[one.lot] += one.quantity
    found[""] += line.stock_quantity - sum(found.values())
    return found


def lines_of(documents: Iterable[Document], type: str, *states: str) -> Iterator[tuple[Document, Line]]:
    """The lines of documents of a type in one of these states."""
    for one in documents:
        if one.type == type and one.state in states:
            yield from ((one, line) for line in one.lines)


def held(documents: Iterable[Document]) -> dict[Place, Decimal]:
    """What documents brought in less what they took out, by item, warehouse and lot; a count moves its difference (V6)."""
    documents = list(documents)
    found: dict[Place, Decimal] = defaultdict(D)
    for type, states, sign, place in HOLDERS:
        for one, line in lines_of(documents, type, *states):
            where = "transit" if place == "transit" else one.custom.get(place) or line.warehouse
            for lot, quantity in lots_of(line).items():
                found[line.item or "", where, lot] += sign * quantity
    for _, line in lines_of(documents, "stock_count", "posted"):
        lot = line.stowed[0].lot if line.stowed else ""
        found[line.item or "", line.warehouse, lot] += (line.quantity or D(0)) - line.custom["book"]
    return found


def promised(documents: Iterable[Document]) -> tuple[dict[Any, Decimal], dict[Any, Decimal]]:
    """What is reserved and what is on order, by item and warehouse: what confirmed orders still wait for, and transfers."""
    documents = list(documents)
    reserved: dict[Any, Decimal] = defaultdict(D)
    ordered: dict[Any, Decimal] = defaultdict(D)
    for _, line in lines_of(documents, "sales_order", "confirmed"):
        reserved[line.item, line.warehouse] += line.remaining("delivered")
    for _, line in lines_of(documents, "purchase_order", "confirmed"):
        ordered[line.item, line.warehouse] += line.remaining("received")
    for one, line in lines_of(documents, "stock_transfer", "shipped"):
        ordered[line.item, one.custom["to_warehouse"]] += line.stock_quantity
    return reserved, ordered


def made_of(documents: Iterable[Document], type: str, states: tuple[str, ...]) -> dict[str, list[Line]]:
    """The lines of documents of a type in these states, by the line that they were made from."""
    found: dict[str, list[Line]] = defaultdict(list)
    for _, line in lines_of(documents, type, *states):
        found[line.source_id or ""].append(line)
    return found


def by_item(documents: Iterable[Document], figure: Any) -> dict[str, Decimal]:
    """A figure of lines, summed by item."""
    found: dict[str, Decimal] = defaultdict(D)
    for one in documents:
        for line in one.lines:
            found[line.item or ""] += figure(line)
    return found


def some(found: Mapping[Any, Decimal]) -> dict[Any, Decimal]:
    """What is not zero."""
    return {key: quantity for key, quantity in found.items() if quantity}


# -- what the tables keep ------------------------------------------------------------------------------------------------


def balances(engine: Engine, level: str) -> dict[tuple[str, str], Decimal]:
    """One level of the balances by item and warehouse."""
    table = stock_balances.c
    return _rows(engine, select(table.item, table.warehouse, table[level]))


def journal(engine: Engine, level: str) -> dict[tuple[str, str], Decimal]:
    """The moves of a level by item and warehouse."""
    table = stock_moves.c
    chosen = select(table.item, table.warehouse, func.sum(table.quantity)).where(table.level == level)
    return _rows(engine, chosen.group_by(table.item, table.warehouse))


def named(engine: Engine) -> dict[Place, Decimal]:
    """What lots hold, by item, warehouse and lot."""
    table = stock_places.c
    chosen = select(table.item, table.warehouse, table.lot, func.sum(table.physical)).where(table.lot != "")
    return _rows(engine, chosen.group_by(table.item, table.warehouse, table.lot))


def expiries(engine: Engine, item: str, warehouse: str) -> dict[str, tuple[Decimal, date]]:
    """By lot what there is of it and its last day."""
    table = stock_places.c
    chosen = select(table.lot, table.physical, table.expires).where(table.item == item, table.warehouse == warehouse)
    with engine.connect() as connection:
        return {row.lot: (row.physical, row.expires or date.max) for row in connection.execute(chosen) if row.lot}


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


def _rows(engine: Engine, statement: Any) -> dict[Any, Decimal]:
    with engine.connect() as connection:
        return some({tuple(row[:-1]): row[-1] for row in connection.execute(statement)})
