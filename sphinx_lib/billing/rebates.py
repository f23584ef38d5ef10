"""Year-end rebates (ristournes): their periods, what a turnover gives by bands, what is still to be credited (D3)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeVar

from sphinx_lib.kernel.dates import add_months
from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.money import EXACT, exact_sum, percentage, round_half_up, split_by_weight
from sphinx_lib.pack.rebate_model import Band, Length, Mode

Key = TypeVar("Key")
_ONE_DAY = timedelta(days=1)
_MONTHS: Mapping[Length, int] = {"year": 12, "half_year": 6, "quarter": 3}
_LETTERS: Mapping[Length, str] = {"year": "", "half_year": "-H", "quarter": "-Q"}
_NAME = re.compile(r"([12][0-9]{3})(?:-(?:H([12])|Q([1-4])))?")


class Period(NamedTuple):
    """A calendar period, both days included; its ``name`` is 2026, 2026-H1 or 2026-Q1."""

    name: str
    first: date
    last: date


def period_of(length: Length, day: date) -> Period:
    """The period of this length that ``day`` lies in."""
    months = _MONTHS[length]
    place = (day.month - 1) // months
    first = date(day.year, place * months + 1, 1)
    name = f"{day.year}{_LETTERS[length]}" + ("" if length == "year" else str(place + 1))
    return Period(name, first, add_months(first, months) - _ONE_DAY)


def newest_over(length: Length, day: date) -> Period:
    """The newest period of this length that is over on ``day``, its last day included."""
    here = period_of(length, day)
    return here if here.last == day else period_of(length, here.first - _ONE_DAY)


def period_named(name: str) -> Period:
    """The period called ``name``; ValueError says how one is written."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is no period; write a year as 2026, a half as 2026-H1 or a quarter as 2026-Q1")
    year, half, quarter = found.groups()
    length: Length = "half_year" if half else "quarter" if quarter else "year"
    place = int(half or quarter or 1)
    return period_of(length, date(int(year), (place - 1) * _MONTHS[length] + 1, 1))


def periods_within(length: Length, span: Period) -> list[Period]:
    """The periods of this length that lie wholly in ``span``, in order; none where it is shorter."""
    found = []
    here = period_of(length, span.first)
    while here.last <= span.last:
        if here.first >= span.first:
            found.append(here)
        here = period_of(length, here.last + _ONE_DAY)
    return found


def rebate_on(turnover: Decimal, bands: Sequence[Band], mode: Mode, digits: int) -> Decimal:
    """The rebate that ``turnover`` gives, rounded once; zero below the first band (D3).

    ``whole_amount`` takes the percent of the band reached of all of it, ``by_band`` each percent of its own slice.
    """
    reached = [band for band in bands if band[0] <= turnover]
    if not reached or turnover <= 0:
        return ZERO
    if mode == "whole_amount":
        return percentage(turnover, reached[-1][1], digits)
    ends = [*(start for start, _ in reached[1:]), turnover]
    slices = zip(reached, ends, strict=True)
    hundredfold = (EXACT.multiply(EXACT.subtract(end, start), percent) for (start, percent), end in slices)
    return round_half_up(exact_sum(hundredfold).scaleb(-2, EXACT), digits)


def to_credit(
    due: Decimal, turnover: Mapping[Key, Decimal], credited: Mapping[Key, Decimal], digits: int
) -> dict[Key, Decimal]:
    """What is still to be credited of ``due``, by VAT (or whatever the keys are): due less all that was credited.

    It goes to those that have not yet their share of ``due`` by ``turnover``, in proportion to what they lack, in minor
    units that add up exactly (N5); keys whose turnover is not above zero have no share. Empty when nothing is left.
    """
    rest = due - sum(credited.values(), ZERO)
    sold = {key: amount for key, amount in turnover.items() if amount > 0}
    if rest <= 0 or not sold:
        return {}
    shares = zip(sold, split_by_weight(due, list(sold.values()), digits), strict=True)
    lacking = {key: max(share - credited.get(key, ZERO), ZERO) for key, share in shares}
    parts = zip(lacking, split_by_weight(rest, list(lacking.values()), digits), strict=True)
    return {key: part for key, part in parts if part}
