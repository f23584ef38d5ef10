"""Checking what is stored against what it was made from: chains, series, seals, balances, progress (architecture 4.7).

Stock is checked in ``verify_stock``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from sphinx_lib.app.verify_stock import stock_faults
from sphinx_lib.app.weighing import weighing
from sphinx_lib.kernel.document import ZERO, Document, Id, Progress
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.pack.pack import Pack
from sphinx_lib.stock.pegs import weights
from sphinx_lib.store import audit_log, refused_prices, sequences
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import master as store_master
from sphinx_lib.store.audit_log import AuditRow

CHUNK = 500
Heads = dict[Id, tuple[str, str, str | None]]
Unexplained = dict[tuple[Id, Id, str], Progress]
"""By document, line and progress: what its targets add up to less what the line says; nothing when both agree."""


class Fault(NamedTuple):
    """Something that does not hold: where, and what."""

    where: str
    what: str


@dataclass(frozen=True)
class Report:
    """What ``verify`` found, and how much it looked at. ``unsealed_since`` is the time of the oldest open entry."""

    faults: tuple[Fault, ...]
    documents: int
    entries: int
    unsealed: int
    unsealed_since: datetime | None

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.faults


def verify(connection: Connection, company: str, pack: Pack) -> Report:
    """Recompute every chain, series, seal, balance and progress; each fault names what it touches."""
    heads = audit_log.heads(connection, company)
    faults: list[Fault] = []
    issues: dict[tuple[str, str], list[tuple[AuditRow, str]]] = defaultdict(list)
    seen: dict[tuple[Id, int], str] = {}
    last: dict[Id, AuditRow] = {}
    previous: AuditRow | None = None
    for row in audit_log.entries(connection, company):
        before = previous.hash if previous is not None and previous.document_id == row.document_id else ""
        name = _name(row.document_id, heads)
        if row.previous_hash != before:
            faults.append(Fault(name, f"audit entry {row.version}: the entry before it is missing or changed"))
        if audit_log.entry_hash(row._replace(hash="")) != row.hash:
            faults.append(Fault(name, f"audit entry {row.version} ({row.event}) was altered"))
        if "previous_issue" in row.payload:
            issues[tuple(row.payload["series"])].append((row, name))
        seen[row.document_id, row.version] = row.hash
        last[row.document_id] = previous = row
    faults += _chains(heads, last)
    faults += _documents(connection, company, pack, heads, last)
    faults += _master(connection, company, heads, last)
    faults += _series(connection, company, issues)
    faults += _seals(connection, company, seen, heads)
    faults += (Fault(*fault) for fault in stock_faults(connection, company))
    count, since = audit_log.unsealed_since(connection, company)
    return Report(tuple(faults), len(heads), len(seen), count, since)


def _name(document_id: Id, heads: Heads) -> str:
    head = heads.get(document_id)
    return f"{head[1]} {head[2] or document_id}" if head else document_id


def _chains(heads: Heads, last: dict[Id, AuditRow]) -> Iterator[Fault]:
    """Each document's chain ends where the document says."""
    for document_id, (head, _, _) in heads.items():
        yield from _end(_name(document_id, heads), head, last.get(document_id))


def _end(name: str, head: str, end: AuditRow | None) -> Iterator[Fault]:
    if end is None:
        yield Fault(name, "the whole audit chain is missing")
    elif end.hash != head:
        yield Fault(name, f"the audit chain ends at entry {end.version}, not at its head")


def _documents(connection: Connection, company: str, pack: Pack, heads: Heads, last: dict[Id, AuditRow]) -> Iterator[Fault]:
    """Each document says what its last entry digested; its balance and progress follow from other documents."""
    ids = sorted(heads)
    allocated = store_documents.sums_of_allocations(connection, company)
    unexplained: Unexplained = {}
    for start in range(0, len(ids), CHUNK):
        for document in store_documents.load(connection, company, ids[start : start + CHUNK]):
            yield from _content(document, last.get(document.id), heads)
            yield from _balance(document, allocated.get(document.id, ZERO), pack, heads)
            _count(document, pack, unexplained)
    yield from _progress(connection, company, unexplained, heads)


def _balance(document: Document, allocated: Decimal, pack: Pack, heads: Heads) -> Iterator[Fault]:
    """What is open of an issued document is what no allocation took (a bounced payment has nothing open)."""
    declared = pack.type_of(document.type, document.kind)
    payable = declared.payable and document.number is not None
    due = document.net_to_pay - allocated if payable else ZERO
    posted = payable and declared.says(document.state, "posts") is not None
    if document.balance != due and (posted or document.balance):
        yield Fault(
            _name(document.id, heads),
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
            yield Fault(_name(owner, heads), f"line {line_id}, from which others were made, is gone")
            continue
        got = line.progress.get(name, Progress())
        part = next(part for part in Progress._fields if getattr(rest, part))
        says, made = getattr(got, part), getattr(got, part) + getattr(rest, part)
        what = name if part == "done" else f"{name} {part}"
        yield Fault(
            _name(owner, heads),
            f"line {line.position}: {what} is {plain_number(says)}, its documents say {plain_number(made)}",
        )


def _master(connection: Connection, company: str, heads: Heads, last: dict[Id, AuditRow]) -> Iterator[Fault]:
    """Each master record is what its last entry says; no chain is left without its record."""
    left = {one for one in last.keys() - heads.keys() if last[one].event != refused_prices.EVENT}
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
        yield Fault(_name(document.id, heads), "its content is not what its last audit entry recorded")
    if end.payload.get("to") not in (None, document.state):
        yield Fault(_name(document.id, heads), f"its state is {document.state!r}, the log says {end.payload['to']!r}")


def _series(
    connection: Connection, company: str, issues: dict[tuple[str, str], list[tuple[AuditRow, str]]]
) -> Iterator[Fault]:
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


def _seals(connection: Connection, company: str, seen: dict[tuple[Id, int], str], heads: Heads) -> Iterator[Fault]:
    """Everything a seal covers is still there as it was."""
    all_seals, members = audit_log.sealed(connection, company)
    by_seal: dict[int, list[tuple[Id, int, str]]] = defaultdict(list)
    for member in members:
        by_seal[member.seal].append((member.document_id, member.version, member.hash))
        now = seen.get((member.document_id, member.version))
        if now is None:
            yield Fault(_name(member.document_id, heads), f"audit entry {member.version}, sealed, is gone")
        elif now != member.hash:
            yield Fault(_name(member.document_id, heads), f"audit entry {member.version}, sealed, was changed")
    previous = ""
    for one in all_seals:
        if one.previous_hash != previous or audit_log.seal_hash(previous, by_seal[one.number]) != one.hash:
            yield Fault(f"seal {one.number}", "the seal does not hold")
        previous = one.hash
    for number in sorted(by_seal.keys() - {one.number for one in all_seals}):
        yield Fault(f"seal {number}", "it is gone, its entries are still there")
