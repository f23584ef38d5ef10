"""Drop shipment: what a supplier sends to the customer is received and delivered at once, and never lies in stock (PO6)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sphinx_lib.app import deriving
from sphinx_lib.app.firing import fire
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Document, Id, Line
from sphinx_lib.kernel.errors import Refused
from sphinx_lib.kernel.money import currency_digits, plain_number, round_half_up
from sphinx_lib.kernel.worth import COST_DIGITS
from sphinx_lib.pack.specs import DeliverPegs, UndoPegs
from sphinx_lib.pricing.bought import bought
from sphinx_lib.pricing.totals import cost_of
from sphinx_lib.stock.pegs import in_order_unit, served
from sphinx_lib.workflow.plan import Request

Came = dict[tuple[Id, Id], tuple[Decimal, Decimal]]
"""By customer order and line: the quantity that came in for it, in its unit, and what that cost, in company currency."""


def deliver(unit: Unit, receipt_id: Id, how: DeliverPegs) -> set[Id]:
    """The effect ``DeliverPegs``: derive from the customer orders for which the receipt came in, at what it cost.

    Raises Refused for goods that no customer order waits for: they would be nowhere.
    """
    receipt = unit.get(receipt_id)
    unit.load_sources([receipt])
    came = _came_in(unit, receipt)
    orders = list(dict.fromkeys(order for order, _ in came))
    quantities = {line: quantity for (_, line), (quantity, _) in came.items()}
    derived = deriving.derive_from(unit, orders, how.to, quantities, receipt.date if receipt.date_given else None)
    costs = {line: cost / quantity for (_, line), (quantity, cost) in came.items() if quantity}
    for document in derived.documents:
        _take_costs(unit, document, costs)
        if how.noted_in is not None:
            noted = unit.get(document.id)
            unit.replace(noted.changed(custom={**noted.custom, how.noted_in: receipt_id}))
    made = [document.id for document in derived.documents]
    return {receipt_id, *made} | fire(unit, [(one, Request(how.fire)) for one in made])


def undo(unit: Unit, receipt_id: Id, how: UndoPegs) -> set[Id]:
    """The effect ``UndoPegs``; raises GuardFailed where one of the deliveries cannot be undone, such as an invoiced one."""
    sources = _sources(unit, unit.get(receipt_id))
    orders = {peg.document_id for source in sources for line in source.lines for peg in line.pegs}
    type_, _ = unit.pack.resolve_type(how.type)
    made = [one.id for one in unit.made_from(orders, type_) if one.custom.get(how.noted_in) == receipt_id]
    return {receipt_id, *made} | fire(unit, [(one, Request(how.event, by="derive")) for one in made])


def _came_in(unit: Unit, receipt: Document) -> Came:
    """What the receipt, which has counted already, brought for each customer order line."""
    found = bought(receipt, unit.pack)
    costs = {line.id: one.cost / receipt.rate for line, one in zip(receipt.lines, found, strict=True)}
    ordered_in = {line.id: line for one in _sources(unit, receipt) for line in one.lines}
    by = {line.id: unit.type_of(one).pegs for one in _sources(unit, receipt) for line in one.lines}
    taken: dict[Id, Decimal] = {}
    came: Came = {}
    for line in receipt.lines:
        source, pegs = ordered_in.get(line.source_id or ""), by.get(line.source_id or "")
        if line.quantity is None or not line.goods:
            continue
        given = {}
        if source is not None and pegs is not None:
            done = source.done(pegs.served_by) - taken.get(source.id, ZERO)
            given = _of_pegs(source, done - line.quantity, done)
            taken[source.id] = taken.get(source.id, ZERO) + line.quantity
        if sum((quantity for quantity, _ in given.values()), ZERO) != line.quantity:
            raise Refused(
                f"line {line.position}: {plain_number(line.quantity)} {line.unit} of {line.item} came in, and no customer "
                "order waits for all of it; take out the surplus, or buy it with an ordinary purchase order",
                line=line.position,
            )
        for key, (quantity, ordered) in given.items():
            so_far, cost = came.get(key, (ZERO, ZERO))
            came[key] = so_far + ordered, cost + costs[line.id] * quantity / line.quantity
    return came


def _sources(unit: Unit, receipt: Document) -> list[Document]:
    ids = dict.fromkeys(line.source_document for line in receipt.lines if line.source_document)
    return [unit.get(one) for one in ids]


def _of_pegs(line: Line, before: Decimal, now: Decimal) -> dict[tuple[Id, Id], tuple[Decimal, Decimal]]:
    """What each peg got between two quantities received: in the purchase line's unit, and in the order line's."""
    found = {}
    for was, after in zip(served(line, before), served(line, now), strict=True):
        if after.done > was.done:
            ordered = in_order_unit(after.peg, after.done) - in_order_unit(was.peg, was.done)
            found[after.peg.document_id, after.peg.line_id] = after.done - was.done, ordered
    return found


def _take_costs(unit: Unit, document: Document, costs: Mapping[Id, Decimal]) -> None:
    known = {line.id: costs.get(line.source_id or "") for line in document.lines}
    lines = tuple(
        line if (cost := known[line.id]) is None else line._replace(cost=round_half_up(cost, COST_DIGITS))
        for line in document.lines
    )
    total = cost_of(lines, document.rate, currency_digits(document.currency))
    unit.replace(document.changed(lines=lines, total_cost=total))
