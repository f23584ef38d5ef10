"""Debits equal credits whatever was bought, under which regime and at which rate, and however it was paid (AC1)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from accounting_fr.fec_check import check_fec
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_lib import Actor, Sphinx
from sphinx_lib.accounting.entries import entry_of, unbalanced
from sphinx_lib.app.registry import specs
from sphinx_lib.export.run import export_file
from sphinx_lib.kernel.document import Document, Entry, EntryLine, Line
from sphinx_lib.kernel.money import counterpart, percentage
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.reader import read_text
from sphinx_lib.pricing.foot import foot_of
from sphinx_lib.pricing.totals import with_totals

DAY = date(2026, 3, 2)
PACK = load_pack(("base",), specs())
ZERO = Decimal(0)
CHIEF = Actor("chief", {"approve_supplier_invoice", "see_margin"})

rates = st.decimals("0.0007", "2000", places=4)
regimes = st.sampled_from(sorted(PACK.model.taxes.purchase_regimes))
codes = st.sampled_from(["standard", "intermediate", "reduced", "super_reduced", "zero"])
groups = st.sampled_from(["goods", "service", "supplies", "shipping"])


@st.composite
def lines(draw: st.DrawFn) -> Line:
    quantity = draw(st.decimals(-50, 500, places=3))
    return Line(
        id="l", position=1, quantity=quantity, price_quantity=quantity, unit_price=draw(st.decimals(0, 9999, places=4)),
        vat=draw(codes), account_group=draw(groups),
    )  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> Document:
    currency = draw(st.sampled_from(["EUR", "USD", "JPY", "TND"]))
    made = Document(
        id="d", type=draw(st.sampled_from(["supplier_invoice", "supplier_credit_note"])), state="posted", date=DAY,
        party="VISCO", currency=currency, rate=Decimal(1) if currency == "EUR" else draw(rates), regime=draw(regimes),
        foot_discount=draw(st.decimals(0, 100, places=2)), lines=tuple(draw(st.lists(lines(), max_size=6))),
        early_payment_discount=draw(st.sampled_from([ZERO, Decimal(2)])),
    )  # fmt: skip
    return with_totals(made, PACK)


def entry(document: Document) -> Entry | None:
    return entry_of(document, "purchase", PACK, "e", foot_of(document, PACK).portions)


def signed(line: EntryLine) -> Decimal:
    return line.debit - line.credit


@given(documents())
def test_every_purchase_balances_and_the_supplier_is_owed_the_counterpart(document: Document) -> None:
    made = entry(document)
    found = made.lines if made else ()
    sign = PACK.type_of(document.type).sign_number
    assert made is None or unbalanced(made) == 0
    assert all(min(line.debit, line.credit) == 0 < max(line.debit, line.credit) for line in found)
    assert sum((signed(line) for line in found if line.auxiliary), ZERO) == -sign * document.counterpart_gross


@given(documents())
def test_vat_that_we_owe_is_deducted_to_the_cent_and_only_under_self_assessed_regimes(document: Document) -> None:
    made = entry(document)
    found = made.lines if made else ()
    due = sum((-signed(line) for line in found if line.account.startswith("4452")), ZERO)
    deducted = sum((signed(line) for line in found if line.account.startswith("44566")), ZERO)
    sign = PACK.type_of(document.type).sign_number
    if not PACK.model.taxes.both[document.regime].self_assessed:
        assert due == 0
        assert deducted == sign * document.counterpart_vat
        return
    assert due == deducted
    assert document.total_vat == 0
    if document.regime != "purchase_import_overseas":
        digits = {"JPY": 0, "TND": 3}.get(document.currency, 2)
        bases: dict[str, Decimal] = {}
        for portion in foot_of(document, PACK).portions:
            code = document.lines[portion.place].vat
            bases[code] = bases.get(code, ZERO) + portion.base
        whole = {code: percentage(base, _rate(code), digits) for code, base in bases.items()}
        assert due == sign * sum((counterpart(vat, document.rate, 2) for vat in whole.values()), ZERO)


def _rate(code: str) -> Decimal:
    return PACK.model.taxes.codes[code].rate_on(DAY) or ZERO


# -- whole files ---------------------------------------------------------------------------------------------------------

OVERLAY, _ = read_text("company: {name: Test, siren: '732829320'}", "test.yaml")
SUPPLIERS = [
    {"code": "FR", "name": "A"}, {"code": "DE", "name": "B", "country": "DE", "vat_number": "DE136695976"},
    {"code": "US", "name": "C", "country": "US"}, {"code": "GO", "name": "D", "purchase_regime": "purchase_reverse_charge"},
]  # fmt: skip


class Clock:
    """The middle of 2 March 2026, always."""

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 12, tzinfo=UTC)


sane_rates = st.decimals("0.5", "200", places=4)
deals = st.tuples(
    st.sampled_from(["FR", "DE", "US", "GO"]), st.sampled_from(["EUR", "USD", "JPY"]), sane_rates, sane_rates,
    st.lists(st.tuples(st.decimals(1, 40, places=3), st.decimals(1, 500, places=2), codes), min_size=1, max_size=3),
    st.booleans(),
)  # fmt: skip


@settings(max_examples=20)
@given(st.lists(deals, min_size=1, max_size=3))
def test_every_file_of_purchases_balances_and_suppliers_who_were_paid_are_owed_nothing(traded: list[tuple]) -> None:  # type: ignore[type-arg]
    app = Sphinx.open(("base", OVERLAY), clock=Clock())
    with app.session() as session:
        session.put("supplier", SUPPLIERS)
    for number, (supplier, currency, rate, paid_at, rows, bounces) in enumerate(traded):
        at = {} if currency == "EUR" else {"rate": rate}
        given_lines = [{"text": "x", "quantity": quantity, "unit_price": price, "vat": vat} for quantity, price, vat in rows]
        with app.session(actor=CHIEF) as session:
            bill = session.create(
                "supplier_invoice", supplier=supplier, reference=f"F{number}", currency=currency, lines=given_lines, **at
            )
            session.fire(bill.id, "match")
            session.fire(bill.id, "approve", ask={"reason": "checked"})
            session.fire(bill.id, "post")
        pay = {} if currency == "EUR" else {"rate": paid_at}
        with app.session() as session:
            first = session.pay(supplier=supplier, amount=bill.total_gross, currency=currency, allocate=[bill.id], **pay).id
        if bounces:
            with app.session() as session:
                session.fire(first, "reject")
                session.pay(supplier=supplier, amount=bill.total_gross, currency=currency, allocate=[bill.id], **at)
    made = export_file(app, "fec", date(2026, 1, 1), date(2026, 12, 31))
    assert made.debit == made.credit
    report = check_fec(made.content, made.name, date(2026, 1, 1), date(2026, 12, 31))
    assert (report.errors, report.warnings) == ([], [])
    with app.reader() as views:
        owed = [views.supplier(row["code"]).balance for row in SUPPLIERS]
        by_account: dict[str, Decimal] = {}
        for line in views.entries(date(2026, 1, 1), date(2026, 12, 31)):
            if line.auxiliary:
                by_account[line.auxiliary] = by_account.get(line.auxiliary, ZERO) + line.debit - line.credit
    assert set(owed) == {0}
    assert set(by_account.values()) == {0}
