"""Which lots and serial numbers go out, first expired first out, expired ones never (K10), and out of which bins (S40)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from sphinx_lib.kernel.document import ZERO, Document, Id, Line, Stowed
from sphinx_lib.kernel.lots import Lot, Place, expiries
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.specs import Situation
from sphinx_lib.stock.levels import PHYSICAL, Held, held, moves_between
from sphinx_lib.stock.picking import Shelves, first_out

Left = dict[Lot, Decimal]
"""How much of each lot nobody has taken yet."""


def chosen(left: Left, wanted: Stowed, day: date, *, whole: bool = False) -> Iterator[Stowed]:
    """``wanted`` with names from ``left``, which is lowered by it; less where there is less.

    The lot and the bin that ``wanted`` names narrow the choice; what is chosen freely has not expired on ``day``. With
    ``whole``, as serial numbers need it, only whole stock units are taken.
    """
    rest = wanted.quantity.to_integral_value(ROUND_FLOOR) if whole else wanted.quantity
    for lot in sorted(left, key=first_out):
        if rest <= 0:
            return
        if wanted.lot not in ("", lot.lot) or wanted.bin not in ("", lot.bin) or not lot.lot:
            continue
        if not wanted.lot and lot.is_expired(day):
            continue
        taken = min(rest, left[lot])
        if taken > 0:
            left[lot] -= taken
            rest -= taken
            yield Stowed(taken, lot.lot, lot.bin, lot.expires or wanted.expires)


class OneItem:
    """The lots and serial numbers of an item in a warehouse, sorted once for all the lines that take of it."""

    def __init__(self, lots: Iterable[Lot], day: date) -> None:
        ordered = sorted((lot for lot in lots if lot.lot), key=first_out)
        self._day = day
        self._left: Left = {lot: lot.quantity for lot in ordered}
        self._of_lot: dict[str, list[Lot]] = {}
        self._free: dict[str, deque[Lot]] = {"": deque()}
        for lot in ordered:
            self._of_lot.setdefault(lot.lot, []).append(lot)
            if not lot.is_expired(day):
                for shelf in {"", lot.bin}:
                    self._free.setdefault(shelf, deque()).append(lot)

    def take(self, wanted: Stowed, *, whole: bool = False) -> list[Stowed]:
        """What ``chosen`` gives of what is left, which is lowered by it."""
        some = {lot: self._left[lot] for lot in self._candidates(wanted)}
        found = list(chosen(some, wanted, self._day, whole=whole))
        self._left |= some
        return found

    def _candidates(self, wanted: Stowed) -> Iterator[Lot]:
        """The lots of the name that is wanted, else as many free ones, first out first, as suffice."""
        if wanted.lot:
            yield from self._of_lot.get(wanted.lot, ())
            return
        free = self._free.get(wanted.bin, deque())
        while free and not self._left[free[0]]:
            free.popleft()
        rest = wanted.quantity
        for lot in free:
            if rest <= 0:
                return
            yield lot
            rest -= self._left[lot]


def with_lots(situation: Situation, target: str) -> tuple[Line, ...]:
    """The lines of a document that is about to enter ``target`` with names for all goods of tracked items that go out, and
    with the bins of other goods that go out and name none.

    What somebody named is taken first and learns its bin; the rest is chosen, line by line. What cannot be named stays
    without a name, for the guard to refuse. Types that say ``lots: given`` choose nothing. What comes in under the name of a
    lot that is in stock has its expiry, where none is given.
    """
    document = _dated(situation, target)
    if situation.type.lots == "given":
        return document.lines
    situation = replace(situation, document=document)
    tracked = [line for line in document.lines if is_tracked(situation, line)]
    named = _with_names(situation, tracked, target)
    if situation.type.says(document.state, "editable"):
        named |= _with_bins(situation, [line for line in document.lines if not is_tracked(situation, line)], target)
    return tuple(named.get(line.id, line) for line in document.lines)


def _with_names(situation: Situation, tracked: Sequence[Line], target: str) -> dict[Id, Line]:
    """Tracked goods that go out under their lots and serial numbers."""
    outgoing = [line for line in tracked if goes_out(situation.document, line, target, situation.pack)]
    keys = {(line.item or "", line.warehouse) for line in outgoing}
    shelves = {key: OneItem(situation.lots.get(key, ()), situation.document.date) for key in keys}
    named = {line.id: list(_named(line, shelves[line.item or "", line.warehouse])) for line in outgoing}
    return {
        line.id: line._replace(stowed=(*named[line.id], *_rest(line, shelves[line.item or "", line.warehouse], situation)))
        for line in outgoing
    }


def _with_bins(situation: Situation, others: Sequence[Line], target: str) -> dict[Id, Line]:
    """Goods without lots that name no bin, out of those where they lie, as one walks by them; what lies in none goes last.

    Of a phantom kit each component comes out of its own bins (K11).
    """
    lying = [line for line in others if any((item, line.warehouse) in situation.lots for item, _ in line.goods)]
    outgoing = [line for line in lying if goes_out(situation.document, line, target, situation.pack)]
    if not outgoing:
        return {}
    claimed: dict[Place, Decimal] = {}
    for line in outgoing:
        for one in line.stowed:
            place = Place(one.item or line.item or "", line.warehouse, "", one.bin)
            claimed[place] = claimed.get(place, ZERO) + one.quantity
    shelves = Shelves((lot for lots in situation.lots.values() for lot in lots if not lot.lot), situation.today, claimed)
    return {
        line.id: line._replace(stowed=tuple(
            one._replace(item=item if line.parts else "")
            for item, quantity in line.goods
            for one in shelves.take(item, line.warehouse, quantity, "")
            if one.bin
        ))
        for line in outgoing
        if not line.stowed and not _was_picked(situation, line)
    }  # fmt: skip


def _was_picked(situation: Situation, line: Line) -> bool:
    """Whether more of the line, or of what it was made from, was picked than is delivered: who picked it knew from where."""
    source = situation.sources.get(line.source_id or "")
    delivered = situation.type.fulfils or ""
    lists = {one.fulfils for one in situation.pack.types.values() if one.picks and one.fulfils}
    return any(line.done(name) or (source and source.done(name) > source.done(delivered)) for name in lists)


def _dated(situation: Situation, target: str) -> Document:
    """The document with the known expiry of the lots that come in without one, while it may be edited."""
    document = situation.document
    known = expiries(situation.lots.values()) if situation.type.says(document.state, "editable") else {}
    lines = list(document.lines)
    for at, line in enumerate(lines):
        named = tuple(one._replace(expires=one.expires or known.get((line.item or "", one.lot))) for one in line.stowed)
        if named == line.stowed or not is_tracked(situation, line):
            continue
        if sum(moves_of(document, [line], target, situation.pack).values(), ZERO) > 0:
            lines[at] = line._replace(stowed=named)
    return document if tuple(lines) == document.lines else document.changed(lines=tuple(lines))


def _named(line: Line, left: OneItem) -> Iterator[Stowed]:
    """The goods whose lot was named, each in the bins where that lot lies."""
    for one in line.stowed:
        if one.lot:
            found = left.take(one)
            yield from found
            missing = one.quantity - sum((part.quantity for part in found), ZERO)
            if missing > 0:
                yield one._replace(quantity=missing)


def _rest(line: Line, left: OneItem, situation: Situation) -> Iterator[Stowed]:
    """Names for the goods that have no lot yet, from the bin that was named where there is one."""
    serial = situation.items[line.item or ""].tracking == "serial"
    for one in (*(one for one in line.stowed if not one.lot), Stowed(unnamed(line) - _in_bins(line))):
        if one.quantity > 0:
            found = left.take(one, whole=serial)
            yield from found
            missing = one.quantity - sum((part.quantity for part in found), ZERO)
            if missing > 0 and one.bin:
                yield one._replace(quantity=missing)


def _in_bins(line: Line) -> Decimal:
    return sum((one.quantity for one in line.stowed if not one.lot), ZERO)


def unnamed(line: Line) -> Decimal:
    """How much of the line's goods has no lot, in the stock unit."""
    return abs(line.stock_quantity) - sum((one.quantity for one in line.stowed if one.lot), ZERO)


def is_tracked(situation: Situation, line: Line) -> bool:
    """Whether the line moves an item that is tracked by lot or serial number."""
    item = situation.items.get(line.item or "")
    return item is not None and item.tracking != "none" and line.stocked and line.counts


def moves_of(document: Document, lines: Iterable[Line], target: str, pack: Pack) -> Mapping[Held, Decimal]:
    """The physical moves that some lines of ``document`` make when it enters ``target``."""
    before = document.changed(lines=tuple(lines))
    moves = moves_between(held(before, pack), held(before.changed(state=target), pack))
    return {key: quantity for key, quantity in moves.items() if key.level == PHYSICAL}


def goes_out(document: Document, line: Line, target: str, pack: Pack) -> bool:
    """Whether the line's goods leave its own warehouse when the document enters ``target``."""
    moves = moves_of(document, [line], target, pack)
    return sum((quantity for key, quantity in moves.items() if key.warehouse == line.warehouse), ZERO) < 0
