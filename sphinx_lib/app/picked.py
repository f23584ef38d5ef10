"""Delivering what was picked: notes of orders, drafts of notes lowered to it; the rest stays to be delivered (BK1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sphinx_lib.app.deriving import derive_from
from sphinx_lib.app.firing import fire, reweigh
from sphinx_lib.app.lines import scaled
from sphinx_lib.app.picking import lying
from sphinx_lib.app.shipping import with_shipping
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import Document, Id, Line
from sphinx_lib.kernel.errors import Refused
from sphinx_lib.pack.specs import DeliverPicked
from sphinx_lib.pricing.totals import with_totals
from sphinx_lib.stock.picking import Picked, PickKey, is_picked, picked_of
from sphinx_lib.workflow.derive import in_step, left_of
from sphinx_lib.workflow.plan import Request


def deliver_picked(unit: Unit, list_id: Id, how: DeliverPicked) -> set[Id]:
    """Deliver what the list holds, out of its lots and bins; nothing is delivered of what was not picked.

    Orders give notes as the type ``how.to`` says, grouped by customer; a draft note is lowered to what was picked of it,
    and shipped by ``how.fire`` once no other list holds some of it. What is not picked of an order stays a backorder.
    Returns what was touched; raises Refused when nothing was picked, and whatever refuses the delivery.
    """
    document = unit.get(list_id)
    codes = {line.item for line in document.lines if line.item and line.quantity}
    picked = picked_of(document.lines, lying(unit, codes) if codes else ())
    owners = {line.source_id: line.source_document or "" for line in document.lines}
    if not picked:
        raise Refused(f"{document.type} {document.number or 'draft'}: nothing was picked; cancel it", document=list_id)
    sources = unit.load(dict.fromkeys(owners[line_id] for line_id, _ in picked), with_roots=True)
    orders = [one for one in sources if one.type != how.to]
    touched: set[Id] = set()
    made: list[Id] = []
    if orders:
        made += _of_orders(unit, orders, how.to, picked)
    for note in sources:
        if note.type == how.to:
            touched |= _of_note(unit, note, how.fire, unit.type_of(document).fulfils or "", picked)
            made.append(note.id)
    _hand_over(unit, document, made)
    unit.record(list_id, "deliver_picked", {"to": document.state, "facts": {"delivered_by": sorted(made)}})
    return touched | set(made)


def _of_orders(unit: Unit, orders: Sequence[Document], to: str, picked: Mapping[PickKey, Picked]) -> list[Id]:
    quantities: dict[Id, Any] = {}
    for (line_id, warehouse), one in picked.items():
        quantities.setdefault(line_id, {})[warehouse] = one.quantity
    for order in orders:
        for line in order.lines:
            if quantities.get(line.id, {}).keys() == {line.warehouse}:
                quantities[line.id] = picked[line.id, line.warehouse].quantity
        quantities |= _along(unit, order, to)
    derived = derive_from(unit, [one.id for one in orders], to, quantities, picked=picked)
    return [one.id for one in derived.documents]


def _along(unit: Unit, order: Document, to: str) -> dict[Id, Decimal]:
    """What goes along with the first goods of an order and needs no picking: services, port and the like (Q3).

    What a line of goods brought along follows its quantity.
    """
    declared = unit.pack.type_of(*unit.pack.resolve_type(to))
    goods = {line.id for line in order.lines if is_picked(line)}
    found: dict[Id, Decimal] = {}
    for line in order.lines:
        if line.quantity is None or not line.counts or line.id in goods or line.parent_id in goods:
            continue
        left = left_of(line, declared.fulfils, declared.made_from[order.type], {})
        if left:
            found[line.id] = left
    return found


def _of_note(unit: Unit, note: Document, event: str, progress: str, picked: Mapping[PickKey, Picked]) -> set[Id]:
    """Put the lots on a draft note; when nothing of it is on another open list, lower it to what was picked and ship it."""
    before = note
    own = {line.id: line.warehouse for line in note.lines}
    if moved := sorted(place for line_id, place in picked if own.get(line_id, place) != place):
        told = f"goods were picked in {', '.join(moved)}, and its lines name another warehouse by now; set them back"
        raise Refused(f"{note.type} {note.number or 'draft'}: {told}", document=note.id)
    lines = [_with_more(line, picked.get((line.id, line.warehouse))) for line in note.lines]
    ready = not any(line.planned(progress) for line in lines)
    if ready:
        lines = _lowered(note, lines, progress, picked)
    after = note.changed(lines=tuple(line._replace(position=place) for place, line in enumerate(lines, 1)))
    after = with_shipping(unit, with_totals(after, unit.pack))
    unit.replace(after.changed(version=note.version + 1))
    unit.record(note.id, "edit", {"to": note.state, "changed": ["lines"]})
    touched = {note.id} | reweigh(unit, before, after)
    return touched | fire(unit, [(note.id, Request(event))]) if ready else touched


def _with_more(line: Line, picked: Picked | None) -> Line:
    """The note's line with the lots and bins of one more list."""
    return line if picked is None else line._replace(stowed=(*line.stowed, *picked.stowed))


def _lowered(note: Document, lines: Sequence[Line], progress: str, picked: Mapping[PickKey, Picked]) -> list[Line]:
    """The lines with the quantities that were picked; what nothing was picked of goes, with what it brought along."""
    now = {line.id: line.done(progress) for line in lines if is_picked(line)}
    now = in_step(note, now)
    kept = []
    for line in lines:
        quantity = now.get(line.id, line.quantity)
        if quantity is None or quantity == line.quantity:
            kept.append(line)
        elif quantity:
            less = scaled(line._replace(quantity=quantity), line, quantity)
            of_list = picked.get((line.id, line.warehouse))
            whole = of_list is not None and of_list.quantity == quantity and of_list.stock_quantity
            kept.append(less._replace(stock_quantity=whole) if whole else less)
    return kept


def _hand_over(unit: Unit, document: Document, notes: Sequence[Id]) -> None:
    """Fields of the list that the notes have as well, such as the carrier; a number, such as of parcels, to one note."""
    for note in map(unit.get, notes):
        declared = unit.type_of(note)
        given: dict[str, Any] = {
            name: value
            for name, value in document.custom.items()
            if name in declared.fields and (len(notes) == 1 or not isinstance(value, Decimal))
        }
        if given:
            unit.replace(note.changed(custom={**note.custom, **given}))
