"""Master data: parties, items, prices, rates, warehouses and deals, as the rules read them.

These are checked where they enter (``Session.put``, scenario files). Prices and costs are per sales unit, in the
company's currency unless the record names another; percents are percents (5 is 5 %).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    model_validator,
)

from sphinx_lib.kernel.inputs import Bound as LastDay
from sphinx_lib.kernel.inputs import Code, Exact, Flag, LongText, Name, Text, Whole
from sphinx_lib.kernel.inputs import Day as DatedOn
from sphinx_lib.kernel.money import exact_decimal
from sphinx_lib.kernel.personal import Personal


def _price(price: Decimal) -> Decimal:
    if price < 0:
        raise ValueError(f"a price is not below zero: {price:f}; 0 is free of charge")
    return price


Price = Annotated[Exact, AfterValidator(_price)]


def _texts(value: object) -> object:
    if not isinstance(value, str | dict):
        raise ValueError("write a text, or one by language such as {en: Screw, fr: Vis}")
    return {"": value} if isinstance(value, str) else value


Texts = Annotated[dict[str, LongText], BeforeValidator(_texts)]


def _list_of_text(value: object) -> object:
    return [value] if isinstance(value, str) else value


PersonalText = Annotated[Text, Personal()]
"""A text that says something of a person."""


class Record(BaseModel):
    """A master record: its ``code`` is its name in the company; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    code: Code
    custom: dict[str, Any] = Field(default_factory=dict)
    _version: int = PrivateAttr(default=0)

    @property
    def version(self) -> int:
        """Which version of the stored record this is, from 1; 0 when it was not read from the database."""
        return self._version

    def stored_as(self, version: int) -> Self:
        """This record, as the stored one of that version."""
        self._version = version
        return self


class Address(BaseModel):
    """A postal address; ``lines`` are printed as they stand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    street: Text = ""
    street2: Text = ""
    postal_code: Text = ""
    city: Text = ""
    region: Text = ""


class Billing(BaseModel):
    """How a customer is invoiced (IG1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["per_document", "periodic"] = "periodic"
    period: Literal["day", "week", "10_days", "half_month", "month"] = "month"
    group_by: Annotated[tuple[Name, ...], BeforeValidator(_list_of_text)] = ("customer",)


class Site(BaseModel):
    """A delivery place of a party, named by its ``code`` within the party."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code
    name: PersonalText = ""
    address: Annotated[Address, Personal()] = Address()
    country: Name = ""
    billing: Billing | None = None


class Contact(BaseModel):
    """A person at a party."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code
    name: PersonalText = ""
    email: PersonalText = ""
    phone: PersonalText = ""
    language: Name = ""


class Party(Record):
    """A customer or a supplier. ``credit_limit`` none means no limit; ``price_list`` and ``channel`` are keys of prices.
    ``backorder`` says what becomes of the rest of an order that was delivered in part, the company's setting if empty (BK1).

    ``early_payment_discount`` is the percent of escompte granted on its invoices (E1); ``regime`` and
    ``purchase_regime`` name the VAT regimes of what it buys and of what it sells to us, where rules do not find them.
    Of a supplier, ``minimum_order`` is the least an order may come to and ``free_carriage_from`` what it must reach to be
    delivered free, both net in company currency; ``lead_days`` is how long it takes to deliver.
    """

    name: PersonalText
    country: str = Field("FR", pattern=r"^[A-Z]{2}$")
    region: Text = ""
    language: Name = ""
    currency: Name = ""
    vat_number: Text = ""
    siren: Name = ""
    siret: Name = ""
    email: PersonalText = ""
    phone: PersonalText = ""
    address: Annotated[Address, Personal()] = Address()
    group: Name = ""
    price_list: Name = ""
    channel: Name = ""
    payment_terms: Name = ""
    discount: Exact | None = None
    early_payment_discount: Annotated[Exact, Field(ge=0, le=100)] | None = None
    prices_include_tax: Flag = False
    billing: Billing | None = None
    credit_limit: Exact | None = None
    minimum_order: Annotated[Exact, Field(ge=0)] | None = None
    free_carriage_from: Annotated[Exact, Field(ge=0)] | None = None
    lead_days: Annotated[Whole, Field(ge=0, le=3650)] | None = None
    blocked: Flag = False
    backorder: Literal["", "keep", "cancel", "ask"] = ""
    regime: Name = ""
    purchase_regime: Name = ""
    sites: tuple[Site, ...] = ()
    contacts: tuple[Contact, ...] = ()


class EcoRate(BaseModel):
    """An eco-contribution per stock unit, in company currency without tax, from a day on (EP1)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    amount: Exact
    since: LastDay | None = Field(None, alias="from")


def _eco(value: object) -> object:
    return [{"amount": value}] if isinstance(value, str | int | Decimal) else value


class Sourcing(BaseModel):
    """How an item is bought of one supplier: quantities in the item's stock unit, and how many days it takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum: Annotated[Exact, Field(gt=0)] | None = None
    maximum: Annotated[Exact, Field(gt=0)] | None = None
    multiple: Annotated[Exact, Field(gt=0)] | None = None
    lead_days: Annotated[Whole, Field(ge=0, le=3650)] | None = None


class Economic(BaseModel):
    """What the economic quantity is made of (R4): use in a year, cost of one order, cost of holding in percent of value.

    ``unit_price`` is in company currency; none takes what the item costs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    yearly_use: Annotated[Exact, Field(gt=0)]
    order_cost: Annotated[Exact, Field(gt=0)]
    holding_rate: Annotated[Exact, Field(gt=0)]
    unit_price: Annotated[Exact, Field(gt=0)] | None = None


class Reorder(BaseModel):
    """When and up to what an item is bought again in a warehouse, in its stock unit (R1-R4); empty is its own warehouse.

    The reorder point is ``minimum``, or ``daily_use`` times ``lead_days`` (none: its supplier's) plus ``safety``. It is
    bought up to ``maximum``, else by the economic quantity.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    warehouse: Name = ""
    minimum: Annotated[Exact, Field(ge=0)] | None = None
    daily_use: Annotated[Exact, Field(ge=0)] | None = None
    lead_days: Annotated[Whole, Field(ge=0, le=3650)] | None = None
    safety: Annotated[Exact, Field(ge=0)] = Decimal(0)
    maximum: Annotated[Exact, Field(gt=0)] | None = None
    economic: Economic | None = None

    @model_validator(mode="after")
    def _says_when_and_how_much(self) -> Reorder:
        if (self.minimum is None) == (self.daily_use is None):
            raise ValueError("give exactly one of minimum and daily_use")
        if (self.maximum is None) == (self.economic is None):
            raise ValueError("give exactly one of maximum and economic")
        if self.minimum is not None and self.maximum is not None and self.maximum < self.minimum:
            raise ValueError(f"maximum {self.maximum} is below minimum {self.minimum}")
        return self


def _reorder(value: object) -> object:
    """``{minimum: 5, maximum: 20}`` is short for a list of one."""
    return [value] if isinstance(value, dict) else value


def _parts(value: object) -> object:
    """``[{item: A, quantity: 2}]`` is the long form of ``{A: 2}``."""
    if isinstance(value, list) and all(isinstance(row, dict) and row.keys() <= {"item", "quantity"} for row in value):
        return {row.get("item"): row.get("quantity", 1) for row in value}
    return value


Parts = Annotated[dict[Name, Exact], BeforeValidator(_parts)]
Role = Literal["", "shipping", "eco", "deposit"]


class Item(Record):
    """Something sold or bought. ``units`` says how many stock units other units hold: {box: 6}.

    ``sale_price``, ``floor`` and the costs are without tax, in company currency; ``sale_price`` is per ``per`` of
    ``price_unit`` and the others per stock ``unit``. ``components`` are quantities per kit, ``attached`` the items that
    come along with one unit of this one. ``weight_kg`` is the net weight of a stock unit, ``packaging_kg`` what its packing
    weighs beside. ``role`` says which part of the foot its lines belong to (N9).
    ``minimum``, ``maximum`` and ``multiple`` are in stock units; ``off_multiple`` says what becomes of another quantity,
    the company's setting where it is empty. ``warranty_months`` count from the delivery of a serial number (EQ1).
    ``volume_m3`` is of one stock unit too.
    ``minimum``, ``maximum`` and ``multiple`` hold for sales; ``sourcing`` says the same of purchases, by supplier.
    ``buy_to_order`` items are bought for each customer order, whatever there is in stock (PO1).
    """

    name: Texts
    description: Texts = Field(default_factory=dict)
    kind: Literal["goods", "service", "kit"] = "goods"
    kit: Literal["phantom", "exploded", "assembled"] = "phantom"
    components: Parts = Field(default_factory=dict)
    attached: Parts = Field(default_factory=dict)
    family: Name = ""
    role: Role = ""
    discountable: Flag = True
    unit: Name = "unit"
    sales_unit: Name = ""
    price_unit: Name = ""
    purchase_unit: Name = ""
    units: dict[Name, Exact] = Field(default_factory=dict)
    sale_price: Price | None = None
    per: Annotated[Exact, Field(gt=0)] = Decimal(1)
    floor: Price | None = None
    cost: Price | None = None
    average_cost: Exact | None = None
    last_cost: Exact | None = None
    cost_source: Literal["", "average", "last", "standard"] = ""
    valuation: Literal["", "average", "fifo", "standard"] = ""
    tracking: Literal["none", "lot", "serial"] = "none"
    eco: Annotated[tuple[EcoRate, ...], BeforeValidator(_eco)] = ()
    vat: Name = "standard"
    weight_kg: Annotated[Exact, Field(ge=0)] | None = None
    packaging_kg: Annotated[Exact, Field(ge=0)] | None = None
    volume_m3: Annotated[Exact, Field(ge=0)] | None = None
    bin: Name = ""
    supplier: Name = ""
    supplier_codes: dict[Name, Name] = Field(default_factory=dict)
    sourcing: dict[Name, Sourcing] = Field(default_factory=dict)
    buy_to_order: Flag = False
    reorder: Annotated[tuple[Reorder, ...], BeforeValidator(_reorder)] = ()
    barcode: Text = ""
    warehouse: Name = ""
    negative_stock: Literal["", "forbid", "warn", "allow"] = ""
    account_group: Name = ""
    minimum: Annotated[Exact, Field(ge=0)] | None = None
    maximum: Annotated[Exact, Field(gt=0)] | None = None
    multiple: Annotated[Exact, Field(ge=0)] | None = None
    off_multiple: Literal["", "refuse", "round_up"] = ""
    warranty_months: Annotated[Whole, Field(ge=0, le=1200)] | None = None

    @property
    def stocked(self) -> bool:
        """Whether deliveries move its own stock: services do not (Q3), kits only when assembled (K11)."""
        return self.kind == "goods" or (self.kind == "kit" and self.kit == "assembled")

    def cost_by(self, source: str) -> Decimal | None:
        """Cost per stock unit: the average or the last one where it is known, else the standard cost (M2)."""
        return self.sourced_cost(source)[1]

    def sourced_cost(self, source: str) -> tuple[str, Decimal | None]:
        """The cost that ``cost_by`` gives and where it is from: average, last or standard; empty where there is none."""
        wanted = self.cost_source or source
        chosen = {"average": self.average_cost, "last": self.last_cost}.get(wanted)
        if chosen is not None:
            return wanted, chosen
        return ("", None) if self.cost is None else ("standard", self.cost)

    def eco_on(self, day: date) -> Decimal | None:
        """The eco-contribution per stock unit on ``day``; none where the item bears none (EP1)."""
        known = [rate for rate in self.eco if rate.since is None or rate.since <= day]
        return max(known, key=lambda rate: rate.since or date.min).amount if known else None


class CustomerReference(Record):
    """What a customer calls an item: its reference and label, found and printed on documents (CR1, S47).

    Both days count; without one it holds always.
    """

    customer: Code
    item: Code
    reference: Code
    label: Texts = Field(default_factory=dict)
    valid_from: LastDay | None = None
    valid_to: LastDay | None = None

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> CustomerReference:
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise ValueError(f"valid_from {self.valid_from} is after valid_to {self.valid_to}")
        return self

    def holds_on(self, day: date) -> bool:
        """Whether it may be used on a document of ``day``."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


class Family(Record):
    """A family of items; its ``parent`` is the wider family whose price records it falls back on."""

    name: Texts = Field(default_factory=dict)
    parent: Name = ""


KEY_FIELDS = ("customer", "customer_group", "site", "supplier", "price_list", "channel", "kind", "item", "family")
"""The key values a price record may hold under names of their own; others stand in ``keys``."""


class Scale(BaseModel):
    """How a record's ``rows`` are read (SC1-SC4): which quantity is compared, and what a row is for.

    ``type`` and ``basis`` empty follow the step. A basis is ``quantity`` of the line in the record's unit,
    ``group_quantity`` over all lines that share the record, ``value`` at the price so far, ``group_value`` at the base
    price, ``weight`` in kg and ``group_weight``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["", "from", "to", "interval"] = ""
    basis: Literal["", "quantity", "group_quantity", "value", "group_value", "weight", "group_weight"] = ""


def _exact_or_open(value: object) -> object:
    return None if value in (None, "") else exact_decimal(value)


Bound = Annotated[Decimal | None, BeforeValidator(_exact_or_open)]


class PriceRecord(Record):
    """A record of the condition technique (domain §18.2): ``step`` and the key values say when it applies.

    A record that lists several items is one record for all of them. ``access`` may name the access it is meant for.
    ``value`` is a price or an amount per ``per`` of ``unit``, or a percent; ``formula`` computes it instead. ``gross``
    says that a price holds tax. ``net`` on a price skips all discounts (PR5). A record that is not ``active`` is as if it
    were not there (PR1); it takes out the record of a lower layer with the same code, and may then say nothing else.
    """

    step: Name
    access: Name = ""
    customer: Name = ""
    customer_group: Name = ""
    site: Name = ""
    supplier: Name = ""
    price_list: Name = ""
    channel: Name = ""
    kind: Name = ""
    item: Annotated[tuple[Name, ...], BeforeValidator(_list_of_text)] = ()
    family: Name = ""
    keys: dict[Name, Text] = Field(default_factory=dict)
    value: Exact | None = None
    formula: LongText = ""
    scale: Scale | None = None
    rows: tuple[tuple[Bound, Exact], ...] = ()
    currency: Name = ""
    unit: Name = ""
    per: Annotated[Exact, Field(gt=0)] = Decimal(1)
    net: Flag = False
    gross: Flag = False
    priority: Whole = 0
    active: Flag = True
    valid_from: LastDay | None = None
    valid_to: LastDay | None = None

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, given: object) -> object:
        """``scale: {type: from, rows: […]}`` is another way to write ``rows``, and a key of one's own, such as
        ``party.region``, stands beside the others; whether the schema knows it is checked against its accesses."""
        if not isinstance(given, dict):
            return given
        others = given.keys() - cls.model_fields.keys()
        own = {name: given[name] for name in sorted(others) if isinstance(given[name], str)}
        if own:
            rest = {name: value for name, value in given.items() if name not in own}
            given = {**rest, "keys": {**(given.get("keys") or {}), **own}}
        scale = given.get("scale")
        if isinstance(scale, dict) and "rows" in scale:
            rest = {key: value for key, value in scale.items() if key != "rows"}
            given = {**given, "scale": rest, "rows": scale["rows"]}
        return {**given, "item": ()} if given.get("item") == "" else given

    @model_validator(mode="after")
    def _says_one_thing(self) -> PriceRecord:
        said = (self.value is not None) + bool(self.rows) + bool(self.formula)
        if said != 1 and (said or self.active):
            raise ValueError("give exactly one of value, rows and formula")
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise ValueError(f"valid_from {self.valid_from} is after valid_to {self.valid_to}")
        return self


class ExchangeRate(Record):
    """Units of ``currency`` for one unit of the company's currency on ``date`` (F1)."""

    currency: Annotated[Code, Field(max_length=3)]
    date: DatedOn
    rate: Annotated[Exact, Field(gt=0)]
    source: Name = ""


class Warehouse(Record):
    """A place that holds stock."""

    name: Texts = Field(default_factory=dict)
    negative_stock: Literal["", "forbid", "warn", "allow"] = ""


class Equipment(Record):
    """A serial number that a customer has or had (EQ1, S42).

    ``owner`` is the customer who has it, empty once it came back, then ``former_owner`` had it. ``delivery`` is the number
    of the delivery and ``delivered_by`` its id, ``returned_by`` the id of the document that brought it back.
    """

    item: Code
    serial: Code
    state: Literal["delivered", "in_stock"] = "delivered"
    owner: Name = ""
    former_owner: Name = ""
    site: Name = ""
    delivery: Text = ""
    delivered_on: DatedOn | None = None
    delivered_by: Text = ""
    returned_by: Text = ""
    warranty_end: LastDay | None = None

    @model_validator(mode="after")
    def _named_after_its_number(self) -> Equipment:
        if self.code != equipment_code(self.item, self.serial):
            raise ValueError(f"the code is that of the serial number: {equipment_code(self.item, self.serial)}")
        return self


def equipment_code(item: str, serial: str) -> str:
    """The code of a serial number in the register of equipment: ITEM/SERIAL, or a digest of it where that is too long."""
    text = f"{item}/{serial}"
    return text if len(text) <= 60 else sha256(text.encode()).hexdigest()[:24]


class Deal(Record):
    """An affair that groups documents of both sides (AF1).

    ``reason`` says why it was lost, or closed while documents of it were open.
    """

    name: Text = ""
    customer: Name = ""
    site: Name = ""
    state: Literal["open", "won", "lost", "closed"] = "open"
    reason: Text = ""
