"""Prices of the lines of a document: what they ask, fetched for all of them at once, then the pure engine (§18.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from sphinx_lib.kernel.conditions import Condition, ancestors
from sphinx_lib.kernel.document import ZERO, Document
from sphinx_lib.kernel.master import Item, Party
from sphinx_lib.kernel.quantity import Units
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.pricing_model import Pricing
from sphinx_lib.pack.scopes import PartyFacts, own_value
from sphinx_lib.pricing.kits import cost_of, weight_of
from sphinx_lib.pricing.price_line import Priced, price_lines
from sphinx_lib.pricing.schema import PriceBook, Sale, Schema, build_book, compile_schema
from sphinx_lib.pricing.select import Ask
from sphinx_lib.pricing.tax import rate_of
from sphinx_lib.store import master as store_master

if TYPE_CHECKING:
    from sphinx_lib.app.unit import Unit

OF_ITEM = frozenset({"item", "family"})


@dataclass(frozen=True)
class PriceRules:
    """A price schema of a pack compiled, and the records of its files indexed: made once per ``Sphinx`` and side."""

    schema: Schema
    book: PriceBook
    key_names: frozenset[str]
    currencies: frozenset[str]
    declared: Pricing
    bought: bool = False

    @classmethod
    def of(cls, pack: Pack, *, bought: bool = False) -> PriceRules:
        """The rules of ``pack`` for what is sold, or what is ``bought``."""
        declared = pack.model.purchase_pricing if bought else pack.model.pricing
        schema = compile_schema(declared, pack.price_expression)
        names = {name for step in schema.steps for shape in step.accesses for name in shape}
        conditions = [one for one in pack.conditions if one.step in schema.by_name]
        currencies = frozenset(condition.currency for condition in conditions)
        return cls(schema, build_book(schema, conditions), frozenset(names), currencies, declared, bought)


def price_document(unit: Unit, document: Document, asks: Sequence[Ask]) -> list[Priced]:
    """What the rules say each line costs: one statement for the records of all lines, and one for the families."""
    rules = unit.rules_of(document)
    party = unit.parties.get(document.party or "")
    parents = families_of(unit) if any(ask.item.family for ask in asks) else {}
    own = {ask.item.family for ask in asks}
    families = own.union(*(ancestors(family, parents) for family in own))
    conditions = load_conditions(unit, {ask.item.code for ask in asks}, families, party, rules)
    books = [book for book in (rules.book, build_book(rules.schema, conditions)) if book]
    sale = sale_of(unit, document, party, parents, conditions)
    return price_lines(asks, sale, rules.schema, books)


def families_of(unit: Unit) -> Mapping[str, str]:
    """The parent of each family that has one, from the database over those of the configuration."""
    if unit.families is None:
        known = {name: family.parent for name, family in unit.pack.model.families.items() if family.parent}
        unit.families = {**known, **store_master.load_families(unit.connection, unit.company)}
    return unit.families


def load_conditions(
    unit: Unit, items: set[str], families: set[str], party: Party | None, rules: PriceRules
) -> list[Condition]:
    """The records of the database that may apply, in one statement; formulas are compiled once per text."""
    if rules.bought and unit.known_prices is not None and items <= unit.known_prices.items:
        return unit.known_prices.of(items)
    code, group = (party.code, party.group) if party else ("", "")
    keys = {"supplier": code} if rules.bought else {"customer": code, "customer_group": group}
    return conditions_where(unit, items, families, rules, keys)


def conditions_where(
    unit: Unit, items: set[str], families: set[str], rules: PriceRules, keys: Mapping[str, str]
) -> list[Condition]:
    """The records of the database for these items whose columns named by ``keys`` say what these do, or nothing."""
    steps = rules.schema.by_name
    records = store_master.load_prices(unit.connection, unit.company, items, families, steps, keys)
    return [one for record in records for one in unit.pack.conditions_of(record)]


def sale_of(
    unit: Unit, document: Document, party: Party | None, parents: Mapping[str, str], conditions: Sequence[Condition]
) -> Sale:
    """What the lines have in common: key values of the party and the document, currencies, rights."""
    company = unit.pack.model.company.currency
    known = PartyFacts(unit.pack.model, party, unit.today, document.site)
    rules = unit.rules_of(document)
    facts = _of_party(party, bought=rules.bought)
    facts |= {"site": document.site, "kind": document.kind or document.type}
    for name in rules.key_names - facts.keys() - OF_ITEM:
        if name.startswith("party."):
            facts[name] = _text(known[name])
        elif not name.startswith(("item.", "line.")):
            own = document.custom.get(name, getattr(document, name, ""))
            facts[name] = _text(own)

    def fact(name: str, item: Item) -> Any:
        owner, _, field = name.partition(".")
        return _item_fact(unit, item, field) if owner == "item" else known[name]

    return Sale(
        document.currency, company, document.rate, facts, parents, fact,
        _rates(unit, document, conditions), unit.actor.rights, document.prices_include_tax,
    )  # fmt: skip


def _of_party(party: Party | None, *, bought: bool) -> dict[str, Any]:
    """Key values of who buys, or of who sells what is ``bought``."""
    facts: dict[str, Any] = dict.fromkeys(("customer", "supplier", "customer_group", "price_list", "channel"), "")
    if party is None:
        return facts
    facts |= {"price_list": party.price_list, "channel": party.channel}
    return facts | ({"supplier": party.code} if bought else {"customer": party.code, "customer_group": party.group})


def _item_fact(unit: Unit, item: Item, field: str) -> Any:
    declared = unit.pack.model.items.fields
    return own_value(declared[field], item.custom.get(field)) if field in declared else getattr(item, field)


def _rates(unit: Unit, document: Document, conditions: Iterable[Condition]) -> Mapping[str, Decimal]:
    """Rates of currencies that records are in and that are neither the document's nor the company's."""
    known = {"", document.currency, unit.pack.model.company.currency}
    others = ({one.currency for one in conditions} | unit.rules_of(document).currencies) - known
    return store_master.rates_on(unit.connection, unit.company, others, document.date) if others else {}


def ask_of(unit: Unit, document: Document, item: Item, quantity: Decimal, sales_unit: str, **more: Any) -> Ask:
    """A line to price: ``quantity`` of ``sales_unit`` turned into the item's price unit (U3)."""
    units = unit.pack.units
    ratios = ratios_of(item)
    price_unit = item.price_unit or item.unit
    facts: dict[str, Any] = {"item": item.code, "family": item.family}
    line_facts = more.pop("line_facts", {})
    for name in unit.rules_of(document).key_names:
        if name.startswith("item."):
            facts[name] = _text(_item_fact(unit, item, name.removeprefix("item.")))
        elif name.startswith("line."):
            facts[name] = _text(line_facts.get(name.removeprefix("line.")))
    in_stock = units.convert(quantity, sales_unit, item.unit, ratios)
    return Ask(
        item=item,
        quantity=units.convert(quantity, sales_unit, price_unit, ratios),
        unit=price_unit,
        day=more.pop("day", None) or document.date,
        into=_Into(units, price_unit, ratios),
        facts=facts,
        weight=None if (weight := weight_of(item, unit.items)) is None else in_stock * weight,
        cost=partial(cost_of, item, unit.items),
        **more,
    )


class _Into:
    """How many of another unit one price unit holds, worked out once."""

    def __init__(self, units: Units, unit: str, ratios: Mapping[tuple[str, str], Fraction]) -> None:
        self._units, self._unit, self._ratios = units, unit, ratios
        self._known: dict[str, Fraction] = {unit: Fraction(1)}

    def __call__(self, unit: str) -> Fraction:
        found = self._known.get(unit)
        if found is None:
            found = self._known[unit] = self._units.factor(self._unit, unit, self._ratios)
        return found


def ratios_of(item: Item) -> dict[tuple[str, str], Fraction]:
    """What the item says its own units hold: {(box, unit): 6}."""
    return {(name, item.unit): Fraction(count) for name, count in item.units.items()}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def day_of(unit: Unit, document: Document, promised: date | None) -> date:
    """The day whose records hold for a line: the document's or the promised delivery's (``price_date``)."""
    if unit.rules_of(document).declared.price_date == "delivery" and promised is not None:
        return promised
    return document.date


def vat_rate(unit: Unit, document: Document, code: str) -> Decimal:
    """Percent of VAT that turns a price with tax into one without; only asked where a document's prices hold tax."""
    return rate_of(code, document.regime, unit.pack, document.tax_date or document.date) if code else ZERO
