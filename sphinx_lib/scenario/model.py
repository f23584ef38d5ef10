"""Scenario files as read: documents, defaults, steps; every finding about their structure has its place.

What a configuration must say about the names in a scenario is asked later, in ``check``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from os.path import exists
from pathlib import Path
from typing import Any

from sphinx_lib.kernel.conditions import Condition
from sphinx_lib.kernel.errors import Problem
from sphinx_lib.kernel.suggest import nearest
from sphinx_lib.pack.overlay import to_plain
from sphinx_lib.pack.reader import Mark, Node, read_documents
from sphinx_lib.scenario.cases import read_ground, read_table, step_of, with_codes

TOP = ("scenario", "config", "config_inline", "today", "given", "steps", "cases", "refused")
KINDS = (
    "create", "edit", "fire", "derive", "run", "pay", "price", "export", "render", "import", "delete", "at", "as_user",
    "expect",
)  # fmt: skip
OPTIONS = ("as", "with", "refused", "key", "as_user", "expect")
LATER_KINDS = frozenset({"import"})
KEYED = frozenset({"create", "edit", "fire", "derive", "delete", "pay"})
"""The steps that are one command, so that an idempotency key means something."""
_FORMS: Mapping[str, Any] = {
    **dict.fromkeys(("create", "edit", "fire", "run", "export", "render", "delete", "at", "+as", "+key", "+to"), str),
    **dict.fromkeys(("pay", "price", "expect", "+with", "+expect", "+quantities"), dict),
    **dict.fromkeys(("as_user", "+as_user"), str | None),
    "derive": str | list,
}
"""What stands under a step's own key, and (with a plus) under the keys beside it."""
_NAMES: Mapping[Any, str] = {
    str: "a name", dict: "a mapping", str | None: "a name or nothing", str | list: "a name or a list of names",
}  # fmt: skip
_PARTS: tuple[tuple[str, type, str], ...] = (
    ("given", dict, "mapping"), ("steps", list, "list"), ("cases", list, "list"), ("config_inline", dict, "mapping"),
)  # fmt: skip
FIRST_DAY = date(2026, 1, 1)
"""The day of a scenario that does not say ``today``; never the machine's, so that it passes on every day alike."""


class Findings(list[Problem]):
    """Problems of a file, collected so that all are told at once."""

    def add(self, mark: Mark, path: str, message: str, hint: str = "") -> None:
        """Note what is wrong at a place."""
        self.append(Problem(*mark, path, message, hint))

    def unknown(self, mark: Mark, path: str, what: str, name: str, known: Iterable[str]) -> None:
        """Note a name that nothing has, with the nearest known one."""
        self.add(mark, path, f"unknown {what} {name!r}", hint(name, known))

    def later(self, mark: Mark, path: str, name: str) -> None:
        """Note a key of the language whose capability is not there yet."""
        self.add(mark, path, f"{name!r} is not supported yet", "take it out, or wait for the version that has it")


def hint(name: str, known: Iterable[str]) -> str:
    """The nearest known name as a hint, else all of them when they are few."""
    names = sorted(known)
    near = nearest(name, names)
    if near:
        return f"did you mean {near!r}?"
    return f"known: {', '.join(names)}" if 0 < len(names) <= 24 else ""


@dataclass(frozen=True)
class Step:
    """One step: its kind, the value under that key, and the keys beside it. ``number`` counts from 1.

    A ``case`` is a row of prices; these count for themselves.
    """

    number: int
    kind: str
    node: Node
    case: bool = False

    @property
    def argument(self) -> Node:
        """What stands under the step's own key."""
        return entries(self.node)[self.kind]

    @property
    def mark(self) -> Mark:
        """Where the step starts."""
        return self.node.key_marks[self.kind]

    @property
    def path(self) -> str:
        """How errors name it."""
        return f"case {self.number}" if self.case else f"step {self.number}"

    @property
    def title(self) -> str:
        """How results name it: ``fire q.send``, ``price VIS8 ACME 10``."""
        value = self.argument.value
        if self.kind == "price":
            return " ".join(["price", *(str(one.value) for one in entries(self.argument).values())])
        return f"{self.kind} {value}" if isinstance(value, str) else self.kind

    def option(self, name: str) -> Node | None:
        """What stands beside the step's own key under ``name``, or none."""
        return None if name == self.kind else entries(self.node).get(name)

    def text(self, name: str) -> str | None:
        """An option as text, or none."""
        node = self.option(name)
        return node.value if node is not None and isinstance(node.value, str) else None

    def plain(self, name: str) -> Any:
        """An option as dict, list, text or none."""
        node = self.option(name)
        return None if node is None else to_plain(node)

    def fields(self) -> dict[str, Node]:
        """The keys that are neither the step's own nor options that every step may carry."""
        return {key: node for key, node in entries(self.node).items() if key != self.kind and key not in OPTIONS}


@dataclass(frozen=True)
class Scenario:
    """One scenario of a file; ``config`` are overlay directories, resolved against the file's own."""

    title: str
    file: Path
    node: Node
    mark: Mark
    today: datetime
    config: tuple[Path, ...]
    steps: tuple[Step, ...]

    @property
    def cases(self) -> list[Step]:
        """The steps that are rows of prices."""
        return [one for one in self.steps if one.case]

    def with_codes_of(self, records: Sequence[Condition]) -> Scenario:
        """The same with the items and customers of its cases that are not given and that price records know by code."""
        given = with_codes(self.part("given"), [one.argument for one in self.cases], records, self.mark)
        if given is None or given is self.part("given"):
            return self
        return replace(self, node=replace(self.node, value={**entries(self.node), "given": given}))

    @property
    def given(self) -> dict[str, Node]:
        """The sections of master data, in the order written."""
        return entries(self.part("given"))

    @property
    def refused(self) -> Node | None:
        """What the loading of the configuration must say, or none when it must load."""
        return entries(self.node).get("refused")

    def part(self, name: str) -> Node | None:
        """A top-level key of the scenario, the file's defaults laid under."""
        return entries(self.node).get(name)

    def layers(self) -> list[str | Path | Node]:
        """The configuration: the shipped defaults, the overlays, the company given, the inline overlay."""
        found: list[str | Path | Node] = ["base", *self.config]
        company = self.given.get("company")
        if company is not None and isinstance(company.value, dict):
            found.append(Node({"company": company}, company.mark, None, {"company": company.mark}))
        inline = self.part("config_inline")
        if inline is not None and isinstance(inline.value, dict):
            found.append(inline)
        return found


def entries(node: Node | None) -> dict[str, Node]:
    """The entries of a mapping; of anything else none."""
    return node.value if node is not None and isinstance(node.value, dict) else {}


def items(node: Node | None) -> list[Node]:
    """The items of a list; of anything else none."""
    return node.value if node is not None and isinstance(node.value, list) else []


def listed(node: Node) -> list[Node]:
    """The items of a list; one value stands for a list of itself."""
    return node.value if isinstance(node.value, list) else [node]


def read_file(path: Path) -> tuple[list[Scenario], list[Problem]]:
    """The scenarios of a file and every finding about its structure; with findings, nothing of it should run."""
    name = str(path)
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        return [], [Problem(name, 1, 1, "", f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError as error:
        place = f"byte 0x{error.object[error.start]:02X} is not UTF-8"
        return [], [Problem(name, 1, 1, "", place, "save the file as UTF-8")]
    return _read_csv(text, path) if path.suffix == ".csv" else read_scenarios(text, path)


def _read_csv(text: str, path: Path) -> tuple[list[Scenario], list[Problem]]:
    """The cases of a CSV file over the YAML file of the same name beside it."""
    table, problems = read_table(text, path)
    ground, more = read_ground(path)
    findings = Findings([*problems, *more])
    table = under(ground, table) if ground is not None else table
    scenario = None if findings else _scenario(table, path, findings)
    return [scenario] if scenario is not None else [], findings


def read_scenarios(text: str, path: Path) -> tuple[list[Scenario], list[Problem]]:
    """The scenarios in ``text``, as if it stood in the file ``path``, and every finding about their structure."""
    documents, problems = read_documents(text, str(path))
    findings = Findings(problems)
    defaults = Node({}, Mark(str(path), 1, 1))
    if documents and "defaults" in entries(documents[0]):
        defaults = _defaults(documents.pop(0), findings)
    if not documents and not findings:
        findings.add(defaults.mark, "", "this file holds no scenario", "start it with 'scenario: what must hold'")
    scenarios = [_scenario(under(defaults, one), path, findings) for one in documents]
    return [one for one in scenarios if one is not None], findings


def _defaults(document: Node, findings: Findings) -> Node:
    """What is laid under each scenario: the mapping under ``defaults``, or the keys beside it."""
    own = entries(document)["defaults"]
    beside = {key: node for key, node in entries(document).items() if key != "defaults"}
    found = own if isinstance(own.value, dict) else Node(beside, document.mark, None, document.key_marks)
    if isinstance(own.value, dict) and beside:
        key = next(iter(beside))
        findings.add(document.key_marks[key], "defaults", f"{key!r} stands beside defaults", "write it under defaults")
    return found


def under(low: Node, high: Node) -> Node:
    """``high`` over ``low``: mapping into mapping, rows with the same ``ref`` one into the other, else replaced."""
    if isinstance(low.value, dict) and isinstance(high.value, dict):
        values, marks = dict(low.value), dict(low.key_marks)
        for key, child in high.value.items():
            values[key] = under(values[key], child) if key in values else child
            marks[key] = high.key_marks[key]
        return Node(values, high.mark, high.tag, marks)
    if isinstance(low.value, list) and isinstance(high.value, list):
        below, above = _by_ref(low.value), _by_ref(high.value)
        if below is not None and above is not None:
            rows = {ref: under(row, above[ref]) if ref in above else row for ref, row in below.items()}
            return Node([*rows.values(), *(row for ref, row in above.items() if ref not in below)], high.mark)
    return high


def _by_ref(rows: Iterable[Node]) -> dict[str, Node] | None:
    found = {}
    for row in rows:
        ref = entries(row).get("ref")
        if ref is None or not isinstance(ref.value, str) or ref.value in found:
            return None
        found[ref.value] = row
    return found


def _scenario(node: Node, path: Path, findings: Findings) -> Scenario | None:
    before = len(findings)
    for key in entries(node):
        if key not in TOP:
            findings.unknown(node.key_marks[key], "", "key", key, TOP)
    own = entries(node)
    title = own.get("scenario")
    if title is None and "cases" in own:
        title = Node(f"{path.name}: {len(items(own['cases']))} prices", own["cases"].mark)
    if title is None or not isinstance(title.value, str):
        findings.add(node.mark, "", "this document has no title", "start it with 'scenario: what must hold'")
    for key, kind, name in _PARTS:
        if key in own and own[key].value is not None and not isinstance(own[key].value, kind):
            findings.add(own[key].mark, key, f"a {name} is expected here")
    if "refused" in own:
        _check_refused(own["refused"], "refused", findings)
        if "steps" in own or "cases" in own:
            text = "a scenario whose configuration must not load has no steps"
            key = "steps" if "steps" in own else "cases"
            findings.add(node.key_marks[key], key, text, "put refused on the step that is refused")
    elif "steps" in own and "cases" in own:
        findings.add(node.key_marks["cases"], "cases", "prices stand beside steps", "put one of the two in another file")
    elif "cases" in own:
        if not items(own["cases"]):
            findings.add(own["cases"].mark, "cases", "no price is here", "write a row for each: item, quantity, unit_price")
    elif not items(own.get("steps")):
        findings.add(node.mark, "", "this scenario has no steps", "say under 'steps' what happens")
    today = moment(own["today"], "today", findings) if "today" in own else None
    steps = [_step(one, number, findings) for number, one in enumerate(items(own.get("steps")), 1)]
    steps += [_case(one, number, findings) for number, one in enumerate(items(own.get("cases")), 1)]
    config = tuple(_folders(own.get("config"), path.parent, findings))
    if len(findings) > before or title is None:
        return None
    start = today or datetime.combine(FIRST_DAY, datetime.min.time().replace(hour=8))
    return Scenario(str(title.value), path, node, title.mark, start, config, tuple(one for one in steps if one))


def _folders(node: Node | None, base: Path, findings: Findings) -> Iterator[Path]:
    """The overlays named, relative to the scenario's file; each must be there."""
    if node is not None and isinstance(node.value, dict):
        findings.add(node.mark, "config", "a list of directories is expected here", "settings go under config_inline")
    for one in [node] if node is not None and isinstance(node.value, str) else items(node):
        if not isinstance(one.value, str):
            findings.add(one.mark, "config", "the name of a directory is expected here")
            continue
        folder = base / one.value
        if not exists(folder):
            findings.add(one.mark, "config", f"no such file or directory: {one.value}", f"it is looked for in {base}")
        yield folder


def moment(node: Node, path: str, findings: Findings) -> datetime | None:
    """A date (08:00 UTC of that day) or a date and time, in UTC unless it names its offset."""
    value = node.value
    try:
        if not isinstance(value, str):
            raise ValueError("a date is expected")
        found = datetime.fromisoformat(value)
    except ValueError:
        findings.add(node.mark, path, f"{to_plain(node)!r} is not a date", "write it as 2026-03-31")
        return None
    if len(value) == len("2026-03-31"):
        return found.replace(hour=8)
    return found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)


def _case(row: Node, number: int, findings: Findings) -> Step | None:
    """A row of prices; one that expects nothing checks nothing, and is told."""
    path = f"case {number}"
    if not isinstance(row.value, dict):
        findings.add(row.mark, path, "a case is a mapping, such as {item: A1, quantity: 10, unit_price: 9.20}")
        return None
    node = step_of(row)
    if node.value.keys() == {"price"}:  # type: ignore[union-attr]
        findings.add(row.mark, path, "this case says no price", "give unit_price or net; none where there is no price")
    if "refused" in entries(node):
        _check_refused(entries(node)["refused"], path, findings)
    return Step(number, "price", node, case=True)


def _step(node: Node, number: int, findings: Findings) -> Step | None:
    path = f"step {number}"
    if not isinstance(node.value, dict):
        findings.add(node.mark, path, "a step is a mapping, such as '- fire: q.send'")
        return None
    kinds = [key for key in node.value if key in KINDS]
    doing = [key for key in kinds if key not in OPTIONS] or kinds
    if len(doing) > 1:
        findings.add(
            node.key_marks[doing[1]], path, f"a step does one thing: {doing[0]} or {doing[1]}", "write two steps"
        )
    elif not doing:
        key = next(iter(node.value), "")
        findings.add(node.mark, path, f"unknown step {key!r}", hint(key, KINDS))
    elif doing[0] in LATER_KINDS:
        findings.later(node.key_marks[doing[0]], path, doing[0])
    else:
        _check_options(node, doing[0], path, findings)
        return Step(number, doing[0], node)
    return None


def _check_options(node: Node, kind: str, path: str, findings: Findings) -> None:
    """The keys of a step are known and each holds what it should, so that nothing is left out silently."""
    beside = {"create": None, "edit": None, "derive": {"to", "quantities"}}.get(kind, set())
    options = set() if kind == "expect" else set(OPTIONS) - ({"key"} if kind not in KEYED else set())
    for key, child in entries(node).items():
        known = key == kind or key in options or (key not in OPTIONS and (beside is None or key in beside))
        if not known and kind == "derive" and key in ("parties", "suppliers"):
            findings.add(node.key_marks[key], path, f"unknown key of derive {key!r}", "write with: {suppliers: [CODE, …]}")
        elif not known:
            findings.unknown(node.key_marks[key], path, f"key of {kind}", key, {*options, *(beside or ())})
        elif key == "refused":
            _check_refused(child, path, findings)
        elif not isinstance(child.value, form := _FORMS.get(kind if key == kind else f"+{key}", object)) or (
            key == "derive" and not child.value
        ):
            findings.add(node.key_marks[key], path, f"{key!r} takes {_NAMES[form]}")


def _check_refused(node: Node, path: str, findings: Findings) -> None:
    """A part of the message, a list of parts, or a mapping with the code and facts; none of them empty."""
    own = entries(node)
    parts = items(node) or [*own.values()] or [node]
    if own and "code" not in own:
        findings.add(node.mark, path, "refused needs the code of the error", "write refused: {code: guard, …}")
    for part in parts:
        if not isinstance(part.value, str) or not part.value:
            findings.add(part.mark, path, "refused takes a part of the message, a list of parts, or {code: …, facts}")
