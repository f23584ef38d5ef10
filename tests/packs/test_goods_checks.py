"""Checks of port rules and of what comes along: every finding with place and way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packs.test_checks import load, problems


def test_a_rule_of_port_names_types_and_vat_codes_that_exist(tmp_path: Path) -> None:
    text = "shipping: {rules: {a: {in: [quotatoin, payment], kind: fixed, amount: 5, vat: standrad}}}"
    assert problems(tmp_path, text) == [
        "customer/overlay.yaml:1:29: shipping.rules.a.in.quotatoin: unknown document type 'quotatoin'\n"
        "    hint: did you mean 'quotation'?",
        "customer/overlay.yaml:1:40: shipping.rules.a.in.payment: a payment has no lines\n    hint: take it out",
        "customer/overlay.yaml:1:79: shipping.rules.a.vat: unknown VAT code 'standrad'\n    hint: did you mean 'standard'?",
    ]


def test_brackets_ascend_and_a_cheaper_heavier_one_is_told(tmp_path: Path) -> None:
    text = "shipping: {rules: {a: {in: [quotation], kind: weight, brackets: [[3, 8], [3, 9], [6, 7]]}}}"
    assert problems(tmp_path, text) == [
        "customer/overlay.yaml:1:74: shipping.rules.a.brackets.1: the bound of 3 kg is not above 3 kg\n"
        "    hint: write the brackets in order"
    ]
    (tmp_path / "customer" / "overlay.yaml").unlink()
    (tmp_path / "customer").rmdir()
    pack = load(tmp_path, text.replace("[3, 9]", "[4, 9]"))
    assert [one.message for one in pack.warnings] == ["up to 6 kg costs 7, less than up to 4 kg"]


def test_conditions_of_port_know_the_documents_facts_and_kinds(tmp_path: Path) -> None:
    text = """\
    shipping:
      rules:
        near: {in: [sales_order], when: site == "NORD" and total_nett > 5, kind: fixed, amount: 5}
    """
    assert problems(tmp_path, text) == [
        "customer/overlay.yaml:3:56: shipping.rules.near.when: unknown name 'total_nett'\n    hint: did you mean 'total_net'?"
    ]


def test_a_rule_after_one_that_always_holds_is_never_reached_so_conditions_go_first(tmp_path: Path) -> None:
    text = """\
    shipping:
      rules:
        all: {in: [sales_order, quotation], kind: fixed, amount: 5}
        free: {in: [sales_order], kind: fixed, amount: 0}
        big: {in: [sales_order], when: total_net > 500, kind: fixed, amount: 0}
    """
    pack = load(tmp_path, text)
    assert list(pack.model.shipping.rules) == ["big", "all", "free"]
    assert [one.message for one in pack.warnings] == ["the rule 'free' is never reached"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("quantity: quantty * 2", "unknown name 'quantty'"),
        ("quantity: item.code", "a number is expected"),
        ("quantity: 1, when: item.weight_kg > 2", "item.weight_kg may be empty"),
    ],
)
def test_expressions_of_attached_items_know_the_item_the_party_and_the_quantity(
    text: str, message: str, tmp_path: Path
) -> None:
    (found,) = problems(tmp_path, f"items: {{attached: {{p: {{item: P, {text}}}}}}}")
    assert "items.attached.p." in found
    assert message in found


def test_an_overlay_adds_a_type_where_quantities_are_asked(tmp_path: Path) -> None:
    pack = load(tmp_path, "items: {quantities: {in: [proforma]}}")
    assert list(pack.model.items.quantities.in_) == ["quotation", "sales_order", "delivery_note", "invoice", "purchase_order", "proforma"]
    (tmp_path / "customer" / "overlay.yaml").unlink()
    (tmp_path / "customer").rmdir()
    (found,) = problems(tmp_path, "items: {quantities: {in: [profroma]}}")
    assert found.endswith("unknown document type 'profroma'\n    hint: did you mean 'proforma'?")
