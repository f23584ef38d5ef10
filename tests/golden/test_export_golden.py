"""The FEC of three years of trade, compared as bytes and read by an independent checker.

``UPDATE_GOLDEN=1 pytest tests/golden`` writes the files anew.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from accounting_fr.fec_check import Report, check_fec

from sphinx_lib import Actor, InputError, NotFound, Refused, Sphinx
from sphinx_lib.export.run import FiscalYear, export_batch, export_file, export_years, fiscal_years
from sphinx_lib.kernel.errors import ExportError
from sphinx_lib.pack.reader import Node, read_text
from sphinx_lib.store.tables import accounting_entries

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

    def __init__(self, overlay: str = COMPANY, database: str = "sqlite://") -> None:
        self.clock = Clock()
        self.app = Sphinx.open(("base", layer(overlay)), database, clock=self.clock, check_database=False)
        self.app.migrate()
        with self.app.session(actor=Actor("anne", {"see_margin"})) as session:
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


def trade(database: str = "sqlite://") -> Books:
    """Three years: two VAT rates, instalments, foot discount, intra-EU, dollars, credit notes, payments undone."""
    books = Books(database=database)
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


def test_the_bytes_and_the_batch_are_the_same_on_every_database(database_url: str) -> None:
    books = trade(database_url)
    try:
        number = books.app.mark_exported(*YEARS[0])
        assert export_batch(books.app, "fec", number).content == (HERE / "fec_2026.txt").read_bytes()
        assert books.year(2027)[1] == (HERE / "fec_2027.txt").read_bytes()
    finally:
        books.app.engine.dispose()


def rows(content: bytes) -> list[dict[str, str]]:
    header, *lines = content.decode().split("\r\n")[:-1]
    return [dict(zip(header.split("\t"), one.split("\t"), strict=True)) for one in lines]


def balance(content: bytes, party: str) -> Decimal:
    signed = [(one["Debit"], one["Credit"]) for one in rows(content) if one["CompAuxNum"] == party]
    return sum((number(debit) - number(credit) for debit, credit in signed), Decimal(0))


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


# -- what the books say --------------------------------------------------------------------------


def test_a_settled_invoice_in_dollars_leaves_nothing_on_the_customer() -> None:
    """Ex 32: 4 629.63 = 4 545.45 received + 84.18 lost."""
    books = Books()
    books.invoice("2026-03-10", "BOSTON", line("POMPE", "5", unit_price="1000"))
    books.pay("2026-04-10", "BOSTON", "5000")
    found = {one["CompteNum"]: one["Debit"] for one in rows(books.year(2026)[1]) if one["Debit"] != "0,00"}
    assert found == {"411000": "4629,63", "512000": "4545,45", "656000": "84,18"}
    assert balance(books.year(2026)[1], "BOSTON") == 0


@pytest.mark.parametrize("event", ["reject", "cancel"])
def test_an_undone_payment_leaves_the_invoice_open_and_its_difference_of_exchange_undone(event: str) -> None:
    books = Books()
    books.invoice("2026-03-10", "BOSTON", line("POMPE", "5", unit_price="1000"))
    payment = books.pay("2026-04-10", "BOSTON", "5000")
    books.fire("2026-04-20", payment, event)
    assert balance(books.year(2026)[1], "BOSTON") == Decimal("4629.63")
    assert sum(one.debit - one.credit for one in books.lines_of(payment) if one.account == "656000") == 0
    books.pay("2026-04-21", "BOSTON", "5000")
    assert balance(books.year(2026)[1], "BOSTON") == 0


def test_a_payment_posted_and_cancelled_at_once_keeps_its_number_on_both_entries() -> None:
    books = Books()
    with books.app.session() as session:
        payment = session.pay("DUPONT", "10").id
        session.fire(payment, "cancel")
    assert [one.piece for one in books.lines_of(payment)] == ["RG2026-00001"] * 4
    checked(*books.year(2026), YEARS[0])


def test_a_credit_note_at_another_rate_settles_its_invoice_with_the_difference() -> None:
    books = Books()
    invoice = books.invoice("2026-03-10", "BOSTON", line("POMPE", "1"))
    books.credit("2026-04-10", invoice)
    assert balance(books.year(2026)[1], "BOSTON") == 0
    checked(*books.year(2026), YEARS[0])


def test_a_payment_put_against_an_invoice_a_year_later_posts_its_difference_then() -> None:
    """A closed year gets no new entry."""
    books = Books()
    payment = books.pay("2026-06-01", "BOSTON", "1000", allocate=[])
    before = books.year(2026)
    invoice = books.invoice("2027-02-01", "BOSTON", line("POMPE", "1", unit_price="1000"))
    books.clock.set("2027-02-03")
    with books.app.session() as session:
        session.allocate(payment, [invoice])
    assert books.year(2026) == before
    after = rows(books.year(2027)[1])
    assert {one["EcritureDate"] for one in after if one["CompteNum"] in ("656000", "756000")} == {"20270203"}
    assert balance(before[1], "BOSTON") + balance(books.year(2027)[1], "BOSTON") == 0


def test_an_entry_is_validated_on_the_local_day_and_never_before_its_date() -> None:
    """23:30 UTC on 2 March is 3 March in Paris; a payment dated ahead is validated on its own date."""
    books = Books()
    books.clock.moment = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    with books.app.session() as session:
        session.pay("DUPONT", "10")
        session.pay("DUPONT", "20", date="2026-03-10")
    dates = [(one["EcritureDate"], one["ValidDate"]) for one in rows(books.year(2026)[1])]
    assert dates == [("20260303", "20260303")] * 2 + [("20260310", "20260310")] * 2
    checked(*books.year(2026), YEARS[0])


def test_entries_of_one_unit_are_numbered_by_date() -> None:
    books = Books()
    with books.app.session() as session:
        for day in ("2026-01-20", "2026-01-10", "2026-01-15"):
            session.pay("DUPONT", "10", date=day)
    found = [(one["EcritureNum"], one["EcritureDate"]) for one in rows(books.year(2026)[1])][::2]
    assert found == [
        ("BQ2026-000001", "20260110"), ("BQ2026-000002", "20260115"), ("BQ2026-000003", "20260120"),
    ]  # fmt: skip


# -- files ---------------------------------------------------------------------------------------


def test_there_is_one_file_for_each_fiscal_year(books: Books, tmp_path: Path) -> None:
    assert fiscal_years(books.app) == YEARS
    paths = export_years(books.app, "fec", tmp_path / "fec")
    assert [path.name for path in paths] == [f"732829320FEC{year}1231.txt" for year in (2026, 2027, 2028)]
    assert paths[0].read_bytes() == (HERE / "fec_2026.txt").read_bytes()


def test_a_fiscal_year_may_begin_in_july_and_numbers_begin_again_with_it(tmp_path: Path) -> None:
    books = Books(COMPANY.replace("siren:", "fiscal_year_start: 07-01, siren:"))
    for day in ("2026-06-30", "2026-07-01", "2027-06-30", "2027-07-01"):
        books.pay(day, "DUPONT", "10")
    years = fiscal_years(books.app)
    assert years[1] == FiscalYear(date(2026, 7, 1), date(2027, 6, 30))
    numbers = []
    for year, path in zip(years, export_years(books.app, "fec", tmp_path), strict=True):
        checked(path.name, path.read_bytes(), year)
        numbers.append([one["EcritureNum"] for one in rows(path.read_bytes())][::2])
    assert numbers == [["BQ2025-000001"], ["BQ2026-000001", "BQ2026-000002"], ["BQ2027-000001"]]


def test_books_without_entries_have_no_fiscal_year_and_an_empty_file() -> None:
    books = Books()
    assert fiscal_years(books.app) == []
    made = export_file(books.app, "fec", *YEARS[0])
    assert (made.lines, made.debit, made.content.count(b"\r\n")) == (0, 0, 1)


def test_years_that_would_overwrite_each_other_are_refused(tmp_path: Path) -> None:
    books = Books(COMPANY + "accounting: {formats: {fec: {file: fec.txt}}}\n")
    books.pay("2026-12-31", "DUPONT", "10")
    books.pay("2027-01-01", "DUPONT", "10")
    with pytest.raises(ExportError, match="closing"):
        export_years(books.app, "fec", tmp_path)


@pytest.mark.parametrize("siren", ["", "12345"])
def test_without_a_siren_a_warning_says_where_to_set_it(siren: str) -> None:
    made = export_file(Books(COMPANY.replace("732 829 320", siren)).app, "fec", *YEARS[0])
    assert made.name == "000000000FEC20261231.txt"
    assert "company.siren is not set" in made.warnings[0]


def test_the_siren_is_read_from_the_siret_when_only_that_is_set() -> None:
    books = Books(COMPANY.replace('siren: "732 829 320"', 'siret: "732 829 320 00074"'))
    assert books.year(2026)[0] == "732829320FEC20261231.txt"


def test_an_unknown_format_is_told_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'fec'"):
        export_file(Books().app, "fac", *YEARS[0])


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InputError, match="before the first"):
        export_file(Books().app, "fec", date(2026, 2, 1), date(2026, 1, 31))


def altered(**values: Any) -> Books:
    """Books whose first entry line somebody changed in the database."""
    books = Books()
    books.pay("2026-03-02", "DUPONT", "100")
    change = accounting_entries.update().where(accounting_entries.c.position == 1).values(**values)
    with books.app.engine.begin() as connection:
        connection.execute(change)
    return books


def test_an_entry_that_does_not_balance_is_not_exported() -> None:
    with pytest.raises(ExportError, match=r"entry BQ2026-000001 does not balance: debit 99\.99"):
        altered(debit=Decimal("99.99")).year(2026)


@pytest.mark.parametrize(("debit", "credit"), [("0", "0"), ("100", "1"), ("-100", "0")])
def test_a_line_has_exactly_one_side(debit: str, credit: str) -> None:
    with pytest.raises(ExportError, match="exactly one must be above zero"):
        altered(debit=Decimal(debit), credit=Decimal(credit)).year(2026)


# -- batches -------------------------------------------------------------------------------------


def test_a_batch_is_written_again_identically_after_more_was_posted() -> None:
    """AC3."""
    books = Books()
    books.pay("2026-03-02", "DUPONT", "100")
    number = books.app.mark_exported(date(2026, 1, 1), date(2026, 3, 31))
    first = export_batch(books.app, "fec", number)
    late = books.pay("2026-03-03", "DUPONT", "50")
    books.fire("2026-03-04", late, "reject")
    assert export_batch(books.app, "fec", number) == first
    assert (number, first.lines, first.debit) == (1, 2, 100)


def test_each_entry_is_in_one_batch_and_numbers_have_no_gap() -> None:
    books = Books()
    year = (date(2026, 1, 1), date(2026, 12, 31))
    books.pay("2026-03-02", "DUPONT", "100")
    assert books.app.mark_exported(*year) == 1
    with pytest.raises(Refused, match="in a batch already"):
        books.app.mark_exported(*year)
    books.pay("2026-03-03", "DUPONT", "50")
    assert books.app.mark_exported(*year) == 2
    assert [export_batch(books.app, "fec", number).debit for number in (1, 2)] == [100, 50]
    assert books.app.verify().ok


def test_an_unknown_batch_is_not_found() -> None:
    with pytest.raises(NotFound, match="no export batch 7"):
        export_batch(Books().app, "fec", 7)
