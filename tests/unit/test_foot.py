"""The foot of a document: N9, D-foot, VA1-VA3, K11, E1-E3, M3; the figures are those of the worked examples."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from sphinx_lib.accounting.entries import entry_of
from sphinx_lib.app.registry import specs
from sphinx_lib.kernel.document import Document, Line, Part, Progress
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pricing.foot import foot_of
from sphinx_lib.pricing.totals import with_totals
from sphinx_lib.workflow.carried import deserted_sections, foot_amount

DAY = date(2026, 3, 2)
PACK = load_pack(("base",), specs())
ONE = Decimal(1)


def line(amount: str, vat: str = "standard", role: str = "", **more: object) -> Line:
    """A line of one piece; a negative amount is a negative quantity."""
    net = Decimal(amount)
    count = -ONE if net < 0 else ONE
    values = {"account_group": "shipping" if role == "shipping" else "goods", **more}
    return Line(
        id=f"{role}{vat}{amount}", position=1, quantity=count, price_quantity=count, unit_price=abs(net), vat=vat, role=role,
        **values,  # type: ignore[arg-type]
    )  # fmt: skip


def document(*lines: Line, **header: object) -> Document:
    values: dict[str, object] = {"type": "invoice", "regime": "domestic", **header}
    made = Document(id="d", state="draft", date=DAY, lines=lines, **values)  # type: ignore[arg-type]
    return with_totals(made, PACK)


def vat(made: Document) -> list[tuple[str, str, str]]:
    return [(row.code, f"{row.base:.2f}", f"{row.amount:.2f}") for row in made.vat]


def shares(made: Document) -> list[str]:
    foot = foot_of(made, PACK)
    return [f"{foot.shares_of(place)[0]:.2f}" for place in range(len(made.lines))]


# -- foot discounts and escompte -----------------------------------------------------------------


def test_ex_2_a_foot_discount_is_shared_by_the_largest_cut_off_parts() -> None:
    made = document(line("333.33"), line("222.22"), line("111.11"), foot_discount=Decimal(5))
    assert shares(made) == ["16.67", "11.11", "5.55"]
    assert made.totals["foot_discount"] == Decimal("33.33")


def test_a_foot_discount_passes_by_what_is_not_discountable() -> None:
    """D-foot: port, eco-contributions, deposits, and goods that say so."""
    others = [line("100.00", role=role) for role in ("shipping", "eco", "deposit")]
    made = document(line("100.00"), line("100.00", discountable=False), *others, foot_discount=Decimal(10))
    assert shares(made) == ["10.00", "0.00", "0.00", "0.00", "0.00"]
    assert made.total_net == Decimal("490.00")


def test_a_return_netted_bears_its_own_percent_however_small_the_sum() -> None:
    """N8: 5 % of 100.00 and of -99.90, though both together come to 0.10."""
    made = document(line("100.00"), line("-99.90", "reduced"), foot_discount=Decimal(5))
    assert shares(made) == ["5.00", "-4.99"]
    assert vat(made) == [("standard", "95.00", "19.00"), ("reduced", "-94.91", "-5.22")]


def test_ex_13_the_escompte_is_taken_of_the_net_commercial_before_vat() -> None:
    made = document(line("10000.00"), foot_discount=Decimal(10), early_payment_discount=Decimal(2))
    assert list(made.totals.items()) == [
        ("goods", 10000), ("foot_discount", 1000), ("net_commercial", 9000), ("shipping", 0), ("eco_contribution", 0),
        ("early_payment_discount", 180), ("net_financial", 8820),
    ]  # fmt: skip
    assert (made.total_net, made.total_vat, made.total_gross) == (8820, 1764, 10584)


def test_ex_14_the_eco_contribution_stays_whole() -> None:
    made = document(line("359.10"), line("8.33", role="eco"), early_payment_discount=Decimal(0))
    assert (made.total_net, made.total_vat, made.total_gross) == (Decimal("367.43"), Decimal("73.49"), Decimal("440.92"))


@pytest.mark.parametrize(("amount", "told"), [("0.005", "more than 2 decimals, which EUR has"), ("5", "no line may be discounted by 5")])
def test_an_amount_off_the_foot_needs_cents_and_something_to_be_taken_off(amount: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        document(line("10.00", role="shipping"), foot_discount_amount=Decimal(amount))


# -- VAT codes -----------------------------------------------------------------------------------


def test_ex_45_a_kit_of_90_is_30_at_the_reduced_and_60_at_the_standard_rate() -> None:
    """K11: two of A at 20.00 and one of B at 80.00."""
    parts = (
        Part("A", Decimal(2), Decimal(40), "reduced", True, "goods"),
        Part("B", ONE, Decimal(80), "standard", True, "service"),
    )
    made = document(line("90.00", parts=parts))
    assert vat(made) == [("reduced", "30.00", "1.65"), ("standard", "60.00", "12.00")]
    entry = entry_of(made, "sale", PACK, "e", foot_of(made, PACK).portions)
    assert entry is not None
    assert [(one.account, one.vat, one.credit) for one in entry.lines if one.account.startswith("70")] == [
        ("707000", "reduced", 30), ("706000", "standard", 60),
    ]  # fmt: skip


def test_a_kit_whose_components_are_worth_nothing_goes_to_the_first() -> None:
    parts = tuple(Part(name, ONE, Decimal(0), code, True, "goods") for name, code in (("A", "reduced"), ("B", "standard")))
    assert vat(document(line("9.00", parts=parts))) == [("reduced", "9.00", "0.50"), ("standard", "0.00", "0.00")]


def test_port_without_a_code_goes_over_the_codes_of_the_goods_after_the_foot_discount() -> None:
    """VA2: 180.00 at 20 % and 90.00 at 5.5 %; the eco-contribution is no base."""
    goods = (line("200.00"), line("100.00", "reduced"), line("50.00", "zero", role="eco"))
    made = document(*goods, line("30.00", "", role="shipping"), foot_discount=Decimal(10))
    assert vat(made) == [("standard", "200.00", "40.00"), ("reduced", "100.00", "5.50"), ("zero", "50.00", "0.00")]


def test_port_never_goes_to_goods_that_come_back() -> None:
    """VA2: a share is never above what is shared."""
    made = document(line("100.00"), line("-99.00", "reduced"), line("10.00", "", role="shipping"))
    assert vat(made) == [("standard", "110.00", "22.00"), ("reduced", "-99.00", "-5.45")]


def test_port_alone_keeps_the_codes_it_was_shared_over_else_it_bears_the_standard_rate() -> None:
    """CN1: what is credited has the rates of its origin, also when only some of the goods come back with it."""
    invoice = document(line("200.00"), line("100.00", "reduced"), line("30.00", "", role="shipping"))
    port = invoice.lines[2]
    assert vat(document(port)) == [("standard", "20.00", "4.00"), ("reduced", "10.00", "0.55")]
    back = document(invoice.lines[1], port, type="credit_note", tax_date=DAY)
    assert vat(back) == [("reduced", "110.00", "6.05"), ("standard", "20.00", "4.00")]
    assert vat(document(line("30.00", "", role="shipping"))) == [("standard", "30.00", "6.00")]


def test_port_is_shared_anew_when_other_goods_stand_beside_it() -> None:
    first = document(line("200.00"), line("30.00", "", role="shipping"))
    assert vat(document(line("100.00", "reduced"), first.lines[1])) == [("reduced", "130.00", "7.15")]


def test_bases_add_up_to_the_net_total_in_every_case() -> None:
    """EN 16931: the net total is the sum of the bases by code."""
    made = document(
        line("10.01"), line("3.33", "reduced"), line("7.77", "", role="shipping"), line("5.00", role="deposit"),
        line("9.99", role="option"), foot_discount=Decimal("3.3"), early_payment_discount=Decimal(2),
    )  # fmt: skip
    totals = made.totals
    assert made.total_net == sum(row.base for row in made.vat)
    assert made.total_net == totals["net_financial"] + totals["shipping"] + totals["eco_contribution"] + totals["deposits"]


# -- prices with tax -----------------------------------------------------------------------------


def test_the_net_of_a_code_is_its_total_with_tax_over_the_rate_and_shared_over_its_lines() -> None:
    """VA3: 3.00 with tax is 2.50; three lines of 1.00 are 0.84, 0.83, 0.83 (each alone would be 0.83)."""
    made = document(line("1.00"), line("1.00"), line("1.00"), prices_include_tax=True)
    assert [f"{one.net}" for one in made.lines] == ["0.84", "0.83", "0.83"]
    assert (made.total_net, made.total_vat, made.total_gross) == (Decimal("2.50"), Decimal("0.50"), 3)


def test_lines_that_nearly_cancel_out_keep_their_own_net() -> None:
    made = document(line("120.00"), line("-119.99"), prices_include_tax=True)
    assert [one.net for one in made.lines] == [Decimal("100.00"), Decimal("-99.99")]
    assert made.total_gross == Decimal("0.01")


def test_a_foot_discount_on_prices_with_tax_is_a_percent_of_them() -> None:
    """10 % of 119.99 is 12.00, so that 107.99 is paid; what bears no discount has none after taking tax out either."""
    made = document(line("119.99"), line("9.99", discountable=False), prices_include_tax=True, foot_discount=Decimal(10))
    assert made.total_gross == Decimal("117.98")
    assert shares(made) == ["10.00", "0.00"]


def test_without_vat_the_price_entered_is_the_price() -> None:
    made = document(line("12.34"), line("5.00", "reduced"), prices_include_tax=True, regime="export")
    assert (made.total_net, made.total_gross) == (Decimal("17.34"), Decimal("17.34"))
    assert vat(made) == [("export", "17.34", "0.00")]


def test_an_option_with_tax_shows_its_net_and_is_not_summed() -> None:
    made = document(line("60.00"), line("12.00", role="option"), prices_include_tax=True)
    assert (made.lines[1].net, made.total_gross) == (10, 60)


# -- margin, sections, parts of amounts ----------------------------------------------------------


def test_port_contributions_and_deposits_are_out_of_the_margin_and_escompte_does_not_lower_it() -> None:
    """M3, D1: 200.00 less 10 % at a cost of 120.00."""
    made = document(
        line("200.00", cost=Decimal(120)), line("30.00", role="shipping", cost=Decimal(25)), line("8.33", role="eco"),
        line("12.00", role="deposit"), line("500.00", role="option", cost=Decimal(1)),
        foot_discount=Decimal(10), early_payment_discount=Decimal(2),
    )  # fmt: skip
    assert (made.total_cost, made.margin) == (120, 60)


def section(id: str, role: str = "", quantity: Decimal | None = None) -> Line:
    return Line(id=id, position=1, role=role, quantity=quantity)


def test_a_section_of_options_stays_behind_whole_and_a_chapter_without_lines_of_its_own_does_not() -> None:
    lines = [
        section("chapter", "heading"), section("one", "heading"), section("a", "", ONE), section("sum", "subtotal"),
        section("options", "heading"), section("note"), section("o", "option", ONE), section("o-sum", "subtotal"),
        section("end"),
    ]  # fmt: skip
    assert deserted_sections(lines) == {"options", "note", "o-sum"}


def test_parts_of_an_amount_add_up_to_it() -> None:
    """A third of 10.00 three times is 3.33, 3.34, 3.33."""
    goods = Line(id="a", position=1, quantity=Decimal(3), net=Decimal(300))
    found = []
    for taken in range(3):
        now = goods._replace(progress={"delivered": Progress(done=Decimal(taken))})
        source = Document(id="o", type="sales_order", state="", date=DAY, foot_discount_amount=Decimal(10), lines=(now,))
        found.append(str(foot_amount([(source, now, ONE)], "delivered")))
    assert found == ["3.33", "3.34", "3.33"]
