"""Rounding, sharing and money: domain.md N1-N5, N7, F1; style.md §4.5."""

from __future__ import annotations

import copy
import pickle
from decimal import ROUND_DOWN, Decimal, localcontext

import pytest

from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.money import (
    Money,
    counterpart,
    counterparts,
    currency_digits,
    exact_decimal,
    percentage,
    round_half_up,
    round_money,
    round_up,
    split_by_weight,
    to_decimal,
    unit_price_digits,
)

D = Decimal


def decimals(*texts: str) -> list[Decimal]:
    return [D(text) for text in texts]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("12.50", "12.50"),
        ("-3", "-3"),
        ("+0007.10", "7.10"),
        (42, "42"),
        (D("0.1"), "0.1"),
        (D(1) / 3, "0.3333333333333333333333333333"),
        (D("1E+3"), "1000"),
        ("-0.00", "0.00"),
        ("12345678901234567890", "12345678901234567890"),
    ],
)
def test_numbers_enter_exactly_as_they_were_written(given: object, expected: str) -> None:
    assert str(to_decimal(given, "price")) == expected


def test_a_float_entering_is_an_error_that_says_the_way_out() -> None:
    """N1."""
    with pytest.raises(InputError) as caught:
        to_decimal(10.0, "lines.1.unit_price")
    assert caught.value.problems == ("lines.1.unit_price: 10.0 is a float; write it as a text or a Decimal",)
    assert caught.value.facts == {"where": "lines.1.unit_price"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("1e5", "q: '1e5' is not a plain decimal number; write digits and one point, as 1250.50"),
        ("1_000", "q: '1_000' is not a plain decimal number; write digits and one point, as 1250.50"),
        ("10,5", "q: '10,5' is not a plain decimal number; write digits and one point, as 1250.50"),
        (" 1", "q: ' 1' is not a plain decimal number; write digits and one point, as 1250.50"),
        ("1.", "q: '1.' is not a plain decimal number; write digits and one point, as 1250.50"),
        ("٣", "q: '٣' is not a plain decimal number; write digits and one point, as 1250.50"),
        ("", "q: '' is not a plain decimal number; write digits and one point, as 1250.50"),
        ("NaN", "q: 'NaN' is not a plain decimal number; write digits and one point, as 1250.50"),
        (D("NaN"), "q: NaN is not a finite number; write digits and one point, as 1250.50"),
        (D("-Infinity"), "q: -Infinity is not a finite number; write digits and one point, as 1250.50"),
        ("123456789012345678901", "q: the number has more than 20 digits; shorten it"),
        ("1234567890.12345678901", "q: the number has more than 20 digits; shorten it"),
        (10**20, "q: the number has more than 20 digits; shorten it"),
        pytest.param(10**5000, "q: the number has more than 20 digits; shorten it", id="huge"),
        (D("1E+999999"), "q: the number has more than 28 digits; shorten it"),
        (D("1E-999999"), "q: the number has more than 28 digits; shorten it"),
        (True, "q: a bool is not a number; write a text, a whole number or a Decimal"),
        (None, "q: a NoneType is not a number; write a text, a whole number or a Decimal"),
    ],
)
def test_what_is_not_a_plain_number_is_refused_with_its_place(given: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        to_decimal(given, "q")
    assert str(caught.value) == message


def test_the_value_error_form_serves_model_validators() -> None:
    with pytest.raises(ValueError, match=r"^1.5 is a float; write it as a text or a Decimal$"):
        exact_decimal(1.5)


@pytest.mark.parametrize(
    ("given", "digits", "expected"),
    [
        ("10.005", 2, "10.01"),
        ("-10.005", 2, "-10.01"),
        ("2.5", 0, "3"),
        ("-2.5", 0, "-3"),
        ("0.4", 0, "0"),
        ("-0.004", 2, "0.00"),
        ("2.67549999", 2, "2.68"),
        ("1250", -2, "1.3E+3"),
        ("7", 3, "7.000"),
        ("12345678901234567890.1234567890125", 12, "12345678901234567890.123456789013"),
    ],
)
def test_ties_go_away_from_zero_and_zero_has_no_sign(given: str, digits: int, expected: str) -> None:
    """N2."""
    assert str(round_half_up(D(given), digits)) == expected


def test_rounding_up_leaves_what_is_whole() -> None:
    """U4, and B5's revision coefficient (Ex 38): 1.065223 up to the next thousandth is 1.066."""
    given = decimals("6.0001", "6.000", "-6.2", "-0.00")
    assert [str(round_up(value, 0)) for value in given] == ["7", "6", "-7", "0"]
    assert round_up(D("1.065223"), 3) == D("1.066")


def test_rounding_does_not_depend_on_the_ambient_context() -> None:
    with localcontext() as context:
        context.prec, context.rounding = 3, ROUND_DOWN
        assert round_half_up(D("98765.555"), 2) == D("98765.56")
        assert counterpart(D("10000"), D("1.30"), 2) == D("7692.31")
        assert percentage(D("1587.35"), D("25"), 2) == D("396.84")
        assert split_by_weight(D("10000.00"), decimals("1", "1", "1"), 2) == decimals("3333.34", "3333.33", "3333.33")


@pytest.mark.parametrize(
    ("unit_stage_digits", "expected"), [(4, "1326.70"), (2, "1330.00"), (None, "1326.73")], ids=["u4", "u2", "line"]
)
def test_the_stage_of_unit_rounding_decides_the_line(unit_stage_digits: int | None, expected: str) -> None:
    """Ex 3 (N7): 1.99 less 33.33 %, quantity 1000."""
    unit = D("1.99") * (1 - D("33.33") / 100)
    assert unit == D("1.326733")
    net_unit = unit if unit_stage_digits is None else round_half_up(unit, unit_stage_digits)
    assert round_half_up(net_unit * 1000, 2) == D(expected)


def test_ten_over_three_equal_lines_gives_the_cent_to_the_first() -> None:
    """Ex 1 (N5)."""
    assert split_by_weight(D("10.00"), decimals("1", "1", "1"), 2) == decimals("3.34", "3.33", "3.33")


def test_a_foot_discount_is_shared_by_largest_cut_off_parts() -> None:
    """Ex 2 (N5): 5 % of 333.33 + 222.22 + 111.11."""
    nets = decimals("333.33", "222.22", "111.11")
    discount = percentage(sum(nets, D(0)), D(5), 2)
    assert discount == D("33.33")
    assert split_by_weight(discount, nets, 2) == decimals("16.67", "11.11", "5.55")


@pytest.mark.parametrize(
    ("total", "weights", "digits", "expected"),
    [
        ("-10.00", ["1", "1", "1"], 2, ["-3.34", "-3.33", "-3.33"]),
        ("100", ["1", "1", "1"], 0, ["34", "33", "33"]),
        ("0.02", ["1", "1", "1"], 2, ["0.01", "0.01", "0.00"]),
        ("10.00", ["0", "2", "0"], 2, ["0.00", "10.00", "0.00"]),
        ("90.00", ["40.00", "80.00"], 2, ["30.00", "60.00"]),  # Ex 45: kit over two VAT rates
        ("10.00", ["300", "-100"], 2, ["15.00", "-5.00"]),
        ("10.00", ["-300", "100"], 2, ["15.00", "-5.00"]),
        ("0.01", ["-1", "1.5", "1.5"], 2, ["0.00", "0.01", "0.00"]),
        ("-1.00", ["-1", "-1", "-1"], 2, ["-0.34", "-0.33", "-0.33"]),
        ("0.00", ["0", "0"], 2, ["0.00", "0.00"]),
        ("0.00", ["1", "-1"], 2, ["0.00", "0.00"]),
        ("0", [], 2, []),
    ],
)
def test_shares_mirror_signs_and_keep_the_sum(total: str, weights: list[str], digits: int, expected: list[str]) -> None:
    """N5 and N8."""
    shares = split_by_weight(D(total), decimals(*weights), digits)
    assert [str(share) for share in shares] == expected


@pytest.mark.parametrize("weights", [[], ["0", "0"], ["1", "-1"]])
def test_an_amount_cannot_be_shared_over_nothing(weights: list[str]) -> None:
    with pytest.raises(ValueError, match="cannot be shared over weights that add up to zero"):
        split_by_weight(D("1.00"), decimals(*weights), 2)


def test_an_unrounded_total_cannot_be_shared() -> None:
    with pytest.raises(ValueError, match=r"1\.005 is not rounded to 2 digits"):
        split_by_weight(D("1.005"), decimals("1"), 2)


@pytest.mark.parametrize(("code", "digits", "price_digits"), [("EUR", 2, 4), ("JPY", 0, 0), ("TND", 3, 4)])
def test_amounts_use_the_minor_unit_of_their_currency(code: str, digits: int, price_digits: int) -> None:
    """N3."""
    assert (currency_digits(code), unit_price_digits(code)) == (digits, price_digits)


def test_an_unknown_currency_names_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        currency_digits("eur")
    assert str(caught.value) == "currency: unknown currency 'eur'; did you mean 'EUR'?"
    with pytest.raises(InputError, match="unknown currency '€'; write an ISO 4217 code such as EUR"):
        currency_digits("€")


@pytest.mark.parametrize(
    ("amount", "rate", "expected"),
    [
        ("10000", "1.30", "7692.31"),  # Ex 31
        ("10000", "1.25", "8000.00"),
        ("5000", "1.08", "4629.63"),  # Ex 32
        ("5000", "1.10", "4545.45"),
        ("-5000", "1.08", "-4629.63"),
    ],
)
def test_a_counterpart_is_the_amount_over_the_rate(amount: str, rate: str, expected: str) -> None:
    """F1."""
    assert counterpart(D(amount), D(rate), 2) == D(expected)


@pytest.mark.parametrize("rate", ["0", "-1.1"])
def test_a_rate_is_above_zero(rate: str) -> None:
    with pytest.raises(InputError, match="is not above zero"):
        counterpart(D(1), D(rate), 2)


def test_counterparts_of_lines_meet_the_counterpart_of_the_total() -> None:
    """F1, X14: singly the three lines would give 30.86 each, 92.58; the total is 92.59."""
    parts = decimals("33.33", "33.33", "33.34")
    assert counterparts(D("100.00"), parts, D("1.08"), 2) == decimals("30.86", "30.86", "30.87")


def test_lines_that_cancel_out_keep_their_counterparts() -> None:
    """F1 with a deposit deducted (N8): the rounded total, 0.00, says nothing about its lines."""
    parts = decimals("1000.00", "-999.99")
    assert counterparts(D("0.01"), parts, D("3"), 2) == decimals("333.33", "-333.33")
    assert counterparts(D("0.00"), decimals("100", "-100"), D("1.08"), 2) == decimals("92.59", "-92.59")


def test_counterparts_of_parts_that_miss_the_total_are_a_bug() -> None:
    with pytest.raises(ValueError, match="the parts do not add up to 10"):
        counterparts(D(10), decimals("4", "5"), D(1), 2)


def test_money_is_immutable_and_a_dict_key() -> None:
    price = Money("10.00", "EUR")
    totals = {price: "x"}
    with pytest.raises(AttributeError, match="immutable"):
        price.amount = D(1)  # type: ignore[misc]
    with pytest.raises(AttributeError, match="immutable"):
        del price.amount
    assert totals[Money(D("10"), "EUR")] == "x"
    assert (str(price), repr(price)) == ("10.00 EUR", "Money('10.00', 'EUR')")
    assert copy.deepcopy(price) == pickle.loads(pickle.dumps(price)) == price


def test_money_and_floats_do_not_mix() -> None:
    price = Money("10.00", "EUR")
    with pytest.raises(TypeError, match="do not mix"):
        Money(10.0, "EUR")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="do not mix"):
        price * 1.1
    with pytest.raises(TypeError, match="do not mix"):
        1.1 * price
    with pytest.raises(TypeError, match="do not mix"):
        price / 1.1
    with pytest.raises(TypeError, match="do not mix"):
        5.0 % price


def test_arithmetic_gives_our_money_in_one_currency() -> None:
    price = Money("10.00", "EUR")
    results = [price + price, price - price, price * 2, D(2) * price, -price, abs(price), 5 % price, price.round(1)]
    assert {type(result) for result in [*results, price / D(4), sum([price, price])]} == {Money}
    assert 5 % price == Money("0.5", "EUR")
    assert price / Money("4", "EUR") == D("2.5")
    with pytest.raises(TypeError, match="different currencies"):
        price + Money(1, "USD")


def test_money_refuses_what_is_not_a_number() -> None:
    with pytest.raises(InputError, match="money: 'ten' is not a plain decimal number"):
        Money("ten", "EUR")
    with pytest.raises(InputError, match="money: NaN is not a finite number"):
        Money(D("NaN"), "EUR")


def test_money_rounds_half_up_to_the_minor_unit() -> None:
    """N2, N3."""
    given = [Money("10.005", "EUR"), Money("-10.005", "EUR"), Money("10.5", "JPY")]
    assert [str(round_money(money)) for money in given] == ["10.01 EUR", "-10.01 EUR", "11 JPY"]
