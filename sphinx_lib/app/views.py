"""Read models: what hosts, renderers, exports and scenarios see. They hold values, never rows or connections."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic import InstanceOf

from sphinx_lib.app import sending, stock_reading
from sphinx_lib.app.available import LineStock, availabilities
from sphinx_lib.app.backorders import OpenOrder, asked_of, open_orders
from sphinx_lib.app.comparing import Comparison, compare
from sphinx_lib.app.counting import Counted, counted_lines
from sphinx_lib.app.deals import DealView, deal_view
from sphinx_lib.app.document_view import DocumentView, mentions_of
from sphinx_lib.app.early_payment import Offer, offer_for
from sphinx_lib.app.gate import checked, checked_with
from sphinx_lib.app.inputs import QuotedFields
from sphinx_lib.app.line_stock import stock_of_lines
from sphinx_lib.app.previewing import Previews
from sphinx_lib.app.printing import load_for_print, packing_of, shows_prices
from sphinx_lib.app.refused import RefusedPrices
from sphinx_lib.app.sight import (
    hides_amounts,
    refuse_costs,
    refuse_filters,
    sees_margin,
    shown,
    shown_entries,
    shown_items,
)
from sphinx_lib.app.stock_reading import StockMoveView, StockRow, StockValue
from sphinx_lib.app.supply_view import PegView, pegs_of
from sphinx_lib.app.warehouses import unknown_warehouses
from sphinx_lib.kernel.document import ZERO, Document, Id, Line
from sphinx_lib.kernel.errors import InputError, NotFound
from sphinx_lib.kernel.inputs import Bound, Code, Count, Day, DocumentId, Flag, ListOf, Name, Several
from sphinx_lib.kernel.lots import Lot
from sphinx_lib.kernel.master import Equipment, ExchangeRate, Item, Party
from sphinx_lib.kernel.personal import joined
from sphinx_lib.kernel.ports import MESSAGE_STATES, UNDELIVERED, OutboxMessage
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.scopes import PartyFacts, backorder_policy
from sphinx_lib.pack.workflow_model import Field_
from sphinx_lib.stock.availability import Availability, together
from sphinx_lib.store import audit_log, entries, outbox, personal, refused_prices
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import equipment as store_equipment
from sphinx_lib.store import master as store_master
from sphinx_lib.store import stock as store_stock
from sphinx_lib.store.filters import typed_filters
from sphinx_lib.store.stock import Balance
from sphinx_lib.store.stock_journal import Journal
from sphinx_lib.store.tables import documents

__all__ = ["CustomerView", "DocumentView", "PriceView", "Views"]


class CustomerView(NamedTuple):
    """What a customer owes, or what we owe a supplier: ``balance`` of issued documents, the part past due, and the
    outstanding by class (C1)."""

    party: Party
    balance: Decimal
    overdue: Decimal
    outstanding: Decimal
    by_class: Mapping[str, Decimal]


class PriceView(NamedTuple):
    """The price of one item for one customer or of one supplier, as a line of a document would have it."""

    line: Line
    currency: str


class Views(Previews):
    """Reads in one transaction. Made by ``Sphinx.reader``."""

    @checked
    def document(self, document_id: DocumentId, language: Name | None = None) -> DocumentView:
        """One document, said in ``language`` when given, else in its own; NotFound when this company has none."""
        (view,) = self.documents([document_id])
        if language is None or language == view.document.language:
            return view
        self.unit.load_items({line.item for line in view.document.lines if line.item})
        return view.in_language(language, {code: item.name for code, item in self.unit.items.items()})

    @checked
    def documents(self, ids: ListOf[DocumentId]) -> list[DocumentView]:
        """Several documents in the order of ``ids``, in a fixed number of statements."""
        found = self.unit.load(ids)
        self.unit.load_sources(found)
        load_for_print(self.unit, found)
        self.unit.load_parties({one.party for one in found if one.party and one.delivery_status == "part"})
        return [self._view(document) for document in found]

    def _shown(self, document: Document) -> Document:
        """The document as the actor of this reader may see it (S48)."""
        return shown(self.unit, document)

    @checked
    def ids(self, **filters: Any) -> list[Id]:
        """Ids of documents whose fields equal (or are among) the values given, in order of creation.

        Fields of one's own must be declared ``searchable``; naming the ``type`` says whose they are. Who may not see costs
        is refused a search by them, and by amounts of anything but sales.
        """
        known = documents.c.keys()
        own: dict[str, Field_] = {}
        for name in filters.keys() - set(known):
            types = self.unit.pack.model.document_types
            named = types.get(str(filters.get("type")))
            field = named.fields.get(name) if named else None
            if field is None or not field.searchable:
                there = [one for one, each in named.fields.items() if each.searchable] if named else []
                hint = did_you_mean(name, [*known, *there])
                raise InputError([f"cannot search by {name!r}{hint}; declare it searchable"])
            own[name] = field
        refuse_filters(self.unit, filters, own)
        kinds = {name: field.type for name, field in own.items()}
        return store_documents.ids_where(
            self.unit.connection, self.unit.company, typed_filters(filters, kinds), kinds
        )

    @checked
    def find(self, type: Name, number: Name) -> DocumentView:
        """The document of a type with a number."""
        found = self.ids(type=type, number=number)
        if not found:
            raise NotFound(f"no {type} {number}", type=type, number=number)
        return self.document(found[0])

    def _view(self, document: Document) -> DocumentView:
        declared = self.unit.type_of(document)
        model = self.unit.pack.model
        ids = dict.fromkeys(one for line in document.lines for one in (line.source_document, line.root_document) if one)
        sources = {one: self._shown(self.unit.get(one)) for one in ids}
        seen = self._shown(document)
        prices = shows_prices(self.unit, document) and not hides_amounts(seen, declared.side)
        mentions = tuple(mentions_of(document, declared, model, prices=prices))
        policy = backorder_policy(model, self.unit.parties.get(document.party or ""))
        asked = asked_of(document, declared, self.unit.pack, policy)
        packing = packing_of(self.unit, document)
        return DocumentView(seen, declared, self.unit.pack, mentions, sources, prices, packing, asked)

    @checked
    def sources(self, document_id: DocumentId) -> list[Document]:
        """The documents that one was made from, oldest first."""
        document = self.unit.load([document_id])[0]
        ids = sorted({line.source_document for line in document.lines if line.source_document})
        return [self._shown(one) for one in self.unit.load(ids)]

    @checked
    def results(self, document_id: DocumentId) -> list[Document]:
        """The documents made from one, oldest first."""
        return [self._shown(one) for one in self.unit.made_from([document_id])]

    @checked
    def early_payment(self, document_id: DocumentId) -> Offer | None:
        """What paying an invoice soon saves, and until when (E2); none where it is granted no discount, or has had it."""
        (document,) = self.unit.load([document_id])
        if self.unit.type_of(document).side == "purchase":
            refuse_costs(self.unit.actor, "discounts of suppliers")
        return offer_for(self.unit, document)

    @checked
    def customer(self, code: Code) -> CustomerView:
        """What a customer owes now, from open items only."""
        counted = self.unit.pack.model.billing.outstanding
        return self._owed("customer", code, self.unit.pack.ledger_classes, {name for name in counted if counted[name]})

    @checked
    def supplier(self, code: Code) -> CustomerView:
        """What we owe a supplier now, from open items only; its outstanding counts every class of purchases.

        Refused without the right ``see_margin``: what is owed tells what was paid.
        """
        refuse_costs(self.unit.actor, "balances of suppliers")
        classes = self.unit.pack.supplier_classes
        return self._owed("supplier", code, {name for name, ledger in classes.items() if ledger}, classes.keys())

    def _owed(self, kind: str, code: str, ledger: Collection[str], counted: Collection[str]) -> CustomerView:
        unit = self.unit
        found, sums = store_master.load_outstanding(unit.connection, unit.company, [code])
        if code not in found:
            known = store_master.codes_of(unit.connection, unit.company, kind)
            raise NotFound(f"no {kind} {code!r}{did_you_mean(code, known)}")
        bought = unit.pack.supplier_classes
        own = {name: amount for name, amount in sums[code].items() if (name in bought) == (kind == "supplier")}
        return CustomerView(
            found[code],
            sum((amount for name, amount in own.items() if name in ledger), ZERO),
            store_documents.overdue(unit.connection, unit.company, code, sorted(ledger), unit.today),
            sum((amount for name, amount in own.items() if name in counted), ZERO),
            own,
        )

    @checked
    def comparison(self, rfq_id: DocumentId, answers: Name = "supplier_quotation") -> Comparison:
        """What suppliers answered to a request, line by line in company currency, the best marked (S11, PO3).

        ``answers`` is the type of what was made from the request. Refused without the right ``see_margin``.
        """
        refuse_costs(self.unit.actor, "prices of suppliers")
        (rfq,) = self.unit.load([rfq_id])
        found = self.unit.made_from([rfq_id], answers)
        standing = [one for one in found if not self._is_called_off(one)]
        currency = self.unit.pack.model.company.currency
        return compare(rfq, self.documents([one.id for one in standing]), currency, self.unit.today)

    def _is_called_off(self, answer: Document) -> bool:
        """Whether nothing was ever asked: a draft that was given up."""
        return answer.number is None and self.unit.type_of(answer).counts(answer.state) == "none"

    @checked
    def deal(self, code: Code) -> DealView:
        """What a deal brings: net, cost and margin quoted, ordered, delivered and invoiced, in company currency (S50)."""
        return deal_view(self.unit, code)

    @checked
    def stock(self, item: Code, warehouse: Name | None = None) -> Balance:
        """Quantities of an item in one warehouse, or over all of them."""
        unit = self.unit
        unit.load_items([item])
        unit.load_stock([item])
        rows = [balance for (_, place), balance in self._balances(item) if warehouse in (None, place)]
        return Balance(
            sum((one.physical for one in rows), ZERO),
            sum((one.reserved for one in rows), ZERO),
            sum((one.on_order for one in rows), ZERO),
            sum((one.expired for one in rows), ZERO),
        )

    @checked
    def lots(self, item: Code, warehouse: Name | None = None) -> list[Lot]:
        """The lots, serial numbers and bins that hold some of an item, in one warehouse or in all."""
        found = store_stock.places_of(self.unit.connection, self.unit.company, [item])
        return [lot for lot in found if warehouse in (None, lot.warehouse)]

    @checked
    def equipment(
        self, customer: Code | None = None, *, item: Code | None = None, serial: Name | None = None
    ) -> list[Equipment]:
        """The register of serial numbers delivered: of a customer who has them, of an item, or one number (EQ1, S42)."""
        return store_equipment.find(self.unit.connection, self.unit.company, customer, item, serial)

    @checked
    def counted(self, document_id: DocumentId) -> list[Counted]:
        """The lines of a stock count: book, counted, difference, and its value where costs are shown (S48)."""
        (document,) = self.unit.load([document_id])
        found = counted_lines(self.unit, document)
        return found if sees_margin(self.unit.actor) else [one._replace(value=None) for one in found]

    @checked
    def stock_rows(self, warehouse: Name | None = None, items: Several[Code] = ()) -> list[StockRow]:
        """What is stored now by item and warehouse, with its value: of a warehouse, of some items, or all (K1, V1)."""
        return stock_reading.stock_rows(self.unit, warehouse, items)

    @checked
    def stock_value(
        self, day: Day | None = None, warehouse: Name | None = None, items: Several[Code] = ()
    ) -> StockValue:
        """What stock was worth at the end of ``day`` (today without one), by item, from the moves dated so far (V1-V7)."""
        return stock_reading.stock_value(self.unit, day, warehouse, items)

    @checked
    def stock_moves(
        self,
        item: Code,
        warehouse: Name | None = None,
        *,
        level: Name | None = None,
        since: Bound | None = None,
        until: Bound | None = None,
        first: Count = 0,
        limit: Count = 100,
    ) -> list[StockMoveView]:
        """The journal that explains the quantities of an item: ``limit`` moves from number ``first`` (from 0), oldest first,
        each with its document or reason and with the balance that it led to."""
        return stock_reading.stock_moves(self.unit, Journal(item, warehouse, level, since, until), first, limit)

    @checked
    def line_values(self, document_id: DocumentId) -> dict[Id, Decimal]:
        """By line of a document the value of the goods that it moved, below zero when they left."""
        return stock_reading.line_values(self.unit, self.unit.load([document_id])[0])

    def _balances(self, item: str) -> Iterator[tuple[tuple[str, str], Balance]]:
        return ((key, balance) for key, balance in self.unit.balances.items() if key[0] == item)

    @checked
    def pegs(self, document_id: DocumentId) -> list[PegView]:
        """For which customer orders a purchase order is bought, and how far what came in serves them (PO2, PO5)."""
        return pegs_of(self.unit.load([document_id])[0], self.unit.pack)

    @checked
    def deliverable(self, warehouse: Name | None = None) -> list[OpenOrder]:
        """The ``backorders`` with goods (of a warehouse) that can all be delivered now, oldest promised date first (BK1)."""
        found = [one for one in self.backorders(deliverable=True) if one.goods]
        return [one for one in found if warehouse is None or warehouse in {left.warehouse for left in one.goods}]

    @checked
    def available(self, document: InstanceOf[Document]) -> dict[Id, Decimal]:
        """Available stock for each line of a document that moves stock, its own reservation aside (K2)."""
        stocks = self.line_stock(document)
        return {line.id: stocks[line.id].available for line in document.lines if line.goods}

    @checked
    def line_stock(self, document: InstanceOf[Document]) -> dict[Id, LineStock]:
        """By line of a document what there is of its item, here and elsewhere, now and on its day; services have none.

        What the document itself, and what it was made from, has reserved for its lines is available to it (S37).
        """
        self.unit.load([document.id])
        self.unit.load_sources([document])
        self.unit.load_items({line.item for line in document.lines if line.item})
        return stock_of_lines(self.unit, document)

    @checked
    def availability(
        self, items: Several[Code] | None = None, *, warehouse: Name | None = None
    ) -> dict[str, Availability]:
        """By item what may be promised of it, over all warehouses or in one: of the items named, else of all that ever
        were in stock, reserved or on order."""
        found: dict[str, list[Availability]] = {}
        for (item, place), one in self.availability_by_warehouse(items).items():
            if warehouse in (None, place):
                found.setdefault(item, []).append(one)
        today = self.unit.today
        named = {item: Availability(today) for item in sorted(items or ())}
        return named | {item: together(parts, today) for item, parts in found.items()}

    @checked
    def availability_by_warehouse(self, items: Several[Code] | None = None) -> dict[tuple[str, str], Availability]:
        """The same by (item, warehouse); what never was there has no row. One statement, whatever the number of items."""
        unit = self.unit
        stock = store_stock.stock_of_any(unit.connection, unit.company, items)
        found = availabilities(stock, unit.today)
        wanted = None if items is None else set(items)
        return {key: one for key, one in found.items() if wanted is None or key[0] in wanted}

    @checked
    def backorders(self, customer: Code | None = None, *, deliverable: Flag | None = None) -> list[OpenOrder]:
        """Orders with something to deliver, oldest promised day first: of one customer, only those that could leave in full
        now, or only those that could not (BK1)."""
        found = open_orders(self.unit, customer)
        return [one for one in found if deliverable in (None, one.deliverable)]

    @checked_with(QuotedFields)
    def price(
        self, item: Any, quantity: Any, customer: Code | None = None, day: Day | None = None, *,
        supplier: Code | None = None, **header: Any,
    ) -> PriceView:  # fmt: skip
        """The price that a line would have, sold or (by a ``supplier``) bought, with its trace; nothing is stored.

        A price of a supplier is refused without the right ``see_margin``.
        """
        if day is not None:
            header["date"] = day
        found = self.quote_line(item, quantity, customer=customer, supplier=supplier, **header)
        if found.problems:
            raise InputError(found.problems)
        return PriceView(found.line, found.currency)

    @checked
    def rates(self, currencies: Several[Code], first: Bound, last: Bound) -> list[ExchangeRate]:
        """The exchange rates of ``currencies``, or of all, that are dated within a period, by day."""
        return store_master.rates_between(self.unit.connection, self.unit.company, currencies, first, last)

    @checked
    def items(self, codes: Several[Code]) -> dict[str, Item]:
        """Items by code."""
        return shown_items(self.unit, store_master.load_items(self.unit.connection, self.unit.company, codes))

    @checked
    def known_items(self, codes: Several[Code]) -> dict[str, Item]:
        """Items by code; InputError names the nearest one where a code is unknown."""
        self.unit.load_items(codes)
        return self.items(codes)

    @checked
    def known_warehouses(self, codes: Several[Code]) -> None:
        """InputError names the nearest warehouse where a code is of none, nor of a place that has goods."""
        if told := unknown_warehouses(self.unit, codes, strict=True):
            raise InputError(list(told.values()))

    @checked
    def codes(self, kind: Name) -> list[str]:
        """All codes of a master table. Raises InputError for an unknown one."""
        if kind not in store_master.TABLES:
            raise InputError([f"unknown master table {kind!r}{did_you_mean(kind, store_master.TABLES)}"])
        return store_master.codes_of(self.unit.connection, self.unit.company, kind)

    @checked
    def messages(self, document_id: DocumentId) -> int:
        """How many messages a document has caused."""
        return outbox.counts(self.unit.connection, self.unit.company, document_id)

    @checked
    def outbox(
        self,
        states: ListOf[Name] = UNDELIVERED,
        *,
        document: DocumentId | None = None,
        limit: Count | None = 100,
    ) -> list[OutboxMessage]:
        """Messages that did not go out, or those in other ``states``, oldest first; of one document or of all.

        States: ``queued``, ``failed`` (tried again), ``dead`` (not), ``sent``, ``letter``.
        """
        if unknown := sorted(set(states) - set(MESSAGE_STATES)):
            hint = did_you_mean(unknown[0], MESSAGE_STATES)
            raise InputError([f"no message is ever {unknown[0]!r}{hint}; states: {', '.join(MESSAGE_STATES)}"])
        return outbox.messages(self.unit.connection, self.unit.company, states, document, limit)

    @checked
    def outbox_message(self, message_id: DocumentId) -> OutboxMessage:
        """A message of the outbox by its id; NotFound when there is none."""
        return sending.message(self.unit, message_id)

    @checked
    def history(self, document_id: DocumentId) -> list[Any]:
        """The audit entries of a document, or of a record by its id, oldest first, with what they say of persons as far as
        it was not deleted; without what costs could be read of, or tried out against, for an actor who may not see them."""
        where = (self.unit.connection, self.unit.company, [document_id])
        kept: dict[int, dict[str, Any]] = {}
        for row in personal.of_entries(*where):
            kept.setdefault(row.version, {})[row.field] = json.loads(row.text)
        rows = audit_log.entries(*where)
        found = [row._replace(payload=joined(row.payload, kept.get(row.version, {}))) for row in rows]
        return shown_entries(self.unit, found, self._side(document_id))

    def _side(self, document_id: Id) -> str:
        known = store_documents.ids_where(self.unit.connection, self.unit.company, {"id": document_id})
        return self.unit.type_of(self.unit.load(known)[0]).side if known else ""

    @checked
    def refused_prices(self, actor: Name | None = None, since: InstanceOf[datetime] | None = None) -> RefusedPrices:
        """The prices that were refused, newest first, and how many by actor: of one actor, or from a moment on.

        Refused without the right ``see_margin``.
        """
        refuse_costs(self.unit.actor, "refused prices")
        return RefusedPrices(tuple(refused_prices.found(self.unit.connection, self.unit.company, actor, since)))

    @checked
    def entries(self, first: Bound, last: Bound) -> Iterator[Any]:
        """Accounting entry lines dated within a period, by date, journal and number.

        These, like all accounting entries, are refused without the right ``see_margin``.
        """
        refuse_costs(self.unit.actor, "accounting entries")
        return entries.between(self.unit.connection, self.unit.company, first, last)

    @checked
    def entries_of_batch(self, batch: Count) -> Iterator[Any]:
        """Accounting entry lines that went out with a batch, in the same order (AC3)."""
        refuse_costs(self.unit.actor, "accounting entries")
        return entries.of_batch(self.unit.connection, self.unit.company, batch)

    @checked
    def entry_span(self) -> tuple[date, date] | None:
        """The dates of the first and the last accounting entry; none when there is no entry."""
        return entries.span(self.unit.connection, self.unit.company)

    @checked
    def entries_of(self, document_id: DocumentId) -> list[Any]:
        """The accounting entry lines that a document caused."""
        refuse_costs(self.unit.actor, "accounting entries")
        return entries.of_documents(self.unit.connection, self.unit.company, [document_id])

    @checked
    def party_facts(self, code: Code) -> PartyFacts:
        """What expressions see of a party."""
        self.unit.load_parties([code])
        return PartyFacts(self.unit.pack.model, self.unit.parties[code], self.unit.today)
