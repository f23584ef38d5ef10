"""Which lots go out, which names go along, and how names are written (K10)."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.app.gate import read_fields
from sphinx_lib.app.inputs import LineFields
from sphinx_lib.app.stow_input import Named, read_names
from sphinx_lib.kernel.document import Line, Stowed
from sphinx_lib.kernel.lots import Lot
from sphinx_lib.stock.lots import chosen
from sphinx_lib.stock.picking import first_out
from sphinx_lib.workflow.stowing import stowed_share

D = Decimal
DAY = date(2026, 3, 2)
days = st.integers(-40, 400).map(lambda after: DAY + timedelta(days=after))
quantities = st.integers(1, 50_000).map(lambda thousandths: D(thousandths).scaleb(-3))


@st.composite
def stocks(draw: st.DrawFn) -> list[Lot]:
    """Up to eight lots of an item, some in several bins, some expired, some without expiry."""
    names = draw(st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from(["", "1", "2"])), max_size=8, unique=True))
    expiry = {name: draw(st.none() | days) for name in "ABCDE"}
    return [Lot("I", "main", lot, bin_, draw(quantities), expiry[lot], draw(days)) for lot, bin_ in names]


def taken(lots: list[Lot], found: list[Stowed]) -> dict[tuple[str, str], Decimal]:
    sums: Counter[tuple[str, str]] = Counter()
    for one in found:
        sums[one.lot, one.bin] += one.quantity  # type: ignore[assignment]
    return dict(sums)  # type: ignore[arg-type]


@given(stocks(), quantities)
def test_first_expired_first_out_never_expired_never_more_than_there_is(lots: list[Lot], wanted: Decimal) -> None:
    found = list(chosen({lot: lot.quantity for lot in lots}, Stowed(wanted), DAY))
    usable = [lot for lot in lots if lot.expires is None or lot.expires >= DAY]
    there = {(lot.lot, lot.bin): lot.quantity for lot in usable}
    assert sum((one.quantity for one in found), D(0)) == min(wanted, sum(there.values(), D(0)))
    out = taken(lots, found)
    assert all(quantity <= there[name] for name, quantity in out.items())
    order = sorted(usable, key=lambda lot: (lot.expires or date.max, lot.since, lot.lot, lot.bin))
    last = max((place for place, lot in enumerate(order) if out.get((lot.lot, lot.bin))), default=-1)
    for lot in order[: max(last, 0)]:  # all that expires before the last one chosen is used up
        assert out.get((lot.lot, lot.bin)) == lot.quantity


@given(stocks(), st.lists(quantities, max_size=4))
def test_lines_one_after_another_never_share_goods(lots: list[Lot], wanted: list[Decimal]) -> None:
    left = {lot: lot.quantity for lot in lots}
    found = [one for quantity in wanted for one in chosen(left, Stowed(quantity), DAY)]
    assert all(quantity >= 0 for quantity in left.values())
    assert sum((lot.quantity for lot in lots), D(0)) == sum(left.values(), D(0)) + sum((one.quantity for one in found), D(0))


def test_lots_go_by_expiry_then_the_oldest_and_those_without_expiry_last() -> None:
    def lot(name: str, expires: date | None, since: date) -> Lot:
        return Lot("I", "main", name, "", D(1), expires, since)

    soon, later = DAY + timedelta(days=5), DAY + timedelta(days=50)
    lots = [
        lot("never", None, DAY - timedelta(days=99)), lot("young", soon, DAY), lot("old", soon, DAY - timedelta(days=9)),
        lot("late", later, DAY - timedelta(days=20)), lot("today", DAY, DAY),
    ]  # fmt: skip
    assert [one.lot for one in sorted(lots, key=first_out)] == ["today", "old", "young", "late", "never"]
    found = chosen({one: one.quantity for one in lots}, Stowed(D(5)), DAY)
    assert [one.lot for one in found] == ["today", "old", "young", "late", "never"]


def test_a_lot_may_be_used_on_its_last_day_and_not_after() -> None:
    lot = Lot("I", "main", "L", "", D(1), DAY, DAY)
    assert not lot.is_expired(DAY)
    assert lot.is_expired(DAY + timedelta(days=1))


def test_serial_numbers_are_taken_whole() -> None:
    left = {Lot("I", "main", f"S{n}", "", D(1), None, DAY): D(1) for n in range(3)}
    assert [one.lot for one in chosen(left, Stowed(D("1.5")), DAY, whole=True)] == ["S0"]


# -- what goes along -----------------------------------------------------------------------------------------------------

parts = st.lists(quantities, min_size=1, max_size=5)


@given(parts, st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_partial_documents_take_each_name_once_and_never_more_than_their_share(
    amounts: list[Decimal], weights: list[int]
) -> None:
    whole = sum(amounts, D(0))
    stowed = tuple(Stowed(amount, f"L{place}") for place, amount in enumerate(amounts))
    line = Line("1", 1, item="I", quantity=whole, stock_quantity=whole, stowed=stowed)
    found: list[Stowed] = []
    gone = D(0)
    others: list[Line] = []
    for place, weight in enumerate(weights):
        last = place == len(weights) - 1
        part = whole - gone if last else (whole * weight / sum(weights)).quantize(D("0.001"))
        share = stowed_share(line, others, part)
        others.append(Line(str(place), 1, quantity=part, stowed=share))
        assert sum((one.quantity for one in share), D(0)) == part
        found += share
        gone += part
    for one in stowed:
        assert sum((part.quantity for part in found if part.lot == one.lot), D(0)) == one.quantity


def test_a_line_that_is_named_in_part_gives_no_more_than_it_has() -> None:
    line = Line("1", 1, quantity=D(2), stock_quantity=D(12), stowed=(Stowed(D(4), "L"),))
    assert stowed_share(line, [], D(1)) == (Stowed(D(4), "L"),)
    assert stowed_share(line, [Line("2", 1, quantity=D(1), stowed=(Stowed(D(4), "L"),))], D(1)) == ()


def test_what_others_name_is_left_to_them_wherever_it_lay() -> None:
    """8 in two lots; whoever took AVRIL first, the next part is MARS, and what nobody took in the order of the line."""
    line = Line("1", 1, quantity=D(8), stock_quantity=D(8), stowed=(Stowed(D(3), "MARS", "A"), Stowed(D(5), "AVRIL", "B")))
    other = Line("2", 1, quantity=D(4), stowed=(Stowed(D(4), "AVRIL", "Q"),))
    assert stowed_share(line, [other], D(4)) == (Stowed(D(3), "MARS", "A"), Stowed(D(1), "AVRIL", "B"))
    assert stowed_share(line, [other, other], D(4)) == (Stowed(D(3), "MARS", "A"),)


# -- how names are written -----------------------------------------------------------------------------------------------


def names_of(written: dict[str, Any], problems: list[str]) -> Any:
    """What the keys of a line say, as ``LineInput`` reads them."""
    given = read_fields(LineFields, written, problems, "line 1: ")
    return None if problems else read_names({key: given.get(key) for key in written}, "line 1", problems)


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ({}, None),
        ({"lot": None}, ()),
        ({"lot": "L1", "expires": "2026-12-31", "bin": "A"}, (Named("L1", None, date(2026, 12, 31), "A"),)),
        ({"bin": "A"}, (Named(bin="A"),)),
        ({"serial": "S1"}, (Named("S1", D(1), serial=True),)),
        ({"serial": ["S1", " S2 "], "bin": "A"}, (Named("S1", D(1), None, "A", True), Named("S2", D(1), None, "A", True))),
        ({"lots": [{"lot": "L1", "quantity": "2.5"}]}, (Named("L1", D("2.5")),)),
        ({"lots": [{"serial": "S1"}]}, (Named("S1", D(1), serial=True),)),
    ],
)
def test_names_are_a_text_a_list_of_serial_numbers_or_rows(written: dict[str, Any], names: Any) -> None:
    problems: list[str] = []
    assert names_of(written, problems) == names
    assert problems == []


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"lot": "L1", "serial": "S1"}, ["line 1: lot and serial say the same twice; keep one"]),
        ({"lots": "L1"}, ["line 1: lots: write a list, ['L1'], not 'L1'"]),
        ({"lots": ["L1"]}, ["line 1: lots.1: a mapping is expected here"]),
        ({"lots": [{"lot": "L1"}]}, ["line 1: lots.1: quantity: it is missing"]),
        ({"lots": [{"lott": "L1", "lot": "L", "quantity": 1}]}, ["line 1: lots.1.lott: unknown key 'lott'; did you mean 'lot'?"]),
        ({"lots": [{"quantity": 1}]}, ["line 1: lots.1: name a lot, a serial number or a bin"]),
        ({"lots": [{"lot": "L", "quantity": 1.5}]}, ["line 1: lots.1.quantity: 1.5 is a float; write it as a text or a Decimal"]),
        ({"lots": [{"lot": "L", "quantity": 0}], "bin": "A"}, ["line 1: lots.1.quantity: 0 is not above zero"]),
        ({"lot": "  "}, ["line 1: lot: the text has too few letters: at least 1"]),
        ({"lot": "L", "expires": "soon"}, ["line 1: expires: 'soon' is not a date; write it as 2026-03-31"]),
        ({"expires": "2026-03-31"}, ["line 1: expires says nothing without a lot; give the lot too"]),
    ],
)
def test_what_is_wrong_with_a_name_is_told_with_its_place(written: dict[str, Any], told: list[str]) -> None:
    problems: list[str] = []
    names_of(written, problems)
    assert problems == told
