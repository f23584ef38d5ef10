"""Lots and bins as they were read and as this unit of work leaves them, and who has which serial number (K10, EQ1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection

from sphinx_lib.kernel.document import ZERO, Id, StockMove
from sphinx_lib.kernel.lots import Lot, Place
from sphinx_lib.stock.levels import PHYSICAL, Held
from sphinx_lib.store import equipment as store_equipment
from sphinx_lib.store import stock as store_stock

Moves = Mapping[tuple[Id, Held], Decimal]


@dataclass
class Places:
    """What was read of the places of items: ``seen`` by item, ``owners`` of serial numbers."""

    seen: dict[str, dict[Place, Lot]] = field(default_factory=dict)
    owners: dict[tuple[str, str], str] = field(default_factory=dict)

    def load(self, connection: Connection, company: str, items: Iterable[str]) -> None:
        """Read all places of ``items`` that were not read before, in one statement."""
        missing = set(items) - self.seen.keys()
        if missing:
            self.seen |= {item: {} for item in missing}
            for lot in store_stock.places_of(connection, company, missing):
                self.seen[lot.item][lot.place] = lot

    def load_owners(self, connection: Connection, company: str, serials: Iterable[tuple[str, str]]) -> None:
        """Read who has these (item, serial number), in one statement."""
        missing = set(serials) - self.owners.keys()
        if missing:
            self.owners |= dict.fromkeys(missing, "")
            for one in store_equipment.of_serials(connection, company, missing):
                self.owners[one.item, one.serial] = one.owner

    def now(
        self, items: Collection[str], moves: Moves, adjustments: Iterable[StockMove], today: date
    ) -> dict[tuple[str, str], tuple[Lot, ...]]:
        """By item and warehouse what lies under which name, with the moves of this unit of work.

        A lot has one expiry, wherever it lies.
        """
        found = {key: lot for item in items for key, lot in self.seen.get(item, {}).items()}
        for (_, held), quantity in moves.items():
            if held.level == PHYSICAL and held.item in items:
                _add(found, Place(held.item, held.warehouse, held.lot, held.bin), quantity, held.expires, today)
        for move in adjustments:
            if move.level == PHYSICAL and move.item in items:
                _add(found, Place(move.item, move.warehouse, move.lot, move.bin), move.quantity, move.expires, move.date)
        days = {(lot.item, lot.lot): lot.expires for lot in found.values() if lot.lot and lot.expires}
        by_stock: dict[tuple[str, str], list[Lot]] = {}
        for _, lot in sorted(found.items(), key=lambda pair: pair[0]):
            if lot.quantity > 0:
                known = lot if lot.expires else lot._replace(expires=days.get((lot.item, lot.lot)))
                by_stock.setdefault((lot.item, lot.warehouse), []).append(known)
        return {key: tuple(lots) for key, lots in by_stock.items()}

    def was_enough(self, key: Place, moved: Decimal) -> bool:
        """Whether what was read of a place held enough for a move (signed) that now takes more than there is."""
        lot = self.seen.get(key.item, {}).get(key)
        return lot is not None and lot.quantity + moved >= 0

    def clear(self) -> None:
        """Forget everything: it is read again when it is needed."""
        self.seen.clear()
        self.owners.clear()


def _add(found: dict[Place, Lot], key: Place, quantity: Decimal, expires: date | None, day: date) -> None:
    if not key.lot and not key.bin:
        return
    lot = found.get(key) or Lot(*key, ZERO, None, day)
    named = expires if quantity > 0 else None  # what goes out says nothing of what stays
    found[key] = lot._replace(quantity=lot.quantity + quantity, expires=named or lot.expires)
