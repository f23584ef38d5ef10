"""A document as hosts, renderers and exports see it, with what its type and its neighbours say about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from sphinx_lib.app.margins import LineMargin, line_margin
from sphinx_lib.app.sight import hides_amounts
from sphinx_lib.app.view_json import document_json
from sphinx_lib.billing.early_payment import last_day, offer_of
from sphinx_lib.billing.terms import legal_warnings
from sphinx_lib.kernel.document import EMPTY, ZERO, Document, Id, Line
from sphinx_lib.kernel.identifiers import UNION, vat_country
from sphinx_lib.kernel.localized import day, decimals, number
from sphinx_lib.kernel.money import currency_digits, plain_number, quotients
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.costs import NO_FIGURE
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.workflow_model import DocumentType
from sphinx_lib.pricing.eco import in_prices
from sphinx_lib.pricing.explain import TOTAL, Explained, explain
from sphinx_lib.pricing.foot import foot_of
from sphinx_lib.pricing.guards import not_passed
from sphinx_lib.pricing.shipping import weight_of
from sphinx_lib.pricing.tax import rate_of
from sphinx_lib.stock.weights import Weights, weigh
from sphinx_lib.workflow.derive import heading_of
from sphinx_lib.workflow.facts import rate


@dataclass(frozen=True)
class DocumentView:
    """A document with what its type, its company and its neighbours say about it.

    ``sources`` are by id the documents that its lines were made from, and the roots of these lines; ``shows_prices``
    says whether amounts stand on paper; ``asked`` what somebody is to decide about the rest of an order (BK1).
    """

    document: Document
    type: DocumentType
    pack: Pack
    mentions: tuple[str, ...]
    sources: Mapping[Id, Document] = field(default_factory=dict)
    shows_prices: bool = True
    packing: Mapping[str, Decimal] = field(default_factory=dict)
    asked: str = ""

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
    def hides_amounts(self) -> bool:
        """Whether its amounts are not shown: it is a purchase, read by somebody who may not see costs (S48)."""
        return hides_amounts(self.document, self.type.side)

    @property
    def label(self) -> str:
        """The type's name in the document's language, its kind's when it has one."""
        return in_language(self.type.label, self.document.language)

    @property
    def state_label(self) -> str:
        """The state's name in the document's language."""
        return in_language(self.type.states[self.document.state].label, self.document.language)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why events led to another state than they might have, as recorded: what is disputed, line by line."""
        entries = (entry for entry in self.document.history.values() if "reasons" in entry)
        return tuple(reason for entry in entries for reason in entry["reasons"])

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
        """Codes of what the law does not allow in its due dates (T8), prices that a guard lets pass (G1), a VAT number that
        is wrong, so that it exempts nothing (VA4), items without weight on picking lists (W1), what events let pass (K7),
        and what is to be decided (BK1)."""
        let_pass = [text for event in self.document.history.values() for text in event.get("warnings", ())]
        asked = (self.asked,) if self.asked else ()
        own = (*self._due_warnings(), *self._price_warnings(), *self._vat_warnings(), *self._weight_warnings())
        return (*own, *let_pass, *asked)

    def _weight_warnings(self) -> Iterator[str]:
        for position, item in self.weights().unknown if self.type.picks else ():
            yield f"line {position}: {item} has no weight"

    def _vat_warnings(self) -> Iterator[str]:
        facts = self.document.party_facts
        number = facts.get("vat_number", "")
        if number and facts.get("country") in UNION and not vat_country(number):
            yield f"vat_number: {number} has a wrong form or wrong check digits, so it exempts from no VAT"

    def _price_warnings(self) -> Iterator[str]:
        for line in self.document.lines:
            for row in not_passed(line, "warn", "approve", "approved"):
                floor = NO_FIGURE if row.running is None else plain_number(row.running)
                price = plain_number(row.basis or ZERO)
                yield f"line {line.position}: {price} is below {floor} ({row.step}: {row.reason})"

    def _due_warnings(self) -> tuple[str, ...]:
        term = self.model.billing.payment_terms.get(self.document.payment_terms)
        if term is None or not self.document.instalments:
            return ()
        return tuple(one.code for one in legal_warnings(term, self.document.date, self.document.instalments))

    @property
    def weight_kg(self) -> Decimal:
        """Net weight of all lines in kg, rounded once at the end (W1)."""
        return weight_of(self.document.lines).kg

    def weights(self, unit: str = "") -> Weights:
        """Net and gross weight in ``unit``, that of ``stock.weight_unit`` unless given, and items without weight (W1)."""
        return weigh(self.document.lines, self.packing, self.pack.units, unit or self.model.stock.weight_unit)

    def source_of(self, line: Line) -> Document | None:
        """The document that a line was made from."""
        return self.sources.get(line.source_document or "")

    def root_of(self, line: Line) -> Line | None:
        """The line that a line goes back to, such as that of the order which a delivery note delivers."""
        return self._roots.get((line.root_document or "", line.root_id or ""))

    @cached_property
    def _roots(self) -> Mapping[tuple[Id, Id], Line]:
        """The lines of the sources, by their document and their own id."""
        return {(source.id, line.id): line for source in self.sources.values() for line in source.lines}

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

    def margin_figures(self, line: Line) -> LineMargin | None:
        """What a line costs and earns; none for lines without margin, such as port (M3), and where costs are not shown."""
        if self.document.total_cost is None:
            return None
        return line_margin(line, self.document, self.vat_rate(line))

    def vat_rate(self, line: Line) -> Decimal:
        """Percent of VAT on a line of the document; 0 where it has no code of its own (VA2)."""
        return self._vat_rates[line.vat] if line.vat else ZERO

    @cached_property
    def _vat_rates(self) -> Mapping[str, Decimal]:
        document = self.document
        day = document.tax_date or document.date
        codes = {line.vat for line in document.lines if line.vat}
        return {code: rate_of(code, document.regime, self.pack, day) for code in codes}

    def margin_of(self, line: Line) -> Decimal | None:
        """Margin of one line in the document's currency (M1); port and the like earn nothing; none where it is not shown."""
        found = self.margin_figures(line)
        return found.margin if found is not None else None if self.document.total_cost is None else ZERO

    def explain(self, line: Line, language: str = "") -> tuple[Explained, ...]:
        """Why a line costs what it costs, in words: rows whose amounts add up to its net unit price, which is the last one
        (S52). In the document's language unless another is named."""
        rows = explain(line.trace, self.pack, language or self.document.language)
        per = f" / {plain_number(line.per)}" if line.per != 1 else ""
        return tuple(row._replace(note=self.document.currency + per) if row.row.step == TOTAL else row for row in rows)

    def as_json(self) -> dict[str, Any]:
        """The document for a host: numbers as plain text, without costs and margins where they are not shown."""
        return document_json(self)


NO_EARLY_DISCOUNT = "no_early_discount"
"""The mention that no document with an escompte, on the invoice or on payment, makes."""


def mentions_of(
    document: Document, declared: DocumentType, model: PackModel, *, prices: bool = True
) -> Iterator[str]:
    """What the VAT regime, contributions held by prices (EP1) where there are ``prices`` and, on invoices, the law of
    payments make a document say."""
    regime = model.taxes.both.get(document.regime)
    if regime is not None and regime.mention and declared.lines:
        text = in_language(regime.mention, document.language)
        yield text.replace("{party.vat_number}", str(document.party_facts.get("vat_number", "")))
    eco = in_prices(document.lines, currency_digits(document.currency)) if declared.lines and prices else ZERO
    if eco:
        amount = decimals(eco, currency_digits(document.currency), document.language)
        yield in_language(model.labels["eco_included"], document.language).format(amount=f"{amount} {document.currency}")
    if declared.side == "sales" and declared.payable and declared.lines and declared.sign_number > 0:
        offer = _early_payment(document, model)
        given = {NO_EARLY_DISCOUNT} if offer or document.early_payment_discount else set()
        yield from (in_language(label, document.language) for name, label in model.mentions.items() if name not in given)
        yield from offer


def _early_payment(document: Document, model: PackModel) -> tuple[str, ...]:
    """The discount that the law wants said with the payment terms, where these grant one (E2, C. com. L441-9)."""
    offer = offer_of(document, model.billing.payment_terms)
    if offer is None:
        return ()
    text = model.labels["early_payment_offer_net" if offer.net_of_tax else "early_payment_offer"]
    until = last_day(document.date, offer)
    said, language = in_language(text, document.language), document.language
    return (said.format(percent=number(offer.percent, language), until=day(until, language)),)
