"""Seals over the audit log: what no chain covers, such as a document cut off with all its entries
(architecture 4.7).

Membership is a table, never a time range: a unit of work may commit after a seal that was begun
later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, insert, literal, or_, select

from sphinx_lib.kernel.document import Id
from sphinx_lib.kernel.seal import Seal
from sphinx_lib.store.audit_log import canonical
from sphinx_lib.store.tables import audit_log, documents, seal_members, seals

RECIPE = 2
AT_ONCE = 5000
_log, _member = audit_log.c, seal_members.c
_SEAL = tuple(
    (seals.c.company_id if one.name == "company" else seals.c[one.name]) for one in fields(Seal)
)
_COVERED = and_(
    _member.company_id == _log.company_id,
    _member.document_id == _log.document_id,
    _member.version == _log.version,
)


class Member(NamedTuple):
    """An entry that a seal covers: its document or record, its version, and its hash when it was
    sealed.
    """

    document_id: Id
    version: int
    hash: str


class Lost(NamedTuple):
    """An entry that was sealed, and is gone or has another hash; ``type`` is None when its document
    is gone too.
    """

    seal: int
    document_id: Id
    version: int
    type: str | None
    number: str | None
    gone: bool


def add(connection: Connection, company: str, at: datetime) -> Seal | None:
    """Seal every entry that no seal covers yet; None when there is none.

    In five statements, whatever the number of entries, which the database copies itself. Who seals
    at the same time waits: the next seal begins where this one ends.
    """
    _wait_for_others(connection, company)
    last = newest(connection, company)
    number, previous = (last.number + 1, last.hash) if last else (1, "")
    fresh = select(_log.company_id, _log.document_id, _log.version, literal(number), _log.hash)
    columns = ["company_id", "document_id", "version", "seal", "hash"]
    connection.execute(insert(seal_members).from_select(columns, _unsealed(fresh, company)))
    members = (
        member for _, group in members_by_seal(connection, company, number) for member in group
    )
    seal = digested(Seal(company, number, at, 0, previous, "", RECIPE), members)
    if not seal.entries:
        return None
    row = {
        "company_id" if one.name == "company" else one.name: getattr(seal, one.name)
        for one in fields(Seal)
    }
    connection.execute(insert(seals), row)
    return seal


def _wait_for_others(connection: Connection, company: str) -> None:
    """One seal of a company at a time. On SQLite a unit of work has the lock on the whole file from
    its beginning.
    """
    if connection.dialect.name == "postgresql":
        key = func.hashtextextended(f"sphinx_lib seal {company}", 0)
        connection.execute(select(func.pg_advisory_xact_lock(key)))


def _unsealed(wanted: Any, company: str) -> Any:
    joined = wanted.select_from(audit_log.outerjoin(seal_members, _COVERED))
    return joined.where(_log.company_id == company, _member.seal.is_(None))


def digested(seal: Seal, members: Iterable[Member]) -> Seal:
    """``seal`` with the count of its ``members``, which come by document and version, and the hash
    that its recipe gives.

    Recipe 2 covers all that the seal says and all its members; recipe 1 covered its members and the
    hash before, not its company, number, time and count.
    """
    if seal.recipe == 1:
        return _by_the_first_recipe(seal, members)
    covered, entries = sha256(), 0
    for member in members:
        covered.update(f"{member.document_id} {member.version} {member.hash}\n".encode())
        entries += 1
    said = [
        seal.recipe,
        seal.company,
        seal.number,
        seal.sealed_at,
        entries,
        seal.previous_hash,
        covered.hexdigest(),
    ]
    return replace(seal, entries=entries, hash=sha256(canonical(said).encode()).hexdigest())


def _by_the_first_recipe(seal: Seal, members: Iterable[Member]) -> Seal:
    """The digest of the hash before and a JSON list of all members, written piece by piece."""
    covered, entries = sha256(f"{seal.previous_hash}[".encode()), 0
    for member in members:
        covered.update(("," if entries else "").encode() + canonical(list(member)).encode())
        entries += 1
    covered.update(b"]")
    return replace(seal, entries=entries, hash=covered.hexdigest())


def newest(connection: Connection, company: str, number: int | None = None) -> Seal | None:
    """The last seal, or the one with ``number``; None when there is none."""
    found = (
        select(*_SEAL).where(seals.c.company_id == company).order_by(seals.c.number.desc()).limit(1)
    )
    if number is not None:
        found = found.where(seals.c.number == number)
    row = connection.execute(found).first()
    return None if row is None else Seal(*row)


def every(connection: Connection, company: str) -> list[Seal]:
    """All seals by number."""
    statement = select(*_SEAL).where(seals.c.company_id == company).order_by(seals.c.number)
    return [Seal(*row) for row in connection.execute(statement)]


def members_by_seal(
    connection: Connection, company: str, first: int, last: int | None = None
) -> Iterator[tuple[int, Iterator[Member]]]:
    """The members of seals ``first`` to ``last`` (of ``first`` alone unless given), by document and
    version.

    They are read as they are asked for, and never all held.
    """
    statement = (
        select(_member.seal, _member.document_id, _member.version, _member.hash)
        .where(
            _member.company_id == company,
            _member.seal.between(first, first if last is None else last),
        )
        .order_by(_member.seal, _member.document_id, _member.version)
    )
    rows = connection.execute(statement.execution_options(yield_per=AT_ONCE))
    for number, group in groupby(rows, key=lambda row: int(row.seal)):
        yield number, (Member(row.document_id, row.version, row.hash) for row in group)


def numbers_of_members(connection: Connection, company: str) -> set[int]:
    """The numbers of the seals that entries name, whether these seals are there or not."""
    return set(
        connection.scalars(select(_member.seal).where(_member.company_id == company).distinct())
    )


def first_over(
    connection: Connection, company: str, entries: Collection[tuple[Id, int]]
) -> int | None:
    """The number of the first seal over one of ``entries``, given by document and version."""
    ids, found = sorted({document_id for document_id, _ in entries}), []
    for start in range(0, len(ids), AT_ONCE):
        statement = select(_member.document_id, _member.version, _member.seal).where(
            _member.company_id == company
        )
        for row in connection.execute(
            statement.where(_member.document_id.in_(ids[start : start + AT_ONCE]))
        ):
            found += [row.seal] if (row.document_id, row.version) in entries else []
    return min(found, default=None)


def lost(connection: Connection, company: str, first: int, last: int) -> Sequence[Lost]:
    """The entries of seals ``first`` to ``last`` that are no longer what they were when they were
    sealed.
    """
    document = and_(
        documents.c.company_id == _member.company_id, documents.c.id == _member.document_id
    )
    statement = (
        select(
            _member.seal, _member.document_id, _member.version, documents.c.type,
            documents.c.number, _log.hash.is_(None),
        )
        .select_from(seal_members.outerjoin(audit_log, _COVERED).outerjoin(documents, document))
        .where(_member.company_id == company, _member.seal.between(first, last))
        .where(or_(_log.hash.is_(None), _log.hash != _member.hash))
        .order_by(_member.document_id, _member.version)
    )  # fmt: skip
    return [Lost(*row) for row in connection.execute(statement)]


def open_entries(connection: Connection, company: str) -> tuple[int, datetime | None]:
    """How many entries no seal covers yet, and the time of the first of them."""
    wanted = select(func.count(), func.min(_log.recorded_at))
    count, first = connection.execute(_unsealed(wanted, company)).one()
    return count, first
