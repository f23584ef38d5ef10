"""Why a price is what it is, in French and in English: rows that add up to it, reasons in words (§18.3, S52)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sphinx_lib import Actor, Sphinx
from sphinx_lib.app.preview import PreviewLine
from sphinx_lib.pricing.explain import Explained, table
from tests.store.support import FixedClock, overlay

D = Decimal
PX12 = [
    {"code": "C-A", "step": "customer_discount", "item": "A", "customer": "C", "value": "12.5"},
    {"code": "Q-A", "step": "quantity_discount", "item": "A", "value": "3"},
]
SCHEMA = """
pricing:
  schema:
    base: {select: %s}
    promotion: {kind: percent, label: {fr: Promotion du mois, en: Promotion of the month}, access: {item: {key: [item]}}}
    customer_discount: {group: commercial}
    quantity_discount: {group: commercial}
  groups: {commercial: {combine: %s, label: {fr: Remises commerciales, en: Commercial discounts}}}
  exclusions: {%s}
"""


def quoted(
    *records: dict[str, Any], config: tuple[Any, ...] = ("base",), actor: Actor | None = None, **more: Any
) -> PreviewLine:
    app = Sphinx.open(list(config), clock=FixedClock())
    item = {"code": "A", "name": {"fr": "Vis", "en": "Screw"}, "sale_price": more.pop("sale_price", "19.99"), "cost": "60"}
    with app.session() as s:
        s.put("customer", [{"code": "C", "name": "Client", "group": "G"}])
        s.put("item", [item])
        s.put("price", list(records))
    who = {} if actor is None else {"actor": actor}
    with app.reader(**who) as views:
        return views.quote_line("A", more.pop("quantity", 7), customer="C", **more)


def said(rows: tuple[Explained, ...]) -> list[tuple[str, Decimal | None, str]]:
    return [(row.label, row.amount, row.note) for row in rows]


@pytest.fixture
def schema(tmp_path: Path) -> Any:
    def layers(select: str = "first", combine: str = "cascade", exclusions: str = "") -> tuple[Any, ...]:
        return "base", overlay(tmp_path, SCHEMA % (select, combine, exclusions))

    return layers


def test_px12_is_four_rows_that_add_up_to_the_net_unit_price() -> None:
    line = quoted(*PX12)
    assert said(line.view.explain(line.line, "en")) == [
        ("Base price", D("19.99"), ""),
        ("Customer discount", D("-2.49875"), ""),
        ("Quantity discount", D("-0.5247375"), ""),
        ("Rounding", D("-0.0000125"), ""),
        ("Net unit price", D("16.9665"), "EUR"),
    ]
    assert line.line.net == D("118.77")


def test_the_same_rows_are_told_in_the_language_of_the_document_unless_another_is_named() -> None:
    line = quoted(*PX12)
    assert [row.label for row in line.why] == [
        "Prix de base", "Remise client", "Remise sur quantité", "Arrondi", "Prix unitaire net",
    ]  # fmt: skip
    assert quoted(*PX12, language="en").why[0].label == "Base price"


def test_the_table_has_its_numbers_under_each_other_and_its_total_last() -> None:
    line = quoted(*PX12)
    shown = table(line.view.explain(line.line, "fr"), "fr").splitlines()
    assert shown == [
        "Prix de base         item A (catalogue)           19,99       19,99",
        "Remise client        C-A (customer_item)  12,5 %  -2,49875    17,49125",
        "Remise sur quantité  Q-A (item)              3 %  -0,5247375  16,9665125",
        "Arrondi                                           -0,0000125  16,9665",
        "Prix unitaire net                                 16,9665                 EUR",
    ]


def test_a_host_gets_numbers_as_plain_text_beside_the_words() -> None:
    rows = [row.as_json() for row in quoted(*PX12).why]
    assert rows[1] == {
        "step": "customer_discount", "label": "Remise client", "record": "C-A",
        "access": "customer_item", "rate": "12.5", "basis": "19.99", "amount": "-2.49875", "running": "17.49125",
        "active": True, "reason": "", "note": "",
    }  # fmt: skip
    assert sum(D(row["amount"]) for row in rows[:-1]) == D(rows[-1]["amount"]) == D("16.9665")


def test_px2_discounts_beside_a_net_price_do_not_count_and_say_so() -> None:
    net = {"step": "base", "customer": "C", "item": "A", "value": "78", "net": True}
    line = quoted(net, *PX12, sale_price="100")
    assert said(line.why) == [
        ("Prix de base", D(78), ""),
        ("Remise client", None, "prix net"),
        ("Remise sur quantité", None, "prix net"),
        ("Prix unitaire net", D(78), "EUR"),
    ]
    assert "(68,25)" in table(line.why, "fr").splitlines()[1]


def test_px3_the_prices_that_lost_against_a_better_one_stay_in_sight(schema: Any) -> None:
    records = [
        {"step": "base", "customer": "C", "item": "A", "value": "78"},
        {"step": "base", "customer_group": "G", "item": "A", "value": "75"},
    ]
    line = quoted(*records, config=schema("best_for_customer"), sale_price="100", language="en")
    assert (line.line.unit_price, line.why[0].amount) == (D(75), D(75))
    assert sorted((row.running, row.note) for row in line.why if row.amount is None) == [
        (D(78), "another price is better for the customer"),
        (D(100), "another price is better for the customer"),
    ]


def test_px6_the_alternative_that_lost_names_what_replaces_it(schema: Any) -> None:
    records = [
        {"step": "customer_discount", "customer": "C", "item": "A", "value": "10"},
        {"step": "quantity_discount", "item": "A", "value": "5"},
        {"step": "promotion", "item": "A", "value": "15"},
    ]
    config = schema(exclusions="promo: {between: [commercial, promotion]}")
    line = quoted(*records, config=config, sale_price="100")
    notes = {row.row.step: (row.amount, row.note) for row in line.why}
    assert notes["promotion"] == (D(-15), "")
    assert notes["customer_discount"] == (None, "remplacé par : Promotion du mois")
    assert line.line.unit_price == D(85)


@pytest.mark.parametrize(
    ("combine", "note"),
    [("max", "only the largest counts: Commercial discounts"), ("first", "only the first counts: Commercial discounts")],
)
def test_a_discount_that_its_group_leaves_out_says_which_one_counts(schema: Any, combine: str, note: str) -> None:
    records = [
        {"step": "customer_discount", "customer": "C", "item": "A", "value": "10"},
        {"step": "quantity_discount", "item": "A", "value": "5"},
    ]
    line = quoted(*records, config=schema(combine=combine), sale_price="100", language="en")
    left_out = {row.row.step: row.note for row in line.why if row.amount is None}
    assert left_out == {"quantity_discount": note}
    assert line.why[-1].amount == D(90)


def test_a_price_by_hand_replaces_the_rules_and_tells_who_and_why() -> None:
    seller = Actor("claire", {"see_margin"})
    line = quoted(*PX12, unit_price="15", discounts=["10"], reason="Salon", actor=seller)
    rows = {row.row.step: row for row in line.why}
    assert (rows["base"].amount, rows["base"].note) == (None, "remplacé par la saisie")
    assert (rows["manual"].label, rows["manual"].note) == ("Prix saisi", "claire: Salon")
    assert (rows["discount"].label, rows["discount"].amount) == ("Remise saisie", D("-1.5"))
    assert line.why[-1].amount == D("13.5")


def test_px9_a_floor_raises_the_price_in_a_row_of_its_own(tmp_path: Path) -> None:
    guard = "pricing: {guards: {marque: {min_margin_rate: 25, on_fail: clamp}}}"
    off = {"step": "quantity_discount", "item": "A", "value": "30"}
    line = quoted(off, config=("base", overlay(tmp_path, guard)), sale_price="100")
    assert said(line.why)[-2:] == [("Contrôle marque", D(10), "relevé au plancher"), ("Prix unitaire net", D(80), "EUR")]


def test_a_price_per_hundred_says_so() -> None:
    line = quoted({"step": "base", "item": "A", "value": "12.50", "per": 100}, quantity=222, language="en")
    assert (line.why[-1].amount, line.why[-1].note, line.summary) == (
        D("12.5"),
        "EUR / 100",
        "222 unit at 12.5 / 100 EUR: 27.75 EUR",
    )


def test_where_there_is_no_price_there_are_no_rows() -> None:
    line = quoted(sale_price=None)
    assert (line.why, line.summary, line.problems) == ((), "pas de prix", ())
    assert table(line.why, "fr") == ""


def test_a_step_without_a_label_is_told_by_its_name(tmp_path: Path) -> None:
    config = "base", overlay(tmp_path, "pricing: {schema: {end_of_line: {kind: percent, access: {item: {key: [item]}}}}}")
    line = quoted({"step": "end_of_line", "item": "A", "value": "50"}, config=config)
    assert line.why[1].label == "end of line"


def test_port_by_a_rule_and_an_eco_contribution_are_told_in_words(tmp_path: Path) -> None:
    rules = "shipping: {rules: {standard: {in: [quotation], kind: fixed, amount: 9, free_from: 80}}}"
    app = Sphinx.open(["base", overlay(tmp_path, rules)], clock=FixedClock())
    with app.session() as s:
        s.put("customer", [{"code": "C", "name": "Client"}])
        s.put("item", [{"code": "A", "name": "Lave-linge", "sale_price": "30", "eco": "8.33"}])
        told = {
            quantity: [
                one.why[0] for one in s.preview("quotation", customer="C", lines=[{"item": "A", "quantity": quantity}]).lines
            ]
            for quantity in (1, 3)
        }
    assert [(row.label, row.amount, row.note) for row in told[1][1:]] == [
        ("Éco-contribution", D("8.33"), ""), ("Frais de port", D(9), "forfait"),
    ]  # fmt: skip
    assert told[3][2].note == "franco à partir de 80"


def test_points_stand_below_each_other_beyond_a_thousand_in_english_too() -> None:
    line = quoted(*PX12, sale_price="1234.50")
    assert table(line.view.explain(line.line, "en"), "en").splitlines() == [
        "Base price         item A (catalogue)           1,234.5       1,234.5",
        "Customer discount  C-A (customer_item)  12.5 %   -154.3125    1,080.1875",
        "Quantity discount  Q-A (item)              3 %    -32.405625  1,047.781875",
        "Rounding                                            0.000025  1,047.7819",
        "Net unit price                                  1,047.7819                  EUR",
    ]
