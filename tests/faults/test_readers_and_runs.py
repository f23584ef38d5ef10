"""Readers see one state of the books, runs at once do the work once, and who is in the way of others tries again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, text

from sphinx_lib import Sphinx
from sphinx_lib.kernel.errors import ConcurrentChange
from sphinx_lib.kernel.ports import Actor
from tests.store.support import ALICE, at_once, chain, document, faults, goods, lines, open_shop, raised

BOB = Actor("bob")


def before_each_statement(app: Sphinx, then: Any) -> Any:
    """Calls ``then`` before each statement of an app, until the function given back is called."""

    def seen(*_: Any) -> None:
        then()

    event.listen(app.engine, "before_cursor_execute", seen)
    return lambda: event.remove(app.engine, "before_cursor_execute", seen)


# -- one state -----------------------------------------------------------------------------------------------------------


def test_a_reader_sees_one_state_however_much_is_written_beside_it(postgres_database: str) -> None:
    app = open_shop(postgres_database)
    first = chain(app)["invoice"]
    with app.reader() as views:
        before = views.document(first).document
        with app.session(actor=BOB) as s:
            s.pay("ACME", before.total_gross, allocate=[first])
        assert views.customer("ACME").balance == before.balance
        assert len(views.ids(type="payment")) == 0
    assert document(app, first).balance == 0
    app.engine.dispose()


def test_a_reader_cannot_write(postgres_database: str) -> None:
    app = open_shop(postgres_database)
    with app.reader() as views, pytest.raises(Exception, match="read-only transaction"):
        views.unit.connection.execute(text("delete from outbox"))
    app.engine.dispose()


def test_verify_raises_no_false_alarm_whatever_commits_between_its_statements(postgres_database: str) -> None:
    app, other = open_shop(postgres_database), Sphinx.open(["base"], postgres_database)
    chain(app)
    stop = before_each_statement(app, lambda: chain(other))
    try:
        assert faults(app) == []
    finally:
        stop()
    assert faults(app) == []
    for one in (app, other):
        one.engine.dispose()


# -- runs ----------------------------------------------------------------------------------------------------------------


def test_replenishing_three_times_at_once_orders_each_item_once(database_url: str) -> None:
    app = open_shop(database_url)
    with app.session(actor=ALICE) as s:
        s.put("supplier", [{"code": "VISCO", "name": "Visco", "country": "FR"}])
        rule = {"minimum": 5, "maximum": 9}
        s.put("item", [goods(f"LOW-{n}", supplier="VISCO", reorder=rule) for n in range(4)])
    reports = at_once(*[lambda: app.run("replenishment", actor=BOB)] * 3)
    assert raised(reports) == []
    with app.reader() as views:
        orders = views.documents(views.ids(type="purchase_order"))
    bought = sorted(line.item or "" for one in orders for line in one.document.lines)
    assert bought == [f"LOW-{n}" for n in range(4)]
    app.engine.dispose()


def test_invoicing_three_times_at_once_invoices_each_customer_once(database_url: str) -> None:
    app = open_shop(database_url)
    customers = [f"C{n:02}" for n in range(20)]
    with app.session(actor=ALICE) as s:
        s.put("customer", [{"code": code, "name": code, "country": "FR"} for code in customers])
        for code in customers:
            s.create("delivery_note", customer=code, lines=lines(2))
    reports = at_once(*[lambda: app.run("invoicing", until="2026-03-31", actor=BOB)] * 3)
    assert raised(reports) == []
    assert [one.skipped for one in reports] == [[], [], []]
    with app.reader() as views:
        invoices = views.documents(views.ids(type="invoice"))
    assert sorted(one.document.party or "" for one in invoices) == customers
    assert faults(app) == []
    app.engine.dispose()


# -- trying again --------------------------------------------------------------------------------------------------------


def test_eighteen_people_who_edit_one_draft_all_have_their_turn(database_url: str) -> None:
    app = open_shop(database_url)
    with app.session(actor=ALICE) as s:
        draft = s.create("quotation", customer="ACME", lines=lines(3))

    def edit(turn: int) -> Any:
        return app.do(lambda s: s.edit(draft.id, lines={1: {"quantity": turn + 1}}).version, actor=BOB)

    results = at_once(*[lambda turn=turn: edit(turn) for turn in range(18)])
    assert raised(results) == []
    assert sorted(results) == list(range(2, 20))
    assert faults(app) == []
    app.engine.dispose()


def test_without_trying_again_each_of_them_is_told_plainly(postgres_database: str) -> None:
    app = open_shop(postgres_database)
    with app.session(actor=ALICE) as s:
        draft = s.create("quotation", customer="ACME", lines=lines(3))
    gate = threading.Barrier(6)

    def edit() -> int:
        with app.session(actor=BOB) as s:
            s.document(draft.id)
            gate.wait()
            return s.edit(draft.id, reference="mine").version

    results = at_once(*[edit] * 6)
    told = raised(results)
    assert len(told) == 5
    assert {(type(one), str(one)) for one in told} == {
        (ConcurrentChange, f"somebody else changed quotation {draft.id} meanwhile; read it again")
    }
    app.engine.dispose()


def test_a_connection_that_is_cut_before_the_commit_is_tried_again_under_a_key(postgres_database: str) -> None:
    app = open_shop(postgres_database)
    cut: list[int] = []

    def create(session: Any) -> str:
        made = session.create("quotation", customer="ACME", lines=lines())
        if not cut:
            cut.append(session.unit.connection.execute(text("select pg_backend_pid()")).scalar_one())
            with app.engine.connect() as other:
                other.execute(text("select pg_terminate_backend(:pid)"), {"pid": cut[0]})
        return str(made.id)

    first = app.do(create, actor=BOB, key="cut")
    assert app.do(create, actor=BOB, key="cut") == first
    with app.reader() as views:
        assert views.ids(type="quotation") == [first]
    app.engine.dispose()


def test_a_new_record_put_by_many_at_once_is_put_once(database_url: str) -> None:
    app = open_shop(database_url)
    rows = [{"code": "NEW", "name": "New", "country": "FR"}]
    with ThreadPoolExecutor(8) as pool:
        put = [pool.submit(app.do, lambda s: s.put("customer", rows), actor=BOB) for _ in range(8)]
    assert [one.result() for one in put] == [["NEW"]] * 8
    with app.reader() as views:
        assert views.codes("customer") == ["ACME", "NEW"]
    assert faults(app) == []
    app.engine.dispose()
