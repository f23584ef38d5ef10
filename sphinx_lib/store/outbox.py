"""The outbox: what is to be sent after commit, at least once, each with a key against repetition (MS1).

A sender claims messages with a lease: ``holder`` is its token and ``due_at`` the end of the lease. What it has not marked by
then is due again, and another sender may claim it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, null, select, update

from sphinx_lib.kernel.document import Id
from sphinx_lib.kernel.ports import DELIVERED, OutboxMessage, QueuedMessage
from sphinx_lib.store.tables import outbox
from sphinx_lib.store.written import OUTCOME_FIELDS, row_digest

WAITING = ("queued", "failed")
_COLUMNS = tuple(outbox.c[name] for name in QueuedMessage._fields)
_ALL = tuple(outbox.c[name] for name in OutboxMessage._fields)
_OLDEST_FIRST = (outbox.c.created_at, outbox.c.id)


def queue(
    connection: Connection, company: str, rows: Sequence[QueuedMessage], at: datetime
) -> None:
    """Write messages in the same unit of work as what they tell about; they are due at once."""
    if rows:
        when = {"company_id": company, "created_at": at, "due_at": at}
        connection.execute(insert(outbox), [{**when, **row._asdict()} for row in rows])


def _due(company: str, at: datetime) -> ColumnElement[bool]:
    mine = outbox.c.company_id == company
    return and_(mine, outbox.c.state.in_(WAITING), outbox.c.due_at <= at)


def due(connection: Connection, company: str, at: datetime) -> list[QueuedMessage]:
    """Messages that a sender may claim at ``at``, oldest first."""
    statement = select(*_COLUMNS).where(_due(company, at)).order_by(*_OLDEST_FIRST)
    return [QueuedMessage(*row) for row in connection.execute(statement)]


def count_due(connection: Connection, company: str, at: datetime) -> int:
    """How many messages a sender may claim at ``at``."""
    statement = select(func.count()).select_from(outbox).where(_due(company, at))
    return connection.execute(statement).scalar_one()


def claim(
    connection: Connection, company: str, holder: Id, at: datetime, until: datetime, limit: int
) -> list[QueuedMessage]:
    """Take the oldest messages due at ``at`` for ``holder``, until its lease ends; oldest first.

    One statement, so that no two senders get the same message: rows that another one is just claiming are passed over on
    PostgreSQL, and SQLite lets one writer at a time.
    """
    oldest = select(outbox.c.id).where(_due(company, at)).order_by(*_OLDEST_FIRST).limit(limit)
    # Locked in a CTE of its own: within IN, PostgreSQL may ask for the rows more than once and pass the limit.
    chosen = oldest.with_for_update(skip_locked=True).cte("chosen")
    statement = (
        update(outbox)
        .where(outbox.c.company_id == company, outbox.c.id.in_(select(chosen.c.id)))
        .values(holder=holder, due_at=until)
        .returning(outbox.c.created_at, *_COLUMNS)
    )
    rows = sorted(connection.execute(statement).all(), key=lambda row: (row.created_at, row.id))
    return [QueuedMessage(*row[1:]) for row in rows]


def _held(company: str, holder: Id) -> ColumnElement[bool]:
    mine = outbox.c.company_id == company
    return and_(mine, outbox.c.holder == holder, outbox.c.state.in_(WAITING))


def renew(connection: Connection, company: str, holder: Id, until: datetime) -> set[Id]:
    """Make the lease of all that ``holder`` still holds longer; returns their ids."""
    statement = update(outbox).where(_held(company, holder)).values(due_at=until)
    return set(connection.execute(statement.returning(outbox.c.id)).scalars())


def release(connection: Connection, company: str, holder: Id, at: datetime) -> None:
    """Give back all that ``holder`` still holds: it is due at once."""
    free = {"holder": null(), "due_at": at}
    connection.execute(update(outbox).where(_held(company, holder)).values(free))


def mark_delivered(
    connection: Connection, company: str, message: Id, state: str, at: datetime
) -> list[Any] | None:
    """Record that a message went out, whoever holds it now; its outcome, or None when that was on record already.

    A sender whose lease ran out in between has sent it all the same, and nobody is to send it again.
    """
    statement = (
        update(outbox)
        .where(outbox.c.company_id == company, outbox.c.id == message)
        .where(outbox.c.state.not_in(DELIVERED))
        .values(
            state=state, attempts=outbox.c.attempts + 1, last_error="", holder=null(), done_at=at
        )
        .returning(outbox.c.attempts)
    )
    attempts = connection.execute(statement).scalar_one_or_none()
    return None if attempts is None else _outcome(state, attempts, "", at)


def _outcome(state: str, attempts: int, error: str, done_at: datetime | None) -> list[Any]:
    """How a message stands after so many tries, as the audit log keeps it."""
    values = {"state": state, "attempts": attempts, "last_error": error, "done_at": done_at}
    return [attempts, row_digest(values, OUTCOME_FIELDS)]


def mark_failed(
    connection: Connection, company: str, holder: Id, row: QueuedMessage, due_at: datetime
) -> list[Any] | None:
    """Record state, attempts and error of ``row``, which is due again at ``due_at``; its outcome, or None when the lease
    ran out.

    The row then belongs to another sender, whose own answer counts.
    """
    statement = (
        update(outbox)
        .where(_held(company, holder), outbox.c.id == row.id)
        .values(
            state=row.state, attempts=row.attempts, last_error=row.last_error, holder=null(),
            due_at=due_at,
        )
    )  # fmt: skip
    if connection.execute(statement).rowcount != 1:
        return None
    return _outcome(row.state, row.attempts, row.last_error, None)


def lock(connection: Connection, company: str, ids: Collection[Id]) -> list[OutboxMessage]:
    """Messages by id, kept from other writers until the transaction ends."""
    statement = select(*_ALL).where(outbox.c.company_id == company, outbox.c.id.in_(ids))
    rows = connection.execute(statement.order_by(outbox.c.id).with_for_update())
    return [OutboxMessage(*row) for row in rows]


def requeue(
    connection: Connection, company: str, rows: Collection[OutboxMessage], at: datetime
) -> dict[Id, list[Any]]:
    """Let messages be sent as if they were new; the last error stays until they are. Gives their outcomes by id."""
    fresh = {"state": "queued", "attempts": 0, "holder": null(), "due_at": at, "done_at": null()}
    ids = [row.id for row in rows]
    statement = update(outbox).where(outbox.c.company_id == company, outbox.c.id.in_(ids))
    connection.execute(statement.values(fresh))
    return {row.id: _outcome("queued", 0, row.last_error, None) for row in rows}


def messages(
    connection: Connection, company: str, states: Collection[str], document: Id | None, limit: int | None,
) -> list[OutboxMessage]:  # fmt: skip
    """Messages in ``states``, of one document or of all, oldest first."""
    statement = select(*_ALL).where(outbox.c.company_id == company, outbox.c.state.in_(states))
    if document is not None:
        statement = statement.where(outbox.c.document_id == document)
    rows = connection.execute(statement.order_by(*_OLDEST_FIRST).limit(limit))
    return [OutboxMessage(*row) for row in rows]


def message(connection: Connection, company: str, message_id: Id) -> OutboxMessage | None:
    """A message by id; none when there is none."""
    statement = select(*_ALL).where(outbox.c.company_id == company, outbox.c.id == message_id)
    row = connection.execute(statement).first()
    return None if row is None else OutboxMessage(*row)


def counts(connection: Connection, company: str, document: Id) -> int:
    """How many messages a document has caused."""
    statement = select(func.count()).where(
        outbox.c.company_id == company, outbox.c.document_id == document
    )
    return connection.execute(statement).scalar_one()
