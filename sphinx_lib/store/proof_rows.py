"""Every row of a table as ``verify`` reads it: some columns, in the order of the key, a few thousand at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table, exists, select

from sphinx_lib.kernel.document import Allocation, EntryLine, Id
from sphinx_lib.store.tables import (
    accounting_entries,
    allocations,
    commands,
    document_lines,
    documents,
    item_codes,
    outbox,
    packs,
    stock_balances,
    stock_moves,
    stock_places,
    stock_values,
)
from sphinx_lib.store.written import ENTRY_FIELDS, MOVE_FIELDS, OUTCOME_FIELDS, VALUE_FIELDS


def _every(connection: Connection, company: str, table: Table, names: Sequence[str]) -> Iterator[Any]:
    columns = [table.c[name] for name in names]
    statement = select(*columns).where(table.c.company_id == company).order_by(*table.primary_key.columns)
    yield from connection.execute(statement.execution_options(yield_per=2000))


def moves(connection: Connection, company: str) -> Iterator[Any]:
    """Stock moves by id: the fields of a move, when it was recorded, the audit entry that holds its digest."""
    return _every(connection, company, stock_moves, (*MOVE_FIELDS, "written_by"))


def entry_lines(connection: Connection, company: str) -> Iterator[Any]:
    """Lines of accounting entries, by entry and position."""
    names = ("entry_id", "position", *ENTRY_FIELDS, *EntryLine._fields, "batch")
    return _every(connection, company, accounting_entries, names)


def allocated(connection: Connection, company: str) -> Iterator[Any]:
    """Allocations by id."""
    return _every(connection, company, allocations, Allocation._fields)


def messages(connection: Connection, company: str) -> Iterator[Any]:
    """The outbox by id."""
    names = ("id", "kind", "document_id", "dedupe", "payload", "created_at", *OUTCOME_FIELDS)
    return _every(connection, company, outbox, names)


def answers(connection: Connection, company: str) -> Iterator[Any]:
    """Idempotency keys with what was answered."""
    return _every(connection, company, commands, ("key", "input_hash", "answer", "recorded_at"))


def configurations(connection: Connection, company: str) -> Iterator[Any]:
    """Archived configurations."""
    return _every(connection, company, packs, ("fingerprint", "content", "archived_at"))


def worths(connection: Connection, company: str) -> Iterator[Any]:
    """What items are worth."""
    return _every(connection, company, stock_values, ("item", *VALUE_FIELDS, "written_by"))


def places(connection: Connection, company: str) -> Iterator[Any]:
    """Lots and bins that hold, or held, something."""
    return _every(connection, company, stock_places, ("item", "warehouse", "lot", "bin", "expires", "since"))


def balances(connection: Connection, company: str) -> Iterator[Any]:
    """Items and warehouses that have a balance."""
    return _every(connection, company, stock_balances, ("item", "warehouse"))


def codes(connection: Connection, company: str) -> Iterator[Any]:
    """Barcodes and supplier codes of items."""
    return _every(connection, company, item_codes, ("code", "item", "supplier"))


def stray_lines(connection: Connection, company: str) -> list[tuple[Id, Id]]:
    """Lines of documents that are not there, as (document, line)."""
    line, document = document_lines.c, documents.c
    there = exists().where(document.company_id == company, document.id == line.document_id)
    statement = select(line.document_id, line.id).where(line.company_id == company, ~there)
    return [(row[0], row[1]) for row in connection.execute(statement.order_by(line.document_id, line.id))]


def salts(connection: Connection, company: str) -> dict[Id, str | None]:
    """The salt of each document, with which its messages are digested."""
    statement = select(documents.c.id, documents.c.personal_salt).where(documents.c.company_id == company)
    return {row[0]: row[1] for row in connection.execute(statement)}
