"""The store's tests run on SQLite and PostgreSQL; on PostgreSQL each database is a copy of one that has the tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from sphinx_lib import Sphinx
from tests.store.support import FixedClock, open_shop


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """Name of a database with all tables, so that a test need not migrate its copy."""
    name = f"template_{uuid4().hex}"
    server = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"create database {name} strategy wal_log"))
    server.dispose()
    long_ago = FixedClock(datetime(2020, 1, 1, tzinfo=UTC))
    app = Sphinx.open(database_url=postgres_url.replace("/postgres?", f"/{name}?", 1), clock=long_ago)
    app.migrate()
    app.engine.dispose()
    return name


@pytest.fixture
def app(database_url: str) -> Iterator[Sphinx]:
    """A shop on a database of its own: SQLite, then PostgreSQL."""
    shop = open_shop(database_url)
    yield shop
    shop.engine.dispose()


@pytest.fixture
def file_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sphinx]:
    """A shop on a SQLite file."""
    shop = open_shop(f"sqlite:///{tmp_path_factory.mktemp('shop') / 'shop.sqlite'}")
    yield shop
    shop.engine.dispose()
