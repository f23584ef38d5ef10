"""Checking stock against its journal: every row that is kept with the moves is what the moves add up to (K1, V1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection

from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.kernel.worth import Worth
from sphinx_lib.store import stock as store_stock
from sphinx_lib.store import stock_sums, stock_values
from sphinx_lib.store.stock import Balance


class StockFault(NamedTuple):
    """What of stock does not hold: where, and both figures."""

    where: str
    what: str


def stock_faults(connection: Connection, company: str) -> Iterator[StockFault]:
    """Balances, values, lots and bins, and promised days that are not the sums of their moves."""
    yield from _balances(connection, company)
    yield from _values(connection, company)
    places, schedule = stock_sums.places(connection, company), stock_sums.schedule(connection, company)
    yield from _unequal(*places, _place, "physical")
    yield from _unequal(*schedule, _due, "quantity")


def _balances(connection: Connection, company: str) -> Iterator[StockFault]:
    """Each balance is the sum of its moves (K1)."""
    sums = store_stock.sums_of_moves(connection, company)
    balances = store_stock.all_balances(connection, company)
    for key in sorted({(item, warehouse) for item, warehouse, _ in sums} | balances.keys()):
        balance = balances.get(key, Balance())
        for level in store_stock.LEVELS:
            moved, stored = sums.get((*key, level), ZERO), getattr(balance, level)
            if moved != stored:
                yield _fault(f"stock {key[0]} in {key[1]}", level, stored, moved)


def _values(connection: Connection, company: str) -> Iterator[StockFault]:
    """What an item is worth is the sum of the values of its moves, and of its layers where it has some (V1, V4)."""
    sums = stock_values.sums_of_values(connection, company)
    worths = stock_values.all_worths(connection, company)
    for item in sorted(sums.keys() | worths.keys()):
        worth = worths.get(item, Worth())
        found = {"moves": sums.get(item, (ZERO, ZERO))}
        if worth.layers:
            layers = worth.layers
            found["layers"] = sum((one.quantity for one in layers), ZERO), sum((one.value for one in layers), ZERO)
        for source, (quantity, value) in found.items():
            if worth.quantity != quantity:
                yield _fault(f"stock value of {item}", "quantity", worth.quantity, quantity, source)
            if worth.value != value:
                yield _fault(f"stock value of {item}", "value", worth.value, value, source)


def _unequal(stored: Mapping[Any, Decimal], moved: Mapping[Any, Decimal], name: Any, what: str) -> Iterator[StockFault]:
    for key in sorted(stored.keys() | moved.keys()):
        says, found = stored.get(key, ZERO), moved.get(key, ZERO)
        if says != found:
            yield _fault(name(key), what, says, found)


def _place(key: tuple[str, str, str, str]) -> str:
    item, warehouse, lot, bin_ = key
    names = [f"lot {lot}" if lot else "", f"bin {bin_}" if bin_ else ""]
    return " ".join(part for part in (f"stock {item} in {warehouse}", *names) if part)


def _due(key: tuple[str, str, str, Any]) -> str:
    item, warehouse, level, due = key
    return f"stock {item} in {warehouse} {level} for {due}"


def _fault(where: str, what: str, stored: Decimal, found: Decimal, source: str = "moves") -> StockFault:
    return StockFault(where, f"{what} is {plain_number(stored)}, its {source} say {plain_number(found)}")
