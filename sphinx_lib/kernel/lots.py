"""What lies under a name in stock: a lot or serial number, a bin, or both (K1, K10)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple


class Lot(NamedTuple):
    """A quantity of an item that has a name in a warehouse, in the stock unit.

    ``lot`` or ``bin`` may be empty, not both. ``expires`` is the last day on which it may be used; ``since`` the day when it
    first came in.
    """

    item: str
    warehouse: str
    lot: str
    bin: str
    quantity: Decimal
    expires: date | None
    since: date

    def is_expired(self, day: date) -> bool:
        """Whether it may not be used any more on ``day``."""
        return self.expires is not None and self.expires < day
