"""Documents by their deal.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    """Add the index; documents without a deal are not in it."""
    named = sa.text("deal <> ''")
    op.create_index(
        "documents_of_deal", "documents", ["company_id", "deal"], sqlite_where=named, postgresql_where=named
    )
