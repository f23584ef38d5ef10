"""What items cost at each supplier who has a price for them, by the price rules of purchases (PO3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    """The offers for each item in the quantity ``needed`` (in its purchase unit), the lowest first, then by supplier.

    Who is asked: suppliers with a price for the item or its families, and the item's own. A supplier who is blocked, has
    no price, or sells in a currency without rate gives none. The number of statements does not depend on the items.
    """
    unit.load_items(needed)
    rules = unit.purchase_prices
    parents = families_of(unit)
    families = {item: _families(unit.items[item], parents) for item in needed}
    stored = conditions_where(unit, set(needed), set().union(*families.values()), rules, {})
    books = [book for book in (rules.book, build_book(rules.schema, stored)) if book]
    asked = _asked(unit, [*unit.pack.conditions, *stored], families)
    parties = _suppliers(unit, {code for codes in asked.values() for code in codes})
    found: dict[str, list[Offer]] = {item: [] for item in needed}
    for code, party in parties.items():
        items = [item for item in needed if code in asked[item]]
        document = _shell(unit, party, day)
        if document is None:
            continue
        asks = [ask_of(unit, document, unit.items[one], needed[one], _unit_of(unit.items[one])) for one in items]
        sale = sale_of(unit, document, party, parents, stored)
        for item, priced in zip(items, price_lines(asks, sale, rules.schema, books), strict=True):
            if priced.unit_price is not None and not priced.problem:
                found[item].append(_offer(unit, document, unit.items[item], priced))
    return {item: sorted(some, key=lambda one: (one.cost, one.supplier)) for item, some in found.items()}


def _families(item: Item, parents: Mapping[str, str]) -> set[str]:
    return {item.family, *ancestors(item.family, parents)} if item.family else set()


def _unit_of(item: Item) -> str:
    return item.purchase_unit or item.unit


def _asked(unit: Unit, conditions: Iterable[Condition], families: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """By item, the suppliers whose price records name it or one of its families, and its own."""
    steps = {step.name for step in unit.purchase_prices.schema.prices}
    of_item: dict[tuple[str, str], set[str]] = {}
    for one in conditions:
        keys = dict(one.keys)
        if one.step in steps and "supplier" in keys:
            for kind in keys.keys() & {"item", "family"}:
                of_item.setdefault((kind, keys[kind]), set()).add(keys["supplier"])
    found: dict[str, set[str]] = {}
    for item, own in families.items():
        keys_of = [("item", item), *(("family", family) for family in own)]
        found[item] = {unit.items[item].supplier, *(code for key in keys_of for code in of_item.get(key, ()))} - {""}
    return found


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
