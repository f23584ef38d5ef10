"""What lies under a name in stock: a lot or serial number, a bin, or both (K1, K10)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO, Line, Stowed


class Place(NamedTuple):
    """What goods are found by: a lot (or serial number) of an item in a bin of a warehouse. Either name may be empty; where
    both are, it is what has no name."""

    item: str
    warehouse: str
    lot: str
    bin: str


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

    @property
    def place(self) -> Place:
        """Where it lies, and under which name."""
        return Place(self.item, self.warehouse, self.lot, self.bin)

    def is_expired(self, day: date) -> bool:
        """Whether it may not be used any more on ``day``."""
        return self.expires is not None and self.expires < day


def name_on(line: Line) -> Stowed:
    """The name under which the goods of a line lie that has one at most; an empty one where it has none."""
    return line.stowed[0] if line.stowed else Stowed(line.stock_quantity)


def place_of(line: Line) -> Place:
    """The one place of the goods of a line that names one at most."""
    name = name_on(line)
    return Place(line.item or "", line.warehouse, name.lot, name.bin)


def expiries(stock: Iterable[Iterable[Lot]]) -> dict[tuple[str, str], date]:
    """The last day of each lot, by item and name, of those for which one is known."""
    found: dict[tuple[str, str], date] = {}
    for lot in (lot for lots in stock for lot in lots):
        if lot.lot and lot.expires:
            found.setdefault((lot.item, lot.lot), lot.expires)
    return found


def name_of(one: Stowed) -> tuple[str, str, str]:
    """What goods are told apart by: the lot or serial number, else the bin that they come out of, and the item of a kit."""
    return one.item, one.lot, "" if one.lot else one.bin


def sums_by_name(lines: Iterable[Line]) -> dict[tuple[str, str, str], Decimal]:
    """The named goods of lines, in stock units, summed by ``name_of``."""
    found: dict[tuple[str, str, str], Decimal] = {}
    for one in (one for line in lines for one in line.stowed):
        found[name_of(one)] = found.get(name_of(one), ZERO) + one.quantity
    return found
