"""Lines as they were given become priced lines, by the rules or by hand (U3, PR8, N6)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from sphinx_lib.app.line_input import QUANTITY_DIGITS, LineInput
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Document, Line
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.money import exact_decimal, round_half_up
from sphinx_lib.kernel.quantity import UnitError
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.base import in_language
from sphinx_lib.pricing.price_line import Priced, manual, price_line
from sphinx_lib.pricing.select import Context, Index, index_records


def build_lines(unit: Unit, document: Document, inputs: Sequence[LineInput], problems: list[str]) -> tuple[Line, ...]:
    """Priced lines: items in one statement, price records in one; problems are collected over all lines."""
    codes = {one.item for one in inputs if one.item}
    try:
        unit.load_items(codes)
    except InputError as error:
        problems += error.problems
        return ()
    items = [unit.items[code] for code in sorted(codes)]
    if document.party:
        unit.load_parties([document.party])
    party = unit.parties.get(document.party or "")
    asks_rules = any(one.item and one.unit_price is None for one in inputs)
    index = index_records(unit.load_prices(items, party)) if asks_rules else {}
    built: list[Line] = []
    for place, one in enumerate(inputs, 1):
        try:
            built.append(_line(unit, document, one, index, place))
        except InputError as error:
            problems += [f"line {one.position}: {problem}" for problem in error.problems]
        except UnitError as error:
            problems.append(f"line {one.position}: {error}")
    return tuple(built)


def _line(unit: Unit, document: Document, one: LineInput, index: Index, position: int) -> Line:
    item = unit.items.get(one.item or "")
    original = one.original
    base = original or Line(id=unit.new_id(), position=position)
    vat = _vat_code(unit, document, one.vat or (item.vat if item else ""), one)
    line = base._replace(
        position=position,
        item=one.item,
        text=one.text or (in_language(item.name, document.language) if item else ""),
        quantity=one.quantity,
        unit=one.unit or (item.unit if item else ""),
        vat=vat,
        warehouse=one.warehouse or (item.warehouse if item else "") or unit.pack.model.stock.warehouse,
        reference=one.reference,
        promised_date=one.promised_date,
        custom=one.custom,
    )
    if one.keeps_price and original is not None and original.quantity and one.quantity is not None:
        return scaled(line, original, one.quantity)
    if item is None:
        return _free_line(unit, document, line, one)
    return _item_line(unit, document, line, one, item, index)


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
    found = [code for code, declared in codes.items() if declared.rate_on(document.date) == percent]
    if len(found) != 1:
        raise InputError([f"{len(found)} VAT codes have {given} % on {document.date}; name one: {', '.join(codes)}"])
    return found[0]


def _free_line(unit: Unit, document: Document, line: Line, one: LineInput) -> Line:
    """A text line: a comment without quantity, else priced by hand."""
    if one.quantity is None:
        return line._replace(vat="")
    if one.unit_price is None:
        raise InputError(["a text line with a quantity needs a unit_price"])
    return _priced(line, _by_hand(unit, document, one, ZERO), one.quantity)._replace(
        manual=True, account_group=line.account_group or "service"
    )


def _item_line(unit: Unit, document: Document, line: Line, one: LineInput, item: Item, index: Index) -> Line:
    quantity = one.quantity or ZERO
    ratios = {(name, item.unit): Fraction(count) for name, count in item.units.items()}
    in_stock = round_half_up(unit.pack.units.convert(quantity, line.unit, item.unit, ratios), QUANTITY_DIGITS)
    factor = unit.pack.units.convert(Decimal(1), line.unit, item.unit, ratios)
    line = line._replace(
        stocked=item.stocked,
        stock_quantity=in_stock,
        account_group=item.account_group or item.kind,
        weight_kg=item.weight_kg,
        cost=None if item.cost is None else round_half_up(item.cost * factor, QUANTITY_DIGITS),
    )
    if one.unit_price is not None:
        return _priced(line, _by_hand(unit, document, one, ZERO), quantity)._replace(manual=True)
    context = Context(
        unit.parties.get(document.party or ""), item, document.site, document.date, in_stock,
        document.currency, unit.pack.model.company.currency, document.rate,
    )  # fmt: skip
    priced = price_line(context, unit.pack.model.pricing, index)
    if one.discounts is not None and priced.list_price is not None:
        priced = _by_hand(unit, document, one, priced.list_price)._replace(per=priced.per, unit=priced.unit)
    price_quantity = unit.pack.units.convert(quantity, line.unit, priced.unit or item.unit, ratios)
    return _priced(line, priced, round_half_up(price_quantity, QUANTITY_DIGITS))._replace(manual=False)


def _by_hand(unit: Unit, document: Document, one: LineInput, list_price: Decimal) -> Priced:
    price = one.unit_price if one.unit_price is not None else list_price
    if price < 0:
        raise InputError([f"unit_price {price} is below zero; give a negative quantity instead (BR-27)"])
    return manual(price, one.discounts or (), unit.pack.model.pricing.net_price_rounding, document.currency)


def _priced(line: Line, priced: Priced, price_quantity: Decimal) -> Line:
    unit_price = None if priced.unit_price is None else round_half_up(priced.unit_price, QUANTITY_DIGITS)
    return line._replace(
        list_price=priced.list_price,
        unit_price=unit_price,
        per=priced.per,
        discounts=priced.discounts,
        price_quantity=price_quantity,
        trace=priced.trace,
    )
