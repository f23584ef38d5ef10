"""How many SQL statements an operation takes does not depend on its lines, nor on its documents (architecture 4.17)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sphinx_lib import Sphinx
from tests.store.support import ALICE, accepted_quotation, goods, issue_invoice, lines, open_shop, statements

MOST = {"create": 10, "fire": 9, "derive": 17}
WHOLE_CHAIN = {"sqlite": 60, "postgresql": 66}
"""On PostgreSQL each unit of work looks again at the versions of the records that it went by, in one statement (ADR 6)."""


def counted(app: Sphinx, work: Callable[[Any], Any], key: str | None = None) -> tuple[Any, int]:
    """What ``work(session)`` answered in a unit of its own, and how many statements that took."""
    with statements(app.engine) as seen:
        if key is not None:
            return app.do(work, actor=ALICE, key=key), len(seen)
        with app.session(actor=ALICE) as s:
            answer = work(s)
    return answer, len(seen)


def chain_counts(app: Sphinx, count: int, *, keys: bool = False) -> dict[str, int]:
    """The statements of each unit from the quotation to the issued invoice, for ``count`` lines."""
    ids: dict[str, str] = {}

    def quote(s: Any) -> str:
        return s.create("quotation", customer="ACME", lines=lines(count)).id

    def derived(source: str, target: str) -> Callable[[Any], str]:
        return lambda s: s.derive(ids[source], target).documents[0].id

    def issued_invoice(s: Any) -> str:
        return s.fire(s.derive(ids["derive note"], "invoice").documents[0].id, "issue").id

    steps: dict[str, Callable[[Any], Any]] = {
        "create quotation": quote,
        "fire send": lambda s: s.fire(ids["create quotation"], "send").id,
        "fire accept": lambda s: s.fire(ids["create quotation"], "accept", ask={"channel": "mail", "person": "D"}).id,
        "derive order": derived("create quotation", "sales_order"),
        "derive note": derived("derive order", "delivery_note"),
        "derive invoice": issued_invoice,
    }
    found = {}
    for name, work in steps.items():
        ids[name], found[name] = counted(app, work, key=f"{name} {count}" if keys else None)
    return found


def test_a_chain_of_a_hundred_lines_takes_the_statements_of_one_of_ten(database_url: str) -> None:
    app = open_shop(database_url, items=100)
    ten, hundred = chain_counts(app, 10), chain_counts(app, 100)
    assert ten == hundred
    for name, count in ten.items():
        assert count <= MOST[name.split()[0]], name
    assert sum(ten.values()) <= WHOLE_CHAIN[app.engine.dialect.name], ten
    app.engine.dispose()


def test_an_idempotency_key_costs_two_statements_a_unit(app: Sphinx) -> None:
    plain, keyed = chain_counts(app, 2), chain_counts(app, 2, keys=True)
    assert keyed == {name: count + 2 for name, count in plain.items()}


def quotations(app: Sphinx, count: int) -> list[str]:
    """Quotations over different items for two customers, written and sent."""
    with app.session(actor=ALICE) as s:
        made = [
            s.create("quotation", customer=("ACME", "ZED")[n % 2], lines=[{"item": f"VIS-{n + 1}", "quantity": 5}]).id
            for n in range(count)
        ]
        s.fire_many(made, "send")
    return made


@pytest.fixture
def wide(database_url: str) -> Any:
    app = open_shop(database_url, items=40)
    with app.session(actor=ALICE) as s:
        s.put("customer", [{"code": "ZED", "name": "ZED"}])
    yield app
    app.engine.dispose()


def batch_counts(app: Sphinx, count: int) -> dict[str, int]:
    """The statements of each batch form over ``count`` documents."""
    found: dict[str, int] = {}
    quotes = quotations(app, count)
    asked = {"channel": "mail", "person": "D"}

    def note(name: str, work: Callable[[Any], Any]) -> Any:
        answer, found[name] = counted(app, work)
        return answer

    assert len(note("fire_many accept", lambda s: s.fire_many(quotes, "accept", **asked)).fired) == count
    orders = [one.id for one in note("derive orders", lambda s: s.derive(quotes, "sales_order")).documents]
    assert len(orders) == count
    notes = [
        one.id
        for half in (orders[0::2], orders[1::2])
        if half
        for one in note("derive notes", lambda s, half=half: s.derive(half, "delivery_note")).documents
    ]
    half = {"derive notes": found["derive notes"]}
    drafts = [one.id for one in note("derive invoices", lambda s: s.derive(notes, "invoice")).documents]
    note("fire_many issue", lambda s: s.fire_many(drafts, "issue"))
    payments = []
    with app.session(actor=ALICE) as s:
        for invoice in drafts:
            total = s.document(invoice)
            payments.append(s.pay(total.party or "", total.total_gross, allocate=[invoice]).id)
    note("fire_many reject", lambda s: s.fire_many(payments, "reject"))
    return found | half


def test_a_batch_of_forty_documents_takes_the_statements_of_one(wide: Sphinx) -> None:
    assert batch_counts(wide, 40) == batch_counts(wide, 1)


def test_a_route_is_chosen_for_forty_quotations_with_the_statements_of_one(wide: Sphinx) -> None:
    many = [accepted_quotation(wide).id for _ in range(10)]
    other = [
        accepted_quotation(wide, 3, customer="ZED").id,
    ]
    _, one = counted(wide, lambda s: s.derive(other))
    _, ten = counted(wide, lambda s: s.derive(many))
    assert ten == one


def test_orders_cancelled_together_take_the_statements_of_one(wide: Sphinx) -> None:
    found = []
    for count in (1, 20):
        with wide.session(actor=ALICE) as s:
            notes = [
                s.create("delivery_note", customer="ACME", lines=[{"item": f"VIS-{n + 1}", "quantity": 1}]).id
                for n in range(count)
            ]
        found.append(counted(wide, lambda s, notes=notes: s.fire_many(notes, "cancel"))[1])
    assert found[0] == found[1]


def test_invoices_issued_together_take_the_statements_of_one(wide: Sphinx) -> None:
    """Each invoice was made from a note of an order of its own: three documents to advance for each."""
    found = []
    for count in (1, 20):
        ids = []
        for quote in [accepted_quotation(wide) for _ in range(count)]:
            with wide.session(actor=ALICE) as s:
                order = s.derive(quote.id, "sales_order").documents[0]
                delivered = s.derive(order.id, "delivery_note").documents[0]
                ids.append(s.derive(delivered.id, "invoice").documents[0].id)
        batch, number = counted(wide, lambda s, ids=ids: s.fire_many(ids, "issue"))
        assert len(batch.fired) == count
        found.append(number)
    assert found[0] == found[1]


def test_a_run_over_forty_documents_takes_the_statements_of_one(wide: Sphinx) -> None:
    def ship(count: int, customer: str) -> None:
        with wide.session(actor=ALICE) as s:
            for n in range(count):
                s.create("delivery_note", customer=customer, lines=[{"item": f"VIS-{n + 1}", "quantity": 1}])

    def run(name: str, **options: Any) -> int:
        with statements(wide.engine) as seen:
            report = wide.run(name, actor=ALICE, **options)
        assert report.made
        return len(seen)

    ship(1, "ACME")
    one = run("invoicing", until="2026-03-31")
    ship(40, "ACME")
    assert run("invoicing", until="2026-03-31") == one
    with wide.session(actor=ALICE) as s:
        s.put("item", [goods("LATE")])


def test_an_expiry_run_over_forty_documents_takes_the_statements_of_one(wide: Sphinx) -> None:
    from datetime import timedelta

    found = []
    for count in (1, 40):
        quotations(wide, count)
        wide.clock.at += timedelta(days=60)  # type: ignore[attr-defined]
        with statements(wide.engine) as seen:
            report = wide.run("expiry", actor=ALICE)
        assert len(report.made) == count
        found.append(len(seen))
    assert found[0] == found[1]


def test_what_a_customer_owes_is_read_in_a_fixed_number_of_statements(app: Sphinx) -> None:
    def reading() -> int:
        with statements(app.engine) as seen, app.reader() as views:
            assert views.customer("ACME").balance > 0
        return len(seen)

    issue_invoice(app)
    one = reading()
    for _ in range(12):
        issue_invoice(app)
    assert reading() == one


def of_values(seen: list[tuple[str, Any]]) -> int:
    """How many statements lock, make or write what items are worth."""
    written = ("UPDATE stock_values", "INSERT INTO stock_values", "FROM stock_values", "sum(stock_moves")
    return sum(any(one in text for one in written) for text, _ in seen)


def test_what_stock_is_worth_takes_two_statements_whatever_moves(wide: Sphinx) -> None:
    """Items are locked and written; two more make the rows of items that never moved, one reads what is taken back."""
    found: dict[int, list[int]] = {}
    for count in (1, 40):
        codes = [f"NEW-{count}-{n}" for n in range(count)]
        rows = [{"item": code, "quantity": 5, "unit_price": "3"} for code in codes]
        with wide.session(actor=ALICE) as s:
            s.put("item", [goods(code) for code in codes])
            receipt = s.create("goods_receipt", supplier="ACME", lines=rows).id
        counts = found.setdefault(count, [])
        with statements(wide.engine) as seen, wide.session(actor=ALICE) as s:
            s.fire(receipt, "receive")
        counts.append(of_values(seen))
        with statements(wide.engine) as seen, wide.session(actor=ALICE) as s:
            note = s.create("delivery_note", customer="ACME", lines=rows).id
        counts.append(of_values(seen))
        with statements(wide.engine) as seen, wide.session(actor=ALICE) as s:
            s.fire(note, "cancel")
        counts.append(of_values(seen))
    assert found[1] == found[40] == [4, 2, 3]
