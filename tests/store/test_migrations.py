"""The schema that Alembic makes is the one that the tables declare, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select

from sphinx_lib import Sphinx
from sphinx_lib.kernel.errors import WrongDatabase
from sphinx_lib.store.schema import migrate
from sphinx_lib.store.tables import documents, metadata, packs
from tests.store.support import FixedClock, at_once, chain, count_rows, document, faults, open_shop, raised


@pytest.fixture(scope="session")
def postgres_template() -> str:
    """These tests begin without tables."""
    return "template1"


def of_the_library(name: str | None, kind: str, _parents: object) -> bool:
    """Whether the tables declare it; indexes on searchable fields belong to the pack."""
    return not (kind == "index" and (name or "").startswith("documents_custom_"))


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.parametrize("first", ["head", "0001"])
def test_migrations_make_exactly_the_declared_tables(database_url: str, first: str) -> None:
    """Those of a database that is begun with the newest version, and those that the migrations lead to one by one."""
    app = Sphinx.open(database_url=database_url, clock=FixedClock())
    migrate(app.engine, first)
    app.migrate()
    with app.engine.connect() as connection:
        options = {"version_table": "sphinx_lib_version", "compare_type": True, "include_name": of_the_library}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "sphinx_lib_version"}
    app.engine.dispose()


def test_migrating_a_database_twice_changes_nothing(database_url: str) -> None:
    app = open_shop(database_url)
    made = chain(app)
    rows, invoice = count_rows(app), document(app, made["invoice"])
    app.migrate()
    assert count_rows(app) == rows
    assert document(app, made["invoice"]) == invoice
    assert faults(app) == []
    app.engine.dispose()


def test_a_database_without_tables_opens_and_waits_for_migrate(database_url: str) -> None:
    app = Sphinx.open(database_url=database_url)
    with pytest.raises(WrongDatabase, match="sphinx-lib db upgrade --database"), app.reader():
        pass
    app.migrate()
    with app.reader() as views:
        assert views.ids(type="invoice") == []
    app.engine.dispose()


def test_several_processes_may_open_a_database_with_a_new_pack_at_once(database_url: str) -> None:
    first = Sphinx.open(database_url=database_url, clock=FixedClock(datetime(2026, 1, 1, tzinfo=UTC)))
    first.migrate()
    with first.engine.begin() as connection:
        connection.execute(packs.delete())
    results = at_once(*[lambda: Sphinx.open(database_url=database_url)] * 6)
    assert raised(results) == []
    with first.engine.connect() as connection:
        assert len(connection.execute(select(packs.c.fingerprint)).all()) == 1
        assert connection.execute(select(documents)).all() == []
    for one in (first, *results):
        one.engine.dispose()
