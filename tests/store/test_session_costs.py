"""What commands return hides costs from who may not see them, and what is stored keeps them (S48)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from sphinx_lib import Actor, Sphinx
from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.errors import GuardFailed
from sphinx_lib.kernel.ports import SEE_MARGIN
from sphinx_lib.pack.specs import SetLines
from tests.store.support import D, document, faults, goods, lines, open_shop, overlay

SELLER = Actor("paul")
BUYER = Actor("claire", {SEE_MARGIN})
ANSWER = {"channel": "phone", "person": "Mme D."}


@pytest.fixture
def shop(database_url: str) -> Iterator[Sphinx]:
    """Goods at a cost of 6, and a kit of two of them."""
    app = open_shop(database_url)
    with app.session() as s:
        kit = {"code": "LOT", "name": "Lot", "sale_price": "25", "kind": "kit", "kit": "phantom", "components": {"VIS-1": 2}}
        s.put("item", [kit])
    yield app
    app.engine.dispose()


def costs(one: Document) -> set[Decimal | None]:
    """All that a document says of costs: its own, its margin, those of its lines and of their parts."""
    of_lines = {line.cost for line in one.lines} | {part.cost for line in one.lines for part in line.parts}
    return {one.total_cost, one.margin, *of_lines}


def commands(app: Sphinx, actor: Actor) -> dict[str, Document]:
    """What each command returns to ``actor``, from a quotation to a payment; each is a unit of work of its own."""
    rows = [{"item": "VIS-1", "quantity": 5}, {"item": "LOT", "quantity": 1}]
    found: dict[str, Document] = {}
    with app.session(actor=actor) as s:
        found["create"] = quotation = s.create("quotation", customer="ACME", lines=rows)
    with app.session(actor=actor) as s:
        found["edit"] = s.edit(quotation.id, lines={1: {"quantity": 6}})
    with app.session(actor=actor) as s:
        found["fire"] = s.fire(quotation.id, "send")
        s.fire(quotation.id, "accept", ask=ANSWER)
    with app.session(actor=actor) as s:
        found["derive"] = order = s.derive(quotation.id, "sales_order").documents[0]
        found["document"] = s.document(order.id)
        found["plan"] = s.plan(order.id, "close", ask={"reason": "x"}).document
    with app.session(actor=actor) as s:
        found["note"] = note = s.derive(order.id, "delivery_note").documents[0]
    with app.session(actor=actor) as s:
        invoice = s.derive(note.id, "invoice").documents[0]
        found["invoice"] = s.fire(invoice.id, "issue")
    return found


def test_no_command_shows_a_cost_to_who_may_not_see_it(shop: Sphinx) -> None:
    for name, one in commands(shop, SELLER).items():
        assert one.lines, name
        assert costs(one) == {None}, name


def test_who_may_see_costs_is_shown_them_by_each_command(shop: Sphinx) -> None:
    """Six screws and a kit of two cost 8 times 6."""
    found = commands(shop, BUYER)
    assert found.pop("create").total_cost == D("42.00")
    for name, one in found.items():
        assert (one.total_cost, one.margin) == (D("48.00"), D("37.00")), name
        assert [line.cost for line in one.lines] == [D(6), D(12)], name


def test_what_is_stored_is_the_same_whoever_wrote_it(shop: Sphinx) -> None:
    hidden, seen = commands(shop, SELLER), commands(shop, BUYER)
    for name, one in hidden.items():
        stored, other = document(shop, one.id), document(shop, seen[name].id)
        assert stored.total_cost == other.total_cost == D("48.00"), name
        assert [(line.cost, line.parts) for line in stored.lines] == [(line.cost, line.parts) for line in other.lines], name
        assert [line.cost for line in stored.lines] == [D(6), D(12)], name
    assert faults(shop) == []


def test_within_a_unit_of_work_the_next_command_still_knows_the_costs(shop: Sphinx) -> None:
    with shop.session(actor=SELLER) as s:
        made = s.create("sales_order", customer="ACME", lines=lines(1))
        s.document(made.id)
        s.edit(made.id, reference="R")
        s.flush()
        s.edit(made.id, lines={1: {"quantity": 7}})
        s.fire(made.id, "confirm")
    assert document(shop, made.id).total_cost == D("42.00")


def test_a_guard_over_margins_asks_the_costs_that_its_actor_does_not_see(database_url: str, tmp_path: Path) -> None:
    floor = "guards: {floor: {require: margin_rate != none and margin_rate >= 30, message: the margin is below 30 %}}\n"
    floor += "document_types: {sales_order: {states: {confirmed: {requires: [floor]}}}}"
    app = open_shop(database_url, config=["base", overlay(tmp_path, floor)])
    with app.session(actor=SELLER) as s:
        good = s.create("sales_order", customer="ACME", lines=lines(1))
        bad = s.create("sales_order", customer="ACME", lines=[{"item": "VIS-1", "quantity": 5, "unit_price": "7"}])
        assert s.fire(good.id, "confirm").state == "confirmed"
        with pytest.raises(GuardFailed, match="the margin is below 30 %"):
            s.fire(bad.id, "confirm")
    app.engine.dispose()


def test_an_effect_that_sets_lines_shows_no_cost_and_stores_it(database_url: str, tmp_path: Path) -> None:
    drop = "document_types: {sales_order: {events: {confirm: {effects: {drop_lines: {where: quantity == 0}}}}}}"
    app = open_shop(database_url, config=["base", overlay(tmp_path, drop)])
    with app.session() as s:
        s.put("item", [goods("VIS-2", cost="4", cost_source="standard")])
    with app.session(actor=SELLER) as s:
        rows = [{"item": "VIS-1", "quantity": 0}, {"item": "VIS-2", "quantity": 5}]
        made = s.create("sales_order", customer="ACME", lines=rows)
        (setting,) = [one for one in s.plan(made.id, "confirm").operations if isinstance(one, SetLines)]
        assert [line.cost for line in setting.lines] == [None]
        assert costs(s.fire(made.id, "confirm")) == {None}
    assert [line.cost for line in document(app, made.id).lines] == [D(4)]
    assert document(app, made.id).total_cost == D("20.00")
    app.engine.dispose()


def test_payments_are_returned_without_costs_and_settle(shop: Sphinx) -> None:
    invoice = commands(shop, SELLER)["invoice"]
    with shop.session(actor=SELLER) as s:
        paid = s.pay("ACME", invoice.total_gross, allocate=[])
        assert paid.total_cost is None
        assert s.allocate(paid.id, [invoice.id]).total_cost is None
    assert document(shop, invoice.id).balance == 0
