"""What lots, serial numbers and bins hold after a write, seen under the lock (K1, K10)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, StockMove
from sphinx_lib.kernel.errors import ConcurrentChange, StockShort
from sphinx_lib.kernel.lots import Place
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.stock.levels import PHYSICAL
from sphinx_lib.store import stock as store_stock


def refuse_lots(unit: Unit, moves: Sequence[StockMove], places: Mapping[Place, Decimal]) -> None:
    """Raises StockShort when a lot or bin would hold less than nothing, or a serial number would be in stock twice.

    Where the lot held enough when it was read, somebody else took it meanwhile: that is a ConcurrentChange, after which
    ``Sphinx.do`` does the unit again and another lot is chosen.
    """
    below = {key for key, physical in places.items() if physical < 0}
    moved = _moved(moves, below)
    lost = [key for key in sorted(below) if unit.places.was_enough(key, moved[key])]
    if lost and len(lost) == len(below):
        names = ", ".join(_name(key) for key in lost)
        raise ConcurrentChange(f"somebody else took from {names} meanwhile; do it again", places=tuple(lost))
    short = [
        f"{_name(key)}: {plain_number(physical)}"
        for key, physical in sorted(places.items(), key=lambda pair: pair[0])
        if physical < 0
    ]
    if short:
        raise StockShort("more is taken than there is of " + ", ".join(short), places=tuple(short))
    entered = {(move.item, move.lot) for move in moves if move.lot and move.quantity > 0}
    if not entered:
        return
    unit.load_items({item for item, _ in entered})
    serials = {(item, lot) for item, lot in entered if unit.items[item].tracking == "serial"}
    found = store_stock.held_of_lots(unit.connection, unit.company, serials) if serials else {}
    twice = [f"{lot} of {item}" for (item, lot), physical in sorted(found.items()) if physical > 1]
    if twice:
        raise StockShort("already in stock: serial number " + ", ".join(twice), serials=tuple(twice))


def _moved(moves: Sequence[StockMove], keys: Collection[Place]) -> dict[Place, Decimal]:
    found = dict.fromkeys(keys, ZERO)
    for move in moves if found else ():
        key = Place(move.item, move.warehouse, move.lot, move.bin)
        if key in found and move.level == PHYSICAL:
            found[key] += move.quantity
    return found


def _name(key: Place) -> str:
    parts = [f"lot {key.lot} of {key.item}" if key.lot else key.item, f"in {key.warehouse}"]
    return " ".join([*parts, f"bin {key.bin}"] if key.bin else parts)
