"""Reorder points, economic quantities and suppliers' lots (R1-R4)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sphinx_lib.kernel.master import Reorder, Sourcing
from sphinx_lib.kernel.money import round_half_up
from sphinx_lib.stock.replenishment import Level, economic_quantity, missing, reorder_point
from sphinx_lib.stock.supplier_terms import Lot

D = Decimal
quantities = st.decimals(min_value="0.001", max_value="10000", places=3)
maybe = st.none() | quantities


def test_r1_daily_use_by_lead_days_plus_safety() -> None:
    assert reorder_point(D("2.5"), 14, D(10)) == 45


@pytest.mark.parametrize(("projected", "wanted"), [("11", "0"), ("10", "30"), ("-5", "45")])
def test_r2_at_the_point_it_is_bought_up_to_the_maximum(projected: str, wanted: str) -> None:
    assert missing(D(projected), Level(D(10), D(40))) == D(wanted)


def test_r3_raised_to_the_minimum_then_up_to_the_multiple() -> None:
    assert Lot(minimum=D(25), multiple=D(12)).raised(D(16)) == 36
    assert Lot(multiple=D(12)).raised(D(24)) == 24
    assert Lot(minimum=D(25), maximum=D(40), multiple=D(12)).raised(D(100)) == 36


def test_r4_ex_21_wilson_148_9_so_149() -> None:
    quantity = economic_quantity(D(2000), D(125), D("55.00"), D(41))
    assert round_half_up(quantity, 1) == D("148.9")
    assert missing(D(20), Level(D(20), economic=quantity)) == 149


def test_the_economic_quantity_leads_at_least_back_to_the_point() -> None:
    assert missing(D(-200), Level(D(20), economic=D("148.9"))) == 220


def test_whole_purchase_units_are_the_multiple_where_none_is_said() -> None:
    assert Lot.of(None, D(24)).raised(D(30)) == 48
    assert Lot.of(Sourcing(minimum=D(50)), D(24)).raised(D(30)) == 72
    assert Lot.of(Sourcing(multiple=D(10)), D(24)).raised(D(31)) == 40


@given(quantities, maybe, maybe)
def test_a_raised_quantity_covers_the_need_and_fits_the_lot(need: Decimal, minimum: Decimal | None, multiple: Decimal | None) -> None:
    found = Lot(minimum=minimum, multiple=multiple).raised(need)
    assert found >= need
    assert found >= (minimum or 0)
    if multiple:
        assert found % multiple == 0
        assert found - multiple < max(need, minimum or D(0))
    else:
        assert found == max(need, minimum or D(0))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"maximum": 5}, "exactly one of minimum and daily_use"),
        ({"minimum": 5}, "exactly one of maximum and economic"),
        ({"minimum": 5, "maximum": 4}, "maximum 4 is below minimum 5"),
    ],
)
def test_reorder_settings_that_say_nothing_are_refused(given: dict[str, int], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Reorder.model_validate(given)
