"""What may be expected of supply: pegs, what is on order for a customer, what can be delivered, what a run reorders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sphinx_lib.app.supply_view import pegs_of
from sphinx_lib.app.views import Views
from sphinx_lib.kernel.document import ZERO
from sphinx_lib.scenario.shapes import VALUE, Shape, rows
from sphinx_lib.workflow.facts import deliverable

PEGS: Shape = rows(dict.fromkeys(("number", "promised", "quantity", "served", "waiting"), VALUE))
DELIVERABLE: Shape = rows(
    {**dict.fromkeys(("type", "number", "party", "site", "promised"), VALUE), "goods": {"*": VALUE}}
)
REORDERED: Shape = rows(
    {
        **dict.fromkeys(
            ("item", "warehouse", "supplier", "projected", "point", "maximum", "minimum", "multiple", "missing", "quantity"),
            VALUE,
        ),
        "text": {"*": VALUE},
    }
)


def _pegs(one: Any) -> list[dict[str, Any]]:
    """The pegs of a purchase line, in the order in which receipts serve them."""
    found = pegs_of(one.seen.document, one.seen.views.unit.pack)
    return [peg._asdict() for peg in found if peg.position == one.line.position]


def _ordered_for(one: Any) -> Any:
    """What is on order for a customer order line, in its unit."""
    types = one.seen.views.unit.pack.types.values()
    feeds = {declared.pegs.feed for declared in types if declared.pegs is not None}
    return sum((one.line.planned(feed) for feed in feeds), ZERO)


def _deliverable(one: Any) -> Any:
    """How much of the line can be delivered now (BK1)."""
    unit, document = one.seen.views.unit, one.seen.document
    unit.prefetch([document], {"stock"})
    return deliverable(unit.situation(document), one.line)


SUPPLY: Mapping[str, Callable[[Any], Any]] = {
    "pegs": _pegs, "ordered_for": _ordered_for, "deliverable": _deliverable,
}  # fmt: skip


def deliverable_rows(views: Views) -> list[dict[str, Any]]:
    """The customer orders that can be delivered now."""
    return [
        {**order._asdict(), "goods": {left.item: left.needed for left in order.goods}} for order in views.deliverable()
    ]
