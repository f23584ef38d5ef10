"""What goods weigh, net and with their packing, in a unit of one's choice (W1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO, Line
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.quantity import Units

KG = "kg"


class Weights(NamedTuple):
    """Net and gross weight in ``unit``, each rounded once; ``unknown`` are the items whose weight nobody knows, with the
    positions of their lines."""

    net: Decimal
    gross: Decimal
    unit: str
    unknown: tuple[tuple[int, str], ...] = ()


def weigh(lines: Iterable[Line], packing: Mapping[str, Decimal], units: Units, unit: str) -> Weights:
    """The weight of what ``lines`` deliver, in ``unit``, a unit of mass; what nobody knows counts as nothing.

    ``packing`` is what packing weighs by item, in kg per stock unit. A phantom kit weighs what its record says, else its
    components; so does its packing. Raises InputError for a unit that is none of mass.
    """
    if units[unit].dimension != units[KG].dimension:
        raise InputError([f"{unit} is no unit of mass; name one such as kg or t"])
    net = packed = ZERO
    unknown: dict[tuple[int, str], None] = {}
    for line in lines:
        if not line.counts:
            continue
        net += line.stock_quantity * _net(line)
        packed += _packing(line, packing)
        unknown |= dict.fromkeys(_unknown(line))
    in_unit, gross = (units.fit(units.convert(kg, KG, unit), unit) for kg in (net, net + packed))
    return Weights(in_unit, gross, unit, tuple(unknown))


def _net(line: Line) -> Decimal:
    """Kg of a stock unit of the line; of a kit that does not say, of the components that do."""
    if line.weight_kg is not None or not line.parts or not line.stock_quantity:
        return line.weight_kg or ZERO
    held = sum((part.quantity * (part.weight_kg or ZERO) for part in line.parts if part.stocked), ZERO)
    return held * (line.quantity or ZERO) / line.stock_quantity


def _packing(line: Line, packing: Mapping[str, Decimal]) -> Decimal:
    own = packing.get(line.item or "")
    if own is not None:
        return own * line.stock_quantity if line.goods else ZERO
    return sum((packing.get(item, ZERO) * quantity for item, quantity in line.goods), ZERO)


def _unknown(line: Line) -> Iterator[tuple[int, str]]:
    if line.weight_kg is None and line.goods:
        missing = [part.item for part in line.parts if part.stocked and part.weight_kg is None]
        yield from ((line.position, item) for item in missing or [line.item or ""])
