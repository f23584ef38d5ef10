"""A database that is read-only, full, busy, gone or cut: told as such, nothing half written, and the next command works (D14)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import OperationalError

from sphinx_lib import Sphinx, SphinxError
from sphinx_lib.app.session import Session
from sphinx_lib.kernel.errors import (
    CommitUnknown,
    ConnectionCut,
    DatabaseBusy,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseUnreachable,
)
from sphinx_lib.store.engine import is_retryable
from tests.store.databases import Line, base, command_line, execute, line_to, shop
from tests.store.support import ALICE, count_rows, draft_invoice, faults, numbers, overlay

OF_OTHERS = ("sqlalchemy", "psycopg", "sqlite3", "alembic")


def sell(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        s.fire(draft_invoice(s).id, "issue")


def sold(session: Session) -> str:
    return session.fire(draft_invoice(session).id, "issue").id


def told(kind: type[SphinxError], work: Callable[[], Any]) -> SphinxError:
    """The error of ours that ``work`` ends with; what the driver said is its cause."""
    with pytest.raises(kind) as error:
        work()
    assert type(error.value) is kind
    assert type(error.value).__module__.split(".")[0] not in OF_OTHERS
    return error.value


def read_only(url: str, tmp_path: Path) -> str:
    """URL under which the database can be read only."""
    if url.startswith("sqlite"):
        return url.replace("sqlite:///", "sqlite:///file:") + "?mode=ro&uri=true"
    name = url.rpartition("/test_")[2].partition("?")[0]
    execute(url, f"alter database test_{name} set default_transaction_read_only = on")
    return url


def test_a_read_only_database_is_read_and_says_so_when_it_is_written(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Also under a configuration that it was never opened with, which cannot be put on record then."""
    writer = shop(database_url)
    sell(writer)
    before = count_rows(writer)
    writer.engine.dispose()
    url = read_only(database_url, tmp_path)
    app = Sphinx.open(["base", overlay(tmp_path, "stock: {negative_stock: allow}\n")], url)
    assert (numbers(app), faults(app)) == (["FA2026-00001"], [])
    for work in (
        lambda: sell(app),
        lambda: app.do(sold, actor=ALICE, key="k"),
        app.seal,
        app.migrate,
    ):
        assert told(DatabaseReadOnly, work).__cause__ is not None  # type: ignore[arg-type]
    assert command_line(monkeypatch, capsys, "verify", "--database", url) == (0, "")
    code, said = command_line(monkeypatch, capsys, "seal", "--database", url)
    assert (code, said.startswith("the database is read-only ("), said.count("\n")) == (1, True, 1)
    assert count_rows(app) == before
    app.engine.dispose()


def test_a_connection_that_only_asks_is_told_from_a_writer(file_app: Sphinx) -> None:
    event.listen(file_app.engine, "connect", lambda connection, _: connection.execute("pragma query_only = on"))
    file_app.engine.dispose()
    told(DatabaseReadOnly, lambda: sell(file_app))
    assert numbers(file_app) == []


def test_a_full_sqlite_file_is_told_and_written_again_when_there_is_room(file_app: Sphinx) -> None:
    limit = {"pages": 0}

    def keep_small(connection: Any, _record: Any) -> None:
        connection.execute(f"pragma max_page_count = {limit['pages'] or 1_000_000}")

    event.listen(file_app.engine, "connect", keep_small)
    with file_app.engine.connect() as connection:
        limit["pages"] = connection.exec_driver_sql("pragma page_count").scalar_one()
    file_app.engine.dispose()

    def until_full() -> None:
        for _ in range(200):
            sell(file_app)

    told(DatabaseFull, until_full)
    issued = numbers(file_app)
    assert faults(file_app) == []
    limit["pages"] = 0
    file_app.engine.dispose()
    sell(file_app)
    assert numbers(file_app) == [*issued, f"FA2026-{len(issued) + 1:05}"]
    assert faults(file_app) == []


@pytest.fixture
def postgres(postgres_database: str) -> Iterator[Sphinx]:
    app = shop(postgres_database)
    yield app
    app.engine.dispose()


def test_a_full_postgresql_disk_is_told_and_nothing_is_written(postgres: Sphinx) -> None:
    """The disk is not filled: the server raises what it raises then (53100), late in the unit of work."""
    url = postgres.engine.url.render_as_string(hide_password=False)
    execute(
        url,
        "create function no_room() returns trigger language plpgsql as "
        "$$ begin raise 'could not extend file: No space left on device' using errcode = '53100'; end $$",
        "create trigger no_room before insert on audit_log for each row execute function no_room()",
    )
    before = count_rows(postgres)
    told(DatabaseFull, lambda: sell(postgres))
    assert count_rows(postgres) == before
    execute(url, "drop trigger no_room on audit_log")
    sell(postgres)
    assert (numbers(postgres), faults(postgres)) == (["FA2026-00001"], [])


def test_a_busy_file_is_told_and_may_be_tried_again(file_app: Sphinx) -> None:
    file_app.engine.dispose()
    event.listen(file_app.engine, "connect", lambda connection, _: connection.execute("pragma busy_timeout = 50"))
    with file_app.engine.connect() as holder, holder.begin():
        error = told(DatabaseBusy, lambda: sell(file_app))
    assert is_retryable(error)
    sell(file_app)


def test_all_connections_in_use_are_told(database_url: str) -> None:
    app = shop(database_url)
    app.engine.pool._timeout = 0.05  # type: ignore[attr-defined]
    held = [app.engine.connect() for _ in range(15)]
    assert is_retryable(told(DatabaseBusy, lambda: numbers(app)))
    for one in held:
        one.close()
    assert numbers(app) == []
    app.engine.dispose()


def test_a_file_taken_away_is_never_written_to(file_app: Sphinx, tmp_path: Path) -> None:
    """SQLite would go on in the deleted file, and what it commits there would be lost."""
    file = Path(file_app.engine.url.database or "")
    sell(file_app)

    def midway() -> None:
        with file_app.session(actor=ALICE) as s:
            s.fire(draft_invoice(s).id, "issue")
            s.flush()
            file.rename(tmp_path / "away")

    error = told(ConnectionCut, midway)
    assert is_retryable(error)
    told(DatabaseUnreachable, lambda: sell(file_app))
    told(DatabaseUnreachable, lambda: numbers(file_app))
    assert list(file.parent.glob("shop.sqlite")) == []
    (tmp_path / "away").rename(file)
    sell(file_app)
    assert (numbers(file_app), faults(file_app)) == (["FA2026-00001", "FA2026-00002"], [])


def test_a_file_put_in_place_of_another_is_the_one_that_is_used(file_app: Sphinx, tmp_path: Path) -> None:
    """As a backup that is restored beneath a running application."""
    file = Path(file_app.engine.url.database or "")
    execute(f"sqlite:///{file}", "pragma wal_checkpoint(truncate)")
    backup = tmp_path / "backup"
    backup.write_bytes(file.read_bytes())
    sell(file_app)
    assert numbers(file_app) == ["FA2026-00001"]
    for log in file.parent.glob("shop.sqlite-*"):
        log.unlink()
    backup.replace(file)
    assert numbers(file_app) == []
    sell(file_app)
    assert faults(file_app) == []


def kill(app: Sphinx, session: Session) -> None:
    """End the connection of a session from another one, as an administrator would."""
    pid = session.unit.connection.exec_driver_sql("select pg_backend_pid()").scalar_one()
    execute(app.engine.url.render_as_string(hide_password=False), f"select pg_terminate_backend({pid}, 5000)")


def test_a_connection_killed_in_a_command_is_told_and_the_next_one_works(postgres: Sphinx) -> None:
    def in_a_command() -> None:
        with postgres.session(actor=ALICE) as s:
            draft = draft_invoice(s)
            kill(postgres, s)
            s.fire(draft.id, "issue")

    def before_the_flush() -> None:
        with postgres.session(actor=ALICE) as s:
            s.fire(draft_invoice(s).id, "issue")
            kill(postgres, s)

    def before_the_commit() -> None:
        with postgres.session(actor=ALICE) as s:
            s.fire(draft_invoice(s).id, "issue")
            s.flush()
            kill(postgres, s)

    def in_a_reader() -> None:
        with postgres.reader() as views:
            pid = views.unit.connection.exec_driver_sql("select pg_backend_pid()").scalar_one()
            execute(postgres.engine.url.render_as_string(hide_password=False), f"select pg_terminate_backend({pid}, 5000)")
            views.ids(type="invoice")

    before = count_rows(postgres)
    for work in (in_a_command, before_the_flush, in_a_reader):
        assert is_retryable(told(ConnectionCut, work))
        assert count_rows(postgres) == before
    told(CommitUnknown, before_the_commit)  # the server had not begun to commit, but who is cut off cannot know
    assert count_rows(postgres) == before
    sell(postgres)
    assert (numbers(postgres), faults(postgres)) == (["FA2026-00001"], [])


@pytest.mark.parametrize("commands", [0, 1])
def test_a_session_that_goes_on_after_its_connection_was_cut_writes_nothing(postgres: Sphinx, commands: int) -> None:
    def deaf() -> None:
        with postgres.session(actor=ALICE) as s:
            draft_invoice(s)
            kill(postgres, s)
            with pytest.raises(ConnectionCut):
                draft_invoice(s)
            for _ in range(commands):
                draft_invoice(s)

    before = count_rows(postgres)
    told(ConnectionCut, deaf)
    assert count_rows(postgres) == before


def test_what_the_host_s_own_database_raises_inside_a_session_stays_as_it_is(file_app: Sphinx) -> None:
    own = create_engine("sqlite://")

    def busy() -> None:
        with file_app.session(actor=ALICE), own.connect() as connection:
            connection.execute(text("select 1 from nowhere"))

    with pytest.raises(OperationalError, match="no such table: nowhere"):
        busy()


def test_a_command_whose_connection_is_killed_is_run_again(postgres: Sphinx) -> None:
    attempts: list[int] = []

    def unlucky(session: Session) -> str:
        attempts.append(1)
        draft = draft_invoice(session)
        if len(attempts) == 1:
            kill(postgres, session)
        return session.fire(draft.id, "issue").id

    postgres.do(unlucky, actor=ALICE, key="k")
    assert (len(attempts), numbers(postgres), faults(postgres)) == (2, ["FA2026-00001"], [])


@pytest.fixture
def over_a_line(postgres_database: str) -> Iterator[tuple[Line, Sphinx]]:
    shop(postgres_database).engine.dispose()
    with line_to(postgres_database) as (line, url):
        app = Sphinx.open(base(), url)
        yield line, app
        app.engine.dispose()


@pytest.mark.parametrize(("cut", "written"), [("sent", 0), ("done", 1)])
def test_a_connection_cut_during_the_commit_leaves_it_open_which_and_a_key_settles_it(
    over_a_line: tuple[Line, Sphinx], cut: str, written: int
) -> None:
    """The COMMIT never arrives, or its answer never does: the caller sees the same."""
    line, app = over_a_line
    line.at_commit = cut
    error = told(CommitUnknown, lambda: sell(app))
    assert "repeat it under its key" in str(error)
    assert not is_retryable(error)
    assert len(numbers(app)) == written

    line.at_commit = cut
    first = app.do(sold, actor=ALICE, key="k")
    assert app.do(sold, actor=ALICE, key="k") == first
    assert len(numbers(app)) == written + 1
    assert faults(app) == []


def test_a_server_that_stopped_is_told_and_found_again(
    over_a_line: tuple[Line, Sphinx], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    line, app = over_a_line
    sell(app)
    port = line.port

    def midway() -> None:
        with app.session(actor=ALICE) as s:
            draft = draft_invoice(s)
            line.stop()
            s.fire(draft.id, "issue")

    told(ConnectionCut, midway)
    told(DatabaseUnreachable, lambda: sell(app))
    told(DatabaseUnreachable, lambda: faults(app))
    url = app.engine.url.render_as_string(hide_password=False)
    code, said = command_line(monkeypatch, capsys, "verify", "--database", url)
    assert (code, "cannot be reached" in said, said.count("\n")) == (2, True, 1)
    line.start(port)
    sell(app)
    assert (numbers(app), faults(app)) == (["FA2026-00001", "FA2026-00002"], [])


def test_threads_that_sell_while_connections_are_killed_sell_each_once(postgres: Sphinx) -> None:
    url = postgres.engine.url.render_as_string(hide_password=False)
    others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
    done, other = threading.Event(), []

    def killer() -> None:
        while not done.wait(0.1):
            execute(url, f"{others} and pid <> pg_backend_pid()")

    def seller(name: int) -> None:
        for n in range(4):
            while True:
                try:
                    postgres.do(sold, actor=ALICE, key=f"{name}-{n}")
                    break
                except (ConnectionCut, CommitUnknown, DatabaseUnreachable):
                    continue
                except Exception as error:
                    other.append(error)
                    return

    killing = threading.Thread(target=killer)
    killing.start()
    sellers = [threading.Thread(target=seller, args=(name,)) for name in range(2)]
    for one in sellers:
        one.start()
    for one in sellers:
        one.join(60)
    done.set()
    killing.join()
    assert other == []
    assert numbers(postgres) == [f"FA2026-{n:05}" for n in range(1, 9)]
    assert faults(postgres) == []
