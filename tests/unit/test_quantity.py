"""Units and conversion: domain.md U1-U4, N6."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Literal

import pytest

from sphinx_lib.kernel.errors import Refused
from sphinx_lib.kernel.money import round_half_up
from sphinx_lib.kernel.quantity import Unit, UnitError, Units

D = Decimal
F = Fraction

UNITS = Units(
    {
        unit.code: unit
        for unit in (
            Unit("unit", "count", digits=0),
            Unit("dozen", "count", F(12)),
            Unit("pack", "count", digits=0),
            Unit("box", "box", digits=0),
            Unit("pallet", "pallet", digits=0),
            Unit("kg", "mass"),
            Unit("g", "mass", F(1, 1000), digits=1),
            Unit("t", "mass", F(1000), digits=6),
            Unit("m", "length"),
            Unit("mm", "length", F(1, 1000)),
            Unit("h", "time", F(3600), digits=2),
            Unit("min", "time", F(60)),
        )
    }
)
BOX_OF_6 = {("box", "unit"): F(6)}
BAR = {("m", "kg"): F("2.47")}


def test_grams_become_tonnes_exactly_and_a_price_follows() -> None:
    """Ex 5: 1 020 000 g = 1.02 t; 2 per g = 2 000 000 per t."""
    assert str(UNITS.convert(D("1020000"), "g", "t")) == "1.02"
    assert 2 * UNITS.factor("t", "g") == 2_000_000


def test_ten_grams_are_a_hundredth_of_a_kilogram() -> None:
    """Ex 6, conversion part: (1000 + 500) × 0.010 = 15.00."""
    assert round_half_up(1500 * UNITS.convert(D(10), "g", "kg"), 2) == D("15.00")


def test_boxes_of_six_are_priced_per_hundred_units() -> None:
    """Ex 7: 12.50 per 100 less 10 %, 37 boxes of 6: 222 / 100 × 11.2500 = 24.98 (U3, N6)."""
    quantity = UNITS.convert(D(37), "box", "unit", BOX_OF_6)
    assert quantity == 222
    net_unit = round_half_up(D("12.50") * D("0.9"), 4)
    assert round_half_up(quantity / 100 * net_unit, 2) == D("24.98")


@pytest.mark.parametrize(
    ("quantity", "source", "target", "expected"),
    [
        ("2", "m", "kg", "4.94"),
        ("4.94", "kg", "m", "2"),
        ("2500", "mm", "g", "6175"),
        ("1", "t", "mm", "404858.299595141700"),
    ],
)
def test_dimensions_are_crossed_through_the_ratio_of_the_item(
    quantity: str, source: str, target: str, expected: str
) -> None:
    """U1: 1 m of bar = 2.47 kg, also between other units of the two dimensions."""
    assert UNITS.convert(D(quantity), source, target, BAR) == D(expected)


def test_ratios_of_an_item_chain() -> None:
    ratios = {("pallet", "box"): F(40), **BOX_OF_6, ("unit", "kg"): F("0.25")}
    assert UNITS.convert(D(2), "pallet", "unit", ratios) == 480
    assert UNITS.convert(D(1), "pallet", "g", ratios) == 60_000
    assert UNITS.convert(D(1), "dozen", "box", ratios) == 2


def test_the_item_s_own_ratio_overrides_the_table() -> None:
    """A pack of 4 declared as a plain count of 1: the item is right, in both directions and through the dozen."""
    ratios = {("pack", "unit"): F(4)}
    assert UNITS.convert(D(3), "pack", "unit", ratios) == 12
    assert UNITS.convert(D(1), "dozen", "pack", ratios) == 3
    assert UNITS.convert(D(3), "pack", "dozen", ratios) == 1


def test_ratios_of_the_item_do_not_disturb_other_conversions() -> None:
    assert UNITS.convert(D(90), "min", "h", BAR) == D("1.5")
    assert UNITS.convert(D(5), "kg", "kg", BAR) == 5


def test_a_conversion_without_finite_form_is_rounded_to_twelve_digits() -> None:
    """U4: the factor stays exact. Digits of a finite result are all kept."""
    assert UNITS.convert(D("0.0123456789012345678901"), "g", "kg") == D("0.0000123456789012345678901")
    assert str(UNITS.convert(D(37), "unit", "box", BOX_OF_6)) == "6.166666666667"
    assert str(UNITS.convert(D(-37), "unit", "box", BOX_OF_6)) == "-6.166666666667"
    assert UNITS.factor("unit", "box", BOX_OF_6) == F(1, 6)


@pytest.mark.parametrize(
    ("quantity", "unit", "mode", "expected"),
    [
        ("6.166666666667", "box", "half_up", "6"),
        ("6.166666666667", "box", "up", "7"),
        ("6", "box", "up", "6"),
        ("-6.2", "box", "up", "-7"),
        ("1.0005", "kg", "half_up", "1.001"),
        ("-1.0005", "kg", "half_up", "-1.001"),
    ],
)
def test_quantities_are_rounded_to_the_digits_of_their_unit(
    quantity: str, unit: str, mode: Literal["half_up", "up"], expected: str
) -> None:
    """U4: up when whole packs are required."""
    assert str(UNITS.fit(D(quantity), unit, mode)) == expected


def test_an_unknown_unit_names_the_nearest() -> None:
    with pytest.raises(UnitError) as caught:
        UNITS.convert(D(1), "kgs", "kgs")
    assert str(caught.value) == "unknown unit 'kgs'; did you mean 'kg'?"
    assert isinstance(caught.value, Refused)
    assert (caught.value.code, caught.value.facts) == ("unit", {"unit": "kgs"})


@pytest.mark.parametrize("ratios", [{}, BOX_OF_6])
def test_another_dimension_without_ratio_is_refused(ratios: dict[tuple[str, str], Fraction]) -> None:
    """U1."""
    with pytest.raises(UnitError) as caught:
        UNITS.convert(D(1), "m", "kg", ratios)
    assert str(caught.value) == (
        "cannot convert m (length) to kg (mass): give the item a ratio between them, as 1 m = 2.5 kg"
    )


def test_a_box_says_nothing_without_the_item() -> None:
    with pytest.raises(UnitError, match=r"cannot convert box \(box\) to unit \(count\)"):
        UNITS.convert(D(1), "box", "unit")


def test_factors_and_ratios_are_above_zero() -> None:
    with pytest.raises(ValueError, match="unit 'x': factor 0 is not above zero"):
        Unit("x", "count", F(0))
    with pytest.raises(UnitError, match="1 box = 0 unit: write a ratio above zero"):
        UNITS.convert(D(1), "box", "unit", {("box", "unit"): F(0)})
