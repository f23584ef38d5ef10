"""The audit log: a hash chain per document and per fiscal series, and seals over all of it (architecture 4.7)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, insert, select

from sphinx_lib.kernel.document import EMPTY, Document, Id
from sphinx_lib.store.codec import document_row, line_row
from sphinx_lib.store.earlier_content import earlier
from sphinx_lib.store.tables import audit_log, documents, seal_members, seals

RECIPE = 1
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
    return _digest(_content(document))


def is_content(document: Document, digest: str) -> bool:
    """Whether ``digest`` is of what ``document`` says, made by this revision or by an earlier one."""
    content = _content(document)
    return _digest(content) == digest or any(_digest(one) == digest for one in earlier(content))


def _content(document: Document) -> dict[str, Any]:
    row = document_row(document.changed(lines=()), "")
    content = {name: value for name, value in row.items() if name not in _MOVING}
    content["lines"] = [line_row(line._replace(progress=EMPTY, trace=()), document.id, "") for line in document.lines]
    return content


def _digest(content: Mapping[str, Any]) -> str:
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
        statement = statement.where(audit_log.c.document_id.in_(document_ids))
    statement = statement.order_by(audit_log.c.document_id, audit_log.c.version)
    for row in connection.execute(statement.execution_options(yield_per=2000)):
        yield AuditRow(*row)


def seal(connection: Connection, company: str, at: datetime) -> int:
    """Close everything not sealed yet: a digest over the sorted (document, version, hash) and the seal before.

    Returns how many entries were sealed; 0 writes no seal.
    """
    fresh = connection.execute(_unsealed(company)).all()
    if not fresh:
        return 0
    last = connection.execute(
        select(seals.c.number, seals.c.hash)
        .where(seals.c.company_id == company)
        .order_by(seals.c.number.desc())
        .limit(1)
    ).first()
    number, previous = (last.number + 1, last.hash) if last else (1, "")
    digest = seal_hash(previous, ((row.document_id, row.version, row.hash) for row in fresh))
    connection.execute(
        insert(seals),
        {"company_id": company, "number": number, "sealed_at": at, "entries": len(fresh),
         "previous_hash": previous, "hash": digest},
    )  # fmt: skip
    connection.execute(
        insert(seal_members),
        [{"company_id": company, "document_id": row.document_id, "version": row.version, "seal": number,
          "hash": row.hash} for row in fresh],
    )  # fmt: skip
    return len(fresh)


def _unsealed(company: str) -> Any:
    member = and_(
        seal_members.c.company_id == audit_log.c.company_id,
        seal_members.c.document_id == audit_log.c.document_id,
        seal_members.c.version == audit_log.c.version,
    )
    return (
        select(audit_log.c.document_id, audit_log.c.version, audit_log.c.hash)
        .select_from(audit_log.outerjoin(seal_members, member))
        .where(audit_log.c.company_id == company, seal_members.c.seal.is_(None))
    )


def seal_hash(previous: str, members: Iterable[tuple[Id, int, str]]) -> str:
    """The digest of a seal: its members sorted, after the digest of the seal before."""
    return sha256((previous + canonical(sorted([list(member) for member in members]))).encode()).hexdigest()


def sealed(connection: Connection, company: str) -> tuple[Sequence[Any], Sequence[Any]]:
    """All seals in order, and all their members."""
    all_seals = connection.execute(select(seals).where(seals.c.company_id == company).order_by(seals.c.number)).all()
    members = connection.execute(select(seal_members).where(seal_members.c.company_id == company)).all()
    return all_seals, members


def unsealed_since(connection: Connection, company: str) -> tuple[int, datetime | None]:
    """How many entries no seal covers yet, and the time of the first of them."""
    open_entries = _unsealed(company).subquery()
    statement = (
        select(func.count(), func.min(audit_log.c.recorded_at))
        .select_from(audit_log)
        .join(
            open_entries,
            and_(open_entries.c.document_id == audit_log.c.document_id, open_entries.c.version == audit_log.c.version),
        )
        .where(audit_log.c.company_id == company)
    )
    count, first = connection.execute(statement).one()
    return count, first


def heads(connection: Connection, company: str) -> dict[Id, tuple[str, str, str | None]]:
    """The head of each document's chain as the document keeps it: (hash, type, number)."""
    statement = select(documents.c.id, documents.c.audit_hash, documents.c.type, documents.c.number).where(
        documents.c.company_id == company
    )
    return {row.id: (row.audit_hash, row.type, row.number) for row in connection.execute(statement)}
