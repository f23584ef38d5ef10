"""Which names of expressions and messages tell what something costs, on documents of which side
(S48)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sphinx_lib.kernel.ports import SEE_MARGIN

OF_ITEMS = frozenset({"cost", "item.cost", "item.average_cost", "item.last_cost"})
"""What an item costs."""

EARNED = frozenset({"total_cost", "margin", "margin_rate", "markup_rate"})
"""What a document costs and earns."""

PAID = frozenset({
    "total_net", "total_vat", "total_gross", "net_to_pay", "balance", "outstanding",
    "net_commercial", "foot_discount_amount", "net", "unit_price", "list_price", "ordered_price",
    "price_gap", "price_gap_percent", "over_amount", "over_percent", "price", "amount", "limit",
    "missing", "minimum",
})  # fmt: skip
"""What is paid: on documents of purchases the amounts tell the cost."""

PURCHASE = "purchase"

NO_FIGURE = "…"
"""What stands in a message in place of a figure that the reader may not see."""


def tells_cost(name: str, side: str) -> bool:
    """Whether the figure called ``name`` on a document of ``side`` is for who has the right
    ``see_margin`` only."""
    if name in OF_ITEMS or name in EARNED or name.partition(".")[2] in EARNED:
        return True
    return side == PURCHASE and (name in PAID or name.endswith("_amount"))


def rights_of_readers(side: str) -> frozenset[str]:
    """The rights that all have who read a text kept with a document of ``side``: those kept with
    purchases are shown to who may see costs only, others to everybody."""
    return frozenset({SEE_MARGIN}) if side == PURCHASE else frozenset()


def is_shown(name: str, side: str, rights: frozenset[str]) -> bool:
    """Whether somebody with ``rights`` may see the figure called ``name``."""
    return SEE_MARGIN in rights or not tells_cost(name, side)


def shown_facts(facts: Mapping[str, Any], side: str, rights: frozenset[str]) -> dict[str, Any]:
    """``facts`` of a refusal as somebody with ``rights`` may see them."""
    return {
        name: value if is_shown(name, side, rights) else NO_FIGURE for name, value in facts.items()
    }
