"""Stock by difference: what a document holds at each level, and the moves between two moments (rule 6)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO, Document, Line
from sphinx_lib.kernel.money import round_half_up
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.workflow_model import Totals

QUANTITY_DIGITS = 6  # as quantities are stored: 3 of 7 hours are no whole part of a day


class Held(NamedTuple):
    """Where a quantity lies: item, warehouse, level (physical, reserved, on_order)."""

    item: str
    warehouse: str
    level: str


def held(document: Document | None, pack: Pack) -> dict[Held, Decimal]:
    """What ``document`` holds while in its state, in stock units; a document that is not there holds nothing.

    The level expressions of YAML are in the line's sales unit; services and text lines hold nothing, a phantom kit holds
    its components (K11).
    """
    if document is None:
        return {}
    declared = pack.type_of(document.type, document.kind)
    levels: Mapping[str, str] = declared.says(document.state, "stock") or {}
    found: dict[Held, Decimal] = {}
    for level, text in levels.items():
        expression = pack.expression((document.type, document.kind), "line", text)
        for line in document.lines:
            if not line.quantity or not (goods := line.goods):
                continue
            part = expression(LineQuantities(line, pack.model.progress))
            for item, whole in goods:
                quantity = round_half_up(part * whole / line.quantity, QUANTITY_DIGITS)
                if quantity:
                    key = Held(item, line.warehouse, level)
                    found[key] = found.get(key, ZERO) + quantity
    return found


class LineQuantities(dict[str, Decimal]):
    """What a stock level may ask of a line: its quantity and how far it got."""

    def __init__(self, line: Line, progress: Mapping[str, Totals]) -> None:
        super().__init__()
        self.line, self.progress = line, progress

    def __missing__(self, name: str) -> Decimal:
        line = self.line
        if name == "quantity":
            return line.quantity or ZERO
        for progress, totals in self.progress.items():
            if name == progress:
                return line.done(progress)
            if name == totals.remaining:
                return line.remaining(progress)
        raise KeyError(name)


def moves_between(before: Mapping[Held, Decimal], now: Mapping[Held, Decimal]) -> dict[Held, Decimal]:
    """The moves that lead from ``before`` to ``now``; equal levels give none."""
    changed = {}
    for key in before.keys() | now.keys():
        quantity = now.get(key, ZERO) - before.get(key, ZERO)
        if quantity:
            changed[key] = quantity
    return changed
