"""Of whom an item is bought: its preferred supplier, else the cheapest at the needed quantity (PO3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.entering import blank
from sphinx_lib.app.pricing import ask_of, price_document, ratios_of
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item, Party
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.store import master as store_master

Offers = dict[str, dict[str, Decimal]]
"""By item and supplier, the net price of a stock unit in company currency; a supplier without a price is not there."""


class Chosen(NamedTuple):
    """The supplier of an item, and an order without lines as it would be addressed to it."""

    supplier: Party
    blank: Document


def choose(
    unit: Unit, needs: Mapping[str, Decimal], target: TypeKey, day: date
) -> tuple[dict[str, Chosen], dict[str, str]]:
    """By item the supplier for the needed quantity (stock units), and by item why there is none.

    The preferred one of the item; else the lowest net price in company currency, then the shortest time, then the code.
    """
    candidates = _candidates(unit, needs)
    usable, reasons = _usable(unit, {code for codes in candidates.values() for code in codes}, target, day)
    offers = _offers(unit, needs, candidates, usable)
    found: dict[str, Chosen] = {}
    missing: dict[str, str] = {}
    for item, codes in candidates.items():
        known = [code for code in codes if code in usable]
        if known:
            best = min(known, key=lambda code: _rank(unit.items[item], usable[code].supplier, offers.get(item, {})))
            found[item] = usable[best]
        else:
            told = "; ".join(reasons[code] for code in codes)
            missing[item] = told or f"item {item} has no supplier; put `supplier` on the item, or a price of a supplier"
    return found, missing


def lead_days(item: Item, supplier: Party) -> int | None:
    """How long the supplier takes to deliver the item; none where nobody said."""
    terms = item.sourcing.get(supplier.code)
    return supplier.lead_days if terms is None or terms.lead_days is None else terms.lead_days


def _rank(item: Item, supplier: Party, offers: Mapping[str, Decimal]) -> tuple[bool, Decimal, bool, int, str]:
    price, lead = offers.get(supplier.code), lead_days(item, supplier)
    return price is None, price or Decimal(0), lead is None, lead or 0, supplier.code


def _candidates(unit: Unit, items: Iterable[str]) -> dict[str, list[str]]:
    """By item its preferred supplier alone, else all that are known to sell it."""
    codes = list(items)
    loose = [code for code in codes if not unit.items[code].supplier]
    in_files = _of_files(unit, loose)
    found = {}
    for code in codes:
        item = unit.items[code]
        others = {*item.supplier_codes, *item.sourcing, *in_files.get(code, ())}
        if unit.known_prices is not None:
            others |= unit.known_prices.suppliers_of(code, item.family)
        found[code] = [item.supplier] if item.supplier else sorted(others)
    return found


def _of_files(unit: Unit, items: Iterable[str]) -> dict[str, set[str]]:
    """The suppliers that price records of the configuration's files name for each item, or for its family."""
    by_item: dict[str, set[str]] = {code: set() for code in items}
    if not by_item:
        return by_item
    of_family: dict[str, list[str]] = {}
    for code in by_item:
        of_family.setdefault(unit.items[code].family, []).append(code)
    for condition in unit.pack.conditions:
        keys = dict(condition.keys)
        supplier = keys.get("supplier")
        if supplier:
            named = [keys["item"]] if "item" in keys else of_family.get(keys.get("family", "-"), [])
            for code in named:
                if code in by_item:
                    by_item[code].add(supplier)
    return by_item


def _usable(
    unit: Unit, codes: set[str], target: TypeKey, day: date
) -> tuple[dict[str, Chosen], dict[str, str]]:
    """The suppliers that may be ordered from, each with its blank order, and why the others may not."""
    missing = codes - unit.parties.keys()
    if missing:
        unit.parties |= store_master.load_parties(unit.connection, unit.company, missing)
    declared = unit.pack.type_of(*target)
    found: dict[str, Chosen] = {}
    reasons: dict[str, str] = {}
    for code in sorted(codes):
        supplier = unit.parties.get(code)
        if supplier is None:
            reasons[code] = f"supplier {code} is not known"
        elif supplier.blocked:
            reasons[code] = f"supplier {code} is blocked"
        else:
            try:
                found[code] = Chosen(supplier, blank(unit, target, declared, supplier, {"custom": {}, "date": day}))
            except InputError as error:
                reasons[code] = f"supplier {code}: {'; '.join(error.problems)}"
    return found, reasons


def _offers(
    unit: Unit, needs: Mapping[str, Decimal], candidates: Mapping[str, list[str]], usable: Mapping[str, Chosen]
) -> Offers:
    """What items with several possible suppliers cost at each of them, at the needed quantity."""
    asked: dict[str, list[Item]] = {}
    for code, suppliers in candidates.items():
        if len(suppliers) > 1:
            for supplier in suppliers:
                if supplier in usable:
                    asked.setdefault(supplier, []).append(unit.items[code])
    found: Offers = {}
    for supplier, items in asked.items():
        document = usable[supplier].blank
        asks = [ask_of(unit, document, item, needs[item.code], item.unit) for item in items]
        for item, ask, priced in zip(items, asks, price_document(unit, document, asks), strict=True):
            if priced.unit_price is not None and not priced.problem:
                held = unit.pack.units.convert(Decimal(1), priced.unit or ask.unit, item.unit, ratios_of(item))
                price = priced.unit_price / priced.per / held / document.rate
                found.setdefault(item.code, {})[supplier] = price
    return found
