"""The first schema.

Revision ID: 0001
"""

from __future__ import annotations

from alembic import op

from sphinx_lib.store.tables import metadata

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Create every table; written out column by column from the first release on."""
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    """There is nothing before the first schema."""
    raise NotImplementedError("there is no schema before the first one")
