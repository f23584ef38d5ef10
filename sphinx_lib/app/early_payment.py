"""Escompte on payment (E2): the credit note that a payment in time brings, and what takes it back when the payment fails."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app import firing, paying
from sphinx_lib.app.entering import with_defaults
from sphinx_lib.app.unit import Unit
from sphinx_lib.billing.allocation import Share as Settled
from sphinx_lib.billing.allocation import allocate
from sphinx_lib.billing.early_payment import Base, Share, bases_of, last_day, offer_of, shares_of
from sphinx_lib.kernel.document import EARLY_PAYMENT, ZERO, Document, Id, Line
from sphinx_lib.kernel.errors import InputError, Refused
from sphinx_lib.kernel.localized import number
from sphinx_lib.kernel.money import currency_digits, percentage, round_half_up
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pack.terms_model import PERCENT_DIGITS, EarlyPayment, EarlyPaymentTypes
from sphinx_lib.pricing.foot import foot_of
from sphinx_lib.pricing.tax import default_code, gives_vat
from sphinx_lib.pricing.totals import with_totals
from sphinx_lib.workflow.plan import Request

ONE = Decimal(1)


class Offer(NamedTuple):
    """What paying an invoice by ``until`` saves: ``discount`` with tax, and what then is ``to_pay`` of what is open.

    ``percent`` is that of the terms; ``shares`` are the parts of the discount by VAT code.
    """

    percent: Decimal
    until: date
    discount: Decimal
    to_pay: Decimal
    shares: tuple[Share, ...]
    net_of_tax: bool


class Standing(NamedTuple):
    """The credit note of a discount and how much of it is put against an invoice."""

    note: Document
    invoice: Id
    amount: Decimal


def offer_for(unit: Unit, invoice: Document) -> Offer | None:
    """The discount for who pays ``invoice`` soon, credit notes deducted; none where its terms grant none, where it has been
    granted already, and where no more is open than the discount."""
    terms = offer_of(invoice, unit.pack.model.billing.payment_terms)
    if terms is None or invoice.number is None or unit.type_of(invoice).sign_number < 0:
        return None
    offer = _offer(unit, invoice, terms)
    return offer if offer.shares and offer.to_pay > 0 and not _standing(unit, [invoice.id]) else None


def grant(unit: Unit, payment_id: Id, targets: Sequence[Id] | None) -> set[Id]:
    """Issue the credit note for the discount that a posted payment earns, and put it against the invoice paid; of purchases
    it stands for the one that the supplier grants.

    Returns what was touched. Raises InputError unless ``targets`` names one invoice of the same party and currency,
    Refused where it is not discounted, paid too late, or not settled by the payment.
    """
    payment = unit.get(payment_id)
    named = list(dict.fromkeys(targets or ()))
    if len(named) != 1:
        raise InputError([f"early_payment: {len(named) or 'no'} documents to allocate; name the one invoice that is paid"])
    (invoice,) = unit.load(named)
    paying.check(unit, payment, invoice)
    offer = _earned(unit, payment, invoice)
    types = _types(unit, invoice)
    codes = _codes(unit, invoice, offer)
    text = _text(unit, invoice, "early_payment_line", percent=number(offer.percent, invoice.language))
    lines = [_line(unit, invoice.id, text, code, share.amount) for code, share in zip(codes, offer.shares, strict=True)]
    note = _entered(unit, unit.pack.resolve_type(types.credit_note), invoice, lines, offer.percent)
    touched = _issued(unit, note.id)
    left, _ = allocate(unit.get(note.id).balance, [unit.get(invoice.id)])  # what its own effects did not allocate yet
    return touched | paying.book(unit, note.id, left)


def take_back(unit: Unit, ids: Iterable[Id]) -> set[Id]:
    """Undo the discounts granted on documents whose payment failed: what is owed is again the whole of each.

    The credit note, which is final, is put against an invoice for the same amounts.
    """
    touched: set[Id] = set()
    for note, invoice, amount in _standing(unit, ids):
        touched |= paying.book(unit, note.id, [Settled(unit.get(invoice), -amount)])
        text = _text(unit, note, "early_payment_withdrawn")
        lines = [line._replace(id=unit.new_id(), text=text, source_document=note.id) for line in note.lines]
        made = _entered(unit, unit.pack.resolve_type(_types(unit, note).taken_back), note, lines, ZERO)
        touched |= _issued(unit, made.id)
        touched |= paying.book(unit, note.id, [Settled(unit.get(made.id), amount)])
    return touched


def less_what_was_granted(unit: Unit, drafts: Sequence[Document]) -> list[Document]:
    """Drafts of credit notes on invoices that were discounted on payment repeat that discount (CN1).

    As a percent, on top of their own; one that left the VAT as it was as a line without VAT.
    """
    sources = {line.source_document for draft in drafts for line in draft.lines if line.source_document}
    notes = {one.invoice: one.note for one in _standing(unit, sources)}
    found = []
    for draft in drafts:
        note = next((notes[one] for line in draft.lines if (one := line.source_document or "") in notes), None)
        found.append(draft if note is None else _less(unit, draft, note))
    return found


def _less(unit: Unit, draft: Document, note: Document) -> Document:
    own, percent = draft.early_payment_discount, note.early_payment_discount
    if note.total_vat:
        both = round_half_up(own + percent - own * percent / 100, PERCENT_DIGITS)
        return draft.changed(early_payment_discount=both)
    portions = foot_of(draft.changed(tax_date=note.tax_date), unit.pack).portions
    net = sum((portion.base for portion in portions if not portion.role), ZERO)
    amount = percentage(net, percent, currency_digits(draft.currency))
    like = note.lines[0]
    line = _line(unit, like.source_document or "", like.text, like.vat, -amount)._replace(position=len(draft.lines) + 1)
    return draft.changed(lines=(*draft.lines, line)) if amount else draft


# -- what is earned ------------------------------------------------------------------------------------------------------


def _earned(unit: Unit, payment: Document, invoice: Document) -> Offer:
    """The discount that ``payment`` earns; Refused says why it earns none."""
    name = f"{invoice.type} {invoice.number}"
    term = unit.pack.model.billing.payment_terms.get(invoice.payment_terms)
    terms = term.early_payment if term is not None else None
    if terms is None:
        said = f"{name}: its payment terms {invoice.payment_terms!r} grant no discount for early payment"
        raise Refused(f"{said}; pay without early_payment, or add it to billing.payment_terms.{invoice.payment_terms}")
    until = last_day(invoice.date, terms)
    if payment.date > until:
        said = f"{name}: the last day for its discount was {until}, and the payment is of {payment.date}"
        raise Refused(said, until=until)
    if standing := _standing(unit, [invoice.id]):
        raise Refused(f"{name} has its discount already, by {standing[0].note.type} {standing[0].note.number or 'draft'}")
    offer = _offer(unit, invoice, terms)
    if not offer.shares:
        raise Refused(f"{name}: nothing of it bears a discount for early payment; pay without early_payment")
    if offer.to_pay <= 0:
        raise Refused(f"{name}: no more is open ({invoice.balance}) than the discount of {offer.discount}")
    if payment.balance < offer.to_pay:
        raise Refused(
            f"{name}: {invoice.balance} is open, and the discount of {offer.discount} leaves {offer.to_pay} to pay; "
            f"{payment.balance} does not settle it, so it earns no discount",
            to_pay=offer.to_pay,
        )
    return offer


def _offer(unit: Unit, invoice: Document, terms: EarlyPayment) -> Offer:
    digits = currency_digits(invoice.currency)
    bases = _bases(unit, invoice)
    for credit in _credits_of(unit, invoice):
        for code, base in _bases(unit, credit).items():
            bases[code] = bases.get(code, Base()).plus(base, -1)
    shares = tuple(shares_of(terms, bases, digits))
    discount = sum((share.amount for share in shares), ZERO)
    until = last_day(invoice.date, terms)
    return Offer(terms.percent, until, discount, invoice.balance - discount, shares, terms.net_of_tax)


def _bases(unit: Unit, document: Document) -> dict[str, Base]:
    return bases_of(foot_of(document, unit.pack).portions, document.vat, currency_digits(document.currency))


def _credits_of(unit: Unit, invoice: Document) -> list[Document]:
    """The credit notes issued on ``invoice``: what was given back bears no discount. Those of a discount have no base."""
    found = unit.made_from([invoice.id])
    return [one for one in found if (of := unit.type_of(one)).sign_number < 0 and of.counts(one.state) == "done"]


def _standing(unit: Unit, ids: Iterable[Id]) -> list[Standing]:
    """The credit notes of discounts that are put against these documents now."""
    wanted = sorted(ids)
    unit.load_discounts(set(wanted))
    net: dict[tuple[Id, Id], Decimal] = {}
    for each in wanted:
        for one in (*unit.discounted_by[each], *unit.allocations.to_document(each)):
            key = one.payment_id, one.document_id
            net[key] = net.get(key, ZERO) + one.amount
    found = [Standing(unit.get(payment), document, amount) for (payment, document), amount in net.items() if amount > 0]
    return [one for one in found if one.note.lines and all(line.role == EARLY_PAYMENT for line in one.note.lines)]


# -- the documents -------------------------------------------------------------------------------------------------------


def _types(unit: Unit, invoice: Document) -> EarlyPaymentTypes:
    """The documents that grant a discount on ``invoice`` and take it back: those of its side."""
    billing = unit.pack.model.billing
    bought = unit.type_of(invoice).side == "purchase"
    found = billing.purchase_early_payment if bought else billing.early_payment
    if found is None:
        way = "enter the credit note of the supplier and pay the rest, or add billing.purchase_early_payment"
        raise InputError([f"early_payment: no document grants a discount; {way if bought else 'add billing.early_payment'}"])
    return found


def _codes(unit: Unit, invoice: Document, offer: Offer) -> list[str]:
    """The VAT code of each share; one of 0 % for a share that leaves the VAT as it is."""
    if not gives_vat(invoice.regime, unit.pack):
        return [default_code(unit.pack) for _ in offer.shares]
    day = invoice.tax_date or invoice.date
    untaxed = unit.pack.model.taxes.codes_of_percent(ZERO, invoice.regime, day)
    if not untaxed and offer.net_of_tax:
        raise InputError([f"early_payment: no VAT code has 0 % on {day}, which a discount net of tax bears; add one"])
    return [untaxed[0] if share.vat is None else share.vat for share in offer.shares]


def _text(unit: Unit, source: Document, label: str, **places: str) -> str:
    text = in_language(unit.pack.model.labels.get(label, {}), source.language)
    shown = source.reference if unit.type_of(source).own_reference else source.number
    return text.format(number=shown or "", **places)


def _line(unit: Unit, source: Id, text: str, vat: str, amount: Decimal) -> Line:
    """A line of one piece; a part of the other sign is a negative quantity (BR-27)."""
    count = ONE if amount > 0 else -ONE
    return Line(
        unit.new_id(), 1, text=text, quantity=count, price_quantity=count, unit_price=abs(amount), vat=vat,
        role=EARLY_PAYMENT, account_group=EARLY_PAYMENT, discountable=False, manual=True, source_document=source,
    )  # fmt: skip


def _entered(unit: Unit, key: TypeKey, source: Document, lines: Sequence[Line], percent: Decimal) -> Document:
    """A draft of today about ``source``: its party, currency, rate, regime and VAT rates (CN1); prices hold tax (VA3)."""
    declared = unit.pack.type_of(*key)
    draft = Document(
        unit.new_id(), key[0], declared.initial, unit.today, source.party, key[1],
        origin=source.number or "",
        tax_date=source.tax_date or source.date,
        party_facts=source.party_facts,
        custom={name: source.custom[name] for name in declared.fields if name in source.custom},
        early_payment_discount=percent,
        prices_include_tax=True,
        pack=unit.pack.fingerprint,
        lines=tuple(line._replace(position=place) for place, line in enumerate(lines, 1)),
        **{name: getattr(source, name) for name in _SAME},
    )  # fmt: skip
    entered = unit.add(with_totals(with_defaults(unit, draft), unit.pack).changed(version=1))
    unit.record(entered.id, "derive", {"to": entered.state, "from_documents": [source.id]})
    return entered


_SAME = (
    "site", "contact", "currency", "rate", "rate_date", "rate_source", "language", "reference", "deal", "payment_terms",
    "regime",
)  # fmt: skip


def _issued(unit: Unit, document_id: Id) -> set[Id]:
    """Fire the first event of a document just made; Refused where that does not issue it."""
    document = unit.get(document_id)
    event = unit.type_of(document).then or ""
    firing.prefetch(unit, [(document, event)])
    touched = firing.fire_one(unit, document_id, Request(event))
    if not unit.tracked[document_id].wants_number:
        state = unit.get(document_id).state
        raise Refused(f"{document.kind or document.type}: {event!r} leaves it {state} and does not issue it, as is needed")
    return touched
