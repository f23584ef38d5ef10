"""Stock counts: the book quantity of each line is frozen, and the difference is moved when the count is posted (V6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from decimal import Decimal
from typing import Any

from sphinx_lib.kernel.document import ZERO, Line
from sphinx_lib.kernel.errors import Refusal
from sphinx_lib.kernel.lots import Lot, Place, name_on, place_of
from sphinx_lib.pack.specs import EffectSpec, GuardSpec, NoParameters, Op, SetLines, Situation

BOOK = "book"
FREEZE_BOOK = "freeze_book"


def freeze_book(situation: Situation, parameters: NoParameters) -> Iterable[Op]:
    """Write into the line field ``book`` what the books say now of the place that each line counts, where it is not yet
    written; a lot that lies in one bin is counted there."""
    lines = tuple(_placed(situation, line) if _is_open(line) else line for line in situation.document.lines)
    named: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for line in lines:
        name = name_on(line)
        if name.lot or name.bin:
            named.setdefault((line.item or "", line.warehouse), set()).add((name.lot, name.bin))
    frozen = tuple(
        line._replace(custom={**line.custom, BOOK: book_of(situation, named, line)}) if _is_open(line) else line
        for line in lines
    )
    if frozen != situation.document.lines:
        yield SetLines(frozen)


def _is_open(line: Line) -> bool:
    return line.quantity is not None and line.stocked and line.custom.get(BOOK) is None


def book_of(situation: Situation, named: Mapping[tuple[str, str], Set[tuple[str, str]]], line: Line) -> Decimal:
    """What the books say of the place of ``line``, in the stock unit.

    Without a name it is what no lot has of a tracked item, and of another one what no line names; ``named`` holds the lots
    and bins that lines name, by item and warehouse.
    """
    key = (line.item or "", line.warehouse)
    lots = situation.lots.get(key, ())
    name = name_on(line)
    if name.lot or name.bin:
        return sum((lot.quantity for lot in lots if (lot.lot, lot.bin) == (name.lot, name.bin)), ZERO)
    if situation.items[key[0]].tracking != "none":
        elsewhere = sum((lot.quantity for lot in lots if lot.lot), ZERO)
    else:
        elsewhere = sum((lot.quantity for lot in lots if (lot.lot, lot.bin) in named.get(key, ())), ZERO)
    return situation.physical.get(key, ZERO) - elsewhere


def _placed(situation: Situation, line: Line) -> Line:
    """``line`` with the bin of its lot where it lies in one, and with what is known of its expiry."""
    name = name_on(line)
    found = _bins(situation, line)
    if not name.lot or name.bin or len(found) != 1:
        return line
    (lot,) = found
    return line._replace(stowed=(name._replace(bin=lot.bin, expires=name.expires or lot.expires),))


def _bins(situation: Situation, line: Line) -> list[Lot]:
    lots = situation.lots.get((line.item or "", line.warehouse), ())
    return [lot for lot in lots if lot.lot == name_on(line).lot]


def count_lines(situation: Situation, parameters: NoParameters) -> Iterator[Refusal]:
    """Refuse, line by line, quantities below zero, several names on one line, a lot in several bins of which none is named,
    and a place that another line or an open count counts already.

    Each count moves its difference to the book that it froze, so that two open ones would correct the same loss twice (V6).
    The second is refused rather than set off against the first: which of two people counted well, nobody can reckon.
    """
    seen: dict[Place, int] = {}
    for line in situation.document.lines:
        if line.quantity is None:
            continue
        if line.quantity < 0:
            yield _refusal(situation, line, "count_negative")
        if len(line.stowed) > 1:
            yield _refusal(situation, line, "count_several")
            continue
        place = place_of(_placed(situation, line))
        bins = _bins(situation, line)
        if place.lot and not place.bin and len(bins) > 1:
            places = ", ".join(lot.bin or "-" for lot in bins)
            yield _refusal(situation, line, "count_bins", lot=place.lot, bins=places)
        if (first := seen.setdefault(place, line.position)) != line.position:
            yield _refusal(situation, line, "count_twice", first=first)
        for one in situation.frozen().get((place.item, place.warehouse), ()):
            if one.place.lot == place.lot and (one.place.bin == place.bin or not (one.place.bin and place.bin)):
                yield _refusal(situation, line, "count_open", count=one.by, item=place.item, warehouse=place.warehouse)
                break


def _refusal(situation: Situation, line: Line, label: str, **shown: Any) -> Refusal:
    text = situation.pack.label(label, situation.document.language).format(**shown)
    return Refusal("count_lines", facts={"line": line.position, "item": line.item or "", "problem": text})


GUARDS = (
    GuardSpec(
        "count_lines", count_lines, needs=frozenset({"items", "places", "counts"}), facts=("line", "problem", "item"),
    ),
)  # fmt: skip
EFFECTS = (EffectSpec(FREEZE_BOOK, freeze_book, needs=frozenset({"items", "places", "stock"})),)
