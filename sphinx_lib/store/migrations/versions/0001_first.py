"""The first schema, written out: later changes of ``store.tables`` come as migrations of their own.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from sphinx_lib.store.types import Exact, IdType, Moment

revision = "0001"
down_revision: str | None = None
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Create every table with its indexes."""
    op.create_table(
        "accounting_entries",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("entry_id", IdType(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("document_id", IdType(), nullable=False),
        sa.Column("journal", sa.String(length=6), nullable=False),
        sa.Column("journal_label", sa.String(length=100), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("piece", sa.String(length=60), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("account", sa.String(length=20), nullable=False),
        sa.Column("account_label", sa.String(length=100), nullable=False),
        sa.Column("auxiliary", sa.String(length=60), nullable=False),
        sa.Column("auxiliary_label", sa.String(length=200), nullable=False),
        sa.Column("debit", Exact(4), nullable=False),
        sa.Column("credit", Exact(4), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("currency_amount", Exact(4), nullable=True),
        sa.Column("vat", sa.String(length=40), nullable=False),
        sa.Column("analytic", sa.String(length=60), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("company_id", "entry_id", "position"),
        sa.UniqueConstraint("company_id", "journal", "number", "position"),
    )
    op.create_index("entries_by_date", "accounting_entries", ["company_id", "date", "journal"], unique=False)
    op.create_index("entries_of_document", "accounting_entries", ["company_id", "document_id"], unique=False)
    op.create_table(
        "allocations",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("id", IdType(), nullable=False),
        sa.Column("payment_id", IdType(), nullable=False),
        sa.Column("document_id", IdType(), nullable=False),
        sa.Column("amount", Exact(4), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "id"),
    )
    op.create_index("allocations_of_document", "allocations", ["company_id", "document_id"], unique=False)
    op.create_index("allocations_of_payment", "allocations", ["company_id", "payment_id"], unique=False)
    op.create_table(
        "audit_log",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("document_id", IdType(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("event", sa.String(length=60), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("pack", sa.String(length=64), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "document_id", "version"),
    )
    op.create_table(
        "commands",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("input_hash", sa.String(length=64), nullable=False),
        sa.Column("answer", JSON, nullable=True),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "key"),
    )
    op.create_table(
        "deals",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("id", IdType(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("audit_hash", sa.String(length=64), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "code"),
    )
    op.create_table(
        "document_lines",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("id", IdType(), nullable=False),
        sa.Column("document_id", IdType(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(length=60), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("quantity", Exact(6), nullable=True),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("list_price", Exact(6), nullable=True),
        sa.Column("unit_price", Exact(6), nullable=True),
        sa.Column("per", Exact(6), nullable=False),
        sa.Column("price_quantity", Exact(6), nullable=False),
        sa.Column("net", Exact(4), nullable=False),
        sa.Column("vat", sa.String(length=40), nullable=False),
        sa.Column("cost", Exact(6), nullable=True),
        sa.Column("stocked", sa.Boolean(), nullable=False),
        sa.Column("stock_quantity", Exact(6), nullable=False),
        sa.Column("warehouse", sa.String(length=60), nullable=False),
        sa.Column("account_group", sa.String(length=40), nullable=False),
        sa.Column("weight_kg", Exact(6), nullable=True),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("promised_date", sa.Date(), nullable=True),
        sa.Column("manual", sa.Boolean(), nullable=False),
        sa.Column("source_id", IdType(), nullable=True),
        sa.Column("source_document", IdType(), nullable=True),
        sa.Column("root_id", IdType(), nullable=True),
        sa.Column("root_document", IdType(), nullable=True),
        sa.Column("discounts", JSON, nullable=True),
        sa.Column("progress", JSON, nullable=True),
        sa.Column("custom", JSON, nullable=True),
        sa.Column("trace", JSON, nullable=True),
        sa.PrimaryKeyConstraint("company_id", "id"),
    )
    op.create_index("lines_by_source", "document_lines", ["company_id", "source_document"], unique=False)
    op.create_index("lines_of_document", "document_lines", ["company_id", "document_id", "position"], unique=False)
    op.create_table(
        "documents",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("id", IdType(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=True),
        sa.Column("root_number", sa.String(length=60), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("date_given", sa.Boolean(), nullable=False),
        sa.Column("tax_date", sa.Date(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("party", sa.String(length=60), nullable=True),
        sa.Column("site", sa.String(length=60), nullable=False),
        sa.Column("contact", sa.String(length=60), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("rate", sa.Text(), nullable=False),
        sa.Column("rate_date", sa.Date(), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("deal", sa.String(length=60), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("payment_terms", sa.String(length=60), nullable=False),
        sa.Column("regime", sa.String(length=40), nullable=False),
        sa.Column("foot_discount", Exact(6), nullable=False),
        sa.Column("total_net", Exact(4), nullable=False),
        sa.Column("total_vat", Exact(4), nullable=False),
        sa.Column("total_gross", Exact(4), nullable=False),
        sa.Column("net_to_pay", Exact(4), nullable=False),
        sa.Column("balance", Exact(4), nullable=False),
        sa.Column("total_cost", Exact(4), nullable=False),
        sa.Column("counterpart_net", Exact(4), nullable=False),
        sa.Column("counterpart_vat", Exact(4), nullable=False),
        sa.Column("counterpart_gross", Exact(4), nullable=False),
        sa.Column("exposure", Exact(4), nullable=False),
        sa.Column("exposure_class", sa.String(length=40), nullable=False),
        sa.Column("delivery_status", sa.String(length=8), nullable=False),
        sa.Column("billing_status", sa.String(length=8), nullable=False),
        sa.Column("pack", sa.String(length=64), nullable=False),
        sa.Column("audit_hash", sa.String(length=64), nullable=False),
        sa.Column("frozen_at", Moment(), nullable=True),
        sa.Column("vat", JSON, nullable=True),
        sa.Column("instalments", JSON, nullable=True),
        sa.Column("party_facts", JSON, nullable=True),
        sa.Column("history", JSON, nullable=True),
        sa.Column("custom", JSON, nullable=True),
        sa.PrimaryKeyConstraint("company_id", "id"),
        sa.UniqueConstraint("company_id", "type", "number"),
    )
    op.create_index("documents_by_party", "documents", ["company_id", "party", "type", "date"], unique=False)
    op.create_index("documents_by_state", "documents", ["company_id", "type", "state", "date"], unique=False)
    op.create_index(
        "documents_open",
        "documents",
        ["company_id", "party", "exposure_class", "exposure"],
        unique=False,
        sqlite_where=sa.text("exposure <> 0"),
        postgresql_where=sa.text("exposure <> 0"),
    )
    op.create_table(
        "exchange_rates",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("id", IdType(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("audit_hash", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "code"),
    )
    op.create_index("rates_by_date", "exchange_rates", ["company_id", "currency", "date"], unique=False)
    op.create_table(
        "items",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("id", IdType(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("audit_hash", sa.String(length=64), nullable=False),
        sa.Column("family", sa.String(length=60), nullable=False),
        sa.Column("negative_stock", sa.String(length=8), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "code"),
    )
    op.create_table(
        "outbox",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("id", IdType(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("document_id", IdType(), nullable=True),
        sa.Column("dedupe", sa.String(length=200), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("done_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("company_id", "id"),
        sa.UniqueConstraint("company_id", "dedupe"),
    )
    op.create_index("outbox_of_document", "outbox", ["company_id", "document_id"], unique=False)
    op.create_index("outbox_waiting", "outbox", ["company_id", "state", "created_at"], unique=False)
    op.create_table(
        "packs",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("archived_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "fingerprint"),
    )
    op.create_table(
        "parties",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("id", IdType(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("audit_hash", sa.String(length=64), nullable=False),
        sa.Column("customer", sa.Boolean(), nullable=False),
        sa.Column("supplier", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "code"),
    )
    op.create_table(
        "price_records",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("id", IdType(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("audit_hash", sa.String(length=64), nullable=False),
        sa.Column("step", sa.String(length=60), nullable=False),
        sa.Column("customer", sa.String(length=60), nullable=False),
        sa.Column("customer_group", sa.String(length=60), nullable=False),
        sa.Column("site", sa.String(length=60), nullable=False),
        sa.Column("item", sa.String(length=60), nullable=False),
        sa.Column("family", sa.String(length=60), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "code"),
    )
    op.create_index("prices_by_item", "price_records", ["company_id", "item", "family"], unique=False)
    op.create_table(
        "seal_members",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("document_id", IdType(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seal", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "document_id", "version"),
    )
    op.create_index("members_of_seal", "seal_members", ["company_id", "seal"], unique=False)
    op.create_table(
        "seals",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed_at", Moment(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "number"),
    )
    op.create_table(
        "sequences",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("last_date", sa.Date(), nullable=True),
        sa.Column("previous_date", sa.Date(), nullable=True),
        sa.Column("last_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "name", "period"),
    )
    op.create_table(
        "stock_balances",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("item", sa.String(length=60), nullable=False),
        sa.Column("warehouse", sa.String(length=60), nullable=False),
        sa.Column("physical", Exact(6), nullable=False),
        sa.Column("reserved", Exact(6), nullable=False),
        sa.Column("on_order", Exact(6), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "item", "warehouse"),
    )
    op.create_table(
        "stock_moves",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("id", IdType(), nullable=False),
        sa.Column("item", sa.String(length=60), nullable=False),
        sa.Column("warehouse", sa.String(length=60), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("quantity", Exact(6), nullable=False),
        sa.Column("document_id", IdType(), nullable=True),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "id"),
    )
    op.create_index("moves_of_document", "stock_moves", ["company_id", "document_id"], unique=False)
    op.create_index("moves_of_item", "stock_moves", ["company_id", "item", "warehouse", "level"], unique=False)
    op.create_table(
        "warehouses",
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("id", IdType(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("audit_hash", sa.String(length=64), nullable=False),
        sa.Column("negative_stock", sa.String(length=8), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "code"),
    )


def downgrade() -> None:
    """Drop every table."""
    op.drop_table("warehouses")
    op.drop_table("stock_moves")
    op.drop_table("stock_balances")
    op.drop_table("sequences")
    op.drop_table("seals")
    op.drop_table("seal_members")
    op.drop_table("price_records")
    op.drop_table("parties")
    op.drop_table("packs")
    op.drop_table("outbox")
    op.drop_table("items")
    op.drop_table("exchange_rates")
    op.drop_table("documents")
    op.drop_table("document_lines")
    op.drop_table("deals")
    op.drop_table("commands")
    op.drop_table("audit_log")
    op.drop_table("allocations")
    op.drop_table("accounting_entries")
