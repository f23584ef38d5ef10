"""Checks of price records, each for itself and against each other, the same at load and when they are put (§18.2).

A finding's path is ("records", code, field, row). All is linear in the number of records.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from itertools import groupby
from typing import Any, NamedTuple

from sphinx_lib.kernel.conditions import Condition, ancestors
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item, PriceRecord
from sphinx_lib.kernel.money import currency_of, plain_number
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.checks import unknown
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.pricing_model import VALUE_BASES, Step

ZERO = Decimal(0)
HUNDRED = Decimal(100)
Shape = tuple[str, ...]


class _Known(NamedTuple):
    """What the checks ask of each record's step, worked out once: its keys by access, and whether it is a price."""

    shapes: Mapping[str, Shape]
    reached: frozenset[Shape]
    is_price: bool
    is_percent: bool

    @classmethod
    def of(cls, step: Step) -> _Known:
        shapes = {name: tuple(sorted(access.key)) for name, access in step.access.items()}
        return cls(shapes, frozenset(shapes.values()), step.kind == "price", step.kind == "percent")


def check_records(
    model: PackModel, conditions: Iterable[Condition], accesses: Mapping[str, str] = {}
) -> Iterator[Finding]:
    """What is wrong with each record: its step, keys, unit, currency, amounts and rows.

    ``accesses`` are the accesses that records name, by code.
    """
    steps = {name: _Known.of(step) for name, step in model.price_steps.items()}
    told: dict[tuple[str, str], Finding] = {}
    currencies: dict[str, str | None] = {"": None}
    for one in conditions:
        step = steps.get(one.step)
        if step is None:
            yield _unknown(told, one, "step", one.step, steps)
            continue
        if tuple([name for name, _ in one.keys]) not in step.reached:
            yield from _unreached(model, one, step)
        elif one.code in accesses:
            yield from _access(one, step, accesses[one.code])
        if one.currency not in currencies:
            currencies[one.currency] = _currency(one.currency)
        if currencies[one.currency] is not None:
            yield Finding(("records", one.code, "currency"), str(currencies[one.currency]))
        if one.unit and one.unit not in model.units:
            yield _unknown(told, one, "unit", one.unit, model.units)
        if one.value is not None and (one.value < ZERO or (step.is_percent and one.value > HUNDRED)):
            yield from _amount(one, step, ("value",), one.value)
        if one.scale or one.rows:
            yield from _rows(one, step)


def _currency(code: str) -> str | None:
    """What is wrong with a currency, none where it is known."""
    try:
        currency_of(code)
    except InputError as error:
        return error.problems[0].removeprefix("currency: ")
    return None


def _unknown(told: dict[tuple[str, str], Finding], one: Condition, what: str, name: str, known: Iterable[str]) -> Finding:
    """A name that nothing declares; the nearest is looked for once, however many records have the same name."""
    if (what, name) not in told:
        told[what, name] = unknown((what,), what, name, known)
    return told[what, name]._replace(path=("records", one.code, what))


def _unreached(model: PackModel, one: Condition, step: _Known) -> Iterator[Finding]:
    """Keys that no access of the step has: a name written wrong, or keys that do not go together."""
    path = ("records", one.code)
    names = {name for step in model.price_steps.values() for access in step.access.values() for name in access.key}
    strange = [name for name, _ in one.keys if name not in names and name not in PriceRecord.model_fields]
    for name in strange:
        hint = did_you_mean(name, names | PriceRecord.model_fields.keys()).removeprefix("; ")
        yield Finding((*path, name), f"unknown key {name!r}: no access of the schema has it", hint, of_key=True)
    if not strange:
        has = "+".join(name for name, _ in one.keys) or "no key"
        known = ", ".join("+".join(access.key) for access in model.price_steps[one.step].access.values()) or "none"
        message = f"no context can reach this record: it has {has}, step {one.step!r} looks for {known}"
        yield Finding(path, message, "give it the keys of one of them")


def _access(one: Condition, step: _Known, access: str) -> Iterator[Finding]:
    path = ("records", one.code, "access")
    if access not in step.shapes:
        yield unknown(path, f"access of step {one.step}", access, step.shapes)
    elif step.shapes[access] != tuple(name for name, _ in one.keys):
        has = "+".join(name for name, _ in one.keys)
        wants = "+".join(step.shapes[access])
        yield Finding(path, f"access {access!r} looks for {wants}, this record has {has}", "take access out")


def _amount(one: Condition, step: _Known, below: tuple[str, ...], value: Decimal) -> Iterator[Finding]:
    """A percent over 100 would make the price negative, as would a price below zero; zero is a price (X8)."""
    if step.is_percent and value > HUNDRED:
        hint = "a percent lowers the price by so much of it: 5 is 5 % off, -5 is 5 % more"
        yield Finding(("records", one.code, *below), f"{plain_number(value)} % is more than the whole price", hint)
    elif step.is_price and value < ZERO:
        message = f"a price is not below zero: {plain_number(value)}"
        yield Finding(("records", one.code, *below), message, "0 is free of charge")


def _rows(one: Condition, step: _Known) -> Iterator[Finding]:
    """Bounds ascend, the open end is the last of ``to`` and ``interval``, and slices have prices (SC1-SC3)."""
    path = ("records", one.code, "rows")
    if not one.rows:
        yield Finding(("records", one.code, "scale"), "a scale without rows", "give rows: [[1, 10.00], [50, 9.20]]")
    if one.scale == "interval" and not step.is_price:
        yield Finding(("records", one.code, "scale"), "slices of quantity have prices: interval is for a step of kind price")
    if one.basis in VALUE_BASES and step.is_price:
        yield Finding(("records", one.code, "scale"), "a price cannot depend on the value that it makes", "take a quantity")
    before: Decimal | None = None
    for number, (bound, value) in enumerate(one.rows):
        where = (*path, str(number))
        if bound is None and (one.scale == "from" or number < len(one.rows) - 1):
            hint = "write 0 for every quantity" if one.scale == "from" else "an open end is the last row"
            yield Finding(where, "this row has no bound", hint)
        elif bound is not None and (bound < ZERO or (before is not None and bound <= before)):
            above = "zero" if before is None else plain_number(before)
            yield Finding(where, f"the bound {plain_number(bound)} is not above {above}", "write the rows in order")
        before = bound if bound is not None else before
        yield from _amount(one, step, ("rows", str(number)), value)


# -- records against each other ------------------------------------------------------------------------------------------


def check_rivals(model: PackModel, conditions: Iterable[Condition]) -> Iterator[Finding]:
    """Records for the same keys that conflict (PR3), or of which one always wins (a warning)."""
    company = model.company.currency
    steps = model.price_steps
    percents = {name for name, step in steps.items() if step.kind == "percent"}
    first: dict[Any, Condition] = {}
    several: dict[Any, list[Condition]] = {}
    for one in conditions:
        currency = "" if one.step in percents else one.currency or company
        key = one.step, one.keys, one.unit, currency
        other = first.setdefault(key, one)
        if other is not one:
            several.setdefault(key, [other]).append(one)
    for (step, *_), rivals in several.items():
        if step in steps:
            yield from () if steps[step].ties == "best_for_customer" else _conflicts(rivals)
            yield from _covered(rivals)


def _conflicts(rivals: Sequence[Condition]) -> Iterator[Finding]:
    """Equal in priority and start, and they differ: nothing can choose between them (PR3)."""
    seen: dict[tuple[int, date | None], Condition] = {}
    for one in rivals:
        other = seen.setdefault((one.priority, one.valid_from), one)
        if _said(other) != _said(one):
            where = f" ({other.origin})" if other.origin else ""
            message = f"conflicts with {other.code!r}{where}: the same keys from the same day, another price"
            yield Finding(("records", one.code), message, "give one of the two a priority, or another valid_from")


def _said(one: Condition) -> tuple[Any, ...]:
    return one.value, one.rows, one.scale, one.basis, one.formula, one.per, one.net, one.gross


def _covered(rivals: Sequence[Condition]) -> Iterator[Finding]:
    """Records of which one with a higher priority holds on each of their days (a warning)."""
    starts: list[date] = []
    wider: list[tuple[date, Condition]] = []  # ends ascend with starts: each reaches further than those before it
    for _, level in groupby(sorted(rivals, key=lambda one: -one.priority), lambda one: one.priority):
        here = [(one.valid_from or date.min, one.valid_to or date.max, one) for one in level]
        for start, end, one in here:
            at = bisect_right(starts, start) - 1
            if at >= 0 and wider[at][0] >= end:
                winner = wider[at][1]
                where = f" ({winner.origin})" if winner.origin else ""
                message = f"never applies: {winner.code!r}{where} has a higher priority on each of its days"
                yield Finding(("records", one.code), message, "take one of the two out", warning=True)
        for start, end, one in here:
            _widen(starts, wider, start, end, one)


def _widen(starts: list[date], wider: list[tuple[date, Condition]], start: date, end: date, one: Condition) -> None:
    """Add a period, unless a longer one has it; rows may leave a quantity to the next record, so they cover nothing."""
    at = bisect_right(starts, start)
    if one.rows or (at and wider[at - 1][0] >= end):
        return
    stop = at
    while stop < len(wider) and wider[stop][0] <= end:
        stop += 1
    starts[at:stop] = [start]
    wider[at:stop] = [(end, one)]


# -- scales where less costs more ----------------------------------------------------------------------------------------


class Overpaid(NamedTuple):
    """Quantities ``first`` to ``last`` cost more in total than ``bound``, the start of a cheaper row (SC4)."""

    first: Decimal
    last: Decimal
    bound: Decimal


def overpaid(one: Condition, digits: int) -> list[Overpaid]:
    """Where a smaller quantity costs more in total than a bigger one, row by row; quantities have ``digits`` decimals."""
    rows = [(bound, value) for bound, value in one.rows if bound is not None]
    if one.scale != "from" or not one.basis.endswith("quantity") or not rows:
        return []
    least = Decimal(1).scaleb(-digits)
    found: list[Overpaid] = []
    cheapest: tuple[Decimal, Decimal] | None = None
    for at in range(len(rows) - 1, -1, -1):
        bound, value = rows[at]
        if cheapest is not None and value > 0:
            first = max(bound, (cheapest[0] / value).quantize(least, ROUND_FLOOR) + least)
            last = rows[at + 1][0] - least
            if first <= last and first * value > cheapest[0]:
                found.insert(0, Overpaid(first, last, cheapest[1]))
        if cheapest is None or bound * value < cheapest[0]:
            cheapest = bound * value, bound
    return found


def check_scales(model: PackModel, conditions: Iterable[Condition]) -> Iterator[Finding]:
    """A warning for each record of prices in which a smaller quantity costs more than a bigger one (SC4).

    Its facts are, for each range of each of the record's items, ``item`` (none for a record of no item), ``from`` and
    ``to`` (the quantities that cost more, both included) and ``than``, the quantity that costs less.
    """
    steps = {name: step for name, step in model.price_steps.items() if step.kind == "price"}
    scaled: dict[str, list[Condition]] = {}
    for one in conditions:
        if one.rows and one.step in steps:
            scaled.setdefault(one.code, []).append(one)
    for code, (one, *others) in scaled.items():
        unit = model.units.get(one.unit)
        whole = all(bound is None or bound == bound.to_integral_value() for bound, _ in one.rows)
        digits = unit.digits if unit is not None else 0 if whole else 3
        basis = one.basis or steps[one.step].scale.basis
        ranges = overpaid(one._replace(basis=basis), digits)
        if ranges:
            told = ", ".join(map(_range, ranges))
            hint = "check the values, or take it as an invitation to buy more"
            items = [dict(each.keys).get("item") for each in (one, *others)]
            facts = tuple(
                {"item": item, "from": first, "to": last, "than": bound} for item in items for first, last, bound in ranges
            )
            yield Finding(("records", code), f"a smaller quantity costs more: {told}", hint, warning=True, facts=facts)


def _range(one: Overpaid) -> str:
    first, last, bound = (plain_number(number) for number in one)
    return f"{first} costs more than {bound}" if first == last else f"{first} to {last} cost more than {bound}"


# -- items ---------------------------------------------------------------------------------------------------------------


def items_without_price(
    model: PackModel, items: Iterable[Item], conditions: Iterable[Condition], parents: Mapping[str, str] = {}
) -> list[str]:
    """Codes of the items for which no record of any price step, customer or day and no price of their own is there.

    ``parents`` are those of families. Items with a role at the foot and exploded kits, which cost what they hold, need
    none.
    """
    steps = {name for name, step in model.pricing.schema_.items() if step.kind == "price"}
    own = any(access.field for name in steps for access in model.pricing.schema_[name].access.values())
    priced: dict[str, set[str]] = {"item": set(), "family": set()}
    for one in conditions:
        if one.step in steps:
            keys = dict(one.keys)
            kind = next((kind for kind in ("item", "family") if kind in keys), None)
            if kind is None:
                return []
            priced[kind].add(keys[kind])
    without = []
    for item in items:
        if item.role or (item.kind == "kit" and item.kit == "exploded") or (own and item.sale_price is not None):
            continue
        families = {item.family, *ancestors(item.family, parents)} if item.family else set()
        if item.code not in priced["item"] and not families & priced["family"]:
            without.append(item.code)
    return without
