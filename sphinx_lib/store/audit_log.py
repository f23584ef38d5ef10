"""The audit log: a hash chain per document and per fiscal series (architecture 4.7)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from sphinx_lib.kernel.document import EMPTY, Document, Id
from sphinx_lib.store.among import among
from sphinx_lib.store.codec import document_row, line_row
from sphinx_lib.store.tables import audit_log, documents

RECIPE = 1
AT_ONCE = 5000
_INSERT = insert(audit_log)
_MOVING = frozenset(
    {"version", "state", "balance", "exposure", "exposure_class", "delivery_status", "billing_status", "audit_hash",
     "history", "pack", "due_date", "company_id", "frozen_at"}
)  # fmt: skip


class AuditRow(NamedTuple):
    """One entry of the log as it is written."""

    document_id: Id
    version: int
    recorded_at: datetime
    actor: str
    event: str
    payload: dict[str, Any]
    pack: str
    previous_hash: str
    hash: str


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value.isoformat())


_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)
canonical = _ENCODER.encode
"""JSON with sorted keys and no spaces: equal values give equal text."""


def content_hash(document: Document) -> str:
    """The digest of what a document says: everything but its state, balances, progress and links to the log."""
    row = document_row(document.changed(lines=()), "")
    content = {name: value for name, value in row.items() if name not in _MOVING}
    content["lines"] = [line_row(line._replace(progress=EMPTY, trace=()), document.id, "") for line in document.lines]
    return sha256(canonical(content).encode()).hexdigest()


def entry_hash(row: AuditRow) -> str:
    """The hash of an entry: it covers the one before, so that none can be changed or taken out unseen."""
    body = canonical(
        [RECIPE, row.document_id, row.version, row.recorded_at, row.actor, row.event, row.payload, row.pack]
    )
    return sha256((row.previous_hash + body).encode()).hexdigest()


def append(connection: Connection, company: str, rows: Sequence[AuditRow]) -> None:
    """Write entries."""
    if rows:
        connection.execute(_INSERT, [{"company_id": company, **row._asdict()} for row in rows])


def entries(connection: Connection, company: str, document_ids: Sequence[Id] | None = None) -> Iterator[AuditRow]:
    """Entries by document and version; of all documents when no id is given."""
    statement = select(*(audit_log.c[name] for name in AuditRow._fields)).where(audit_log.c.company_id == company)
    if document_ids is not None:
        statement = statement.where(among(audit_log.c.document_id, document_ids))
    statement = statement.order_by(audit_log.c.document_id, audit_log.c.version)
    for row in connection.execute(statement.execution_options(yield_per=2000)):
        yield AuditRow(*row)


def heads(
    connection: Connection, company: str, ids: Sequence[Id] | None = None
) -> dict[Id, tuple[str, str, str | None]]:
    """The head of each document's chain as the document keeps it: (hash, type, number); of all unless ``ids`` are given."""
    statement = select(documents.c.id, documents.c.audit_hash, documents.c.type, documents.c.number).where(
        documents.c.company_id == company
    )
    asked = [statement]
    if ids is not None:
        pieces = (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
        asked = [statement.where(documents.c.id.in_(piece)) for piece in pieces]
    return {row.id: (row.audit_hash, row.type, row.number) for one in asked for row in connection.execute(one)}
