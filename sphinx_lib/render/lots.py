"""Lots and serial numbers of delivered goods as text."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from sphinx_lib.kernel.document import Line


def lots_of(line: Line, number: Callable[[Decimal], str]) -> str:
    """The lots and serial numbers of a line, each with its quantity in stock units where it is not all of the line."""
    named: dict[str, Decimal] = {}
    for one in line.stowed:
        if one.lot and not one.item:
            named[one.lot] = named.get(one.lot, Decimal(0)) + one.quantity
    all_of_it = (Decimal(1), line.stock_quantity)
    return ", ".join(lot if held in all_of_it else f"{lot} ({number(held)})" for lot, held in named.items())
