"""Models of the price schema: steps, access sequences, groups, exclusions, guards (domain §18.2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from sphinx_lib.kernel.money import exact_decimal
from sphinx_lib.pack.base import Label, Strict, YesNo


def _list_of_text(value: object) -> object:
    return [value] if isinstance(value, str) else value


Exact = Annotated[Decimal, BeforeValidator(exact_decimal)]
Names = Annotated[tuple[str, ...], BeforeValidator(_list_of_text)]
Basis = Literal["quantity", "group_quantity", "value", "group_value", "weight", "group_weight"]
VALUE_BASES = ("value", "group_value")
PRICE_FIELDS = ("item.sale_price", "item.last_cost")
"""Master fields that are a price; the others are percents."""


class Access(Strict):
    """One place to look for a record: its key, and a master field that stands in where no record is found.

    ``item.last_cost`` is what one stock unit cost when it was last bought, else its standard cost.
    A key is ``customer``, ``supplier``, ``customer_group``, ``site``, ``price_list``, ``channel``, ``kind`` (of the
    document), ``item``, ``family`` (with its parents, nearest first), or a text fact such as ``party.region``,
    ``item.brand`` or a declared field of the document or, as ``line.colour``, of the line.
    """

    key: Names
    field: Literal["item.sale_price", "item.last_cost", "party.discount"] | None = None


class StepScale(Strict):
    """How scales of the step's records are read when they do not say (SC1-SC4)."""

    basis: Basis = "quantity"
    type: Literal["from", "to", "interval"] = "from"


class Step(Strict):
    """A step of the price schema: the price, a percent off, or an amount off.

    ``select`` and ``ties`` choose between records; ``missing`` says what happens when the price is not found;
    ``convert: false`` leaves records of other currencies out (PR4). An amount counts per price unit, or once
    ``per: line``. ``when`` is a condition on the line without which the step is skipped.
    """

    kind: Literal["price", "percent", "amount"]
    label: Label = {}
    access: dict[str, Access]
    select: Literal["first", "best_for_customer"] = "first"
    ties: Literal["error", "best_for_customer"] = "error"
    missing: Literal["error", "zero", "ask"] = "ask"
    group: str = ""
    scale: StepScale = StepScale()
    convert: YesNo = True
    per: Literal["unit", "line"] = "unit"
    when: str | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "price" and self.group:
            raise ValueError("a price is in no group of discounts; remove group")
        if self.kind == "price" and self.scale.basis in VALUE_BASES:
            raise ValueError("a price cannot depend on the value that it makes; take a quantity as basis")
        if self.per == "line" and self.kind != "amount":
            raise ValueError("per: line is for amounts; remove it")
        if self.kind != "price" and "missing" in self.model_fields_set:
            raise ValueError("only a price can be missing; remove missing")
        return self


class Group(Strict):
    """How discounts of the same group go together (D2)."""

    combine: Literal["cascade", "additive", "max", "first"] = "cascade"
    label: Label = {}


class Exclusion(Strict):
    """Alternatives, groups or steps, of which one is kept (PR7)."""

    between: Annotated[Names, Field(min_length=2)]
    keep: Literal["best_for_customer", "first"] = "best_for_customer"


class MaxDiscount(Strict):
    """The largest percent off the list price: for everybody, and for who holds a right."""

    default: Exact
    rights: dict[str, Exact] = {}


def _max_discount(value: object) -> object:
    return {"default": value} if isinstance(value, str | int | Decimal) else value


class PriceGuard(Strict):
    """What a net unit price must not fall below (G1, G2): exactly one limit, and what happens when it does.

    ``min_price`` is an expression in company currency per stock unit, such as ``item.floor``; ``min_margin_rate`` is
    the taux de marque in percent of the sale, ``min_markup_rate`` the taux de marge in percent of the cost.
    ``clamp`` raises the price, ``warn`` says so, ``block`` refuses the line, ``approve`` lets the line be entered and
    the document's guard ask for ``right``.
    """

    min_price: str | None = None
    min_margin_rate: Annotated[
        Exact | None, Field(lt=100, validation_alias=AliasChoices("min_margin_rate", "min_taux_marque"))
    ] = None
    min_markup_rate: Annotated[
        Exact | None, Field(ge=0, validation_alias=AliasChoices("min_markup_rate", "min_taux_marge"))
    ] = None
    max_discount: Annotated[MaxDiscount | None, BeforeValidator(_max_discount)] = None
    cost: Literal["", "average", "last", "standard"] = ""
    on_fail: Literal["clamp", "warn", "block", "approve"] = "warn"
    right: str = "approve_price"
    when: str | None = None
    message: Label = {}

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        limits = (self.min_price, self.min_margin_rate, self.min_markup_rate, self.max_discount)
        if sum(limit is not None for limit in limits) != 1:
            raise ValueError("give exactly one of min_price, min_margin_rate, min_markup_rate and max_discount")
        return self


class Manual(Strict):
    """Prices entered by hand (PR8): whether a reason is asked for, and the right it takes, if any."""

    reason: Literal["optional", "required"] = "optional"
    right: str = ""


class NetRounding(Strict):
    """N4 (a) and N7: where unit prices are rounded, and to how many digits by currency."""

    stage: Literal["unit", "line"] = "unit"
    digits: dict[str, Annotated[int, Field(ge=0, le=6)]] = {"default": 4}


class Pricing(Strict):
    """The price schema: steps in order, how discounts combine, what a price may not be (domain §18.2).

    ``cost`` is the source of costs where neither item nor guard names one (M2); ``price_date`` the day whose records
    hold: the document's, its order's, or the promised delivery's.
    """

    net_price_rounding: NetRounding = NetRounding()
    price_date: Literal["document", "order", "delivery"] = "document"
    cost: Literal["average", "last", "standard"] = "average"
    schema_: dict[str, Step] = Field(alias="schema")
    groups: dict[str, Group] = {}
    exclusions: dict[str, Exclusion] = {}
    guards: dict[str, PriceGuard] = {}
    manual: Manual = Manual()
