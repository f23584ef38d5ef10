"""What the library asks of the world: the time, new ids, mail, files. Hosts and tests hand in their own."""

from __future__ import annotations

from collections.abc import Sequence
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


class QueuedMessage(NamedTuple):
    """A row of the outbox: a message that waits, was sent, or failed. ``dedupe`` makes a repetition harmless (MS1)."""

    id: str
    kind: str
    document_id: str | None
    dedupe: str
    payload: dict[str, Any]
    state: str = "queued"
    attempts: int = 0
    last_error: str = ""


class Mail(NamedTuple):
    """A message ready to go: plain text with attachments as (name, media type, bytes)."""

    to: str
    subject: str
    body: str
    attachments: tuple[tuple[str, str, bytes], ...] = ()


class Mailer(Protocol):
    """Sends a mail, or raises with the reason."""

    def send(self, mail: Mail) -> None:
        """Hand the mail over."""
