"""Checking accounting entries: what was posted, that it balances, its numbers, its dates, its batches, its documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from sphinx_lib.app.flush import fiscal_year
from sphinx_lib.app.verify_log import Fault, Log
from sphinx_lib.kernel.document import ZERO, Document, Id
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.pack.pack import Pack
from sphinx_lib.store import proof_rows
from sphinx_lib.store.written import ENTRY_FIELDS, batch_of, entry_digest

SERIES = "entries."


@dataclass
class Booked:
    """What the entries of a document add up to on its parties' accounts, debit above zero: in company currency, and in
    its own where they say so; by party."""

    company: dict[str, Decimal] = field(default_factory=dict)
    own: dict[str, Decimal] = field(default_factory=dict)

    def take(self, line: Any) -> None:
        """Take up a line of an entry."""
        self.company[line.auxiliary] = self.company.get(line.auxiliary, ZERO) + line.debit - line.credit
        self.own[line.auxiliary] = self.own.get(line.auxiliary, ZERO) + (line.currency_amount or ZERO)


def entry_faults(connection: Connection, company: str, pack: Pack, log: Log, booked: dict[Id, Booked]) -> Iterator[Fault]:
    """Every accounting entry against the log, and what is booked by document into ``booked``."""
    digests: list[tuple[Id, str, str]] = []
    numbers: dict[str, Id] = {}
    batches: dict[int, list[Id]] = {}
    for entry_id, rows in groupby(proof_rows.entry_lines(connection, company), attrgetter("entry_id")):
        lines = list(rows)
        first = lines[0]
        name = f"entry {first.number}"
        digests.append((entry_id, name, entry_digest(first._mapping, lines)))
        numbers[first.number] = entry_id
        yield from _entry(lines, name, _year(pack, log, first))
        for batch in {line.batch for line in lines if line.batch is not None}:
            batches.setdefault(batch, []).append(entry_id)
        for line in lines:
            if line.auxiliary:
                booked.setdefault(line.document_id, Booked()).take(line)
    yield from log.compare("entries", digests, "what is posted")
    marked = [(str(batch), f"export batch {batch}", batch_of(ids)) for batch, ids in sorted(batches.items())]
    yield from log.compare("batches", marked, "the list of its entries")
    yield from _numbers(log, numbers)


def _year(pack: Pack, log: Log, first: Any) -> str | None:
    """The fiscal year of an entry, as the configuration has it that wrote it."""
    said = log.written["entries"].get(first.entry_id)
    known = said is not None and said[1] == pack.fingerprint
    return fiscal_year(first.date, pack.model.company.fiscal_year_start) if known else None


def _entry(lines: list[Any], name: str, year: str | None) -> Iterator[Fault]:
    first = lines[0]
    if [line.position for line in lines] != list(range(1, len(lines) + 1)):
        yield Fault(name, "its lines are not numbered from 1 on")
    for column in (*ENTRY_FIELDS, "batch"):
        if any(getattr(line, column) != getattr(first, column) for line in lines):
            yield Fault(name, f"its lines do not have the same {column}")
    debit, credit = (sum((getattr(line, side) for line in lines), ZERO) for side in ("debit", "credit"))
    if debit != credit:
        yield Fault(name, f"it does not balance: debit {plain_number(debit)}, credit {plain_number(credit)}")
    if year is not None and not first.number.startswith(f"{first.journal}{year}-"):
        yield Fault(name, f"it is dated {first.date}, in another fiscal year than its number says")


def _numbers(log: Log, numbers: Mapping[str, Id]) -> Iterator[Fault]:
    """Each number that a journal gave has its entry, and no other is there."""
    left = set(numbers)
    for (series, period), taken in sorted(log.series.items()):
        if not series.startswith(SERIES):
            continue
        journal = series.removeprefix(SERIES)
        for number in (f"{journal}{period}-{n:06}" for one in taken for n in range(one.first, one.last + 1)):
            if number not in left:
                yield Fault(f"entry {number}", "its number was given, and it is gone")
            left.discard(number)
    for number in sorted(left):
        yield Fault(f"entry {number}", "no series gave its number")


def posted_faults(document: Document, name: str, booked: Booked | None, pack: Pack, written_by: str) -> Iterator[Fault]:
    """What is booked on the party of ``document`` is what it comes to while its state posts it, and nothing else (AC1).

    One without entries is looked at only where the configuration of today wrote it (``written_by`` is its fingerprint):
    an older one may not have posted it.
    """
    is_current = written_by == pack.fingerprint
    declared = pack.type_of(document.type, document.kind)
    posts = declared.says(document.state, "posts")
    if not document.party or (booked is None and not (posts and is_current)):
        return
    found, home = booked or Booked(), pack.model.company.currency
    sums = found.company if document.currency == home else found.own
    due = ZERO
    if posts:
        sign = -declared.sign_number if declared.side == "purchase" else declared.sign_number
        due = sign * (sum((part.amount for part in document.instalments), ZERO) or document.total_gross)
    is_booked = sums.get(document.party, ZERO)
    if is_booked != due:
        said = f"{plain_number(is_booked)} {document.currency}"
        yield Fault(name, f"{said} are booked on {document.party}, it comes to {plain_number(due)}")
