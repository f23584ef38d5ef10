"""What may be promised (K2, K10, S37): figures of the domain, and the laws of promising whatever comes in, goes out and expires."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.stock.availability import Availability, together

D = Decimal
TODAY = date(2026, 3, 2)


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def stock(**given: object) -> Availability:
    values = {name: D(value) if isinstance(value, int) else value for name, value in given.items()}
    return Availability(TODAY, **values)  # type: ignore[arg-type]


def test_example_17_available_and_projected() -> None:
    """Ex 17: physical 100, 120 confirmed: available -20; 50 on order: projected 30."""
    found = stock(physical=100, reserved=120, on_order=50)
    assert (found.available, found.projected) == (D(-20), D(30))
    assert found.available_at() == D(-20)
    assert found.promise_date(D(1)) is None


def test_projected_at_a_date_counts_what_comes_in_and_goes_out_until_then() -> None:
    found = stock(
        physical=10, reserved=8, on_order=20, due_out={day(3): D(6)}, due_in={day(5): D(12)}
    )  # 2 go out at once, 8 come on no day that is known
    assert [found.projected_at(day(n)) for n in (0, 2, 3, 4, 5, 99)] == [8, 8, 2, 2, 14, 14]
    assert [found.available_at(day(n)) for n in (0, 4, 5)] == [2, 2, 14]
    assert found.projected_at() == found.projected_at(day(-30)) == 8
    assert [found.promise_date(D(n)) for n in (2, 3, 14, 15)] == [TODAY, day(5), day(5), None]


def test_a_late_reservation_goes_out_at_once_and_late_goods_come_on_no_day() -> None:
    found = stock(physical=5, reserved=2, on_order=9, due_out={day(-1): D(2)}, due_in={day(-1): D(9)})
    assert (found.available_at(), found.projected_at(day(50)), found.projected) == (3, 3, 12)


def test_goods_that_come_today_may_be_promised_for_today() -> None:
    assert stock(physical=0, on_order=4, due_in={TODAY: D(4)}).available_at() == 4


def test_an_expired_lot_is_not_available_and_one_that_expires_is_gone_the_day_after() -> None:
    """K10: the last day on which a lot may be used counts."""
    found = stock(physical=12, lots={day(-1): D(3), day(4): D(5)})
    assert (found.expired, found.available) == (3, 9)
    assert [found.projected_at(day(n)) for n in (0, 4, 5)] == [9, 9, 4]
    assert [found.available_at(day(n)) for n in (0, 4, 5)] == [9, 9, 4]


def test_what_goes_out_before_is_taken_from_the_lot_that_expires_first() -> None:
    found = stock(physical=12, reserved=6, due_out={day(3): D(6)}, lots={day(4): D(5)})
    assert found.projected_at(day(5)) == 6
    assert found.available_at() == 6


def test_a_lot_without_an_end_never_expires() -> None:
    assert stock(physical=5, lots={date.max: D(5)}).available_at(day(1000)) == 5


def test_warehouses_together_are_their_sums_by_day() -> None:
    first = stock(physical=5, reserved=1, due_out={day(1): D(1)})
    second = stock(physical=7, on_order=2, due_in={day(1): D(2)}, lots={day(9): D(7)})
    found = together([first, second], TODAY)
    assert (found.physical, found.available, found.projected) == (12, 11, 13)
    assert found.projected_at(day(1)) == 13
    assert together([first], TODAY) is first
    assert together([], TODAY) == Availability(TODAY)


amounts = st.integers(0, 12).map(D)
by_day = st.dictionaries(st.integers(-3, 12).map(day), amounts, max_size=4)


@st.composite
def stocks(draw: st.DrawFn) -> Availability:
    due_out, due_in, lots = draw(by_day), draw(by_day), draw(by_day)
    return Availability(
        TODAY,
        physical=sum(lots.values(), D(0)) + draw(amounts),
        reserved=sum(due_out.values(), D(0)) + draw(amounts),
        on_order=sum(due_in.values(), D(0)) + draw(amounts),
        due_out=due_out, due_in=due_in, lots=lots,
    )  # fmt: skip


@given(stocks(), st.integers(-2, 14))
def test_what_may_be_promised_takes_nothing_from_what_is_promised_later_and_one_more_does(
    found: Availability, offset: int
) -> None:
    may_be = found.available_at(day(offset))
    later = [step.left for step in found.course if step.day >= day(offset)]
    if may_be < 0 or any(left < 0 for left in later):
        return
    kept, broken = found.less(may_be, day(offset)), found.less(may_be + 1, day(offset))
    assert all(step.left >= 0 for step in kept.course if step.day >= day(offset))
    assert kept.projected_at(day(offset)) >= 0
    assert kept.available_at(day(offset)) == 0
    assert any(step.left < 0 for step in broken.course)


@given(stocks(), amounts)
def test_the_promise_date_is_the_first_day_for_which_the_quantity_may_be_promised(
    found: Availability, quantity: Decimal
) -> None:
    first = found.promise_date(quantity)
    days = [day(n) for n in range(20)]
    assert first == next((one for one in days if found.available_at(one) >= quantity), None)


@given(stocks(), amounts, st.integers(-2, 14))
def test_a_reservation_given_back_leaves_everything_as_it_was(found: Availability, quantity: Decimal, offset: int) -> None:
    back = found.less(quantity, day(offset)).less(-quantity, day(offset))
    assert back.available == found.available
    assert all(back.projected_at(day(n)) == found.projected_at(day(n)) for n in range(15))


@given(stocks())
def test_at_the_end_of_all_days_what_is_known_of_is_there(found: Availability) -> None:
    """Without lots that expire, the last day holds available plus what comes on a known day."""
    plain = Availability(TODAY, found.physical, found.reserved, found.on_order, found.due_out, found.due_in)
    known = sum((part for when, part in found.due_in.items() if when >= TODAY), D(0))
    assert plain.projected_at(day(400)) == plain.available + known
    assert plain.available_at() <= plain.projected_at()
