"""Pegs of purchase lines: what came in serves them by promised date, then order number (PO5), and never too much."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.kernel.document import Line, Peg
from sphinx_lib.stock.pegs import in_order_unit, served

D = Decimal
quantities = st.decimals(min_value="0", max_value="1000", places=3)
days = st.none() | st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 12, 31))
pegs = st.lists(
    st.builds(Peg, st.just("o"), st.uuids().map(lambda one: one.hex), quantities, days, st.sampled_from(["BC1", "BC2", "BC3"])),
    max_size=6,
)


def line(*of: Peg, quantity: str = "10") -> Line:
    return Line("l", 1, item="A", quantity=D(quantity), pegs=of)


def test_po5_earliest_promised_first_then_the_order_number_and_no_date_comes_last() -> None:
    found = served(
        line(
            Peg("o", "never", D(2), None, "BC0"), Peg("o", "b", D(2), date(2026, 3, 5), "BC2"),
            Peg("o", "a", D(2), date(2026, 3, 5), "BC1"), Peg("o", "first", D(2), date(2026, 3, 4), "BC9"),
        ),
        D(5),
    )  # fmt: skip
    assert [(one.peg.line_id, one.done) for one in found] == [("first", D(2)), ("a", D(2)), ("b", D(1)), ("never", D(0))]


def test_what_is_on_order_for_pegs_is_never_more_than_the_line_waits_for() -> None:
    found = served(line(Peg("o", "a", D(6)), Peg("o", "b", D(6)), quantity="8"), D(3))
    assert [(one.done, one.waiting) for one in found] == [(D(3), D(3)), (D(0), D(2))]


def test_a_peg_is_told_in_the_unit_of_the_order_line() -> None:
    peg = Peg("o", "a", D("1.25"), ordered=D(30))  # 30 pieces in boxes of 24
    assert (in_order_unit(peg, D(1)), in_order_unit(peg, D("1.25")), in_order_unit(peg, D(0))) == (D(24), D(30), D(0))


@given(pegs, quantities, quantities)
def test_pegs_served_never_exceed_what_came_in_nor_what_they_say(of: list[Peg], quantity: Decimal, received: Decimal) -> None:
    found = served(Line("l", 1, item="A", quantity=quantity, pegs=tuple(of)), received)
    assert sum((one.done for one in found), D(0)) <= received
    assert all(0 <= one.done <= one.peg.quantity and 0 <= one.waiting <= one.peg.quantity - one.done for one in found)
    assert sum((one.waiting for one in found), D(0)) <= max(quantity - received, D(0))
    assert sum((one.done for one in found), D(0)) == min(received, sum((one.quantity for one in of), D(0)))


@given(pegs, quantities, quantities, quantities)
def test_a_further_receipt_takes_nothing_from_a_peg(of: list[Peg], quantity: Decimal, first: Decimal, more: Decimal) -> None:
    bought = Line("l", 1, item="A", quantity=quantity, pegs=tuple(of))
    pairs = zip(served(bought, first), served(bought, first + more), strict=True)
    assert all(before.peg == after.peg and before.done <= after.done for before, after in pairs)
