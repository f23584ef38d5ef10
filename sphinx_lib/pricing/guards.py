"""What a net unit price must not fall below: floors, margins, largest discounts (G1, G2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Literal, NamedTuple

from sphinx_lib.kernel.document import ZERO, Line, TraceRow
from sphinx_lib.kernel.errors import Refusal
from sphinx_lib.kernel.money import plain_number, round_up
from sphinx_lib.kernel.ports import SEE_MARGIN
from sphinx_lib.pack.base import Strict
from sphinx_lib.pack.costs import NO_FIGURE, OF_ITEMS
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.pricing_model import PriceGuard
from sphinx_lib.pack.specs import GuardSpec, Situation
from sphinx_lib.pricing.schema import CompiledGuard, Sale
from sphinx_lib.pricing.select import COMPUTED, Ask, Batch, Found, PriceFacts, of_stock_unit, per_stock_unit


class Failure(NamedTuple):
    """A guard that a price does not pass: the price, its floor and what follows.

    ``on_fail`` is warn, block or approve, or approved when who entered the line holds the right.
    """

    guard: str
    on_fail: str
    price: Decimal
    floor: Decimal


def guarded(
    ask: Ask, batch: Batch, base: Found, unit_price: Decimal, rows: list[TraceRow]
) -> tuple[Decimal, tuple[Failure, ...]]:
    """The price after clamping, and the guards that failed; each leaves a row in the trace."""
    failures: list[Failure] = []
    for guard in batch.schema.guards:
        if guard.when is not None and not guard.when(_facts(ask, batch, base, unit_price)):
            continue
        floor = _floor(guard, ask, batch, base, unit_price)
        if floor is None or unit_price >= floor:
            continue
        rule = guard.rule
        if rule.on_fail == "clamp":
            rows.append(TraceRow(guard.name, floor - unit_price, reason="clamp", running=floor, basis=unit_price))
            unit_price = floor
            continue
        approved = rule.on_fail == "approve" and rule.right in batch.sale.rights
        what = "approved" if approved else rule.on_fail
        rows.append(TraceRow(guard.name, ZERO, active=False, reason=what, running=floor, basis=unit_price))
        failures.append(Failure(guard.name, what, unit_price, floor))
    return unit_price, tuple(failures)


def _facts(ask: Ask, batch: Batch, base: Found, unit_price: Decimal) -> PriceFacts:
    """What a guard may ask: the net price and the one before discounts, per stock unit in company currency."""
    listed = per_stock_unit(base.value, base.condition, ask, batch.sale)
    running = per_stock_unit(unit_price, base.condition, ask, batch.sale)
    return PriceFacts(ask, batch, list_price=listed, base=listed, running=running)


def _floor(guard: CompiledGuard, ask: Ask, batch: Batch, base: Found, unit_price: Decimal) -> Decimal | None:
    """The lowest price that passes, per ``per`` of the base's unit in the currency of the sale; none without facts."""
    sale, schema = batch.sale, batch.schema
    rule, digits = guard.rule, schema.digits(sale.currency)
    if rule.max_discount is not None:
        allowed = [rule.max_discount.default]
        allowed += [percent for right, percent in rule.max_discount.rights.items() if right in sale.rights]
        return round_up(base.value * (100 - max(allowed)) / 100, digits)
    if guard.min_price is not None:
        given = guard.min_price(_facts(ask, batch, base, unit_price))
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
    found = of_stock_unit(amount, base.condition, ask) * sale.rate
    return found + found * ask.vat_rate / 100 if sale.gross else found


def failed(line: Line, *outcomes: str) -> Iterator[Failure]:
    """The guards that the price of a line did not pass, by its trace, with one of ``outcomes``."""
    for row in not_passed(line, *outcomes):
        if row.running is not None and row.basis is not None:
            yield Failure(row.step, row.reason, row.basis, row.running)


def not_passed(line: Line, *outcomes: str) -> Iterator[TraceRow]:
    """The rows of guards that the price of a line did not pass: ``basis`` is the price, ``running`` the floor, which is
    none where it is not shown."""
    for row in line.trace:
        if not row.active and row.reason in outcomes and row.basis is not None and row.rate is None:
            yield row


class PriceLines(Strict):
    """The lines whose prices are asked about: ``all``, or those that somebody priced ``by_hand``."""

    lines: Literal["all", "by_hand"] = "all"


def price_guards(situation: Situation, parameters: PriceLines) -> Iterable[Refusal]:
    """Refuse a document with prices that wait for an approval; those copied from a source had theirs (PX9)."""
    hidden = hidden_floors(situation.pack, situation.rights)
    for line in _priced_here(situation, parameters):
        for failure in failed(line, "approve"):
            floor = NO_FIGURE if failure.guard in hidden else failure.floor
            facts = {"line": line.position, "guard": failure.guard, "price": failure.price, "floor": floor}
            yield Refusal("price_guards", facts=facts)


def _priced_here(situation: Situation, parameters: PriceLines) -> Iterator[Line]:
    for line in situation.document.lines:
        if line.source_id is None and line.counts and (line.manual or parameters.lines == "all"):
            yield line


def has_prices(situation: Situation, parameters: PriceLines) -> bool:
    """Whether ``price_guards`` has prices to ask about; whether these pass has no part in it."""
    return any(line.unit_price is not None for line in _priced_here(situation, parameters))


GUARDS = (
    GuardSpec("price_guards", price_guards, PriceLines, facts=("line", "guard", "price", "floor"), asks=has_prices),
)


def blocked(item: str, failures: Iterable[Failure], hidden: frozenset[str] = frozenset()) -> Iterator[str]:
    """What a user is told of the guards that block a line of ``item``, those of ``hidden`` without their floor."""
    for one in failures:
        if one.on_fail == "block":
            floor = "" if one.guard in hidden else f" {plain_number(one.floor)},"
            yield (
                f"item {item}: price {plain_number(one.price)} is below{floor} the floor of guard {one.guard!r}; "
                "raise the price"
            )


def hidden_floors(pack: Pack, rights: frozenset[str]) -> frozenset[str]:
    """The guards whose floor says what something costs, as far as somebody with these ``rights`` may not see costs."""
    if SEE_MARGIN in rights:
        return frozenset()
    guards = (one for rules in pack.model.schemas.values() for one in rules.guards.items())
    return frozenset(name for name, rule in guards if _bears_cost(rule, pack))


def _bears_cost(rule: PriceGuard, pack: Pack) -> bool:
    if rule.min_price is None:
        return rule.max_discount is None
    return bool(pack.price_expression(rule.min_price).names & OF_ITEMS)
