"""What the stock of an item is worth: its quantity and value, and the receipts that it consists of (V1-V4)."""

from __future__ import annotations

from datetime import date
from decimal import Context, Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.money import EXACT, round_half_up

QUOTIENT_DIGITS = 12
SHOWN_DIGITS = 4
COST_DIGITS = 6
"""The decimals of a cost per unit as it is stored."""
_WIDE = Context(prec=80)


class Layer(NamedTuple):
    """What is left of one receipt, for ``fifo``; ``source`` is the document that brought it."""

    day: date
    source: str
    quantity: Decimal
    value: Decimal


class Worth(NamedTuple):
    """The quantity of an item, what it is worth, what one unit cost when it last moved and when it was last bought.

    ``layers`` are the receipts it consists of, oldest first; only ``fifo`` keeps them. Without ``last_cost`` nobody
    knows what the item costs.
    """

    quantity: Decimal = ZERO
    value: Decimal = ZERO
    last_cost: Decimal | None = None
    last_price: Decimal | None = None
    layers: tuple[Layer, ...] = ()

    @property
    def average(self) -> Decimal | None:
        """Value of one unit: of what is there, where it is worth something, else what it last cost; none if unknown."""
        return average_of(self.quantity, self.value, self.last_cost)


def average_of(quantity: Decimal, value: Decimal, last_cost: Decimal | None) -> Decimal | None:
    """What one unit is worth (V1): of a quantity that is there and worth something its share, else the last cost."""
    return quotient(value, quantity) if quantity > 0 and value else last_cost


def quotient(value: Decimal, quantity: Decimal) -> Decimal:
    """What one of ``quantity`` costs, with digits enough for every further use (V1)."""
    return round_half_up(_WIDE.divide(value, quantity), QUOTIENT_DIGITS)


def share(value: Decimal, part: Decimal, whole: Decimal, digits: int) -> Decimal:
    """``value`` × ``part`` / ``whole``, rounded once (V2)."""
    return round_half_up(_WIDE.divide(EXACT.multiply(value, part), whole), digits)
