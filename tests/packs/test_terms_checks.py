"""What the load check says about an escompte on payment (E2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packs.test_checks import load, problems

GRANTS = "payment_terms: {soon: {label: Soon, days: 30, early_payment: {percent: 2, days: 8}}}"
NET = "payment_terms: {soon: {label: Soon, days: 30, early_payment: {percent: 2, days: 8, net_of_tax: true}}}"


def test_the_shipped_documents_grant_what_terms_promise(tmp_path: Path) -> None:
    pack = load(tmp_path, f"billing: {{{GRANTS}}}")
    assert pack.warnings == ()
    assert pack.resolve_type("early_payment_note") == ("credit_note", "early_payment_note")
    assert pack.resolve_type("early_payment_reversal") == ("invoice", "early_payment_reversal")


def test_a_discount_that_no_document_grants_is_told(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, f"billing: {{early_payment: !remove, {GRANTS}}}")
    assert "billing.payment_terms.soon.early_payment: no document grants this discount" in found
    assert "hint: add billing.early_payment" in found


def test_without_such_terms_no_document_is_needed(tmp_path: Path) -> None:
    assert load(tmp_path, "billing: {early_payment: !remove}").warnings == ()


def test_documents_of_discounts_exist_and_are_what_they_are_meant_for(tmp_path: Path) -> None:
    found = problems(tmp_path, "billing: {early_payment: {credit_note: early_payment_not, taken_back: credit_note}}")
    assert "unknown document type 'early_payment_not'\n    hint: did you mean 'early_payment_note'?" in found[0]
    assert "billing.early_payment.taken_back: credit_note is not an invoice" in found[1]
    assert "credit_note is not issued as soon as it is made\n    hint: add then to credit_note" in found[2]


def test_a_discount_is_granted_by_a_document_to_customers(tmp_path: Path) -> None:
    text = "document_types: {supplier_credit_note: {then: post}}\nbilling: {early_payment: {credit_note: supplier_credit_note}}"
    (found,) = problems(tmp_path, text)
    assert "billing.early_payment.credit_note: supplier_credit_note is not a credit note to customers" in found


def test_a_discount_of_a_supplier_is_granted_by_a_document_of_purchases(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "billing: {purchase_early_payment: {credit_note: early_payment_note}}")
    assert "billing.purchase_early_payment.credit_note: early_payment_note is not a credit note of suppliers" in found
    assert "name a type of side purchase" in found


def test_a_discount_net_of_tax_needs_a_code_without_tax(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, f"taxes: {{codes: {{zero: {{rates: {{2020-01-01: 1}}}}}}}}\nbilling: {{{NET}}}")
    assert "net_of_tax: a discount that leaves the VAT as it is needs a VAT code of 0 %" in found


def test_the_account_of_escomptes_is_missed_where_one_may_be_granted(tmp_path: Path) -> None:
    text = f"accounting: {{postings: {{sale: {{early_payment_discount: !remove}}}}}}\nbilling: {{{GRANTS}}}"
    found = problems(tmp_path, text)
    assert len(found) == len({*found}) == 1
    assert "accounting.postings.sale: no account for escomptes granted\n    hint: add early_payment_discount" in found[0]


@pytest.mark.parametrize(
    ("term", "longest"),
    [
        ("days: 30", 30),
        ("days: 30, end_of_month: after", 60),  # of 2 July: 1 August, so 31 August
        ("instalments: {half: {percent: 50, days: 30}, rest: {remainder: true, days: 30, from_previous: true}}", 60),
    ],
)
def test_a_discount_is_for_who_pays_before_it_is_due(tmp_path: Path, term: str, longest: int) -> None:
    def granting(days: int) -> str:
        return f"billing: {{payment_terms: {{quick: {{label: Q, {term}, early_payment: {{days: {days}, percent: 2}}}}}}}}"

    (found,) = problems(tmp_path, granting(longest + 1))
    assert (
        f"payment_terms.quick.early_payment.days: who pays after {longest + 1} days pays late, since the term gives "
        f"{longest} days at most\n    hint: write {longest} days or fewer" in found
    )
    (tmp_path / "within").mkdir()
    assert load(tmp_path / "within", granting(longest)).warnings == ()
