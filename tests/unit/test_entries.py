"""Documents become balanced entries (AC1-AC3): sales, credit notes, payments, differences of exchange, reversals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from sphinx_lib.accounting.entries import entry_of, exchange_entry, reversed_entry, titled, unbalanced
from sphinx_lib.app.registry import specs
from sphinx_lib.kernel.document import Document, Entry, Instalment, Line
from sphinx_lib.kernel.errors import ExportError
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.reader import read_text
from sphinx_lib.pricing.foot import foot_of
from sphinx_lib.pricing.totals import with_amounts, with_totals

DAY = date(2026, 3, 2)
LATER = date(2026, 4, 10)
CUSTOMER = {"code": "ACME", "name": "ACME SAS"}


def pack_with(text: str = "") -> Pack:
    node, problems = read_text(text, "test.yaml")
    assert problems == []
    return load_pack(("base", node) if text else ("base",), specs())


PACK = pack_with()


def line(net: str, vat: str = "standard", group: str = "goods") -> Line:
    """A line of one piece, so that its price is its net; a negative net is a negative quantity."""
    amount = Decimal(net)
    count = Decimal(-1 if amount < 0 else 1)
    return Line(
        id=net, position=1, quantity=count, price_quantity=count, unit_price=abs(amount), vat=vat, account_group=group
    )


def document(*lines: Line, type: str = "invoice", regime: str = "domestic", **header: object) -> Document:
    made = Document(
        id="d1", type=type, state="issued", date=DAY, party="ACME", party_facts=CUSTOMER, number="FA2026-00007",
        due_date=LATER, regime=regime, lines=lines, **header,  # type: ignore[arg-type]
    )  # fmt: skip
    return with_totals(made, PACK)


def payment(amount: str, *, currency: str = "EUR", rate: str = "1", method: str = "transfer") -> Document:
    made = Document(
        id="p1", type="payment", state="posted", date=LATER, party="ACME", party_facts=CUSTOMER, number="RG2026-00001",
        method=method, currency=currency, rate=Decimal(rate),
    )  # fmt: skip
    return with_amounts(made, PACK, Decimal(amount), Decimal(0))


def entry(source: Document, posts: str = "sale", pack: Pack = PACK) -> Entry:
    made = entry_of(source, posts, pack, "e1", foot_of(source, pack).portions)
    assert made is not None
    assert unbalanced(made) == 0
    assert all(min(each.debit, each.credit) == 0 < max(each.debit, each.credit) for each in made.lines)
    return made


def sides(made: Entry) -> list[tuple[str, str, str]]:
    """Account, D or C, amount."""
    return [(each.account, "D" if each.debit else "C", f"{each.debit + each.credit:.2f}") for each in made.lines]


# -- sales ---------------------------------------------------------------------------------------


def test_a_sale_debits_the_customer_and_credits_revenue_and_vat() -> None:
    """AC2."""
    made = entry(document(line("100.00"), line("50.00", "reduced"), line("10.00", "intermediate", "service")))
    assert sides(made) == [
        ("411000", "D", "183.75"), ("707000", "C", "100.00"), ("707000", "C", "50.00"), ("706000", "C", "10.00"),
        ("445711", "C", "20.00"), ("445713", "C", "2.75"), ("445712", "C", "1.00"),
    ]  # fmt: skip
    assert (made.journal, made.journal_label, made.date, made.piece) == (
        "VE",
        "Journal des ventes",
        DAY,
        "FA2026-00007",
    )
    assert made.label == "Facture FA2026-00007 ACME SAS"


def test_revenue_is_split_by_account_and_vat_code() -> None:
    """AC2: two lines of one account and code make one, another code makes another."""
    made = entry(document(line("100.00"), line("11.00"), line("50.00", "reduced")))
    revenue = [(each.account, each.vat, each.credit) for each in made.lines if each.account == "707000"]
    assert revenue == [("707000", "standard", Decimal("111.00")), ("707000", "reduced", Decimal("50.00"))]


def test_only_the_customers_line_names_the_customer() -> None:
    made = entry(document(line("100.00")))
    named = [(each.account, each.auxiliary, each.auxiliary_label) for each in made.lines if each.auxiliary]
    assert named == [("411000", "ACME", "ACME SAS")]


def test_a_credit_note_swaps_the_sides() -> None:
    """AC2, N8: amounts are stored positive and stay so."""
    lines = (line("100.00"), line("50.00", "reduced"))
    sale, credit = entry(document(*lines)), entry(document(*lines, type="credit_note"))
    swapped = [(account, {"D": "C", "C": "D"}[side], amount) for account, side, amount in sides(sale)]
    assert sides(credit) == swapped
    assert credit.label == "Avoir FA2026-00007 ACME SAS"


def test_a_negative_line_debits_revenue() -> None:
    """N8: an account that a return outweighs changes side."""
    made = entry(document(line("100.00"), line("-30.00", group="service")))
    assert sides(made) == [
        ("411000", "D", "84.00"), ("707000", "C", "100.00"), ("706000", "D", "30.00"), ("445711", "C", "14.00"),
    ]  # fmt: skip


def test_each_instalment_has_a_customer_line_with_its_due_date() -> None:
    """AC1; the shares in euros add up to the counterpart of the total."""
    parts = (Instalment(DAY, Decimal("33.33")), Instalment(LATER, Decimal("66.67")))
    source = replace(document(line("100.00"), regime="export", currency="USD", rate=Decimal("1.1")), instalments=parts)
    made = entry(source)
    receivable = [(each.due_date, each.debit, each.currency_amount) for each in made.lines if each.account == "411000"]
    assert receivable == [(DAY, Decimal("30.30"), Decimal("33.33")), (LATER, Decimal("60.61"), Decimal("66.67"))]
    assert source.counterpart_gross == Decimal("90.91")


def test_a_foot_discount_lowers_each_account_by_its_share() -> None:
    """Ex 2: 5 % on 333.33 + 222.22 + 111.11 is 16.67, 11.11, 5.55."""
    nets = (line("333.33"), line("222.22", "reduced"), line("111.11", group="service"))
    made = entry(document(*nets, foot_discount=Decimal(5)))
    assert sides(made)[1:4] == [("707000", "C", "316.66"), ("707000", "C", "211.11"), ("706000", "C", "105.56")]


@pytest.mark.parametrize(
    ("regime", "account"), [("intra_eu", "707100"), ("export", "707200"), ("reverse_charge", "707300")]
)
def test_the_regime_chooses_the_account_and_there_is_no_vat(regime: str, account: str) -> None:
    """AC3, VA4: all VAT codes of such a document are one line."""
    made = entry(document(line("100.00"), line("50.00", "reduced"), regime=regime))
    assert sides(made) == [("411000", "D", "150.00"), (account, "C", "150.00")]
    assert made.lines[1].vat == regime


def test_nothing_is_posted_for_a_document_worth_nothing() -> None:
    source = document(line("0.00"))
    assert entry_of(source, "sale", PACK, "e1", foot_of(source, PACK).portions) is None


# -- foreign currency ----------------------------------------------------------------------------


def test_a_foreign_sale_is_booked_in_euros_with_the_amount_in_its_currency() -> None:
    """Ex 32: 5 000 USD at 1.08 is 4 629.63; debits in the currency are above zero, credits below."""
    made = entry(document(line("5000.00"), regime="export", currency="USD", rate=Decimal("1.08")))
    assert sides(made) == [("411000", "D", "4629.63"), ("707200", "C", "4629.63")]
    assert [(each.currency, each.currency_amount) for each in made.lines] == [("USD", 5000), ("USD", -5000)]


def test_lines_that_cancel_out_are_still_converted() -> None:
    """F1: a total of zero says nothing about its parts: 100 USD at 1.25 are 80 EUR."""
    made = entry(
        document(
            line("100.00"), line("-100.00", group="service"), regime="export", currency="USD", rate=Decimal("1.25")
        )
    )
    assert sides(made) == [("707200", "C", "80.00"), ("706200", "D", "80.00")]


def test_lines_in_a_domestic_sale_in_dollars_meet_gross_and_vat() -> None:
    """F1: gross and VAT are converted first, so that the net may be a cent off and the largest line takes it."""
    source = document(line("0.05"), line("0.02", "reduced"), currency="USD", rate=Decimal("1.5"))
    made = entry(source)
    assert made.lines[0].debit == source.counterpart_gross == Decimal("0.05")
    assert sum(each.credit for each in made.lines if each.account == "445711") == source.counterpart_vat
    assert [(each.account, each.credit) for each in made.lines if each.account == "707000"] == [
        ("707000", Decimal("0.03")), ("707000", Decimal("0.01")),
    ]  # fmt: skip


def test_an_amount_in_yen_has_no_decimals() -> None:
    made = entry(document(line("1001"), regime="export", currency="JPY", rate=Decimal("163.27")))
    assert sides(made) == [("411000", "D", "6.13"), ("707200", "C", "6.13")]
    assert made.lines[0].currency_amount == Decimal(1001)


def test_euros_carry_no_currency() -> None:
    made = entry(document(line("100.00")))
    assert {(each.currency, each.currency_amount) for each in made.lines} == {("", None)}


# -- payments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "account"), [("transfer", "512000"), ("cheque", "511200"), ("cash", "530000")])
def test_a_payment_debits_the_account_of_its_method(method: str, account: str) -> None:
    made = entry(payment("120.00", method=method), "payment")
    assert sides(made) == [(account, "D", "120.00"), ("411000", "C", "120.00")]
    assert made.journal == "BQ"
    assert made.lines[1].auxiliary == "ACME"


def test_a_refund_goes_out() -> None:
    """A type without sign -1 pays the customer: the bank is credited."""
    pack = pack_with("document_types: {payment: {kinds: {refund: {sign: '1', label: {fr: Remboursement}}}}}")
    made = entry(replace(payment("120.00"), kind="refund"), "payment", pack)
    assert sides(made) == [("512000", "C", "120.00"), ("411000", "D", "120.00")]


def test_a_loss_of_exchange_clears_the_customer() -> None:
    """Ex 32: received at 1.10 4 545.45 of 4 629.63: loss 84.18 on 656, and 411 is at zero."""
    paid = payment("5000.00", currency="USD", rate="1.10")
    received = entry(paid, "payment")
    assert sides(received) == [("512000", "D", "4545.45"), ("411000", "C", "4545.45")]
    assert [each.currency_amount for each in received.lines] == [5000, -5000]
    made = exchange_entry(paid, "payment", PACK, "e2", Decimal("4545.45") - Decimal("4629.63"), LATER)
    assert made is not None
    assert sides(made) == [("411000", "C", "84.18"), ("656000", "D", "84.18")]
    assert {(each.currency, each.currency_amount) for each in made.lines} == {("", None)}


def test_a_gain_of_exchange_is_credited() -> None:
    made = exchange_entry(payment("10.00", currency="USD", rate="1"), "payment", PACK, "e2", Decimal("0.50"), LATER)
    assert made is not None
    assert sides(made) == [("411000", "D", "0.50"), ("756000", "C", "0.50")]


def test_the_difference_of_a_credit_note_in_dollars_is_posted_too() -> None:
    credit = document(line("100.00"), type="credit_note", regime="export", currency="USD", rate=Decimal("1.30"))
    made = exchange_entry(credit, "sale", PACK, "e2", Decimal("-3.08"), LATER)
    assert made is not None
    assert sides(made) == [("411000", "C", "3.08"), ("656000", "D", "3.08")]


def test_no_difference_makes_no_entry() -> None:
    assert exchange_entry(payment("10.00"), "payment", PACK, "e2", Decimal("0.00"), LATER) is None


# -- afterwards ----------------------------------------------------------------------------------


@pytest.mark.parametrize("type", ["invoice", "credit_note"])
def test_a_reversal_swaps_the_sides_on_its_own_day(type: str) -> None:
    """AC3: a correction is a new entry; both together are zero on every account, in euros and in dollars."""
    source = entry(document(line("100.00"), type=type, regime="export", currency="USD", rate=Decimal("1.08")))
    undone = reversed_entry(source, "e9", LATER)
    assert (undone.id, undone.date, undone.document_id) == ("e9", LATER, source.document_id)
    for before, after in zip(source.lines, undone.lines, strict=True):
        assert (before.account, before.debit, before.credit) == (after.account, after.credit, after.debit)
        assert (before.currency_amount or 0) + (after.currency_amount or 0) == 0


def test_an_entry_takes_the_number_that_its_document_gets_later() -> None:
    made = entry(replace(document(line("1.00")), number=None))
    assert (made.piece, made.label) == ("", "Facture  ACME SAS")
    done = titled(made, document(line("1.00")), "sale", PACK)
    assert (done.piece, done.label) == ("FA2026-00007", "Facture FA2026-00007 ACME SAS")


def test_the_analytic_code_is_a_field_of_the_document() -> None:
    """AC1: analytic, such as the deal."""
    made = entry(replace(document(line("100.00")), deal="PONT"), pack=pack_with("accounting: {analytic: deal}"))
    assert {each.analytic for each in made.lines} == {"PONT"}


# -- missing settings ----------------------------------------------------------------------------


def refused(source: Document, posts: str, pack: Pack = PACK) -> str:
    with pytest.raises(ExportError) as found:
        entry_of(source, posts, pack, "e1", foot_of(source, pack).portions)
    return str(found.value)


def test_a_missing_revenue_account_names_the_setting() -> None:
    text = refused(document(line("100.00", group="rental")), "sale")
    assert "accounting.postings.sale.revenue.domestic.rental" in text


def test_a_missing_vat_account_names_the_setting() -> None:
    pack = pack_with("accounting: {postings: {sale: {vat: {reduced: !remove}}}}")
    assert "accounting.postings.sale.vat.reduced" in refused(document(line("100.00", "reduced")), "sale", pack)


def test_an_unknown_payment_method_names_the_setting_and_the_known_ones() -> None:
    text = refused(payment("10.00", method="barter"), "payment")
    assert "accounting.postings.payment.methods.barter" in text
    assert "transfer" in text


def test_a_missing_exchange_account_names_the_setting() -> None:
    pack = pack_with('accounting: {postings: {payment: {exchange_loss: ""}}}')
    with pytest.raises(ExportError, match=r"accounting\.postings\.payment\.exchange_loss"):
        exchange_entry(payment("10.00"), "payment", pack, "e2", Decimal("-1.00"), LATER)


def test_a_missing_receivable_account_names_the_setting() -> None:
    pack = pack_with('accounting: {postings: {sale: {receivable: ""}}}')
    assert "accounting.postings.sale.receivable" in refused(document(line("100.00")), "sale", pack)
