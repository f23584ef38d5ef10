"""Price records in files: CSV and YAML of a layer, one layer over another, every problem with file, line and column."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.app.registry import specs
from sphinx_lib.kernel.conditions import Condition, code_of, conditions_of, natural_code
from sphinx_lib.kernel.errors import ConfigError
from sphinx_lib.kernel.master import PriceRecord
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.price_files import read_records
from sphinx_lib.pack.reader import PriceFile
from sphinx_lib.pack.sheets import Sheet

Files = Mapping[str, str | bytes]
PACK = load_pack(["base"], specs())
RULES = PACK.model.price_steps


def load(tmp_path: Path, *layers: Files) -> Pack:
    """The shipped configuration with layers called one, two, … of the given files over it."""
    names = ("one", "two", "three")
    for name, files in zip(names, layers, strict=False):
        for file, content in files.items():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_pack(["base", *(tmp_path / name for name in names[: len(layers)])], specs())


def problems(tmp_path: Path, *layers: Files) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, *layers)
    return [str(problem) for problem in caught.value.problems]


def only(pack: Pack) -> Condition:
    (found,) = pack.conditions
    return found


def of_text(text: str, stem: str = "base") -> list[Condition]:
    """The records of a file that holds ``text``; it must hold no error."""
    sheet = Sheet(PriceFile(f"x/prices/{stem}.csv", stem, text))
    found = read_records(sheet, RULES, PACK.price_formula)
    assert sheet.problems == []
    return found.conditions


# -- what a file may hold ------------------------------------------------------------------------------------------------


def test_the_name_of_the_file_is_the_step_and_each_line_a_record(tmp_path: Path) -> None:
    pack = load(tmp_path, {"prices/base.csv": "item,value\nVIS8,12.50\nP1,100\n"})
    assert [(one.step, one.keys, one.value) for one in pack.conditions] == [
        ("base", (("item", "VIS8"),), Decimal("12.50")),
        ("base", (("item", "P1"),), Decimal(100)),
    ]
    assert [one.origin for one in pack.conditions] == ["one/prices/base.csv:2", "one/prices/base.csv:3"]


def test_every_field_of_a_record_is_a_column(tmp_path: Path) -> None:
    header = "code,step,access,customer,item,value,currency,unit,per,net,gross,priority,valid_from,valid_to"
    row = "X,base,customer_item,DUPONT,P1,78.00,USD,kg,100,true,false,3,2026-01-01,2026-12-31"
    assert only(load(tmp_path, {"prices/any.csv": f"{header}\n{row}\n"})) == Condition(
        "X", "base", (("customer", "DUPONT"), ("item", "P1")), Decimal("78.00"), "", "", (), None, "USD", "kg", Decimal(100),
        True, False, 3, date(2026, 1, 1), date(2026, 12, 31), "", "one/prices/any.csv:2",
    )  # fmt: skip


def test_an_empty_cell_says_nothing(tmp_path: Path) -> None:
    text = "customer,item,value,currency,per,net,priority,valid_from\n,P1,5,,,,,\nC,P1,4,,,,,\n"
    pack = load(tmp_path, {"prices/base.csv": text})
    yaml = conditions_of(PriceRecord(code="base item=P1", step="base", item=("P1",), value=Decimal(5)), origin="one/prices/base.csv:2")
    assert pack.conditions[0] == next(iter(yaml))
    assert [one.keys for one in pack.conditions] == [(("item", "P1"),), (("customer", "C"), ("item", "P1"))]


@pytest.mark.parametrize("start", ["", "\ufeff"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
def test_semicolons_and_decimal_commas_are_what_a_french_spreadsheet_writes(start: str, ends: str, tmp_path: Path) -> None:
    text = start + ends.join(["item;value;per", "VIS8;12,50;100", "P1;7.25;", ""])
    assert [(one.value, one.per) for one in load(tmp_path, {"prices/base.csv": text}).conditions] == [
        (Decimal("12.50"), 100),
        (Decimal("7.25"), 1),
    ]


def test_between_commas_a_decimal_comma_is_two_cells(tmp_path: Path) -> None:
    assert problems(tmp_path, {"prices/base.csv": "item,value\nVIS8,12,50\n"}) == [
        "one/prices/base.csv:2:1: this line has 3 cells, the header 2; between ',' a decimal comma makes two cells"
    ]


def test_comments_blank_lines_and_columns_for_readers_are_skipped(tmp_path: Path) -> None:
    text = '# tarif 2026; "à jour\n\nitem;#label;value\n# screws\nVIS8;"Vis ; 8";12,50\n;;\n\n'
    pack = load(tmp_path, {"prices/base.csv": text})
    assert (only(pack).keys, only(pack).value, only(pack).origin) == ((("item", "VIS8"),), Decimal("12.50"), "one/prices/base.csv:5")


def test_a_key_of_an_access_is_a_column(tmp_path: Path) -> None:
    schema = "pricing: {schema: {base: {access: {region: {key: [party.region, item], after: site_item}}}}}"
    pack = load(tmp_path, {"a.yaml": schema, "prices/base.csv": "item,party.region,value\nP1,NORD,90\n"})
    assert only(pack).keys == (("item", "P1"), ("party.region", "NORD"))


def test_a_file_of_several_steps_has_a_column_step(tmp_path: Path) -> None:
    text = "step,item,customer,value\nbase,P1,,100\ncustomer_discount,,C,10\n"
    assert [one.step for one in load(tmp_path, {"prices/tarif.csv": text}).conditions] == ["base", "customer_discount"]


def test_a_layer_may_hold_price_files_alone_and_yaml_in_subfolders(tmp_path: Path) -> None:
    records = "records: {net: {step: base, item: P2, value: 8}}"
    pack = load(tmp_path, {"prices/base.csv": "item,value\nP1,5\n"}, {"prices/more.yaml": records})
    assert sorted((one.code, one.origin) for one in pack.conditions) == [
        ("base item=P1", "one/prices/base.csv:2"),
        ("net", "two/prices/more.yaml:1"),
    ]


def test_an_empty_file_has_no_header_and_a_header_alone_is_no_record(tmp_path: Path) -> None:
    assert load(tmp_path / "a", {"prices/base.csv": "item,value\n"}).conditions == ()
    assert problems(tmp_path / "b", {"prices/base.csv": "# nothing\n"}) == [
        "one/prices/base.csv:1:1: this file has no header\n    hint: write the names of its columns first: item;value"
    ]


def test_formulas_are_compiled_once_for_a_text(tmp_path: Path) -> None:
    pack = load(tmp_path, {"prices/base.csv": "item,formula\nA,cost * 1.35\nB,cost * 1.35\nC,list_price - 2\n"})
    first, second, third = (one.formula for one in pack.conditions)
    assert first is second is pack.price_expression("cost * 1.35")
    assert first is not None
    assert third is not None
    assert first({"cost": Decimal(60)}) == Decimal("81.00")
    assert third({"list_price": Decimal(100)}) == 98


# -- scales --------------------------------------------------------------------------------------------------------------


def test_px4_lines_with_a_bound_are_one_scale(tmp_path: Path) -> None:
    text = "item;from;value\nP;1;10,00\nP;50;9,20\nP;100;8,50\nQ;;7\n"
    scaled, plain = load(tmp_path, {"prices/base.csv": text}).conditions
    assert (scaled.scale, scaled.value) == ("from", None)
    assert scaled.rows == ((1, 10), (50, Decimal("9.20")), (100, Decimal("8.50")))
    assert (plain.scale, plain.rows, plain.value) == ("", (), 7)


@pytest.mark.parametrize(("written", "read"), [("", "to"), ("to", "to"), ("interval", "interval")])
def test_px5_upper_bounds_are_to_or_interval_with_an_open_end(written: str, read: str, tmp_path: Path) -> None:
    text = f"item;to;value;scale\nP;;3,80;{written}\nP;100;4,00;{written}\nP;200;3,90;{written}\n"
    found = only(load(tmp_path, {"prices/base.csv": text}))
    assert (found.scale, found.rows) == (read, ((100, 4), (200, Decimal("3.9")), (None, Decimal("3.8"))))


def test_bounds_are_read_as_the_step_says_where_the_file_does_not(tmp_path: Path) -> None:
    layer = {
        "a.yaml": "{pricing: {schema: {base: {scale: {type: interval}}}}, records: {r: {step: base, item: A, rows: [[5, 2], [null, 1]]}}}",
        "prices/base.csv": "item;to;value\nP;100;4\n",
    }
    assert {one.code: one.scale for one in load(tmp_path, layer).conditions} == {"r": "interval", "base item=P": "interval"}


def test_what_lines_of_one_record_say_apart_from_their_bound_is_the_same(tmp_path: Path) -> None:
    text = "code;item;from;value;currency\nX;P;1;10;EUR\nX;P;50;9;USD\nY;P;1;8;\nY;P;1;7;\nZ;Q;1;8;\nZ;Q;;7;\n"
    assert problems(tmp_path, {"prices/base.csv": text}) == [
        "one/prices/base.csv:3:10: currency: another currency than line 2, which is the same record\n"
        "    hint: a scale says everything on each of its lines",
        "one/prices/base.csv:5:5: from: the bound 1 stands on line 4 too",
        "one/prices/base.csv:7:5: from: no bound, as line 6 of the same record has",
    ]


def test_a_column_from_is_for_scales_from_and_stands_alone(tmp_path: Path) -> None:
    assert problems(tmp_path / "a", {"prices/base.csv": "item;from;value;scale\nP;1;9;interval\n"})[0].startswith(
        "one/prices/base.csv:2:7: scale: bounds of a scale 'interval' are not in a column 'from'"
    )
    assert problems(tmp_path / "b", {"prices/base.csv": "item;from;to;value\nP;1;5;9\n"}) == [
        "one/prices/base.csv:1:11: to: a file has a column from or a column to, not both"
    ]
    assert problems(tmp_path / "c", {"prices/base.csv": "item;from;formula\nP;1;cost * 2\nP;5;cost\n"})[0].startswith(
        "one/prices/base.csv:2:5: formula: a formula has no bounds"
    )


# -- codes ---------------------------------------------------------------------------------------------------------------


def test_a_record_without_a_code_is_named_after_what_it_is_for() -> None:
    text = "item,customer,value,currency,unit,valid_from,priority\nP 1,Dupont & fils,5,USD,kg,2026-01-01,2\n"
    assert [one.code for one in of_text(text)] == [
        'base customer="Dupont & fils" item="P 1" currency=USD unit=kg valid_from=2026-01-01'
    ]


VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n", exclude_categories=("Cc", "Zl", "Zp", "Cs")), max_size=6)


@given(st.lists(st.tuples(VALUES.filter(lambda text: text.strip()), VALUES, st.sampled_from(["", "EUR", "USD"])), min_size=1))
def test_the_code_of_a_line_is_the_natural_code_of_its_record(rows: list[tuple[str, str, str]]) -> None:
    """The same text by column as by record, and different keys never have the same code."""
    quoted = [[f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row] for row in {(i.strip(), c.strip(), u) for i, c, u in rows}]
    sheet = Sheet(PriceFile("x", "base", "item,customer,currency,value\n" + "".join(f"{','.join(row)},1\n" for row in quoted)))
    found = read_records(sheet, RULES, PACK.price_formula).conditions
    assert sheet.problems == []
    assert len({one.code for one in found}) == len(quoted) == len(found)
    assert [one.code for one in found] == [natural_code("base", one.keys, one.currency) for one in found]


def test_a_record_of_the_database_has_the_same_natural_code_whatever_it_says() -> None:
    given = {"code": "-", "step": "base", "item": "P1", "party.region": "NORD", "valid_from": "2026-01-01"}
    said = [{"value": "5"}, {"rows": [["1", "5"]], "priority": 2}, {"formula": "cost", "net": True}, {"scale": {"rows": [["1", "2"]]}}]
    codes = {code_of(PriceRecord.model_validate({**given, **one})) for one in said}
    assert codes == {"base item=P1 party.region=NORD valid_from=2026-01-01"}
    later = {**given, "valid_from": "2026-02-01", "value": "5"}
    assert code_of(PriceRecord.model_validate(later)) not in codes


@pytest.mark.parametrize("seed", range(5))
def test_x1_the_order_of_lines_and_columns_changes_nothing(seed: int) -> None:
    names = ["item", "customer", "from", "value", "valid_from"]
    rows = [
        [f"P{item}", customer, str(bound), str(100 - bound - item), day]
        for item in range(4) for customer in ("", "C1", "C2") for bound in (1, 10, 50) for day in ("", "2026-01-01")
    ]  # fmt: skip
    shuffled = Random(seed)
    order = shuffled.sample(range(len(names)), len(names))
    mixed = [[row[at] for at in order] for row in shuffled.sample(rows, len(rows))]

    def records(lines: list[list[str]]) -> set[Condition]:
        return {one._replace(origin="") for one in of_text("\n".join(",".join(line) for line in lines))}

    assert records([names, *rows]) == records([[names[at] for at in order], *mixed])
    assert len(records([names, *rows])) == 4 * 3 * 2


# -- layers --------------------------------------------------------------------------------------------------------------


def test_a_later_layer_replaces_the_record_of_the_same_code(tmp_path: Path) -> None:
    pack = load(
        tmp_path,
        {"prices/base.csv": "item,value\nP1,5\nP2,6\n"},
        {"prices/base.csv": "item,value\nP1,4\n"},
        {"a.yaml": 'records: {"base item=P2": {step: base, item: P2, value: 3}}'},
    )
    assert sorted((one.code, one.value, one.origin) for one in pack.conditions) == [
        ("base item=P1", 4, "two/prices/base.csv:2"),
        ("base item=P2", 3, "three/a.yaml:1"),
    ]


def test_a_file_replaces_a_record_of_yaml_below_it(tmp_path: Path) -> None:
    low = {"a.yaml": "records: {r: {step: base, item: P1, value: 9}}"}
    pack = load(tmp_path, low, {"prices/base.csv": "code,item,value\nr,P1,8\n"})
    assert (only(pack).value, only(pack).origin) == (8, "two/prices/base.csv:2")


@pytest.mark.parametrize("form", ["csv", "yaml"])
def test_active_false_takes_a_record_of_a_lower_layer_out(form: str, tmp_path: Path) -> None:
    out: Files = {"prices/base.csv": "item,active\nP1,false\n"}
    if form == "yaml":
        out = {"a.yaml": 'records: {"base item=P1": {step: base, item: P1, active: false}}'}
    pack = load(tmp_path, {"prices/base.csv": "item,value\nP1,5\nP2,6\n"}, out)
    assert [one.code for one in pack.conditions] == ["base item=P2"]
    assert pack.warnings == ()


def test_taking_out_what_is_not_there_is_told_and_a_record_may_rest(tmp_path: Path) -> None:
    pack = load(tmp_path, {"prices/base.csv": "item,value,active\nP1,,false\nP2,6,false\nP3,7,\n"})
    assert [one.code for one in pack.conditions] == ["base item=P3"]
    assert [str(one) for one in pack.warnings] == [
        "one/prices/base.csv:2:5: warning: active: nothing to take out: no layer before has the record 'base item=P1'"
    ]


def test_a_code_stands_once_in_a_layer(tmp_path: Path) -> None:
    layer = {
        "a.yaml": "records: {r: {step: base, item: P1, value: 9}}",
        "prices/base.csv": "code,item,value\nr,P1,8\ns,P2,8\ns,P2,7\n",
        "prices/other.csv": "step,code,item,value\nbase,s,P3,8\n",
    }
    assert problems(tmp_path, layer) == [
        "one/prices/base.csv:2:1: the record 'r' stands at one/a.yaml:1 too\n    hint: take out one of the two",
        "one/prices/base.csv:4:1: code: the record 's' stands on line 3 too\n"
        "    hint: write one line for each, or add a column from or to and give them bounds",
        "one/prices/other.csv:2:6: the record 's' stands at one/prices/base.csv:3 too\n    hint: take out one of the two",
    ]


def test_the_fingerprint_covers_the_files_and_which_layer_wins(tmp_path: Path) -> None:
    text = "code,item,value\nr,P1,8\n"
    yaml = {"a.yaml": "records: {r: {step: base, item: P1, value: 9}}"}
    prints = [
        load(tmp_path / "a", {"prices/base.csv": text}).fingerprint,
        load(tmp_path / "b", {"prices/base.csv": text}).fingerprint,
        load(tmp_path / "c", {"prices/base.csv": text.replace("8", "7")}).fingerprint,
        load(tmp_path / "d", yaml, {"prices/base.csv": text}).fingerprint,
        load(tmp_path / "e", {"prices/base.csv": text}, yaml).fingerprint,
        PACK.fingerprint,
    ]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 5


# -- what is wrong with a file -------------------------------------------------------------------------------------------


def test_three_bad_lines_among_ten_thousand_are_all_told_and_nothing_is_loaded(tmp_path: Path) -> None:
    lines = [f"P{number};{number}.50;EUR" for number in range(10_000)]
    lines[10], lines[5_000], lines[9_999] = "P10;12.50.0;EUR", "P5000;-4;EUR", "P9999;3;EURO"
    assert problems(tmp_path, {"prices/base.csv": "\n".join(["item;value;currency", *lines])}) == [
        "one/prices/base.csv:12:5: value: '12.50.0' is not a plain decimal number; write digits and one point, as 1250.50",
        "one/prices/base.csv:5002:7: value: a price is not below zero: -4\n    hint: 0 is free of charge",
        "one/prices/base.csv:10001:9: currency: unknown currency 'EURO'; did you mean 'EUR'?",
    ]


def test_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    layer = {
        "a.yaml": "records: {r: {step: bas, item: P1, value: 9}}",
        "prices/base.csv": "item;value\nA;x\n",
        "prices/quantity_discount.csv": "item;value\nA;250\n",
    }
    assert problems(tmp_path, layer) == [
        "one/a.yaml:1:21: records.r.step: unknown step 'bas'\n    hint: did you mean 'base'?",
        "one/prices/base.csv:2:3: value: 'x' is not a plain decimal number; write digits and one point, as 1250.50",
        "one/prices/quantity_discount.csv:2:3: value: 250 % is more than the whole price\n"
        "    hint: a percent lowers the price by so much of it: 5 is 5 % off, -5 is 5 % more",
    ]


def test_a_hundred_problems_of_a_file_are_told_and_how_many_more_there_are(tmp_path: Path) -> None:
    found = problems(tmp_path, {"prices/base.csv": "item;value\n" + "A;x\n" * 250})
    assert len(found) == 101
    assert found[-1] == "one/prices/base.csv:102:1: and 150 more"


CELLS = [
    ("per", "0", "0 is not above zero"),
    ("net", "oui", "write true or false, not 'oui'"),
    ("priority", "1.5", "'1.5' is not a whole number"),
    ("valid_from", "31/12/2026", "'31/12/2026' is not a date; write it as 2026-01-31"),
    ("valid_from", "2026-02-30", "2026-02-30 is not a date: day is out of range for month"),
    ("unit", "klo", "unknown unit 'klo'"),
    ("access", "catalog", "unknown access of step base 'catalog'\n    hint: did you mean 'catalogue'?"),
    ("access", "site_item", "access 'site_item' looks for customer+item+site, this record has item"),
]


@pytest.mark.parametrize(("column", "cell", "told"), CELLS)
def test_each_cell_is_checked_where_it_stands(column: str, cell: str, told: str, tmp_path: Path) -> None:
    (found,) = problems(tmp_path, {"prices/base.csv": f'item;value;{column}\n"A;B";5;{cell}\n'})
    assert found.startswith(f"one/prices/base.csv:2:9: {column}: {told}")


def test_formulas_are_checked_where_they_stand(tmp_path: Path) -> None:
    text = "item;formula\nA;cost * kost\nB;item.floor\nC;10 / (2 - 2)\nD;party.name\n"
    assert problems(tmp_path, {"prices/base.csv": text}) == [
        "one/prices/base.csv:2:10: formula: unknown name 'kost'\n    hint: did you mean 'cost'?",
        "one/prices/base.csv:3:3: formula: item.floor may be empty\n    hint: write default(item.floor, …)",
        "one/prices/base.csv:4:3: formula: '10 / (2 - 2)' has no value: division by zero",
        "one/prices/base.csv:5:3: formula: this gives a text, but a number is expected",
    ]


def test_a_line_says_a_value_or_a_formula_for_a_time_that_exists(tmp_path: Path) -> None:
    text = "item;value;formula;valid_from;valid_to\nA;;;;\nB;1;cost;;\nC;1;;2026-02-01;2026-01-01\n"
    assert [one.split("\n")[0] for one in problems(tmp_path, {"prices/base.csv": text})] == [
        "one/prices/base.csv:2:3: value: no value",
        "one/prices/base.csv:3:5: formula: both a value and a formula",
        "one/prices/base.csv:4:17: valid_to: valid_from 2026-02-01 is after valid_to 2026-01-01",
    ]


def test_the_header_is_checked_name_by_name(tmp_path: Path) -> None:
    assert problems(tmp_path, {"prices/base.csv": "item;valeu;item;;rows\nA;1;;;\n"}) == [
        "one/prices/base.csv:1:6: valeu: unknown column 'valeu'\n    hint: did you mean 'value'?",
        "one/prices/base.csv:1:12: item: the column 'item' stands twice",
        "one/prices/base.csv:1:17: column 4 has no name\n    hint: name it; #note is a column for readers",
        "one/prices/base.csv:1:18: rows: unknown column 'rows'\n    hint: did you mean 'gross'?",
    ]


def test_a_file_whose_name_is_no_step_needs_a_column_step(tmp_path: Path) -> None:
    assert problems(tmp_path, {"prices/bas.csv": "item;value\nA;1\n"}) == [
        "one/prices/bas.csv:1:1: the file is called 'bas', but no step is, and it has no column step\n    hint: did you mean 'base'?"
    ]


def test_quotes_that_do_not_close_stop_at_their_line(tmp_path: Path) -> None:
    assert problems(tmp_path, {"prices/base.csv": 'item;value\n"A;1\nB;2\n"C";x\n'}) == [
        "one/prices/base.csv:2:1: not valid CSV: unexpected end of data\n"
        '    hint: quotes inside a cell are doubled, "12"" pipe", on one line',
        "one/prices/base.csv:4:5: value: 'x' is not a plain decimal number; write digits and one point, as 1250.50",
    ]


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    found = problems(tmp_path, {"prices/base.csv": "item;value\nécrou;1\n".encode("cp1252")})
    assert found == ["one/prices/base.csv:2:1: byte 0xE9 is not UTF-8\n    hint: save the file as UTF-8"]
