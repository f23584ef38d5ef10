"""What hosts ask about stock: items, lines, other warehouses, lots past their day, orders that could leave (S37, K10, BK1)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sphinx_lib import Sphinx
from tests.store.support import ALICE, D, accepted_quotation, goods, open_shop, overlay

TENTH = date(2026, 3, 10)


@pytest.fixture
def shop(app: Sphinx) -> Sphinx:
    """The shop with a supplier and a second warehouse."""
    with app.session(actor=ALICE) as s:
        s.put("supplier", [{"code": "VISCO", "name": "Visco", "country": "FR"}])
        s.put("warehouse", [{"code": "NORD", "name": "Nord"}])
        s.adjust_stock("VIS-2", 12, warehouse="NORD")
    return app


def ordered(s: Any, quantity: int, **more: Any) -> str:
    made = s.create("sales_order", customer="ACME", lines=[{"item": "VIS-1", "quantity": quantity, **more}])
    return str(s.fire(made.id, "confirm").id)


def bought(s: Any, item: str, quantity: int, day: str) -> None:
    made = s.create(
        "purchase_order", supplier="VISCO", promised_date=day,
        lines=[{"item": item, "quantity": quantity, "unit_price": "5"}],
    )  # fmt: skip
    s.fire(made.id, "confirm")


def test_items_are_asked_over_all_warehouses_or_in_one(shop: Sphinx) -> None:
    with shop.session(actor=ALICE) as s:
        ordered(s, 30)
        bought(s, "VIS-2", 8, "2026-03-10")
        s.put("item", [goods("NEVER")])
    with shop.reader() as views:
        everywhere = views.availability(["VIS-1", "VIS-2", "NEVER"])
        assert [everywhere[one].available for one in ("VIS-1", "VIS-2", "NEVER")] == [970, 1012, 0]
        assert everywhere["VIS-2"].projected_at(TENTH) == 1020
        assert everywhere["VIS-2"].promise_date(D(1015)) == TENTH
        assert views.availability(["VIS-2"], warehouse="NORD")["VIS-2"].physical == 12
        assert views.availability_by_warehouse(["VIS-2"])["VIS-2", "main"].on_order == 8
        assert views.availability().keys() == {"VIS-1", "VIS-2", "VIS-3"}


def test_what_a_unit_of_work_has_changed_is_seen_before_it_is_written(shop: Sphinx) -> None:
    with shop.session(actor=ALICE) as s:
        ordered(s, 990)
        bought(s, "VIS-1", 5, "2026-03-10")
        found = s.preview("quotation", customer="ACME", lines=[{"item": "VIS-1", "quantity": 12, "promised_date": "2026-03-10"}])
        seen = found.lines[0].stock
        assert seen is not None
        assert (seen.available, seen.available_at, seen.promise_date) == (10, 15, TENTH)


def test_a_preview_tells_the_stock_of_other_warehouses_as_json(shop: Sphinx) -> None:
    with shop.reader() as views:
        found = views.preview("quotation", customer="ACME", lines=[{"item": "VIS-2", "quantity": 1005}])
    told = found.as_json()["lines"][0]["stock"]
    assert told["missing"] == "5"
    assert told["promise_date"] is None
    assert told["elsewhere"]["NORD"]["available"] == "12"
    assert told["elsewhere"]["NORD"]["elsewhere"] == {}


def test_lots_past_their_day_are_not_available_and_a_quotation_is_short_of_them(app: Sphinx) -> None:
    """K10: 5 may be used through the tenth, 4 are past their day; a quotation of 6 becomes an order (Q2)."""
    with app.session(actor=ALICE) as s:
        s.put("item", [goods("VIS-4", tracking="lot")])
        s.adjust_stock("VIS-4", 5, lot="NEW", expires="2026-03-10")
        s.adjust_stock("VIS-4", 4, lot="OLD", expires="2026-03-01")
        made = s.create("quotation", customer="ACME", lines=[{"item": "VIS-4", "quantity": 6}])
        s.fire(made.id, "send")
        s.fire(made.id, "accept", ask={"channel": "phone", "person": "X"})
    with app.session(actor=ALICE) as s:
        derived = s.derive(made.id)
        assert derived.documents[0].type == "sales_order"
        assert [(row.needed, row.available, row.missing) for row in derived.stock] == [(6, 5, 1)]
        assert derived.why == ("ligne 1 : VIS-4, 6 à livrer, 5 disponibles, il en manque 1",)
    with app.reader() as views:
        found = views.availability(["VIS-4"])["VIS-4"]
        (row,) = views.stock_rows(items=["VIS-4"])
    for one in (found, row):
        assert (one.physical, one.expired, one.reserved, one.available) == (9, 4, 6, -1)


def test_orders_that_could_leave_are_told_oldest_promised_day_first(shop: Sphinx) -> None:
    """BK1: what an order promised earlier has reserved is not given to a later one."""
    with shop.session(actor=ALICE) as s:
        s.put("customer", [{"code": "ZED", "name": "Zed", "backorder": "ask"}])
        late = ordered(s, 300, promised_date="2026-03-20")
        undated = ordered(s, 200)
        first = ordered(s, 600, promised_date="2026-03-05")
        zed = s.create("sales_order", customer="ZED", lines=[{"item": "VIS-2", "quantity": 10}])
        s.fire(zed.id, "confirm")
    with shop.session(actor=ALICE) as s:
        s.derive(zed.id, "delivery_note", quantities={1: 4})
        s.derive(first, "delivery_note", quantities={1: 100})
    with shop.reader() as views:
        found = views.backorders()
        assert [one.id for one in found] == [first, late, undated, zed.id]
        assert [one.deliverable for one in found] == [True, True, False, True]
        assert [one.id for one in views.backorders("ACME", deliverable=False)] == [undated]
        assert (found[0].lines[0].ordered, found[0].lines[0].delivered, found[0].lines[0].backorder) == (600, 100, 500)
        assert [(one.policy, one.asks) for one in found[-2:]] == [("keep", False), ("ask", True)]


def test_a_quotation_that_reserves_is_no_backorder(app: Sphinx) -> None:
    accepted_quotation(app)
    with app.reader() as views:
        assert views.backorders() == []


def test_what_an_order_reserves_may_ask_for_a_number_of_its_lines(tmp_path: Path, database_url: str) -> None:
    """Rule 6: of 8 pieces 3 lie aside already, so 5 are reserved, and 2 of 10 are missing to the next order of 7."""
    aside = """
document_types:
  sales_order:
    line_fields: {aside: {type: number, optional: true}}
    states: {confirmed: {stock: {reserved: "to_deliver - default(aside, 0)"}}}
"""
    app = open_shop(database_url, config=["base", overlay(tmp_path, aside)], stock=10)
    with app.session(actor=ALICE) as s:
        s.put("supplier", [{"code": "VISCO", "name": "Visco", "country": "FR"}])
        s.put("item", [goods("VIS-1", supplier="VISCO")])
        first, later = ordered(s, 8, aside=3), ordered(s, 7)
    with app.reader() as views:
        stocks = [views.line_stock(views.document(one).document) for one in (first, later)]
        seen = [(one.available, one.missing) for found in stocks for one in found.values()]
        assert seen == [(3, 2), (5, 2)]
    with app.session(actor=ALICE) as s:
        assert [line.quantity for one in s.derive(later, "purchase_order").documents for line in one.lines] == [2]
    app.engine.dispose()
