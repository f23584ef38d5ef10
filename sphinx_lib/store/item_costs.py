"""What the stock of items says of their costs, beside their records: the average and the last purchase price (M2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_

from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.worth import quotient
from sphinx_lib.store.tables import items, stock_values

COSTS: tuple[Any, ...] = (
    stock_values.c.quantity, stock_values.c.value, stock_values.c.last_cost, stock_values.c.last_price,
)  # fmt: skip
"""Columns for ``with_costs``; ``OF_ITEM`` joins their table to that of the items, from the left."""
OF_ITEM: ColumnElement[bool] = and_(stock_values.c.company_id == items.c.company_id, stock_values.c.item == items.c.code)


def with_costs(item: Item, row: Any) -> Item:
    """``item`` with what its stock costs on average and when it was last bought, where it ever moved."""
    if row.quantity is None:
        return item
    known = {"last_cost": row.last_price, "average_cost": row.last_cost}
    costs = {name: Decimal(text) for name, text in known.items() if text is not None}
    if row.quantity > 0 and row.value:
        costs["average_cost"] = quotient(row.value, row.quantity)
    return item.model_copy(update=costs) if costs else item
