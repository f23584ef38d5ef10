"""What payment terms that grant an escompte on payment need beside themselves (E2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from sphinx_lib.kernel.dates import due_date
from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.checks import unresolved
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.pack import TypeKey, types_named
from sphinx_lib.pack.terms_model import PaymentTerm
from sphinx_lib.pack.workflow_model import DocumentType

_KINDS = {"credit_note": ("-1", "a credit note"), "taken_back": ("1", "an invoice")}
_SIDES = {"early_payment": ("sales", "to customers"), "purchase_early_payment": ("purchase", "of suppliers")}


def check_terms(model: PackModel, types: Mapping[TypeKey, DocumentType]) -> Iterator[Finding]:
    """Every finding about ``early_payment``: of terms, and of the documents that grant it and take it back."""
    granting = [name for name, term in model.billing.payment_terms.items() if term.early_payment]
    for name in granting:
        yield from _check_term(model, name)
    for section in _SIDES:
        if getattr(model.billing, section) is not None:
            for setting in _KINDS:
                yield from _check_type(model, types, (section, setting), bool(granting))


def _check_term(model: PackModel, name: str) -> Iterator[Finding]:
    path = ("billing", "payment_terms", name, "early_payment")
    term = model.billing.payment_terms[name]
    offer, longest = term.early_payment, _longest(term)
    if offer is not None and offer.days > longest:
        message = f"who pays after {offer.days} days pays late, since the term gives {longest} days at most"
        yield Finding((*path, "days"), message, f"write {longest} days or fewer")
    if model.billing.early_payment is None:
        yield Finding(path, "no document grants this discount", "add billing.early_payment: {credit_note: …, taken_back: …}")
    if offer is not None and offer.net_of_tax and not any(_untaxed(model)):
        hint = "add one with rates: {2000-01-01: 0}"
        yield Finding((*path, "net_of_tax"), "a discount that leaves the VAT as it is needs a VAT code of 0 %", hint)


def _longest(term: PaymentTerm) -> int:
    """Days from a document to when the last of it falls due, in the longest case of a year without holidays."""
    longest = 0
    for base in (date(2026, 1, 1) + timedelta(days) for days in range(365)):
        due = base
        for one in term.instalments.values():
            due = due_date(due if one.from_previous else base, one.rule)
            longest = max(longest, (due - base).days)
    return longest


def _untaxed(model: PackModel) -> Iterator[bool]:
    return (not code.rates[max(code.rates)] for code in model.taxes.codes.values() if code.rates)


def _check_type(
    model: PackModel, types: Mapping[TypeKey, DocumentType], place: tuple[str, str], is_used: bool
) -> Iterator[Finding]:
    """The type is one that is issued at once, settles or is settled, and whose posting knows the account of escomptes."""
    section, setting = place
    path = ("billing", section, setting)
    name = getattr(getattr(model.billing, section), setting)
    wrong = unresolved(path, name, types)
    if wrong is not None:
        yield wrong
        return
    declared = types[types_named(name, types)[0]]
    (sign, what), (side, whose) = _KINDS[setting], _SIDES[section]
    if declared.side != side or declared.sign != sign or not declared.payable or not declared.lines:
        hint = f'name a type of side {side} with sign "{sign}", payable and with lines'
        yield Finding(path, f"{name} is not {what} {whose}", hint)
    if declared.then is None:
        yield Finding(path, f"{name} is not issued as soon as it is made", f"add then to {name}, as in then: issue")
    posts = declared.says(declared.number.at, "posts") if declared.number.at in declared.states else None
    posting = model.accounting.postings.get(posts or "")
    if is_used and posting is not None and not posting.early_payment_discount:
        where = ("accounting", "postings", str(posts))
        yield Finding(where, "no account for escomptes granted", "add early_payment_discount: …")
