"""What audit entries say of persons, beside the log: each value with its salt, both of which can be deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Text, insert, select, type_coerce

from sphinx_lib.kernel.document import Id
from sphinx_lib.store.canonical import encode, salted_text
from sphinx_lib.store.tables import audit_personal

_c = audit_personal.c
_INSERT = insert(audit_personal)
_READ = select(_c.document_id, _c.version, _c.field, _c.salt, type_coerce(_c.value, Text))


class Kept(NamedTuple):
    """A value that an audit entry says of a person; ``text`` is its JSON."""

    document_id: Id
    version: int
    field: str
    salt: str
    text: str

    @property
    def digest(self) -> str:
        """What the entry must hold."""
        return salted_text(self.salt, self.text)


def kept(document_id: Id, version: int, values: Mapping[str, Any], salt: str) -> list[Kept]:
    """Rows for the personal values of one entry, by field."""
    return [Kept(document_id, version, name, salt, encode(value)) for name, value in values.items()]


def append(connection: Connection, company: str, rows: Sequence[Kept]) -> None:
    """Write rows with the entries that hold their digests."""
    if rows:
        values = [{"company_id": company, **row._asdict(), "value": row.text} for row in rows]
        connection.execute(_INSERT, [{name: one for name, one in row.items() if name != "text"} for row in values])


def of_entries(connection: Connection, company: str, document_ids: Sequence[Id] | None = None) -> Iterator[Kept]:
    """By document, version and field; of all entries when no id is given."""
    statement = _READ.where(_c.company_id == company)
    if document_ids is not None:
        statement = statement.where(_c.document_id.in_(document_ids))
    for row in connection.execute(statement.execution_options(yield_per=2000)):
        yield Kept(*row)
