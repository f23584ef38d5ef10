"""Prices of suppliers in the database: what each side reads, and offers compared (PO3)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from sphinx_lib import InputError, Sphinx
from sphinx_lib.app.supplier_prices import offers
from sphinx_lib.pricing.schema import build_book
from tests.store.support import ALICE, goods, open_shop, statements

DAY = date(2026, 3, 2)
D = Decimal


def shop(url: str = "sqlite://") -> Sphinx:
    app = open_shop(url)
    with app.session(actor=ALICE) as s:
        s.put("exchange_rate", [{"currency": "USD", "date": "2026-01-01", "rate": "1.25"}])
        suppliers = [
            {"code": "VISCO", "name": "Visco"}, {"code": "BOLTS", "name": "Bolts"},
            {"code": "YANK", "name": "Yank", "country": "US", "currency": "USD"},
            {"code": "GONE", "name": "Gone", "blocked": True}, {"code": "YEN", "name": "Yen", "currency": "JPY"},
        ]  # fmt: skip
        s.put("supplier", suppliers)
        s.put("item", [goods("BOX", units={"hundred": "100"}, purchase_unit="hundred", family="SCREWS", supplier="VISCO")])
        prices = [
            {"supplier": "VISCO", "item": "BOX", "unit": "hundred", "rows": [["1", "90"], ["10", "80"]]},
            {"supplier": "BOLTS", "family": "SCREWS", "value": "0.85"},
            {"supplier": "YANK", "item": "BOX", "value": "1.00", "currency": "USD"},
            {"supplier": "GONE", "item": "BOX", "value": "0.10"},
            {"supplier": "YEN", "item": "BOX", "value": "1", "currency": "JPY"},
        ]  # fmt: skip
        s.put("price", [{"step": "purchase_price", **one} for one in prices])
        s.put("price", [{"step": "supplier_discount", "supplier": "BOLTS", "value": "2"}])
    return app


def test_offers_are_compared_per_stock_unit_in_company_currency_at_the_quantity_needed() -> None:
    with shop().reader() as views:
        few = offers(views.unit, {"BOX": D(500)}, DAY)["BOX"]
        many = offers(views.unit, {"BOX": D(1000)}, DAY)["BOX"]
    assert [(one.supplier, one.cost) for one in few] == [("YANK", D("0.8")), ("BOLTS", D("0.833")), ("VISCO", D("0.9"))]
    assert [(one.supplier, one.cost) for one in many] == [("VISCO", D("0.8")), ("YANK", D("0.8")), ("BOLTS", D("0.833"))]
    assert (few[0].unit_price, few[0].currency) == (D(1), "USD")
    assert (many[0].unit_price, many[0].unit) == (D(80), "hundred")


def test_offers_of_a_hundred_items_take_the_statements_of_one() -> None:
    app = shop()
    with app.session(actor=ALICE) as s:
        s.put("item", [goods(f"G-{n}", family="SCREWS") for n in range(100)])
        s.put("price", [{"step": "purchase_price", "supplier": "VISCO", "item": f"G-{n}", "value": "1"} for n in range(100)])
    counts = []
    for items in (1, 100):
        with app.reader() as views, statements(app.engine) as seen:
            assert len(offers(views.unit, {f"G-{n}": D(1) for n in range(items)}, DAY)) == items
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 6


def test_each_side_reads_the_records_of_its_own_steps_only() -> None:
    app = shop()
    with app.session(actor=ALICE) as s:
        s.put("price", [{"step": "quantity_discount", "item": "BOX", "value": "3"}])
    with app.reader() as views:
        unit = views.unit
        sold = views.preview("quotation", customer="ACME", lines=[{"item": "BOX", "quantity": 1}])
        bought = views.preview("purchase_order", supplier="BOLTS", lines=[{"item": "BOX", "quantity": 1, "unit": "unit"}])
        assert not {step.name for step in unit.prices.schema.steps} & {s.name for s in unit.purchase_prices.schema.steps}
    assert {row.step for row in sold.lines[0].line.trace} == {"base", "quantity_discount"}
    assert {row.step for row in bought.lines[0].line.trace} == {"purchase_price", "supplier_discount"}


def test_a_record_for_a_customer_in_a_step_of_purchases_is_refused() -> None:
    with pytest.raises(InputError, match="no context can reach this record"), shop().session(actor=ALICE) as s:
        s.put("price", [{"step": "purchase_price", "customer": "ACME", "item": "BOX", "value": "1"}])


def test_two_prices_of_one_supplier_for_the_same_keys_conflict_and_those_of_two_suppliers_do_not() -> None:
    app = shop()
    with app.session(actor=ALICE) as s:
        s.put("price", [{"code": "a", "step": "purchase_price", "supplier": "VISCO", "item": "VIS-1", "value": "1"}])
        s.put("price", [{"code": "b", "step": "purchase_price", "supplier": "BOLTS", "item": "VIS-1", "value": "2"}])
    with pytest.raises(InputError, match="conflicts with 'a'"), app.session(actor=ALICE) as s:
        s.put("price", [{"code": "c", "step": "purchase_price", "supplier": "VISCO", "item": "VIS-1", "value": "2"}])


def test_the_book_of_a_side_holds_no_record_of_the_other() -> None:
    app = shop()
    with app.reader() as views:
        everything = views.unit.pack.conditions
        assert build_book(views.unit.prices.schema, everything).size == views.unit.prices.book.size
