"""Escompte on payment (E2, E3): until when it is granted, what it is taken of, and how much of it falls to each VAT code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO, Document, Portion, VatAmount
from sphinx_lib.kernel.money import percentage, split_by_weight
from sphinx_lib.pack.terms_model import EarlyPayment, PaymentTerm


class Base(NamedTuple):
    """What of one VAT code an escompte is taken of: without tax and with it."""

    net: Decimal = ZERO
    gross: Decimal = ZERO

    def plus(self, other: Base, times: int = 1) -> Base:
        """The sum; ``times`` -1 takes ``other`` away."""
        return Base(self.net + times * other.net, self.gross + times * other.gross)


class Share(NamedTuple):
    """A part of an escompte, with tax, in the document's currency; ``vat`` is none where it leaves the VAT as it is."""

    vat: str | None
    amount: Decimal


def last_day(invoiced: date, offer: EarlyPayment) -> date:
    """The last day on which a payment of an invoice dated ``invoiced`` earns the discount (E2)."""
    return invoiced + timedelta(days=offer.days)


def offer_of(document: Document, terms: Mapping[str, PaymentTerm]) -> EarlyPayment | None:
    """The discount that the payment terms of ``document`` grant; none where no goods or services bear it (E3)."""
    term = terms.get(document.payment_terms)
    bears = document.totals.get("net_financial", ZERO) > 0
    return term.early_payment if term is not None and bears else None


def bases_of(portions: Sequence[Portion], vat: Iterable[VatAmount], digits: int) -> dict[str, Base]:
    """By VAT code what goods and services come to, after all that is taken off at the foot (E3).

    With tax it is the total of the code less port, eco-contributions and deposits with theirs, so that where there are none
    it is the total itself.
    """
    found = {}
    for row in vat:
        own = [portion for portion in portions if portion.vat == row.code]
        outside = sum((portion.base for portion in own if portion.role), ZERO)
        tax = row.amount - percentage(outside, row.rate, digits)
        net = row.base - outside
        if net:
            found[row.code] = Base(net, net + tax)
    return found


def shares_of(offer: EarlyPayment, bases: Mapping[str, Base], digits: int) -> list[Share]:
    """The escompte, rounded once and shared over the VAT codes by N5; one share without a code when it is net of tax.

    Empty where nothing bears it, or so little that it rounds to nothing.
    """
    rows = list(bases.values())
    net, gross = sum((row.net for row in rows), ZERO), sum((row.gross for row in rows), ZERO)
    if gross <= 0:
        return []
    if offer.net_of_tax:
        shares = [Share(None, percentage(net, offer.percent, digits))]
    else:
        parts = split_by_weight(percentage(gross, offer.percent, digits), [row.gross for row in rows], digits)
        shares = [Share(code, part) for code, part in zip(bases, parts, strict=True)]
    return [share for share in shares if share.amount]
