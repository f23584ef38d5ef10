"""Which purchase documents are pegged to a customer order."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, Text, cast, select

from sphinx_lib.kernel.document import Id
from sphinx_lib.store.standing import in_states, lines_of
from sphinx_lib.store.tables import document_lines


def waiting_for(connection: Connection, company: str, order: Id, states: Mapping[str, Collection[str]]) -> list[Id]:
    """Documents in ``states``, by type, with a line that is pegged to ``order``, in order of creation; in one statement."""
    line = document_lines.c
    which = lines_of(company, in_states(company, states)), cast(line.pegs, Text).contains(order)
    return sorted(connection.scalars(select(line.document_id).distinct().where(*which))) if states else []
