"""What may be expected of others than documents: stock, customers, prices, files."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sphinx_lib.app.views import PriceView, Views
from sphinx_lib.kernel.document import Id
from sphinx_lib.scenario.shapes import VALUE, Shape, rows
from sphinx_lib.scenario.values import LINE_BELOW, trace_rows

WARNINGS = rows(dict.fromkeys(("message", "file", "line", "path", "hint"), VALUE))
STOCK: Shape = dict.fromkeys(("physical", "reserved", "on_order", "available", "projected"), VALUE)
CUSTOMER: Shape = {**dict.fromkeys(("outstanding", "balance", "overdue", "name"), VALUE), "by_class": {"*": VALUE}}
FILE: Shape = {**dict.fromkeys(("lines", "debit", "credit", "lacks"), VALUE), "line": {"#": VALUE, "": VALUE}}


def stock_values(views: Views, item: str, warehouse: str | None) -> dict[str, Decimal]:
    """Quantities of an item, in one warehouse or in all (K1, K2)."""
    found = views.stock(item, warehouse)
    values = {name: getattr(found, name) for name in ("physical", "reserved", "on_order", "available")}
    return {**values, "projected": found.available + found.on_order}


def customer_values(views: Views, code: str) -> dict[str, Any]:
    """What a customer owes (C1)."""
    found = views.customer(code)
    sums = {name: getattr(found, name) for name in ("outstanding", "balance", "overdue")}
    return {**sums, "name": found.party.name, "by_class": dict(found.by_class)}


_STAGES = ("quoted", "ordered", "delivered", "invoiced")
_STAGE = ("net", "cost", "purchases", "margin", "margin_rate", "markup_rate")
DEAL: Shape = {**dict.fromkeys(_STAGES, dict.fromkeys(_STAGE, VALUE)), "state": VALUE, "reason": VALUE}


def deal_values(views: Views, code: str) -> dict[str, Any]:
    """What a deal brings at each stage (S50)."""
    found = views.deal(code)
    stages = {stage: {name: getattr(getattr(found, stage), name) for name in _STAGE} for stage in _STAGES}
    return {**stages, "state": found.deal.state, "reason": found.deal.reason}


_OFFER = ("supplier", "quantity", "unit_price", "net", "delay_days", "valid_to", "valid", "best")
_TOTAL = ("supplier", "name", "state", "net", "offered", "complete", "best")
COMPARISON: Shape = {
    "currency": VALUE, "best_net": VALUE, "suppliers": rows(dict.fromkeys(_TOTAL, VALUE)),
    "lines": rows({"item": VALUE, "quantity": VALUE, "best": VALUE, "offers": rows(dict.fromkeys(_OFFER, VALUE))}),
}  # fmt: skip


def comparison_values(views: Views, rfq: Id) -> dict[str, Any]:
    """What suppliers answered to a request; ``best`` of a line is the supplier's code (S11)."""
    found = views.comparison(rfq)
    lines = [
        {"item": one.line.item, "quantity": one.line.quantity, "best": one.best.supplier if one.best else None,
         "offers": [offer._asdict() for offer in one.offers]}
        for one in found.lines
    ]  # fmt: skip
    totals = [one._asdict() for one in found.suppliers]
    return {"currency": found.currency, "best_net": found.best_net, "suppliers": totals, "lines": lines}


_PRICE = ("unit_price", "list_price", "net", "per", "discounts", "quantity", "unit", "cost", "price_quantity")


def price_values(found: PriceView) -> dict[str, Any]:
    """A price as a step gives it."""
    values: dict[str, Any] = {name: getattr(found.line, name) for name in _PRICE}
    return {**values, "currency": found.currency, "trace": list(trace_rows(found.line.trace))}


PRICE: Shape = {**dict.fromkeys((*_PRICE, "currency"), VALUE), **LINE_BELOW}
