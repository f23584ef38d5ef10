"""Which stock counts speak for items in a warehouse."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, and_, or_, select

from sphinx_lib.kernel.document import Id
from sphinx_lib.store.tables import document_lines, documents


def documents_counting(
    connection: Connection, company: str, states: Mapping[str, Collection[str]], counted: Collection[tuple[str, str]]
) -> list[Id]:
    """Ids of the documents in one of ``states``, by type, with lines of the items and warehouses of ``counted``.

    They may count an item of one in the warehouse of another. One statement, in order of creation.
    """
    d, line = documents.c, document_lines.c
    among = [and_(d.type == name, d.state.in_(sorted(open_))) for name, open_ in sorted(states.items()) if open_]
    items, warehouses = ({key[place] for key in counted} for place in (0, 1))
    statement = (
        select(d.id)
        .distinct()
        .join(document_lines, and_(line.company_id == d.company_id, line.document_id == d.id))
        .where(d.company_id == company, or_(*among))
        .where(line.item.in_(sorted(items)), line.warehouse.in_(sorted(warehouses)))
        .order_by(d.id)
    )
    return list(connection.scalars(statement)) if among and counted else []
