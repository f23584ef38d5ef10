"""A command with a key happens once; conflicts of the database are tried again (architecture 4.8)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text

from sphinx_lib import Refused, Sphinx
from sphinx_lib.app.sphinx import ATTEMPTS
from sphinx_lib.kernel.errors import ConcurrentChange, DatabaseBusy, DatabaseError, IdempotencyMismatch
from tests.store.support import (
    ALICE,
    accepted_quotation,
    at_once,
    chain,
    count_rows,
    document,
    draft_invoice,
    faults,
    goods,
    lines,
    numbers,
    open_shop,
    raised,
)


def order_of(session: Any, quotation: str) -> str:
    return session.derive(quotation, "sales_order").documents[0].id  # type: ignore[no-any-return]


def quote(session: Any, quantity: int) -> dict[str, Any]:
    made = session.create("quotation", customer="ACME", lines=lines(1, quantity))
    return {"id": made.id, "total": made.total_net}


def test_the_same_key_gives_the_first_answer_without_calling(app: Sphinx) -> None:
    first = app.do(quote, 5, actor=ALICE, key="web-8813")
    before = count_rows(app)
    again = app.do(quote, 5, actor=ALICE, key="web-8813")
    assert again["id"] == first["id"]
    assert count_rows(app) == before


def test_an_answer_that_is_none_is_an_answer(app: Sphinx) -> None:
    calls: list[int] = []

    def note(session: Any) -> None:
        calls.append(1)

    assert app.do(note, key="k") is None
    assert app.do(note, key="k") is None
    assert len(calls) == 1


def test_the_same_key_with_another_input_is_told(app: Sphinx) -> None:
    app.do(quote, 5, actor=ALICE, key="web-8813")
    before = count_rows(app)
    with pytest.raises(IdempotencyMismatch, match="^the key 'web-8813' was used before with another input$"):
        app.do(quote, 6, actor=ALICE, key="web-8813")
    with pytest.raises(IdempotencyMismatch):
        app.do(order_of, 5, actor=ALICE, key="web-8813")
    assert count_rows(app) == before


def test_a_command_that_was_refused_leaves_its_key_free(app: Sphinx) -> None:
    quotation = accepted_quotation(app)
    with app.session(actor=ALICE) as s:
        s.put("customer", [{"code": "ACME", "name": "ACME", "blocked": True}])

    def confirmed(session: Any, one: str) -> str:
        order = session.derive(one, "sales_order")
        if order.refusals:
            raise Refused("not now")
        return order.documents[0].id  # type: ignore[no-any-return]

    with pytest.raises(Refused, match="^not now$"):
        app.do(confirmed, quotation.id, actor=ALICE, key="k")
    with app.session(actor=ALICE) as s:
        s.put("customer", [{"code": "ACME", "name": "ACME"}])
    order = app.do(confirmed, quotation.id, actor=ALICE, key="k")
    assert document(app, order).state == "confirmed"


def test_keys_of_two_companies_do_not_meet(database_url: str) -> None:
    north, south = open_shop(database_url, company="north"), open_shop(database_url, company="south")
    one, other = (company.do(quote, 5, actor=ALICE, key="k")["id"] for company in (north, south))
    assert one != other
    for company in (north, south):
        company.engine.dispose()


def test_eight_threads_with_one_key_execute_once_and_all_get_the_answer(app: Sphinx) -> None:
    quotation = accepted_quotation(app)
    results = at_once(*[lambda: app.do(order_of, quotation.id, actor=ALICE, key="order")] * 8)
    assert len(set(results)) == 1
    with app.reader() as views:
        assert views.ids(type="sales_order") == [results[0]]
    assert faults(app) == []


def test_two_threads_that_put_a_new_record_at_once_both_succeed(app: Sphinx) -> None:
    def put(session: Any, price: str) -> list[str]:
        return session.put("item", [goods("NEW", sale_price=price)])  # type: ignore[no-any-return]

    results = at_once(*[lambda price=price: app.do(put, price, actor=ALICE) for price in ("10", "11", "12", "13")])
    assert raised(results) == []
    with app.reader() as views:
        assert str(views.items(["NEW"])["NEW"].sale_price) in {"10", "11", "12", "13"}
    assert faults(app) == []


def test_a_conflict_is_tried_again_ten_times_and_then_raised(app: Sphinx) -> None:
    """Each attempt finds that somebody else has changed the quotation after it was read."""
    with app.session(actor=ALICE) as s:
        quotation = s.create("quotation", customer="ACME", lines=lines())
    attempts: list[int] = []
    bump = text("update documents set version = version + 1 where type = 'quotation'")

    def late(session: Any) -> None:
        attempts.append(len(attempts))
        session.fire(quotation.id, "send")
        session.unit.connection.execute(bump)

    said = f"^somebody else changed quotation {quotation.id} meanwhile; read it again$"
    with pytest.raises(ConcurrentChange, match=said):
        app.do(late, actor=ALICE)
    assert len(attempts) == ATTEMPTS == 10
    assert document(app, quotation.id).state == "draft"
    assert faults(app) == []


def test_an_error_of_the_database_that_is_no_conflict_is_not_tried_again(app: Sphinx) -> None:
    attempts: list[int] = []

    def wrong(session: Any) -> None:
        attempts.append(1)
        session.unit.connection.execute(text("select nothing from nowhere"))

    with pytest.raises(DatabaseError, match="the database refused a statement"):
        app.do(wrong, actor=ALICE)
    assert len(attempts) == 1


def test_a_key_that_stays_taken_is_raised_in_the_end(app: Sphinx) -> None:
    attempts: list[int] = []

    def twice(session: Any) -> None:
        attempts.append(1)
        row = "insert into commands (company_id, key, input_hash, recorded_at) values ('main', 'x', '', '2026-01-01')"
        session.unit.connection.execute(text(row))
        session.unit.connection.execute(text(row))

    with pytest.raises(ConcurrentChange):
        app.do(twice)
    assert len(attempts) == ATTEMPTS


@pytest.fixture
def postgres(postgres_database: str) -> Iterator[Sphinx]:
    app = open_shop(postgres_database)
    yield app
    app.engine.dispose()


def test_a_serialization_failure_is_tried_again(postgres: Sphinx) -> None:
    """PostgreSQL aborts the first attempt (40001): the row it updates was changed after its snapshot was taken."""
    attempts: list[str] = []

    def issue(session: Any) -> str:
        connection = session.unit.connection
        connection.exec_driver_sql("set transaction isolation level repeatable read")
        made = draft_invoice(session)
        session.fire(made.id, "issue")
        attempts.append(made.id)
        if len(attempts) == 1:  # somebody else issues meanwhile
            with postgres.session(actor=ALICE) as other:
                other.fire(draft_invoice(other).id, "issue")
        session.flush()
        return str(session.document(made.id).number)

    with postgres.session(actor=ALICE) as s:  # the series is there already
        s.fire(draft_invoice(s).id, "issue")
    assert postgres.do(issue, actor=ALICE) == "FA2026-00003"
    assert len(attempts) == 2
    assert numbers(postgres) == ["FA2026-00001", "FA2026-00002", "FA2026-00003"]
    assert faults(postgres) == []


def test_a_deadlock_is_tried_again(postgres: Sphinx) -> None:
    """Two hosts that lock the same two rows crosswise inside their commands: PostgreSQL aborts one (40P01)."""
    meet = threading.Barrier(2)
    attempts: list[str] = []

    def crosswise(session: Any, first: str, second: str) -> str:
        attempts.append(first)
        lock = text("select 1 from items where code = :code for update")
        session.unit.connection.execute(lock, {"code": first})
        if len(attempts) <= 2:
            meet.wait(10)
        session.unit.connection.execute(lock, {"code": second})
        session.fire(draft_invoice(session).id, "issue")
        return first

    results = at_once(
        lambda: postgres.do(crosswise, "VIS-1", "VIS-2", actor=ALICE),
        lambda: postgres.do(crosswise, "VIS-2", "VIS-1", actor=ALICE),
    )
    assert results == ["VIS-1", "VIS-2"]
    assert len(attempts) == 3
    assert numbers(postgres) == ["FA2026-00001", "FA2026-00002"]


def impatient(app: Sphinx) -> None:
    """Connections that give up after 50 ms instead of 30 s, so that a busy file is seen."""
    app.engine.dispose()
    event.listen(app.engine, "connect", lambda connection, _record: connection.execute("pragma busy_timeout = 50"))


def test_a_busy_sqlite_file_is_tried_again(file_app: Sphinx) -> None:
    impatient(file_app)
    with file_app.engine.connect() as holder:
        transaction = holder.begin()
        with pytest.raises(DatabaseBusy, match="database is locked"), file_app.session(actor=ALICE) as s:
            draft_invoice(s)
        release = threading.Thread(target=lambda: (time.sleep(0.12), transaction.rollback()))
        release.start()
        answer = file_app.do(quote, 5, actor=ALICE, key="k")
        release.join()
    assert document(file_app, answer["id"]).total_net == 50


def test_a_reader_waits_for_no_writer_on_sqlite(file_app: Sphinx) -> None:
    impatient(file_app)
    made = chain(file_app)
    with file_app.session(actor=ALICE) as s:
        s.put("item", [goods("NEW")])
        with file_app.reader() as views:
            assert views.document(made["invoice"]).document.number == "FA2026-00001"
            assert "NEW" not in views.codes("item")
    with file_app.reader() as views:
        assert "NEW" in views.codes("item")
