"""What the engine makes stock worth: costs of deliveries, returns, counts, and the journal that explains it (V1-V7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from sphinx_lib import Actor, Sphinx
from sphinx_lib.app.session import Session
from sphinx_lib.app.tracking import Revalued
from sphinx_lib.kernel.document import Document, StockMove
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.store.tables import stock_places, stock_schedule, stock_values
from tests.store.support import ALICE, D, at_once, document, faults, open_shop, overlay, raised, statements

RETURNS = """
document_types:
  goods_back:
    label: {en: Customer return, fr: Bon de retour}
    side: sales
    number: {sequence: goods_back, at: received}
    made_from: {delivery_note: {in: shipped}}
    initial: draft
    states:
      draft: {label: {en: Draft, fr: Brouillon}, editable: true}
      received: {label: {en: Received, fr: Reçu}, stock: {physical: quantity}}
    events: {receive: {from: draft, to: received}}
  sent_back:
    label: {en: Supplier return, fr: Retour fournisseur}
    side: purchase
    number: {sequence: sent_back, at: sent}
    made_from: {goods_receipt: {in: received, many: true}}
    initial: draft
    states:
      draft: {label: {en: Draft, fr: Brouillon}, editable: true}
      sent: {label: {en: Sent, fr: Envoyé}, stock: {physical: -quantity}}
    events: {send: {from: draft, to: sent}}
  trade_in:
    label: {en: Trade-in, fr: Reprise}
    side: sales
    stock_value: price
    number: {sequence: trade_in, at: received}
    initial: draft
    states:
      draft: {label: {en: Draft, fr: Brouillon}, editable: true}
      received: {label: {en: Received, fr: Reçu}, stock: {physical: quantity}}
    events: {receive: {from: draft, to: received}}
  found:
    label: {en: Found in a count, fr: Trouvé à l'inventaire}
    side: internal
    stock_value: current
    number: {sequence: found, at: done}
    initial: draft
    states:
      draft: {label: {en: Draft, fr: Brouillon}, editable: true}
      done: {label: {en: Done, fr: Fait}, stock: {physical: quantity}}
    events: {finish: {from: draft, to: done}}
numbering:
  goods_back: {pattern: "BT{YYYY}-{SEQ:05}"}
  sent_back: {pattern: "SB{YYYY}-{SEQ:05}"}
  trade_in: {pattern: "RP{YYYY}-{SEQ:05}"}
  found: {pattern: "FD{YYYY}-{SEQ:05}"}
"""
ITEMS = (
    {"code": "A", "name": "A", "sale_price": "20"},
    {"code": "F", "name": "F", "sale_price": "40", "valuation": "fifo"},
    {"code": "BOX", "name": "BOX", "sale_price": "2", "sales_unit": "hundred"},
    {"code": "KIT", "name": "KIT", "kind": "kit", "components": {"A": "2", "F": "1"}, "sale_price": "90"},
)


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Sphinx]:
    app = open_shop(database_url, config=["base", overlay(tmp_path, RETURNS)])
    with app.session(actor=ALICE) as s:
        s.put("supplier", [{"code": "VISCO", "name": "Visco"}])
        s.put("item", ITEMS)
    yield app
    app.engine.dispose()


def line(item: str, quantity: Any, price: Any = None, **more: Any) -> dict[str, Any]:
    priced = {} if price is None else {"unit_price": str(price)}
    return {"item": item, "quantity": quantity, **priced, **more}


def deliver(s: Session, *lines: dict[str, Any], **header: Any) -> str:
    return s.create("delivery_note", customer="ACME", lines=list(lines), **header).id


def receive(s: Session, *lines: dict[str, Any], **header: Any) -> str:
    made = s.create("goods_receipt", supplier="VISCO", lines=list(lines), **header)
    return s.fire(made.id, "receive").id


def worth(app: Sphinx, item: str) -> tuple[Decimal, Decimal | None]:
    with app.reader() as views:
        rows = views.stock_rows(items=[item])
        return sum((row.physical for row in rows), D(0)), sum((row.value or D(0) for row in rows), D(0))


def values(app: Sphinx, document_id: str) -> list[Decimal | None]:
    with app.reader() as views:
        found = views.line_values(document_id)
        return [found.get(one.id) for one in views.document(document_id).document.lines]


def costs(app: Sphinx, document_id: str) -> list[Decimal | None]:
    return [one.cost for one in document(app, document_id).lines]


def margin(app: Sphinx, document_id: str) -> Decimal | None:
    found: Document = document(app, document_id)
    return found.margin


# -- what deliveries cost ------------------------------------------------------------------------------------------------


def test_two_deliveries_in_one_unit_of_work_keep_their_own_costs(shop: Sphinx) -> None:
    with shop.session(actor=ALICE) as s:
        s.adjust_stock("F", 4, cost="10")
        s.adjust_stock("F", 2, cost="25")
    with shop.session(actor=ALICE) as s:
        first, second = deliver(s, line("F", 3)), deliver(s, line("F", 2))
    assert (costs(shop, first), costs(shop, second)) == ([10], [D("17.5")])
    assert (values(shop, first), values(shop, second)) == ([-30], [-35])
    assert (margin(shop, first), margin(shop, second)) == (90, 45)
    assert faults(shop) == []


def test_what_comes_in_is_there_before_what_goes_out_of_the_same_unit(shop: Sphinx) -> None:
    with shop.session(actor=ALICE) as s:
        note = deliver(s, line("A", 5))
        receive(s, line("A", 10, 8))
        s.adjust_stock("A", 10, cost="10")
    assert costs(shop, note) == [9]
    assert worth(shop, "A") == (15, 135)


def test_an_invoice_made_in_the_unit_of_its_delivery_takes_the_same_costs(shop: Sphinx) -> None:
    """S53: billed at once. The item's average is 15, its oldest layer cost 10."""
    with shop.session(actor=ALICE) as s:
        s.put("customer", [{"code": "CASH", "name": "Cash", "billing": {"mode": "per_document"}}])
        s.adjust_stock("F", 4, cost="10")
        s.adjust_stock("F", 2, cost="25")
    with shop.session(actor=ALICE) as s:
        note = s.create("delivery_note", customer="CASH", lines=[line("F", 3)]).id
    with shop.reader() as views:
        (invoice,) = views.results(note)
    assert invoice.number
    assert costs(shop, note) == costs(shop, invoice.id) == [10]
    assert margin(shop, note) == margin(shop, invoice.id) == 90
    assert faults(shop) == []


def test_lines_of_one_item_share_what_left(shop: Sphinx) -> None:
    with shop.session(actor=ALICE) as s:
        s.adjust_stock("A", 3, value="10.00")
    with shop.session(actor=ALICE) as s:
        note = deliver(s, line("A", 1), line("A", 2))
    assert costs(shop, note) == [D("3.333333")] * 2
    assert values(shop, note) == [D("-3.33"), D("-6.67")]
    assert document(shop, note).total_cost == D("10.00")


def test_a_kit_costs_what_its_components_cost_when_they_leave(shop: Sphinx) -> None:
    """K11: two A at 3.00 and one F of the oldest layer at 10.00."""
    with shop.session(actor=ALICE) as s:
        s.adjust_stock("A", 10, cost="3")
        s.adjust_stock("F", 1, cost="10")
        s.adjust_stock("F", 1, cost="30")
    with shop.session(actor=ALICE) as s:
        note = deliver(s, line("KIT", 1), line("KIT", 1))
    assert costs(shop, note) == [D(26), D(26)]  # both F left: 10.00 and 30.00 are 20.00 each
    assert values(shop, note) == [D(-26), D(-26)]
    assert worth(shop, "F") == (0, 0)


def test_a_cost_is_per_sales_unit(shop: Sphinx) -> None:
    with shop.session(actor=ALICE) as s:
        s.adjust_stock("BOX", 1000, value="12.50")
    with shop.session(actor=ALICE) as s:
        note = deliver(s, line("BOX", 3, unit="hundred"))
    assert (costs(shop, note), values(shop, note)) == ([D("1.25")], [D("-3.75")])
    assert margin(shop, note) == document(shop, note).total_net - D("3.75")


def test_the_margin_is_exact_for_ten_thousand_pieces(shop: Sphinx) -> None:
    """Costs on lines have 6 decimals: enough that margins are what stock lost, to the cent."""
    with shop.session(actor=ALICE) as s:
        s.adjust_stock("A", 30_000, value="10000.00")
    with shop.session(actor=ALICE) as s:
        note = deliver(s, line("A", 10_000))
    found = document(shop, note)
    assert values(shop, note) == [D("-3333.33")]
    assert found.total_cost == D("3333.33")


def test_a_policy_of_its_own_decides_what_margins_take_and_not_what_stock_is_worth(shop: Sphinx) -> None:
    """M2: margins at standard cost, stock at the average; a return comes in at what it left with (V7)."""
    with shop.session(actor=ALICE) as s:
        s.put("item", [{"code": "STD", "name": "STD", "sale_price": "20", "cost": "9", "cost_source": "standard"}])
        s.adjust_stock("STD", 10, cost="12")
    with shop.session(actor=ALICE) as s:
        note = deliver(s, line("STD", 4))
    assert (costs(shop, note), values(shop, note)) == ([9], [-48])
    with shop.session(actor=ALICE) as s:
        s.adjust_stock("STD", 6, cost="20")
        back = s.derive(note, "goods_back").documents[0].id
        s.fire(back, "receive")
    assert values(shop, back) == [48]


# -- what comes back -----------------------------------------------------------------------------------------------------


def test_a_customer_return_enters_at_the_cost_it_left_with(shop: Sphinx) -> None:
    """V7."""
    with shop.session(actor=ALICE) as s:
        s.adjust_stock("A", 10, cost="10")
    with shop.session(actor=ALICE) as s:
        note = deliver(s, line("A", 4))
    with shop.session(actor=ALICE) as s:
        receive(s, line("A", 6, 20))
    with shop.session(actor=ALICE) as s:
        back = s.derive(note, "goods_back", quantities={1: 3}).documents[0].id
        s.fire(back, "receive")
    assert values(shop, back) == [30]
    assert worth(shop, "A") == (15, 60 + 120 + 30)


def test_a_return_in_the_unit_of_its_delivery_enters_at_the_cost_it_left_with(shop: Sphinx) -> None:
    with shop.session(actor=ALICE) as s:
        s.adjust_stock("F", 4, cost="10")
        s.adjust_stock("F", 2, cost="25")
    with shop.session(actor=ALICE) as s:
        note = deliver(s, line("F", 3))
        back = s.fire(s.derive(note, "goods_back").documents[0].id, "receive").id
    assert (values(shop, note), values(shop, back)) == ([-30], [30])


def test_a_supplier_return_leaves_at_the_average_or_its_own_layer(shop: Sphinx) -> None:
    """V7."""
    with shop.session(actor=ALICE) as s:
        receive(s, line("A", 4, 10), line("F", 4, 10))
        bought = receive(s, line("A", 2, 25), line("F", 2, 25))
    with shop.session(actor=ALICE) as s:
        back = s.derive(bought, "sent_back", quantities={1: 1, 2: 1}).documents[0].id
        s.fire(back, "send")
    assert values(shop, back) == [-15, -25]


def test_goods_returned_to_two_receipts_leave_the_layers_of_both(shop: Sphinx) -> None:
    with shop.session(actor=ALICE) as s:
        one, other = receive(s, line("F", 4, 10)), receive(s, line("F", 2, 25))
        receive(s, line("F", 5, 30))
    with shop.session(actor=ALICE) as s:
        taken = {s.document(one).lines[0].id: 1, s.document(other).lines[0].id: 1}
        back = s.derive([other, one], "sent_back", quantities=taken).documents[0].id
        s.fire(back, "send")
    assert worth(shop, "F") == (9, 90 + 110 - 10 - 25 + 40)


def test_what_is_taken_back_moves_at_the_value_that_it_had(shop: Sphinx) -> None:
    with shop.session(actor=ALICE) as s:
        s.adjust_stock("A", 10, cost="10")
    with shop.session(actor=ALICE) as s:
        note, bought = deliver(s, line("A", 4)), receive(s, line("A", 10, 20))
    assert values(shop, note) == [-60]
    with shop.session(actor=ALICE) as s:
        s.fire(bought, "cancel")
        s.fire(note, "cancel")
    assert worth(shop, "A") == (10, 100)
    with shop.reader() as views:
        moves = views.stock_moves("A")
        assert sorted((move.type, move.quantity, move.value) for move in moves[1:]) == [
            ("delivery_note", -4, -60), ("delivery_note", 4, 60), ("goods_receipt", -10, -200), ("goods_receipt", 10, 200),
        ]  # fmt: skip
    assert faults(shop) == []


def test_what_is_taken_back_is_dated_the_day_it_happens(shop: Sphinx) -> None:
    """Stock at the end of a closed month does not change by what is cancelled later."""
    with shop.session(actor=ALICE) as s:
        s.adjust_stock("A", 10, cost="10")
        note = deliver(s, line("A", 4))
    shop.clock.at = datetime(2026, 4, 7, 8, tzinfo=UTC)  # type: ignore[attr-defined]
    with shop.session(actor=ALICE) as s:
        s.fire(note, "cancel")
    with shop.reader() as views:
        at = {day: views.stock_value(day, items=["A"]).total for day in (date(2026, 3, 31), date(2026, 4, 7))}
    assert at == {date(2026, 3, 31): 60, date(2026, 4, 7): 100}


def test_a_cancelled_receipt_gives_back_what_it_corrected(shop: Sphinx) -> None:
    """V3 resets the cost of what was sold before; 114 of the 144 were brought by the receipt and its correction."""
    with shop.session(actor=ALICE) as s:
        s.adjust_stock("A", 5, cost="10")
    with shop.session(actor=ALICE) as s:
        deliver(s, line("A", 8))
    with shop.session(actor=ALICE) as s:
        bought = receive(s, line("A", 10, 12))
    assert worth(shop, "A") == (7, 84)
    with shop.reader() as views:
        assert [(move.quantity, move.value, move.reason) for move in views.stock_moves("A")[2:]] == [
            (10, 120, ""), (0, -6, "cost reset"),
        ]  # fmt: skip
    with shop.session(actor=ALICE) as s:
        s.adjust_stock("A", 5, cost="12")
    with shop.session(actor=ALICE) as s:
        s.fire(bought, "cancel")
    assert worth(shop, "A") == (2, 30)
    assert faults(shop) == []


# -- counts, prices that nobody knows, differences -----------------------------------------------------------------------


def test_what_a_count_finds_is_worth_what_is_there(shop: Sphinx) -> None:
    """V6, `stock_value: current`: at the average; in FIFO at the newest layer."""
    with shop.session(actor=ALICE) as s:
        for item in ("A", "F"):
            s.adjust_stock(item, 4, cost="10")
            s.adjust_stock(item, 2, cost="25")
    with shop.session(actor=ALICE) as s:
        made = s.create("found", lines=[line("A", 2), line("F", 2)]).id
        s.fire(made, "finish")
    assert values(shop, made) == [30, 50]


def test_a_receipt_without_a_price_comes_in_at_the_cost_known(shop: Sphinx) -> None:
    with shop.session(actor=ALICE) as s:
        s.adjust_stock("A", 4, cost="10")
    with shop.session(actor=ALICE) as s:
        made = s.unit.get(s.create("goods_receipt", supplier="VISCO", lines=[line("A", 2, 8)]).id)
        unpriced = made.lines[0]._replace(unit_price=None, net=D(0))
        s.unit.replace(made.changed(lines=(unpriced,)))
        s.fire(made.id, "receive")
    assert worth(shop, "A") == (6, 60)


def test_a_kit_bought_whole_shares_its_price_over_its_components(shop: Sphinx) -> None:
    """K11: list values 2 × 20 and 1 × 40."""
    with shop.session(actor=ALICE) as s:
        made = s.create("trade_in", customer="ACME", lines=[line("KIT", 2, 60)])
        s.fire(made.id, "receive")
    assert (worth(shop, "A"), worth(shop, "F")) == ((4, 60), (2, 60))


def test_a_price_difference_moves_value_alone(shop: Sphinx) -> None:
    """§5.3: of 10.00 more for ten, four are still held."""
    with shop.session(actor=ALICE) as s:
        bought = receive(s, line("A", 10, 10))
    with shop.session(actor=ALICE) as s:
        deliver(s, line("A", 6))
    with shop.session(actor=ALICE) as s:
        s.document(bought)
        move = StockMove(s.unit.new_id(), "A", "main", "physical", D(0), bought, s.unit.today, reason="price difference")
        s.unit.revalued.append(Revalued("A", D(10), D("10.00"), bought, move))
    assert worth(shop, "A") == (4, 44)
    with shop.reader() as views:
        last = views.stock_moves("A")[-1]
    assert (last.quantity, last.value, last.balance, last.worth, last.reason) == (0, 4, 4, 44, "price difference")
    assert faults(shop) == []


def test_a_unit_that_moves_nothing_physical_neither_locks_nor_writes_values(shop: Sphinx) -> None:
    with shop.session(actor=ALICE) as s:
        order = s.create("sales_order", customer="ACME", lines=[line("A", 5)]).id
    with statements(shop.engine) as seen, shop.session(actor=ALICE) as s:
        s.fire(order, "confirm")
    assert [text for text, _ in seen if "stock_values" in text and "SELECT items" not in text] == []
    assert any("stock_balances" in text for text, _ in seen)


def test_units_that_move_the_same_items_at_once_lose_no_value(shop: Sphinx) -> None:
    """Items that never moved, in opposite orders: rows are made and locked in one order of codes."""
    codes = [f"NEW-{n}" for n in range(6)]
    with shop.session(actor=ALICE) as s:
        s.put("item", [{"code": code, "name": code, "sale_price": "20"} for code in codes])

    def work(number: int) -> None:
        order = codes if number % 2 else codes[::-1]
        for price in (3, 7):
            if number % 3:
                shop.do(lambda s, price=price: receive(s, *(line(code, 3, price + number) for code in order)), actor=ALICE)
            else:
                shop.do(lambda s: deliver(s, *(line(code, 2) for code in order)), actor=ALICE)

    assert raised(at_once(*(lambda n=n: work(n) for n in range(6)))) == []
    assert faults(shop) == []
    assert {worth(shop, code)[0] for code in codes} == {D(4 * 2 * 3 - 2 * 2 * 2)}
    assert len({worth(shop, code)[1] for code in codes}) == 1


# -- reading -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def moved(shop: Sphinx) -> tuple[Sphinx, str, str]:
    """Opening 10 in main and 5 in the shop on 2 March, an order of 6 promised for the 20th, delivered on the 10th."""
    with shop.session(actor=ALICE) as s:
        s.put("warehouse", [{"code": "shop"}])
        s.adjust_stock("A", 10, cost="10", reason="opening")
        s.adjust_stock("A", 5, cost="10", warehouse="shop", reason="opening")
    with shop.session(actor=ALICE) as s:
        order = s.create("sales_order", customer="ACME", lines=[line("A", 6, promised_date="2026-03-20")]).id
        s.fire(order, "confirm")
    shop.clock.at = datetime(2026, 3, 10, 8, tzinfo=UTC)  # type: ignore[attr-defined]
    with shop.session(actor=ALICE) as s:
        note = s.derive(order, "delivery_note").documents[0].id
    return shop, order, note


def test_the_journal_explains_every_quantity(moved: tuple[Sphinx, str, str]) -> None:
    app, order, note = moved
    with app.reader() as views:
        moves = views.stock_moves("A")
        number = {one: views.document(one).document.number for one in (order, note)}
    told = [(m.level, m.warehouse, m.quantity, m.balance, m.value, m.worth, m.number, m.reason) for m in moves]
    assert told == [
        ("physical", "main", 10, 10, 100, 100, "", "opening"),
        ("physical", "shop", 5, 15, 50, 150, "", "opening"),
        ("reserved", "main", 6, 6, 0, 0, number[order], ""),
        ("reserved", "main", -6, 0, 0, 0, number[order], ""),
        ("physical", "main", -6, 9, -60, 90, number[note], ""),
    ]
    assert {m.due for m in moves if m.level == "reserved"} == {date(2026, 3, 20)}
    assert moves[2].type == "sales_order"
    assert moves[2].document_id == order


def test_the_journal_of_a_warehouse_a_level_a_period_and_a_page(moved: tuple[Sphinx, str, str]) -> None:
    app, _, _ = moved
    with app.reader() as views:
        everything = views.stock_moves("A")
        assert [m.balance for m in views.stock_moves("A", "main", level="physical")] == [10, 4]
        assert {m.worth for m in views.stock_moves("A", "main")} == {None}
        assert [m.balance for m in views.stock_moves("A", level="physical", since=date(2026, 3, 9))] == [9]
        assert [m.balance for m in views.stock_moves("A", level="physical", until=date(2026, 3, 9))] == [10, 15]
        assert [views.stock_moves("A", first=n, limit=1)[0] for n in range(len(everything))] == everything
        assert views.stock_moves("A", first=len(everything)) == []
        with pytest.raises(InputError, match="ask for 1 to 10000 from number 0 on, not for 0 from 0"):
            views.stock_moves("A", limit=0)


def test_stock_by_item_and_warehouse_with_its_value(moved: tuple[Sphinx, str, str]) -> None:
    app, _, _ = moved
    with app.reader() as views:
        rows = views.stock_rows(items=["A"])
        assert [(r.warehouse, r.physical, r.reserved, r.available, r.value, r.average_cost) for r in rows] == [
            ("main", 4, 0, 4, 40, 10), ("shop", 5, 0, 5, 50, 10),
        ]  # fmt: skip
        assert {row.item for row in views.stock_rows("shop")} == {"A"}


def test_stock_value_at_a_date(moved: tuple[Sphinx, str, str]) -> None:
    app, _, _ = moved
    with app.reader() as views:
        at = {n: views.stock_value(date(2026, 3, n), items=["A"]) for n in (1, 2, 9, 10)}
        assert [(one.rows[0].quantity, one.total) if one.rows else None for one in at.values()] == [
            None, (15, 150), (15, 150), (9, 90),
        ]  # fmt: skip
        assert views.stock_value(items=["A"]) == at[10]
        assert views.stock_value(warehouse="shop").total == 50
        assert views.stock_value().total == 90 + 3 * 6000


def test_reading_stock_takes_one_statement(moved: tuple[Sphinx, str, str]) -> None:
    app, _, _ = moved
    for read in (
        lambda v: v.stock_value(date(2026, 3, 9)), lambda v: v.stock_moves("A"), lambda v: v.stock_rows("main"),
    ):  # fmt: skip
        with statements(app.engine) as seen, app.reader() as views:
            assert read(views)
        assert len(seen) == 1


def test_who_may_not_see_costs_sees_quantities(moved: tuple[Sphinx, str, str]) -> None:
    """S48."""
    app, _, note = moved
    with app.reader(actor=Actor("paul")) as views:
        (row, _) = views.stock_rows(items=["A"])
        assert (row.physical, row.value, row.average_cost) == (4, None, None)
        value = views.stock_value()
        assert (value.total, value.rows[0].quantity, value.rows[0].average_cost) == (None, 9, None)
        assert {(move.value, move.worth) for move in views.stock_moves("A")} == {(None, None)}
        assert views.line_values(note) == {}


# -- verify --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def full(moved: tuple[Sphinx, str, str]) -> Sphinx:
    """Beside the moves above: a lot in a bin, layers, and an order that is still promised."""
    app, _, _ = moved
    with app.session(actor=ALICE) as s:
        s.put("item", [{"code": "LOT", "name": "LOT", "tracking": "lot", "sale_price": "5"}])
        s.adjust_stock("LOT", 7, cost="3", lot="L1", bin="B2")
        s.adjust_stock("F", 4, cost="10")
        order = s.create("sales_order", customer="ACME", lines=[line("A", 3, promised_date="2026-04-20")])
        s.fire(order.id, "confirm")
    assert faults(app) == []
    return app


def write(app: Sphinx, *changes: Any) -> None:
    with app.engine.begin() as connection:
        for change in changes:
            assert connection.execute(change).rowcount == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            update(stock_values).where(stock_values.c.item == "A").values(quantity=D(8)),
            ["stock value of A: quantity is 8, its moves say 9"],
        ),
        (
            update(stock_values).where(stock_values.c.item == "A").values(value=D("90.01")),
            ["stock value of A: value is 90.01, its moves say 90"],
        ),
        (
            update(stock_values).where(stock_values.c.item == "F").values(layers=[["2026-03-10", "", "3", "30"]]),
            [
                "stock value of F: quantity is 4, its layers say 3",
                "stock value of F: value is 40, its layers say 30",
            ],
        ),
        (
            delete(stock_values).where(stock_values.c.item == "LOT"),
            ["stock value of LOT: quantity is 0, its moves say 7", "stock value of LOT: value is 0, its moves say 21"],
        ),
        (
            update(stock_places).where(stock_places.c.lot == "L1").values(physical=D(6)),
            ["stock LOT in main lot L1 bin B2: physical is 6, its moves say 7"],
        ),
        (
            update(stock_places).where(stock_places.c.lot == "L1").values(bin="B3"),
            [
                "stock LOT in main lot L1 bin B2: physical is 0, its moves say 7",
                "stock LOT in main lot L1 bin B3: physical is 7, its moves say 0",
            ],
        ),
        (
            update(stock_schedule).where(stock_schedule.c.due == date(2026, 4, 20)).values(quantity=D(1)),
            ["stock A in main reserved for 2026-04-20: quantity is 1, its moves say 3"],
        ),
    ],
)
def test_a_row_of_stock_that_was_changed_is_named(full: Sphinx, change: Any, told: list[str]) -> None:
    write(full, change)
    assert set(told) <= set(faults(full))
