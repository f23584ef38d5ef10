"""What falls below zero where the policy forbids it, seen under the lock, with the lines that take it (K7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import StockMove
from sphinx_lib.kernel.errors import StockShort
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.stock.levels import PHYSICAL

Key = tuple[str, str]


def refuse_short(unit: Unit, moves: Sequence[StockMove], physical: Mapping[Key, Decimal]) -> None:
    """Raises StockShort that names every item, what would be left of it, and the document lines that take it.

    ``physical`` is what is there after ``moves``. ``items`` of the error are texts, ``lines`` triples of document id,
    position and item.
    """
    lowered = {(move.item, move.warehouse) for move in moves if move.level == PHYSICAL and move.quantity < 0}
    below = [key for key in sorted(lowered - unit.may_go_below) if physical[key] < 0]
    unit.load_stock(item for item, _ in below)
    default = unit.pack.model.stock.negative_stock
    short = [key for key in below if (unit.policy_of(*key) or default) == "forbid"]
    if not short:
        return
    named = {key: list(_lines(unit, moves, key)) for key in short}
    texts = [_told(unit, key, physical[key], named[key]) for key in short]
    lines = tuple((document_id, position, key[0]) for key in short for document_id, position in named[key])
    raise StockShort("stock would fall below zero: " + ", ".join(texts), items=tuple(texts), lines=lines)


def _lines(unit: Unit, moves: Sequence[StockMove], key: Key) -> Iterator[tuple[str, int]]:
    """The lines of this unit's documents that take of an item in a warehouse; a correction has none."""
    takers = {move.document_id for move in moves if (move.item, move.warehouse) == key and move.quantity < 0}
    for document_id in sorted(one for one in takers if one):
        for line in unit.get(document_id).lines:
            if any(item == key[0] for item, _ in line.goods):
                yield document_id, line.position


def _told(unit: Unit, key: Key, left: Decimal, lines: Sequence[tuple[str, int]]) -> str:
    places: dict[str, list[str]] = {}
    for document_id, position in lines:
        places.setdefault(document_id, []).append(str(position))
    documents = ((unit.get(one), positions) for one, positions in places.items())
    named = [f"{one.type} {one.number or 'draft'} line {', '.join(positions)}" for one, positions in documents]
    return f"{key[0]} in {key[1]}: {plain_number(left)}" + (f" ({'; '.join(named)})" if named else "")
