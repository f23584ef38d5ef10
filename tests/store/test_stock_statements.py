"""What stock costs in statements: availability and deliveries take as many for a hundred lines as for one (architecture 4.17)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sphinx_lib import Sphinx
from sphinx_lib.kernel.document import Stowed
from tests.store.support import ALICE, D, goods, lines, open_shop, overlay, statements

DRAFTS = "document_types: {delivery_note: {then: !remove}}"


@pytest.fixture
def wide(database_url: str, tmp_path: Path) -> Iterator[Sphinx]:
    """A shop with a hundred goods, the last twenty in lots, where notes are shipped by hand."""
    app = open_shop(database_url, items=80, config=["base", overlay(tmp_path, DRAFTS)])
    with app.session(actor=ALICE) as s:
        s.put("supplier", [{"code": "VISCO", "name": "Visco", "country": "FR"}])
        s.put("item", [goods(f"VIS-{n}", tracking="lot") for n in range(81, 101)])
        for n in range(81, 101):
            for lot in ("L1", "L2"):
                s.adjust_stock(f"VIS-{n}", 50, lot=lot, expires="2026-12-31")
    yield app
    app.engine.dispose()


def order(app: Sphinx, count: int) -> str:
    """A confirmed order of the last ``count`` goods, promised for days of their own."""
    given = [
        {**line, "item": f"VIS-{101 - n}", "promised_date": f"2026-03-{3 + n % 20:02}"}
        for n, line in enumerate(lines(count), 1)
    ]
    with app.session(actor=ALICE) as s:
        made = s.create("sales_order", customer="ACME", lines=given)
        return s.fire(made.id, "confirm").id


@pytest.mark.parametrize("count", [1, 100])
def test_availability_of_all_lines_of_a_document_takes_at_most_three_statements(wide: Sphinx, count: int) -> None:
    """S37: physical, reserved, on order, at its day and elsewhere, for every line of a stored order and of a preview."""
    made = order(wide, count)
    with wide.reader() as views:
        document = views.document(made).document
        with statements(wide.engine) as seen:
            stocks = views.line_stock(document)
        assert len(seen) <= 3
        assert len(stocks) == count
        assert all(one.promise_date is not None for one in stocks.values())
    with wide.reader() as views:
        views.preview("sales_order", customer="ACME", lines=lines(count))
        with statements(wide.engine) as seen:
            found = views.preview("sales_order", customer="ACME", lines=lines(count))
        assert sum("stock_balances" in text for text, _ in seen) <= 1
        assert all(one.stock is not None for one in found.lines)


def test_availability_of_all_items_takes_one_statement(wide: Sphinx) -> None:
    order(wide, 100)
    with wide.reader() as views, statements(wide.engine) as seen:
        everything = views.availability()
        assert len(seen) == 1
        some = views.availability([f"VIS-{n}" for n in range(1, 100)])
        assert len(seen) == 2
    assert len(everything) == 100
    assert everything["VIS-7"].available == 995
    assert some.items() <= everything.items()


def shipped_statements(app: Sphinx, count: int) -> list[str]:
    """What shipping a note of ``count`` lines sends, made from an order, with its goods taken from lots where there are some."""
    source = order(app, count)
    with app.session(actor=ALICE) as s:
        draft = s.derive(source, "delivery_note").documents[0]
        if draft.state == "draft":
            draft = s.unit.get(draft.id)
            s.unit.replace(draft.changed(lines=tuple(stowed(line) for line in draft.lines)))
        made = s.document(draft.id)
    with statements(app.engine) as seen, app.session(actor=ALICE) as s:
        if made.state == "draft":
            s.fire(made.id, "ship")
    return [text.split("(")[0][:60] for text, _ in seen]


def stowed(line: Any) -> Any:
    """The line from two lots, when its item is kept in lots."""
    if int((line.item or "").removeprefix("VIS-")) <= 80:
        return line
    return line._replace(stowed=(Stowed(D(2), "L1"), Stowed(D(3), "L2")))


def test_a_note_of_a_hundred_lines_is_shipped_with_the_statements_of_one_of_ten_and_of_one(
    database_url: str, tmp_path: Path
) -> None:
    text = DRAFTS.replace("then: !remove", "then: !remove, made_from: {sales_order: {then: !remove}}")
    app = open_shop(database_url, items=80, config=["base", overlay(tmp_path, text, "drafts")])
    with app.session(actor=ALICE) as s:
        s.put("item", [goods(f"VIS-{n}", tracking="lot") for n in range(81, 101)])
        for n in range(81, 101):
            for lot in ("L1", "L2"):
                s.adjust_stock(f"VIS-{n}", 50, lot=lot)
    found = {count: shipped_statements(app, count) for count in (1, 10, 100)}
    assert found[1]
    assert len(found[1]) == len(found[10]) == len(found[100]), found
    with app.reader() as views:
        assert views.stock("VIS-100").physical == 100 - 3 * 5
        assert views.stock("VIS-1").physical == 1000 - 5
    app.engine.dispose()
