"""Stock as lines of text, for a terminal: quantities without idle zeros, costs at 4 digits (V1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from sphinx_lib.app.stock_reading import StockMoveView, StockRow, StockValue
from sphinx_lib.kernel.money import plain_number, round_half_up
from sphinx_lib.kernel.worth import SHOWN_DIGITS


def row_lines(rows: Iterable[StockRow]) -> Iterator[str]:
    """What is there now, a line for each item and warehouse."""
    for row in rows:
        quantities = f"physical {plain_number(row.physical)}, reserved {plain_number(row.reserved)}"
        rest = f"available {plain_number(row.available)}, on order {plain_number(row.on_order)}"
        yield f"{row.item} in {row.warehouse}: {quantities}, {rest}{_worth(row.value, row.average_cost)}"


def value_lines(value: StockValue) -> Iterator[str]:
    """What was there at the end of a day, a line for each item, and the sum."""
    for row in value.rows:
        yield f"{row.item}: {plain_number(row.quantity)}{_worth(row.value, row.average_cost)}"
    if value.total is not None:
        yield f"worth {value.total:f} {value.currency} at the end of {value.day}"


def move_lines(moves: Iterable[StockMoveView]) -> Iterator[str]:
    """Moves, a line for each: what moved, the balance after it, what it was worth, and why."""
    for move in moves:
        signed = f"{'+' if move.quantity >= 0 else ''}{plain_number(move.quantity)}"
        names = "".join(f" {what} {name}" for what, name in (("lot", move.lot), ("bin", move.bin)) if name)
        worth = f", value {move.value:f}" if move.value else ""
        cause = " ".join(part for part in (move.kind or move.type, move.number, move.reason) if part) or "no document"
        yield f"{move.date} {move.warehouse}{names} {move.level} {signed} = {plain_number(move.balance)}{worth} ({cause})"


def _worth(value: Decimal | None, cost: Decimal | None) -> str:
    if value is None:
        return ""
    at = "cost unknown" if cost is None else f"at {plain_number(round_half_up(cost, SHOWN_DIGITS))}"
    return f", worth {value:f} {at}"
