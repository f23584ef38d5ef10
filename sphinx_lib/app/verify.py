"""Checking what is stored against what it was made from: chains, series, seals, balances, progress (architecture 4.7).

Stock is checked in ``verify_stock``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from sphinx_lib.app.verify_seals import Comparison, check_seals, refuse_foreign
from sphinx_lib.app.verify_stock import stock_faults
from sphinx_lib.app.weighing import weighing
from sphinx_lib.kernel.document import ZERO, Document, Id, Progress
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.kernel.seal import Seal
from sphinx_lib.pack.pack import Pack
from sphinx_lib.stock.pegs import weights
from sphinx_lib.store import audit_log, seals, sequences
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import master as store_master
from sphinx_lib.store.audit_log import AuditRow

CHUNK = 500
Heads = dict[Id, tuple[str, str, str | None]]
Issues = dict[tuple[str, str], list[tuple[AuditRow, str]]]
Pace = Callable[[], None]
Unexplained = dict[tuple[Id, Id, str], Progress]
"""By document, line and progress: what its targets add up to less what the line says; nothing when both agree."""


class Fault(NamedTuple):
    """Something that does not hold: where, and what."""

    where: str
    what: str


@dataclass(frozen=True)
class Report:
    """What ``verify`` found, and how much it looked at. ``unsealed_since`` is the time of the oldest open entry.

    ``against`` has each seal that was kept outside, beside the database; one that does not hold is a fault too.
    """

    faults: tuple[Fault, ...]
    documents: int
    entries: int
    unsealed: int
    unsealed_since: datetime | None
    against: tuple[Comparison, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.faults


@dataclass
class Log:
    """What the entries of some documents and records say: their last ones, the issues of fiscal series, and faults."""

    faults: list[Fault] = field(default_factory=list)
    last: dict[Id, AuditRow] = field(default_factory=dict)
    issues: Issues = field(default_factory=dict)
    altered: set[tuple[Id, int]] = field(default_factory=set)
    entries: int = 0


def unhurried() -> None:
    """The pace of who has all the time."""


def verify(
    connection: Connection, company: str, pack: Pack, against: Sequence[Seal] = (), pace: Pace = unhurried
) -> Report:
    """Recompute every chain, series, seal, balance and progress; each fault names what it touches.

    ``against`` are seals that were kept outside: the database must still have each of them, and all that it covers.
    ``pace`` is called now and then, and may raise to give up.
    """
    refuse_foreign(company, against)
    heads = audit_log.heads(connection, company)
    log = read_log(connection, company, heads, pace=pace)
    faults = log.faults
    faults += chain_faults(heads, log.last)
    faults += document_faults(connection, company, pack, heads, log.last, pace=pace)
    faults += record_faults(connection, company, heads, log.last)
    faults += series_faults(connection, company, log.issues)
    pace()
    of_seals, compared = check_seals(connection, company, against, log.altered)
    faults += (Fault(*told) for told in of_seals)
    pace()
    faults += (Fault(*fault) for fault in stock_faults(connection, company))
    count, since = seals.open_entries(connection, company)
    return Report(tuple(faults), len(heads), log.entries, count, since, compared)


def read_log(
    connection: Connection, company: str, heads: Heads, ids: Sequence[Id] | None = None, pace: Pace = unhurried
) -> Log:
    """Follow the chains of documents and records with ``ids``, of all unless given."""
    log = Log()
    previous: AuditRow | None = None
    for row in audit_log.entries(connection, company, ids):
        before = previous.hash if previous is not None and previous.document_id == row.document_id else ""
        name = name_of(row.document_id, heads)
        if row.previous_hash != before:
            log.faults.append(Fault(name, f"audit entry {row.version}: the entry before it is missing or changed"))
        if audit_log.entry_hash(row._replace(hash="")) != row.hash:
            log.faults.append(Fault(name, f"audit entry {row.version} ({row.event}) was altered"))
            log.altered.add((row.document_id, row.version))
        if "previous_issue" in row.payload:
            log.issues.setdefault(tuple(row.payload["series"]), []).append((row, name))
        log.entries += 1
        log.last[row.document_id] = previous = row
        if not log.entries % CHUNK:
            pace()
    pace()
    return log


def name_of(document_id: Id, heads: Heads) -> str:
    """What a document is called where it does not hold: its type and number, else its id."""
    head = heads.get(document_id)
    return f"{head[1]} {head[2] or document_id}" if head else document_id


def chain_faults(heads: Heads, last: dict[Id, AuditRow]) -> Iterator[Fault]:
    """Each document's chain ends where the document says."""
    for document_id, (head, _, _) in heads.items():
        yield from _end(name_of(document_id, heads), head, last.get(document_id))


def _end(name: str, head: str, end: AuditRow | None) -> Iterator[Fault]:
    if end is None:
        yield Fault(name, "the whole audit chain is missing")
    elif end.hash != head:
        yield Fault(name, f"the audit chain ends at entry {end.version}, not at its head")


def document_faults(
    connection: Connection,
    company: str,
    pack: Pack,
    heads: Heads,
    last: dict[Id, AuditRow],
    *,
    only: Collection[Id] | None = None,
    pace: Pace = unhurried,
) -> Iterator[Fault]:
    """Each document says what its last entry digested; its balance and progress follow from other documents.

    With ``only``, these are judged, and ``heads`` has beside them all that was made from them.
    """
    ids = sorted(heads)
    allocated = store_documents.sums_of_allocations(connection, company, only)
    unexplained: Unexplained = {}
    for start in range(0, len(ids), CHUNK):
        for document in store_documents.load(connection, company, ids[start : start + CHUNK]):
            if only is None or document.id in only:
                yield from _content(document, last.get(document.id), heads)
                yield from _balance(document, allocated.get(document.id, ZERO), pack, heads)
            _count(document, pack, unexplained)
        pace()
    if only is not None:
        unexplained = _judged(connection, company, unexplained, only)
    yield from _progress(connection, company, unexplained, heads)


def _judged(connection: Connection, company: str, unexplained: Unexplained, only: Collection[Id]) -> Unexplained:
    """What is unexplained of documents in ``only``, and of those that are gone: another part judges the others."""
    others = sorted({owner for owner, _, _ in unexplained if owner not in only})
    there = audit_log.heads(connection, company, others)
    return {key: rest for key, rest in unexplained.items() if key[0] in only or key[0] not in there}


def _balance(document: Document, allocated: Decimal, pack: Pack, heads: Heads) -> Iterator[Fault]:
    """What is open of an issued document is what no allocation took (a bounced payment has nothing open)."""
    declared = pack.type_of(document.type, document.kind)
    payable = declared.payable and document.number is not None
    due = document.net_to_pay - allocated if payable else ZERO
    posted = payable and declared.says(document.state, "posts") is not None
    if document.balance != due and (posted or document.balance):
        yield Fault(
            name_of(document.id, heads),
            f"its open balance is {plain_number(document.balance)}, its allocations say {plain_number(due)}",
        )


def _count(document: Document, pack: Pack, unexplained: Unexplained) -> None:
    """Add what the lines of ``document`` weigh on their sources and by their pegs; take away what they say themselves."""
    for key, weighed in weights(document, pack).items():
        _add(unexplained, key, weighed, 1)
    weighs = weighing(document, pack)
    for line in document.lines:
        for name, got in line.progress.items():
            _add(unexplained, (document.id, line.id, name), got, -1)
        if line.source_id is None:
            continue
        ends = {(line.source_document, line.source_id), (line.root_document or line.source_document, line.root_id)}
        for owner, one in ends:
            if owner and one:
                for name, added in weighs(line).items():
                    _add(unexplained, (owner, one, name), added, 1)


def _add(unexplained: Unexplained, key: tuple[Id, Id, str], amount: Progress, times: int) -> None:
    now = unexplained.get(key, Progress()).plus(amount, times)
    if any(now):
        unexplained[key] = now
    else:
        unexplained.pop(key, None)


def _progress(connection: Connection, company: str, unexplained: Unexplained, heads: Heads) -> Iterator[Fault]:
    """How far a line got is what the lines made from it add up to (rule 7)."""
    owners = {owner for owner, _, _ in unexplained}
    lines = {
        line.id: line
        for start in range(0, len(owners), CHUNK)
        for document in store_documents.load(connection, company, sorted(owners)[start : start + CHUNK])
        for line in document.lines
    }
    for (owner, line_id, name), rest in sorted(unexplained.items()):
        line = lines.get(line_id)
        if line is None:
            yield Fault(name_of(owner, heads), f"line {line_id}, from which others were made, is gone")
            continue
        got = line.progress.get(name, Progress())
        part = next(part for part in Progress._fields if getattr(rest, part))
        says, made = getattr(got, part), getattr(got, part) + getattr(rest, part)
        what = name if part == "done" else f"{name} {part}"
        yield Fault(
            name_of(owner, heads),
            f"line {line.position}: {what} is {plain_number(says)}, its documents say {plain_number(made)}",
        )


def record_faults(connection: Connection, company: str, heads: Heads, last: dict[Id, AuditRow]) -> Iterator[Fault]:
    """Each master record is what its last entry says; no chain is left without its record."""
    left = last.keys() - heads.keys()
    for kind, record in store_master.records(connection, company):
        name, end = f"{kind} {record.code}", last.get(record.id)
        yield from _end(name, record.audit_hash, end)
        if end is not None and end.payload.get("data") != record.data:
            yield Fault(name, "it is not what its last audit entry recorded")
        left.discard(record.id)
    for gone in sorted(left):
        yield Fault(gone, "its audit chain is there, and it is gone")


def _content(document: Document, end: AuditRow | None, heads: Heads) -> Iterator[Fault]:
    if end is None or "content" not in end.payload:
        return
    if end.payload["content"] != audit_log.content_hash(document):
        yield Fault(name_of(document.id, heads), "its content is not what its last audit entry recorded")
    if end.payload.get("to") not in (None, document.state):
        yield Fault(name_of(document.id, heads), f"its state is {document.state!r}, the log says {end.payload['to']!r}")


def series_faults(connection: Connection, company: str, issues: Issues) -> Iterator[Fault]:
    """Issues of a fiscal series follow each other by hash, up to the one that the series remembers (NU1)."""
    remembered = {(row.name, row.period): row for row in sequences.all_series(connection, company) if row.last_hash}
    for series in remembered.keys() | issues.keys():
        by_previous = {row.payload["previous_issue"]: (row, name) for row, name in issues.get(series, [])}
        head, steps = "", 0
        while head in by_previous:
            row, _ = by_previous.pop(head)
            head, steps = row.hash, steps + 1
        stored = remembered.get(series)
        name = " ".join(part for part in series if part)
        if stored is None or head != stored.last_hash:
            where = sorted(name for _, name in by_previous.values())
            after = f"; these no longer join on: {', '.join(where)}" if where else ""
            yield Fault(f"series {name}", f"broken after {steps} issues{after}")
        elif steps != stored.last - stored.start + 1:
            yield Fault(f"series {name}", f"{stored.last - stored.start + 1} numbers were given, {steps} issues are found")
