"""Opening the database: exact JSON, write transactions that lock at once on SQLite, and schema migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import AssertionPool, ConnectionPoolEntry

from sphinx_lib.kernel.errors import Refused
from sphinx_lib.store.tables import metadata
from sphinx_lib.store.types import to_json

READ_ONLY = "sphinx_read_only"
BUSY_SECONDS = 30
_RETRY_CODES = frozenset({"40001", "40P01"})


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


def open_engine(url: str) -> Engine:
    """An engine for a SQLite file, SQLite in memory, or PostgreSQL."""
    options: dict[str, Any] = {"json_serializer": to_json}
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, **options)
    options["connect_args"] = {"check_same_thread": False, "timeout": BUSY_SECONDS}
    if url in ("sqlite://", "sqlite:///:memory:"):
        options["poolclass"] = _OneConnection
    engine = create_engine(url, **options)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, record: Any) -> None:
    """The driver must not begin transactions by itself; WAL lets readers go on beside a writer."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


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


def is_retryable(error: BaseException) -> bool:
    """Whether the database asks to run the unit of work again: serialization failure, deadlock, a busy SQLite file."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    return state in _RETRY_CODES or "database is locked" in str(error.orig)


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to the newest version, or to an older ``revision``; a second call changes nothing.

    A database without our tables gets them as they are declared, which is what all migrations lead to.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        if revision == "head" and not metadata.tables.keys() & set(inspect(connection).get_table_names()):
            metadata.create_all(connection, checkfirst=False)
            command.stamp(config, revision)
        else:
            command.upgrade(config, revision)
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
