"""What items bring with them: levels of items in few statements, circles refused, lines kept in step (K11, EP1, T21)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sphinx_lib import Sphinx
from sphinx_lib.app.bringing import more_items
from sphinx_lib.app.expansion import expand, expand_inputs
from sphinx_lib.app.line_input import LineInput
from sphinx_lib.app.lines import numbered
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import Document, Line, TraceRow
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.pricing.eco import in_prices
from sphinx_lib.store.tables import items
from tests.store.support import ALICE, FixedClock, overlay, statements

D = Decimal
RULES = """
items:
  attached:
    bag: {item: SAC, when: item.family == "loose", quantity: ceil(quantity / 25)}
    box: {item: CARTON, when: item.code == "SAC", quantity: "1"}
    loop: {item: SAC, when: item.code == "CARTON" and party.code == "ROND", quantity: "1"}
eco: {display: {building: in_price}}
"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Sphinx]:
    shop = Sphinx.open(["base", overlay(tmp_path, RULES)], clock=FixedClock())
    shop.migrate()
    with shop.session(actor=ALICE) as s:
        s.put("customer", [{"code": "ACME", "name": "ACME"}, {"code": "ROND", "name": "Rond"}])
        s.put("family", [{"code": "tiles", "parent": "building"}])
        s.put("item", [
            {"code": "A", "name": "A", "sale_price": "20"}, {"code": "B", "name": "B", "sale_price": "80"},
            {"code": "KIT", "name": "Kit", "kind": "kit", "kit": "exploded", "components": {"A": "2", "B": "1"}},
            {"code": "GROS", "name": "Gros", "kind": "kit", "kit": "exploded", "components": {"KIT": "3"}},
            {"code": "X", "name": "X", "attached": {"Y": "1"}}, {"code": "Y", "name": "Y"},
            {"code": "TROU", "name": "Trou", "attached": {"AA": "1"}},
            {"code": "SABLE", "name": "Sable", "family": "loose"},
            {"code": "SAC", "name": "Sac"}, {"code": "CARTON", "name": "Carton"},
            {"code": "LL", "name": "LL", "eco": "8.33"},
            {"code": "TUILE", "name": "Tuile", "family": "tiles", "eco": "0.05"},
        ])  # fmt: skip
    with shop.engine.begin() as connection:  # a circle that putting refuses
        ring = {"code": "Y", "name": {"": "Y"}, "attached": {"X": "1"}}
        connection.execute(items.update().where(items.c.code == "Y").values(data=ring))
    yield shop
    shop.engine.dispose()


def draft(party: str = "ACME", **values: Any) -> Document:
    return Document(id="d", type="quotation", state="draft", date=date(2026, 3, 2), party=party, **values)


def expanded(app: Sphinx, *inputs: LineInput, document: Document | None = None) -> list[LineInput]:
    document = document or draft()
    with app.reader() as views:
        views.unit.load_parties([document.party or ""])
        problems: list[str] = []
        found = expand_inputs(views.unit, document, inputs, problems)
    if problems:
        raise InputError(problems)
    return found


def said(found: list[LineInput]) -> list[tuple[str | None, Decimal | None]]:
    return [(one.item, one.quantity) for one in found]


def test_kits_in_kits_are_headings_above_their_components_each_knowing_its_parent(app: Sphinx) -> None:
    found = expanded(app, LineInput(1, item="GROS", quantity=D(2)), LineInput(2, item="A", quantity=D(1)))
    assert said(found) == [("GROS", 2), ("KIT", 6), ("A", 12), ("B", 6), ("A", 1)]
    ids = [one.original.id if one.original else "" for one in found]
    assert [one.original.parent_id if one.original else None for one in found] == [None, ids[0], ids[1], ids[1], None]
    assert [one.original.role if one.original else "" for one in found] == ["heading", "heading", "", "", ""]


def test_an_unknown_item_is_told_with_the_item_that_holds_it_and_a_circle_with_its_way(app: Sphinx) -> None:
    with pytest.raises(InputError, match=r"unknown item 'AA'; did you mean 'A'\? \(held by TROU\)"):
        expanded(app, LineInput(1, item="TROU", quantity=D(1)))
    with pytest.raises(InputError, match=r"item X holds itself: X > Y > X"):
        expanded(app, LineInput(1, item="X", quantity=D(1)))
    with pytest.raises(InputError, match=r"item SAC brings itself along: SABLE > SAC > CARTON > SAC"):
        expanded(app, LineInput(1, item="SABLE", quantity=D(1)), document=draft("ROND"))


def test_rules_attach_by_family_quantity_and_customer(app: Sphinx) -> None:
    assert said(expanded(app, LineInput(1, item="SABLE", quantity=D(60)))) == [("SABLE", 60), ("SAC", 3), ("CARTON", 1)]


def test_items_are_loaded_level_by_level_whatever_their_number(app: Sphinx) -> None:
    def count(unit: Unit, codes: list[str]) -> int:
        unit.load_items(codes)
        with statements(app.engine) as seen:
            more_items(unit, [unit.items[code] for code in codes])
        return len(seen)

    with app.reader() as views:
        assert count(views.unit, ["GROS", "SABLE", "KIT"]) == 2  # the items of rules, then A and B; KIT is known
    with app.reader() as views:
        assert count(views.unit, ["GROS"]) == 3


def test_lines_brought_before_stay_in_step_and_keep_their_id_and_their_price_by_hand(app: Sphinx) -> None:
    kit = Line("k", 1, item="KIT", quantity=D(1), unit="unit", role="heading")
    a = Line("a", 2, item="A", quantity=D(2), unit="unit", parent_id="k", manual=True, unit_price=D(15))
    b = Line("b", 3, item="B", quantity=D(1), unit="unit", parent_id="k")
    document = draft(lines=(kit, a, b))
    problems: list[str] = []
    declared = app.pack.types["quotation", ""]
    inputs = [
        LineInput.changed(line, {"quantity": 5} if line is kit else {}, problems, declared) for line in document.lines
    ]
    found = expanded(app, *(one for one in inputs if one), document=document)
    assert said(found) == [("KIT", 5), ("A", 10), ("B", 5)]
    assert [(one.original.id, one.keeps_price) for one in found if one.original] == [("k", True), ("a", True), ("b", False)]
    alone = [one for one in inputs if one and one.item != "A"]
    with pytest.raises(InputError, match="line 2: it comes with line 1; remove that one"):
        expanded(app, *alone, document=document)


def test_what_was_copied_keeps_its_proportion_whatever_the_kit_is_today(app: Sphinx) -> None:
    kit = Line("k", 1, item="A", quantity=D(90), unit="unit", source_id="s1")
    pallets = Line("p", 2, item="B", quantity=D(2), unit="unit", parent_id="k", source_id="s2")
    document = draft(lines=(kit, pallets))
    one = LineInput(1, item="A", quantity=D(60), unit="unit", original=kit, keeps_price=True)
    child = LineInput(2, item="B", quantity=D(2), unit="unit", original=pallets, keeps_price=True)
    assert said(expanded(app, one, child, document=document)) == [("A", 60), ("B", 2)]
    assert said(expanded(app, one, replace(child, quantity=D(1)), document=document)) == [("A", 60), ("B", 1)]
    assert said(expanded(app, child, document=document)) == []


def test_eco_contributions_follow_in_the_documents_currency_and_keep_their_id(app: Sphinx) -> None:
    line = Line("l", 1, item="LL", quantity=D(3), unit="unit", stock_quantity=D(3), vat="standard", unit_price=D(400))
    before = Line("e", 2, role="eco", parent_id="l", quantity=D(1))
    with app.reader() as views:
        views.unit.load_items(["LL"])
        document = draft(currency="USD", rate=D("1.10"), lines=(line, before))
        parent, eco = numbered(expand(views.unit, document, [line], []))
    assert parent == line
    assert (eco.id, eco.unit_price, eco.quantity, eco.vat) == ("e", D("9.163"), 3, "standard")
    assert (eco.discountable, eco.cost, eco.position) == (False, None, 2)
    assert sum(row.amount for row in eco.trace) == eco.unit_price


def test_an_eco_contribution_in_the_price_of_a_wider_family_is_only_noted(app: Sphinx) -> None:
    base = (TraceRow("base", D(2)),)
    line = Line("l", 1, item="TUILE", quantity=D(40), stock_quantity=D(40), vat="standard", unit_price=D(2), trace=base)
    with app.reader() as views:
        views.unit.load_items(["TUILE"])
        (found,) = expand(views.unit, draft(), [line], [])
        (again,) = expand(views.unit, draft(), [found], [])
    assert in_prices([found], 2) == D("2.00")
    assert again == found
    assert sum(row.amount for row in found.trace if row.active) == found.unit_price
