"""Calendar arithmetic and due dates (T2-T5, T8); pure, rest days come as a parameter."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

EndOfMonth = Literal["none", "after", "before"]
Count = Literal["days", "months"]
Shift = Literal["none", "next_working_day"]

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SATURDAY = 5


def _on_day(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def add_months(start: date, months: int) -> date:
    """The same day ``months`` later (earlier when negative), or the last day of a shorter month (T2)."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return _on_day(year, month + 1, start.day)


def end_of_month(day: date) -> date:
    """The last day of the month of ``day``."""
    return _on_day(day.year, day.month, 31)


def as_date(value: object) -> date:
    """The date in a text such as ``2026-03-31``, or ``value`` itself when it is a date without a time.

    Raises ValueError, which says what is wrong and the right form.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _ISO.fullmatch(value):
        seen = repr(value[:40]) if isinstance(value, str) else f"a {type(value).__name__}"
        raise ValueError(f"{seen} is not a date; write it as 2026-03-31")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"there is no day {value} in the calendar") from None


FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
"""What is dated lies within these: no business of ours is older, and the last, which people write for what never
ends, leaves room to count on from."""


def as_day(value: object) -> date:
    """``as_date(value)`` within the years 1900 to 2999; others are slips of the pen (0206, 9999). Raises ValueError."""
    day = as_date(value)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"{day} is not within the years {FIRST_DAY.year} to {LAST_DAY.year}; check the year")
    return day


@dataclass(frozen=True, slots=True)
class DueRule:
    """When an amount falls due after a base date, step by step (T2-T5).

    1. The delay: ``months``, then ``days``. With ``count`` "months", 30 days are a month and 45 a month and 15 days.
    2. ``end_of_month``: "after" moves the result of the delay to its month's end (reading A), "before" moves the
       base date there and then counts the delay (reading B, T4).
    3. ``day``: the first such day of a month strictly after that, or the last day of a shorter month.
    4. ``extra_days``: days counted from there ("the 15th, plus 30 days", last instalment of Ex 29).
    5. ``payment_days``: the first listed day of a month on or after that.
    6. ``shift``: what happens on a rest day (T8).
    """

    days: int = 0
    months: int = 0
    end_of_month: EndOfMonth = "none"
    day: int | None = None
    extra_days: int = 0
    payment_days: tuple[int, ...] = ()
    count: Count = "days"
    shift: Shift = "none"

    def __post_init__(self) -> None:
        if min(self.days, self.months, self.extra_days) < 0:
            raise ValueError("a delay is not negative")
        named = self.payment_days if self.day is None else (self.day, *self.payment_days)
        if any(not 1 <= day <= 31 for day in named):
            raise ValueError("a day of the month is between 1 and 31")


def due_date(base: date, rule: DueRule, holidays: Collection[date] = ()) -> date:
    """The day on which ``rule`` lets an amount of ``base`` fall due (T3).

    ``holidays`` matter only for ``shift``; Saturdays and Sundays are rest days whatever it holds.
    """
    due = _delayed(end_of_month(base) if rule.end_of_month == "before" else base, rule)
    if rule.end_of_month == "after":
        due = end_of_month(due)
    if rule.day is not None:
        due = _first_listed(due + timedelta(days=1), (rule.day,))
    due += timedelta(days=rule.extra_days)
    if rule.payment_days:
        due = _first_listed(due, rule.payment_days)
    return next_working_day(due, holidays) if rule.shift == "next_working_day" else due


def _delayed(start: date, rule: DueRule) -> date:
    months, days = divmod(rule.days, 30) if rule.count == "months" else (0, rule.days)
    return add_months(start, rule.months + months) + timedelta(days=days)


def _first_listed(earliest: date, days: Collection[int]) -> date:
    """The first of the month days ``days`` on or after ``earliest``; a shorter month lends its last day."""
    following = add_months(earliest, 1)
    listed = (_on_day(month.year, month.month, day) for month in (earliest, following) for day in days)
    return min(day for day in listed if day >= earliest)


def next_working_day(day: date, holidays: Collection[date] = ()) -> date:
    """``day`` itself, or the first day after it that is neither on a weekend nor in ``holidays`` (T8)."""
    while day.weekday() >= _SATURDAY or day in holidays:
        day += timedelta(days=1)
    return day
