"""Orders that still have something to deliver, whether it could leave now, and what becomes of the rest (BK1, K6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.available import RESERVED
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Document, Id, Line
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.scopes import backorder_policy
from sphinx_lib.pack.workflow_model import DocumentType
from sphinx_lib.stock.levels import held
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store.stock import Balance

Key = tuple[str, str]


class OpenLine(NamedTuple):
    """A line that is not delivered in full, in its sales unit: ``backorder`` is ordered minus delivered (BK1)."""

    position: int
    item: str | None
    ordered: Decimal
    delivered: Decimal
    backorder: Decimal
    promised_date: date | None


class OpenOrder(NamedTuple):
    """An order with something to deliver, ``promised`` for the earliest day of its open lines.

    ``deliverable`` says that all of it could leave now, once the orders promised before it have theirs; ``policy`` what
    the customer wants of a rest: keep, cancel, or ask. ``asks`` says that somebody is to decide now.
    """

    id: Id
    number: str | None
    party: str | None
    promised: date | None
    lines: tuple[OpenLine, ...]
    deliverable: bool
    policy: str

    @property
    def asks(self) -> bool:
        """Whether something was delivered, and the customer wants to be asked what becomes of the rest."""
        return self.policy == "ask" and any(line.delivered for line in self.lines)


def open_orders(unit: Unit, customer: str | None = None) -> list[OpenOrder]:
    """The orders that reserve what is left to deliver, oldest promised day first and those without a day last."""
    found = _loaded(unit)
    unit.load_parties({one.party for one in found if one.party})
    needs = {one.id: _reserved(one, unit.pack) for one in found}
    unit.load_stock({item for need in needs.values() for item, _ in need})
    left: dict[Key, Decimal] = {}
    rows = []
    for one in sorted(found, key=_order):
        deliverable = _served(unit, needs[one.id], left)
        if customer in (None, one.party) and (lines := open_lines(one, unit.pack)):
            policy = backorder_policy(unit.pack.model, unit.parties.get(one.party or ""))
            rows.append(OpenOrder(one.id, one.number, one.party, _promised(lines), lines, deliverable, policy))
    return rows


def _loaded(unit: Unit) -> list[Document]:
    """The documents of types that commit to deliver, in the states in which they reserve."""
    ids: list[Id] = []
    for name, declared in unit.pack.model.document_types.items():
        states = [state for state in declared.states if RESERVED in (declared.says(state, "stock") or ())]
        if states and declared.fulfils is not None and declared.side == "sales":
            filters = {"type": name, "state": states}
            ids += store_documents.ids_where(unit.connection, unit.company, filters, {})
    return unit.load(ids)


def _reserved(document: Document, pack: Pack) -> dict[Key, Decimal]:
    found: dict[Key, Decimal] = {}
    for key, quantity in held(document, pack).items():
        if key.level == RESERVED:
            found[key.item, key.warehouse] = found.get((key.item, key.warehouse), ZERO) + quantity
    return found


def _order(document: Document) -> tuple[date, date, Id]:
    days = [line.promised_date for line in document.lines if line.promised_date is not None]
    return min(days, default=date.max), document.date, document.id


def _served(unit: Unit, need: Mapping[Key, Decimal], left: dict[Key, Decimal]) -> bool:
    """Whether all of ``need`` is still left; what is there of it is kept for its order in any case."""
    whole = True
    for key, quantity in need.items():
        balance = unit.balances.get(key, Balance())
        there = max(left.setdefault(key, balance.physical - unit.dated.expired(key, unit.today)), ZERO)
        whole = whole and there >= quantity
        left[key] -= min(there, quantity)
    return whole


def _promised(lines: Iterable[OpenLine]) -> date | None:
    return min((line.promised_date for line in lines if line.promised_date is not None), default=None)


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
    followed = pack.followed(document.type)
    return next((name for name in followed if pack.model.progress[name].status == "delivery_status"), None)


def asked_of(document: Document, declared: DocumentType, pack: Pack, policy: str) -> str:
    """What the seller is to decide about the rest of a partly delivered order, in its language; empty where nothing is."""
    levels = declared.says(document.state, "stock") or ()
    if policy != "ask" or document.delivery_status != "part" or RESERVED not in levels:
        return ""
    rest = ", ".join(f"{plain_number(one.backorder)} {_name(document.lines, one)}" for one in open_lines(document, pack))
    return pack.label("backorder_ask", document.language).format(rest=rest)


def _name(lines: Iterable[Line], one: OpenLine) -> str:
    return one.item or next(line.text for line in lines if line.position == one.position)
