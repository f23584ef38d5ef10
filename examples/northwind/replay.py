"""The replay: every order quoted, sent, accepted, ordered and delivered on its day, invoiced at each month's end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import NamedTuple

from sphinx_lib import Actor, InputError, Session, Sphinx
from sphinx_lib.app.verify import Report
from sphinx_lib.export.run import export_file, fiscal_years
from sphinx_lib.files.folder import Folder
from sphinx_lib.kernel.document import Document, Id
from sphinx_lib.kernel.ports import Clock

from . import buying, master
from .figures import Figures, figures
from .source import Day, Order, days, orders

OVERLAY = Path(__file__).parent / "overlay"
SALES, WAREHOUSE, ACCOUNTS = Actor("sales"), Actor("warehouse"), Actor("accounts", {"see_margin"})
Progress = Callable[[date, int, int], None]
"""Called with the day just done, how many days are done, and how many there are."""


def silent(day: date, done: int, total: int) -> None:
    """Progress for callers that show none."""


class MovableClock:
    """A clock that stands at eight in the morning (UTC) of the day it was set to."""

    def __init__(self, day: date) -> None:
        self.day = day

    def now(self) -> datetime:
        """This moment."""
        return datetime.combine(self.day, time(8), tzinfo=UTC)


class Result(NamedTuple):
    """What the books say after the replay, what ``verify`` found in them, and the FEC files written."""

    figures: Figures
    report: Report
    files: tuple[Path, ...]


def replay(database_url: str, folder: Path, *, until: date | None = None, progress: Progress = silent) -> Result:
    """Play the Northwind orders into an empty database, up to ``until``, and write a FEC file per year to ``folder``.

    Raises InputError when the database holds a company already, or when nothing happens until then.
    """
    calendar = [day for day in days(orders()) if until is None or day.day <= until]
    if not calendar:
        raise InputError([f"until: {until} is before the first order"])
    clock = MovableClock(calendar[0].day)
    app = open_company(database_url, clock)
    try:
        _found(app)
        placed: dict[str, Id] = {}
        for done, day in enumerate(calendar, 1):
            clock.day = day.day
            _work(app, day, placed)
            progress(day.day, done, len(calendar))
        return Result(figures(app), app.verify(), tuple(_export(app, folder)))
    finally:
        app.engine.dispose()


def open_company(database_url: str, clock: Clock) -> Sphinx:
    """The made-up seller on a database, its tables made when they are missing."""
    app = Sphinx.open(config=("base", OVERLAY), database_url=database_url, clock=clock)
    app.migrate()
    return app


def _found(app: Sphinx) -> None:
    """Put customers, suppliers and items on record, and the opening stock in the warehouse."""
    with app.reader() as views:
        if views.codes("customer") or views.codes("item"):
            raise InputError([f"{app.engine.url}: there is a company in this database; give an empty one"])
    with app.session(actor=ACCOUNTS) as session:
        session.put("supplier", master.suppliers())
        session.put("customer", master.customers())
        session.put("item", master.items())
        for item, quantity in master.opening_stock().items():
            session.adjust_stock(item, quantity, reason="opening stock")
        buying.take_over_orders(session)


def _work(app: Sphinx, day: Day, placed: dict[str, Id]) -> None:
    """One day: goods come in, a unit of work for the orders that come in, one for the goods that leave; what falls to its
    reorder level is bought; at the end of the month invoices are made."""
    buying.receive_what_is_due(app, day.day)
    if day.ordered:
        with app.session(actor=SALES) as session:
            placed |= _sell(session, day.ordered)
    if day.shipped:
        leaving = [placed.pop(order.id) for order in day.shipped]
        buying.fetch_what_is_short(app, leaving)
        with app.session(actor=WAREHOUSE) as session:
            for order in leaving:
                session.derive(order, "delivery_note")
        buying.reorder(app)
    if day.ends_month:
        run = app.run("invoicing", actor=ACCOUNTS, until=day.day)
        if run.skipped:
            raise InputError([f"{one.what}: {one.reason}" for one in run.skipped])
        app.seal()


def _sell(session: Session, of: Sequence[Order]) -> dict[str, Id]:
    """Quote each order at its own prices, have it accepted, and make it an order: order ids to document ids."""
    quoted = [(_quote(session, order).id, order) for order in of]
    ids = [quotation for quotation, _ in quoted]
    session.fire_many(ids, "send")
    for quotation, order in quoted:
        session.fire(quotation, "accept", ask={"channel": "phone", "person": order.contact})
    made = session.derive(ids, "sales_order").documents
    return {document.reference: document.id for document in made}


def _quote(session: Session, order: Order) -> Document:
    return session.create(
        "quotation",
        customer=order.customer,
        reference=order.id,
        contact="main",
        site=order.site,
        carrier=order.carrier,
        lines=[
            {
                "item": line.item,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
                "discounts": [line.discount] if line.discount else [],
                "promised_date": order.required,
            }
            for line in order.lines
        ],
    )


def _export(app: Sphinx, folder: Path) -> Iterator[Path]:
    """One FEC file for each fiscal year that has entries."""
    into = Folder.at(folder)
    for first, last in fiscal_years(app):
        exported = export_file(app, "fec", first, last)
        yield into.write(exported.name, exported.content)
