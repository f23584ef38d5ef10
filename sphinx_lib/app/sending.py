"""Sending what the outbox holds: one sender has a message at a time, and what fails is tried again later (MS1).

At least once, never lost: a message is marked right after it was handed over. A sender that is killed between the two has
sent a message that is on record as waiting, and when its lease has run out that message goes again, under the same id.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from re import fullmatch
from traceback import format_exception_only
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import Id
from sphinx_lib.kernel.errors import NotFound, Refused, SphinxError, Undeliverable
from sphinx_lib.kernel.names import refuse_text
from sphinx_lib.kernel.ports import DELIVERED, OutboxMessage, QueuedMessage
from sphinx_lib.pack.outbox_model import SPREAD
from sphinx_lib.store import outbox

if TYPE_CHECKING:
    from sphinx_lib.app.session import Session
    from sphinx_lib.app.sphinx import Sphinx

Sender = Callable[[QueuedMessage], str]
"""Hands one message over; answers ``sent``, or ``letter`` for what has no address. What it raises is put on record."""

PORTION = 50
"""Claimed at a time, so that several senders share the work."""
LONGEST_ERROR = 500
"""Characters of an error that are kept."""
_MARK_AGAIN = (1, 5, 25)
"""Seconds between tries to put on record that a message went out: none goes twice because the database restarts."""


class Failure(NamedTuple):
    """A message that did not go out, and why."""

    message: str
    reason: str


@dataclass
class Sent:
    """What became of the messages: gone out, to be tried again, and dead."""

    sent: list[Id] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    dead: list[Failure] = field(default_factory=list)


def due(app: Sphinx) -> list[Id]:
    """The messages that a sender would get now, oldest first."""
    with app.reader() as views:
        rows = outbox.due(views.unit.connection, app.company, app.clock.now())
    return [row.id for row in rows]


def send(app: Sphinx, sender: Sender, progress: Callable[[int, int], None]) -> Sent:
    """Hand each message that is due now to ``sender``, oldest first; other senders may do the same at the same time.

    Any Exception of one message is kept with it, and the others go on. What ends the program, such as KeyboardInterrupt,
    gives the messages back and passes on.
    """
    began = app.clock.now()
    shift = Shift(app, sender, app.new_id(), began, until=began)
    with app.reader() as views:
        total = outbox.count_due(views.unit.connection, app.company, shift.began)
    done = 0
    try:
        while shift.claim():
            while row := shift.next():
                shift.hand_over(row)
                done += 1
                progress(done, max(done, total))
    finally:
        app.do(_release, shift.holder)
    return shift.report


@dataclass
class Shift:
    """One sender at work: what it holds, until when, and what became of it.

    It takes what was due when it ``began``, so that it comes to an end however much is queued meanwhile.
    """

    app: Sphinx
    sender: Sender
    holder: Id
    began: datetime
    until: datetime
    report: Sent = field(default_factory=Sent)
    held: deque[QueuedMessage] = field(default_factory=deque)

    def claim(self) -> bool:
        """Take the next portion; false when nothing is left."""
        self.until = self._lease()
        self.held.extend(self.app.do(_claim, self.holder, self.began, self.until))
        return bool(self.held)

    def _lease(self) -> datetime:
        return self.app.clock.now() + self.app.pack.model.outbox.lease

    def next(self) -> QueuedMessage | None:
        """The next message that this sender still holds. Past half of its lease it asks for a new one.

        What ran out before that, and was claimed by another sender, is that one's.
        """
        if self.held and self._lease() - self.until > self.app.pack.model.outbox.lease / 2:
            self.until = self._lease()
            ours = self.app.do(_renew, self.holder, self.until)
            self.held = deque(row for row in self.held if row.id in ours)
        return self.held.popleft() if self.held else None

    def hand_over(self, row: QueuedMessage) -> None:
        """Send a message and put on record what became of it."""
        try:
            state = self.sender(row)
        except Undeliverable as refused:
            self._fail(row, _said(refused), dead=True)
        except Exception as failure:
            dead = row.attempts + 1 >= self.app.pack.model.outbox.tries
            self._fail(row, _said(failure), dead=dead)
        else:
            if state in DELIVERED:
                self._delivered(row, state)
            else:  # it may be gone: trying again would send it again
                reason = f"the sender answered {state!r}; it must answer 'sent' or 'letter'"
                self._fail(row, _kept(reason), dead=True)

    def _delivered(self, row: QueuedMessage, state: str) -> None:
        """A message that went out must be on record as such; the database may take a moment to come back."""
        if self._marked(row.id, state):
            self.report.sent.append(row.id)
        else:
            twice = "its lease ran out while it was sent, and another sender has sent it too"
            self.report.failed.append(Failure(row.title, twice))

    def _marked(self, message: Id, state: str) -> bool:
        """Put it on record; false when another sender had done so. Whatever fails, it is tried again for half a minute."""
        failed = False
        for pause in _MARK_AGAIN:
            try:
                return self.app.do(_mark_delivered, message, state) or failed
            except Exception:
                failed = True  # perhaps only the answer was lost: then the next try finds it on record
                time.sleep(pause)
        return self.app.do(_mark_delivered, message, state) or failed

    def _fail(self, row: QueuedMessage, error: str, *, dead: bool) -> None:
        failed = row._replace(
            state="dead" if dead else "failed", attempts=row.attempts + 1, last_error=error
        )
        spread = crc32(f"{row.id} {failed.attempts}".encode()) % SPREAD
        pause = self.app.pack.model.outbox.pause(failed.attempts, spread)
        self.app.do(_mark_failed, self.holder, failed, self.app.clock.now() + pause)
        (self.report.dead if dead else self.report.failed).append(Failure(row.title, error))


def _said(failure: Exception) -> str:
    """The type and the text of an error; ours say what is wrong without their type."""
    if isinstance(failure, SphinxError):
        return _kept(str(failure))
    return _kept(" ".join(format_exception_only(failure)))


def _kept(text: str) -> str:
    """On one line, in what any database takes, and no longer than is read."""
    plain = text.encode("utf-8", "replace").decode().replace("\0", " ")
    return " ".join(plain.split())[:LONGEST_ERROR]


# -- what each unit of work does -------------------------------------------------------------------


def _claim(session: Session, holder: Id, at: datetime, until: datetime) -> list[QueuedMessage]:
    unit = session.unit
    return outbox.claim(unit.connection, unit.company, holder, at, until, PORTION)


def _renew(session: Session, holder: Id, until: datetime) -> set[Id]:
    return outbox.renew(session.unit.connection, session.unit.company, holder, until)


def _release(session: Session, holder: Id) -> None:
    outbox.release(session.unit.connection, session.unit.company, holder, session.unit.now)


def _mark_delivered(session: Session, message: Id, state: str) -> bool:
    unit = session.unit
    outcome = outbox.mark_delivered(unit.connection, unit.company, message, state, unit.now)
    if outcome is not None:
        unit.outcomes[message] = outcome
    return outcome is not None


def _mark_failed(session: Session, holder: Id, row: QueuedMessage, due_at: datetime) -> None:
    unit = session.unit
    outcome = outbox.mark_failed(unit.connection, unit.company, holder, row, due_at)
    if outcome is not None:
        unit.outcomes[row.id] = outcome


# -- messages that are dead ------------------------------------------------------------------------


def retry(unit: Unit, ids: Sequence[Id]) -> None:
    """Let messages that failed be sent again, with all their tries; their documents' histories say by whom.

    Raises NotFound for an id of no message, Refused with every message that waits anyway, is being sent, or went out.
    """
    refuse_text(ids=ids)
    wanted = list(dict.fromkeys(ids))
    rows = outbox.lock(unit.connection, unit.company, [one for one in wanted if _is_id(one)])
    there = {row.id for row in rows}
    missing = [one for one in wanted if one not in there]
    if missing:
        told = ", ".join(map(repr, missing))
        raise NotFound(f"the outbox has no message {told}; views.outbox lists them", ids=missing)
    refused = [reason for row in rows if (reason := _why_not(row, unit.now))]
    if refused:
        raise Refused("\n".join(refused))
    by_document: dict[Id, list[OutboxMessage]] = {}
    for row in rows:
        if row.document_id:
            by_document.setdefault(row.document_id, []).append(row)
    for document in unit.load(list(by_document)):
        for row in by_document[document.id]:
            now = unit.get(document.id)
            unit.replace(now.changed(version=now.version + 1))
            facts = {"message": row.title, "id": row.id, "error": row.last_error}
            unit.record(document.id, "retry_message", {"to": now.state, "facts": facts})
    unit.outcomes |= outbox.requeue(unit.connection, unit.company, rows, unit.now)


def message(unit: Unit, message_id: Id) -> OutboxMessage:
    """A message of the outbox; NotFound when there is none."""
    known = _is_id(message_id)
    row = outbox.message(unit.connection, unit.company, message_id) if known else None
    if row is None:
        told = f"the outbox has no message {message_id!r}; views.outbox lists them"
        raise NotFound(told, ids=[message_id])
    return row


def _is_id(text: object) -> bool:
    return isinstance(text, str) and fullmatch("[0-9a-f]{32}", text) is not None


def _why_not(row: OutboxMessage, now: datetime) -> str:
    if row.state in DELIVERED:
        return f"{row.title} went out already; fire the event that sends it to send it anew"
    if row.holder and row.due_at > now:
        return f"{row.title} is just being sent; look again after {row.due_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{row.title} waits already; the next run sends it" if row.state == "queued" else ""
