"""Drafts of purchase orders for goods that are wanted: one for each supplier, currency and delivery place (PO2, PO3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.entering import with_defaults
from sphinx_lib.app.known_prices import KnownPrices
from sphinx_lib.app.line_input import LineInput
from sphinx_lib.app.lines import build_lines, numbered
from sphinx_lib.app.pricing import ratios_of
from sphinx_lib.app.sourcing import Chosen, choose, lead_days
from sphinx_lib.app.supplier_prices import records_of
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Document, Line, Peg
from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.money import plain_number, round_half_up, trimmed
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pricing.totals import with_totals
from sphinx_lib.stock.supplier_terms import Lot, carriage_missing, net_of


class Wanted(NamedTuple):
    """Goods to be bought, in stock units, with the customer order lines they are for (pegs in stock units too).

    ``ship_to`` is the customer order whose customer the supplier delivers to; none for the own ``warehouse``.
    ``reason`` says why they are bought, by language.
    """

    item: str
    warehouse: str
    quantity: Decimal
    pegs: tuple[Peg, ...] = ()
    ship_to: Document | None = None
    reason: dict[str, str] | None = None


class BoughtLine(NamedTuple):
    """What one line of a purchase order will be: how much was wanted, and what the supplier sells."""

    wanted: Wanted
    chosen: Chosen
    quantity: Decimal
    lot: Lot

    def text(self, unit: Unit) -> dict[str, str]:
        """Why so much is bought, by language: what it was wanted for, and that the supplier's lot raised it."""
        said = self.wanted.reason or dict.fromkeys(unit.pack.model.company.languages, "")
        if self.quantity == self.wanted.quantity:
            return said
        facts = {"asked": plain_number(self.wanted.quantity), "given": plain_number(self.quantity)}
        facts["unit"] = unit.items[self.wanted.item].unit
        notes = {language: unit.pack.label("quantity_raised", language).format(**facts) for language in said}
        return {language: f"{text}; {notes[language]}" if text else notes[language] for language, text in said.items()}


@dataclass
class Bought:
    """The drafts, by (item, warehouse) the line that each want became, and why others were left."""

    documents: list[Document] = field(default_factory=list)
    lines: dict[tuple[str, str], BoughtLine] = field(default_factory=dict)
    skipped: dict[tuple[str, str], str] = field(default_factory=dict)


def buy(unit: Unit, wanted: Sequence[Wanted], target: TypeKey, day: date, *, only_priced: bool = False) -> Bought:
    """Drafts of ``target`` for everything that a supplier is found for, in a fixed number of statements.

    They are not part of the unit yet. ``only_priced`` leaves out what has no price, with the reason.
    """
    found = Bought()
    unit.load_items({one.item for one in wanted})
    needs: dict[str, Decimal] = {}
    for one in wanted:
        needs[one.item] = needs.get(one.item, ZERO) + one.quantity
    records = records_of(unit, needs)
    unit.known_prices = KnownPrices(needs, records)
    try:
        chosen, reasons = choose(unit, needs, records, target, day)
        groups: dict[tuple[str, str, str, str], list[BoughtLine]] = {}
        for one in wanted:
            if one.item in reasons:
                found.skipped[one.item, one.warehouse] = reasons[one.item]
                continue
            line = _line(unit, one, chosen[one.item])
            found.lines[one.item, one.warehouse] = line
            place = (one.ship_to.party or "", one.ship_to.site) if one.ship_to else ("", "")
            groups.setdefault((line.chosen.supplier.code, one.warehouse, *place), []).append(line)
        for _, lines in sorted(groups.items(), key=lambda pair: pair[0]):
            document = _document(unit, lines, day, found, only_priced)
            if document is not None:
                found.documents.append(document)
    finally:
        unit.known_prices = None
    return found


def _line(unit: Unit, wanted: Wanted, chosen: Chosen) -> BoughtLine:
    item = unit.items[wanted.item]
    lot = Lot.of(item.sourcing.get(chosen.supplier.code), _whole_unit(unit, item))
    return BoughtLine(wanted, chosen, lot.raised(wanted.quantity), lot)


def _whole_unit(unit: Unit, item: Item) -> Decimal | None:
    """How many stock units one purchase unit holds; none where they are the same."""
    if item.purchase_unit in ("", item.unit):
        return None
    return unit.pack.units.convert(Decimal(1), item.purchase_unit, item.unit, ratios_of(item))


def _document(
    unit: Unit, lines: Sequence[BoughtLine], day: date, found: Bought, only_priced: bool
) -> Document | None:
    """One draft; what cannot be entered, or has no price, is left out with its reason. None when nothing is left."""
    supplier, ship_to = lines[0].chosen.supplier, lines[0].wanted.ship_to
    document = lines[0].chosen.blank.changed(id=unit.new_id())
    if ship_to is not None:
        document = _sent_to(document, ship_to)
    problems: list[str] = []
    inputs = [_input(unit, line, place, day) for place, line in enumerate(lines, 1)]
    built = build_lines(unit, document, inputs, problems)
    by_item = {line.wanted.item: line for line in lines}
    kept = []
    for line in built:
        if only_priced and line.unit_price is None:
            problems.append(f"item {line.item}: {supplier.code} has no price for it")
        else:
            kept.append(_for_orders(unit, line, by_item[line.item or ""], document.language))
    _skip(lines, kept, problems, found)
    if not kept:
        return None
    document = with_totals(document.changed(lines=numbered(kept), origin=_numbers(kept)), unit.pack)
    return with_defaults(unit, document)


def _skip(lines: Sequence[BoughtLine], kept: Sequence[Line], problems: Sequence[str], found: Bought) -> None:
    there = {line.item for line in kept}
    for place, line in enumerate(lines, 1):
        if line.wanted.item not in there:
            key = (line.wanted.item, line.wanted.warehouse)
            found.lines.pop(key, None)
            own = [one for one in problems if one.startswith((f"line {place}: ", f"item {line.wanted.item}: "))]
            found.skipped[key] = "; ".join(own)


def _sent_to(document: Document, order: Document) -> Document:
    """``document`` with the place of the customer order as its delivery address."""
    facts = order.party_facts
    own = {key: facts[key] for key in ("name", "address", "country") if key in facts}
    place = facts.get("site") or {"code": order.site, **own}
    return document.changed(site=order.site, party_facts={**document.party_facts, "site": place})


def _input(unit: Unit, line: BoughtLine, position: int, day: date) -> LineInput:
    item, supplier = unit.items[line.wanted.item], line.chosen.supplier
    quantity, bought_in = in_purchase_unit(unit, item, line.quantity)
    lead = lead_days(item, supplier)
    return LineInput(
        position, item=item.code, quantity=quantity, unit=bought_in, warehouse=line.wanted.warehouse,
        promised_date=None if lead is None else day + timedelta(days=lead),
        original=Line(unit.new_id(), position, item=item.code),  # known, so that no name is looked up
    )  # fmt: skip


def in_purchase_unit(unit: Unit, item: Item, quantity: Decimal) -> tuple[Decimal, str]:
    """``quantity`` stock units in the unit in which the item is bought, where that is exact to the digits kept."""
    own = item.purchase_unit or item.unit
    there = round_half_up(unit.pack.units.convert(quantity, item.unit, own, ratios_of(item)), QUANTITY_DIGITS)
    back = unit.pack.units.convert(there, own, item.unit, ratios_of(item))
    return (trimmed(there), own) if back == quantity else (trimmed(quantity), item.unit)


def _for_orders(unit: Unit, line: Line, bought: BoughtLine, language: str) -> Line:
    """``line`` with why so much is bought, and with its pegs in its own unit."""
    line = line._replace(reason=in_language(bought.text(unit), language)[:200])
    if not bought.wanted.pegs or not line.quantity:
        return line
    part = line.quantity / line.stock_quantity
    return line._replace(
        pegs=tuple(
            peg._replace(quantity=trimmed(round_half_up(peg.quantity * part, QUANTITY_DIGITS)))
            for peg in bought.wanted.pegs
        )
    )


def _numbers(lines: Sequence[Line]) -> str:
    numbers = dict.fromkeys(peg.number for line in lines for peg in line.pegs)
    return ", ".join(number for number in numbers if number)[:200]


def missing_amounts(unit: Unit, documents: Sequence[Document]) -> list[str]:
    """What the drafts lack for their supplier's least order and for free carriage, in the company's language."""
    company = unit.pack.model.company
    told = []
    for document in documents:
        supplier = unit.parties[document.party or ""]
        missing = {"carriage_missing": carriage_missing(document, supplier, unit.pack)}
        if supplier.minimum_order is not None:
            missing["below_minimum"] = supplier.minimum_order - net_of(document, unit.pack)
        for label, amount in missing.items():
            if amount > 0:
                text = unit.pack.label(label, company.language)
                told.append(text.format(supplier=supplier.name, missing=f"{amount:.2f}", currency=company.currency))
    return told
