"""What holds of every foot: its parts add up, nothing is lost between lines, VAT codes and totals, with tax or without."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.app.registry import specs
from sphinx_lib.kernel.document import ZERO, Document, Line, Part
from sphinx_lib.kernel.money import currency_digits
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pricing.foot import entered_amount, foot_of
from sphinx_lib.pricing.tax import rate_of
from sphinx_lib.pricing.totals import with_totals

DAY = date(2026, 3, 2)
PACK = load_pack(("base",), specs())

codes = st.sampled_from(["standard", "intermediate", "reduced", "zero"])
prices = st.decimals(0, 999, places=3)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    role = draw(st.sampled_from(["", "", "", "shipping", "eco", "deposit", "option", "alternative"]))
    quantity = draw(st.decimals(-9, 40, places=2))
    parts = draw(st.lists(st.builds(Part, st.just("X"), st.just(Decimal(1)), prices, codes, st.just(True), st.just("goods"))))
    return Line(
        id="l", position=1, quantity=quantity, price_quantity=quantity, unit_price=draw(prices), role=role,
        vat="" if role == "shipping" and draw(st.booleans()) else draw(codes), account_group="goods",
        parts=tuple(parts[:3]) if not role else (), discountable=draw(st.booleans()),
    )  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> Document:
    return Document(
        id="d", type="invoice", state="draft", date=DAY, regime="domestic",
        currency=draw(st.sampled_from(["EUR", "JPY", "TND"])), foot_discount=draw(st.decimals(0, 100, places=2)),
        early_payment_discount=draw(st.sampled_from([ZERO, Decimal(2), Decimal("3.5")])),
        prices_include_tax=draw(st.booleans()), lines=tuple(draw(st.lists(lines(), max_size=7))),
    )  # fmt: skip


@given(documents())
def test_the_totals_are_the_sums_of_the_portions_and_of_the_bases(document: Document) -> None:
    """N9, EN 16931."""
    made = with_totals(document, PACK)
    totals = made.totals
    assert totals["net_commercial"] == totals["goods"] - totals["foot_discount"]
    assert totals["net_financial"] == totals["net_commercial"] - totals["early_payment_discount"]
    beside = sum((totals.get(name, ZERO) for name in ("shipping", "eco_contribution", "deposits")), ZERO)
    assert made.total_net == totals["net_financial"] + beside == sum((row.base for row in made.vat), ZERO)
    assert made.total_vat == sum((row.amount for row in made.vat), ZERO)
    assert made.total_gross == made.total_net + made.total_vat


@given(documents())
def test_lines_and_vat_codes_share_the_same_amounts(document: Document) -> None:
    """VA2, K11: what stands on the lines stands under the codes."""
    made = with_totals(document, PACK)
    foot = foot_of(made, PACK)
    assert sum((line.net for line in made.lines if line.counts), ZERO) == sum((one.amount for one in foot.portions), ZERO)
    for row in made.vat:
        assert row.base == sum((one.base for one in foot.portions if one.vat == row.code), ZERO)
    for one in foot.portions:
        if one.role:
            assert (one.discount, one.early) == (0, 0)
        if not made.lines[one.place].discountable:
            assert one.discount == 0


@given(documents())
def test_a_second_time_changes_nothing(document: Document) -> None:
    made = with_totals(document, PACK)
    assert with_totals(made, PACK) == made


@given(documents())
def test_with_tax_the_gross_is_what_was_entered_less_what_is_taken_off(document: Document) -> None:
    """VA3: as if the prices were without tax and nobody asked for any."""
    gross = with_totals(document.changed(prices_include_tax=True), PACK).total_gross
    assert gross == with_totals(document.changed(prices_include_tax=False, regime="export"), PACK).total_net


@given(documents())
def test_with_tax_each_net_is_within_a_minor_unit_of_its_own(document: Document) -> None:
    """VA3: also where lines nearly cancel out."""
    digits = currency_digits(document.currency)
    made = with_totals(document.changed(prices_include_tax=True), PACK)
    for line in made.lines:
        if line.counts and line.vat and not line.parts:
            exact = entered_amount(line, digits) / (1 + rate_of(line.vat, "domestic", PACK, DAY) / 100)
            assert abs(line.net - exact) < Decimal(1).scaleb(-digits)


@given(documents())
def test_each_line_bears_near_its_own_percent(document: Document) -> None:
    """D-foot, N5: the sum is rounded once, and sharing it moves a line by a minor unit at most."""
    digits = currency_digits(document.currency)
    made = with_totals(document.changed(prices_include_tax=False), PACK)
    foot = foot_of(made, PACK)
    for place, line in enumerate(made.lines):
        own = line.net * made.foot_discount / 100 if line.bears_foot_discount else ZERO
        assert abs(foot.shares_of(place)[0] - own) <= Decimal("1.5").scaleb(-digits)
