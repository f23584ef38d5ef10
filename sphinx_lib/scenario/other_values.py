"""What may be expected of others than documents: stock, customers, prices, files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sphinx_lib.app.views import CustomerView, PriceView, Views
from sphinx_lib.kernel.document import ZERO, Id
from sphinx_lib.kernel.errors import Problem
from sphinx_lib.kernel.money import round_half_up
from sphinx_lib.kernel.worth import SHOWN_DIGITS
from sphinx_lib.pack.base import Finding
from sphinx_lib.scenario.shapes import VALUE, Shape, rows
from sphinx_lib.scenario.values import LINE_BELOW, NOTHING, trace_rows

WARNINGS = rows(dict.fromkeys(("message", "file", "line", "path", "hint", "item", "from", "to", "than"), VALUE))
LOT: Shape = {"quantity": VALUE, "expires": VALUE, "bins": {"count": VALUE, "#": VALUE}}
STOCK: Shape = {
    **dict.fromkeys(
        ("physical", "reserved", "on_order", "available", "projected", "expired", "value", "average_cost"), VALUE
    ),
    "lots": {"*": LOT},
}
CUSTOMER: Shape = {**dict.fromkeys(("outstanding", "balance", "overdue", "name"), VALUE), "by_class": {"*": VALUE}}
FILE: Shape = {**dict.fromkeys(("lines", "debit", "credit", "lacks"), VALUE), "line": {"#": VALUE, "": VALUE}}


def warning_rows(found: Iterable[Problem | Finding]) -> list[dict[str, Any]]:
    """What the check of a configuration with its data warns of: a row for each thing that a message tells of."""
    told = [(one._asdict(), one.facts or ({},)) for one in found]
    return [{**values, **facts} for values, rows_ in told for facts in rows_]


def stock_values(views: Views, item: str, warehouse: str | None) -> dict[str, Any]:
    """Quantities and lots of an item, in one warehouse or in all (K1, K2, K10), its value, its cost at 4 digits (V1)."""
    found = views.stock(item, warehouse)
    names = ("physical", "reserved", "on_order", "available", "expired")
    values: dict[str, Any] = {name: getattr(found, name) for name in names}
    rows_ = views.stock_rows(warehouse, [item])
    worth = sum((row.value for row in rows_ if row.value is not None), ZERO)
    cost = next((row.average_cost for row in rows_ if row.average_cost is not None), None)
    shown = None if cost is None else round_half_up(cost, SHOWN_DIGITS)
    values |= {"projected": found.available + found.on_order, "value": worth, "average_cost": shown}
    return {**values, "lots": lot_values(views, item, warehouse)}


def lot_values(views: Views, item: str, warehouse: str | None) -> dict[str, Any]:
    """By lot or serial number what there is of it, and in which bins it lies."""
    found: dict[str, dict[str, Any]] = {}
    for lot in views.lots(item, warehouse):
        if lot.lot:
            row = found.setdefault(lot.lot, {"quantity": ZERO, "expires": lot.expires, "bins": []})
            row["quantity"] += lot.quantity
            row["bins"] += [lot.bin] if lot.bin else []
    return found


EQUIPMENT: Shape = dict.fromkeys(
    ("item", "serial", "state", "owner", "former_owner", "site", "delivery", "delivered_on", "warranty_end"), VALUE
)


def equipment_values(views: Views, code: str) -> Any:
    """A serial number in the register of equipment, named ITEM/SERIAL (EQ1)."""
    item, _, serial = code.partition("/")
    found = views.equipment(item=item, serial=serial)
    return found[0].model_dump() if found else NOTHING


def customer_values(views: Views, code: str) -> dict[str, Any]:
    """What a customer owes (C1)."""
    return _owed(views.customer(code))


def supplier_values(views: Views, code: str) -> dict[str, Any]:
    """What we owe a supplier."""
    return _owed(views.supplier(code))


def _owed(found: CustomerView) -> dict[str, Any]:
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


PRICE: Shape = {**dict.fromkeys((*_PRICE, "currency"), VALUE), "trace": LINE_BELOW["trace"]}
