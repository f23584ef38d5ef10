"""What the wholesaler buys: what falls to its reorder level, and at the last moment what is short for a delivery."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sphinx_lib import Actor, Session, Sphinx
from sphinx_lib.kernel.document import Document, Id

from .source import item_code, rows

BUYER, WAREHOUSE = Actor("buyer", {"see_margin"}), Actor("warehouse")
ON_ORDER_AT_THE_START = "taken over"


def take_over_orders(session: Session) -> None:
    """Confirm one order for each supplier of whom the source says that something is on order at the start."""
    wanted: dict[str, list[dict[str, str]]] = {}
    for row in rows("products"):
        if row["units_on_order"] != "0":
            line = {"item": item_code(row["product_id"]), "quantity": row["units_on_order"]}
            wanted.setdefault(row["supplier_id"], []).append(line)
    for supplier, lines in wanted.items():
        code = f"S-{int(supplier):02}"
        made = session.create("purchase_order", supplier=code, reference=ON_ORDER_AT_THE_START, lines=lines)
        session.fire(made.id, "confirm")


def receive_what_is_due(app: Sphinx, day: date) -> None:
    """Receive in full each order that was promised for ``day`` or before."""
    with app.reader() as views:
        open_orders = views.documents(views.ids(type="purchase_order", state="confirmed"))
        due = [view.document.id for view in open_orders if _promised(view.document) <= day]
    if due:
        with app.session(actor=WAREHOUSE) as session:
            _receive(session, due)


def _promised(order: Document) -> date:
    return max((line.promised_date or order.date for line in order.lines), default=order.date)


def _receive(session: Session, orders: Sequence[Id]) -> None:
    for receipt in session.derive(orders, "goods_receipt").documents:
        session.fire(receipt.id, "receive")


def reorder(app: Sphinx) -> None:
    """Order everything that has fallen to its reorder level."""
    run = app.run("replenishment", actor=BUYER)
    if run.made:
        with app.session(actor=BUYER) as session:
            session.fire_many(run.made, "confirm")


def fetch_what_is_short(app: Sphinx, orders: Sequence[Id]) -> None:
    """Buy for customer orders, and receive at once, what their delivery of today lacks in the warehouse."""
    with app.reader() as views:
        documents = [view.document for view in views.documents(orders)]
        items = {line.item for document in documents for line in document.lines if line.item}
        left = {item: one.physical for item, one in views.availability(items).items()}
    missing: dict[Id, Decimal] = {}
    for document in documents:
        for line in document.lines:
            item, wanted = line.item or "", line.remaining("delivered")
            short = min(max(wanted - left[item], Decimal(0)), wanted)
            left[item] -= wanted - short
            if short:
                missing[line.id] = short
    if missing:
        with app.session(actor=BUYER) as session:
            bought = session.derive(orders, "purchase_order", quantities=missing).documents
            for order in bought:
                session.fire(order.id, "confirm")
            _receive(session, [order.id for order in bought])
