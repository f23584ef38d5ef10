"""Master data: parties, items, prices, rates, warehouses and deals, as the rules read them.

These are checked where they enter (``Session.put``, scenario files). Prices and costs are per sales unit, in the
company's currency unless the record names another; percents are percents (5 is 5 %).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sphinx_lib.kernel.money import exact_decimal


def _exact(value: object) -> object:
    return None if value is None else exact_decimal(value)


Exact = Annotated[Decimal, BeforeValidator(_exact)]
"""A decimal that never was a float (N1)."""


def _texts(value: object) -> object:
    return {"": value} if isinstance(value, str) else value


Texts = Annotated[dict[str, str], BeforeValidator(_texts)]


def _list_of_text(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Record(BaseModel):
    """A master record: its ``code`` is its name in the company; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    code: str = Field(min_length=1, max_length=60)
    custom: dict[str, Any] = {}


class Address(BaseModel):
    """A postal address; ``lines`` are printed as they stand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    street: str = ""
    street2: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""


class Billing(BaseModel):
    """How a customer is invoiced (IG1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["per_document", "periodic"] = "periodic"
    period: Literal["day", "week", "10_days", "half_month", "month"] = "month"
    group_by: Annotated[tuple[str, ...], BeforeValidator(_list_of_text)] = ("customer",)


class Site(BaseModel):
    """A delivery place of a party, named by its ``code`` within the party."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    name: str = ""
    address: Address = Address()
    country: str = ""
    billing: Billing | None = None


class Contact(BaseModel):
    """A person at a party."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""


class Party(Record):
    """A customer or a supplier. ``credit_limit`` none means no limit."""

    name: str
    country: str = Field("FR", pattern=r"^[A-Z]{2}$")
    language: str = ""
    currency: str = ""
    vat_number: str = ""
    siren: str = ""
    siret: str = ""
    email: str = ""
    phone: str = ""
    address: Address = Address()
    group: str = ""
    payment_terms: str = ""
    discount: Exact | None = None
    billing: Billing | None = None
    credit_limit: Exact | None = None
    blocked: bool = False
    regime: str = ""
    sites: tuple[Site, ...] = ()
    contacts: tuple[Contact, ...] = ()


class Item(Record):
    """Something sold or bought. ``units`` says how many stock units other units hold: {box: 6}."""

    name: Texts
    kind: Literal["goods", "service"] = "goods"
    family: str = ""
    unit: str = "unit"
    units: dict[str, Exact] = {}
    sale_price: Exact | None = None
    per: Exact = Decimal(1)
    cost: Exact | None = None
    vat: str = "standard"
    weight_kg: Exact | None = None
    bin: str = ""
    supplier: str = ""
    warehouse: str = ""
    negative_stock: Literal["", "forbid", "warn", "allow"] = ""
    account_group: str = ""

    @property
    def stocked(self) -> bool:
        """Whether deliveries move its stock (services do not, Q3)."""
        return self.kind == "goods"


class PriceRecord(Record):
    """A record of the condition technique (domain §18.2): ``step`` and the key values say when it applies."""

    step: str
    customer: str = ""
    customer_group: str = ""
    site: str = ""
    item: str = ""
    family: str = ""
    value: Exact | None = None
    rows: tuple[tuple[Exact, Exact], ...] = ()
    currency: str = ""
    unit: str = ""
    per: Exact = Decimal(1)
    net: bool = False
    priority: int = 0
    valid_from: date | None = None
    valid_to: date | None = None


class ExchangeRate(Record):
    """Units of ``currency`` for one unit of the company's currency on ``date`` (F1)."""

    currency: str
    date: date
    rate: Exact
    source: str = ""


class Warehouse(Record):
    """A place that holds stock."""

    name: Texts = {}
    negative_stock: Literal["", "forbid", "warn", "allow"] = ""


class Deal(Record):
    """An affair that groups documents of both sides (AF1)."""

    name: str = ""
    customer: str = ""
