"""Questions about all items with a million moves stored, and what a delivery costs beside a database without them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import event, insert, select

from benchmarks import databases
from sphinx_lib import Sphinx
from sphinx_lib.store.tables import document_lines, documents, stock_balances, stock_moves, stock_schedule

ITEMS, MOVES, DAYS = 10_000, 1_000_000, 1
OPEN, DELIVERED = 200, 5_000
START = date(2026, 1, 1)
SOLD = [f"ART-{n:03}" for n in range(100)]
LEVELS = {"physical": Decimal(100), "reserved": Decimal(40), "on_order": Decimal(20)}


def measure() -> None:
    """Read availability and value of 10,000 items and what can leave, and price a delivery, on SQLite and PostgreSQL."""
    print(f"\nstock: {ITEMS:,} items in one warehouse, {MOVES:,} moves, {DAYS} day out and in an item")
    for name, make in (("SQLite file", databases.sqlite), ("PostgreSQL", databases.postgresql)):
        with make() as url:
            if url is not None:
                _measure_on(name, url)


def _measure_on(name: str, url: str) -> None:
    app = Sphinx.open(database_url=url)
    app.migrate()
    with app.session() as session:
        session.put("customer", [{"code": "ACME", "name": "ACME", "country": "FR"}])
        session.put("item", [{"code": code, "name": "Article", "sale_price": "10", "cost": "6"} for code in SOLD])
        for code in SOLD:
            session.adjust_stock(code, 1_000_000)
    before = _delivery(app)
    sample = _orders(app)
    some = _answered(app, lambda views: len(views.deliverable()))
    _deliver_in_full(app, sample)
    _fill(app)
    app.migrate()  # it ends with ANALYZE
    seconds, found, _ = _answered(app, lambda views: len(views.availability()))
    worth, items, sent = _answered(app, lambda views: len(views.stock_value().rows))
    more = _answered(app, lambda views: len(views.deliverable()))
    after = _delivery(app)
    print(
        f"  {name:<12} availability of {found:,} items {seconds * 1000:.0f} ms (goal: 300); a delivery of 100 lines "
        f"{after * 1000:.0f} ms, {after / before:.2f} times that of an empty database\n"
        f"  {'':<12} value of {items:,} items from their moves {worth * 1000:.0f} ms, {sent} statement; {more[1]} orders "
        f"that can leave {more[0] * 1000:.0f} ms, {more[2]} statements ({some[2]} before), {more[0] / some[0]:.2f} times "
        f"that without {DELIVERED:,} delivered and waiting for their invoice"
    )
    app.engine.dispose()


def _fill(app: Sphinx) -> None:
    """Rows as the moves of some years would leave them, written in bulk."""
    key = {"company_id": app.company, "warehouse": "main"}
    codes = [f"BULK-{n:05}" for n in range(ITEMS)]
    with app.engine.begin() as connection:
        connection.execute(insert(stock_balances), [{**key, "item": code, **LEVELS} for code in codes])
        days = [START + timedelta(days=1000 + n) for n in range(DAYS)]
        for level in ("reserved", "on_order"):
            due = {**key, "level": level, "quantity": Decimal(2)}
            connection.execute(insert(stock_schedule), [{**due, "item": code, "due": day} for code in codes for day in days])
        for start in range(0, MOVES, 50_000):
            connection.execute(insert(stock_moves), [_move(app, key, codes, n) for n in range(start, start + 50_000)])


def _move(app: Sphinx, key: dict[str, str], codes: list[str], number: int) -> dict[str, Any]:
    return {
        **key, "id": app.new_id(), "item": codes[number % ITEMS], "level": "physical", "quantity": Decimal(1),
        "document_id": None, "date": START, "due": None, "lot": "", "bin": "", "expires": None, "value": Decimal(6),
        "reason": "", "recorded_at": app.clock.now(),
    }  # fmt: skip


def _orders(app: Sphinx) -> str:
    """Orders to be delivered, five lines each; the id of one."""
    with app.session() as session:
        for n in range(OPEN):
            lines = [{"item": SOLD[(n * 5 + k) % len(SOLD)], "quantity": 1} for k in range(5)]
            order = session.create("sales_order", customer="ACME", lines=lines)
            session.fire(order.id, "confirm")
        return order.id


def _deliver_in_full(app: Sphinx, order: str) -> None:
    """Copies of an order as they are once all is delivered and nothing invoiced, written in bulk."""
    with app.engine.begin() as connection:
        c, line = documents.c, document_lines.c
        document = dict(connection.execute(select(documents).where(c.id == order)).mappings().one())
        lines = [dict(row) for row in connection.execute(select(document_lines).where(line.document_id == order)).mappings()]
        for row in lines:
            row["progress"] = {"delivered": ["1", "0", "10"]}
        own = {"delivery_status": "full", "number": None}
        copies = [{**document, **own, "id": app.new_id()} for _ in range(DELIVERED)]
        connection.execute(insert(documents), copies)
        rows = [{**row, "id": app.new_id(), "document_id": copy["id"]} for copy in copies for row in lines]
        connection.execute(insert(document_lines), rows)


def _answered(app: Sphinx, question: Callable[[Any], int]) -> tuple[float, int, int]:
    """Seconds that a question takes, the best of five, its answer, and how many statements it sends."""
    times = []
    for _ in range(5):
        with _counted(app) as seen, app.reader() as views:
            started = time.perf_counter()
            found = question(views)
            times.append(time.perf_counter() - started)
    return min(times), found, len(seen)


@contextmanager
def _counted(app: Sphinx) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        if not text.startswith("BEGIN"):
            seen.append(text)

    event.listen(app.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(app.engine, "before_cursor_execute", note)


def _delivery(app: Sphinx) -> float:
    """Seconds of a delivery note of 100 lines, the best of five."""
    lines = [{"item": code, "quantity": 1} for code in SOLD]
    times = []
    for _ in range(5):
        started = time.perf_counter()
        with app.session() as session:
            session.create("delivery_note", customer="ACME", lines=lines)
        times.append(time.perf_counter() - started)
    return min(times)
