"""Lots, serial numbers and bins as a caller writes them on a line, and the line's goods under these names (K1, K10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sphinx_lib.app.inputs import LotRow
from sphinx_lib.kernel.document import ZERO, Line, Stowed
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.money import plain_number, round_half_up
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS

STOW_KEYS = frozenset({"lot", "serial", "lots", "expires", "bin"})
ONE = Decimal(1)


class Named(NamedTuple):
    """A part of a line under a name as given: ``quantity`` in the line's unit, none for all of the line.

    A ``serial`` number is given as such, so that it counts for one stock unit.
    """

    lot: str = ""
    quantity: Decimal | None = None
    expires: date | None = None
    bin: str = ""
    serial: bool = False


def read_names(given: Mapping[str, Any], where: str, problems: list[str]) -> tuple[Named, ...] | None:
    """What the keys ``lot``, ``serial``, ``lots``, ``expires`` and ``bin`` of a line say; none when it has none of them.

    They are in their types. What does not go together is added to ``problems``. Keys that hold nothing take the names away.
    """
    if not given.keys() & STOW_KEYS:
        return None
    said = [key for key in ("lot", "serial", "lots") if given.get(key)]
    if len(said) > 1:
        problems.append(f"{where}: {' and '.join(said)} say the same twice; keep one")
        return None
    if said == ["lots"]:
        beside = sorted(key for key in ("expires", "bin") if given.get(key))
        if beside:
            problems.append(f"{where}: write {' and '.join(beside)} in each row of lots")
        return tuple(_row(row, f"{where}: lots.{number}", problems) for number, row in enumerate(given["lots"], 1))
    place, expires = given.get("bin") or "", given.get("expires")
    if said == ["serial"]:
        return tuple(Named(number, ONE, expires, place, True) for number in given["serial"])
    lot = given.get("lot") or ""
    if expires and not lot:
        problems.append(f"{where}: expires says nothing without a lot; give the lot too")
    return (Named(lot, None, expires, place),) if lot or place else ()


def _row(row: LotRow, where: str, problems: list[str]) -> Named:
    quantity = ONE if row.serial and row.quantity is None else row.quantity
    if quantity is None:
        problems.append(f"{where}: quantity: it is missing")
    return Named(row.serial or row.lot or "", quantity, row.expires, row.bin or "", row.serial is not None)


# -- the line's goods under these names ----------------------------------------------------------------------------------


def stowed_of(line: Line, item: Item | None, names: Sequence[Named] | None, was: Line | None) -> tuple[Stowed, ...]:
    """The names of a line's goods, in the stock unit: those given, else those that it had, as far as they still hold.

    Raises InputError with everything that does not go together with the item and the quantity of the line.
    """
    if names is None:
        return _kept(line, was, item)
    if not names:
        return ()
    if item is None or not line.stocked:
        raise InputError(["only goods with stock of their own have a lot, a serial number or a bin; take it out"])
    problems = list(_unfit(item, names))
    whole = abs(line.stock_quantity)
    found = [Stowed(_in_stock(one, line, whole), one.lot, one.bin, one.expires) for one in names]
    total = sum((one.quantity for one in found), ZERO)
    if abs(total - whole) <= Decimal(1).scaleb(-QUANTITY_DIGITS) * len(found):  # thirds of a box
        found[-1] = found[-1]._replace(quantity=found[-1].quantity + whole - total)
    elif all(one.serial for one in names):
        problems.append(f"{len(names)} serial numbers for a quantity of {plain_number(whole)}")
    else:
        problems.append(f"its lots add up to {plain_number(total)}, not to its {plain_number(whole)} {item.unit}")
    problems += _not_one_each(item, found, whole)
    if problems:
        raise InputError(problems)
    return tuple(found)


def _in_stock(one: Named, line: Line, whole: Decimal) -> Decimal:
    """A quantity in the line's unit as stock units; serial numbers count themselves."""
    if one.serial:
        return min(ONE, whole) if not whole else ONE
    if one.quantity is None:
        return whole
    per_unit = line.stock_quantity / line.quantity if line.quantity else ONE
    return round_half_up(one.quantity * per_unit, QUANTITY_DIGITS)


def _unfit(item: Item, names: Sequence[Named]) -> Iterator[str]:
    lots = [one for one in names if one.lot]
    if lots and item.tracking == "none":
        yield untracked(item, lots[0].lot)
    if item.tracking == "lot" and any(one.serial for one in lots):
        yield f"{item.code} is tracked by lot: write lot, not serial"
    seen: set[tuple[str, str]] = set()
    for one in names:
        if (one.lot, one.bin) in seen:
            yield f"{one.lot or one.bin} is named twice"
        seen.add((one.lot, one.bin))


def untracked(item: Item, lot: str) -> str:
    """What is told of a lot that is named for an item without tracking."""
    return (
        f"{item.code} is not tracked by lot or serial number, so {lot!r} says nothing; put tracking: lot on the item"
    )


def _not_one_each(item: Item, found: Sequence[Stowed], whole: Decimal) -> Iterator[str]:
    if item.tracking != "serial":
        return
    for one in found:
        if one.lot and one.quantity != (ONE if whole else ZERO):
            yield f"serial number {one.lot} has quantity 1, not {plain_number(one.quantity)}"


def _kept(line: Line, was: Line | None, item: Item | None) -> tuple[Stowed, ...]:
    """The names that the line had, when it still is of the same item: one name goes with the quantity, several stay."""
    if was is None or not was.stowed or was.item != line.item:
        return ()
    whole, before = abs(line.stock_quantity), abs(was.stock_quantity)
    if was.warehouse != line.warehouse:
        return tuple(one._replace(bin="") for one in was.stowed if one.lot)
    if whole == before:
        return was.stowed
    named = sum((one.quantity for one in was.stowed), ZERO)
    is_serial = item is not None and item.tracking == "serial" and was.stowed[0].lot != ""
    if len(was.stowed) == 1 and named == before and (whole <= ONE or not is_serial):
        return (was.stowed[0]._replace(quantity=whole),)
    if named > whole:
        raise InputError([f"its lots add up to {plain_number(named)}, not to {plain_number(whole)}; give them again"])
    return was.stowed


def refuse_twice(lines: Sequence[Line], items: Mapping[str, Item]) -> list[str]:
    """What is wrong when a serial number stands on two lines of a document."""
    seen: dict[tuple[str, str], int] = {}
    problems = []
    for line in lines:
        item = items.get(line.item or "")
        if item is None or item.tracking != "serial":
            continue
        for one in line.stowed:
            first = seen.setdefault((item.code, one.lot), line.position) if one.quantity else line.position
            if one.lot and first != line.position:
                problems.append(f"line {line.position}: serial number {one.lot} of {item.code} stands on line {first} too")
    return problems
