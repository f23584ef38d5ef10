"""Read models: what hosts, renderers, exports and scenarios see. They hold values, never rows or connections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from sphinx_lib.app.line_input import LineInput
from sphinx_lib.app.lines import build_lines
from sphinx_lib.app.printing import load_for_print, shows_prices
from sphinx_lib.app.unit import Unit
from sphinx_lib.billing.terms import legal_warnings
from sphinx_lib.kernel.document import EMPTY, ZERO, Document, Id, Line
from sphinx_lib.kernel.errors import InputError, NotFound
from sphinx_lib.kernel.identifiers import UNION, vat_country
from sphinx_lib.kernel.master import ExchangeRate, Item, Party
from sphinx_lib.kernel.money import currency_digits, plain_number, quotients, round_half_up
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.scopes import PartyFacts
from sphinx_lib.pack.workflow_model import DocumentType
from sphinx_lib.pricing.eco import in_prices
from sphinx_lib.pricing.foot import foot_of
from sphinx_lib.pricing.guards import failed
from sphinx_lib.pricing.shipping import weight_of
from sphinx_lib.pricing.totals import with_net
from sphinx_lib.store import audit_log, entries, outbox
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import master as store_master
from sphinx_lib.store.stock import Balance
from sphinx_lib.store.tables import documents
from sphinx_lib.workflow.derive import heading_of
from sphinx_lib.workflow.facts import line_margin, rate


@dataclass(frozen=True)
class DocumentView:
    """A document with what its type, its company and its neighbours say about it.

    ``sources`` are by id the documents that its lines were made from, and the roots of these lines; ``shows_prices``
    says whether amounts stand on paper.
    """

    document: Document
    type: DocumentType
    pack: Pack
    mentions: tuple[str, ...]
    sources: Mapping[Id, Document] = field(default_factory=dict)
    shows_prices: bool = True

    @property
    def model(self) -> PackModel:
        """The configuration."""
        return self.pack.model

    @cached_property
    def counterparts(self) -> tuple[Decimal, ...]:
        """What each line gives to the net total, after what is taken off at the foot, in company currency; these add up to
        the counterpart of the total (F1, N5)."""
        document = self.document
        if not document.lines:
            return ()
        bases = foot_of(document, self.pack).bases(len(document.lines))
        digits = currency_digits(self.model.company.currency)
        return tuple(quotients(document.counterpart_net, bases, document.rate, digits))

    @property
    def label(self) -> str:
        """The type's name in the document's language, its kind's when it has one."""
        return in_language(self.type.label, self.document.language)

    @property
    def state_label(self) -> str:
        """The state's name in the document's language."""
        return in_language(self.type.states[self.document.state].label, self.document.language)

    @property
    def margin_rate(self) -> Decimal | None:
        """Margin in percent of the sale (taux de marque); none without a sale (M1)."""
        return rate(self.document.margin, self.document.net_commercial)

    @property
    def markup_rate(self) -> Decimal | None:
        """Margin in percent of the cost (taux de marge); none without a cost (M1)."""
        return rate(self.document.margin, self.document.total_cost)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of what the law does not allow in its due dates (T8), prices that a guard lets pass (G1), and a VAT number
        that is wrong, so that it exempts nothing (VA4)."""
        return (*self._due_warnings(), *self._price_warnings(), *self._vat_warnings())

    def _vat_warnings(self) -> Iterator[str]:
        facts = self.document.party_facts
        number = facts.get("vat_number", "")
        if number and facts.get("country") in UNION and not vat_country(number):
            yield f"vat_number: {number} has a wrong form or wrong check digits, so it exempts from no VAT"

    def _price_warnings(self) -> Iterator[str]:
        for line in self.document.lines:
            for failure in failed(line, "warn", "approve", "approved"):
                price, floor = plain_number(failure.price), plain_number(failure.floor)
                yield f"line {line.position}: {price} is below {floor} ({failure.guard}: {failure.on_fail})"

    def _due_warnings(self) -> tuple[str, ...]:
        term = self.model.billing.payment_terms.get(self.document.payment_terms)
        if term is None or not self.document.instalments:
            return ()
        return tuple(one.code for one in legal_warnings(term, self.document.date, self.document.instalments))

    @property
    def weight_kg(self) -> Decimal:
        """Net weight of all lines in kg, rounded once at the end (W1)."""
        return weight_of(self.document.lines).kg

    def source_of(self, line: Line) -> Document | None:
        """The document that a line was made from."""
        return self.sources.get(line.source_document or "")

    def root_of(self, line: Line) -> Line | None:
        """The line that a line goes back to, such as that of the order which a delivery note delivers."""
        root = self.sources.get(line.root_document or "")
        return next((one for one in root.lines if one.id == line.root_id), None) if root else None

    def in_language(self, language: str, names: Mapping[str, Mapping[str, str]] = EMPTY) -> DocumentView:
        """The same document said in another language (LG1): mentions and headings follow, and texts that are the
        name of their item when ``names`` holds it by code. What somebody wrote stays as it is."""
        lines = tuple(self._said(line, language, names.get(line.item or "", EMPTY)) for line in self.document.lines)
        document = self.document.changed(language=language, lines=lines)
        mentions = mentions_of(document, self.type, self.model, prices=self.shows_prices)
        return replace(self, document=document, mentions=tuple(mentions))

    def _said(self, line: Line, language: str, name: Mapping[str, str]) -> Line:
        source = self.source_of(line)
        made = self.type.made_from.get(source.type) if source else None
        if source and made and line.heading:
            line = line._replace(heading=heading_of(source, made, language))
        if name and line.text == in_language(name, self.document.language):
            line = line._replace(text=in_language(name, language))
        return line

    def left(self, line: Line, progress: str) -> Decimal:
        """What is left of a line in a progress; ``delivered`` gives the backorder (BK1)."""
        return line.remaining(progress)

    def margin_of(self, line: Line) -> Decimal:
        """Margin of one line in the document's currency (M1)."""
        digits = currency_digits(self.document.currency)
        return round_half_up(line_margin(line._replace(cost=(line.cost or ZERO) * self.document.rate)), digits)


NO_EARLY_DISCOUNT = "no_early_discount"
"""The mention that no document with an escompte makes."""


def mentions_of(
    document: Document, declared: DocumentType, model: PackModel, *, prices: bool = True
) -> Iterator[str]:
    """What the VAT regime, contributions held by prices (EP1) where there are ``prices`` and, on invoices, the law of
    payments make a document say."""
    regime = model.taxes.regimes.get(document.regime)
    if regime is not None and regime.mention and declared.lines:
        text = in_language(regime.mention, document.language)
        yield text.replace("{party.vat_number}", str(document.party_facts.get("vat_number", "")))
    eco = in_prices(document.lines, currency_digits(document.currency)) if declared.lines and prices else ZERO
    if eco:
        amount = f"{eco:f}".replace(".", "," if document.language == "fr" else ".")
        yield in_language(model.labels["eco_included"], document.language).format(amount=f"{amount} {document.currency}")
    if declared.payable and declared.lines and declared.sign_number > 0:
        given = {NO_EARLY_DISCOUNT} if document.early_payment_discount else set()
        yield from (in_language(label, document.language) for name, label in model.mentions.items() if name not in given)


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


class Views:
    """Reads in one transaction. Made by ``Sphinx.reader``."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

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
        sources = {one: self.unit.get(one) for one in ids}
        prices = shows_prices(self.unit, document)
        mentions = tuple(mentions_of(document, declared, model, prices=prices))
        return DocumentView(document, declared, self.unit.pack, mentions, sources, prices)

    def sources(self, document_id: Id) -> list[Document]:
        """The documents that one was made from, oldest first."""
        document = self.unit.load([document_id])[0]
        return self.unit.load(sorted({line.source_document for line in document.lines if line.source_document}))

    def results(self, document_id: Id) -> list[Document]:
        """The documents made from one, oldest first."""
        return self.unit.load(store_documents.made_from(self.unit.connection, self.unit.company, document_id))

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
        unit = self.unit
        if customer is not None:
            unit.load_parties([customer])
        party = unit.parties.get(customer or "")
        company = unit.pack.model.company
        currency = header.get("currency") or (party.currency if party else "") or company.currency
        when = day or unit.today
        rate_found = (
            None
            if currency == company.currency
            else store_master.rate_on(unit.connection, unit.company, currency, when)
        )
        if rate_found is None and currency != company.currency:
            raise InputError([f"no exchange rate for {currency} on {when}"])
        document = Document(
            id=unit.new_id(), type="", state="", date=when, party=customer, currency=currency,
            rate=rate_found.rate if rate_found else Decimal(1), language=header.get("language", company.language),
            site=header.get("site", ""),
        )  # fmt: skip
        problems: list[str] = []
        given = {"item": item, "quantity": quantity, **({"unit": header["unit"]} if header.get("unit") else {})}
        declared = next(iter(unit.pack.model.document_types.values()))
        entered = LineInput.of(given, 1, problems, declared)
        lines = build_lines(unit, document, [entered] if entered else [], problems)
        if problems:
            raise InputError(problems)
        return PriceView(with_net(lines[0], currency_digits(currency)), currency)

    def rates(self, currencies: Sequence[str], first: date, last: date) -> list[ExchangeRate]:
        """The exchange rates of ``currencies``, or of all, that are dated within a period, by day."""
        return store_master.rates_between(self.unit.connection, self.unit.company, currencies, first, last)

    def items(self, codes: Sequence[str]) -> dict[str, Item]:
        """Items by code."""
        return store_master.load_items(self.unit.connection, self.unit.company, codes)

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
