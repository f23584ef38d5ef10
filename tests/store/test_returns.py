"""Returns against what is stored: progress, stock and books hold at every step, in a fixed number of statements."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_lib import Sphinx
from sphinx_lib.kernel.errors import GuardFailed, SphinxError
from sphinx_lib.kernel.ports import Actor
from tests.store.support import ALICE, chain, document, faults, goods, lines, open_shop, statements

D = Decimal


def received(app: Sphinx, note: str, quantities: Any = None, **header: Any) -> str:
    with app.session(actor=ALICE) as s:
        made = s.derive(note, "customer_return", quantities=quantities).documents[0]
        if header:
            s.edit(made.id, **header)
        s.fire(made.id, "receive")
    return made.id


def note_of(app: Sphinx, count: int = 1, quantity: Any = 10) -> str:
    with app.session(actor=ALICE) as s:
        return s.create("delivery_note", customer="ACME", lines=lines(count, quantity)).id


def test_what_a_return_takes_off_the_invoice_is_found_again_by_verify(app: Sphinx) -> None:
    note = note_of(app)
    back = received(app, note, {1: 4})
    assert faults(app) == []
    assert document(app, note).lines[0].remaining("invoiced") == 6
    with app.session(actor=ALICE) as s:
        s.derive(back, "delivery_note")
    assert faults(app) == []
    assert (document(app, note).lines[0].remaining("invoiced"), document(app, back).state) == (D(10), "exchanged")


def test_verify_tells_when_the_note_forgets_what_came_back(app: Sphinx) -> None:
    note = note_of(app)
    received(app, note, {1: 4})
    with app.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE document_lines SET progress = NULL WHERE progress IS NOT NULL")
    assert any("invoiced is 0, its documents say 4" in one for one in faults(app))


def test_a_credit_by_way_of_a_return_is_written_and_verified_in_one_unit(app: Sphinx) -> None:
    ids = chain(app)
    with app.session(actor=ALICE) as s:
        back = s.derive(ids["note"], "customer_return", quantities={1: 2}).documents[0]
        s.fire(back.id, "receive")
        credit = s.derive(back.id, "credit_note").documents[0]
        s.fire(credit.id, "issue")
    assert faults(app) == []
    found = document(app, credit.id)
    assert (found.lines[0].source_document, found.lines[0].root_document) == (ids["invoice"], back.id)
    assert (document(app, ids["invoice"]).balance, document(app, back.id).state) == (D("36.00"), "credited")


def test_an_invoice_not_written_yet_is_found_by_the_credit(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        note = s.create("delivery_note", customer="ACME", lines=lines(1, 3))
        s.fire(s.derive(note.id, "invoice").documents[0].id, "issue")
        back = s.derive(note.id, "customer_return").documents[0]
        s.fire(back.id, "receive")
        assert s.derive(back.id, "credit_note").documents[0].total_net == D("30.00")


def test_goods_of_an_order_invoiced_directly_are_credited_from_that_invoice(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        order = s.create("sales_order", customer="ACME", lines=lines(1, 10))
        s.fire(order.id, "confirm")
        note = s.derive(order.id, "delivery_note").documents[0]
        invoice = s.derive(order.id, "invoice").documents[0]
        s.fire(invoice.id, "issue")
        back = s.derive(note.id, "customer_return", quantities={1: 3}).documents[0]
        assert s.fire(back.id, "receive").lines[0].custom["uninvoiced"] == 0
        credit = s.derive(back.id, "credit_note").documents[0]
        assert (credit.total_net, credit.lines[0].source_document) == (D("30.00"), invoice.id)
    assert faults(app) == []


def test_a_draft_invoice_of_more_than_is_kept_must_be_lowered_first(app: Sphinx) -> None:
    note = note_of(app)
    with app.session(actor=ALICE) as s:
        draft = s.derive(note, "invoice").documents[0]
    received(app, note, {1: 3})
    with app.session(actor=ALICE) as s, pytest.raises(GuardFailed, match="plus qu'il ne reste"):
        s.fire(draft.id, "issue")
    with app.session(actor=ALICE) as s:
        s.edit(draft.id, lines={1: {"quantity": 7}})
        s.fire(draft.id, "issue")
    assert (document(app, note).state, faults(app)) == ("invoiced", [])


def counts(app: Sphinx, count: int) -> list[int]:
    """The statements of receiving and of crediting a return of ``count`` lines."""
    ids = chain(app, count)
    found = []
    with statements(app.engine) as seen:
        back = received(app, ids["note"])
        found.append(len(seen))
    with statements(app.engine) as seen, app.session(actor=ALICE) as s:
        s.fire(s.derive(back, "credit_note").documents[0].id, "issue")
    return [*found, len(seen)]


def test_a_return_of_many_lines_takes_the_statements_of_one_of_two(database_url: str) -> None:
    app = open_shop(database_url, items=40)
    assert counts(app, 2) == counts(app, 40)
    app.engine.dispose()


@given(st.lists(st.tuples(st.sampled_from(["return", "invoice", "credit", "replace", "cancel"]), st.integers(1, 5)), max_size=8))
@settings(max_examples=15, deadline=None)
def test_whatever_comes_back_nothing_is_invoiced_or_credited_twice(story: list[tuple[str, int]]) -> None:
    """Invoiced less credited never exceeds what the customer kept, and what is stored explains itself."""
    app = open_shop("sqlite://", items=1)
    note = note_of(app)
    backs: list[str] = []
    for what, quantity in story:
        try:
            if what == "return":
                backs.append(received(app, note, {1: quantity}))
                continue
            with app.session(actor=ALICE) as s:
                if what == "invoice":
                    s.fire(s.derive(note, "invoice", quantities={1: quantity}).documents[0].id, "issue")
                elif backs and what == "credit":
                    for one in s.derive(backs[-1], "credit_note").documents:
                        s.fire(one.id, "issue")
                elif backs and what == "replace":
                    s.derive(backs[-1], "delivery_note")
                elif backs:
                    s.fire(backs[-1], "cancel")
        except SphinxError:
            continue  # refused, so that nothing of it stays
    assert faults(app) == []
    line = document(app, note).lines[0]
    assert line.done("invoiced") <= 10
    assert line.done("returned") <= 10
    kept = [one for one in (document(app, back) for back in backs) if one.state != "cancelled"]
    out = sum((one.lines[0].done("delivered") for one in kept), D(0))
    with app.reader() as views:
        assert views.stock("VIS-1").physical == 990 + sum((one.lines[0].quantity or D(0) for one in kept), D(0)) - out
    app.engine.dispose()


def test_tracked_goods_neither_go_back_nor_come_back_without_their_lot() -> None:
    """K10: a return that is made from nothing names the lot itself; one that goes out takes the lot that expires first."""
    app = open_shop("sqlite://", items=0)
    boss = Actor("boss", {"return_without_delivery"})
    with app.session(actor=boss) as s:
        s.put("supplier", [{"code": "VISCO", "name": "Visco", "country": "FR"}])
        s.put("item", [goods("LAIT", tracking="lot", negative_stock="allow")])
        s.adjust_stock("LAIT", 3, lot="L1")
        line = {"item": "LAIT", "quantity": 2, "unit_price": 1}
        away = s.create("supplier_return", supplier="VISCO", lines=[line])
        assert [one.lot for one in s.fire(away.id, "send").lines[0].stowed] == ["L1"]
        more = s.create("supplier_return", supplier="VISCO", lines=[line])
        with pytest.raises(GuardFailed, match="1 sur 2 sans lot"):
            s.fire(more.id, "send")
        back = s.create("customer_return", customer="ACME", lines=[line])
        with pytest.raises(GuardFailed, match="2 sur 2 sans lot"):
            s.fire(back.id, "receive", override={"from_a_delivery": "known customer"})
    assert faults(app) == []
    app.engine.dispose()
