"""One line of a source out of several warehouses: a line of the new document for each (K1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from sphinx_lib.kernel.document import ZERO, Id, Line
from sphinx_lib.kernel.money import round_half_up, round_up
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS

Spread = Mapping[Id, Mapping[str, Decimal]]
"""By source line, how much of it (sales unit, signed as the line) each warehouse gives."""


def spread_over(
    line: Line, quantity: Decimal, parents: Mapping[Id, Line], spread: Spread
) -> Iterator[tuple[Line, Decimal]]:
    """``line`` with its part of ``quantity`` for each warehouse; the parts add up to it.

    What came along with a line goes by its warehouses, in step with it. A line that ``spread`` does not name stays whole.
    """
    head: Line | None = line
    while head is not None and head.id not in spread:
        head = parents.get(head.parent_id or "")
    if head is None:
        yield line, quantity
        return
    parts = spread[head.id]
    whole, rest, last = sum(parts.values(), ZERO), quantity, list(parts)[-1]
    for warehouse, part in parts.items():
        share = part if head is line else share_of(quantity, part, whole)
        own = rest if warehouse == last else min(share, rest, key=abs)
        rest -= own
        if own:
            yield line._replace(warehouse=warehouse), own


def share_of(quantity: Decimal, now: Decimal, before: Decimal) -> Decimal:
    """What came along when its parent counts ``now`` and not ``before`` (not zero).

    A whole quantity stays whole and is rounded up: a pallet begun is a pallet.
    """
    share = quantity * now / before
    whole = quantity == quantity.to_integral_value()
    return round_up(share, 0) if whole else round_half_up(share, QUANTITY_DIGITS)


def with_parents(lines: Iterable[Line]) -> tuple[Line, ...]:
    """New lines with the new lines of their parents, of which one may stand for each warehouse: it is that of their own.

    A parent that did not come along is forgotten.
    """
    made = list(lines)
    first = {line.source_id: line.id for line in reversed(made)}
    there = {(line.source_id, line.warehouse): line.id for line in reversed(made)}
    return tuple(
        line
        if line.parent_id is None
        else line._replace(parent_id=there.get((line.parent_id, line.warehouse), first.get(line.parent_id)))
        for line in made
    )
