"""The audit log read once: its chains checked, and what its entries say of everything else, by what they say it of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection

from sphinx_lib.kernel.document import Id
from sphinx_lib.store import audit_log, refused_prices
from sphinx_lib.store.audit_log import AuditRow
from sphinx_lib.store.written import KEY, Numbers

CHUNK = 500
Pace = Callable[[], None]
"""Called now and then by what takes long; may raise to give up."""
Heads = dict[Id, tuple[str, str, str | None]]
"""By document: the head of its chain, its type, its number."""


def unhurried() -> None:
    """The pace of who has all the time."""


class Fault(NamedTuple):
    """Something that does not hold: where, and what."""

    where: str
    what: str


@dataclass
class Said:
    """What the log says of one document or record: the newest of each kind, by version; ``own`` is that of the last entry
    of its own chain, whose hash is ``hash``."""

    version: int = 0
    own: int = 0
    hash: str = ""
    pack: str = ""
    content: Mapping[str, Any] | None = None
    content_version: int = 0
    standing: list[str] | None = None
    standing_version: int = 0
    state: str | None = None
    kinds: set[str] = field(default_factory=set)

    def take(self, row: AuditRow) -> None:
        """Take up the next entry of its own chain."""
        self.own, self.hash = row.version, row.hash
        payload = row.payload
        self.state = payload.get("to") or self.state
        if "kind" in payload:
            self.kinds.add(payload["kind"])
        self.beside(row.version, row.pack, payload)

    def beside(self, version: int, pack: str, values: Mapping[str, Any]) -> None:
        """Take up what an entry says of version ``version``."""
        if version >= self.version:
            self.version, self.pack = version, pack
        if ("content" in values or "data" in values) and version >= self.content_version:
            self.content, self.content_version = values, version
        if "standing" in values and version >= self.standing_version:
            self.standing, self.standing_version = values["standing"], version


@dataclass
class Log:
    """What the whole log says. ``written`` is by kind what entries of units of work say, by what they say it of, each
    with the fingerprint of the configuration that wrote it."""

    names: Mapping[Id, str]
    faults: list[Fault] = field(default_factory=list)
    seen: dict[tuple[Id, int], str] = field(default_factory=dict)
    said: dict[Id, Said] = field(default_factory=dict)
    issues: dict[tuple[str, str], list[tuple[AuditRow, str]]] = field(default_factory=lambda: defaultdict(list))
    written: dict[str, dict[Any, tuple[Any, str]]] = field(default_factory=lambda: defaultdict(dict))
    series: dict[tuple[str, str], list[Numbers]] = field(default_factory=lambda: defaultdict(list))
    apart: dict[tuple[Id, int, str], str] = field(default_factory=dict)
    altered: set[tuple[Id, int]] = field(default_factory=set)
    blanked: int = 0
    pace: Pace = unhurried

    def name(self, document_id: Id) -> str:
        """How a document or record is called; the id of what is none."""
        if document_id in self.names or document_id not in self.said:
            return self.names.get(document_id, document_id)
        put = self.said[document_id].content or {}
        return f"{put['kind']} {put['code']}" if "kind" in put else document_id

    def fault(self, where: str, what: str) -> None:
        """Note something that does not hold."""
        self.faults.append(Fault(where, what))

    def compare(self, kind: str, stored: Iterable[tuple[Any, str, Any]], what: str) -> Iterator[Fault]:
        """Each stored row (key, name, digest) is what the log says of it, and all that it speaks of is there."""
        left = dict(self.written[kind])
        for key, name, value in stored:
            said = left.pop(key, None)
            if said is None:
                yield Fault(name, f"no audit entry recorded {what}")
            elif said[0] != value:
                yield Fault(name, f"{what} is not what the audit log recorded")
        for key in sorted(left, key=str):
            names = [key] if isinstance(key, str) else key
            yield Fault(f"{kind} {' '.join(map(self.name, names))}".rstrip(), f"{what} is in the audit log, and it is gone")


def read_log(
    connection: Connection, company: str, heads: Heads, pace: Pace = unhurried, known: Log | None = None
) -> Log:
    """Check every chain, entry by entry, and take up what the entries say.

    ``known`` is the log as an earlier snapshot had it: what it has seen is compared with that, and not hashed again.
    ``pace`` is called now and then, and may raise to give up.
    """
    log = Log({one: f"{type_} {number or one}" for one, (_, type_, number) in heads.items()}, pace=pace)
    if known is not None:
        log.altered |= known.altered
    previous: AuditRow | None = None
    with closing(audit_log.entries(connection, company)) as rows:
        for row in rows:
            if known is None or known.seen.get((row.document_id, row.version)) != row.hash:
                _check(log, row, previous if previous is not None and previous.document_id == row.document_id else None)
            if not len(log.seen) % CHUNK:
                pace()
            log.seen[row.document_id, row.version] = row.hash
            try:
                _take(log, row)
            except (LookupError, TypeError, ValueError, AttributeError):
                what = f"audit entry {row.version} ({row.event}) says nothing that can be read"
                log.fault(log.name(row.document_id), what)
            previous = row
    return log


def _take(log: Log, row: AuditRow) -> None:
    if "previous_issue" in row.payload:
        log.issues[tuple(row.payload["series"])].append((row, log.name(row.document_id)))
    for name, value in row.payload.get("apart", {}).items():
        log.apart[row.document_id, row.version, name] = value
    if KEY in row.payload:
        _take_written(log, row)
    elif row.event != refused_prices.EVENT:  # which are of no document
        log.said.setdefault(row.document_id, Said()).take(row)


def _check(log: Log, row: AuditRow, previous: AuditRow | None) -> None:
    name = log.name(row.document_id)
    if row.previous_hash != (previous.hash if previous else ""):
        log.fault(name, f"audit entry {row.version}: the entry before it is missing or changed")
    if audit_log.entry_hash(row) != row.hash:
        log.fault(name, f"audit entry {row.version} ({row.event}) was altered")
        log.altered.add((row.document_id, row.version))


def _take_written(log: Log, row: AuditRow) -> None:
    written: Mapping[str, Any] = row.payload[KEY]
    for numbers in map(Numbers._make, written.get("series", ())):
        log.series[numbers.name, numbers.period].append(numbers)
    for document_id, values in written.get("documents", {}).items():
        log.said.setdefault(document_id, Said()).beside(values["version"], row.pack, values)
    for kind, key, value in _mentions(row.document_id, written):
        log.written[kind][key] = (value, row.pack)  # entries come by their ids, so that the last one counts


def _mentions(entry: Id, written: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """What an entry says as (kind, key, value); moves and values are those of this entry alone."""
    for kind in ("entries", "allocations", "outbox", "sent", "commands", "batches"):
        for key, value in written.get(kind, {}).items():
            yield kind, key, value
    for kind in ("moves", "values"):
        for key, value in written.get(kind, {}).items():
            yield kind, (entry, key), value
    for fingerprint, (content, at) in written.get("packs", {}).items():
        yield "packs", (fingerprint, at), content
