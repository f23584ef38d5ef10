"""What year-end rebates ask of the database: the sales of a period, and customers locked one run at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, select, tuple_

from sphinx_lib.kernel.document import Id
from sphinx_lib.store.among import among
from sphinx_lib.store.tables import documents, parties

Standing = tuple[str, str, str]
"""A type, a kind and a state."""


def sales_between(
    connection: Connection, company: str, standing: Sequence[Standing], first: date, last: date, party: str | None = None
) -> list[Id]:
    """Ids of the documents that stand so and are dated within the period, of one party or of all, in order of creation."""
    c = documents.c
    types, states = ({one[place] for one in standing} for place in (0, 2))
    statement = (
        select(c.id)
        .where(c.company_id == company, c.type.in_(types), c.state.in_(states), c.date.between(first, last))
        .where(tuple_(c.type, c.kind, c.state).in_(standing))  # an index is used for the lists, not for this one
    )
    return sorted(connection.scalars(statement if party is None else statement.where(c.party == party)))


def lock_parties(connection: Connection, company: str, codes: Sequence[str]) -> None:
    """Make other runs wait that would credit one of these parties; SQLite has one writer at a time anyway."""
    c = parties.c
    statement = select(c.code).where(c.company_id == company, among(c.code, codes)).order_by(c.code)
    connection.execute(statement.with_for_update()).all()
