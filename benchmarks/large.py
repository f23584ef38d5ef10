"""Documents of many lines: what entering, editing, issuing, rendering and exporting them costs, per line.

``python -m benchmarks large`` compares 1,000 and 10,000 lines; sizes may follow: ``python -m benchmarks large 100000``.
CPU is judged by the ratio of what a line costs; statements must not depend on the number of lines, parameters grow with it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import event, insert, select

from benchmarks import databases
from sphinx_lib import Actor, Sphinx
from sphinx_lib.export.run import export_file
from sphinx_lib.render.html import render_html
from sphinx_lib.store.tables import accounting_entries

SELLER = Actor("alice", {"exceed_credit", "negative_stock", "see_margin"})
SIZES = (1_000, 10_000)
WHOLE_CHAIN = 10_000
"""Of larger documents one invoice is entered, issued and rendered, and books of as many entry lines are exported."""
ITEMS = 1_000
GOALS = {"enter": 200, "issue": 30, "render": 30, "export": 15}
"""Seconds of CPU that 100,000 lines may take, on SQLite."""


class Cost(NamedTuple):
    """Seconds of CPU, SQL statements (an executed list is one), and rows of parameters sent with them."""

    cpu: float
    statements: int
    parameters: int


@dataclass
class Meter:
    """What steps cost, by name, on one database."""

    app: Sphinx
    costs: dict[str, Cost] = field(default_factory=dict)
    _seen: list[int] = field(default_factory=lambda: [0, 0])

    def __post_init__(self) -> None:
        event.listen(self.app.engine, "before_cursor_execute", self._count)

    def _count(self, connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            self._seen[0] += 1
            self._seen[1] += len(parameters) if isinstance(parameters, list) else 1

    def __call__(self, name: str, work: Callable[[], Any]) -> Any:
        """Do ``work`` and note what it costs."""
        self._seen[:] = 0, 0
        started = time.process_time()
        answer = work()
        self.costs[name] = Cost(time.process_time() - started, *self._seen)
        return answer


def shop(url: str) -> Sphinx:
    """A migrated database with 1,000 goods, a customer without a limit and plenty of stock."""
    app = Sphinx.open(database_url=url)
    app.migrate()
    with app.session(actor=SELLER) as session:
        session.put("customer", [{"code": "ACME", "name": "ACME SAS", "country": "FR", "email": "a@acme.example"}])
        rows = [
            {"code": f"ART-{n:04}", "name": {"fr": f"Article {n}"}, "sale_price": "10.00", "cost": "6.00"}
            for n in range(ITEMS)
        ]
        session.put("item", rows)
    return app


def given_lines(count: int) -> list[dict[str, Any]]:
    """Lines of an order, the goods in turn."""
    return [{"item": f"ART-{n % ITEMS:04}", "quantity": 1 + n % 7} for n in range(count)]


def chain(app: Sphinx, count: int) -> dict[str, Cost]:
    """The cost of each step from an invoice of ``count`` lines to its page and its export, then of the chain to a credit
    note."""
    meter = Meter(app)

    def in_session(name: str, work: Callable[[Any], Any]) -> Any:
        def whole() -> Any:
            with app.session(actor=SELLER) as session:
                return work(session)

        return meter(name, whole)

    invoice = in_session("enter", lambda s: s.create("invoice", customer="ACME", lines=given_lines(count))).id
    in_session("edit one line", lambda s: s.edit(invoice, lines={count // 2: {"quantity": 50}}))
    in_session("edit header", lambda s: s.edit(invoice, reference="PO 4711"))
    in_session("issue", lambda s: s.fire(invoice, "issue"))
    meter("render", lambda: _rendered(app, invoice))
    if count > WHOLE_CHAIN:
        _exported(meter, count)
        return meter.costs
    quote = in_session("quote", lambda s: s.create("quotation", customer="ACME", lines=given_lines(count))).id
    in_session("send", lambda s: s.fire(quote, "send"))
    in_session("accept", lambda s: s.fire(quote, "accept", ask={"channel": "phone", "person": "D"}))
    order = in_session("derive order", lambda s: s.derive(quote, "sales_order")).documents[0].id
    note = in_session("derive note", lambda s: s.derive(order, "delivery_note")).documents[0].id
    bill = in_session("derive bill", lambda s: s.derive(note, "invoice")).documents[0].id
    in_session("issue bill", lambda s: s.fire(bill, "issue"))
    meter("render note", lambda: _rendered(app, note))
    credit = in_session("credit", lambda s: s.derive(bill, "credit_note")).documents[0].id
    in_session("issue credit", lambda s: s.fire(credit, "issue"))
    meter("verify", lambda: _verified(app))
    _exported(meter, count)
    return meter.costs


def _exported(meter: Meter, count: int) -> None:
    """The books of so many entry lines: those of the invoice again and again, under numbers of their own."""
    app, table = meter.app, accounting_entries
    with app.engine.begin() as connection:
        posted = [dict(row) for row in connection.execute(select(table).order_by(table.c.number)).mappings()]
        first = [row for row in posted if row["entry_id"] == posted[0]["entry_id"]]
        copies = [
            {**row, "entry_id": f"{number:032x}", "number": f"VE2099-{number:06}"}
            for number in range(-(-(count - len(posted)) // len(first)))
            for row in first
        ]
        connection.execute(insert(table), copies)
    meter("export", lambda: export_file(app, "fec", date(2000, 1, 1), date(2100, 12, 31)))


def _rendered(app: Sphinx, document: str) -> str:
    with app.reader() as views:
        view = views.document(document)
    return render_html(view)


def _verified(app: Sphinx) -> None:
    faults = app.verify().faults
    assert not faults, faults


def measure() -> None:
    """Costs of each size side by side, with the ratio of what a line costs."""
    sizes = [int(word) for word in sys.argv[1:] if word.isdigit()] or list(SIZES)
    print(f"\ndocuments of {' and '.join(f'{size:,}' for size in sizes)} lines on a SQLite file, CPU")
    found: dict[int, dict[str, Cost]] = {}
    for size in sizes:
        with databases.sqlite() as url:
            app = shop(url)
            found[size] = chain(app, size)
            app.engine.dispose()
    for name, first in found[sizes[0]].items():
        if any(name not in found[size] for size in sizes):
            continue
        told = [f"{_told(found[size][name], size)}" for size in sizes]
        least = max(first.cpu, 0.001) / sizes[0]
        ratios = ", ".join(f"{found[size][name].cpu / size / least:.2f}" for size in sizes[1:])
        goal = f" (goal at 100,000: {GOALS[name]} s)" if name in GOALS else ""
        print(f"  {name:<14} {'; '.join(told)}; a line: {ratios or '-'} times{goal}")


def _told(cost: Cost, size: int) -> str:
    return f"{cost.cpu:7.2f} s {cost.statements:>3} statements {cost.parameters / size:5.2f} rows a line"
