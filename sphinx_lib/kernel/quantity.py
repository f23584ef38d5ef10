"""Units of measure and exact conversion between them (U1-U4)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from types import MappingProxyType
from typing import ClassVar, Literal

from sphinx_lib.kernel.errors import Refused
from sphinx_lib.kernel.money import exact_decimal, round_half_up, round_up
from sphinx_lib.kernel.suggest import did_you_mean

Ratios = Mapping[tuple[str, str], Fraction]
"""What one item says of its units, the larger first: ``{("box", "unit"): 6, ("m", "kg"): Fraction("2.47")}``."""

NO_RATIOS: Ratios = MappingProxyType({})
QUANTITY_DIGITS = 6
"""The decimals of quantities as they are stored: 3 of 7 hours are no whole part of a day."""
ENDLESS_DIGITS = 12
LARGEST = Decimal(10) ** 11
"""No quantity, price or amount that is entered reaches it, so that what is made of them fits its column."""

_ONE = Fraction(1)
_WIDE = Context(prec=80)
_EXACT = Context(prec=80, traps=[Inexact, InvalidOperation])


def exact_quantity(value: object) -> Decimal:
    """A quantity or a unit price as it can be stored; ValueError says what is wrong."""
    number = exact_decimal(value)
    if abs(number) >= LARGEST or round_half_up(number, QUANTITY_DIGITS) != number:
        raise ValueError(f"{number} does not fit: at most 11 digits and {QUANTITY_DIGITS} decimals")
    return number


class UnitError(Refused):
    """The unit is not known, or nothing leads from one unit to the other."""

    code: ClassVar[str] = "unit"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure: ``factor`` is how many of its dimension's base unit it holds, above zero.

    A packaging whose content depends on the item (box, pallet) is a dimension of its own, so that nothing but the
    item's ratio can convert it.
    """

    code: str
    dimension: str
    factor: Fraction = Fraction(1)
    digits: int = 3

    def __post_init__(self) -> None:
        if self.factor <= 0:
            raise ValueError(f"unit {self.code!r}: factor {self.factor} is not above zero")


@dataclass(frozen=True, slots=True)
class Units:
    """The units of a pack by code; converts and rounds quantities."""

    table: Mapping[str, Unit]

    def __getitem__(self, code: str) -> Unit:
        """The unit; raises UnitError with the nearest known name."""
        try:
            return self.table[code]
        except KeyError:
            hint = did_you_mean(code, self.table) or f"; known: {', '.join(self.table)}"
            raise UnitError(f"unknown unit {code!r}{hint}", unit=code) from None

    def factor(self, source: str, target: str, ratios: Ratios = NO_RATIOS) -> Fraction:
        """How many ``target`` one ``source`` holds, exactly.

        Across dimensions only through ``ratios`` of the item, which may chain (pallet, box, unit, kg) and are
        preferred to the table (U1). Raises UnitError for an unknown unit and where no way leads to ``target``.
        """
        goal, start = self[target], self[source]
        if source == target:
            return _ONE
        if not ratios and start.dimension == goal.dimension:
            return start.factor / goal.factor
        reached = {source: _ONE}
        queue = deque([source])
        while queue and target not in reached:
            code = queue.popleft()
            for neighbour, step in self._steps(code, target, ratios):
                if neighbour not in reached:
                    reached[neighbour] = reached[code] * step
                    queue.append(neighbour)
        if target not in reached:
            raise UnitError(
                f"cannot convert {source} ({start.dimension}) to {target} ({goal.dimension}): "
                f"give the item a ratio between them, as 1 {source} = 2.5 {target}",
                source=source,
                target=target,
            )
        return reached[target]

    def _steps(self, code: str, target: str, ratios: Ratios) -> Iterator[tuple[str, Fraction]]:
        """Units one step away, the item's ratios first."""
        for (larger, smaller), ratio in ratios.items():
            if ratio <= 0:
                raise UnitError(f"1 {larger} = {ratio} {smaller}: write a ratio above zero", source=larger)
            if code == larger:
                yield smaller, ratio
            elif code == smaller:
                yield larger, 1 / ratio
        # An item that says what its box holds overrides what the table says of boxes.
        own = {a for a, b in ratios if self[a].dimension == self[b].dimension}
        unit = self[code]
        for other in (target, *(name for pair in ratios for name in pair)):
            if self[other].dimension == unit.dimension and not own & {code, other}:
                yield other, unit.factor / self[other].factor

    def convert(self, quantity: Decimal, source: str, target: str, ratios: Ratios = NO_RATIOS) -> Decimal:
        """``quantity`` of ``source`` counted in ``target``: exact, not rounded to the unit's digits (U4).

        Only a result without a finite decimal form (37 pieces in boxes of 6) is rounded, half up to 12 digits;
        where that matters, multiply by ``factor`` and round once. Raises UnitError as ``factor`` does.
        """
        held, per = self.factor(source, target, ratios).as_integer_ratio()
        try:
            return _EXACT.divide(_EXACT.multiply(quantity, held), per)
        except Inexact:
            return round_half_up(_WIDE.divide(_WIDE.multiply(quantity, held), per), ENDLESS_DIGITS)

    def fit(self, quantity: Decimal, unit: str, mode: Literal["half_up", "up"] = "half_up") -> Decimal:
        """``quantity`` rounded to the digits of ``unit``; ``up`` (away from zero) where whole packs are due (U4)."""
        digits = self[unit].digits
        return round_up(quantity, digits) if mode == "up" else round_half_up(quantity, digits)
