"""A database that is older, newer, foreign, empty or not there is told as such, and nothing is written to it (D14)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from sphinx_lib import Sphinx, SphinxError
from sphinx_lib.kernel.errors import (
    DatabaseDamaged,
    DatabaseEmpty,
    DatabaseForeign,
    DatabaseNewer,
    DatabaseOlder,
    DatabaseUnreachable,
    WrongDatabase,
)
from sphinx_lib.store.revision import HEAD, KNOWN
from tests.store.databases import base, command_line, content, execute, shop
from tests.store.support import ALICE, draft_invoice, faults

COMMANDS = {
    "check": ["check"],
    "price": ["price", "VIS"],
    "stock": ["stock"],
    "run": ["run", "invoicing"],
    "export": ["export", "fec", "--from", "2026-01-01", "--to", "2026-12-31"],
    "render": ["render", "invoice", "1"],
    "send": ["send", "--letters", "letters"],
    "verify": ["verify"],
    "seal": ["seal"],
    "rates load": ["rates", "load", "--currency", "USD", "--from", "2026-01-01"],
    "rates list": ["rates", "list", "--from", "2026-01-01", "--to", "2026-12-31"],
}
OTHER_PROGRAM = (
    "create table alembic_version (version_num varchar(32) primary key)",
    "insert into alembic_version values ('0001')",
    "create table basket (id integer primary key, what text)",
    "insert into basket values (1, 'three apples')",
)


def sell(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        s.fire(draft_invoice(s).id, "issue")


def read(app: Sphinx) -> list[str]:
    with app.reader() as views:
        return views.ids(type="invoice")


WORK: dict[str, Callable[[Sphinx], Any]] = {
    "session": sell,
    "reader": read,
    "do": lambda app: app.do(lambda s: s.adjust_stock("VIS-1", 1), key="k"),
    "run": lambda app: app.run("invoicing"),
    "verify": lambda app: app.verify(),
    "seal": lambda app: app.seal(),
    "mark_exported": lambda app: app.mark_exported(app.clock.now().date(), app.clock.now().date()),
}


def refused(kind: type[SphinxError], work: Callable[[], Any]) -> str:
    with pytest.raises(kind) as error:
        work()
    assert error.value.code == kind.code
    return str(error.value)


@pytest.fixture
def empty(database_url: str) -> str:
    """A database without a table."""
    if database_url.startswith("sqlite"):
        Path(make_url(database_url).database or "").touch()
    else:
        execute(database_url, "drop schema public cascade", "create schema public")
    return database_url


@pytest.mark.parametrize(
    ("revision", "kind", "way_out"),
    [
        (KNOWN[0], DatabaseOlder, "sphinx-lib db upgrade --database "),
        ("9999", DatabaseNewer, "pip install --upgrade sphinx-lib"),
        ("a1b2c3", DatabaseNewer, "pip install --upgrade sphinx-lib"),
    ],
)
def test_another_revision_is_told_everywhere_and_nothing_is_written(
    database_url: str, revision: str, kind: type[WrongDatabase], way_out: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Also by an application that had opened the database before it was upgraded by a later version."""
    before = shop(database_url)
    execute(database_url, f"update sphinx_lib_version set version_num = '{revision}'")
    stood = content(database_url)
    for work in WORK.values():
        assert way_out in refused(kind, lambda work=work: work(before))  # type: ignore[misc]
    if kind is DatabaseOlder:
        opened = Sphinx.open(base(), database_url)
        assert way_out in refused(kind, lambda: read(opened))
        opened.engine.dispose()
    else:
        assert way_out in refused(kind, lambda: Sphinx.open(base(), database_url))
        refused(kind, before.migrate)
        assert command_line(monkeypatch, capsys, "db", "upgrade", "--database", database_url)[0] == 2
    every = revision == "9999" and database_url.startswith("sqlite")
    for command in COMMANDS.values() if every else [COMMANDS["verify"]]:
        code, said = command_line(monkeypatch, capsys, *command, "--database", database_url)
        assert (code, said.count("\n"), way_out in said) == (2, 1, True)
    before.engine.dispose()
    if not database_url.startswith("sqlite"):  # closing a connection of SQLite empties its log into the file
        assert content(database_url) == stood
    execute(database_url, f"update sphinx_lib_version set version_num = '{HEAD}'")
    sell(before)
    assert faults(before) == []
    before.engine.dispose()


def test_a_newer_sqlite_file_keeps_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    url = f"sqlite:///{tmp_path / 'shop.sqlite'}"
    shop(url).engine.dispose()
    execute(url, "update sphinx_lib_version set version_num = '9999'")
    stood = content(url)
    refused(DatabaseNewer, lambda: Sphinx.open(base(), url))
    refused(DatabaseNewer, lambda: Sphinx.open(base(), url, check_database=False).migrate())
    for command in ([*COMMANDS["verify"]], ["db", "upgrade"], ["db", "upgrade", "--beside"]):
        assert command_line(monkeypatch, capsys, *command, "--database", url)[0] == 2
    assert content(url) == stood


def test_a_newer_sqlite_file_that_a_crash_left_with_its_log_keeps_its_bytes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.sqlite'}"
    app = shop(url)
    execute(url, "update sphinx_lib_version set version_num = '9999'")
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for one in tmp_path.glob("shop.sqlite*"):
        if not one.name.endswith("-shm"):
            (crashed / one.name).write_bytes(one.read_bytes())
    app.engine.dispose()
    left = {one.name: one.read_bytes() for one in crashed.iterdir()}
    assert left["shop.sqlite-wal"]
    refused(DatabaseNewer, lambda: Sphinx.open(base(), f"sqlite:///{crashed / 'shop.sqlite'}"))
    assert {name: (crashed / name).read_bytes() for name in left} == left


def test_a_database_of_another_program_is_left_as_it_is(
    empty: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Its ``alembic_version`` holds a revision that we have too."""
    execute(empty, *OTHER_PROGRAM)
    stood = content(empty)
    said = refused(DatabaseForeign, lambda: Sphinx.open(base(), empty))
    assert "those of another program (alembic_version, basket)" in said
    unchecked = Sphinx.open(base(), empty, check_database=False)
    refused(DatabaseForeign, unchecked.migrate)
    for work in WORK.values():
        refused(DatabaseForeign, lambda work=work: work(unchecked))  # type: ignore[misc]
    unchecked.engine.dispose()
    for command in (COMMANDS["verify"], ["db", "upgrade"]):
        assert command_line(monkeypatch, capsys, *command, "--database", empty)[0] == 2
    assert content(empty) == stood


def test_our_tables_are_made_beside_those_of_another_program_when_asked_for(
    empty: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    execute(empty, *OTHER_PROGRAM)
    assert command_line(monkeypatch, capsys, "db", "upgrade", "--beside", "--database", empty)[0] == 0
    app = shop(empty)
    sell(app)
    assert faults(app) == []
    with app.engine.connect() as connection:
        assert connection.exec_driver_sql("select what from basket").scalars().all() == ["three apples"]
        assert connection.exec_driver_sql("select version_num from alembic_version").scalars().all() == ["0001"]
    app.engine.dispose()


def test_names_that_another_program_took_are_told(empty: str) -> None:
    execute(empty, *OTHER_PROGRAM, "create table documents (id integer primary key)", "create table items (id integer)")
    stood = content(empty)
    app = Sphinx.open(base(), empty, check_database=False)
    said = refused(DatabaseForeign, lambda: app.migrate(beside=True))
    assert "tables of the same names (documents, items)" in said
    app.engine.dispose()
    assert content(empty) == stood


def test_an_empty_database_opens_and_whatever_comes_before_migrate_says_so(
    empty: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    stood = content(empty)
    app = Sphinx.open(base(), empty)
    for work in WORK.values():
        assert "db upgrade" in refused(DatabaseEmpty, lambda work=work: work(app))  # type: ignore[misc]
    assert command_line(monkeypatch, capsys, "verify", "--database", empty)[0] == 2
    assert content(empty) == stood
    app.migrate()
    assert read(app) == []
    app.engine.dispose()


def test_no_file_is_made_by_opening_or_reading(tmp_path: Path) -> None:
    app = Sphinx.open(base(), f"sqlite:///{tmp_path / 'shpo.sqlite'}")
    for work in WORK.values():
        assert refused(DatabaseUnreachable, lambda work=work: work(app)).startswith("there is no file")  # type: ignore[misc]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("shop.sqlite", "'shop.sqlite' is no database URL"),
        ("", "'' is no database URL"),
        (None, "'None' is no database URL"),
        ("sqlight:///shop.sqlite", "'sqlight:///shop.sqlite' is no database URL"),
        ("mysql://me:secret@host/shop", "'***@host/shop' is no database URL"),
        ("postgresql+asyncpg://me:secret@host/shop", "'***@host/shop' is no database URL"),
        ("postgresql+psycopg://me:secret@host:x/shop", "'***@host:x/shop' is no database URL"),
        ("postgresql+psycopg://me:secret@127.0.0.1:1/shop", "the database postgresql+psycopg://me:***@127.0.0.1:1/shop"),
        ("sqlite:////nowhere/shop.sqlite", "the database sqlite:////nowhere/shop.sqlite cannot be reached"),
        ("sqlite:////tmp", "/tmp is no file"),
    ],
)
def test_a_url_that_leads_nowhere_is_told_without_its_password(
    url: Any, said: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    told = refused(DatabaseUnreachable, lambda: Sphinx.open(base(), url).migrate())
    assert told.startswith(said)
    assert "secret" not in told
    if url:
        assert command_line(monkeypatch, capsys, "verify", "--database", url)[0] == 2


@pytest.mark.parametrize("wrong", [{"database": "nowhere"}, {"username": "nobody"}])
def test_a_name_or_user_that_the_server_does_not_know_is_told(postgres_database: str, wrong: dict[str, str]) -> None:
    url = make_url(postgres_database).set(**wrong).render_as_string(hide_password=False)
    said = refused(DatabaseUnreachable, lambda: Sphinx.open(base(), url))
    assert "does not exist" in said


def test_a_password_that_is_wrong_is_told(postgres_database: str) -> None:
    """The server of the tests asks for none, so this one asks in its place and refuses."""
    from tests.store.databases import refusing_server

    with refusing_server() as port:
        url = f"postgresql+psycopg://me:secret@127.0.0.1:{port}/shop"
        said = refused(DatabaseUnreachable, lambda: Sphinx.open(base(), url))
    assert "password authentication failed" in said
    assert "secret" not in said


def test_a_file_that_is_no_database_is_told_and_left(tmp_path: Path) -> None:
    letter = tmp_path / "letter.sqlite"
    letter.write_text("a letter to somebody, and no database\n" * 99)
    stood = letter.read_bytes()
    url = f"sqlite:///{letter}"
    refused(DatabaseForeign, lambda: Sphinx.open(base(), url))
    refused(DatabaseForeign, lambda: Sphinx.open(base(), url, check_database=False).migrate())
    assert letter.read_bytes() == stood


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.sqlite'}"
    shop(url).engine.dispose()
    file = tmp_path / "shop.sqlite"
    pages = bytearray(file.read_bytes())
    for page in range(3 * 4096, len(pages), 4096):
        pages[page : page + 200] = b"\xff" * 200
    file.write_bytes(pages)
    refused(DatabaseDamaged, lambda: Sphinx.open(base(), url))
    app = Sphinx.open(base(), url, check_database=False)
    refused(DatabaseDamaged, lambda: app.verify())
    app.engine.dispose()
