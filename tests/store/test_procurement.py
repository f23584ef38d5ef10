"""Buying for orders and for stock on a database: a fixed number of statements, pegs that verify, and random histories."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from sphinx_lib import Sphinx
from sphinx_lib.kernel.document import Line, Progress
from sphinx_lib.kernel.errors import SphinxError
from sphinx_lib.store.codec import progress_json
from sphinx_lib.store.tables import document_lines
from tests.store.support import ALICE, FixedClock, at_once, document, faults, goods, raised, statements

D = Decimal
DAY = date(2026, 3, 2)


def open_buyer(url: str = "sqlite://", *, items: int = 3, suppliers: int = 2, **item: Any) -> Sphinx:
    """A shop that buys VIS-1 … VIS-n of the suppliers S-1 … S-m in turn, with nothing in stock."""
    app = Sphinx.open(["base"], url, clock=FixedClock())
    app.migrate()
    with app.session(actor=ALICE) as s:
        s.put("customer", [{"code": "ACME", "name": "ACME SAS"}, {"code": "ZED", "name": "Zed"}])
        s.put("supplier", [{"code": f"S-{n}", "name": f"Supplier {n}", "lead_days": n} for n in range(1, suppliers + 1)])
        s.put("item", [goods(f"VIS-{n}", supplier=f"S-{n % suppliers + 1}", **item) for n in range(1, items + 1)])
    return app


def order(s: Any, *quantities: tuple[str, Any], customer: str = "ACME", promised: int | None = None) -> str:
    header = {} if promised is None else {"promised_date": DAY + timedelta(days=promised)}
    made = s.create("sales_order", customer=customer, lines=[{"item": item, "quantity": q} for item, q in quantities], **header)
    return str(s.fire(made.id, "confirm").id)


def counted(app: Sphinx, work: Callable[[Any], Any]) -> tuple[Any, int]:
    with statements(app.engine) as seen, app.session(actor=ALICE) as s:
        answer = work(s)
    return answer, len(seen)


@pytest.fixture
def app(database_url: str) -> Any:
    found = open_buyer(database_url, items=40)
    yield found
    found.engine.dispose()


def test_a_hundred_orders_are_bought_for_with_the_statements_of_two(app: Sphinx) -> None:
    found = {}
    for count in (2, 100):
        with app.session(actor=ALICE) as s:
            orders = [order(s, (f"VIS-{n % 40 + 1}", 3), (f"VIS-{(n + 7) % 40 + 1}", 2)) for n in range(count)]
        derived, found[count] = counted(app, lambda s, orders=orders: s.derive(orders, "purchase_order"))
        assert len(derived.documents) == 2
        pegs = [peg for one in derived.documents for line in one.lines for peg in line.pegs]
        assert {peg.document_id for peg in pegs} == set(orders)
    assert found[2] == found[100]
    assert faults(app) == []


def test_the_number_of_suppliers_does_not_change_the_statements() -> None:
    found = []
    for suppliers in (1, 20):
        app = open_buyer(items=20, suppliers=suppliers)
        with app.session(actor=ALICE) as s:
            one = order(s, *((f"VIS-{n}", 1) for n in range(1, 21)))
        derived, number = counted(app, lambda s, one=one: s.derive(one, "purchase_order"))
        assert len(derived.documents) == suppliers
        found.append(number)
    assert found[0] == found[1]


def test_orders_are_received_together_with_the_statements_of_one(app: Sphinx) -> None:
    found = []
    for count in (1, 20):
        with app.session(actor=ALICE) as s:
            orders = [order(s, (f"VIS-{2 * n + 1}", 3)) for n in range(count)]
            bought = [one.id for each in orders for one in s.derive(each, "purchase_order").documents]
            s.fire_many(bought, "confirm")
        with app.session(actor=ALICE) as s:
            drafts = [s.derive(one, "goods_receipt").documents[0].id for one in bought]
        batch, number = counted(app, lambda s, drafts=drafts: s.fire_many(drafts, "receive"))
        assert len(batch.fired) == count
        assert all(document(app, one).lines[0].done("supplied") == 3 for one in orders)
        found.append(number)
    assert found[0] == found[1]


def test_what_can_be_delivered_goes_to_the_orders_promised_first(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        s.adjust_stock("VIS-1", 10)
        late, soon = order(s, ("VIS-1", 6), promised=9), order(s, ("VIS-1", 5), promised=4)
        small = order(s, ("VIS-1", 5), promised=12)
        order(s, ("VIS-2", 1))
    with app.reader() as views, statements(app.engine) as few:
        found = views.deliverable()
    assert [one.id for one in found] == [soon]  # 5 are left for the next, who needs 6: they are not for the last
    with app.session(actor=ALICE) as s:
        s.adjust_stock("VIS-1", 6)
        for n in range(20):
            order(s, (f"VIS-{n + 3}", 1))
    with app.reader() as views, statements(app.engine) as many:
        assert [one.id for one in views.deliverable()] == [soon, late, small]
    assert len(few) == len(many)


def test_ten_thousand_items_are_reordered_with_the_statements_of_ten() -> None:
    found = []
    for count in (10, 10_000):
        app = open_buyer(items=count, suppliers=5, reorder={"minimum": 10, "maximum": 40})
        with statements(app.engine) as seen:
            report = app.run("replenishment", actor=ALICE)
        assert len(report.made) == 5
        assert len(report.reordered) == count
        found.append(len(seen))
        assert app.run("replenishment", actor=ALICE).made == []
    assert found[0] == found[1]


def test_two_reorder_runs_at_once_do_not_both_buy_and_leave_no_fault(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        s.put("item", [goods("R", supplier="S-1", reorder={"minimum": 10, "maximum": 40})])
    app.run("replenishment", actor=ALICE)
    results = at_once(*(lambda: app.run("replenishment", actor=ALICE).made for _ in range(2)))
    assert raised(results) == []
    assert results == [[], []]


def test_verify_names_an_order_line_that_says_more_than_was_bought_for_it(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        one = order(s, ("VIS-1", 4))
    with app.session(actor=ALICE) as s:
        bought = s.derive(one, "purchase_order").documents[0]
        s.fire(bought.id, "confirm")
    assert faults(app) == []
    wrong = progress_json({"supplied": Progress(D(0), D(5))})
    with app.engine.begin() as connection:
        connection.execute(update(document_lines).where(document_lines.c.document_id == one).values(progress=wrong))
    assert faults(app) == ["sales_order BC2026-00001: line 1: supplied planned is 5, its documents say 4"]


def test_a_number_of_orders_bought_in_one_unit_of_work_all_know_it(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        one = order(s, ("VIS-1", 4))
        bought = s.derive(one, "purchase_order").documents[0]
        assert s.document(one).lines[0].planned("supplied") == 4
        s.fire(one, "cancel")
        assert s.document(bought.id).lines[0].pegs == ()
    assert document(app, one).lines[0].planned("supplied") == 0
    assert faults(app) == []


# -- random histories ----------------------------------------------------------------------------------------------------

ACTIONS = st.lists(
    st.tuples(st.sampled_from(["order", "buy", "confirm", "receive", "back", "close", "cancel", "cancel order", "deliver"]),
              st.integers(0, 5), st.integers(1, 9)),
    min_size=3, max_size=25,
)  # fmt: skip


class History:
    """A shop where orders, purchases, receipts and cancellations follow each other at random; refusals are part of it."""

    def __init__(self) -> None:
        self.app = open_buyer(items=1, suppliers=1)

    def ids(self, type: str, *states: str) -> list[str]:
        with self.app.reader() as views:
            return views.ids(type=type, state=list(states))

    def do(self, what: str, which: int, quantity: int) -> None:
        wanted: dict[str, tuple[str, tuple[str, ...], Callable[[Any, str], Any]]] = {
            "buy": ("sales_order", ("confirmed",), lambda s, one: s.derive(one, "purchase_order")),
            "confirm": ("purchase_order", ("draft",), lambda s, one: s.fire(one, "confirm")),
            "receive": ("purchase_order", ("confirmed",), lambda s, one: self.receive(s, one, quantity)),
            "back": ("goods_receipt", ("received",), lambda s, one: s.fire(one, "cancel")),
            "close": ("purchase_order", ("confirmed",), lambda s, one: s.fire(one, "close", ask={"reason": "x"})),
            "cancel": ("purchase_order", ("draft", "confirmed"), lambda s, one: s.fire(one, "cancel")),
            "cancel order": ("sales_order", ("confirmed",), lambda s, one: s.fire(one, "cancel")),
            "deliver": ("sales_order", ("confirmed",), lambda s, one: s.derive(one, "delivery_note", quantities={1: 1})),
        }
        if what == "order":
            with self.app.session(actor=ALICE) as s:
                order(s, ("VIS-1", quantity), promised=which)
            return
        type, states, act = wanted[what]
        found = self.ids(type, *states)
        with suppress(SphinxError), self.app.session(actor=ALICE) as s:  # such as nothing being left to buy
            if found:
                act(s, found[which % len(found)])

    def receive(self, s: Any, one: str, quantity: int) -> None:
        left = s.document(one).lines[0].proposed("received")
        s.fire(s.derive(one, "goods_receipt", quantities={1: min(left, D(quantity))}).documents[0].id, "receive")

    def lines(self, type: str) -> list[Line]:
        with self.app.reader() as views:
            return [line for one in views.documents(views.ids(type=type)) for line in one.document.lines]


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(ACTIONS)
def test_whatever_happens_pegs_serve_no_more_than_came_in_and_everything_verifies(actions: list[tuple[str, int, int]]) -> None:
    history = History()
    for action in actions:
        history.do(*action)
    bought, ordered = history.lines("purchase_order"), history.lines("sales_order")
    received = sum((line.done("received") for line in bought), D(0))
    pegged = sum((peg.quantity for line in bought for peg in line.pegs), D(0))
    supplied = sum((line.done("supplied") for line in ordered), D(0))
    assert supplied <= received
    assert supplied <= pegged
    for line in ordered:
        assert line.done("supplied") + line.planned("supplied") <= (line.quantity or 0)
    assert faults(history.app) == []
    history.app.engine.dispose()


def test_a_drop_shipment_cancelled_by_its_receipt_leaves_no_fault_and_no_move(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        sold = order(s, ("VIS-1", 4), ("VIS-2", 2))
        bought = [one.id for one in s.derive(sold, "purchase_order.drop_shipment").documents]
        for one in bought:
            s.edit(one, lines={place: {"unit_price": D(3)} for place, _ in enumerate(s.document(one).lines, 1)})
            s.fire(one, "confirm")
        receipts = [s.derive(one, "goods_receipt").documents[0].id for one in bought]
        for one in receipts:
            s.fire(one, "receive")
    assert faults(app) == []
    with app.session(actor=ALICE) as s:
        for one in receipts:
            s.fire(one, "cancel")
    assert faults(app) == []
    line = document(app, sold).lines[0]
    assert (line.done("delivered"), line.done("supplied"), line.planned("supplied")) == (0, 0, 4)
    assert {document(app, one).state for one in bought} == {"confirmed"}
