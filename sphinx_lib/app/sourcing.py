"""Of whom an item is bought: its preferred supplier, else the cheapest at the needed quantity (PO3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.entering import blank
from sphinx_lib.app.supplier_prices import compared, sellers
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.conditions import Condition
from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item, Party
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.store import master as store_master


class Chosen(NamedTuple):
    """The supplier of an item, and an order without lines as it would be addressed to it."""

    supplier: Party
    blank: Document


def choose(
    unit: Unit, needs: Mapping[str, Decimal], records: Sequence[Condition], target: TypeKey, day: date
) -> tuple[dict[str, Chosen], dict[str, str]]:
    """By item the supplier for the needed quantity (stock units), and by item why there is none.

    The preferred one of the item; else the lowest net price in company currency by the price ``records``, then the
    shortest time, then the code.
    """
    candidates = _candidates(unit, needs, records)
    usable, reasons = _usable(unit, {code for codes in candidates.values() for code in codes}, target, day)
    several = {item: codes for item, codes in candidates.items() if len(codes) > 1}
    found_offers = compared(unit, needs, several, {code: one.blank for code, one in usable.items()}, records)
    found: dict[str, Chosen] = {}
    missing: dict[str, str] = {}
    for item, codes in candidates.items():
        known = [code for code in codes if code in usable]
        if known:
            prices = {one.supplier: one.cost for one in found_offers.get(item, ())}
            best = min(known, key=lambda code: _rank(unit.items[item], usable[code].supplier, prices))
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


def _candidates(unit: Unit, codes: Iterable[str], records: Sequence[Condition]) -> dict[str, list[str]]:
    """By item its preferred supplier alone, else all that are known to sell it."""
    sell = sellers(unit, codes, records)
    preferred = {code: unit.items[code].supplier for code in sell}
    return {code: [preferred[code]] if preferred[code] else sorted(sell[code]) for code in sell}


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
