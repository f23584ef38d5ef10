"""Checking what is stored against what it was made from and what the audit log says of it (architecture 4.7).

Each subject has a module: the log, documents with their accounting entries, records, stock, seals, and what units of work
write beside these. A subject is judged by what one snapshot of the database says of it and of the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from sphinx_lib.app.verify_documents import document_faults
from sphinx_lib.app.verify_entries import Booked, entry_faults
from sphinx_lib.app.verify_log import Fault, Heads, Log, Pace, Said, read_log, unhurried
from sphinx_lib.app.verify_records import end_faults, record_faults
from sphinx_lib.app.verify_seals import Comparison, check_seals, refuse_foreign
from sphinx_lib.app.verify_stock import stock_faults
from sphinx_lib.app.verify_written import written_faults
from sphinx_lib.kernel.document import Id
from sphinx_lib.kernel.seal import Seal
from sphinx_lib.pack.pack import Pack
from sphinx_lib.store import audit_log, seals, sequences

__all__ = ["SUBJECTS", "Fault", "Look", "Report", "look", "report", "verify"]


@dataclass(frozen=True)
class Report:
    """What ``verify`` found, and how much it looked at. ``unsealed_since`` is the time of the oldest open entry.

    ``against`` has each seal that was kept outside, beside the database; one that does not hold is a fault too.
    ``blanked`` counts the values about persons that were deleted with their salts: the log still holds their digests.
    """

    faults: tuple[Fault, ...]
    documents: int
    entries: int
    unsealed: int
    unsealed_since: datetime | None
    against: tuple[Comparison, ...] = ()
    blanked: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.faults


class Look(NamedTuple):
    """One snapshot: its connection, the heads of all chains, and the log as it stands there."""

    connection: Connection
    company: str
    pack: Pack
    heads: Heads
    log: Log


def look(connection: Connection, company: str, pack: Pack, pace: Pace = unhurried, known: Log | None = None) -> Look:
    """Read the heads and the log; ``known`` is the log of an earlier look, which need not be hashed again."""
    heads = audit_log.heads(connection, company)
    return Look(connection, company, pack, heads, read_log(connection, company, heads, pace, known))


def verify(
    connection: Connection, company: str, pack: Pack, against: Sequence[Seal] = (), pace: Pace = unhurried
) -> Report:
    """Work out every chain, digest, series, seal, balance and progress again; each fault names what it touches.

    ``against`` are seals that were kept outside: the database must still have each of them, and all that it covers.
    ``pace`` is called now and then, and may raise to give up.
    """
    refuse_foreign(company, against)
    seen = look(connection, company, pack, pace)
    for subject in SUBJECTS.values():
        seen.log.faults += subject(seen)
        pace()
    return report(seen, against)


def report(seen: Look, against: Sequence[Seal], others: Iterable[Fault] = ()) -> Report:
    """The faults of a look and its seals, after those that ``others`` have told."""
    told, compared = check_seals(seen.connection, seen.company, against, seen.log.altered)
    faults = dict.fromkeys([*others, *seen.log.faults, *(Fault(*one) for one in told)])
    count, since = seals.open_entries(seen.connection, seen.company)
    return Report(tuple(faults), len(seen.heads), len(seen.log.seen), count, since, compared, seen.log.blanked)


def _documents(seen: Look) -> Iterator[Fault]:
    """Documents with their chains, what was posted for them, and how they stand."""
    for document_id, (head, _, _) in seen.heads.items():
        yield from end_faults(seen.log.name(document_id), head, seen.log.said.get(document_id, Said()))
    booked: dict[Id, Booked] = {}
    yield from entry_faults(seen.connection, seen.company, seen.pack, seen.log, booked)
    yield from document_faults(seen.connection, seen.company, seen.pack, seen.log, booked)


def _records(seen: Look) -> Iterator[Fault]:
    return record_faults(seen.connection, seen.company, seen.pack, seen.log)


def _stock(seen: Look) -> Iterator[Fault]:
    return stock_faults(seen.connection, seen.company, seen.log)


def _written(seen: Look) -> Iterator[Fault]:
    return written_faults(seen.connection, seen.company, seen.log)


def _series(seen: Look) -> Iterator[Fault]:
    """Issues of a fiscal series follow each other by hash, up to the one that the series remembers (NU1)."""
    issues = seen.log.issues
    every = sequences.all_series(seen.connection, seen.company)
    remembered = {(row.name, row.period): row for row in every if row.last_hash}
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
            given = stored.last - stored.start + 1
            yield Fault(f"series {name}", f"{given} numbers were given, {steps} issues are found")


SUBJECTS: dict[str, Callable[[Look], Iterable[Fault]]] = {
    "documents": _documents,
    "records": _records,
    "series": _series,
    "stock": _stock,
    "written": _written,
}
"""What is judged beside chains and seals, each by what one snapshot says."""
