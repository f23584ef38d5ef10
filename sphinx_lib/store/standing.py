"""Which lines belong to documents that stand in some states, asked so that the database reads no others.

A join would do the same, but a planner without statistics, as a database has that was empty when it was migrated, begins
such a join with every line of the company.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, and_, or_, select

from sphinx_lib.store.tables import document_lines, documents


def in_states(states: Mapping[str, Collection[str]]) -> list[ColumnElement[bool]]:
    """For each type what says that a document is of it and in one of its ``states``."""
    c = documents.c
    return [and_(c.type == name, c.state.in_(sorted(among))) for name, among in sorted(states.items())]


def lines_of(company: str, which: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    """What says of a line that its document is one of ``which``, of which there must be some."""
    ids = select(documents.c.id).where(documents.c.company_id == company, or_(*which))
    return and_(document_lines.c.company_id == company, document_lines.c.document_id.in_(ids))
