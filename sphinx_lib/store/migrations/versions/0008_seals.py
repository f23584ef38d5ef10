"""Seals say by which recipe they were made; their members are read in the order in which they are hashed;
lines with pegs, few among many, are found by an index.

Revision ID: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"


def upgrade() -> None:
    """Seals that are there were made by recipe 1."""
    op.add_column("seals", sa.Column("recipe", sa.Integer(), nullable=False, server_default="1"))
    op.drop_index("members_of_seal", "seal_members")
    columns = ["company_id", "seal", "document_id", "version"]
    op.create_index("members_of_seal", "seal_members", columns)
    pegged = sa.text("pegs IS NOT NULL")
    columns = ["company_id", "document_id"]
    op.create_index("lines_with_pegs", "document_lines", columns, sqlite_where=pegged, postgresql_where=pegged)
