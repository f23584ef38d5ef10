"""Physical moves get their values at the write, under a lock, and deliveries learn what their goods cost (V1-V7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.margins import with_issued_costs
from sphinx_lib.app.unit import Revalued, Unit
from sphinx_lib.kernel.document import ZERO, Document, Id, Line, StockMove
from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.money import currency_digits, round_half_up
from sphinx_lib.kernel.worth import Worth, quotient
from sphinx_lib.pricing.foot import foot_of
from sphinx_lib.stock.levels import PHYSICAL, held
from sphinx_lib.stock.valuation import Rule, entered, left, revalued
from sphinx_lib.store import stock as store_stock
from sphinx_lib.store import stock_values

Earlier = Mapping[tuple[Id, str], tuple[Decimal, Decimal]]


class Group(NamedTuple):
    """The physical moves of one item by one document (or one adjustment), and the quantity they add up to."""

    item: str
    document_id: Id | None
    moves: tuple[StockMove, ...]
    quantity: Decimal


class Valued(NamedTuple):
    """What a group is worth: its value, a correction beside it (V3), and the item's stock after it."""

    value: Decimal
    correction: Decimal
    worth: Worth


def value_moves(unit: Unit, moves: Sequence[StockMove]) -> list[StockMove]:
    """``moves`` with the values of the physical ones, and moves of value alone; what items are worth is written.

    Deliveries of this unit take the costs that they caused. The balances of the items must be locked already.
    """
    groups = _groups(moves)
    codes = {group.item for group in groups} | {one.item for one in unit.revalued}
    if not codes:
        return list(moves)
    unit.load_items(codes)
    worths = stock_values.lock(unit.connection, unit.company, codes)
    earlier = _earlier(unit, groups)
    values: dict[Id, Decimal] = {}
    more: list[StockMove] = []
    costs: dict[Id, dict[str, Decimal]] = {}
    for group in groups:
        before = worths[group.item]
        valued = _valued(unit, group, before, earlier)
        worths[group.item] = valued.worth
        values |= _shared(group, valued.value)
        if valued.correction:
            more.append(_of_value(unit, group.item, group.moves[0], valued.correction, "cost reset"))
        if group.quantity < 0 and group.document_id is not None and _is_known(before, unit.items[group.item]):
            costs.setdefault(group.document_id, {})[group.item] = quotient(valued.value, group.quantity)
    for one in unit.revalued:
        worths[one.item], part = revalued(worths[one.item], one.quantity, one.amount, rule_of(unit, one.item), one.source)
        if part:
            more.append(_of_value(unit, one.item, one.move, part, one.move.reason))
    stock_values.write(unit.connection, unit.company, worths)
    with_issued_costs(unit, costs)
    return [*(move._replace(value=values.get(move.id, ZERO)) for move in moves), *more]


def rule_of(unit: Unit, item: str) -> Rule:
    """How an item is valued: by its own method, else the company's (V1, V4)."""
    known = unit.items[item]
    digits = currency_digits(unit.pack.model.company.currency)
    return Rule(known.valuation or unit.pack.model.stock.valuation, known.cost, digits)


def _groups(moves: Iterable[StockMove]) -> list[Group]:
    found: dict[tuple[str, Id | None, Id], list[StockMove]] = {}
    for move in moves:
        if move.level == PHYSICAL:
            found.setdefault((move.item, move.document_id, move.document_id or move.id), []).append(move)
    return [
        Group(item, document_id, tuple(own), sum((move.quantity for move in own), ZERO))
        for (item, document_id, _), own in found.items()
    ]


def _earlier(unit: Unit, groups: Iterable[Group]) -> Earlier:
    """What documents that take back some of their own moves had moved: quantity and value by document and item."""
    again: set[Id] = set()
    for group in groups:
        original = unit.tracked[group.document_id].original if group.document_id in unit.tracked else None
        if original is not None and any(
            key.item == group.item and key.level == PHYSICAL for key in held(original, unit.pack)
        ):
            again.add(original.id)
    return store_stock.moved_by(unit.connection, unit.company, again) if again else {}


def _valued(unit: Unit, group: Group, worth: Worth, earlier: Earlier) -> Valued:
    rule = rule_of(unit, group.item)
    if not group.quantity:
        return Valued(ZERO, ZERO, worth)
    own_quantity, own_value = earlier.get((group.document_id or "", group.item), (ZERO, ZERO))
    if own_quantity * group.quantity < 0:
        back = min(abs(group.quantity), abs(own_quantity))
        taken_back = -round_half_up(own_value * back / abs(own_quantity), rule.digits)
    else:
        back, taken_back = ZERO, ZERO
    if group.quantity > 0:
        return _came_in(unit, group, worth, rule, (back, taken_back))
    return _went_out(unit, group, worth, rule, (back, taken_back))


def _came_in(unit: Unit, group: Group, worth: Worth, rule: Rule, back: tuple[Decimal, Decimal]) -> Valued:
    """A receipt at its price, a return at the cost at which it left (V7), goods taken back at the value they had."""
    fresh = group.quantity - back[0]
    value: Decimal | None = back[1]
    bought: Decimal | None = None
    if fresh:
        bought = _worth_given(unit, group, fresh)
        value = None if bought is None else back[1] + bought
    day = group.moves[0].date
    after, taken, correction = entered(worth, group.quantity, value, rule, day, group.document_id or "")
    if bought is not None and _by_price(unit, group):
        after = after._replace(last_price=quotient(bought, fresh))
    return Valued(taken, correction, after)


def _went_out(unit: Unit, group: Group, worth: Worth, rule: Rule, back: tuple[Decimal, Decimal]) -> Valued:
    """At the average, or from the layers of what it came from; a receipt taken back leaves with the value it brought."""
    quantity = -group.quantity
    source = group.document_id or ""
    if back[0] == quantity and rule.method == "average" and worth.quantity > quantity and worth.value + back[1] >= 0:
        after = worth._replace(quantity=worth.quantity - quantity, value=worth.value + back[1])
        return Valued(back[1], ZERO, after)
    if not back[0] and source in unit.tracked:
        lines = unit.get(source).lines
        source = next((line.source_document or "" for line in lines if line.item == group.item), "")
    issue = left(worth, quantity, rule, source)
    return Valued(-issue.value, ZERO, issue.worth)


def _by_price(unit: Unit, group: Group) -> bool:
    return group.document_id is not None and unit.type_of(unit.get(group.document_id)).stock_value == "price"


def _worth_given(unit: Unit, group: Group, quantity: Decimal) -> Decimal | None:
    """What ``quantity`` of the item came in for, in company currency, not rounded; none where its document says nothing."""
    if group.document_id is None:
        return unit.given_values.get(group.moves[0].id)
    document = unit.get(group.document_id)
    whole = sum((amount for line in document.lines for item, amount in line.goods if item == group.item), ZERO)
    known = _prices(unit, document, group.item) if _by_price(unit, group) else _costs(document, group.item)
    if known is None:
        return None
    return known * quantity / whole if whole else known


def _prices(unit: Unit, document: Document, item: str) -> Decimal:
    """Net of the lines of an item after what is taken off at the foot, with their shares of landed costs (V5)."""
    bases = foot_of(document, unit.pack).bases(len(document.lines))
    net = sum((base for base, line in zip(bases, document.lines, strict=True) if line.item == item), ZERO)
    return net / document.rate + sum((landed(line) for line in document.lines if line.item == item), ZERO)


def landed(line: Line) -> Decimal:
    """The share of a line in the landed costs of its receipt, in company currency (V5)."""
    share: Decimal = line.custom.get("landed_cost") or ZERO
    return share


def _costs(document: Document, item: str) -> Decimal | None:
    """What the goods of an item cost when they left, by the costs on the lines; none where a line has none."""
    found = ZERO
    for line in document.lines:
        if line.parts:
            for part in line.parts:
                if part.item == item:
                    if part.cost is None:
                        return None
                    found += part.cost * part.quantity * (line.quantity or ZERO)
        elif line.item == item and line.stocked:
            if line.cost is None:
                return None
            found += line.cost * (line.quantity or ZERO)
    return found


def _shared(group: Group, value: Decimal) -> dict[Id, Decimal]:
    """``value`` over the moves of a group by quantity, exactly; goods that only change place move no value."""
    if not group.quantity:
        return {}
    found: dict[Id, Decimal] = {}
    so_far, given = ZERO, ZERO
    for move in group.moves:
        so_far += move.quantity
        share = round_half_up(value * so_far / group.quantity, 4) - given
        given += share
        found[move.id] = share
    return found


def _is_known(worth: Worth, item: Item) -> bool:
    return worth.average is not None or item.cost is not None


def _of_value(unit: Unit, item: str, like: StockMove, value: Decimal, reason: str) -> StockMove:
    return like._replace(id=unit.new_id(), item=item, level=PHYSICAL, quantity=ZERO, value=value, reason=reason)


__all__ = ["Revalued", "landed", "rule_of", "value_moves"]
