"""Payment terms: domain.md T1, T6-T8, Ex 29."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from sphinx_lib.billing.terms import DueItem, instalments, legal_warnings
from sphinx_lib.pack.terms_model import PaymentTerm

D = Decimal


def term(**declared: Any) -> PaymentTerm:
    return PaymentTerm.model_validate({"label": "x", **declared})


def day(text: str) -> date:
    return date.fromisoformat(text)


def shown(items: tuple[DueItem, ...]) -> list[tuple[str, str]]:
    return [(item.due.isoformat(), str(item.amount)) for item in items]


FOUR_PARTS = term(
    instalments={
        "first": {"percent": "25", "days": "30"},
        "second": {"percent": "25", "months": "1"},
        "third": {"fixed": "396.84", "months": "1", "days": "30"},
        "rest": {"remainder": "true", "months": "2", "day": "15", "extra_days": "30"},
    }
)


def test_four_instalments_meet_the_total_to_the_cent() -> None:
    """Ex 29 (T7): the last is 1587.35 minus the others, 396.83."""
    items = instalments(D("1587.35"), D("1587.35"), day("2011-10-01"), FOUR_PARTS, 2)
    assert shown(items) == [
        ("2011-10-31", "396.84"),
        ("2011-11-01", "396.84"),
        ("2011-12-01", "396.84"),
        ("2012-01-14", "396.83"),
    ]


def test_a_negative_total_mirrors_the_positive_one() -> None:
    """N2, N8, on Ex 29."""
    items = instalments(D("-1587.35"), D("-1587.35"), day("2011-10-01"), FOUR_PARTS, 2)
    assert [item.amount for item in items] == [D("-396.84"), D("-396.84"), D("-396.84"), D("-396.83")]


def test_a_percent_may_be_of_the_total_without_tax() -> None:
    """T1: 30 % of 1 000.00 HT, the rest of 1 200.00 TTC."""
    halves = term(instalments={"deposit": {"percent": "30", "percent_of": "net"}, "rest": {"remainder": "true"}})
    items = instalments(D("1200.00"), D("1000.00"), day("2026-01-01"), halves, 2)
    assert [item.amount for item in items] == [D("300.00"), D("900.00")]


def test_sequential_instalments_start_from_the_previous_due_date() -> None:
    """T6: 31 January + 1 month is 28 February; one month on from there is 28 March, from the invoice 31 March."""
    chained = {
        "a": {"percent": "50", "months": "1"},
        "b": {"percent": "25", "months": "1", "from_previous": "true"},
        "c": {"remainder": "true", "months": "2"},
    }
    items = instalments(D("100.00"), D("100.00"), day("2026-01-31"), term(instalments=chained), 2)
    assert [item.due for item in items] == [day("2026-02-28"), day("2026-03-28"), day("2026-03-31")]


def test_a_single_instalment_may_be_written_short() -> None:
    short = term(days="30", end_of_month="after")
    assert short == term(instalments={"only": {"remainder": "true", "days": "30", "end_of_month": "after"}})
    assert shown(instalments(D("24.98"), D("20.82"), day("2023-01-05"), short, 2)) == [("2023-02-28", "24.98")]


def test_a_term_with_a_label_alone_is_due_at_once() -> None:
    assert shown(instalments(D(500), D(500), day("2026-05-01"), term(), 0)) == [("2026-05-01", "500")]


def test_rest_days_and_payment_days_come_from_the_term() -> None:
    """T5 and T8: 1 May 2027 is a Saturday."""
    shifted = term(payment_days=["1", "15"], shift="next_working_day")
    items = instalments(D(1), D(1), day("2027-04-16"), shifted, 2, {day("2027-05-03")})
    assert shown(items) == [("2027-05-04", "1.00")]


def test_an_instalment_never_exceeds_what_is_left() -> None:
    """A fixed 500 on a total of 300 is 300, and nothing is left to fall due later."""
    fixed = term(instalments={"a": {"fixed": "500"}, "b": {"remainder": "true", "days": "30"}})
    assert shown(instalments(D("300.00"), D("250.00"), day("2026-01-01"), fixed, 2)) == [("2026-01-01", "300.00")]
    halves = term(instalments={"a": {"percent": "50"}, "b": {"percent": "50"}, "c": {"remainder": "true"}})
    assert shown(instalments(D("0.01"), D("0.01"), day("2026-01-01"), halves, 2)) == [("2026-01-01", "0.01")]


def test_a_total_of_zero_keeps_its_last_due_date() -> None:
    assert shown(instalments(D(0), D(0), day("2011-10-01"), FOUR_PARTS, 2)) == [("2012-01-14", "0.00")]


def test_an_unrounded_total_is_a_bug() -> None:
    with pytest.raises(ValueError, match=r"10\.005 is not rounded to 2 digits"):
        instalments(D("10.005"), D(8), day("2026-01-01"), term(), 2)


REST = {"remainder": "true"}


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"a": {"percent": "30", "fixed": "5"}, "b": REST}, "give exactly one of percent, fixed and remainder: true"),
        ({"a": {"days": "30"}, "b": REST}, "give exactly one of percent, fixed and remainder: true"),
        ({"a": {"fixed": "5", "percent_of": "net"}, "b": REST}, "percent_of says nothing without percent; remove it"),
        ({"a": REST, "b": REST}, "instalment 'a' takes the remainder but is not the last; move it to the end"),
        ({"a": {"percent": "100"}}, "the last instalment 'a' must be remainder: true, to meet the total (T7)"),
        ({}, "a payment term has at least one instalment"),
        (
            {"a": {**REST, "from_previous": "true"}},
            "instalment 'a' is the first, so from_previous has no date to count from",
        ),
        (
            {"a": {"percent": "60"}, "b": {"percent": "41"}, "c": REST},
            "the percents of the total with tax add up to more than 100",
        ),
        ({"a": {"percent": 30.0}, "b": REST}, "30.0 is a float; write it as a text or a Decimal"),
        ({"a": {"percent": "1e1"}, "b": REST}, "'1e1' is not a plain decimal number"),
        ({"a": {"percent": "101"}, "b": REST}, "less than or equal to 100"),
        ({"a": {**REST, "day": "32"}}, "less than or equal to 31"),
        ({"a": {**REST, "dayz": "3"}}, "Extra inputs are not permitted"),
        ({"a": {"remainder": "yes"}}, "write true or false, not 'yes'"),
    ],
)
def test_a_term_that_cannot_meet_its_total_is_refused(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        term(instalments=declared)
    assert message in str(caught.value)


def test_a_short_form_beside_instalments_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        term(days="30", instalments={"a": REST})


def warned(declared: PaymentTerm, base: str) -> list[tuple[str, dict[str, Any]]]:
    items = instalments(D("100.00"), D("80.00"), day(base), declared, 2)
    return [(warning.code, dict(warning.facts)) for warning in legal_warnings(declared, day(base), items)]


def test_sixty_net_days_are_lawful_and_sixty_one_are_not() -> None:
    """T8."""
    assert warned(term(days="60"), "2026-01-01") == []
    assert warned(term(days="61"), "2026-01-01") == [
        ("over_60_days", {"due": day("2026-03-03"), "limit": day("2026-03-02"), "days": 61})
    ]


def test_forty_five_days_end_of_month_are_lawful_in_both_readings() -> None:
    """T8 with T4: A reaches 30 April, 74 days after 15 February 2025."""
    assert warned(term(days="45", end_of_month="after"), "2025-02-15") == []
    assert warned(term(days="45", end_of_month="before"), "2025-02-15") == []


def test_sixty_days_end_of_month_are_too_long() -> None:
    """T8: 31 January + 60 days is 1 April, so 30 April; 45 days end of month would be 31 March."""
    assert warned(term(days="60", end_of_month="after"), "2025-01-31") == [
        ("over_45_days_end_of_month", {"due": day("2025-04-30"), "limit": day("2025-04-01"), "days": 89})
    ]


def test_only_the_late_instalment_is_warned_of() -> None:
    late = term(instalments={"a": {"percent": "50", "days": "30"}, "b": {"remainder": "true", "days": "90"}})
    assert [code for code, _ in warned(late, "2026-01-01")] == ["over_60_days"]


def test_a_term_with_a_legal_exception_is_not_warned_of() -> None:
    assert warned(term(days="90", legal_check="false"), "2026-01-01") == []
