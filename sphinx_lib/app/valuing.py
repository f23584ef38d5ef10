"""Physical moves get their values at the write, under a lock, and deliveries learn what their goods cost (V1-V7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.incoming import Incoming, Moved
from sphinx_lib.app.margins import with_issued_costs
from sphinx_lib.app.tracking import Revalued
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Id, StockMove
from sphinx_lib.kernel.money import currency_digits
from sphinx_lib.kernel.worth import Worth, quotient, share
from sphinx_lib.stock.levels import PHYSICAL, held
from sphinx_lib.stock.valuation import Change, Rule, entered, left, revalued, taken_back
from sphinx_lib.store import stock as store_stock
from sphinx_lib.store import stock_values
from sphinx_lib.store.written import Written

SHARE_DIGITS = 4
COST_RESET = "cost reset"


class Group(NamedTuple):
    """The physical moves of one item by one document (or one adjustment), and the quantity they add up to."""

    item: str
    document_id: Id | None
    moves: tuple[StockMove, ...]
    quantity: Decimal


@dataclass
class Valuing:
    """What one flush has valued so far: items as they are now, what documents say and moved before, values by move.

    ``costs`` are of a stock unit, by document and item, of what left.
    """

    unit: Unit
    worths: dict[str, Worth]
    incoming: Incoming
    values: dict[Id, Decimal] = field(default_factory=dict)
    corrections: list[StockMove] = field(default_factory=list)
    costs: dict[Id, dict[str, Decimal]] = field(default_factory=dict)


def value_moves(unit: Unit, moves: Sequence[StockMove], written: Written) -> list[StockMove]:
    """``moves`` with the values of the physical ones, and moves of value alone; what items are worth is written.

    Within one unit of work what comes in is there before what goes out, and what is returned after it. Deliveries of this
    unit take the costs that they caused. Nothing is read or written when nothing physical moves.
    """
    groups = _groups(moves)
    codes = {group.item for group in groups} | {one.item for one in unit.revalued}
    if not codes:
        return list(moves)
    unit.load_items(codes)
    worths = stock_values.lock(unit.connection, unit.company, codes)
    work = Valuing(unit, worths, Incoming(unit))
    order = _in_order(work.incoming, groups)
    work.incoming.moved |= _moved_before(work.incoming, groups)
    for group in order:
        _value(work, group)
    for one in unit.revalued:
        rule = rule_of(unit, one.item)
        change = revalued(work.worths[one.item], one.quantity, one.amount, rule, one.source)
        work.worths[one.item] = change.worth
        _correct(work, one.move._replace(item=one.item), change.correction, one.move.reason)
    stock_values.write(unit.connection, unit.company, work.worths, written)
    with_issued_costs(unit, work.costs)
    return [*(move._replace(value=work.values.get(move.id, ZERO)) for move in moves), *work.corrections]


def rule_of(unit: Unit, item: str) -> Rule:
    """How an item is valued: by its own method, else the company's (V1, V4)."""
    known = unit.items[item]
    digits = currency_digits(unit.pack.model.company.currency)
    return Rule(known.valuation or unit.pack.model.stock.valuation, known.cost, digits)


def _groups(moves: Iterable[StockMove]) -> list[Group]:
    found: dict[tuple[str, Id], list[StockMove]] = {}
    for move in moves:
        if move.level == PHYSICAL:
            found.setdefault((move.item, move.document_id or move.id), []).append(move)
    return [
        Group(
            item, own[0].document_id, tuple(sorted(own, key=lambda move: (move.warehouse, move.lot, move.bin))),
            sum((move.quantity for move in own), ZERO),
        )
        for (item, _), own in found.items()
    ]  # fmt: skip


def _in_order(incoming: Incoming, groups: Sequence[Group]) -> list[Group]:
    """What comes in first, then what goes out, then what comes back of it; else as it happened."""
    gone = {(group.document_id, group.item) for group in groups if group.quantity < 0}

    def place(group: Group) -> int:
        if group.quantity <= 0:
            return 1
        sources = incoming.returned_from(group.document_id, group.item)
        return 2 if any((source, group.item) in gone for source in sources) else 0

    return sorted(groups, key=place)


def _moved_before(incoming: Incoming, groups: Sequence[Group]) -> dict[tuple[Id, str], Moved]:
    """Quantity and value that documents had moved by item: those that take back their own moves, and origins of returns."""
    unit = incoming.unit
    asked: set[Id] = set()
    for group in groups:
        if group.quantity > 0:
            asked |= incoming.returned_from(group.document_id, group.item)
    for document_id in {group.document_id for group in groups if group.document_id}:
        original = unit.tracked[document_id].original
        if any(key.level == PHYSICAL for key in held(original, unit.pack)):
            asked.add(document_id)
    found = store_stock.moved_by(unit.connection, unit.company, asked) if asked else {}
    return {key: Moved(*moved) for key, moved in found.items()}


def _value(work: Valuing, group: Group) -> None:
    """Take up one group: its value over its moves, a correction beside it, the item's worth after it."""
    if not group.quantity:
        return
    change = _changed(work, group)
    work.worths[group.item] = change.worth
    work.values |= _shared(group, change.value)
    _correct(work, group.moves[0], change.correction, COST_RESET)
    if group.document_id is None:
        return
    if group.quantity < 0 and change.worth.last_cost is not None:
        work.costs.setdefault(group.document_id, {})[group.item] = quotient(change.value, group.quantity)
    key = (group.document_id, group.item)
    before = work.incoming.moved.get(key, Moved(ZERO, ZERO))
    work.incoming.moved[key] = Moved(before.quantity + group.quantity, before.value + change.value + change.correction)


def _changed(work: Valuing, group: Group) -> Change:
    """What a group does: its own moves taken back at their value, a receipt at its price, a return at the cost at which
    it left (V7), an issue at the average or from the layers of what it came from."""
    rule = rule_of(work.unit, group.item)
    own = work.incoming.moved.get((group.document_id or "", group.item), Moved(ZERO, ZERO))
    undone = min(abs(group.quantity), abs(own.quantity)) if own.quantity * group.quantity < 0 else ZERO
    worth, change = work.worths[group.item], Change(work.worths[group.item], ZERO)
    day, source = group.moves[0].date, group.document_id or ""
    if undone:
        value = -share(own.value, undone, abs(own.quantity), rule.digits)
        change = taken_back(worth, undone.copy_sign(group.quantity), value, rule, day, source)
    fresh = abs(group.quantity) - undone
    if not fresh:
        return change
    if group.quantity < 0:
        return _joined(change, _went_out(work.incoming, group, change.worth, fresh, rule))
    given = work.incoming.worth(group.document_id, group.item, group.moves[0].id, fresh)
    came = entered(change.worth, fresh, given.value, rule, day, source)
    if given.price is not None:
        came = came._replace(worth=came.worth._replace(last_price=quotient(given.price, fresh)))
    return _joined(change, came)


def _joined(first: Change, then: Change) -> Change:
    return Change(then.worth, first.value + then.value, first.correction + then.correction)


def _went_out(incoming: Incoming, group: Group, worth: Worth, quantity: Decimal, rule: Rule) -> Change:
    """In ``fifo`` a return to the supplier leaves the layers of its receipts, each line its own (V7)."""
    if rule.method != "fifo" or group.document_id is None:
        return left(worth, quantity, rule)
    change, rest = Change(worth, ZERO), quantity
    for one in incoming.lines(group.document_id, group.item):
        wanted = min(rest, one.quantity)
        if one.line.source_document and wanted > 0:
            change = _joined(change, left(change.worth, wanted, rule, one.line.source_document))
            rest -= wanted
    return _joined(change, left(change.worth, rest, rule)) if rest else change


def _shared(group: Group, value: Decimal) -> dict[Id, Decimal]:
    """``value`` over the moves of a group by quantity, exactly; goods that only change place move no value."""
    found: dict[Id, Decimal] = {}
    so_far, given = ZERO, ZERO
    for move in group.moves:
        so_far += move.quantity
        found[move.id] = share(value, so_far, group.quantity, SHARE_DIGITS) - given
        given += found[move.id]
    return found


def _correct(work: Valuing, like: StockMove, value: Decimal, reason: str) -> None:
    if value:
        more = like._replace(id=work.unit.new_id(), level=PHYSICAL, quantity=ZERO, value=value, reason=reason)
        work.corrections.append(more)


__all__ = ["Revalued", "rule_of", "value_moves"]
