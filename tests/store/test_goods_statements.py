"""What questions about goods cost: statements that do not grow with what is stored, and nothing read that cannot matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sphinx_lib import Sphinx
from sphinx_lib.app.verify_log import Log, read_log
from sphinx_lib.app.verify_stock import stock_faults
from tests.store.support import ALICE, accepted_quotation, faults, goods, open_shop, overlay, statements

RESERVES_ALL = "document_types: {sales_order: {states: {confirmed: {stock: {reserved: quantity}}}}}"


@pytest.fixture
def wide(database_url: str) -> Iterator[Sphinx]:
    app = open_shop(database_url, items=40)
    yield app
    app.engine.dispose()


def ordered(app: Sphinx, *quantities: tuple[str, int]) -> str:
    with app.session(actor=ALICE) as s:
        made = s.create("sales_order", customer="ACME", lines=[{"item": item, "quantity": n} for item, n in quantities])
        return str(s.fire(made.id, "confirm").id)


def delivered(app: Sphinx, order: str) -> None:
    with app.session(actor=ALICE) as s:
        assert s.derive(order, "delivery_note").documents[0].state == "shipped"


def asked(app: Sphinx, question: Callable[[Any], Any]) -> tuple[Any, list[str]]:
    with app.reader(actor=ALICE) as views, statements(app.engine) as seen:
        found = question(views)
    return found, [text for text, _ in seen]


def test_orders_with_something_to_deliver_take_four_statements_of_which_none_reads_whole_documents(wide: Sphinx) -> None:
    ordered(wide, ("VIS-1", 5))
    _, few = asked(wide, lambda views: views.backorders())
    for n in range(30):
        ordered(wide, (f"VIS-{n + 1}", 5), (f"VIS-{n + 2}", 2))
    found, many = asked(wide, lambda views: views.deliverable())
    assert len(found) == 31
    assert len(few) == len(many) == 4  # their lines, their heads, their customers, the stock
    assert not any(column in text for text in many for column in ("documents.history", "document_lines.trace"))


def test_orders_delivered_in_full_that_wait_for_their_invoice_are_not_read(wide: Sphinx) -> None:
    done, left = ordered(wide, ("VIS-1", 5)), ordered(wide, ("VIS-1", 995))
    delivered(wide, done)
    with wide.reader() as views:
        assert views.document(done).document.state == "confirmed"
        assert [one.id for one in views.backorders(deliverable=True)] == [left]
    with wide.engine.connect() as connection, statements(wide.engine) as seen, wide.reader() as views:
        views.backorders()
        text, parameters = seen[0]
        rows = connection.exec_driver_sql(text, parameters).all()
    assert len(rows) == 1


def test_an_order_that_reserves_more_than_what_is_left_keeps_its_goods_from_others(database_url: str, tmp_path: Path) -> None:
    """Rule 6: where a type reserves the whole quantity until it is invoiced, the two pieces left are not for the next."""
    app = open_shop(database_url, config=["base", overlay(tmp_path, RESERVES_ALL)], stock=10)
    done, next_one = ordered(app, ("VIS-1", 8)), ordered(app, ("VIS-1", 2))
    with app.reader() as views:
        assert [one.deliverable for one in views.backorders()] == [True, True]
    delivered(app, done)
    with app.reader() as views:
        assert [(one.id, one.deliverable) for one in views.backorders()] == [(next_one, False)]
    app.engine.dispose()


def test_documents_of_more_items_than_a_statement_names_are_asked_with_the_same_statements(
    wide: Sphinx, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(12):
        ordered(wide, (f"VIS-{n + 1}", 5 + n))
    named, few = asked(wide, lambda views: views.backorders())
    monkeypatch.setattr("sphinx_lib.store.stock.MOST_NAMED", 5)
    assert asked(wide, lambda views: views.backorders()) == (named, [*few[:-1], asked(wide, lambda views: views.availability())[1][0]])


def test_a_whole_warehouse_is_counted_with_the_statements_of_three_items(wide: Sphinx) -> None:
    found = []
    for items in (["VIS-1", "VIS-2", "VIS-3"], None):
        with statements(wide.engine) as seen, wide.session(actor=ALICE) as s:
            made = s.fire(s.count(items=items).id, "start")
            s.edit(made.id, lines={line.position: {"quantity": 990} for line in made.lines})
            s.fire(made.id, "post")
        found.append((len(made.lines), len(seen)))
    assert [lines for lines, _ in found] == [3, 40]
    assert found[0][1] == found[1][1]
    with wide.reader() as views:
        assert views.stock("VIS-40").physical == 990
    assert faults(wide) == []


def log_of(app: Sphinx) -> Log:
    """What the audit log says, read on another connection."""
    with app.engine.connect() as connection:
        return read_log(connection, app.company, {})


def test_stock_is_verified_with_the_statements_of_one_item_and_reads_only_what_differs(wide: Sphinx) -> None:
    log = log_of(wide)
    with wide.engine.connect() as connection, statements(wide.engine) as seen:
        assert list(stock_faults(connection, wide.company, log)) == []
    few = len(seen)
    with wide.session(actor=ALICE) as s:
        s.put("item", [goods("OIL", tracking="lot")])
        s.adjust_stock("OIL", 5, lot="L1", bin="A-1")
    accepted_quotation(wide, 40)
    with wide.engine.begin() as connection:
        connection.exec_driver_sql("update stock_balances set physical = physical + reserved + 1 where item in ('VIS-7', 'VIS-3')")
        connection.exec_driver_sql("delete from stock_places where lot = 'L1'")
    log = log_of(wide)
    with wide.engine.connect() as connection, statements(wide.engine) as seen:
        found = [(one.where, one.what.split(",")[0].split(" is ")[0]) for one in stock_faults(connection, wide.company, log)]
    assert found == [
        ("stock OIL in main lot L1 bin A-1", "it moved"),
        ("stock VIS-3 in main", "physical"), ("stock VIS-7 in main", "physical"), ("stock OIL in main lot L1 bin A-1", "physical"),
    ]  # fmt: skip
    assert len(seen) == few


def plan_of(app: Sphinx, question: Callable[[Any], Any]) -> list[str]:
    """What SQLite says of the last statement of a question."""
    with app.reader(actor=ALICE) as views, statements(app.engine) as seen:
        question(views)
    text, parameters = seen[-1]
    with app.engine.connect() as connection:
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters)]


def test_the_value_of_stock_at_a_day_is_read_from_an_index_alone(file_app: Sphinx) -> None:
    plan = plan_of(file_app, lambda views: views.stock_value())
    assert plan[0].startswith("SEARCH stock_moves USING COVERING INDEX moves_of_item")


def test_a_serial_number_is_found_by_an_index_without_naming_its_item_or_its_owner(file_app: Sphinx) -> None:
    plan = plan_of(file_app, lambda views: views.equipment(serial="SN-1"))
    assert any("equipment_by_serial (company_id=? AND serial=?)" in step for step in plan)
