"""The values every rule works on: a document, its lines and what they cause.

Amounts are Decimals in the document's currency, stored positive; the type's ``sign`` turns them where balances are
made (N8). ``quantity`` is in the line's sales unit, ``stock_quantity`` in the item's stock unit.
Ids are UUIDv7 written as 32 hexadecimal digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Day
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

Id = str
ZERO = Decimal(0)
EMPTY: Mapping[str, Any] = MappingProxyType({})


class Progress(NamedTuple):
    """How far a line got in one respect (ordered, delivered, invoiced …), in sales units.

    ``amount`` is the net, in document currency, of all that is done or planned.
    """

    done: Decimal = ZERO
    planned: Decimal = ZERO
    amount: Decimal = ZERO

    def plus(self, other: Progress, times: int = 1) -> Progress:
        """The sum; ``times`` -1 takes ``other`` away."""
        return Progress(
            self.done + times * other.done, self.planned + times * other.planned, self.amount + times * other.amount
        )


class TraceRow(NamedTuple):
    """One step of a price: active amounts of all rows add up to the net unit price (X4, §18.3).

    ``rate`` is a percent, ``basis`` what it was taken of, ``running`` the price after this row; an inactive row says in
    ``reason`` why it does not count, and its ``running`` is the price that it would have led to.
    """

    step: str
    amount: Decimal
    record: str = ""
    access: str = ""
    rate: Decimal | None = None
    active: bool = True
    reason: str = ""
    running: Decimal | None = None
    basis: Decimal | None = None


class Part(NamedTuple):
    """A component of a phantom kit (K11): what moves, what it costs and which share of the price has its VAT.

    ``quantity`` is in the component's stock unit per sales unit of the kit, ``value`` the list value of that quantity,
    ``cost`` and ``weight_kg`` are per stock unit of the component.
    """

    item: str
    quantity: Decimal
    value: Decimal
    vat: str
    stocked: bool
    account_group: str
    cost: Decimal | None = None
    weight_kg: Decimal | None = None


class Stowed(NamedTuple):
    """A part of a line's goods with a name of its own: a lot or serial number, a bin, or both (K1, K10).

    ``quantity`` is above zero, in the item's stock unit; a serial number has quantity 1. ``expires`` is the last day on
    which the lot may be used. ``item`` is the component of a phantom kit that it is, empty for the line's own item.
    """

    quantity: Decimal
    lot: str = ""
    bin: str = ""
    expires: Day | None = None
    item: str = ""


class Peg(NamedTuple):
    """A customer order line for which a purchase line is bought (PO2). ``quantity`` is in the purchase line's unit.

    ``promised`` and ``number`` are those of the customer order: receipts serve pegs in this order (PO5). ``ordered`` is the
    same quantity in the order line's unit; where ``part`` names a component of its phantom kit, in that item's stock unit.
    """

    document_id: Id
    line_id: Id
    quantity: Decimal
    promised: Day | None = None
    number: str = ""
    ordered: Decimal = ZERO
    part: str = ""


OPTIONAL = ("option", "alternative")
"""Roles of lines that are offered: they go along only when they are named, and then are plain lines (S10)."""
NOT_SUMMED = frozenset({*OPTIONAL, "heading", "subtotal"})
EARLY_PAYMENT = "early_payment"
"""The role of a line that grants an escompte on payment, or takes one back (E2): financial, no sale (D1)."""


class Line(NamedTuple):
    """One line. ``unit_price`` is net per ``per`` price units, ``net`` the rounded line total (N6).

    ``heading`` is a text printed above the line when it differs from the line before (IG4). A line with neither
    ``quantity`` nor ``unit_price`` is a comment. ``source_id`` is the line it was made from, ``root_id`` the first
    line of the chain that commits to something (the order's), which so knows what was invoiced through its notes;
    ``progress`` says what was made from this line. ``cost`` is per sales unit and ``weight_kg`` per stock unit.

    ``role`` says which part of the foot the line belongs to (N9): empty for goods and services, ``shipping``, ``eco``,
    ``deposit`` or ``early_payment``; an ``option`` or ``alternative`` is shown and not summed; a ``heading`` or ``subtotal``
    is no amount.
    ``parent_id`` is the line that brought this one along, ``parts`` the components of a phantom kit, ``reason`` why a
    price was entered by hand. ``reference`` is what the customer calls the item (CR1). ``stowed`` names the lots, serial
    numbers and bins of its goods, as far as they are known; ``pegs`` the customer order lines it is bought for.
    """

    id: Id
    position: int
    item: str | None = None
    text: str = ""
    heading: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    list_price: Decimal | None = None
    discounts: tuple[Decimal, ...] = ()
    unit_price: Decimal | None = None
    per: Decimal = Decimal(1)
    price_quantity: Decimal = ZERO
    net: Decimal = ZERO
    vat: str = ""
    cost: Decimal | None = None
    stocked: bool = False
    stock_quantity: Decimal = ZERO
    warehouse: str = ""
    account_group: str = ""
    weight_kg: Decimal | None = None
    reference: str = ""
    promised_date: Day | None = None
    manual: bool = False
    reason: str = ""
    role: str = ""
    discountable: bool = True
    parent_id: Id | None = None
    parts: tuple[Part, ...] = ()
    stowed: tuple[Stowed, ...] = ()
    pegs: tuple[Peg, ...] = ()
    source_id: Id | None = None
    source_document: Id | None = None
    root_id: Id | None = None
    root_document: Id | None = None
    progress: Mapping[str, Progress] = EMPTY
    custom: Mapping[str, Any] = EMPTY
    trace: Sequence[TraceRow] = ()

    @property
    def counts(self) -> bool:
        """Whether the line is part of the totals and may be carried on: options and headings are not (S10)."""
        return self.role not in NOT_SUMMED

    @property
    def bears_foot_discount(self) -> bool:
        """Whether a foot discount applies: to goods and services that may be discounted, not to port and such (D-foot)."""
        return not self.role and self.discountable

    @property
    def goods(self) -> tuple[tuple[str, Decimal], ...]:
        """What a delivery of the whole line takes out of stock: items with their quantities in stock units.

        Of a phantom kit its components (K11); services, headings and options take nothing (Q3).
        """
        if not self.counts:
            return ()
        if self.parts:
            return tuple((part.item, part.quantity * (self.quantity or ZERO)) for part in self.parts if part.stocked)
        return ((self.item, self.stock_quantity),) if self.stocked and self.item else ()

    def done(self, name: str) -> Decimal:
        """Quantity that got so far in ``name`` for good."""
        found = self.progress.get(name)
        return found.done if found else ZERO

    def planned(self, name: str) -> Decimal:
        """Quantity that drafts already speak for."""
        found = self.progress.get(name)
        return found.planned if found else ZERO

    def remaining(self, name: str) -> Decimal:
        """Quantity minus done, never below zero for a positive line (workflow-shape rule 6)."""
        return _toward(self.quantity or ZERO, self.done(name))

    def remaining_amount(self, name: str) -> Decimal:
        """Net minus the net of what was made from it, never below zero: a credit for a reduction leaves some (CN2)."""
        found = self.progress.get(name)
        return max(abs(self.net) - (found.amount if found else ZERO), ZERO)

    def proposed(self, name: str) -> Decimal:
        """What ``derive`` proposes: quantity minus done minus planned."""
        return _toward(self.quantity or ZERO, self.done(name) + self.planned(name))


def _toward(quantity: Decimal, taken: Decimal) -> Decimal:
    rest = quantity - taken
    return rest if rest * quantity > 0 else ZERO


class VatAmount(NamedTuple):
    """VAT of one code of a document: base and amount in its currency, rate in percent (VA1)."""

    code: str
    rate: Decimal
    category: str
    base: Decimal
    amount: Decimal


class Portion(NamedTuple):
    """What one line gives to one VAT code and one account group, without tax; ``place`` counts the lines from 0.

    ``vat`` is the code, or the regime where it gives no VAT. ``amount`` is before, ``discount`` and ``early`` are its
    shares of the foot discount (D-foot) and of the escompte (E1).
    """

    place: int
    role: str
    vat: str
    account_group: str
    amount: Decimal
    discount: Decimal = ZERO
    early: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """After the foot discount: what revenue is booked at (AC2)."""
        return self.amount - self.discount

    @property
    def base(self) -> Decimal:
        """After the escompte too: what VAT is taken of."""
        return self.amount - self.discount - self.early


class Instalment(NamedTuple):
    """A part of the total and the day it falls due."""

    due: Day
    amount: Decimal


@dataclass(frozen=True)
class Document:
    """One business document at one moment; changing it means building another.

    ``tax_date`` is the day whose VAT rates hold, its own date when none (a credit note keeps its origin's, CN1);
    ``party_facts`` is the party as it was when the document was written; ``history`` holds by event its count, the
    actors and the facts last given; ``exposure`` is what the document weighs on its party's outstanding (C1).

    ``foot_discount`` and ``early_payment_discount`` are percents, ``foot_discount_amount`` an amount that holds tax where
    prices do; ``totals`` are the amounts at the foot by name, without tax, in the order in which they are computed (N9).
    With ``prices_include_tax`` unit prices hold tax, and line nets are shares of the net of their VAT code (VA3).
    ``total_cost`` is none on what is shown to somebody who may not see costs. ``personal_salt`` is hashed with what
    the document says of persons, and none once that was deleted.
    """

    id: Id
    type: str
    state: str
    date: Day
    party: str | None = None
    kind: str = ""
    version: int = 0
    number: str | None = None
    root_number: str | None = None
    revision: int = 1
    origin: str = ""
    date_given: bool = False
    tax_date: Day | None = None
    due_date: Day | None = None
    site: str = ""
    contact: str = ""
    currency: str = "EUR"
    rate: Decimal = Decimal(1)
    rate_date: Day | None = None
    rate_source: str = ""
    language: str = "fr"
    reference: str = ""
    deal: str = ""
    method: str = ""
    payment_terms: str = ""
    regime: str = ""
    foot_discount: Decimal = ZERO
    foot_discount_amount: Decimal = ZERO
    early_payment_discount: Decimal = ZERO
    prices_include_tax: bool = False
    total_net: Decimal = ZERO
    total_vat: Decimal = ZERO
    total_gross: Decimal = ZERO
    net_to_pay: Decimal = ZERO
    balance: Decimal = ZERO
    total_cost: Decimal | None = ZERO
    counterpart_net: Decimal = ZERO
    counterpart_vat: Decimal = ZERO
    counterpart_gross: Decimal = ZERO
    exposure: Decimal = ZERO
    exposure_class: str = ""
    delivery_status: str = ""
    billing_status: str = ""
    pack: str = ""
    audit_hash: str = ""
    personal_salt: str | None = None
    frozen_at: datetime | None = None
    vat: tuple[VatAmount, ...] = ()
    instalments: tuple[Instalment, ...] = ()
    party_facts: Mapping[str, Any] = field(default_factory=dict)
    history: Mapping[str, Any] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)
    totals: Mapping[str, Decimal] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()

    def changed(self, **values: Any) -> Document:
        """A copy with some fields changed; ``dataclasses.replace`` does the same at ten times the cost.

        Raises TypeError for a name that is no field.
        """
        if not values.keys() <= self.__dict__.keys():
            raise TypeError(f"no fields of a document: {sorted(values.keys() - self.__dict__.keys())}")
        copy = object.__new__(Document)
        copy.__dict__.update(self.__dict__)
        copy.__dict__.update(values)
        return copy

    @property
    def net_commercial(self) -> Decimal:
        """Goods and services after foot discounts: the sale that margins are made of, without port and the like (M3)."""
        return self.totals.get("net_commercial", self.total_net)

    @property
    def margin(self) -> Decimal | None:
        """Net sale minus cost, in the document's currency (M1); escompte is financial and does not lower it (D1).

        None where the cost is not shown.
        """
        return None if self.total_cost is None else self.net_commercial - self.total_cost


class Allocation(NamedTuple):
    """Part of a payment (or of a credit note) put against a document, in that document's currency."""

    id: Id
    payment_id: Id
    document_id: Id
    amount: Decimal
    date: Day


class StockMove(NamedTuple):
    """One change of one stock level, with the document or the ``reason`` that caused it.

    ``quantity`` is signed, in the stock unit. Physical moves may name a ``lot`` (or serial number) and a ``bin``, moves of
    the other levels the day for which goods are promised (``due``). ``value`` is signed, in company currency, of physical
    moves only: what the stock is worth changes by it (V1-V7).
    """

    id: Id
    item: str
    warehouse: str
    level: str
    quantity: Decimal
    document_id: Id | None
    date: Day
    due: Day | None = None
    lot: str = ""
    bin: str = ""
    expires: Day | None = None
    value: Decimal = ZERO
    reason: str = ""


class EntryLine(NamedTuple):
    """One line of an accounting entry in company currency; exactly one of ``debit`` and ``credit`` is above zero.

    Account and party are copied with their names, so that the books never change with the settings.
    """

    account: str
    account_label: str
    debit: Decimal
    credit: Decimal
    auxiliary: str = ""
    auxiliary_label: str = ""
    due_date: Day | None = None
    currency: str = ""
    currency_amount: Decimal | None = None
    vat: str = ""
    analytic: str = ""


class Entry(NamedTuple):
    """A balanced accounting entry (AC1): the series of its journal gives it its number when it is written."""

    id: Id
    document_id: Id
    journal: str
    journal_label: str
    date: Day
    piece: str
    label: str
    lines: tuple[EntryLine, ...]
