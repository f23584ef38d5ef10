"""The tables of a database brought to the revision of this library, under a lock and in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

from sphinx_lib.kernel.errors import DatabaseBusy, DatabaseEmpty, DatabaseForeign, DatabaseOlder
from sphinx_lib.store import revision as revisions
from sphinx_lib.store.address import in_memory, is_sqlite
from sphinx_lib.store.engine import open_engine
from sphinx_lib.store.revision import HEAD, VERSION_TABLE
from sphinx_lib.store.sqlite_file import switch_to_wal
from sphinx_lib.store.tables import metadata

_LOCK = 0x7370_6869_6E78  # "sphinx": the key of the advisory lock that migrations of a database take
_ATTEMPTS = 5


def migrate(engine: Engine, revision: str = HEAD, *, beside: bool = False) -> None:
    """Bring the tables to the newest revision, or to an earlier ``revision``; see ``migration``."""
    with migration(engine, revision, beside=beside):
        pass


@contextmanager
def migration(engine: Engine, revision: str = HEAD, *, beside: bool = False) -> Iterator[Connection]:
    """A transaction in which the tables are those of ``revision``, and in which no other migration works.

    A second migration waits for the first; one that fails or is killed leaves the database as it was. A database without
    tables gets them as they are declared, which is what all migrations lead to. Raises DatabaseNewer, and DatabaseForeign
    for tables of another program, unless ours are to stand ``beside`` them and none of the names is taken.
    """
    own = engine if in_memory(engine.url) else open_engine(engine.url, pooled=False)
    with own.begin() as connection:
        if not is_sqlite(engine.url):  # on SQLite the transaction is the lock
            connection.exec_driver_sql(f"select pg_advisory_xact_lock({_LOCK})")
        _bring(connection, revision, beside=beside)
        yield connection
    with own.connect() as connection:
        if is_sqlite(engine.url):
            switch_to_wal(connection.connection.driver_connection)
    with own.begin() as connection:
        names = "" if is_sqlite(engine.url) else ", ".join(metadata.tables) if revision == HEAD else VERSION_TABLE
        connection.exec_driver_sql(f"ANALYZE {names}")


def _bring(connection: Connection, revision: str, *, beside: bool) -> None:
    found = revisions.look(connection)
    error = revisions.wrong(found, connection.engine.url)
    if isinstance(error, DatabaseForeign) and beside and VERSION_TABLE not in found.tables:
        taken = sorted(found.tables & metadata.tables.keys())
        if taken:
            names = ", ".join(taken)
            raise DatabaseForeign(f"the other program has tables of the same names ({names}); use a database apart")
    elif error is not None and not isinstance(error, DatabaseEmpty | DatabaseOlder):
        raise error
    if error is not None:
        _upgrade(connection, revision, new=not isinstance(error, DatabaseOlder))


def _upgrade(connection: Connection, revision: str, *, new: bool) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    if new and revision == HEAD:
        metadata.create_all(connection, checkfirst=False)
        command.stamp(config, revision)
    else:
        _lock_tables(connection, new=new)
        command.upgrade(config, revision)


def _lock_tables(connection: Connection, *, new: bool) -> None:
    """Units of work are waited for, and wait, before anything is changed; on SQLite they do already."""
    if new or is_sqlite(connection.engine.url):
        return
    ours = revisions.look(connection).tables & metadata.tables.keys()
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(f"lock table {', '.join(sorted(ours))} in access exclusive mode")
            return
        except DatabaseBusy:  # a unit of work holds one of them and asks for another
            if attempt == _ATTEMPTS:
                raise
