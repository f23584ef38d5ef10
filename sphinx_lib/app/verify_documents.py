"""Checking documents: what they say, how they stand, what is open of them, how far their lines got."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from decimal import Decimal

from sqlalchemy import Connection

from sphinx_lib.app.standing import standing
from sphinx_lib.app.verify_entries import Booked, posted_faults
from sphinx_lib.app.verify_log import Fault, Log, Said
from sphinx_lib.app.weighing import weighing
from sphinx_lib.kernel.document import ZERO, Document, Id, Progress
from sphinx_lib.kernel.errors import SphinxError
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.pack.pack import Pack
from sphinx_lib.stock.pegs import weights
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import proof_rows
from sphinx_lib.store.canonical import salted
from sphinx_lib.store.content import STANDING, apart, content_digest, is_first_content, standing_of

CHUNK = 500
UNREADABLE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
Unexplained = dict[tuple[Id, Id, str], Progress]
"""By document, line and progress: what its targets add up to less what the line says; nothing when both agree."""


def document_faults(
    connection: Connection, company: str, pack: Pack, log: Log, booked: Mapping[Id, Booked]
) -> Iterator[Fault]:
    """Each document says what its last entry digested; what else it holds follows from other rows."""
    ids = sorted(log.names)
    allocated = store_documents.sums_of_allocations(connection, company)
    unexplained: Unexplained = {}
    for start in range(0, len(ids), CHUNK):
        documents = yield from _load(connection, company, ids[start : start + CHUNK], log)
        for document in documents:
            said = log.said.get(document.id, Said())
            wrong = list(_content(document, said, log))
            yield from wrong
            if wrong:
                continue  # what follows from a document says nothing while the document itself is not what it was
            try:
                follows = [
                    *_stands(document, said, pack, log),
                    *_balance(document, allocated.get(document.id, ZERO), pack, log),
                    *posted_faults(document, log.name(document.id), booked.get(document.id), pack, said.pack),
                ]
                _count(document, pack, unexplained)
            except (SphinxError, LookupError) as error:
                follows = [Fault(log.name(document.id), f"it cannot be checked by the configuration of today: {error}")]
            yield from follows
        log.pace()
    yield from _progress(connection, company, unexplained, log)
    strays: dict[Id, list[Id]] = {}
    for document_id, line_id in proof_rows.stray_lines(connection, company):
        strays.setdefault(document_id, []).append(line_id)
    for document_id, lines in strays.items():
        yield Fault(document_id, f"there is no such document, and {len(lines)} lines of it are there")


def _load(connection: Connection, company: str, ids: Sequence[Id], log: Log) -> Generator[Fault, None, list[Document]]:
    """Documents; one whose values cannot be read is a fault, and does not hide the others."""
    try:
        return store_documents.load(connection, company, ids)
    except UNREADABLE:
        if len(ids) > 1:
            found = []
            for one in ids:
                found += yield from _load(connection, company, [one], log)
            return found
        yield Fault(log.name(ids[0]), "what is stored of it or of its lines cannot be read")
        return []


# -- what a document says --------------------------------------------------------------------------


def _content(document: Document, said: Said, log: Log) -> Iterator[Fault]:
    name, content = log.name(document.id), said.content
    if said.version and said.version != document.version:
        yield Fault(name, f"its version is {document.version}, the log says {said.version}")
    if said.state not in (None, document.state):
        yield Fault(name, f"its state is {document.state!r}, the log says {said.state!r}")
    if content is None:
        return
    if content.get("recipe", 1) == 1:
        if not is_first_content(document, content["content"]):
            yield Fault(name, "its content is not what its last audit entry recorded")
        return
    personal = content["personal"]
    split = apart(document, [tuple(path) for path in personal.get("paths", ())])
    if content_digest(split.public, document.lines, personal["digest"]) != content["content"]:
        yield Fault(name, "its content is not what its last audit entry recorded")
    if document.personal_salt is None and not split.personal:
        log.blanked += 1
    elif salted(document.personal_salt or "", split.personal) != personal["digest"]:
        of = ", ".join(split.personal) or "nothing"
        yield Fault(name, f"what it says of persons ({of}) is not what its last audit entry recorded")


# -- how it stands ---------------------------------------------------------------------------------


def _stands(document: Document, said: Said, pack: Pack, log: Log) -> Iterator[Fault]:
    """Exposure and statuses are what the write recorded that moved them last; by the same configuration they follow from
    the state, the balance and the lines."""
    wrong = set()
    for name, value, recorded in zip(STANDING, standing_of(document), said.standing or (), strict=False):
        if value != recorded:
            wrong.add(name)
            yield Fault(log.name(document.id), f"its {name} is {value or 'empty'}, the log says {recorded or 'empty'}")
    if said.pack != pack.fingerprint or (document.type, document.kind) not in pack.types:
        return
    for name, value in standing(document, pack).items():
        if name not in wrong and getattr(document, name) != value:
            now = getattr(document, name)
            yield Fault(log.name(document.id), f"its {name} is {now or 'empty'}, its lines say {value or 'empty'}")


def _balance(document: Document, allocated: Decimal, pack: Pack, log: Log) -> Iterator[Fault]:
    """What is open of an issued document is what no allocation took (a bounced payment has nothing open)."""
    declared = pack.type_of(document.type, document.kind)
    payable = declared.payable and document.number is not None
    due = document.net_to_pay - allocated if payable else ZERO
    posted = payable and declared.says(document.state, "posts") is not None
    if document.balance != due and (posted or document.balance):
        yield Fault(
            log.name(document.id),
            f"its open balance is {plain_number(document.balance)}, its allocations say {plain_number(due)}",
        )


# -- how far its lines got -------------------------------------------------------------------------


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


def _readable(connection: Connection, company: str, ids: Sequence[Id], log: Log) -> list[Document]:
    reading = _load(connection, company, ids, log)
    while True:
        try:
            next(reading)  # told before
        except StopIteration as done:
            return list(done.value)


def _progress(connection: Connection, company: str, unexplained: Unexplained, log: Log) -> Iterator[Fault]:
    """How far a line got is what the lines made from it add up to (rule 7)."""
    owners = {owner for owner, _, _ in unexplained}
    lines = {
        line.id: line
        for start in range(0, len(owners), CHUNK)
        for document in _readable(connection, company, sorted(owners)[start : start + CHUNK], log)
        for line in document.lines
    }
    for (owner, line_id, name), rest in sorted(unexplained.items()):
        line = lines.get(line_id)
        if line is None:
            yield Fault(log.name(owner), f"line {line_id}, from which others were made, is gone")
            continue
        got = line.progress.get(name, Progress())
        part = next(part for part in Progress._fields if getattr(rest, part))
        says, made = getattr(got, part), getattr(got, part) + getattr(rest, part)
        what = name if part == "done" else f"{name} {part}"
        yield Fault(
            log.name(owner),
            f"line {line.position}: {what} is {plain_number(says)}, its documents say {plain_number(made)}",
        )
