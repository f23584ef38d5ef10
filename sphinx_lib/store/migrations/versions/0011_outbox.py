"""Messages of the outbox are held by one sender at a time, and wait until they are due.

Revision ID: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sphinx_lib.store.types import IdType, Moment

revision = "0011"
down_revision: str | None = "0010"


def upgrade() -> None:
    """Add when a message is due, which for those that wait is since they were made, and who holds it."""
    with op.batch_alter_table("outbox") as table:
        table.add_column(sa.Column("due_at", Moment))
        table.add_column(sa.Column("holder", IdType))
    op.execute("update outbox set due_at = created_at")
    with op.batch_alter_table("outbox") as table:
        table.alter_column("due_at", existing_type=Moment(), nullable=False)
