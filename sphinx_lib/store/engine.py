"""Opening the database: exact JSON, and write transactions that lock at once on SQLite."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import AssertionPool, ConnectionPoolEntry, NullPool

from sphinx_lib.kernel.errors import Refused
from sphinx_lib.store import faults, revision, sqlite_file
from sphinx_lib.store.address import address, file_of, in_memory, is_sqlite
from sphinx_lib.store.among import teach
from sphinx_lib.store.faults import is_retryable
from sphinx_lib.store.types import to_json

READ_ONLY = "sphinx_read_only"
BUSY_SECONDS = 30
__all__ = ["BUSY_SECONDS", "READ_ONLY", "is_retryable", "open_engine", "open_guarded", "snapshot", "writes_alone"]


class _OneConnection(AssertionPool):
    """The connection that a database in memory lives in: whoever has it keeps all others out until he is done."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, store_traceback=False, **named)

    def _do_get(self) -> ConnectionPoolEntry:
        if self._checked_out:
            raise Refused(
                "a database in memory has one connection, and a session or reader that is still open holds it; "
                "close that one first, read inside it with session.document, or open a file: sqlite:///sales.sqlite"
            )
        return super()._do_get()


def open_engine(url: str | URL, *, pooled: bool = True) -> Engine:
    """An engine for a SQLite file, SQLite in memory, or PostgreSQL, which raises errors of this library.

    Raises DatabaseUnreachable for what is no URL of these. Nothing is connected yet; a SQLite file is made by ``migrate``
    only. Not ``pooled``, each connection is closed after use.
    """
    url = address(url)
    options: dict[str, Any] = {"json_serializer": to_json}
    options["poolclass"] = faults.Connections if pooled else NullPool
    if not is_sqlite(url):
        engine = create_engine(url, pool_pre_ping=pooled, **options)
        event.listen(engine, "checkout", _as_the_server_says)
    else:
        options["connect_args"] = {"check_same_thread": False, "timeout": BUSY_SECONDS}
        if in_memory(url):
            options["poolclass"] = _OneConnection
        engine = create_engine(url, **options)
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        teach(engine)
    faults.translate(engine)
    return engine


def open_guarded(url: str | URL) -> Engine:
    """An engine as of ``open_engine`` that works only on a database of this revision, and makes no file.

    Raises WrongDatabase when a connection is taken, before anything is written.
    """
    engine = open_engine(url)
    if in_memory(engine.url):
        return engine
    file = file_of(engine.url)
    if file is not None:
        sqlite_file.watch(engine, file)
    revision.guard(engine)
    if file is not None:
        sqlite_file.log_ahead(engine)
    return engine


def _configure_sqlite(connection: Any, record: Any) -> None:
    """The driver must not begin transactions by itself."""
    connection.isolation_level = None
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _as_the_server_says(connection: Any, record: Any, proxy: Any) -> None:
    """How transactions are isolated, and whether they may write, is the server's setting again; a reader leaves both set
    for whoever is next."""
    connection.isolation_level = connection.read_only = None


def _begin_sqlite(connection: Connection) -> None:
    """Writers take the lock first, so that none fails half-way; readers do not."""
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def snapshot(connection: Connection) -> Connection:
    """``connection`` for reading: all its statements see one state of the database, and none may write."""
    options: dict[str, Any] = {READ_ONLY: True}
    if connection.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return connection.execution_options(**options)


def writes_alone(connection: Connection) -> bool:
    """Whether a unit of work keeps every other writer out from its first statement, as it does on SQLite."""
    return connection.dialect.name == "sqlite"
