"""What guards and discounts do to a price: X7 and X8, as checks of a price list (domain §18.5).

Each raises AssertionError with the line and the figures where the law does not hold. All is reckoned in fractions.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import takewhile

from sphinx_lib.kernel.document import TraceRow
from sphinx_lib.pricing.price_line import Priced
from sphinx_lib.pricing.schema import CompiledGuard
from sphinx_lib.pricing.select import Ask, Batch, ManualPrice, PriceFacts
from sphinx_lib.testing.broken import broken, digits_of
from sphinx_lib.testing.setting import Setting

HUNDRED = Decimal(100)
SOME = (Decimal(10), Decimal(5), Decimal("2.5"))
"""Discounts by hand whose order must not matter."""


# -- guards (X7) ---------------------------------------------------------------------------------------------------------


def check_guards_hold(setting: Setting) -> None:
    """X7: after guards the price is at its floor or above, or the guard has warned, blocked or asked for an approval.

    No price that a guard complains about is at its floor or above. A largest discount is held against the list price of a
    price by hand only where that is per price unit.
    """
    for ask, priced in zip(setting.asks, setting.priced(), strict=True):
        if priced.unit_price is None or priced.problem or not priced.trace or priced.trace[0].reason == "no price":
            continue
        for guard in setting.schema.guards:
            floor = _floor(guard, setting, ask, priced)
            flagged = [one for one in priced.failures if one.guard == guard.name]
            if floor is not None and Fraction(priced.unit_price) < floor and not flagged:
                what = f"{priced.unit_price} is below {digits_of(floor)}, the floor of {guard.name}, and nothing says so"
                broken("X7", setting, ask, what, ("price", priced))
        for one in priced.failures:
            if one.floor is not None and one.price >= one.floor:
                what = f"{one.guard} complains of {one.price}, its floor is {one.floor}"
                broken("X7", setting, ask, what, ("price", priced))


def _floor(guard: CompiledGuard, setting: Setting, ask: Ask, priced: Priced) -> Fraction | None:
    """The lowest price that passes, not rounded up, counted as the price is; none where the guard asks for nothing."""
    base = _list_price(ask, priced)
    rule, schema = guard.rule, setting.schema
    facts = PriceFacts(ask, Batch(setting.sale, schema, (), schema.rounding.stage, 0), list_price=base)
    if base is None or (guard.when is not None and not guard.when(facts)):
        return None
    if rule.max_discount is not None:
        rights = rule.max_discount.rights
        allowed = max([rule.max_discount.default, *(rights[name] for name in rights.keys() & setting.sale.rights)])
        return Fraction(base) * (1 - Fraction(allowed) / 100)
    if guard.min_price is not None:
        least = guard.min_price(facts)
        return None if least is None else _counted(Fraction(least), setting, ask, priced)
    cost = ask.cost(rule.cost or schema.cost)
    if cost is None:
        return None
    if rule.min_margin_rate is not None:
        return _counted(Fraction(cost) / (1 - Fraction(rule.min_margin_rate) / 100), setting, ask, priced)
    return _counted(Fraction(cost) * (1 + Fraction(rule.min_markup_rate or 0) / 100), setting, ask, priced)


def _list_price(ask: Ask, priced: Priced) -> Decimal | None:
    """What guards hold a price against: what the rules say for a price by hand, the base price for others."""
    if ask.manual is None or ask.manual.price is None:
        return priced.list_price
    return None if priced.trace[0].step != "manual" else priced.list_price


def _counted(amount: Fraction, setting: Setting, ask: Ask, priced: Priced) -> Fraction:
    """An amount per stock unit in company currency, counted as the price is: its unit, per, currency and tax."""
    sale = setting.sale
    held = ask.into(ask.item.unit) / ask.into(priced.unit or ask.unit)
    found = amount * held * Fraction(priced.per) * Fraction(sale.rate)
    return found * (1 + Fraction(ask.vat_rate) / 100) if sale.gross else found


# -- discounts (X8) ------------------------------------------------------------------------------------------------------


def check_discounts_are_exact(setting: Setting) -> None:
    """X8: discounts of 0 % are neutral, 100 % gives 0, and a cascade is the product of its factors in any order.

    Checked on the discounts that the lines have, on discounts by hand, and with all percents of the records at zero.
    """
    for ask, priced in zip(setting.asks, setting.priced(), strict=True):
        if priced.unit_price is None or not priced.trace:
            continue
        _check_rows(setting, ask, priced)
        if ask.manual is None and priced.list_price is not None:
            _check_by_hand(setting.alone(ask), ask)
            _check_zeros(setting.alone(ask), ask)


def _check_rows(setting: Setting, ask: Ask, priced: Priced) -> None:
    """The rows of percents that act one on the price after the other."""
    rows = list(takewhile(lambda row: _is_base(row, priced) or _in_cascade(setting, row), _before_rounding(priced)))
    if not rows:
        return
    exact = Fraction(rows[0].amount)
    for row in rows[1:]:
        rate = Fraction(row.rate or 0)
        exact *= 1 - rate / 100
        if rate == 0 and row.amount:
            broken("X8", setting, ask, f"{row.step} takes 0 % and yet {row.amount}", ("price", priced))
        if rate == 100 and row.running:
            broken("X8", setting, ask, f"{row.step} takes 100 % and leaves {row.running}", ("price", priced))
    if rows[-1].running is not None and Fraction(rows[-1].running) != exact:
        what = f"the product of the factors is {digits_of(exact)}, the price is {rows[-1].running}"
        broken("X8", setting, ask, what, ("price", priced))


def _before_rounding(priced: Priced) -> Iterator[TraceRow]:
    return takewhile(lambda row: row.step != "rounding", (row for row in priced.trace if row.active))


def _is_base(row: TraceRow, priced: Priced) -> bool:
    return row.rate is None and row.basis is None and row.amount == row.running == priced.list_price


def _in_cascade(setting: Setting, row: TraceRow) -> bool:
    step = setting.schema.by_name.get(row.step)
    alone = step is None or setting.schema.combine.get(step.group, "cascade") == "cascade"
    return row.rate is not None and alone


def _check_by_hand(alone: Setting, ask: Ask) -> None:
    """Discounts by hand in place of those of the rules (PR8)."""
    none, zero, whole, some, other = (
        alone.but(asks=(ask._replace(manual=ManualPrice(None, discounts)),)).priced()[0]
        for discounts in ((), (Decimal(0),), (HUNDRED,), SOME, SOME[::-1])
    )
    if none.unit_price != zero.unit_price:
        broken("X8", alone, ask, "0 % by hand changes the price", ("without", none), ("with", zero))
    if whole.unit_price and not any(guard.rule.on_fail == "clamp" for guard in alone.schema.guards):
        broken("X8", alone, ask, "100 % by hand leaves a price", ("with", whole))
    if some.unit_price != other.unit_price:
        broken("X8", alone, ask, "the order of discounts by hand changes the price", ("one", some), ("other", other))


def _check_zeros(alone: Setting, ask: Ask) -> None:
    """All percents of the records at zero, beside no percents; where alternatives are chosen a zero may be the choice."""
    percents = {step.name for step in alone.schema.steps if step.kind == "percent"}
    if alone.schema.choices or set(alone.schema.combine.values()) - {"cascade", "additive"}:
        return
    zeros = tuple(
        one._replace(value=Decimal(0), rows=(), scale="", formula=None) if one.step in percents else one
        for one in alone.records
    )
    without = tuple(one for one in alone.records if one.step not in percents)
    zero, none = (alone.but(records=records).priced()[0] for records in (zeros, without))
    if not any(row.rate for row in none.trace) and zero.unit_price != none.unit_price:
        broken("X8", alone, ask, "percents of 0 change the price", ("without", none), ("with", zero))
