"""The schema that Alembic makes is the one that the tables declare, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from hashlib import sha256

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, MetaData, Table, insert, inspect, select

from sphinx_lib import Refused, Sphinx
from sphinx_lib.kernel.errors import ConcurrentChange, WrongDatabase
from sphinx_lib.store.engine import open_engine
from sphinx_lib.store.schema import migrate
from sphinx_lib.store.tables import documents, exchange_rates, metadata, outbox, packs, seals
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


def test_seals_that_are_there_are_of_the_first_recipe(database_url: str) -> None:
    app, old = Sphinx.open(database_url=database_url, clock=FixedClock()), open_engine(database_url)
    migrate(old, "0006")
    row = {"company_id": "main", "number": 1, "sealed_at": app.clock.now(), "entries": 0, "previous_hash": ""}
    columns = [Column(name, seals.c[name].type) for name in (*row, "hash")]
    with old.begin() as connection:
        connection.execute(insert(Table("seals", MetaData(), *columns)), row | {"hash": sha256(b"[]").hexdigest()})
    old.dispose()
    app.migrate()
    sealed = app.sealed()
    assert sealed is not None
    assert sealed.recipe == 1
    assert app.verify(against=[sealed]).ok
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


def test_messages_that_waited_before_the_migration_are_due_since_they_were_made(database_url: str) -> None:
    old = open_engine(database_url)
    migrate(old, "0006")
    waited = {"company_id": "main", "id": "0" * 32, "kind": "mail", "dedupe": "x", "payload": {"message": "m"}}
    made = datetime(2026, 2, 1, tzinfo=UTC)
    with old.begin() as connection:
        more = {"state": "failed", "attempts": 2, "last_error": "down", "created_at": made}
        connection.execute(insert(outbox).values(**waited, **more))
    old.dispose()
    app = open_shop(database_url)
    with app.reader() as views:
        (row,) = views.outbox()
    assert (row.due_at, row.holder, row.attempts, row.last_error) == (made, None, 2, "down")
    assert app.run("outbox", sender=lambda message: "sent").made == ["0" * 32]
    app.engine.dispose()


def test_two_rates_of_a_day_are_told_and_none_is_lost(database_url: str) -> None:
    app, old = Sphinx.open(database_url=database_url, clock=FixedClock()), open_engine(database_url)
    migrate(old, "0006")
    days = {"USD-2026-01-05": 5, "BANK": 5, "USD-2026-01-06": 6}
    rows = [
        {"company_id": "main", "code": code, "id": f"{number:032x}", "version": 1, "audit_hash": "", "currency": "USD",
         "date": date(2026, 1, day), "data": {}}
        for number, (code, day) in enumerate(days.items(), 1)
    ]  # fmt: skip
    with old.begin() as connection:
        connection.execute(exchange_rates.insert(), rows)
    with pytest.raises(Refused, match="main: USD on 2026-01-05: BANK; main: USD on 2026-01-05: USD-2026-01-05"):
        app.migrate()
    with old.begin() as connection:
        assert len(connection.execute(select(exchange_rates.c.code)).all()) == 3
        moved = exchange_rates.update().where(exchange_rates.c.code == "BANK")
        connection.execute(moved.values(date=date(2026, 1, 7)))
    app.migrate()
    old.dispose()
    with pytest.raises(ConcurrentChange), app.engine.begin() as connection:
        connection.execute(moved.values(date=date(2026, 1, 6)))
    app.engine.dispose()
