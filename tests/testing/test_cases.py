"""Prices in a table: a CSV or YAML file of item, customer, quantity, date and what the price must be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sphinx_lib.scenario.runner import FAILED, NOT_VALID, PASSED, main

ROOT = Path(__file__).parents[2]
BASE = "customer;item;value\n;VIS8;12,50\nDUPONT;VIS8;11,00\n"
DISCOUNT = "item;from;value\nVIS8;100;5\nVIS8;1000;10\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the price list of a house."""
    prices = tmp_path / "house" / "prices"
    prices.mkdir(parents=True)
    (prices / "base.csv").write_text(BASE, encoding="utf-8")
    (prices / "quantity_discount.csv").write_text(DISCOUNT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(name: str, text: str) -> tuple[int, list[str]]:
    """The exit code and what is told of a table."""
    Path(name).write_text(text, encoding="utf-8")
    told: list[str] = []
    return main([name], out=told.append), told


HEAD = "# config: house/\n# today: 2026-03-02\n"


@pytest.mark.usefixtures("shop")
def test_a_table_names_its_configuration_and_each_row_is_a_price() -> None:
    table = f"{HEAD}item;customer;quantity;date;unit_price;net\nVIS8;;1;;12,50;\n;;;;;\nVIS8;;100;;11,875;1187,50\nVIS8;DUPONT;1000;2026-03-31;9,90;9900\n"
    assert ran("t.cases.csv", table) == (PASSED, ["ok     t.cases.csv: 3 prices  (t.cases.csv:3)", "1 scenarios, 0 failed"])


@pytest.mark.usefixtures("shop")
def test_between_commas_numbers_have_a_point_and_a_tilde_rounds() -> None:
    table = '# config: house/\nitem,quantity,unit_price,net,#note\nVIS8,100,11.875,1187.50,"list, 5 %"\nVIS8,1,~12.5,,\n'
    assert ran("t.cases.csv", table)[0] == PASSED


@pytest.mark.usefixtures("shop")
def test_each_row_that_differs_is_told_with_its_line_and_the_rows_after_it_still_run() -> None:
    table = f"{HEAD}item;customer;quantity;unit_price;net\nVIS8;DUPONT;10;11,01;111\nVIS8;;1;none;\nVIS8;;1;12,50;12,51\n"
    assert ran("t.cases.csv", table) == (
        FAILED,
        [
            "FAILED t.cases.csv: 3 prices  (t.cases.csv:3)",
            "    where          step                    what        expected  actual",
            "    t.cases.csv:4  1 price VIS8 DUPONT 10  unit_price  11.01     11",
            "    t.cases.csv:4  1 price VIS8 DUPONT 10  net         111       110",
            "    t.cases.csv:5  2 price VIS8 1          unit_price  none      12.5",
            "    t.cases.csv:6  3 price VIS8 1          net         12.51     12.5",
            "1 scenarios, 1 failed",
        ],
    )


@pytest.mark.usefixtures("shop")
def test_a_price_that_is_refused_is_expected_or_told() -> None:
    table = "# config: house/\nitem,currency,unit_price,refused\nVIS8,USD,,no exchange rate\nVIS8,USD,12.50,\n"
    code, told = ran("t.cases.csv", table)
    assert code == FAILED
    assert told[2].split("  ")[-1] == "refused: no exchange rate for USD on 2026-01-01; put an exchange_rate, or give the document a rate"
    assert len(told) == 4


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("# confg: house/\nitem,unit_price\nVIS8,12.50\n", ["1:1: unknown setting 'confg'\n    hint: did you mean 'config'?"]),
        ("# config: hous/\nitem,unit_price\nVIS8,12.50\n", ["1:11: config: no such file or directory: hous/\n    hint: it is looked for in ."]),
        ("# today: soon\nitem,unit_price\nVIS8,12.50\n", ["1:10: today: 'soon' is not a date\n    hint: write it as 2026-03-31"]),
        ("itm,unit_price\nVIS8,12.50\n", ["1:1: itm: unknown column 'itm'\n    hint: did you mean 'item'?"]),
        ("unit_price\n12.50\n", ["1:1: the column 'item' is missing"]),
        ("", ["1:1: this file has no header\n    hint: write the names of its columns first: item;value"]),
        ("item,unit_price\n", ["1:1: cases: no price is here\n    hint: write a row for each: item, quantity, unit_price"]),
        (f"{HEAD}item;quantity;unit_price\nVIS8;x;12,50\n", ["4:6: quantity: 'x' is not a plain decimal number; write digits and one point, as 1250.50"]),
        (f"{HEAD}item;unit_price\nVIS8;12.5O\n", ["4:6: unit_price: '12.5O' is not a plain decimal number; write digits and one point, as 1250.50"]),
        (f"{HEAD}item,unit_price\nVIS8,12,50\n", ["4:1: this line has 3 cells, the header 2; between ',' a decimal comma makes two cells"]),
        (f"{HEAD}item;customer;unit_price\nVIS9;;12,50\nVIS8;DUPOND;11\n", [
            "4:1: case 1: unknown item 'VIS9'\n    hint: did you mean 'VIS8'?",
            "5:6: case 2: unknown customer 'DUPOND'",
        ]),
        (f"{HEAD}item;customer;unit_price\nVIS8;DUPONT;\n", ["4:1: case 1: this case says no price\n    hint: give unit_price or net; none where there is no price"]),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("shop")
def test_what_is_wrong_with_a_table_is_told_before_anything_runs(table: str, told: list[str]) -> None:
    code, lines = ran("t.cases.csv", table)
    assert code == NOT_VALID
    assert lines[:-1] == [f"t.cases.csv:{one}" for one in told]


@pytest.mark.usefixtures("shop")
def test_the_yaml_of_the_same_name_beside_a_table_is_its_configuration_and_data() -> None:
    ground = "config: house/\ngiven:\n  customers: [{ref: C, discount: 10, group: PRO}]\n  items: [{ref: BOX, sale_price: 10.00}]\n"
    Path("list.yaml").write_text(ground, encoding="utf-8")
    assert ran("list.cases.csv", "item,customer,unit_price\nBOX,C,9\nVIS8,C,11.25\n")[0] == PASSED
    told: list[str] = []
    assert main(["."], out=told.append) == PASSED
    assert told == ["ok     list.cases.csv: 2 prices  (list.cases.csv:1)", "1 scenarios, 0 failed"]


@pytest.mark.parametrize(
    ("ground", "told"),
    [
        ("config: house/\nsteps: [{at: 2026-03-02}]\n", "t.cases.csv:1:1: cases: prices stand beside steps\n    hint: put one of the two in another file"),
        ("config: house/\n---\ntoday: 2026-03-02\n", "t.yaml:3:1: a second document starts here, and t.cases.csv stands on one\n    hint: take out the '---'"),
        ("confg: house/\n", "t.yaml:1:1: unknown key 'confg'\n    hint: did you mean 'config'?"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("shop")
def test_what_is_wrong_with_the_yaml_beside_a_table_is_told(ground: str, told: str) -> None:
    Path("t.yaml").write_text(ground, encoding="utf-8")
    code, lines = ran("t.cases.csv", "item,unit_price\nVIS8,12.50\n")
    assert (code, lines[0]) == (NOT_VALID, told)


CASES = """\
config: house/
today: 2026-03-02
given:
  customers: [{ref: ACME, group: PRO}]
  prices: [{step: base, customer_group: PRO, item: VIS8, value: 10.00}]
cases:
  - {item: VIS8, unit_price: 12.50}
  - {item: VIS8, customer: ACME, quantity: 100, unit_price: 9.50, net: 950.00, trace.1: {access: group_item}}
"""


@pytest.mark.usefixtures("shop")
def test_cases_in_yaml_stand_on_given_data_and_may_ask_for_the_trace() -> None:
    assert ran("t.cases.yaml", CASES)[0] == PASSED
    code, told = ran("t.cases.yaml", CASES.replace("group_item", "catalogue"))
    assert code == FAILED
    assert told[2].split() == ["t.cases.yaml:8", "2", "price", "VIS8", "ACME", "100", "trace.1.access", "catalogue", "group_item"]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("cases: [VIS8]", ["1:9: case 1: a case is a mapping, such as {item: A1, quantity: 10, unit_price: 9.20}"]),
        ("cases: VIS8", ["1:8: cases: a list is expected here"]),
        ("cases: [{item: VIS8, unit_prise: 1}]\nconfig: house/", ["1:22: case 1: there is no 'unit_prise' to expect\n    hint: did you mean 'unit_price'?"]),
        ("cases: [{unit_price: 1}]", ["1:9: case 1: the key 'item' is missing"]),
        ("cases: [{item: VIS8, refused: }]\nconfig: house/", ["1:31: case 1: refused takes a part of the message, a list of parts, or {code: …, facts}"]),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("shop")
def test_what_is_wrong_with_cases_in_yaml_is_told(written: str, told: list[str]) -> None:
    code, lines = ran("t.cases.yaml", f"{written}\n")
    assert code == NOT_VALID
    assert set(told) <= {one.removeprefix("t.cases.yaml:") for one in lines}


def test_pytest_collects_tables_wherever_they_lie(shop: Path) -> None:
    (shop / "good.cases.csv").write_text(f"{HEAD}item;unit_price\nVIS8;12,50\n", encoding="utf-8")
    (shop / "bad.cases.yaml").write_text(CASES.replace("12.50", "12.51"), encoding="utf-8")
    (shop / "plain.csv").write_text("item;unit_price\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "sphinx_lib.scenario.plugin", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, cwd=shop, env=environment, capture_output=True, text=True, check=False)
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert f"{shop}/bad.cases.yaml:7  1 price VIS8  unit_price  12.51     12.5" in done.stdout
