"""Kits opened into components: figures of Ex 45, and laws over any nomenclature (K11)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.kernel.document import Line, Part
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item
from sphinx_lib.pricing.kits import components_of, cost_of, parts_of, weight_of


def item(code: str, **values: Any) -> Item:
    return Item(code=code, name=code, **values)


A = item("A", sale_price="20.00", vat="reduced", cost="12.00", weight_kg="0.5")
B = item("B", sale_price="80.00", cost="50.00", weight_kg="4")
TABLE = item("TABLE", kind="kit", components={"A": "2", "B": "1"})
LOT = item("LOT", kind="kit", components={"TABLE": "2", "A": "1", "MONTEE": "1"})
MONTEE = item("MONTEE", kind="kit", kit="assembled", components={"A": "4"}, cost="70.00", sale_price="99.00")
ITEMS = {one.code: one for one in (A, B, TABLE, LOT, MONTEE)}


def worth(one: Item, quantity: Decimal) -> Decimal | None:
    return None if one.sale_price is None else one.sale_price * quantity


def test_ex_45_the_parts_of_a_kit_have_their_list_values_costs_and_weights() -> None:
    parts = parts_of(TABLE, ITEMS, Decimal(1), "standard", worth)
    assert [(one.item, one.quantity, one.value, one.vat) for one in parts] == [
        ("A", Decimal(2), Decimal("40.00"), "reduced"),
        ("B", Decimal(1), Decimal("80.00"), "standard"),
    ]
    assert cost_of(TABLE, ITEMS, "standard") == Decimal("74.00")
    assert weight_of(TABLE, ITEMS) == Decimal("5.0")


def test_kits_inside_kits_are_opened_assembled_ones_are_not_and_an_item_stands_once() -> None:
    parts = parts_of(LOT, ITEMS, Decimal(3), "standard", worth)
    assert {one.item: one.quantity for one in parts} == {"A": 15, "B": 6, "MONTEE": 3}
    assert all(one.stocked for one in parts)
    assert cost_of(LOT, ITEMS, "standard") == 2 * Decimal(74) + 12 + 70


def test_a_kit_over_several_vat_codes_needs_the_list_value_of_each_component() -> None:
    bare = item("S")
    kit = item("K", kind="kit", components={"A": "1", "S": "1"})
    with pytest.raises(InputError, match=r"kit K: .*\(K11\), and S has no sale_price"):
        parts_of(kit, {"A": A, "S": bare}, Decimal(1), "standard", worth)
    plain = item("K", kind="kit", components={"B": "1", "S": "1"})
    assert [one.value for one in parts_of(plain, {"B": B, "S": bare}, Decimal(1), "standard", worth)] == [80, 0]


def test_the_weight_of_a_kit_is_unknown_while_that_of_a_stocked_component_is_its_own_goes_first() -> None:
    light = item("L")
    service = item("P", kind="service")
    assert weight_of(item("K", kind="kit", components={"A": "1", "L": "1"}), {"A": A, "L": light}) is None
    assert weight_of(item("K", kind="kit", components={"A": "1", "P": "1"}), {"A": A, "P": service}) == Decimal("0.5")
    assert weight_of(item("K", kind="kit", components={"L": "1"}, weight_kg="7"), {"L": light}) == 7


def test_a_kit_without_components_is_refused() -> None:
    with pytest.raises(InputError, match="kit K has no components"):
        list(components_of(item("K", kind="kit"), {}))


def test_goods_of_a_line_are_its_item_or_the_stocked_parts_of_a_kit() -> None:
    parts = (
        Part("A", Decimal(2), Decimal(40), "standard", True, "goods"),
        Part("P", Decimal(1), Decimal(10), "standard", False, "service"),
    )
    kit = Line("1", 1, item="K", quantity=Decimal(3), parts=parts)
    assert kit.goods == (("A", Decimal(6)),)
    assert kit._replace(role="option").goods == ()
    assert Line("2", 2, item="A", quantity=Decimal(1), stocked=True, stock_quantity=Decimal(6)).goods == (("A", Decimal(6)),)
    assert Line("3", 3, item="P", quantity=Decimal(1)).goods == ()


counts = st.decimals(min_value=1, max_value=50, places=0)


@given(st.lists(st.tuples(st.sampled_from("AB"), counts), min_size=1, max_size=4), counts, counts)
def test_what_a_kit_of_kits_holds_is_the_product_of_what_each_holds(
    rows: list[tuple[str, Decimal]], times: Decimal, outer: Decimal
) -> None:
    inner = item("IN", kind="kit", components=dict(rows))
    kit = item("OUT", kind="kit", components={"IN": outer})
    known = {**ITEMS, "IN": inner}
    held = dict(rows)
    assert {one.item: one.quantity for one in parts_of(kit, known, times, "standard", worth)} == {
        code: count * outer * times for code, count in held.items()
    }
    assert cost_of(kit, known, "standard") == outer * sum(count * (known[code].cost or 0) for code, count in held.items())
