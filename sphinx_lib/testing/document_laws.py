"""What must hold of whole documents and of quantities in other units: X11, X13 and X14 (domain §18.5).

Each raises AssertionError with the figures where the law does not hold. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sphinx_lib.app.pricing import ratios_of
from sphinx_lib.app.session import Session
from sphinx_lib.app.sphinx import Sphinx
from sphinx_lib.app.views import DocumentView, Views
from sphinx_lib.kernel.document import ZERO, Document, Id
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.money import currency_digits, exact_decimal
from sphinx_lib.kernel.quantity import UnitError
from sphinx_lib.testing.broken import digits_of, half_up
from sphinx_lib.testing.memory import Price, price

Ask = Callable[..., Price]
"""What prices a line, as ``price`` does."""
TOTALS = (
    "total_net", "total_vat", "total_gross", "margin", "counterpart_net", "counterpart_vat", "counterpart_gross",
)  # fmt: skip
FINEST = 6
"""Decimals that quantities keep (U4)."""


# -- units (X11) ---------------------------------------------------------------------------------------------------------


def check_units_agree(
    app: Sphinx, *, item: str, quantity: Any, unit: str = "", units: Iterable[str] | None = None,
    price: Ask = price, **more: Any,
) -> None:  # fmt: skip
    """X11: the same quantity in another unit has the same records and the same line total.

    ``unit`` is the item's sales unit unless given; ``units`` are all that it converts to. A quantity that has no finite
    form in a unit, or more than 6 decimals, is left out. ``more`` goes to ``price``.
    """
    with app.reader() as views:
        known = views.items([item])[item]
    table = app.pack.units
    own = unit or known.sales_unit or known.unit
    amount = exact_decimal(quantity)
    first = price(app, item=item, quantity=amount, unit=own, **more)
    for other in units if units is not None else table.table:
        try:
            exact = Fraction(amount) * table.factor(own, other, ratios_of(known))
        except UnitError:
            continue
        same = half_up(exact, FINEST)
        if Fraction(same) != exact:
            continue
        again = price(app, item=item, quantity=same, unit=other, **more)
        if (first.net, _records(first)) != (again.net, _records(again)):
            raise AssertionError(
                f"X11: item {item}: {amount:f} {own} make {first.net} by {_said(first)}, "
                f"{same.normalize():f} {other} make {again.net} by {_said(again)}"
            )


def _records(found: Price) -> list[tuple[str, str]]:
    return [(row.step, row.record) for row in found.trace if row.active and row.step != "rounding"]


def _said(found: Price) -> str:
    return ", ".join(found.steps)


def check_line_total(found: Price) -> None:
    """X4, N6: the line is its price quantity over ``per`` times the net unit price, rounded half up once."""
    line = found.line
    if line.unit_price is None:
        return
    exact = Fraction(line.price_quantity) * Fraction(line.unit_price) / Fraction(line.per)
    rounded = half_up(exact, currency_digits(found.currency))
    if rounded != line.net:
        raise AssertionError(
            f"X4: item {line.item}: {line.price_quantity:f} times {line.unit_price:f} per {line.per:f} "
            f"are {digits_of(exact)}, rounded {rounded}; the line says {line.net}"
        )


# -- a whole invoice credited (X13) --------------------------------------------------------------------------------------


class _Undone(Exception):
    """Ends a unit of work of which nothing is to stay but what was found."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__()
        self.problems = problems


def whole_credit(session: Session, invoice: Id, to: str = "credit_note", event: str = "issue") -> Id:
    """The credit note of a whole invoice, issued."""
    made = session.derive(invoice, to).documents[0]
    return session.fire(made.id, event).id


def check_credit_brings_back(app: Sphinx, invoice: Id, credit: Callable[[Session, Id], Id] = whole_credit) -> None:
    """X13: crediting a whole invoice brings its balance, margin, VAT and entries, and the customer's balance, back.

    ``invoice`` is issued, and nothing was paid or credited on it; else InputError. ``credit`` makes the credit note.
    """
    try:
        with app.session() as session:
            views = Views(session.unit)
            before = session.document(invoice)
            if before.number is None or before.balance != before.net_to_pay:
                raise InputError([f"{before.type} {before.number or 'draft'}: give one that is issued and open in whole"])
            owed = views.customer(before.party or "").balance
            made = credit(session, invoice)
            session.flush()
            raise _Undone([f"{before.type} {before.number}: {one}" for one in _left(views, before, made, owed)])
    except _Undone as undone:
        if undone.problems:
            raise AssertionError("\n".join(f"X13: {problem}" for problem in undone.problems)) from None


def _left(views: Views, before: Document, credit: Id, owed: Decimal) -> Iterator[str]:
    """What an invoice and its credit note leave behind."""
    after, note = views.unit.load([before.id, credit])
    for name in TOTALS:
        was, is_now = getattr(before, name), getattr(note, name)
        if was != is_now:
            yield f"{name} is {was}, credited are {is_now}"
    for one in (after, note):
        if one.balance:
            yield f"{one.balance} of {one.type} {one.number} stay open"
    rates = {row.code: (row.base, row.amount) for row in before.vat}
    credited = {row.code: (row.base, row.amount) for row in note.vat}
    if rates != credited:
        yield f"VAT is {_vat(before)}, credited are {_vat(note)}"
    sums: dict[tuple[str, str], Decimal] = {}
    for row in (*views.entries_of(before.id), *views.entries_of(credit)):
        sums[row.account, row.auxiliary] = sums.get((row.account, row.auxiliary), ZERO) + row.debit - row.credit
    for (account, auxiliary), left in sums.items():
        if left:
            yield f"account {account} {auxiliary} keeps {left}".replace("  ", " ")
    owes = views.customer(before.party or "").balance
    if owes != owed - before.exposure:
        yield f"the customer owed {owed} with an invoice of {before.exposure}, and owes {owes} without"


def _vat(document: Document) -> str:
    return ", ".join(f"{row.code} {row.base} + {row.amount}" for row in document.vat) or "none"


# -- the sums of a document (X14) ----------------------------------------------------------------------------------------


def read_document(app: Sphinx, document: Id) -> DocumentView:
    """A document as it is stored."""
    with app.reader() as views:
        return views.document(document)


def check_document_adds_up(
    app: Sphinx, document: Id, read: Callable[[Sphinx, Id], DocumentView] = read_document
) -> None:
    """X14: the instalments of a document make what is to pay, its VAT rows and lines its totals, and the counterparts of
    its lines the counterpart of its net total, each within a minor unit of its own (F1, N5, T7)."""
    view = read(app, document)
    found = view.document
    problems = [f"{what} add up to {total}, {name} is {said}" for what, total, name, said in _sums(view) if total != said]
    digits = currency_digits(app.pack.model.company.currency)
    for line, own in zip(found.lines, view.counterparts, strict=False):
        exact = Fraction(line.net) / Fraction(found.rate)
        if line.counts and not _taken_off(found) and abs(Fraction(own) - exact) >= Fraction(1, 10**digits):
            problems.append(f"line {line.position} of {line.net} has the counterpart {own}, not near {digits_of(exact)}")
    if problems:
        raise AssertionError("\n".join(f"X14: {found.type} {found.number or 'draft'}: {one}" for one in problems))


def _sums(view: DocumentView) -> Iterator[tuple[str, Decimal, str, Decimal]]:
    """What adds up, its sum, and what that must be."""
    one = view.document
    if one.instalments:
        yield "the instalments", _total(part.amount for part in one.instalments), "net_to_pay", one.net_to_pay
    yield "net and VAT", one.total_net + one.total_vat, "total_gross", one.total_gross
    there = one.counterpart_net + one.counterpart_vat
    yield "the counterparts of net and VAT", there, "counterpart_gross", one.counterpart_gross
    if one.lines:
        yield "the bases of VAT", _total(row.base for row in one.vat), "total_net", one.total_net
        yield "the amounts of VAT", _total(row.amount for row in one.vat), "total_vat", one.total_vat
        nets = _total(line.net for line in one.lines if line.counts)
        yield "the lines less what is taken off", nets - _taken_off(one), "total_net", one.total_net
        yield "the counterparts of lines", _total(view.counterparts), "counterpart_net", one.counterpart_net


def _taken_off(one: Document) -> Decimal:
    """The foot discount and the escompte."""
    return one.totals.get("foot_discount", ZERO) + one.totals.get("early_payment_discount", ZERO)


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)


__all__: Sequence[str] = (
    "check_credit_brings_back", "check_document_adds_up", "check_line_total", "check_units_agree", "read_document",
    "whole_credit",
)  # fmt: skip
