"""Which lots, serial numbers and bins of a line go into the next document."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from sphinx_lib.kernel.document import ZERO, Line, Stowed
from sphinx_lib.kernel.lots import name_of, sums_by_name
from sphinx_lib.kernel.money import round_half_up
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS


def stowed_share(line: Line, others: Iterable[Line], quantity: Decimal | None) -> tuple[Stowed, ...]:
    """The named goods that go with ``quantity`` of ``line`` (in its sales unit), after what ``others`` made from it name.

    In their order, so that two partial documents never name the same goods; never more than the share of the quantity, of a
    phantom kit that of each component (K11).
    """
    whole = abs(line.quantity or ZERO)
    if not line.stowed or quantity is None or not whole:
        return ()
    gone = sums_by_name(others)
    wanted: dict[str, Decimal] = {}
    for item, held in line.goods if line.parts else [(line.item or "", line.stock_quantity)]:
        wanted[item] = wanted.get(item, ZERO) + round_half_up(abs(held) * abs(quantity) / whole, QUANTITY_DIGITS)
    found = []
    for one in line.stowed:
        before = min(gone.get(name_of(one), ZERO), one.quantity)
        gone[name_of(one)] = gone.get(name_of(one), ZERO) - before
        item = one.item or line.item or ""
        part = min(one.quantity - before, wanted.get(item, ZERO))
        if part > 0:
            found.append(one._replace(quantity=part))
            wanted[item] -= part
    return tuple(found)
