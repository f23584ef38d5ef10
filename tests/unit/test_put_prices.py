"""Price records and families put in the database: refused with the words of the load check, versioned by date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from typer.testing import CliRunner

from sphinx_lib import Sphinx
from sphinx_lib.app.price_gaps import items_without_records
from sphinx_lib.cli import cli
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.pack.reader import read_text

Row = Mapping[str, Any]


@pytest.fixture
def app() -> Iterator[Sphinx]:
    opened = Sphinx.open(["base"])
    yield opened
    opened.engine.dispose()


def put(app: Sphinx, *rows: Row, kind: str = "price") -> list[str]:
    with app.session() as session:
        return session.put(kind, rows)


def refused(app: Sphinx, *rows: Row, kind: str = "price") -> list[str]:
    with pytest.raises(InputError) as caught:
        put(app, *rows, kind=kind)
    return list(caught.value.problems)


WRONG = [
    ({"step": "bse", "item": "A", "value": "5"}, "price bse item=A: step: unknown step 'bse'; did you mean 'base'?"),
    ({"step": "base", "custmer": "C", "item": "A", "value": "5"}, "custmer: unknown key 'custmer': no access of the schema has it; did you mean 'customer'?"),
    ({"step": "base", "customer": "C", "value": "5"}, "no context can reach this record: it has customer, step 'base' looks for"),
    ({"step": "base", "item": "A", "value": "5", "unit": "pce"}, "unit: unknown unit 'pce'"),
    ({"step": "base", "item": "A", "value": "5", "currency": "EURO"}, "currency: unknown currency 'EURO'; did you mean 'EUR'?"),
    ({"step": "base", "item": "A", "value": "-5"}, "value: a price is not below zero: -5; 0 is free of charge"),
    ({"step": "quantity_discount", "item": "A", "value": "250"}, "value: 250 % is more than the whole price"),
    ({"step": "base", "item": "A", "rows": [["5", "1"], ["5", "2"]]}, "rows.1: the bound 5 is not above 5"),
    ({"step": "base", "item": "A", "formula": "cst * 2"}, "formula: unknown name 'cst'; did you mean 'cost'?"),
    ({"step": "base", "item": "A", "formula": "item.floor"}, "formula: item.floor may be empty; write default(item.floor, …)"),
    ({"step": "base", "item": "A", "access": "catalog", "value": "1"}, "access: unknown access of step base 'catalog'; did you mean 'catalogue'?"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "told"), WRONG)
def test_a_wrong_record_is_refused_as_the_load_check_would(row: Row, told: str, app: Sphinx) -> None:
    (found,) = refused(app, row)
    assert told in found


def test_all_problems_of_a_batch_are_told_and_nothing_is_written(app: Sphinx) -> None:
    good = {"step": "base", "item": "B", "value": "5"}
    assert len(refused(app, good, WRONG[3][0], WRONG[4][0], {**WRONG[5][0], "item": "Z"})) == 3
    with app.reader() as views:
        assert views.codes("price") == []


def test_the_code_of_a_record_is_what_it_is_for(app: Sphinx) -> None:
    row = {"step": "base", "customer": "DUPONT", "item": "P1", "value": "78.00", "valid_from": "2026-01-01"}
    code = "base customer=DUPONT item=P1 valid_from=2026-01-01"
    assert put(app, row) == [code]
    changed = [{**row, "value": "77"}, {**row, "priority": 1, "net": True}, {**row, "value": None, "formula": "cost"}]
    for one in (*changed, {**row, "value": None, "rows": [["1", "77"]]}):
        assert put(app, one) == [code]
    (longer,) = put(app, {**row, "customer": "a customer whose code is as long as sixty signs may be"})
    assert len(longer) == 24


def test_a_later_start_is_another_version(app: Sphinx) -> None:
    row = {"step": "base", "item": "P1", "value": "20.00"}
    put(app, row, {**row, "value": "21.00", "valid_from": "2026-01-01"})
    put(app, {**row, "value": "22.00", "valid_from": "2026-07-01"})
    with app.reader() as views:
        assert len(views.codes("price")) == 3


def test_pr3_a_record_that_conflicts_with_a_stored_one_is_refused(app: Sphinx) -> None:
    row = {"step": "base", "customer": "C", "item": "P1", "value": "5"}
    put(app, {**row, "code": "first"}, {**row, "code": "in_dollars", "currency": "USD", "value": "6"})
    assert refused(app, {**row, "code": "second", "value": "6"}) == [
        "price second: conflicts with 'first': the same keys from the same day, another price; "
        "give one of the two a priority, or another valid_from"
    ]
    put(app, {**row, "code": "second", "value": "6", "priority": 1}, {**row, "code": "first", "value": "4"})


def test_pr3_holds_inside_a_batch_and_inside_a_unit_of_work(app: Sphinx) -> None:
    row = {"step": "base", "item": ["P1", "P2"], "value": "5", "code": "a"}
    other = {"step": "base", "item": "P2", "value": "6", "code": "b"}
    assert "price b: conflicts with 'a'" in refused(app, row, other)[0]
    with app.session() as session:
        session.put("price", [row])
        with pytest.raises(InputError, match="price b: conflicts with 'a'"):
            session.put("price", [other])
    assert "price b: conflicts with 'a'" in refused(app, other)[0]


def test_an_inactive_record_is_as_if_it_were_not_there(app: Sphinx) -> None:
    row = {"step": "base", "item": "P1", "code": "a"}
    put(app, {**row, "value": "5"})
    put(app, {**row, "active": False})
    put(app, {**row, "code": "b", "value": "6"})
    put(app, {"code": "P1", "name": "P1"}, kind="item")
    with app.reader() as views:
        assert views.price("P1", Decimal(1)).line.unit_price == 6


def test_rivals_are_read_in_one_statement_whatever_the_size_of_the_batch(app: Sphinx) -> None:
    statements: list[str] = []
    event.listen(app.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    def selects(count: int, kind: str) -> int:
        statements.clear()
        put(app, *({"step": "base", "item": f"{kind}{number}", "value": "1"} for number in range(count)))
        return sum("SELECT" in one and "price_records" in one for one in statements)

    assert selects(1, "one") == selects(60, "many") == 2


def test_a_family_that_would_be_its_own_parent_is_refused(app: Sphinx) -> None:
    put(app, {"code": "screws", "parent": "hardware"}, {"code": "hardware", "parent": "all"}, kind="family")
    assert refused(app, {"code": "all", "parent": "screws"}, kind="family") == [
        "family all: parent: family 'all' is its own parent: all > screws > hardware > all"
    ]
    with app.session() as session:
        session.put("family", [{"code": "a", "parent": "b"}])
        with pytest.raises(InputError, match="family 'b' is its own parent: b > a > b"):
            session.put("family", [{"code": "b", "parent": "a"}])


def test_items_without_any_price_are_found_in_the_database(app: Sphinx) -> None:
    put(app, {"code": "LISTED", "name": "x", "sale_price": "5"}, {"code": "A", "name": "x"}, {"code": "B", "name": "x"}, kind="item")
    put(app, {"step": "base", "item": "A", "value": "5"}, {"step": "base", "item": "B", "value": "5", "active": False})
    with app.reader() as views:
        assert items_without_records(views.unit) == ["B"]


def test_a_stored_scale_that_does_not_say_is_read_as_its_step_says() -> None:
    """PX5: 250 at 4.00 for the first hundred, 3.90 for the next, then 3.80, are 980.00."""
    schema, _ = read_text("pricing: {schema: {base: {scale: {type: interval}}}}", "o.yaml")
    app = Sphinx.open(["base", schema])
    put(app, {"code": "P", "name": "P"}, kind="item")
    put(app, {"step": "base", "item": "P", "rows": [["100", "4.00"], ["200", "3.90"], [None, "3.80"]]})
    with app.reader() as views:
        assert views.price("P", Decimal(250)).line.unit_price == Decimal("3.92")
    app.engine.dispose()


def test_the_check_of_a_database_names_items_without_a_price(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'sales.sqlite'}"
    assert "items without" not in CliRunner().invoke(cli, ["check", "--database", url]).output
    app = Sphinx.open(["base"], url)
    app.migrate()
    put(app, *({"code": f"I{number:02}", "name": "x"} for number in range(22)), kind="item")
    put(app, {"step": "base", "item": "I00", "value": "5"})
    app.engine.dispose()
    result = CliRunner().invoke(cli, ["check", "--database", url])
    assert result.exit_code == 0
    assert result.output.startswith("warning: 21 items without a base price: I01, I02, ")
    assert "I20 and 1 more\n" in result.output
