"""Verifying a large database in parts, so that no snapshot is held for long.

PostgreSQL cannot clean up what was changed while a snapshot is open. Each part reads one of its
own: so many documents with all that was made from them, or records, series, seals, stock. What a
part tells was so at one moment; others may write before it and after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from time import monotonic

from sqlalchemy import Connection

from sphinx_lib.app.verify import (
    Fault,
    Issues,
    Report,
    chain_faults,
    document_faults,
    name_of,
    read_log,
    record_faults,
    series_faults,
    verify,
)
from sphinx_lib.app.verify_seals import check_seals, refuse_foreign
from sphinx_lib.app.verify_stock import stock_faults
from sphinx_lib.kernel.document import Id
from sphinx_lib.kernel.seal import Seal
from sphinx_lib.pack.pack import Pack
from sphinx_lib.store import audit_log, seals, spans
from sphinx_lib.store import master as store_master
from sphinx_lib.store.audit_log import AuditRow

PART = 2000
"""How many documents and records are judged in one snapshot."""
Snapshot = Callable[[], AbstractContextManager[Connection]]


class _TooLong(Exception):
    """One snapshot is open for longer than it may be."""


def verify_in_parts(
    snapshot: Snapshot,
    company: str,
    pack: Pack,
    against: Sequence[Seal],
    *,
    seconds: float,
    progress: Callable[[int, int], None],
) -> Report:
    """Verify in one snapshot; when it takes longer than ``seconds``, begin again in parts."""
    end = monotonic() + seconds

    def pace() -> None:
        if monotonic() >= end:
            raise _TooLong

    try:
        with snapshot() as connection:
            return verify(connection, company, pack, against, pace)
    except _TooLong:
        return _Parts(snapshot, company, pack, progress).verified(against)


class _Parts:
    """A verification in progress: what the parts so far have told, and what later ones need of
    them.
    """

    def __init__(
        self, snapshot: Snapshot, company: str, pack: Pack, progress: Callable[[int, int], None]
    ) -> None:
        self._snapshot, self._company, self._pack, self._progress = (
            snapshot,
            company,
            pack,
            progress,
        )
        self._faults: dict[Fault, None] = {}
        self._ends: dict[Id, AuditRow] = {}
        self._altered: set[tuple[Id, int]] = set()
        self._documents = self._entries = 0

    def verified(self, against: Sequence[Seal]) -> Report:
        """All parts, one after the other; documents that came after the first are left to the next
        time.
        """
        refuse_foreign(self._company, against)
        with self._snapshot() as connection:
            until = spans.last_id(connection, self._company)
            total = len(audit_log.heads(connection, self._company))
        after: Id | None = None
        while until is not None and after != until:
            after = self._judge(after, until)
            self._progress(min(self._documents, total), total)
        self._judge_records()
        with self._snapshot() as connection:
            self._add(series_faults(connection, self._company, _issues(connection, self._company)))
        with self._snapshot() as connection:
            told, compared = check_seals(connection, self._company, against, self._altered)
            count, since = seals.open_entries(connection, self._company)
        self._add(Fault(*one) for one in told)
        with self._snapshot() as connection:
            self._add(Fault(*one) for one in stock_faults(connection, self._company))
        return Report(tuple(self._faults), self._documents, self._entries, count, since, compared)

    def _add(self, faults: Iterable[Fault]) -> None:
        """Keep what was told, once: two parts may see the same."""
        self._faults |= dict.fromkeys(faults)

    def _judge(self, after: Id | None, until: Id) -> Id:
        """The documents of the next ids; gives the last of these."""
        with self._snapshot() as connection:
            ids = spans.next_ids(connection, self._company, after, until, PART)
            if not ids:
                return until
            heads = audit_log.heads(connection, self._company, ids)
            log = read_log(connection, self._company, heads, ids)
            made = sorted(spans.made_from(connection, self._company, list(heads)) - heads.keys())
            around = heads | audit_log.heads(connection, self._company, made)
            self._add(log.faults)
            self._add(chain_faults(heads, log.last))
            self._add(
                document_faults(
                    connection, self._company, self._pack, around, log.last, only=heads.keys()
                )
            )
        self._ends |= {one: row for one, row in log.last.items() if one not in heads}
        self._altered |= log.altered
        self._documents += len(heads)
        self._entries += log.entries
        return ids[-1]

    def _judge_records(self) -> None:
        """Master records beside the last of their entries; those that were put since are read
        again.
        """
        with self._snapshot() as connection:
            stored = [record for _, record in store_master.records(connection, self._company)]
            known = {one: row.hash for one, row in self._ends.items()}
            fresh = [one.id for one in stored if known.get(one.id) != one.audit_hash]
            for start in range(0, len(fresh), PART):
                log = read_log(connection, self._company, {}, fresh[start : start + PART])
                self._add(log.faults)
                self._altered |= log.altered
                self._ends |= log.last
            self._add(record_faults(connection, self._company, {}, self._ends))


def _issues(connection: Connection, company: str) -> Issues:
    found: Issues = {}
    rows = spans.issues(connection, company)
    heads = audit_log.heads(connection, company, sorted({row.document_id for row in rows}))
    for row in rows:
        series = tuple(row.payload["series"])
        found.setdefault(series, []).append((row, name_of(row.document_id, heads)))
    return found
