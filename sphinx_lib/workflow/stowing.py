"""Which lots, serial numbers and bins of a line go into the next document."""

from __future__ import annotations

from decimal import Decimal

from sphinx_lib.kernel.document import ZERO, Line, Stowed
from sphinx_lib.kernel.money import round_half_up

_DIGITS = 6  # of quantities, as they are stored


def stowed_share(line: Line, taken: Decimal, quantity: Decimal | None) -> tuple[Stowed, ...]:
    """The named goods that go with ``quantity`` of ``line``, after ``taken`` of it went before (both in its sales unit).

    In their order, so that two partial documents never name the same goods; never more than the share of the quantity.
    """
    whole = abs(line.quantity or ZERO)
    if not line.stowed or quantity is None or not whole:
        return ()
    if not taken and abs(quantity) == whole:
        return line.stowed
    in_stock = abs(line.stock_quantity)
    first = round_half_up(in_stock * abs(taken) / whole, _DIGITS)
    last = first + round_half_up(in_stock * abs(quantity) / whole, _DIGITS)
    found, start = [], ZERO
    for one in line.stowed:
        end = start + one.quantity
        part = min(end, last) - max(start, first)
        if part > 0:
            found.append(one._replace(quantity=part))
        start = end
    return tuple(found)
