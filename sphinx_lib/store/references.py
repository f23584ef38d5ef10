"""Which documents bear a reference: the numbers that suppliers give to their own documents (§5.3)."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, func, or_, select

from sphinx_lib.kernel.document import Document, Id
from sphinx_lib.store.among import among
from sphinx_lib.store.tables import documents


class Reference(NamedTuple):
    """A reference that documents of a type bear for a party; capitals and small letters are the same."""

    type: str
    party: str
    text: str

    @classmethod
    def of(cls, document: Document) -> Reference:
        """The reference of a document."""
        return cls(document.type, document.party or "", document.reference.strip().lower())


def with_references(connection: Connection, company: str, wanted: Collection[Reference]) -> list[Id]:
    """Ids of the documents whose types, parties and references are among ``wanted``, in one statement."""
    c = documents.c
    texts = sorted({one.text for one in wanted})
    statement = (
        select(c.id)
        .where(c.company_id == company, among(c.party, sorted({one.party for one in wanted})))
        .where(c.type.in_(sorted({one.type for one in wanted})))
        .where(or_(among(func.lower(func.trim(c.reference)), texts), among(c.reference, texts)))
        .order_by(c.id)
    )
    return list(connection.scalars(statement))
