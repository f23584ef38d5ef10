"""The names an expression may use, by place: a document, a line, a party. Known at load, so a typo is found there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from sphinx_lib.kernel.identifiers import vat_country
from sphinx_lib.kernel.master import Item, Party
from sphinx_lib.pack.expressions import Expression, ExpressionError, ExpressionFailed, Fact, Kind, compile_expression
from sphinx_lib.pack.models import Company, PackModel
from sphinx_lib.pack.workflow_model import DocumentType, Field_

Scope = dict[str, Fact]
Need = str

_KINDS: dict[Any, Kind] = {str: "text", Decimal: "number", int: "number", date: "date", bool: "flag"}

DOCUMENT: Mapping[str, Fact] = {
    **dict.fromkeys(
        ("type", "kind", "state", "currency", "language", "site", "contact", "reference", "deal", "origin",
         "payment_terms", "regime", "method", "delivery_status", "billing_status", "last_event",
         "backorder"),
        Fact("text"),
    ),
    **dict.fromkeys(
        ("total_net", "total_vat", "total_gross", "net_to_pay", "balance", "total_cost", "margin", "line_count",
         "short_lines", "revision", "outstanding", "approvals", "foot_discount", "foot_discount_amount",
         "early_payment_discount", "net_commercial", "rate", "quote_reservation_days", "same_reference"),
        Fact("number"),
    ),
    "margin_rate": Fact("number", optional=True),
    "markup_rate": Fact("number", optional=True),
    "number": Fact("text", optional=True),
    "party": Fact("text", optional=True),
    "date": Fact("date"),
    "due_date": Fact("date", optional=True),
    "today": Fact("date"),
    "approved_by_actor": Fact("flag"),
    "prices_include_tax": Fact("flag"),
}  # fmt: skip

LINE: Mapping[str, Fact] = {
    **dict.fromkeys(
        ("quantity", "net", "line", "available", "available_at", "missing_at", "deliverable", "physical", "stock_quantity",
         "over_quantity", "over_amount", "over_percent", "quantity_gap", "price_gap", "price_gap_percent",
         "received_quantity", "margin"),
        Fact("number"),
    ),
    **dict.fromkeys(("unit", "text", "vat", "warehouse", "reference", "role"), Fact("text")),
    "ordered_price": Fact("number", optional=True),
    "unit_price": Fact("number", optional=True),
    "list_price": Fact("number", optional=True),
    "cost": Fact("number", optional=True),
    "margin_rate": Fact("number", optional=True),
    "promised_date": Fact("date", optional=True),
    "promise_date": Fact("date", optional=True),
    "stocked": Fact("flag"),
    "item": Fact("text", optional=True),
}

SOURCE: Mapping[str, Fact] = {
    "type": Fact("text"),
    "kind": Fact("text"),
    "state": Fact("text"),
    "number": Fact("text", optional=True),
    "date": Fact("date", optional=True),
}
"""What a line may ask of the document that it was made from; without one, texts that are never none are empty."""


OF_SOURCES = frozenset({
    "over_quantity", "over_amount", "over_percent", "quantity_gap", "price_gap", "price_gap_percent", "received_quantity",
    "ordered_price",
})  # fmt: skip
"""Facts of a line that ask for what it was made from."""


def model_facts(model: type[BaseModel], prefix: str, fields: Mapping[str, Field_] | None = None) -> Scope:
    """The plain fields of a model as dotted names, with the declared fields of one's own."""
    own = {f"{prefix}.{name}": Fact(declared.type, declared.optional) for name, declared in (fields or {}).items()}
    return {**_plain_facts(model, prefix), **own}


@cache
def _plain_facts(model: type[BaseModel], prefix: str) -> Mapping[str, Fact]:
    found: Scope = {}
    for name, info in model.model_fields.items():
        kind, optional = _kind_of(info.annotation)
        if kind:
            found[f"{prefix}.{name}"] = Fact(kind, optional or (kind == "text" and name == "vat_number"))
    return found


def _kind_of(annotation: Any) -> tuple[Kind | None, bool]:
    if get_origin(annotation) is not None:
        options = [option for option in get_args(annotation) if option is not type(None)]
        optional = len(options) < len(get_args(annotation))
        if all(isinstance(option, str) for option in options):
            return "text", optional
        if not optional:
            return (
                (_kind_of(options[0])[0], False)
                if annotation.__class__.__name__ == "_AnnotatedAlias"
                else (None, False)
            )
        return _kind_of(options[0])[0], True
    return _KINDS.get(annotation), False


def party_scope(pack: PackModel) -> Scope:
    """Names about a party and the company, as regimes ask them."""
    return {
        **model_facts(Party, "party", pack.parties.fields),
        "party.zone": Fact("text"),
        "party.vat_country": Fact("text"),
        "party.vat_number_valid": Fact("flag"),
        **company_scope(pack),
    }


def company_scope(pack: PackModel) -> Scope:
    """Names about the company alone, and the day."""
    return {**model_facts(Company, "company"), "company.zone": Fact("text"), "today": Fact("date")}


def document_scope(pack: PackModel, declared: DocumentType) -> Scope:
    """Names that conditions, guards and messages of a document type may use."""
    scope: Scope = {**DOCUMENT, **_named(pack), **party_scope(pack)}
    for name, progress in pack.progress.items():
        scope[name] = scope[progress.remaining] = scope[f"{progress.remaining}_amount"] = Fact("number")
        scope[f"{progress.remaining}_planned"] = Fact("number")
    for name, field in declared.fields.items():
        scope[name] = Fact(field.type, field.optional)
    for name, event in declared.events.items():
        scope[f"times.{name}"] = Fact("number")
        scope[f"by_actor.{name}"] = Fact("flag")
        scope[f"day.{name}"] = Fact("date", optional=True)
        for fact, ask in event.ask.items():
            scope[f"last.{name}.{fact}"] = Fact(ask.type, optional=True)
    return scope


def _named(pack: PackModel) -> Scope:
    """Facts that name what some document type declares. A guard may be one of several types, so all of them are known."""
    types = pack.document_types
    bodies = [kind for declared in types.values() for kind in declared.kinds.values() if kind]
    found = {
        "type": types.keys(),
        "kind": {name for one in types.values() for name in one.kinds},
        "state": {name for one in types.values() for name in one.states} | _keys(bodies, "states"),
        "last_event": {name for one in types.values() for name in one.events} | _keys(bodies, "events"),
    }
    return {name: Fact("text", values=frozenset({"", *values})) for name, values in found.items()}


def _keys(bodies: Iterable[Mapping[str, Any]], section: str) -> set[str]:
    return {name for body in bodies for name in body.get(section) or ()}


def line_scope(pack: PackModel, declared: DocumentType) -> Scope:
    """Names that conditions over lines, stock levels and grouping may use: the line's own hide the document's."""
    scope = {**document_scope(pack, declared), **LINE, **model_facts(Item, "item", pack.items.fields)}
    for name, field in declared.line_fields.items():
        scope[name] = scope[f"line.{name}"] = Fact(field.type, field.optional)
    scope["line.promised_date"] = LINE["promised_date"]
    return scope | source_scope(pack, declared)


def source_scope(pack: PackModel, declared: DocumentType) -> Scope:
    """Names about the document that a line was made from, with the fields of all types that ``declared`` is made from.

    A field may always be missing, since another type may lack it; one that two types declare differently is of any kind.
    """
    named = {name: fact for name, fact in _named(pack).items() if name in SOURCE}
    scope: Scope = {f"source.{name}": fact for name, fact in {**SOURCE, **named}.items()}
    for name in declared.made_from:
        source = pack.document_types.get(name)
        for key, field in source.fields.items() if source is not None else ():
            if key not in SOURCE:
                known = scope.get(f"source.{key}")
                alike = known is None or known.kind == field.type
                scope[f"source.{key}"] = Fact(field.type if alike else "any", optional=True)
    return scope


def stock_scope(pack: PackModel, declared: DocumentType) -> Scope:
    """Names that stock levels may use: the quantity of a line, how far it got, and numbers of its own (rule 6)."""
    names = ["quantity"]
    for name, progress in pack.progress.items():
        names += [name, progress.remaining, f"{progress.remaining}_planned"]
    own = {name: Fact(field.type, field.optional) for name, field in declared.line_fields.items() if field.type == "number"}
    return {**dict.fromkeys(names, Fact("number")), **own}


def price_scope(pack: PackModel) -> Scope:
    """Names that price formulas, conditions and guards may use: costs and prices per stock unit in company currency.

    ``cost``, ``list_price`` and ``weight`` may be missing and yet stand alone: a price that cannot be computed is an
    error of its line, and ``default(cost, …)`` would be a price of nothing.
    """
    return {
        **dict.fromkeys(("cost", "list_price", "weight", "running", "base", "quantity"), Fact("number")),
        **dict.fromkeys(("day", "today"), Fact("date")),
        **model_facts(Item, "item", pack.items.fields),
        **party_scope(pack),
    }


class PriceExpressions(dict[tuple[str, Kind], Expression]):
    """The expressions of prices by text and kind, each compiled when it is first asked for.

    Raises ExpressionError for one that does not hold.
    """

    def __init__(self, pack: PackModel) -> None:
        super().__init__()
        self._scope = price_scope(pack)

    def __missing__(self, key: tuple[str, Kind]) -> Expression:
        text, kind = key
        found = compile_expression(text, self._scope, kind)
        if not found.names:
            try:
                found({})
            except ExpressionFailed as failed:
                raise ExpressionError(failed.message, 0) from None
        self[key] = found
        return found

    def formula(self, text: str) -> Expression:
        """The formula of a record: a number, whatever the item and the customer."""
        found = self[text, "number"]
        if found.optional:
            raise ExpressionError(f"{text} may be empty", 0, f"write default({text}, …)")
        return found


def item_scope(pack: PackModel) -> Scope:
    """Names that rules of attached items may use: the item sold, how many stock units of it, and who buys."""
    return {"quantity": Fact("number"), **model_facts(Item, "item", pack.items.fields), **party_scope(pack)}


def needs_of(names: Iterable[str]) -> frozenset[Any]:
    """The facts that must be loaded before an expression with these names is asked."""
    found: set[str] = set()
    for name in names:
        if name.startswith("party.") or name in ("regime", "backorder"):
            found.add("party")
        elif name.startswith("item."):
            found.add("items")
        elif name in ("available", "available_at", "missing_at", "promise_date", "deliverable", "physical", "short_lines"):
            found |= {"stock", "sources"}
        elif name == "outstanding":
            found.add("outstanding")
        elif name in OF_SOURCES or name.startswith("source."):
            found.add("sources")
        elif name == "same_reference":
            found.add("references")
    return frozenset(found)


def own_value(field: Field_, stored: Any) -> Any:
    """A declared field of a master record in its type; records keep numbers and dates as text."""
    if stored is None or field.type in ("text", "flag"):
        return stored
    return Decimal(stored) if field.type == "number" else date.fromisoformat(stored)


class PartyFacts(dict[str, Any]):
    """The values behind ``party.…`` and ``company.…``; empty texts that may be missing are none.

    ``party.zone`` is where the goods go: the zone of the ``site`` when it says where it is. ``party.vat_country`` is the
    country of a VAT number with right check digits, and ``party.vat_number_valid`` whether there is one (VA4).
    """

    def __init__(self, pack: PackModel, party: Party | None, today: date, site: str = "") -> None:
        super().__init__(today=today)
        self.pack, self.party, self.site = pack, party, site

    def __missing__(self, name: str) -> Any:
        owner, _, field = name.partition(".")
        company = self.pack.company
        if name == "company.zone" or (name == "party.zone" and self.party is None):
            return self.pack.taxes.zone_of(company.country, company.address.region, company.address.postal_code)
        if owner == "company":
            return getattr(company, field)
        if owner != "party":
            raise KeyError(name)
        party = self.party
        if party is None:
            return None
        if field == "zone":
            return self.pack.taxes.zone_of(*destination(party, self.site))
        if field in ("vat_country", "vat_number_valid"):
            country = vat_country(party.vat_number)
            return country if field == "vat_country" else bool(country)
        if field in self.pack.parties.fields:
            return own_value(self.pack.parties.fields[field], party.custom.get(field))
        value = getattr(party, field)
        return (value or None) if field == "vat_number" else value


def backorder_policy(pack: PackModel, party: Party | None) -> str:
    """What becomes of the rest of an order delivered in part: keep, cancel or ask, by the party or the company (BK1)."""
    return (party.backorder if party is not None else "") or pack.stock.backorder


def destination(party: Party, site: str) -> tuple[str, str, str]:
    """Country, region and postal code of where goods for a site of ``party`` go; the party's own where it says nothing."""
    place = next((one for one in party.sites if one.code == site), None)
    if place is None or not (place.country or place.address.postal_code or place.address.region):
        return party.country, party.region or party.address.region, party.address.postal_code
    return place.country or party.country, place.address.region, place.address.postal_code


class ItemFacts(PartyFacts):
    """The values behind ``item.…`` and ``quantity``, besides those of the party and the company."""

    def __init__(self, pack: PackModel, item: Item, quantity: Decimal, party: Party | None, today: date) -> None:
        super().__init__(pack, party, today)
        self.item = item
        self["quantity"] = quantity

    def __missing__(self, name: str) -> Any:
        owner, _, field = name.partition(".")
        if owner != "item":
            return super().__missing__(name)
        declared = self.pack.items.fields.get(field)
        return own_value(declared, self.item.custom.get(field)) if declared else getattr(self.item, field)
