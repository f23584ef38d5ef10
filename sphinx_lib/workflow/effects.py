"""Effects that events may name in YAML: each turns a situation into operations, and changes nothing itself."""

from __future__ import annotations

from collections.abc import Iterable

from sphinx_lib.kernel.document import Line
from sphinx_lib.pack.base import Strict
from sphinx_lib.pack.specs import (
    AllocateToSources,
    DeliverPegs,
    DeliverPicked,
    EffectSpec,
    Make,
    Message,
    NewRevision,
    NoParameters,
    Op,
    RegisterEquipment,
    ReleaseAllocations,
    ReleasePegs,
    RevalueReceipts,
    SetLines,
    Situation,
    UndoPegs,
)
from sphinx_lib.workflow.facts import DocumentFacts, LineFacts


class SendDocument(Strict):
    """Which message of the ``messages`` section is queued."""

    message: str


class Delivery(Strict):
    """The type or kind that delivers customer orders, and the event fired on it: on what is made, or on drafts picked."""

    type: str
    fire: str


class PegDelivery(Delivery):
    """The same of a drop shipment; ``noted_in`` is a text field of its documents for the id of the receipt that made them,
    by which they are found again when it is cancelled."""

    noted_in: str | None = None


class PegUndoing(Delivery):
    """The type or kind that a drop shipment's receipt delivered by, the event that undoes it, and the field ``noted_in``."""

    noted_in: str


class DropLines(Strict):
    """Which lines vanish: those for which the expression ``where`` holds."""

    where: str


def send_document(situation: Situation, parameters: SendDocument) -> Iterable[Op]:
    """Queue the message with the document attached; after commit the outbox sends it (MS1)."""
    yield Message(parameters.message)


def new_revision(situation: Situation, parameters: NoParameters) -> Iterable[Op]:
    """Write a new draft with the same root number and the next revision (NU2)."""
    yield NewRevision()


def drop_lines(situation: Situation, parameters: DropLines) -> Iterable[Op]:
    """Take out the lines for which ``where`` holds; comments stay, the rest is numbered anew."""
    facts = DocumentFacts(situation)
    key = (situation.document.type, situation.document.kind)
    goes = situation.pack.expression(key, "line", parameters.where)
    kept: list[Line] = [
        line for line in situation.document.lines if line.quantity is None or not goes(LineFacts(facts, line))
    ]
    if len(kept) < len(situation.document.lines):
        yield SetLines(tuple(line._replace(position=place) for place, line in enumerate(kept, 1)))


def bill_at_once(situation: Situation, parameters: NoParameters) -> Iterable[Op]:
    """Make and issue the invoice when the customer is billed per document (IG1, S53)."""
    billing = situation.pack.model.billing.default
    party = situation.party
    if party is not None:
        site = next((site for site in party.sites if site.code == situation.document.site), None)
        billing = (site.billing if site else None) or party.billing or billing
    if billing.mode == "per_document":
        yield Make("invoice", "issue")


def allocate_to_sources(situation: Situation, parameters: NoParameters) -> Iterable[Op]:
    """Put a credit note against the invoices it was made from, as far as they are open."""
    yield AllocateToSources()


def release_allocations(situation: Situation, parameters: NoParameters) -> Iterable[Op]:
    """Take back what a bounced or cancelled payment had settled."""
    yield ReleaseAllocations()


def register_equipment(situation: Situation, parameters: NoParameters) -> Iterable[Op]:
    """Write which customer has the serial numbers of the document, or that they came back (EQ1)."""
    yield RegisterEquipment()


def deliver_picked(situation: Situation, parameters: Delivery) -> Iterable[Op]:
    """Deliver what a picking list holds, out of the lots and bins that it names; the rest stays to be delivered (BK1)."""
    yield DeliverPicked(parameters.type, parameters.fire)


def revalue_receipts(situation: Situation, parameters: NoParameters) -> Iterable[Op]:
    """Let goods still held take up the differences of price between their receipts and the supplier's invoice (§5.3)."""
    yield RevalueReceipts()


def deliver_pegs(situation: Situation, parameters: PegDelivery) -> Iterable[Op]:
    """Deliver to the customers what came in for their orders, though it never lay in stock (PO6)."""
    yield DeliverPegs(parameters.type, parameters.fire, parameters.noted_in)


def undo_pegs(situation: Situation, parameters: PegUndoing) -> Iterable[Op]:
    """Undo the deliveries that this receipt made; where one of them cannot be undone nothing is (PO6)."""
    yield UndoPegs(parameters.type, parameters.fire, parameters.noted_in)


def release_pegs(situation: Situation, parameters: NoParameters) -> Iterable[Op]:
    """Let suppliers' orders wait no more for this customer order; what they still bring is free stock."""
    yield ReleasePegs()


EFFECTS = (
    EffectSpec("send_document", send_document, SendDocument, moment="after_commit"),
    EffectSpec("new_revision", new_revision),
    EffectSpec("drop_lines", drop_lines, DropLines, needs=frozenset({"items"})),
    EffectSpec("bill_at_once", bill_at_once, needs=frozenset({"party"})),
    EffectSpec("allocate_to_sources", allocate_to_sources),
    EffectSpec("register_equipment", register_equipment),
    EffectSpec("deliver_picked", deliver_picked, Delivery, needs=frozenset({"sources"})),
    EffectSpec("release_allocations", release_allocations, needs=frozenset({"allocations"})),
    EffectSpec("revalue_receipts", revalue_receipts, needs=frozenset({"sources"})),
    EffectSpec("deliver_pegs", deliver_pegs, PegDelivery, needs=frozenset({"sources"})),
    EffectSpec("undo_pegs", undo_pegs, PegUndoing, needs=frozenset({"sources"})),
    EffectSpec("release_pegs", release_pegs),
)
