"""What a unit of work writes beside its documents and records, by digest: one audit entry of its own for all of it.

Stock moves, accounting entries, allocations, messages, answers of commands and series have no chain. They are written
with an entry that holds their digests, so that none can be changed, taken out or put in unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sphinx_lib.kernel.document import Document, Entry, EntryLine, Id, StockMove
from sphinx_lib.kernel.ports import IdFactory
from sphinx_lib.store.audit_log import AuditRow, entry
from sphinx_lib.store.canonical import digest, salted
from sphinx_lib.store.content import standing_of

KEY = "written"
"""Under this name the payload of such an entry holds ``Written``."""
MOVE_FIELDS = (*StockMove._fields, "recorded_at")
ENTRY_FIELDS = ("document_id", "journal", "journal_label", "number", "date", "piece", "label", "recorded_at")
VALUE_FIELDS = ("quantity", "value", "last_cost", "last_price", "layers")
OUTCOME_FIELDS = ("state", "attempts", "last_error", "done_at")


class RowsDigest:
    """The digest of many rows, taken up one by one in the order of their ids."""

    def __init__(self) -> None:
        self._hash = sha256()

    def add(self, row: Sequence[Any]) -> None:
        """Take up the next row."""
        self._hash.update(digest(row).encode())

    @property
    def digest(self) -> str:
        """Over all rows so far, in 64 hexadecimal digits."""
        return self._hash.hexdigest()


class Numbers(NamedTuple):
    """Numbers ``first`` to ``last`` that a unit of work took from a series, with the dates that the series has kept."""

    name: str
    period: str
    first: int
    last: int
    last_date: str | None
    previous_date: str | None


@dataclass
class Written:
    """Digests by key. ``moves`` are by document, those of none under ``""``; ``documents`` holds version and standing of
    those that moved without an event of their own; ``outbox`` a digest and one of what is personal; ``sent`` by message
    the number of tries and their outcome; ``packs`` content and time; ``batches`` how many entries, and which.
    """

    id: Id
    moves: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    entries: dict[Id, str] = field(default_factory=dict)
    allocations: dict[Id, str] = field(default_factory=dict)
    documents: dict[Id, dict[str, Any]] = field(default_factory=dict)
    outbox: dict[Id, list[str]] = field(default_factory=dict)
    sent: dict[Id, list[Any]] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)
    packs: dict[str, list[Any]] = field(default_factory=dict)
    batches: dict[str, list[Any]] = field(default_factory=dict)
    series: list[Numbers] = field(default_factory=list)

    def take_moves(self, moves: Iterable[StockMove], at: datetime) -> None:
        """Moves that are written with ``id`` in ``written_by``."""
        by_document: dict[str, RowsDigest] = {}
        for move in sorted(moves, key=lambda one: one.id):
            by_document.setdefault(move.document_id or "", RowsDigest()).add((*move, at))
        self.moves |= {key: rows.digest for key, rows in by_document.items()}

    def take_entries(self, numbered: Iterable[tuple[str, Entry]], at: datetime) -> None:
        """Accounting entries with the numbers that they took."""
        for number, one in numbered:
            head = {name: getattr(one, name, None) for name in ENTRY_FIELDS} | {"number": number, "recorded_at": at}
            self.entries[one.id] = entry_digest(head, one.lines)

    def take_document(self, document: Document) -> None:
        """A document that moved with others."""
        self.documents[document.id] = {"version": document.version, "standing": standing_of(document)}

    def entry(self, at: datetime, actor: str, event: str, pack: str) -> list[AuditRow]:
        """The audit entry; none when nothing was written."""
        payload = {name: value for name, value in vars(self).items() if name != "id" and value}
        return [entry(self.id, 1, at, actor, event, {KEY: payload}, pack, "")] if payload else []


def new_salt(new_id: IdFactory) -> str:
    """32 hexadecimal digits that nobody can guess: two ids hold 96 bits drawn at random."""
    return salted(new_id(), new_id())[:32]


def entry_digest(head: Mapping[str, Any], lines: Iterable[Any]) -> str:
    """Of an accounting entry: what is posted, not what comes later (the batch that it goes out with)."""
    posted = [[getattr(line, name) for name in EntryLine._fields] for line in lines]
    return digest({**{name: head[name] for name in ENTRY_FIELDS}, "lines": posted})


def row_digest(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """Of the columns ``names`` of a row."""
    return digest({name: row[name] for name in names})


def message_digests(row: Mapping[str, Any], salt: str | None) -> list[str]:
    """Of a message as it was queued: all but whom it goes to, and that with the salt of its document."""
    public = {name: row[name] for name in ("id", "kind", "document_id", "created_at")}
    said = {name: value for name, value in row["payload"].items() if name != "to"}
    return [digest({**public, "payload": said}), salted(salt or "", [row["payload"].get("to"), row["dedupe"]])]


def answer_digest(input_hash: str, answer: Any, at: datetime) -> str:
    """Of a command under its key."""
    return digest([input_hash, answer, at])


def batch_of(entry_ids: Iterable[Id]) -> list[Any]:
    """How many entries a batch holds, and the digest of their sorted ids."""
    found = sorted(set(entry_ids))
    return [len(found), digest(found)]


def day(value: date | None) -> str | None:
    """A date as a series mentions it."""
    return value.isoformat() if value else None


