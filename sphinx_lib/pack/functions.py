"""The functions that expressions may call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from sphinx_lib.pack.kinds import Part


def _decimal(value: Any) -> Decimal:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    raise TypeError(f"a number is expected, not {value!r}")


def _whole(value: Any) -> int:
    number = _decimal(value)
    if number != number.to_integral_value():
        raise TypeError(f"a whole number is expected, not {value}")
    return int(number)


def _round(value: Any, digits: Any) -> Decimal:
    places = _whole(digits)
    if abs(places) > 20:
        raise OverflowError(f"{places} digits")
    rounded = _decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return rounded if places >= 0 else rounded.quantize(Decimal(1))


def _floor(value: Any) -> Decimal:
    return _decimal(value).to_integral_value(ROUND_FLOOR)


def _ceil(value: Any) -> Decimal:
    return _decimal(value).to_integral_value(ROUND_CEILING)


def _default(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


def _days(count: Any) -> timedelta:
    return timedelta(days=_whole(count))


def _days_between(start: date, end: date) -> Decimal:
    return Decimal((end - start).days)


class Function(NamedTuple):
    """A function that expressions may call: how many arguments, of which kind, and what it gives.

    Without ``takes`` the arguments are of one kind, which is also what it gives.
    """

    call: Callable[..., Any]
    usage: str
    arguments: range
    takes: Part | None = "number"
    gives: Part = "number"


FUNCTIONS: Mapping[str, Function] = {
    "abs": Function(abs, "abs(x)", range(1, 2)),
    "min": Function(min, "min(x, y, …)", range(2, 100), takes=None),
    "max": Function(max, "max(x, y, …)", range(2, 100), takes=None),
    "round": Function(_round, "round(x, digits)", range(2, 3)),
    "floor": Function(_floor, "floor(x)", range(1, 2)),
    "ceil": Function(_ceil, "ceil(x)", range(1, 2)),
    "default": Function(_default, "default(x, y)", range(2, 3), takes=None),
    "days": Function(_days, "days(n)", range(1, 2), gives="span"),
    "days_between": Function(_days_between, "days_between(start, end)", range(2, 3), takes="date"),
}
"""``round`` rounds half up, away from zero (N2); ``days_between`` is positive when ``end`` is the later date."""
