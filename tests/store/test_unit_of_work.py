"""One unit of work: all of it or none of it (style 4.6), on both databases."""

from __future__ import annotations

import pytest

from sphinx_lib import InputError, Refused, Sphinx
from sphinx_lib.kernel.errors import NotFound, StockShort
from tests.store.support import ALICE, FixedClock, count_rows, document, draft_invoice, faults, goods, lines, open_shop


class Stop(Exception):
    """Raised by a host in the middle of a unit of work."""


def test_a_unit_of_work_commits_when_it_ends(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        made = s.create("quotation", customer="ACME", lines=lines(2))
    stored = document(app, made.id)
    assert (stored.total_net, len(stored.lines), stored.version) == (100, 2, 1)
    assert {line.item: line.quantity for line in stored.lines} == {"VIS-1": 5, "VIS-2": 5}


def test_a_unit_of_work_that_raises_writes_nothing(app: Sphinx) -> None:
    before = count_rows(app)
    with pytest.raises(Stop), app.session(actor=ALICE) as s:
        s.put("item", [goods("NEW")])
        s.adjust_stock("VIS-1", -1)
        draft = draft_invoice(s)
        s.fire(draft.id, "issue")
        s.flush()
        assert s.document(draft.id).number == "FA2026-00001"
        raise Stop
    assert count_rows(app) == before
    with app.reader() as views:
        assert views.stock("VIS-1").physical == 1000
    assert faults(app) == []


def test_a_refused_command_leaves_nothing_half_done_in_its_unit(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        kept = s.create("quotation", customer="ACME", lines=lines())
        with pytest.raises(InputError, match="unknown item 'VIS-9'"):
            s.create("quotation", customer="ACME", lines=[*lines(), {"item": "VIS-9", "quantity": 1}])
        s.fire(kept.id, "send")
    with app.reader() as views:
        assert views.ids(type="quotation") == [kept.id]
        assert views.document(kept.id).document.number == "DE2026-00001"
    assert faults(app) == []


def test_a_unit_whose_flush_failed_cannot_be_committed_any_more(app: Sphinx) -> None:
    """The flush had written a part: going on would keep that half."""
    with app.session(actor=ALICE) as s:
        s.put("item", [goods("BAR", negative_stock="forbid")])
        s.adjust_stock("BAR", 1)
    before = count_rows(app)
    again = "^this unit of work failed while it was written; begin a new one$"
    with pytest.raises(Refused, match=again), app.session(actor=ALICE) as s:
        s.create("quotation", customer="ACME", lines=lines())
        s.adjust_stock("BAR", -2)
        with pytest.raises(StockShort, match="^stock would fall below zero: BAR in main: -1$"):
            s.flush()
    assert count_rows(app) == before
    with app.reader() as views:
        assert views.stock("BAR").physical == 1


def test_a_session_on_the_hosts_connection_joins_its_transaction(app: Sphinx) -> None:
    with app.engine.connect() as connection:
        with connection.begin() as transaction:
            with app.session(actor=ALICE, connection=connection) as s:
                lost = s.create("quotation", customer="ACME", lines=lines())
            transaction.rollback()
        with connection.begin(), app.session(actor=ALICE, connection=connection) as s:
            kept = s.create("quotation", customer="ACME", lines=lines())
    assert document(app, kept.id).total_net == 50
    with pytest.raises(NotFound, match=f"^no document {lost.id}$"):
        document(app, lost.id)


def test_a_host_may_go_on_in_its_transaction_after_a_unit_that_failed(app: Sphinx) -> None:
    before = count_rows(app)
    with app.engine.begin() as connection:
        with pytest.raises(Stop), app.session(actor=ALICE, connection=connection) as s:
            s.put("item", [goods("NEW")])
            s.create("quotation", customer="ACME", lines=lines())
            s.flush()
            raise Stop
        with app.session(actor=ALICE, connection=connection) as s:
            s.create("quotation", customer="ACME", lines=lines())
    after = count_rows(app)
    assert after["documents"] == before["documents"] + 1
    assert after["items"] == before["items"]
    assert faults(app) == []


def test_two_libraries_in_one_process_know_nothing_of_each_other() -> None:
    first, second = open_shop("sqlite://"), open_shop("sqlite://", stock=7)
    with first.session(actor=ALICE) as outer, second.session(actor=ALICE) as inner:
        one = outer.create("quotation", customer="ACME", lines=lines())
        outer.fire(one.id, "send")
        with pytest.raises(NotFound, match="no document"):
            inner.document(one.id)
    with first.reader() as a, second.reader() as b:
        assert (a.ids(type="quotation"), b.ids(type="quotation")) == ([one.id], [])
        assert (a.stock("VIS-1").physical, b.stock("VIS-1").physical) == (1000, 7)


def test_two_companies_in_one_database_do_not_see_each_other(database_url: str) -> None:
    north = open_shop(database_url, company="north", stock=10)
    south = open_shop(database_url, company="south", stock=20, clock=FixedClock())
    for company in (north, south):
        with company.session(actor=ALICE) as s:
            draft = draft_invoice(s)
            s.fire(draft.id, "issue")
    with north.reader() as views:
        (invoice,) = views.ids(type="invoice")
        assert views.document(invoice).document.number == "FA2026-00001"
        assert views.stock("VIS-1").physical == 10
        assert views.customer("ACME").balance == 60
    with south.reader() as views:
        assert views.find("invoice", "FA2026-00001").document.id != invoice
        assert views.stock("VIS-1").physical == 20
        with pytest.raises(NotFound, match=f"^no document {invoice}$"):
            views.document(invoice)
    assert (north.verify().documents, south.verify().documents) == (1, 1)
    assert [app.seal().entries for app in (north, south)] == [app.verify().entries for app in (north, south)]
    assert faults(north) == faults(south) == []
    north.engine.dispose()
    south.engine.dispose()


def test_a_document_that_was_read_is_derived_from_in_the_same_unit(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        order = s.create("sales_order", customer="ACME", lines=[{"item": "VIS-1", "quantity": 5}])
        s.fire(order.id, "confirm")
    with app.session(actor=ALICE) as s:
        note = s.derive(order.id, "delivery_note").documents[0]
    with app.session(actor=ALICE) as s:
        s.document(note.id)
        (invoice,) = s.derive(note.id, "invoice").documents
        assert invoice.lines[0].quantity == 5


@pytest.mark.parametrize("again", ["reader", "session", "verify"])
def test_a_database_in_memory_refuses_what_is_opened_inside_a_session_and_the_session_goes_on(again: str) -> None:
    app = Sphinx.open()
    with app.session() as session:
        session.put("customer", [{"code": "ACME", "name": "ACME SAS"}])
        session.flush()
        with pytest.raises(Refused, match="a session or reader that is still open holds it; close that one first"):
            opened = getattr(app, again)()
            opened.__enter__()
    with app.session() as session:
        assert session.create("quotation", customer="ACME").party == "ACME"
