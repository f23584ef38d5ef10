"""The price engine on small cases: digits kept, ties, groups with exclusions, facts of formulas and guards (domain §18)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Context, localcontext
from decimal import Decimal as D
from fractions import Fraction
from typing import Any

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
DAY = date(2026, 3, 2)
BY_ITEM = {"customer_item": {"key": ["customer", "item"]}, "item": {"key": ["item"]}}
PERCENT = {"kind": "percent", "access": BY_ITEM}
UNITS = {"unit": Fraction(1), "kg": Fraction(2)}


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


def test_a_unit_price_comes_back_from_the_database_with_all_its_digits_in_any_context() -> None:
    rules, records = eight_percents()
    (found,) = prices({**rules, "net_price_rounding": {"stage": "line"}}, base("999.999"), *records)
    line = Line(id="0" * 32, position=1, unit_price=found.unit_price, trace=found.trace)
    with localcontext(Context(prec=12)):
        assert line_of(line_row(line, "0" * 32, "main")).unit_price == found.unit_price


def test_an_amount_off_a_line_leaves_a_tie_a_tie() -> None:
    """3 at 4.00 less 1.985 on the line is 10.015, which is 10.02."""
    rules = {"schema": {"voucher": {"kind": "amount", "per": "line", "access": BY_ITEM}}}
    assert total("3", base("4.00"), Condition("v", "voucher", ITEM, D("1.985")), rules=rules) == D("10.02")


GROUP = {
    "schema": {
        "old": {"group": "commercial", **PERCENT},
        "voucher": {"kind": "amount", "access": BY_ITEM},
        "new": {"group": "commercial", **PERCENT},
    },
    "groups": {"commercial": {"combine": "additive"}},
}


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
