"""The outbox under load: senders at once, senders that raise, stop or are killed (MS1). Nothing twice, nothing lost."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from sphinx_lib import Refused, Sphinx
from sphinx_lib.app import sending
from sphinx_lib.app.sending import LONGEST_ERROR
from sphinx_lib.kernel.errors import InputError, NotFound, Undeliverable
from sphinx_lib.kernel.ports import Actor, OutboxMessage, QueuedMessage
from sphinx_lib.store import outbox
from tests.forked import Killed, fork
from tests.store.support import ALICE, at_once, faults, lines, open_shop, overlay, raised, statements

LEASE = timedelta(minutes=10)


class Sink:
    """A sender that writes the id of each message into a file, one line at a time, from any thread or process."""

    def __init__(self, path: Path, then: Callable[[QueuedMessage], Any] = lambda row: None) -> None:
        self.path, self.then = path, then

    def __call__(self, row: QueuedMessage) -> str:
        with self.path.open("a") as file:
            file.write(f"{row.id}\n")
        self.then(row)
        return "sent"

    @property
    def received(self) -> list[str]:
        return self.path.read_text().split() if self.path.exists() else []


@pytest.fixture
def sink(tmp_path: Path) -> Sink:
    return Sink(tmp_path / "received", lambda row: time.sleep(0.005))


def quote(app: Sphinx, count: int) -> None:
    """Queue messages: each quotation sent is one."""
    with app.session(actor=ALICE) as s:
        for _ in range(count):
            s.fire(s.create("quotation", customer="ACME", lines=lines()).id, "send")


@pytest.fixture
def waiting(app: Sphinx) -> Sphinx:
    """A shop with 20 mails to send."""
    quote(app, 20)
    return app


def rows(app: Sphinx, *states: str) -> list[OutboxMessage]:
    with app.reader() as views:
        return views.outbox(states or ("queued", "failed", "dead", "sent", "letter"), limit=None)


def states(app: Sphinx) -> Counter[str]:
    return Counter(row.state for row in rows(app))


def later(app: Sphinx, by: timedelta) -> None:
    app.clock.at += by  # type: ignore[attr-defined]


# -- senders at once -------------------------------------------------------------------------------


def test_three_runs_at_once_send_each_mail_once(waiting: Sphinx, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PORTION", 3)
    reports = at_once(*[lambda: waiting.run("outbox", sender=sink)] * 3)
    assert raised(reports) == []
    assert Counter(sink.received) == Counter(row.id for row in rows(waiting))
    assert sum(len(report.made) for report in reports) == 20
    assert states(waiting) == {"sent": 20}
    assert [row.attempts for row in rows(waiting)] == [1] * 20


def test_three_processes_at_once_send_each_mail_once(
    database_url: str, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PORTION", 3)
    app = open_shop(database_url)
    quote(app, 20)
    app.engine.dispose()

    def run() -> int:
        mine = Sphinx.open(app.pack, database_url, clock=app.clock)
        return len(mine.run("outbox", sender=sink).made)

    assert sum(child.answer() for child in [fork(run) for _ in range(3)]) == 20
    assert Counter(sink.received) == Counter(row.id for row in rows(app))
    app.engine.dispose()


def test_what_is_queued_while_a_run_sends_waits_for_the_next_run(file_app: Sphinx, sink: Sink) -> None:
    """Else a run would never end where each mail brings another one."""
    quote(file_app, 2)

    def bring_another(_: QueuedMessage) -> None:
        later(file_app, timedelta(seconds=1))
        quote(file_app, 1)

    sink.then = bring_another
    assert len(file_app.run("outbox", sender=sink).made) == 2
    sink.then = lambda row: None
    assert len(file_app.run("outbox", sender=sink).made) == 2


def test_the_oldest_go_first_over_all_portions(file_app: Sphinx, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PORTION", 2)
    for _ in range(3):
        quote(file_app, 3)
        later(file_app, timedelta(hours=1))
    file_app.run("outbox", sender=sink)
    assert sink.received == [row.id for row in rows(file_app)]
    assert [row.created_at for row in rows(file_app)] == sorted(row.created_at for row in rows(file_app))


def test_each_message_takes_the_same_number_of_statements(database_url: str) -> None:
    app, counts = open_shop(database_url), []
    for number in (10, 40):
        quote(app, number)
        with statements(app.engine) as seen:
            app.run("outbox", sender=lambda row: "sent")
        counts.append(len(seen))
        later(app, timedelta(hours=1))
    assert counts[1] - counts[0] == 60, "each message is marked, and its outcome enters the audit log"
    app.engine.dispose()


# -- senders that stop -----------------------------------------------------------------------------


def test_what_a_killed_sender_held_is_sent_when_its_lease_has_run_out(database_url: str, tmp_path: Path) -> None:
    """Three were sent and marked, the fourth handed over when the process was killed: it goes twice, under one id."""
    app = open_shop(database_url)
    quote(app, 20)
    app.engine.dispose()
    path = tmp_path / "received"

    def sleep_at_the_fourth(row: QueuedMessage) -> None:
        if len(sink.received) == 4:
            time.sleep(60)

    sink = Sink(path, sleep_at_the_fourth)
    child = fork(lambda: Sphinx.open(app.pack, database_url, clock=app.clock).run("outbox", sender=sink))
    while len(sink.received) < 4:
        time.sleep(0.01)
    child.kill()
    with pytest.raises(Killed):
        child.answer()
    sink.then = lambda row: None
    assert app.run("outbox", sender=sink).made == [], "the lease still holds"
    later(app, LEASE)
    assert len(app.run("outbox", sender=sink).made) == 17
    twice = [message for message, count in Counter(sink.received).items() if count > 1]
    assert (len(set(sink.received)), twice) == (20, sink.received[3:4])
    assert states(app) == {"sent": 20}
    app.engine.dispose()


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_a_sender_that_is_stopped_gives_back_what_it_held(
    waiting: Sphinx, sink: Sink, end: type[BaseException]
) -> None:
    def stop(_: QueuedMessage) -> None:
        if len(sink.received) == 4:
            raise end

    sink.then = stop
    with pytest.raises(end):
        waiting.run("outbox", sender=sink)
    sink.then = lambda row: None
    assert len(waiting.run("outbox", sender=sink).made) == 17
    assert states(waiting) == {"sent": 20}


def test_a_slow_sender_keeps_what_it_holds(file_app: Sphinx, sink: Sink) -> None:
    """Twenty mails of two minutes each outlast the lease of ten: it is made longer on the way."""
    quote(file_app, 20)
    others: list[str] = []

    def slowly(row: QueuedMessage) -> None:
        later(file_app, timedelta(minutes=2))
        if len(sink.received) % 5 == 0:
            others.extend(file_app.run("outbox", sender=sink_of_another).made)

    sink_of_another = Sink(sink.path)
    sink.then = slowly
    assert len(file_app.run("outbox", sender=sink).made) == 20
    assert others == []
    assert len(sink.received) == 20


def test_a_sender_that_overslept_its_lease_leaves_the_rest_to_the_other_and_its_own_mail_is_on_record(
    waiting: Sphinx, sink: Sink
) -> None:
    reports = []

    def oversleep(row: QueuedMessage) -> None:
        if len(sink.received) == 3:
            later(waiting, LEASE)
            sink.then = lambda row: None
            reports.append(waiting.run("outbox", sender=sink))

    sink.then = oversleep
    report = waiting.run("outbox", sender=sink)
    assert [len(reports[0].made), len(report.made)] == [18, 2]
    (told,) = report.skipped
    assert told.reason == "its lease ran out while it was sent, and another sender has sent it too"
    assert len(sink.received) == 21
    assert states(waiting) == {"sent": 20}


def test_a_mail_that_is_out_is_on_record_though_another_sender_has_claimed_it(app: Sphinx) -> None:
    """The late answer 'sent' counts; the other one's failure does not make it wait again."""
    quote(app, 1)

    def fail(row: QueuedMessage) -> str:
        with app.engine.begin() as connection:
            outbox.mark_delivered(connection, app.company, row.id, "sent", app.clock.now())
        raise OSError("no route to host")

    app.run("outbox", sender=fail)
    assert states(app) == {"sent": 1}
    assert rows(app)[0].last_error == ""


def test_a_mail_is_marked_though_the_server_cut_every_connection_while_it_was_sent(postgres_database: str) -> None:
    app = open_shop(postgres_database)
    quote(app, 3)
    sent = []

    def cut(row: QueuedMessage) -> str:
        sent.append(row.id)
        with app.engine.connect() as connection:
            connection.execute(text("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()"))
        return "sent"

    app.run("outbox", sender=cut)
    app.run("outbox", sender=cut)
    assert len(sent) == 3
    app.engine.dispose()


def test_a_mail_is_marked_when_the_outbox_comes_back_after_a_moment(file_app: Sphinx, sink: Sink) -> None:
    """Here its table is away, as when a database restarts."""

    def rename(old: str, new: str) -> None:
        with file_app.engine.begin() as connection:
            connection.execute(text(f"alter table {old} rename to {new}"))

    def take_away(row: QueuedMessage) -> None:
        rename("outbox", "away")
        back.start()

    quote(file_app, 1)
    back = threading.Timer(0.3, rename, ("away", "outbox"))
    sink.then = take_away
    assert len(file_app.run("outbox", sender=sink).made) == 1
    back.join()
    assert states(file_app) == {"sent": 1}


# -- senders that raise ----------------------------------------------------------------------------


class Unsayable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("even its text fails")


ERRORS = [
    (ValueError("no such template"), "ValueError: no such template"),
    (UnicodeError("caf\udce9"), "UnicodeError: caf?"),
    (Exception(), "Exception"),
    (RuntimeError("a\0b\nc"), "RuntimeError: a b c"),
    (OSError(110, "timed out"), "TimeoutError: [Errno 110] timed out"),
    (NotFound("no address and no folder for letters"), "no address and no folder for letters"),
    (Unsayable(), "tests.faults.test_outbox.Unsayable: <exception str() failed>"),
    (KeyError("x" * 9000), ("KeyError: '" + "x" * 9000)[:LONGEST_ERROR]),
]


def test_any_exception_of_one_message_is_kept_with_it_and_the_rest_goes_on(app: Sphinx, sink: Sink) -> None:
    quote(app, 2 * len(ERRORS))
    broken = {row.id: ERRORS[n // 2] for n, row in enumerate(rows(app)) if n % 2}

    def refuse(row: QueuedMessage) -> None:
        if row.id in broken:
            raise broken[row.id][0]

    sink.then = refuse
    report = app.run("outbox", sender=sink)
    assert len(report.made) == len(ERRORS)
    assert [one.reason for one in report.skipped] == [said for _, said in ERRORS]
    kept = {row.id: row.last_error for row in rows(app, "failed")}
    assert kept == {message: said for message, (_, said) in broken.items()}


def test_a_message_that_fails_waits_longer_each_time_and_is_dead_after_its_last_try(tmp_path: Path) -> None:
    rules = "outbox: {tries: 5, first_pause: 1 minute, longest_pause: 4 minutes}"
    app = open_shop("sqlite://", config=["base", overlay(tmp_path, rules)])
    quote(app, 1)
    tried: list[datetime] = []

    def refuse(row: QueuedMessage) -> str:
        tried.append(app.clock.now())
        raise OSError("the server is down")

    for _ in range(15 * 60 // 10):
        app.run("outbox", sender=refuse)
        later(app, timedelta(seconds=10))
    pauses = [after - before for before, after in pairwise(tried)]
    for pause, whole in zip(pauses, (1, 2, 4, 4), strict=True):
        assert timedelta(minutes=whole) / 2 < pause <= timedelta(minutes=whole, seconds=10)
    (row,) = rows(app)
    assert (row.state, row.attempts, row.last_error, row.holder) == ("dead", 5, "OSError: the server is down", None)
    app.engine.dispose()


def test_messages_that_failed_together_do_not_come_back_together(file_app: Sphinx) -> None:
    quote(file_app, 20)

    def refuse(row: QueuedMessage) -> str:
        raise OSError("the server is down")

    file_app.run("outbox", sender=refuse)
    assert len({row.due_at for row in rows(file_app)}) > 10


def test_what_is_refused_for_good_is_dead_at_once(file_app: Sphinx) -> None:
    quote(file_app, 1)

    def refuse(row: QueuedMessage) -> str:
        raise Undeliverable("no such mailbox")

    (dead,) = file_app.run("outbox", sender=refuse).dead
    assert (dead.what, dead.reason) == ("quotation_sent DE2026-00001 to a@acme.fr", "no such mailbox")
    assert states(file_app) == {"dead": 1}


@pytest.mark.parametrize("answer", [None, "delivered", True])
def test_a_sender_that_answers_no_state_has_its_message_dead_so_that_it_cannot_go_again(
    file_app: Sphinx, sink: Sink, answer: Any
) -> None:
    quote(file_app, 1)
    (dead,) = file_app.run("outbox", sender=lambda row: answer).dead
    assert dead.reason == f"the sender answered {answer!r}; it must answer 'sent' or 'letter'"
    later(file_app, timedelta(days=1))
    assert file_app.run("outbox", sender=sink).made == []


# -- looking, and trying again ---------------------------------------------------------------------


def test_a_dry_run_tells_what_is_due_and_sends_nothing(file_app: Sphinx, sink: Sink) -> None:
    quote(file_app, 3)
    before = rows(file_app)
    report = file_app.run("outbox", sender=sink, dry_run=True)
    assert report.made == [row.id for row in before]
    assert file_app.run("outbox", dry_run=True).made == report.made
    assert (sink.received, rows(file_app)) == ([], before)
    with pytest.raises(InputError, match="give a sender"):
        file_app.run("outbox")


@pytest.fixture
def dead(file_app: Sphinx) -> Sphinx:
    """Of eight messages two are dead, one failed, the others went out."""
    quote(file_app, 8)
    order = [row.id for row in rows(file_app)]

    def send(row: QueuedMessage) -> str:
        if row.id in order[3:5]:
            raise Undeliverable("no such mailbox")
        if row.id == order[5]:
            raise OSError("try later")
        return "sent"

    file_app.run("outbox", sender=send)
    return file_app


def test_what_is_dead_is_sent_again_when_somebody_says_so_and_the_history_says_who(dead: Sphinx, sink: Sink) -> None:
    gone = rows(dead, "dead")
    before = [view.document for view in documents(dead, gone)]
    with dead.session(actor=Actor("bob")) as s:
        s.retry_messages([row.id for row in gone])
    assert [(row.state, row.attempts, row.last_error) for row in rows(dead, "queued")] == [("queued", 0, "no such mailbox")] * 2
    assert dead.run("outbox", sender=sink).made == [row.id for row in gone]
    with dead.reader() as views:
        last = views.history(before[0].id)[-1]
    assert (last.actor, last.event, last.payload["facts"]["message"]) == ("bob", "retry_message", gone[0].title)
    assert [view.document.state for view in documents(dead, gone)] == [one.state for one in before]
    assert faults(dead) == []


def documents(app: Sphinx, messages: list[OutboxMessage]) -> list[Any]:
    with app.reader() as views:
        return views.documents([row.document_id or "" for row in messages])


def test_what_went_out_or_waits_is_not_sent_again_and_then_nothing_is(dead: Sphinx) -> None:
    before = rows(dead)
    ids = [row.id for row in rows(dead, "dead")]
    out = rows(dead, "sent")[0]
    with pytest.raises(Refused, match=f"^{out.title} went out already; fire the event"), dead.session() as s:
        s.retry_messages([*ids, out.id])
    with pytest.raises(NotFound, match="^the outbox has no message"), dead.session() as s:
        s.retry_messages([*ids, "f" * 32])
    for unknown in ("FA2026-00001", "", None):
        with pytest.raises(InputError, match="is not an id"), dead.session() as s:
            s.retry_messages([*ids, unknown])  # type: ignore[list-item]
    with pytest.raises(InputError), dead.session() as s:
        s.retry_messages(ids[0])
    assert rows(dead) == before
    quote(dead, 1)
    with pytest.raises(Refused, match="waits already; the next run sends it"), dead.session() as s:
        s.retry_messages([rows(dead, "queued")[0].id])


def test_what_is_just_being_sent_is_not_given_to_another_sender(file_app: Sphinx) -> None:
    quote(file_app, 1)

    def retry_it(row: QueuedMessage) -> str:
        with pytest.raises(Refused, match="is just being sent; look again after 2026-03-02 08:10:00 UTC"), file_app.session() as s:
            s.retry_messages([row.id])
        return "sent"

    assert len(file_app.run("outbox", sender=retry_it).made) == 1


def test_messages_are_listed_by_state_and_document(dead: Sphinx) -> None:
    gone = rows(dead, "dead")
    with dead.reader() as views:
        assert [row.state for row in views.outbox()] == ["dead", "dead", "failed"]
        assert views.outbox(document=gone[0].document_id) == gone[:1]
        assert views.outbox(["sent"], limit=2) == rows(dead, "sent")[:2]
        assert views.outbox_message(gone[0].id) == gone[0]
        with pytest.raises(InputError, match="^no message is ever 'ded'; did you mean 'dead'"):
            views.outbox(["ded"])
        with pytest.raises(InputError, match="states: write a list"):
            views.outbox("dead")
        with pytest.raises(NotFound):
            views.outbox_message("7" * 32)
        with pytest.raises(InputError, match="is not an id"):
            views.outbox_message("7")


# -- queueing --------------------------------------------------------------------------------------

CHASE = """
document_types:
  quotation:
    events:
      chase: {from: sent, to: sent, effects: {send_document: {message: quotation_sent}}}
"""


def test_a_message_that_two_events_of_a_unit_ask_for_is_queued_once(database_url: str, tmp_path: Path) -> None:
    """The second one would say the same of the same document; in the next unit it is a message of its own."""
    app = open_shop(database_url, config=["base", overlay(tmp_path, CHASE)])
    with app.session(actor=ALICE) as s:
        made = s.create("quotation", customer="ACME", lines=lines())
        for event in ("send", "chase", "chase"):
            s.fire(made.id, event)
    assert len(rows(app)) == 1
    with app.session(actor=ALICE) as s:
        s.fire(made.id, "chase")
        s.flush()
        s.fire(made.id, "chase")
    assert len(rows(app)) == 3
    assert faults(app) == []
    app.engine.dispose()


def test_a_message_to_a_long_address_is_queued(database_url: str) -> None:
    app = open_shop(database_url)
    address = f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example"
    with app.session(actor=ALICE) as s:
        s.put("customer", [{"code": "LONG", "name": "LONG", "country": "FR", "email": address}])
        s.fire(s.create("quotation", customer="LONG", lines=lines()).id, "send")
    assert [row.payload["to"] for row in rows(app)] == [address]
    app.engine.dispose()
