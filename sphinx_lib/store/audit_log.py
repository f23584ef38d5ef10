"""The audit log: a hash chain per document and per fiscal series (architecture 4.7)."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, Text, insert, select, type_coerce

from sphinx_lib.kernel.document import Id
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.store.among import among
from sphinx_lib.store.canonical import digest, encode
from sphinx_lib.store.content import first_canonical
from sphinx_lib.store.tables import audit_log, documents

RECIPE = 2
"""How entries are hashed today; those of recipe 1 are checked as they were written."""
LONGEST_ACTOR = 100
canonical = first_canonical
"""JSON with sorted keys and no spaces, as seals and the inputs of commands are digested."""
_INSERT = insert(audit_log)


class AuditRow(NamedTuple):
    """One entry of the log. ``text`` is the payload as it is stored and hashed, ``payload`` the same read."""

    document_id: Id
    version: int
    recorded_at: datetime
    actor: str
    event: str
    payload: Mapping[str, Any]
    pack: str
    previous_hash: str
    hash: str
    recipe: int
    text: str


def entry(
    document_id: Id, version: int, at: datetime, actor: str, event: str, payload: Mapping[str, Any], pack: str,
    previous_hash: str,
) -> AuditRow:  # fmt: skip
    """The next entry of a chain, with its hash: what is hashed is the text that is stored.

    Raises InputError for an actor that is no text, and for what JSON cannot keep as it is.
    """
    if not isinstance(actor, str) or not 0 < len(actor) <= LONGEST_ACTOR or "\0" in actor:
        raise InputError([f"the actor {actor!r:.120} is no name; write a text of 1 to {LONGEST_ACTOR} characters"])
    text, at = encode(payload), at.astimezone(UTC)
    row = AuditRow(
        document_id, version, at, actor, event, payload, pack, previous_hash, "", RECIPE, text
    )  # fmt: skip
    return row._replace(hash=entry_hash(row))


def entry_hash(row: AuditRow) -> str:
    """The hash of an entry: it covers the one before, so that none can be changed or taken out unseen."""
    if row.recipe == 1:
        values = [1, row.document_id, row.version, row.recorded_at, row.actor, row.event, row.payload, row.pack]
        return sha256((row.previous_hash + canonical(values)).encode()).hexdigest()
    body = {
        "recipe": row.recipe, "document": row.document_id, "version": row.version, "at": row.recorded_at,
        "actor": row.actor, "event": row.event, "payload": row.text, "pack": row.pack, "previous": row.previous_hash,
    }  # fmt: skip
    return digest(body)


def append(connection: Connection, company: str, rows: Sequence[AuditRow]) -> None:
    """Write entries."""
    if rows:
        connection.execute(_INSERT, [{"company_id": company, **_columns(row)} for row in rows])


def _columns(row: AuditRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _NAMES} | {"payload": row.text}


_NAMES = tuple(name for name in AuditRow._fields if name != "text")
_TEXT = type_coerce(audit_log.c.payload, Text)
_READ = select(*(_TEXT if name == "payload" else audit_log.c[name] for name in _NAMES))


def entries(
    connection: Connection, company: str, document_ids: Sequence[Id] | None = None
) -> Generator[AuditRow]:
    """Entries by document and version; of all documents when no id is given."""
    statement = _READ.where(audit_log.c.company_id == company)
    if document_ids is not None:
        statement = statement.where(among(audit_log.c.document_id, document_ids))
    statement = statement.order_by(audit_log.c.document_id, audit_log.c.version)
    with connection.execute(statement.execution_options(yield_per=2000)) as rows:
        for row in rows:
            text = row[_NAMES.index("payload")]
            yield AuditRow._make((*row, text))._replace(payload=_read(text))


def _read(text: str) -> Mapping[str, Any]:
    """A payload; nothing where the text was spoilt, which its hash tells."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def waits_for(connection: Connection, company: str, event: str) -> bool:
    """Whether the log was begun by the first recipe, and ``event``, which takes up what that left out, never happened."""
    own = select(audit_log.c.document_id).where(audit_log.c.company_id == company)
    found = select(
        own.where(audit_log.c.recipe == 1).exists(), ~own.where(audit_log.c.event == event).exists()
    )  # fmt: skip
    return all(connection.execute(found).one())


def heads(connection: Connection, company: str) -> dict[Id, tuple[str, str, str | None]]:
    """The head of each document's chain as the document keeps it: (hash, type, number)."""
    statement = select(documents.c.id, documents.c.audit_hash, documents.c.type, documents.c.number).where(
        documents.c.company_id == company
    )
    return {row.id: (row.audit_hash, row.type, row.number) for row in connection.execute(statement)}
