"""Availability of all items with a million moves stored, and what a delivery costs beside a database without them."""

from __future__ import annotations

import time
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from benchmarks import databases
from sphinx_lib import Sphinx
from sphinx_lib.store.tables import stock_balances, stock_moves, stock_schedule

ITEMS, MOVES, DAYS = 10_000, 1_000_000, 1
START = date(2026, 1, 1)
SOLD = [f"ART-{n:03}" for n in range(100)]
LEVELS = {"physical": Decimal(100), "reserved": Decimal(40), "on_order": Decimal(20)}


def measure() -> None:
    """Read availability of 10,000 items, and price a delivery of 100 lines, on SQLite and PostgreSQL."""
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
    _fill(app)
    app.migrate()  # it ends with ANALYZE
    seconds, found = min((_availability(app) for _ in range(5)), key=lambda pair: pair[0])
    after = _delivery(app)
    print(
        f"  {name:<12} availability of {found:,} items {seconds * 1000:.0f} ms (goal: 300); a delivery of 100 lines "
        f"{after * 1000:.0f} ms, {after / before:.2f} times that of an empty database"
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


def _availability(app: Sphinx) -> tuple[float, int]:
    with app.reader() as views:
        started = time.perf_counter()
        found = views.availability()
        return time.perf_counter() - started, len(found)


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
