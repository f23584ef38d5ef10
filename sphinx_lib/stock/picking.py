"""Where goods are picked: lines split over bins and lots, in walking order (§5.1, S40, K10)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sphinx_lib.kernel.document import EMPTY, ZERO, Id, Line, Stowed
from sphinx_lib.kernel.lots import Lot, Place, name_on
from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.money import round_half_up
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS
from sphinx_lib.pack.base import in_language

KIT = "heading"
"""The role of a kit on a list: its components are picked, it counts how many of it they make up."""
_NUMBERS = re.compile(r"([0-9]+)")


def walking_key(name: str) -> tuple[Any, ...]:
    """Sorts names of bins as one walks by them: A-2 before A-10; what has no bin is looked for last."""
    parts = _NUMBERS.split(name.casefold())
    return not name, tuple(int(part) if place % 2 else part for place, part in enumerate(parts))


def first_out(lot: Lot) -> tuple[Any, ...]:
    """The lot that expires first, then the oldest (K10); goods of no lot as one walks by them."""
    since = lot.since if lot.lot else date.max
    return lot.expires or date.max, since, walking_key(lot.bin), walking_key(lot.lot)


def _lies_at(place: Place, known: Mapping[Place, Any]) -> Place:
    """Where goods really lie that a list looks for at ``place``: a lot in no bin is looked for at the item's own."""
    in_no_bin = place._replace(bin="")
    return in_no_bin if place not in known and in_no_bin in known else place


class Shelves:
    """What may still be taken from bins and lots; taking lowers it. Lots that expired before ``today`` stay (K10).

    ``claimed`` is what other lists take, by the place where they look for it.
    """

    def __init__(self, lots: Iterable[Lot], today: date, claimed: Mapping[Place, Decimal]) -> None:
        held = {one.place: one for one in sorted(lots, key=first_out)}
        self._left = {place: one.quantity for place, one in held.items()}
        for place, quantity in claimed.items():
            self._lower(_lies_at(place, held), quantity)
        self._of: dict[tuple[str, str], deque[Lot]] = {}
        for one in held.values():
            if not one.is_expired(today):
                self._of.setdefault((one.item, one.warehouse), deque()).append(one)

    def _lower(self, place: Place, quantity: Decimal) -> None:
        if place in self._left:
            self._left[place] = max(self._left[place] - quantity, ZERO)

    def take(
        self, item: str, warehouse: str, wanted: Decimal, home: str, named: Iterable[Stowed] = ()
    ) -> tuple[Stowed, ...]:
        """``wanted`` stock units over places, those ``named`` beforehand first.

        Goods under no name, and lots in no bin, are looked for at ``home``, the item's own bin.
        """
        taken: dict[tuple[str, str], Stowed] = {}
        for one in named:
            part = min(wanted, one.quantity)
            if part > 0:
                self._lower(Place(item, warehouse, one.lot, one.bin), part)
                _put(taken, one._replace(quantity=part, bin=one.bin or home))
                wanted -= part
        free = self._of.get((item, warehouse), deque())
        while free and not self._left[free[0].place]:
            free.popleft()
        for lot in free:
            if wanted <= 0:
                break
            part = min(wanted, self._left[lot.place])
            if part > 0:
                self._lower(lot.place, part)
                _put(taken, Stowed(part, lot.lot, lot.bin or home, lot.expires))
                wanted -= part
        if wanted > 0 or not taken:
            _put(taken, Stowed(wanted, "", home))
        return tuple(taken.values())


def _put(taken: dict[tuple[str, str], Stowed], rest: Stowed) -> None:
    """Add ``rest``; what comes out of the same bin is one quantity."""
    one = taken.get((rest.lot, rest.bin))
    taken[rest.lot, rest.bin] = rest if one is None else one._replace(quantity=one.quantity + rest.quantity)


# -- lines ---------------------------------------------------------------------------------------------------------------


def is_picked(line: Line) -> bool:
    """Whether something of the line is taken out of stock: not of services, port and what is taken back."""
    return any(quantity > 0 for _, quantity in line.goods)


def walked(
    lines: Iterable[Line], shelves: Shelves, items: Mapping[str, Item], language: str, new_id: Callable[[], Id]
) -> tuple[Line, ...]:
    """The lines of a list in walking order, each at one place; kits come last, after their components.

    A phantom kit is picked by its components (K11), which have it as parent; only the kit's own line counts for what it
    was made from. Lines hold no prices.
    """
    found: list[Line] = []
    kits: list[Line] = []
    for line in filter(is_picked, lines):
        bare = _bare(line)
        if line.parts:
            kits.append(bare._replace(role=KIT, stocked=False))
            components: Iterable[Line] = _components(bare, items, language, new_id)
        else:
            components = [bare]
        for one in components:
            item = one.item or ""
            named = () if line.parts else line.stowed
            stowed = shelves.take(item, one.warehouse, one.stock_quantity, items[item].bin, named)
            found += _split(one, stowed, new_id)
    found.sort(key=_on_the_way)
    return tuple(line._replace(position=place) for place, line in enumerate([*found, *kits], 1))


def _bare(line: Line) -> Line:
    """The line as a list has it: without prices, VAT and costs; its source is its root, for nothing else counts it."""
    return line._replace(
        heading="", list_price=None, discounts=(), unit_price=None, per=Decimal(1), price_quantity=ZERO, net=ZERO, vat="",
        cost=None, manual=False, reason="", role="", parent_id=None, stowed=(), pegs=(), trace=(), custom=EMPTY,
        root_id=line.source_id, root_document=line.source_document,
    )  # fmt: skip


def _components(
    kit: Line, items: Mapping[str, Item], language: str, new_id: Callable[[], Id]
) -> Iterator[Line]:
    for part in kit.parts:
        if part.stocked:
            item = items[part.item]
            quantity = round_half_up(part.quantity * (kit.quantity or ZERO), QUANTITY_DIGITS)
            yield kit._replace(
                id=new_id(), item=item.code, text=in_language(item.name, language), quantity=quantity, unit=item.unit,
                stock_quantity=quantity, stocked=True, weight_kg=item.weight_kg, reference="", parts=(),
                parent_id=kit.id, source_id=None, root_id=None, root_document=None,
            )  # fmt: skip


def _split(line: Line, stowed: Sequence[Stowed], new_id: Callable[[], Id]) -> Iterator[Line]:
    """One line for each place; their quantities add up to the line's."""
    whole, rest = line.quantity or ZERO, line.quantity or ZERO
    for place, one in enumerate(stowed):
        part = round_half_up(whole * one.quantity / line.stock_quantity, QUANTITY_DIGITS)
        quantity = rest if place == len(stowed) - 1 else part
        rest -= quantity
        yield line._replace(
            id=new_id() if place else line.id,
            quantity=quantity,
            stock_quantity=one.quantity,
            stowed=(one,) if one.lot or one.bin else (),
        )


def _on_the_way(line: Line) -> tuple[Any, ...]:
    at = name_on(line)
    return line.warehouse, walking_key(at.bin), line.item or "", walking_key(at.lot), line.position


# -- counting ------------------------------------------------------------------------------------------------------------


def with_kits(lines: Sequence[Line]) -> tuple[Line, ...]:
    """``lines`` with each kit counted by its components: as many whole kits as those that were picked make up (K11)."""
    picked: dict[tuple[Id, str], Decimal] = {}
    for line in lines:
        if line.parent_id and line.item:
            key = (line.parent_id, line.item)
            picked[key] = picked.get(key, ZERO) + line.stock_quantity
    return tuple(_counted(line, picked) if line.role == KIT else line for line in lines)


def _counted(kit: Line, picked: Mapping[tuple[Id, str], Decimal]) -> Line:
    before = kit.quantity or ZERO
    needed = {part.item: part.quantity for part in kit.parts if part.stocked and part.quantity}
    found = {item: picked.get((kit.id, item), ZERO) for item in needed}
    if all(found[item] == round_half_up(each * before, QUANTITY_DIGITS) for item, each in needed.items()):
        return kit
    return kit._replace(quantity=Decimal(min(found[item] // each for item, each in needed.items())))


def recounted(line: Line, quantity: Decimal, factor: Decimal) -> Line:
    """``line`` for another quantity, of which each holds ``factor`` stock units; it stays where it lies."""
    if quantity == line.quantity:
        return line
    stock = round_half_up(quantity * factor, QUANTITY_DIGITS)
    stowed = tuple(one._replace(quantity=stock) for one in line.stowed)
    return line._replace(quantity=quantity, stock_quantity=stock, stowed=stowed)


# -- what was picked -----------------------------------------------------------------------------------------------------


PickKey = tuple[Id, str]
"""A line that was picked of, and the warehouse where."""


class Picked(NamedTuple):
    """What was picked of a line: in its own unit, in stock units, and out of which lots and bins."""

    quantity: Decimal = ZERO
    stock_quantity: Decimal = ZERO
    stowed: tuple[Stowed, ...] = ()


def picked_of(lines: Sequence[Line], lots: Iterable[Lot]) -> dict[PickKey, Picked]:
    """By source line and warehouse what was picked of it there, as far as anything was.

    A lot is taken as it was named, among ``lots`` as they lie now. Of goods without a lot no more is taken from a bin than
    lies there; the rest is what has no name. Of what was picked for a kit no more is taken than its kits hold.
    """
    held = {one.place: one for one in lots}
    left = {place: one.quantity for place, one in held.items()}
    found: dict[PickKey, Picked] = {}
    kits = {line.id: line for line in lines if line.role == KIT and line.quantity}
    needed = {(kit.id, item): quantity for kit in kits.values() for item, quantity in _held_by(kit)}
    for line in lines:
        kit = kits.get(line.parent_id or "")
        source = (kit or line).source_id
        if source is None or not line.quantity:
            continue
        key = (source, line.warehouse)
        so_far = found.get(key, Picked())
        stowed = [] if line.role == KIT else list(_named(line, held, left))
        if kit is not None:
            stowed = list(_at_most(needed, (kit.id, line.item or ""), stowed))
        counts = kit is None
        found[key] = Picked(
            so_far.quantity + (line.quantity if counts else ZERO),
            so_far.stock_quantity + (line.stock_quantity if counts and line.role != KIT else ZERO),
            (*so_far.stowed, *stowed),
        )
    return found


def _held_by(kit: Line) -> Iterator[tuple[str, Decimal]]:
    """What the kits of a line hold of each item, in stock units."""
    return ((part.item, part.quantity * (kit.quantity or ZERO)) for part in kit.parts if part.stocked)


def _at_most(
    needed: dict[tuple[Id, str], Decimal], key: tuple[Id, str], stowed: Iterable[Stowed]
) -> Iterator[Stowed]:
    """``stowed`` as parts of a kit, as far as it needs them."""
    for one in stowed:
        part = min(one.quantity, needed.get(key, ZERO))
        if part > 0:
            needed[key] -= part
            yield one._replace(quantity=part, item=key[1])


def _named(line: Line, held: Mapping[Place, Lot], left: dict[Place, Decimal]) -> Iterator[Stowed]:
    """The goods of a line, named as they really lie."""
    for one in line.stowed:
        place = _lies_at(Place(line.item or "", line.warehouse, one.lot, one.bin), held)
        known = held.get(place)
        quantity = one.quantity if one.lot else min(one.quantity, left.get(place, ZERO))
        if quantity > 0 and (place.lot or place.bin):
            left[place] = left.get(place, ZERO) - quantity
            yield Stowed(quantity, place.lot, place.bin, known.expires if known else one.expires)


def with_lots(line: Line, picked: Picked | None) -> Line:
    """``line`` of a delivery with what was picked for it: its quantity in stock units to the last piece, lots and bins."""
    if picked is None:
        return line
    return line._replace(stock_quantity=picked.stock_quantity or line.stock_quantity, stowed=picked.stowed)
