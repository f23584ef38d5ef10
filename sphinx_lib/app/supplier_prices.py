"""What items cost at each supplier who has a price for them, by the price rules of purchases (PO3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.pricing import ask_of, conditions_where, families_of, ratios_of, sale_of
from sphinx_lib.app.rates import rate_for
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.conditions import Condition, ancestors
from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item, Party
from sphinx_lib.kernel.worth import quotient
from sphinx_lib.pricing.price_line import Priced, price_lines
from sphinx_lib.pricing.schema import build_book
from sphinx_lib.store import master as store_master


class Offer(NamedTuple):
    """The price of an item at a supplier for a quantity: ``unit_price`` is net, in ``currency``, per ``per`` of ``unit``.

    ``cost`` is the same for one stock unit in company currency, not rounded: offers are compared by it.
    """

    supplier: str
    unit_price: Decimal
    currency: str
    per: Decimal
    unit: str
    cost: Decimal


def offers(unit: Unit, needed: Mapping[str, Decimal], day: date) -> dict[str, list[Offer]]:
    """The offers for each item in the quantity ``needed`` (stock units), the lowest first, then by supplier.

    Who is asked: ``sellers``. A supplier who is blocked, has no price, or sells in a currency without rate gives none.
    The number of statements does not depend on the items.
    """
    unit.load_items(needed)
    records = records_of(unit, needed)
    asked = sellers(unit, needed, records)
    parties = _suppliers(unit, {code for codes in asked.values() for code in codes})
    shells = {code: _shell(unit, party, day) for code, party in parties.items()}
    found = compared(unit, needed, asked, {code: shell for code, shell in shells.items() if shell is not None}, records)
    return {item: found.get(item, []) for item in needed}


def records_of(unit: Unit, items: Iterable[str]) -> list[Condition]:
    """The price records of the database for loaded ``items``, whoever the supplier is, in one statement."""
    codes, parents = set(items), families_of(unit)
    families = {name for code in codes for name in _families(unit.items[code], parents)}
    return conditions_where(unit, codes, families, unit.purchase_prices, {})


def sellers(unit: Unit, items: Iterable[str], records: Iterable[Condition]) -> dict[str, set[str]]:
    """By item the suppliers with a price for it or one of its families, in ``records`` or in files, and its own."""
    steps = {step.name for step in unit.purchase_prices.schema.prices}
    of_item: dict[tuple[str, str], set[str]] = {}
    for one in (*unit.pack.conditions, *records):
        keys = dict(one.keys)
        if one.step in steps and "supplier" in keys:
            for kind in keys.keys() & {"item", "family"}:
                of_item.setdefault((kind, keys[kind]), set()).add(keys["supplier"])
    found: dict[str, set[str]] = {}
    for code in items:
        item = unit.items[code]
        keys_of = [("item", code), *(("family", family) for family in _families(item, families_of(unit)))]
        priced = {supplier for key in keys_of for supplier in of_item.get(key, ())}
        found[code] = {item.supplier, *item.supplier_codes, *item.sourcing, *priced} - {""}
    return found


def compared(
    unit: Unit, needed: Mapping[str, Decimal], asked: Mapping[str, Collection[str]], shells: Mapping[str, Document],
    records: Sequence[Condition],
) -> dict[str, list[Offer]]:  # fmt: skip
    """By item the offers of those ``asked`` who have a document in ``shells``, the lowest first, then by supplier.

    ``shells`` are documents without lines, by supplier: they say the currency, the day and what else prices depend on.
    """
    rules, parents = unit.purchase_prices, families_of(unit)
    books = [book for book in (rules.book, build_book(rules.schema, records)) if book]
    of_supplier: dict[str, list[Item]] = {}
    for code, suppliers in asked.items():
        for supplier in suppliers:
            of_supplier.setdefault(supplier, []).append(unit.items[code])
    found: dict[str, list[Offer]] = {}
    for supplier in sorted(of_supplier.keys() & shells.keys()):
        items, document = of_supplier[supplier], shells[supplier]
        asks = [ask_of(unit, document, item, needed[item.code], item.unit) for item in items]
        sale = sale_of(unit, document, unit.parties[supplier], parents, records)
        for item, priced in zip(items, price_lines(asks, sale, rules.schema, books), strict=True):
            if priced.unit_price is not None and not priced.problem:
                found.setdefault(item.code, []).append(_offer(unit, document, item, priced))
    return {code: sorted(some, key=lambda one: (one.cost, one.supplier)) for code, some in found.items()}


def _families(item: Item, parents: Mapping[str, str]) -> set[str]:
    return {item.family, *ancestors(item.family, parents)} if item.family else set()


def _suppliers(unit: Unit, codes: set[str]) -> dict[str, Party]:
    """Those of ``codes`` that exist and are not blocked, in order."""
    missing = codes - unit.parties.keys()
    if missing:
        unit.parties |= store_master.load_parties(unit.connection, unit.company, missing)
    known = {code: unit.parties[code] for code in sorted(codes & unit.parties.keys())}
    return {code: party for code, party in known.items() if not party.blocked}


def _shell(unit: Unit, party: Party, day: date) -> Document | None:
    """A document at the supplier without lines; none where the supplier's currency has no rate."""
    currency = party.currency or unit.pack.model.company.currency
    try:
        rate = rate_for(unit, currency, day, None).rate
    except InputError:
        return None
    return Document("", unit.pack.a_type("purchase"), "", day, party=party.code, currency=currency, rate=rate)


def _offer(unit: Unit, document: Document, item: Item, priced: Priced) -> Offer:
    price, named = priced.unit_price or Decimal(0), priced.unit or item.price_unit or item.unit
    held = unit.pack.units.factor(named, item.unit, ratios_of(item))
    cost = quotient(price * held.denominator, priced.per * held.numerator * document.rate)
    return Offer(document.party or "", price, document.currency, priced.per, named, cost)
