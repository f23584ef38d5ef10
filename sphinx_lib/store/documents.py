"""Documents and lines in the database: read many, write many, in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    union,
    update,
)

from sphinx_lib.kernel.document import EARLY_PAYMENT, EMPTY, Allocation, Document, Id, Line
from sphinx_lib.kernel.errors import ConcurrentChange
from sphinx_lib.store.among import Listing, among
from sphinx_lib.store.codec import DOCUMENT_FIELDS, document_of, document_row, line_of, line_row, progress_json
from sphinx_lib.store.search import as_stored, custom_column
from sphinx_lib.store.standing import lines_of
from sphinx_lib.store.tables import NOTHING, allocations, document_lines, documents

_SEEN_WITH = "version_of_document"
_LINES = Listing("ids", lambda named: (
    select(document_lines, documents.c.version.label(_SEEN_WITH))
    .join(documents, and_(
        documents.c.company_id == document_lines.c.company_id, documents.c.id == document_lines.c.document_id,
    ))
    .where(document_lines.c.company_id == bindparam("company"), named(document_lines.c.document_id))
    .order_by(document_lines.c.document_id, document_lines.c.position)
))  # fmt: skip
_DOCUMENTS = Listing("ids", lambda named: (
    select(documents).where(documents.c.company_id == bindparam("company"), named(documents.c.id))
))  # fmt: skip
_DOCUMENTS_AND_ROOTS = Listing("ids", lambda named: select(documents).where(
    documents.c.company_id == bindparam("company"),
    documents.c.id.in_(union(
        select(documents.c.id).where(documents.c.company_id == bindparam("company"), named(documents.c.id)),
        select(document_lines.c.root_document).where(
            document_lines.c.company_id == bindparam("company"), named(document_lines.c.document_id),
            document_lines.c.root_document.is_not(None),
        ),
    )),
))  # fmt: skip
_HOLD = Listing("ids", lambda named: (
    select(documents.c.id, documents.c.version)
    .where(documents.c.company_id == bindparam("company"), named(documents.c.id))
    .order_by(documents.c.id)
    .with_for_update()
))  # fmt: skip
_INSERT_DOCUMENT = insert(documents)
_INSERT_LINE = insert(document_lines)
_FIXED = frozenset({"id", "type", "kind"})
_UPDATED = tuple(name for name in DOCUMENT_FIELDS if name not in _FIXED)
_UPDATE_DOCUMENT = (
    update(documents)
    .where(documents.c.company_id == bindparam("b_company"))
    .where(documents.c.id == bindparam("b_id"))
    .where(documents.c.version == bindparam("b_seen"))
    .values({name: bindparam(name) for name in _UPDATED})
)
_NUMBER_DOCUMENT = (
    update(documents)
    .where(documents.c.company_id == bindparam("b_company"))
    .where(documents.c.id == bindparam("b_id"))
    .values({name: bindparam(name) for name in ("number", "root_number", "audit_hash", "total_cost")})
)
_ADVANCE_LINE = (
    update(document_lines)
    .where(document_lines.c.company_id == bindparam("b_company"))
    .where(document_lines.c.id == bindparam("b_id"))
    .values(progress=bindparam("progress"))
)
_DELETE_LINES = Listing("ids", lambda named: (
    delete(document_lines)
    .where(document_lines.c.company_id == bindparam("b_company"), named(document_lines.c.id))
))  # fmt: skip


def load(connection: Connection, company: str, ids: Sequence[Id], *, with_roots: bool = False) -> list[Document]:
    """The documents with ``ids`` that exist, with their lines; ``with_roots`` adds those of their root lines.

    Two statements whatever the number of documents and lines. Documents are read before their lines, so that what another
    unit of work commits in between has the old version, over which no write succeeds; each line says with which version of
    its document it was read, and a document whose lines say another is read again.
    """
    found: dict[Id, Document] = {}
    statement, asked = (_DOCUMENTS_AND_ROOTS if with_roots else _DOCUMENTS), list(ids)
    while asked:
        rows = connection.execute(statement.of(asked), {"company": company, "ids": asked}).mappings().all()
        by_id = {row["id"]: row for row in rows}
        lines, newer = _lines(connection, company, list(by_id), by_id) if by_id else ({}, set())
        for one in by_id.keys() - newer:
            found[one] = document_of(dict(by_id[one]), tuple(lines.get(one, ())))
        asked = [one for one in by_id if one in newer]
    wanted = [one for one in dict.fromkeys(ids) if one in found]
    return [found[one] for one in [*wanted, *sorted(found.keys() - set(wanted))]]


def hold(connection: Connection, company: str, seen: Mapping[Id, int]) -> list[Id]:
    """Keep others from changing these documents until this unit of work ends; gives those that changed since they were
    read with the version in ``seen``. Rows are locked in the order of ids."""
    if not seen:
        return []
    rows = connection.execute(_HOLD.of(seen), {"company": company, "ids": list(seen)})
    now = {row.id: row.version for row in rows}
    return [one for one, version in seen.items() if now.get(one) != version]


def _lines(
    connection: Connection, company: str, ids: Sequence[Id], read: Mapping[Id, Any]
) -> tuple[dict[Id, list[Line]], set[Id]]:
    """The lines of documents, and the documents that are newer now than they were ``read``."""
    found: dict[Id, list[Line]] = {}
    newer: set[Id] = set()
    for row in connection.execute(_LINES.of(ids), {"company": company, "ids": ids}).mappings():
        owner = row["document_id"]
        found.setdefault(owner, []).append(line_of(dict(row)))
        if row[_SEEN_WITH] != read[owner]["version"]:
            newer.add(owner)
    return found, newer


def insert_documents(connection: Connection, company: str, new: Sequence[Document]) -> None:
    """Write new documents with their lines."""
    if not new:
        return
    connection.execute(_INSERT_DOCUMENT, [document_row(document, company) for document in new])
    _insert_lines(connection, company, ((line, document.id) for document in new for line in document.lines))


def _insert_lines(connection: Connection, company: str, lines: Iterable[tuple[Line, Id]]) -> None:
    rows = [line_row(line, document_id, company) for line, document_id in lines]
    if rows:
        connection.execute(_INSERT_LINE, rows)


def update_documents(connection: Connection, company: str, changed: Sequence[tuple[int, Document]]) -> None:
    """Write documents over the version that was seen; ConcurrentChange when somebody else wrote in between."""
    if not changed:
        return
    rows = []
    for seen, document in changed:
        row = document_row(document, company)
        values = {name: row[name] for name in _UPDATED}
        rows.append({**values, "b_company": company, "b_id": document.id, "b_seen": seen})
    result = connection.execute(_UPDATE_DOCUMENT, rows)
    if result.rowcount != len(rows):
        raise ConcurrentChange(
            "somebody else changed " + names_of(document for _, document in changed) + " meanwhile; read it again",
            documents=tuple(document.id for _, document in changed),
        )


def names_of(changed: Iterable[Document]) -> str:
    """Type and number, or id, of each document."""
    return ", ".join(f"{document.type} {document.number or document.id}" for document in changed)


def number_documents(connection: Connection, company: str, numbered: Sequence[Document]) -> None:
    """Write the number that a document already written took, the head of its audit chain, and what its goods cost."""
    if numbered:
        rows = [
            {"b_company": company, "b_id": document.id, "number": document.number,
             "root_number": document.root_number, "audit_hash": document.audit_hash,
             "total_cost": document.total_cost}
            for document in numbered
        ]  # fmt: skip
        connection.execute(_NUMBER_DOCUMENT, rows)


def set_salt(connection: Connection, company: str, document: Document) -> None:
    """Give a document the salt that its digests of what is personal are made with."""
    own = documents.c.company_id == company, documents.c.id == document.id
    connection.execute(update(documents).where(*own).values(personal_salt=document.personal_salt))


def advance_lines(connection: Connection, company: str, lines: Sequence[Line]) -> None:
    """Write the progress of lines."""
    if lines:
        rows = [{"b_company": company, "b_id": line.id, "progress": progress_json(line.progress)} for line in lines]
        connection.execute(_ADVANCE_LINE, rows)


def rewrite_lines(
    connection: Connection, company: str, gone: Sequence[Id], written: Sequence[tuple[Line, Id]]
) -> None:
    """Take out lines of (editable) documents, and write lines, each with the id of its document, in their place."""
    if gone:
        connection.execute(_DELETE_LINES.of(gone), {"b_company": company, "ids": gone})
    _insert_lines(connection, company, written)


def ids_where(
    connection: Connection,
    company: str,
    filters: Mapping[str, Any],
    own: Mapping[str, str] = EMPTY,
    *,
    after: Id = "",
    limit: int | None = None,
) -> list[Id]:
    """Ids of documents whose fields equal (or are among) the given values, in order of creation.

    ``own`` gives the kinds of the searchable fields of one's own among the names of ``filters``.
    """
    statement = select(documents.c.id).where(documents.c.company_id == company)
    for name, given in filters.items():
        column, value = _filter(name, given, own, connection.dialect.name)
        statement = statement.where(among(column, value) if isinstance(value, list | tuple | set) else column == value)
    if after:
        statement = statement.where(documents.c.id > after)
    if limit is None:  # ordered by SQL, a planner would rather read all documents by id than a few by their state
        return sorted(connection.scalars(statement))
    return list(connection.scalars(statement.order_by(documents.c.id).limit(limit)))


def _filter(name: str, given: Any, own: Mapping[str, str], dialect: str) -> tuple[ColumnElement[Any], Any]:
    if name not in own:
        return documents.c[name], given
    column = custom_column(name, own[name], dialect)
    if isinstance(given, list | tuple | set):
        return column, [as_stored(one) for one in given]
    return column, as_stored(given)


def made_from(connection: Connection, company: str, sources: Sequence[Id], type: str | None = None) -> list[Id]:
    """Documents, of one type or of any, that have a line made from a line of one of ``sources``."""
    lines = document_lines.c
    statement = (
        select(documents.c.id)
        .join(document_lines, (lines.company_id == documents.c.company_id) & (lines.document_id == documents.c.id))
        .where(documents.c.company_id == company, among(lines.source_document, sources))
        .distinct()
    )
    if type is not None:
        statement = statement.where(documents.c.type == type)
    return sorted(connection.scalars(statement)) if sources else []


class OfDeal(NamedTuple):
    """What a document brings to its deal, in its own currency: goods and services after discounts, and what they cost.

    ``goods`` is what they come to before discounts at the foot.
    """

    type: str
    kind: str
    state: str
    rate: Decimal
    net: Decimal
    cost: Decimal
    id: Id
    number: str | None
    goods: Decimal


def of_deal(connection: Connection, company: str, deal: str) -> list[OfDeal]:
    """All documents of a deal, without their lines, in one statement."""
    c = documents.c
    columns = (c.type, c.kind, c.state, c.rate, c.total_net, c.totals, c.total_cost, c.id, c.number)
    statement = select(*columns).where(c.company_id == company, c.deal == deal, c.deal != literal_column("''"))
    return [
        OfDeal(
            type, kind, state, Decimal(rate), Decimal((totals or {}).get("net_commercial", net)), cost, id, number,
            Decimal((totals or {}).get("goods", net)),
        )
        for type, kind, state, rate, net, totals, cost, id, number in connection.execute(statement)
    ]  # fmt: skip


class Unstocked(NamedTuple):
    """A line of a deal that moves no stock: ``net`` in the document's currency, ``cost`` of one unit in the company's."""

    document_id: Id
    item: str | None
    quantity: Decimal
    net: Decimal
    cost: Decimal | None


def unstocked_of_deal(connection: Connection, company: str, deal: str) -> list[Unstocked]:
    """The priced lines of all documents of a deal that move no stock, in one statement."""
    c, lines = documents.c, document_lines.c
    statement = (
        select(*(lines[name] for name in Unstocked._fields))
        .where(lines_of(company, and_(c.company_id == company, c.deal == deal, c.deal != literal_column("''"))))
        .where(lines.stocked.is_(False), lines.role == "", lines.quantity.is_not(None))
    )
    return [Unstocked(*row) for row in connection.execute(statement)]


def open_items(connection: Connection, company: str, party: str, types: Sequence[str], currency: str) -> list[Id]:
    """Documents of a party with an open balance in a currency, oldest due date first."""
    statement = (
        select(documents.c.id)
        .where(documents.c.company_id == company, documents.c.party == party, documents.c.exposure != NOTHING)
        .where(documents.c.type.in_(types), documents.c.balance != NOTHING, documents.c.currency == currency)
        .order_by(documents.c.due_date, documents.c.number)
    )
    return list(connection.scalars(statement))


def overdue(connection: Connection, company: str, party: str, classes: Sequence[str], day: date) -> Decimal:
    """What a party should have paid before ``day``, in company currency: its open documents past due, credits aside."""
    c = documents.c
    statement = (
        select(func.sum(c.exposure))
        .where(c.company_id == company, c.party == party, c.exposure > NOTHING, c.exposure != NOTHING)
        .where(c.exposure_class.in_(classes), c.due_date < day)
    )
    return connection.execute(statement).scalar_one() or Decimal(0)


def insert_allocations(connection: Connection, company: str, new: Iterable[Allocation]) -> None:
    """Write allocations; taking one back is a negative one."""
    rows = [{"company_id": company, **one._asdict()} for one in new]
    if rows:
        connection.execute(insert(allocations), rows)


def sums_of_allocations(
    connection: Connection, company: str, ids: Collection[Id] | None = None
) -> dict[Id, Decimal]:
    """By document, what was settled of it and what of it settled others: both lower its open balance.

    Of all documents unless ``ids`` are given.
    """
    found: dict[Id, Decimal] = {}
    for column in (allocations.c.payment_id, allocations.c.document_id):
        statement = select(column, func.sum(allocations.c.amount)).where(allocations.c.company_id == company)
        if ids is not None:
            statement = statement.where(column.in_(sorted(ids)))
        for document_id, amount in connection.execute(statement.group_by(column)):
            found[document_id] = found.get(document_id, Decimal(0)) + amount
    return found


def allocations_of(connection: Connection, company: str, payments: Sequence[Id]) -> list[Allocation]:
    """What these payments and credit notes were put against."""
    return _allocations(connection, company, among(allocations.c.payment_id, payments))


def discounts_on(connection: Connection, company: str, targets: Sequence[Id]) -> list[Allocation]:
    """What credit notes of a discount for early payment were put against these documents (E2).

    A document may have been settled by any number of payments, which are not read.
    """
    lines = document_lines.c
    of_discount = exists().where(
        lines.company_id == company, lines.document_id == allocations.c.payment_id, lines.role == EARLY_PAYMENT
    )
    return _allocations(connection, company, among(allocations.c.document_id, targets), of_discount)


def _allocations(connection: Connection, company: str, *which: ColumnElement[bool]) -> list[Allocation]:
    columns = (allocations.c[name] for name in Allocation._fields)
    statement = select(*columns).where(allocations.c.company_id == company, *which)
    return [Allocation(*row) for row in connection.execute(statement)]
