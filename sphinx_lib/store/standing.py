"""Which lines belong to some documents, such as those in some states, asked so that the database reads no others.

A join would do the same, but a planner without statistics, as a database has that was empty when it was migrated, begins
such a join with every line of the company.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, and_, or_, select

from sphinx_lib.store.tables import document_lines, documents


def in_states(company: str, states: Mapping[str, Collection[str]], *more: ColumnElement[bool]) -> ColumnElement[bool]:
    """What says that a document is in one of ``states``, given by type, and all that ``more`` says.

    Types and states are named by themselves too, for the index of documents by their state.
    """
    c = documents.c
    every = sorted({state for among in states.values() for state in among})
    of_type = [and_(c.type == name, c.state.in_(sorted(among))) for name, among in sorted(states.items())]
    each = [or_(*of_type)] if len(of_type) > 1 else []
    return and_(c.company_id == company, c.type.in_(sorted(states)), c.state.in_(every), *each, *more)


def lines_of(company: str, which: ColumnElement[bool]) -> ColumnElement[bool]:
    """What says of a line that its document is one of ``which``."""
    ids = select(documents.c.id).where(which)
    return and_(document_lines.c.company_id == company, document_lines.c.document_id.in_(ids))
