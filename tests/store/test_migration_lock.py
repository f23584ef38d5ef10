"""Migrations take a lock, are whole or nothing, and units of work beside them wait or are told (D14)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from sphinx_lib import Sphinx
from sphinx_lib.kernel.errors import DatabaseOlder
from sphinx_lib.store.engine import open_engine
from sphinx_lib.store.revision import HEAD, KNOWN, look
from sphinx_lib.store.schema import migrate, migration
from tests.store.databases import base, content, shop
from tests.store.support import FixedClock, at_once, faults, issue_invoice, numbers, raised
from tests.store.tables_made import difference

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def postgres_template() -> str:
    """These tests begin without tables."""
    return "template1"


def revision(url: str) -> tuple[str, ...]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return look(connection).revisions


def older(url: str, first: str = KNOWN[0]) -> None:
    """Tables as an earlier version made them."""
    engine = open_engine(url)
    migrate(engine, first)
    engine.dispose()


def process(url: str, text: str) -> subprocess.Popen[str]:
    """A process with ``app`` on the database, which runs ``text``."""
    code = f"from sphinx_lib import Sphinx\napp = Sphinx.open(database_url={url!r}, check_database=False)\n{text}"
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("first", ["", KNOWN[0]])
def test_several_threads_migrate_at_once(database_url: str, first: str) -> None:
    if first:
        older(database_url, first)
    apps = [Sphinx.open(base(), database_url, check_database=False) for _ in range(4)]
    assert raised(at_once(*(app.migrate for app in apps))) == []
    assert difference(database_url) == []
    for app in apps:
        app.engine.dispose()


def test_several_processes_migrate_at_once(database_url: str) -> None:
    older(database_url)
    running = [process(database_url, "app.migrate()") for _ in range(2)]
    for one in running:
        one.communicate(timeout=60)
    assert [one.returncode for one in running] == [0, 0]
    assert difference(database_url) == []


def test_a_migration_that_is_killed_half_way_leaves_the_tables_as_they_were(database_url: str) -> None:
    """Killed when the last of several steps has been done and not committed."""
    older(database_url)
    stood = structure(database_url)
    running = process(
        database_url,
        "from sphinx_lib.store import schema\n"
        "import contextlib\n"
        "with schema.migration(app.engine) as connection:\n"
        "    print('half', flush=True)\n"
        "    import time; time.sleep(60)\n",
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "half\n"
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    assert revision(database_url) == (KNOWN[0],)
    assert structure(database_url) == stood
    app = shop(database_url)
    assert (revision(database_url), difference(database_url), faults(app)) == ((HEAD,), [], [])
    app.engine.dispose()


def structure(url: str) -> Any:
    """Tables with their columns and indexes."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            return connection.exec_driver_sql("select name, sql from sqlite_master order by name").all()
    return content(url)


def test_a_migration_that_fails_leaves_the_tables_as_they_were(database_url: str) -> None:
    older(database_url)
    stood = structure(database_url)
    engine = open_engine(database_url)
    with pytest.raises(ZeroDivisionError), migration(engine):
        raise ZeroDivisionError
    engine.dispose()
    assert (revision(database_url), structure(database_url)) == ((KNOWN[0],), stood)


def test_a_unit_of_work_waits_for_a_migration_and_sees_what_it_made(database_url: str) -> None:
    app = shop(database_url)
    inside, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with migration(app.engine) as connection:
            if connection.engine.dialect.name == "postgresql":  # what a step that changes this table takes
                connection.exec_driver_sql("lock table documents in access exclusive mode")
            inside.set()
            go_on.wait(10)

    migrating = threading.Thread(target=slow)
    migrating.start()
    inside.wait(10)
    selling = threading.Thread(target=issue_invoice, args=(app,))
    selling.start()
    time.sleep(0.3)
    assert selling.is_alive()
    go_on.set()
    selling.join(20)
    migrating.join(20)
    assert (numbers(app), faults(app)) == (["FA2026-00001"], [])
    app.engine.dispose()


def test_a_migration_waits_for_a_unit_of_work_and_keeps_what_it_wrote(database_url: str) -> None:
    """The tables are old, and the unit is one of the version that wrote them."""
    older(database_url)
    old = open_engine(database_url)
    app = Sphinx.open(base(), database_url, clock=FixedClock())
    with pytest.raises(DatabaseOlder), app.reader():
        pass
    with old.begin() as connection:
        connection.exec_driver_sql("insert into packs values ('old', 'f', '{}', '2026-01-01')")
        migrating = threading.Thread(target=app.migrate)
        migrating.start()
        time.sleep(0.3)
        assert migrating.is_alive()
    migrating.join(20)
    with app.engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from packs where company_id = 'old'").scalar_one() == 1
    old.dispose()
    app.engine.dispose()


def test_the_revisions_that_are_known_are_those_of_alembic() -> None:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(ROOT / "sphinx_lib/store/migrations"))
    assert [script.revision for script in scripts.walk_revisions()][::-1] == list(KNOWN)
    assert scripts.get_heads() == [HEAD]
