"""Lots and bins as they were read and as this unit of work leaves them, and who has which serial number (K10, EQ1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection

from sphinx_lib.app.moved import Change, Moved
from sphinx_lib.kernel.document import ZERO, StockMove
from sphinx_lib.kernel.lots import Lot, Place
from sphinx_lib.stock.levels import PHYSICAL
from sphinx_lib.store import equipment as store_equipment
from sphinx_lib.store import stock as store_stock

OfLots = dict[str, dict[Place, Lot]]
"""What lies under each lot or serial number of an item, "" being what has none, by place."""


@dataclass
class Places:
    """What was read of the places of items: ``seen`` by item and lot, ``owners`` of serial numbers."""

    seen: dict[str, OfLots] = field(default_factory=dict)
    owners: dict[tuple[str, str], str] = field(default_factory=dict)

    def load(self, connection: Connection, company: str, items: Iterable[str]) -> None:
        """Read all places of ``items`` that were not read before, in one statement."""
        missing = {item for item in items if item not in self.seen}
        if missing:
            self.seen |= {item: {} for item in missing}
            for lot in store_stock.places_of(connection, company, missing):
                self.seen[lot.item].setdefault(lot.lot, {})[lot.place] = lot

    def load_owners(self, connection: Connection, company: str, serials: Iterable[tuple[str, str]]) -> None:
        """Read who has these (item, serial number), in one statement."""
        missing = {one for one in serials if one not in self.owners}
        if missing:
            self.owners |= dict.fromkeys(missing, "")
            for one in store_equipment.of_serials(connection, company, missing):
                self.owners[one.item, one.serial] = one.owner

    def now(self, items: Collection[str], moved: Moved, today: date) -> dict[tuple[str, str], tuple[Lot, ...]]:
        """By item and warehouse what lies under which name, with the moves of this unit of work.

        A lot has one expiry, wherever it lies.
        """
        read = (of_lot for item in items for of_lot in self.seen.get(item, {}).values())
        return _as_moved(read, moved.of_items(items), today)

    def of_lot(self, item: str, lot: str, moved: Moved, today: date) -> list[Lot]:
        """Where one lot or serial number of an item lies, with the moves of this unit of work."""
        found = _as_moved([self.seen.get(item, {}).get(lot, {})], moved.of_lot(item, lot), today)
        return [one for lots in found.values() for one in lots]

    def was_enough(self, key: Place, moved: Decimal) -> bool:
        """Whether what was read of a place held enough for a move (signed) that now takes more than there is."""
        lot = self.seen.get(key.item, {}).get(key.lot, {}).get(key)
        return lot is not None and lot.quantity + moved >= 0

    def clear(self) -> None:
        """Forget everything: it is read again when it is needed."""
        self.seen.clear()
        self.owners.clear()


def _as_moved(
    read: Iterable[Mapping[Place, Lot]], changes: Iterator[Change], today: date
) -> dict[tuple[str, str], tuple[Lot, ...]]:
    """What was read with ``changes``, by item and warehouse; nothing of what is used up."""
    found = {key: lot for of_lot in read for key, lot in of_lot.items()}
    for where, quantity in changes:
        if where.level == PHYSICAL:
            key = Place(where.item, where.warehouse, where.lot, where.bin)
            _add(found, key, quantity, where.expires, where.date if isinstance(where, StockMove) else today)
    return _by_stock(found)


def _by_stock(found: Mapping[Place, Lot]) -> dict[tuple[str, str], tuple[Lot, ...]]:
    days = {(lot.item, lot.lot): lot.expires for lot in found.values() if lot.lot and lot.expires}
    by_stock: dict[tuple[str, str], list[Lot]] = {}
    for _, lot in sorted(found.items(), key=lambda pair: pair[0]):
        if lot.quantity > 0:
            known = lot if lot.expires else lot._replace(expires=days.get((lot.item, lot.lot)))
            by_stock.setdefault((lot.item, lot.warehouse), []).append(known)
    return {key: tuple(lots) for key, lots in by_stock.items()}


def _add(found: dict[Place, Lot], key: Place, quantity: Decimal, expires: date | None, day: date) -> None:
    if not key.lot and not key.bin:
        return
    lot = found.get(key) or Lot(*key, ZERO, None, day)
    named = expires if quantity > 0 else None  # what goes out says nothing of what stays
    found[key] = lot._replace(quantity=lot.quantity + quantity, expires=named or lot.expires)
