"""Laws of the price engine that only small cases show: exact traces, slices, candidates, groups, facts (domain §18)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Context, localcontext
from decimal import Decimal as D
from fractions import Fraction
from typing import Any

import pytest

from sphinx_lib.kernel.conditions import Condition
from sphinx_lib.kernel.document import Line
from sphinx_lib.kernel.master import Item
from sphinx_lib.pack.expressions import ExpressionFailed
from sphinx_lib.pack.pricing_model import Pricing
from sphinx_lib.pricing.price_line import Priced, line_net, price_lines
from sphinx_lib.pricing.schema import Sale, build_book, compile_schema
from sphinx_lib.pricing.select import Ask
from sphinx_lib.store.codec import line_of, line_row

ITEM = (("item", "P"),)
MINE = (("customer", "ACME"), ("item", "P"))
DAY = date(2026, 3, 2)
BY_ITEM = {"customer_item": {"key": ["customer", "item"]}, "item": {"key": ["item"]}}
PERCENT = {"kind": "percent", "access": BY_ITEM}
UNITS = {"unit": Fraction(1), "hundred": Fraction(1, 100), "kg": Fraction(2)}


def formula(text: str, kind: str) -> Any:
    """A stand-in for the expressions of a pack: Python over the same facts, failing as they fail."""
    code = compile(text, "formula", "eval")

    def value(facts: Mapping[str, Any]) -> Any:
        try:
            return eval(code, {}, facts)
        except ArithmeticError as error:
            raise ExpressionFailed(f"{text!r} has no value: {error}") from error

    return value


def prices(
    rules: Mapping[str, Any], *records: Condition, quantities: tuple[str, ...] = ("1",), **more: Any
) -> list[Priced]:
    """What lines of the item P cost ACME; ``rules`` without a schema of their own have a base price."""
    steps = {"base": {"kind": "price", "access": BY_ITEM}, **rules.get("schema", {})}
    schema = compile_schema(Pricing.model_validate({**rules, "schema": steps}), formula)
    item = Item(code="P", name={"": "x"}, cost=D(60), price_unit=more.get("price_unit", ""))
    sale = Sale(more.get("currency", "EUR"), "EUR", D(more.get("rate", 1)), {"customer": "ACME"}, {}, lambda name, item: None)
    asks = [
        Ask(item, D(quantity), item.price_unit or "unit", DAY, more.get("units", UNITS).__getitem__, {"item": "P"}, cost=item.cost_by)
        for quantity in quantities
    ]
    return price_lines(asks, sale, schema, [build_book(schema, records)])


def price(rules: Mapping[str, Any], *records: Condition, **more: Any) -> D:
    (found,) = prices(rules, *records, **more)
    assert not found.problem, found.problem
    assert found.unit_price is not None
    return found.unit_price


def total(quantity: str, *records: Condition, rules: Mapping[str, Any] | None = None, **more: Any) -> D:
    (found,) = prices(rules or {}, *records, quantities=(quantity,), **more)
    assert found.unit_price is not None
    return line_net(D(quantity), found.unit_price, found.per, 2)


def base(value: str, keys: Any = ITEM, **more: Any) -> Condition:
    return Condition(more.pop("code", "base"), "base", keys, D(value), **more)


def eight_percents() -> tuple[dict[str, Any], list[Condition]]:
    steps = {f"step_{number}": PERCENT for number in range(8)}
    return {"schema": steps}, [Condition(f"d{number}", f"step_{number}", ITEM, D("1.37")) for number in range(8)]


def test_x4_the_price_so_far_is_exact_over_eight_percents_of_1_37() -> None:
    rules, records = eight_percents()
    (found,) = prices({**rules, "net_price_rounding": {"stage": "line"}}, base("999.999"), *records)
    with localcontext(Context(prec=200)):
        exact = D("999.999") * D("0.9863") ** 8
        assert found.unit_price == exact
        assert found.trace[-1].running == exact
        assert sum((row.amount for row in found.trace), D(0)) == exact


def test_x10_a_trace_is_the_same_in_the_decimal_context_of_any_host() -> None:
    rules, records = eight_percents()
    (found,) = prices(rules, base("999.999"), *records)
    rows = tuple(found.trace)
    with localcontext(Context(prec=5)):
        (again,) = prices(rules, base("999.999"), *records)
        assert tuple(again.trace) == rows
        assert again.unit_price == found.unit_price


def test_a_unit_price_comes_back_from_the_database_with_all_its_digits_in_any_context() -> None:
    rules, records = eight_percents()
    (found,) = prices({**rules, "net_price_rounding": {"stage": "line"}}, base("999.999"), *records)
    line = Line(id="0" * 32, position=1, unit_price=found.unit_price, trace=found.trace)
    with localcontext(Context(prec=12)):
        assert line_of(line_row(line, "0" * 32, "main")).unit_price == found.unit_price


def test_sc3_slices_of_3_345_and_twice_3_335_are_10_015_which_is_10_02() -> None:
    slices = Condition("p", "base", ITEM, scale="interval", rows=((D(1), D("3.345")), (None, D("3.335"))))
    assert total("3", slices) == D("10.02")


def test_an_amount_off_a_line_leaves_a_tie_a_tie() -> None:
    """3 at 4.00 less 1.985 on the line is 10.015, which is 10.02."""
    rules = {"schema": {"voucher": {"kind": "amount", "per": "line", "access": BY_ITEM}}}
    assert total("3", base("4.00"), Condition("v", "voucher", ITEM, D("1.985")), rules=rules) == D("10.02")


def test_x6_slices_in_another_currency_never_cost_less_for_more() -> None:
    slices = Condition("p", "base", ITEM, scale="interval", rows=((D(1000), D(4)), (None, D("0.01"))))
    fewer, more = (total(quantity, slices, currency="USD", rate="1.0850") for quantity in ("1005", "1006"))
    assert (fewer, more) == (D("4340.05"), D("4340.07"))  # slices of 4.34 and 0.0109 (PR4: each rounded to 4 digits)


BEST = {"kind": "price", "access": BY_ITEM, "select": "best_for_customer"}


@pytest.mark.parametrize(
    ("rules", "records", "more"),
    [
        ({}, [base("12.346", per=D(100))], base("0.123455", MINE, code="more")),
        (
            {"schema": {"discount": PERCENT}, "guards": {"cap": {"max_discount": "10", "on_fail": "clamp"}}},
            [base("50", net=True), Condition("d", "discount", ITEM, D(60))],
            base("100", MINE, code="more"),
        ),
        (
            {"schema": {"voucher": {"kind": "amount", "access": BY_ITEM, "scale": {"basis": "group_value"}}}},
            [base("1"), Condition("off", "voucher", ITEM, scale="from", rows=((D(1), D(1)),))],
            base("0.50", MINE, code="more"),
        ),
    ],
    ids=["rounding", "clamped", "value of all lines"],
)
def test_x3_one_more_base_price_never_raises_the_net_price(rules: Any, records: Any, more: Condition) -> None:
    with_best = {**rules, "schema": {"base": BEST, **rules.get("schema", {})}}
    (before,), (after,) = prices(with_best, *records), prices(with_best, *records, more)
    assert before.unit_price is not None
    assert after.unit_price is not None
    assert after.unit_price / after.per <= before.unit_price / before.per


GROUP = {
    "schema": {
        "old": {"group": "commercial", **PERCENT},
        "voucher": {"kind": "amount", "access": BY_ITEM},
        "new": {"group": "commercial", **PERCENT},
    },
    "groups": {"commercial": {"combine": "additive"}},
}


def test_x12_a_record_of_last_year_does_not_move_the_start_of_its_group() -> None:
    """100 less 10 less 20 % is 72, whether or not the group had a record that has ended."""
    records = [base("100"), Condition("voucher", "voucher", ITEM, D(10)), Condition("new", "new", ITEM, D(20))]
    ended = Condition("old", "old", ITEM, D(5), valid_to=date(2025, 12, 31))
    assert price(GROUP, *records) == price(GROUP, *records, ended) == 72


def test_pr7_what_an_exclusion_leaves_out_of_a_group_stays_in_the_trace() -> None:
    rules = {**GROUP, "exclusions": {"one": {"between": ["new", "voucher"], "keep": "best_for_customer"}}}
    records = [Condition("old", "old", ITEM, D(5)), Condition("voucher", "voucher", ITEM, D(30)), Condition("new", "new", ITEM, D(20))]
    (found,) = prices(rules, base("100"), *records)
    assert found.unit_price == 65
    assert [(row.step, row.active) for row in found.trace] == [("base", True), ("old", True), ("voucher", True), ("new", False)]


def test_guards_and_conditions_speak_of_a_stock_unit_in_company_currency() -> None:
    """12 000 yen per 100 at 120 yen a euro are 1.00 each; a floor of 1.10 is 13 200 per 100."""
    rules = {"guards": {"floor": {"min_price": "base + base / 10", "on_fail": "clamp", "when": "running < 2"}}}
    found = price(rules, base("12000", currency="JPY", per=D(100)), currency="JPY", rate="120")
    assert found == 13200


def test_a_formula_speaks_of_a_stock_unit_whatever_the_unit_of_its_record() -> None:
    """A cost of 60 a unit: twice that is 12 000 per 100, and 60 a kg where a unit weighs 2 kg."""
    doubled = formula("cost * 2", "number")
    assert price({}, Condition("f", "base", ITEM, formula=doubled, per=D(100))) == 12000
    assert price({}, Condition("f", "base", ITEM, formula=doubled, unit="kg")) == 60


def test_a_formula_that_divides_by_zero_is_a_problem_of_its_line_alone() -> None:
    fails = formula("100 / (quantity - 1)", "number")
    first, second = prices({}, Condition("f", "base", ITEM, formula=fails), quantities=("1", "3"))
    assert first.unit_price is None
    assert first.problem.startswith("item P: '100 / (quantity - 1)' has no value")
    assert second.unit_price == 50


def test_a_fact_that_is_not_there_yet_is_none() -> None:
    rules = {"schema": {"base": {"kind": "price", "access": BY_ITEM, "when": "running is None"}}}
    assert price(rules, base("10")) == 10


def test_pr3_equal_records_that_differ_are_a_problem_of_the_line() -> None:
    (found,) = prices({}, base("10", code="a"), base("11", code="b"))
    assert "price records a and b of step base apply alike and differ" in found.problem
