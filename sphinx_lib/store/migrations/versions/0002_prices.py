"""What prices need: roles of lines, kits, amounts at the foot, families, customers' references.

Revision ID: 0002
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from sphinx_lib.store.types import Exact, IdType

revision = "0002"
down_revision: str | None = "0001"
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Add the columns and tables; rows already there get the values that change nothing."""
    of_documents: list[sa.Column[Any]] = [
        sa.Column("foot_discount_amount", Exact(4), nullable=False, server_default="0"),
        sa.Column("early_payment_discount", Exact(6), nullable=False, server_default="0"),
        sa.Column("prices_include_tax", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("totals", JSON, nullable=True),
    ]
    of_lines: list[sa.Column[Any]] = [
        sa.Column("reason", sa.String(length=200), nullable=False, server_default=""),
        sa.Column("role", sa.String(length=12), nullable=False, server_default=""),
        sa.Column("discountable", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("parent_id", IdType(), nullable=True),
        sa.Column("parts", JSON, nullable=True),
    ]
    for column in of_documents:
        op.add_column("documents", column)
    for column in of_lines:
        op.add_column("document_lines", column)
    _master("families")
    _master(
        "customer_references",
        *(sa.Column(name, sa.String(length=60), nullable=False) for name in ("customer", "item", "reference")),
    )
    op.create_index("references_by_item", "customer_references", ["company_id", "customer", "item"])
    op.create_index("references_by_name", "customer_references", ["company_id", "customer", "reference"])


def _master(name: str, *columns: sa.Column[str]) -> None:
    op.create_table(
        name,
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("id", IdType(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("audit_hash", sa.String(length=64), nullable=False),
        *columns,
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "code"),
    )
