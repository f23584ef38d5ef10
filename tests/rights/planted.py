"""A shop in which costs and prices bought are planted, twin shops that differ in these alone, and
what an answer says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import BaseModel

from sphinx_lib import Actor, Sphinx
from sphinx_lib.app.document_view import DocumentView
from sphinx_lib.app.preview import Preview, PreviewLine
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.specs import Situation
from sphinx_lib.pack.workflow_model import DocumentType
from tests.store.support import FixedClock, overlay

EVERYTHING = {
    "see_margin",
    "exceed_credit",
    "negative_stock",
    "approve_supplier_invoice",
    "approve_order",
    "exceed_source",
    "below_minimum",
    "accept_expired",
    "return_without_delivery",
}
BOSS = Actor("boss", EVERYTHING)
CLERK = Actor("clerk", EVERYTHING - {"see_margin"})
"""Everything but what is on trial: no answer is withheld for want of another right."""

LAYER = """
pricing:
  guards:
    marque: {min_margin_rate: 20, on_fail: warn}
    achat: {min_price: "default(item.cost, 0) + 1", on_fail: approve}
guards:
  earns:
    require: "default(margin_rate, 0) > 90"
    override: below_minimum
    message: {en: "earns {margin_rate} %, {margin} of {total_net}, cost {total_cost}"}
  each_earns:
    every_line: "default(margin_rate, 0) > 90"
    override: below_minimum
    message: {en: "line {line} costs {cost} and {item.cost}, earns {margin}"}
items:
  fields:
    secret: {type: number, optional: true, right: see_margin, label: {en: Secret}}
document_types:
  quotation:
    fields:
      secret: {type: number, optional: true, searchable: true, right: see_margin, label: {en: Secret}}
    events:
      refuse: {guards: [earns, each_earns]}
    routes:
      order: {explain: {en: "earns {margin} at {margin_rate}"}}
"""


class Figures(NamedTuple):
    """What is planted: the cost of an item, what a supplier takes, freight, an offer, and a field of one's own."""

    cost: str
    bought: str
    freight: str
    offer: str
    secret: str


ONE = Figures("7654.321", "6543.21", "345.67", "6123.45", "4242.42")
OTHER = Figures("7321.987", "6432.19", "456.78", "6234.51", "4343.43")


@dataclasses.dataclass
class Shop:
    """A shop and the documents in it, by the name that the tests give them."""

    app: Sphinx
    ids: dict[str, str] = dataclasses.field(default_factory=dict)


def open_planted(folder: Path, figures: Figures, name: str) -> Shop:
    """A shop with ``figures`` in items, stock, purchase prices, purchases, deals and counts."""
    numbers = count(1)
    app = Sphinx.open(
        ["base", overlay(folder, LAYER)],
        f"sqlite:///{folder / name}.sqlite",
        clock=FixedClock(),
        ids=lambda: f"{next(numbers):032x}",
    )
    app.migrate()
    shop = Shop(app)
    with app.session(actor=BOSS) as s:
        s.put(
            "customer",
            [{"code": "ACME", "name": "ACME SAS", "country": "FR", "email": "a@acme.fr"}],
        )
        s.put(
            "supplier",
            [
                {
                    "code": "VISCO",
                    "name": "Visco SARL",
                    "lead_days": 3,
                    "free_carriage_from": "90000",
                }
            ],
        )
        s.put("deal", [{"code": "HALLE", "name": "Halle 3", "customer": "ACME"}])
        s.put(
            "item",
            [
                _item("A", figures),
                _item(
                    "B",
                    figures,
                    reorder={
                        "minimum": 500,
                        "economic": {
                            "yearly_use": "1000",
                            "order_cost": "100",
                            "holding_rate": "10",
                            "unit_price": figures.cost,
                        },
                    },
                ),
            ],
        )
        s.put(
            "item",
            [
                {
                    "code": "KIT",
                    "name": "Kit",
                    "kind": "kit",
                    "components": {"A": "1"},
                    "sale_price": "12000",
                }
            ],
        )
        s.put(
            "price",
            [
                {
                    "step": "purchase_price",
                    "supplier": "VISCO",
                    "item": item,
                    "currency": "EUR",
                    "value": figures.bought,
                }
                for item in ("A", "B")
            ],
        )
        s.adjust_stock("A", 20, cost=figures.cost)
        _sell(shop, s, figures)
        _buy(shop, s, figures)
        shop.ids["count"] = s.count(items=["A"]).id
        s.fire(shop.ids["count"], "start")
        s.edit(shop.ids["count"], lines={1: {"quantity": 3}})
    return shop


def _item(code: str, figures: Figures, **more: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name": f"Item {code}",
        "sale_price": "12000",
        "cost": figures.cost,
        "supplier": "VISCO",
        "custom": {"secret": figures.secret},
        **more,
    }


def _sell(shop: Shop, s: Any, figures: Figures) -> None:
    ids, lines = shop.ids, [{"item": "A", "quantity": 2}, {"item": "KIT", "quantity": 1}]
    ids["draft"] = s.create(
        "quotation", customer="ACME", deal="HALLE", lines=lines, secret=figures.secret
    ).id
    ids["low"] = s.create(
        "quotation", customer="ACME", lines=[{"item": "A", "quantity": 1, "unit_price": "7000"}]
    ).id
    ids["quotation"] = s.create("quotation", customer="ACME", deal="HALLE", lines=lines).id
    s.fire(ids["quotation"], "send")
    ids["sent"] = s.create("quotation", customer="ACME", lines=lines).id
    s.fire(ids["sent"], "send")
    s.fire(ids["quotation"], "accept", ask={"channel": "phone", "person": "D"})
    ids["agreed"] = s.create("quotation", customer="ACME", lines=[{"item": "B", "quantity": 9}]).id
    s.fire(ids["agreed"], "send")
    s.fire(ids["agreed"], "accept", ask={"channel": "phone", "person": "D"})
    ids["order"] = s.derive(ids["quotation"], "sales_order").documents[0].id
    ids["note"] = s.derive(ids["order"], "delivery_note").documents[0].id
    ids["invoice"] = s.derive(ids["note"], "invoice").documents[0].id
    s.fire(ids["invoice"], "issue")
    ids["open_order"] = s.create(
        "sales_order", customer="ACME", lines=[{"item": "B", "quantity": 4}]
    ).id
    s.fire(ids["open_order"], "confirm")


def _buy(shop: Shop, s: Any, figures: Figures) -> None:
    ids = shop.ids
    ids["purchase"] = s.create(
        "purchase_order", supplier="VISCO", lines=[{"item": "A", "quantity": 3}], deal="HALLE"
    ).id
    s.fire(ids["purchase"], "confirm")
    ids["receipt"] = s.derive(ids["purchase"], "goods_receipt").documents[0].id
    s.edit(ids["receipt"], landed_cost=figures.freight)
    s.fire(ids["receipt"], "receive")
    ids["bill"] = s.derive(ids["receipt"], "supplier_invoice").documents[0].id
    s.edit(ids["bill"], reference="F1")
    s.fire(ids["bill"], "match")
    s.fire(ids["bill"], "post")
    ids["disputed"] = s.create(
        "purchase_order", supplier="VISCO", lines=[{"item": "A", "quantity": 1}]
    ).id
    s.fire(ids["disputed"], "confirm")
    ids["receipt2"] = s.fire(
        s.derive(ids["disputed"], "goods_receipt").documents[0].id, "receive"
    ).id
    ids["dear"] = s.derive(ids["receipt2"], "supplier_invoice").documents[0].id
    s.edit(
        ids["dear"], reference="F2", lines={1: {"unit_price": f"{Decimal(figures.bought) + 1000}"}}
    )
    s.fire(ids["dear"], "match")
    ids["payment"] = s.pay(supplier="VISCO", amount="1000").id
    ids["open_purchase"] = s.create(
        "purchase_order", supplier="VISCO", lines=[{"item": "B", "quantity": 1}]
    ).id
    ids["rfq"] = s.create("rfq", lines=[{"item": "A", "quantity": 5}]).id
    ids["offer"] = s.derive(ids["rfq"], "supplier_quotation", parties=["VISCO"]).documents[0].id
    s.fire(ids["rfq"], "send")
    s.edit(ids["offer"], lines={1: {"unit_price": figures.offer}})
    s.fire(ids["offer"], "answer")


# -- what an answer says --------------------------------------------------------------------------

_CONFIGURATION = (Pack, DocumentType, Situation)


def said(value: Any) -> Iterator[str]:
    """Everything that ``value`` tells, in pieces of text: fields, properties, what views work out,
    JSON, errors."""
    if isinstance(value, _CONFIGURATION):
        return
    if isinstance(value, Decimal):
        yield f"{value.normalize():f}"
    elif isinstance(value, str | int | float | bool | date | datetime | None):
        yield str(value)
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "replace")
    elif isinstance(value, BaseException):
        yield from said([type(value).__name__, str(value), value.args, vars(value)])
    elif isinstance(value, Mapping | MappingProxyType):
        for key, one in value.items():
            yield from (f"{key}: {text}" for text in said(one))
    elif isinstance(value, BaseModel):
        yield from said(value.model_dump())
    elif isinstance(value, list | tuple | set | frozenset | range) and not hasattr(
        value, "_fields"
    ):
        rows = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        for place, one in enumerate(rows):
            yield from (f"{place}: {text}" for text in said(one))
    elif hasattr(value, "_mapping"):
        yield from said(dict(value._mapping))
    elif hasattr(value, "_fields") or dataclasses.is_dataclass(value):
        yield from _of_record(value)
    elif hasattr(value, "__iter__"):
        yield from said(list(value))
    else:
        raise TypeError(f"the walk does not know {type(value)}")


def _of_record(value: Any) -> Iterator[str]:
    names = getattr(value, "_fields", None) or [field.name for field in dataclasses.fields(value)]
    for name in (*names, *_properties(type(value))):
        one = getattr(value, name)
        yield from (f"{name}: {text}" for text in said(one))
    if isinstance(value, DocumentView):
        for method in VIEW_METHODS:
            yield from (f"{method}: {text}" for text in said(VIEW_METHODS[method](value)))
    if isinstance(value, Preview | PreviewLine):
        yield from said(value.as_json(explained=True))


def _properties(kind: type) -> list[str]:
    hidden = {"model", "type"}
    return [
        name
        for name in dir(kind)
        if not name.startswith("_")
        and name not in hidden
        and type(getattr(kind, name)).__name__ in ("property", "cached_property")
    ]


def _each(view: DocumentView, ask: Any) -> list[Any]:
    return [ask(line) for line in view.document.lines]


VIEW_METHODS: dict[str, Any] = {
    "weights": lambda view: view.weights(),
    "source_of": lambda view: _each(view, view.source_of),
    "root_of": lambda view: _each(view, view.root_of),
    "in_language": lambda view: view.in_language("en").document,
    "left": lambda view: _each(
        view, lambda line: [view.left(line, name) for name in line.progress]
    ),
    "margin_figures": lambda view: _each(view, view.margin_figures),
    "vat_rate": lambda view: _each(view, view.vat_rate),
    "margin_of": lambda view: _each(view, view.margin_of),
    "explain": lambda view: _each(view, view.explain),
    "as_json": lambda view: view.as_json(),
}
"""Every public method of a document's view, asked about all that it holds."""
