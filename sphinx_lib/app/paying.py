"""Payments: posting one and putting it, or a credit note, against what it settles (domain §5.1, F3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from sphinx_lib.app.tracking import Posting
from sphinx_lib.app.unit import Unit
from sphinx_lib.billing.allocation import Share, allocate, oldest_first
from sphinx_lib.kernel.document import ZERO, Allocation, Document, Id
from sphinx_lib.kernel.errors import InputError, Refused
from sphinx_lib.kernel.money import counterpart, currency_digits
from sphinx_lib.store import documents as store_documents


def settle_with(unit: Unit, payment_id: Id, targets: Sequence[Id] | None) -> set[Id]:
    """Put a payment against ``targets`` in their order; none given: the oldest due first; the rest stays open."""
    payment = unit.get(payment_id)
    open_items = _open(unit, payment) if targets is None else unit.load(targets)
    for document in open_items:
        check(unit, payment, document)
    ordered = oldest_first(open_items) if targets is None else list(open_items)
    shares, _ = allocate(payment.balance, ordered)
    return book(unit, payment_id, shares)


def _open(unit: Unit, payment: Document) -> list[Document]:
    """The party's open documents of the other sign, in the payment's currency."""
    sign = unit.type_of(payment).sign_number
    types = [
        name
        for name, declared in unit.pack.model.document_types.items()
        if declared.payable and declared.sign_number == -sign and declared.side == unit.type_of(payment).side
    ]
    ids = store_documents.open_items(unit.connection, unit.company, payment.party or "", types, payment.currency)
    return [document for document in unit.load(ids) if document.balance > 0]


def check(unit: Unit, payment: Document, document: Document) -> None:
    """Raises InputError or Refused where a payment cannot be put against a document."""
    name = f"{document.type} {document.number or 'draft'}"
    if document.party != payment.party:
        raise InputError([f"{name} is not of {payment.party}; a payment settles documents of its own party"])
    if document.currency != payment.currency:
        raise InputError(
            [f"{name} is in {document.currency} and the payment in {payment.currency}; pay in {document.currency}"]
        )
    if unit.type_of(document).side != unit.type_of(payment).side:
        raise InputError([f"{name} and the payment are not of the same side: customers and suppliers are settled apart"])
    if not unit.type_of(document).payable or document.number is None:
        raise Refused(f"{name} is {document.state}, not issued, so there is nothing to settle")
    if unit.type_of(document).sign_number == unit.type_of(payment).sign_number:
        raise InputError([f"{name} and the payment both lower the balance; neither settles the other"])


def book(unit: Unit, payment_id: Id, shares: Iterable[Share]) -> set[Id]:
    """Lower both balances and note the allocation; a difference of exchange is posted (F3)."""
    touched = {payment_id}
    for share in shares:
        payment = unit.get(payment_id)
        document = unit.get(share.document.id)
        after = document.balance - share.amount
        _exchange(unit, payment, document, share.amount, after)
        unit.replace(payment.changed(balance=payment.balance - share.amount))
        unit.replace(document.changed(balance=after))
        unit.allocations.append(Allocation(unit.new_id(), payment_id, document.id, share.amount, unit.today))
        touched.add(document.id)
    return touched


def _exchange(unit: Unit, payment: Document, document: Document, amount: Decimal, after: Decimal) -> None:
    """Received minus cleared: the book value cleared is a share of the invoice's, the last payment clears the rest."""
    company = unit.pack.model.company.currency
    posts = unit.type_of(payment).says(payment.state, "posts")
    if document.currency == company or posts is None:
        return
    digits = currency_digits(company)
    total, booked = document.net_to_pay, document.counterpart_gross
    cleared = _cleared(booked, total - after, total, digits) - _cleared(booked, total - document.balance, total, digits)
    used_before = payment.total_gross - payment.balance
    received = counterpart(used_before + amount, payment.rate, digits) - counterpart(used_before, payment.rate, digits)
    if received != cleared:
        unit.postings.append(Posting(payment.id, posts, exchange=received - cleared))


def _cleared(booked: Decimal, paid: Decimal, total: Decimal, digits: int) -> Decimal:
    return counterpart(booked * paid, total, digits) if total else ZERO


def allocate_to_sources(unit: Unit, document_id: Id) -> set[Id]:
    """The effect of a credit note: settle the invoices it was made from, as far as they and it are open."""
    document = unit.get(document_id)
    sources = {line.source_document for line in document.lines if line.source_document}
    found = [one for one in unit.load(sorted(sources)) if unit.type_of(one).payable and one.balance > 0]
    shares, _ = allocate(document.balance, oldest_first(found))
    return book(unit, document_id, shares)


def release(unit: Unit, document_id: Id) -> set[Id]:
    """Take back all that a payment had settled: balances come back, each allocation gets its negative."""
    unit.load_allocations({document_id})
    net: dict[Id, Decimal] = {}
    for one in (*unit.allocated[document_id], *unit.allocations.of_payment(document_id)):
        net[one.document_id] = net.get(one.document_id, ZERO) + one.amount
    unit.load(net)
    shares = [Share(unit.get(one), -amount) for one, amount in net.items() if amount]
    touched = book(unit, document_id, shares)
    payment = unit.get(document_id)
    if unit.type_of(payment).says(payment.state, "posts") is None:
        unit.replace(payment.changed(balance=ZERO))
    return touched
