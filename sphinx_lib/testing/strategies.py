"""Hypothesis strategies for price schemas, their records, sales and lines, and for documents.

They need hypothesis, which the library itself does not: ``pip install hypothesis``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from sphinx_lib.kernel.conditions import Condition, code_of, conditions_of
from sphinx_lib.kernel.master import Item, PriceRecord
from sphinx_lib.kernel.quantity import Unit, Units
from sphinx_lib.pack.pricing_model import Pricing
from sphinx_lib.pricing.schema import Sale
from sphinx_lib.pricing.select import Ask, ManualPrice
from sphinx_lib.testing.setting import Setting, a_setting

try:
    from hypothesis import strategies as st
except ImportError:
    raise ImportError("sphinx_lib.testing.strategies needs hypothesis; install it: pip install hypothesis") from None

Fields = dict[tuple[str, ...], str]
Values = Mapping[str, Sequence[str]]
DAY = date(2026, 3, 2)
PARENTS: Mapping[str, str] = MappingProxyType({"HAND": "TOOLS", "TOOLS": "ALL"})
"""The families of the items, each with its wider one."""
KEYS: Values = MappingProxyType({
    "customer": ("ACME", "BETA"), "customer_group": ("PRO", "WEB"), "site": ("LYON", "NICE"), "price_list": ("L1", "L2"),
    "channel": ("web", "shop"), "item": ("A", "B"), "family": ("HAND", "TOOLS", "ALL"),
})  # fmt: skip
"""The values that records and lines have for each key."""
OF_GOODS = (
    ("customer", "site", "item"), ("customer", "item"), ("customer_group", "item"), ("price_list", "item"),
    ("channel", "item"), ("item",), ("customer", "family"), ("customer_group", "family"), ("family",),
)  # fmt: skip
ACCESSES = (*OF_GOODS, ("customer",), ("customer_group",))
CURRENCIES = ("EUR", "USD", "JPY", "GBP")
UNITS = Units({
    "unit": Unit("unit", "count"), "box": Unit("box", "box"), "kg": Unit("kg", "mass"),
    "g": Unit("g", "mass", Fraction(1, 1000)),
})  # fmt: skip
ALWAYS = ("value", "value", "value", "from", "from", "to")


def amounts(least: int = 0, most: int = 999, places: int = 2) -> st.SearchStrategy[Decimal]:
    """Decimals with at most ``places`` decimals."""
    units = st.integers(least * 10**places, most * 10**places)
    return units.map(lambda number: Decimal(number).scaleb(-places))


# -- schemas -------------------------------------------------------------------------------------------------------------


@st.composite
def schemas(draw: st.DrawFn, *, most_steps: int = 6, guards: bool = True) -> Pricing:
    """Price schemas of one to ``most_steps`` steps, the first a price, with groups, exclusions, scales and guards."""
    names = [f"step_{number}" for number in range(draw(st.sampled_from([*range(most_steps), most_steps - 1])))]
    groups = draw(st.dictionaries(st.sampled_from(["commercial", "season"]), _groups, max_size=2))
    steps = {"base": draw(_price_steps())}
    for name in names:
        steps[name] = draw(_price_steps() if draw(st.integers(0, 9)) == 9 else _discount_steps(sorted(groups)))
    rules: dict[str, Any] = {"schema": steps, "groups": groups}
    alternatives = sorted({step.get("group") or name for name, step in steps.items() if step["kind"] != "price"})
    if len(alternatives) > 1 and draw(st.booleans()):
        between = draw(st.permutations(alternatives))[:3]
        rules["exclusions"] = {"one_of": {"between": between, "keep": draw(st.sampled_from(["first", "best_for_customer"]))}}
    if guards:
        rules["guards"] = draw(st.dictionaries(st.sampled_from(["floor", "margin"]), _guards(), max_size=2))
    rules["net_price_rounding"] = {"stage": draw(st.sampled_from(["unit", "unit", "line"])), "digits": {"default": 4}}
    return Pricing.model_validate(rules)


_mostly = st.sampled_from([True, True, False])
_groups = st.sampled_from(["cascade", "additive", "max", "first"]).map(lambda how: {"combine": how})
_quantities = ("quantity", "group_quantity", "weight", "group_weight")
_all_bases = (*_quantities, "value", "group_value")


def _scales(bases: Sequence[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({"basis": st.sampled_from(bases), "type": st.sampled_from(["from", "to"])})


def _accesses(keys: Sequence[tuple[str, ...]], fields: Fields) -> st.SearchStrategy[dict[str, Any]]:
    def named(chosen: list[tuple[str, ...]]) -> dict[str, Any]:
        declared = {"_".join(key): {"key": list(key)} for key in chosen}
        for key, field in fields.items():
            if key in chosen:
                declared["_".join(key)]["field"] = field  # type: ignore[assignment]
        return declared

    return st.lists(st.sampled_from(keys), min_size=2, max_size=5, unique=True).map(named)


@st.composite
def _price_steps(draw: st.DrawFn) -> dict[str, Any]:
    fields: Fields = {("item",): "item.sale_price"} if draw(st.booleans()) else {}
    return {
        "kind": "price", "access": draw(_accesses(OF_GOODS, fields)), "scale": draw(_scales(_quantities)),
        "select": draw(st.sampled_from(["best_for_customer", "first"])), "convert": draw(_mostly),
        "missing": draw(st.sampled_from(["error", "zero", "ask"])),
    }  # fmt: skip


@st.composite
def _discount_steps(draw: st.DrawFn, groups: Sequence[str]) -> dict[str, Any]:
    kind = draw(st.sampled_from(["percent", "percent", "percent", "amount"]))
    fields: Fields = {("customer",): "party.discount"} if kind == "percent" and draw(st.booleans()) else {}
    step = {
        "kind": kind, "access": draw(_accesses(ACCESSES, fields)), "scale": draw(_scales(_all_bases)),
        "select": draw(st.sampled_from(["first", "first", "best_for_customer"])), "convert": draw(_mostly),
        "group": draw(st.sampled_from(["", *groups])),
    }  # fmt: skip
    return {**step, "per": draw(st.sampled_from(["unit", "line"]))} if kind == "amount" else step


@st.composite
def _guards(draw: st.DrawFn) -> dict[str, Any]:
    limit = draw(st.sampled_from(["min_margin_rate", "min_markup_rate", "max_discount"]))
    most = {"default": draw(amounts(0, 60, 0)), "rights": {"manage_sales": draw(amounts(0, 90, 0))}}
    return {
        limit: most if limit == "max_discount" else draw(amounts(0, 80, 1)),
        "on_fail": draw(st.sampled_from(["clamp", "warn", "block", "approve"])),
        "right": draw(st.sampled_from(["approve_price", "manage_sales"])),
    }


# -- records -------------------------------------------------------------------------------------------------------------


def records(schema: Pricing, values: Values = KEYS, *, most: int = 3) -> st.SearchStrategy[list[PriceRecord]]:
    """Up to ``most`` price records for each step of a schema, of which no two conflict: same keys, priority and start
    stand once (PR3). ``values`` are those of each key; one that stands twice is drawn twice as often.
    """
    least = st.sampled_from([0, *range(1, most), *range(1, most)])

    def of_step(name: str) -> st.SearchStrategy[list[PriceRecord]]:
        one = _record(schema, name, values)
        return least.flatmap(lambda size: st.lists(one, min_size=size, max_size=most, unique_by=_rank))

    return st.tuples(*map(of_step, schema.schema_)).map(lambda found: [one for step in found for one in step])


def conditions(schema: Pricing, values: Values = KEYS, *, most: int = 3) -> st.SearchStrategy[tuple[Condition, ...]]:
    """The same as the engine reads them."""

    def read(found: list[PriceRecord]) -> tuple[Condition, ...]:
        scales = {name: step.scale.type for name, step in schema.schema_.items()}
        return tuple(made for one in found for made in conditions_of(one, scale=scales[one.step]))

    return records(schema, values, most=most).map(read)


def _rank(record: PriceRecord) -> tuple[object, ...]:
    keys = tuple(getattr(record, name) for name in KEYS)
    return record.step, keys, record.priority, record.valid_from


@st.composite
def _record(draw: st.DrawFn, schema: Pricing, name: str, known: Values) -> PriceRecord:
    step = schema.schema_[name]
    access = draw(st.sampled_from(sorted(step.access)))
    start = draw(st.sampled_from([None, None, None, -1, 0, 1]))
    end = draw(st.sampled_from([None, None, None, None, 0, 1, 2]))
    values: dict[str, Any] = {key: draw(st.sampled_from(known[key])) for key in step.access[access].key}
    values |= draw(_said(step.kind)) | {"code": "-", "step": name, "priority": draw(st.integers(0, 1))}
    values |= {"valid_from": None if start is None else DAY + timedelta(start)}
    values |= {"valid_to": None if end is None or end < (start or 0) else DAY + timedelta(end)}
    if step.kind != "percent":
        values |= {
            "currency": draw(st.sampled_from(["", "", "", *CURRENCIES])), "per": draw(st.sampled_from([1, 1, 1, 100])),
            "unit": draw(st.sampled_from(["", "", "", "", *UNITS.table])), "gross": draw(st.integers(0, 5)) == 5,
        }  # fmt: skip
    if step.kind == "price":
        values["net"] = draw(st.integers(0, 3)) == 3
    record = PriceRecord.model_validate(values)
    return record.model_copy(update={"code": f"{code_of(record)} {record.priority}"})


@st.composite
def _said(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """The value of a record or its rows."""
    value = {"price": amounts(0, 999, 3), "percent": amounts(-20, 100, 2), "amount": amounts(-5, 50, 2)}[kind]
    how = draw(st.sampled_from([*ALWAYS, "interval"] if kind == "price" else ALWAYS))
    if how == "value":
        return {"value": draw(value)}
    bounds = sorted(draw(st.lists(st.one_of(amounts(0, 10, 0), amounts(0, 100, 1)), min_size=1, max_size=3, unique=True)))
    rows: list[list[Any]] = [[bound, draw(value)] for bound in bounds]
    if how != "from" and draw(st.booleans()):
        rows.append([None, draw(value)])
    return {"rows": rows, "scale": {"type": how}}


# -- sales and lines -----------------------------------------------------------------------------------------------------


@st.composite
def sales(draw: st.DrawFn, *, gross: bool = True) -> Sale:
    """What the lines of a document have in common, in EUR, USD, JPY or GBP for a company in EUR."""
    names = [name for name in KEYS if name not in ("item", "family")]
    facts = {name: draw(st.sampled_from([*KEYS[name], *KEYS[name], ""])) for name in names}
    rates = {name: draw(amounts(0, 200, 4)) + Decimal("0.0001") for name in CURRENCIES[1:]}
    currency = draw(st.sampled_from(["EUR", *CURRENCIES]))
    discount = draw(st.one_of(st.none(), amounts(0, 40, 1)))
    return Sale(
        currency, "EUR", rates.get(currency, Decimal(1)), facts, PARENTS, lambda name, item: discount,
        {name: rate for name, rate in rates.items() if name != currency},
        draw(st.sampled_from([frozenset(), frozenset({"manage_sales"})])), gross and draw(st.booleans()),
    )  # fmt: skip


@st.composite
def items(draw: st.DrawFn, code: str = "A") -> Item:
    """Goods by the unit or by weight, with or without a price, a cost and a family of their own."""
    unit = draw(st.sampled_from(["unit", "kg"]))
    return Item.model_validate({
        "code": code, "name": code, "unit": unit, "units": {"box": draw(st.sampled_from([4, 6]))},
        "family": draw(st.sampled_from([*KEYS["family"], ""])), "weight_kg": draw(amounts(0, 5, 1)),
        "sale_price": draw(st.one_of(st.none(), amounts())), "cost": draw(st.one_of(st.none(), amounts())),
    })  # fmt: skip


def asks(wares: Sequence[Item], *, by_hand: bool = True) -> st.SearchStrategy[Ask]:
    """Lines for one of ``wares``; ``by_hand`` gives some of them a price or discounts by hand."""
    return st.sampled_from(wares).flatmap(lambda item: _ask(item, by_hand))


@st.composite
def _ask(draw: st.DrawFn, item: Item, by_hand: bool) -> Ask:
    ratios = {("box", item.unit): Fraction(item.units["box"])}
    quantity = draw(st.one_of(amounts(1, 12, 0), amounts(0, 120, 3)))
    return Ask(
        item, quantity, item.unit, DAY + timedelta(draw(st.integers(-2, 2))),
        lambda unit: UNITS.factor(item.unit, unit, ratios), {"item": item.code, "family": item.family},
        weight=quantity * (item.weight_kg or 0), cost=lambda source: item.cost, vat_rate=Decimal(20),
        manual=draw(_by_hand) if by_hand else None,
    )  # fmt: skip


_discounts = st.lists(amounts(0, 100, 1), max_size=3).map(tuple)
_by_hand = st.one_of(
    st.none(), st.none(), st.none(),
    st.tuples(amounts(), st.one_of(st.none(), _discounts)).map(lambda given: ManualPrice(*given)),
    _discounts.map(lambda given: ManualPrice(None, given)),
)  # fmt: skip


@st.composite
def settings(draw: st.DrawFn, *, most_lines: int = 4, guards: bool = True, by_hand: bool = True) -> Setting:
    """A schema with its records and the lines of a sale: what every law of prices is checked on."""
    rules = draw(schemas(guards=guards))
    wares = [draw(items(code)) for code in KEYS["item"]]
    lines = draw(st.lists(asks(wares, by_hand=by_hand), min_size=1, max_size=most_lines))
    sale = draw(sales())
    own = {name: [one for one in (sale.facts.get(name), *(line.facts.get(name) for line in lines)) if one] for name in KEYS}
    likely = {name: [*KEYS[name], *own[name] * 6] for name in KEYS}
    return a_setting(rules, draw(conditions(rules, likely)), sale, lines)


# -- documents -----------------------------------------------------------------------------------------------------------


@st.composite
def documents(
    draw: st.DrawFn, *, vat: Sequence[str] = ("standard", "intermediate", "reduced", "zero"), most_lines: int = 6
) -> dict[str, Any]:
    """What ``Session.create`` takes beside type and customer: lines with VAT codes and discounts, a foot discount.

    ``session.create("invoice", customer="ACME", **drawn)``; the lines are texts, so that no item is needed.
    """
    line = st.fixed_dictionaries({
        "text": st.just("Work"), "quantity": amounts(1, 40, 2), "unit_price": amounts(0, 999, 3),
        "discounts": st.lists(amounts(0, 100, 1), max_size=2), "vat": st.sampled_from(vat),
    })  # fmt: skip
    return {
        "lines": draw(st.lists(line, min_size=1, max_size=most_lines)),
        "foot_discount": draw(st.one_of(st.just(Decimal(0)), amounts(0, 30, 1))),
    }
