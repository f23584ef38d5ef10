"""Where a database is: its URL taken apart and checked, before anything is opened."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from sphinx_lib.kernel.errors import DatabaseUnreachable

FORMS = "write sqlite:///sales.sqlite or postgresql+psycopg://user@host/name"
_BACKENDS = ("sqlite", "postgresql")


def address(url: str | URL) -> URL:
    """``url`` taken apart. Raises DatabaseUnreachable when it is none, or asks for a database or driver that is not
    supported or not installed."""
    try:
        parsed = make_url(url)
        dialect = parsed.get_dialect()
        dialect.import_dbapi()
    except (ArgumentError, ImportError, ValueError) as error:
        raise DatabaseUnreachable(f"{_hidden(url)!r} is no database URL ({error}); {FORMS}") from error
    if parsed.get_backend_name() not in _BACKENDS or dialect.is_async:
        raise DatabaseUnreachable(f"{shown(parsed)}: {parsed.drivername} is not supported; {FORMS}")
    return parsed


def shown(url: URL) -> str:
    """The URL as messages print it, without its password."""
    return url.render_as_string(hide_password=True)


def in_memory(url: URL) -> bool:
    """Whether the database lives in the memory of this process, and is made when it is opened."""
    return is_sqlite(url) and (
        url.database in (None, "", ":memory:", "file::memory:") or url.query.get("mode") == "memory"
    )


def is_sqlite(url: URL) -> bool:
    """Whether it is SQLite, in a file or in memory."""
    return url.get_backend_name() == "sqlite"


def file_of(url: URL) -> Path | None:
    """The file of a SQLite database, which may be written as a URI of its own; None of any other."""
    if not is_sqlite(url) or in_memory(url):
        return None
    return Path((url.database or "").removeprefix("file:"))


def _hidden(url: object) -> str:
    """What stands before an @ may hold a password."""
    before, at, after = str(url).rpartition("@")
    return f"***@{after}" if at and ":" in before else str(url)
