"""The archive of packs by fingerprint, and the check of a database against a changed pack (architecture 4.5)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from sphinx_lib.kernel.document import Id
from sphinx_lib.kernel.errors import ConfigError, Problem
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.overlay import locate, to_plain
from sphinx_lib.pack.pack import Pack
from sphinx_lib.store import audit_log
from sphinx_lib.store.among import among
from sphinx_lib.store.canonical import digest
from sphinx_lib.store.documents import ids_where
from sphinx_lib.store.tables import documents, packs
from sphinx_lib.store.written import Written

CHUNK = 500
CARRIED = ("recipe", "content", "personal")


def _build(dialect: Any) -> Any:
    """Several processes may open a database with a new pack at once, and an old pack may come back."""
    statement = dialect.insert(packs)
    return statement.on_conflict_do_update(
        index_elements=["company_id", "fingerprint"], set_={"archived_at": statement.excluded.archived_at}
    )


_ARCHIVE = {"postgresql": _build(postgresql), "sqlite": _build(sqlite)}
_RENAME = (
    update(documents)
    .where(documents.c.company_id == bindparam("b_company"), documents.c.id == bindparam("b_id"))
    .values({name: bindparam(name) for name in ("state", "version", "audit_hash")})
)


def is_current(connection: Connection, company: str, fingerprint: str) -> bool:
    """Whether this pack is the last one that was opened on this database, and so was checked against it."""
    statement = select(packs.c.fingerprint, packs.c.archived_at).where(packs.c.company_id == company)
    opened = {row.fingerprint: row.archived_at for row in connection.execute(statement)}
    mine = opened.pop(fingerprint, None)
    return mine is not None and all(at < mine for at in opened.values())


def archive(connection: Connection, company: str, pack: Pack, at: datetime, written: Written) -> None:
    """Keep the merged configuration under its fingerprint, so that an old document can be read with its own."""
    content = json.dumps(to_plain(pack.merged), ensure_ascii=False)
    row = {"company_id": company, "fingerprint": pack.fingerprint, "content": content, "archived_at": at}
    connection.execute(_ARCHIVE[connection.dialect.name], row)
    written.packs[pack.fingerprint] = [digest(content), at.astimezone(UTC).isoformat()]


def rename_states(connection: Connection, company: str, pack: Pack, actor: str, at: datetime) -> None:
    """Move documents out of states that were renamed, each with its audit entry (workflow-shape rule 16)."""
    for type_name, states in pack.model.renamed.items():
        for old, new in states.items():
            there = {"type": type_name, "state": old}
            while old != new and (found := ids_where(connection, company, there, limit=CHUNK)):
                _rename(connection, company, found, (old, new), pack.fingerprint, actor, at)


def _rename(
    connection: Connection, company: str, ids: Sequence[Id], states: tuple[str, str], pack: str, actor: str, at: datetime
) -> None:
    """The digests are carried on from the last entry, so that a rename covers up nothing."""
    old, new = states
    last = {row.document_id: row.payload for row in audit_log.entries(connection, company, ids)}
    statement = select(documents.c.id, documents.c.version, documents.c.audit_hash).where(
        documents.c.company_id == company, among(documents.c.id, ids)
    )
    rows = []
    for document_id, version, head in connection.execute(statement):
        carried = {name: last[document_id][name] for name in CARRIED if name in last.get(document_id, {})}
        payload = {"from": old, "to": new, "by": "migrate", **carried}
        rows.append(audit_log.entry(document_id, version + 1, at, actor, "rename", payload, pack, head))
    audit_log.append(connection, company, rows)
    changes = [
        {"b_company": company, "b_id": row.document_id, "state": new, "version": row.version, "audit_hash": row.hash}
        for row in rows
    ]
    connection.execute(_RENAME, changes)


def unknown_documents(connection: Connection, company: str, pack: Pack) -> Iterator[Problem]:
    """Documents in types, kinds or states that the pack lacks, counted, with the way out."""
    columns = (documents.c.type, documents.c.kind, documents.c.state)
    statement = select(*columns, func.count()).where(documents.c.company_id == company).group_by(*columns)
    for type_name, kind, state, count in connection.execute(statement):
        many = f"{count} document{'s' if count > 1 else ''} of type {type_name}"
        declared = pack.types.get((type_name, kind))
        path: tuple[str, ...] = ("document_types",)
        if (type_name, "") not in pack.types:
            said, hint = f"{many} exist, but the type is not declared", "declare it again"
        elif declared is None:
            path = (*path, type_name)
            said, hint = f"{many} are of kind {kind!r}, which is not declared", "declare it again"
        elif state not in declared.states:
            path = (*path, type_name, "states")
            said = f"{many} are in {state!r}, which is not declared{did_you_mean(state, declared.states)}"
            hint = f"write renamed: {{{type_name}: {{{state}: NEW_STATE}}}} and run migrate"
        else:
            continue
        mark = locate(pack.merged, path)
        yield Problem(mark.file, mark.line, mark.column, ".".join(path), said, hint)


def refuse_unknown(connection: Connection, company: str, pack: Pack) -> None:
    """Raise ConfigError when a document could not be handled by the pack."""
    problems = list(unknown_documents(connection, company, pack))
    if problems:
        raise ConfigError(problems)
