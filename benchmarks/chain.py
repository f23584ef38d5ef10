"""The main job: quotation → order → delivery → invoice, beside the same rows written by bare SQLAlchemy Core.

Six units of work a chain, each a durable transaction: create · send · accept · derive the order · derive the note ·
derive and issue the invoice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, event, insert, select, update

from sphinx_lib import Actor, Sphinx
from sphinx_lib.store.tables import (
    accounting_entries,
    audit_log,
    document_lines,
    documents,
    outbox,
    sequences,
    stock_balances,
    stock_moves,
)

ALICE = Actor("alice")
ACCEPTED = {"channel": "phone", "person": "Mme Durand"}


class Measured(NamedTuple):
    """Per chain: milliseconds by the clock and of CPU, and SQL statements."""

    wall: float
    cpu: float
    statements: float


def prepare(app: Sphinx, items: int = 10) -> None:
    """A customer and items to sell."""
    with app.session(actor=ALICE) as session:
        session.put("customer", [{"code": "ACME", "name": "ACME SAS", "email": "achats@acme.example"}])
        rows = [
            {
                "code": f"ART-{n:03}",
                "name": {"fr": f"Article {n}", "en": f"Item {n}"},
                "sale_price": "10.00",
                "cost": "6.00",
            }
            for n in range(items)
        ]
        session.put("item", rows)


def chain(app: Sphinx, lines: int = 10, offset: int = 0) -> str:
    """One chain; returns the invoice's id."""
    given = [{"item": f"ART-{(offset + n) % 200:03}", "quantity": 5} for n in range(lines)]
    with app.session(actor=ALICE) as session:
        quotation = session.create("quotation", customer="ACME", lines=given).id
    with app.session(actor=ALICE) as session:
        session.fire(quotation, "send")
    with app.session(actor=ALICE) as session:
        session.fire(quotation, "accept", ask=ACCEPTED)
    with app.session(actor=ALICE) as session:
        order = session.derive(quotation, "sales_order").documents[0].id
    with app.session(actor=ALICE) as session:
        note = session.derive(order, "delivery_note").documents[0].id
    with app.session(actor=ALICE) as session:
        invoice = session.derive(note, "invoice").documents[0].id
        session.fire(invoice, "issue")
    return invoice


@contextmanager
def counted(app: Sphinx) -> Iterator[list[int]]:
    """Counts executed SQL statements; an executed list is one, BEGIN is none."""
    count = [0]

    def listen(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        count[0] += not statement.startswith("BEGIN")

    event.listen(app.engine, "before_cursor_execute", listen)
    try:
        yield count
    finally:
        event.remove(app.engine, "before_cursor_execute", listen)


def measure(app: Sphinx, work: Callable[[], object], times: int) -> Measured:
    """What ``work`` costs, averaged."""
    with counted(app) as count:
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(times):
            work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Measured(wall * 1000 / times, cpu * 1000 / times, count[0] / times)


class BareCore:
    """Writes the rows of one recorded chain again and again, with new ids, by nothing but Core inserts and updates."""

    UNITS = 6

    def __init__(self, app: Sphinx, invoice: str) -> None:
        self._app = app
        with app.engine.begin() as connection:
            self._record(connection, invoice)

    def _record(self, connection: Connection, invoice: str) -> None:
        chain_ids = [invoice]
        while True:
            rows = self._rows(connection, document_lines, document_lines.c.document_id.in_(chain_ids))
            found = {row["source_document"] for row in rows if row["source_document"]} - set(chain_ids)
            if not found:
                break
            chain_ids += sorted(found)
        self._documents = self._rows(connection, documents, documents.c.id.in_(chain_ids))
        self._documents.sort(key=lambda row: chain_ids.index(row["id"]), reverse=True)
        ids = [row["id"] for row in self._documents]
        self._lines = [self._rows(connection, document_lines, document_lines.c.document_id == one) for one in ids]
        self._moves = [self._rows(connection, stock_moves, stock_moves.c.document_id == one) for one in ids]
        self._audit = [self._rows(connection, audit_log, audit_log.c.document_id == one) for one in ids]
        self._outbox = [self._rows(connection, outbox, outbox.c.document_id == one) for one in ids]
        self._entries = [
            self._rows(connection, accounting_entries, accounting_entries.c.document_id == one) for one in ids
        ]

    def _rows(self, connection: Connection, table: Table, where: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(select(table).where(where)).mappings()]

    def __call__(self) -> None:
        """One chain of bare writes in as many transactions."""
        new = {row["id"]: self._app.new_id() for row in self._documents}
        quotation, order, note, invoice = (row["id"] for row in self._documents)
        with self._app.engine.begin() as connection:
            self._insert(connection, 0, new)
        for event_number in (1, 2):
            with self._app.engine.begin() as connection:
                self._touch(connection, quotation, new)
                self._audit_rows(connection, 0, new, event_number)
        for position, (source, document) in enumerate(((quotation, order), (order, note), (note, invoice)), 1):
            with self._app.engine.begin() as connection:
                self._touch(connection, source, new)
                self._insert(connection, position, new)
                del document

    def _insert(self, connection: Connection, position: int, new: dict[str, str]) -> None:
        document = self._documents[position]
        own = new[document["id"]]
        fresh = {"id": own, "number": f"x{own}" if document["number"] else None}
        connection.execute(insert(documents), [{**document, **fresh}])
        lines = [{**row, "id": self._app.new_id(), "document_id": own} for row in self._lines[position]]
        connection.execute(insert(document_lines), lines)
        self._audit_rows(connection, position, new, 0)
        if self._moves[position]:
            rows = [{**row, "id": self._app.new_id(), "document_id": own} for row in self._moves[position]]
            connection.execute(insert(stock_moves), rows)
            balance = update(stock_balances).where(stock_balances.c.company_id == self._app.company)
            connection.execute(
                balance.where(stock_balances.c.item == rows[0]["item"]).values(on_order=stock_balances.c.on_order)
            )
        if self._outbox[position]:
            rows = [{**row, "id": self._app.new_id(), "dedupe": own} for row in self._outbox[position]]
            connection.execute(insert(outbox), rows)
        if self._entries[position]:
            entry = self._app.new_id()
            rows = [{**row, "entry_id": entry, "number": entry, "document_id": own} for row in self._entries[position]]
            connection.execute(insert(accounting_entries), rows)
        connection.execute(update(sequences).where(sequences.c.name == "invoice").values(last_hash="x"))

    def _audit_rows(self, connection: Connection, position: int, new: dict[str, str], which: int) -> None:
        row = self._audit[position][min(which, len(self._audit[position]) - 1)]
        connection.execute(insert(audit_log), [{**row, "document_id": self._app.new_id()}])

    def _touch(self, connection: Connection, document: str, new: dict[str, str]) -> None:
        row = next(row for row in self._documents if row["id"] == document)
        values = {
            name: value for name, value in row.items() if name not in ("id", "company_id", "number", "type", "kind")
        }
        statement = update(documents).where(
            documents.c.company_id == self._app.company, documents.c.id == new[document]
        )
        connection.execute(statement.values(**values))
