"""What stock is worth: the figures of Ex 18 and 19, and what holds after any moves (V1-V7)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.kernel.worth import Layer, Worth
from sphinx_lib.stock.valuation import Change, Rule, counted_cost, entered, layers_of, left, revalued, taken_back

D = Decimal
DAY = date(2026, 3, 2)
AVERAGE, FIFO = Rule("average"), Rule("fifo")
NOTHING = Worth()


def receive(worth: Worth, quantity: str, cost: str, rule: Rule = AVERAGE, source: str = "", day: date = DAY) -> Worth:
    return entered(worth, D(quantity), D(quantity) * D(cost), rule, day, source).worth


# -- weighted average ----------------------------------------------------------------------------------------------------


def test_ex18_the_average_after_each_receipt_and_issue() -> None:
    worth = receive(NOTHING, "100", "10")
    out = left(worth, D(50), AVERAGE)
    assert (out.value, out.worth.value) == (D(-500), D(500))
    worth = receive(out.worth, "150", "12")
    assert (worth.quantity, worth.value, worth.average) == (200, 2300, D("11.50"))
    out = left(worth, D(80), AVERAGE)
    assert (out.value, out.worth.quantity, out.worth.value) == (D(-920), 120, 1380)
    worth = receive(out.worth, "200", "13")
    assert (worth.quantity, worth.value, worth.average) == (320, 3980, D("12.4375"))


def test_the_last_unit_takes_the_remaining_value() -> None:
    """V2: three for 10.00 leave at 3.33, 3.34 and 3.33."""
    worth, values = receive(NOTHING, "3", "3.333333"), []
    for _ in range(3):
        out = left(worth, D(1), AVERAGE)
        worth, values = out.worth, [*values, out.value]
    assert values == [D("-3.33"), D("-3.34"), D("-3.33")]
    assert (worth.quantity, worth.value) == (0, 0)


def test_an_issue_from_empty_stock_costs_what_was_last_known() -> None:
    """V3, first half."""
    empty = left(receive(NOTHING, "4", "11.50"), D(4), AVERAGE).worth
    out = left(empty, D(2), AVERAGE)
    assert (out.value, out.worth.quantity, out.worth.value) == (D(-23), -2, D(-23))


def test_an_issue_beyond_what_is_there_is_worth_both_parts() -> None:
    out = left(receive(NOTHING, "5", "10"), D(8), AVERAGE)
    assert (out.value, out.worth.quantity, out.worth.value) == (-80, -3, -30)


def test_a_receipt_that_meets_negative_stock_resets_the_cost_to_its_own() -> None:
    """V3, second half."""
    short = left(receive(NOTHING, "5", "10"), D(8), AVERAGE).worth
    came = entered(short, D(10), D(120), AVERAGE, DAY)
    assert (came.value, came.correction) == (120, -6)
    assert (came.worth.quantity, came.worth.value, came.worth.average) == (7, 84, 12)


def test_a_receipt_that_only_lessens_negative_stock_resets_it_too() -> None:
    short = left(receive(NOTHING, "5", "10"), D(8), AVERAGE).worth
    came = entered(short, D(1), D(12), AVERAGE, DAY)
    assert (came.worth.quantity, came.worth.value, came.worth.average) == (-2, -24, 12)


def test_what_nobody_knows_a_cost_of_is_worth_nothing_and_has_no_cost() -> None:
    came = entered(NOTHING, D(5), None, AVERAGE, DAY)
    assert (came.value, came.worth.value, came.worth.average) == (0, 0, None)
    out = left(came.worth, D(7), AVERAGE)
    assert (out.value, out.worth.last_cost) == (0, None)


def test_what_was_given_free_is_known_to_cost_nothing() -> None:
    assert entered(NOTHING, D(5), D(0), AVERAGE, DAY).worth.average == 0


def test_a_fraction_of_a_cent_is_not_lost_from_the_cost() -> None:
    came = entered(Worth(), D(1), D("0.001"), AVERAGE, DAY)
    assert (came.value, came.worth.average) == (0, D("0.001"))


# -- first in, first out -------------------------------------------------------------------------------------------------


def test_ex19_the_oldest_layers_leave_first() -> None:
    worth = receive(receive(NOTHING, "4", "10", FIFO), "2", "25", FIFO)
    assert worth.average == 15
    worth = left(worth, D(3), FIFO).worth
    assert (worth.value, worth.average) == (60, 20)
    out = left(worth, D(2), FIFO)
    assert (out.value, out.worth.average) == (-35, 25)


def test_layers_are_in_the_order_of_their_days_then_as_they_came() -> None:
    """V4."""
    worth = receive(NOTHING, "1", "30", FIFO, "c", date(2026, 3, 3))
    worth = receive(worth, "1", "10", FIFO, "a", date(2026, 3, 1))
    worth = receive(worth, "1", "20", FIFO, "b", date(2026, 3, 1))
    assert [layer.source for layer in worth.layers] == ["a", "b", "c"]


def test_layers_that_are_alike_are_taken_one_by_one() -> None:
    worth = NOTHING
    for _ in range(3):
        worth = receive(worth, "1", "5", FIFO)
    out = left(worth, D(2), FIFO)
    assert (out.value, out.worth.layers) == (-10, (Layer(DAY, "", D(1), D(5)),))


def test_a_supplier_return_leaves_its_own_layer() -> None:
    """V7."""
    worth = receive(receive(NOTHING, "4", "10", FIFO, "old"), "2", "25", FIFO, "new")
    out = left(worth, D(1), FIFO, "new")
    assert out.value == -25
    assert [(layer.source, layer.quantity) for layer in out.worth.layers] == [("old", 4), ("new", 1)]
    assert left(out.worth, D(2), FIFO, "new").value == -35  # the layer has one left; the rest is the oldest


def test_what_was_last_known_is_the_newest_layer() -> None:
    worth = receive(receive(NOTHING, "4", "10", FIFO), "2", "25", FIFO)
    assert left(worth, D(8), FIFO).value == -(90 + 2 * 25)


def test_stock_valued_at_the_average_so_far_is_the_oldest_layer() -> None:
    worth = receive(receive(NOTHING, "4", "10"), "2", "25", FIFO)
    assert [(layer.quantity, layer.value) for layer in worth.layers] == [(4, 40), (2, 50)]
    assert left(left(worth, D(1), AVERAGE).worth, D(2), FIFO).value == -30


# -- standard cost -------------------------------------------------------------------------------------------------------


def test_at_standard_cost_stock_is_worth_its_quantity_at_that_cost() -> None:
    rule = Rule("standard", D("0.3333"))
    worth = entered(NOTHING, D(10), D(50), rule, DAY).worth
    assert worth.value == D("3.33")
    for quantity in range(9, -1, -1):
        worth = left(worth, D(1), rule).worth
        assert abs(worth.value - quantity * D("0.3333")) <= D("0.005")
    assert (worth.quantity, worth.value, worth.average) == (0, 0, D("0.3333"))


def test_a_new_standard_cost_revalues_what_is_there_with_the_next_move() -> None:
    worth = entered(NOTHING, D(10), None, Rule("standard", D(9)), DAY).worth
    out = left(worth, D(4), Rule("standard", D(12)))
    assert (out.value, out.correction, out.worth.value) == (-48, 30, 72)


def test_without_a_standard_cost_the_method_is_the_average() -> None:
    assert entered(NOTHING, D(10), D(50), Rule("standard"), DAY).worth.value == 50


# -- counts, returns, differences ----------------------------------------------------------------------------------------


def test_what_is_found_or_missing_in_a_count() -> None:
    """V6: at the average; in FIFO a gain at the newest layer, a loss at the oldest."""
    average = receive(receive(NOTHING, "4", "10"), "2", "25")
    assert counted_cost(average, AVERAGE) == -left(average, D(1), AVERAGE).value == 15
    layers = receive(receive(NOTHING, "4", "10", FIFO), "2", "25", FIFO)
    assert (counted_cost(layers, FIFO), -left(layers, D(1), FIFO).value) == (25, 10)
    assert entered(layers, D(2), None, FIFO, DAY).value == 50
    assert counted_cost(NOTHING, Rule("average", D(7))) == 7
    assert counted_cost(NOTHING, AVERAGE) is None


def test_a_price_difference_goes_to_what_is_still_held() -> None:
    """§5.3: 10 came in, 4 are left, the invoice is 5.00 higher: 2.00 of it is stock."""
    worth = left(receive(NOTHING, "10", "4"), D(6), AVERAGE).worth
    change = revalued(worth, D(10), D(5), AVERAGE)
    assert (change.correction, change.worth.value) == (D("2.00"), D("18.00"))
    worth = left(receive(receive(NOTHING, "10", "4", FIFO, "r"), "5", "9", FIFO, "s"), D(6), FIFO).worth
    change = revalued(worth, D(10), D(5), FIFO, "r")
    assert (change.correction, [layer.value for layer in change.worth.layers]) == (D("2.00"), [D("18.00"), D(45)])
    assert revalued(worth, D(10), D(5), Rule("standard", D(4))).correction == 0


def test_a_price_difference_never_makes_stock_worth_less_than_nothing() -> None:
    worth = receive(NOTHING, "2", "5")
    assert revalued(worth, D(2), D(-50), AVERAGE).worth.value == 0


def test_a_receipt_taken_back_leaves_the_average_of_before() -> None:
    before = receive(NOTHING, "10", "10")
    after = receive(before, "10", "20", source="r")
    back = taken_back(after, D(-10), D(-200), AVERAGE, DAY, "r")
    assert (back.value, back.worth.value, back.worth.average) == (-200, 100, 10)


def test_a_delivery_taken_back_is_the_oldest_layer_again() -> None:
    worth = receive(receive(NOTHING, "4", "10", FIFO, "a", date(2026, 3, 1)), "2", "25", FIFO, "b", DAY)
    out = left(worth, D(4), FIFO)
    back = taken_back(out.worth, D(4), -out.value, FIFO, date(2026, 3, 9), "note")
    assert back.worth.value == worth.value
    assert left(back.worth, D(4), FIFO).value == out.value


# -- laws ----------------------------------------------------------------------------------------------------------------

QUANTITY = st.integers(1, 400).map(lambda n: D(n) / 4)
COST = st.none() | st.integers(0, 5000).map(lambda n: D(n) / 1000)
RULES = st.sampled_from([AVERAGE, FIFO, Rule("average", D("1.25")), Rule("fifo", D("3")), Rule("standard", D("0.337"))])
STEP = st.tuples(st.sampled_from(["in", "out", "undo", "revalue"]), QUANTITY, COST, st.integers(0, 9))


def play(rule: Rule, steps: list[tuple[str, Decimal, Decimal | None, int]]) -> list[tuple[Worth, Change]]:
    """Every worth before a step, and what the step changed."""
    worth, found, done = Worth(), [], []
    for number, (what, quantity, cost, at) in enumerate(steps):
        source, day = f"d{number}", date(2026, 3, 1 + at)
        if what == "undo" and done:
            moved, value, of = done.pop(at % len(done))
            change = taken_back(worth, -moved, -value, rule, day, of)
        elif what == "revalue" and done:
            change = revalued(worth, abs(done[-1][0]), (cost or D(0)).quantize(D("0.01")) - 2, rule, done[-1][2])
        elif what == "out":
            change = left(worth, quantity, rule)
            done.append((-quantity, change.value + change.correction, source))
        else:
            change = entered(worth, quantity, None if cost is None else cost * quantity, rule, day, source)
            done.append((quantity, change.value + change.correction, source))
        found.append((worth, change))
        worth = change.worth
    return found


@given(RULES, st.lists(STEP, max_size=14))
def test_values_of_moves_add_up_to_the_value_of_what_is_there(rule: Rule, steps: list) -> None:
    total = D(0)
    for _, change in play(rule, steps):
        total += change.value + change.correction
        assert change.worth.value == total
        assert total == total.quantize(D("0.01"))


@given(RULES, st.lists(STEP, max_size=14))
def test_quantity_0_is_worth_0_and_what_is_there_never_less_than_nothing(rule: Rule, steps: list) -> None:
    for _, change in play(rule, steps):
        worth = change.worth
        assert worth.value == 0 if not worth.quantity else worth.value * worth.quantity >= 0


@given(st.sampled_from([FIFO, Rule("fifo", D(3))]), st.lists(STEP, max_size=14))
def test_fifo_layers_add_up_to_quantity_and_value(rule: Rule, steps: list) -> None:
    for _, change in play(rule, steps):
        worth = change.worth
        assert sum((layer.quantity for layer in worth.layers), D(0)) == max(worth.quantity, D(0))
        if worth.quantity > 0:
            assert sum((layer.value for layer in worth.layers), D(0)) == worth.value
        assert all(layer.quantity > 0 and layer.value >= 0 for layer in worth.layers)
        assert [layer.day for layer in worth.layers] == sorted(layer.day for layer in worth.layers)


@given(RULES, st.lists(STEP, max_size=10), QUANTITY, COST, st.booleans())
def test_a_full_reversal_moves_back_what_had_moved(
    rule: Rule, steps: list, quantity: Decimal, cost: Decimal | None, came: bool
) -> None:
    before = play(rule, steps)[-1][1].worth if steps else Worth()
    value = None if cost is None else cost * quantity
    made = entered(before, quantity, value, rule, DAY, "x") if came else left(before, quantity, rule)
    signed, moved = (quantity if came else -quantity), made.value + made.correction
    back = taken_back(made.worth, -signed, -moved, rule, DAY, "x")
    assert (back.worth.quantity, back.worth.value) == (before.quantity, before.value)


@given(st.lists(STEP, max_size=10), QUANTITY)
def test_the_order_of_methods_never_loses_value(steps: list, quantity: Decimal) -> None:
    """An item may change its method: what is there is then one layer."""
    worth = play(AVERAGE, steps)[-1][1].worth if steps else Worth()
    came = entered(worth, quantity, quantity * 2, FIFO, DAY)
    assert sum((layer.value for layer in layers_of(came.worth)), D(0)) == max(came.worth.value, D(0))


@pytest.mark.parametrize("rule", [AVERAGE, FIFO])
def test_values_have_the_decimals_of_the_currency(rule: Rule) -> None:
    yen = rule._replace(digits=0)
    out = left(entered(NOTHING, D(3), D("100.4"), yen, DAY).worth, D(1), yen)
    assert (out.value, out.worth.value) == (-33, 67)
