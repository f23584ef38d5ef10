"""Laws of numbers over all inputs: N2, N5, U4, T7, X5, X14."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from sphinx_lib.billing.terms import instalments
from sphinx_lib.kernel.dates import DueRule, add_months, due_date
from sphinx_lib.kernel.money import (
    counterpart,
    counterparts,
    exact_decimal,
    round_half_up,
    round_up,
    split_by_weight,
)
from sphinx_lib.kernel.quantity import Unit, Units
from sphinx_lib.pack.terms_model import PaymentTerm

digits = st.integers(0, 4)
units = st.integers(-(10**12), 10**12)
numbers = st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=7)
weights = st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=4)
signed_weights = st.decimals(-(10**6), 10**6, allow_nan=False, allow_infinity=False, places=2)
rates = st.decimals("0.0001", 10**5, allow_nan=False, allow_infinity=False, places=6)
days = st.dates(date(2000, 1, 1), date(2100, 12, 31))


def scaled(number: int, places: int) -> Decimal:
    return Decimal(number).scaleb(-places)


@given(numbers, digits)
def test_rounding_is_symmetric_near_and_stable(value: Decimal, places: int) -> None:
    """N2."""
    rounded = round_half_up(value, places)
    assert round_half_up(-value, places) == -rounded
    assert abs(rounded - value) * 2 <= scaled(1, places)
    assert round_half_up(rounded, places) == rounded
    assert not rounded.is_signed() or rounded < 0


@given(numbers, digits)
def test_a_tie_goes_away_from_zero(value: Decimal, places: int) -> None:
    """N2."""
    whole = round_half_up(value, places)
    away = scaled(1 if whole >= 0 else -1, places)
    assert round_half_up(whole + away / 2, places) == whole + away


@given(numbers, digits)
def test_rounding_up_never_comes_nearer_to_zero(value: Decimal, places: int) -> None:
    """U4."""
    rounded = round_up(value, places)
    assert 0 <= abs(rounded) - abs(value) < scaled(1, places)
    assert round_up(-value, places) == -rounded


@given(numbers)
def test_a_number_survives_being_written(value: Decimal) -> None:
    """N1."""
    assert exact_decimal(f"{value:f}") == value == exact_decimal(value)


@given(units, st.lists(weights, min_size=1, max_size=12), digits)
def test_a_split_total_adds_up_and_each_share_is_within_one_unit(number: int, over: list[Decimal], places: int) -> None:
    """N5."""
    assume(any(over))
    total, whole = scaled(number, places), sum(map(Fraction, over))
    shares = split_by_weight(total, over, places)
    assert sum(shares) == total
    for share, weight in zip(shares, over, strict=True):
        assert abs(Fraction(share) - Fraction(total) * Fraction(weight) / whole) < Fraction(scaled(1, places))
        assert weight or not share
    assert split_by_weight(-total, over, places) == [-share for share in shares]


@given(units, st.lists(signed_weights, min_size=1, max_size=12), digits)
def test_weights_of_both_signs_keep_the_sum_and_the_nearness(number: int, over: list[Decimal], places: int) -> None:
    """N5 with the negative lines of N8."""
    whole = sum(map(Fraction, over))
    assume(whole)
    total = scaled(number, places)
    shares = split_by_weight(total, over, places)
    assert sum(map(Fraction, shares)) == Fraction(total)
    for share, weight in zip(shares, over, strict=True):
        assert abs(Fraction(share) - Fraction(total) * Fraction(weight) / whole) < Fraction(scaled(1, places))


@given(st.integers(0, 10**9), st.integers(1, 12))
def test_equal_lines_differ_by_one_unit_at_most_and_the_first_gets_more(number: int, lines: int) -> None:
    """N5: ties go to the earliest line."""
    shares = split_by_weight(scaled(number, 2), [Decimal(1)] * lines, 2)
    assert shares == sorted(shares, reverse=True)
    assert shares[0] - shares[-1] <= Decimal("0.01")


@given(st.lists(units, max_size=12), rates, st.sampled_from([0, 2, 3]))
def test_counterparts_add_up_to_the_counterpart_of_the_total(cents: list[int], rate: Decimal, places: int) -> None:
    """X14, F1."""
    parts = [scaled(number, 2) for number in cents]
    total = sum(parts, Decimal(0))
    shares = counterparts(total, parts, rate, places)
    assert sum(map(Fraction, shares)) == Fraction(counterpart(total, rate, places))
    for share, part in zip(shares, parts, strict=True):
        assert abs(Fraction(share) - Fraction(part) / Fraction(rate)) < Fraction(scaled(1, places))


@given(units, rates)
def test_a_round_trip_through_a_currency_loses_little(number: int, rate: Decimal) -> None:
    """X5: at most half a cent plus half a minor unit of the currency over the rate."""
    amount = scaled(number, 2)
    foreign = round_half_up(amount * rate, 2)
    lost = abs(Fraction(counterpart(foreign, rate, 2)) - Fraction(amount))
    assert lost <= Fraction("0.005") + Fraction("0.005") / Fraction(rate)


finite_factors = st.builds(lambda a, b: Fraction(2) ** a * Fraction(5) ** b, st.integers(-6, 6), st.integers(-6, 6))
any_factors = st.fractions(Fraction(1, 997), 1000, max_denominator=997)


@given(numbers, finite_factors, finite_factors)
def test_a_conversion_with_a_finite_form_comes_back_exactly(value: Decimal, one: Fraction, other: Fraction) -> None:
    """U4."""
    table = Units({"a": Unit("a", "mass", one), "b": Unit("b", "mass", other)})
    there = table.convert(value, "a", "b")
    assert Fraction(there) == Fraction(value) * one / other
    assert table.convert(there, "b", "a") == value


@given(numbers, any_factors, any_factors, any_factors)
def test_a_conversion_through_an_item_ratio_comes_back_within_twelve_digits(
    value: Decimal, one: Fraction, other: Fraction, ratio: Fraction
) -> None:
    """U1, U4."""
    table = Units(
        {unit.code: unit for unit in (Unit("m", "l"), Unit("x", "l", one), Unit("kg", "w"), Unit("y", "w", other))}
    )
    ratios = {("m", "kg"): ratio}
    factor = table.factor("x", "y", ratios)
    assert factor == one * ratio / other
    assert table.factor("y", "x", ratios) == 1 / factor
    there = table.convert(value, "x", "y", ratios)
    assert abs(Fraction(there) - Fraction(value) * factor) <= Fraction(1, 2 * 10**12)


shares = st.one_of(
    st.integers(1, 3300).map(lambda n: {"percent": scaled(n, 2)}),
    st.integers(1, 3300).map(lambda n: {"percent": scaled(n, 2), "percent_of": "net"}),
    st.integers(1, 10**6).map(lambda n: {"fixed": scaled(n, 2)}),
)
rules = st.fixed_dictionaries(
    {},
    optional={
        "days": st.integers(0, 120),
        "months": st.integers(0, 12),
        "end_of_month": st.sampled_from(["none", "after", "before"]),
        "day": st.integers(1, 31),
        "extra_days": st.integers(0, 60),
        "payment_days": st.lists(st.integers(1, 31), max_size=3),
        "count": st.sampled_from(["days", "months"]),
        "shift": st.sampled_from(["none", "next_working_day"]),
    },
)
others = st.lists(st.tuples(shares, rules).map(lambda pair: pair[0] | pair[1]), max_size=3)


@given(units, st.integers(0, 20), days, others, rules, st.sampled_from([0, 2, 3]))
def test_instalments_add_up_to_the_total_with_tax(
    number: int, vat: int, base: date, first: list[dict[str, object]], last: dict[str, object], places: int
) -> None:
    """X14, T7; none has the other sign, and none falls due before its document."""
    gross = scaled(number, places)
    net = round_half_up(gross * 100 / (100 + vat), places)
    declared = {str(position): share for position, share in enumerate([*first, {"remainder": True, **last}])}
    term = PaymentTerm.model_validate({"label": "x", "instalments": declared})
    items = instalments(gross, net, base, term, places)
    assert sum((item.amount for item in items), Decimal(0)) == gross
    assert all(item.amount * gross >= 0 and item.due >= base for item in items)
    mirrored = instalments(-gross, -net, base, term, places)
    assert [(item.due, -item.amount) for item in mirrored] == [tuple(item) for item in items]


@given(days, rules)
def test_a_later_base_date_never_falls_due_earlier(base: date, declared: dict[str, object]) -> None:
    """T3: every step keeps the order of dates."""
    rule = DueRule(**{**declared, "payment_days": tuple(declared.get("payment_days", ()))})  # type: ignore[arg-type]
    following = date.fromordinal(base.toordinal() + 1)
    assert due_date(base, rule) <= due_date(following, rule)


@given(days, st.integers(-240, 240))
def test_adding_months_moves_that_many_months_and_keeps_or_clamps_the_day(base: date, months: int) -> None:
    """T2."""
    moved = add_months(base, months)
    assert (moved.year - base.year) * 12 + moved.month - base.month == months
    assert moved.day == base.day or (moved.day < base.day and (moved + (date(1, 1, 2) - date(1, 1, 1))).day == 1)
