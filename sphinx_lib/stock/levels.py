"""Stock by difference: what a document holds at each level, and the moves between two moments (rule 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sphinx_lib.kernel.document import ZERO, Document, Line
from sphinx_lib.kernel.money import round_half_up
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.workflow_model import Totals

PHYSICAL = "physical"


class Held(NamedTuple):
    """Where a quantity lies: item, warehouse, level (physical, reserved, on_order).

    Physical quantities may name their lot (or serial number) and bin, the others the day they are promised for.
    """

    item: str
    warehouse: str
    level: str
    due: date | None = None
    lot: str = ""
    bin: str = ""
    expires: date | None = None


def held(document: Document | None, pack: Pack) -> dict[Held, Decimal]:
    """What ``document`` holds while in its state, in stock units; a document that is not there holds nothing.

    The level expressions of YAML are in the line's sales unit; services and text lines hold nothing, a phantom kit holds
    its components (K11). ``physical@to_warehouse`` lies in the warehouse that the field ``to_warehouse`` names, in the
    line's own where the field is empty; ``physical@transit`` in the warehouse called transit. There goods lie in no bin
    where the line's are those of its own warehouse: where it is another one, or goods leave that too.
    """
    if document is None:
        return {}
    declared = pack.type_of(document.type, document.kind)
    levels: Mapping[str, str] = declared.says(document.state, "stock") or {}
    found: dict[Held, Decimal] = {}
    for key, text in levels.items():
        level, _, place = key.partition("@")
        quantity_at = quantity_of(document, pack, text)
        for line in document.lines:
            if line.quantity is None or not (goods := line.goods):
                continue
            part = quantity_at(line)
            is_field = place in declared.fields or place in declared.line_fields
            warehouse = place_of(document, line, place, line.warehouse if is_field or not place else place)
            for item, whole in goods:
                quantity = round_half_up(part * whole / line.quantity if line.quantity else part, QUANTITY_DIGITS)
                if quantity:
                    for where, amount in _spread(line, Held(item, warehouse, level), quantity, whole):
                        if where.bin and place and (PHYSICAL in levels or warehouse != line.warehouse):
                            where = where._replace(bin="")
                        found[where] = found.get(where, ZERO) + amount
    return found


def place_of(document: Document, line: Line, name: str, other: str) -> str:
    """The warehouse that a field of the line, else of the document, names; ``other`` where both are empty."""
    named = line.custom.get(name) or document.custom.get(name)
    return str(named) if named else other


def _spread(line: Line, where: Held, quantity: Decimal, whole: Decimal) -> Iterator[tuple[Held, Decimal]]:
    """``quantity`` over the lots and bins of the line; what names none lies under no name."""
    if where.level != PHYSICAL:
        yield where._replace(due=line.promised_date), quantity
        return
    rest = quantity
    for one in line.stowed if whole else line.stowed[:1]:  # a count of nothing is about one name
        if one.item not in ("", where.item):
            continue
        share = round_half_up(quantity * one.quantity / abs(whole), QUANTITY_DIGITS) if whole else quantity
        rest -= share
        yield where._replace(lot=one.lot, bin=one.bin, expires=one.expires), share
    if rest:
        yield where, rest


def quantity_of(document: Document, pack: Pack, text: str) -> Callable[[Line], Decimal]:
    """What the expression of a stock level, written as ``text`` in the type of ``document``, gives for one of its lines."""
    key = (document.type, document.kind)
    expression, own = pack.expression(key, "line", text), pack.type_of(*key).line_fields
    return lambda line: expression(_LineQuantities(line, pack.model.progress, own))


class _LineQuantities(dict[str, Any]):
    """What a stock level may ask of a line: its quantity, how far it got, and numbers of its own."""

    def __init__(self, line: Line, progress: Mapping[str, Totals], own: Mapping[str, Any]) -> None:
        super().__init__()
        self.line, self.progress, self.own = line, progress, own

    def __missing__(self, name: str) -> Any:
        line = self.line
        if name == "quantity":
            return line.quantity or ZERO
        for progress, totals in self.progress.items():
            if name == progress:
                return line.done(progress)
            if name == totals.remaining:
                return line.remaining(progress)
            if name == f"{totals.remaining}_planned":
                return line.planned(progress)
        if name in self.own:
            return line.custom.get(name)
        raise KeyError(name)  # a number written in the expression is asked for as well


def moves_between(before: Mapping[Held, Decimal], now: Mapping[Held, Decimal]) -> dict[Held, Decimal]:
    """The moves that lead from ``before`` to ``now``; equal levels give none."""
    changed = {}
    for key in before.keys() | now.keys():
        quantity = now.get(key, ZERO) - before.get(key, ZERO)
        if quantity:
            changed[key] = quantity
    return changed
