"""One unit of work in memory: what was read, what it became, and what the flush will write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache, partial
from typing import Any, NamedTuple

from sqlalchemy import Connection

from sphinx_lib.app.available import at_their_dates, reserved_for
from sphinx_lib.app.known_prices import KnownPrices
from sphinx_lib.app.places import Places
from sphinx_lib.app.pricing import PriceRules
from sphinx_lib.app.references import load_references, same_reference
from sphinx_lib.billing.credit import exposure
from sphinx_lib.kernel.document import ZERO, Allocation, Document, Id, Line, StockMove
from sphinx_lib.kernel.errors import InputError, NotFound
from sphinx_lib.kernel.lots import Lot
from sphinx_lib.kernel.master import ExchangeRate, Item, Party
from sphinx_lib.kernel.ports import Actor, IdFactory
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.specs import Need, Op, Situation, Specs
from sphinx_lib.pack.workflow_model import DocumentType
from sphinx_lib.stock.levels import Held, held, moves_between
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import master as store_master
from sphinx_lib.store import stock as store_stock
from sphinx_lib.store.references import Reference
from sphinx_lib.store.stock import Balance, Dated
from sphinx_lib.workflow.derive import status_of


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
class Unit:
    """The state of one unit of work. Commands read and change it; only ``flush`` writes.

    ``may_go_below`` holds the (item, warehouse) that somebody with the right let fall below zero; ``failed`` says that
    a flush stopped half-way, so that nothing of this unit may be committed.
    ``known_prices`` are the records for documents of several parties at once, read before; none reads them for each.
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
    of_party: dict[str, set[Id]] = field(default_factory=dict)
    parties: dict[str, Party] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    families: Mapping[str, str] | None = None
    known_prices: KnownPrices | None = None
    rates: dict[tuple[str, date], ExchangeRate | None] = field(default_factory=dict)
    balances: dict[tuple[str, str], Balance] = field(default_factory=dict)
    dated: Dated = field(default_factory=lambda: Dated({}, {}, {}))
    item_policies: dict[str, str] = field(default_factory=dict)
    warehouse_policies: dict[str, str] = field(default_factory=dict)
    failed: bool = False
    outstanding: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    allocated: dict[Id, list[Allocation]] = field(default_factory=dict)
    settled_by: dict[Id, list[Allocation]] = field(default_factory=dict)
    referenced: set[Reference] = field(default_factory=set)
    moves: dict[tuple[Id, Held], Decimal] = field(default_factory=dict)
    pending: dict[Held, Decimal] = field(default_factory=dict)
    dirty: set[Id] = field(default_factory=set)
    happened: list[Happened] = field(default_factory=list)
    messages: list[tuple[Id, str]] = field(default_factory=list)
    allocations: list[Allocation] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)
    adjustments: list[StockMove] = field(default_factory=list)
    given_values: dict[Id, Decimal] = field(default_factory=dict)
    revalued: list[Revalued] = field(default_factory=list)
    master: list[Any] = field(default_factory=list)
    registers: list[Id] = field(default_factory=list)
    places: Places = field(default_factory=Places)
    may_go_below: set[tuple[str, str]] = field(default_factory=set)
    _undo: list[dict[Id, tuple[Document, bool] | None]] = field(default_factory=list)

    # -- documents -------------------------------------------------------------------------------------

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
                self.of_party.setdefault(document.party or "", set()).add(document.id)

    def get(self, document_id: Id) -> Document:
        """A document already loaded, as it is now."""
        return self.tracked[document_id].document

    def type_of(self, document: Document) -> DocumentType:
        """The declared type of a document, its kind laid over it."""
        return self.pack.type_of(document.type, document.kind)

    def rules_of(self, document: Document) -> PriceRules:
        """The price rules of a document's side: those of purchases for what is bought; of no type, those of sales."""
        bought = bool(document.type) and self.type_of(document).side == "purchase"
        return self.purchase_prices if bought else self.prices

    def add(self, document: Document) -> Document:
        """Take up a new document."""
        document = self._summed_up(document)
        self._remember(document.id)
        self.tracked[document.id] = Tracked(None, document)
        self.of_party.setdefault(document.party or "", set()).add(document.id)
        self.dirty.add(document.id)
        return document

    def replace(self, document: Document) -> Document:
        """Set what a document is now; its statuses and its outstanding follow."""
        document = self._summed_up(document)
        self._remember(document.id)
        self.tracked[document.id].document = document
        self.dirty.add(document.id)
        return document

    def want_number(self, document_id: Id) -> None:
        """Let the flush give a document its number."""
        self._remember(document_id)
        self.tracked[document_id].wants_number = True

    def _summed_up(self, document: Document) -> Document:
        """``document`` with the statuses and the exposure that its lines and state give it."""
        weight_class, weight = exposure(document, self.pack)
        values: dict[str, Any] = {"exposure_class": weight_class, "exposure": weight}
        for progress in self.pack.followed(document.type):
            status = self.pack.model.progress[progress].status
            if status:
                values[status] = status_of(document, progress)
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

    def record(self, document_id: Id, event: str, payload: Mapping[str, Any], *, issues: bool = False) -> None:
        """Note an event for the audit log."""
        self.happened.append(Happened(document_id, event, payload, issues))

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """A command happens whole or not at all, even when its caller catches the refusal and goes on."""
        lists: tuple[list[Any], ...] = (
            self.happened, self.messages, self.allocations, self.postings, self.adjustments, self.master, self.revalued,
            self.registers,
        )  # fmt: skip
        lengths = [len(one) for one in lists]
        self._undo.append({})
        try:
            yield
        except BaseException:
            self._restore(self._undo.pop())
            for move in self.adjustments[lengths[4] :]:
                self.pending[Held(move.item, move.warehouse, move.level)] -= move.quantity
            for one, length in zip(lists, lengths, strict=True):
                del one[length:]
            raise
        done = self._undo.pop()
        if self._undo:
            self._undo[-1] = done | self._undo[-1]

    def _remember(self, document_id: Id) -> None:
        """Note what a document was before the command that is under way."""
        if self._undo and document_id not in self._undo[-1]:
            tracked = self.tracked.get(document_id)
            self._undo[-1][document_id] = (tracked.document, tracked.wants_number) if tracked else None

    def _restore(self, before: Mapping[Id, tuple[Document, bool] | None]) -> None:
        """Put documents back; stock follows, since it is reckoned by difference."""
        for document_id, was in before.items():
            tracked = self.tracked[document_id]
            if was is None:
                for key, quantity in tracked.held.items():
                    self.pending[Held(key.item, key.warehouse, key.level)] -= quantity
                    self.moves.pop((document_id, key), None)
                del self.tracked[document_id]
                self.dirty.discard(document_id)
            else:
                tracked.document, tracked.wants_number = was
                self.dirty.add(document_id)

    # -- facts -----------------------------------------------------------------------------------------

    def prefetch(self, documents: Iterable[Document], needs: Iterable[Need], *, as_sources: bool = False) -> None:
        """Load what ``needs`` name for all ``documents``, each kind of fact in one statement.

        With ``as_sources`` the facts are for documents about to be made from these, so that theirs are these.
        """
        batch, wanted = list(documents), set(needs)
        if {"sources", "outstanding"} & wanted and not as_sources:
            self.load_sources(batch)
        codes = {document.party for document in batch if document.party}
        if "outstanding" in wanted:
            self._load_outstanding(codes)
        elif "party" in wanted:
            self.load_parties(codes)
        lines = [line for document in batch for line in document.lines if line.item]
        if "references" in wanted:
            load_references(self, batch)
        if "allocations" in wanted:
            self.load_allocations({document.id for document in batch})
        if "items" in wanted:
            self.load_items({line.item for line in lines if line.item})
        if "stock" in wanted:
            self.load_stock({item for line in lines for item, _ in line.goods})
        if {"lots", "places"} & wanted:
            self._load_places({item for line in lines for item, _ in line.goods}, all_items="places" in wanted)
        if "equipment" in wanted:
            serials = {(line.item or "", one.lot) for line in lines for one in line.stowed if one.lot}
            self.places.load_owners(self.connection, self.company, serials)

    def load_allocations(self, payments: set[Id]) -> None:
        """Load what payments were put against, with those documents and all else that was put against them."""
        missing = sorted(payments - self.allocated.keys())
        if missing:
            self.allocated |= {one: [] for one in missing}
            for made in store_documents.allocations_of(self.connection, self.company, missing):
                self.allocated[made.payment_id].append(made)
            self.load(made.document_id for one in missing for made in self.allocated[one])
            self.load_settled_by({made.document_id for one in missing for made in self.allocated[one]})

    def load_settled_by(self, targets: set[Id]) -> None:
        """Load what was put against documents, with those payments and credit notes."""
        missing = sorted(targets - self.settled_by.keys())
        if missing:
            self.settled_by |= {one: [] for one in missing}
            for made in store_documents.allocations_to(self.connection, self.company, missing):
                self.settled_by[made.document_id].append(made)
            self.load(made.payment_id for one in missing for made in self.settled_by[one])

    def load_sources(self, batch: Iterable[Document]) -> None:
        """Load the documents that the lines of ``batch`` were made from, their roots, and the orders that they serve."""
        own = list(batch)
        ids = {one for document in own for line in document.lines for one in (line.source_document, line.root_document)}
        sources = self.load(sorted(one for one in ids if one))
        pegged = {peg.document_id for document in (*own, *sources) for line in document.lines for peg in line.pegs}
        if pegged:
            self.load(sorted(pegged))

    def load_parties(self, codes: Iterable[str]) -> None:
        """Load parties by code; NotFound names the nearest when one is unknown."""
        missing = {code for code in codes if code not in self.parties}
        if missing:
            self.parties |= store_master.load_parties(self.connection, self.company, missing)
            self._refuse_unknown("party", missing - self.parties.keys(), "customer")

    def _load_outstanding(self, codes: Iterable[str]) -> None:
        missing = {code for code in codes if code not in self.outstanding}
        if missing:
            found, sums = store_master.load_outstanding(self.connection, self.company, missing)
            self.parties |= found
            self.outstanding |= sums

    def load_items(self, codes: Iterable[str]) -> None:
        """Load items by code; InputError names the nearest when one is unknown."""
        missing = {code for code in codes if code not in self.items}
        if missing:
            self.items |= store_master.load_items(self.connection, self.company, missing)
            self._refuse_unknown("item", missing - self.items.keys(), "item")

    def _refuse_unknown(self, what: str, unknown: set[str], kind: str) -> None:
        if unknown:
            known = store_master.codes_of(self.connection, self.company, kind)
            raise InputError([f"unknown {what} {code!r}{did_you_mean(code, known)}" for code in sorted(unknown)])

    def load_stock(self, codes: Iterable[str]) -> None:
        """Load the balances of items in every warehouse, and the policies on stock below zero."""
        missing = {code for code in codes if code not in self.item_policies}
        if missing:
            found = store_stock.stock_of(self.connection, self.company, missing, self.today)
            self.balances |= found.balances
            self.dated.take(found.dated)
            self.item_policies |= dict.fromkeys(missing, "") | found.of_items
            self.warehouse_policies |= found.of_warehouses

    def _load_places(self, codes: set[str], *, all_items: bool) -> None:
        """Load the lots and bins of items, of those that are tracked or of ``all_items``."""
        self.load_items(codes)
        wanted = codes if all_items else {code for code in codes if self.items[code].tracking != "none"}
        self.places.load(self.connection, self.company, wanted)

    def policy_of(self, item: str, warehouse: str) -> str:
        """What the item, else the warehouse, says about stock below zero (K7); "" when neither says anything."""
        return self.item_policies.get(item) or self.warehouse_policies.get(warehouse, "")

    def situation(self, document: Document, rights: frozenset[str] | None = None) -> Situation:
        """What rules may know about ``document`` now; ``prefetch`` must have loaded what they need."""
        available, physical, policies = self._stock_of(document)
        origins = self._origins_of(document)
        return Situation(
            document=document,
            type=self.type_of(document),
            pack=self.pack,
            today=self.today,
            actor=self.actor.name,
            rights=self.actor.rights if rights is None else rights,
            party=self.parties.get(document.party or ""),
            items=self.items,
            available=available,
            physical=physical,
            policies=policies,
            outstanding=self._outstanding_of(document),
            sources=_sources_of(document, origins),
            origins=origins,
            lots=self._lots_of(document),
            owners=self.places.owners,
            at_dates=cache(partial(at_their_dates, self, document)),
            same_reference=same_reference(self, document),
        )

    def _stock_of(self, document: Document) -> tuple[dict[Any, Decimal], dict[Any, Decimal], dict[Any, str]]:
        """Available (without what is reserved for the document), physical, and policies, by (item, warehouse)."""
        keys = {
            (item, line.warehouse) for line in document.lines for item, _ in line.goods if item in self.item_policies
        }
        if not keys:
            return {}, {}, {}
        self.reckon_stock()
        own = self.reserved_by(document)
        available, physical, policies = {}, {}, {}
        for item, warehouse in keys:
            balance = self.balances.get((item or "", warehouse), Balance())
            here = balance.physical + self.pending.get(Held(item or "", warehouse, "physical"), ZERO)
            reserved = balance.reserved + self.pending.get(Held(item or "", warehouse, "reserved"), ZERO)
            physical[item, warehouse] = here
            expired = self.dated.expired((item, warehouse), self.today)
            available[item, warehouse] = here - reserved - expired + own.get((item or "", warehouse), ZERO)
            policies[item, warehouse] = self.policy_of(item or "", warehouse)
        return available, physical, policies

    def _lots_of(self, document: Document) -> dict[tuple[str, str], tuple[Lot, ...]]:
        """The lots and bins of the items of ``document`` that were loaded, with what this unit of work changes."""
        items = {item for line in document.lines for item, _ in line.goods} & self.places.seen.keys()
        if not items:
            return {}
        self.reckon_stock()
        return self.places.now(items, self.moves, self.adjustments, self.today)

    def reserved_by(self, document: Document) -> dict[tuple[str, str], Decimal]:
        """What is reserved for ``document``, by itself or by its sources, by item and warehouse."""
        found: dict[tuple[str, str], Decimal] = {}
        for (item, warehouse, _), quantity in reserved_for(self, document).items():
            found[item, warehouse] = found.get((item, warehouse), ZERO) + quantity
        return found

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
            tracked.held = now
        self.dirty.clear()

    def _outstanding_of(self, document: Document) -> dict[str, Decimal]:
        """The party's outstanding without ``document`` and what it was made from (C2), with this unit's changes."""
        stored = self.outstanding.get(document.party or "")
        if stored is None:
            return {}
        own = {document.id}
        for line in document.lines:
            own |= {one for one in (line.source_document, line.root_document) if one}
        found = dict(stored)
        for document_id in self.of_party.get(document.party or "", ()):
            tracked = self.tracked.get(document_id)
            if tracked is None:
                continue
            before, now = tracked.original, tracked.document
            if before is not None and before.exposure:
                found[before.exposure_class] = found.get(before.exposure_class, ZERO) - before.exposure
            if now.exposure and now.id not in own:
                found[now.exposure_class] = found.get(now.exposure_class, ZERO) + now.exposure
        return found

    def _origins_of(self, document: Document) -> dict[Id, Document]:
        """The documents that the lines were made from, and their roots, as far as they are loaded."""
        named = {one for line in document.lines for one in (line.source_document, line.root_document) if one}
        return {one: self.tracked[one].document for one in sorted(named & self.tracked.keys())}


def _sources_of(document: Document, origins: Mapping[Id, Document]) -> dict[Id, Line]:
    wanted = {one for line in document.lines for one in (line.source_id, line.root_id) if one}
    return {line.id: line for origin in origins.values() for line in origin.lines if line.id in wanted}
