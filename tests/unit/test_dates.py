"""Due dates: domain.md T2-T5, T8, Ex 23-28."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from sphinx_lib.kernel.dates import DueRule, add_months, as_date, as_day, due_date, end_of_month, next_working_day

AFTER_45 = DueRule(days=45, end_of_month="after")
BEFORE_45 = DueRule(days=45, end_of_month="before")
AFTER_30 = DueRule(days=30, end_of_month="after")
BEFORE_30 = DueRule(days=30, end_of_month="before")


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("base", "rule", "expected"),
    [
        pytest.param("2003-03-01", DueRule(days=60, end_of_month="after", day=17), "2003-05-17", id="Ex 23"),
        pytest.param("2025-02-15", AFTER_45, "2025-04-30", id="Ex 24 A"),
        pytest.param("2025-02-15", BEFORE_45, "2025-04-14", id="Ex 24 B"),
        pytest.param("2024-02-15", AFTER_45, "2024-03-31", id="Ex 25 A, leap year"),
        pytest.param("2024-02-15", BEFORE_45, "2024-04-14", id="Ex 25 B, leap year"),
        pytest.param("2023-01-05", AFTER_30, "2023-02-28", id="Ex 26 January"),
        pytest.param("2023-06-28", AFTER_30, "2023-07-31", id="Ex 26 June"),
        pytest.param("2025-03-10", BEFORE_30, "2025-04-30", id="Ex 27 March"),
        pytest.param("2025-01-15", BEFORE_30, "2025-03-02", id="Ex 27 January"),
        pytest.param("2024-01-15", BEFORE_30, "2024-03-01", id="Ex 27 leap year"),
        pytest.param("2023-01-30", DueRule(days=30, end_of_month="after", day=10), "2023-04-10", id="Ex 28 days"),
        pytest.param(
            "2023-01-30",
            DueRule(days=30, count="months", end_of_month="after", day=10),
            "2023-03-10",
            id="Ex 28 months",
        ),
        pytest.param("2026-01-31", DueRule(), "2026-01-31", id="at once"),
        pytest.param("2026-01-10", DueRule(days=45, count="months"), "2026-02-25", id="T2: 1 month + 15 days"),
        pytest.param("2026-01-31", DueRule(months=1), "2026-02-28", id="T2: clamp"),
    ],
)
def test_due_dates_of_the_worked_examples(base: str, rule: DueRule, expected: str) -> None:
    assert due_date(day(base), rule) == day(expected)


@pytest.mark.parametrize(
    ("base", "wanted", "expected"),
    [
        ("2026-01-09", 10, "2026-01-10"),
        ("2026-01-10", 10, "2026-02-10"),
        ("2026-01-31", 31, "2026-02-28"),
        ("2026-02-27", 31, "2026-02-28"),
        ("2026-02-28", 31, "2026-03-31"),
        ("2026-12-15", 15, "2027-01-15"),
    ],
)
def test_the_day_of_the_month_comes_strictly_after(base: str, wanted: int, expected: str) -> None:
    """T3: the first such day strictly after, or the last day of a shorter month."""
    assert due_date(day(base), DueRule(day=wanted)) == day(expected)


@pytest.mark.parametrize(
    ("base", "listed", "expected"),
    [
        ("2026-03-05", (5, 10), "2026-03-05"),
        ("2026-03-06", (10, 5), "2026-03-10"),
        ("2026-03-11", (5, 10), "2026-04-05"),
        ("2026-12-30", (5,), "2027-01-05"),
        ("2026-02-28", (31,), "2026-02-28"),
    ],
)
def test_payment_days_take_the_first_listed_on_or_after(base: str, listed: tuple[int, ...], expected: str) -> None:
    """T5."""
    assert due_date(day(base), DueRule(payment_days=listed)) == day(expected)


def test_a_due_date_on_a_rest_day_stays_unless_shifted() -> None:
    """T8: Saturday 1 May 2027, then a Monday that is a holiday."""
    holidays = {day("2027-05-03")}
    assert due_date(day("2027-05-01"), DueRule(), holidays) == day("2027-05-01")
    assert due_date(day("2027-05-01"), DueRule(shift="next_working_day"), holidays) == day("2027-05-04")
    assert due_date(day("2027-05-01"), DueRule(shift="next_working_day")) == day("2027-05-03")
    assert next_working_day(day("2027-05-05")) == day("2027-05-05")


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2026-05-30", 0, "2026-05-30"),
    ],
)
def test_months_clamp_to_the_month_end(start: str, months: int, expected: str) -> None:
    """T2."""
    assert add_months(day(start), months) == day(expected)


def test_the_month_ends_on_its_last_day() -> None:
    assert [end_of_month(day(text)) for text in ("2024-02-01", "2026-02-28", "2026-12-31")] == [
        day("2024-02-29"),
        day("2026-02-28"),
        day("2026-12-31"),
    ]


@pytest.mark.parametrize("rule", [{"days": -1}, {"months": -1}, {"day": 0}, {"day": 32}, {"payment_days": (5, 40)}])
def test_impossible_rules_are_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a delay is not negative|a day of the month is between 1 and 31"):
        DueRule(**rule)


def test_dates_are_written_year_month_day() -> None:
    assert as_day("2026-03-31") == as_day(date(2026, 3, 31)) == date(2026, 3, 31)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("31/03/2026", "'31/03/2026' is not a date; write it as 2026-03-31"),
        ("20260331", "'20260331' is not a date; write it as 2026-03-31"),
        ("2026-02-30", "there is no day 2026-02-30 in the calendar"),
        (datetime(2026, 3, 31, tzinfo=UTC), "a datetime is not a date; write it as 2026-03-31"),
        (None, "a NoneType is not a date; write it as 2026-03-31"),
    ],
)
def test_other_writings_are_refused(given: object, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        as_day(given)
    assert str(caught.value) == message


@pytest.mark.parametrize("day", ["0001-01-01", "0206-03-31", "1899-12-31", "3000-01-01", "9999-12-31", date.max])
def test_a_day_is_of_a_sane_year(day: object) -> None:
    with pytest.raises(ValueError, match="is not within the years 1900 to 2999; check the year"):
        as_day(day)


@pytest.mark.parametrize("wrong", [datetime(2026, 3, 31, tzinfo=UTC), "20260331", "2026-W14-2"])
def test_a_time_and_other_forms_of_a_day_are_no_date_of_a_document_either(wrong: object) -> None:
    with pytest.raises(ValueError, match="is not a date; write it as 2026-03-31"):
        as_date(wrong)
