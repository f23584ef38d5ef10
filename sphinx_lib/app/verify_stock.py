"""Checking stock against its journal: every row that is kept with the moves is what the moves add up to (K1, V1)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection

from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.store import stock as store_stock
from sphinx_lib.store import stock_sums, stock_values


class StockFault(NamedTuple):
    """What of stock does not hold: where, and both figures."""

    where: str
    what: str


def stock_faults(connection: Connection, company: str) -> Iterator[StockFault]:
    """Balances, values, lots and bins, and promised days that are not the sums of their moves."""
    yield from _balances(connection, company)
    yield from _values(connection, company)
    for key, stored, moved in stock_sums.places(connection, company):
        yield _fault(_place(key), "physical", stored, moved)
    for key, stored, moved in stock_sums.schedule(connection, company):
        yield _fault(_due(key), "quantity", stored, moved)


def _balances(connection: Connection, company: str) -> Iterator[StockFault]:
    """Each balance is the sum of its moves (K1)."""
    for (item, warehouse, level), stored, moved in stock_sums.balances(connection, company, store_stock.LEVELS):
        yield _fault(f"stock {item} in {warehouse}", level, stored, moved)


def _values(connection: Connection, company: str) -> Iterator[StockFault]:
    """What an item is worth is the sum of the values of its moves, and of its layers where it has some (V1, V4)."""
    for what in ("quantity", "value"):
        for (item,), stored, moved in stock_sums.values(connection, company, what):
            yield _fault(f"stock value of {item}", what, stored, moved)
    for item, worth in sorted(stock_values.in_layers(connection, company).items()):
        for what in ("quantity", "value"):
            stored, found = getattr(worth, what), sum((getattr(layer, what) for layer in worth.layers), ZERO)
            if stored != found:
                yield _fault(f"stock value of {item}", what, stored, found, "layers")


def _place(key: tuple[Any, ...]) -> str:
    item, warehouse, lot, bin_ = key
    names = [f"lot {lot}" if lot else "", f"bin {bin_}" if bin_ else ""]
    return " ".join(part for part in (f"stock {item} in {warehouse}", *names) if part)


def _due(key: tuple[Any, ...]) -> str:
    item, warehouse, level, due = key
    return f"stock {item} in {warehouse} {level} for {due}"


def _fault(where: str, what: str, stored: Decimal, found: Decimal, source: str = "moves") -> StockFault:
    return StockFault(where, f"{what} is {plain_number(stored)}, its {source} say {plain_number(found)}")
