"""Quantities that may be sold: minimum, maximum, multiple, and the nearest ones (T13)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.pricing.order_quantity import Bounds, problem_of, raised


def bounds(minimum: str | None = None, maximum: str | None = None, multiple: str | None = None) -> Bounds:
    return Bounds(*(None if one is None else Decimal(one) for one in (minimum, maximum, multiple)))


@pytest.mark.parametrize(
    ("quantity", "rule", "problem"),
    [
        ("7", bounds(multiple="6"), "7 u is not sold (multiple 6); the nearest is 6 or 12"),
        ("12", bounds(multiple="6"), ""),
        ("3", bounds(multiple="6"), "3 u is not sold (multiple 6); the nearest is 6"),
        ("5", bounds(minimum="10"), "5 u is not sold (minimum 10); the nearest is 10"),
        ("10", bounds(minimum="10"), ""),
        ("7", bounds("10", None, "6"), "7 u is not sold (minimum 10, multiple 6); the nearest is 12"),
        ("150", bounds(None, "100", "6"), "150 u is not sold (maximum 100, multiple 6); the nearest is 96"),
        ("101", bounds(maximum="100"), "101 u is not sold (maximum 100); the nearest is 100"),
        ("97", bounds(None, "100", "6"), "97 u is not sold (maximum 100, multiple 6); the nearest is 96"),
        ("1.5", bounds(multiple="0.25"), ""),
        ("12", bounds("13", "17", "6"), "no quantity can be sold: minimum 13, maximum 17, multiple 6"),
        ("1", bounds(), ""),
    ],
)
def test_a_quantity_that_may_not_be_sold_names_the_nearest(quantity: str, rule: Bounds, problem: str) -> None:
    assert problem_of(Decimal(quantity), rule, "u") == problem


amounts = st.decimals(min_value="0.1", max_value=1000, places=1)


@given(amounts, st.none() | amounts, st.none() | amounts)
def test_the_raised_quantity_may_be_sold_is_not_below_and_the_next_lower_is(
    quantity: Decimal, minimum: Decimal | None, multiple: Decimal | None
) -> None:
    rule = Bounds(minimum, None, multiple)
    given_ = raised(quantity, rule)
    assert given_ >= quantity
    assert problem_of(given_, rule, "u") == ""
    if given_ != quantity:
        lower = given_ - multiple if multiple else given_ - Decimal("0.1")
        assert lower < max(quantity, minimum or 0)
    assert (problem_of(quantity, rule, "u") == "") == (given_ == quantity)
