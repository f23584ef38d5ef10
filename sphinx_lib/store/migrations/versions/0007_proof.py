"""What the audit log covers: the recipe of each entry, personal values beside it, the entry that each move belongs to.

Revision ID: 0007
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from sphinx_lib.store.types import IdType

revision = "0007"
down_revision: str | None = "0006"
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Payloads and answers become text, which keeps what was hashed; nothing that was written changes its meaning."""
    with op.batch_alter_table("audit_log") as table:
        _as_text(table, "payload", nullable=False)
        table.add_column(sa.Column("recipe", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("commands") as table:
        _as_text(table, "answer", nullable=True)
    op.create_table(
        "audit_personal",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("document_id", IdType(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=200), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "document_id", "version", "field"),
    )
    op.add_column("documents", sa.Column("personal_salt", sa.String(length=64), nullable=True))
    for name in ("stock_moves", "stock_values"):
        op.add_column(name, sa.Column("written_by", IdType(), nullable=True))


def _as_text(table: Any, column: str, *, nullable: bool) -> None:
    table.alter_column(
        column, existing_type=JSON, type_=sa.Text(), existing_nullable=nullable, postgresql_using=f"{column}::text"
    )
