"""What falls below zero where the policy forbids it, seen under the lock, with the lines that take it (K7)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import Id, StockMove
from sphinx_lib.kernel.errors import StockShort
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.stock.levels import PHYSICAL

Key = tuple[str, str]


def refuse_short(
    unit: Unit, moves: Sequence[StockMove], physical: Mapping[Key, Decimal], meanwhile: Collection[Key] = ()
) -> None:
    """Raises StockShort that names every item, what would be left of it, and the document lines that take it.

    ``physical`` is what is there after ``moves``, ``meanwhile`` names what others moved since it was read. ``items`` of
    the error are texts, ``lines`` triples of document id, position and item; ``meanwhile`` says that others were faster,
    so that ``Sphinx.do`` asks again.
    """
    lowered = {(move.item, move.warehouse) for move in moves if move.level == PHYSICAL and move.quantity < 0}
    below = [key for key in sorted(lowered - unit.may_go_below) if physical[key] < 0]
    unit.load_stock(item for item, _ in below)
    default = unit.pack.model.stock.negative_stock
    short = [key for key in below if (unit.policy_of(*key) or default) == "forbid"]
    if not short:
        return
    named = _lines(unit, moves, short)
    texts = [_told(unit, key, physical[key], named[key]) for key in short]
    lines = tuple((document_id, position, key[0]) for key in short for document_id, position in named[key])
    raise StockShort(
        "stock would fall below zero: " + ", ".join(texts),
        items=tuple(texts), lines=lines, meanwhile=not set(short).isdisjoint(meanwhile),
    )  # fmt: skip


def _lines(unit: Unit, moves: Sequence[StockMove], short: Sequence[Key]) -> dict[Key, list[tuple[Id, int]]]:
    """By item and warehouse the lines of this unit's documents that take of it; a correction has none."""
    named: dict[Key, list[tuple[Id, int]]] = {key: [] for key in short}
    takers: dict[Id, set[Key]] = {}
    for move in moves:
        key = (move.item, move.warehouse)
        if key in named and move.quantity < 0 and move.document_id:
            takers.setdefault(move.document_id, set()).add(key)
    for document_id, taken in sorted(takers.items()):
        of_item: dict[str, list[int]] = {}
        for line in unit.get(document_id).lines:
            for item in dict.fromkeys(item for item, _ in line.goods):
                of_item.setdefault(item, []).append(line.position)
        for key in taken:
            named[key] += [(document_id, position) for position in of_item.get(key[0], ())]
    return named


def _told(unit: Unit, key: Key, left: Decimal, lines: Sequence[tuple[str, int]]) -> str:
    places: dict[str, list[str]] = {}
    for document_id, position in lines:
        places.setdefault(document_id, []).append(str(position))
    documents = ((unit.get(one), positions) for one, positions in places.items())
    named = [f"{one.type} {one.number or 'draft'} line {', '.join(positions)}" for one, positions in documents]
    return f"{key[0]} in {key[1]}: {plain_number(left)}" + (f" ({'; '.join(named)})" if named else "")
