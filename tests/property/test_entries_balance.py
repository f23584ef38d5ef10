"""Debits equal credits, in every entry and every file, whatever was sold, at which rate, and however it was paid."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from accounting_fr.fec_check import check_fec
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_lib import Sphinx
from sphinx_lib.accounting.entries import entry_of, reversed_entry, unbalanced
from sphinx_lib.app.registry import specs
from sphinx_lib.export.run import export_file
from sphinx_lib.kernel.document import Document, Entry, EntryLine, Line, Part
from sphinx_lib.kernel.money import counterpart, currency_digits
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.reader import read_text
from sphinx_lib.pricing.foot import foot_of
from sphinx_lib.pricing.totals import with_totals

DAY = date(2026, 3, 2)
CENT = Decimal("0.01")
PACK = load_pack(("base",), specs())

currencies = st.sampled_from(["EUR", "USD", "JPY", "TND"])
rates = st.decimals("0.0007", "2000", places=4)
percents = st.decimals(0, 100, places=2)
prices = st.decimals(0, 9999, places=4)
quantities = st.decimals(-50, 500, places=3)
vat_codes = st.sampled_from(["standard", "intermediate", "reduced", "super_reduced", "zero"])
regimes = st.sampled_from(["domestic", "intra_eu", "export", "reverse_charge", "exempt"])


roles = st.sampled_from(["", "", "", "", "shipping", "eco", "deposit", "option", "alternative"])


@st.composite
def sale_lines(draw: st.DrawFn) -> Line:
    """Goods, port with a VAT code or without, phantom kits, options."""
    quantity, role = draw(quantities), draw(roles)
    parts = [
        Part("X", Decimal(1), draw(prices), draw(vat_codes), True, draw(st.sampled_from(["goods", "service"])))
        for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2, 3])))
    ]
    return Line(
        id="l", position=1, quantity=quantity, price_quantity=quantity, unit_price=draw(prices), role=role,
        vat="" if role == "shipping" and draw(st.booleans()) else draw(vat_codes), parts=tuple(parts) if not role else (),
        account_group=draw(st.sampled_from(["goods", "service"])), discountable=draw(st.booleans()),
    )  # fmt: skip


@st.composite
def documents(draw: st.DrawFn, among: st.SearchStrategy[str] = currencies) -> Document:
    currency = draw(among)
    made = Document(
        id="d", type=draw(st.sampled_from(["invoice", "credit_note"])), state="issued", date=DAY, party="ACME",
        currency=currency, rate=Decimal(1) if currency == "EUR" else draw(rates), regime=draw(regimes),
        foot_discount=draw(percents), early_payment_discount=draw(st.sampled_from([Decimal(0), Decimal(2)])),
        prices_include_tax=draw(st.booleans()), lines=tuple(draw(st.lists(sale_lines(), max_size=8))),
    )  # fmt: skip
    return with_totals(made, PACK)


def entry(document: Document) -> Entry | None:
    return entry_of(document, "sale", PACK, "e", foot_of(document, PACK).portions)


def signed(line: EntryLine) -> Decimal:
    return line.debit - line.credit


@given(documents())
def test_every_sale_balances_and_no_amount_is_negative(document: Document) -> None:
    """AC1, N8; the reversal too."""
    made = entry(document)
    for one in () if made is None else (made, reversed_entry(made, "r", DAY)):
        assert unbalanced(one) == 0
        assert all(min(line.debit, line.credit) == 0 < max(line.debit, line.credit) for line in one.lines)


@given(documents())
def test_the_customer_owes_the_counterpart_and_vat_is_the_documents(document: Document) -> None:
    """F1: gross and VAT first."""
    made = entry(document)
    lines = made.lines if made else ()
    sign = PACK.type_of(document.type).sign_number
    customer = sum(signed(line) for line in lines if line.auxiliary)
    vat = sum(-signed(line) for line in lines if line.account.startswith("4457"))
    assert customer == sign * document.counterpart_gross
    assert vat == sign * document.counterpart_vat


@given(documents(st.sampled_from(["USD", "JPY", "TND"])))
def test_each_line_is_near_its_own_counterpart(document: Document) -> None:
    """F1: sharing moves a line by a cent, and the largest by one more; not more, however lines cancel out."""
    made = entry(document)
    for line in made.lines if made else ():
        assert line.currency_amount is not None
        assert abs(signed(line) - counterpart(line.currency_amount, document.rate, 2)) <= 3 * CENT


@given(documents(st.just("EUR")))
def test_a_document_in_euros_is_booked_as_it_is_written(document: Document) -> None:
    made = entry(document)
    sign = PACK.type_of(document.type).sign_number
    revenue = sum(-signed(line) for line in made.lines if line.account.startswith("70")) if made else Decimal(0)
    escompte = sum(signed(line) for line in made.lines if line.account.startswith("665")) if made else Decimal(0)
    assert revenue - escompte == sign * document.total_net
    assert escompte == sign * document.totals.get("early_payment_discount", Decimal(0))


# -- whole files ---------------------------------------------------------------------------------


class Clock:
    """The middle of 2 March 2026, always."""

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 12, tzinfo=UTC)


class Deal(NamedTuple):
    """A sale in a currency, then payments that settle it, some of which bounce and are paid again."""

    currency: str
    rate: Decimal
    lines: list[tuple[Decimal, Decimal, str]]
    foot_discount: Decimal
    cuts: list[int]
    payment_rates: list[Decimal]
    bounces: bool


sane_rates = st.decimals("0.5", "200", places=4)
deals = st.builds(
    Deal,
    currencies,
    sane_rates,
    st.lists(st.tuples(st.decimals(1, 40, places=3), st.decimals(1, 500, places=2), vat_codes), min_size=1, max_size=4),
    st.decimals(0, 50, places=2),
    st.lists(st.integers(1, 99), max_size=2, unique=True),
    st.lists(sane_rates, min_size=3, max_size=3),
    st.booleans(),
)
OVERLAY, _ = read_text("company: {name: Test, siren: '732829320'}", "test.yaml")


def trade(app: Sphinx, number: int, deal: Deal) -> None:
    code = f"C{number}"
    foreign = deal.currency != "EUR"
    with app.session() as session:
        session.put("customer", [{"code": code, "name": f"Client\t{number}", "country": "FR" if number % 2 else "JP"}])
        lines = [
            {"text": "x", "quantity": quantity, "unit_price": price, "vat": vat} for quantity, price, vat in deal.lines
        ]
        at = {"rate": deal.rate} if foreign else {}
        header = {"currency": deal.currency, "foot_discount": deal.foot_discount, **at}
        invoice = session.create("invoice", customer=code, lines=lines, **header)
        session.fire(invoice.id, "issue")
    total = invoice.total_gross
    step = Decimal(1).scaleb(-currency_digits(deal.currency))
    marks = [Decimal(0), *((total * cut / 100).quantize(step) for cut in sorted(deal.cuts)), total]
    for before, after, rate in zip(marks, marks[1:], deal.payment_rates, strict=False):
        if after > before:
            pay(app, code, after - before, deal.currency, rate)
    if deal.bounces:
        again = pay(app, code, step, deal.currency, deal.rate, settle=False)
        with app.session() as session:
            session.fire(again, "reject")


def pay(app: Sphinx, code: str, amount: Decimal, currency: str, rate: Decimal, *, settle: bool = True) -> str:
    at = {"rate": rate} if currency != "EUR" else {}
    with app.session() as session:
        return session.pay(code, amount, currency=currency, allocate=None if settle else [], **at).id


@settings(max_examples=25)
@given(st.lists(deals, min_size=1, max_size=4))
def test_every_file_balances_and_customers_who_paid_owe_nothing(traded: list[Deal]) -> None:
    """AC1, F3: whatever the rates of the payments, the last one clears the customer's account to the cent."""
    app = Sphinx.open(("base", OVERLAY), clock=Clock())
    for number, deal in enumerate(traded):
        trade(app, number, deal)
    made = export_file(app, "fec", date(2026, 1, 1), date(2026, 12, 31))
    assert made.debit == made.credit
    report = check_fec(made.content, made.name, date(2026, 1, 1), date(2026, 12, 31))
    assert (report.errors, report.warnings) == ([], [])
    with app.reader() as views:
        owed: dict[str, Decimal] = {}
        for line in views.entries(date(2026, 1, 1), date(2026, 12, 31)):
            if line.auxiliary:
                owed[line.auxiliary] = owed.get(line.auxiliary, Decimal(0)) + line.debit - line.credit
    assert set(owed.values()) == {0}
