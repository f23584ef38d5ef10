"""What a caller may say of a document, of its lines and of an adjustment: one model each.

The reference page, the JSON Schema of the commands and the ``TypedDict``s of ``app/header.py`` are written from these.
Which codes, types and fields exist is asked of the configuration and the database afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.inputs import (
    Amount,
    Code,
    Day,
    Exact,
    Fields,
    Flag,
    ListOf,
    LongText,
    LotName,
    Name,
    Percent,
    Quantity,
    Text,
    Word,
    as_changes,
    as_lines,
)
from sphinx_lib.kernel.money import plain_number

WHOLE = Decimal(100)


def _above_zero(number: Decimal) -> Decimal:
    if number <= 0:
        raise ValueError(f"{plain_number(number)} is not above zero")
    return number


def _no_more_than_the_whole(percent: Decimal) -> Decimal:
    if percent > WHOLE:
        raise ValueError(f"{percent} % is more than the whole")
    return percent


def _no_surcharge(amount: Decimal) -> Decimal:
    if amount < 0:
        raise ValueError(f"{amount} is below zero; enter a surcharge as a line")
    return amount


def _lowers(percent: Decimal) -> Decimal:
    if percent < 0:
        raise ValueError(f"{percent} % is below zero; an escompte lowers what is paid")
    return _no_more_than_the_whole(percent)


class Input(BaseModel):
    """Values in their exact types; unknown keys are refused, and none says nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_DECLARED = ConfigDict(json_schema_extra={"additionalProperties": True})
"""Beside the fields of the model stand those that the configuration declares for the type; ``app`` checks them."""


class HeaderFields(Input):
    """The head of a document. Percents are percents (5 is 5 %); ``rate`` is foreign units for one of the company's."""

    model_config = _DECLARED

    date: Day | None = Field(None, description="its date; today when left out, and at most five years ahead")
    promised_date: Day | None = Field(None, description="the day on which its lines are promised, where they have none")
    currency: Annotated[Name, Field(max_length=3)] | None = Field(None, description="ISO 4217; else that of the party")
    rate: Annotated[Exact, AfterValidator(_above_zero)] | None = Field(None, description="an exchange rate by hand (F1)")
    language: Annotated[Name, Field(max_length=8)] | None = Field(None, description="one of the company's languages (LG1)")
    payment_terms: Name | None = Field(None, description="one of `billing.payment_terms`")
    method: Word | None = Field(None, description="how it is paid, one of `billing.payment_methods`")
    site: Name | None = Field(None, description="a delivery place of the party, by its code")
    contact: Name | None = Field(None, description="a person at the party, by code")
    deal: Name | None = Field(None, description="the deal that it belongs to (AF1)")
    reference: Text | None = Field(None, description="what the party calls it")
    foot_discount: Annotated[Quantity, AfterValidator(_no_more_than_the_whole)] | None = Field(
        None, description="percent off all lines; below zero a surcharge"
    )
    foot_discount_amount: Annotated[Amount, AfterValidator(_no_surcharge)] | None = Field(
        None, description="an amount off all lines"
    )
    early_payment_discount: Annotated[Quantity, AfterValidator(_lowers)] | None = Field(
        None, description="percent of escompte on the invoice (E1)"
    )
    prices_include_tax: Flag | None = Field(None, description="whether prices are entered with tax")
    amount: Amount | None = Field(None, description="of a document without lines, such as a payment")
    custom: Fields | None = Field(None, description="fields that the configuration declares, by name")


class LotRow(Input):
    """One lot, serial number or bin of a line; ``quantity`` is in the line's unit, 1 for a serial number."""

    lot: LotName | None = None
    serial: LotName | None = None
    quantity: Annotated[Quantity, AfterValidator(_above_zero)] | None = None
    expires: Day | None = None
    bin: LotName | None = None

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if not (self.lot or self.serial or self.bin):
            raise ValueError("name a lot, a serial number or a bin")
        return self


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


Serials = Annotated[ListOf[LotName], BeforeValidator(_one_or_many, json_schema_input_type=LotName | list[LotName])]


class LineFields(Input):
    """A line: an item with its quantity, a text priced by hand, or a comment."""

    model_config = _DECLARED

    item: Text | None = Field(None, description="a code, barcode, or the party's own reference")
    text: LongText | None = Field(None, description="its text; the name of the item when left out")
    quantity: Quantity | None = Field(None, description="in its unit; below zero it is taken back")
    unit: Word | None = Field(None, description="the usual one of the item when left out")
    unit_price: Quantity | None = Field(None, description="by hand, before `discounts` (PR8)")
    discounts: ListOf[Percent] | None = Field(None, description="by hand, percents in cascade")
    vat: Word | None = Field(None, description="a code of `taxes.codes`, or its percent")
    warehouse: Name | None = Field(None, description="where its goods lie")
    promised_date: Day | None = Field(None, description="the day on which it is promised")
    reference: Text | None = Field(None, description="what the party calls it")
    reason: Text | None = Field(None, description="why its price was entered by hand")
    option: Flag | None = Field(None, description="offered, in no total until it is taken")
    alternative: Flag | None = Field(None, description="offered in place of another line")
    heading: Flag | None = Field(None, description="a heading, which has a text alone")
    subtotal: Flag | None = Field(None, description="the sum of the lines above it")
    lot: LotName | None = Field(None, description="the lot of all its goods")
    serial: Serials | None = Field(None, description="a serial number, or a list of them")
    lots: ListOf[LotRow] | None = Field(None, description="several lots, serial numbers or bins, with their quantities")
    expires: Day | None = Field(None, description="the last day of its lot")
    bin: LotName | None = Field(None, description="where in the warehouse it lies")


class QuotedFields(HeaderFields, LineFields):
    """What is said of one line that is quoted: fields of the head and of the line."""


Lines = Annotated[Sequence[Mapping[str, Any]], PlainValidator(as_lines, json_schema_input_type=list[LineFields])]
"""Lines, each as a mapping; their fields are read where it is known which the type declares."""
LineChanges = Annotated[
    Any, PlainValidator(as_changes, json_schema_input_type=list[LineFields] | dict[str, LineFields | None])
]
"""A new list of lines, or changes by position; none takes a line out."""


def _no_cost_below_zero(cost: Decimal) -> Decimal:
    if cost < ZERO:
        raise ValueError(f"{plain_number(cost)} is below zero; what goods are worth is never negative")
    return cost


class AdjustmentFields(Input):
    """What is said of goods that come in or go out without a document."""

    warehouse: Name | None = Field(None, description="where; the item's own when left out")
    lot: LotName | None = Field(None, description="the lot")
    serial: LotName | None = Field(None, description="the serial number")
    bin: LotName | None = Field(None, description="the bin")
    expires: Day | None = Field(None, description="the last day of the lot")
    date: Day | None = Field(None, description="the day; today when left out")
    reason: Text | None = Field(None, description="why")
    cost: Annotated[Quantity, AfterValidator(_no_cost_below_zero)] | None = Field(None, description="of one stock unit")
    value: Annotated[Amount, AfterValidator(_no_cost_below_zero)] | None = Field(None, description="of all of them")


class RunOptions(Input):
    """Options of a batch; which of them it takes follows from what it does."""

    dry_run: Flag | None = Field(None, description="say what would be done, and do nothing")
    until: Day | None = Field(None, description="the last day that counts; today when left out")
    customer: Code | None = Field(None, description="of one customer only")
    supplier: Code | None = Field(None, description="of one supplier only")
    warehouse: Code | None = Field(None, description="for one warehouse only")
    propose: Flag | None = Field(None, description="leave drafts")
    period: Text | None = Field(None, description="a year, half-year or quarter, as 2026, 2026-H1, 2026-Q1")
    rebate: Name | None = Field(None, description="one rebate only")
    sender: Callable[..., Any] | None = Field(None, description="what sends messages, such as `messages.Dispatcher`")
