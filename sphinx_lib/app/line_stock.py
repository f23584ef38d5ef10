"""Stock of the items of lines while they are entered (S37, K1, K2)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import floor

from sphinx_lib.app.preview import LineStock
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Document, Id, Line
from sphinx_lib.stock.levels import Held
from sphinx_lib.store.stock import LEVELS, Balance


def stock_of_lines(unit: Unit, document: Document) -> dict[Id, LineStock]:
    """By line what there is of its item at its warehouse, in one statement for all; services have none."""
    moved = {line.id: list(_moved(line)) for line in document.lines}
    items = {item for of_line in moved.values() for item, _ in of_line}
    if not items:
        return {}
    unit.load_stock(items)
    unit.reckon_stock()
    own = unit.reserved_by(document)
    known: dict[tuple[str, str], LineStock] = {}
    for line in document.lines:
        for item, _ in moved[line.id]:
            if (item, line.warehouse) not in known:
                known[item, line.warehouse] = _stock(unit, item, line.warehouse, own)
    return {line.id: _of_line(line, moved[line.id], known) for line in document.lines if moved[line.id]}


def _moved(line: Line) -> Iterator[tuple[str, Decimal]]:
    """The items that the line would move, an option too, with how many of each one sales unit of a phantom kit holds."""
    if any(part.item for part in line.parts):
        yield from ((part.item, part.quantity) for part in line.parts if part.stocked and part.quantity)
    elif line.stocked and line.item:
        yield line.item, Decimal(1)


def _stock(unit: Unit, item: str, warehouse: str, own: dict[tuple[str, str], Decimal]) -> LineStock:
    """Balances with what this unit of work changes."""
    balance = unit.balances.get((item, warehouse), Balance())
    physical, reserved, on_order = (
        getattr(balance, level) + unit.pending.get(Held(item, warehouse, level), ZERO) for level in LEVELS
    )
    available = physical - reserved - balance.expired + own.get((item, warehouse), ZERO)
    known = unit.items.get(item)
    return LineStock(known.unit if known else "", physical, reserved, on_order, available, available + on_order)


def _of_line(
    line: Line, moved: list[tuple[str, Decimal]], known: dict[tuple[str, str], LineStock]
) -> LineStock:
    if not line.parts:
        return known[moved[0][0], line.warehouse]
    physical, available, projected = (
        min(Decimal(floor(getattr(known[item, line.warehouse], level) / held)) for item, held in moved)
        for level in ("physical", "available", "projected")
    )
    return LineStock(line.unit, physical, physical - available, projected - available, available, projected)
