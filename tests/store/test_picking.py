"""Picking lists in the database: lots and bins carried to the delivery, statements that do not depend on lines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sphinx_lib import GuardFailed, InputError, Sphinx
from sphinx_lib.kernel.errors import SphinxError
from sphinx_lib.store.stock import places_of
from tests.store.support import ALICE, count_rows, document, faults, goods, lines, open_shop, statements

D = Decimal


def order(app: Sphinx, *rows: dict[str, Any], customer: str = "ACME") -> str:
    with app.session(actor=ALICE) as s:
        return s.fire(s.create("sales_order", customer=customer, lines=rows).id, "confirm").id


def picking(app: Sphinx, *orders: str) -> str:
    with app.session(actor=ALICE) as s:
        return s.fire(s.derive(orders, "picking_list").documents[0].id, "start").id


def finished(app: Sphinx, list_id: str, event: str = "finish") -> list[Any]:
    """The notes that came of it."""
    with app.reader() as views:
        before = set(views.ids(type="delivery_note"))
    with app.session(actor=ALICE) as s:
        s.fire(list_id, event)
    with app.reader() as views:
        return [views.document(one).document for one in views.ids(type="delivery_note") if one not in before]


def places(app: Sphinx, *items: str) -> dict[tuple[str, str, str], Decimal]:
    with app.engine.connect() as connection:
        return {(one.item, one.lot, one.bin): one.quantity for one in places_of(connection, app.company, items)}


@pytest.fixture
def shop(app: Sphinx) -> Sphinx:
    with app.session(actor=ALICE) as s:
        s.put("item", [
            goods("OIL", tracking="lot", bin="C-1"), goods("PLUG", sales_unit="hundred", bin="B-1"),
            goods("SAW", tracking="serial"),
            {"code": "KIT", "name": "Kit", "kind": "kit", "sale_price": "30", "components": {"VIS-1": "2", "VIS-2": "1"}},
        ])  # fmt: skip
        s.adjust_stock("OIL", 5, lot="L2", expires="2026-09-30")
        s.adjust_stock("OIL", 3, lot="L1", bin="C-7", expires="2026-06-30")
        s.adjust_stock("PLUG", 307)
        s.adjust_stock("PLUG", 33, bin="B-2")
        for serial in ("S-2", "S-10", "S-1"):
            s.adjust_stock("SAW", 1, serial=serial, bin="D-1")
        s.adjust_stock("VIS-1", 6, bin="A-1")
    return app


def test_the_delivery_takes_exactly_the_lots_and_bins_of_the_list(shop: Sphinx) -> None:
    picks = picking(shop, order(shop, {"item": "OIL", "quantity": 4}))
    assert [(one.stowed[0].lot, one.stowed[0].bin, one.quantity) for one in document(shop, picks).lines] == [
        ("L2", "C-1", 1), ("L1", "C-7", 3),
    ]  # fmt: skip
    (note,) = finished(shop, picks)
    assert {(one.lot, one.bin, one.quantity) for one in note.lines[0].stowed} == {("L1", "C-7", 3), ("L2", "", 1)}
    assert places(shop, "OIL") == {("OIL", "L2", ""): 4}
    assert faults(shop) == []


def test_another_lot_than_the_one_proposed_is_delivered_when_it_was_picked(shop: Sphinx) -> None:
    picks = picking(shop, order(shop, {"item": "OIL", "quantity": 3}))
    with shop.session(actor=ALICE) as s:
        s.edit(picks, lines={1: {"lot": "L2", "bin": "C-1"}})
    finished(shop, picks)
    assert places(shop, "OIL") == {("OIL", "L2", ""): 2, ("OIL", "L1", "C-7"): 3}


def test_each_serial_number_is_a_line(shop: Sphinx) -> None:
    picks = picking(shop, order(shop, {"item": "SAW", "quantity": 2}))
    assert [one.stowed[0].lot for one in document(shop, picks).lines] == ["S-1", "S-2"]
    finished(shop, picks)
    assert places(shop, "SAW") == {("SAW", "S-10", "D-1"): 1}


def test_a_part_of_a_sales_unit_moves_the_pieces_that_were_picked_and_no_more(shop: Sphinx) -> None:
    """1.7 hundred less 7 pieces that are missing: 163 pieces leave, 33 of them out of B-2."""
    picks = picking(shop, order(shop, {"item": "PLUG", "quantity": "1.7"}))
    assert [(one.stowed[0].bin, one.quantity) for one in document(shop, picks).lines] == [("B-1", D("1.37")), ("B-2", D("0.33"))]
    with shop.session(actor=ALICE) as s:
        s.edit(picks, lines={1: {"quantity": "1.3"}})
    (note,) = finished(shop, picks)
    assert (note.lines[0].quantity, note.lines[0].stock_quantity, note.total_net) == (D("1.63"), 163, D("1630.00"))
    with shop.reader() as views:
        assert views.stock("PLUG").physical == 177
    assert places(shop, "PLUG") == {}


def test_components_of_a_kit_leave_their_bins(shop: Sphinx) -> None:
    picks = picking(shop, order(shop, {"item": "KIT", "quantity": 2}))
    finished(shop, picks)
    assert places(shop, "VIS-1") == {("VIS-1", "", "A-1"): 2}
    with shop.reader() as views:
        assert (views.stock("VIS-1").physical, views.stock("VIS-2").physical) == (1002, 998)
    assert faults(shop) == []


def test_more_than_lies_in_a_lot_is_not_delivered_and_nothing_of_the_list_is(shop: Sphinx) -> None:
    """The lots were sold elsewhere meanwhile; the list stays as it was and may be corrected."""
    picks = picking(shop, order(shop, {"item": "OIL", "quantity": 4}))
    with shop.session(actor=ALICE) as s:
        s.adjust_stock("OIL", -2, lot="L1", bin="C-7")
    before = count_rows(shop)
    with pytest.raises(SphinxError, match="L1"):
        finished(shop, picks)
    assert count_rows(shop) == before
    assert document(shop, picks).state == "picking"


def test_a_finished_list_delivers_once_whatever_is_fired_again(shop: Sphinx) -> None:
    picks = picking(shop, order(shop, {"item": "VIS-2", "quantity": 4}))
    finish = lambda s: s.fire(picks, "finish").id  # noqa: E731
    assert shop.do(finish, actor=ALICE, key="done") == shop.do(finish, actor=ALICE, key="done") == picks
    with pytest.raises(SphinxError, match="cannot 'finish' from 'done'"), shop.session(actor=ALICE) as s:
        s.fire(picks, "finish")
    with shop.reader() as views:
        assert len(views.ids(type="delivery_note")) == 1
        assert views.stock("VIS-2").physical == 996
        (told,) = [row for row in views.history(picks) if row.event == "deliver_picked"]
        assert told.payload["facts"] == {"delivered_by": views.ids(type="delivery_note")}


def test_what_the_delivery_is_refused_for_keeps_the_list_open(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        s.put("item", [goods("RARE", negative_stock="forbid")])
    picks = picking(app, order(app, {"item": "RARE", "quantity": 1}))
    with pytest.raises(GuardFailed, match="RARE"):
        finished(app, picks)
    assert document(app, picks).state == "picking"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({1: {"quantity": 6}}, "line 1: 1 more than was listed, 0 left to pick"),
        ({1: {"quantity": -1}}, "line 1: -1 cannot be picked; write 0 for nothing"),
        ({1: {"quantity": "many"}}, "line 1: quantity: "),
        ({1: {"quantty": 2}}, "line 1: a picking list has no field 'quantty' to change; did you mean 'quantity'?"),
        ({1: {"lot": "Z"}}, "line 1: VIS-2 is not tracked by lot or serial number, so 'Z' says nothing"),
        ({2: {"quantity": 2}}, "picking_list has no line 2"),
        ([{"item": "VIS-1", "quantity": 1}], "give changes of lines by position"),
    ],
)
def test_what_cannot_have_been_picked_is_told_with_its_line(app: Sphinx, change: Any, told: str) -> None:
    picks = picking(app, order(app, {"item": "VIS-2", "quantity": 5}))
    with pytest.raises(InputError) as refused, app.session(actor=ALICE) as s:
        s.edit(picks, lines=change)
    assert told in str(refused.value)


def test_a_list_taken_back_within_its_unit_of_work_claims_nothing(shop: Sphinx) -> None:
    one = order(shop, {"item": "OIL", "quantity": 3})
    with shop.session(actor=ALICE) as s:
        first = s.derive(one, "picking_list").documents[0]
        assert [at.lot for row in first.lines for at in row.stowed] == ["L1"]
        s.fire(first.id, "cancel")
        again = s.derive(one, "picking_list").documents[0]
        assert [at.lot for row in again.lines for at in row.stowed] == ["L1"]


# -- statements ----------------------------------------------------------------------------------------------------------


def counted(app: Sphinx, orders: int, rows: int) -> tuple[int, int]:
    """Statements of deriving one list from some orders of some lines, and of delivering it."""
    with app.session(actor=ALICE) as s:
        made = [s.create("sales_order", customer="ACME", lines=lines(rows)).id for _ in range(orders)]
        s.fire_many(made, "confirm")
    with statements(app.engine) as derived, app.session(actor=ALICE) as s:
        (picks,) = s.derive(made, "picking_list").documents
        assert len(picks.lines) == orders * rows
    with app.session(actor=ALICE) as s:
        s.fire(picks.id, "start")
    with statements(app.engine) as delivered, app.session(actor=ALICE) as s:
        s.fire(picks.id, "finish")
    return len(derived), len(delivered)


def test_a_list_of_thirty_orders_takes_the_same_statements_however_many_lines_they_have(database_url: str) -> None:
    app = open_shop(database_url, items=20)
    one, thirty, long = counted(app, 1, 1), counted(app, 30, 1), counted(app, 30, 20)
    assert one == thirty == long
    assert one[0] <= 16
    app.engine.dispose()
