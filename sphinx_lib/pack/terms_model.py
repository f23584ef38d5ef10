"""Models of payment terms (T1-T8)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sphinx_lib.kernel.dates import Count, DueRule, EndOfMonth, Shift
from sphinx_lib.kernel.money import exact_decimal
from sphinx_lib.pack.base import Label, Strict, YesNo


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str | int) else value


Exact = Annotated[Decimal, BeforeValidator(exact_decimal)]
MonthDay = Annotated[int, Field(ge=1, le=31)]
Delay = Annotated[int, Field(ge=0, le=3650)]
ONLY = "only"
PERCENT_DIGITS = 6
"""Decimals of a percent that documents keep."""


class Instalment(Strict):
    """A share of the total (``percent``, ``fixed`` or the ``remainder``) and when it falls due (T1).

    ``percent`` 30 is 30 % of the total with tax, or without it (``percent_of: net``). ``from_previous`` counts from
    the previous instalment's due date instead of the document's (T6). The other fields are those of ``DueRule``.
    """

    percent: Annotated[Exact, Field(gt=0, le=100)] | None = None
    percent_of: Literal["gross", "net"] = "gross"
    fixed: Annotated[Exact, Field(gt=0)] | None = None
    remainder: YesNo = False
    from_previous: YesNo = False
    days: Delay = 0
    months: Delay = 0
    end_of_month: EndOfMonth = "none"
    day: MonthDay | None = None
    extra_days: Delay = 0
    payment_days: Annotated[tuple[MonthDay, ...], BeforeValidator(_one_or_many)] = ()
    count: Count = "days"
    shift: Shift = "none"

    @model_validator(mode="after")
    def _one_share(self) -> Self:
        if (self.percent is not None) + (self.fixed is not None) + self.remainder != 1:
            raise ValueError("give exactly one of percent, fixed and remainder: true")
        if self.percent is None and "percent_of" in self.model_fields_set:
            raise ValueError("percent_of says nothing without percent; remove it")
        return self

    @cached_property
    def rule(self) -> DueRule:
        """When it falls due, counted from its base date."""
        return DueRule(
            days=self.days,
            months=self.months,
            end_of_month=self.end_of_month,
            day=self.day,
            extra_days=self.extra_days,
            payment_days=self.payment_days,
            count=self.count,
            shift=self.shift,
        )


class EarlyPayment(Strict):
    """An escompte on payment (E2): ``percent`` off what is paid up to ``days`` after the invoice's date.

    It is taken of the total with tax and lowers the VAT; ``net_of_tax`` takes it of the total without, the VAT stays.
    """

    percent: Annotated[Exact, Field(gt=0, lt=100, decimal_places=PERCENT_DIGITS)]
    days: Delay
    net_of_tax: YesNo = False


class EarlyPaymentTypes(Strict):
    """The types or kinds of document by which an escompte on payment is granted, and taken back when the payment fails; of
    purchases those that stand for what the supplier grants."""

    credit_note: str
    taken_back: str


class PaymentTerm(Strict):
    """A payment term: instalments in the order written, the last one takes what is left (T7).

    A single instalment may be written short, ``{label: …, days: 30, end_of_month: after}``; it becomes the remainder
    under the id ``only``. ``legal_check: false`` silences the warnings of T8, for terms with a legal exception.
    ``early_payment`` grants a discount to who pays soon (E2).
    """

    label: Label
    legal_check: YesNo = True
    early_payment: EarlyPayment | None = None
    instalments: dict[str, Instalment]

    @model_validator(mode="before")
    @classmethod
    def _from_short(cls, value: object) -> object:
        if not isinstance(value, Mapping) or "instalments" in value:
            return value
        own = {key: given for key, given in value.items() if key in cls.model_fields}
        single = {key: given for key, given in value.items() if key not in own}
        return {**own, "instalments": {ONLY: {"remainder": True, **single}}}

    @model_validator(mode="after")
    def _last_takes_the_rest(self) -> Self:
        if not self.instalments:
            raise ValueError("a payment term has at least one instalment")
        first, last = next(iter(self.instalments)), next(reversed(self.instalments))
        for name, instalment in self.instalments.items():
            if instalment.remainder and name != last:
                raise ValueError(f"instalment {name!r} takes the remainder but is not the last; move it to the end")
            if instalment.from_previous and name == first:
                raise ValueError(f"instalment {name!r} is the first, so from_previous has no date to count from")
        if not self.instalments[last].remainder:
            raise ValueError(f"the last instalment {last!r} must be remainder: true, to meet the total (T7)")
        if sum(i.percent or 0 for i in self.instalments.values() if i.percent_of == "gross") > 100:
            raise ValueError("the percents of the total with tax add up to more than 100")
        return self
