"""Checks of types whose lines are picked: every finding with place and way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packs.test_checks import problems


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("stock: {weight_unit: kilo}", "stock.weight_unit: unknown unit of mass 'kilo'\n    hint: known: g, kg, t"),
        ("stock: {weight_unit: m}", "stock.weight_unit: m is a unit of length\n    hint: name one of mass"),
        (
            "document_types: {picking_list: {fulfils: !remove }}",
            "picks: what is picked must be counted on what it was made from\n"
            "    hint: give it `fulfils`, a progress of the lines it is made from, and `made_from`",
        ),
        (
            "document_types: {picking_list: {made_from: {sales_order: {of: deliverd}}}}",
            "document_types.picking_list.made_from.sales_order.of: unknown progress 'deliverd'\n    hint: did you mean 'delivered'?",
        ),
        (
            "document_types: {picking_list: {events: {finish: {effects: {deliver_picked: {type: delivery_not}}}}}}",
            "deliver_picked.type: unknown document type 'delivery_not'\n    hint: did you mean 'delivery_note'?",
        ),
        (
            "document_types: {picking_list: {events: {finish: {effects: {deliver_picked: {fire: shipp}}}}}}",
            "deliver_picked.fire: unknown event of delivery_note 'shipp'\n    hint: did you mean 'ship'?",
        ),
        (
            "document_types: {picking_list: {made_from: {quotation: {in: accepted}}, events: {finish: {effects: {deliver_picked: {type: credit_note, fire: issue}}}}}}",
            "deliver_picked.type: credit_note is not made from sales_order, of which this list may be\n    hint: name another type",
        ),
        (
            "document_types: {sales_order: {events: {confirm: {effects: {deliver_picked: {type: delivery_note, fire: ship}}}}}}",
            "deliver_picked: only a type with `picks: true` has something picked\n    hint: add it, or take the effect out",
        ),
        (
            "document_types: {sales_order: {events: {confirm: {to: {confirmed: {effects: {deliver_picked: {type: delivery_note, fire: ship}}}}}}}}",
            "events.confirm.to.confirmed.effects.deliver_picked: only a type with `picks: true` has something picked",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_the_way_out(text: str, told: str, tmp_path: Path) -> None:
    assert any(told in one for one in problems(tmp_path, text)), problems(tmp_path, text)
