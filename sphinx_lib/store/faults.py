"""What goes wrong in a database, as errors of this library: the one place that knows the codes of the drivers.

``translate`` makes an engine raise them, whoever uses it: no exception of SQLAlchemy or of a driver passes its commands.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, PendingRollbackError, ResourceClosedError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from sphinx_lib.kernel.errors import (
    CommitUnknown,
    ConcurrentChange,
    ConnectionCut,
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseError,
    DatabaseForbidden,
    DatabaseForeign,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseUnreachable,
    SphinxError,
)
from sphinx_lib.store.address import shown

COMMITTING = "sphinx_committing"
_BIT_PRIMARY = 0xFF  # the rest of an extended result code of SQLite says more of the same

_BY_SQLITE: Mapping[int, type[SphinxError]] = {
    sqlite3.SQLITE_BUSY: DatabaseBusy,
    sqlite3.SQLITE_LOCKED: DatabaseBusy,
    sqlite3.SQLITE_READONLY: DatabaseReadOnly,
    sqlite3.SQLITE_FULL: DatabaseFull,
    sqlite3.SQLITE_CORRUPT: DatabaseDamaged,
    sqlite3.SQLITE_IOERR: DatabaseDamaged,
    sqlite3.SQLITE_NOTADB: DatabaseForeign,
    sqlite3.SQLITE_CANTOPEN: DatabaseUnreachable,
    sqlite3.SQLITE_PERM: DatabaseForbidden,
    sqlite3.SQLITE_AUTH: DatabaseForbidden,
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: ConcurrentChange,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: ConcurrentChange,
}
# By SQLSTATE, or the two characters of its class.
_BY_SQLSTATE: Mapping[str, type[SphinxError]] = {
    "08": ConnectionCut,
    "23505": ConcurrentChange,
    "25006": DatabaseReadOnly,
    "40001": DatabaseBusy,
    "40P01": DatabaseBusy,
    "42501": DatabaseForbidden,
    "53": DatabaseBusy,
    "53100": DatabaseFull,
    "55P03": DatabaseBusy,
    "57P01": ConnectionCut,
    "57P02": ConnectionCut,
    "57P03": ConnectionCut,
    "58030": DatabaseDamaged,
    "XX": DatabaseDamaged,
}
_TEXTS: Mapping[type[SphinxError], str] = {
    ConcurrentChange: "somebody else wrote the same row first ({said}); do it again",
    ConnectionCut: "the connection to the database was cut ({said}); nothing of this unit of work was written: do it "
    "again when the database is back",
    CommitUnknown: "the connection to the database was cut during the commit ({said}): the unit of work is written whole "
    "or not at all; repeat it under its key, which is safe, or look first",
    DatabaseBusy: "the database is busy ({said}); nothing of this unit of work was written: do it again",
    DatabaseDamaged: "the database is damaged, or its disk fails ({said}); restore a backup",
    DatabaseForbidden: "the user of the database lacks a permission ({said}); grant it, or name another user",
    DatabaseForeign: "this is no database of sphinx_lib ({said}); name another one",
    DatabaseFull: "the database is full ({said}); nothing of this unit of work was written: make room and do it again",
    DatabaseReadOnly: "the database is read-only ({said}); it can be read, and to write it needs the permission to",
    DatabaseUnreachable: "the database {url} cannot be reached ({said}); is the server running, and are file, name, user "
    "and password right?",
    DatabaseError: "the database refused a statement ({said})",
}


def translate(engine: Engine) -> None:
    """Let whatever the driver raises reach callers of ``engine`` as an error of this library."""
    event.listen(engine, "begin", _begun)
    event.listen(engine, "commit", _committing)
    event.listen(engine, "handle_error", _translated, retval=True)


def is_retryable(error: BaseException) -> bool:
    """Whether nothing was written and the unit of work may be run again: serialization failure, deadlock, a busy file,
    a connection cut before the commit."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return issubclass(_kind(error.orig, cut=error.connection_invalidated), DatabaseBusy | ConnectionCut)
    return isinstance(error, DatabaseError) and error.retryable


@contextmanager
def told(connection: Connection) -> Iterator[None]:
    """For a block that caught the error of a lost connection and went on with it: it is told again."""
    try:
        yield
    except (PendingRollbackError, ResourceClosedError) as error:
        if not connection.invalidated:
            raise
        raise _cut_before(error) from error


class Connections(QueuePool):
    """The connections of an engine; who waits in vain for a free one is told."""

    def _do_get(self) -> ConnectionPoolEntry:
        try:
            return super()._do_get()
        except PoolTimeout as error:
            said = "all connections are in use"
            raise DatabaseBusy(_TEXTS[DatabaseBusy].format(said=said), said=said) from error


def _cut_before(error: BaseException) -> ConnectionCut:
    return ConnectionCut(_TEXTS[ConnectionCut].format(said="an earlier statement found it lost"), said=_first_line(error))


def _begun(connection: Connection) -> None:
    connection.info.pop(COMMITTING, None)


def _committing(connection: Connection) -> None:
    connection.info[COMMITTING] = True


def _translated(context: ExceptionContext) -> SphinxError | None:
    error = context.original_exception
    if isinstance(error, PendingRollbackError):
        return _cut_before(error)
    if context.is_pre_ping or context.sqlalchemy_exception is None or not isinstance(error, _errors_of(context)):
        return None
    connection, said = context.connection, _first_line(error)
    kind = _kind(error, cut=context.is_disconnect)
    context.is_disconnect = context.is_disconnect or kind is ConnectionCut  # never used again
    if connection is None and kind in (ConnectionCut, DatabaseError):
        kind = DatabaseUnreachable
    elif kind is ConnectionCut and connection is not None and connection.info.get(COMMITTING):
        kind = CommitUnknown
    url = shown(context.engine.url) if context.engine is not None else ""
    return kind(_TEXTS[kind].format(said=said, url=url), said=said)


def _errors_of(context: ExceptionContext) -> Any:
    return context.dialect.loaded_dbapi.Error


def _kind(error: BaseException, *, cut: bool) -> type[SphinxError]:
    """Which error of this library an exception of a driver is; ``cut`` when the connection is lost with it."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return _BY_SQLITE.get(code) or _BY_SQLITE.get(code & _BIT_PRIMARY, DatabaseError)
    state = getattr(error, "sqlstate", None) or ""
    if cut or (not state and _is_operational(error)):
        return ConnectionCut
    return _BY_SQLSTATE.get(state) or _BY_SQLSTATE.get(state[:2], DatabaseError)


def _is_operational(error: BaseException) -> bool:
    """What psycopg raises of a server without a code of it comes from the line: lost, or lost amid a batch of statements
    ("cannot exit pipeline mode while busy"), which SQLAlchemy does not take for lost."""
    return any(kind.__name__ == "OperationalError" for kind in type(error).__mro__)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
