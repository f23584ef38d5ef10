"""What a template prints, worked out from the view of a document: words, addresses, rows and figures as text.

Templates lay out; what takes a decision stands here, where it is typed and tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from sphinx_lib.app.views import DocumentView
from sphinx_lib.kernel import localized
from sphinx_lib.kernel.document import OPTIONAL, ZERO, Document, Line, VatAmount
from sphinx_lib.kernel.errors import RenderError
from sphinx_lib.kernel.money import currency_digits
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.base import Label, in_language
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.rebate_model import REBATE_GROUP
from sphinx_lib.pack.workflow_model import Field_
from sphinx_lib.pricing.foot import entered_amount
from sphinx_lib.render import amounts, letterhead
from sphinx_lib.render.foot import foot_rows
from sphinx_lib.render.letterhead import Pair
from sphinx_lib.render.lots import lots_of


@dataclass(frozen=True)
class Words:
    """The texts of the ``labels`` section in one language: ``t("total_net")``."""

    labels: Mapping[str, Label]
    language: str

    def __call__(self, name: str, /, **values: str) -> str:
        """The text of a label, its ``{places}`` filled; RenderError names the nearest when there is none."""
        if name not in self.labels:
            raise RenderError(f"no text {name!r} in the section `labels`{did_you_mean(name, self.labels)}", label=name)
        text = in_language(self.labels[name], self.language)
        return text.format(**values) if values else text


class Row(NamedTuple):
    """A row of the table of lines, as text. ``heading`` is set where it changes; a comment has a text only.

    ``role`` is that of its line: a ``heading`` or ``subtotal`` of a section, an ``option`` that is not summed, ``shipping``
    and so on (N9); empty for goods and services. ``notes`` are the small lines below the text; ``ordered`` and ``left`` are
    known where an order stands behind.
    """

    text: str
    heading: str = ""
    is_comment: bool = False
    code: str = ""
    notes: tuple[str, ...] = ()
    quantity: str = ""
    unit: str = ""
    price: str = ""
    discount: str = ""
    vat: str = ""
    net: str = ""
    ordered: str = ""
    left: str = ""
    role: str = ""
    lots: str = ""


class VatRow(NamedTuple):
    """VAT of one code or regime, as text."""

    label: str
    rate: str
    base: str
    amount: str


@dataclass(frozen=True)
class Page:
    """A document ready to be laid out, in its language and currency."""

    view: DocumentView

    @property
    def document(self) -> Document:
        """The document."""
        return self.view.document

    @property
    def model(self) -> PackModel:
        """The configuration."""
        return self.view.model

    @property
    def language(self) -> str:
        """Language of everything printed."""
        return self.document.language

    @cached_property
    def t(self) -> Words:
        """The texts of the ``labels`` section."""
        return Words(self.model.labels, self.language)

    # -- figures ---------------------------------------------------------------------------------------------------

    def money(self, amount: Decimal, currency: str = "") -> str:
        """An amount with its currency, the document's unless given; nothing where no amount may stand."""
        if not self.shows_prices:
            return ""
        return amounts.money(amount, currency or self.document.currency, self.language)

    def figure(self, amount: Decimal) -> str:
        """An amount without currency, for a column that is headed by it; nothing where no amount may stand."""
        return amounts.figure(amount, self.document.currency, self.language) if self.shows_prices else ""

    def number(self, value: Decimal) -> str:
        """A quantity or a rate."""
        return localized.number(value, self.language)

    def percent(self, value: Decimal) -> str:
        """A percent: 5.5 is 5.5 %."""
        return localized.percent(value, self.language)

    def day(self, value: date) -> str:
        """A date."""
        return localized.day(value, self.language)

    # -- what the document is --------------------------------------------------------------------------------------

    @property
    def number_or_draft(self) -> str:
        """The number, or the word for a document that has none yet."""
        return self.document.number or self.t("draft")

    @property
    def shows_prices(self) -> bool:
        """Whether amounts stand on the page: the type may leave them out for some customers (``print.prices``)."""
        return self.view.shows_prices

    @property
    def is_credit(self) -> bool:
        """Whether the amounts are in favour of the party (N8)."""
        return self.view.type.sign_number < 0

    @property
    def is_foreign(self) -> bool:
        """Whether the document is held in another currency than the company's (S21)."""
        return self.document.currency != self.model.company.currency

    @property
    def nature(self) -> str:
        """Goods, services or both: a word that the law wants on invoices (242 nonies A). A rebate supplies nothing."""
        supplied = (line for line in self.document.lines if not line.role and line.account_group != REBATE_GROUP)
        kinds = {_is_goods(line) for line in supplied if line.quantity is not None}
        if not kinds:
            return ""
        return self.t("nature_mixed" if len(kinds) == 2 else "nature_goods" if True in kinds else "nature_services")

    # -- who and where ---------------------------------------------------------------------------------------------

    @cached_property
    def seller(self) -> letterhead.Seller:
        """The company as printed."""
        company = self.model.company
        abroad = self.document.party_facts.get("country", company.country) != company.country
        return letterhead.seller(company, self.t, self.language, abroad=abroad)

    @cached_property
    def address(self) -> tuple[str, ...]:
        """Name and address of the party, as on an envelope."""
        facts = self.document.party_facts
        return self._address(facts, facts.get("country", ""))

    @cached_property
    def delivery_address(self) -> tuple[str, ...]:
        """Name and address of the site, empty when it is the party's own."""
        facts = self.document.party_facts
        site: Mapping[str, Any] = facts.get("site") or {}
        if not site.get("address"):
            return ()
        named = {"name": facts.get("name", ""), **site}
        found = self._address(named, site.get("country") or facts.get("country", ""))
        return () if found == self.address else found

    def _address(self, facts: Mapping[str, Any], country: str) -> tuple[str, ...]:
        named = country and country != self.model.company.country
        last = amounts.country(country, self.language) if named else ""
        return letterhead.address(facts.get("name", ""), facts.get("address") or {}, country, last)

    # -- references ------------------------------------------------------------------------------------------------

    @cached_property
    def references(self) -> tuple[Pair, ...]:
        """Labels and values beside the address: date, references, identity numbers of the party, own fields."""
        return tuple(self._references())

    def _references(self) -> Iterator[Pair]:
        document, t = self.document, self.t
        facts = document.party_facts
        yield Pair(t("date"), self.day(document.date))
        if "code" in facts:
            yield Pair(t("supplier_code" if self.view.type.side == "purchase" else "customer_code"), facts["code"])
        if document.reference and not self._cites_sources(document.reference):
            yield Pair(t("your_reference"), document.reference)
        if document.origin:
            yield Pair(t("corrects" if self.is_credit else "origin"), self._origin())
        if document.deal:
            yield Pair(t("deal"), document.deal)
        if facts.get("siren") or facts.get("siret"):
            yield Pair(t("your_siren"), letterhead.grouped(facts.get("siren") or facts["siret"][:9], 3))
        if facts.get("vat_number"):
            yield Pair(t("your_vat_number"), facts["vat_number"])
        if self.view.type.fiscal:
            yield from self._delivered_on()
            if self.nature:
                yield Pair(t("nature"), self.nature)
        yield from self._own_fields(self.view.type.fields, document.custom)

    def _origin(self) -> str:
        """Numbers of the sources, with their dates where the sources are at hand."""
        direct = {line.source_document for line in self.document.lines if line.source_document}
        known = [one for one in self.view.sources.values() if one.id in direct and one.number]
        if not known:
            return self.document.origin
        return ", ".join(self.t("number_of_date", number=one.number or "", date=self.day(one.date)) for one in known)

    def _cites_sources(self, text: str) -> bool:
        """Whether a reference only says what ``origin`` says: a credit note is given one that cites its invoice."""
        return any(one.number and one.number in text for one in self.view.sources.values())

    def _delivered_on(self) -> Iterator[Pair]:
        """The day, or the first and the last, of the delivery notes behind an invoice."""
        days = sorted({one.date for one in self.view.sources.values() if self._is_delivery(one)})
        if not days:
            return
        first, last = self.day(days[0]), self.day(days[-1])
        text = first if first == last else self.t("from_to", first=first, last=last)
        yield Pair(self.t("delivered_on"), text)

    def _is_delivery(self, document: Document) -> bool:
        fulfils = self.model.document_types[document.type].fulfils
        return bool(fulfils) and self.model.progress[fulfils or ""].status == "delivery_status"

    def _own_fields(self, declared: Mapping[str, Field_], values: Mapping[str, Any]) -> Iterator[Pair]:
        """The fields declared ``print: true`` that hold something."""
        for name, field in declared.items():
            value = values.get(name)
            if field.print and value not in (None, ""):
                yield Pair(in_language(field.label, self.language) or name, self._shown(field, value))

    def _shown(self, field: Field_, value: Any) -> str:
        if isinstance(value, bool):
            return self.t("yes" if value else "no")
        if isinstance(value, date):
            return self.day(value)
        if isinstance(value, Decimal):
            return self.number(value)
        choice = (field.choices or {}).get(value)
        return in_language(choice, self.language) if choice else str(value)

    # -- lines -----------------------------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The lines in order, without subtotals where no amount may stand."""
        if self.shows_prices:
            return tuple(self._rows())
        bare = (row._replace(price="", discount="", vat="", net="") for row in self._rows() if row.role != "subtotal")
        return tuple(bare)

    @cached_property
    def has_discounts(self) -> bool:
        """Whether any line has a discount, so that the column is worth its width."""
        return any(row.discount for row in self.rows)

    @cached_property
    def has_orders(self) -> bool:
        """Whether what was ordered is known for some line."""
        return any(row.ordered for row in self.rows)

    def _rows(self) -> Iterator[Row]:
        before = ""
        section = ZERO
        for line in self.document.lines:
            heading, before = (line.heading if line.heading != before else ""), line.heading
            if line.role == "subtotal":
                yield Row(line.text or self.t("subtotal"), heading, net=self.figure(section), role=line.role)
            elif line.quantity is None:
                yield Row(line.text, heading, is_comment=True, role=line.role)
            else:
                yield self._row(line, heading, line.quantity)
            if line.quantity is None and line.role:
                section = ZERO
            section += self._amount(line) if line.counts else ZERO

    def _amount(self, line: Line) -> Decimal:
        """What a line comes to, with tax where the prices hold it (VA3)."""
        if not self.document.prices_include_tax:
            return line.net
        return entered_amount(line, currency_digits(self.document.currency))

    def _row(self, line: Line, heading: str, quantity: Decimal) -> Row:
        unit = self.model.units.get(line.unit)
        root = self.view.root_of(line)
        feeds = self.view.type.fulfils
        return Row(
            line.text,
            heading,
            code=line.item or "",
            notes=tuple(self._notes(line, quantity)),
            quantity=self.number(quantity),
            unit=(in_language(unit.label, self.language) if unit else "") or line.unit,
            price=self._price(line),
            discount=" + ".join(self.percent(percent) for percent in line.discounts),
            vat=self._rate(line),
            net="" if line.role == "heading" else self.figure(self._amount(line)),
            ordered=self.number(root.quantity) if root and root.quantity is not None else "",
            left=self.number(root.remaining(feeds)) if root and feeds else "",
            role=line.role,
            lots=lots_of(line, self.number),
        )

    def _price(self, line: Line) -> str:
        """The price before discounts, since these stand beside it, and how many units it is for."""
        price = line.list_price if line.discounts and line.list_price is not None else line.unit_price
        if price is None:
            return ""
        shown = amounts.unit_price(price, self.document.currency, self.language)
        return shown if line.per == 1 else self.t("price_per", price=shown, per=self.number(line.per))

    def _rate(self, line: Line) -> str:
        """The VAT rates of a line as the foot has them: of its code, of a kit's components, of what port is shared over
        (K11, VA2); 0 under a regime without VAT (VA4)."""
        by_code = {row.code: row.rate for row in self.document.vat}
        regime = self.model.taxes.both.get(self.document.regime)
        stands_for = regime.codes if regime else {}
        codes = [part.vat for part in line.parts] or [line.vat]
        found = (by_code.get(stands_for.get(code, code), by_code.get(self.document.regime)) for code in codes if code)
        return " + ".join(self.percent(rate) for rate in dict.fromkeys(found) if rate is not None)

    def _notes(self, line: Line, quantity: Decimal) -> Iterator[str]:
        said = self.t
        if line.role in OPTIONAL:
            yield said(line.role)
        if line.reference and self.view.type.print_customer_ref:
            yield said("field", name=said("your_reference"), value=line.reference)
        if line.promised_date and not self._is_promised(line):
            yield said("field", name=said("promised_for"), value=self.day(line.promised_date))
        if line.unit_price is not None and line.price_quantity not in (quantity, ZERO):
            yield said("field", name=said("priced_quantity"), value=self.number(line.price_quantity))
        for own in self._own_fields(self.view.type.line_fields, line.custom):
            yield said("field", name=own.label, value=own.value)

    def _is_promised(self, line: Line) -> bool:
        """Whether the document, or the order behind the line, says the line's delivery date for all of it."""
        root = self.view.sources.get(line.root_document or "")
        return any(one.custom.get("promised_date") == line.promised_date for one in (self.document, root) if one)

    # -- foot ------------------------------------------------------------------------------------------------------

    @property
    def foot_rows(self) -> tuple[Pair, ...]:
        """What leads from the goods to the net total: discounts, escompte, port, contributions (N9)."""
        return tuple(foot_rows(self.document, self.t, self.money, self.percent)) if self.shows_prices else ()

    @property
    def vat_rows(self) -> tuple[VatRow, ...]:
        """VAT by code."""
        return tuple(
            VatRow(self._vat_label(row), self.percent(row.rate), self.figure(row.base), self.figure(row.amount))
            for row in self.document.vat
            if self.shows_prices
        )

    def _vat_label(self, row: VatAmount) -> str:
        taxes = self.model.taxes
        declared = taxes.codes.get(row.code) or taxes.both.get(row.code)
        return (in_language(declared.label, self.language) if declared else "") or row.code

    @property
    def terms(self) -> str:
        """The payment terms in words."""
        declared = self.model.billing.payment_terms.get(self.document.payment_terms)
        return in_language(declared.label, self.language) if declared else ""

    @property
    def exchange(self) -> str:
        """The rate behind the counterparts: 1 EUR = 1.08 USD, and its date when it has one (F1)."""
        document = self.document
        rate = f"1 {self.model.company.currency} = {self.number(document.rate)} {document.currency}"
        return self.t("rate_of_date", rate=rate, date=self.day(document.rate_date)) if document.rate_date else rate

    def counterpart(self, amount: Decimal) -> str:
        """An amount of company currency."""
        return self.money(amount, self.model.company.currency)


def _is_goods(line: Line) -> bool:
    return line.stocked or line.account_group == "goods"
