"""Lines of internal documents: goods of one's own, counted in their stock unit, without a price (K9, V6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from sphinx_lib.app.line_input import LineInput
from sphinx_lib.app.pricing import ratios_of
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.money import round_half_up
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS, UnitError
from sphinx_lib.stock.counting import BOOK


def is_internal(unit: Unit, document: Document) -> bool:
    """Whether the document is neither a sale nor a purchase, so that its lines have no prices."""
    return bool(document.type) and unit.type_of(document).side == "internal"


def moves_goods(unit: Unit, document: Document) -> bool:
    """Whether the document is an internal one about goods of one's own: a request for prices, say, is not."""
    return is_internal(unit, document) and any(state.stock for state in unit.type_of(document).states.values())


def in_stock_units(
    unit: Unit, document: Document, inputs: Sequence[LineInput], problems: list[str]
) -> Sequence[LineInput]:
    """The inputs of a document that moves goods of one's own in the stock units of their items; those of others as they are.

    A line that is no goods, has a price or another dimension is added to ``problems`` and left out.
    """
    if not moves_goods(unit, document):
        return inputs
    done = []
    for one in inputs:
        try:
            item = unit.items.get(one.item or "")
            done.append(one if item is None else _in_stock_unit(unit, one, item))
        except (InputError, UnitError) as error:
            problems += one.problems_of(error)
    return done


def _in_stock_unit(unit: Unit, one: LineInput, item: Item) -> LineInput:
    if not item.stocked:
        raise InputError([f"{item.code} has no stock of its own, so there is nothing to count or to move"])
    if one.unit_price is not None or one.discounts is not None:
        raise InputError(["goods of one's own have no price here; take out unit_price and discounts"])
    known = one.original.custom.get(BOOK) if one.original is not None else None
    if one.custom.get(BOOK) != known:
        raise InputError([f"{BOOK} is frozen when the counting starts; enter the quantity that was counted"])
    given = one.unit or item.unit

    def counted(quantity: Decimal | None) -> Decimal | None:
        if quantity is None or given == item.unit:
            return quantity
        return round_half_up(unit.pack.units.convert(quantity, given, item.unit, ratios_of(item)), QUANTITY_DIGITS)

    names = one.names
    if names is not None and given != item.unit:
        names = tuple(name if name.serial else name._replace(quantity=counted(name.quantity)) for name in names)
    return replace(one, quantity=counted(one.quantity), unit=item.unit, names=names)
