"""Read models: what hosts, renderers, exports and scenarios see. They hold values, never rows or connections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sphinx_lib.app.asking import made_from
from sphinx_lib.app.comparing import Comparison, compare
from sphinx_lib.app.deals import DealView, deal_view
from sphinx_lib.app.document_view import DocumentView, mentions_of
from sphinx_lib.app.margins import item_without_cost, sees_margin, without_costs
from sphinx_lib.app.previewing import Previews
from sphinx_lib.app.printing import load_for_print, shows_prices
from sphinx_lib.kernel.document import ZERO, Document, Id, Line
from sphinx_lib.kernel.errors import InputError, NotFound
from sphinx_lib.kernel.master import ExchangeRate, Item, Party
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.scopes import PartyFacts
from sphinx_lib.store import audit_log, entries, outbox
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import master as store_master
from sphinx_lib.store.stock import Balance
from sphinx_lib.store.tables import documents

__all__ = ["CustomerView", "DocumentView", "PriceView", "Views"]


class CustomerView(NamedTuple):
    """What a customer owes: ``balance`` of issued documents, the part past due, and the outstanding by class (C1)."""

    party: Party
    balance: Decimal
    overdue: Decimal
    outstanding: Decimal
    by_class: Mapping[str, Decimal]


class PriceView(NamedTuple):
    """The price of one item for one customer, as a line of a document would have it."""

    line: Line
    currency: str


class Views(Previews):
    """Reads in one transaction. Made by ``Sphinx.reader``."""

    def document(self, document_id: Id, language: str | None = None) -> DocumentView:
        """One document, said in ``language`` when given, else in its own; NotFound when this company has none."""
        (view,) = self.documents([document_id])
        if language is None or language == view.document.language:
            return view
        self.unit.load_items({line.item for line in view.document.lines if line.item})
        return view.in_language(language, {code: item.name for code, item in self.unit.items.items()})

    def documents(self, ids: Sequence[Id]) -> list[DocumentView]:
        """Several documents in the order of ``ids``, in a fixed number of statements."""
        found = self.unit.load(ids)
        self.unit.load_sources(found)
        load_for_print(self.unit, found)
        return [self._view(document) for document in found]

    def _shown(self, document: Document) -> Document:
        """The document as the actor of this reader may see it (S48)."""
        return document if sees_margin(self.unit.actor) else without_costs(document, self.unit.pack)

    def ids(self, **filters: Any) -> list[Id]:
        """Ids of documents whose fields equal (or are among) the values given, in order of creation.

        Fields of one's own must be declared ``searchable``; naming the ``type`` says whose they are.
        """
        known = documents.c.keys()
        own: dict[str, str] = {}
        for name in filters.keys() - set(known):
            types = self.unit.pack.model.document_types
            named = types.get(str(filters.get("type")))
            field = named.fields.get(name) if named else None
            if field is None or not field.searchable:
                there = [one for one, each in named.fields.items() if each.searchable] if named else []
                hint = did_you_mean(name, [*known, *there])
                raise InputError([f"cannot search by {name!r}{hint}; declare it searchable"])
            own[name] = field.type
        return store_documents.ids_where(self.unit.connection, self.unit.company, filters, own)

    def find(self, type: str, number: str) -> DocumentView:
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
        prices = shows_prices(self.unit, document)
        mentions = tuple(mentions_of(document, declared, model, prices=prices))
        return DocumentView(self._shown(document), declared, self.unit.pack, mentions, sources, prices)

    def sources(self, document_id: Id) -> list[Document]:
        """The documents that one was made from, oldest first."""
        document = self.unit.load([document_id])[0]
        ids = sorted({line.source_document for line in document.lines if line.source_document})
        return [self._shown(one) for one in self.unit.load(ids)]

    def results(self, document_id: Id) -> list[Document]:
        """The documents made from one, oldest first."""
        ids = store_documents.made_from(self.unit.connection, self.unit.company, document_id)
        return [self._shown(one) for one in self.unit.load(ids)]

    def customer(self, code: str) -> CustomerView:
        """What a customer owes now, from open items only."""
        unit = self.unit
        found, sums = store_master.load_outstanding(unit.connection, unit.company, [code])
        if code not in found:
            known = store_master.codes_of(unit.connection, unit.company, "customer")
            raise NotFound(f"no customer {code!r}{did_you_mean(code, known)}")
        by_class = sums[code]
        ledger = unit.pack.ledger_classes
        counted = unit.pack.model.billing.outstanding
        return CustomerView(
            found[code],
            sum((amount for name, amount in by_class.items() if name in ledger), ZERO),
            store_documents.overdue(unit.connection, unit.company, code, sorted(ledger), unit.today),
            sum((amount for name, amount in by_class.items() if counted.get(name)), ZERO),
            by_class,
        )

    def comparison(self, rfq_id: Id, answers: str = "supplier_quotation") -> Comparison:
        """What suppliers answered to a request, line by line in company currency, the best marked (S11, PO3).

        ``answers`` is the type of what was made from the request.
        """
        (rfq,) = self.unit.load([rfq_id])
        found = made_from(self.unit, [rfq_id], answers)
        standing = [one for one in found if not self._is_called_off(one)]
        currency = self.unit.pack.model.company.currency
        return compare(rfq, self.documents([one.id for one in standing]), currency, self.unit.today)

    def _is_called_off(self, answer: Document) -> bool:
        """Whether nothing was ever asked: a draft that was given up."""
        return answer.number is None and self.unit.type_of(answer).counts(answer.state) == "none"

    def deal(self, code: str) -> DealView:
        """What a deal brings: net, cost and margin quoted, ordered, delivered and invoiced, in company currency (S50)."""
        return deal_view(self.unit, code)

    def stock(self, item: str, warehouse: str | None = None) -> Balance:
        """Quantities of an item in one warehouse, or over all of them."""
        unit = self.unit
        unit.load_items([item])
        unit.load_stock([item])
        rows = [balance for (_, place), balance in self._balances(item) if warehouse in (None, place)]
        return Balance(
            sum((one.physical for one in rows), ZERO),
            sum((one.reserved for one in rows), ZERO),
            sum((one.on_order for one in rows), ZERO),
        )

    def _balances(self, item: str) -> Iterator[tuple[tuple[str, str], Balance]]:
        return ((key, balance) for key, balance in self.unit.balances.items() if key[0] == item)

    def available(self, document: Document) -> dict[Id, Decimal]:
        """Available stock for each line of a document that moves stock, its own reservation aside (K2)."""
        self.unit.prefetch([document], {"stock"})
        situation = self.unit.situation(document)
        return {line.id: situation.available_of(line) for line in document.lines if line.goods}

    def price(
        self, item: str, quantity: Any, customer: str | None = None, day: date | None = None, **header: Any
    ) -> PriceView:
        """The price that a line would have, with its trace; nothing is stored."""
        if day is not None:
            header["date"] = day
        found = self.quote_line(item, quantity, customer=customer, **header)
        if found.problems:
            raise InputError(found.problems)
        return PriceView(found.line, found.currency)

    def rates(self, currencies: Sequence[str], first: date, last: date) -> list[ExchangeRate]:
        """The exchange rates of ``currencies``, or of all, that are dated within a period, by day."""
        return store_master.rates_between(self.unit.connection, self.unit.company, currencies, first, last)

    def items(self, codes: Sequence[str]) -> dict[str, Item]:
        """Items by code."""
        found = store_master.load_items(self.unit.connection, self.unit.company, codes)
        if sees_margin(self.unit.actor):
            return found
        return {code: item_without_cost(item) for code, item in found.items()}

    def codes(self, kind: str) -> list[str]:
        """All codes of a master table."""
        return store_master.codes_of(self.unit.connection, self.unit.company, kind)

    def messages(self, document_id: Id) -> int:
        """How many messages a document has caused."""
        return outbox.counts(self.unit.connection, self.unit.company, document_id)

    def history(self, document_id: Id) -> list[Any]:
        """The audit entries of a document, oldest first."""
        return list(audit_log.entries(self.unit.connection, self.unit.company, [document_id]))

    def entries(self, first: date, last: date) -> Iterator[Any]:
        """Accounting entry lines dated within a period, by date, journal and number."""
        return entries.between(self.unit.connection, self.unit.company, first, last)

    def entries_of_batch(self, batch: int) -> Iterator[Any]:
        """Accounting entry lines that went out with a batch, in the same order (AC3)."""
        return entries.of_batch(self.unit.connection, self.unit.company, batch)

    def entry_span(self) -> tuple[date, date] | None:
        """The dates of the first and the last accounting entry; none when there is no entry."""
        return entries.span(self.unit.connection, self.unit.company)

    def entries_of(self, document_id: Id) -> list[Any]:
        """The accounting entry lines that a document caused."""
        return entries.of_documents(self.unit.connection, self.unit.company, [document_id])

    def party_facts(self, code: str) -> PartyFacts:
        """What expressions see of a party."""
        self.unit.load_parties([code])
        return PartyFacts(self.unit.pack.model, self.unit.parties[code], self.unit.today)
