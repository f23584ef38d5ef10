"""What the lines of a document weigh on the lines they were made from, while the document is in its state (rule 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from sphinx_lib.kernel.document import EMPTY, ZERO, Document, Line, Progress
from sphinx_lib.kernel.money import currency_digits, round_half_up
from sphinx_lib.pack.pack import Pack
from sphinx_lib.stock.levels import quantity_of
from sphinx_lib.workflow.derive import advanced, weight

Weights = Mapping[str, Progress]


def weighing(document: Document | None, pack: Pack) -> Callable[[Line], Weights]:
    """By progress what a line of ``document`` adds to its sources: what its type fulfils, and what its state counts in
    beside. What weighs nothing is left out; of no document nothing weighs."""
    if document is None:
        return lambda line: EMPTY
    declared = pack.type_of(document.type, document.kind)
    feeds, counts = declared.fulfils, declared.counts(document.state)
    more: Mapping[str, str] = declared.says(document.state, "counts_in") or {}
    beside = {name: quantity_of(document, pack, text) for name, text in more.items()}
    digits = currency_digits(document.currency)

    def weigh(line: Line) -> Weights:
        found = {feeds: weight(line, counts)} if feeds is not None else {}
        for name, counted in beside.items():
            quantity = counted(line)
            found[name] = found.get(name, Progress()).plus(Progress(quantity, ZERO, _part(line, quantity, digits)))
        return {name: one for name, one in found.items() if any(one)}

    return weigh


def _part(line: Line, quantity: Decimal, digits: int) -> Decimal:
    """The net of ``quantity`` of a line."""
    if not line.quantity or quantity == line.quantity:
        return abs(line.net) if quantity else ZERO
    return round_half_up(abs(line.net) * quantity / line.quantity, digits)


def moved(line: Line, less: Weights, more: Weights) -> Line:
    """``line`` with what weighed on it before taken off, and what weighs now added."""
    for name in {**less, **more}:
        line = advanced(line, name, less.get(name, Progress()), -1)
        line = advanced(line, name, more.get(name, Progress()), 1)
    return line
