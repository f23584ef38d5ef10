"""Where goods are picked: walking order, first expired first out, splitting over bins, weights (S40, K10, K11, W1)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib import Sphinx
from sphinx_lib.kernel.document import Line, Part, Stowed
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.lots import Lot, Place
from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.quantity import Units
from sphinx_lib.stock.picking import KIT, Shelves, picked_of, walked, walking_key, with_kits
from sphinx_lib.stock.weights import weigh

D = Decimal
TODAY = date(2026, 3, 2)


def item(code: str, **more: object) -> Item:
    return Item(code=code, name=code, **more)


def line(code: str, quantity: str, stock: str = "", **more: object) -> Line:
    return Line(
        f"l-{code}", 1, item=code, quantity=D(quantity), stock_quantity=D(stock or quantity), stocked=True, warehouse="main",
        source_id=f"s-{code}", source_document="o", **more,
    )  # fmt: skip


def lying(code: str, quantity: str, *, lot: str = "", bin: str = "", expires: date | None = None, since: date = TODAY) -> Lot:
    return Lot(code, "main", lot, bin, D(quantity), expires, since)


def taken(places: list[Lot], wanted: str, home: str = "", claimed: dict[Place, Decimal] | None = None) -> list[tuple[str, str, Decimal]]:
    shelves = Shelves(places, TODAY, claimed or {})
    return [(one.lot, one.bin, one.quantity) for one in shelves.take("A", "main", D(wanted), home)]


def list_of(lines: list[Line], places: list[Lot], *items: Item) -> tuple[Line, ...]:
    numbers = count(1)
    known = {one.code: one for one in items}
    return walked(lines, Shelves(places, TODAY, {}), known, "en", lambda: f"new-{next(numbers)}")


# -- walking order and places --------------------------------------------------------------------------------------------


def test_bins_are_walked_by_in_natural_order_and_no_bin_comes_last() -> None:
    names = ["", "B-1", "A-10", "a-2", "A-2-10", "A-2-9", "A", "10", "9"]
    assert sorted(names, key=walking_key) == ["9", "10", "A", "a-2", "A-2-9", "A-2-10", "A-10", "B-1", ""]


@given(st.lists(st.text(alphabet="A1-b0²٣", max_size=6)))
def test_any_names_of_bins_can_be_sorted(names: list[str]) -> None:
    assert len(sorted(names, key=walking_key)) == len(names)


def test_ten_pieces_are_taken_from_two_bins_seven_and_three() -> None:
    assert taken([lying("A", "5", bin="A-10"), lying("A", "7", bin="A-2")], "10") == [("", "A-2", 7), ("", "A-10", 3)]


def test_the_rest_is_looked_for_at_the_items_own_bin_and_added_to_what_has_its_name_there() -> None:
    assert taken([lying("A", "7", bin="A-2")], "10", "B-1") == [("", "A-2", 7), ("", "B-1", 3)]
    assert taken([lying("A", "7", bin="A-2")], "10", "A-2") == [("", "A-2", 10)]
    assert taken([], "10") == [("", "", 10)]


def test_lots_go_out_by_expiry_then_by_age_and_expired_ones_stay() -> None:
    """K10: first expired first out, then the oldest; what expired yesterday is not available, what expires today is."""
    places = [
        lying("A", "1", lot="NONE"),
        lying("A", "1", lot="NEW", expires=date(2026, 5, 1), since=date(2026, 2, 2)),
        lying("A", "1", lot="OLD", expires=date(2026, 5, 1), since=date(2026, 2, 1), bin="Z-9"),
        lying("A", "1", lot="TODAY", expires=TODAY),
        lying("A", "9", lot="GONE", expires=date(2026, 3, 1)),
    ]
    assert [lot for lot, _, _ in taken(places, "6")] == ["TODAY", "OLD", "NEW", "NONE", ""]


def test_a_lot_in_no_bin_is_looked_for_at_the_items_own_bin_and_what_others_take_there_is_gone() -> None:
    places = [lying("A", "5", lot="L1")]
    assert taken(places, "2", "C-1") == [("L1", "C-1", 2)]
    assert taken(places, "5", "C-1", {Place("A", "main", "L1", "C-1"): D(4)}) == [("L1", "C-1", 1), ("", "C-1", 4)]


def test_what_somebody_named_beforehand_is_taken_first() -> None:
    places = [lying("A", "5", lot="L1", since=date(2026, 1, 5)), lying("A", "5", lot="L2", bin="B")]
    shelves = Shelves(places, TODAY, {})
    found = shelves.take("A", "main", D(6), "", [Stowed(D(3), "L2", "B")])
    assert [(one.lot, one.quantity) for one in found] == [("L2", 3), ("L1", 3)]


# -- lists ---------------------------------------------------------------------------------------------------------------


def test_lines_stand_in_walking_order_without_prices_and_without_what_is_not_picked() -> None:
    lines = [line("A", "10", unit_price=D(5), net=D(50), vat="standard"), line("B", "1"), Line("t", 3, text="hello")]
    found = list_of(lines, [lying("A", "7", bin="A-2")], item("A", bin="C-1"), item("B", bin="B-1"))
    assert [(one.position, one.item, one.quantity, one.stowed[0].bin) for one in found] == [
        (1, "A", 7, "A-2"), (2, "B", 1, "B-1"), (3, "A", 3, "C-1"),
    ]  # fmt: skip
    assert {(one.unit_price, one.net, one.vat) for one in found} == {(None, 0, "")}
    assert [one.root_id for one in found] == ["s-A", "s-B", "s-A"]


def test_a_sales_unit_is_split_so_that_stock_is_exact_and_the_parts_add_up() -> None:
    """Ten boxes of 6, of which 7 pieces lie in one bin."""
    found = list_of([line("A", "10", "60")], [lying("A", "7", bin="A")], item("A", bin="B"))
    assert [one.stock_quantity for one in found] == [7, 53]
    assert sum(one.quantity for one in found) == 10


@given(st.integers(1, 50), st.integers(1, 60), st.lists(st.integers(1, 30), max_size=6))
def test_whatever_lies_where_the_parts_add_up_to_what_was_asked(quantity: int, factor: int, shelves: list[int]) -> None:
    places = [lying("A", str(held), bin=f"A-{n}") for n, held in enumerate(shelves)]
    found = list_of([line("A", str(quantity), str(quantity * factor))], places, item("A"))
    assert sum(one.quantity for one in found) == quantity
    assert sum(one.stock_quantity for one in found) == quantity * factor
    for one in found:
        held = sum(place.quantity for place in places if one.stowed and place.bin == one.stowed[0].bin)
        assert not one.stowed or one.stock_quantity <= held


KIT_LINE = Line(
    "l-K", 1, item="K", quantity=D(3), stock_quantity=D(3), warehouse="main", source_id="s-K", source_document="o",
    parts=(Part("A", D(2), D(0), "", True, ""), Part("B", D("0.5"), D(0), "", True, ""), Part("S", D(1), D(0), "", False, "")),
)  # fmt: skip


def kit_list(*places: Lot) -> list[Line]:
    return list(list_of([KIT_LINE], list(places), item("A", bin="A-1"), item("B", bin="B-1"), item("K"), item("S")))


def test_a_kit_is_picked_by_its_components_and_only_its_own_line_has_a_source() -> None:
    found = kit_list(lying("A", "4", bin="A-0"))
    assert [(one.item, one.quantity, one.source_id) for one in found] == [
        ("A", 4, None), ("A", 2, None), ("B", D("1.5"), None), ("K", 3, "s-K"),
    ]  # fmt: skip
    assert found[-1].role == KIT
    assert {one.parent_id for one in found[:-1]} == {found[-1].id}


def test_a_kit_counts_for_as_many_as_its_components_make_up() -> None:
    found = kit_list()
    assert with_kits(found)[-1].quantity == 3
    short = [one._replace(quantity=D(5), stock_quantity=D(5)) if one.item == "A" else one for one in found]
    assert with_kits(short)[-1].quantity == 2
    assert with_kits([one for one in found if one.item != "B"])[-1].quantity == 0


def test_of_what_was_picked_for_a_kit_no_more_leaves_its_bin_than_the_kits_hold() -> None:
    places = [lying("A", "6", bin="A-0")]
    found = kit_list(*places)
    short = with_kits([one._replace(quantity=D(1), stock_quantity=D(1)) if one.item == "B" else one for one in found])
    assert short[-1].quantity == 2
    assert picked_of(short, places)["s-K", "main"].stowed == (Stowed(D(4), "", "A-0", None, "A"),)


def test_no_more_is_taken_under_the_name_of_a_bin_than_lies_there_now_and_lots_as_they_were_named() -> None:
    listed = [
        line("A", "7")._replace(stowed=(Stowed(D(7), "", "A-2"),)),
        line("L", "4")._replace(stowed=(Stowed(D(4), "L1", "C-1"),)),
    ]
    places = [lying("A", "5", bin="A-2"), lying("L", "3", lot="L1", expires=date(2026, 5, 1))]
    found = picked_of(listed, places)
    assert found["s-A", "main"] == (7, 7, (Stowed(D(5), "", "A-2"),))
    assert found["s-L", "main"] == (4, 4, (Stowed(D(4), "L1", "", date(2026, 5, 1)),))


# -- weights -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def units() -> Units:
    return Sphinx.open(("base",)).pack.units


SCREWS, DRUMS = line("V", "120", weight_kg=D("0.0085")), line("F", "2", weight_kg=D(25))


def test_ex_44_weighs_51_02_kg_in_the_unit_that_is_asked_for(units: Units) -> None:
    """W1: 120 screws at 8.5 g and 2 drums at 25 kg."""
    assert weigh([SCREWS, DRUMS], {}, units, "kg") == (D("51.02"), D("51.02"), "kg", ())
    assert weigh([SCREWS, DRUMS], {}, units, "g").net == 51020
    assert weigh([SCREWS, DRUMS], {}, units, "t").net == D("0.05102")


def test_gross_adds_packing_and_rounds_once(units: Units) -> None:
    found = weigh([SCREWS, DRUMS], {"V": D("0.00001"), "F": D("1.5")}, units, "kg")
    assert found.gross == D("54.021")
    thirds = [line(f"I{n}", "1", weight_kg=D("0.0004")) for n in range(3)]
    assert weigh(thirds, {}, units, "kg").net == D("0.001")


def test_items_without_weight_are_reported_and_count_for_nothing(units: Units) -> None:
    assert weigh([DRUMS, line("X", "3")._replace(position=4)], {}, units, "kg") == (50, 50, "kg", ((4, "X"),))


def test_a_kit_weighs_its_components_and_those_without_weight_are_named(units: Units) -> None:
    parts = (Part("A", D(2), D(0), "", True, "", weight_kg=D("0.5")), Part("B", D(1), D(0), "", True, ""))
    kit = Line("k", 1, item="K", quantity=D(3), stock_quantity=D(3), parts=parts)
    assert weigh([kit], {"A": D("0.1")}, units, "kg") == (3, D("3.6"), "kg", ((1, "B"),))
    assert weigh([kit._replace(weight_kg=D(4))], {"K": D(1)}, units, "kg") == (12, 15, "kg", ())


def test_a_unit_of_another_dimension_is_refused(units: Units) -> None:
    with pytest.raises(InputError, match="m is no unit of mass"):
        weigh([DRUMS], {}, units, "m")
