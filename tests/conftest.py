"""Fixtures that several folders of tests share: databases, and how hard hypothesis tries.

``database_url`` runs a test on a SQLite file and on PostgreSQL; ``postgres_database`` on PostgreSQL only. Each test has
a database of its own, copied from ``postgres_template`` (a folder's conftest may override it with one that has tables).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgres import NO_SERVER, database, server

settings.register_profile("ci", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("deep", max_examples=2000, deadline=None)
settings.load_profile("ci")  # `pytest --hypothesis-profile=deep` replaces it

POSTGRES_FIXTURES = {"postgres_url", "postgres_template", "postgres_database"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs a server, so that ``-m "not postgresql"`` leaves it out without anybody remembering the mark."""
    for item in items:
        if POSTGRES_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.postgresql)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL server started for this run (one per xdist worker), which keeps nothing safe from a crash.

    Skips when no server can be started; fails instead when SPHINX_LIB_REQUIRE_POSTGRES is set, as it is in CI.
    """
    with ExitStack() as stack:
        try:
            url = stack.enter_context(server(tmp_path_factory.getbasetemp().parent / "postgres.lock"))
        except NO_SERVER as error:
            if os.environ.get("SPHINX_LIB_REQUIRE_POSTGRES"):
                raise
            pytest.skip(f"no PostgreSQL can be started here: {error}")
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """Name of the database that every test's database is a copy of: PostgreSQL's own, without tables."""
    return "template1"


@pytest.fixture
def postgres_database(postgres_url: str, postgres_template: str) -> Iterator[str]:
    """URL of a PostgreSQL database for this test alone; dropped afterwards, also when connections were left open."""
    with database(postgres_url, postgres_template) as url:
        yield url


@pytest.fixture(params=["sqlite-file", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database for this test alone: a SQLite file, then PostgreSQL."""
    if request.param == "sqlite-file":
        return f"sqlite:///{tmp_path / 'test.sqlite'}"
    return str(request.getfixturevalue("postgres_database"))
