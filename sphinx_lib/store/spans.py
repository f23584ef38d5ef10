"""Pieces of a company's documents that can be checked by themselves: the next ids, and what was
made from them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, select

from sphinx_lib.kernel.document import Id
from sphinx_lib.store.audit_log import AuditRow
from sphinx_lib.store.tables import audit_log, document_lines, documents

AT_ONCE = 5000
_line, _log = document_lines.c, audit_log.c


def next_ids(
    connection: Connection, company: str, after: Id | None, until: Id, limit: int
) -> list[Id]:
    """Up to ``limit`` ids of documents, and of all else that has audit entries, above ``after`` and
    not above ``until``.
    """
    found: set[Id] = set()
    for table, column in ((documents, documents.c.id), (audit_log, _log.document_id)):
        statement = select(column).where(table.c.company_id == company, column <= until)
        if after is not None:
            statement = statement.where(column > after)
        found |= set(connection.scalars(statement.distinct().order_by(column).limit(limit)))
    return sorted(found)[:limit]


def last_id(connection: Connection, company: str) -> Id | None:
    """The highest id of a document, or of anything else that has audit entries; None when there is
    none.
    """
    found: list[Id] = []
    for table, column in ((documents, documents.c.id), (audit_log, _log.document_id)):
        statement = (
            select(column).where(table.c.company_id == company).order_by(column.desc()).limit(1)
        )
        found += connection.scalars(statement).all()
    return max(found, default=None)


def made_from(connection: Connection, company: str, ids: Sequence[Id]) -> set[Id]:
    """The documents whose lines were made from lines of documents with ``ids``, straight or through
    others, or are pegged to them.

    A line's root is one of those that it was made from, so that its documents are among them.
    """
    found: set[Id] = set()
    fresh: Collection[Id] = ids
    while fresh:
        made: set[Id] = set()
        asked = sorted(fresh)
        for start in range(0, len(asked), AT_ONCE):
            statement = select(_line.document_id).where(_line.company_id == company).distinct()
            made |= set(
                connection.scalars(
                    statement.where(_line.source_document.in_(asked[start : start + AT_ONCE]))
                )
            )
        fresh = made - found
        found |= fresh
    return found | _pegged_to(connection, company, frozenset(ids))


def _pegged_to(connection: Connection, company: str, orders: frozenset[Id]) -> set[Id]:
    """Documents with a line that is bought for one of ``orders``. All lines with pegs are read:
    they are few.
    """
    statement = select(_line.document_id, _line.pegs).where(
        _line.company_id == company, _line.pegs.is_not(None)
    )
    rows = connection.execute(statement.execution_options(yield_per=AT_ONCE))
    return {document_id for document_id, pegs in rows if any(peg[0] in orders for peg in pegs)}


def issues(connection: Connection, company: str) -> list[AuditRow]:
    """The entries by which documents of fiscal series were issued."""
    statement = select(*(_log[name] for name in AuditRow._fields)).where(_log.company_id == company)
    chained = _log.payload["previous_issue"].as_string().is_not(None)
    rows = connection.execute(statement.where(chained).execution_options(yield_per=AT_ONCE))
    return [AuditRow(*row) for row in rows]
