"""What open picking lists speak for, so that two lists do not send for the same goods."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from sqlalchemy import Connection, select

from sphinx_lib.kernel.document import ZERO, Id
from sphinx_lib.kernel.lots import Place
from sphinx_lib.store.among import among
from sphinx_lib.store.codec import stowed_of
from sphinx_lib.store.standing import in_states, lines_of
from sphinx_lib.store.tables import document_lines


def claimed(
    connection: Connection, company: str, open_: Mapping[str, Collection[str]], items: Collection[str], but: Collection[Id]
) -> dict[Place, Decimal]:
    """By lot and bin, in stock units, what documents in the states ``open_`` names by type take of ``items``.

    Those with ids among ``but`` are left out. One statement.
    """
    line = document_lines.c
    statement = select(line.document_id, line.item, line.warehouse, line.stowed)
    which = lines_of(company, in_states(company, open_)), among(line.item, sorted(items))
    found: dict[Place, Decimal] = {}
    for document_id, item, warehouse, stowed in connection.execute(statement.where(*which)) if open_ else ():
        for one in stowed_of(stowed) if document_id not in but else ():
            key = Place(item, warehouse, one.lot, one.bin)
            found[key] = found.get(key, ZERO) + one.quantity
    return found
