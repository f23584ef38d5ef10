"""Discounts on a base price: cascade and groups, exclusions, net prices (PR5-PR7, D2)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.conditions import Condition
from sphinx_lib.kernel.document import ZERO, TraceRow
from sphinx_lib.pricing.schema import FAMILIES, CompiledStep, Hit, Sale
from sphinx_lib.pricing.select import UPWARD, Ask, Batch, Found, Hits, PriceFacts, in_unit, per_stock_unit, pick
from sphinx_lib.pricing.trace import Cascade, Percent, Trace

HUNDRED = Decimal(100)


class Discounts(NamedTuple):
    """What the discounts of a line are computed from; ``steps`` are those that may find something."""

    ask: Ask
    hits: Hits
    batch: Batch
    base: Found
    steps: list[CompiledStep]


class Discounted(NamedTuple):
    """The price after all discounts, before rounding; ``exact`` says that it has no end (SC3).

    ``rows`` are those of the discounts, or in their place the ``cascade`` with its ``amounts``.
    """

    base: Found
    running: Decimal
    rows: list[TraceRow]
    discounts: Sequence[Decimal]
    exact: bool
    cascade: Cascade | None = None
    amounts: tuple[Decimal, ...] = ()

    def trace(self, tail: Sequence[TraceRow] = ()) -> Sequence[TraceRow]:
        """The rows of the base price and of the discounts, then ``tail``."""
        step, condition, access, value, _ = self.base
        if self.cascade is not None:
            return Trace((step.name, value, condition.code, access), self.cascade, self.amounts, tail)
        return (TraceRow(step.name, value, condition.code, access, running=value), *self.rows, *tail)


def discounted(ask: Ask, hits: Hits, batch: Batch, base: Found) -> Discounted:
    """``base`` after the discounts that hold for the line; of alternatives the kept one (PR7)."""
    if batch.schema.straight and not base.condition.net:
        key = hits.straight(ask.day)
        if key is not None:
            cascade = batch.straight.get(key)
            if cascade is None:
                cascade = batch.straight[key] = _cascade(_given(ask, hits, batch, base))
            return _along(cascade, base)
    given = _given(ask, hits, batch, base)
    return _run(given, _excluded(given) if batch.schema.choices else {})


def _given(ask: Ask, hits: Hits, batch: Batch, base: Found) -> Discounts:
    schema = batch.schema
    steps = [schema.steps[number] for number in sorted({*hits.by_step, *schema.with_fields})]
    return Discounts(ask, hits, batch, base, [step for step in steps if step.kind != "price"])


def _cascade(given: Discounts) -> Cascade:
    """The percents that lines with the same plain records have in common."""
    found = [one for step in given.steps if (one := _of_step(step, given, given.base.value)) is not None]
    percents = [Percent(one.step.name, -one.value / HUNDRED, one.value, one.condition.code, one.access) for one in found]
    return Cascade(tuple(percents), tuple(one.value for one in found if one.value))


def _along(cascade: Cascade, base: Found) -> Discounted:
    """``_run`` for percents alone: the loop that most lines go through, so it is kept short."""
    running = base.value
    amounts = []
    for percent in cascade.percents:
        amount = running * percent.factor
        amounts.append(amount)
        running += amount
    return Discounted(base, running, [], cascade.discounts, base.exact, cascade, tuple(amounts))


def _excluded(given: Discounts) -> dict[int, str]:
    """The steps that lose against an alternative, with the reason; each exclusion sees what the ones before it left."""
    excluded: dict[int, str] = {}
    for choice in given.batch.schema.choices:
        left = {
            step.number for step in given.steps if step.number not in excluded and _of_step(step, given, given.base.value)
        }
        there = [(name, steps) for name, steps in choice.alternatives if steps & left]
        if len(there) < 2:
            continue
        union = frozenset().union(*(steps for _, steps in there))
        trials = [
            (_run(given, {**excluded, **dict.fromkeys(union - steps, name)}).running, name, steps) for name, steps in there
        ]
        _, kept, steps = min(trials, key=lambda one: one[0]) if choice.best else trials[0]
        excluded |= dict.fromkeys(union - steps, f"{choice.name}: {kept}")
    return excluded


def _run(given: Discounts, excluded: dict[int, str]) -> Discounted:
    """One pass over the steps; ``excluded`` ones leave inactive rows with the reason."""
    base, combine = given.base, given.batch.schema.combine
    running, exact = base.value, base.exact
    rows: list[TraceRow] = []
    percents: list[Decimal] = []
    grouped: set[str] = set()
    for step in given.steps:
        reason = "net price" if base.condition.net else excluded.get(step.number, "")
        if not reason and step.group in grouped:
            continue
        found = _of_step(step, given, running)
        if found is None:
            continue
        if not reason and combine.get(step.group, "cascade") != "cascade":
            grouped.add(step.group)
            running = _combined(step.group, given, excluded, running, rows, percents)
            continue
        amount, endless = _amount(found, running, given)
        percent = found.value if step.kind == "percent" else None
        code = found.condition.code
        if reason:
            led_to = running + amount
            rows.append(TraceRow(step.name, ZERO, code, found.access, percent, False, reason, led_to, running))
            continue
        basis, running = running, running + amount
        exact = exact or endless
        rows.append(TraceRow(step.name, amount, code, found.access, percent, True, "", running, basis))
        if percent is not None:
            percents.append(percent)
    return Discounted(base, running, rows, percents, exact)


def _of_step(step: CompiledStep, given: Discounts, running: Decimal) -> Found | None:
    """The record that a step finds; with ``best_for_customer`` the one that takes the most off."""
    ask, batch = given.ask, given.batch
    if step.when is not None and not step.when(_facts(given, running)):
        return None
    here = given.hits.by_step.get(step.number)
    if step.fields:
        here = with_fields(step, here or [], ask, batch.sale)
    if not here:
        return None
    found = pick(step, here, ask, batch, running)
    return max(found, key=lambda one: one.value, default=None) if step.best else next(found, None)


def _facts(given: Discounts, running: Decimal) -> PriceFacts:
    """What a condition on a discount may ask: the price so far and the base price, per stock unit in company currency."""
    ask, batch, condition = given.ask, given.batch, given.base.condition
    base = per_stock_unit(given.base.value, condition, ask, batch.sale)
    return PriceFacts(ask, batch, running=per_stock_unit(running, condition, ask, batch.sale), base=base, list_price=base)


def _amount(found: Found, running: Decimal, given: Discounts) -> tuple[Decimal, bool]:
    """What a record adds to the price, below zero for a reduction, and whether it has no end (PR6).

    An amount counts per unit of its record, whatever the unit of the base price, or once for the line.
    """
    if found.step.kind == "percent":
        return -running * found.value / HUNDRED, False
    condition, base, ask = found.condition, given.base.condition, given.ask
    unit = base.unit or ask.unit
    if found.step.per_line:
        held = ask.into(unit)
        quantity = abs(ask.quantity) * held.numerator
        amount = -found.value * base.per * held.denominator
        return (UPWARD.divide(amount, quantity), True) if quantity else (ZERO, False)
    return in_unit(-found.value, condition, unit, ask) * base.per, False


def _combined(
    group: str, given: Discounts, excluded: dict[int, str], running: Decimal, rows: list[TraceRow], percents: list[Decimal]
) -> Decimal:
    """The price after a group whose discounts all act on the price where it starts (D2).

    ``additive`` takes their sum and stops at zero; ``max`` and ``first`` take one, and the others say so.
    """
    how = given.batch.schema.combine[group]
    members = [
        (found, _amount(found, running, given)[0])
        for step in given.steps
        if step.group == group and step.number not in excluded
        if (found := _of_step(step, given, running)) is not None
    ]
    chosen = None
    if how in ("max", "first") and members:
        chosen = min(members, key=lambda one: one[1]) if how == "max" else members[0]
    start, left = running, max(running, ZERO)
    for found, amount in members:
        percent = found.value if found.step.kind == "percent" else None
        name, code, access = found.step.name, found.condition.code, found.access
        if chosen is not None and found is not chosen[0]:
            rows.append(TraceRow(name, ZERO, code, access, percent, False, f"{group}: {how}", start + amount, start))
            continue
        taken = max(amount, -left) if amount < 0 else amount
        left, running = left + taken, running + taken
        rows.append(TraceRow(name, taken, code, access, percent, True, "", running, start))
        if percent is not None:
            percents.append(percent)
    return running


def with_fields(step: CompiledStep, hits: list[Hit], ask: Ask, sale: Sale) -> list[Hit]:
    """``hits`` and, after the records of its access, the master field that stands in for them."""
    added: list[Hit] = []
    for place, field in step.fields:
        if field == "item.sale_price":
            item = ask.item
            if item.sale_price is not None:
                own = Condition(f"item {item.code}", step.name, (), item.sale_price, unit=item.price_unit, per=item.per)
                added.append((place.order + FAMILIES - 1, place.access, own))
        elif field == "item.last_cost":
            item = ask.item
            cost = item.cost if item.last_cost is None else item.last_cost
            if cost is not None:
                own = Condition(f"item {item.code}", step.name, (), cost, unit=item.unit)
                added.append((place.order + FAMILIES - 1, place.access, own))
        else:
            discount = sale.fact(field, ask.item)
            if discount is not None:
                code = f"customer {sale.facts.get('customer', '')}"
                added.append((place.order + FAMILIES - 1, place.access, Condition(code, step.name, (), discount)))
    if not added:
        return hits
    return sorted([*hits, *added], key=lambda hit: hit[0]) if hits else added
