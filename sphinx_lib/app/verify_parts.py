"""Verifying a large database in parts, so that no snapshot is held for as long as all of them take together.

PostgreSQL cannot clean up what was changed while a snapshot is open. Each part judges one subject in a snapshot of its
own, beside the log as it stands there. The parts are joined by the chains: what an earlier part has hashed must still
be there with the same hash, and only what was added since is hashed anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from time import monotonic

from sqlalchemy import Connection

from sphinx_lib.app.verify import SUBJECTS, Look, Report, look, report, verify
from sphinx_lib.app.verify_log import Fault, Log
from sphinx_lib.app.verify_seals import refuse_foreign
from sphinx_lib.kernel.seal import Seal
from sphinx_lib.pack.pack import Pack

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
        return _in_parts(snapshot, company, pack, against, progress)


def _in_parts(
    snapshot: Snapshot, company: str, pack: Pack, against: Sequence[Seal], progress: Callable[[int, int], None]
) -> Report:
    refuse_foreign(company, against)
    faults: dict[Fault, None] = {}
    known: Log | None = None
    total = len(SUBJECTS) + 1
    for done, subject in enumerate(SUBJECTS.values(), 1):
        with snapshot() as connection:
            seen = look(connection, company, pack, known=known)
            faults |= dict.fromkeys([*_lost(known, seen), *seen.log.faults, *subject(seen), *seen.log.faults])
        known = seen.log
        progress(done, total)
    with snapshot() as connection:
        seen = look(connection, company, pack, known=known)
        found = report(seen, against, [*faults, *_lost(known, seen)])
    progress(total, total)
    return found


def _lost(known: Log | None, seen: Look) -> Iterator[Fault]:
    """Entries that an earlier part has read, and that are gone."""
    for document_id, version in known.seen.keys() - seen.log.seen.keys() if known else ():
        yield Fault(known.name(document_id) if known else document_id, f"audit entry {version} went away meanwhile")
