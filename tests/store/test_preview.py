"""Prices, stock and margin at each keystroke: as the document would be, told to who may see it, stored nowhere (S37, S48, S49)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib import Actor, InputError, Sphinx
from sphinx_lib.app.preview import Preview
from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.errors import DocumentLocked, NotFound
from sphinx_lib.kernel.ports import SEE_MARGIN
from tests.store.support import FixedClock, count_rows, goods, lines, open_shop, overlay, statements

D = Decimal
BUYER = Actor("claire", {SEE_MARGIN})
SELLER = Actor("paul")
GUARDS = """
pricing:
  guards:
    marque: {min_margin_rate: 45, on_fail: %s}
    tarif:  {min_price: item.floor, when: item.floor != none, on_fail: warn, message: {fr: "{price} sous {floor}", en: "{price} under {floor}"}}
    achat:  {min_price: "default(item.cost, 0) * 2", when: item.code == "CHER", on_fail: approve}
"""


def previewed(app: Sphinx, *given: dict[str, Any], actor: Actor = BUYER, type: str = "quotation", **header: Any) -> Preview:
    with app.session(actor=actor) as s:
        return s.preview(type, customer=header.pop("customer", "ACME"), lines=given, **header)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Any]:
    """Opens a shop in memory whose margin guard warns, blocks or asks for an approval."""
    opened: list[Sphinx] = []

    def shop(on_fail: str) -> Sphinx:
        app = open_shop("sqlite://", config=["base", overlay(tmp_path, GUARDS % on_fail)])
        with app.session() as s:
            s.put("item", [goods("BAS", floor="10.5"), goods("CHER", cost="8")])
        opened.append(app)
        return app

    yield shop
    for app in opened:
        app.engine.dispose()


# -- as it would be, and nowhere -----------------------------------------------------------------------------------------


def test_a_preview_is_the_document_that_would_be_created(app: Sphinx) -> None:
    draft = [
        {"item": "VIS-1", "quantity": 7},
        {"item": "VIS-2", "quantity": 3, "discounts": ["5"]},
        {"text": "Pose", "quantity": 1, "unit_price": "50"},
    ]
    found = previewed(app, *draft, foot_discount="2", reference="R1")
    with app.session(actor=BUYER) as s:
        made = s.create("quotation", customer="ACME", lines=draft, foot_discount="2", reference="R1")
    assert without_ids(found.document) == without_ids(made)
    assert found.ok
    assert (found.document.total_net, found.document.total_vat, found.document.total_gross) == (
        D("145.53"),
        D("29.11"),
        D("174.64"),
    )


def without_ids(document: Document) -> Document:
    """The document without ids, its version and what weighs on its customer, which only a document that is there has."""
    plain = tuple(line._replace(id="", parent_id=None, trace=tuple(line.trace)) for line in document.lines)
    return replace(document, id="", version=0, delivery_status="", billing_status="", lines=plain)


@given(
    st.lists(
        st.tuples(st.sampled_from(["VIS-1", "VIS-2", "KIT", "SAC"]), st.integers(1, 60), st.integers(0, 30)), max_size=6
    )
)
def test_whatever_is_entered_the_preview_and_the_document_agree(rows: list[tuple[str, int, int]]) -> None:
    draft = [{"item": item, "quantity": quantity, **({"discounts": [off]} if off else {})} for item, quantity, off in rows]
    app = shop_with_kits()
    with app.session(actor=BUYER) as s:
        found = s.preview("quotation", customer="ACME", lines=draft)
        made = s.create("quotation", customer="ACME", lines=draft)
    assert without_ids(found.document) == without_ids(made)
    app.engine.dispose()


def shop_with_kits() -> Sphinx:
    app = open_shop("sqlite://", items=2)
    with app.session() as s:
        s.put("item", [
            goods("KIT", kind="kit", kit="phantom", components={"VIS-1": "2", "VIS-2": "1"}),
            goods("SAC", attached={"VIS-2": "0.5"}, eco="0.10"),
        ])  # fmt: skip
    return app


def test_nothing_is_stored_and_no_number_taken(app: Sphinx) -> None:
    before = count_rows(app)
    with app.session(actor=BUYER) as s:
        s.preview("invoice", customer="ACME", lines=lines(3))
        s.quote_line("VIS-1", 5, customer="ACME")
        unit = s.unit
        assert (unit.tracked, unit.dirty, unit.happened, unit.messages, unit.moves, unit.master) == (
            {},
            set(),
            [],
            [],
            {},
            [],
        )
    assert count_rows(app) == before
    with app.session(actor=BUYER) as s:
        made = s.create("invoice", customer="ACME", lines=lines(1))
        s.fire(made.id, "issue")
        s.flush()
        assert s.document(made.id).number == "FA2026-00001"


def test_no_id_of_a_preview_looks_like_one_of_a_document(app: Sphinx) -> None:
    found = previewed(app, *lines(2))
    assert [found.document.id, *(line.id for line in found.document.lines)] == ["1", "2", "3"]
    assert "id" not in found.as_json()


def test_a_preview_and_a_created_document_do_not_disturb_each_other(app: Sphinx) -> None:
    with app.session(actor=BUYER) as s:
        made = s.create("sales_order", customer="ACME", lines=lines(1, 400))
        s.fire(made.id, "confirm")
        found = s.preview("quotation", customer="ACME", lines=lines(1, 1))
        assert found.lines[0].stock is not None
        assert (found.lines[0].stock.reserved, found.lines[0].stock.available) == (400, 600)
        again = s.preview("quotation", customer="ACME", lines=lines(1, 1))
        assert again.as_json() == found.as_json()


def test_a_reader_previews_too(app: Sphinx) -> None:
    with app.reader() as views:
        assert views.preview("quotation", customer="ACME", lines=lines(1)).document.total_net == D("50.00")
        assert views.quote_line("VIS-1", 5).line.net == D("50.00")


@pytest.mark.parametrize(("work", "allowed"), [("new", 5), ("foreign", 6), ("quote", 5)])
def test_records_take_four_statements_stock_one_and_a_rate_one_whatever_the_number_of_lines(
    database_url: str, work: str, allowed: int
) -> None:
    app = open_shop(database_url, items=100)
    with app.session() as s:
        s.put("exchange_rate", [{"currency": "USD", "date": "2026-01-01", "rate": "1.1"}])
        s.put("family", [{"code": "F"}])
        s.put("item", [goods(f"VIS-{n}", family="F") for n in range(1, 101)])

    def count(size: int) -> int:
        with app.reader() as views, statements(app.engine) as seen:
            if work == "quote":
                found = views.quote_line("VIS-1", size, customer="ACME").problems
            else:
                header = {"currency": "USD"} if work == "foreign" else {}
                found = views.preview("quotation", customer="ACME", lines=lines(size), **header).problems
        assert found == ()
        return len(seen)

    assert count(10) == count(100) == allowed
    app.engine.dispose()


# -- what is wrong -------------------------------------------------------------------------------------------------------


def test_lines_that_are_wrong_or_not_finished_say_so_while_the_others_are_priced(app: Sphinx) -> None:
    found = previewed(
        app, {"item": "VIS-1", "quantity": 2}, {"item": "VIS-11", "quantity": 1}, {"item": "VIS-2"}, {"item": "VIS-2", "quantity": "1,5"},
        {"item": "VIS-2", "quantity": 1, "unit": "kg"}, {"item": "VIS-3", "quantity": 1, "vat": "standart"}, {"item": "VIS-3", "quantity": 3},
    )  # fmt: skip
    assert [(one.given, one.entered, one.problems) for one in found.lines] == [
        (1, True, ()),
        (2, False, ("unknown item 'VIS-11'; did you mean 'VIS-1'?",)),
        (3, False, ("quantity is missing",)),
        (4, False, ("quantity: '1,5' is not a plain decimal number; write digits and one point, as 1250.50",)),
        (5, False, ("cannot convert kg (mass) to unit (count): give the item a ratio between them, as 1 kg = 2.5 unit",)),
        (6, False, ("unknown VAT code 'standart'; did you mean 'standard'?",)),
        (7, True, ()),
    ]
    assert (found.document.total_net, found.problems, found.ok) == (D("50.00"), (), False)
    assert [line.position for line in found.document.lines] == [1, 2]


def test_a_header_that_is_wrong_is_told_and_left_out(app: Sphinx) -> None:
    found = previewed(app, *lines(1), refrence="x", date="2026-02-30", payment_terms="30_day", reference="R")
    assert found.problems == (
        "document has no field 'refrence'; did you mean 'reference'?",
        "date: there is no day 2026-02-30 in the calendar",
        "unknown payment terms '30_day'; did you mean '30_days'?",
    )
    assert (found.document.reference, found.document.total_net) == ("R", D("50.00"))


def test_without_a_customer_or_with_an_unknown_one_prices_are_those_for_nobody(app: Sphinx) -> None:
    with app.session(actor=BUYER) as s:
        nobody = s.preview("quotation", lines=lines(1))
        unknown = s.preview("quotation", customer="ACNE", lines=lines(1))
    assert (nobody.problems, nobody.document.total_net) == (("customer is missing",), D("50.00"))
    assert (unknown.problems, unknown.document.total_net) == (("unknown party 'ACNE'; did you mean 'ACME'?",), D("50.00"))


def test_in_a_currency_without_a_rate_no_line_has_a_price(app: Sphinx) -> None:
    found = previewed(app, *lines(2), currency="USD")
    assert found.problems == ("no exchange rate for USD on 2026-03-02; put an exchange_rate, or give the document a rate",)
    assert [(one.given, one.entered, one.line.item) for one in found.lines] == [(1, False, "VIS-1"), (2, False, "VIS-2")]


def test_what_cannot_be_taken_off_at_the_foot_is_told_and_left_out(app: Sphinx) -> None:
    found = previewed(app, {"text": "Offert", "quantity": 1, "unit_price": "0"}, foot_discount_amount="5")
    assert found.problems == ("foot_discount_amount: no line may be discounted by 5",)
    more = previewed(app, {"item": "VIS-1", "quantity": 1}, foot_discount_amount="50")
    assert more.problems == ("foot_discount_amount: 50 is more than what may be discounted; lower it",)


def test_price_records_that_contradict_each_other_leave_all_lines_without_a_price(app: Sphinx) -> None:
    with app.session() as s:
        s.put("family", [{"code": "F"}, {"code": "G", "parent": "F"}])
        s.put("item", [goods("VIS-1", family="G")])
    with app.engine.begin() as connection:  # a circle that putting would refuse
        connection.exec_driver_sql("""update families set data = '{"code": "F", "parent": "G"}' where code = 'F'""")
    found = previewed(app, *lines(2))
    assert found.problems == ("family 'G' is its own parent: G > F > G",)
    assert [one.entered for one in found.lines] == [False, False]


def test_a_kit_whose_components_are_unknown_is_told_at_its_line(app: Sphinx) -> None:
    with app.session() as s:
        s.put("item", [goods("KIT", kind="kit", kit="exploded", components={"VIS-1": "2"})])
    with app.engine.begin() as connection:
        connection.exec_driver_sql("delete from items where code = 'VIS-1'")
    found = previewed(app, {"item": "VIS-2", "quantity": 1}, {"item": "KIT", "quantity": 1})
    assert [one.problems for one in found.lines] == [(), ("unknown item 'VIS-1'; did you mean 'VIS-3'? (held by KIT)",)]
    assert found.document.total_net == D("10.00")


def test_only_a_type_that_is_unknown_or_has_no_lines_is_an_error(app: Sphinx) -> None:
    with app.session() as s:
        with pytest.raises(InputError, match="did you mean 'quotation'"):
            s.preview("quotaton")
        with pytest.raises(InputError, match="a payment has no lines to preview"):
            s.preview("payment", customer="ACME")


# -- guards --------------------------------------------------------------------------------------------------------------


def test_a_guard_that_blocks_the_line_leaves_the_price_in_sight(guarded: Any) -> None:
    found = previewed(
        guarded("block"), {"item": "VIS-1", "quantity": 1}, {"item": "VIS-2", "quantity": 1, "unit_price": "20"}
    )
    first, second = found.lines
    assert first.line.unit_price == D("10")
    assert first.problems == ("item VIS-1: price 10 is below 10.9091, the floor of guard 'marque'; raise the price",)
    assert [(one.guard, one.on_fail, one.price, one.floor) for one in first.failures] == [
        ("marque", "block", D(10), D("10.9091"))
    ]
    assert (second.problems, second.failures, found.document.total_net) == ((), (), D("30.00"))
    assert not found.ok


@pytest.mark.parametrize("on_fail", ["warn", "approve"])
def test_a_guard_that_warns_or_asks_for_an_approval_is_no_problem_of_the_entry(guarded: Any, on_fail: str) -> None:
    found = previewed(guarded(on_fail), {"item": "VIS-1", "quantity": 1})
    assert [(one.on_fail, one.message) for one in found.lines[0].failures] == [
        (on_fail, "le prix 10 est sous le plancher 10.9091")
    ]
    assert found.ok


def test_who_holds_the_right_sees_that_the_price_is_approved(guarded: Any) -> None:
    boss = Actor("chef", {SEE_MARGIN, "approve_price"})
    found = previewed(guarded("approve"), {"item": "VIS-1", "quantity": 1}, actor=boss)
    assert [one.on_fail for one in found.lines[0].failures] == ["approved"]


# -- stock ---------------------------------------------------------------------------------------------------------------


def test_each_line_shows_the_stock_of_its_item_at_its_place_in_the_stock_unit(app: Sphinx) -> None:
    with app.session() as s:
        s.put("warehouse", [{"code": "NORD"}])
        s.put("item", [goods("POSE", kind="service")])
        s.adjust_stock("VIS-2", 12, warehouse="NORD")
        made = s.create("sales_order", customer="ACME", lines=lines(1, 30))
        s.fire(made.id, "confirm")
    found = previewed(
        app, {"item": "VIS-1", "quantity": 1}, {"item": "VIS-2", "quantity": 1, "warehouse": "NORD"}, {"item": "POSE", "quantity": 1},
        {"item": "VIS-2", "quantity": 1, "option": True},
    )  # fmt: skip
    stocks = [one.stock for one in found.lines]
    assert stocks[0][:6] == ("unit", 1000, 30, 0, 970, 970)
    assert stocks[1][:6] == ("unit", 12, 0, 0, 12, 12)
    assert stocks[2] is None
    assert stocks[3] is not None
    assert stocks[3].physical == 1000
    assert found.as_json()["lines"][0]["stock"]["available"] == "970"


def test_of_a_phantom_kit_the_stock_is_the_kits_that_the_components_suffice_for() -> None:
    app = shop_with_kits()
    with app.session() as s:
        made = s.create("sales_order", customer="ACME", lines=[{"item": "VIS-1", "quantity": 401}])
        s.fire(made.id, "confirm")
    found = previewed(app, {"item": "KIT", "quantity": 1})
    assert found.lines[0].stock[:6] == ("unit", 500, 201, 0, 299, 299)
    app.engine.dispose()


def test_stock_on_order_is_projected(app: Sphinx) -> None:
    with app.engine.begin() as connection:
        connection.exec_driver_sql("update stock_balances set on_order = 40 where item = 'VIS-1'")
    found = previewed(app, *lines(1))
    stock = found.lines[0].stock
    assert stock is not None
    assert stock.projected == stock.available + stock.on_order
    assert stock.on_order > 0


# -- margin, and who sees it ---------------------------------------------------------------------------------------------


def test_ex10_sale_200_cost_150_is_a_margin_of_50_and_a_marque_of_25(app: Sphinx) -> None:
    with app.session() as s:
        s.put("item", [goods("EX10", sale_price="200", cost="150")])
    found = previewed(app, {"item": "EX10", "quantity": 1})
    margin = found.lines[0].margin
    assert margin is not None
    assert (margin.cost, margin.margin, margin.margin_rate) == (D("150.00"), D("50.00"), D(25))
    assert round(margin.markup_rate or 0, 2) == D("33.33")
    assert (found.lines[0].cost_source, margin.no_cost) == ("standard", False)
    assert (found.document.margin, found.view.margin_rate) == (D("50.00"), D(25))


def test_the_source_of_the_cost_is_told(app: Sphinx) -> None:
    with app.session() as s:
        s.put("item", [
            goods("CUMP", average_cost="5"), goods("DERNIER", average_cost="5", last_cost="7", cost_source="last"), goods("RIEN", cost=None),
            goods("KIT", kind="kit", components={"VIS-1": "2"}),
        ])  # fmt: skip
    found = previewed(app, *({"item": item, "quantity": 1} for item in ("CUMP", "DERNIER", "RIEN", "KIT")))
    assert [(one.line.cost, one.cost_source) for one in found.lines] == [
        (D(5), "average"), (D(7), "last"), (None, ""), (D(12), "components"),
    ]  # fmt: skip
    assert [one.margin.no_cost for one in found.lines if one.margin] == [False, False, True, False]


def test_who_may_not_see_margins_gets_neither_costs_nor_margins_nor_where_they_are_from(app: Sphinx) -> None:
    found = previewed(app, *lines(2), actor=SELLER)
    assert [(one.line.cost, one.margin, one.cost_source) for one in found.lines] == [(None, None, None)] * 2
    assert (found.document.total_cost, found.document.margin, found.view.margin_rate, found.view.markup_rate) == (None,) * 4
    text = json.dumps(found.as_json(explained=True))
    assert not [word for word in ("cost", "margin", "markup", "coefficient") if word in text]
    assert found.document.total_net == D("100.00")


def test_a_floor_made_of_a_cost_is_not_told_to_who_may_not_see_costs(guarded: Any) -> None:
    app = guarded("block")
    found = previewed(
        app, {"item": "VIS-1", "quantity": 1}, {"item": "BAS", "quantity": 1}, {"item": "CHER", "quantity": 1}, actor=SELLER
    )
    assert (found.lines[0].problems, found.lines[0].failures) == ((), ())  # a preview leaves no record: it tells nothing
    assert (found.lines[2].problems, found.lines[2].failures) == ((), ())
    public = [(one.guard, one.message, one.floor) for one in found.lines[1].failures if one.guard == "tarif"]
    assert public == [("tarif", "10 sous 10.5", D("10.5"))]  # a floor price of the item is no cost
    text = json.dumps(found.as_json(explained=True), ensure_ascii=False)
    assert not [figure for figure in ("10.9091", "14.5455", "16") if f'"{figure}' in text or f" {figure}" in text]


def test_the_guard_of_the_document_hides_the_floor_as_well(guarded: Any) -> None:
    app = guarded("approve")
    told = {}
    for actor in (BUYER, SELLER):
        with app.session(actor=actor) as s:
            made = s.create("quotation", customer="ACME", lines=lines(1, 1))
            with pytest.raises(Exception, match="marque") as refused:
                s.fire(made.id, "send")
            told[actor.name] = str(refused.value)
    assert "10 est sous 10.9091, le plancher de marque" in told["claire"]
    assert "10 est sous …, le plancher de marque" in told["paul"]


def test_a_reader_shows_all_unless_it_is_opened_for_who_may_not_see_it(guarded: Any) -> None:
    app = guarded("warn")
    with app.session(actor=SELLER) as s:
        made = s.create("quotation", customer="ACME", lines=[{"item": "VIS-1", "quantity": 2}]).id
    with app.reader() as views:
        view = views.document(made)
        assert (view.document.margin, view.margin_of(view.document.lines[0])) == (D("8.00"), D("8.00"))
        assert view.warnings == ("line 1: 10 is below 10.9091 (marque: warn)",)
        assert view.as_json()["lines"][0]["margin"] == "8.00"
        assert views.items(["VIS-1"])["VIS-1"].cost == 6
    with app.reader(actor=SELLER) as views:
        view = views.document(made)
        assert (view.document.margin, view.margin_rate, view.margin_of(view.document.lines[0])) == (None, None, None)
        assert view.warnings == ()
        assert "cost" not in json.dumps(view.as_json())
        assert views.items(["VIS-1"])["VIS-1"].cost is None
        assert views.price("VIS-1", 1, "ACME").line.cost is None
    with app.reader(actor=BUYER) as views:
        assert views.document(made).document.margin == D("8.00")


def test_what_is_stored_keeps_its_cost_whoever_writes_it(app: Sphinx) -> None:
    with app.session(actor=SELLER) as s:
        made = s.create("quotation", customer="ACME", lines=lines(1)).id
        s.preview_edit(made, lines={1: {"quantity": 6}})
        s.edit(made, lines={1: {"quantity": 6}})
    with app.reader() as views:
        assert views.document(made).document.total_cost == D("36.00")


# -- edits and single lines ----------------------------------------------------------------------------------------------


def test_the_preview_of_an_edit_is_the_document_that_the_edit_makes(app: Sphinx) -> None:
    with app.session(actor=BUYER) as s:
        made = s.create("quotation", customer="ACME", lines=lines(3)).id
    changes = {2: {"quantity": 9, "discounts": ["10"]}, 3: None}
    with app.session(actor=BUYER) as s:
        before = s.document(made)
        found = s.preview_edit(made, lines=changes, reference="R2")
        assert s.document(made) is before
        after = s.edit(made, lines=changes, reference="R2")
    assert without_ids(found.document) == without_ids(after)
    assert [one.given for one in found.lines] == [1, 2]


def test_an_edit_that_is_wrong_says_so_at_the_line_it_was(app: Sphinx) -> None:
    with app.session(actor=BUYER) as s:
        made = s.create("quotation", customer="ACME", lines=lines(3)).id
        found = s.preview_edit(made, lines={1: None, 2: {"quantity": "x"}, 7: {"quantity": 1}})
        as_it_is = s.preview_edit(made)
        anew = s.preview_edit(made, lines=[{"item": "VIS-2", "quantity": 1}, {"item": "VIS-9", "quantity": 1}])
    assert [(one.given, one.entered, one.line.item) for one in found.lines] == [(2, False, "VIS-2"), (3, True, "VIS-3")]
    assert found.problems == ("quotation has no line 7",)
    assert found.document.total_net == D("50.00")
    assert (as_it_is.ok, as_it_is.document.total_net) == (True, D("150.00"))
    assert [(one.given, one.entered) for one in anew.lines] == [(1, True), (2, False)]


def test_an_edit_in_a_currency_without_a_rate_is_blocked_and_its_lines_stay_in_sight(app: Sphinx) -> None:
    with app.session(actor=BUYER) as s:
        made = s.create("quotation", customer="ACME", lines=lines(2)).id
        found = s.preview_edit(made, currency="USD")
    assert "no exchange rate for USD" in found.problems[0]
    assert [(one.given, one.entered, one.line.item) for one in found.lines] == [(1, False, "VIS-1"), (2, False, "VIS-2")]


def test_what_is_frozen_is_not_previewed_either(app: Sphinx) -> None:
    with app.session(actor=BUYER) as s:
        made = s.create("quotation", customer="ACME", lines=lines(1)).id
        s.fire(made, "send")
        with pytest.raises(DocumentLocked):
            s.preview_edit(made, lines={1: {"quantity": 6}})
        with pytest.raises(NotFound):
            s.preview_edit("0" * 32)


def test_lines_that_come_along_belong_to_what_was_given(app: Sphinx) -> None:
    with app.session() as s:
        s.put("item", [
            goods("KIT", kind="kit", kit="exploded", components={"VIS-1": "2", "VIS-2": "1"}), goods("LL", sale_price="399", eco="8.33"),
        ])  # fmt: skip
    found = previewed(app, {"item": "KIT", "quantity": 1}, {"item": "LL", "quantity": 1, "discounts": ["10"]})
    assert [(one.given, one.line.item, one.line.role) for one in found.lines] == [
        (1, "KIT", "heading"), (1, "VIS-1", ""), (1, "VIS-2", ""), (2, "LL", ""), (2, None, "eco"),
    ]  # fmt: skip
    assert [one.margin is None for one in found.lines] == [True, False, False, False, True]  # M3
    assert found.document.totals["eco_contribution"] == D("8.33")  # Ex 14


def test_one_line_for_a_customer_or_for_nobody_in_a_unit_of_its_own(app: Sphinx) -> None:
    with app.session() as s:
        s.put("customer", [{"code": "ACME", "name": "ACME SAS", "discount": "10"}])
    with app.session(actor=BUYER) as s:
        mine, nobody = s.quote_line("VIS-1", 100, customer="ACME", unit="hundred"), s.quote_line("VIS-1", 100)
        wrong = s.quote_line("VIS-11", 1, customer="ACNE", unite="box")
    assert (mine.line.unit_price, mine.line.net, mine.line.stock_quantity) == (D(9), D("90000.00"), 10000)
    assert (nobody.line.net, nobody.problems) == (D("1000.00"), ())
    assert wrong.problems == (
        "unknown party 'ACNE'; did you mean 'ACME'?",
        "no field 'unite'; did you mean 'unit'?",
    )


def test_one_more_line_of_a_draft_counts_with_the_others_for_a_scale_over_several_lines(tmp_path: Path) -> None:
    """PX10: 10 % from 10 units over all lines that share the record."""
    scale = "pricing: {schema: {quantity_discount: {scale: {basis: group_quantity}}}}"
    app = open_shop("sqlite://", config=["base", overlay(tmp_path, scale)])
    with app.session() as s:
        s.put("item", [goods(f"VIS-{n}", family="F", sale_price="20") for n in (1, 2)])
        s.put("price", [{"step": "quantity_discount", "family": "F", "rows": [["10", "10"]]}])
        made = s.create("quotation", customer="ACME", lines=[{"item": "VIS-1", "quantity": 5}])
        assert s.quote_line("VIS-2", 10, customer="ACME").line.net == D("180.00")
        assert s.quote_line("VIS-2", 5, customer="ACME").line.net == D("100.00")
        assert s.quote_line("VIS-2", 5, document=made.id).line.net == D("90.00")
        assert s.document(made.id).total_net == D("100.00")
    app.engine.dispose()


def test_a_price_in_another_currency_and_on_another_day(app: Sphinx) -> None:
    """PX8: 85.50 EUR at 1.0850."""
    with app.session() as s:
        s.put("exchange_rate", [{"currency": "USD", "date": "2026-01-01", "rate": "1.0850"}])
        s.put("item", [goods("VIS-1", sale_price="85.50")])
        s.put("price", [{"step": "base", "item": "VIS-1", "value": "90", "valid_from": "2026-07-01"}])
        dollars = s.quote_line("VIS-1", 3, currency="USD")
        later = s.quote_line("VIS-1", 3, date="2026-07-01")
    assert (dollars.line.unit_price, dollars.line.net, dollars.currency) == (D("92.7675"), D("278.30"), "USD")
    assert later.line.net == D("270.00")


def test_the_clock_is_not_asked_twice(app: Sphinx) -> None:
    clock = app.clock
    assert isinstance(clock, FixedClock)
    first = previewed(app, *lines(2)).as_json(explained=True)
    assert previewed(app, *lines(2)).as_json(explained=True) == first  # X10
