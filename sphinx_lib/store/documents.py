"""Documents and lines in the database: read many, write many, in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, insert, literal_column, select, update

from sphinx_lib.kernel.document import EMPTY, Allocation, Document, Id, Line
from sphinx_lib.kernel.errors import ConcurrentChange
from sphinx_lib.store.codec import DOCUMENT_FIELDS, document_of, document_row, line_of, line_row, progress_json
from sphinx_lib.store.search import as_stored, custom_column
from sphinx_lib.store.standing import lines_of
from sphinx_lib.store.tables import NOTHING, allocations, document_lines, documents

_LINES = (
    select(document_lines)
    .where(document_lines.c.company_id == bindparam("company"))
    .where(document_lines.c.document_id.in_(bindparam("ids", expanding=True)))
    .order_by(document_lines.c.document_id, document_lines.c.position)
)
_DOCUMENTS = (
    select(documents)
    .where(documents.c.company_id == bindparam("company"))
    .where(documents.c.id.in_(bindparam("ids", expanding=True)))
)
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
_DELETE_LINES = (
    delete(document_lines)
    .where(document_lines.c.company_id == bindparam("b_company"))
    .where(document_lines.c.document_id.in_(bindparam("ids", expanding=True)))
)


def load(connection: Connection, company: str, ids: Sequence[Id], *, with_roots: bool = False) -> list[Document]:
    """The documents with ``ids`` that exist, with their lines; ``with_roots`` adds those of their root lines.

    Two statements, three with roots, whatever the number of documents and lines.
    """
    if not ids:
        return []
    lines = _lines(connection, company, ids)
    wanted = list(dict.fromkeys(ids))
    if with_roots:
        known = set(wanted)
        roots = {line.root_document for found in lines.values() for line in found if line.root_document} - known
        if roots:
            lines |= _lines(connection, company, sorted(roots))
            wanted += sorted(roots)
    rows = connection.execute(_DOCUMENTS, {"company": company, "ids": wanted}).mappings().all()
    by_id = {row["id"]: document_of(dict(row), tuple(lines.get(row["id"], ()))) for row in rows}
    return [by_id[one] for one in wanted if one in by_id]


def _lines(connection: Connection, company: str, ids: Sequence[Id]) -> dict[Id, list[Line]]:
    found: dict[Id, list[Line]] = {}
    for row in connection.execute(_LINES, {"company": company, "ids": ids}).mappings():
        found.setdefault(row["document_id"], []).append(line_of(dict(row)))
    return found


def insert_documents(connection: Connection, company: str, new: Sequence[Document]) -> None:
    """Write new documents with their lines."""
    if not new:
        return
    connection.execute(_INSERT_DOCUMENT, [document_row(document, company) for document in new])
    insert_lines(connection, company, new)


def insert_lines(connection: Connection, company: str, of: Sequence[Document]) -> None:
    """Write the lines of documents."""
    rows = [line_row(line, document.id, company) for document in of for line in document.lines]
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
            "somebody else changed " + _names(document for _, document in changed) + " meanwhile; read it again",
            documents=tuple(document.id for _, document in changed),
        )


def _names(changed: Iterable[Document]) -> str:
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


def rewrite_lines(connection: Connection, company: str, of: Sequence[Document]) -> None:
    """Replace all lines of (editable) documents."""
    if of:
        connection.execute(_DELETE_LINES, {"b_company": company, "ids": [document.id for document in of]})
        insert_lines(connection, company, of)


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
        statement = statement.where(column.in_(value) if isinstance(value, list | tuple | set) else column == value)
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
        .where(documents.c.company_id == company, lines.source_document.in_(sources))
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


def insert_allocations(connection: Connection, company: str, new: Sequence[Allocation]) -> None:
    """Write allocations; taking one back is a negative one."""
    if new:
        connection.execute(insert(allocations), [{"company_id": company, **one._asdict()} for one in new])


def sums_of_allocations(connection: Connection, company: str) -> dict[Id, Decimal]:
    """By document, what was settled of it and what of it settled others: both lower its open balance."""
    found: dict[Id, Decimal] = {}
    for column in (allocations.c.payment_id, allocations.c.document_id):
        statement = select(column, func.sum(allocations.c.amount)).where(allocations.c.company_id == company)
        for document_id, amount in connection.execute(statement.group_by(column)):
            found[document_id] = found.get(document_id, Decimal(0)) + amount
    return found


def allocations_of(connection: Connection, company: str, payments: Sequence[Id]) -> list[Allocation]:
    """What these payments and credit notes were put against."""
    return _allocations(connection, company, allocations.c.payment_id, payments)


def allocations_to(connection: Connection, company: str, targets: Sequence[Id]) -> list[Allocation]:
    """What payments and credit notes were put against these documents."""
    return _allocations(connection, company, allocations.c.document_id, targets)


def _allocations(connection: Connection, company: str, column: ColumnElement[Any], ids: Sequence[Id]) -> list[Allocation]:
    statement = select(*(allocations.c[name] for name in Allocation._fields)).where(allocations.c.company_id == company)
    return [Allocation(*row) for row in connection.execute(statement.where(column.in_(ids)))]
