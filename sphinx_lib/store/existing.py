"""Whether there is a database to read behind a URL, asked before anything is opened that would make one."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from sphinx_lib.store.packs import is_migrated


def why_unreadable(url: str) -> str:
    """Why no database of this library can be read at ``url``, and the way out; empty when one can.

    Nothing is written: no file is made, and one of another program stays as it is. A database in memory is made when it is
    opened.
    """
    try:
        parsed = make_url(url)
        return _fault_at(parsed, parsed.render_as_string())
    except (ArgumentError, ImportError) as error:
        return f"{url!r} is no database URL ({error}); write sqlite:///sales.sqlite or postgresql+psycopg://user@host/name"


def _fault_at(url: URL, shown: str) -> str:
    if _is_sqlite(url) and url.database in (None, "", ":memory:"):
        return ""
    making = f"sphinx-lib db upgrade --database {shown}"
    if _is_sqlite(url) and not _file_of(url).is_file():
        return f"there is no file {_file_of(url)}; mend the path, or make it: {making}"
    try:
        with create_engine(url, poolclass=NullPool).connect() as connection:
            migrated = is_migrated(connection)
    except DBAPIError as error:
        return f"{shown} cannot be read: {error.orig}"
    return "" if migrated else f"{shown} holds no tables of sphinx_lib; name another one, or make them: {making}"


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _file_of(url: URL) -> Path:
    """The file of a SQLite database, which may be written as a URI of its own."""
    return Path((url.database or "").removeprefix("file:"))
