"""The outbox: what is to be sent after commit, at least once, each with a key against repetition (MS1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from sphinx_lib.kernel.document import Id
from sphinx_lib.kernel.ports import QueuedMessage
from sphinx_lib.store.tables import outbox
from sphinx_lib.store.written import OUTCOME_FIELDS, Written, row_digest

_COLUMNS = tuple(outbox.c[name] for name in QueuedMessage._fields)


def queue(connection: Connection, company: str, rows: Sequence[QueuedMessage], at: datetime) -> None:
    """Write messages in the same unit of work as what they tell about."""
    if rows:
        connection.execute(insert(outbox), [{"company_id": company, "created_at": at, **row._asdict()} for row in rows])


def waiting(
    connection: Connection, company: str, limit: int = 100, states: Sequence[str] = ("queued", "failed")
) -> list[QueuedMessage]:
    """Messages to be sent, oldest first."""
    statement = (
        select(*_COLUMNS)
        .where(outbox.c.company_id == company, outbox.c.state.in_(states))
        .order_by(outbox.c.created_at, outbox.c.id)
        .limit(limit)
    )
    return [QueuedMessage(*row) for row in connection.execute(statement)]


def mark(
    connection: Connection, company: str, row: QueuedMessage, state: str, error: str, at: datetime, written: Written
) -> None:
    """Record that a message was sent, or why it was not."""
    values = {
        "state": state, "attempts": row.attempts + 1, "last_error": error, "done_at": at if state == "sent" else None,
    }  # fmt: skip
    connection.execute(update(outbox).where(outbox.c.company_id == company, outbox.c.id == row.id).values(values))
    written.sent[row.id] = [values["attempts"], row_digest(values, OUTCOME_FIELDS)]


def counts(connection: Connection, company: str, document: Id) -> int:
    """How many messages a document has caused."""
    statement = select(func.count()).where(outbox.c.company_id == company, outbox.c.document_id == document)
    return connection.execute(statement).scalar_one()
