"""The archive of packs by fingerprint, and the check of a database against a changed pack (architecture 4.5)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection, func, inspect, select, update
from sqlalchemy.dialects import postgresql, sqlite

from sphinx_lib.kernel.errors import ConfigError, Problem
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.overlay import locate, to_plain
from sphinx_lib.pack.pack import Pack
from sphinx_lib.store.tables import documents, packs

_ARCHIVE = {  # several processes may open a database with a new pack at once
    name: dialect.insert(packs).on_conflict_do_nothing()
    for name, dialect in (("postgresql", postgresql), ("sqlite", sqlite))
}


def is_migrated(connection: Connection) -> bool:
    """Whether the schema is there."""
    return inspect(connection).has_table(packs.name)


def is_archived(connection: Connection, company: str, fingerprint: str) -> bool:
    """Whether this pack has been used on this database, and so was checked against it."""
    statement = select(func.count()).where(packs.c.company_id == company, packs.c.fingerprint == fingerprint)
    return connection.execute(statement).scalar_one() > 0


def archive(connection: Connection, company: str, pack: Pack, at: datetime) -> None:
    """Keep the merged configuration under its fingerprint, so that an old document can be read with its own."""
    content = json.dumps(to_plain(pack.merged), ensure_ascii=False)
    row = {"company_id": company, "fingerprint": pack.fingerprint, "content": content, "archived_at": at}
    connection.execute(_ARCHIVE[connection.dialect.name], row)


def rename_states(connection: Connection, company: str, renamed: Mapping[str, Mapping[str, str]]) -> None:
    """Move documents out of states that were renamed: {type: {old: new}} (workflow-shape rule 16)."""
    for type_name, states in renamed.items():
        for old, new in states.items():
            connection.execute(
                update(documents)
                .where(documents.c.company_id == company, documents.c.type == type_name, documents.c.state == old)
                .values(state=new)
            )


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
