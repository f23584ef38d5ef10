"""What the library asks of the world: the time, new ids, mail, files. Hosts and tests hand in their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sphinx_lib.kernel.names import check_name, refuse_text


class Clock(Protocol):
    """Tells the time; always aware, in UTC."""

    def now(self) -> datetime:
        """This moment."""


class IdFactory(Protocol):
    """Gives new ids: 32 hexadecimal digits, growing in one process."""

    def __call__(self) -> str:
        """A new id."""


LONGEST_ACTOR = 100
"""The length of the column of the audit log."""
SEE_MARGIN = "see_margin"
"""The right to see costs, margins and floors made of costs, in previews and in what a reader or a command gives (S48)."""


@dataclass(frozen=True)
class Actor:
    """Who acts, and the rights that the host gives: names used by ``right`` and ``override`` in YAML."""

    name: str
    rights: frozenset[str] = frozenset()

    def __init__(self, name: str, rights: Sequence[str] | frozenset[str] | set[str] = ()) -> None:
        object.__setattr__(self, "name", check_name(name, "actor: name", LONGEST_ACTOR))
        refuse_text(rights=rights)
        object.__setattr__(self, "rights", frozenset(check_name(right, "actor: rights") for right in rights))


UNDELIVERED = ("queued", "failed", "dead")
"""States of messages that did not go out: new, tried again, given up."""
DELIVERED = ("sent", "letter")
"""States of messages that went out: by mail, or printed."""
MESSAGE_STATES = (*UNDELIVERED, *DELIVERED)


def _title(payload: Mapping[str, Any]) -> str:
    """Such as ``invoice_issued FA2026-00001 to accounts@acme.example``."""
    message, to = payload.get("message", ""), payload.get("to")
    return f"{message} {payload.get('number') or 'draft'} {f'to {to}' if to else 'by letter'}"


class QueuedMessage(NamedTuple):
    """A message as a sender gets it. ``id`` stays the same when it is sent again, ``dedupe`` keeps it from being queued
    twice (MS1).

    ``state`` is one of MESSAGE_STATES; ``attempts`` counts the tries since it was queued.
    """

    id: str
    kind: str
    document_id: str | None
    dedupe: str
    payload: dict[str, Any]
    state: str = "queued"
    attempts: int = 0
    last_error: str = ""

    @property
    def title(self) -> str:
        """Which message of which document, and to whom."""
        return _title(self.payload)


class OutboxMessage(NamedTuple):
    """A message as it stands in the outbox, with its times.

    ``due_at`` says from when on a sender may take it; of a message that has a ``holder``, when the holder's lease ends.
    ``done_at`` is when it went out.
    """

    id: str
    kind: str
    document_id: str | None
    dedupe: str
    payload: dict[str, Any]
    state: str
    attempts: int
    last_error: str
    created_at: datetime
    due_at: datetime
    holder: str | None
    done_at: datetime | None

    @property
    def title(self) -> str:
        """Which message of which document, and to whom."""
        return _title(self.payload)


class Mail(NamedTuple):
    """A message ready to go: plain text with attachments as (name, media type, bytes).

    ``id`` is that of the outbox, for the Message-ID: a mail that had to be sent again has the same.
    """

    to: str
    subject: str
    body: str
    attachments: tuple[tuple[str, str, bytes], ...] = ()
    id: str = ""


class Mailer(Protocol):
    """Sends a mail, or raises with the reason."""

    def send(self, mail: Mail) -> None:
        """Hand the mail over. Raises Undeliverable when no further try can help; any other error is tried again."""
