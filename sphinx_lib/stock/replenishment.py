"""When an item is bought again, and how much of it (R1-R4). Quantities are in the item's stock unit."""

from __future__ import annotations

from decimal import ROUND_CEILING, Context, Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.money import round_half_up

_EXACT = Context(prec=28, rounding=ROUND_CEILING)


class Level(NamedTuple):
    """The reorder point, and up to what the stock is filled; ``economic`` is bought instead where there is no maximum."""

    point: Decimal
    maximum: Decimal | None = None
    economic: Decimal | None = None


def reorder_point(daily_use: Decimal, lead_days: int, safety: Decimal) -> Decimal:
    """What is used while the supplier delivers, and a safety on top (R1)."""
    return daily_use * lead_days + safety


def economic_quantity(yearly_use: Decimal, order_cost: Decimal, unit_price: Decimal, holding_rate: Decimal) -> Decimal:
    """The quantity that costs least to order and to hold (Wilson, R4), not rounded; ``holding_rate`` is a percent.

    Ex 21: 2000 a year, 125 an order, 55.00 each and 41 % give 148.9, so 149.
    """
    squared = _EXACT.divide(200 * yearly_use * order_cost, unit_price * holding_rate)
    return _EXACT.sqrt(squared)


def missing(projected: Decimal, level: Level) -> Decimal:
    """What is bought when ``projected`` has come down to the reorder point (R2); zero above it.

    Up to the maximum, or the economic quantity rounded to a whole one, at least up to the point. The supplier's lot raises
    it afterwards (R3, ``supplier_terms.Lot``).
    """
    if projected > level.point:
        return ZERO
    if level.maximum is not None:
        return max(level.maximum - projected, ZERO)
    return max(round_half_up(level.economic or ZERO, 0), level.point - projected)
