"""Refused prices in the audit log, by their time.

Revision ID: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"


def upgrade() -> None:
    """Add the index of refused prices."""
    only = sa.text("event = 'refused_price'")
    op.create_index(
        "prices_refused",
        "audit_log",
        ["company_id", "recorded_at"],
        sqlite_where=only,
        postgresql_where=only,
    )
