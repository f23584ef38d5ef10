"""One unit of work in memory: its documents, and what rules may know about them, each kind of fact in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache, partial
from typing import Any

from sphinx_lib.app.available import at_their_dates, reserved_for
from sphinx_lib.app.known_prices import KnownPrices
from sphinx_lib.app.open_counts import frozen_beside, load_open_counts
from sphinx_lib.app.places import Places
from sphinx_lib.app.pricing import PriceRules
from sphinx_lib.app.references import load_references, same_reference
from sphinx_lib.app.reliance import Reliance, noted
from sphinx_lib.app.tracking import Tracking
from sphinx_lib.kernel.document import ZERO, Allocation, Document, Id, Line
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.lots import Lot
from sphinx_lib.kernel.master import ExchangeRate, Item, Party
from sphinx_lib.kernel.suggest import hints
from sphinx_lib.pack.specs import Need, Situation
from sphinx_lib.stock.levels import Held
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import master as store_master
from sphinx_lib.store import stock as store_stock
from sphinx_lib.store.references import Reference
from sphinx_lib.store.stock import LEVELS, Balance, Dated


@dataclass
class Unit(Tracking):
    """The state of one unit of work, with the facts that rules ask for. Commands change it; only ``flush`` writes.

    ``may_go_below`` holds the (item, warehouse) that somebody with the right let fall below zero.
    ``warehouses`` are the codes of their records; none before they are read.
    ``counted`` are the (item, warehouse) of which open counts were looked for, ``referenced`` the references looked for.
    ``known_prices`` are the records for purchases of several suppliers at once, read before; none reads them for each.
    """

    parties: dict[str, Party] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    families: Mapping[str, str] | None = None
    warehouses: frozenset[str] | None = None
    known_prices: KnownPrices | None = None
    rates: dict[tuple[str, date], ExchangeRate | None] = field(default_factory=dict)
    balances: dict[tuple[str, str], Balance] = field(default_factory=dict)
    dated: Dated = field(default_factory=lambda: Dated({}, {}, {}))
    item_policies: dict[str, str] = field(default_factory=dict)
    warehouse_policies: dict[str, str] = field(default_factory=dict)
    outstanding: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    allocated: dict[Id, list[Allocation]] = field(default_factory=dict)
    discounted_by: dict[Id, list[Allocation]] = field(default_factory=dict)
    referenced: set[Reference] = field(default_factory=set)
    counted: set[tuple[str, str]] = field(default_factory=set)
    reliance: Reliance = field(default_factory=Reliance)
    places: Places = field(default_factory=Places)
    may_go_below: set[tuple[str, str]] = field(default_factory=set)

    def rules_of(self, document: Document) -> PriceRules:
        """The price rules of a document's side: those of purchases for what is bought; of no type, those of sales."""
        bought = bool(document.type) and self.type_of(document).side == "purchase"
        return self.purchase_prices if bought else self.prices

    def prefetch(self, documents: Iterable[Document], needs: Iterable[Need], *, as_sources: bool = False) -> None:
        """Load what ``needs`` name for all ``documents``, each kind of fact in one statement.

        With ``as_sources`` the facts are for documents about to be made from these, so that theirs are these.
        """
        batch, wanted = list(documents), set(needs)
        if {"sources", "outstanding"} & wanted and not as_sources:
            self.load_sources(batch)
        if "others" in wanted:
            self._load_others(batch)
        codes = {document.party for document in batch if document.party}
        if "outstanding" in wanted:
            self._load_outstanding(codes)
        elif "party" in wanted:
            self.load_parties(codes)
        lines = [line for document in batch for line in document.lines if line.item]
        if "references" in wanted:
            load_references(self, batch)
        if "counts" in wanted:
            load_open_counts(self, batch)
        if "allocations" in wanted:
            self.load_allocations({document.id for document in batch})
        if "items" in wanted:
            self.load_items({line.item for line in lines if line.item})
        if "stock" in wanted:
            self.load_stock({item for line in lines for item, _ in line.goods})
        if {"lots", "places"} & wanted:
            self.places.load(self.connection, self.company, {item for line in lines for item, _ in line.goods})
        if "equipment" in wanted:
            serials = {(line.item or "", one.lot) for line in lines for one in line.stowed if one.lot}
            self.places.load_owners(self.connection, self.company, serials)

    def load_allocations(self, payments: set[Id]) -> None:
        """Load what payments were put against, with those documents and all else that was put against them."""
        missing = sorted(one for one in payments if one not in self.allocated)
        if missing:
            self.allocated |= {one: [] for one in missing}
            for made in store_documents.allocations_of(self.connection, self.company, missing):
                self.allocated[made.payment_id].append(made)
            self.load(made.document_id for one in missing for made in self.allocated[one])
            self.load_discounts({made.document_id for one in missing for made in self.allocated[one]})

    def load_discounts(self, targets: set[Id]) -> None:
        """Load the credit notes of discounts for early payment that were put against documents, and how much of each."""
        missing = sorted(one for one in targets if one not in self.discounted_by)
        if missing:
            self.discounted_by |= {one: [] for one in missing}
            for made in store_documents.discounts_on(self.connection, self.company, missing):
                self.discounted_by[made.document_id].append(made)
            self.load(made.payment_id for one in missing for made in self.discounted_by[one])

    def load_sources(self, batch: Iterable[Document]) -> None:
        """Load the documents that the lines of ``batch`` were made from, their roots, and the orders that they serve."""
        own = list(batch)
        ids = {one for document in own for line in document.lines for one in (line.source_document, line.root_document)}
        sources = self.load(sorted(one for one in ids if one))
        pegged = {peg.document_id for document in (*own, *sources) for line in document.lines for peg in line.pegs}
        if pegged:
            self.load(sorted(pegged))

    def _load_others(self, batch: Iterable[Document]) -> None:
        """Load the other documents made from lines that named lots went with, in one statement for each type."""
        wanted: dict[str, set[Id]] = {}
        for document in batch:
            sources = {line.source_document for line in document.lines if line.source_document and line.stowed}
            wanted.setdefault(document.type, set()).update(sources)
        for type_, sources in wanted.items():
            self.made_from(sources, type_)

    def _others_of(self, document: Document) -> dict[Id, list[Line]]:
        own = {line.id for line in document.lines}
        sources = {line.source_document for line in document.lines if line.source_document}
        found = self.beside(sources, document.type)
        return {source: [line for line in lines if line.id not in own] for source, lines in found.items()}

    def load_parties(self, codes: Iterable[str]) -> None:
        """Load parties by code; NotFound names the nearest when one is unknown."""
        missing = {code for code in codes if code not in self.parties}
        if missing:
            self.parties |= store_master.load_parties(self.connection, self.company, missing)
            self._refuse_unknown("party", {code for code in missing if code not in self.parties}, "customer")

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
            self._refuse_unknown("item", {code for code in missing if code not in self.items}, "item")

    def _refuse_unknown(self, what: str, unknown: set[str], kind: str) -> None:
        if unknown:
            known = store_master.codes_of(self.connection, self.company, kind)
            tails = hints(sorted(unknown), known)
            raise InputError([f"unknown {what} {code!r}{tail}" for code, tail in tails.items()])

    def load_stock(self, codes: Iterable[str]) -> None:
        """Load the balances of items in every warehouse, and the policies on stock below zero."""
        missing = {code for code in codes if code not in self.item_policies}
        if missing:
            found = store_stock.stock_of(self.connection, self.company, missing, self.today)
            self.balances |= found.balances
            self.dated.take(found.dated)
            self.item_policies |= dict.fromkeys(missing, "") | found.of_items
            self.warehouse_policies |= found.of_warehouses

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
            outstanding=noted(self, document.party or "", partial(self._outstanding_of, document)),
            sources=_sources_of(document, origins),
            origins=origins,
            lots=self._lots_of(document),
            owners=self.places.owners,
            others=cache(partial(self._others_of, document)),
            frozen=cache(partial(frozen_beside, self, document)),
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
            balance = self.balance_of(item, warehouse)
            physical[item, warehouse] = balance.physical
            available[item, warehouse] = balance.available + own.get((item, warehouse), ZERO)
            policies[item, warehouse] = self.policy_of(item, warehouse)
        return available, physical, policies

    def balance_of(self, item: str, warehouse: str) -> Balance:
        """What there is of a loaded item, with what this unit of work changes; ``reckon_stock`` comes first."""
        stored = self.balances.get((item, warehouse), Balance())
        changes = {level: self.pending.get(Held(item, warehouse, level), ZERO) for level in LEVELS}
        return stored._replace(**{level: getattr(stored, level) + change for level, change in changes.items()})

    def _lots_of(self, document: Document) -> dict[tuple[str, str], tuple[Lot, ...]]:
        """The lots and bins of the items of ``document`` that were loaded, with what this unit of work changes."""
        items = {item for line in document.lines for item, _ in line.goods} & self.places.seen.keys()
        if not items:
            return {}
        self.reckon_stock()
        return self.places.now(items, self.moved, self.today)

    def reserved_by(self, document: Document) -> dict[tuple[str, str], Decimal]:
        """What is reserved for ``document``, by itself or by its sources, by item and warehouse."""
        found: dict[tuple[str, str], Decimal] = {}
        for (item, warehouse, _), quantity in reserved_for(self, document).items():
            found[item, warehouse] = found.get((item, warehouse), ZERO) + quantity
        return found

    def _outstanding_of(self, document: Document) -> dict[str, Decimal]:
        """The party's outstanding without ``document`` and what it was made from (C2), with this unit's changes."""
        stored = self.outstanding.get(document.party or "")
        if stored is None:
            return {}
        own = {document.id}
        for line in document.lines:
            own |= {one for one in (line.source_document, line.root_document) if one}
        found = dict(stored)
        for name, amount in self.exposed.get(document.party or "", {}).items():
            found[name] = found.get(name, ZERO) + amount
        for tracked in (self.tracked[one] for one in own if one in self.tracked):
            now = tracked.document
            if now.exposure and now.party == document.party:
                found[now.exposure_class] = found.get(now.exposure_class, ZERO) - now.exposure
        return found

    def _origins_of(self, document: Document) -> dict[Id, Document]:
        """The documents that the lines were made from, and their roots, as far as they are loaded."""
        named = {one for line in document.lines for one in (line.source_document, line.root_document) if one}
        return {one: self.tracked[one].document for one in sorted(named & self.tracked.keys())}


def _sources_of(document: Document, origins: Mapping[Id, Document]) -> dict[Id, Line]:
    wanted = {one for line in document.lines for one in (line.source_id, line.root_id) if one}
    return {line.id: line for origin in origins.values() for line in origin.lines if line.id in wanted}
