"""What may be given by name, typed for editors. Written by scripts/write_inputs.py from ``app/inputs.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date as Day
from decimal import Decimal
from typing import Any, TypedDict


class Header(TypedDict, total=False):
    """The head of a document. Percents are percents (5 is 5 %); ``rate`` is foreign units for one of the company's."""

    date: Day | str | None
    promised_date: Day | str | None
    currency: str | None
    rate: Decimal | int | str | None
    language: str | None
    payment_terms: str | None
    method: str | None
    site: str | None
    contact: str | None
    deal: str | None
    reference: str | None
    foot_discount: Decimal | int | str | None
    foot_discount_amount: Decimal | int | str | None
    early_payment_discount: Decimal | int | str | None
    prices_include_tax: bool | None
    amount: Decimal | int | str | None
    custom: Mapping[str, Any] | None


class PaymentHeader(TypedDict, total=False):
    """The head of a document. Percents are percents (5 is 5 %); ``rate`` is foreign units for one of the company's."""

    date: Day | str | None
    promised_date: Day | str | None
    currency: str | None
    rate: Decimal | int | str | None
    language: str | None
    payment_terms: str | None
    site: str | None
    contact: str | None
    deal: str | None
    reference: str | None
    foot_discount: Decimal | int | str | None
    foot_discount_amount: Decimal | int | str | None
    early_payment_discount: Decimal | int | str | None
    prices_include_tax: bool | None
    custom: Mapping[str, Any] | None


class LotGiven(TypedDict, total=False):
    """One lot, serial number or bin of a line; ``quantity`` is in the line's unit, 1 for a serial number."""

    lot: str | None
    serial: str | None
    quantity: Decimal | int | str | None
    expires: Day | str | None
    bin: str | None


class LineGiven(TypedDict, total=False):
    """A line: an item with its quantity, a text priced by hand, or a comment."""

    item: str | None
    text: str | None
    quantity: Decimal | int | str | None
    unit: str | None
    unit_price: Decimal | int | str | None
    discounts: Sequence[Decimal | int | str] | None
    vat: str | None
    warehouse: str | None
    promised_date: Day | str | None
    reference: str | None
    reason: str | None
    option: bool | None
    alternative: bool | None
    heading: bool | None
    subtotal: bool | None
    lot: str | None
    serial: str | Sequence[str] | None
    lots: Sequence[LotGiven] | None
    expires: Day | str | None
    bin: str | None


class Adjustment(TypedDict, total=False):
    """What is said of goods that come in or go out without a document."""

    warehouse: str | None
    lot: str | None
    serial: str | None
    bin: str | None
    expires: Day | str | None
    date: Day | str | None
    reason: str | None
    cost: Decimal | int | str | None
    value: Decimal | int | str | None


class Options(TypedDict, total=False):
    """Options of a batch; which of them it takes follows from what it does."""

    dry_run: bool | None
    until: Day | str | None
    customer: str | None
    supplier: str | None
    warehouse: str | None
    propose: bool | None
    period: str | None
    rebate: str | None
    sender: Callable[..., Any] | None
