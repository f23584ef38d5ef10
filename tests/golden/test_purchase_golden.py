"""The FEC of a year of purchases, compared as text and read by an independent checker.

``UPDATE_GOLDEN=1 pytest tests/golden`` writes the file anew.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from accounting_fr.fec_check import check_fec

from sphinx_lib import Actor, Sphinx
from sphinx_lib.export.run import export_file
from sphinx_lib.pack.reader import Node, read_text

CHIEF = Actor("chief", {"approve_supplier_invoice", "see_margin"})
COMPANY = "company: {name: Quincaillerie du Port, siren: '732829320'}"
SUPPLIERS = [
    {"code": "VISCO", "name": "Visco SARL"},
    {"code": "HOLZ", "name": "Holz GmbH", "country": "DE", "vat_number": "DE136695976"},
    {"code": "YANK", "name": "Yank Inc", "country": "US", "currency": "USD"},
    {"code": "GROS", "name": "Gros Œuvre SARL", "purchase_regime": "purchase_reverse_charge"},
]
ITEMS = [
    {"code": "VIS", "name": "Vis", "cost": "4.00"},
    {"code": "SUCRE", "name": "Sucre", "cost": "1.00", "vat": "reduced"},
    {"code": "POSE", "name": "Pose", "kind": "service"},
    {"code": "GANTS", "name": "Gants", "cost": "2.00", "account_group": "supplies"},
]
RATES = [
    {"currency": "USD", "date": "2026-01-01", "rate": "1.30"},
    {"currency": "USD", "date": "2026-05-01", "rate": "1.25"},
]


class Clock:
    """Ten in the morning of the day that the story has reached."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 2, 9, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


def overlay() -> Node:
    node, problems = read_text(COMPANY, "test.yaml")
    assert problems == []
    return node


class Buyer:
    """A company and what it bought, in words short enough to read as a list."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.app = Sphinx.open(("base", overlay()), clock=self.clock)
        with self.app.session() as s:
            s.put("supplier", SUPPLIERS)
            s.put("item", ITEMS)
            s.put("exchange_rate", RATES)

    def on(self, day: str) -> None:
        self.clock.moment = datetime.fromisoformat(f"{day}T09:00:00+00:00")

    def receive(self, supplier: str, *lines: dict[str, Any]) -> str:
        with self.app.session() as s:
            receipt = s.create("goods_receipt", supplier=supplier, lines=lines)
            return s.fire(receipt.id, "receive").id

    def invoice(self, receipt: str, reference: str, **changes: Any) -> str:
        with self.app.session(actor=CHIEF) as s:
            bill = s.derive(receipt, "supplier_invoice").documents[0]
            s.edit(bill.id, reference=reference, **changes)
            if s.fire(bill.id, "match").state == "disputed":
                s.fire(bill.id, "approve", ask={"reason": "agreed"})
            return s.fire(bill.id, "post").id

    def send_back(self, receipt: str, quantity: str, reference: str) -> None:
        with self.app.session() as s:
            back = s.derive(receipt, "supplier_return", quantities={1: quantity}).documents[0]
            s.fire(back.id, "send")
            credit = s.derive(back.id, "supplier_credit_note").documents[0]
            s.edit(credit.id, reference=reference)
            s.fire(credit.id, "post")

    def pay(self, supplier: str, amount: str, **header: Any) -> str:
        with self.app.session() as s:
            return s.pay(supplier=supplier, amount=amount, **header).id


def line(item: str, quantity: str, price: str) -> dict[str, Any]:
    return {"item": item, "quantity": quantity, "unit_price": price}


def a_year() -> Buyer:
    """Domestic goods with a price difference and a return, an acquisition, an import paid at another rate (Ex 31), works."""
    buyer = Buyer()
    buyer.on("2026-02-02")
    domestic = buyer.receive("VISCO", line("VIS", "100", "4.00"), line("SUCRE", "10", "1.01"), line("GANTS", "5", "2.00"))
    buyer.on("2026-02-10")
    buyer.invoice(domestic, "F-2041", lines={1: {"unit_price": "4.10"}})
    buyer.send_back(domestic, "10", "A-12")
    buyer.on("2026-03-01")
    acquired = buyer.receive("HOLZ", line("VIS", "10", "33.33"), line("SUCRE", "10", "1.01"))
    buyer.invoice(acquired, "RE-77")
    buyer.on("2026-03-15")
    buyer.pay("VISCO", "200.00")
    imported = buyer.receive("YANK", line("VIS", "1000", "10.00"))
    buyer.invoice(imported, "2026/55")
    buyer.on("2026-05-02")
    buyer.pay("YANK", "10000.00", currency="USD")
    buyer.invoice(buyer.receive("GROS", line("POSE", "10", "100.00")), "S-1")
    bounced = buyer.pay("GROS", "1000.00", method="cheque")
    buyer.on("2026-05-12")
    with buyer.app.session() as s:
        s.fire(bounced, "reject", ask={"reason": "account closed"})
    return buyer


def test_the_fec_of_a_year_of_purchases_is_the_one_that_was_looked_at(golden: Callable[[str, str], None]) -> None:
    """AC1, AC2, VA4 and F3: each case of the books of purchases once."""
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    made = export_file(a_year().app, "fec", first, last)
    report = check_fec(made.content, made.name, first, last)
    assert (report.errors, report.warnings) == ([], [])
    assert made.debit == made.credit
    golden("fec_purchases_2026.txt", made.content.decode("utf-8").replace("\r\n", "\n"))


def test_the_books_say_what_the_suppliers_are_owed() -> None:
    buyer = a_year()
    with buyer.app.reader() as views:
        owed = {code: views.supplier(code).balance for code in ("VISCO", "HOLZ", "YANK", "GROS")}
        by_account = dict.fromkeys(owed, 0)
        for one in views.entries(date(2026, 1, 1), date(2026, 12, 31)):
            if one.account == "401000":
                by_account[one.auxiliary] += one.credit - one.debit
    assert owed == by_account
    assert owed["YANK"] == 0
    assert owed["GROS"] == 1000
