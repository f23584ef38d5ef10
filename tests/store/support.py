"""What the tests of the store, of faults and of the whole cycle share: a shop with goods, a clock, and short commands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from sphinx_lib import Actor, Sphinx
from sphinx_lib.app.session import Session
from sphinx_lib.kernel.document import Document

ALICE = Actor("alice", {"exceed_credit", "negative_stock", "see_margin"})
D = Decimal


class FixedClock:
    """Stands still until a test moves it."""

    def __init__(self, at: datetime = datetime(2026, 3, 2, 8, tzinfo=UTC)) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def open_shop(url: str, *, clock: Any = None, items: int = 3, stock: Any = 1000, **options: Any) -> Sphinx:
    """A migrated database with the customer ACME and the goods VIS-1 … VIS-n, each in stock."""
    app = Sphinx.open(options.pop("config", ["base"]), url, clock=clock or FixedClock(), **options)
    app.migrate()
    with app.session(actor=ALICE) as s:
        s.put("customer", [{"code": "ACME", "name": "ACME SAS", "country": "FR", "email": "a@acme.fr"}])
        s.put("item", [goods(f"VIS-{n}") for n in range(1, items + 1)])
        for n in range(1, items + 1):
            s.adjust_stock(f"VIS-{n}", stock)
    return app


def goods(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "name": {"fr": f"Vis {code}", "en": f"Screw {code}"}, "sale_price": "10", "cost": "6", **more}


def lines(count: int = 1, quantity: Any = 5) -> list[dict[str, Any]]:
    return [{"item": f"VIS-{n}", "quantity": quantity} for n in range(1, count + 1)]


def draft_invoice(s: Session, *, quantity: Any = 5, customer: str = "ACME", **header: Any) -> Document:
    return s.create("invoice", customer=customer, lines=lines(1, quantity), **header)


def issue_invoice(app: Sphinx, **options: Any) -> Document:
    """An invoice without sources, created and issued in one unit of work."""
    with app.session(actor=ALICE) as s:
        draft = draft_invoice(s, **options)
        s.fire(draft.id, "issue")
        s.flush()
        return s.document(draft.id)


def accepted_quotation(app: Sphinx, count: int = 1, quantity: Any = 5, customer: str = "ACME") -> Document:
    with app.session(actor=ALICE) as s:
        made = s.create("quotation", customer=customer, lines=lines(count, quantity))
        s.fire(made.id, "send")
        return s.fire(made.id, "accept", ask={"channel": "phone", "person": "Mme D."})


def chain(app: Sphinx, count: int = 1, quantity: Any = 5) -> dict[str, str]:
    """Ids of a quotation, its order, note and issued invoice, each step a unit of work of its own."""
    quotation = accepted_quotation(app, count, quantity)
    with app.session(actor=ALICE) as s:
        order = s.derive(quotation.id, "sales_order").documents[0]
    with app.session(actor=ALICE) as s:
        note = s.derive(order.id, "delivery_note").documents[0]
    with app.session(actor=ALICE) as s:
        invoice = s.derive(note.id, "invoice").documents[0]
        s.fire(invoice.id, "issue")
    return {"quotation": quotation.id, "order": order.id, "note": note.id, "invoice": invoice.id}


def document(app: Sphinx, document_id: str) -> Document:
    with app.reader() as views:
        return views.document(document_id).document


def numbers(app: Sphinx, type_name: str = "invoice") -> list[str]:
    """All numbers of a type that were given, sorted."""
    with app.reader() as views:
        found = [one.document.number for one in views.documents(views.ids(type=type_name))]
    return sorted(number for number in found if number)


def faults(app: Sphinx) -> list[str]:
    return [f"{fault.where}: {fault.what}" for fault in app.verify().faults]


def count_rows(app: Sphinx) -> dict[str, int]:
    """How many rows each table holds: two equal answers mean that nothing was written in between."""
    from sqlalchemy import func, select

    from sphinx_lib.store.tables import metadata

    tables = metadata.sorted_tables
    counts = [select(func.count()).select_from(one).scalar_subquery().label(one.name) for one in tables]
    with app.engine.connect() as connection:
        return dict(connection.execute(select(*counts)).one()._mapping)


@contextmanager
def statements(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Every statement sent, one executed list counting once; BEGIN and COMMIT are not among them."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, text: str, parameters: Any, _context: Any, _many: bool) -> None:
        if not text.startswith("BEGIN"):
            seen.append((text, parameters[0] if isinstance(parameters, list) else parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def at_once(*work: Callable[[], Any]) -> list[Any]:
    """Runs each function in a thread of its own, started together; gives what each returned or raised."""
    gate = threading.Barrier(len(work))
    results: list[Any] = [None] * len(work)

    def run(place: int, function: Callable[[], Any]) -> None:
        gate.wait()
        try:
            results[place] = function()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def overlay(folder: Path, text: str, name: str = "overlay") -> Path:
    """A folder with one YAML file, to be laid over the base pack."""
    place = folder / name
    place.mkdir(exist_ok=True)
    (place / "pack.yaml").write_text(text, encoding="utf-8")
    return place


def raised(results: Sequence[Any]) -> list[Exception]:
    return [one for one in results if isinstance(one, Exception)]
