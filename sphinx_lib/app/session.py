"""The commands of a unit of work. Each happens whole or not at all; all are written together at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Unpack

from sphinx_lib.app import (
    adjusting,
    asking,
    counting,
    deal_states,
    deriving,
    drop_shipping,
    entering,
    firing,
    flush,
    paying,
    pegging,
    picked,
    putting,
    returning,
    revaluing,
    sending,
)
from sphinx_lib.app.deriving import Derived
from sphinx_lib.app.early_payment import grant, take_back
from sphinx_lib.app.gate import checked, checked_with
from sphinx_lib.app.header import Adjustment, Header, PaymentHeader
from sphinx_lib.app.inputs import AdjustmentFields, HeaderFields, LineChanges, Lines
from sphinx_lib.app.previewing import Previews
from sphinx_lib.app.sight import shown, shown_derived, shown_plan
from sphinx_lib.app.unit import Unit
from sphinx_lib.app.warehouses import unknown_warehouses
from sphinx_lib.kernel.document import Document, Id
from sphinx_lib.kernel.errors import DocumentLocked, InputError, Refused, SphinxError
from sphinx_lib.kernel.inputs import (
    AmountGiven,
    Code,
    DocumentId,
    DocumentIds,
    Fields,
    Flag,
    LineQuantities,
    ListOf,
    Name,
    QuantityGiven,
    Reasons,
    Rows,
    Several,
    Text,
    Word,
)
from sphinx_lib.pack.specs import (
    AllocateToSources,
    DeliverPegs,
    DeliverPicked,
    FireMade,
    FireOthers,
    KeepPrices,
    Make,
    Message,
    NewRevision,
    NoteLeft,
    Op,
    RegisterEquipment,
    ReleaseAllocations,
    ReleasePegs,
    ReportPegs,
    RevalueReceipts,
    SetLines,
    UndoPegs,
)
from sphinx_lib.pack.workflow_model import Callers, DocumentType
from sphinx_lib.pricing.totals import with_totals
from sphinx_lib.workflow.plan import Plan, Request


@dataclass(frozen=True)
class Batch:
    """What became of each document of a batch: fired, or refused with the reason."""

    fired: tuple[Id, ...]
    refused: Mapping[Id, SphinxError]


class Session(Previews):
    """Commands on documents and master data, as one actor. Made by ``Sphinx.session``; never kept after it.

    Documents come back as the actor may see them: without the right ``see_margin`` their costs are none, though they are
    stored (S48). ``unit`` is the unit of work behind the commands, for batches of this library.
    """

    @checked
    def put(self, kind: Name, rows: Rows) -> list[str]:
        """Upsert master records by code: ``customer``, ``supplier``, ``item``, ``price``, ``exchange_rate``,
        ``warehouse``, ``deal``. Returns the codes; raises InputError with every problem of the batch."""
        with self.unit.atomic():
            codes = putting.put(self.unit, kind, rows)
            flush.flush(self.unit)
            return codes

    @checked
    def set_deal_state(self, code: Code, state: Name, *, reason: Text = "", force: Flag = False) -> None:
        """Let a deal be ``open``, ``won``, ``lost`` or ``closed``; state and reason go to the audit log (AF1).

        Refused to close it while an order or a note of it is open, unless by ``force``, with a reason and the right
        ``close_open_deal``.
        """
        with self.unit.atomic():
            row = deal_states.moved_deal(self.unit, code, state, reason, force)
            putting.put(self.unit, "deal", [row], settled=True)
            flush.flush(self.unit)

    @checked_with(HeaderFields)
    def create(
        self,
        type: Name,
        *,
        customer: Code | None = None,
        supplier: Code | None = None,
        lines: Lines = (),
        **header: Unpack[Header],
    ) -> Document:
        """A new document of a type or kind: prices, VAT, terms and language are filled in by rules (S23).

        A type that says ``then`` fires that event at once. Raises InputError that lists everything wrong.
        """
        unit = self.unit
        with unit.atomic():
            key = unit.pack.resolve_type(type)
            _check_side(unit.pack.type_of(*key).side, key[0], customer, supplier)
            document = entering.enter(unit, key, customer or supplier, lines, header)
            unit.replace(document.changed(version=1))
            unit.record(document.id, "create", {"to": document.state})
            then = unit.type_of(document).then
            if then is not None:
                firing.fire(unit, [(document.id, Request(then))])
            return shown(unit, unit.get(document.id))

    @checked_with(HeaderFields)
    def edit(self, document_id: DocumentId, *, lines: LineChanges | None = None, **header: Unpack[Header]) -> Document:
        """Change a draft: header fields, and ``lines`` as a whole list or as {position: changes or None}.

        Outside editable states only fields declared ``editable_in`` the state may change; else DocumentLocked.
        """
        unit = self.unit
        with unit.atomic():
            (document,) = unit.load([document_id])
            entering.check_editable(unit, document, lines, header)
            after = entering.edit(unit, document, lines, header)
            unit.replace(after.changed(version=document.version + 1))
            touched = {document_id} | firing.reweigh(unit, document, after)
            changes = sorted(entering.changed_fields(header)) + (["lines"] if lines is not None else [])
            unit.record(document_id, "edit", {"to": after.state, "changed": changes})
            firing.settle(unit, touched)
            return shown(unit, unit.get(document_id))

    @checked
    def fire(
        self,
        document_id: DocumentId,
        event: Name,
        *,
        ask: Fields | None = None,
        override: Reasons | None = None,
        by: Callers = "user",
    ) -> Document:
        """Fire an event; ``ask`` gives the facts it asks for, ``override`` {guard: reason} goes on past a guard.

        ``by`` says for whom: somebody of the company, or the ``customer``, such as a portal. Raises TransitionRefused,
        InputError or GuardFailed with all reasons; then nothing has changed.
        """
        unit = self.unit
        with unit.atomic():
            firing.fire(unit, [(document_id, Request(event, by, ask or {}, override or {}))])
            return shown(unit, unit.get(document_id))

    @checked_with(None)
    def fire_many(self, ids: Several[DocumentId], event: Name, *, by: Callers = "user", **asked: Any) -> Batch:
        """Fire one event on many documents; a refusal of one does not stop the others. Facts are loaded once."""
        unit = self.unit
        done: list[Id] = []
        refused: dict[Id, SphinxError] = {}
        wanted = list(dict.fromkeys(ids))
        with unit.atomic():
            documents = unit.load(wanted)
            firing.prefetch(unit, [(document, event) for document in documents])
            for document_id in wanted:
                try:
                    with unit.atomic():
                        firing.fire(unit, [(document_id, Request(event, by, asked))])
                    done.append(document_id)
                except (Refused, InputError) as error:
                    refused[document_id] = error
        return Batch(tuple(done), refused)

    @checked
    def plan(self, document_id: DocumentId, event: Name, *, ask: Fields | None = None, by: Callers = "user") -> Plan:
        """What an event would do, without doing it; raises what ``fire`` would raise."""
        with self.unit.atomic():
            found = firing.plan_event(self.unit, document_id, Request(event, by, ask or {}))
        return shown_plan(self.unit, found)

    @checked
    def derive(
        self,
        ids: DocumentIds,
        to: Name | None = None,
        *,
        quantities: LineQuantities | None = None,
        parties: ListOf[Code] | None = None,
    ) -> Derived:
        """Make the next documents from one or several: by the type's routes, or ``to`` a named type or kind.

        ``quantities`` gives how much of each line, by position or line id; left out, what is neither done nor planned.
        ``{1: {"main": 6, "lyon": 4}}`` takes a line out of several warehouses, on a line of its own for each.
        ``parties`` names whom to ask where one document is made for each, such as the suppliers of a request (S11).
        """
        unit = self.unit
        with unit.atomic():
            found = deriving.derive_from(unit, ids, to, quantities, parties=parties)
        return shown_derived(unit, found)

    @checked_with(HeaderFields)
    def pay(
        self,
        customer: Code | None = None,
        amount: AmountGiven | None = None,
        *,
        supplier: Code | None = None,
        method: Word = "transfer",
        allocate: ListOf[DocumentId] | None = None,
        type: Name | None = None,
        early_payment: Flag = False,
        **header: Unpack[PaymentHeader],
    ) -> Document:
        """Post a payment from a customer, or to a supplier, and put it against ``allocate`` in order; none: the oldest due
        first; []: nothing. Its type is ``payment`` or ``supplier_payment`` unless given.

        ``early_payment`` takes the discount of the one invoice named (E2): a credit note for it comes first, and the
        payment settles the rest. Raises Refused where it earns none, such as after the last day.
        """
        unit = self.unit
        if (customer is None) == (supplier is None):
            raise InputError(["pay: name a customer or a supplier, one of the two"])
        with unit.atomic():
            document = self.create(
                type or ("payment" if supplier is None else "supplier_payment"), customer=customer, supplier=supplier,
                amount=amount, method=method, **header,
            )  # fmt: skip
            firing.fire(unit, [(document.id, Request("post"))])
            touched = grant(unit, document.id, allocate) if early_payment else set()
            touched |= paying.settle_with(unit, document.id, allocate)
            firing.settle(unit, touched)
            return shown(unit, unit.get(document.id))

    @checked
    def allocate(self, payment_id: DocumentId, targets: ListOf[DocumentId]) -> Document:
        """Put what is left of a payment or credit note against documents, in their order."""
        unit = self.unit
        with unit.atomic():
            unit.load([payment_id, *targets])
            firing.settle(unit, paying.settle_with(unit, payment_id, targets))
            return shown(unit, unit.get(payment_id))

    @checked
    def delete(self, document_id: DocumentId) -> None:
        """Take out a draft: it goes to the state that its type gives to drafts that come to nothing."""
        unit = self.unit
        (document,) = unit.load([document_id])
        declared = unit.type_of(document)
        if not declared.says(document.state, "editable"):
            raise DocumentLocked(f"{document.type} {document.number or 'draft'} is {document.state}; only drafts go")
        for name, event in declared.leaves(document.state).items():
            if "user" in event.by and all(_comes_to_nothing(declared, target) for target in event.targets):
                self.fire(document_id, name)
                return
        raise Refused(f"{document.type} has no event that ends a draft")

    @checked_with(AdjustmentFields)
    def adjust_stock(self, item: Code, quantity: QuantityGiven, **named: Unpack[Adjustment]) -> None:
        """Add ``quantity`` (signed, stock units) to physical stock, as an opening or a correction does.

        ``named``: ``warehouse``, ``lot`` (or ``serial``), ``bin``, ``expires``, ``date``, ``reason``, and what it is worth
        as ``cost`` of one unit or ``value`` of all; without them it comes in at the cost known so far (V6).
        """
        with self.unit.atomic():
            adjusting.adjust(self.unit, item, Decimal(quantity), named)

    @checked_with(HeaderFields)
    def count(
        self, warehouse: Name | None = None, items: ListOf[Code] | None = None, *, type: Name = "stock_count",
        **header: Unpack[Header],
    ) -> Document:  # fmt: skip
        """A draft to count a warehouse (the usual one unless named): a line for each item, lot and bin that the books know,
        with their quantity, or of ``items`` only. Raises InputError where there is nothing to count."""
        flush.flush(self.unit)  # what this unit has moved is in the books too
        place = warehouse or self.unit.pack.model.stock.warehouse
        if told := unknown_warehouses(self.unit, [place]):
            raise InputError(list(told.values()))
        lines = counting.lines_to_count(self.unit, place, items)
        if not lines:
            raise InputError([f"there is nothing to count in {place!r}; name items to count them all the same"])
        return self.create(type, lines=lines, **header)

    @checked
    def retry_messages(self, ids: ListOf[DocumentId]) -> None:
        """Let messages that failed or are dead be sent again, with all their tries; ids are those of ``views.outbox``.

        The histories of their documents say by whom. Raises NotFound, or Refused with every message that waits anyway, is
        just being sent, or went out; then none is changed.
        """
        with self.unit.atomic():
            sending.retry(self.unit, ids)

    @checked
    def document(self, document_id: DocumentId) -> Document:
        """A document as it is in this unit of work."""
        return shown(self.unit, self.unit.load([document_id])[0])

    def flush(self) -> None:
        """Write now what has been commanded so far, within the same transaction: numbers are given."""
        flush.flush(self.unit)


def _check_side(side: str, name: str, customer: str | None, supplier: str | None) -> None:
    """A document of sales names a customer, one of purchases a supplier."""
    wrong = {"sales": supplier, "purchase": customer}.get(side)
    if wrong is not None:
        said, meant = ("supplier", "customer") if side == "sales" else ("customer", "supplier")
        raise InputError([f"a {name} has a {meant}, no {said}; write {meant}={wrong!r}"])


def _comes_to_nothing(declared: DocumentType, state: str) -> bool:
    """Whether a document that ends in ``state`` is not in the books, moves no stock and does nothing for its sources."""
    weighs = declared.says(state, "posts") or declared.says(state, "stock")
    counts = declared.fulfils is not None and declared.counts(state) != "none"
    return declared.states[state].final and not weighs and not counts


def operate(unit: Unit, document_id: Id, operation: Op) -> set[Id]:
    """Carry out an operation that an effect asked for; returns the documents touched."""
    match operation:
        case SetLines(lines):
            document = unit.get(document_id)
            after = with_totals(document.changed(lines=lines), unit.pack)
            unit.replace(after)
            kept = {line.id for line in lines}
            gone = [f"{line.position} {line.item or line.text}" for line in document.lines if line.id not in kept]
            unit.record(document_id, "set_lines", {"to": document.state, "facts": {"gone": ", ".join(gone)}})
            return firing.reweigh(unit, document, after)
        case Message(message):
            unit.messages.append((document_id, message))
            return set()
        case NewRevision():
            return {deriving.revise(unit, document_id)}
        case Make(to, event):
            return deriving.make(unit, document_id, to, event)
        case AllocateToSources():
            return paying.allocate_to_sources(unit, document_id)
        case DeliverPicked():
            return picked.deliver_picked(unit, document_id, operation)
        case ReleaseAllocations():
            released = paying.release(unit, document_id)
            return released | take_back(unit, released - {document_id})
        case RegisterEquipment():
            unit.registers.append(document_id)
            return set()
        case RevalueReceipts():
            return revaluing.revalue_receipts(unit, document_id)
        case ReportPegs(released):
            return pegging.report(unit, document_id, released)
        case ReleasePegs():
            return pegging.release(unit, document_id)
        case DeliverPegs():
            return drop_shipping.deliver(unit, document_id, operation)
        case UndoPegs():
            return drop_shipping.undo(unit, document_id, operation)
        case NoteLeft():
            return returning.note_left(unit, document_id, operation)
        case FireMade():
            return asking.fire_made(unit, document_id, operation)
        case FireOthers():
            return asking.fire_others(unit, document_id, operation)
        case KeepPrices():
            return asking.keep_prices(unit, document_id, operation)
