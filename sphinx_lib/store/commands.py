"""Idempotency keys: the answer of a command that was done, by its key (architecture 4.8)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from sphinx_lib.store.tables import commands
from sphinx_lib.store.types import read_back

_FIND = select(commands.c.input_hash, commands.c.answer).where(
    commands.c.company_id == bindparam("company"), commands.c.key == bindparam("key")
)
_ANSWER = (
    update(commands)
    .where(commands.c.company_id == bindparam("company"), commands.c.key == bindparam("named"))
    .values(answer=bindparam("answer"))
)
_CLAIM = {
    name: dialect.insert(commands).on_conflict_do_nothing().returning(commands.c.key)
    for name, dialect in (("postgresql", postgresql), ("sqlite", sqlite))
}


class Answer(NamedTuple):
    """What a command answered, and the digest of its input."""

    input_hash: str
    value: Any


def find(connection: Connection, company: str, key: str) -> Answer | None:
    """The answer stored under ``key``."""
    row = connection.execute(_FIND, {"company": company, "key": key}).first()
    return Answer(row.input_hash, row.answer["value"]) if row else None


def claim(connection: Connection, company: str, key: str, input_hash: str, at: datetime) -> bool:
    """Whether this unit of work is the one that answers ``key``; it waits while another one is about to."""
    row = {"company_id": company, "key": key, "input_hash": input_hash, "answer": None, "recorded_at": at}
    return connection.execute(_CLAIM[connection.dialect.name], row).first() is not None


def answer(connection: Connection, company: str, key: str, value: Any) -> None:
    """Keep the answer of a claimed key."""
    connection.execute(_ANSWER, {"company": company, "named": key, "answer": stored(value)})


def stored(value: Any) -> dict[str, Any]:
    """An answer as it is kept, and comes back: texts, numbers, lists and mappings only."""
    return {"value": read_back(value)}
