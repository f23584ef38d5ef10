"""Models of year-end rebates (ristournes): who gets one, for which period, and by which bands of turnover (D3)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sphinx_lib.kernel.money import exact_decimal
from sphinx_lib.pack.base import Label, Strict

From = Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=0)]
Percent = Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=0, le=100)]
Band = tuple[Decimal, Decimal]
Mode = Literal["whole_amount", "by_band"]
Length = Literal["year", "half_year", "quarter"]

REBATE_GROUP = "rebate"
"""The account group of the lines of a rebate."""
REBATE, PERIOD = "rebate", "rebate_period"
"""The fields of a credit note that say which rebate it gives, and for which period."""


class Rebate(Strict):
    """A rebate on the turnover of a calendar period, for customers of whom ``when`` holds on its last day; all without it.

    ``bands`` are [turnover from which the band holds, percent], ascending, in company currency without tax. The percent of
    the band reached is taken of the ``whole_amount``, or each one of its slice (``by_band``).
    """

    label: Label
    when: str | None = None
    period: Length = "year"
    mode: Mode
    bands: tuple[tuple[From, Percent], ...]
