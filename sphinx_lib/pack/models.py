"""The pack: everything declared in YAML, checked and frozen.

Each class is one section of the merged configuration; cross-references are checked in ``checks``.
"""

from __future__ import annotations

import re
from codecs import lookup
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from string import Formatter
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from sphinx_lib.kernel.file_names import name_fault
from sphinx_lib.kernel.master import Address, Billing, Family, PriceRecord
from sphinx_lib.kernel.money import exact_decimal
from sphinx_lib.pack.base import Label, PlacedLabel, Strict, YesNo, place_fault
from sphinx_lib.pack.items_model import Items
from sphinx_lib.pack.outbox_model import OutboxRules
from sphinx_lib.pack.pricing_model import Pricing, Step
from sphinx_lib.pack.rebate_model import Rebate
from sphinx_lib.pack.shipping_model import Eco, Shipping
from sphinx_lib.pack.terms_model import EarlyPaymentTypes, PaymentTerm
from sphinx_lib.pack.workflow_model import (
    DocumentType,
    Field_,
    Guard,
    Numbering,
    PortalType,
    RunStep,
    Totals,
)


def _decimal(value: object) -> object:
    return exact_decimal(value)


def _fraction(value: object) -> object:
    return Fraction(value) if isinstance(value, str) else value


Number = Annotated[Decimal, BeforeValidator(_decimal)]
Ratio = Annotated[Any, BeforeValidator(_fraction)]


class Bank(Strict):
    """The account printed on invoices."""

    name: str = ""
    iban: str = ""
    bic: str = ""


class Company(Strict):
    """Who sells and buys: identity, letterhead, currency, languages.

    ``over_receipt_percent`` is what may be received beyond an order, ``approve_orders_above`` the net total in company
    currency above which a purchase order waits for an approval; none asks for none.
    """

    name: str
    country: str = "FR"
    currency: str = "EUR"
    languages: tuple[str, ...] = ("fr", "en")
    language: str = "fr"
    time_zone: str = "Europe/Paris"
    fiscal_year_start: Annotated[str, Field(pattern=r"^\d\d-\d\d$")] = "01-01"
    address: Address = Address()
    siren: str = ""
    siret: str = ""
    vat_number: str = ""
    vat_franchise: YesNo = False
    legal_form: str = ""
    capital: str = ""
    rcs: str = ""
    naf: str = ""
    phone: str = ""
    email: str = ""
    website: str = ""
    logo: str = ""
    bank: Bank = Bank()
    over_receipt_percent: Annotated[Number, Field(ge=0)] = Decimal(0)
    approve_orders_above: Annotated[Number, Field(ge=0)] | None = None


class UnitDef(Strict):
    """A unit: its dimension and how many of the dimension's base unit it holds."""

    dimension: str
    factor: Ratio = Fraction(1)
    digits: Annotated[int, Field(ge=0, le=6)] = 3
    label: Label = {}


class VatCode(Strict):
    """A VAT code and its dated rates in percent; the newest rate not after the document's date holds (VA4)."""

    label: Label = {}
    rates: dict[date, Number]

    def rate_on(self, day: date) -> Decimal | None:
        """Percent in force on ``day``, none before the first date."""
        known = [start for start in self.rates if start <= day]
        return self.rates[max(known)] if known else None


class Regime(Strict):
    """A VAT regime: all but ``standard`` give VAT 0, with a mention on the document (VA4).

    ``codes`` says which VAT code stands under it for which code of the items: {standard: overseas_standard}. Of a regime
    of purchases ``self_assessed`` says that the buyer owes the VAT that the supplier does not charge.
    """

    label: Label = {}
    category: Literal["standard", "intra_eu", "export", "reverse_charge", "exempt"]
    when: str | None = None
    codes: dict[str, str] = {}
    mention: Label = {}
    self_assessed: YesNo = False


def _place(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}(-[0-9A-Z]{1,3}| [0-9A-Z]{1,8})?", value):
        raise ValueError(f"write a country, its region as FR-2A or the start of its postal codes as FR 971, not {value!r}")
    return value


ZoneMember = Annotated[str, AfterValidator(_place)]
"""A country, a region of it (``FR-2A``, as ISO 3166-2) or the start of its postal codes (``FR 971``)."""


class Taxes(Strict):
    """VAT codes, regimes of sales and of purchases in the order in which they are tried, and the zones they ask about.

    ``deductible`` is an expression about the company: the percent of VAT on purchases that it may deduct, all without it.
    """

    rounding: Literal["per_total", "per_line"] = "per_total"
    codes: dict[str, VatCode]
    zones: dict[str, tuple[ZoneMember, ...]] = {}
    regimes: dict[str, Regime]
    purchase_regimes: dict[str, Regime] = {}
    deductible: str | None = None

    @cached_property
    def both(self) -> dict[str, Regime]:
        """The regimes of sales and of purchases by name."""
        return {**self.purchase_regimes, **self.regimes}

    def zone_of(self, country: str, region: str = "", postal_code: str = "") -> str:
        """The zone that lists the start of the postal code, else the region, else the country, else ``world``."""
        zones = self._by_member
        postal = postal_code.replace(" ", "").upper()
        longest_first = (f"{country} {postal[:length]}" for length in range(len(postal), 0, -1))
        region = region.upper().removeprefix(f"{country}-")
        return next((zones[key] for key in (*longest_first, f"{country}-{region}", country) if key in zones), "world")

    @cached_property
    def _by_member(self) -> dict[str, str]:
        return {member: name for name, members in self.zones.items() for member in members}

    @property
    def default_code(self) -> str:
        """The VAT code of what has none and stands beside nothing that has one."""
        return "standard" if "standard" in self.codes else next(iter(self.codes))

    def assessed_code(self, regime: str, code: str) -> str:
        """The code by which the buyer reckons the VAT that he owes on a line of ``code``, which may have none (VA4)."""
        code = code or self.default_code
        return self.both[regime].codes.get(code, code)

    def codes_of_percent(self, percent: Decimal, regime: str, day: date) -> list[str]:
        """The VAT codes that have ``percent`` on ``day``: those of ``regime``, else those that no other one stands in."""
        found = [code for code, declared in self.codes.items() if declared.rate_on(day) == percent]
        here = self.both[regime].codes.values() if regime in self.both else ()
        elsewhere = {code for one in self.both.values() for code in one.codes.values()}
        return [code for code in found if code in here] or [code for code in found if code not in elsewhere]


class PaymentMethod(Strict):
    """How something is paid; postings of payments name their account by it."""

    label: Label


class BillingRules(Strict):
    """Invoice grouping, payment terms, outstanding and year-end rebates."""

    default: Billing = Billing()
    always_by: tuple[str, ...] = ("party", "currency", "regime", "payment_terms", "language")
    invoice_date: Literal["period_end", "run"] = "period_end"
    payment_terms: dict[str, PaymentTerm]
    default_terms: str
    payment_methods: dict[str, PaymentMethod] = {}
    outstanding: dict[str, YesNo] = {}
    early_payment: EarlyPaymentTypes | None = None
    purchase_early_payment: EarlyPaymentTypes | None = None
    rebates: dict[str, Rebate] = {}


class WarehouseDef(Strict):
    """A warehouse that document types name, such as the one for goods in transit; others are master records."""

    label: Label = {}


class Stock(Strict):
    """Warehouses, the policy on stock below zero (K7), and how stock is valued (V1, V4) where items say nothing.

    ``weight_unit`` is the unit in which documents say what they weigh (W1).
    ``backorder`` is what becomes of the rest of an order delivered in part, where the customer says nothing (BK1); a sent
    quotation reserves for ``quote_reservation_days``, never when there are none (K8).
    """

    negative_stock: Literal["forbid", "warn", "allow"] = "warn"
    valuation: Literal["average", "fifo", "standard"] = "average"
    warehouse: str = "main"
    warehouses: dict[str, WarehouseDef] = {}
    weight_unit: str = "kg"
    levels: dict[str, Label] = {}
    backorder: Literal["keep", "cancel", "ask"] = "keep"
    quote_reservation_days: Annotated[int, Field(ge=0)] = 0


class Account(Strict):
    """A ledger account: its number and its name in the books."""

    number: Annotated[str, Field(pattern=r"^[0-9][0-9A-Za-z]{2,14}$")]
    label: str


class Journal(Strict):
    """An accounting journal."""

    code: Annotated[str, Field(pattern=r"^[0-9A-Z]{1,6}$")]
    label: str


class SelfAssessed(Strict):
    """The accounts of VAT that the buyer owes and deducts at once."""

    deductible: str
    due: str


class Posting(Strict):
    """Which accounts a kind of posting uses: the customer's or supplier's, revenue or expense by regime and account group,
    VAT by code, self-assessed VAT by regime."""

    kind: Literal["sale", "purchase", "payment"]
    journal: str
    receivable: str = ""
    payable: str = ""
    revenue: dict[str, dict[str, str]] = {}
    expense: dict[str, dict[str, str]] = {}
    vat: dict[str, str] = {}
    self_assessed: dict[str, SelfAssessed] = {}
    methods: dict[str, str] = {}
    early_payment_discount: str = ""
    exchange_loss: str = ""
    exchange_gain: str = ""
    label: PlacedLabel = {}

    @property
    def by_regime(self) -> dict[str, dict[str, str]]:
        """Accounts of what is sold, or of what is bought, by regime and account group."""
        return self.expense if self.kind == "purchase" else self.revenue


ExportField = Literal[
    "line_number", "entry_number", "journal", "journal_label", "number", "date", "account", "account_label",
    "auxiliary", "auxiliary_label", "party_account", "piece", "piece_date", "label", "debit", "credit", "amount",
    "side", "due_date", "lettering", "lettering_date", "recorded_date", "currency", "currency_amount", "vat",
    "analytic",
]  # fmt: skip
"""What a column may hold. ``party_account`` is the auxiliary account where there is one, else the general one;
``amount`` is the debit or the credit and ``side`` says which, D or C; the two first count lines and entries."""

EXPORT_AMOUNTS = frozenset({"debit", "credit", "amount", "currency_amount"})
EXPORT_DATES = frozenset({"date", "piece_date", "due_date", "lettering_date", "recorded_date"})
FILE_PLACES = frozenset({"siren", "closing", "first", "last", "batch"})
_FILLED = {"siren": "732829320", "closing": "20261231", "first": "20260101", "last": "20261231", "batch": "1"}


def _file_pattern(text: str) -> str:
    """A name with places that, once they are filled, is a file in the folder of the export and in no other."""
    if fault := place_fault(text):
        raise ValueError(fault)
    unknown = {name for _, name, _, _ in Formatter().parse(text) if name is not None} - FILE_PLACES
    if unknown:
        known = ", ".join(sorted(FILE_PLACES))
        raise ValueError(f"file has unknown places: {', '.join(sorted(unknown))}; known: {known}")
    if fault := name_fault(text.format(**_FILLED)):
        raise ValueError(fault)
    return text


FilePattern = Annotated[str, AfterValidator(_file_pattern)]


class Column(Strict):
    """One column of an export line: the field or the constant text it holds, and how it is written.

    ``width`` is exact in a fixed file and the most in a delimited one; only a column that says ``truncate`` may cut a
    text. ``format`` is a pattern for a date, or ``cents`` for an amount; ``values`` puts other words for a field's
    own (``{D: "0", C: "1"}``); ``when`` names a field without which the column stays empty.
    """

    name: str = ""
    field: ExportField | None = None
    text: str | None = None
    format: str | None = None
    values: dict[str, str] = {}
    width: Annotated[int, Field(ge=1, le=10_000)] | None = None
    align: Literal["left", "right"] = "left"
    pad: Annotated[str, Field(min_length=1, max_length=1)] = " "
    truncate: YesNo = False
    when: ExportField | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.field is None) == (self.text is None):
            raise ValueError("give exactly one of field and text")
        if self.format and self.field in EXPORT_AMOUNTS and self.format != "cents":
            raise ValueError("the format of an amount is cents, or none for two decimals")
        if self.format and self.field not in EXPORT_AMOUNTS | EXPORT_DATES:
            raise ValueError("format is for dates and amounts; remove it")
        if self.truncate and (self.width is None or self.field in EXPORT_AMOUNTS | EXPORT_DATES):
            raise ValueError("truncate is for a text of a given width; remove it, or add a width")
        return self


class ExportFormat(Strict):
    """An accounting file (AC4): delimited or fixed, with its encoding, line end and columns.

    ``file`` is its name, with places {siren}, {closing} (the last day as YYYYMMDD), {first}, {last} and {batch}.
    ``for`` says who reads it: a program, which takes each byte as it is, or people, who open it in a spreadsheet, where
    a text that would be a formula is written so that it is none.
    """

    label: Label = {}
    kind: Literal["delimited", "fixed"]
    for_: Literal["program", "people"] = Field(default="program", alias="for")
    encoding: str = "utf-8"
    eol: str = "\r\n"
    separator: str = "\t"
    header: YesNo = False
    date: str = "%Y%m%d"
    decimal: Literal[",", "."] = ","
    file: FilePattern
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        try:
            lookup(self.encoding)
        except LookupError:
            raise ValueError(f"unknown encoding {self.encoding!r}; write utf-8, iso-8859-15, cp1252 or cp850") from None
        if self.kind == "delimited" and self.separator in ("", self.decimal):
            raise ValueError("the separator must not be empty, nor the decimal sign")
        if self.kind == "fixed":
            loose = [name for name, column in self.columns.items() if column.width is None and column.text is None]
            if loose:
                raise ValueError(f"every field of a fixed file has a width; add one to {', '.join(loose)}")
            if self.header:
                raise ValueError("a fixed file has no header of column names; remove header")
            if self.for_ == "people":
                raise ValueError("a fixed file is read by a program; remove for: people, or write kind: delimited")
        return self


class Accounting(Strict):
    """Chart of accounts, journals, postings by kind, export formats."""

    accounts: dict[str, Account]
    journals: dict[str, Journal]
    postings: dict[str, Posting]
    formats: dict[str, ExportFormat] = {}
    analytic: str | None = None


class MessageDef(Strict):
    """A mail or letter: texts by language with ``{field}`` places, and whether the document goes with it."""

    subject: Label
    body: Label
    attach: YesNo = True


class Fields(Strict):
    """Fields of one's own on master records."""

    fields: dict[str, Field_] = {}


def _coded(value: object) -> object:
    """The id of a record is its code."""
    if not isinstance(value, dict):
        return value
    return {name: {"code": name, **row} if isinstance(row, dict) else row for name, row in value.items()}


class PackModel(Strict):
    """The whole merged configuration."""

    company: Company
    units: dict[str, UnitDef] = {}
    progress: dict[str, Totals]
    guards: dict[str, Guard] = {}
    document_types: dict[str, DocumentType]
    numbering: dict[str, Numbering]
    pricing: Pricing
    purchase_pricing: Pricing
    records: Annotated[dict[str, PriceRecord], BeforeValidator(_coded)] = {}
    families: Annotated[dict[str, Family], BeforeValidator(_coded)] = {}
    taxes: Taxes
    billing: BillingRules
    stock: Stock = Stock()
    accounting: Accounting
    messages: dict[str, MessageDef] = {}
    outbox: OutboxRules = OutboxRules()
    runs: dict[str, RunStep] = {}
    portal: dict[str, PortalType] = {}
    parties: Fields = Fields()
    items: Items = Items()
    shipping: Shipping = Shipping()
    eco: Eco = Eco()
    mentions: dict[str, Label] = {}
    labels: dict[str, Label] = {}
    renamed: dict[str, Mapping[str, str]] = {}

    @property
    def schemas(self) -> dict[str, Pricing]:
        """Both price schemas by the name of their section: what is sold, and what is bought."""
        return {"pricing": self.pricing, "purchase_pricing": self.purchase_pricing}

    @cached_property
    def price_steps(self) -> dict[str, Step]:
        """The steps of both price schemas by name: a record's step says which side it is of."""
        return {**self.purchase_pricing.schema_, **self.pricing.schema_}
