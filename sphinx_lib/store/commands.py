"""Idempotency keys: the answer of a command that was done, by its key (architecture 4.8)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select

from sphinx_lib.store.tables import commands

_FIND = select(commands.c.input_hash, commands.c.answer).where(
    commands.c.company_id == bindparam("company"), commands.c.key == bindparam("key")
)


class Answer(NamedTuple):
    """What a command answered, and the digest of its input."""

    input_hash: str
    value: Any


def find(connection: Connection, company: str, key: str) -> Answer | None:
    """The answer stored under ``key``."""
    row = connection.execute(_FIND, {"company": company, "key": key}).first()
    return Answer(row.input_hash, row.answer["value"]) if row else None


def store(connection: Connection, company: str, key: str, input_hash: str, value: Any, at: datetime) -> None:
    """Keep an answer; the primary key decides between two units of work with one key."""
    connection.execute(
        insert(commands),
        {"company_id": company, "key": key, "input_hash": input_hash, "answer": {"value": value}, "recorded_at": at},
    )
