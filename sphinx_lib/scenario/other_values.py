"""What may be expected of others than documents: stock, customers, prices, files."""

from __future__ import annotations

from typing import Any

from sphinx_lib.app.views import PriceView, Views
from sphinx_lib.kernel.document import ZERO
from sphinx_lib.scenario.shapes import VALUE, Shape, rows
from sphinx_lib.scenario.values import LINE_BELOW, NOTHING, trace_rows

WARNINGS = rows(dict.fromkeys(("message", "file", "line", "path", "hint"), VALUE))
LOT: Shape = {"quantity": VALUE, "expires": VALUE, "bins": {"count": VALUE, "#": VALUE}}
STOCK: Shape = {
    **dict.fromkeys(("physical", "reserved", "on_order", "available", "projected", "expired"), VALUE), "lots": {"*": LOT},
}  # fmt: skip
CUSTOMER: Shape = {**dict.fromkeys(("outstanding", "balance", "overdue", "name"), VALUE), "by_class": {"*": VALUE}}
FILE: Shape = {**dict.fromkeys(("lines", "debit", "credit", "lacks"), VALUE), "line": {"#": VALUE, "": VALUE}}


def stock_values(views: Views, item: str, warehouse: str | None) -> dict[str, Any]:
    """Quantities of an item, in one warehouse or in all (K1, K2), and its lots (K10)."""
    found = views.stock(item, warehouse)
    values = {name: getattr(found, name) for name in ("physical", "reserved", "on_order", "available", "expired")}
    return {**values, "projected": found.available + found.on_order, "lots": lot_values(views, item, warehouse)}


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
    found = views.customer(code)
    sums = {name: getattr(found, name) for name in ("outstanding", "balance", "overdue")}
    return {**sums, "name": found.party.name, "by_class": dict(found.by_class)}


_STAGES = ("quoted", "ordered", "delivered", "invoiced")
_STAGE = ("net", "cost", "margin", "margin_rate", "markup_rate")
DEAL: Shape = dict.fromkeys(_STAGES, dict.fromkeys(_STAGE, VALUE))


def deal_values(views: Views, code: str) -> dict[str, Any]:
    """What a deal brings at each stage (S50)."""
    found = views.deal(code)
    return {stage: {name: getattr(getattr(found, stage), name) for name in _STAGE} for stage in _STAGES}


_PRICE = ("unit_price", "list_price", "net", "per", "discounts", "quantity", "unit", "cost", "price_quantity")


def price_values(found: PriceView) -> dict[str, Any]:
    """A price as a step gives it."""
    values: dict[str, Any] = {name: getattr(found.line, name) for name in _PRICE}
    return {**values, "currency": found.currency, "trace": list(trace_rows(found.line.trace))}


PRICE: Shape = {**dict.fromkeys((*_PRICE, "currency"), VALUE), **LINE_BELOW}
