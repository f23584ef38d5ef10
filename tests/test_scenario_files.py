"""Scenario files: what is wrong with one is told whole, with its place, before anything runs; nothing passes silently."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.app.session import Session
from sphinx_lib.scenario.model import KINDS, read_scenarios
from sphinx_lib.scenario.report import failure_lines
from sphinx_lib.scenario.runner import FAILED, NOT_VALID, PASSED, ScenarioResult, main, prepare, run_paths, run_scenario

ROOT = Path(__file__).parents[1]
LATER = "\n    hint: take it out, or wait for the version that has it"
SHOP = """\
scenario: S
today: 2026-03-02
given:
  customers: [{ref: ACME, name: ACME, country: FR}]
  items: [{ref: A, name: Vis, sale_price: 10.00, cost: 6.00}]
  stock: [{item: A, quantity: 3}]
steps:
  - {create: quotation, as: q, customer: ACME, lines: [{item: A, quantity: 5}]}
"""
"""A scenario whose next step stands in line 9."""


def errors(text: str, folder: Path = Path()) -> list[str]:
    """Every error of a file as the consultant sees it."""
    scenarios, problems = read_scenarios(dedent(text), folder / "case.yaml")
    found = problems or [problem for one in scenarios for problem in prepare(one)[1]]
    return [str(problem).replace(f"{folder}/", "") for problem in found]


def step(written: str) -> list[str]:
    """The errors of one step after the quotation ``q``, its line and number left out."""
    return [error.replace("case.yaml:9:", "", 1).replace("step 2: ", "", 1) for error in errors(f"{SHOP}  - {written}\n")]


def ran(text: str, number: int = 0) -> ScenarioResult:
    """The result of a scenario of a file without errors."""
    scenarios, problems = read_scenarios(dedent(text), Path("case.yaml"))
    assert problems == []
    return run_scenario(scenarios[number])


def differs(written: str) -> list[tuple[str, str, str]]:
    """What differs after one more step: place, expected, actual."""
    failures = ran(f"{SHOP}  - {written}\n").failures
    return [(one.difference.place, one.difference.expected, one.difference.actual) for one in failures]


# -- the structure of a file -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["1:1: this file holds no scenario\n    hint: start it with 'scenario: what must hold'"]),
        (
            "senario: x\nsteps: [{at: 2026-01-02}]",
            [
                "1:1: unknown key 'senario'\n    hint: did you mean 'scenario'?",
                "1:1: this document has no title\n    hint: start it with 'scenario: what must hold'",
            ],
        ),
        ("scenario: x", ["1:1: this scenario has no steps\n    hint: say under 'steps' what happens"]),
        ("scenario: x\nsteps: [a]", ["2:9: step 1: a step is a mapping, such as '- fire: q.send'"]),
        ("scenario: x\nsteps: [{fier: q.send}]", ["2:9: step 1: unknown step 'fier'\n    hint: did you mean 'fire'?"]),
        (
            "scenario: x\nsteps: [{fire: q.send, derive: q}]",
            ["2:24: step 1: a step does one thing: fire or derive\n    hint: write two steps"],
        ),
        ("scenario: x\nsteps: [{import: q}]", [f"2:10: step 1: 'import' is not supported yet{LATER}"]),
        (
            "scenario: x\nconfig: [nowhere/]\nsteps: [{at: 2026-01-02}]",
            ["2:10: config: no such file or directory: nowhere/\n    hint: it is looked for in ."],
        ),
        (
            "scenario: x\nconfig: {stock: {}}\nsteps: [{at: 2026-01-02}]",
            ["2:9: config: a list of directories is expected here\n    hint: settings go under config_inline"],
        ),
        (
            "scenario: x\ntoday: 2026-02-30\nsteps: [{at: 2026-03-02}]",
            ["2:8: today: '2026-02-30' is not a date\n    hint: write it as 2026-03-31"],
        ),
        (
            "scenario: x\nrefused: boom\nsteps: [{at: 2026-01-02}]",
            [
                "3:1: steps: a scenario whose configuration must not load has no steps\n"
                "    hint: put refused on the step that is refused"
            ],
        ),
        (
            "scenario: x\nsteps: &all [{at: 2026-01-02}]",
            [
                "2:8: steps: anchors and aliases (&name, *name) are not used here\n"
                "    hint: write the value out, or quote a text that starts with * or &"
            ],
        ),
        (
            "defaults: {today: 2026-01-02, step: []}\n---\nscenario: x\nsteps: [{at: 2026-01-03}]",
            ["1:31: unknown key 'step'\n    hint: did you mean 'steps'?"],
        ),
        (
            "defaults: {today: 2026-01-02}\ngiven: {}\n---\nscenario: x\nsteps: [{at: 2026-01-03}]",
            ["2:1: defaults: 'given' stands beside defaults\n    hint: write it under defaults"],
        ),
        (
            "scenario: x\nconfig_inline: {compny: {name: Martin}}\nsteps: [{at: 2026-01-02}]",
            ["2:17: compny: unknown key 'compny'\n    hint: did you mean 'company'?"],
        ),
    ],
)
def test_an_error_of_the_structure_names_its_place_and_the_way_out(text: str, told: list[str]) -> None:
    assert errors(text) == [f"case.yaml:{one}" for one in told]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("customer: []", ["10: given: unknown section 'customer'\n    hint: did you mean 'customers'?"]),
        ("open_items: []", [f"10: given.open_items: 'open_items' is not supported yet{LATER}"]),
        (
            "company: Martin",
            ["19: given.company: a mapping is expected here\n    hint: write {name: …, country: FR, currency: EUR}"],
        ),
        ("company: {nam: M}", ["20: company.nam: unknown key 'nam'\n    hint: did you mean 'name'?"]),
        ("items: [{name: B}]", ["18: given.items.1: the key 'ref' is missing"]),
        ("items: [x]", ["18: given.items.1: a row is a mapping, such as {ref: A1, name: …}"]),
        ("items: [{ref: A}, {ref: A}]", ["34: given.items.2: the ref 'A' stands twice"]),
        (
            "items: [{ref: A, sale_prise: 10}]",
            ["39: given.items.1.sale_prise: unknown key 'sale_prise'\n    hint: did you mean 'sale_price'?"],
        ),
        (
            "items: [{ref: A, cost: 1e3}]",
            [
                "33: given.items.1.cost: '1e3' is not a plain decimal number; write digits and one point, as 1250.50",
            ],
        ),
        (
            "items: [{ref: A, tracking: lots}]",
            ["37: given.items.1.tracking: 'lots' is not one of 'none', 'lot' or 'serial'\n    hint: did you mean 'lot'?"],
        ),
        (
            "items: [{ref: AB, kind: kit, components: {AB1: 1}, attached: [{item: ABC, quantity: 1}]}]",
            [
                "52: given.items.1.components: unknown item 'AB1'\n    hint: did you mean 'AB'?",
                "79: given.items.1.attached: unknown item 'ABC'\n    hint: did you mean 'AB'?",
            ],
        ),
        (
            "items: [{ref: A, vat: standart}]",
            ["32: given.items.1.vat: unknown VAT code 'standart'\n    hint: did you mean 'standard'?"],
        ),
        (
            "customers: [{ref: C, sites: [{ref: S, adress: x}]}]",
            ["56: given.customers.1.sites.1.adress: unknown key 'adress'\n    hint: did you mean 'address'?"],
        ),
        ("stock: [{item: A, quantity: 1}]", ["25: given.stock.1.item: unknown item 'A'"]),
        ("stock: [{quantity: many}]", [
            "18: given.stock.1: the key 'item' is missing",
            "29: given.stock.1: 'many' is not a plain decimal number; write digits and one point, as 1250.50",
        ]),
        ("stock: [{item: A, quantity: 1, cots: 3, value: 1e3, date: today}]", [
            "41: given.stock.1: unknown key 'cots'\n    hint: did you mean 'cost'?",
            "57: given.stock.1: '1e3' is not a plain decimal number; write digits and one point, as 1250.50",
            "68: given.stock.1: 'today' is not a date; write it as 2026-03-31",
            "25: given.stock.1.item: unknown item 'A'",
        ]),
        (
            "prices: [{step: bas, value: 1}]",
            ["26: given.prices.1.step: unknown step of the price schema 'bas'\n    hint: did you mean 'base'?"],
        ),
        (
            "prices: [{step: base, scale: {type: slices, rows: [[1, 2]]}}]",
            ["46: given.prices.1.scale.type: 'slices' is not one of '', 'from', 'to' or 'interval'"],
        ),
        ("users: [{ref: bob, right: [a]}]", ["29: given.users.1: unknown key 'right'\n    hint: did you mean 'rights'?"]),
    ],
)  # fmt: skip
def test_rows_of_master_data_are_checked_where_they_stand(rows: str, told: list[str]) -> None:
    text = f"scenario: x\ngiven:\n        {{{rows}}}\nsteps: [{{at: 2026-01-02}}]"
    assert errors(text) == [f"case.yaml:3:{one}" for one in told]


# -- steps -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{fire: q.sned}", ["12: unknown event of quotation 'sned'\n    hint: did you mean 'send'?"]),
        ("{fire: r.send}", ["12: unknown document 'r'\n    hint: known: q"]),
        ("{fire: send}", ["12: 'send' names no event\n    hint: write it as q.send"]),
        ("{fire: q.x.send}", ["12: 'q.x' is no document\n    hint: write q, q.1 or q.created.1"]),
        (
            "{fire: q.accept, with: {chanel: phone}}",
            ["29: unknown fact of accept 'chanel'\n    hint: did you mean 'channel'?"],
        ),
        ("{fire: q.accept, with: phone}", ["22: 'with' takes a mapping"]),
        (
            "{fire: q.accept, with: {override: {not_expird: late}}}",
            ["40: unknown guard of accept 'not_expird'\n    hint: did you mean 'not_expired'?"],
        ),
        ("{create: qoutation}", ["14: unknown document type 'qoutation'\n    hint: did you mean 'quotation'?"]),
        ("{create: progress_invoice}", [f"14: 'progress_invoice' is not supported yet{LATER}"]),
        ("{create: [quotation]}", ["6: 'create' takes a name"]),
        (
            "{create: quotation, custmer: ACME}",
            ["25: unknown field of quotation 'custmer'\n    hint: did you mean 'customer'?"],
        ),
        ("{create: quotation, customer: ACNE}", ["35: unknown customer 'ACNE'\n    hint: did you mean 'ACME'?"]),
        ("{create: quotation, customer: ACME, site: HQ}", ["47: unknown site 'HQ'"]),
        ("{edit: q, lines: [{itm: A}]}", ["24: unknown field of a line 'itm'\n    hint: did you mean 'item'?"]),
        ("{edit: q, lines: [{item: B}]}", ["30: unknown item 'B'\n    hint: known: A"]),
        ("{edit: q, lines: [{item: A, lots: L1, lotz: L1}]}", ["43: unknown field of a line 'lotz'\n    hint: did you mean 'lot'?"]),
        ("{edit: q, lines: {a: {quantity: 3}}}", ["23: 'a' is no line\n    hint: lines count from 1"]),
        (
            "{derive: q, to: sales_ordr}",
            ["21: unknown document type 'sales_ordr'\n    hint: did you mean 'sales_order'?"],
        ),
        ("{derive: q, to: payment}", ["21: payment is not made from quotation"]),
        ("{derive: q, with: {percent: 30}}", [f"24: 'percent' is not supported yet{LATER}"]),
        ("{derive: q, quantity: {1: 3}}", ["17: unknown key of derive 'quantity'\n    hint: did you mean 'quantities'?"]),
        ("{derive: q, parties: [V]}", ["17: unknown key of derive 'parties'\n    hint: write with: {suppliers: [CODE, …]}"]),
        ("{derive: q, quantities: [3]}", ["17: 'quantities' takes a mapping"]),
        ("{derive: []}", ["6: 'derive' takes a name or a list of names"]),
        ("{run: invoicin}", ["11: unknown run 'invoicin'\n    hint: did you mean 'invoicing'?"]),
        ("{run: dunning}", [f"11: 'dunning' is not supported yet{LATER}"]),
        (
            "{run: invoicing, with: {untill: 2026-03-31}}",
            ["29: unknown option of invoicing 'untill'\n    hint: did you mean 'until'?"],
        ),
        (
            "{run: expiry, key: click-1}",
            ["19: unknown key of run 'key'\n    hint: known: as, as_user, expect, refused, with"],
        ),
        ("{pay: 36.00}", ["6: 'pay' takes a mapping"]),
        ("{pay: {customer: ACME}}", ["6: the key 'amount' is missing"]),
        ("{pay: {supplier: VISCO, amount: 3}}", ["22: unknown supplier 'VISCO'"]),
        ("{pay: {customer: ACME, amount: 3, allocate: z}}", ["49: unknown document 'z'\n    hint: known: q"]),
        ("{price: {item: A}, expect: {unit_pric: 3}}",
         ["33: there is no 'unit_pric' to expect\n    hint: did you mean 'unit_price'?"]),
        ("{price: {item: A, site: []}}", ["29: 'site' takes one value"]),
        ("{export: fek}", ["14: unknown export format 'fek'\n    hint: did you mean 'fec'?"]),
        ("{export: fec, with: {form: 2026-01-01}}", ["26: unknown option of export 'form'\n    hint: did you mean 'from'?"]),
        ("{render: x}", ["14: unknown document 'x'\n    hint: known: q"]),
        ("{as_user: bob}", ["15: unknown user 'bob'"]),
        ("{fire: q.send, as_user: [bob]}", ["20: 'as_user' takes a name or nothing"]),
        ("{at: 2026-01-01}", ["10: time only goes forward; it is 2026-03-02 here"]),
        ("{fire: q.send, as: stock}", ["20: 'stock' cannot be a name\n    hint: use letters and digits"]),
        ("{delete: q, expect: {state: cancelled}}", ["17: delete gives nothing to expect"]),
    ],
)  # fmt: skip
def test_a_step_that_names_what_is_not_there_is_an_error_of_the_file(written: str, told: list[str]) -> None:
    assert step(written) == told


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("expect: {q: {total_nett: 50}}", ["18: there is no 'total_nett' to expect\n    hint: did you mean 'total_net'?"]),
        ("expect: {q.lines.1: {nett: 50}}", ["26: there is no 'nett' to expect\n    hint: did you mean 'net'?"]),
        ("expect: {q.line.1: {net: 50}}", ["14: there is no 'q.line.1' to expect\n    hint: did you mean 'lines'?"]),
        ("expect: {quote: {state: draft}}", ["14: there is no 'quote' to expect\n    hint: known: comparison, customer, deal, deliverable, equipment, q, stock, supplier"]),
        ("expect: {q: {late_fee: 1}}", [f"18: 'late_fee' is not supported yet{LATER}"]),
        ("expect: {stock.A: {valeu: 3}}", ["24: there is no 'valeu' to expect\n    hint: did you mean 'value'?"]),
        ("expect: {stock.B: {physical: 3}}", ["14: unknown item 'B'\n    hint: known: A"]),
        ("expect: {stock.A@W: {physical: 3}}", ["14: unknown warehouse 'W'\n    hint: known: main, quarantine, transit"]),
        ("expect: {customer: {ACNE: {balance: 0}}}", ["25: unknown customer 'ACNE'\n    hint: did you mean 'ACME'?"]),
        ("expect: {q.mentions: [[a]]}", ["27: a value is expected here, not a list inside a list"]),
        ("expect: {q.state: {a: b}}", ["24: 'a' cannot be asked of a value"]),
        ("{expect: {q: {state: draft}}, refused: x}", ["35: unknown key of expect 'refused'"]),
    ],
)
def test_an_expectation_on_what_does_not_exist_is_an_error_of_the_file(written: str, told: list[str]) -> None:
    assert step(written) == told


@pytest.mark.parametrize(
    "written",
    [
        "expect:", "expect: {}", "expect: {q: {}}", "expect: {q.lines: []}", "expect: {q: {has: x}}",
        "{fire: q.send, refused: }", "{fire: q.send, refused: ''}", "{fire: q.send, refused: []}",
        "{fire: q.send, refused: {limit: 3}}",
        "{fire: q.send, refused: {}}",
    ],
)  # fmt: skip
def test_what_would_hold_whatever_happens_is_an_error_of_the_file(written: str) -> None:
    assert step(written)


def test_all_errors_of_a_file_are_told_at_once_and_nothing_of_it_runs(tmp_path: Path) -> None:
    first = SHOP + "  - {fire: q.sned}\n  - {fire: r.send}\n"
    (tmp_path / "two.yaml").write_text(f"{first}---\n{SHOP}", encoding="utf-8")
    told: list[str] = []
    assert main([tmp_path], out=told.append) == NOT_VALID
    file = tmp_path / "two.yaml"
    assert told == [
        f"{file}:9:12: step 2: unknown event of quotation 'sned'\n    hint: did you mean 'send'?",
        f"{file}:10:12: step 3: unknown document 'r'\n    hint: known: q",
        "no scenario was run, 2 errors in files",
    ]


# -- hostile files ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"scenario: \xe9t\xe9\n", "1:1: byte 0xE9 is not UTF-8\n    hint: save the file as UTF-8"),
        (b"scenario: a\x00b\n", "1:12: character U+0000 is not allowed in YAML"),
        (b"scenario: " + b"[" * 60, "1:61: nested more than 50 deep"),
        (b"scenario: {a: 'b\n",
         "1:15: not valid YAML: found unexpected end of stream, while scanning a quoted scalar"),
        (b"- scenario: a\n", "1:1: expected a mapping (key: value), found a list"),
        (b"scenario: !!python/object:os.system x\nsteps: [{at: 2026-01-02}]\n",
         "1:11: scenario: unknown tag !!python/object:os.system\n"
         "    hint: known: !remove, !replace; a text that starts with '!' stands between quotes"),
    ],
)  # fmt: skip
def test_a_hostile_file_is_told_and_does_no_harm(tmp_path: Path, data: bytes, told: str) -> None:
    file = tmp_path / "hostile.yaml"
    file.write_bytes(data)
    run = run_paths([file])
    assert run.exit_code == NOT_VALID
    assert str(run.problems[0]) == f"{file}:{told}"


@pytest.mark.parametrize("name", ["a" * 5000, "a\\0b", "../" * 50 + "nowhere"])
def test_the_name_of_an_overlay_that_no_system_has_is_a_missing_directory(tmp_path: Path, name: str) -> None:
    (told,) = errors(f'scenario: x\nconfig: ["{name}"]\nsteps: [{{at: 2026-01-02}}]', tmp_path)
    assert told.startswith("case.yaml:2:10: config: no such file or directory: ")


def test_a_path_of_many_dots_is_refused_at_once() -> None:
    path = "q." + ".".join("1" * 400)
    assert step(f"expect: {{{path}: 1}}")[0].startswith(f"14: there is no '{path}' to expect")


_LEAF = st.none() | st.text("qA1.{}[]~!&*:,-\n '\"", max_size=6) | st.sampled_from(["q", "q.send", "A", "1", "~5", "x"])
_TREE = st.recursive(
    _LEAF, lambda below: st.lists(below, max_size=3) | st.dictionaries(_LEAF, below, max_size=3), max_leaves=8
)
_BESIDE = {"as": "fire: q.send", "with": "fire: q.accept", "refused": "fire: q.send", "key": "fire: q.send",
           "quantities": "derive: q", "to": "derive: q", "lines": "create: quotation, customer: ACME"}  # fmt: skip
"""By key that stands beside a step, a step that takes it."""


@given(st.sampled_from((*KINDS, *_BESIDE)), _TREE)
def test_any_value_under_any_key_of_a_step_is_an_error_told_or_taken_never_a_crash(key: str, value: object) -> None:
    beside = f"{_BESIDE[key]}, " if key in _BESIDE else ""
    scenarios, problems = read_scenarios(f"{SHOP}  - {{{beside}{key}: {_flow(value)}}}\n", Path("case.yaml"))
    for one in scenarios if not problems else ():
        prepare(one)


def _flow(value: object) -> str:
    """A tree as flow YAML, texts between quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key or 'none')}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return "null" if value is None else "'" + str(value).replace("'", "''").replace("\n", "\n    ") + "'"


# -- comparison ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "holds",
    [
        "total_net: 50", "total_net: 50.000", "margin_rate: 40", 'margin_rate: "~40.0"', 'markup_rate: "~66.67"',
        "customer: ACME", 'customer: "~CM"', "number: null", "supplier: null", "valid_until: 2026-04-01", "type: quotation",
        "vat: {20: {base: 50.00, amount: 10.00}}", "vat: {standard: {rate: 20}}", "vat.20.base: 50",
        "vat: {5.5: null}", "lines: {count: 1, has: [{item: A, net: 50}]}", "lines: [{item: A, vat: 20}]",
        "counterpart.total_net: 50", "lines.1.vat: standard", "totals: {goods: 50, foot_discount: 0}",
        "lines.1: {trace: [{step: base, amount: 10.00, active: true, running: 10}]}",
        "history.create: {count: 1, 1: {by: scenario}}", "entries: {count: 0, 411: null}", "reference: null",
    ],
)  # fmt: skip
def test_figures_are_equal_as_numbers_and_null_is_none(holds: str) -> None:
    assert differs(f"expect: {{q: {{{holds}}}}}") == []


@pytest.mark.parametrize(
    ("written", "difference"),
    [
        ("state: sent", ("q.state", "sent", "draft")),
        ("total_net: 50.01", ("q.total_net", "50.01", "50")),
        ('markup_rate: "66.67"', ("q.markup_rate", "66.67", "66.66666666666666666666666667")),
        ('markup_rate: "~66.66"', ("q.markup_rate", "~66.66", "66.66666666666666666666666667")),
        ("number: DE2026-00001", ("q.number", "DE2026-00001", "none")),
        ("customer: null", ("q.customer", "none", "ACME")),
        ("customer: acme", ("q.customer", "acme", "ACME")),
        ("vat: {5.5: {base: 1}}", ("q.vat.5.5", "{base: 1}", "none")),
        ("lines.2: {net: 3}", ("q.lines.2", "{net: 3}", "none: there are 1")),
        ("lines: [{item: A}, {item: A}]", ("q.lines.2", "{item: A}", "none: there are 1")),
        ("lines: {has: [{item: A, net: 51}]}", ("q.lines.has row 1", "{item: A, net: 51}", "none such (net: 50)")),
        ("lines: {has: [{item: A}, {item: A}]}", ("q.lines.has row 2", "{item: A}", "none such (no other row)")),
        ('mentions: ["~CGI"]', ("q.mentions", "~CGI", "none")),
    ],
)
def test_a_figure_that_differs_shows_expected_beside_actual(written: str, difference: tuple[str, str, str]) -> None:
    assert differs(f"expect: {{q: {{{written}}}}}")[0] == difference


def test_the_rate_of_a_line_is_that_of_the_day_on_which_it_was_taxed() -> None:
    """CN1: a credit note bears the rate of its invoice."""
    text = """\
    scenario: S
    today: 2026-03-02
    config_inline: {taxes: {codes: {standard: {rates: {2026-04-01: 22}}}}}
    given: {customers: [{ref: ACME}], items: [{ref: A, sale_price: 100.00}]}
    steps:
      - {create: invoice, as: i, customer: ACME, lines: [{item: A, quantity: 1}]}
      - fire: i.issue
      - at: 2026-05-01
      - {derive: i, to: credit_note, as: c}
      - expect: {c: {total_vat: 20, lines.1.vat: 20}}
    """
    assert ran(text).failures == ()


def test_rows_of_a_list_compare_by_place_and_number() -> None:
    text = SHOP.replace("quantity: 5}", "quantity: 5, discounts: [10]}")
    (failure,) = ran(f"{text}  - expect: {{q.lines.1: {{trace: [{{step: base}}]}}}}\n").failures
    assert failure.difference[1:] == ("q.lines.1.trace.count", "1", "2")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "total_net: fifty",
            "case.yaml:9:29: q.total_net: 'fifty' is not a plain decimal number; write digits and one point, as 1250.50",
        ),
        ("date: soon", "case.yaml:9:24: q.date: 'soon' is not a date; write it as 2026-03-31"),
    ],
)
def test_an_expectation_of_another_kind_than_its_field_is_an_error_of_the_file(written: str, told: str) -> None:
    result = ran(f"{SHOP}  - expect: {{q: {{{written}}}}}\n")
    assert [str(problem) for problem in result.problems] == [told]


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "refused",
    [
        "\"cannot 'accept' from 'draft'\"", '["cannot", "allowed: send, cancel"]', "{code: transition}",
        "{code: transition, event: accept, state: draft}",
    ],
)  # fmt: skip
def test_a_refusal_is_told_by_its_text_its_parts_or_its_code_and_facts(refused: str) -> None:
    assert differs(f"{{fire: q.accept, refused: {refused}}}") == []


@pytest.mark.parametrize(
    ("written", "difference"),
    [
        (
            "{fire: q.accept}",
            ("fire q.accept", "done", "refused: quotation draft: cannot 'accept' from 'draft'; allowed: send, cancel"),
        ),
        ("{fire: q.send, refused: expired}", ("fire q.send", "refused: expired", "done")),
        (
            "{fire: q.accept, refused: expired}",
            (
                "fire q.accept",
                "refused: expired",
                "refused: quotation draft: cannot 'accept' from 'draft'; allowed: send, cancel",
            ),
        ),
        ("{fire: q.accept, refused: {code: guard}}", ("fire q.accept code", "guard", "[transition]")),
        ("{fire: q.accept, refused: {code: transition, limit: 3}}", ("fire q.accept limit", "3", "none")),
    ],
)
def test_a_refusal_that_is_not_as_expected_is_a_failure(written: str, difference: tuple[str, str, str]) -> None:
    assert differs(written) == [difference]


def test_a_configuration_that_must_not_load_says_why() -> None:
    text = "scenario: x\nconfig_inline: {compny: {name: M}}\nrefused: [unknown key 'compny', did you mean 'company'?]"
    assert ran(text).passed


@pytest.mark.parametrize("refused", ["nothing of the kind", "{code: config, x: 1}"])
def test_a_configuration_refused_for_another_reason_fails(refused: str) -> None:
    assert not ran(f"scenario: x\nconfig_inline: {{compny: {{name: M}}}}\nrefused: {refused}").passed


def test_a_configuration_that_loads_though_it_must_not_fails() -> None:
    (failure,) = ran("scenario: x\nrefused: {code: config}").failures
    assert failure.difference[1:] == ("config", "refused: {code: config}", "done")


def test_steps_after_one_that_failed_are_not_run_but_all_expectations_are() -> None:
    text = f"{SHOP}  - expect: {{q: {{state: sent}}}}\n  - expect: {{q: {{total_net: 1}}}}\n"
    assert [one.difference.place for one in ran(text).failures] == ["q.state", "q.total_net"]
    stopped = ran(f"{SHOP}  - fire: q.accept\n  - expect: {{q: {{total_net: 1}}}}\n")
    assert [one.difference.place for one in stopped.failures] == ["fire q.accept"]


# -- defaults, time, people, keys ------------------------------------------------------------------

DEFAULTS = """\
defaults:
  today: 2026-03-02
  given:
    items: [{ref: A, sale_price: 10.00}, {ref: B, sale_price: 20.00}]
---
scenario: a row of the defaults is changed by its ref, and others stay
given:
  items: [{ref: A, sale_price: 11.00}]
steps:
  - {price: {item: A}, expect: {unit_price: 11.00}}
  - {price: {item: B}, expect: {unit_price: 20.00}}
---
scenario: each scenario starts from the defaults again
steps:
  - {price: {item: A}, expect: {unit_price: 10.00}}
"""


@pytest.mark.parametrize("number", [0, 1])
def test_defaults_are_laid_under_each_scenario(number: int) -> None:
    assert ran(DEFAULTS, number).passed


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-31", datetime(2026, 3, 31, 8)),  # noqa: DTZ001 - a scenario's moments are UTC and carry no zone
        ("2026-03-31T14:30", datetime(2026, 3, 31, 14, 30)),  # noqa: DTZ001
        ("2026-03-31T14:30+02:00", datetime(2026, 3, 31, 12, 30)),  # noqa: DTZ001
    ],
)
def test_a_day_starts_at_eight_and_an_offset_counts(written: str, moment: datetime) -> None:
    scenarios, problems = read_scenarios(f"scenario: x\ntoday: {written}\nsteps: [{{at: 2026-04-01}}]", Path("x.yaml"))
    assert problems == []
    assert scenarios[0].today == moment


def test_a_user_acts_until_another_does_and_for_one_step_when_named_beside_it() -> None:
    users = SHOP.replace("steps:", "  users: [{ref: ann, rights: [a]}, {ref: bob}]\nsteps:")
    text = f"""{users}  - as_user: ann
  - {{fire: q.send, as_user: bob}}
  - {{fire: q.refuse}}
  - expect: {{q: {{history.send.1.by: bob, history.refuse.1.by: ann}}}}
"""
    assert ran(text).failures == ()


def test_a_fire_names_the_document_that_its_event_made() -> None:
    revised = f"{SHOP}  - fire: q.send\n  - {{fire: q.revise, as: q2}}\n"
    assert ran(f"{revised}  - expect: {{q2: {{revision: 2}}, q.created: {{count: 1}}}}\n").failures == ()


def test_the_same_key_with_another_input_is_refused() -> None:
    create = "{{create: quotation, as: {0}, customer: ACME, key: k, lines: [{{item: A, quantity: {1}}}]{2}}}"
    same, other = create.format("a", 1, ""), create.format("c", 2, ", refused: {code: idempotency_mismatch}")
    assert ran(f"{SHOP}  - {same}\n  - {same}\n  - {other}\n").failures == ()


# -- results ---------------------------------------------------------------------------------------


def test_a_failure_is_a_table_with_file_line_step_expected_and_actual() -> None:
    text = f"{SHOP}  - expect:\n      q: {{state: sent}}\n      stock.A: {{physical: 4}}\n"
    assert list(failure_lines(ran(text))) == [
        "    where         step      what              expected  actual",
        "    case.yaml:10  2 expect  q.state           sent      draft",
        "    case.yaml:11  2 expect  stock.A.physical  4         3",
    ]


def test_one_line_a_scenario_and_the_exit_code_says_the_worst(tmp_path: Path) -> None:
    good, bad, wrong = (tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml"))
    good.write_text(SHOP, encoding="utf-8")
    bad.write_text(f"{SHOP}  - {{expect: {{q: {{state: sent}}}}}}\n", encoding="utf-8")
    wrong.write_text("scenario: x\n", encoding="utf-8")
    told: list[str] = []
    assert main([good], out=told.append) == PASSED
    assert told == [f"ok     S  ({good}:1)", "1 scenarios, 0 failed"]
    assert main([good, bad], out=told.append) == FAILED
    assert told[3] == f"FAILED S  ({bad}:1)"
    assert main([good, bad, wrong], out=told.append) == NOT_VALID


def test_a_path_without_scenarios_is_an_error_and_no_success(tmp_path: Path) -> None:
    assert [str(one) for one in run_paths([tmp_path / "x"]).problems] == [f"{tmp_path}/x:1:1: no such file or directory"]
    assert [str(one) for one in run_paths([tmp_path]).problems] == [f"{tmp_path}:1:1: no scenario file is here"]


def test_configuration_beside_scenarios_is_not_taken_for_one_and_a_misspelt_title_is_told(tmp_path: Path) -> None:
    (tmp_path / "overlay").mkdir()
    (tmp_path / "overlay" / "stock.yaml").write_text("stock: {negative_stock: forbid}\n", encoding="utf-8")
    (tmp_path / "a.yaml").write_text(SHOP, encoding="utf-8-sig")
    assert run_paths([tmp_path]).exit_code == PASSED
    (tmp_path / "b.yaml").write_text(SHOP.replace("scenario:", "senario:"), encoding="utf-8")
    assert run_paths([tmp_path]).exit_code == NOT_VALID


def test_a_bug_of_the_product_fails_its_scenario_and_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Session, document_id: str) -> None:
        raise KeyError("lines")

    monkeypatch.setattr(Session, "delete", broken)
    (tmp_path / "a.yaml").write_text(f"{SHOP}  - {{delete: q, refused: lines}}\n---\n{SHOP}", encoding="utf-8")
    first, second = run_paths([tmp_path]).results
    assert first.failures[0].difference.actual.startswith("KeyError: 'lines' (")
    assert second.passed


def test_each_scenario_has_a_company_of_its_own_in_a_database_that_is_named(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "a.yaml").write_text(
        f"{SHOP}  - expect: {{stock.A: {{physical: 3}}}}\n---\n{SHOP}  - fire: q.send\n"
        "  - expect: {q: {number: DE2026-00001}, stock.A: {physical: 3}}\n",
        encoding="utf-8",
    )
    for _ in range(2):
        assert run_paths([tmp_path], database=database_url).exit_code == PASSED


# -- pytest ----------------------------------------------------------------------------------------


def _python(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_plugin_costs_nothing_until_it_collects(tmp_path: Path) -> None:
    heavy = "{'pydantic', 'sqlalchemy', 'yaml'}"
    code = f"import sys, sphinx_lib.scenario.plugin as _; print(sorted({heavy} & set(sys.modules)))"
    assert _python("-c", code, folder=tmp_path).stdout == "[]\n"


def test_pytest_runs_each_scenario_as_a_test_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "a.yaml").write_text(f"{SHOP}---\n{SHOP}  - expect: {{q: {{state: sent}}}}\n", encoding="utf-8")
    (folder / "overlay.yaml").write_text("stock: {negative_stock: forbid}\n", encoding="utf-8")
    (tmp_path / "elsewhere.yaml").write_text("scenario: x\n", encoding="utf-8")
    ran_ = _python("-m", "pytest", "-q", "-p", "sphinx_lib.scenario.plugin", "-p", "no:cacheprovider", folder=tmp_path)
    assert "1 failed, 1 passed" in ran_.stdout
    assert f"{folder}/a.yaml:18  2 expect  q.state  sent      draft" in ran_.stdout
    (folder / "b.yaml").write_text("scenario: x\n", encoding="utf-8")
    told = _python("-m", "pytest", "-q", "-p", "sphinx_lib.scenario.plugin", "-p", "no:cacheprovider", folder=tmp_path)
    assert f"{folder}/b.yaml:1:1: this scenario has no steps" in told.stdout
    assert told.returncode == 2


def test_a_payment_shows_what_it_cleared_and_the_difference_of_exchange() -> None:
    """Ex 32: 5 000 USD at 1.08 are 4 629.63; received at 1.10 they are 4 545.45, a loss of 84.18 (F3)."""
    text = """\
    scenario: F3
    today: 2026-03-02
    given:
      customers: [{ref: US, country: US, currency: USD}]
      exchange_rates: [{currency: USD, date: 2026-03-01, rate: 1.08}, {currency: USD, date: 2026-04-01, rate: 1.10}]
    steps:
      - {create: invoice, as: i, customer: US, lines: [{text: Work, quantity: 1, unit_price: 5000}]}
      - fire: i.issue
      - at: 2026-04-02
      - pay: {customer: US, amount: 5000, currency: USD}
        expect: {counterpart: 4545.45, cleared: 4629.63, exchange_difference: -84.18, state: posted}
    """
    assert ran(text).failures == ()
    assert Decimal("4545.45") - Decimal("4629.63") == Decimal("-84.18")
