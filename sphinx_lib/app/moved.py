"""What a unit of work moves in stock, by item and lot: rules about one item look at its own moves, not at all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from sphinx_lib.kernel.document import ZERO, StockMove
from sphinx_lib.stock.levels import Held

Change = tuple[Held | StockMove, Decimal]


@dataclass
class _OfLot:
    by_documents: dict[Held, Decimal] = field(default_factory=dict)
    adjusted: list[StockMove] = field(default_factory=list)

    def changes(self) -> Iterator[Change]:
        yield from self.by_documents.items()
        yield from ((move, move.quantity) for move in self.adjusted)


@dataclass
class Moved:
    """The moves of all documents, summed by what they move, and those that no document causes."""

    _items: dict[str, dict[str, _OfLot]] = field(default_factory=dict)

    def add(self, held: Held, quantity: Decimal) -> None:
        """Note what a document moves; a negative quantity takes it back."""
        sums = self._of(held.item, held.lot).by_documents
        sums[held] = sums.get(held, ZERO) + quantity

    def adjust(self, move: StockMove) -> None:
        """Note a move that no document causes."""
        self._of(move.item, move.lot).adjusted.append(move)

    def take_back(self, move: StockMove) -> None:
        """Forget the move that was noted last for its item and lot."""
        self._of(move.item, move.lot).adjusted.pop()

    def of_items(self, items: Iterable[str]) -> Iterator[Change]:
        """What is moved of ``items``, documents first: where and how much (signed)."""
        for item in items:
            for of_lot in self._items.get(item, {}).values():
                yield from of_lot.changes()

    def of_lot(self, item: str, lot: str) -> Iterator[Change]:
        """What is moved of one lot or serial number, documents first."""
        found = self._items.get(item, {}).get(lot)
        return iter(()) if found is None else found.changes()

    def clear(self) -> None:
        """Forget everything: it is written."""
        self._items.clear()

    def _of(self, item: str, lot: str) -> _OfLot:
        return self._items.setdefault(item, {}).setdefault(lot, _OfLot())
