"""Checking what is stored against the audit log and against what it was made from (architecture 4.7).

Each part has a module: the log, documents, accounting entries, records, stock, and what is written beside them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from sphinx_lib.app.verify_documents import document_faults
from sphinx_lib.app.verify_entries import Booked, entry_faults
from sphinx_lib.app.verify_log import Fault, Heads, Said, read_log
from sphinx_lib.app.verify_records import end_faults, record_faults
from sphinx_lib.app.verify_stock import stock_faults
from sphinx_lib.app.verify_written import written_faults
from sphinx_lib.kernel.document import Id
from sphinx_lib.pack.pack import Pack
from sphinx_lib.store import audit_log, sequences
from sphinx_lib.store.audit_log import AuditRow


@dataclass(frozen=True)
class Report:
    """What ``verify`` found, and how much it looked at. ``unsealed_since`` is the time of the oldest open entry.

    ``blanked`` counts the values about persons that were deleted with their salts: the log still holds their digests.
    """

    faults: tuple[Fault, ...]
    documents: int
    entries: int
    unsealed: int
    unsealed_since: datetime | None
    blanked: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.faults


def verify(connection: Connection, company: str, pack: Pack) -> Report:
    """Work out every chain, digest, series, seal, balance and progress again; each fault names what it touches."""
    heads = audit_log.heads(connection, company)
    log = read_log(connection, company, heads)
    for document_id, (head, _, _) in heads.items():
        log.faults += end_faults(log.name(document_id), head, log.said.get(document_id, Said()))
    booked: dict[Id, Booked] = {}
    log.faults += entry_faults(connection, company, pack, log, booked)
    log.faults += document_faults(connection, company, pack, log, booked)
    log.faults += record_faults(connection, company, pack, log)
    log.faults += _series(connection, company, log.issues)
    log.faults += _seals(connection, company, log.seen, heads)
    log.faults += stock_faults(connection, company, log)
    log.faults += written_faults(connection, company, log)
    count, since = audit_log.unsealed_since(connection, company)
    return Report(tuple(log.faults), len(heads), len(log.seen), count, since, log.blanked)


def _name(document_id: Id, heads: Heads) -> str:
    head = heads.get(document_id)
    return f"{head[1]} {head[2] or document_id}" if head else document_id


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
