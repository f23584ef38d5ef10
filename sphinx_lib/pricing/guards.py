"""What a net unit price must not fall below: floors, margins, largest discounts (G1, G2)."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO, TraceRow
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.money import plain_number, round_up
from sphinx_lib.pricing.schema import CompiledGuard, Sale
from sphinx_lib.pricing.select import COMPUTED, Ask, Batch, Found, PriceFacts


class Failure(NamedTuple):
    """A guard that a price does not pass: what happens (warn, block, approve), the price and its floor.

    ``right`` is what it takes to approve it; ``given`` says that the actor holds it.
    """

    guard: str
    on_fail: str
    price: Decimal
    floor: Decimal
    right: str = ""
    given: bool = False


def guarded(
    ask: Ask, batch: Batch, base: Found, unit_price: Decimal, rows: list[TraceRow]
) -> tuple[Decimal, tuple[Failure, ...]]:
    """The price after clamping, and the guards that failed; each leaves a row in the trace."""
    failures: list[Failure] = []
    for guard in batch.schema.guards:
        if guard.when is not None and not guard.when(PriceFacts(ask, batch, list_price=base.value)):
            continue
        floor = _floor(guard, ask, batch, base)
        if floor is None or unit_price >= floor:
            continue
        rule = guard.rule
        if rule.on_fail == "clamp":
            rows.append(TraceRow(guard.name, floor - unit_price, reason="clamp", running=floor, basis=unit_price))
            unit_price = floor
            continue
        rows.append(TraceRow(guard.name, ZERO, active=False, reason=rule.on_fail, running=floor, basis=unit_price))
        given = rule.on_fail == "approve" and rule.right in batch.sale.rights
        failures.append(Failure(guard.name, rule.on_fail, unit_price, floor, rule.right, given))
    return unit_price, tuple(failures)


def _floor(guard: CompiledGuard, ask: Ask, batch: Batch, base: Found) -> Decimal | None:
    """The lowest price that passes, per ``per`` of the base's unit in the currency of the sale; none without facts."""
    sale, schema = batch.sale, batch.schema
    rule, digits = guard.rule, schema.digits(sale.currency)
    if rule.max_discount is not None:
        allowed = [rule.max_discount.default]
        allowed += [percent for right, percent in rule.max_discount.rights.items() if right in sale.rights]
        return round_up(base.value * (100 - max(allowed)) / 100, digits)
    if guard.min_price is not None:
        given = guard.min_price(PriceFacts(ask, batch, list_price=base.value))
        return None if given is None else round_up(_in_base(given, ask, sale, base), digits)
    cost = ask.cost(rule.cost or schema.cost)
    if cost is None:
        return None
    if rule.min_margin_rate is not None:
        least = COMPUTED.divide(cost * 100, 100 - rule.min_margin_rate)
    else:
        assert rule.min_markup_rate is not None
        least = cost * (100 + rule.min_markup_rate) / 100
    return round_up(_in_base(least, ask, sale, base), digits)


def _in_base(amount: Decimal, ask: Ask, sale: Sale, base: Found) -> Decimal:
    """An amount per stock unit in company currency, as the base price counts: its unit, per, currency and tax."""
    unit = base.condition.unit or ask.unit
    stock = ask.into(ask.item.unit) / ask.into(unit)
    found = COMPUTED.divide(amount * stock.numerator * base.condition.per * sale.rate, Decimal(stock.denominator))
    return found + found * ask.vat_rate / 100 if sale.gross else found


def refuse_blocked(item: str, failures: tuple[Failure, ...]) -> None:
    """Raises InputError when a guard blocks the line."""
    blocked = [failure for failure in failures if failure.on_fail == "block"]
    if blocked:
        raise InputError(
            [
                f"item {item}: price {plain_number(one.price)} is below {plain_number(one.floor)}, "
                f"the floor of guard {one.guard!r}; raise the price"
                for one in blocked
            ]
        )
