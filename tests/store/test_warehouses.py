"""Warehouses that nobody has are refused wherever goods are sent to one, in one statement for a unit of work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sphinx_lib import InputError, Sphinx
from tests.store.support import ALICE, goods, statements

TOLD = "unknown warehouse 'lyoon'; did you mean 'lyon'?"


@pytest.fixture
def shop(app: Sphinx) -> Sphinx:
    with app.session(actor=ALICE) as s:
        s.put("supplier", [{"code": "VISCO", "name": "Visco"}])
        s.put("warehouse", [{"code": "lyon", "name": "Lyon"}])
    return app


def transfer(s: Any, place: str, **line: Any) -> Any:
    return s.create("stock_transfer", to_warehouse=place, lines=[{"item": "VIS-1", "quantity": 1, **line}])


NAMED: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "to_warehouse": ("to_warehouse: ", transfer),
    "line": ("line 1: ", lambda s, place: transfer(s, "main", warehouse=place)),
    "order": ("line 1: ", lambda s, place: s.create(
        "sales_order", customer="ACME", lines=[{"item": "VIS-1", "quantity": 1, "warehouse": place}])),
    "receipt": ("line 1: ", lambda s, place: s.create(
        "goods_receipt", supplier="VISCO", lines=[{"item": "VIS-1", "quantity": 1, "unit_price": "1", "warehouse": place}])),
    "adjust_stock": ("stock of VIS-1: ", lambda s, place: s.adjust_stock("VIS-1", 1, warehouse=place)),
    "count": ("", lambda s, place: s.count(place, ["VIS-1"])),
    "item": ("item NEW: warehouse: ", lambda s, place: s.put("item", [goods("NEW", warehouse=place)])),
    "reorder": ("item NEW: reorder: ", lambda s, place: s.put(
        "item", [goods("NEW", reorder=[{"warehouse": place, "minimum": 3, "maximum": 9}])])),
}  # fmt: skip


@pytest.mark.parametrize("where", NAMED)
def test_a_warehouse_that_nobody_has_is_refused_with_the_nearest_name(shop: Sphinx, where: str) -> None:
    label, work = NAMED[where]
    with shop.session(actor=ALICE) as s:
        with pytest.raises(InputError) as told:
            work(s, "lyoon")
        assert told.value.problems == (label + TOLD,)
        work(s, "lyon")
        work(s, "quarantine")


@pytest.mark.parametrize("where", NAMED)
def test_a_company_without_records_of_warehouses_calls_them_as_it_likes(app: Sphinx, where: str) -> None:
    with app.session(actor=ALICE) as s:
        s.put("supplier", [{"code": "VISCO", "name": "Visco"}])
        NAMED[where][1](s, "lyoon")


def test_a_warehouse_is_known_as_soon_as_it_is_put_and_a_preview_tells_of_an_unknown_one(shop: Sphinx) -> None:
    with shop.session(actor=ALICE) as s:
        made = transfer(s, "lyon")
        with pytest.raises(InputError, match="unknown warehouse 'nord'"):
            s.edit(made.id, to_warehouse="nord")
        with pytest.raises(InputError, match="^line 1: unknown warehouse 'nord'"):
            s.edit(made.id, lines={1: {"warehouse": "nord"}})
        s.put("warehouse", [{"code": "nord"}])
        s.edit(made.id, to_warehouse="nord")
    with shop.reader() as views:
        seen = views.preview("sales_order", customer="ACME", lines=[{"item": "VIS-1", "quantity": 1, "warehouse": "lyoon"}])
        assert TOLD in seen.lines[0].problems


def test_a_line_keeps_the_warehouse_that_it_had_before_there_were_records(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        order = s.create("sales_order", customer="ACME", lines=[{"item": "VIS-1", "quantity": 1, "warehouse": "old"}])
        s.put("warehouse", [{"code": "lyon"}])
        assert s.edit(order.id, lines={1: {"quantity": 2}}).lines[0].warehouse == "old"


def test_warehouses_are_read_once_and_not_at_all_for_the_usual_one(shop: Sphinx) -> None:
    def reads(*places: str) -> int:
        with statements(shop.engine) as seen, shop.session(actor=ALICE) as s:
            for _ in range(2):
                rows = [{"item": f"VIS-{n}", "quantity": 1, "warehouse": place} for n, place in enumerate(places, 1)]
                s.create("sales_order", customer="ACME", lines=rows)
        return sum("FROM warehouses" in text and "UNION" not in text for text, _ in seen)

    assert [reads("main"), reads("main", "transit"), reads("lyon"), reads("lyon", "main", "lyon")] == [0, 0, 1, 1]
