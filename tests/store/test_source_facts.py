"""What a line asks of the document that it was made from: empty without one, loaded at once, also for `split_by` and `where`."""

from __future__ import annotations

from pathlib import Path

import pytest

from sphinx_lib import Sphinx
from tests.store.support import ALICE, accepted_quotation, document, goods, lines, open_shop, overlay, statements

FRAMES = Path(__file__).parents[2] / "examples/tailoring/t20_frame_orders/overlay"


def confirmed_order(app: Sphinx, items: list[str]) -> str:
    with app.session(actor=ALICE) as s:
        made = s.create("sales_order", customer="ACME", lines=[{"item": item, "quantity": 2} for item in items])
        return s.fire(made.id, "confirm").id


def derived(app: Sphinx, source: str, to: str) -> list[str]:
    """Ids of what is made from ``source`` in a unit of its own."""
    with app.session(actor=ALICE) as s:
        return [one.id for one in s.derive(source, to).documents]


@pytest.mark.parametrize("where", ['source.type == "" and source.kind == ""', 'source.state == ""', "source.number == none and source.date == none"])
def test_a_line_without_a_source_has_an_empty_type_and_no_number(database_url: str, tmp_path: Path, where: str) -> None:
    drop = f"document_types: {{proforma: {{events: {{issue: {{effects: {{drop_lines: {{where: '{where}'}}}}}}}}}}}}"
    app = open_shop(database_url, config=["base", overlay(tmp_path, drop)])
    (made,) = derived(app, accepted_quotation(app).id, "proforma")
    with app.session(actor=ALICE) as s:
        by_hand = s.create("proforma", customer="ACME", lines=lines(1)).id
    with app.session(actor=ALICE) as s:
        assert len(s.fire(made, "issue").lines) == 1
        assert len(s.fire(by_hand, "issue").lines) == 0
    app.engine.dispose()


def test_split_by_may_ask_the_source_of_a_line(database_url: str, tmp_path: Path) -> None:
    split = "document_types: {invoice: {made_from: {delivery_note: {split_by: [\"default(source.number, type)\"]}}}}"
    app = open_shop(database_url, config=["base", overlay(tmp_path, split)])
    orders = [confirmed_order(app, ["VIS-1", "VIS-2"]), confirmed_order(app, ["VIS-3"])]
    with app.session(actor=ALICE) as s:
        (note,) = [one.id for one in s.derive(orders, "delivery_note").documents]
    made = [document(app, one) for one in derived(app, note, "invoice")]
    assert [[line.item for line in one.lines] for one in made] == [["VIS-1", "VIS-2"], ["VIS-3"]]
    app.engine.dispose()


def test_split_by_may_ask_the_item_of_a_line(database_url: str, tmp_path: Path) -> None:
    split = "document_types: {delivery_note: {made_from: {sales_order: {split_by: [item.family]}}}}"
    app = open_shop(database_url, config=["base", overlay(tmp_path, split)])
    with app.session(actor=ALICE) as s:
        s.put("item", [goods("VIS-1", family="small"), goods("VIS-2", family="big"), goods("VIS-3", family="small")])
    made = [document(app, one) for one in derived(app, confirmed_order(app, ["VIS-1", "VIS-2", "VIS-3"]), "delivery_note")]
    assert [[line.item for line in one.lines] for one in made] == [["VIS-1", "VIS-3"], ["VIS-2"]]
    app.engine.dispose()


def called_off(app: Sphinx, count: int) -> int:
    """How many statements it takes to confirm an order of ``count`` lines that calls off a frame."""
    with app.session(actor=ALICE) as s:
        frame = s.create("frame_order", customer="ACME", lines=lines(count), valid_until="2026-12-31")
        s.fire(frame.id, "confirm")
    (order,) = derived(app, frame.id, "sales_order")
    with statements(app.engine) as seen, app.session(actor=ALICE) as s:
        assert s.fire(order, "confirm").state == "confirmed"
    assert document(app, frame.id).state == "closed"
    return len(seen)


def test_the_sources_of_a_hundred_lines_take_the_statements_of_ten(database_url: str) -> None:
    app = open_shop(database_url, items=100, config=["base", FRAMES])
    assert called_off(app, 10) == called_off(app, 100)
    app.engine.dispose()
