"""Accounting entries: written with their document, read in the order of their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from sphinx_lib.kernel.document import Entry, Id
from sphinx_lib.store.tables import accounting_entries

_INSERT = insert(accounting_entries)


def insert_entries(connection: Connection, company: str, numbered: Sequence[tuple[str, Entry]], at: datetime) -> None:
    """Write entries, each with the number that the series of its journal gave it."""
    rows = [
        {
            "company_id": company, "entry_id": entry.id, "position": position, "document_id": entry.document_id,
            "journal": entry.journal, "journal_label": entry.journal_label, "number": number, "date": entry.date,
            "piece": entry.piece, "label": entry.label, "recorded_at": at, "batch": None, **line._asdict(),
        }
        for number, entry in numbered
        for position, line in enumerate(entry.lines, 1)
    ]  # fmt: skip
    if rows:
        connection.execute(_INSERT, rows)


def between(connection: Connection, company: str, first: date, last: date) -> Iterator[Any]:
    """Entry lines dated from ``first`` to ``last``, by date, journal and number, a few thousand at a time."""
    c = accounting_entries.c
    statement = (
        select(accounting_entries)
        .where(c.company_id == company, c.date >= first, c.date <= last)
        .order_by(c.date, c.journal, c.number, c.position)
    )
    yield from connection.execute(statement.execution_options(yield_per=2000))


def of_documents(connection: Connection, company: str, ids: Sequence[Id]) -> list[Any]:
    """The entry lines that these documents caused."""
    c = accounting_entries.c
    statement = (
        select(accounting_entries)
        .where(c.company_id == company, c.document_id.in_(ids))
        .order_by(c.journal, c.number, c.position)
    )
    return list(connection.execute(statement))
