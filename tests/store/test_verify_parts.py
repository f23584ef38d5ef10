"""Verifying in parts: each of its own snapshot, they tell what one snapshot of everything tells, also beside writers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, delete, event, insert, select, update

from sphinx_lib import Conflict, Sphinx
from sphinx_lib.app.session import Session
from sphinx_lib.app.verify import SUBJECTS
from sphinx_lib.store.tables import (
    allocations,
    audit_log,
    document_lines,
    documents,
    items,
    seals,
    sequences,
    stock_balances,
)
from tests.store.support import (
    ALICE,
    D,
    at_once,
    chain,
    goods,
    issue_invoice,
    lines,
    open_shop,
    raised,
)
from tests.store.test_audit import busy_day
from tests.store.test_procurement import open_buyer
from tests.store.test_procurement import order as order_of


def in_parts(app: Sphinx, **options: Any) -> Any:
    return app.verify(parts_after=0, **options)


@contextmanager
def snapshots(app: Sphinx) -> Iterator[list[int]]:
    """The statements of each transaction, counted."""
    counted: list[int] = []

    def begun(_connection: Connection) -> None:
        counted.append(0)

    def sent(_connection: Connection, _cursor: Any, text: str, *_: Any) -> None:
        if not text.startswith("BEGIN"):
            counted[-1] += 1

    event.listen(app.engine, "begin", begun)
    event.listen(app.engine, "after_cursor_execute", sent)
    try:
        yield counted
    finally:
        event.remove(app.engine, "begin", begun)
        event.remove(app.engine, "after_cursor_execute", sent)


def test_within_its_time_all_is_read_in_one_snapshot(app: Sphinx) -> None:
    chain(app)
    with snapshots(app) as whole:
        assert app.verify().ok
    assert len(whole) == 1


def test_after_its_time_each_part_has_a_snapshot_of_its_own(app: Sphinx) -> None:
    for _ in range(3):
        chain(app, 2)
    kept, told = app.seal(), []
    whole = app.verify(against=[kept] if kept else [])
    with snapshots(app) as counted:
        parts = in_parts(
            app,
            against=[kept] if kept else [],
            progress=lambda done, total: told.append((done, total)),
        )
    assert parts == whole
    assert len(counted) == 1 + len(SUBJECTS) + 1  # the one that took too long, the subjects, the seals
    assert told[-1] == (len(SUBJECTS) + 1,) * 2
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def invoice(app: Sphinx) -> Any:
    return select(documents.c.id).where(documents.c.number == "FA2026-00001").scalar_subquery()


def order(app: Sphinx) -> Any:
    return select(documents.c.id).where(documents.c.number == "BC2026-00001").scalar_subquery()


d, line, log, move = documents.c, document_lines.c, audit_log.c, allocations.c
TAMPERING: dict[str, Callable[[Any, Any], list[Any]]] = {
    "an amount": lambda order, invoice: [
        update(documents).where(d.id == invoice).values(total_net=D("99"))
    ],
    "a balance": lambda order, invoice: [
        update(documents).where(d.id == invoice).values(balance=D("1"))
    ],
    "a state": lambda order, invoice: [
        update(documents).where(d.id == order).values(state="draft")
    ],
    "a line": lambda order, invoice: [
        update(document_lines).where(line.document_id == invoice).values(text="gold")
    ],
    "progress": lambda order, invoice: [
        update(document_lines)
        .where(line.document_id == order)
        .values(progress={"delivered": ["4", "0", "40"]})
    ],
    "a line from which others were made": lambda order, invoice: [
        delete(document_lines).where(line.document_id == order)
    ],
    "a document from which others were made": lambda order, invoice: [
        delete(audit_log).where(log.document_id == order),
        delete(document_lines).where(line.document_id == order),
        delete(documents).where(d.number == "BC2026-00001"),
    ],
    "an entry": lambda order, invoice: [
        update(audit_log).where(log.document_id == order).values(actor="eve")
    ],
    "the last entry": lambda order, invoice: [
        delete(audit_log).where(log.document_id == order, log.version > 1)
    ],
    "a whole chain": lambda order, invoice: [delete(audit_log).where(log.document_id == invoice)],
    "a document without its chain": lambda order, invoice: [
        delete(documents).where(d.number == "FA2026-00001")
    ],
    "a series": lambda order, invoice: [
        update(sequences).where(sequences.c.name == "invoice").values(last=2)
    ],
    "a record": lambda order, invoice: [
        update(items).where(items.c.code == "VIS-1").values(data={"code": "VIS-1"})
    ],
    "the head of a record": lambda order, invoice: [
        update(items).where(items.c.code == "VIS-1").values(audit_hash="0" * 64)
    ],
    "a seal": lambda order, invoice: [update(seals).values(hash="0" * 64)],
    "stock": lambda order, invoice: [update(stock_balances).values(physical=D(7))],
    "an allocation": lambda order, invoice: [
        delete(allocations).where(move.document_id == invoice)
    ],
}


@pytest.mark.parametrize("what", TAMPERING)
def test_what_was_tampered_with_is_told_in_the_same_words(what: str) -> None:
    app = open_shop("sqlite://")
    busy_day(app)
    app.seal()
    with app.engine.begin() as connection:
        for statement in TAMPERING[what](order(app), invoice(app)):
            assert connection.execute(statement).rowcount
    whole, parts = app.verify(), in_parts(app)
    assert whole.faults
    assert set(parts.faults) == set(whole.faults)
    assert (parts.documents, parts.entries, parts.unsealed) == (
        whole.documents,
        whole.entries,
        whole.unsealed,
    )
    app.engine.dispose()


def test_a_record_slipped_in_is_told(app: Sphinx) -> None:
    with app.engine.begin() as connection:
        row = dict(
            connection.execute(select(items).where(items.c.code == "VIS-1")).mappings().one()
        )
        connection.execute(insert(items), row | {"code": "VIS-X", "id": "0" * 32})
    assert [str(fault.where) for fault in in_parts(app).faults] == ["item VIS-X"]


def test_an_empty_database_holds(database_url: str) -> None:
    app = Sphinx.open(database_url=database_url)
    app.migrate()
    report = in_parts(app)
    assert (report.faults, report.documents, report.entries) == ((), 0, 1)  # the configuration that was taken up
    app.engine.dispose()


# -- beside writers ---------------------------------------------------------------------------------------


def work(app: Sphinx, random: Random, made: list[dict[str, str]]) -> None:
    """One thing of a day: something new, something of before that goes on, or a record that changes."""

    def credit(s: Session) -> None:
        one = s.derive(random.choice(made)["invoice"], "credit_note").documents[0]
        s.fire(one.id, "issue")

    def deliver(s: Session) -> None:
        ordered = s.create("sales_order", customer="ACME", lines=lines(2, 4))
        s.fire(ordered.id, "confirm")
        s.derive(ordered.id, "delivery_note", quantities={1: 1})

    doing = random.choice([
        lambda: made.append(chain(app)),
        lambda: issue_invoice(app, quantity=random.randint(1, 9)),
        lambda: app.do(lambda s: s.pay("ACME", "3.00") and None, actor=ALICE),
        lambda: app.do(credit, actor=ALICE),
        lambda: app.do(deliver, actor=ALICE),
        lambda: app.do(lambda s: s.put("item", [goods("VIS-2", sale_price=random.randint(1, 99))]) and None, actor=ALICE),
        lambda: app.seal(),
    ])  # fmt: skip
    try:
        doing()
    except Conflict:
        pass  # two wrote the same; nothing of it stands
    except Exception as error:
        if type(error).__name__ not in ("GuardFailed", "Refused", "TransitionRefused"):
            raise


def test_thirty_rounds_beside_writers_raise_no_false_alarm(postgres_database: str) -> None:
    app = open_shop(postgres_database, stock=100_000)
    made = [chain(app) for _ in range(3)]
    randoms = [Random(seed) for seed in (1, 2)]
    for _ in range(30):
        verifying, *writing = at_once(
            lambda: in_parts(app),
            *[lambda random=random: work(app, random, made) for random in randoms],
        )
        assert raised([verifying, *writing]) == []
        assert verifying.faults == ()
    assert app.verify().ok
    app.engine.dispose()


def test_orders_are_judged_with_the_purchases_that_are_pegged_to_them(database_url: str) -> None:
    app = open_buyer(database_url)
    with app.session(actor=ALICE) as s:
        ordered = order_of(s, ("VIS-1", 4), ("VIS-2", 2))
        bought = [one.id for one in s.derive(ordered, "purchase_order").documents]
        s.fire_many(bought, "confirm")
    with app.session(actor=ALICE) as s:
        s.fire(s.derive(bought[0], "goods_receipt").documents[0].id, "receive")
    assert in_parts(app).faults == ()
    with app.engine.begin() as connection:
        connection.execute(
            update(document_lines).where(line.document_id == bought[1]).values(pegs=None)
        )
    told = {fault.where for fault in in_parts(app).faults}
    assert told == {fault.where for fault in app.verify().faults}
    assert "sales_order BC2026-00001" in told
    app.engine.dispose()
