"""What of a document is available and what is not, line by line, so that each part may go its own way (Q2, Q3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO, Document, Id, Line
from sphinx_lib.kernel.money import round_half_up
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS
from sphinx_lib.workflow.derive import Quantities, in_step

Key = tuple[str, str]
_SMALLEST = Decimal(1).scaleb(-QUANTITY_DIGITS)


class LineNeed(NamedTuple):
    """What a line needs of its item and what the lines before it leave, in the stock unit, of a phantom kit in kits.

    A service, or another line that moves no stock, needs none.
    """

    line: Line
    needed: Decimal | None = None
    available: Decimal = ZERO

    @property
    def missing(self) -> Decimal:
        """How much the line is short."""
        return min(max((self.needed or ZERO) - self.available, ZERO), max(self.needed or ZERO, ZERO))


def line_needs(document: Document, available: Mapping[Key, Decimal]) -> Iterator[LineNeed]:
    """What each line of ``document`` that counts needs, in order; ``available`` is by item and warehouse."""
    left = dict(available)
    for line in document.lines:
        if line.quantity is None or not line.counts:
            continue
        here = [(left.get((item, line.warehouse), ZERO), quantity) for item, quantity in line.goods]
        if not here:
            yield LineNeed(line)
            continue
        if line.parts:
            kits = [there * (line.quantity or ZERO) / quantity for there, quantity in here if quantity]
            yield LineNeed(line, line.quantity, min(kits, default=ZERO).to_integral_value(ROUND_FLOOR))
        else:
            yield LineNeed(line, here[0][1], here[0][0])
        _take(left, line, line.quantity)


def part_now(document: Document, available: Mapping[Key, Decimal]) -> dict[Id, Decimal]:
    """How much of each line that counts can leave at once, in sales units; all of what moves no stock (Q3).

    Lines that came along with another stay in step with it, so that kits go whole; whole quantities stay whole.
    """
    left, found = dict(available), dict[Id, Decimal]()
    for family in _families(document):
        counted = [line for line in family if line.counts and line.quantity]
        head = family[0]
        shares = in_step(document, {head.id: _units(head, counted, left)})
        for line in counted:
            quantity = line.quantity or ZERO
            given = shares.get(line.id, quantity)
            found[line.id] = min(given, quantity) if quantity > 0 else quantity
            _take(left, line, found[line.id])
    return found


def _families(document: Document) -> Iterator[list[Line]]:
    """Each line with a quantity that came along with no other, followed by all that came along with it."""
    families: dict[Id, list[Line]] = {}
    heads: dict[Id, Id] = {}
    for line in document.lines:
        if line.quantity is not None:
            head = heads[line.id] = heads.get(line.parent_id or "", line.id)
            families.setdefault(head, []).append(line)
    yield from families.values()


def _units(head: Line, counted: list[Line], left: Mapping[Key, Decimal]) -> Decimal:
    """How many units of ``head`` can leave with all that came along."""
    needed: dict[Key, Decimal] = {}
    for line in counted:
        for item, quantity in line.goods:
            needed[item, line.warehouse] = needed.get((item, line.warehouse), ZERO) + quantity
    whole = head.quantity or ZERO
    parts = [whole * max(left.get(key, ZERO), ZERO) / quantity for key, quantity in needed.items() if quantity > 0]
    units = min([whole, *parts])
    if units == whole:
        return whole
    return units.quantize(Decimal(1) if whole == whole.to_integral_value() else _SMALLEST, ROUND_FLOOR)


def _take(left: dict[Key, Decimal], line: Line, quantity: Decimal | None) -> None:
    for item, whole in line.goods:
        gone = whole * (quantity or ZERO) / (line.quantity or Decimal(1))
        left[item, line.warehouse] = left.get((item, line.warehouse), ZERO) - gone


def only(document: Document, quantities: Quantities) -> Document:
    """``document`` as if its lines that count had these quantities; those with none are left out."""
    return document.changed(lines=tuple(_scaled(line, quantities) for line in document.lines if _stays(line, quantities)))


def _stays(line: Line, quantities: Quantities) -> bool:
    return line.quantity is None or not line.counts or bool(quantities.get(line.id))


def _scaled(line: Line, quantities: Quantities) -> Line:
    quantity = quantities.get(line.id)
    if quantity is None or not line.quantity or quantity == line.quantity:
        return line
    in_stock = round_half_up(line.stock_quantity * quantity / line.quantity, QUANTITY_DIGITS)
    return line._replace(quantity=quantity, stock_quantity=in_stock)
