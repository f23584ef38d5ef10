"""Pegs: which customer order lines a purchase line is bought for, and how far what came in serves them (PO2, PO5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO, Document, Id, Line, Peg, Progress
from sphinx_lib.kernel.money import round_half_up
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.specs import EffectSpec, NoParameters, Op, ReportPegs, Situation
from sphinx_lib.pack.workflow_model import DocumentType

PegKey = tuple[Id, Id, str]
"""A customer order, one of its lines, and the progress that a peg feeds there."""


class Served(NamedTuple):
    """How far a peg got, in the purchase line's unit: what came in for it, and what is still on order for it."""

    peg: Peg
    done: Decimal
    waiting: Decimal


def served(line: Line, received: Decimal) -> list[Served]:
    """The pegs of ``line`` in order of promised date, then order number, each with its part of what was ``received``.

    A peg never gets more than it says, and all together never more than came in; the surplus is free stock (PO5). What is
    on order for pegs is never more than what the line still waits for.
    """
    left = max(received, ZERO)
    ahead = max((line.quantity or ZERO) - left, ZERO)
    found = []
    for peg in sorted(line.pegs, key=_order):
        done = min(peg.quantity, left)
        waiting = min(peg.quantity - done, ahead)
        left, ahead = left - done, ahead - waiting
        found.append(Served(peg, done, waiting))
    return found


def _order(peg: Peg) -> tuple[bool, date, str, Id, Id]:
    return peg.promised is None, peg.promised or date.min, peg.number, peg.document_id, peg.line_id


def in_order_unit(peg: Peg, quantity: Decimal) -> Decimal:
    """``quantity`` of a peg, in the unit of the customer order line."""
    if quantity == peg.quantity or not peg.quantity:
        return peg.ordered if quantity else ZERO
    return round_half_up(quantity * peg.ordered / peg.quantity, QUANTITY_DIGITS)


def feeds_of(feed: str, part: str) -> str:
    """The progress that a peg feeds: that of the line, or that of one component of its phantom kit."""
    return f"{feed}/{part}" if part else feed


def holds_pegs(declared: DocumentType, state: str) -> bool:
    """Whether a document in ``state`` is still on order for its pegs."""
    if declared.pegs is None or declared.counts(state) == "none":
        return False
    return not declared.pegs.released_in.keys() & set(declared.chain(state))


def weights(document: Document | None, pack: Pack) -> Mapping[PegKey, Progress]:
    """What the pegs of ``document`` add to customer order lines while it is in its state.

    Done is what came in for them, planned what is on order; a document that released its pegs has nothing on order.
    """
    if document is None:
        return {}
    declared = pack.type_of(document.type, document.kind)
    if declared.pegs is None:
        return {}
    waits = holds_pegs(declared, document.state)
    found: dict[PegKey, Progress] = {}
    for line in document.lines:
        if not line.pegs:
            continue
        for peg, done, waiting in served(line, line.done(declared.pegs.served_by)):
            came = in_order_unit(peg, done)
            planned = in_order_unit(peg, done + waiting) - came if waits else ZERO
            key = (peg.document_id, peg.line_id, feeds_of(declared.pegs.feed, peg.part))
            found[key] = found.get(key, Progress()).plus(Progress(came, planned))
    return found


def report_pegs(situation: Situation, parameters: NoParameters) -> Iterable[Op]:
    """Tell the customer orders, on record, what is no longer on order for them (§5.3)."""
    pegs = situation.type.pegs
    if pegs is None:
        return
    released = tuple(
        (peg.document_id, line.item or "", in_order_unit(peg, waiting))
        for line in situation.document.lines
        for peg, _, waiting in served(line, line.done(pegs.served_by))
        if waiting
    )
    if released:
        yield ReportPegs(released)


EFFECTS = (EffectSpec("report_pegs", report_pegs),)
