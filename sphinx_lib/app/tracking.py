"""The documents of a unit of work in memory: as they were read, as they are now, and what a refused command takes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection

from sphinx_lib.app.allocated import Allocated
from sphinx_lib.app.moved import Moved
from sphinx_lib.app.standing import standing
from sphinx_lib.kernel.document import ZERO, Document, Id, Line, StockMove
from sphinx_lib.kernel.errors import NotFound
from sphinx_lib.kernel.ports import Actor, IdFactory, QueuedMessage
from sphinx_lib.kernel.tries import PriceTry
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.specs import Op, Specs
from sphinx_lib.pack.workflow_model import DocumentType
from sphinx_lib.stock.levels import Held, held, moves_between
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store.references import Reference

if TYPE_CHECKING:
    from sphinx_lib.app.pricing import PriceRules
    from sphinx_lib.app.unit import Unit


class Happened(NamedTuple):
    """An event for the audit log."""

    document_id: Id
    event: str
    payload: Mapping[str, Any]
    issues: bool = False


class Posting(NamedTuple):
    """An entry to be written for a document: by its state, or the reverse of what its state had posted."""

    document_id: Id
    posts: str
    reverse: bool = False
    exchange: Decimal = ZERO


class Revalued(NamedTuple):
    """Goods that turn out to have cost ``amount`` more (signed, company currency): what is still held takes its part.

    ``quantity`` came in by the document ``source``; ``move`` says which document found it out, when and why.
    """

    item: str
    quantity: Decimal
    amount: Decimal
    source: Id
    move: StockMove


@dataclass
class Tracked:
    """A document as it was read (none when new) and as it is now; ``held`` is its stock as last reckoned."""

    original: Document | None
    document: Document
    wants_number: bool = False
    held: dict[Held, Decimal] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether there is something to write."""
        return self.original is not self.document


@dataclass
class Tracking:
    """The documents that a unit of work has read or made, and what it will write of them, of stock, and of master data.

    ``failed`` says that a flush stopped half-way, so that nothing of this unit may be committed. ``answers`` holds, by
    the key of the command that this unit carries out, the digest of its answer for the audit log. ``exposed`` is by party
    and class what this unit adds to the outstanding of the party beside what is stored (C1). ``bearing`` are by reference
    the documents of this unit that bear it. ``notices`` are messages about no document, ``outcomes`` what became of
    messages: the number of tries, and the digest of how they stand. ``tries`` are the prices that it refused, which are
    kept whatever becomes of it; none of a preview, which tells nothing that would have to be kept.
    ``operate`` carries out what an effect asks for; it is given, since it knows every command and they know it not.
    """

    connection: Connection
    company: str
    pack: Pack
    specs: Specs
    actor: Actor
    now: datetime
    today: date
    new_id: IdFactory
    operate: Callable[[Unit, Id, Op], set[Id]]
    prices: PriceRules
    purchase_prices: PriceRules
    tracked: dict[Id, Tracked] = field(default_factory=dict)
    exposed: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    bearing: dict[Reference, set[Id]] = field(default_factory=dict)
    failed: bool = False
    moves: dict[tuple[Id, Held], Decimal] = field(default_factory=dict)
    pending: dict[Held, Decimal] = field(default_factory=dict)
    moved: Moved = field(default_factory=Moved)
    dirty: set[Id] = field(default_factory=set)
    happened: list[Happened] = field(default_factory=list)
    messages: list[tuple[Id, str]] = field(default_factory=list)
    notices: list[QueuedMessage] = field(default_factory=list)
    outcomes: dict[Id, list[Any]] = field(default_factory=dict)
    allocations: Allocated = field(default_factory=Allocated)
    postings: list[Posting] = field(default_factory=list)
    adjustments: list[StockMove] = field(default_factory=list)
    given_values: dict[Id, Decimal] = field(default_factory=dict)
    revalued: list[Revalued] = field(default_factory=list)
    master: list[Any] = field(default_factory=list)
    registers: list[Id] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    tries: list[PriceTry] | None = field(default_factory=list)
    _undo: list[dict[Id, tuple[Document, bool] | None]] = field(default_factory=list)

    def load(self, ids: Iterable[Id], *, with_roots: bool = False) -> list[Document]:
        """The documents with ``ids`` as they are in this unit; NotFound names those that do not exist."""
        wanted = list(dict.fromkeys(ids))
        missing = [one for one in wanted if one not in self.tracked]
        if missing:
            self._track(store_documents.load(self.connection, self.company, missing, with_roots=with_roots))
        if with_roots and len(missing) < len(wanted):
            self.load(self._roots_of(one for one in wanted if one in self.tracked))
        unknown = [one for one in wanted if one not in self.tracked]
        if unknown:
            raise NotFound(f"no document {', '.join(unknown)}", ids=tuple(unknown))
        return [self.tracked[one].document for one in wanted]

    def _roots_of(self, ids: Iterable[Id]) -> list[Id]:
        lines = (line for one in ids for line in self.tracked[one].document.lines)
        return sorted({line.root_document for line in lines if line.root_document})

    def _track(self, found: Sequence[Document]) -> None:
        for document in found:
            if document.id not in self.tracked:
                self.tracked[document.id] = Tracked(document, document, held=held(document, self.pack))
                if document.reference:
                    self.bearing.setdefault(Reference.of(document), set()).add(document.id)

    def made_from(
        self, sources: Iterable[Id], type: str | None = None, *, with_roots: bool = False
    ) -> list[Document]:
        """Documents made from ``sources``, of one type or of any, those of this unit included, in order of creation."""
        wanted = set(sources)
        ids = set(store_documents.made_from(self.connection, self.company, sorted(wanted), type))
        ids |= {
            one.document.id
            for one in self.tracked.values()
            if type in (None, one.document.type) and any(line.source_document in wanted for line in one.document.lines)
        }
        return self.load(sorted(ids), with_roots=with_roots)

    def beside(self, sources: Iterable[Id], type: str) -> dict[Id, list[Line]]:
        """By line of ``sources``, the lines made from it in documents of a type that count: drafts do, cancelled ones not.

        ``made_from`` must have loaded them.
        """
        wanted = set(sources)
        found: dict[Id, list[Line]] = {}
        for document in (tracked.document for tracked in self.tracked.values() if tracked.document.type == type):
            if self.type_of(document).counts(document.state) != "none":
                for line in document.lines:
                    if line.source_id and line.source_document in wanted:
                        found.setdefault(line.source_id, []).append(line)
        return found

    def get(self, document_id: Id) -> Document:
        """A document already loaded, as it is now."""
        return self.tracked[document_id].document

    def type_of(self, document: Document) -> DocumentType:
        """The declared type of a document, its kind laid over it."""
        return self.pack.type_of(document.type, document.kind)

    def add(self, document: Document) -> Document:
        """Take up a new document."""
        document = self._summed_up(document)
        self._remember(document.id)
        self.tracked[document.id] = Tracked(None, document)
        self._count(document, 1)
        self.dirty.add(document.id)
        return document

    def replace(self, document: Document) -> Document:
        """Set what a document is now; its statuses and its outstanding follow."""
        document = self._summed_up(document)
        self._remember(document.id)
        tracked = self.tracked[document.id]
        self._count(tracked.document, -1)
        self._count(document, 1)
        tracked.document = document
        self.dirty.add(document.id)
        return document

    def _count(self, document: Document, times: int) -> None:
        """Add (1) or take off (-1) what a document weighs on its party, and the reference that it bears."""
        if document.reference:
            bearing = self.bearing.setdefault(Reference.of(document), set())
            (bearing.add if times > 0 else bearing.discard)(document.id)
        if document.exposure:
            sums = self.exposed.setdefault(document.party or "", {})
            sums[document.exposure_class] = sums.get(document.exposure_class, ZERO) + times * document.exposure

    def want_number(self, document_id: Id) -> None:
        """Let the flush give a document its number."""
        self._remember(document_id)
        self.tracked[document_id].wants_number = True

    def _summed_up(self, document: Document) -> Document:
        """``document`` with the statuses and the exposure that its lines and state give it."""
        values = standing(document, self.pack)
        if all(getattr(document, name) == value for name, value in values.items()):
            return document
        return document.changed(**values)

    def adjust(self, move: StockMove, value: Decimal | None = None) -> None:
        """Add a move that no document causes, worth ``value`` when that is known; what is available follows at once."""
        self.adjustments.append(move)
        if value is not None:
            self.given_values[move.id] = value
        key = Held(move.item, move.warehouse, move.level)
        self.pending[key] = self.pending.get(key, ZERO) + move.quantity
        self.moved.adjust(move)

    def record(self, document_id: Id, event: str, payload: Mapping[str, Any], *, issues: bool = False) -> None:
        """Note an event for the audit log."""
        self.happened.append(Happened(document_id, event, payload, issues))

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """A command happens whole or not at all, even when its caller catches the refusal and goes on."""
        lists: tuple[list[Any], ...] = (
            self.happened, self.messages, self.postings, self.adjustments, self.master, self.revalued, self.registers,
        )  # fmt: skip
        lengths, allocated = [len(one) for one in lists], len(self.allocations)
        self._undo.append({})
        try:
            yield
        except BaseException:
            self._restore(self._undo.pop())
            for move in reversed(self.adjustments[lengths[3] :]):
                self.pending[Held(move.item, move.warehouse, move.level)] -= move.quantity
                self.moved.take_back(move)
            for one, length in zip(lists, lengths, strict=True):
                del one[length:]
            self.allocations.cut(allocated)
            raise
        done = self._undo.pop()
        if self._undo:
            around = self._undo[-1]
            for document_id, was in done.items():
                around.setdefault(document_id, was)

    def _remember(self, document_id: Id) -> None:
        """Note what a document was before the command that is under way."""
        if self._undo and document_id not in self._undo[-1]:
            tracked = self.tracked.get(document_id)
            self._undo[-1][document_id] = (tracked.document, tracked.wants_number) if tracked else None

    def _restore(self, before: Mapping[Id, tuple[Document, bool] | None]) -> None:
        """Put documents back; stock follows, since it is reckoned by difference."""
        for document_id, was in before.items():
            tracked = self.tracked[document_id]
            self._count(tracked.document, -1)
            if was is None:
                for key, quantity in tracked.held.items():
                    self.pending[Held(key.item, key.warehouse, key.level)] -= quantity
                    self.moved.add(key, -quantity)
                    self.moves.pop((document_id, key), None)
                del self.tracked[document_id]
                self.dirty.discard(document_id)
            else:
                tracked.document, tracked.wants_number = was
                self._count(tracked.document, 1)
                self.dirty.add(document_id)

    def reckon_stock(self) -> None:
        """Turn the changes of documents since the last call into moves (workflow-shape rule 6)."""
        for document_id in sorted(self.dirty):
            tracked = self.tracked.get(document_id)
            if tracked is None:
                continue
            now = held(tracked.document, self.pack)
            for key, quantity in moves_between(tracked.held, now).items():
                self.moves[document_id, key] = self.moves.get((document_id, key), ZERO) + quantity
                whole = Held(key.item, key.warehouse, key.level)
                self.pending[whole] = self.pending.get(whole, ZERO) + quantity
                self.moved.add(key, quantity)
            tracked.held = now
        self.dirty.clear()
