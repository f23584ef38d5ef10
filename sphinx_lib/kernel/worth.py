"""What the stock of an item is worth: its quantity and value, and the receipts that it consists of (V1-V4)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.money import round_half_up

QUOTIENT_DIGITS = 12


class Layer(NamedTuple):
    """What is left of one receipt, for ``fifo``; ``source`` is the document that brought it."""

    day: date
    source: str
    quantity: Decimal
    value: Decimal


class Worth(NamedTuple):
    """The quantity of an item, what it is worth, what one unit cost when it last moved and when it was last bought.

    ``layers`` are the receipts it consists of, oldest first; only ``fifo`` keeps them.
    """

    quantity: Decimal = ZERO
    value: Decimal = ZERO
    last_cost: Decimal | None = None
    last_price: Decimal | None = None
    layers: tuple[Layer, ...] = ()

    @property
    def average(self) -> Decimal | None:
        """Value of one unit: of what is there, else what it last cost; none where nobody knows."""
        if self.quantity > 0 and (self.value or self.last_cost is None):
            return quotient(self.value, self.quantity) if self.value else None
        return self.last_cost


def quotient(value: Decimal, quantity: Decimal) -> Decimal:
    """What one of ``quantity`` costs, with digits enough for every further use (V1)."""
    return round_half_up(value / quantity, QUOTIENT_DIGITS)
