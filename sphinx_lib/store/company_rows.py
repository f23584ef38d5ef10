"""All rows of one company, table by table: counted, read in chunks, written, and digested by value.

Values pass as Python has them (a decimal, an id, a time), so that a digest is the same on every database.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    Connection,
    Engine,
    Select,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    literal_column,
    select,
    type_coerce,
    union_all,
)

from sphinx_lib.store.audit_log import canonical
from sphinx_lib.store.engine import snapshot as one_state
from sphinx_lib.store.tables import audit_log, claims, metadata, packs
from sphinx_lib.store.types import CanonicalJson

CHUNK = 1000
TABLES: Sequence[Table] = [table for table in metadata.sorted_tables if table is not claims]  # its rows say nothing
OPENED = (packs, audit_log)
"""What a company holds once its database was opened: the configuration, and that it was put on record."""
_DIGEST_BITS = 256


class Digest(NamedTuple):
    """Rows of a table: how many, and the sum of their hashes, which does not depend on their order."""

    rows: int = 0
    total: int = 0

    def plus(self, rows: Sequence[Sequence[Any]]) -> Digest:
        """With further rows."""
        hashes = sum(int.from_bytes(sha256(canonical(list(row)).encode()).digest(), "big") for row in rows)
        return Digest(self.rows + len(rows), (self.total + hashes) % 2**_DIGEST_BITS)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """One state of the database for as long as it is read, whoever writes meanwhile."""
    with engine.connect() as connection:
        reading = one_state(connection)
        with reading.begin():
            yield reading


def counts(connection: Connection, company: str) -> dict[str, int]:
    """How many rows of the company each table holds, in one statement."""
    parts: list[Select[Any, Any]] = [
        select(literal_column(f"'{table.name}'"), func.count()).select_from(table).where(table.c.company_id == company)
        for table in TABLES
    ]
    found = {name: int(count) for name, count in connection.execute(union_all(*parts))}
    return {table.name: found[table.name] for table in TABLES}


def chunks(connection: Connection, table: Table, company: str) -> Generator[Sequence[Sequence[Any]]]:
    """The rows of the company in a table, each in the order of its columns, some at a time; what was hashed as text comes
    as that text."""
    columns = [type_coerce(one, Text) if isinstance(one.type, CanonicalJson) else one for one in table.columns]
    statement = select(*columns).where(table.c.company_id == company).execution_options(yield_per=CHUNK)
    with connection.execute(statement) as result:
        yield from result.partitions()


def write(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows as ``chunks`` gives them."""
    names = table.columns.keys()
    connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def digest(connection: Connection, table: Table, company: str) -> Digest:
    """The digest of the company's rows in a table."""
    found = Digest()
    for rows in chunks(connection, table, company):
        found = found.plus(rows)
    return found


def holds(rows: Mapping[str, int]) -> bool:
    """Whether a company has more than was written when its database was opened, by the ``counts`` of its rows."""
    return any(count for name, count in rows.items() if name not in {table.name for table in OPENED})


def forget_opened(connection: Connection, company: str) -> None:
    """Take away what was put on record for a company when its database was opened."""
    for table in OPENED:
        connection.execute(delete(table).where(table.c.company_id == company))


def unfit(connection: Connection, company: str) -> Iterator[str]:
    """What SQLite holds and PostgreSQL does not take: texts longer than their column, and the character NUL."""
    for table in TABLES:
        texts = [column for column in table.columns if isinstance(column.type, String | JSON)]
        longest = [func.max(func.length(column)) for column in texts]
        nul = [
            func.max(func.instr(column, r"\u0000" if isinstance(column.type, JSON) else func.char(0))) for column in texts
        ]
        statement = select(*longest, *nul).where(table.c.company_id == company)
        found = list(connection.execute(statement).one())
        for column, length, place in zip(texts, found[: len(texts)], found[len(texts) :], strict=True):
            limit = getattr(column.type, "length", None)
            if limit and (length or 0) > limit:
                yield f"{table.name}.{column.name}: a text of {length} characters; its column takes {limit}"
            if place:
                yield f"{table.name}.{column.name}: a text with the character NUL"
