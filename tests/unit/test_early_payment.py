"""Escompte on payment (E2, E3): what it is taken of, how it is shared, and what is stored and printed of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sphinx_lib import Sphinx
from sphinx_lib.app.registry import specs
from sphinx_lib.billing.early_payment import Base, Share, bases_of, last_day, offer_of, shares_of
from sphinx_lib.kernel.document import EARLY_PAYMENT, Document, Line
from sphinx_lib.kernel.errors import Refused
from sphinx_lib.kernel.money import percentage, round_half_up
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.reader import Node, read_text
from sphinx_lib.pack.terms_model import EarlyPayment, PaymentTerm
from sphinx_lib.pricing.foot import foot_of
from sphinx_lib.pricing.totals import with_totals
from sphinx_lib.render import render_html
from tests.store.support import ALICE, FixedClock, open_shop, statements

DAY = date(2026, 3, 2)
PACK = load_pack(("base",), specs())
D = Decimal
TWO_PERCENT = EarlyPayment(percent=D(2), days=8)
RATES = {"standard": D(20), "intermediate": D(10), "reduced": D("5.5"), "zero": D(0)}


def line(amount: Decimal, vat: str = "standard", role: str = "") -> Line:
    count = D(-1) if amount < 0 else D(1)
    return Line(
        id=f"{role}{vat}{amount}", position=1, quantity=count, price_quantity=count, unit_price=abs(amount), vat=vat,
        role=role, account_group="goods",
    )  # fmt: skip


def document(*lines: Line, type: str = "invoice", **header: object) -> Document:
    made = Document(id="d", type=type, state="draft", date=DAY, regime="domestic", lines=lines, **header)  # type: ignore[arg-type]
    return with_totals(made, PACK)


def bases(made: Document) -> dict[str, Base]:
    return bases_of(foot_of(made, PACK).portions, made.vat, 2)


# -- how much ------------------------------------------------------------------------------------


def test_the_window_counts_from_the_day_of_the_invoice() -> None:
    assert last_day(date(2026, 2, 26), TWO_PERCENT) == date(2026, 3, 6)


def test_2_percent_of_12_000_are_240_net_of_tax_200() -> None:
    of = bases(document(line(D("10000.00"))))
    assert of == {"standard": (D("10000.00"), D("12000.00"))}
    assert shares_of(TWO_PERCENT, of, 2) == [Share("standard", D("240.00"))]
    assert shares_of(TWO_PERCENT.model_copy(update={"net_of_tax": True}), of, 2) == [Share(None, D("200.00"))]


def test_port_eco_contributions_and_deposits_are_outside() -> None:
    """E3: the base with tax is the total less theirs, whatever share of their code's VAT is rounded where."""
    outside = [line(D("50.00"), role="shipping"), line(D("8.33"), role="eco"), line(D("12.00"), "zero", role="deposit")]
    assert bases(document(line(D("100.00")), *outside)) == {"standard": (D("100.00"), D("120.00"))}
    assert bases(document(*outside)) == {}


def test_a_foot_discount_and_an_escompte_on_the_invoice_come_first() -> None:
    """E1: 10 000 less 10 % and 2 % are 8 820, with tax 10 584."""
    made = document(line(D("10000.00")), foot_discount=D(10), early_payment_discount=D(2))
    assert bases(made) == {"standard": (D("8820.00"), D("10584.00"))}


def test_nothing_bears_a_discount_where_more_is_taken_back_than_sold() -> None:
    assert shares_of(TWO_PERCENT, bases(document(line(D("-10.00")), line(D("5.00"), "reduced"))), 2) == []


def test_a_code_below_zero_takes_its_part_back() -> None:
    """N5, N8: 120.00 and -10.55 are 109.45, 2 % of it 2.19."""
    found = shares_of(TWO_PERCENT, bases(document(line(D("100.00")), line(D("-10.00"), "reduced"))), 2)
    assert found == [Share("standard", D("2.40")), Share("reduced", D("-0.21"))]


amounts = st.decimals(D("0.01"), D("99999.99"), places=2)
lines_given = st.lists(st.tuples(amounts, st.sampled_from(sorted(RATES))), min_size=1, max_size=6)


@given(lines_given, st.booleans(), st.decimals(D("0.1"), D(10), places=1))
def test_the_credit_note_is_the_percent_of_the_total_and_each_part_without_its_tax(
    rows: list[tuple[Decimal, str]], holds_tax: bool, percent: Decimal
) -> None:
    """E2: round(rate × TTC) in all; by VAT rate round(part / (1 + rate)), the rest is VAT."""
    invoice = document(*(line(amount, vat) for amount, vat in rows), prices_include_tax=holds_tax)
    found = shares_of(EarlyPayment(percent=percent, days=8), bases(invoice), 2)
    whole = percentage(invoice.total_gross, percent, 2)
    assert sum(share.amount for share in found) == whole
    own = [line(share.amount, share.vat or "", EARLY_PAYMENT) for share in found]
    note = document(*own, type="credit_note", prices_include_tax=True)
    assert note.total_gross == whole
    assert [row.base for row in note.vat] == [
        round_half_up(share.amount / (1 + RATES[share.vat or ""] / 100), 2) for share in found
    ]
    assert note.totals.get(EARLY_PAYMENT, D(0)) == note.total_net
    assert note.net_commercial == 0


@pytest.mark.parametrize("wrong", [{"percent": "0"}, {"percent": "100"}, {"percent": "2.1234567"}, {"percent": "2", "days": "-1"}])
def test_a_discount_of_nothing_or_all_or_of_endless_digits_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        EarlyPayment.model_validate({"days": "8", **wrong})


def test_a_term_written_short_keeps_its_discount() -> None:
    term = PaymentTerm.model_validate({"label": "x", "days": "30", "early_payment": {"percent": "2", "days": "8"}})
    assert term.early_payment == TWO_PERCENT
    made = document(line(D("10.00")), payment_terms="x")
    assert offer_of(made, {"x": term}) == TWO_PERCENT
    assert offer_of(made.changed(payment_terms="y"), {"x": term}) is None
    assert offer_of(document(line(D("10.00"), role="shipping"), payment_terms="x"), {"x": term}) is None


# -- what is stored and printed --------------------------------------------------------------------


def layer(text: str) -> Node:
    node, problems = read_text(text, "house.yaml")
    assert problems == []
    return node


SOON = "billing: {default_terms: soon, payment_terms: {soon: {label: Soon, days: 30, early_payment: {percent: 2.5, days: 8}}}}"


def shop(items: int = 1) -> Sphinx:
    return open_shop("sqlite://", config=["base", layer(SOON)], clock=FixedClock(), items=items)


def issued(app: Sphinx, quantities: list[int]) -> str:
    with app.session(actor=ALICE) as s:
        lines = [{"item": f"VIS-{n}", "quantity": quantity} for n, quantity in enumerate(quantities, 1)]
        made = s.create("invoice", customer="ACME", lines=lines)
        return s.fire(made.id, "issue").id


def test_an_offer_says_until_when_how_much_and_what_is_left_to_pay() -> None:
    """2.5 % of 120.00 is 3.00; once it is granted, or is no more than what is open, nothing is offered."""
    app = shop()
    invoice = issued(app, [10])
    with app.reader() as views:
        offer = views.early_payment(invoice)
    assert offer is not None
    assert (offer.until, offer.discount, offer.to_pay) == (date(2026, 3, 10), D("3.00"), D("117.00"))
    with app.session(actor=ALICE) as s:
        payment = s.pay("ACME", offer.to_pay, allocate=[invoice], early_payment=True)
    with app.reader() as views:
        assert views.early_payment(invoice) is None
        assert views.early_payment(payment.id) is None
        assert views.document(invoice).document.balance == 0


def test_a_draft_is_offered_no_discount_since_its_date_is_not_known() -> None:
    app = shop()
    with app.session(actor=ALICE) as s:
        draft = s.create("invoice", customer="ACME", lines=[{"item": "VIS-1", "quantity": 1}])
    with app.reader() as views:
        assert views.early_payment(draft.id) is None


def test_chains_series_and_balances_hold_after_a_discount_is_granted_and_taken_back() -> None:
    app = shop()
    invoice = issued(app, [10])
    with app.session(actor=ALICE) as s:
        payment = s.pay("ACME", "117", method="cheque", allocate=[invoice], early_payment=True)
    assert app.verify().faults == ()
    with app.session(actor=ALICE) as s:
        s.fire(payment.id, "reject")
    report = app.verify()
    assert report.faults == ()
    assert report.documents == 4
    with app.reader() as views:
        assert views.customer("ACME").balance == D("120.00")
        kinds = [one.kind for one in views.results(invoice)]
        (note,) = views.results(invoice)
        assert kinds == ["early_payment_note"]
        assert [one.kind for one in views.results(note.id)] == ["early_payment_reversal"]


def test_within_one_unit_of_work_it_is_granted_once_and_taken_back_with_its_payment() -> None:
    app = shop()
    with app.session(actor=ALICE) as s:
        invoice = s.create("invoice", customer="ACME", lines=[{"item": "VIS-1", "quantity": 10}])
        s.fire(invoice.id, "issue")
        s.flush()
        payment = s.pay("ACME", "117", allocate=[invoice.id], early_payment=True)
        with pytest.raises(Refused, match="has its discount already"):
            s.pay("ACME", "117", allocate=[invoice.id], early_payment=True)
        s.fire(payment.id, "reject")
        assert s.document(invoice.id).balance == D("120.00")
        s.pay("ACME", "117", allocate=[invoice.id], early_payment=True)
        assert s.document(invoice.id).state == "paid"
    assert app.verify().faults == ()


def test_a_refused_payment_leaves_nothing_behind() -> None:
    clock = FixedClock()
    app = open_shop("sqlite://", config=["base", layer(SOON)], clock=clock, items=1)
    invoice = issued(app, [10])
    clock.at = datetime(2026, 3, 11, 8, tzinfo=UTC)
    with app.session(actor=ALICE) as s:
        with pytest.raises(Refused, match="the last day for its discount was 2026-03-10"):
            s.pay("ACME", "117", allocate=[invoice], early_payment=True)
        s.pay("ACME", "20", allocate=[invoice])
    with app.reader() as views:
        assert [one.document.number for one in views.documents(views.ids(type="payment"))] == ["RG2026-00001"]
        assert views.document(invoice).document.balance == D("100.00")
    assert app.verify().faults == ()


def test_a_discount_asks_as_often_for_many_lines_as_for_one() -> None:
    app = shop(items=40)

    def count(quantities: list[int]) -> int:
        invoice = issued(app, quantities)
        with statements(app.engine) as seen, app.session(actor=ALICE) as s:
            s.pay("ACME", sum(quantities) * 12, allocate=[invoice], early_payment=True)
        return len(seen)

    count([1])  # the first of its series begins them
    assert count([1] * 40) == count([1])


def test_many_payments_that_fail_ask_as_often_as_one() -> None:
    app = shop()

    def count(documents: int) -> int:
        with app.session(actor=ALICE) as s:
            made = [s.create("invoice", customer="ACME", lines=[{"item": "VIS-1", "quantity": 10}]).id for _ in range(documents)]
            s.fire_many(made, "issue")
            s.flush()
            payments = [s.pay("ACME", "117", allocate=[one], early_payment=True).id for one in made]
        with statements(app.engine) as seen, app.session(actor=ALICE) as s:
            assert len(s.fire_many(payments, "reject").fired) == documents
        with app.reader() as views:
            assert [views.document(one).document.balance for one in made] == [D("120.00")] * documents
        return len(seen)

    assert count(5) == count(1)
    assert app.verify().faults == ()


def test_the_credit_note_names_its_invoice_and_says_why_in_both_languages() -> None:
    app = shop()
    invoice = issued(app, [10])
    with app.session(actor=ALICE) as s:
        s.pay("ACME", "117", allocate=[invoice], early_payment=True)
    with app.reader() as views:
        (note,) = views.results(invoice)
        page = render_html(views.document(note.id))
        asked = render_html(views.document(invoice)).replace("&#39;", "'")
        english = render_html(views.document(invoice, "en"))
    assert "Escompte de 2,5 % pour paiement anticipé, facture FA2026-00001" in page
    assert "Avoir d'escompte" in page.replace("&#39;", "'")
    assert "Escompte de 2,5 % pour paiement au plus tard le 10/03/2026" in asked
    assert "Pas d'escompte" not in asked
    assert "2.5 % discount for payment by Mar 10, 2026" in english
    assert "No discount for early payment" not in english
