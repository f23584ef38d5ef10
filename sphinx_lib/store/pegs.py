"""Which purchase documents are pegged to a customer order."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Text, and_, cast, select

from sphinx_lib.kernel.document import Id
from sphinx_lib.store.tables import document_lines, documents


def waiting_for(connection: Connection, company: str, order: Id, types: Sequence[str]) -> list[Id]:
    """Documents of ``types`` with a line that is pegged to ``order``, in order of creation; in one statement."""
    line, document = document_lines.c, documents.c
    statement = (
        select(document.id)
        .distinct()
        .select_from(
            documents.join(document_lines, and_(line.company_id == document.company_id, line.document_id == document.id))
        )
        .where(document.company_id == company, document.type.in_(types), cast(line.pegs, Text).contains(order))
        .order_by(document.id)
    )
    return list(connection.scalars(statement))
