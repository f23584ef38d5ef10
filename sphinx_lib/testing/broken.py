"""How a law that does not hold is told: the law, the line, and the figures."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any, NoReturn

from sphinx_lib.kernel.money import plain_number
from sphinx_lib.pricing.price_line import Priced
from sphinx_lib.pricing.select import Ask
from sphinx_lib.testing.memory import short
from sphinx_lib.testing.setting import Setting, told


def broken(law: str, setting: Setting, ask: Ask, what: str, *results: tuple[str, Priced]) -> NoReturn:
    """Raises AssertionError; ``results`` are prices under their names."""
    lines = [f"{law}: {told(ask, setting.sale)}: {what}"]
    lines += [f"    {name}: {shown(priced)}" for name, priced in results]
    raise AssertionError("\n".join(lines))


def shown(priced: Priced) -> str:
    """A price with its trace: ``81 = base 90, promotion -9``."""
    if priced.problem:
        return f"no price: {priced.problem}"
    if priced.unit_price is None:
        return "no price"
    per = f" per {plain_number(priced.per)}" if priced.per != 1 else ""
    failed = "".join(f"; {one.guard}: {one.on_fail}" for one in priced.failures)
    return f"{plain_number(priced.unit_price)}{per} = {', '.join(map(short, priced.trace))}{failed}"


def figures(priced: Priced) -> tuple[Any, ...]:
    """Everything that a price says."""
    return (*priced._replace(discounts=tuple(priced.discounts), trace=tuple(priced.trace)),)


def alike(law: str, setting: Setting, before: Sequence[Priced], after: Sequence[Priced], what: str) -> None:
    """Raises AssertionError where a line of ``setting`` has another price or another trace."""
    assert len(before) == len(after) == len(setting.asks), f"{law}: {len(setting.asks)} lines, {len(after)} prices"
    for ask, one, other in zip(setting.asks, before, after, strict=True):
        if figures(one) != figures(other):
            broken(law, setting, ask, what, ("before", one), ("after", other))


def half_up(number: Fraction, digits: int) -> Decimal:
    """A fraction rounded half up to ``digits`` decimals (N2), reckoned apart from what the laws are checked on."""
    units = floor(abs(number) * 10**digits + Fraction(1, 2))
    return Decimal((int(number < 0 and units > 0), tuple(map(int, str(units))), -digits))


def digits_of(number: Fraction) -> str:
    """A fraction as digits, for messages."""
    text = f"{half_up(number, 28):f}"
    return text.rstrip("0").rstrip(".")
