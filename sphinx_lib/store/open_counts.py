"""Which stock counts speak for items in a warehouse."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select

from sphinx_lib.kernel.document import Id
from sphinx_lib.store.among import among
from sphinx_lib.store.standing import in_states, lines_of
from sphinx_lib.store.tables import document_lines


def documents_counting(
    connection: Connection, company: str, states: Mapping[str, Collection[str]], counted: Collection[tuple[str, str]]
) -> list[Id]:
    """Ids of the documents in one of ``states``, by type, with lines of the items and warehouses of ``counted``.

    They may count an item of one in the warehouse of another. One statement, in order of creation.
    """
    line = document_lines.c
    items, warehouses = ({key[place] for key in counted} for place in (0, 1))
    which = lines_of(company, in_states(company, states)), among(line.item, sorted(items))
    statement = select(line.document_id).distinct().where(*which, among(line.warehouse, sorted(warehouses)))
    return sorted(connection.scalars(statement)) if states and counted else []
