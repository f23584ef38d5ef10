"""Prices in a table: each row of ``cases``, or of a ``*.cases.csv`` file, is a price and what it must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from sphinx_lib.kernel.conditions import Condition
from sphinx_lib.kernel.errors import Problem
from sphinx_lib.kernel.money import exact_decimal
from sphinx_lib.kernel.suggest import nearest
from sphinx_lib.pack.reader import Mark, Node, PriceFile, read_documents
from sphinx_lib.pack.sheets import Column, Sheet

PRICE_KEYS = frozenset({"item", "customer", "supplier", "quantity", "date", "site", "currency", "unit"})
"""What a price is asked for; everything else in a row is what it must be."""
FIGURES = ("unit_price", "net", "list_price")
COLUMNS = (*sorted(PRICE_KEYS), *FIGURES, "refused")
NONE = "none"
"""What a cell says where there must be no price."""
SETTINGS = ("config", "today")
"""What a comment above the header may say: ``# config: overlay/``."""
_SETTING = re.compile(r"#\s*(\w+)\s*:\s*(.*)")


def step_of(row: Node) -> Node:
    """The step of a row of ``cases``: a price with what it must be beside it."""
    assert isinstance(row.value, dict)
    own: dict[str, Node] = {}
    expected: dict[str, Node] = {}
    for key, child in row.value.items():
        (own if key in PRICE_KEYS else expected)[key] = child
    refused = expected.pop("refused", None)
    step = {"price": Node(own, row.mark, None, row.key_marks)}
    if refused is not None:
        step["refused"] = refused
    if expected:
        step["expect"] = Node(expected, row.mark, None, row.key_marks)
    return Node(step, row.mark, None, dict.fromkeys(step, row.mark) | {"refused": row.key_marks.get("refused", row.mark)})


# -- CSV -----------------------------------------------------------------------------------------------------------------


def is_table(path: Path) -> bool:
    """Whether a file is a table of cases."""
    return path.name.endswith((".cases.csv", ".cases.yaml", ".cases.yml"))


def ground_of(table: Path) -> Path | None:
    """The YAML file beside ``prices.cases.csv`` that says its configuration and data, ``prices.yaml``; none if absent."""
    name = table.name.removesuffix(".csv").removesuffix(".cases")
    beside = (table.with_name(name + suffix) for suffix in (".yaml", ".yml"))
    return next((one for one in beside if one.is_file()), None)


def read_ground(table: Path) -> tuple[Node | None, list[Problem]]:
    """What the file that goes with a table says, none if there is none, and every finding about it."""
    path = ground_of(table)
    if path is None:
        return None, []
    try:
        documents, problems = read_documents(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError:
        return None, [Problem(str(path), 1, 1, "", "this file is not UTF-8", "save the file as UTF-8")]
    if len(documents) > 1:
        text = f"a second document starts here, and {table.name} stands on one"
        problems.append(Problem(*documents[1].mark, "", text, "take out the '---'"))
    return (documents[0] if documents else None), problems


def is_ground(path: Path) -> bool:
    """Whether a YAML file belongs to a table beside it, and so is not run by itself."""
    return path.with_name(f"{path.stem}.cases.csv").is_file()


def read_table(text: str, path: Path) -> tuple[Node, list[Problem]]:
    """The cases of a CSV file as if they stood in YAML, with what the comments above its header say; every finding.

    Between semicolons numbers may have a decimal comma.
    """
    sheet = Sheet(PriceFile(str(path), path.stem, text.removeprefix("\ufeff")))
    found = dict(_settings(sheet))
    sheet.check_header(COLUMNS)
    if not sheet.problems and "item" not in sheet.header:
        sheet.report(sheet.first, "", "the column 'item' is missing")
    mark = Mark(str(path), sheet.first, 1)
    if sheet.problems:
        return Node({}, mark), sheet.problems
    sheet.read()
    rows = Node(list(_rows(sheet)), mark)
    return Node({**found, "cases": rows}, mark, None, {**{key: one.mark for key, one in found.items()}, "cases": mark}), (
        sheet.problems
    )


def _settings(sheet: Sheet) -> Iterator[tuple[str, Node]]:
    for number, line in enumerate(sheet.lines[: sheet.first - 1], 1):
        said = _SETTING.fullmatch(line.strip())
        if said is None:
            continue
        name, value = said.groups()
        mark = Mark(sheet.file.name, number, line.index(value) + 1 if value else 1)
        if name == "config":
            yield name, Node([Node(one, mark) for one in re.split(r"[,\s]+", value) if one], mark)
        elif name in SETTINGS:
            yield name, Node(value, mark)
        elif nearest(name, SETTINGS):
            sheet.report(number, "", f"unknown setting {name!r}", f"did you mean {nearest(name, SETTINGS)!r}?")


def _rows(sheet: Sheet) -> Iterator[Node]:
    """A row for each line that is right; empty cells say nothing, ``none`` says that there is no price."""
    bad: set[int] = set()
    columns = _columns(comma=sheet.delimiter == ";")
    names = [name for name in sheet.header if name in columns]
    values = {name: sheet.converted(name, columns[name], bad) for name in names}
    for place, number in enumerate(sheet.numbers):
        if place in bad:
            continue
        cells = {name: values[name][place] for name in names if values[name][place]}
        marks = {name: sheet.mark(number, name) for name in cells}
        nodes = {name: Node(None if name in FIGURES and text == NONE else text, marks[name]) for name, text in cells.items()}
        yield Node(nodes, Mark(sheet.file.name, number, 1), None, marks)


def _columns(*, comma: bool) -> Mapping[str, Column]:
    def number(text: str) -> str:
        written = text.replace(",", ".") if comma and "." not in text else text
        exact_decimal(written.removeprefix("~"))
        return written

    def figure(text: str) -> str:
        return text if text == NONE else number(text)

    plain: Callable[[str], str] = str
    return {**dict.fromkeys(COLUMNS, Column(plain)), "quantity": Column(number), **dict.fromkeys(FIGURES, Column(figure))}


# -- what no data is given for -------------------------------------------------------------------------------------------


def with_codes(given: Node | None, prices: Sequence[Node], records: Sequence[Condition], mark: Mark) -> Node | None:
    """``given`` with the codes of ``prices`` that it does not declare and price records know: items, customers, suppliers.

    So a price list can be tested by itself; such an item is sold by the unit, such a customer is in no group.
    """
    sections = dict(given.value) if given is not None and isinstance(given.value, dict) else {}
    for section, key in (("items", "item"), ("customers", "customer"), ("suppliers", "supplier")):
        known = {value for one in records for name, value in one.keys if name == key}
        declared = sections.get(section, Node([], mark))
        rows = declared.value if isinstance(declared.value, list) else []
        there = {str(row.value["ref"].value) for row in rows if isinstance(row.value, dict) and "ref" in row.value}
        asked = [one.value[key] for one in prices if isinstance(one.value, dict) and key in one.value]
        missing = {str(one.value): one for one in asked if str(one.value) in known - there}
        if missing:
            added = [Node({"ref": one}, one.mark, None, {"ref": one.mark}) for one in missing.values()]
            sections[section] = Node([*rows, *added], declared.mark)
    if not sections:
        return given
    marks = dict(given.key_marks) if given is not None else {}
    return Node(sections, given.mark if given is not None else mark, None, dict.fromkeys(sections, mark) | marks)
