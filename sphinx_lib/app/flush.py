"""The one write of a unit of work, in one order (architecture 4.17): nothing here decides, nothing elsewhere writes.

documents by id with their version → stock balances by key → sequences by name → new rows → audit log → outbox.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sphinx_lib.accounting.entries import entry_of, exchange_entry, reversed_entry, titled
from sphinx_lib.app import reliance
from sphinx_lib.app.equipment import register
from sphinx_lib.app.putting import Put, personal_custom
from sphinx_lib.app.stock_lots import refuse_lots
from sphinx_lib.app.stock_short import refuse_short
from sphinx_lib.app.tracking import Posting, Tracked
from sphinx_lib.app.unit import Unit
from sphinx_lib.app.valuing import value_moves
from sphinx_lib.kernel.document import EMPTY, Allocation, Document, Entry, EntryLine, Id, Line, StockMove
from sphinx_lib.kernel.errors import DateRefused, Refused
from sphinx_lib.kernel.personal import Path, split
from sphinx_lib.kernel.ports import QueuedMessage
from sphinx_lib.pack.workflow_model import DocumentType, Field_, MadeFrom
from sphinx_lib.pricing.foot import foot_of
from sphinx_lib.store import audit_log, entries, outbox, sequences
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import master as store_master
from sphinx_lib.store import personal as store_personal
from sphinx_lib.store import stock as store_stock
from sphinx_lib.store.audit_log import AuditRow
from sphinx_lib.store.content import said_of
from sphinx_lib.store.personal import Kept, kept
from sphinx_lib.store.sequences import Series, Taken, Wanted
from sphinx_lib.store.types import read_back
from sphinx_lib.store.written import Numbers, Written, day, message_digests, new_salt, row_digest
from sphinx_lib.workflow.derive import heading_of


@dataclass
class Writing:
    """What one flush has worked out so far."""

    unit: Unit
    written: Written
    changed: list[Tracked] = field(default_factory=list)
    numbered: list[Tracked] = field(default_factory=list)
    entries: list[tuple[Posting, Entry]] = field(default_factory=list)
    taken: dict[Series, Taken] = field(default_factory=dict)
    audit: list[AuditRow] = field(default_factory=list)
    personal: list[Kept] = field(default_factory=list)
    fiscal_hashes: dict[Series, str] = field(default_factory=dict)

    @property
    def decided(self) -> bool:
        """Whether there is something to write that was decided by what was read."""
        return bool(self.changed or self.unit.adjustments or self.unit.master)


def flush(unit: Unit) -> None:
    """Write everything that ``unit`` has become; a second call writes only what came since.

    When it raises, a part may have been written: the unit is lost, and every later flush refuses.
    """
    if unit.failed:
        raise Refused("this unit of work failed while it was written; begin a new one")
    unit.failed = True
    _write(unit)
    unit.failed = False


def _write(unit: Unit) -> None:
    writing = Writing(unit, Written(unit.new_id()), [one for one in unit.tracked.values() if one.changed])
    if writing.decided:
        reliance.take_turns(unit)
    _salt(writing)
    writing.numbered = _in_order_of_issue([one for one in writing.changed if one.wants_number])
    early = [one for one in writing.changed if one.original is not None and not one.wants_number]
    late = [one for one in writing.changed if one.original is not None and one.wants_number]
    _audit(writing, {one.document.id for one in early})
    _update_documents(unit, [*early, *late])
    _move_stock(writing)
    _write_lines(unit, [*early, *late])
    writing.entries = _entries(unit)
    _take_numbers(writing)
    _give_numbers(writing)
    _name_sources(writing)
    _audit(writing, {one.document.id for one in writing.changed} - {one.document.id for one in early})
    store_documents.number_documents(unit.connection, unit.company, [one.document for one in late])
    new = [one.document for one in writing.changed if one.original is None]
    store_documents.insert_documents(unit.connection, unit.company, new)
    store_documents.insert_allocations(unit.connection, unit.company, unit.allocations)
    _insert_entries(writing)
    register(unit)
    _write_master(writing)
    queued = _messages(writing)
    _note_written(writing)
    audit_log.append(unit.connection, unit.company, writing.audit)
    store_personal.append(unit.connection, unit.company, writing.personal)
    sequences.chain(unit.connection, unit.company, writing.fiscal_hashes)
    outbox.queue(unit.connection, unit.company, queued, unit.now)
    _settled(unit, writing)


def _in_order_of_issue(numbered: Sequence[Tracked]) -> list[Tracked]:
    """By date, then as they came: a chronological series must not run backwards within one unit (NU1)."""
    return sorted(numbered, key=lambda one: one.document.date)


# -- documents, stock ------------------------------------------------------------------------------


def _update_documents(unit: Unit, changed: Sequence[Tracked]) -> None:
    """Write changed documents over the version seen."""
    events = Counter(happened.document_id for happened in unit.happened)
    pairs: list[tuple[int, Document]] = []
    for one in changed:
        seen = one.original.version if one.original else 0
        version = seen + max(1, events[one.document.id])
        if one.document.version != version:
            one.document = one.document.changed(version=version)
        pairs.append((seen, one.document))
    store_documents.update_documents(unit.connection, unit.company, sorted(pairs, key=lambda pair: pair[1].id))


def _write_lines(unit: Unit, changed: Sequence[Tracked]) -> None:
    """Write those lines of changed documents that are not as they were, once deliveries know what their goods cost."""
    advanced: list[Line] = []
    gone: list[Id] = []
    written: list[tuple[Line, Id]] = []
    for one in changed:
        left = {line.id: line for line in one.original.lines} if one.original else {}
        for line in one.document.lines:
            before = left.pop(line.id, None)
            if before is line or before == line:
                continue
            if before is not None and before._replace(progress=EMPTY) == line._replace(progress=EMPTY):
                advanced.append(line)
                continue
            gone += [line.id] if before is not None else []
            written.append((line, one.document.id))
        gone += left
    store_documents.advance_lines(unit.connection, unit.company, sorted(advanced, key=lambda line: line.id))
    store_documents.rewrite_lines(unit.connection, unit.company, gone, written)


def _move_stock(writing: Writing) -> None:
    """Write the moves; what fell below zero against the policy, seen under the lock, takes the unit back."""
    unit = writing.unit
    unit.reckon_stock()
    moves = [
        StockMove(
            unit.new_id(), key.item, key.warehouse, key.level, quantity, document_id, _day_of(unit, document_id),
            key.due, key.lot, key.bin, key.expires,
        )
        for (document_id, key), quantity in unit.moves.items()
        if quantity
    ]  # fmt: skip
    moves += unit.adjustments
    moved = store_stock.apply_moves(unit.connection, unit.company, moves)
    valued = value_moves(unit, moves, writing.written)
    meanwhile = reliance.moved_stock(unit, moved.before)
    refuse_short(unit, moves, moved.physical, meanwhile.keys())
    refuse_lots(unit, moves, moved.places)
    if writing.decided:
        reliance.still_holds(unit, meanwhile)
    writing.written.take_moves(valued, unit.now)
    store_stock.insert_moves(unit.connection, unit.company, valued, unit.now, writing.written.id)


def _day_of(unit: Unit, document_id: Id) -> date:
    """The day of a document's moves: its own when it gets its number, later that of what happens to it."""
    one = unit.tracked[document_id]
    fresh = one.original is None or one.wants_number
    return one.document.date if fresh else max(one.document.date, unit.today)


# -- numbers and entries ---------------------------------------------------------------------------


def _series(unit: Unit, document: Document) -> Series:
    name = unit.type_of(document).number.sequence
    return name, unit.pack.patterns[name].period(document.date)


def _entry_series(unit: Unit, entry: Entry) -> Series:
    return f"entries.{entry.journal}", fiscal_year(entry.date, unit.pack.model.company.fiscal_year_start)


def fiscal_year(day: date, start: str) -> str:
    """The calendar year in which the fiscal year of ``day`` begins; ``start`` is MM-DD."""
    month, first = (int(part) for part in start.split("-"))
    return str(day.year if (day.month, day.day) >= (month, first) else day.year - 1)


def _takes_sequence(one: Tracked) -> bool:
    """Whether it takes a number of its own: a revision keeps its root's (NU2)."""
    return one.document.revision == 1 or one.document.root_number is None


def _wanted(writing: Writing) -> dict[Series, Wanted]:
    unit = writing.unit
    wanted: dict[Series, Wanted] = {}
    for one in writing.numbered:
        if _takes_sequence(one):
            series = _series(unit, one.document)
            start = unit.pack.model.numbering[series[0]].start
            so_far = wanted.get(series, Wanted(0, one.document.date, start))
            wanted[series] = Wanted(so_far.numbers + 1, max(so_far.last_date, one.document.date), start)
    for _, entry in writing.entries:
        series = _entry_series(unit, entry)
        so_far = wanted.get(series, Wanted(0, entry.date))
        wanted[series] = Wanted(so_far.numbers + 1, max(so_far.last_date, entry.date))
    return wanted


def _take_numbers(writing: Writing) -> None:
    unit, wanted = writing.unit, _wanted(writing)
    writing.taken = sequences.take(unit.connection, unit.company, wanted)
    for series, need in sorted(wanted.items()):
        taken = writing.taken[series]
        last = taken.first + need.numbers - 1
        days = day(need.last_date), day(taken.previous_date)
        writing.written.series.append(Numbers(*series, taken.first, last, *days))


def _give_numbers(writing: Writing) -> None:
    """Numbers in order of issue; a date before the last one issued is refused (NU1)."""
    unit = writing.unit
    given: dict[Series, int] = {}
    for one in writing.numbered:
        document = one.document
        name = unit.type_of(document).number.sequence
        if not _takes_sequence(one):
            pattern = unit.pack.patterns.get(f"{name}.revision", unit.pack.patterns[name])
            number = pattern.format(document.date, root=document.root_number or "", revision=document.revision)
            one.document = document.changed(number=number)
            continue
        series = _series(unit, document)
        taken = writing.taken[series]
        numbering = unit.pack.model.numbering[name]
        if numbering.chronological and taken.previous_date and document.date < taken.previous_date:
            raise DateRefused(
                f"{document.type} dated {document.date}: the series {name} has already issued one on "
                f"{taken.previous_date}; date it then or later (NU1)",
                date=document.date,
                last=taken.previous_date,
            )
        number = unit.pack.patterns[name].format(document.date, taken.first + given.get(series, 0))
        given[series] = given.get(series, 0) + 1
        one.document = document.changed(number=number, root_number=document.root_number or number)


def _name_sources(writing: Writing) -> None:
    """Documents made of one that got its number only now say so: in their origin, above their lines (IG8)."""
    unit = writing.unit
    fresh = {one.document.id for one in writing.numbered}
    for one in writing.changed:
        document = one.document
        sources = {line.source_document: line for line in document.lines if line.source_document in fresh}
        if one.original is not None or not sources:
            continue
        made = unit.type_of(document).made_from
        lines = tuple(_headed(line, unit, made, fresh) for line in document.lines)
        numbers = dict.fromkeys(unit.get(source or "").number or "" for source in sources)
        known = [part for part in document.origin.split(", ") if part]
        one.document = document.changed(lines=lines, origin=", ".join(dict.fromkeys([*numbers, *known]))[:200])


def _headed(line: Line, unit: Unit, made: Mapping[str, MadeFrom], fresh: set[Id]) -> Line:
    if line.source_document not in fresh or not line.heading:
        return line
    source = unit.get(line.source_document or "")
    return line._replace(heading=heading_of(source, made[source.type], source.language))


def _entries(unit: Unit) -> list[tuple[Posting, Entry]]:
    """The entries of this unit by date, not numbered yet; reversals mirror what was posted.

    A difference of exchange found when an older payment is put against an invoice belongs to today.
    """
    found: list[tuple[Posting, Entry]] = []
    posted = _posted(unit, [posting.document_id for posting in unit.postings if posting.reverse])

    def note(posting: Posting, entry: Entry) -> None:
        found.append((posting, entry))
        posted.setdefault(entry.document_id, []).append(entry)

    for posting in unit.postings:
        document = unit.get(posting.document_id)
        entry: Entry | None
        if posting.reverse:
            for before in list(posted.get(document.id, ())):
                note(posting, reversed_entry(before, unit.new_id(), unit.today))
            continue
        if posting.exchange:
            day = document.date if unit.tracked[document.id].wants_number else unit.today
            entry = exchange_entry(document, posting.posts, unit.pack, unit.new_id(), posting.exchange, day)
        else:
            portions = foot_of(document, unit.pack).portions
            entry = entry_of(document, posting.posts, unit.pack, unit.new_id(), portions)
        if entry is not None:
            note(posting, entry)
    return sorted(found, key=lambda pair: pair[1].date)


def _posted(unit: Unit, ids: Sequence[Id]) -> dict[Id, list[Entry]]:
    """The entries stored so far, by document."""
    grouped: dict[Id, list[Any]] = {}
    for row in entries.of_documents(unit.connection, unit.company, ids) if ids else ():
        grouped.setdefault(row.entry_id, []).append(row)
    found: dict[Id, list[Entry]] = {}
    for first, *rest in grouped.values():
        lines = tuple(EntryLine(*(getattr(row, name) for name in EntryLine._fields)) for row in (first, *rest))
        entry = Entry(
            first.entry_id, first.document_id, first.journal, first.journal_label, first.date, first.piece,
            first.label, lines,
        )  # fmt: skip
        found.setdefault(entry.document_id, []).append(entry)
    return found


def _insert_entries(writing: Writing) -> None:
    unit = writing.unit
    given: dict[Series, int] = {}
    numbered = []
    for posting, entry in writing.entries:
        series = _entry_series(unit, entry)
        number = f"{entry.journal}{series[1]}-{writing.taken[series].first + given.get(series, 0):06}"
        given[series] = given.get(series, 0) + 1
        document = unit.get(entry.document_id)
        done = entry if entry.piece else titled(entry, document, posting.posts, unit.pack)
        numbered.append((number, done))
    writing.written.take_entries(numbered, unit.now)
    entries.insert_entries(unit.connection, unit.company, numbered, unit.now)


# -- audit log -------------------------------------------------------------------------------------


def _salt(writing: Writing) -> None:
    """What a document says of persons is digested with a salt of its own, which is no other's."""
    told = {happened.document_id for happened in writing.unit.happened}
    for one in writing.changed:
        if one.document.id in told and (one.original is None or one.document.personal_salt is None):
            one.document = one.document.changed(personal_salt=new_salt(writing.unit.new_id))


def _audit(writing: Writing, ids: set[Id]) -> None:
    """Chain the events of documents; an issue in a fiscal series is chained to the issue before it as well."""
    unit = writing.unit
    of: dict[Id, list[Any]] = {}
    for happened in unit.happened:
        if happened.document_id in ids:
            of.setdefault(happened.document_id, []).append(happened)
    order = [one.document.id for one in writing.numbered if one.document.id in of]
    order += [document_id for document_id in of if document_id not in set(order)]
    for document_id in order:
        one = unit.tracked[document_id]
        seen = one.original.version if one.original else 0
        said = said_of(one.document, personal_paths(unit.type_of(one.document), one.document))
        head = one.document.audit_hash
        for step, happened in enumerate(of[document_id], 1):
            payload: dict[str, Any] = {**read_back(happened.payload), **said}
            if happened.issues:
                _name_issue(writing, one.document, payload)
            _set_apart(writing, one.document, (seen + step, happened.event), payload)
            row = audit_log.entry(
                document_id, seen + step, unit.now, unit.actor.name, happened.event, payload, unit.pack.fingerprint,
                head,
            )  # fmt: skip
            head = row.hash
            writing.audit.append(row)
            if "previous_issue" in payload:
                writing.fiscal_hashes[_series(unit, one.document)] = head
        one.document = one.document.changed(audit_hash=head, version=seen + len(of[document_id]))


def personal_paths(declared: DocumentType, document: Document) -> list[Path]:
    """Where the history and the custom values of a document say something of a person, as its type declares it."""
    found: list[Path] = [
        ("history", event, "facts", name)
        for event, past in document.history.items()
        for name in sorted(_personal_facts(declared, event) & past.get("facts", {}).keys())
    ]
    return found + [("custom", name) for name in sorted(document.custom) if _is_personal(declared.fields.get(name))]


def _personal_facts(declared: DocumentType, event: str) -> set[str]:
    asked = declared.events[event].ask if event in declared.events else {}
    return {name for name, ask in asked.items() if ask.personal}


def _is_personal(field: Field_ | None) -> bool:
    return field is not None and field.personal


def _set_apart(writing: Writing, document: Document, which: tuple[int, str], payload: dict[str, Any]) -> None:
    """Facts about persons stand beside the entry, which keeps a digest of each."""
    version, event = which
    names = _personal_facts(writing.unit.type_of(document), event) & payload.get("facts", {}).keys()
    if not names:
        return
    facts = payload["facts"]
    rows = kept(document.id, version, {f"facts.{n}": facts[n] for n in sorted(names)}, new_salt(writing.unit.new_id))
    payload["facts"] = {name: value for name, value in facts.items() if name not in names}
    payload["apart"] = {row.field: row.digest for row in rows}
    writing.personal += rows


def _note_written(writing: Writing) -> None:
    """The entry of the unit of work: what it writes beside the chains of documents and records."""
    unit, written = writing.unit, writing.written
    told = {happened.document_id for happened in unit.happened}
    for one in writing.changed:
        if one.document.id not in told:
            written.take_document(one.document)
    for made in unit.allocations:
        written.allocations[made.id] = row_digest(made._asdict(), Allocation._fields)
    written.commands |= unit.answers
    written.sent |= unit.outcomes
    writing.audit += written.entry(unit.now, unit.actor.name, "write", unit.pack.fingerprint)


def _name_issue(writing: Writing, document: Document, payload: dict[str, Any]) -> None:
    payload["number"] = document.number
    if writing.unit.type_of(document).fiscal:
        series = _series(writing.unit, document)
        previous = writing.fiscal_hashes.get(series, writing.taken[series].previous_hash)
        payload |= {"series": list(series), "previous_issue": previous}


def _write_master(writing: Writing) -> None:
    """Upsert master records in one order of kinds and codes, each change with its audit entry."""
    unit = writing.unit
    by_kind: dict[str, list[Put]] = {}
    for one in sorted(unit.master, key=lambda put: (put.kind, put.row["code"])):
        by_kind.setdefault(one.kind, []).append(one)
    for kind, puts in by_kind.items():
        new: list[dict[str, Any]] = []
        changed: list[tuple[int, dict[str, Any]]] = []
        for one in puts:
            row = _put(writing, one)
            one.row["audit_hash"] = row.hash
            writing.audit.append(row)
            if one.seen:
                changed.append((one.seen, one.row))
            else:
                new.append(one.row)
        store_master.write(unit.connection, unit.company, kind, new, changed)


def _put(writing: Writing, one: Put) -> AuditRow:
    """The audit entry of a record, with what it says of persons beside it."""
    unit, data = writing.unit, one.row["data"]
    said = split(data, store_master.TABLES[one.kind][1], personal_custom(unit.pack.model, one.kind))
    payload: dict[str, Any] = {"kind": one.kind, "code": one.row["code"], "data": said.public}
    if said.personal:
        rows = kept(one.row["id"], one.seen + 1, said.personal, new_salt(unit.new_id))
        payload["apart"] = {row.field: row.digest for row in rows}
        writing.personal += rows
    return audit_log.entry(
        one.row["id"], one.seen + 1, unit.now, unit.actor.name, "put", payload, unit.pack.fingerprint,
        one.previous_hash,
    )  # fmt: skip


# -- outbox ----------------------------------------------------------------------------------------


def _messages(writing: Writing) -> list[QueuedMessage]:
    """What events asked to be sent; what two of them asked for is one message (MS1)."""
    unit = writing.unit
    rows = []
    for document_id, message in dict.fromkeys(unit.messages):
        document = unit.get(document_id)
        recipient = str(document.party_facts.get("email", ""))
        payload = {"message": message, "to": recipient, "language": document.language, "number": document.number}
        row = QueuedMessage(
            unit.new_id(), "mail" if recipient else "letter", document_id,
            f"{document_id}:{document.version}:{message}", payload,
        )  # fmt: skip
        rows.append(row)
        _note_message(writing, row, document.personal_salt)
    for row in unit.notices:
        rows.append(row)
        _note_message(writing, row, None)
    return rows


def _note_message(writing: Writing, row: QueuedMessage, salt: str | None) -> None:
    values = {**row._asdict(), "created_at": writing.unit.now}
    writing.written.outbox[row.id] = message_digests(values, salt)


def _settled(unit: Unit, writing: Writing) -> None:
    """After the write, what is in memory is what is stored; stock balances are read again when needed."""
    for one in writing.changed:
        one.original, one.wants_number = one.document, False
    for pending in (
        unit.happened, unit.messages, unit.notices, unit.allocations, unit.postings, unit.adjustments, unit.master,
        unit.revalued, unit.registers,
    ):  # fmt: skip
        pending.clear()
    unit.given_values.clear()
    unit.answers.clear()
    unit.outcomes.clear()
    unit.moves.clear()
    unit.pending.clear()
    unit.moved.clear()
    unit.exposed.clear()
    unit.places.clear()
    unit.balances.clear()
    unit.dated.clear()
    unit.item_policies.clear()
    unit.outstanding.clear()
    unit.allocated.clear()
    unit.discounted_by.clear()
    unit.referenced.clear()
    unit.counted.clear()
    unit.reliance.clear()
