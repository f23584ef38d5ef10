"""Orders that still have something to deliver, whether it could leave now, and what becomes of the rest (BK1, K6)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.available import RESERVED
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Document, Id
from sphinx_lib.kernel.money import plain_number, round_half_up
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.scopes import backorder_policy
from sphinx_lib.pack.workflow_model import DocumentType
from sphinx_lib.stock.levels import quantity_of
from sphinx_lib.store import stock as store_stock
from sphinx_lib.store.stock import Balance
from sphinx_lib.store.waiting import Asked, waiting

Key = tuple[str, str]


class OpenLine(NamedTuple):
    """A line that is not delivered in full, in its sales unit: ``backorder`` is ordered minus delivered (BK1)."""

    position: int
    item: str | None
    ordered: Decimal
    delivered: Decimal
    backorder: Decimal
    promised_date: date | None


class Left(NamedTuple):
    """What an order still has to deliver of an item from a warehouse, in stock units, and the part that came in for it by
    a purchase."""

    item: str
    warehouse: str
    needed: Decimal
    own: Decimal

    @property
    def key(self) -> Key:
        """Item and warehouse."""
        return self.item, self.warehouse


class OpenOrder(NamedTuple):
    """An order with something to deliver, ``promised`` for the earliest day of its open lines.

    ``goods`` is what is left of its items, by warehouse. ``deliverable`` says that all of it could leave now, once the
    orders promised before it have theirs; ``policy`` what the customer wants of a rest: keep, cancel, or ask. ``asks``
    says that somebody is to decide now.
    """

    id: Id
    type: str
    number: str | None
    party: str | None
    site: str
    promised: date | None
    lines: tuple[OpenLine, ...]
    goods: tuple[Left, ...]
    deliverable: bool
    policy: str

    @property
    def asks(self) -> bool:
        """Whether something was delivered, and the customer wants to be asked what becomes of the rest."""
        return self.policy == "ask" and any(line.delivered for line in self.lines)


def open_orders(unit: Unit, customer: str | None = None) -> list[OpenOrder]:
    """The orders that reserve what is left to deliver, oldest promised day first and those without a day last.

    What came in for an order by its pegs is its own; the rest goes to the orders promised first, so that all that are
    deliverable can be delivered together.
    """
    found = sorted(waiting(unit.connection, unit.company, _asked(unit.pack)), key=_order)
    unit.load_parties({one.party for one in found if one.party and customer in (None, one.party)})
    lefts = {one.id: _left(unit.pack, one) for one in found}
    free = _free(unit, {left.key for some in lefts.values() for left in some})
    owned = {one.id: [_owned(left, free) for left in lefts[one.id]] for one in found}
    rows = []
    for one in found:
        goods = lefts[one.id]
        covered = [_covered(left, own, free) for left, own in zip(goods, owned[one.id], strict=True)]
        if customer in (None, one.party) and (lines := open_lines(one, unit.pack)):
            policy = backorder_policy(unit.pack.model, unit.parties.get(one.party or ""))
            promised = min((line.promised_date for line in lines if line.promised_date is not None), default=None)
            rows.append(
                OpenOrder(
                    one.id, one.type, one.number, one.party, one.site, promised, lines, tuple(goods), all(covered), policy
                )
            )
    return rows


def _asked(pack: Pack) -> list[Asked]:
    """The documents of types that commit to deliver, in the states in which they reserve; where they reserve what is left
    to deliver, those that are delivered in full have nothing to say."""
    def reserves(declared: DocumentType, state: str) -> bool:
        commits = declared.fulfils is not None and declared.side == "sales"
        return commits and RESERVED in (declared.says(state, "stock") or ())

    found = []
    for name, states in pack.states_where(reserves).items():
        kinds = [one for (type_, _), one in pack.types.items() if type_ == name]
        levels = [kind.says(state, "stock") or {} for kind in kinds for state in states & kind.states.keys()]
        texts = {level[RESERVED] for level in levels if RESERVED in level}
        found.append(Asked(name, sorted(states), texts <= {_left_by_status(name, pack)}))
    return found


def _left(pack: Pack, order: Document) -> list[Left]:
    """What an order still has to deliver, by item and warehouse."""
    declared = pack.type_of(order.type, order.kind)
    feeds = {one.pegs.feed for one in pack.types.values() if one.pegs is not None}
    levels = declared.says(order.state, "stock") or {}
    if RESERVED not in levels:
        return []
    reserved = quantity_of(order, pack, levels[RESERVED])
    found: dict[Key, Left] = {}
    for line in order.lines:
        if not line.quantity:
            continue
        remaining = reserved(line)
        supplied = sum((line.done(feed) for feed in feeds), ZERO) - (line.quantity - remaining)
        for item, whole in line.goods:
            key = (item, line.warehouse)
            part = whole / line.quantity
            so_far = found.get(key, Left(*key, ZERO, ZERO))
            needed = round_half_up(part * remaining, QUANTITY_DIGITS)
            own = round_half_up(part * max(supplied, ZERO), QUANTITY_DIGITS) if not line.parts else ZERO
            found[key] = Left(*key, so_far.needed + needed, so_far.own + own)
    return [left for left in found.values() if left.needed > 0]


def _order(document: Document) -> tuple[date, date, Id]:
    days = [line.promised_date for line in document.lines if line.promised_date is not None]
    return min(days, default=date.max), document.date, document.id


def _free(unit: Unit, keys: Collection[Key]) -> dict[Key, Decimal]:
    """What is there and not expired, by item and warehouse; never below zero."""
    stock = store_stock.stock_of_any(unit.connection, unit.company, {item for item, _ in keys}, unit.today)
    there = {key: stock.balances.get(key, Balance()) for key in keys}
    return {key: max(one.physical - one.expired, ZERO) for key, one in there.items()}


def _owned(left: Left, free: dict[Key, Decimal]) -> Decimal:
    """Take out of the stock what came in for the order."""
    own = max(min(left.own, left.needed, free[left.key]), ZERO)
    free[left.key] = free[left.key] - own
    return own


def _covered(left: Left, own: Decimal, free: dict[Key, Decimal]) -> bool:
    """Take what is missing out of what is free, as far as it goes; whether that is all."""
    taken = max(min(left.needed - own, free[left.key]), ZERO)
    free[left.key] = free[left.key] - taken
    return own + taken == left.needed


def open_lines(document: Document, pack: Pack) -> tuple[OpenLine, ...]:
    """The lines of an order that are not delivered in full; none of a document that nothing is delivered of."""
    progress = delivery_of(document, pack)
    if progress is None:
        return ()
    open_ = (line for line in document.lines if line.quantity and line.counts and line.remaining(progress))
    return tuple(
        OpenLine(
            one.position, one.item, one.quantity or ZERO, one.done(progress), one.remaining(progress), one.promised_date
        )
        for one in open_
    )


def delivery_of(document: Document, pack: Pack) -> str | None:
    """The progress of ``document`` that its delivery status sums up."""
    return next(iter(_summed_up(document.type, pack)), None)


def _summed_up(type_name: str, pack: Pack) -> list[str]:
    return [name for name in pack.followed(type_name) if pack.model.progress[name].status == "delivery_status"]


def _left_by_status(type_name: str, pack: Pack) -> str | None:
    """What expressions call the quantity of a line of which there is none once the document is delivered in full."""
    found = _summed_up(type_name, pack)
    return pack.model.progress[found[0]].remaining if len(found) == 1 else None


def asked_of(document: Document, declared: DocumentType, pack: Pack, policy: str) -> str:
    """What the seller is to decide about the rest of a partly delivered order, in its language; empty where nothing is."""
    levels = declared.says(document.state, "stock") or ()
    if policy != "ask" or document.delivery_status != "part" or RESERVED not in levels:
        return ""
    texts = {line.position: line.text for line in document.lines}
    named = ((one, one.item or texts[one.position]) for one in open_lines(document, pack))
    rest = ", ".join(f"{plain_number(one.backorder)} {name}" for one, name in named)
    return pack.label("backorder_ask", document.language).format(rest=rest)
