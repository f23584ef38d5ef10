"""A line out of several warehouses: its parts, and those of what came along, add up to what was asked (K1)."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.kernel.document import Line
from sphinx_lib.workflow.spreading import spread_over, with_parents

QUANTITIES = st.decimals("0.000001", "9999", places=6) | st.integers(1, 9999).map(Decimal)
PARTS = st.dictionaries(st.sampled_from(["main", "lyon", "nord"]), QUANTITIES, min_size=1)


def line(code: str, quantity: Decimal, **more: object) -> Line:
    return Line(code, 1, item=code, quantity=quantity, warehouse="main", source_id=f"s-{code}", **more)


@given(PARTS, QUANTITIES, st.sampled_from([1, -1]))
def test_the_parts_of_a_line_are_those_given_and_of_what_came_along_they_add_up_to_it(
    parts: dict[str, Decimal], along: Decimal, sign: int
) -> None:
    parts = {place: sign * part for place, part in parts.items()}
    head = line("A", sum(parts.values(), Decimal(0)))
    child = line("C", sign * along, parent_id="A")
    parents = {one.id: one for one in (head, child)}
    assert {one.warehouse: part for one, part in spread_over(head, head.quantity, parents, {"A": parts})} == parts
    found = [(one.warehouse, part) for one, part in spread_over(child, child.quantity, parents, {"A": parts})]
    assert sum((part for _, part in found), Decimal(0)) == child.quantity
    assert {place for place, _ in found} <= parts.keys()
    assert all(part * sign > 0 for _, part in found)


def test_a_line_that_nothing_is_said_of_stays_whole_where_it_is() -> None:
    alone, other = line("A", Decimal(3)), line("B", Decimal(2), parent_id="gone")
    assert list(spread_over(other, Decimal(2), {"A": alone}, {"A": {"lyon": Decimal(3)}})) == [(other, Decimal(2))]


def test_what_came_along_hangs_on_the_part_that_leaves_its_own_warehouse_and_else_on_the_first() -> None:
    heads = [line("A", Decimal(1))._replace(id=f"n{n}", warehouse=place) for n, place in enumerate(("main", "lyon"))]
    child = line("C", Decimal(1), parent_id="s-A")
    made = with_parents([*heads, child._replace(id="c1", warehouse="lyon"), child._replace(id="c2", warehouse="nord")])
    assert [one.parent_id for one in made] == [None, None, "n1", "n0"]
    assert with_parents([child])[0].parent_id is None
