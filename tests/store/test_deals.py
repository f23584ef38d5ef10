"""Deals as they are closed and paid for: what keeps one open, who may close it all the same, supplier invoices (AF1, S50)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from sphinx_lib import Actor, Sphinx
from sphinx_lib.kernel.errors import InputError, NotFound, Refused
from tests.store.support import ALICE, faults, lines, open_shop, overlay, statements

D = Decimal
BOSS = Actor("boss", {"close_open_deal"})
BILLS = """
document_types:
  study_bill:
    label: {en: Bill, fr: Facture}
    side: purchase
    deal_stage: invoiced
    number: {sequence: study_bill, at: posted}
    initial: draft
    states: {draft: {editable: true}, posted: {}}
    events: {post: {from: draft, to: posted}}
  study_credit:
    label: {en: Credit, fr: Avoir}
    side: purchase
    sign: "-1"
    deal_stage: invoiced
    number: {sequence: study_bill, at: posted}
    initial: draft
    states: {draft: {editable: true}, posted: {}}
    events: {post: {from: draft, to: posted}}
numbering: {study_bill: {pattern: "FE{YYYY}-{SEQ:05}", reset: yearly, gaps: allowed}}
"""


def opened_deal(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        s.put("deal", [{"code": "HALLE", "name": "Halle 3", "customer": "ACME"}])


def ordered(app: Sphinx) -> str:
    with app.session(actor=ALICE) as s:
        order = s.create("sales_order", customer="ACME", deal="HALLE", lines=lines(1, 10))
        return s.fire(order.id, "confirm").id


def test_a_deal_is_open_then_won_then_closed_and_the_log_says_by_whom(app: Sphinx) -> None:
    opened_deal(app)
    with app.session(actor=BOSS) as s:
        s.set_deal_state("HALLE", "won")
        s.set_deal_state("HALLE", "closed", reason="all done")
    with app.reader() as views:
        found = views.deal("HALLE").deal
        assert (found.state, found.reason, found.name) == ("closed", "all done", "Halle 3")
    assert faults(app) == []


def test_a_deal_is_not_closed_while_an_order_or_a_note_is_open(app: Sphinx) -> None:
    opened_deal(app)
    order = ordered(app)
    with app.session(actor=BOSS) as s, pytest.raises(Refused, match="sales_order BC2026-00001 open"):
        s.set_deal_state("HALLE", "closed")
    with app.session(actor=ALICE) as s:
        note = s.derive(order, "delivery_note").documents[0]
    with app.session(actor=BOSS) as s, pytest.raises(Refused, match="BC2026-00001, delivery_note BL2026-00001 open"):
        s.set_deal_state("HALLE", "closed")
    with app.session(actor=ALICE) as s:
        s.fire(s.derive(note.id, "invoice").documents[0].id, "issue")
        s.set_deal_state("HALLE", "closed")  # the order and the note were closed in this unit, not written yet
    with app.reader() as views:
        assert views.deal("HALLE").deal.state == "closed"


def test_by_force_it_takes_a_right_and_a_reason_which_the_log_keeps(app: Sphinx) -> None:
    opened_deal(app)
    ordered(app)
    with app.session(actor=ALICE) as s, pytest.raises(Refused, match="needs the right 'close_open_deal'"):
        s.set_deal_state("HALLE", "closed", force=True, reason="abandoned")
    with app.session(actor=BOSS) as s, pytest.raises(InputError, match="needs a reason"):
        s.set_deal_state("HALLE", "closed", force=True)
    with app.session(actor=BOSS) as s:
        s.set_deal_state("HALLE", "closed", force=True, reason="abandoned")
    with app.engine.connect() as connection:
        from sphinx_lib.store import audit_log

        last = [row for row in audit_log.entries(connection, app.company) if row.payload.get("kind") == "deal"][-1]
    assert (last.actor, last.payload["data"]["state"], last.payload["data"]["reason"]) == ("boss", "closed", "abandoned")


def test_master_data_close_no_deal_that_is_open_and_leave_a_closed_one_closed(app: Sphinx) -> None:
    opened_deal(app)
    ordered(app)
    with app.session(actor=BOSS) as s, pytest.raises(InputError, match="deal HALLE: sales_order BC2026-00001 open"):
        s.put("deal", [{"code": "HALLE", "state": "closed"}])
    with app.session(actor=BOSS) as s:
        s.set_deal_state("HALLE", "closed", force=True, reason="abandoned")
        s.put("deal", [{"code": "HALLE", "name": "Halle Nord", "state": "closed"}])
    with app.session(actor=BOSS) as s, pytest.raises(InputError, match="state"):
        s.put("deal", [{"code": "HALLE", "state": "asleep"}])
    with app.session(actor=BOSS) as s, pytest.raises(NotFound, match="did you mean 'HALLE'"):
        s.set_deal_state("HALE", "won")


def test_supplier_invoices_lower_what_was_invoiced_and_their_credits_the_other_way(tmp_path: Path) -> None:
    app = open_shop("sqlite://", config=["base", overlay(tmp_path, BILLS)])
    opened_deal(app)
    with app.session(actor=ALICE) as s:
        s.put("supplier", [{"code": "LABO", "name": "Labo"}])
        s.fire(s.create("invoice", customer="ACME", deal="HALLE", lines=lines(1, 10)).id, "issue")
        study = {"text": "Study", "quantity": 1, "unit_price": "30"}
        goods = {"item": "VIS-1", "quantity": 5, "unit_price": "6"}
        s.fire(s.create("study_bill", supplier="LABO", deal="HALLE", lines=[study, goods]).id, "post")
    with app.reader() as views:
        assert views.deal("HALLE").invoiced == (D("100.00"), D("60.00"), D("30.00"))
    with app.session(actor=ALICE) as s:
        s.fire(s.create("study_credit", supplier="LABO", deal="HALLE", lines=[{**study, "unit_price": "10"}]).id, "post")
    with app.reader() as views, statements(app.engine) as seen:
        found = views.deal("HALLE").invoiced
    assert (found.purchases, found.margin, len(seen)) == (D("20.00"), D("20.00"), 3)
    with app.reader(actor=Actor("paul")) as views:
        hidden = views.deal("HALLE").invoiced
    assert (hidden.net, hidden.cost, hidden.purchases, hidden.margin) == (D("100.00"), None, None, None)
    app.engine.dispose()
