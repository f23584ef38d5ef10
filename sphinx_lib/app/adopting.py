"""Taking up what was written before the audit log covered it: digested once, when the database is brought up to date.

What such rows said before that day is proven by what was proven then; from then on they cannot be changed unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from sphinx_lib.app.flush import personal_paths
from sphinx_lib.app.verify_log import Log, Said, read_log
from sphinx_lib.kernel.document import Allocation, Document, Id
from sphinx_lib.kernel.ports import IdFactory
from sphinx_lib.pack.pack import Pack
from sphinx_lib.store import audit_log, proof_rows, sequences, stock, stock_values
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store.canonical import digest
from sphinx_lib.store.content import said_of
from sphinx_lib.store.written import (
    MOVE_FIELDS,
    OUTCOME_FIELDS,
    VALUE_FIELDS,
    Numbers,
    RowsDigest,
    Written,
    answer_digest,
    batch_of,
    day,
    entry_digest,
    message_digests,
    new_salt,
    row_digest,
)

EVENT = "adopt"
MOST = 5_000
"""How many digests one audit entry holds at most."""
CHUNK = 500


class Adoption:
    """The audit entries of one adoption, each with a few thousand digests."""

    def __init__(self, connection: Connection, company: str, pack: Pack, new_id: IdFactory) -> None:
        self.connection, self.company, self.pack, self.new_id = connection, company, pack, new_id
        self.entries: list[Written] = []
        self._held = MOST

    def room(self, many: int = 1) -> Written:
        """The entry that takes the next ``many`` digests."""
        if self._held + many > MOST:
            self.entries.append(Written(self.new_id()))
            self._held = 0
        self._held += many
        return self.entries[-1]


def adopt(connection: Connection, company: str, pack: Pack, new_id: IdFactory, actor: str, at: datetime) -> None:
    """Digest every row that no audit entry covers, where the log was begun by the first recipe; once for a company."""
    if not audit_log.waits_for(connection, company, EVENT):
        return
    log = read_log(connection, company, audit_log.heads(connection, company))
    work = Adoption(connection, company, pack, new_id)
    _documents(work, log)
    _moves(work)
    _worths(work)
    _entries(work, log)
    _others(work, log)
    rows = [row for one in work.entries for row in one.entry(at, actor, EVENT, pack.fingerprint)]
    audit_log.append(connection, company, rows)


def _documents(work: Adoption, log: Log) -> None:
    for ids in _chunks(sorted(log.names), CHUNK):
        for document in store_documents.load(work.connection, work.company, ids):
            said = log.said.get(document.id, Said())
            if said.content is None or said.content.get("recipe", 1) == 1:
                salted = document.changed(personal_salt=new_salt(work.new_id))
                store_documents.set_salt(work.connection, work.company, salted)
                work.room().documents[document.id] = {"version": document.version, **_said(work, salted)}


def _said(work: Adoption, document: Document) -> dict[str, Any]:
    is_known = (document.type, document.kind) in work.pack.types
    declared = work.pack.type_of(document.type, document.kind) if is_known else None
    return said_of(document, personal_paths(declared, document) if declared else [])


def _moves(work: Adoption) -> None:
    rows = (row for row in proof_rows.moves(work.connection, work.company) if row.written_by is None)
    for chunk in _chunks(list(rows), MOST):
        written = work.room(len(chunk))
        digests: dict[str, RowsDigest] = {}
        for row in chunk:
            digests.setdefault(row.document_id or "", RowsDigest()).add(row[: len(MOVE_FIELDS)])
        written.moves |= {key: rows.digest for key, rows in digests.items()}
        stock.set_written_by(work.connection, work.company, (chunk[0].id, chunk[-1].id), written.id)


def _worths(work: Adoption) -> None:
    for row in proof_rows.worths(work.connection, work.company):
        if row.written_by is None:
            written = work.room()
            written.values[row.item] = row_digest(row._mapping, VALUE_FIELDS)
            stock_values.set_written_by(work.connection, work.company, row.item, written.id)


def _entries(work: Adoption, log: Log) -> None:
    batches: dict[int, set[Id]] = {}
    for entry_id, rows in groupby(proof_rows.entry_lines(work.connection, work.company), attrgetter("entry_id")):
        lines = list(rows)
        if lines[0].batch is not None:
            batches.setdefault(lines[0].batch, set()).add(entry_id)
        if entry_id not in log.written["entries"]:
            work.room().entries[entry_id] = entry_digest(lines[0]._mapping, lines)
    for batch, ids in batches.items():
        if str(batch) not in log.written["batches"]:
            work.room().batches[str(batch)] = batch_of(ids)


def _others(work: Adoption, log: Log) -> None:
    where = (work.connection, work.company)
    for row in _new(proof_rows.allocated(*where), "id", log, "allocations"):
        work.room().allocations[row.id] = row_digest(row._mapping, Allocation._fields)
    for row in _new(proof_rows.answers(*where), "key", log, "commands"):
        work.room().commands[row.key] = answer_digest(row.input_hash, row.answer, row.recorded_at)
    salts = proof_rows.salts(*where)
    for row in _new(proof_rows.messages(*where), "id", log, "outbox"):
        written = work.room(2)
        written.outbox[row.id] = message_digests(row._mapping, salts.get(row.document_id))
        if row.attempts:
            written.sent[row.id] = [row.attempts, row_digest(row._mapping, OUTCOME_FIELDS)]
    for row in proof_rows.configurations(*where):
        at = row.archived_at.astimezone(UTC).isoformat()
        if (row.fingerprint, at) not in log.written["packs"]:
            work.room().packs[row.fingerprint] = [digest(row.content), at]
    for row in sequences.all_series(*where):
        if (row.name, row.period) not in log.series:
            days = day(row.last_date), day(row.previous_date)
            work.room().series.append(Numbers(row.name, row.period, row.start, row.last, *days))


def _new(rows: Iterable[Any], key: str, log: Log, kind: str) -> Iterator[Any]:
    known = log.written[kind]
    return (row for row in rows if getattr(row, key) not in known)


def _chunks(rows: list[Any], size: int) -> Iterator[list[Any]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
