"""Putting payments and credit notes against what they settle (domain §5.1, payments)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO, Document


class Share(NamedTuple):
    """A part of an amount put against a document, in that document's currency."""

    document: Document
    amount: Decimal


def allocate(amount: Decimal, open_items: Sequence[Document]) -> tuple[list[Share], Decimal]:
    """``amount`` over ``open_items`` in the order given, each up to its balance; and what is left of it."""
    shares = []
    left = amount
    for document in open_items:
        part = min(left, document.balance)
        if part > ZERO:
            shares.append(Share(document, part))
            left -= part
    return shares, left


def oldest_first(documents: Sequence[Document]) -> list[Document]:
    """Open documents by due date, then number: the order in which a payment without instruction settles them."""
    return sorted(documents, key=lambda document: (document.due_date or document.date, document.number or ""))
