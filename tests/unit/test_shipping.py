"""Port by rule: Ex 15 with its brackets, bounds, free port, and what it is taken of (PF1, W1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sphinx_lib.kernel.document import Line
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.pack.shipping_model import ShippingRule
from sphinx_lib.pricing.shipping import Weight, port, weight_of

EX15: dict[str, Any] = {"kind": "weight", "brackets": [["3", "8.00"], ["6", "10.00"], ["9", "12.00"]], "free_from": "80.00"}
ONE = Decimal(1)


def rule(**values: Any) -> ShippingRule:
    return ShippingRule.model_validate({"in": {"quotation": None}, **values})


def charged(one: ShippingRule, kg: str = "0", goods: str = "10.00", rate: Decimal = ONE) -> Decimal:
    return port("standard", one, Decimal(goods), Weight(Decimal(kg), ()), rate).amount


@pytest.mark.parametrize(
    ("kg", "goods", "amount"),
    [("3.00", "10", "8"), ("3.01", "10", "10"), ("6", "79.99", "10"), ("9", "10", "12"), ("0", "10", "8"), ("3", "80.00", "0")],
)
def test_ex_15_brackets_include_their_upper_bound_and_port_is_free_from_80(kg: str, goods: str, amount: str) -> None:
    assert charged(rule(**EX15), kg, goods) == Decimal(amount)


def test_upper_bounds_may_be_excluded() -> None:
    open_ended = rule(**{**EX15, "upper_bound": "excluded", "beyond": "1.50"})
    assert charged(open_ended, "2.999") == 8
    assert charged(open_ended, "3") == 10
    assert charged(open_ended, "9") == Decimal("13.50")


def test_above_the_last_bracket_port_is_entered_or_goes_on_by_the_kilogram() -> None:
    with pytest.raises(InputError, match=r"'standard': 9.5 kg is above its last bracket of 9 kg; enter the port, or give"):
        charged(rule(**EX15), "9.5")
    beyond = rule(**{**EX15, "beyond": "1.50"})
    assert [charged(beyond, kg) for kg in ("9", "9.001", "10", "10.2")] == [12, Decimal("13.50"), Decimal("13.50"), 15]


def test_amounts_are_in_company_currency_and_a_percent_follows_the_goods() -> None:
    rate = Decimal("1.25")
    assert charged(rule(**EX15), "3", "10", rate) == 10
    assert charged(rule(**EX15), "3", "99.99", rate) == 10
    assert charged(rule(**EX15), "3", "100", rate) == 0
    assert charged(rule(kind="percent", percent="5"), goods="200", rate=rate) == 10
    assert charged(rule(kind="fixed", amount="12"), rate=rate) == 15


def test_a_weight_nobody_knows_is_refused_by_line_unless_port_is_free() -> None:
    unknown = Weight(ONE, (2, 4))
    with pytest.raises(InputError, match="line 2, 4 has none; give the item weight_kg, or enter the port"):
        port("standard", rule(**EX15), Decimal(10), unknown, ONE)
    assert port("standard", rule(**EX15), Decimal(80), unknown, ONE).reason == "free from 80"


def test_ex_44_weight_is_summed_over_stock_units_and_rounded_once() -> None:
    screws = Line("1", 1, item="V", stocked=True, stock_quantity=Decimal(120), weight_kg=Decimal("0.0085"))
    drums = Line("2", 2, item="F", stocked=True, stock_quantity=Decimal(2), weight_kg=Decimal(25))
    option = drums._replace(role="option")
    bare = Line("4", 4, item="S", stocked=True, stock_quantity=ONE)
    service = Line("5", 5, item="P", stock_quantity=ONE)
    assert weight_of([screws, drums]) == Weight(Decimal("51.020"), ())
    assert weight_of([screws, drums, option, bare, service]) == Weight(Decimal("51.020"), (4,))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "fixed"}, "kind fixed takes amount, and none of the others"),
        ({"kind": "fixed", "amount": "1", "percent": "2"}, "kind fixed takes amount, and none of the others"),
        ({"kind": "weight", "amount": "1"}, "kind weight takes brackets"),
        ({"kind": "percent", "percent": "2", "beyond": "1"}, "beyond and upper_bound are for brackets"),
        ({"kind": "fixed", "amount": "-1"}, "greater than or equal to 0"),
        ({"kind": "weight", "brackets": [["3", "-8"]]}, "greater than or equal to 0"),
    ],
)
def test_a_rule_says_what_its_kind_takes(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        rule(**values)


@given(
    st.lists(st.decimals(1, 100, places=2), min_size=1, max_size=5, unique=True),
    st.lists(st.decimals(0, 50, places=2), min_size=5, max_size=5),
    st.decimals(0, 200, places=3),
    st.decimals(0, 200, places=3),
)
def test_heavier_goods_never_cost_less_port_while_amounts_ascend(
    bounds: list[Decimal], amounts: list[Decimal], one: Decimal, other: Decimal
) -> None:
    brackets = list(zip(sorted(bounds), sorted(amounts), strict=False))
    ascending = rule(kind="weight", brackets=brackets, beyond="0.50")
    light, heavy = sorted((one, other))
    assert charged(ascending, str(light)) <= charged(ascending, str(heavy))
