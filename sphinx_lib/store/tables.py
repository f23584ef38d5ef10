"""All tables. ``company_id`` leads every key and index, so that the schema can be spread over machines.

Hosts may read these with ``select()``; only ``flush`` writes them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sphinx_lib.kernel.quantity import QUANTITY_DIGITS
from sphinx_lib.store.types import CanonicalJson, Exact, IdType, Moment

metadata = MetaData()
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
AMOUNT, QUANTITY = 4, QUANTITY_DIGITS
NOTHING: ColumnElement[Decimal] = literal_column("0", Exact(AMOUNT))
"""Zero as SQL text: a bound value would not let the planner use the index of open items."""


def _company() -> Column[str]:
    return Column("company_id", String(40), nullable=False)


def _amount(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Exact(AMOUNT), nullable=nullable)


def _quantity(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Exact(QUANTITY), nullable=nullable)


documents = Table(
    "documents",
    metadata,
    _company(),
    Column("id", IdType, nullable=False),
    Column("type", String(40), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("state", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("number", String(60)),
    Column("root_number", String(60)),
    Column("revision", Integer, nullable=False),
    Column("origin", String(200), nullable=False),
    Column("date", Date, nullable=False),
    Column("date_given", Boolean, nullable=False),
    Column("tax_date", Date),
    Column("due_date", Date),
    Column("party", String(60)),
    Column("site", String(60), nullable=False),
    Column("contact", String(60), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("rate", Text, nullable=False),
    Column("rate_date", Date),
    Column("rate_source", String(60), nullable=False),
    Column("language", String(8), nullable=False),
    Column("reference", String(200), nullable=False),
    Column("deal", String(60), nullable=False),
    Column("method", String(40), nullable=False),
    Column("payment_terms", String(60), nullable=False),
    Column("regime", String(40), nullable=False),
    _quantity("foot_discount"),
    _amount("foot_discount_amount"),
    _quantity("early_payment_discount"),
    Column("prices_include_tax", Boolean, nullable=False),
    *(
        _amount(name)
        for name in (
            "total_net", "total_vat", "total_gross", "net_to_pay", "balance", "total_cost",
            "counterpart_net", "counterpart_vat", "counterpart_gross", "exposure",
        )
    ),
    Column("exposure_class", String(40), nullable=False),
    Column("delivery_status", String(8), nullable=False),
    Column("billing_status", String(8), nullable=False),
    Column("pack", String(64), nullable=False),
    Column("audit_hash", String(64), nullable=False),
    Column("personal_salt", String(64)),
    Column("frozen_at", Moment),
    Column("vat", Json),
    Column("instalments", Json),
    Column("party_facts", Json),
    Column("history", Json),
    Column("custom", Json),
    Column("totals", Json),
    PrimaryKeyConstraint("company_id", "id"),
    UniqueConstraint("company_id", "type", "number"),
    Index("documents_by_state", "company_id", "type", "state", "date"),
    Index("documents_by_party", "company_id", "party", "type", "date"),
    Index(
        "documents_of_deal", "company_id", "deal", sqlite_where=text("deal <> ''"), postgresql_where=text("deal <> ''"),
    ),
    Index(
        "documents_open",
        "company_id",
        "party",
        "exposure_class",
        "exposure",
        sqlite_where=text("exposure <> 0"),
        postgresql_where=text("exposure <> 0"),
    ),
)  # fmt: skip

document_lines = Table(
    "document_lines",
    metadata,
    _company(),
    Column("id", IdType, nullable=False),
    Column("document_id", IdType, nullable=False),
    Column("position", Integer, nullable=False),
    Column("item", String(60)),
    Column("text", Text, nullable=False),
    Column("heading", Text, nullable=False),
    _quantity("quantity", nullable=True),
    Column("unit", String(40), nullable=False),
    _quantity("list_price", nullable=True),
    _quantity("unit_price", nullable=True),
    _quantity("per"),
    _quantity("price_quantity"),
    _amount("net"),
    Column("vat", String(40), nullable=False),
    _quantity("cost", nullable=True),
    Column("stocked", Boolean, nullable=False),
    _quantity("stock_quantity"),
    Column("warehouse", String(60), nullable=False),
    Column("account_group", String(40), nullable=False),
    _quantity("weight_kg", nullable=True),
    Column("reference", String(200), nullable=False),
    Column("promised_date", Date),
    Column("manual", Boolean, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("role", String(12), nullable=False),
    Column("discountable", Boolean, nullable=False),
    Column("parent_id", IdType),
    Column("source_id", IdType),
    Column("source_document", IdType),
    Column("root_id", IdType),
    Column("root_document", IdType),
    Column("discounts", Json),
    Column("parts", Json),
    Column("stowed", Json),
    Column("pegs", Json),
    Column("progress", Json),
    Column("custom", Json),
    Column("trace", Json),
    PrimaryKeyConstraint("company_id", "id"),
    Index("lines_of_document", "company_id", "document_id", "position"),
    Index("lines_by_source", "company_id", "source_document"),
    Index(
        "lines_with_pegs", "company_id", "document_id",
        sqlite_where=text("pegs IS NOT NULL"), postgresql_where=text("pegs IS NOT NULL"),
    ),
)

allocations = Table(
    "allocations",
    metadata,
    _company(),
    Column("id", IdType, nullable=False),
    Column("payment_id", IdType, nullable=False),
    Column("document_id", IdType, nullable=False),
    _amount("amount"),
    Column("date", Date, nullable=False),
    PrimaryKeyConstraint("company_id", "id"),
    Index("allocations_of_payment", "company_id", "payment_id"),
    Index("allocations_of_document", "company_id", "document_id"),
)

stock_moves = Table(
    "stock_moves",
    metadata,
    _company(),
    Column("id", IdType, nullable=False),
    Column("item", String(60), nullable=False),
    Column("warehouse", String(60), nullable=False),
    Column("level", String(20), nullable=False),
    _quantity("quantity"),
    Column("document_id", IdType),
    Column("date", Date, nullable=False),
    Column("due", Date),
    Column("lot", String(60), nullable=False),
    Column("bin", String(60), nullable=False),
    Column("expires", Date),
    _amount("value"),
    Column("reason", String(200), nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("written_by", IdType),  # the audit entry that holds the digest of it
    PrimaryKeyConstraint("company_id", "id"),
    # With all that sums over moves take, so that these are read from the index alone.
    Index("moves_of_item", "company_id", "item", "warehouse", "level", "date", "quantity", "value"),
    Index("moves_of_document", "company_id", "document_id"),
)

stock_balances = Table(
    "stock_balances",
    metadata,
    _company(),
    Column("item", String(60), nullable=False),
    Column("warehouse", String(60), nullable=False),
    _quantity("physical"),
    _quantity("reserved"),
    _quantity("on_order"),
    PrimaryKeyConstraint("company_id", "item", "warehouse"),
)

# What of the physical stock has a name of its own; the rest of a balance lies in no bin and belongs to no lot.
stock_places = Table(
    "stock_places",
    metadata,
    _company(),
    Column("item", String(60), nullable=False),
    Column("warehouse", String(60), nullable=False),
    Column("lot", String(60), nullable=False),
    Column("bin", String(60), nullable=False),
    _quantity("physical"),
    Column("expires", Date),
    Column("since", Date, nullable=False),
    PrimaryKeyConstraint("company_id", "item", "warehouse", "lot", "bin"),
)

# What of the reserved and ordered quantities is promised for a day.
stock_schedule = Table(
    "stock_schedule",
    metadata,
    _company(),
    Column("item", String(60), nullable=False),
    Column("warehouse", String(60), nullable=False),
    Column("level", String(20), nullable=False),
    Column("due", Date, nullable=False),
    _quantity("quantity"),
    PrimaryKeyConstraint("company_id", "item", "warehouse", "level", "due"),
)

# What the physical stock of an item is worth, over all warehouses.
stock_values = Table(
    "stock_values",
    metadata,
    _company(),
    Column("item", String(60), nullable=False),
    _quantity("quantity"),
    _amount("value"),
    Column("last_cost", Text),
    Column("last_price", Text),
    Column("layers", Json),
    Column("written_by", IdType),
    PrimaryKeyConstraint("company_id", "item"),
)

accounting_entries = Table(
    "accounting_entries",
    metadata,
    _company(),
    Column("entry_id", IdType, nullable=False),
    Column("position", Integer, nullable=False),
    Column("document_id", IdType, nullable=False),
    Column("journal", String(6), nullable=False),
    Column("journal_label", String(100), nullable=False),
    Column("number", String(40), nullable=False),
    Column("date", Date, nullable=False),
    Column("piece", String(60), nullable=False),
    Column("label", String(200), nullable=False),
    Column("account", String(20), nullable=False),
    Column("account_label", String(100), nullable=False),
    Column("auxiliary", String(60), nullable=False),
    Column("auxiliary_label", String(200), nullable=False),
    _amount("debit"),
    _amount("credit"),
    Column("due_date", Date),
    Column("currency", String(3), nullable=False),
    _amount("currency_amount", nullable=True),
    Column("vat", String(40), nullable=False),
    Column("analytic", String(60), nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("batch", Integer),
    PrimaryKeyConstraint("company_id", "entry_id", "position"),
    UniqueConstraint("company_id", "journal", "number", "position"),
    Index("entries_by_date", "company_id", "date", "journal"),
    Index("entries_of_document", "company_id", "document_id"),
)

sequences = Table(
    "sequences",
    metadata,
    _company(),
    Column("name", String(60), nullable=False),
    Column("period", String(10), nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("last_date", Date),
    Column("previous_date", Date),
    Column("last_hash", String(64), nullable=False),
    PrimaryKeyConstraint("company_id", "name", "period"),
)

audit_log = Table(
    "audit_log",
    metadata,
    _company(),
    Column("document_id", IdType, nullable=False),
    Column("version", Integer, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("event", String(60), nullable=False),
    Column("payload", CanonicalJson, nullable=False),
    Column("pack", String(64), nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("recipe", Integer, nullable=False),
    PrimaryKeyConstraint("company_id", "document_id", "version"),
    Index(
        "prices_refused", "company_id", "recorded_at", sqlite_where=text("event = 'refused_price'"),
        postgresql_where=text("event = 'refused_price'"),
    ),
)  # fmt: skip

# What entries say of persons: the log holds a digest of each value with its salt, so that both can be deleted.
audit_personal = Table(
    "audit_personal",
    metadata,
    _company(),
    Column("document_id", IdType, nullable=False),
    Column("version", Integer, nullable=False),
    Column("field", String(200), nullable=False),
    Column("salt", String(64), nullable=False),
    Column("value", CanonicalJson, nullable=False),
    PrimaryKeyConstraint("company_id", "document_id", "version", "field"),
)

seals = Table(
    "seals",
    metadata,
    _company(),
    Column("number", Integer, nullable=False),
    Column("sealed_at", Moment, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("recipe", Integer, nullable=False),
    PrimaryKeyConstraint("company_id", "number"),
)

seal_members = Table(
    "seal_members",
    metadata,
    _company(),
    Column("document_id", IdType, nullable=False),
    Column("version", Integer, nullable=False),
    Column("seal", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    PrimaryKeyConstraint("company_id", "document_id", "version"),
    Index("members_of_seal", "company_id", "seal", "document_id", "version"),
)

outbox = Table(
    "outbox",
    metadata,
    _company(),
    Column("id", IdType, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("document_id", IdType),
    Column("dedupe", String(200), nullable=False),
    Column("payload", Json, nullable=False),
    Column("state", String(12), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),  # from when on a sender may take it: of a message that is held, its lease
    Column("holder", IdType),
    Column("done_at", Moment),
    PrimaryKeyConstraint("company_id", "id"),
    UniqueConstraint("company_id", "dedupe"),
    Index("outbox_waiting", "company_id", "state", "created_at"),
    Index("outbox_of_document", "company_id", "document_id"),
)

commands = Table(
    "commands",
    metadata,
    _company(),
    Column("key", String(200), nullable=False),
    Column("input_hash", String(64), nullable=False),
    Column("answer", CanonicalJson),
    Column("recorded_at", Moment, nullable=False),
    PrimaryKeyConstraint("company_id", "key"),
)

# One row for each thing that units of work take turns at; it is locked, never read.
claims = Table(
    "claims",
    metadata,
    _company(),
    Column("name", String(200), nullable=False),
    PrimaryKeyConstraint("company_id", "name"),
)

packs = Table(
    "packs",
    metadata,
    _company(),
    Column("fingerprint", String(64), nullable=False),
    Column("content", Text, nullable=False),
    Column("archived_at", Moment, nullable=False),
    PrimaryKeyConstraint("company_id", "fingerprint"),
)


def _master(name: str, *columns: Column[Any]) -> Table:
    """A table of master records: what SQL asks about in columns, the whole record in ``data``."""
    return Table(
        name,
        metadata,
        _company(),
        Column("code", String(60), nullable=False),
        Column("id", IdType, nullable=False),
        Column("version", Integer, nullable=False),
        Column("audit_hash", String(64), nullable=False),
        *columns,
        Column("data", Json, nullable=False),
        PrimaryKeyConstraint("company_id", "code"),
    )


parties = _master(
    "parties",
    Column("customer", Boolean, nullable=False),
    Column("supplier", Boolean, nullable=False),
    Column("name", String(200), nullable=False),
)
items = _master(
    "items", Column("family", String(60), nullable=False), Column("negative_stock", String(8), nullable=False)
)
# A barcode has no supplier.
item_codes = Table(
    "item_codes",
    metadata,
    _company(),
    Column("code", Text, nullable=False),
    Column("item", String(60), nullable=False),
    Column("supplier", String(60), nullable=False),
    PrimaryKeyConstraint("company_id", "code", "item", "supplier"),
    Index("codes_of_item", "company_id", "item"),
)
warehouses = _master("warehouses", Column("negative_stock", String(8), nullable=False))
equipment = _master(
    "equipment",
    *(Column(name, String(60), nullable=False) for name in ("item", "serial", "owner")),
)
Index("equipment_of_owner", equipment.c.company_id, equipment.c.owner)
Index("equipment_by_serial", equipment.c.company_id, equipment.c.serial)
deals = _master("deals")
families = _master("families")
customer_references = _master(
    "customer_references",
    *(Column(name, String(60), nullable=False) for name in ("customer", "item", "reference")),
)
exchange_rates = _master(
    "exchange_rates", Column("currency", String(3), nullable=False), Column("date", Date, nullable=False)
)
price_records = _master(
    "price_records",
    Column("step", String(60), nullable=False),
    *(
        Column(name, String(60), nullable=False)
        for name in ("customer", "customer_group", "site", "supplier", "item", "family")
    ),
)
Index("rates_by_date", exchange_rates.c.company_id, exchange_rates.c.currency, exchange_rates.c.date, unique=True)
Index("prices_by_item", price_records.c.company_id, price_records.c.item, price_records.c.family)
Index(
    "references_by_item", customer_references.c.company_id, customer_references.c.customer, customer_references.c.item
)
Index(
    "references_by_name",
    customer_references.c.company_id,
    customer_references.c.customer,
    customer_references.c.reference,
)
