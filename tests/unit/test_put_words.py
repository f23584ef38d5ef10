"""What is wrong with a record that is put is told in our words, each with the right form."""

from __future__ import annotations

from typing import Any

import pytest

from sphinx_lib import InputError, Sphinx


@pytest.fixture(scope="module")
def app() -> Sphinx:
    return Sphinx.open()


def told(app: Sphinx, kind: str, row: dict[str, Any]) -> list[str]:
    with app.session() as session, pytest.raises(InputError) as error:
        session.put(kind, [row])
    return [one.partition("): ")[2] for one in error.value.problems]


@pytest.mark.parametrize(
    ("kind", "row", "problem"),
    [
        ("price", {"step": "base", "item": "X", "value": "1", "valid_from": "2026-02-30"}, "valid_from: there is no day 2026-02-30 in the calendar"),
        ("price", {"step": "base", "item": "X", "value": "1", "valid_from": 20260101}, "valid_from: a int is not a date; write it as 2026-03-31"),
        ("price", {"step": "base", "item": "X", "rows": [["1"]]}, "rows.0: value 2 of the list is missing"),
        ("item", {"code": "X", "name": "X", "sale_price": "5,00"}, "sale_price: '5,00' is not a plain decimal number; write digits and one point, as 1250.50"),
        ("item", {"code": "X", "name": "X", "warranty_months": "1.5"}, "warranty_months: '1.5' is not a whole number; write it without a point, as 30"),
        ("item", {"code": "X", "name": "X", "warranty_months": 1201}, "warranty_months: 1201 is above 1200"),
        ("item", {"code": "X", "name": "X", "packaging_kg": "-1"}, "packaging_kg: -1 is below 0"),
        ("item", {"code": "X", "name": "X", "sale_price": "-3"}, "sale_price: a price is not below zero: -3; 0 is free of charge"),
        ("item", {"code": "X", "name": "X", "weight_kg": "-0.5"}, "weight_kg: -0.5 is below 0"),
        ("item", {"code": "X", "name": "X", "per": "0"}, "per: 0 is not above 0"),
        ("item", {"code": "X", "name": 3}, "name: write a text, or one by language such as {en: Screw, fr: Vis}"),
        ("item", {"code": "X"}, "the key 'name' is missing"),
        ("item", {"code": "X" * 61, "name": "X"}, "code: the text has too many letters: at most 60; shorten it"),
        ("item", {"code": "", "name": "X"}, "code: the text has too few letters: at least 1"),
        ("item", {"code": "X", "name": "X", "sale_prise": "1"}, "sale_prise: unknown key 'sale_prise'; did you mean 'sale_price'?"),
        ("customer", {"code": "X", "name": "X", "blocked": "x"}, "blocked: write true or false, not 'x'"),
        ("customer", {"code": "X", "name": "X", "country": "France"}, "country: 'France' does not have the form of a country, two capital letters such as FR"),
        ("exchange_rate", {"currency": "USD", "date": "2026-03-02", "rate": "0"}, "rate: 0 is not above 0"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_its_right_form(app: Sphinx, kind: str, row: dict[str, Any], problem: str) -> None:
    assert told(app, kind, row) == [problem]


def test_a_day_of_stock_that_is_none_is_told_with_the_form_of_a_date(app: Sphinx) -> None:
    with app.session() as session:
        session.put("item", [{"code": "VIS", "name": "Vis", "tracking": "lot"}])
        with pytest.raises(InputError, match="expires: 'soon' is not a date; write it as 2026-03-31"):
            session.adjust_stock("VIS", 1, lot="L", expires="soon")


@pytest.mark.parametrize("where", [{"valid_until": "soon"}, {"date": "soon"}, {"lines": [{"text": "x", "promised_date": "soon"}]}])
def test_a_date_of_a_document_that_is_none_is_told_with_the_form_of_a_date(app: Sphinx, where: dict[str, Any]) -> None:
    with app.session() as session:
        session.put("customer", [{"code": "ACME", "name": "ACME"}])
        with pytest.raises(InputError, match="'soon' is not a date; write it as 2026-03-31$"):
            session.create("quotation", customer="ACME", **where)


def test_a_landed_cost_is_not_below_zero(app: Sphinx) -> None:
    with app.session() as session:
        session.put("supplier", [{"code": "V", "name": "V"}])
        session.put("item", [{"code": "VIS-2", "name": "Vis", "cost": "4"}])
        line = {"item": "VIS-2", "quantity": 5, "unit_price": "4"}
        receipt = session.create("goods_receipt", supplier="V", landed_cost="-10", lines=[line])
        with pytest.raises(InputError, match="landed_cost: -10 is below zero; it is what the goods cost beside their price"):
            session.fire(receipt.id, "receive")
