"""Which purchase documents are pegged to a customer order."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, Text, and_, cast, or_, select

from sphinx_lib.kernel.document import Id
from sphinx_lib.store.tables import document_lines, documents


def waiting_for(connection: Connection, company: str, order: Id, states: Mapping[str, Collection[str]]) -> list[Id]:
    """Documents in ``states``, by type, with a line that is pegged to ``order``, in order of creation; in one statement."""
    line, document = document_lines.c, documents.c
    which = [and_(document.type == name, document.state.in_(sorted(among))) for name, among in sorted(states.items())]
    statement = (
        select(document.id)
        .distinct()
        .select_from(
            documents.join(document_lines, and_(line.company_id == document.company_id, line.document_id == document.id))
        )
        .where(document.company_id == company, or_(*which), cast(line.pegs, Text).contains(order))
    )
    return sorted(connection.scalars(statement)) if which else []
