"""Year-end rebates: bands on turnover, the laws they keep, sharing over VAT, and the periods (D3, N5)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.billing.rebates import newest_over, period_named, period_of, periods_within, rebate_on, to_credit
from sphinx_lib.kernel.money import split_by_weight
from sphinx_lib.pack.rebate_model import Band, Length, Mode

D = Decimal
BANDS: list[Band] = [(D(10000), D(2)), (D(50000), D(3))]
MODES: tuple[Mode, ...] = ("whole_amount", "by_band")


def cents(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda units: D(units).scaleb(-2))


AMOUNT = cents(-1_000_000, 100_000_000)
PERCENT = st.integers(0, 10_000).map(lambda units: D(units).scaleb(-2))
BAND_LISTS = st.dictionaries(cents(0, 50_000_000), PERCENT, min_size=1, max_size=6).map(lambda found: sorted(found.items()))
RISING = BAND_LISTS.map(lambda bands: list(zip([one for one, _ in bands], sorted(percent for _, percent in bands), strict=True)))


# -- the amount --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("turnover", "whole", "by_band"),
    [
        ("60000", "1800.00", "1100.00"),  # D3: 3 % on all; 2 % of 40,000 and 3 % of 10,000
        ("50000", "1500.00", "800.00"),
        ("49999.99", "1000.00", "800.00"),
        ("10000", "200.00", "0"),
        ("9999.99", "0", "0"),
        ("0", "0", "0"),
        ("-60000", "0", "0"),
    ],
)
def test_d3_one_rate_on_all_or_each_slice_at_its_rate(turnover: str, whole: str, by_band: str) -> None:
    assert [rebate_on(D(turnover), BANDS, mode, 2) for mode in MODES] == [D(whole), D(by_band)]


def test_slices_are_rounded_once_together_and_half_up() -> None:
    """2 % of 0.25 and 3 % of 0.5 is 0.005 + 0.015 = 0.02; rounded one by one they would be 0.01 + 0.02."""
    bands = [(D(0), D(2)), (D("0.25"), D(3))]
    assert rebate_on(D("0.75"), bands, "by_band", 2) == D("0.02")
    assert rebate_on(D("0.25"), bands, "by_band", 2) == D("0.01")


@given(BAND_LISTS, AMOUNT, AMOUNT)
def test_by_band_never_gives_less_for_more_turnover_whatever_the_percents(bands: list[Band], one: Decimal, other: Decimal) -> None:
    less, more = sorted((one, other))
    assert rebate_on(less, bands, "by_band", 2) <= rebate_on(more, bands, "by_band", 2)


@given(RISING, AMOUNT, AMOUNT)
def test_with_rising_percents_the_whole_amount_grows_too_and_is_never_below_by_band(
    bands: list[Band], one: Decimal, other: Decimal
) -> None:
    less, more = sorted((one, other))
    assert rebate_on(less, bands, "whole_amount", 2) <= rebate_on(more, bands, "whole_amount", 2)
    assert rebate_on(more, bands, "by_band", 2) <= rebate_on(more, bands, "whole_amount", 2)


@given(PERCENT, AMOUNT)
def test_with_one_band_from_zero_both_modes_are_one(percent: Decimal, turnover: Decimal) -> None:
    assert len({rebate_on(turnover, [(D(0), percent)], mode, 2) for mode in MODES}) == 1


# -- what is still to be credited --------------------------------------------------------------------------------------

TURNOVER = st.dictionaries(st.sampled_from("abcdef"), AMOUNT, min_size=1)
DUE = cents(0, 10_000_000)


def test_n5_missing_cents_go_to_the_largest_cut_off_parts() -> None:
    assert to_credit(D("10.00"), dict.fromkeys("abc", D(1)), {}, 2) == {"a": D("3.34"), "b": D("3.33"), "c": D("3.33")}


@given(DUE, TURNOVER)
def test_what_is_credited_adds_up_exactly_and_follows_turnover(due: Decimal, turnover: dict[str, Decimal]) -> None:
    sold = {key: amount for key, amount in turnover.items() if amount > 0}
    found = to_credit(due, turnover, {}, 2)
    assert sum(found.values()) == (due if sold else 0)
    shares = dict(zip(sold, split_by_weight(due, list(sold.values()), 2), strict=True)) if sold else {}
    assert found == {key: share for key, share in shares.items() if share}


@given(DUE, DUE, TURNOVER, st.dictionaries(st.sampled_from("abcdef"), cents(1, 100_000_000)))
def test_a_later_run_credits_the_difference_and_a_third_nothing(
    one: Decimal, other: Decimal, turnover: dict[str, Decimal], more: dict[str, Decimal]
) -> None:
    due, later = sorted((one, other))
    grown = {key: max(turnover.get(key, D(0)), D(0)) + more.get(key, D(0)) for key in turnover | more}
    first = to_credit(due, turnover, {}, 2)
    second = to_credit(later, grown, first, 2)
    assert all(part > 0 for part in [*first.values(), *second.values()])
    both = {key: first.get(key, D(0)) + second.get(key, D(0)) for key in first | second}
    assert sum(both.values()) == (later if any(grown.values()) else 0)
    assert to_credit(later, grown, both, 2) == {} or not any(grown.values())


@given(DUE, TURNOVER, TURNOVER)
def test_more_is_never_credited_than_is_due(due: Decimal, turnover: dict[str, Decimal], before: dict[str, Decimal]) -> None:
    credited = {key: abs(amount) for key, amount in before.items()}
    rest = max(due - sum(credited.values()), D(0))
    assert sum(to_credit(due, turnover, credited, 2).values()) in (rest, 0)


# -- periods -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "day", "name", "first", "last"),
    [
        ("year", date(2026, 5, 4), "2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("half_year", date(2026, 7, 1), "2026-H2", date(2026, 7, 1), date(2026, 12, 31)),
        ("quarter", date(2028, 2, 29), "2028-Q1", date(2028, 1, 1), date(2028, 3, 31)),
    ],
)
def test_periods_are_those_of_the_calendar(length: Length, day: date, name: str, first: date, last: date) -> None:
    assert period_of(length, day) == period_named(name) == (name, first, last)


def test_a_period_is_over_on_its_last_day() -> None:
    assert newest_over("year", date(2026, 12, 30)).name == "2025"
    assert newest_over("year", date(2026, 12, 31)).name == "2026"
    assert newest_over("quarter", date(2026, 1, 1)).name == "2025-Q4"


def test_a_year_holds_its_quarters_and_a_quarter_no_year() -> None:
    assert [one.name for one in periods_within("quarter", period_named("2026-H2"))] == ["2026-Q3", "2026-Q4"]
    assert [one.name for one in periods_within("half_year", period_named("2026"))] == ["2026-H1", "2026-H2"]
    assert periods_within("year", period_named("2026-Q1")) == []
    assert periods_within("half_year", period_named("2026-Q2")) == []


@pytest.mark.parametrize("name", ["26", "2026-Q5", "2026-H3", "2026-01", "2026-", "0000", "9999", "next"])
def test_what_is_no_period_is_told_with_how_one_is_written(name: str) -> None:
    with pytest.raises(ValueError, match="write a year as 2026, a half as 2026-H1 or a quarter as 2026-Q1"):
        period_named(name)
