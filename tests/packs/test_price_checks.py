"""Checks of the price schema and of its records: each finding with its place, and what is legal is not reported."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.app.registry import specs
from sphinx_lib.kernel.conditions import Condition, ancestors
from sphinx_lib.kernel.errors import ConfigError, InputError
from sphinx_lib.kernel.master import Item
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.record_checks import check_rivals, check_scales, items_without_price, overpaid

PACK = load_pack(["base"], specs())
MODEL = PACK.model
ITEM = (("item", "A"),)


def load(tmp_path: Path, text: str) -> Pack:
    """The shipped configuration with one overlay file over it."""
    layer = tmp_path / "customer"
    layer.mkdir()
    (layer / "o.yaml").write_text(dedent(text), encoding="utf-8")
    return load_pack(["base", layer], specs())


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return [str(problem).replace("\n    hint: ", " -> ") for problem in caught.value.problems]


def warnings(tmp_path: Path, text: str) -> list[str]:
    return [str(problem).replace("\n    hint: ", " -> ") for problem in load(tmp_path, text).warnings]


def record(code: str = "r", value: str | None = "10", **given: object) -> Condition:
    return Condition(code, "base", ITEM, None if value is None else Decimal(value), **given)._replace(origin=f"f:{code}")  # type: ignore[arg-type]


def told(conditions: Iterable[Condition]) -> list[tuple[str, str, bool]]:
    """Which record, the first words, and whether it is a warning."""
    found = check_rivals(MODEL, conditions)
    return [(one.path[1], " ".join(one.message.split(":")[0].split()[:2]), one.warning) for one in found]


# -- the schema ----------------------------------------------------------------------------------------------------------


SCHEMA_ERRORS = [
    ("schema: {base: {access: {x: {key: [custmer]}}}}", "access.x.key: unknown key 'custmer' -> did you mean 'customer'?"),
    ("schema: {base: {access: {x: {key: [party.zne]}}}}", "access.x.key: unknown key 'party.zne' -> did you mean 'party.zone'?"),
    ("schema: {base: {access: {x: {key: [item.cost]}}}}", "access.x.key: item.cost is a number, and a key is a text"),
    ("schema: {base: {access: {x: {key: [currency]}}}}", "'currency' cannot be a key: records have a field of that name"),
    ("schema: {base: {access: {x: {key: [item, item]}}}}", "access.x.key: a name stands twice in this key"),
    ("schema: {p: {kind: percent, group: comercial, access: {i: {key: [item]}}}}", "group: unknown group 'comercial'"),
    ("schema: {p: {kind: percent, access: {i: {key: [item], field: item.sale_price}}}}", "item.sale_price is a price, and step 'p' is of kind percent"),
    ("schema: {base: {access: {i: {key: [site], field: party.discount}}}}", "party.discount is a percent, and step 'base' is of kind price"),
    ("schema: {p: {kind: percent, scale: {type: interval}, access: {i: {key: [item]}}}}", "interval is for a step of kind price"),
    ("schema: {base: {when: cost > x}}", "pricing.schema.base.when: unknown name 'x'"),
    ("schema: {base: {when: cost}}", "pricing.schema.base.when: this gives a number, but a condition is expected"),
    ("guards: {g: {min_price: item.flor}}", "pricing.guards.g.min_price: unknown name 'item.flor' -> did you mean 'item.floor'?"),
    ("guards: {g: {min_price: 1 / 0}}", "pricing.guards.g.min_price: '1 / 0' has no value: division by zero"),
    ("guards: {g: {max_discount: -5}}", "pricing.guards.g.max_discount: no price passes: -5 % off is more than the list price"),
    ("guards: {g: {max_discount: {default: 5, rights: {boss: -1}}}}", "pricing.guards.g.max_discount.rights.boss: no price passes"),
    ("exclusions: {e: {between: [customer_discount, quantity_discont]}}", "unknown group or step 'quantity_discont' -> did you mean 'quantity_discount'?"),
    ("exclusions: {e: {between: [base, quantity_discount]}}", "pricing.exclusions.e.between: 'base' is a price, not a discount"),
    ("exclusions: {e: {between: [quantity_discount, quantity_discount]}}", "an alternative stands twice"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), SCHEMA_ERRORS)
def test_what_the_schema_names_exists_and_goes_together(written: str, expected: str, tmp_path: Path) -> None:
    (found,) = problems(tmp_path, f"pricing: {{{written}}}")
    assert found.startswith("customer/o.yaml:")
    assert expected in found


def test_a_step_is_in_one_alternative_only(tmp_path: Path) -> None:
    text = """\
        pricing:
          groups: {commercial: {}}
          schema: {customer_discount: {group: commercial}}
          exclusions: {e: {between: [commercial, customer_discount]}}
        """
    assert problems(tmp_path, text) == [
        "customer/o.yaml:4:20: pricing.exclusions.e.between: step 'customer_discount' is in 'commercial' and in "
        "'customer_discount' -> take one of the two out"
    ]


def test_keys_are_text_facts_of_party_item_document_and_line(tmp_path: Path) -> None:
    text = """\
        parties: {fields: {branch: {optional: true}}}
        document_types: {quotation: {fields: {campaign: {optional: true}}, line_fields: {colour: {optional: true}}}}
        pricing:
          schema:
            base:
              access:
                mine: {key: [party.branch, party.zone, item.vat, campaign, line.colour, price_list, channel, kind]}
        records: {r: {step: base, party.branch: B, party.zone: eu, item.vat: reduced, campaign: X, line.colour: red, price_list: P, channel: W, kind: k, value: 5}}
        """
    assert [one.code for one in load(tmp_path, text).conditions] == ["r"]


SCHEMA_WARNINGS = [
    ("schema: {s: {kind: percent, access: {}}}", "pricing.schema.s: step 's' has no access, so no record can be found"),
    ("schema: {base: {access: {x: {key: [item, customer]}}}}", "base.access.x.key: access 'x' has the key of 'customer_item', so it never finds anything"),
    ("groups: {commercial: {}}", "pricing.groups.commercial: no step is in the group 'commercial'"),
    ("schema: {quantity_discount: {when: 1 > 2}}", "this never holds: step 'quantity_discount' is always skipped"),
    ("guards: {g: {min_price: item.floor, when: false}}", "this never holds: guard 'g' asks for nothing"),
    ("guards: {g: {max_discount: 100}}", "a discount of 100 % is always allowed, so this asks for nothing"),
    ("guards: {g: {min_price: 2 - 2}}", "no price is below 0, so this asks for nothing"),
    ("guards: {a: {min_margin_rate: 25, on_fail: clamp}, b: {min_margin_rate: 20, on_fail: block}}", "guards.b: every price passes: guard 'a' before it raises the price at least as far"),
    ("guards: {a: {max_discount: 10, on_fail: block}, b: {max_discount: 10, on_fail: clamp}}", "guards.b: guard 'a' has refused or told what this one would raise"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), SCHEMA_WARNINGS)
def test_what_never_happens_is_a_warning(written: str, expected: str, tmp_path: Path) -> None:
    (found,) = warnings(tmp_path, f"pricing: {{{written}}}")
    assert ": warning: " in found
    assert expected in found


GOOD_GUARDS = [
    "{a: {min_margin_rate: 20, on_fail: clamp}, b: {min_margin_rate: 25, on_fail: block}}",
    "{a: {min_margin_rate: 25, on_fail: clamp, when: quantity > 1}, b: {min_margin_rate: 20}}",
    "{a: {min_margin_rate: 25, on_fail: clamp, cost: last}, b: {min_margin_rate: 20}}",
    "{a: {min_markup_rate: 25, on_fail: clamp}, b: {min_margin_rate: 20}}",
    "{a: {max_discount: 10, on_fail: clamp}, b: {max_discount: {default: 20, rights: {boss: 5}}}}",
    "{floor: {min_price: item.floor, on_fail: block}, marque: {min_taux_marque: 25, cost: average, on_fail: clamp}}",
]


@pytest.mark.parametrize("written", GOOD_GUARDS)
def test_guards_that_each_may_fail_are_not_reported(written: str, tmp_path: Path) -> None:
    assert warnings(tmp_path, f"pricing: {{guards: {written}}}") == []


# -- families ------------------------------------------------------------------------------------------------------------


def test_families_that_are_their_own_parents_are_told_each_at_its_place(tmp_path: Path) -> None:
    text = """\
        families:
          screws: {parent: hardware}
          hardware: {parent: tools}
          tools: {parent: hardware}
          paint: {parent: decoration}
          alone: {parent: alone}
        """
    assert problems(tmp_path, text) == [
        "customer/o.yaml:3:22: families.hardware.parent: family 'hardware' is its own parent: hardware > tools > hardware"
        " -> take out one of these parents",
        "customer/o.yaml:4:19: families.tools.parent: family 'tools' is its own parent: tools > hardware > tools"
        " -> take out one of these parents",
        "customer/o.yaml:6:19: families.alone.parent: family 'alone' is its own parent: alone > alone"
        " -> take out one of these parents",
    ]


def test_ancestors_are_told_nearest_first() -> None:
    parents = {"screws": "hardware", "hardware": "all", "a": "b", "b": "c", "c": "b"}
    assert ancestors("screws", parents) == ("hardware", "all")
    assert ancestors("all", parents) == ancestors("unheard", parents) == ()
    with pytest.raises(InputError, match="family 'b' is its own parent: a > b > c > b"):
        ancestors("a", parents)


# -- each record for itself ----------------------------------------------------------------------------------------------


RECORD_ERRORS = [
    ("{step: bse, item: A, value: 5}", "r.step: unknown step 'bse' -> did you mean 'base'?"),
    ("{step: base, customer: C, value: 5}", "r: no context can reach this record: it has customer, step 'base' looks for customer+site+item, customer+item, customer_group+item, item -> give it the keys of one of them"),
    ("{step: base, custmer: C, item: A, value: 5}", "r.custmer: unknown key 'custmer': no access of the schema has it -> did you mean 'customer'?"),
    ("{step: base, item: A, currncy: EUR, value: 5}", "r.currncy: unknown key 'currncy': no access of the schema has it -> did you mean 'currency'?"),
    ("{step: base, access: catalog, item: A, value: 5}", "r.access: unknown access of step base 'catalog' -> did you mean 'catalogue'?"),
    ("{step: base, access: catalogue, customer: C, item: A, value: 5}", "r.access: access 'catalogue' looks for item, this record has customer+item -> take access out"),
    ("{step: base, item: A, value: 5, unit: pice}", "r.unit: unknown unit 'pice'"),
    ("{step: base, item: A, value: 5, currency: EURO}", "r.currency: unknown currency 'EURO'; did you mean 'EUR'?"),
    ("{step: base, item: A, value: -0.01}", "r.value: a price is not below zero: -0.01 -> 0 is free of charge"),
    ("{step: quantity_discount, item: A, value: 250}", "r.value: 250 % is more than the whole price"),
    ("{step: quantity_discount, item: A, rows: [[1, 5], [10, 100.5]]}", "r.rows.1: 100.5 % is more than the whole price"),
    ("{step: base, item: A, rows: [[1, 5], [10, -1]]}", "r.rows.1: a price is not below zero: -1"),
    ("{step: base, item: A, rows: [[10, 5], [10, 4]]}", "r.rows.1: the bound 10 is not above 10 -> write the rows in order"),
    ("{step: base, item: A, scale: {rows: [[10, 5], [1, 6]]}}", "r.scale.rows.1: the bound 1 is not above 10"),
    ("{step: base, item: A, rows: [[null, 5], [10, 4]]}", "r.rows.0: this row has no bound -> write 0 for every quantity"),
    ("{step: base, item: A, scale: {type: to, rows: [[null, 5], [10, 4]]}}", "r.scale.rows.0: this row has no bound -> an open end is the last row"),
    ("{step: base, item: A, rows: [[-1, 5]]}", "r.rows.0: the bound -1 is not above zero"),
    ("{step: base, item: A, scale: {basis: value, rows: [[10, 5]]}}", "r.scale: a price cannot depend on the value that it makes -> take a quantity"),
    ("{step: quantity_discount, item: A, scale: {type: interval, rows: [[10, 5]]}}", "r.scale: slices of quantity have prices: interval is for a step of kind price"),
    ("{step: base, item: A, value: 5, scale: {type: to}}", "r.scale: a scale without rows"),
    ("{step: base, item: A, formula: cst * 2}", "r.formula: unknown name 'cst' -> did you mean 'cost'?"),
    ("{step: base, item: A, formula: 5 / 0}", "r.formula: '5 / 0' has no value: division by zero"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), RECORD_ERRORS)
def test_each_record_says_what_the_schema_can_use(written: str, expected: str, tmp_path: Path) -> None:
    (found,) = problems(tmp_path, f"records:\n  r: {written}\n")
    assert found.startswith("customer/o.yaml:2:")
    assert f": records.{expected}" in found


def test_a_finding_stands_at_the_value_that_is_wrong(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "records:\n  r:\n    step: base\n    item: A\n    value: -2\n")
    assert found.startswith("customer/o.yaml:5:12: records.r.value: a price is not below zero: -2")


def test_zero_a_hundred_percent_and_a_surcharge_are_allowed(tmp_path: Path) -> None:
    text = """\
        records:
          free: {step: base, item: A, value: 0}
          given: {step: quantity_discount, item: A, value: 100}
          dearer: {step: quantity_discount, item: B, value: -150}
        """
    assert load(tmp_path, text).warnings == ()


def test_a_record_of_several_items_is_one_record_for_each(tmp_path: Path) -> None:
    pack = load(tmp_path, "records: {r: {step: base, item: [A, B], rows: [[1, 9], [10, 8.95]]}}")
    assert [(one.keys, one.shares, one.origin) for one in pack.conditions] == [
        ((("item", "A"),), "r", "customer/o.yaml:1"), ((("item", "B"),), "r", "customer/o.yaml:1"),
    ]  # fmt: skip


# -- records against each other (PR3) ------------------------------------------------------------------------------------


def test_pr3_two_equal_records_with_different_values_are_told_with_both_places(tmp_path: Path) -> None:
    text = "records:\n  a: {step: base, item: A, value: 5}\n  b: {step: base, item: A, value: 6}\n"
    assert problems(tmp_path, text) == [
        "customer/o.yaml:3:3: records.b: conflicts with 'a' (customer/o.yaml:2): the same keys from the same day, another price"
        " -> give one of the two a priority, or another valid_from"
    ]
    tied = text + "pricing: {schema: {base: {ties: best_for_customer}}}\n"
    assert len(load_again(tmp_path, tied).conditions) == 2


def load_again(tmp_path: Path, text: str) -> Pack:
    (tmp_path / "customer" / "o.yaml").write_text(text, encoding="utf-8")
    return load_pack(["base", tmp_path / "customer"], specs())


JAN, FEB, DEC = date(2026, 1, 1), date(2026, 2, 1), date(2026, 12, 31)
LEGAL = {
    "the same value twice": (record("a"), record("b")),
    "another start, the later wins": (record("a", valid_from=JAN), record("b", "9", valid_from=FEB)),
    "one from the beginning of time": (record("a"), record("b", "9", valid_from=JAN)),
    "another currency": (record("a"), record("b", "9", currency="USD")),
    "another unit": (record("a", unit="kg"), record("b", "9", unit="unit")),
    "other keys": (record("a"), record("b", "9")._replace(keys=(("item", "B"),))),
    "a priority for some days": (record("a", valid_from=JAN), record("b", "9", valid_from=JAN, valid_to=FEB, priority=1)),
    "a priority where the scale begins": (record("a"), record("b", None, priority=1, scale="from", rows=((Decimal(10), Decimal(9)),))),
}  # fmt: skip


@pytest.mark.parametrize("conditions", LEGAL.values(), ids=LEGAL)
def test_records_that_do_not_conflict_are_not_reported(conditions: tuple[Condition, ...]) -> None:
    assert told(conditions) == told(conditions[::-1]) == []


CONFLICTS = {
    "no dates": (record("a"), record("b", "9")),
    "the company's currency by name": (record("a"), record("b", "9", currency="EUR")),
    "the same start and another end": (record("a", valid_from=JAN), record("b", "9", valid_from=JAN, valid_to=FEB)),
    "the same value per hundred": (record("a"), record("b", per=Decimal(100))),
    "a price and its rows": (record("a"), record("b", None, scale="from", rows=((Decimal(1), Decimal(9)),))),
    "net and not": (record("a"), record("b", net=True)),
}  # fmt: skip


@pytest.mark.parametrize("conditions", CONFLICTS.values(), ids=CONFLICTS)
def test_pr3_records_that_nothing_can_choose_between_conflict(conditions: tuple[Condition, ...]) -> None:
    assert told(conditions) == [("b", "conflicts with", False)]
    assert told(conditions[::-1]) == [("a", "conflicts with", False)]


def test_a_percent_is_the_same_whatever_currency_its_record_names() -> None:
    one = Condition("a", "quantity_discount", ITEM, Decimal(5))
    assert told([one, one._replace(code="b", value=Decimal(6), currency="USD")]) == [("b", "conflicts with", False)]


def test_a_record_that_another_always_beats_is_a_warning(tmp_path: Path) -> None:
    text = """\
        records:
          a: {step: base, item: A, value: 5, valid_from: 2026-02-01, valid_to: 2026-03-31}
          b: {step: base, item: A, value: 6, valid_from: 2026-01-01, priority: 1}
        """
    assert warnings(tmp_path, text) == [
        "customer/o.yaml:2:3: warning: records.a: never applies: 'b' (customer/o.yaml:3) has a higher priority on each of its days"
        " -> take one of the two out"
    ]


DAYS = st.one_of(st.none(), st.integers(0, 6).map(lambda days: JAN + timedelta(days)))


@given(st.lists(st.tuples(DAYS, DAYS, st.integers(0, 3), st.booleans()), max_size=8))
def test_a_record_never_applies_exactly_when_one_record_of_higher_priority_has_all_its_days(
    drawn: list[tuple[date | None, date | None, int, bool]],
) -> None:
    """Against the definition, every pair compared; equal records say the same here, so nothing conflicts."""
    rows = ((Decimal(1), Decimal(10)),)
    made = [
        record(str(number), None if scaled else "10", valid_from=start, valid_to=end, priority=priority,
               scale="from" if scaled else "", rows=rows if scaled else ())
        for number, (start, end, priority, scaled) in enumerate(drawn) if not (start and end and start > end)
    ]  # fmt: skip

    def beats(one: Condition, other: Condition) -> bool:
        starts = (one.valid_from or date.min) <= (other.valid_from or date.min)
        return not one.rows and one.priority > other.priority and starts and (one.valid_to or date.max) >= (other.valid_to or date.max)

    expected = {other.code for other in made if any(beats(one, other) for one in made)}
    assert {code for code, _, warning in told(made) if warning} == expected


# -- scales where less costs more (SC4) ----------------------------------------------------------------------------------

PX4 = ((Decimal(1), Decimal("10.00")), (Decimal(50), Decimal("9.20")), (Decimal(100), Decimal("8.50")))


def test_px4_47_to_49_cost_more_than_50_and_93_to_99_more_than_100(tmp_path: Path) -> None:
    text = "records:\n  p: {step: base, item: P, rows: [[1, 10.00], [50, 9.20], [100, 8.50]]}\n"
    assert warnings(tmp_path, text) == [
        "customer/o.yaml:2:3: warning: records.p: a smaller quantity costs more: 47 to 49 cost more than 50, "
        "93 to 99 cost more than 100 -> check the values, or take it as an invitation to buy more"
    ]


def test_the_warning_carries_its_figures_for_each_item_of_the_record() -> None:
    """PX4 as facts; two items that share a record are told in one warning."""
    both = [record(value=None, scale="from", rows=PX4)._replace(keys=(("item", item),)) for item in ("A", "B")]
    (found,) = check_scales(MODEL, both)
    expected = [(Decimal(47), Decimal(49), Decimal(50)), (Decimal(93), Decimal(99), Decimal(100))]
    assert list(found.facts) == [
        {"item": item, "from": first, "to": last, "than": bound} for item in ("A", "B") for first, last, bound in expected
    ]


def test_quantities_with_decimals_are_told_to_their_last_digit() -> None:
    (found,) = check_scales(MODEL, [record(value=None, scale="from", rows=PX4, unit="kg")])
    assert "46.001 to 49.999 cost more than 50, 92.392 to 99.999 cost more than 100" in found.message


@pytest.mark.parametrize(
    "other",
    [
        {"rows": ((Decimal(1), Decimal(10)), (Decimal(50), Decimal("9.80")))},
        {"rows": PX4, "basis": "value"},
        {"rows": PX4, "scale": "interval"},
        {"rows": ((Decimal(1), Decimal(0)), (Decimal(50), Decimal(0)))},
    ],
)
def test_scales_whose_totals_rise_or_are_of_another_kind_are_not_reported(other: dict[str, object]) -> None:
    assert list(check_scales(MODEL, [record(value=None, **{"scale": "from", **other})])) == []


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 400)), min_size=1, max_size=5, unique_by=lambda row: row[0]).map(sorted)
)
def test_sc4_exactly_the_quantities_that_cost_more_than_a_later_bound_are_told(rows: list[tuple[int, int]]) -> None:
    """Against every whole quantity up to the last bound."""
    scaled = record(value=None, scale="from", basis="quantity", rows=tuple((Decimal(bound), Decimal(value) / 10) for bound, value in rows))

    def total(quantity: int) -> Decimal:
        return quantity * [value for bound, value in scaled.rows if bound is not None and bound <= quantity][-1]

    dear = {
        quantity for quantity in range(rows[0][0], rows[-1][0])
        if any(quantity < bound and total(quantity) > total(bound) for bound, _ in rows)
    }  # fmt: skip
    ranges = overpaid(scaled, 0)
    assert {quantity for one in ranges for quantity in range(int(one.first), int(one.last) + 1)} == dear
    assert all(total(int(one.first)) > total(int(one.bound)) for one in ranges)


# -- items without a price -----------------------------------------------------------------------------------------------


def test_items_without_any_base_price_are_told() -> None:
    items = [
        Item(code="LISTED", name={"": "x"}, sale_price=Decimal(0)),
        Item(code="A", name={"": "x"}),
        Item(code="CUSTOM", name={"": "x"}),
        Item(code="IN_FAMILY", name={"": "x"}, family="screws"),
        Item(code="PORT", name={"": "x"}, role="shipping"),
        Item(code="KIT", name={"": "x"}, kind="kit", kit="exploded", components={"A": Decimal(1)}),
        Item(code="OTHER_FAMILY", name={"": "x"}, family="paint"),
        Item(code="DISCOUNTED", name={"": "x"}),
    ]
    records = [
        record(),
        Condition("c", "base", (("customer", "C"), ("item", "CUSTOM")), Decimal(1)),
        Condition("f", "base", (("family", "hardware"),), Decimal(1)),
        Condition("d", "quantity_discount", (("item", "DISCOUNTED"),), Decimal(5)),
    ]
    assert items_without_price(MODEL, items, records, {"screws": "hardware"}) == ["OTHER_FAMILY", "DISCOUNTED"]
    everywhere = Condition("e", "base", (("price_list", "L"),), Decimal(1))
    assert items_without_price(MODEL, items, [everywhere]) == []
