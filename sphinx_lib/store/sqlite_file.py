"""The file of a SQLite database while it is open: no other is made in its place, and one taken away is noticed.

SQLite itself goes on writing to a deleted file, and what it commits there is lost.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DisconnectionError

from sphinx_lib.kernel.errors import ConnectionCut
from sphinx_lib.store.revision import no_file

_OPENED = "sphinx_file"
_WAL = "sphinx_wal"


def watch(engine: Engine, file: Path) -> None:
    """Let ``engine`` connect to ``file`` only if it is there, and never commit to one that was deleted or replaced.

    Connections to such a file are closed, and the next unit of work goes to the one that is there then.
    """

    def refuse_missing(*_: Any) -> None:
        if not file.is_file():
            raise no_file(engine.url, file)

    def note(_connection: Any, record: Any) -> None:
        record.info[_OPENED] = _identity(file)

    def reconnect(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info[_OPENED] != _identity(file):
            raise DisconnectionError

    def refuse_commit(connection: Connection) -> None:
        if connection.info[_OPENED] != _identity(file):
            connection.invalidate()
            raise ConnectionCut(f"the file {file} was deleted or replaced; nothing of this unit of work was written")

    event.listen(engine, "do_connect", refuse_missing)
    event.listen(engine, "connect", note)
    event.listen(engine, "checkout", reconnect)
    event.listen(engine, "commit", refuse_commit)


def log_ahead(engine: Engine) -> None:
    """Let the file be written by a write-ahead log, so that readers go on beside a writer; SQLite remembers it.

    Listened to after everything that refuses a database, since it writes to the file.
    """

    def switch(connection: Any, record: Any, _proxy: Any) -> None:
        if not record.info.get(_WAL):
            record.info[_WAL] = True
            switch_to_wal(connection)

    event.listen(engine, "checkout", switch)


def switch_to_wal(connection: Any) -> None:
    """Switch the file of a connection of the driver; one that may not be written, or that others use, stays as it is."""
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        return
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY):
            raise


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
