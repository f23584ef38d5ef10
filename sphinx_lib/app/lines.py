"""Lines as they were given become priced lines, by the rules or by hand (U3, PR8, N6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from sphinx_lib.app.expansion import expand, expand_inputs, usual_unit
from sphinx_lib.app.item_lookup import resolve_items
from sphinx_lib.app.line_input import LineInput
from sphinx_lib.app.own_goods import in_stock_units, is_internal
from sphinx_lib.app.pricing import ask_of, day_of, price_document, ratios_of, vat_rate
from sphinx_lib.app.stow_input import refuse_twice, stowed_of
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Document, Line
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.money import exact_decimal, round_half_up
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS, UnitError
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.kernel.tries import PriceTry
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.shipping_model import SHARED
from sphinx_lib.pricing.guards import blocked, hidden_floors
from sphinx_lib.pricing.price_line import Priced, price_by_hand
from sphinx_lib.pricing.select import Ask, ManualPrice
from sphinx_lib.pricing.shipping import SHIPPING

_GROUPS = {"goods": "goods", "service": "service", "kit": "goods"}
"""Account groups of items that name none, by kind (AC3)."""


def build_lines(unit: Unit, document: Document, inputs: Sequence[LineInput], problems: list[str]) -> tuple[Line, ...]:
    """Priced lines: items in one statement, price records in one; problems are collected over all lines."""
    return numbered(entered_lines(unit, document, inputs, problems))


def numbered(lines: Iterable[Line]) -> tuple[Line, ...]:
    """``lines`` with their positions from 1."""
    return tuple(line if line.position == place else line._replace(position=place) for place, line in enumerate(lines, 1))


def entered_lines(unit: Unit, document: Document, inputs: Sequence[LineInput], problems: list[str]) -> list[Line]:
    """The lines as ``build_lines`` gives them, each still at the position of the input that it comes from.

    Whatever is wrong is added to ``problems``, which name the line, and the others are priced: a line that cannot be
    entered is left out, one that cannot be priced has no price, and one that a guard blocks has the price it was given.
    """
    inputs = _known(unit, resolve_items(unit, document, inputs, problems), problems)
    if document.party:
        unit.load_parties([document.party])
    inputs = in_stock_units(unit, document, expand_inputs(unit, document, inputs, problems), problems)
    return priced_lines(unit, document, inputs, problems)


def priced_lines(unit: Unit, document: Document, inputs: Sequence[LineInput], problems: list[str]) -> list[Line]:
    """Lines of ``inputs``, which name known items and hold all that these bring along, with prices and contributions."""
    built: list[Line] = []
    asks: list[tuple[int, LineInput, Ask]] = []
    for one in inputs:
        try:
            line, ask = _line(unit, document, one)
            line = line._replace(stowed=stowed_of(line, unit.items.get(one.item or ""), one.names, one.original))
        except (InputError, UnitError) as error:
            problems += one.problems_of(error)
            continue
        if is_internal(unit, document):  # what it is worth is said by the stock when it moves (V6)
            line = line._replace(cost=None)
        elif ask is not None:
            asks.append((len(built), one, ask))
        built.append(line)
    if asks:
        _price(unit, document, built, asks, problems)
    problems += refuse_twice(built, unit.items)
    return expand(unit, document, built, problems)


def _known(unit: Unit, inputs: Sequence[LineInput], problems: list[str]) -> Sequence[LineInput]:
    """The inputs whose item is known."""
    try:
        unit.load_items({one.item for one in inputs if one.item})
        return inputs
    except InputError as error:
        unknown = sorted({one.item for one in inputs if one.item} - unit.items.keys())
        told = dict(zip(unknown, error.problems, strict=True))
    problems += [f"line {one.position}: {told[one.item]}" for one in inputs if one.item and one.item in told]
    return [one for one in inputs if one.item not in told]


def _price(
    unit: Unit, document: Document, built: list[Line], asks: Sequence[tuple[int, LineInput, Ask]], problems: list[str]
) -> None:
    """Put the prices into the lines that ask for one; what cannot be priced, or is blocked, is a problem."""
    found = price_document(unit, document, [ask for _, _, ask in asks])
    for (place, one, ask), priced in zip(asks, found, strict=True):
        line = built[place]
        try:
            if priced.problem:
                raise InputError([priced.problem])
            units = unit.pack.units.convert(line.quantity or ZERO, line.unit, priced.unit or ask.unit, ratios_of(ask.item))
        except (InputError, UnitError) as error:
            problems += one.problems_of(error)
            continue
        priced_line = _priced(line, priced, round_half_up(units, QUANTITY_DIGITS))
        built[place] = priced_line._replace(manual=one.unit_price is not None or one.discounts is not None)
        if priced.failures:
            problems += _refused(unit, document, one, ask.item.code, priced)


def _refused(unit: Unit, document: Document, one: LineInput, item: str, priced: Priced) -> list[str]:
    """What is told of guards that block a price, which is noted; a preview, which notes nothing, tells nothing of floors
    that the actor may not see."""
    hidden = hidden_floors(unit.pack, unit.actor.rights)
    failures = [failure for failure in priced.failures if failure.on_fail == "block"]
    if unit.tries is None:
        failures = [failure for failure in failures if failure.guard not in hidden]
    else:
        unit.tries += [
            PriceTry.of(document, "enter", one.position, item, failure.guard, failure.price) for failure in failures
        ]
    return [f"line {one.position}: {told}" for told in blocked(item, failures, hidden)]


def _line(unit: Unit, document: Document, one: LineInput) -> tuple[Line, Ask | None]:
    """The line as far as it goes without a price, and what to ask the price rules for it."""
    item = unit.items.get(one.item or "")
    original = one.original
    base = original or Line(id=unit.new_id(), position=one.position)
    vat = "" if _shares_vat(one, item) else _vat_code(unit, document, one.vat or (item.vat if item else ""), one)
    line = base._replace(
        position=one.position,
        item=one.item,
        text=one.text or (in_language(item.name, document.language) if item else ""),
        quantity=one.quantity,
        unit=one.unit or (usual_unit(unit, document, item) if item else ""),
        vat=vat,
        warehouse=one.warehouse or (item.warehouse if item else "") or unit.pack.model.stock.warehouse,
        reference=one.reference,
        promised_date=one.promised_date,
        reason=one.reason or base.reason,
        role=base.role if base.role == "heading" else one.role or base.role,
        custom=one.custom,
    )
    if one.keeps_price and original is not None and original.quantity and one.quantity is not None:
        return scaled(line, original, one.quantity), None
    if item is None:
        return _free_line(unit, document, line, one), None
    return _item_line(unit, document, line, one, item)


def scaled(line: Line, original: Line, quantity: Decimal) -> Line:
    """``line`` for another quantity at the price it has."""
    part = quantity / (original.quantity or Decimal(1))
    return line._replace(
        price_quantity=round_half_up(original.price_quantity * part, QUANTITY_DIGITS),
        stock_quantity=round_half_up(original.stock_quantity * part, QUANTITY_DIGITS),
    )


def _vat_code(unit: Unit, document: Document, given: str, one: LineInput) -> str:
    """A VAT code, or a percent that exactly one code has on the document's date."""
    codes = unit.pack.model.taxes.codes
    if given in codes or not given:
        return given or ("standard" if one.quantity is not None and "standard" in codes else "")
    try:
        percent = exact_decimal(given)
    except ValueError:
        raise InputError([f"unknown VAT code {given!r}{did_you_mean(given, codes)}"]) from None
    found = unit.pack.model.taxes.codes_of_percent(percent, document.regime, document.date)
    if len(found) != 1:
        raise InputError([f"{len(found)} VAT codes have {given} % on {document.date}; name one: {', '.join(codes)}"])
    return found[0]


def _shares_vat(one: LineInput, item: Item | None) -> bool:
    """Whether the line is port without a VAT code of its own, which goes over those of the goods (VA2)."""
    was = one.original
    if one.vat or one.quantity is None:
        return False
    if was is not None and was.role == SHIPPING and was.item == one.item:
        return not was.vat
    return item is not None and item.role == SHIPPING and item.vat in ("", SHARED)


def _free_line(unit: Unit, document: Document, line: Line, one: LineInput) -> Line:
    """A text line: a comment without quantity, else priced by hand."""
    if one.quantity is None:
        return line._replace(vat="")
    if one.unit_price is None:
        raise InputError(["a text line with a quantity needs a unit_price"])
    return _priced(line, _free_price(unit, document, one), one.quantity)._replace(
        manual=True, account_group=line.account_group or "service"
    )


def _item_line(unit: Unit, document: Document, line: Line, one: LineInput, item: Item) -> tuple[Line, Ask]:
    quantity = one.quantity or ZERO
    ratios = ratios_of(item)
    in_stock = round_half_up(unit.pack.units.convert(quantity, line.unit, item.unit, ratios), QUANTITY_DIGITS)
    factor = unit.pack.units.convert(Decimal(1), line.unit, item.unit, ratios)
    cost = item.cost_by(unit.rules_of(document).schema.cost)
    line = line._replace(
        stocked=item.stocked,
        stock_quantity=in_stock,
        account_group=item.account_group or (SHIPPING if item.role == SHIPPING else _GROUPS[item.kind]),
        weight_kg=item.weight_kg,
        cost=None if cost is None else round_half_up(cost * factor, QUANTITY_DIGITS),
        role=line.role or item.role,
        discountable=item.discountable,
    )
    by_hand = one.unit_price is not None or one.discounts is not None
    given = _manual(unit, document, one, line.unit) if by_hand else None
    rate = vat_rate(unit, document, line.vat) if document.prices_include_tax else ZERO
    day = day_of(unit, document, line.promised_date)
    ask = ask_of(unit, document, item, quantity, line.unit, day=day, vat_rate=rate, manual=given, line_facts=one.custom)
    return line, ask


def _manual(unit: Unit, document: Document, one: LineInput, sales_unit: str) -> ManualPrice:
    """The price or the discounts by hand, once their right and reason are there (PR8)."""
    rule = unit.rules_of(document).declared.manual
    if one.unit_price is not None and one.unit_price < 0:
        raise InputError([f"unit_price {one.unit_price} is below zero; give a negative quantity instead (BR-27)"])
    if rule.right and rule.right not in unit.actor.rights:
        raise InputError([f"{unit.actor.name} may not enter a price; this takes the right {rule.right!r}"])
    if rule.reason == "required" and not one.reason:
        raise InputError(["a price by hand needs a reason"])
    return ManualPrice(one.unit_price, one.discounts, sales_unit, one.reason, unit.actor.name)


def _free_price(unit: Unit, document: Document, one: LineInput) -> Priced:
    """A price by hand on a line without an item: nothing to look up."""
    given = _manual(unit, document, one, one.unit)
    return price_by_hand(given, document.currency, unit.rules_of(document).schema)


def _priced(line: Line, priced: Priced, price_quantity: Decimal) -> Line:
    return line._replace(
        list_price=priced.list_price,
        unit_price=priced.unit_price,
        per=priced.per,
        discounts=tuple(priced.discounts),
        price_quantity=price_quantity,
        trace=priced.trace,
    )
