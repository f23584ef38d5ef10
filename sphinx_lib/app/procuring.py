"""Purchase orders from customer orders: what stock does not cover, pegged to the lines it is bought for (PO1, PO2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sphinx_lib.app.buying import Wanted, buy, missing_amounts
from sphinx_lib.app.unit import Unit
from sphinx_lib.billing.grouping import value_of
from sphinx_lib.kernel.document import ZERO, Document, Id, Line, Peg
from sphinx_lib.kernel.errors import InputError, Refusal
from sphinx_lib.kernel.money import plain_number, round_half_up, trimmed
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pack.workflow_model import MadeFrom, Pegs
from sphinx_lib.stock.levels import quantity_of
from sphinx_lib.stock.pegs import feeds_of

StockKey = tuple[str, str]


class Need(NamedTuple):
    """What one customer order line still needs of one item, in stock units.

    ``needed`` is what is to be delivered, ``pegged`` what is on order for it already, ``own`` what came in for it and it
    has not got yet; ``per_unit`` stock units make one unit of the line (of a component, one of its own). ``part`` is set
    where the item is one of a phantom kit; ``stocked`` says that it may be there already, as no service is.
    """

    order: Document
    line: Line
    item: str
    part: str
    needed: Decimal
    pegged: Decimal
    own: Decimal
    whole: Decimal
    per_unit: Decimal
    stocked: bool

    @property
    def promised(self) -> date | None:
        """The day for which the line, else its order, is promised."""
        return self.line.promised_date or self.order.custom.get("promised_date")


@dataclass
class Procured:
    """The drafts, what each item was short of (needed, available), what was left and why, and what the drafts lack."""

    documents: list[Document] = field(default_factory=list)
    stock: list[tuple[str, str, Decimal, Decimal]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def procure(
    unit: Unit, orders: Sequence[Document], target: TypeKey, rule: MadeFrom, asked: Mapping[Id, Decimal] | None, day: date
) -> Procured:
    """Drafts of ``target`` for what ``orders`` are missing; ``asked`` gives by line how much is bought instead."""
    pegs = unit.pack.type_of(*target).pegs
    if pegs is None:
        raise InputError([f"{target[0]} procures, so it must say under pegs what its lines feed"])
    needs = [need for order in orders for need in _needs(unit, order, pegs)]
    unit.load_items({need.item for need in needs})
    found = Procured()
    if _is_sent(rule):
        named = [need for need in needs if asked is None or asked.get(need.line.id)]
        found.refusals = [*_refused_kits(named), *(_refused_service(need) for need in named if asked and not need.stocked)]
        needs = [need for need in needs if need.stocked and not need.part]
    buys = _as_asked(needs, asked, _usable(unit, needs)) if asked is not None else _missing(unit, needs, orders, rule, found)
    bought = buy(unit, _wanted(buys, rule), target, day)
    found.documents = [_common(unit, document, orders) for document in bought.documents]
    found.refusals += [Refusal("supplier", reason, None, {"item": item}) for (item, _), reason in bought.skipped.items()]
    found.told = missing_amounts(unit, found.documents)
    return found


def _is_sent(rule: MadeFrom) -> bool:
    """Whether suppliers send what is bought to the customer (PO6)."""
    return "party" in rule.group_by


def _refused_kits(needs: Sequence[Need]) -> list[Refusal]:
    """Phantom kits among what suppliers would send: their components come one by one, and a kit is delivered whole."""
    lines = {need.line.id: need for need in needs if need.part and need.needed > need.pegged}
    return [
        Refusal(
            "supplier",
            f"{need.order.type} {need.order.number or 'draft'} line {need.line.position}: {need.line.item} is a kit, which "
            "no supplier sends to the customer by its components; buy them for stock",
            None,
            {"item": need.line.item, "line": need.line.position},
        )
        for need in lines.values()
    ]


def _refused_service(need: Need) -> Refusal:
    order = f"{need.order.type} {need.order.number or 'draft'} line {need.line.position}"
    told = f"{order}: {need.item} is a service, which is not sent; buy it with an ordinary purchase order"
    return Refusal("supplier", told, None, {"item": need.item, "line": need.line.position})


def _needs(unit: Unit, order: Document, pegs: Pegs) -> list[Need]:
    """What each line still needs of each of its goods, and of a service: what the order reserves of goods, which goes for
    services too, else the whole quantity."""
    declared = unit.type_of(order)
    text = (declared.says(order.state, "stock") or {}).get("reserved", "quantity")
    reserved = quantity_of(order, unit.pack, text) if text != "quantity" else None
    found = []
    for line in order.lines:
        if not line.quantity or line.quantity < 0:
            continue
        left = reserved(line) if reserved is not None else line.quantity
        for item, whole in line.goods or _service(line):
            part = item if line.parts else ""
            per_unit = Decimal(1) if part else whole / line.quantity
            got = line.progress.get(feeds_of(pegs.feed, part))
            came = round_half_up(got.done * per_unit, QUANTITY_DIGITS) if got else ZERO
            needed = round_half_up(whole * left / line.quantity, QUANTITY_DIGITS)
            found.append(
                Need(
                    order, line, item, part, needed, round_half_up(got.planned * per_unit, QUANTITY_DIGITS) if got else ZERO,
                    max(came - (whole - needed), ZERO), whole, per_unit, bool(line.goods),
                )
            )  # fmt: skip
    return sorted(found, key=lambda need: (need.promised is None, need.promised or date.min, need.order.number or ""))


def _service(line: Line) -> tuple[tuple[str, Decimal], ...]:
    """The item of a line that is a service, with its quantity in stock units."""
    wanted = line.item and line.counts and not line.stocked and not line.parts and not line.role and line.stock_quantity
    return ((line.item or "", line.stock_quantity),) if wanted else ()


def _missing(
    unit: Unit, needs: Sequence[Need], orders: Sequence[Document], rule: MadeFrom, found: Procured
) -> list[tuple[Need, Decimal]]:
    """What must be bought for each need: stock goes to the earliest promised first, as far as it is free of others (PO1).

    What is pegged already is not bought again. Items that are bought to order, as services always are, take nothing from
    stock but what came in for them; what of that went elsewhere is bought again.
    """
    needs = [need for need in needs if need.stocked or _to_order(unit, need)]
    there = _usable(unit, needs)
    left = _available(unit, {(need.item, need.line.warehouse) for need in needs}, orders)
    free = dict(left)
    needed = dict.fromkeys(free, ZERO)
    buys = []
    in_full = [rule.procures == "needed" or _to_order(unit, need) for need in needs]
    for place in sorted(range(len(needs)), key=lambda place: not in_full[place]):  # these keep what came in for them
        need = needs[place]
        key = (need.item, need.line.warehouse)
        needed[key] += need.needed
        if in_full[place]:
            taken = _kept(need, there)
            missing = need.needed - taken - need.pegged
        else:
            wanted = max(need.needed - need.pegged, ZERO)
            taken = min(wanted, max(left[key], ZERO))
            missing = wanted - taken
        left[key] -= taken
        if missing > 0:
            buys.append((place, missing))
    for key in dict.fromkeys((needs[place].item, needs[place].line.warehouse) for place, _ in buys if needs[place].stocked):
        found.stock.append((*key, trimmed(needed[key]), trimmed(free[key])))
    return [(needs[place], missing) for place, missing in sorted(buys)]


def _to_order(unit: Unit, need: Need) -> bool:
    said = need.line.custom.get("buy_to_order")
    return unit.items[need.item].buy_to_order if said is None else bool(said)


def _available(unit: Unit, keys: set[StockKey], orders: Sequence[Document]) -> dict[StockKey, Decimal]:
    """What is available of each, without what ``orders`` themselves reserve (PO1)."""
    unit.load_stock({item for item, _ in keys})
    unit.reckon_stock()
    own: dict[StockKey, Decimal] = {}
    for order in orders:
        for key, quantity in unit.reserved_by(order).items():
            own[key] = own.get(key, ZERO) + quantity
    return {key: unit.balance_of(*key).available + own.get(key, ZERO) for key in keys}


def _usable(unit: Unit, needs: Sequence[Need]) -> dict[StockKey, Decimal]:
    """What lies in stock of each and may be used, reserved or not."""
    unit.load_stock({need.item for need in needs})
    unit.reckon_stock()
    found = {}
    for need in needs:
        balance = unit.balance_of(need.item, need.line.warehouse)
        found[need.item, need.line.warehouse] = max(balance.available + balance.reserved, ZERO)
    return found


def _kept(need: Need, there: dict[StockKey, Decimal]) -> Decimal:
    """What came in for the need and is still there, which is taken from ``there``: it may have been delivered elsewhere."""
    key = (need.item, need.line.warehouse)
    if not need.stocked:
        return min(need.own, need.needed)
    kept = min(need.own, need.needed, there[key])
    there[key] -= kept
    return kept


def _as_asked(
    needs: Sequence[Need], asked: Mapping[Id, Decimal], there: dict[StockKey, Decimal]
) -> list[tuple[Need, Decimal]]:
    """What was asked for by line, in its unit, whatever there is in stock that did not come in for it; more than the line
    still needs is refused."""
    buys, problems = [], []
    for need in needs:
        kept, quantity = _kept(need, there), asked.get(need.line.id)
        if not quantity:
            continue
        wanted = round_half_up(need.whole * quantity / (need.line.quantity or Decimal(1)), QUANTITY_DIGITS)
        left = need.needed - kept - need.pegged
        if wanted > left or wanted < 0:
            problems.append(
                f"{need.order.type} {need.order.number or 'draft'} line {need.line.position}: {plain_number(wanted)} of "
                f"{need.item} asked for, {plain_number(max(left, ZERO))} left to buy"
            )
        else:
            buys.append((need, wanted))
    if problems:
        raise InputError(problems)
    return buys


def _wanted(buys: Sequence[tuple[Need, Decimal]], rule: MadeFrom) -> list[Wanted]:
    """One want for each item, warehouse and delivery place, with the pegs of all lines in it."""
    groups: dict[tuple[Any, ...], list[tuple[Need, Decimal]]] = {}
    for need, quantity in buys:
        place = tuple(value_of(need.order, name) for name in rule.group_by)
        groups.setdefault((need.item, need.line.warehouse, *place), []).append((need, quantity))
    found = []
    for (item, warehouse, *_), rows in groups.items():
        pegs = tuple(_peg(need, quantity) for need, quantity in rows)
        total = sum((quantity for _, quantity in rows), ZERO)
        found.append(Wanted(item, warehouse, total, pegs, rows[0][0].order if _is_sent(rule) else None))
    return found


def _peg(need: Need, quantity: Decimal) -> Peg:
    ordered = trimmed(round_half_up(quantity / need.per_unit, QUANTITY_DIGITS))
    return Peg(need.order.id, need.line.id, quantity, need.promised, need.order.number or "", ordered, need.part)


def _common(unit: Unit, draft: Document, orders: Sequence[Document]) -> Document:
    """``draft`` with the deal that all its customer orders share."""
    by_id = {order.id: order for order in orders}
    deals = {by_id[peg.document_id].deal for line in draft.lines for peg in line.pegs}
    return draft.changed(deal=deals.pop() if len(deals) == 1 else "")
