"""What a caller may get wrong: each is refused with a text that says where, what and the way out; nothing is written."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sphinx_lib import InputError, NotFound, Refused, Sphinx
from sphinx_lib.kernel.errors import DocumentLocked, GuardFailed, TransitionRefused
from tests.store.support import (
    ALICE,
    accepted_quotation,
    chain,
    count_rows,
    document,
    faults,
    issue_invoice,
    lines,
    open_shop,
)


@pytest.fixture
def shop() -> Sphinx:
    return open_shop("sqlite://")


def refused(app: Sphinx, kind: type[Exception], work: Any) -> str:
    """The text with which ``work(session)`` is refused; nothing was written by then."""
    before = count_rows(app)
    with pytest.raises(kind) as error:
        run(app, work)
    assert count_rows(app) == before
    return str(error.value)


def run(app: Sphinx, work: Any) -> Any:
    with app.session(actor=ALICE) as s:
        return work(s)


def quote(*given: dict[str, Any], **header: Any) -> Any:
    return lambda s: s.create("quotation", customer="ACME", lines=given or lines(), **header)


FLOAT = "12.5 is a float; write it as a text or a Decimal"


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (quote({"item": "VIS-1", "quantity": 12.5}), f"line 1: quantity: {FLOAT}"),
        (quote({"item": "VIS-1", "quantity": 1, "unit_price": 12.5}), f"line 1: unit_price: {FLOAT}"),
        (quote({"item": "VIS-1", "quantity": 1, "discounts": [12.5]}), f"line 1: discounts.1: {FLOAT}"),
        (quote(foot_discount=12.5), f"foot_discount: {FLOAT}"),
        (quote(currency="USD", rate=12.5), f"rate: {FLOAT}"),
        (lambda s: s.pay("ACME", 12.5), f"amount: {FLOAT}"),
        (lambda s: s.create("payment", customer="ACME", amount=12.5), f"amount: {FLOAT}"),
        (lambda s: s.adjust_stock("VIS-1", 12.5), f"quantity: {FLOAT}"),
        (
            lambda s: s.put("item", [{"code": "X", "name": "X", "sale_price": 12.5}]),
            f"item row 1 (X): sale_price: {FLOAT}",
        ),
        (
            lambda s: s.put("exchange_rate", [{"currency": "USD", "date": "2026-01-01", "rate": 12.5}]),
            f"exchange_rate row 1 (USD-2026-01-01): rate: {FLOAT}",
        ),
        (
            lambda s: s.put("customer", [{"code": "C", "name": "C", "credit_limit": 12.5}]),
            f"customer row 1 (C): credit_limit: {FLOAT}",
        ),
    ],
)
def test_a_float_is_refused_wherever_a_number_enters(shop: Sphinx, work: Any, said: str) -> None:
    """N1."""
    assert refused(shop, InputError, work) == said


def test_a_float_is_refused_as_a_quantity_to_derive(shop: Sphinx) -> None:
    quotation = accepted_quotation(shop)
    said = refused(shop, InputError, lambda s: s.derive(quotation.id, "sales_order", quantities={1: 12.5}))
    assert said == f"quantities: line 1: {FLOAT}"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("NaN", "line 1: quantity: 'NaN' is not a plain decimal number; write digits and one point, as 1250.50"),
        ("1e3", "line 1: quantity: '1e3' is not a plain decimal number; write digits and one point, as 1250.50"),
        ("1,5", "line 1: quantity: '1,5' is not a plain decimal number; write digits and one point, as 1250.50"),
        (
            Decimal("Infinity"),
            "line 1: quantity: Infinity is not a finite number; write digits and one point, as 1250.50",
        ),
        ("0.0000001", "line 1: quantity: 1E-7 does not fit: at most 11 digits and 6 decimals"),
        ("100000000000", "line 1: quantity: 100000000000 does not fit: at most 11 digits and 6 decimals"),
        (True, "line 1: quantity: a bool is not a number; write a text, a whole number or a Decimal"),
    ],
)
def test_what_is_no_exact_number_is_refused(shop: Sphinx, value: Any, said: str) -> None:
    assert refused(shop, InputError, quote({"item": "VIS-1", "quantity": value})) == said


def test_a_negative_price_is_refused_and_says_to_negate_the_quantity(shop: Sphinx) -> None:
    said = refused(shop, InputError, quote({"item": "VIS-1", "quantity": 1, "unit_price": "-3"}))
    assert said == "line 1: unit_price -3 is below zero; give a negative quantity instead (BR-27)"


def test_a_negative_quantity_nets_a_return_inside_a_document(shop: Sphinx) -> None:
    """N8: negative lines are allowed; a total below zero is a credit note instead."""
    made = run(shop, quote({"item": "VIS-1", "quantity": 5}, {"item": "VIS-2", "quantity": -2}))
    assert (made.total_net, made.total_gross) == (30, 36)
    with shop.session(actor=ALICE) as s:
        below = s.create("invoice", customer="ACME", lines=[{"item": "VIS-1", "quantity": -1}])
    said = refused(shop, GuardFailed, lambda s: s.fire(below.id, "issue"))
    assert said == "invoice draft: 'issue' is refused: le total est négatif : faites un avoir"


def test_a_negative_line_goes_through_the_chain_and_returns_stock(shop: Sphinx) -> None:
    with shop.session(actor=ALICE) as s:
        made = s.create(
            "quotation",
            customer="ACME",
            lines=[{"item": "VIS-1", "quantity": 5}, {"item": "VIS-2", "quantity": -2}],
        )
        s.fire(made.id, "send")
        s.fire(made.id, "accept", ask={"channel": "mail", "person": "D"})
        note = s.derive(made.id, "delivery_note").documents[0]
        invoice = s.derive(note.id, "invoice").documents[0]
        s.fire(invoice.id, "issue")
    with shop.reader() as views:
        assert views.stock("VIS-1").physical == 995
        assert views.stock("VIS-2").physical == 1002
        assert views.document(note.id).document.state == "invoiced"
    assert faults(shop) == []


def test_a_line_of_quantity_zero_is_refused_or_weighs_nothing(shop: Sphinx) -> None:
    """An option quoted at zero: it stands on paper, and nothing is left to do of it."""
    with shop.session(actor=ALICE) as s:
        made = s.create("quotation", customer="ACME", lines=[*lines(), {"item": "VIS-2", "quantity": 0}])
        s.fire(made.id, "send")
        s.fire(made.id, "accept", ask={"channel": "mail", "person": "D"})
        order = s.derive(made.id, "sales_order").documents[0]
    assert [line.item for line in document(shop, order.id).lines] == ["VIS-1"]
    assert document(shop, made.id).state == "ordered"
    assert faults(shop) == []


@pytest.mark.parametrize(
    ("quantities", "said"),
    [
        ({1: -1}, "quotation DE2026-00001 line 1: -1 asked for, 5 left to make into sales_order"),
        ({1: "5.001"}, "quotation DE2026-00001 line 1: 5.001 asked for, 5 left to make into sales_order"),
        ({7: 1}, "quantities: no line 7"),
        ({"x": 1}, "quantities: no line 'x'"),
    ],
)
def test_a_quantity_that_is_not_there_cannot_be_derived(shop: Sphinx, quantities: Any, said: str) -> None:
    quotation = accepted_quotation(shop)
    assert refused(shop, InputError, lambda s: s.derive(quotation.id, "sales_order", quantities=quantities)) == said


@pytest.mark.parametrize("text", ["many", "1,5", "NaN", "", Decimal("NaN"), None, "0.1234567"])
def test_a_quantity_that_is_no_number_cannot_be_derived(shop: Sphinx, text: Any) -> None:
    quotation = accepted_quotation(shop)
    said = refused(shop, InputError, lambda s: s.derive(quotation.id, "sales_order", quantities={1: text}))
    assert said.startswith("quantities: ")


def test_a_quantity_of_zero_makes_nothing(shop: Sphinx) -> None:
    quotation = accepted_quotation(shop)
    said = refused(shop, Refused, lambda s: s.derive(quotation.id, "sales_order", quantities={1: 0}))
    assert said == "quotation DE2026-00001: nothing is left to make into sales_order"


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (quote({"item": "VIS-11", "quantity": 1}), "line 1: unknown item 'VIS-11'; did you mean 'VIS-1'?"),
        (lambda s: s.adjust_stock("VIS-11", 1), "unknown item 'VIS-11'; did you mean 'VIS-1'?"),
        (
            lambda s: s.create("quotation", customer="ACNE", lines=lines()),
            "unknown party 'ACNE'; did you mean 'ACME'?",
        ),
        (lambda s: s.create("quotation", lines=lines()), "customer is missing"),
        (quote({"item": "VIS-1"}), "line 1: quantity is missing"),
        (
            quote({"item": "VIS-1", "quantity": 1, "vat": "standart"}),
            "line 1: unknown VAT code 'standart'; did you mean 'standard'?",
        ),
        (quote({"item": "VIS-1", "quantity": 1, "unit": "bx"}), "line 1: unknown unit 'bx'"),
        (quote(payment_terms="30_day"), "unknown payment terms '30_day'; did you mean '30_days'?"),
        (quote(refrence="x"), "quotation has no field 'refrence'; did you mean 'reference'?"),
        (quote(site="depot"), "ACME has no site 'depot'"),
        (quote(currency="EUX"), "currency: unknown currency 'EUX'; did you mean 'XEU'?"),
        (
            quote(currency="USD"),
            "no exchange rate for USD on 2026-03-02; put an exchange_rate, or give the document a rate",
        ),
        (quote(currency="USD", rate="0"), "rate: 0 is not above zero"),
        (quote(date="2026-02-30"), "date: there is no day 2026-02-30 in the calendar"),
        (lambda s: s.pay("ACME", "10.001"), "amount: 10.001 has more than 2 decimals, which EUR has"),
        (lambda s: s.pay("ACME", 10**14), "amount: 100000000000000 does not fit: at most 14 digits before the point"),
        (quote(foot_discount="1.1234567"), "foot_discount: 1.1234567 does not fit: at most 11 digits and 6 decimals"),
        (
            quote({"item": "VIS-1", "quantity": 10**10, "unit_price": 10**10}),
            "100000000000000000000.00 does not fit 4 decimal places and 14 before the point",
        ),
        (
            lambda s: s.adjust_stock("VIS-1", "0.1234567"),
            "quantity: 0.1234567 does not fit: at most 11 digits and 6 decimals",
        ),
        (lambda s: s.put("itms", []), "unknown master table 'itms'; did you mean 'item'?"),
    ],
)
def test_what_is_not_known_is_named_with_the_nearest_known(shop: Sphinx, work: Any, said: str) -> None:
    assert refused(shop, InputError, work).startswith(said)


def test_everything_wrong_is_told_at_once(shop: Sphinx) -> None:
    work = quote({"item": "VIS-1", "quantity": 1.5}, {"text": "x", "quantity": 1}, {"quantity": 1}, {"itm": "VIS-1"})
    assert refused(shop, InputError, work).splitlines() == [
        "line 1: quantity: 1.5 is a float; write it as a text or a Decimal",
        "line 3: give an item or a text",
        "line 4: no field 'itm'; did you mean 'item'?",
        "line 4: give an item or a text",
        "line 2: a text line with a quantity needs a unit_price",
    ]


def test_a_batch_of_master_records_with_one_wrong_row_writes_none(shop: Sphinx) -> None:
    rows = [{"code": "A", "name": "A"}, {"code": "B", "name": "B", "sale_prise": "1"}, {"code": "A", "name": "A"}]
    said = refused(shop, InputError, lambda s: s.put("item", rows))
    assert "item row 2 (B): sale_prise: " in said
    assert "item row 3 (A): the code stands twice in this batch" in said


# -- states ----------------------------------------------------------------------------------------


def test_an_issued_invoice_cannot_be_edited(shop: Sphinx) -> None:
    """Correcting it is a new document: a credit note."""
    invoice = document(shop, issue_invoice(shop).id)
    said = "invoice FA2026-00001 is issued: its content is frozen; editable now: nothing. Correct it with a new document"
    changes: list[dict[str, Any]] = [
        {"lines": {1: {"quantity": 1}}}, {"lines": []}, {"date": date(2026, 3, 1)}, {"reference": "x"},
    ]  # fmt: skip
    for change in changes:
        assert refused(shop, DocumentLocked, lambda s, change=change: s.edit(invoice.id, **change)) == said
    assert refused(shop, DocumentLocked, lambda s: s.delete(invoice.id)) == (
        "invoice FA2026-00001 is issued; only drafts go"
    )
    assert document(shop, invoice.id) == invoice


def test_an_event_that_the_state_does_not_allow_says_which_are(shop: Sphinx) -> None:
    made = run(shop, quote())
    refusals = {
        ("accept", "user"): "quotation draft: cannot 'accept' from 'draft'; allowed: send, cancel",
        ("aprove", "user"): "quotation has no event 'aprove'",
        ("expire", "user"): "quotation draft: cannot 'expire' from 'draft'; allowed: send, cancel",
    }
    for (event, by), said in refusals.items():
        text = refused(shop, TransitionRefused, lambda s, event=event, by=by: s.fire(made.id, event, by=by))
        assert text.startswith(said)


def test_an_event_of_the_engine_cannot_be_fired_by_hand(shop: Sphinx) -> None:
    invoice = issue_invoice(shop)
    said = refused(shop, TransitionRefused, lambda s: s.fire(invoice.id, "settle"))
    assert said == "invoice FA2026-00001: cannot 'settle' from 'issued'; allowed: nothing (it is fired by engine)"


def test_what_an_event_asks_for_must_be_given(shop: Sphinx) -> None:
    made = run(shop, quote())
    run(shop, lambda s: s.fire(made.id, "send"))
    said = refused(shop, InputError, lambda s: s.fire(made.id, "accept", ask={"chanel": "mail"}))
    assert said.splitlines() == [
        "quotation.accept: 'channel' is asked for and missing",
        "quotation.accept: 'person' is asked for and missing",
        "quotation.accept: 'chanel' is not asked for; did you mean 'channel'?",
    ]


def test_a_document_cannot_be_made_from_one_in_the_wrong_state_or_of_the_wrong_type(shop: Sphinx) -> None:
    made = run(shop, quote())
    assert refused(shop, TransitionRefused, lambda s: s.derive(made.id, "sales_order")) == (
        "quotation draft: cannot be made into sales_order from 'draft'; only from accepted"
    )
    assert refused(shop, TransitionRefused, lambda s: s.derive(made.id, "credit_note")) == (
        "credit_note is not made from quotation; it is made from: customer_return, invoice"
    )


def test_what_was_made_cannot_be_made_again(shop: Sphinx) -> None:
    made = chain(shop)
    said = refused(shop, TransitionRefused, lambda s: s.derive(made["quotation"], "sales_order"))
    assert said.startswith("quotation DE2026-00001: cannot be made into sales_order from 'ordered'; only from accepted")
    said = refused(shop, Refused, lambda s: s.derive(made["note"], "invoice"))
    assert said == "delivery_note BL2026-00001: nothing is left to make into invoice"


def test_a_delivered_order_cannot_be_cancelled_and_an_invoiced_note_neither(shop: Sphinx) -> None:
    quotation = accepted_quotation(shop)
    with shop.session(actor=ALICE) as s:
        order = s.derive(quotation.id, "sales_order").documents[0]
        note = s.derive(order.id, "delivery_note", quantities={1: 2}).documents[0]
        s.fire(s.derive(note.id, "invoice").documents[0].id, "issue")
    assert refused(shop, GuardFailed, lambda s: s.fire(order.id, "cancel")) == (
        "sales_order BC2026-00001: 'cancel' is refused: déjà livré en partie; déjà facturé"
    )
    assert refused(shop, GuardFailed, lambda s: s.fire(note.id, "cancel")) == (
        "delivery_note BL2026-00001: 'cancel' is refused: déjà facturé"
    )


def test_more_than_was_invoiced_cannot_be_credited(shop: Sphinx) -> None:
    """CN3."""
    invoice = issue_invoice(shop)
    assert refused(shop, InputError, lambda s: s.derive(invoice.id, "credit_note", quantities={1: 6})) == (
        "invoice FA2026-00001 line 1: 6 asked for, 5 left to make into credit_note"
    )
    with shop.session(actor=ALICE) as s:
        credit = s.derive(invoice.id, "credit_note").documents[0]
        s.edit(credit.id, lines={1: {"quantity": 6}})
    assert refused(shop, GuardFailed, lambda s: s.fire(credit.id, "issue")) == (
        "credit_note draft: 'issue' is refused: ligne 1 : l'avoir dépasse la facture"
    )


def test_a_document_that_is_not_there_is_told(shop: Sphinx) -> None:
    nothing = "0" * 32
    assert refused(shop, NotFound, lambda s: s.fire(nothing, "send")) == f"no document {nothing}"
