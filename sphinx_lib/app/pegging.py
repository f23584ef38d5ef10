"""Pegs move the progress of customer order lines, by the difference of what they weigh before and after (PO2, PO5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import Document, Id, Line, Peg, Progress
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.stock.pegs import holds_pegs, in_order_unit, served, weights
from sphinx_lib.store import pegs as store_pegs
from sphinx_lib.workflow.derive import advanced


def repeg(unit: Unit, before: Document | None, after: Document) -> set[Id]:
    """Advance the customer order lines that ``after`` is bought for by what changed since ``before``: their orders."""
    old, new = weights(before, unit.pack), weights(after, unit.pack)
    changes: dict[Id, dict[Id, list[tuple[str, Progress, Progress]]]] = {}
    for key in dict.fromkeys((*old, *new)):
        less, more = old.get(key, Progress()), new.get(key, Progress())
        if less != more:
            order, line, feeds = key
            changes.setdefault(order, {}).setdefault(line, []).append((feeds, less, more))
    if not changes:
        return set()
    unit.load(changes)
    for order, lines in changes.items():
        document = unit.get(order)
        unit.replace(replace(document, lines=tuple(_moved(line, lines.get(line.id, ())) for line in document.lines)))
    return set(changes)


def _moved(line: Line, changes: Iterable[tuple[str, Progress, Progress]]) -> Line:
    for feeds, less, more in changes:
        line = advanced(advanced(line, feeds, less, -1), feeds, more, 1)
    return line


def report(unit: Unit, document_id: Id, released: Sequence[tuple[Id, str, Decimal]]) -> set[Id]:
    """Put on record at each customer order what the purchase document ``document_id`` no longer brings for it."""
    number = unit.get(document_id).number or "draft"
    unit.load({order for order, _, _ in released})
    for order, item, quantity in released:
        facts = {"of": number, "item": item, "quantity": plain_number(quantity)}
        unit.record(order, "release_peg", {"to": unit.get(order).state, "facts": facts})
    return {order for order, _, _ in released}


def release(unit: Unit, order_id: Id) -> set[Id]:
    """Take the customer order out of the pegs of what is on order for it; what came in for it stays its own."""
    if not any(progress.planned for line in unit.get(order_id).lines for progress in line.progress.values()):
        return set()
    states = unit.pack.states_where(lambda declared, state: declared.pegs is not None and holds_pegs(declared, state))
    here = (tracked.document for tracked in unit.tracked.values() if tracked.document.type in states)
    new = [document.id for document in here if _waits(document, order_id)]
    stored = store_pegs.waiting_for(unit.connection, unit.company, order_id, states)
    touched: set[Id] = set()
    for document in unit.load([*stored, *new]):
        declared = unit.type_of(document)
        if declared.pegs is None or not holds_pegs(declared, document.state):
            continue
        lines = tuple(_without(line, order_id, declared.pegs.served_by) for line in document.lines)
        if lines != document.lines:
            after = unit.replace(document.changed(lines=lines))
            facts = {"of": unit.get(order_id).number or "draft"}
            unit.record(document.id, "release_peg", {"to": document.state, "facts": facts})
            touched |= {document.id} | repeg(unit, document, after)
    return touched


def _waits(document: Document, order_id: Id) -> bool:
    return any(peg.document_id == order_id for line in document.lines for peg in line.pegs)


def _without(line: Line, order_id: Id, by: str) -> Line:
    if not any(peg.document_id == order_id for peg in line.pegs):
        return line
    found: list[Peg] = []
    for peg, done, _ in served(line, line.done(by)):
        if peg.document_id != order_id:
            found.append(peg)
        elif done:
            found.append(peg._replace(quantity=done, ordered=in_order_unit(peg, done)))
    return line._replace(pegs=tuple(found))
