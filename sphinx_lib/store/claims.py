"""Claims: what units of work take turns at, each a row that is locked until its unit of work ends (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql

from sphinx_lib.store.tables import claims

_insert = postgresql.insert(claims)
_CLAIM = _insert.on_conflict_do_update(index_elements=["company_id", "name"], set_={"name": _insert.excluded.name})


def claim(connection: Connection, company: str, names: Collection[str]) -> None:
    """Wait until no other unit of work holds one of ``names``, and hold them; one statement, in the order of names.

    On SQLite nothing is done: a unit of work that writes keeps all others out from its first statement.
    """
    if names and connection.dialect.name == "postgresql":
        connection.execute(_CLAIM, [{"company_id": company, "name": name} for name in sorted(names)])
