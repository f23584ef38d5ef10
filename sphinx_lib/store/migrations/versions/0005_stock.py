"""Lots, bins, promised days and the value of stock; pegs of purchases; prices of suppliers; equipment.

Revision ID: 0005
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from sphinx_lib.store.types import Exact, IdType

revision = "0005"
down_revision: str | None = "0004"
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def _text(name: str, length: int = 60, **more: Any) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False, **more)


def upgrade() -> None:
    """Add the columns and tables. Stock that is there already has quantity and no value: count it to give it one (V6)."""
    for column in (
        sa.Column("due", sa.Date(), nullable=True),
        _text("lot", server_default=""),
        _text("bin", server_default=""),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.Column("value", Exact(4), nullable=False, server_default="0"),
        _text("reason", 200, server_default=""),
    ):
        op.add_column("stock_moves", column)
    for name in ("stowed", "pegs"):
        op.add_column("document_lines", sa.Column(name, JSON, nullable=True))
    op.add_column("price_records", _text("supplier", server_default=""))
    op.create_table(
        "stock_places",
        _text("company_id", 40), _text("item"), _text("warehouse"), _text("lot"), _text("bin"),
        sa.Column("physical", Exact(6), nullable=False),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "item", "warehouse", "lot", "bin"),
    )  # fmt: skip
    op.create_table(
        "stock_schedule",
        _text("company_id", 40), _text("item"), _text("warehouse"), _text("level", 20),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("quantity", Exact(6), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "item", "warehouse", "level", "due"),
    )  # fmt: skip
    values = op.create_table(
        "stock_values",
        _text("company_id", 40), _text("item"),
        sa.Column("quantity", Exact(6), nullable=False),
        sa.Column("value", Exact(4), nullable=False),
        sa.Column("last_cost", sa.Text(), nullable=True),
        sa.Column("last_price", sa.Text(), nullable=True),
        sa.Column("layers", JSON, nullable=True),
        sa.PrimaryKeyConstraint("company_id", "item"),
    )  # fmt: skip
    _value_nothing(values)
    op.create_table(
        "equipment",
        _text("company_id", 40), _text("code"),
        sa.Column("id", IdType(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("audit_hash", 64), _text("item"), _text("serial"), _text("owner"),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "code"),
    )  # fmt: skip
    op.create_index("equipment_of_owner", "equipment", ["company_id", "owner"])


def _value_nothing(values: sa.Table) -> None:
    balances = sa.table("stock_balances", sa.column("company_id"), sa.column("item"), sa.column("physical", Exact(6)))
    zero = sa.literal_column("0", Exact(4))
    sums = sa.select(balances.c.company_id, balances.c.item, sa.func.sum(balances.c.physical), zero)
    op.execute(
        sa.insert(values).from_select(
            ["company_id", "item", "quantity", "value"], sums.group_by(balances.c.company_id, balances.c.item)
        )
    )
