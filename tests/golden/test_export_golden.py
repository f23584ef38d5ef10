"""The FEC of three years of trade, compared as bytes and read by an independent checker.

``UPDATE_GOLDEN=1 pytest tests/golden`` writes the files anew.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from accounting_fr.fec_check import Report, check_fec

from sphinx_lib import Actor, Sphinx
from sphinx_lib.export.run import FiscalYear, export_file
from sphinx_lib.pack.reader import Node, read_text

HERE = Path(__file__).parent
COMPANY = """
company: {name: Quincaillerie du Port, siren: "732 829 320"}
billing:
  payment_terms:
    thirds:
      label: {fr: 30 % puis 70 %}
      instalments: {first: {percent: 30, days: 0}, rest: {remainder: true, days: 30}}
"""
YEARS = [FiscalYear(date(year, 1, 1), date(year, 12, 31)) for year in (2026, 2027, 2028)]


class Clock:
    """Ten in the morning, Paris time in winter, of the day that a test chooses."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 2, 9, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def set(self, day: str) -> None:
        self.moment = datetime.fromisoformat(f"{day}T09:00:00+00:00")


def layer(text: str) -> Node:
    node, problems = read_text(text, "test.yaml")
    assert problems == []
    return node


class Books:
    """A company and what it did, in words short enough to read as a list."""

    def __init__(self, overlay: str = COMPANY) -> None:
        self.clock = Clock()
        self.app = Sphinx.open(("base", layer(overlay)), clock=self.clock)
        with self.app.session(actor=Actor("anne")) as session:
            session.put("customer", CUSTOMERS)
            session.put("item", ITEMS)
            session.put("exchange_rate", RATES)

    def invoice(self, day: str, customer: str, *lines: Mapping[str, Any], **header: Any) -> str:
        self.clock.set(day)
        with self.app.session() as session:
            document = session.create("invoice", customer=customer, lines=lines, **header)
            session.fire(document.id, "issue")
        return document.id

    def credit(self, day: str, invoice: str, quantities: Mapping[int, str] | None = None) -> str:
        self.clock.set(day)
        with self.app.session() as session:
            document = session.derive(invoice, "credit_note", quantities=quantities).documents[0]
            session.fire(document.id, "issue")
        return document.id

    def pay(self, day: str, customer: str, amount: str, **header: Any) -> str:
        self.clock.set(day)
        with self.app.session() as session:
            return session.pay(customer, amount, **header).id

    def fire(self, day: str, document: str, event: str) -> None:
        self.clock.set(day)
        with self.app.session() as session:
            session.fire(document, event)

    def lines_of(self, document: str) -> list[Any]:
        with self.app.reader() as views:
            return views.entries_of(document)

    def year(self, year: int) -> tuple[str, bytes]:
        made = export_file(self.app, "fec", date(year, 1, 1), date(year, 12, 31))
        return made.name, made.content


CUSTOMERS = [
    {"code": "DUPONT", "name": 'Établissements "Dupont"\t& Fils\r\n– 50 € | cœur', "payment_terms": "thirds"},
    {"code": "BERLIN", "name": "Müller GmbH", "country": "DE", "vat_number": "DE136695976"},
    {"code": "BOSTON", "name": "Harbor Supply Inc.", "country": "US", "currency": "USD"},
]
ITEMS = [
    {"code": "VIS", "name": {"fr": "Vis M6"}, "sale_price": "12.34"},
    {"code": "LIVRE", "name": {"fr": "Notice"}, "sale_price": "9.99", "vat": "reduced"},
    {"code": "POSE", "name": {"fr": "Pose"}, "kind": "service", "sale_price": "55", "vat": "intermediate"},
    {"code": "POMPE", "name": {"fr": "Pompe"}, "sale_price": "1000"},
]
RATES = [
    {"currency": "USD", "date": "2026-01-01", "rate": "1.08"},
    {"currency": "USD", "date": "2026-04-01", "rate": "1.10"},
    {"currency": "USD", "date": "2027-01-01", "rate": "1.05"},
]


def line(item: str, quantity: str, **more: Any) -> dict[str, Any]:
    return {"item": item, "quantity": quantity, **more}


def trade() -> Books:
    """Three years: two VAT rates, instalments, foot discount, intra-EU, dollars, credit notes, payments undone."""
    books = Books()
    bought = (line("VIS", "37"), line("LIVRE", "3"), line("POSE", "2.5"))
    first = books.invoice("2026-03-02", "DUPONT", *bought, foot_discount="5")
    books.invoice("2026-03-05", "BERLIN", line("VIS", "100"), line("POSE", "4"))
    dollars = books.invoice("2026-03-10", "BOSTON", line("POMPE", "5", unit_price="1000"))
    books.credit("2026-03-20", first, {1: "7"})
    bounced = books.pay("2026-04-01", "DUPONT", "200", method="cheque")
    books.fire("2026-04-05", bounced, "reject")
    cancelled = books.pay("2026-04-06", "DUPONT", "150.55", method="card")
    books.fire("2026-04-06", cancelled, "cancel")
    books.pay("2026-04-10", "BOSTON", "5000", allocate=[dollars])
    books.pay("2026-12-31", "DUPONT", "300", method="cash")
    books.invoice("2027-01-01", "BOSTON", line("POMPE", "1", unit_price="333.33"), line("POSE", "1", unit_price="0.01"))
    late = books.invoice("2027-06-30", "DUPONT", line("VIS", "1", discounts=["10", "5"]))
    books.credit("2028-02-29", late)
    books.pay("2028-03-01", "BOSTON", "100.01")
    return books


@pytest.fixture(scope="module")
def books() -> Books:
    return trade()


def checked(name: str, content: bytes, year: FiscalYear) -> Report:
    report = check_fec(content, name, year.first, year.last)
    assert report.errors == []
    assert report.warnings == []
    return report


@pytest.mark.parametrize("year", YEARS, ids=lambda year: str(year.first.year))
def test_the_fec_of_a_year_has_exactly_these_bytes(books: Books, year: FiscalYear) -> None:
    made = export_file(books.app, "fec", year.first, year.last)
    golden = HERE / f"fec_{year.first.year}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_bytes(made.content)
    assert made.content == golden.read_bytes()
    assert made.name == f"732829320FEC{year.last:%Y%m%d}.txt"


@pytest.mark.parametrize("year", YEARS, ids=lambda year: str(year.first.year))
def test_an_independent_checker_finds_nothing(books: Books, year: FiscalYear) -> None:
    made = export_file(books.app, "fec", year.first, year.last)
    report = checked(made.name, made.content, year)
    assert report.stats["lignes"] == made.lines > 0
    assert report.stats["total_debit"] == f"{made.debit:.2f}" == f"{made.credit:.2f}"
