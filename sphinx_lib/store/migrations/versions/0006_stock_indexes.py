"""Sums over stock moves from an index alone, and equipment by its serial number.

Revision ID: 0006
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision: str | None = "0005"


def upgrade() -> None:
    """Make the index of moves anew, with the day and both figures, and add the other."""
    op.drop_index("moves_of_item", "stock_moves")
    columns = ["company_id", "item", "warehouse", "level", "date", "quantity", "value"]
    op.create_index("moves_of_item", "stock_moves", columns)
    op.create_index("equipment_by_serial", "equipment", ["company_id", "serial"])
