"""Checking what is written beside documents and has no chain: allocations, messages, answers, configurations, series."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection

from sphinx_lib.app.verify_log import Fault, Log
from sphinx_lib.kernel.document import Allocation
from sphinx_lib.store import proof_rows, sequences
from sphinx_lib.store.canonical import digest
from sphinx_lib.store.written import OUTCOME_FIELDS, Numbers, answer_digest, day, message_digests, row_digest


def written_faults(connection: Connection, company: str, log: Log) -> Iterator[Fault]:
    """Each row is what the audit log recorded when it was written, and none is missing."""
    allocated = (
        (row.id, f"allocation {row.id} of {log.name(row.payment_id)}", row_digest(row._mapping, Allocation._fields))
        for row in proof_rows.allocated(connection, company)
    )
    yield from log.compare("allocations", allocated, "it")
    answers = (
        (row.key, f"key {row.key!r}", answer_digest(row.input_hash, row.answer, row.recorded_at))
        for row in proof_rows.answers(connection, company)
    )
    yield from log.compare("commands", answers, "its answer")
    yield from _configurations(connection, company, log)
    yield from _messages(connection, company, log)
    yield from _series(connection, company, log)


def _configurations(connection: Connection, company: str, log: Log) -> Iterator[Fault]:
    """A configuration may have been opened several times: its row says when last."""
    known = {fingerprint for fingerprint, _ in log.written["packs"]}
    for row in proof_rows.configurations(connection, company):
        name = f"configuration {row.fingerprint[:12]}"
        said = log.written["packs"].get((row.fingerprint, row.archived_at.astimezone(UTC).isoformat()))
        if said is None:
            yield Fault(name, f"the audit log does not say that it was opened at {row.archived_at.isoformat()}")
        elif said[0] != digest(row.content):
            yield Fault(name, "its content is not what the audit log recorded")
        known.discard(row.fingerprint)
    for fingerprint in sorted(known):
        yield Fault(f"configuration {fingerprint[:12]}", "it is in the audit log, and it is gone")


def _messages(connection: Connection, company: str, log: Log) -> Iterator[Fault]:
    salts = proof_rows.salts(connection, company)
    queued: list[tuple[Any, str, Any]] = []
    for row in proof_rows.messages(connection, company):
        name = f"message {row.payload.get('message')} of {log.name(row.document_id)} ({row.id})"
        public, personal = message_digests(row._mapping, salts.get(row.document_id))
        said = log.written["outbox"].get(row.id)
        is_blank = row.document_id is not None and salts.get(row.document_id) is None and said is not None
        queued.append((row.id, name, [public, said[0][1] if said and is_blank else personal]))
        yield from _outcome(row, name, log)
    yield from log.compare("outbox", queued, "what is to be sent")


def _outcome(row: Any, name: str, log: Log) -> Iterator[Fault]:
    """A message stands as its last try left it; one that nobody tried waits."""
    said = log.written["sent"].get(row.id)
    fresh = (row.state, row.attempts, row.last_error, row.done_at) == ("queued", 0, "", None)
    stored = [row.attempts, row_digest(row._mapping, OUTCOME_FIELDS)]
    if (said is None and not fresh) or (said is not None and said[0] != stored):
        yield Fault(name, f"it is {row.state!r} after {row.attempts} tries, the audit log does not say so")


def _series(connection: Connection, company: str, log: Log) -> Iterator[Fault]:
    """Series stand where the units of work left them that took numbers (NU1)."""
    left = dict(log.series)
    for row in sequences.all_series(connection, company):
        name = f"series {row.name} {row.period}".rstrip()
        taken = sorted(left.pop((row.name, row.period), []), key=lambda one: one.first)
        if not taken:
            yield Fault(name, "no audit entry recorded that it gave a number")
            continue
        for before, after in pairwise(taken):
            if after.first != before.last + 1:
                yield Fault(name, f"after {before.last} it gave {after.first}")
        yield from _stands(row, name, taken)
    for name, period in sorted(left):
        yield Fault(f"series {name} {period}".rstrip(), "it is in the audit log, and it is gone")


def _stands(row: Any, name: str, taken: list[Numbers]) -> Iterator[Fault]:
    last = taken[-1]
    said = {
        "start": taken[0].first, "last": last.last, "last_date": last.last_date, "previous_date": last.previous_date,
    }  # fmt: skip
    for column, value in said.items():
        stored = getattr(row, column)
        stored = day(stored) if column.endswith("_date") else stored
        if stored != value:
            yield Fault(name, f"its {column} is {stored}, the log says {value}")
