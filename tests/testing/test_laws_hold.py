"""X1 to X14 hold on the engine, whatever the schema, the records, the sale and the lines (domain §18.5).

The smallest cases that once broke a law stand at the end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sphinx_lib.app.sphinx import Sphinx
from sphinx_lib.kernel.conditions import Condition
from sphinx_lib.kernel.master import Item
from sphinx_lib.pricing.price_line import line_net
from sphinx_lib.pricing.schema import Sale
from sphinx_lib.pricing.select import Ask
from sphinx_lib.testing import (
    Setting,
    a_customer,
    a_price,
    a_setting,
    an_exchange_rate,
    an_item,
    check_credit_brings_back,
    check_dates_decide,
    check_discounts_are_exact,
    check_document_adds_up,
    check_guards_hold,
    check_line_total,
    check_more_prices_never_cost_more,
    check_order_does_not_matter,
    check_round_trip,
    check_same_again,
    check_scales_descend,
    check_splits_keep_the_total,
    check_traces_add_up,
    check_units_agree,
    check_unused_records_change_nothing,
    in_memory,
    price,
)
from sphinx_lib.testing import given as put
from sphinx_lib.testing import strategies as draws

QUANTITIES = [Decimal(text) for text in ("0.5", "1", "2", "5", "6", "10", "12", "50", "99", "100", "250")]
DAY = date(2026, 3, 2)
# Drawing a schema with all that belongs to it takes hypothesis some hundred choices.
slow = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


# -- X1 to X12, on what hypothesis draws ---------------------------------------------------------------------------------


@slow
@given(draws.settings(), st.randoms(use_true_random=False))
def test_x1_the_order_of_records_and_files_does_not_matter(drawn: Setting, chance: Any) -> None:
    shuffled = list(drawn.records)
    chance.shuffle(shuffled)
    check_order_does_not_matter(drawn, shuffled)
    check_order_does_not_matter(drawn)


@slow
@given(draws.settings())
def test_x2_records_that_take_no_part_change_nothing(drawn: Setting) -> None:
    check_unused_records_change_nothing(drawn)


@slow
@given(draws.settings())
def test_x3_one_more_base_price_never_costs_more(drawn: Setting) -> None:
    steps = tuple(step._replace(best=step.kind == "price" or step.best) for step in drawn.schema.steps)
    prices = tuple(step for step in steps if step.kind == "price")
    schema = replace(drawn.schema, steps=steps, prices=prices, by_name={one.name: one for one in steps})
    check_more_prices_never_cost_more(drawn.but(schema=schema))


@slow
@given(draws.settings())
def test_x4_the_trace_adds_up_to_the_unit_price(drawn: Setting) -> None:
    check_traces_add_up(drawn)


@given(draws.amounts(0, 10**6), st.sampled_from(["USD", "GBP", "JPY", "TND"]), draws.amounts(1, 200, 4))
def test_x5_there_and_back_is_off_by_the_halves_of_two_minor_units(amount: Decimal, currency: str, rate: Decimal) -> None:
    check_round_trip(amount, currency, rate)


@slow
@given(draws.settings())
def test_x6_more_never_costs_more_each_nor_less_in_all(drawn: Setting) -> None:
    check_scales_descend(drawn, QUANTITIES)


@slow
@given(draws.settings())
def test_x7_a_price_below_its_floor_is_told(drawn: Setting) -> None:
    check_guards_hold(drawn)


@slow
@given(draws.settings())
def test_x8_discounts_are_exact(drawn: Setting) -> None:
    check_discounts_are_exact(drawn)


@slow
@given(draws.settings(), st.fractions(0, 1, max_denominator=50))
def test_x9_a_line_split_in_two_keeps_its_total(drawn: Setting, share: Fraction) -> None:
    check_splits_keep_the_total(drawn, [share])


@slow
@given(draws.settings())
def test_x10_the_same_lines_have_the_same_prices_and_traces(drawn: Setting) -> None:
    check_same_again(drawn)


@slow
@given(draws.settings())
def test_x12_outside_its_dates_a_record_does_not_exist(drawn: Setting) -> None:
    check_dates_decide(drawn)


def test_the_draws_have_prices_discounts_choices_guards_and_scales_to_check() -> None:
    """So that no law above holds for want of anything to hold on."""
    seen: dict[str, int] = {}

    @settings(max_examples=150, database=None, suppress_health_check=list(HealthCheck))
    @given(draws.settings())
    def look(drawn: Setting) -> None:
        rows = [row for one in drawn.priced() for row in one.trace]
        found = {
            "price": any(one.unit_price for one in drawn.priced()), "percent": any(row.rate and row.active for row in rows),
            "inactive": any(not row.active for row in rows), "failure": any(one.failures for one in drawn.priced()),
            "rounding": any(row.step == "rounding" for row in rows), "problem": any(one.problem for one in drawn.priced()),
            "scale": any(one.rows for ask in drawn.asks for one in drawn.fitting(ask)), "steps": len(drawn.schema.steps) > 3,
            "manual": any(row.step == "manual" for row in rows), "choice": bool(drawn.schema.choices),
            "best": any(row.reason == "best for customer" for row in rows), "currency": drawn.sale.currency != "EUR",
        }  # fmt: skip
        for name, there in found.items():
            seen[name] = seen.get(name, 0) + there

    look()
    assert {name: number for name, number in seen.items() if not number} == {}


# -- X11, X13, X14, on documents -----------------------------------------------------------------------------------------


@cache
def shop() -> Sphinx:
    app = in_memory({"units": {"box": {"dimension": "box"}}})
    return put(
        app,
        a_customer("ACME"), a_customer("US", country="US", currency="USD"), a_customer("JP", country="JP", currency="JPY"),
        a_customer("TTC", prices_include_tax=True, early_payment_discount="2"),
        an_exchange_rate("USD", "1.0850"), an_exchange_rate("JPY", "163.25"),
        an_item("SUGAR", unit="kg", sale_price="12.34"), an_item("SCREW", units={"box": 6}, per="100", sale_price="25.00"),
        a_price("base", item="SUGAR", customer="US", unit="kg", rows=[["1", "11.00"], ["5", "9.90"]]),
        a_price("quantity_discount", item="SCREW", unit="box", rows=[["2", "5"], ["10", "8"]]),
    )  # fmt: skip


@given(st.sampled_from(["SUGAR", "SCREW"]), st.sampled_from([None, "ACME", "US"]), draws.amounts(0, 120, 3))
def test_x11_another_unit_has_the_same_records_and_the_same_total(item: str, customer: str | None, quantity: Decimal) -> None:
    check_units_agree(shop(), item=item, customer=customer, quantity=quantity)
    check_line_total(price(shop(), item=item, customer=customer, quantity=quantity))


@given(
    draws.documents(), st.sampled_from(["ACME", "US", "JP", "TTC"]), st.sampled_from(["cash", "60_days", "30_days_end_of_month"])
)
def test_x13_and_x14_a_document_adds_up_and_a_whole_credit_brings_it_back(drawn: dict[str, Any], who: str, terms: str) -> None:
    app = shop()
    with app.session() as session:
        invoice = session.create("invoice", customer=who, payment_terms=terms, **drawn)
        session.fire(invoice.id, "issue")
    check_document_adds_up(app, invoice.id)
    check_credit_brings_back(app, invoice.id)
    with app.reader() as views:
        assert views.ids(type="credit_note") == []


# -- the smallest cases that once broke a law ----------------------------------------------------------------------------

ITEM = (("item", "A"),)
BY_ITEM = {"item": {"key": ["item"]}}
BEST = {"kind": "price", "select": "best_for_customer", "access": {"customer_item": {"key": ["customer", "item"]}, **BY_ITEM}}
PERCENT = {"kind": "percent", "access": BY_ITEM}


def one_line(rules: dict[str, Any], *records: Condition, quantity: str = "1", currency: str = "EUR", rate: str = "1") -> Setting:
    sale = Sale(currency, "EUR", Decimal(rate), {"customer": "ACME"}, {}, lambda name, item: None)
    ask = Ask(Item(code="A", name={"": "A"}), Decimal(quantity), "unit", DAY, {"unit": Fraction(1)}.__getitem__, {"item": "A"})
    return a_setting(rules, records, sale, [ask])


def steps(**named: dict[str, Any]) -> dict[str, Any]:
    return {"schema": {"base": {"kind": "price", "access": BY_ITEM}, **named}}


def test_x4_the_price_so_far_is_exact_over_eight_percents() -> None:
    percents = {f"step_{number}": PERCENT for number in range(8)}
    records = [Condition(f"d{number}", f"step_{number}", ITEM, Decimal("1.37")) for number in range(8)]
    check_traces_add_up(one_line(steps(**percents), Condition("p", "base", ITEM, Decimal("999.999")), *records))


def test_x10_a_trace_is_the_same_in_the_decimal_context_of_any_host() -> None:
    setting = one_line(
        steps(discount=PERCENT), Condition("p", "base", ITEM, Decimal("999.999")), Condition("d", "discount", ITEM, Decimal("1.37"))
    )
    rows = tuple(setting.priced()[0].trace)
    with localcontext(Context(prec=5)):
        assert tuple(setting.priced()[0].trace) == rows


def test_sc3_three_units_at_3_345_and_twice_3_335_are_10_02() -> None:
    """10.015 in all, half up."""
    slices = Condition("p", "base", ITEM, scale="interval", rows=((Decimal(1), Decimal("3.345")), (None, Decimal("3.335"))))
    (priced,) = one_line(steps(), slices, quantity="3").priced()
    assert priced.unit_price is not None
    assert line_net(Decimal(3), priced.unit_price, priced.per, 2) == Decimal("10.02")


def test_x6_slices_in_another_currency_never_cost_less_for_more() -> None:
    slices = Condition("p", "base", ITEM, scale="interval", rows=((Decimal(1000), Decimal(4)), (None, Decimal("0.01"))))
    check_scales_descend(one_line(steps(), slices, currency="USD", rate="1.0850"), [Decimal(1005), Decimal(1006)])


def test_x3_one_more_price_per_unit_beside_one_per_hundred() -> None:
    more = Condition("more", "base", (("customer", "ACME"), *ITEM), Decimal("0.123455"))
    hundred = Condition("hundred", "base", ITEM, Decimal("12.346"), per=Decimal(100))
    check_more_prices_never_cost_more(one_line({"schema": {"base": BEST}}, hundred), more)


def test_x3_one_more_price_under_a_largest_discount_that_clamps() -> None:
    rules = {"schema": {"base": BEST, "discount": PERCENT}, "guards": {"cap": {"max_discount": "10", "on_fail": "clamp"}}}
    more = Condition("more", "base", (("customer", "ACME"), *ITEM), Decimal(100))
    net = Condition("net", "base", ITEM, Decimal(50), net=True)
    check_more_prices_never_cost_more(one_line(rules, net, Condition("d", "discount", ITEM, Decimal(60))), more)


def test_x3_one_more_price_where_a_discount_takes_the_value_of_all_lines() -> None:
    """1.00 off from a value of 1.00 on: 1.00 costs nothing; with 0.50 for the customer beside it, it costs 0.50."""
    voucher = {"kind": "amount", "access": BY_ITEM, "scale": {"basis": "group_value"}}
    rules = {"schema": {"base": BEST, "voucher": voucher}}
    more = Condition("more", "base", (("customer", "ACME"), *ITEM), Decimal("0.50"))
    off = Condition("off", "voucher", ITEM, scale="from", rows=((Decimal(1), Decimal(1)),))
    check_more_prices_never_cost_more(one_line(rules, Condition("one", "base", ITEM, Decimal(1)), off), more)


def test_x12_a_record_of_last_year_does_not_move_the_start_of_its_group() -> None:
    """100 less 10 less 20 % is 72; with the old record 20 % of 100 are taken first, which is 70."""
    group = {"group": "commercial", **PERCENT}
    rules = {**steps(old=group, voucher={"kind": "amount", "access": BY_ITEM}, new=group), "groups": {"commercial": {"combine": "additive"}}}
    old = Condition("old", "old", ITEM, Decimal(5), valid_to=date(2025, 12, 31))
    voucher, new = Condition("voucher", "voucher", ITEM, Decimal(10)), Condition("new", "new", ITEM, Decimal(20))
    check_dates_decide(one_line(rules, Condition("p", "base", ITEM, Decimal(100)), old, voucher, new))
