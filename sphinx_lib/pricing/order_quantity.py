"""Quantities that an item may be sold in: at least, at most, by multiples; and the nearest ones to what was asked."""

from __future__ import annotations

from decimal import Decimal
from math import ceil, floor
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.money import plain_number


class Bounds(NamedTuple):
    """What may be sold of an item, in stock units; none sets no bound."""

    minimum: Decimal | None = None
    maximum: Decimal | None = None
    multiple: Decimal | None = None

    @property
    def lowest(self) -> Decimal:
        """The smallest quantity above zero that the minimum and the multiple allow; zero when nothing bounds it."""
        least = self.minimum or ZERO
        if not self.multiple:
            return least
        return max(Decimal(ceil(least / self.multiple)), Decimal(1)) * self.multiple

    @property
    def highest(self) -> Decimal | None:
        """The largest quantity allowed; none when there is no maximum."""
        if self.maximum is None or not self.multiple:
            return self.maximum
        return floor(self.maximum / self.multiple) * self.multiple


def raised(quantity: Decimal, bounds: Bounds) -> Decimal:
    """The smallest allowed quantity that is not below ``quantity``, whatever the maximum says."""
    least = max(quantity, bounds.lowest)
    return ceil(least / bounds.multiple) * bounds.multiple if bounds.multiple else least


def problem_of(quantity: Decimal, bounds: Bounds, unit: str, verb: str = "sold") -> str:
    """Why ``quantity`` (above zero) may not be sold (or bought), with the nearest that may; empty when it may."""
    lowest, highest = bounds.lowest, bounds.highest
    if highest is not None and lowest > highest:
        return f"no quantity can be {verb}: {_said(bounds)}"
    if lowest <= quantity <= (quantity if highest is None else highest) and raised(quantity, bounds) == quantity:
        return ""
    above = raised(quantity, bounds)
    below = above - bounds.multiple if bounds.multiple else above
    near = [one for one in dict.fromkeys((below, above)) if one >= lowest and (highest is None or one <= highest)]
    nearest = " or ".join(plain_number(one) for one in near or [highest or lowest])
    return f"{plain_number(quantity)} {unit} is not {verb} ({_said(bounds)}); the nearest is {nearest}"


def _said(bounds: Bounds) -> str:
    words = {"minimum": bounds.minimum, "maximum": bounds.maximum, "multiple": bounds.multiple}
    return ", ".join(f"{name} {plain_number(value)}" for name, value in words.items() if value)
