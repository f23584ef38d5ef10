"""No law is a check that cannot fail: each is broken by an engine, or a document, that gets its figures wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_UP, Context, Decimal, getcontext
from fractions import Fraction
from itertools import count
from typing import Any

import pytest

from sphinx_lib.app.session import Session
from sphinx_lib.app.sphinx import Sphinx
from sphinx_lib.app.views import DocumentView
from sphinx_lib.kernel.conditions import Condition
from sphinx_lib.kernel.document import TraceRow
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item
from sphinx_lib.pricing.guards import Failure
from sphinx_lib.pricing.price_line import Priced, line_net, price_lines
from sphinx_lib.pricing.schema import PriceBook, Sale, Schema, build_book
from sphinx_lib.pricing.select import Ask, hits_of
from sphinx_lib.testing import (
    Price,
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
    check_price_list,
    check_round_trip,
    check_same_again,
    check_scales_descend,
    check_splits_keep_the_total,
    check_traces_add_up,
    check_units_agree,
    check_unused_records_change_nothing,
    given,
    in_memory,
    price,
)
from sphinx_lib.testing.document_laws import read_document
from sphinx_lib.testing.setting import Engine

DAY = date(2026, 3, 2)
ITEM = (("item", "A"),)
CENT = Decimal("0.01")
WIDE = Context(prec=28)
Asks = Sequence[Ask]
Books = Sequence[PriceBook]


def setting(
    *more: Condition, select: str = "first", guards: dict[str, Any] | None = None, base: Condition | None = None, quantity: int = 3
) -> Setting:
    """An item at 100.00 less 10 % for a customer and 5 %, for ACME; a dearer price for the customer on other days."""
    rules = {
        "schema": {
            "base": {"kind": "price", "select": select, "access": {
                "customer_item": {"key": ["customer", "item"]}, "item": {"key": ["item"]}, "family": {"key": ["family"]}}},
            "customer_discount": {"kind": "percent", "access": {"customer": {"key": ["customer"]}}},
            "discount": {"kind": "percent", "access": {"item": {"key": ["item"]}}},
        },
        "guards": guards or {},
    }  # fmt: skip
    records = [
        base or Condition("catalogue", "base", ITEM, Decimal("100.00")),
        Condition("ten", "customer_discount", (("customer", "ACME"),), Decimal(10)),
        Condition("five", "discount", ITEM, Decimal(5), valid_from=date(2026, 1, 1), valid_to=date(2026, 6, 30)),
        *more,
    ]
    sale = Sale("EUR", "EUR", Decimal(1), {"customer": "ACME"}, {}, lambda name, item: None)
    item = Item(code="A", name={"": "A"}, family="F", cost=Decimal(60))
    ask = Ask(
        item, Decimal(quantity), "unit", DAY, {"unit": Fraction(1)}.__getitem__, {"item": "A", "family": "F"},
        cost=lambda source: item.cost,
    )  # fmt: skip
    return a_setting(rules, records, sale, [ask])


def wrong(change: Callable[[Priced, Asks, Books], Priced]) -> Engine:
    """The engine with a mistake in each price."""

    def engine(asks: Asks, sale: Sale, schema: Schema, books: Books) -> list[Priced]:
        return [change(one, asks, books) for one in price_lines(asks, sale, schema, books)]

    return engine


def misreading(change: Callable[[Condition], Condition]) -> Engine:
    """The engine with a mistake in how it reads records."""

    def engine(asks: Asks, sale: Sale, schema: Schema, books: Books) -> list[Priced]:
        read = [build_book(schema, map(change, records_of(book))) for book in books]
        return price_lines(asks, sale, schema, read)

    return engine


def records_of(book: PriceBook) -> Iterable[Condition]:
    for table in book.tables.values():
        for shelf in table.values():
            yield from (hit[2] for hit in (*shelf.prices, *shelf.others))


def dearer(priced: Priced, by: object) -> Priced:
    assert priced.unit_price is not None
    added = Decimal(str(by)).scaleb(-2, WIDE)
    return priced._replace(unit_price=WIDE.add(priced.unit_price, added))


def with_rows(priced: Priced, change: Callable[[TraceRow], TraceRow]) -> Priced:
    return priced._replace(trace=tuple(map(change, priced.trace)))


def broken(law: Callable[..., None], *given: Any, engine: Engine | None = None, **named: Any) -> str:
    """What the law says of a wrong engine, once it has passed the right one."""
    right, *rest = given
    if engine is not None:
        law(right, *rest, **named)
        right = right.but(engine=engine)
    with pytest.raises(AssertionError) as error:
        law(right, *rest, **named)
    return str(error.value)


# -- records: X1, X2, X3, X10, X12 ---------------------------------------------------------------------------------------


def test_x1_fails_where_the_record_read_first_decides() -> None:
    first = wrong(lambda one, asks, books: dearer(one, len(next(iter(records_of(books[0]))).code)))
    assert broken(check_order_does_not_matter, setting(), engine=first) == (
        "X1: item A, 3 unit for ACME on 2026-03-02 in EUR: another order gives another price\n"
        "    before: 85.59 = base 100, customer_discount -10, discount -4.5\n"
        "    after: 85.53 = base 100, customer_discount -10, discount -4.5"
    )


def test_x1_fails_where_the_number_of_files_decides() -> None:
    assert "two files" in broken(
        check_order_does_not_matter, setting(), engine=wrong(lambda one, asks, books: dearer(one, len(books)))
    )


def test_x1_wants_the_same_records_in_another_order() -> None:
    assert "holds the same records" in broken(check_order_does_not_matter, setting(), setting().records[1:])


def test_x2_fails_where_records_of_others_count() -> None:
    told = broken(
        check_unused_records_change_nothing, setting(), engine=wrong(lambda one, asks, books: dearer(one, books[0].size))
    )
    assert "records for somebody else change the price" in told


def test_x2_fails_where_a_later_access_counts() -> None:
    def counts(one: Priced, asks: Asks, books: Books) -> Priced:
        sale = Sale("EUR", "EUR", Decimal(1), {"customer": "ACME"}, {}, lambda name, item: None)
        return dearer(one, sum(map(len, hits_of(asks[0], sale, books).by_step.values())))

    told = broken(check_unused_records_change_nothing, setting(), engine=wrong(counts))
    assert "a record for the later access base family changes the price" in told


def test_x3_fails_where_one_more_price_makes_it_dearer() -> None:
    told = broken(
        check_more_prices_never_cost_more, setting(select="best_for_customer"),
        engine=wrong(lambda one, asks, books: dearer(one, 10_000 * books[0].size)),
    )  # fmt: skip
    assert "one more price (base customer_item times 0) costs more" in told


def test_x10_fails_where_something_else_than_the_lines_decides() -> None:
    times = count()
    assert "the second time" in broken(check_same_again, setting().but(engine=wrong(lambda one, asks, books: dearer(one, next(times)))))
    assert "another decimal context" in broken(
        check_same_again, setting(), engine=wrong(lambda one, asks, books: dearer(one, getcontext().prec))
    )
    two = setting().but(asks=setting().asks * 2)
    assert "alone" in broken(check_same_again, two, engine=wrong(lambda one, asks, books: dearer(one, len(asks))))


def test_x12_fails_where_dates_are_not_read() -> None:
    ignorant = misreading(lambda one: one._replace(valid_from=None, valid_to=None))
    told = broken(check_dates_decide, setting(), engine=ignorant)
    assert told.startswith("X12: item A, 3 unit for ACME on 2025-12-31 in EUR: records of other days change the price")


@pytest.mark.parametrize(
    ("late", "day"), [("valid_from", "2026-01-01"), ("valid_to", "2026-06-30")]
)  # fmt: skip
def test_x12_fails_where_the_first_or_the_last_day_is_left_out(late: str, day: str) -> None:
    step = timedelta(1 if late == "valid_from" else -1)
    short = misreading(lambda one: one._replace(**{late: getattr(one, late) and getattr(one, late) + step}))
    told = broken(check_dates_decide, setting(), engine=short)
    assert told.startswith(f"X12: item A, 3 unit for ACME on {day} in EUR: the first or the last day of a record")


# -- figures: X4, X5, X6, X9 ---------------------------------------------------------------------------------------------


def test_x4_fails_where_the_trace_says_something_else_than_the_price() -> None:
    assert "the trace adds up to 85.5, the unit price is 85.51" in broken(
        check_traces_add_up, setting(), engine=wrong(lambda one, asks, books: dearer(one, 1))
    )
    off = wrong(lambda one, asks, books: with_rows(one, lambda row: row._replace(amount=row.amount + CENT)))
    assert "base says 100.00 so far, it is 100.01" in broken(check_traces_add_up, setting(), engine=off)
    active = wrong(lambda one, asks, books: with_rows(one, lambda row: row._replace(active=not row.rate, running=None)))
    assert "the trace adds up to 100, the unit price is 85.5" in broken(check_traces_add_up, setting(), engine=active)


def test_x4_fails_where_the_line_is_not_its_quantity_times_the_price() -> None:
    app = given(in_memory(), an_item("P", sale_price="19.99"))
    found = price(app, item="P", quantity=7)
    check_line_total(found)
    with pytest.raises(AssertionError, match="X4: item P: 7.000000 times 19.9900 per 1 are 139.93, rounded 139.93; the line says 139.92"):
        check_line_total(found._replace(line=found.line._replace(net=found.net - CENT)))


def test_x5_fails_where_the_way_back_is_cut_off() -> None:
    """100.00 EUR at 1.0850 are 108.50 USD, which are 100.00 EUR; a cent more is too much."""
    check_round_trip(Decimal(100), "USD", Decimal("1.0850"))
    with pytest.raises(AssertionError, match="X5: 100 EUR at 1.0850 are 108.50 USD, and these are 100.01 EUR: off by 0.01"):
        check_round_trip(Decimal(100), "USD", Decimal("1.0850"), back=lambda amount, rate, digits: Decimal("100.01"))


def test_x6_fails_where_more_costs_more_each() -> None:
    rows = ((Decimal(1), Decimal(10)), (Decimal(50), Decimal("9.20")), (Decimal(100), Decimal("8.50")))
    scaled = setting(base=Condition("scale", "base", ITEM, scale="from", rows=rows))
    quantities = [Decimal(number) for number in (49, 50, 99, 100)]
    turned = misreading(lambda one: one._replace(rows=tuple((bound, 20 - value) for bound, value in one.rows)))
    told = broken(check_scales_descend, scaled, quantities, engine=turned)
    assert "each of 50 costs more than each of 49" in told


def test_x6_fails_where_slices_cost_less_in_all() -> None:
    rows = ((Decimal(100), Decimal(4)), (Decimal(200), Decimal("3.90")), (None, Decimal("3.80")))
    sliced = setting(base=Condition("slices", "base", ITEM, scale="interval", rows=rows))
    flat = wrong(lambda one, asks, books: one._replace(list_price=Decimal(100) / asks[0].quantity ** 2))
    told = broken(check_scales_descend, sliced, [Decimal(100), Decimal(250)], engine=flat)
    assert "250 cost less in all than 100" in told


def test_x9_fails_where_each_line_is_rounded_up_to_whole_units() -> None:
    def whole(quantity: Decimal, unit_price: Decimal, per: Decimal, digits: int) -> Decimal:
        return line_net(quantity, unit_price, per, digits).quantize(Decimal(1), ROUND_UP)

    check_splits_keep_the_total(setting())
    assert "1.500 and 1.500 make 129 and 129, together 257" in broken(check_splits_keep_the_total, setting(), total=whole)


# -- guards and discounts: X7, X8 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("guard", "floor"),
    [({"min_margin_rate": "25"}, "80"), ({"min_markup_rate": "30"}, "78"), ({"max_discount": "16"}, "84")],
)
def test_x7_fails_where_a_price_below_its_floor_passes(guard: dict[str, Any], floor: str) -> None:
    """A cost of 60 with a taux de marque of 25 % gives 80 (PX9)."""
    cheap = wrong(lambda one, asks, books: one._replace(unit_price=Decimal("70.00")))
    told = broken(check_guards_hold, setting(guards={"floor": {**guard, "on_fail": "clamp"}}), engine=cheap)
    assert f"70.00 is below {floor}, the floor of floor, and nothing says so" in told


def test_x7_fails_where_a_guard_complains_of_a_good_price() -> None:
    failure = Failure("floor", "warn", Decimal(85), Decimal(80))
    loud = wrong(lambda one, asks, books: one._replace(failures=(failure,)))
    told = broken(check_guards_hold, setting(guards={"floor": {"min_margin_rate": "25"}}), engine=loud)
    assert "floor complains of 85, its floor is 80" in told


def by_hand(price_of: Callable[[tuple[Decimal, ...]], Decimal]) -> Engine:
    """The engine with another price for discounts by hand."""

    def engine(asks: Asks, sale: Sale, schema: Schema, books: Books) -> list[Priced]:
        found = price_lines(asks, sale, schema, books)
        return [
            one if ask.manual is None else one._replace(unit_price=price_of(ask.manual.discounts or ()))
            for ask, one in zip(asks, found, strict=True)
        ]

    return engine


@pytest.mark.parametrize(
    ("price_of", "told"),
    [
        (lambda discounts: Decimal(len(discounts)), "0 % by hand changes the price"),
        (lambda discounts: CENT, "100 % by hand leaves a price"),
        (lambda discounts: discounts[0] % 100 if discounts else Decimal(0), "the order of discounts by hand changes the price"),
    ],
)
def test_x8_fails_where_discounts_by_hand_are_no_factors(price_of: Callable[..., Decimal], told: str) -> None:
    assert told in broken(check_discounts_are_exact, setting(), engine=by_hand(price_of))


@pytest.mark.parametrize(
    ("percent", "change", "told"),
    [
        ("0", {"amount": CENT}, "discount takes 0 % and yet 0.01"),
        ("100", {"running": CENT}, "discount takes 100 % and leaves 0.01"),
        ("20", {"running": CENT}, "the product of the factors is 72, the price is 0.01"),
    ],
)
def test_x8_fails_where_rows_are_no_factors(percent: str, change: dict[str, Any], told: str) -> None:
    same = setting(Condition("more", "discount", ITEM, Decimal(percent), priority=1))
    off = wrong(lambda one, asks, books: with_rows(one, lambda row: row._replace(**change) if row.step == "discount" else row))
    assert told in broken(check_discounts_are_exact, same, engine=off)


def test_x8_fails_where_percents_of_zero_cost_something() -> None:
    fee = wrong(lambda one, asks, books: dearer(one, books[0].size if asks[0].manual is None else 0))
    assert "percents of 0 change the price" in broken(check_discounts_are_exact, setting(), engine=fee)


# -- units and documents: X11, X13, X14 ----------------------------------------------------------------------------------


def shop() -> Sphinx:
    return given(
        in_memory(), a_customer("ACME"), a_customer("US", currency="USD", country="US"), an_exchange_rate("USD", "1.0850"),
        an_item("SUGAR", unit="kg", sale_price="12.34", cost="8.00"),
    )  # fmt: skip


def invoice(app: Sphinx, customer: str = "ACME", **header: Any) -> str:
    with app.session() as session:
        lines = [{"item": "SUGAR", "quantity": 2}, {"item": "SUGAR", "quantity": 3, "discounts": ["12.5"]}]
        made = session.create("invoice", customer=customer, lines=lines, **header)
        return session.fire(made.id, "issue").id


def test_x11_fails_where_the_unit_is_not_read() -> None:
    def careless(app: Sphinx, **line: Any) -> Price:
        return price(app, **{**line, "unit": "kg"})

    check_units_agree(shop(), item="SUGAR", quantity=2)
    with pytest.raises(AssertionError, match=r"X11: item SUGAR: 2 kg make 24.68 by base 12.34, 2000 g make 24680.00"):
        check_units_agree(shop(), item="SUGAR", quantity=2, price=careless)


def test_x13_fails_where_a_part_is_credited() -> None:
    app = shop()
    made = invoice(app)
    check_credit_brings_back(app, made)

    def partly(session: Session, source: str) -> str:
        note = session.derive(source, "credit_note", quantities={1: 1}).documents[0]
        return session.fire(note.id, "issue").id

    with pytest.raises(AssertionError) as error:
        check_credit_brings_back(app, made, credit=partly)
    told = str(error.value).splitlines()
    assert "X13: invoice FA2026-00001: total_net is 57.07, credited are 12.34" in told
    assert "X13: invoice FA2026-00001: VAT is standard 57.07 + 11.41, credited are standard 12.34 + 2.47" in told
    assert "X13: invoice FA2026-00001: 53.67 of invoice FA2026-00001 stay open" in told
    assert "X13: invoice FA2026-00001: the customer owed 68.48 with an invoice of 68.48, and owes 53.67 without" in told
    assert any("account 707" in one and "keeps" in one for one in told)
    with app.reader() as views:
        assert views.ids(type="credit_note") == []


def test_x13_is_about_an_invoice_that_is_issued_and_open() -> None:
    app = shop()
    with app.session() as session:
        draft = session.create("invoice", customer="ACME", lines=[{"item": "SUGAR", "quantity": 2}])
    with pytest.raises(InputError, match="invoice draft: give one that is issued and open in whole"):
        check_credit_brings_back(app, draft.id)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"net_to_pay": CENT}, "the instalments add up to 61.93, net_to_pay is 0.01"),
        ({"total_gross": CENT}, "net and VAT add up to 61.93, total_gross is 0.01"),
        ({"counterpart_gross": CENT}, "the counterparts of net and VAT add up to 57.08, counterpart_gross is 0.01"),
        ({"vat": ()}, "the bases of VAT add up to 0, total_net is 61.93"),
        ({"totals": {"foot_discount": CENT}}, "the lines less what is taken off add up to 61.92, total_net is 61.93"),
    ],
)
def test_x14_fails_where_a_sum_is_off(change: dict[str, Any], told: str) -> None:
    app = shop()
    made = invoice(app, "US")
    check_document_adds_up(app, made)

    def misread(app: Sphinx, document: str) -> DocumentView:
        view = read_document(app, document)
        return replace(view, document=view.document.changed(**change))

    with pytest.raises(AssertionError, match="X14: invoice FA2026-00001: ") as error:
        check_document_adds_up(app, made, read=misread)
    assert told in str(error.value)


# -- a whole price list --------------------------------------------------------------------------------------------------


def test_a_price_list_is_checked_on_all_items_and_customers() -> None:
    app = given(shop(), an_item("NEW"), a_price("quantity_discount", item="SUGAR", rows=[["10", "5"]], valid_from="2026-01-01"))
    checked = check_price_list(app, quantities=(1, 10), days=("2025-12-31", "2026-01-01"))
    assert checked.prices == 2 * 3 + 2 * 2
    assert checked.without == (
        "item NEW for anybody on 2025-12-31", "item NEW for ACME on 2025-12-31",
        "US on 2025-12-31: no exchange rate for USD on 2025-12-31; put an exchange_rate, or give the document a rate",
        "item NEW for anybody on 2026-01-01", "item NEW for ACME on 2026-01-01", "item NEW for US on 2026-01-01",
    )  # fmt: skip


def test_a_price_list_that_breaks_a_law_is_told_with_all_its_breaches() -> None:
    off = wrong(lambda one, asks, books: one if one.unit_price is None else dearer(one, books[0].size + 1))
    with pytest.raises(AssertionError) as error:
        check_price_list(shop(), customers=["ACME"], engine=off)
    laws = {line.partition(":")[0] for line in str(error.value).splitlines() if line.startswith("X")}
    assert laws >= {"X2", "X4"}


def test_a_price_list_without_a_price_is_no_success() -> None:
    with pytest.raises(AssertionError, match="no line has a price, so nothing was checked: item NEW for anybody on 2026-01-01"):
        check_price_list(given(in_memory(), an_item("NEW")))
