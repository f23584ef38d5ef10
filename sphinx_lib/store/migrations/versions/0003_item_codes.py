"""Items by their barcodes and the codes of suppliers; where a document has its exchange rate from.

Revision ID: 0003
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision: str | None = "0002"
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
AT_ONCE = 1000


def upgrade() -> None:
    """Add the table with the codes of the items already there; rates already taken have no source."""
    op.add_column("documents", sa.Column("rate_source", sa.String(length=60), nullable=False, server_default=""))
    made = op.create_table(
        "item_codes",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("item", sa.String(length=60), nullable=False),
        sa.Column("supplier", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "code", "item", "supplier"),
    )
    op.create_index("codes_of_item", "item_codes", ["company_id", "item"])
    items = sa.table("items", sa.column("company_id"), sa.column("code"), sa.column("data", JSON))
    stored = op.get_bind().execute(sa.select(items)).all()
    rows = [code for item in stored for code in _codes(item.company_id, item.code, item.data)]
    for first in range(0, len(rows), AT_ONCE):
        op.bulk_insert(made, rows[first : first + AT_ONCE])


def _codes(company: str, item: str, data: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    if data.get("barcode"):
        yield {"company_id": company, "code": data["barcode"], "item": item, "supplier": ""}
    for supplier, code in (data.get("supplier_codes") or {}).items():
        if code and supplier:
            yield {"company_id": company, "code": code, "item": item, "supplier": supplier}
