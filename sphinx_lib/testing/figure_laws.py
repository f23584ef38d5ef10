"""What the figures of a price must be: X4, X5, X6 and X9, as checks of a price list (domain §18.5).

Each raises AssertionError with the line and the figures where the law does not hold. All is reckoned in fractions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from sphinx_lib.kernel.conditions import Condition
from sphinx_lib.kernel.money import counterpart, currency_digits
from sphinx_lib.pricing.price_line import Priced, line_net
from sphinx_lib.pricing.schema import CompiledStep
from sphinx_lib.pricing.select import Ask
from sphinx_lib.testing.broken import broken, digits_of, half_up
from sphinx_lib.testing.setting import Setting, with_quantity

Total = Callable[[Decimal, Decimal, Decimal, int], Decimal]
"""Price quantity, unit price, per and decimals give a line total."""
ENDLESS = Fraction(1, 10**12)
"""More than what a mean price of 28 digits lacks of one without end (SC3)."""


def check_traces_add_up(setting: Setting) -> None:
    """X4: the active amounts of a trace add up to the net unit price exactly, and each row tells the price so far."""
    for ask, priced in zip(setting.asks, setting.priced(), strict=True):
        if priced.unit_price is None:
            continue
        running = Fraction(0)
        for row in priced.trace:
            running += Fraction(row.amount) if row.active else 0
            if row.active and row.running is not None and Fraction(row.running) != running:
                what = f"{row.step} says {row.running} so far, it is {digits_of(running)}"
                broken("X4", setting, ask, what, ("price", priced))
        if running != Fraction(priced.unit_price):
            what = f"the trace adds up to {digits_of(running)}, the unit price is {priced.unit_price}"
            broken("X4", setting, ask, what, ("price", priced))


def check_round_trip(
    amount: Decimal, currency: str, rate: Decimal, company: str = "EUR",
    back: Callable[[Decimal, Decimal, int], Decimal] = counterpart,
) -> None:  # fmt: skip
    """X5: an amount of ``company`` currency turned into ``currency`` and back is off by half a minor unit of its own and
    the worth of half a minor unit of the other at most. ``rate`` is foreign units per company unit."""
    own, foreign = currency_digits(company), currency_digits(currency)
    there = half_up(Fraction(amount) * Fraction(rate), foreign)
    again = back(there, rate, own)
    allowed = Fraction(1, 2 * 10**own) + Fraction(1, 2 * 10**foreign) / Fraction(rate)
    off = abs(Fraction(again) - Fraction(amount))
    if off > allowed:
        raise AssertionError(
            f"X5: {amount} {company} at {rate} are {there} {currency}, and these are {again} {company}: "
            f"off by {digits_of(off)}, allowed are {digits_of(allowed)}"
        )


def check_scales_descend(setting: Setting, quantities: Sequence[Decimal]) -> None:
    """X6: while the same records give the price, more units never cost more each where scales descend, and with slices
    never less in all. ``quantities`` are in the price unit of each line.

    A scale descends where its prices fall or its reductions grow from row to row (``sphinx-lib check`` tells totals that
    rise, SC4). Prices in which guards or amounts per line had a part are left out.
    """
    for ask in setting.asks:
        alone = setting.alone(ask)
        asks = [with_quantity(ask, quantity) for quantity in sorted(set(quantities)) if quantity > 0]
        found = [(one, alone.but(asks=(one,)).priced()[0]) for one in asks]
        for (few, less), (many, more) in pairwise(found):
            if _records(less) != _records(more) or less.unit_price is None or more.unit_price is None:
                continue
            _check_pair(alone, (few, less), (many, more))


def _check_pair(alone: Setting, fewer: tuple[Ask, Priced], further: tuple[Ask, Priced]) -> None:
    """Two quantities of one line that the same records price."""
    (few, less), (many, more) = fewer, further
    by_code = {one.code: one for one in alone.records}
    base = by_code.get(less.trace[0].record) if less.trace else None
    results = (f"{few.quantity:f}", less), (f"{many.quantity:f}", more)
    assert less.unit_price is not None
    assert more.unit_price is not None
    if base is not None and base.scale == "interval" and _in_all(many, more) < _in_all(few, less) - ENDLESS:
        broken("X6", alone, many, f"{many.quantity:f} cost less in all than {few.quantity:f}", *results)
    if more.unit_price > less.unit_price and _descends(alone, less, by_code) and _descends(alone, more, by_code):
        broken("X6", alone, many, f"each of {many.quantity:f} costs more than each of {few.quantity:f}", *results)


def _in_all(ask: Ask, priced: Priced) -> Fraction:
    """The total before discounts."""
    return Fraction(priced.list_price or 0) * Fraction(ask.quantity)


def _records(priced: Priced) -> list[tuple[str, str, bool]]:
    return [(row.step, row.record, row.active) for row in priced.trace if row.step != "rounding"]


def _descends(alone: Setting, priced: Priced, by_code: dict[str, Condition]) -> bool:
    """Whether nothing but descending scales made the price."""
    for row in priced.trace:
        step = alone.schema.by_name.get(row.step)
        if row.step == "rounding" or (step is None and row.step in ("manual", "discount")):
            continue
        if step is None or step.per_line or step.best or (row.running is not None and row.running < 0):
            return False
        one = by_code.get(row.record)
        if one is not None and not _is_descending(one, step):
            return False
    return True


def _is_descending(one: Condition, step: CompiledStep) -> bool:
    if one.formula is not None or step.when is not None:
        return False
    values = [value for _, value in one.rows]
    ordered = sorted(values, reverse=step.kind == "price")
    basis = one.basis or step.basis
    return not one.rows or (one.scale == "from" and values == ordered and basis in ("quantity", "group_quantity"))


def check_splits_keep_the_total(
    setting: Setting, shares: Sequence[Fraction] = (Fraction(1, 2), Fraction(1, 3), Fraction(1, 7)), total: Total = line_net
) -> None:
    """X9: two lines for the quantity of one, at the same unit price, differ from it by a minor unit at most."""
    minor = Fraction(1, 10**setting.digits)
    for ask, priced in zip(setting.asks, setting.priced(), strict=True):
        if priced.unit_price is None:
            continue
        for share in shares:
            part = half_up(Fraction(ask.quantity) * share, 3)
            parts = (part, ask.quantity - part)
            whole = total(ask.quantity, priced.unit_price, priced.per, setting.digits)
            split = [total(one, priced.unit_price, priced.per, setting.digits) for one in parts]
            if abs(sum(map(Fraction, split)) - Fraction(whole)) > minor:
                what = f"{parts[0]} and {parts[1]} make {split[0]} and {split[1]}, together {whole}"
                broken("X9", setting, ask, what, ("price", priced))
