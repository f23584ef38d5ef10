"""What purchase orders that are drafts already speak for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import Connection, and_, func, or_, select

from sphinx_lib.store.standing import in_states, lines_of
from sphinx_lib.store.tables import document_lines, documents

TypeKey = tuple[str, str]


def drafted(
    connection: Connection, company: str, states: Mapping[TypeKey, Sequence[str]]
) -> dict[tuple[str, str], Decimal]:
    """By item and warehouse the stock quantity of the lines of documents in ``states``, by type and kind."""
    if not states:
        return {}
    line, document = document_lines.c, documents.c
    of_types: dict[str, set[str]] = {}
    for (name, _), of_kind in states.items():
        of_types.setdefault(name, set()).update(of_kind)
    kinds = or_(
        *(
            and_(document.type == name, document.kind == kind, document.state.in_(of_kind))
            for (name, kind), of_kind in states.items()
        )
    )
    statement = (
        select(line.item, line.warehouse, func.sum(line.stock_quantity))
        .where(lines_of(company, in_states(company, of_types, kinds)), line.stocked)
        .group_by(line.item, line.warehouse)
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(statement)}
