"""What is put and entered lies within its bounds, and nothing is said twice."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sphinx_lib import ConfigError, InputError, Sphinx
from tests.store.support import ALICE, goods, lines

RULE = {"minimum": 3, "maximum": 9}


@pytest.mark.parametrize(
    ("item", "place"),
    [
        ({"reorder": [{"warehouse": "lyon", **RULE}, {"warehouse": "lyon", **RULE}]}, "lyon"),
        ({"reorder": [RULE, {"warehouse": "main", **RULE}]}, "main"),
        ({"warehouse": "lyon", "reorder": [RULE, {"warehouse": "lyon", **RULE}]}, "lyon"),
    ],
)
def test_a_warehouse_is_reordered_for_by_one_rule_also_when_it_is_the_usual_one(app: Sphinx, item: Any, place: str) -> None:
    with app.session(actor=ALICE) as s:
        with pytest.raises(InputError) as told:
            s.put("item", [goods("NEW", **item)])
        assert told.value.problems == (f"item NEW: reorder: {place!r} has several rules; leave one",)
        s.put("item", [goods("NEW", reorder=[RULE, {"warehouse": "lyon", **RULE}])])


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("restocking_fee_percent", "-1", "-1 is below 0"),
        ("restocking_fee_percent", "300", "300 is above 100"),
        ("restocking_fee", "-0.01", "-0.01 is below 0"),
    ],
)
def test_a_restocking_fee_takes_no_more_than_all_and_gives_nothing(app: Sphinx, field: str, value: str, told: str) -> None:
    with app.session(actor=ALICE) as s:
        note = s.create("delivery_note", customer="ACME", lines=lines(1, 10))
        back = s.derive(note.id, "customer_return").documents[0]
        with pytest.raises(InputError) as wrong:
            s.edit(back.id, **{field: value})
        assert wrong.value.problems == (f"{field}: {told}",)
        kept = s.edit(back.id, restocking_fee_percent="100", restocking_fee="0")
        assert (kept.custom["restocking_fee_percent"], kept.custom["restocking_fee"]) == (Decimal(100), Decimal(0))


@pytest.mark.parametrize(
    ("declared", "told"),
    [("{type: date, minimum: 1}", "minimum and maximum bound numbers"), ("{type: number, minimum: 2, maximum: 1}", "minimum 2 is above")],
)
def test_bounds_that_bound_nothing_are_told_at_load(tmp_path: Path, declared: str, told: str) -> None:
    (tmp_path / "site.yaml").write_text(f"parties:\n  fields:\n    risk: {declared}\n")
    with pytest.raises(ConfigError, match=told):
        Sphinx.open(["base", tmp_path])


def test_a_field_of_a_record_has_bounds_too(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("parties: {fields: {risk: {type: number, optional: true, minimum: 0, maximum: 5}}}\n")
    with Sphinx.open(["base", tmp_path]).session() as s:
        with pytest.raises(InputError, match="risk: 5.1 is above 5"):
            s.put("customer", [{"code": "ACME", "name": "ACME", "risk": "5.1"}])
        s.put("customer", [{"code": "ACME", "name": "ACME", "risk": "5"}])
