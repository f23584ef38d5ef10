"""Which version of the library a database was written by, looked up before anything is written to it.

The revision stands in a table of our own, ``sphinx_lib_version``: another program's ``alembic_version`` is not ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from sphinx_lib.kernel.errors import (
    DatabaseEmpty,
    DatabaseForeign,
    DatabaseNewer,
    DatabaseOlder,
    DatabaseUnreachable,
    WrongDatabase,
)
from sphinx_lib.store import faults
from sphinx_lib.store.address import file_of, is_sqlite, shown

VERSION_TABLE = "sphinx_lib_version"
KNOWN = tuple(sorted(path.name[:4] for path in (Path(__file__).parent / "migrations/versions").glob("[0-9]*.py")))
"""The revisions that this version of the library can read, oldest first."""
HEAD = KNOWN[-1]
_REVISION = f"select version_num from {VERSION_TABLE}"
_TABLES_SQLITE = "select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\'"
_TABLES_POSTGRESQL = "select tablename from pg_tables where schemaname = any(current_schemas(false))"
_MOST_NAMED = 4


class Found(NamedTuple):
    """What stands in a database: its tables, and the revisions in ours of versions (one, unless somebody meddled)."""

    tables: frozenset[str]
    revisions: tuple[str, ...]


def look(connection: Connection) -> Found:
    """What stands in the database of ``connection``."""
    return _look(lambda statement: tuple(connection.exec_driver_sql(statement).scalars()), connection.engine.url)


def _look(column: Callable[[str], tuple[str, ...]], url: URL) -> Found:
    tables = frozenset(column(_TABLES_SQLITE if is_sqlite(url) else _TABLES_POSTGRESQL))
    return Found(tables, column(_REVISION) if VERSION_TABLE in tables else ())


def wrong(found: Found, url: URL) -> WrongDatabase | None:
    """Why this version of the library must not work on what was found, with the way out; None when it may."""
    name, making = shown(url), f"sphinx-lib db upgrade --database {shown(url)}"
    if not found.tables:
        return DatabaseEmpty(f"{name} holds no tables of sphinx_lib; name another one, or make them: {making}")
    if len(found.revisions) != 1:
        others = sorted(found.tables)[:_MOST_NAMED]
        more = ", …" if len(found.tables) > _MOST_NAMED else ""
        return DatabaseForeign(
            f"{name} holds no tables of sphinx_lib but those of another program ({', '.join(others)}{more}); name another "
            f"one, or, to keep both in one database, make ours beside: {making} --beside",
            tables=tuple(others),
        )
    (revision,) = found.revisions
    facts = {"revision": revision, "known": HEAD}
    if revision == HEAD:
        return None
    if revision in KNOWN:
        return DatabaseOlder(
            f"{name} was written by an earlier version of sphinx_lib (revision {revision}, this one has {HEAD}); "
            f"bring it up to date: {making}",
            **facts,
        )
    return DatabaseNewer(
        f"{name} was written by a later version of sphinx_lib (revision {revision}, this one knows {HEAD}); "
        "update the library: pip install --upgrade sphinx-lib",
        **facts,
    )


def wrong_at(url: URL) -> WrongDatabase | None:
    """Why the database behind ``url`` must not be worked on; nothing is made and nothing written."""
    file = file_of(url)
    if file is None:
        return _asked(url)
    if not file.is_file():
        return no_file(url, file)
    return _asked(url.set(database=f"file:{file}", query={**url.query, "mode": "ro", "uri": "true"}), url)


def is_unmade(error: WrongDatabase, url: URL) -> bool:
    """Whether there is nothing yet where ``migrate`` would make a database: no table, or no file."""
    file = file_of(url)
    return isinstance(error, DatabaseEmpty) or (file is not None and not file.exists())


def no_file(url: URL, file: Path) -> DatabaseUnreachable:
    """The error of a SQLite file that is not there."""
    if file.exists():
        return DatabaseUnreachable(f"{file} is no file; mend the path")
    making = f"sphinx-lib db upgrade --database {shown(url)}"
    return DatabaseUnreachable(f"there is no file {file}; mend the path, or make it: {making}")


def _asked(url: URL, meant: URL | None = None) -> WrongDatabase | None:
    engine = create_engine(url, poolclass=NullPool)
    faults.translate(engine)
    with engine.connect() as connection:
        return wrong(look(connection), meant or url)


def guard(engine: Engine) -> None:
    """Let ``engine`` hand out connections to a database of this revision only, whatever became of it since it was opened.

    It is asked whenever a connection is taken from the pool: somebody may migrate the database, or put another in its place.
    """
    url, driver = engine.url, engine.dialect.loaded_dbapi

    def refuse(connection: Any, _record: Any, _proxy: Any) -> None:
        column = partial(_column, connection)
        with _outside_transactions(connection, url):
            try:
                current = column(_REVISION) == (HEAD,)
            except (driver.OperationalError, driver.ProgrammingError):  # our table is not there, or nothing can be read
                current = False
            if not current and (error := wrong(_look(column, url), url)):
                raise error

    event.listen(engine, "checkout", refuse)


@contextmanager
def _outside_transactions(connection: Any, url: URL) -> Iterator[None]:
    """psycopg begins a transaction with the first statement, which would be read before its level is set."""
    if is_sqlite(url):
        yield
        return
    before, connection.autocommit = connection.autocommit, True
    try:
        yield
    finally:
        if not connection.closed:
            connection.autocommit = before


def _column(connection: Any, statement: str) -> tuple[str, ...]:
    with closing(connection.cursor()) as cursor:
        cursor.execute(statement)
        return tuple(row[0] for row in cursor.fetchall())
