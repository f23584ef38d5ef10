"""A small company in which every table has rows and, over all rows of a table, every column says something."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sphinx_lib import Sphinx
from sphinx_lib.app.session import Session
from tests.store.support import ALICE, FixedClock, goods, overlay

FIELDS = """
stock: {valuation: fifo}
document_types:
  sales_order:
    fields:
      site_name: {optional: true, label: {en: Site, fr: Chantier}}
    line_fields:
      planned: {type: date, optional: true, label: {en: Planned, fr: Prévu}}
  delivery_note:
    fields:
      site_name: {optional: true, label: {en: Site, fr: Chantier}}
parties:
  fields:
    risk: {type: number, optional: true, label: {en: Risk, fr: Risque}}
accounting: {analytic: deal}
"""
CUSTOMER = {
    "code": "ACME", "name": "ACME SAS", "country": "FR", "email": "jean@acme.fr", "phone": "+33 1 23 45 67 89",
    "address": {"street": "1 rue de la Paix", "postal_code": "75002", "city": "Paris"}, "risk": "2.5",
    "sites": [{"code": "NORD", "name": "Chantier Nord", "address": {"street": "2 quai Sud", "city": "Lille"}}],
    "contacts": [{"code": "JD", "name": "Jean Dupont", "email": "jd@acme.fr", "phone": "0600000000"}],
    "payment_terms": "30_days_end_of_month", "early_payment_discount": "1",
}  # fmt: skip


def fill(url: str, folder: Path) -> Sphinx:
    """The filled company: two days of buying, selling, counting, paying and sending; open it with ``folder`` kept."""
    app = Sphinx.open(["base", overlay(folder, FIELDS)], url, clock=FixedClock())
    app.migrate()
    app.do(_records, actor=ALICE, key="records")
    with app.session(actor=ALICE) as s:
        _opening_stock(s)
    sold = app.do(_sell, actor=ALICE, key="sell")
    _buy(app)
    app.seal()
    app.clock.at += timedelta(days=1)  # type: ignore[attr-defined]
    _settle(app, sold)
    app.mark_exported(date(2026, 3, 1), date(2026, 3, 2))
    app.run("outbox", actor=ALICE, sender=_sender)
    app.seal()
    with app.session(actor=ALICE) as s:
        s.create("quotation", customer="ACME", lines=[{"item": "VIS-1", "quantity": "1.5"}])
    return app


def _records(s: Session) -> list[str]:
    s.put("warehouse", [{"code": "main", "name": "Main"}, {"code": "nord", "name": "Nord", "negative_stock": "forbid"}])
    s.put("family", [{"code": "fixings", "name": "Fixings"}, {"code": "screws", "name": "Screws", "parent": "fixings"}])
    s.put("customer", [CUSTOMER, {"code": "USA", "name": "Acme Inc.", "country": "US", "currency": "USD"}])
    s.put("supplier", [{"code": "S-1", "name": "Fournier", "lead_days": 2}])
    s.put("exchange_rate", [{"currency": "USD", "date": "2026-03-01", "rate": "1.25", "source": "ECB"}])
    s.put("deal", [{"code": "HALLE", "name": "Halle 3", "customer": "ACME"}])
    s.put("item", [
        goods("VIS-1", supplier="S-1", family="screws", barcode="3760000000017", supplier_codes={"S-1": "F-1"},
              weight_kg="0.25", negative_stock="allow"),
        goods("LAIT", tracking="lot"),
        goods("POMPE", tracking="serial", warranty_months=12),
        goods("LAMPE", kind="service", eco="0.15"),
        goods("KIT", kind="kit", components={"VIS-1": 2}),
    ])  # fmt: skip
    s.put("customer_reference", [{"customer": "ACME", "item": "VIS-1", "reference": "A-77", "label": "Their screw"}])
    prices = [
        {"code": "p1", "step": "base", "item": "VIS-1", "value": "9.50", "customer": "ACME"},
        {"code": "p2", "step": "base", "item": "POMPE", "value": "99"},
        {"code": "p3", "step": "purchase_price", "supplier": "S-1", "family": "screws", "value": "5.75"},
        {"code": "p4", "step": "base", "customer_group": "builders", "item": "VIS-1", "value": "9"},
        {"code": "p5", "step": "base", "customer": "ACME", "site": "NORD", "item": "KIT", "value": "26"},
    ]
    return s.put("price", prices)


def _opening_stock(s: Session) -> None:
    s.adjust_stock("VIS-1", 100, cost="6", reason="opening")
    s.adjust_stock("VIS-1", 10, cost="6.50", date="2026-03-01", reason="opening")
    s.adjust_stock("LAIT", 5, lot="L1", bin="A-1", expires="2026-06-01", cost="2")
    s.adjust_stock("LAIT", 4, lot="L2", bin="A-2", expires="2026-07-01", cost="2")
    s.adjust_stock("POMPE", 1, serial="P1", cost="40")


def _sell(s: Session) -> dict[str, str]:
    lines: list[dict[str, Any]] = [
        {"item": "VIS-1", "quantity": 5, "discounts": ["2"], "planned": "2026-04-01", "promised_date": "2026-03-20"},
        {"item": "LAIT", "quantity": 2, "unit_price": "12", "reason": "agreed"},
        {"item": "POMPE", "quantity": 1},
        {"item": "KIT", "quantity": 1, "unit_price": "25"},
    ]
    header = {"deal": "HALLE", "reference": "PO 4711", "site": "NORD", "contact": "JD", "site_name": "Nord"}
    offer = s.create("quotation", customer="ACME", lines=[{"item": "VIS-1", "quantity": 1}])
    s.fire(offer.id, "send")
    s.fire(offer.id, "accept", ask={"channel": "mail", "person": "Jean Dupont"})
    order = s.create("sales_order", customer="ACME", lines=lines, **header)
    s.fire(order.id, "confirm")
    note = s.derive(order.id, "delivery_note", quantities={1: 3, 2: 2, 3: 1, 4: 1}).documents[0]
    invoice = s.derive(note.id, "invoice").documents[0]
    s.edit(invoice.id, foot_discount="1")
    s.fire(invoice.id, "issue")
    s.flush()
    return {"order": order.id, "note": note.id, "invoice": invoice.id}


def _buy(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        line = {"item": "VIS-1", "quantity": 400, "promised_date": "2026-03-20"}
        order = s.create("sales_order", customer="ACME", lines=[line], deal="HALLE")
        s.fire(order.id, "confirm")
        bought = s.derive(order.id, "purchase_order").documents[0]
        s.edit(bought.id, lines={1: {"unit_price": "5.75"}})
        s.fire(bought.id, "confirm")
    with app.session(actor=ALICE) as s:
        receipt = s.derive(bought.id, "goods_receipt", quantities={1: 100}).documents[0]
        s.fire(receipt.id, "receive")
        abroad = s.create("purchase_order", supplier="S-1", currency="USD", lines=[{"item": "LAIT", "quantity": 1, "unit_price": "3"}])
        s.fire(abroad.id, "confirm")
        s.create("purchase_order.drop_shipment", supplier="S-1", lines=[{"item": "LAIT", "quantity": 1, "unit_price": "3"}])
        s.fire(s.create("invoice", customer="USA", lines=[{"item": "LAMPE", "quantity": 3}]).id, "issue")


def _settle(app: Sphinx, sold: dict[str, str]) -> None:
    with app.session(actor=ALICE) as s:
        s.pay("ACME", "50.00", allocate=[sold["invoice"]])
        bounced = s.pay("ACME", "10.00")
        s.fire(bounced.id, "reject", ask={"reason": "no funds"})
        second = s.create("invoice", customer="ACME", lines=[{"item": "VIS-1", "quantity": 2}], deal="HALLE")
        s.fire(second.id, "issue")
        s.put("item", [goods("LAIT", tracking="lot", sale_price="12")])
    with app.session(actor=ALICE) as s:
        credit = s.derive(second.id, "credit_note", quantities={1: 1}).documents[0]
        s.fire(credit.id, "issue")


def _sender(row: Any) -> str:
    """One message goes out, one fails, the others become letters."""
    if row.payload["message"] == "order_acknowledgement":
        raise OSError("the mail server is away")
    return "sent"
