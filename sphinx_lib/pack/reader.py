"""YAML as text with its places: nothing is guessed, every finding names file, line and column.

A plain scalar stays the text that was written (``0701``, ``NO``, ``0.10``); only ``null``, ``~`` and nothing at all are
None. Types are the models' business. All functions here return their findings and raise none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from sphinx_lib.files.links import link_out
from sphinx_lib.kernel.errors import Problem

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH = 50
TOO_DEEP = f"nested more than {MAX_DEPTH} deep"
_TAGS = {"!remove": "remove", "!replace": "replace"}
_NULLS = {"", "~", "null"}
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNSPACED_TAG = re.compile(r"!(?:remove|replace)(?=[,\]}])")
_KEY = re.compile(r"(^\s*(?:- +)*|[{,\[]\s*)([\w.-]+):\s+")
_QUOTES_NEEDED = "a text that holds , [ ] { } or ': ' stands between quotes"


class Mark(NamedTuple):
    """Where something was written; ``line`` and ``column`` count from 1."""

    file: str
    line: int
    column: int


@dataclass(slots=True)
class Node:
    """A YAML value and where it was written.

    ``tag`` is ``remove`` or ``replace``; ``implied`` says that it asks for no lower layer that declares the same key.
    ``key_marks`` are the places of a mapping's keys.
    """

    value: str | list[Node] | dict[str, Node] | None
    mark: Mark
    tag: str | None = None
    key_marks: dict[str, Mark] = field(default_factory=dict)
    implied: bool = False


class PriceFile(NamedTuple):
    """A CSV file of price records: its name in messages, the last part of it without ``.csv``, and what it holds."""

    name: str
    stem: str
    text: str


def read_text(text: str, name: str) -> tuple[Node, list[Problem]]:
    """The one mapping that ``text`` holds (empty text: an empty mapping), with every finding about it."""
    reader = _Reader(text, name)
    documents = reader.documents()
    for extra in documents[1:]:
        reader.report(extra.mark, (), "a second document starts here: one file holds one", "take out the '---'")
    return documents[0] if documents else Node({}, Mark(name, 1, 1)), reader.problems


def read_documents(text: str, name: str) -> tuple[list[Node], list[Problem]]:
    """The mappings of a file of several documents separated by ``---``, with every finding about them."""
    reader = _Reader(text, name)
    return reader.documents(), reader.problems


def read_layer(path: Path, *, trusted: bool = False) -> tuple[Node, list[Problem]]:
    """All ``*.yaml`` and ``*.yml`` files under a directory, or one file, joined into one mapping (rule 1).

    Files are named relative to the parent of the layer: ``customer/workflows.yaml``. Links out of it are problems, but not
    where it is ``trusted``: an installer may make each file of a package a link to its store.
    """
    label = _label(path)
    if not path.exists():
        return Node({}, Mark(label, 1, 1)), [Problem(label, 1, 1, "", "no such file or directory")]
    files = [path] if path.is_file() else _yaml_files(path, trusted)
    problems = [] if path.is_file() or trusted else links_out(path, (".yaml", ".yml", ".csv"))
    if not files and not problems and not _price_files(path):
        return Node({}, Mark(label, 1, 1)), [Problem(label, 1, 1, "", "this directory holds no YAML file")]
    layer = Node({}, Mark(label, 1, 1))
    for number, file in enumerate(files):
        name = label if file == path else f"{label}/{file.relative_to(path).as_posix()}"
        part, found = _read_file(file, name)
        problems += found
        layer = _join(layer, part, (), problems) if number else part
    return layer, problems


def read_price_files(path: Path) -> tuple[list[PriceFile], list[Problem]]:
    """The texts of ``prices/*.csv`` of a layer in order of name, and every file that is no UTF-8 text."""
    files: list[PriceFile] = []
    problems: list[Problem] = []
    for file in _price_files(path):
        name = f"{_label(path)}/prices/{file.name}"
        text, found = _text_of(file, name)
        problems += found
        if text is not None:
            files.append(PriceFile(name, file.stem, text.removeprefix("\ufeff")))
    return files, problems


def links_out(folder: Path, endings: Collection[str]) -> list[Problem]:
    """A problem for each link to a folder, or to a file with one of ``endings``, that leads out of ``folder`` or nowhere.

    Inside the folder links are followed; another folder that is reached by one is read where it is.
    """
    problems = []
    for file in sorted(folder.rglob("*")):
        if not file.is_symlink() or file.name.startswith(".#"):  # an editor's lock, a link to nothing
            continue
        if not (file.is_dir() or file.suffix in endings):
            continue
        real, name = link_out(file, folder), f"{_label(folder)}/{file.relative_to(folder).as_posix()}"
        if real is not None:
            hint = "put there what it leads to, or name that folder where this one is named"
            problems.append(Problem(name, 1, 1, "", f"a link out of this folder, to {real}, is not followed", hint))
        elif not file.exists():
            problems.append(Problem(name, 1, 1, "", f"a link to {file.readlink()}, which is not there"))
    return problems


def _label(layer: Path) -> str:
    return layer.name if layer.name not in ("", "..") else layer.resolve().name


def _price_files(layer: Path) -> list[Path]:
    found = (file for file in layer.glob("prices/*.csv") if file.is_file())
    return sorted(file for file in found if link_out(file, layer) is None)


def _yaml_files(folder: Path, trusted: bool) -> list[Path]:
    found = (file for file in folder.rglob("*") if file.suffix in (".yaml", ".yml") and file.is_file())
    inside = (file for file in found if trusted or link_out(file, folder) is None)
    return sorted(inside, key=lambda file: file.relative_to(folder).as_posix())




def _read_file(file: Path, name: str) -> tuple[Node, list[Problem]]:
    text, problems = _text_of(file, name)
    return (Node({}, Mark(name, 1, 1)), problems) if text is None else read_text(text, name)


def _text_of(file: Path, name: str) -> tuple[str | None, list[Problem]]:
    """What a file holds, or why that is no text."""
    try:
        data = file.read_bytes()
    except OSError as error:
        return None, [Problem(name, 1, 1, "", f"cannot be read: {error.strerror}")]
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8")
        line, column = _place(good, len(good))
        found = f"byte 0x{data[error.start]:02X} is not UTF-8"
        return None, [Problem(name, line, column, "", found, "save the file as UTF-8")]


def _join(low: Node, high: Node, path: tuple[str, ...], problems: list[Problem]) -> Node:
    """Two files of one layer side by side: mapping into mapping, and no leaf twice."""
    assert isinstance(low.value, dict)
    assert isinstance(high.value, dict)
    values, marks = dict(low.value), dict(low.key_marks)
    for key, child in high.value.items():
        where, first = (*path, key), values.get(key)
        if first is None:
            values[key], marks[key] = child, high.key_marks[key]
        elif isinstance(first.value, dict) and isinstance(child.value, dict) and not (first.tag or child.tag):
            values[key] = _join(first, child, where, problems)
        else:
            problems.append(_set_twice(high.key_marks[key], marks[key], where))
    return Node(values, low.mark, low.tag, marks)


def _set_twice(again: Mark, first: Mark, path: tuple[str, ...]) -> Problem:
    place = f"{first.file}:{first.line}:{first.column}"
    return Problem(*again, ".".join(path), f"set twice; first at {place}", "take out one of the two")


class _Stop(Exception):
    """Reading on would make no sense; the reason is among the problems."""


class _Reader:
    """Builds nodes from the parser's events, so that nothing is resolved, expanded or nested without limit."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text.removeprefix("\ufeff")
        self.name = name
        self.problems: list[Problem] = []
        self.events: Iterator[Any] = iter(())
        self.source = self.text  # with a space behind tags that lacked one; `inserted` are their columns by line
        self.inserted: dict[int, list[int]] = {}

    def documents(self) -> list[Node]:
        """Every document up to the first place that is not YAML."""
        if bad := _UNPRINTABLE.search(self.text):
            place = Mark(self.name, *_place(self.text, bad.start()))
            self.report(place, (), f"character U+{ord(bad.group()):04X} is not allowed in YAML")
            return []
        while True:
            self.problems, found = [], []
            try:
                self.events = yaml.parse(self.source, Loader=LOADER)
                for event in self.events:
                    if type(event) is yaml.DocumentStartEvent:
                        found.append(self.document(next(self.events), event))
            except yaml.MarkedYAMLError as error:
                if self.space_after_tag(error):
                    continue
                self.problems.append(self.syntax(error))
            except yaml.YAMLError as error:
                self.report(Mark(self.name, 1, 1), (), f"not valid YAML: {error}")
            except _Stop:
                pass
            return found

    def space_after_tag(self, error: yaml.MarkedYAMLError) -> bool:
        """Whether the parser stumbled over ``{x: !remove}`` and now gets it with the space that YAML wants there."""
        at: Any = error.context_mark
        tag = _UNSPACED_TAG.match(self.source, at.index) if at and error.context == "while scanning a tag" else None
        if tag is None:
            return False
        self.source = f"{self.source[: tag.end()]} {self.source[tag.end() :]}"
        self.inserted.setdefault(at.line, []).append(at.column + len(tag.group()))
        return True

    def document(self, event: Any, start: Any) -> Node:
        node = self.node(event, (), flow=False)
        if node.tag:
            self.report(node.mark, (), f"!{node.tag} stands before the value of a key, not before a whole document")
        if node.value is None:
            return Node({}, self.mark(start))
        if not isinstance(node.value, dict):
            kind = "list" if isinstance(node.value, list) else "text"
            self.report(node.mark, (), f"expected a mapping (key: value), found a {kind}")
            return Node({}, node.mark)
        return Node(node.value, node.mark, None, node.key_marks)

    def node(self, event: Any, path: tuple[str, ...], *, flow: bool) -> Node:
        mark = self.mark(event)
        if type(event) is yaml.AliasEvent or event.anchor is not None:
            hint = f"write the value out, or quote a text that starts with {'*' if event.anchor is None else '* or &'}"
            self.report(mark, path, "anchors and aliases (&name, *name) are not used here", hint)
            if type(event) is yaml.AliasEvent:
                return Node(None, mark)
        if len(path) > MAX_DEPTH:
            self.report(mark, (), TOO_DEEP)
            raise _Stop
        tag = self.tag(event, mark, path) if event.tag is not None else None
        if type(event) is yaml.ScalarEvent:
            return self.scalar(event, mark, tag, path, flow)
        if tag == "remove":
            self.report(mark, path, "!remove takes no value")
        if type(event) is yaml.SequenceStartEvent:
            return Node(self.items(path, flow=bool(event.flow_style)), mark, tag)
        values, marks = self.entries(path, flow=bool(event.flow_style))
        return Node(values, mark, tag, marks)

    def scalar(self, event: Any, mark: Mark, tag: str | None, path: tuple[str, ...], flow: bool) -> Node:
        text: str = event.value
        plain = not event.style
        if tag == "remove" and text:
            self.report(mark, path, "!remove takes no value", "write 'key: !remove', the key being what goes")
        if flow and plain and text.count("(") > text.count(")"):
            # `{when: default(x, 0) > 1}` is valid YAML that says something else: a key `0) > 1` without a value.
            self.report(
                mark, path, "quote this expression", self.quoting(mark.line - 1, mark.column - 1, flow=True, exact=True)
            )
        return Node(None if plain and text in _NULLS else text, mark, tag)

    def items(self, path: tuple[str, ...], *, flow: bool) -> list[Node]:
        found: list[Node] = []
        for event in self.events:
            if type(event) is yaml.SequenceEndEvent:
                break
            node = self.node(event, (*path, str(len(found))), flow=flow)
            if node.tag:
                self.report(node.mark, path, f"!{node.tag} stands before the value of a key, not inside a list")
            found.append(node)
        return found

    def entries(self, path: tuple[str, ...], *, flow: bool) -> tuple[dict[str, Node], dict[str, Mark]]:
        values: dict[str, Node] = {}
        marks: dict[str, Mark] = {}
        for event in self.events:
            if type(event) is yaml.MappingEndEvent:
                break
            mark = self.mark(event)
            key = self.key(event, mark, path)
            where = path if key is None else (*path, key)
            value = self.node(next(self.events), where if key is not None else (*path, "?"), flow=flow)
            if key is None:
                continue
            if key in marks:
                self.problems.append(_set_twice(mark, marks[key], where))
            else:
                values[key], marks[key] = value, mark
        return values, marks

    def key(self, event: Any, mark: Mark, path: tuple[str, ...]) -> str | None:
        """The text of a key; None, and a problem, for anything else."""
        node = self.node(event, (*path, "?"), flow=False)
        if node.tag:
            self.report(mark, path, f"!{node.tag} stands before the value of a key, not before the key")
        if isinstance(node.value, str) and node.value:
            return node.value
        self.report(mark, path, "a key must be a text", _QUOTES_NEEDED if isinstance(node.value, dict | list) else "")
        return None

    def tag(self, event: Any, mark: Mark, path: tuple[str, ...]) -> str | None:
        tag = _TAGS.get(event.tag)
        if tag is None:
            shown = event.tag.replace("tag:yaml.org,2002:", "!!")
            hint = "known: !remove, !replace; a text that starts with '!' stands between quotes"
            self.report(mark, path, f"unknown tag {shown}", hint)
        return tag

    def mark(self, event: Any) -> Mark:
        start = event.start_mark
        return Mark(self.name, start.line + 1, self.column(start) + 1)

    def column(self, mark: Any) -> int:
        """The column in the text as it was written, from 0."""
        if not self.inserted:
            return int(mark.column)
        return int(mark.column - sum(at < mark.column for at in self.inserted.get(mark.line, ())))

    def report(self, mark: Mark, path: tuple[str, ...], message: str, hint: str = "") -> None:
        self.problems.append(Problem(*mark, ".".join(path), message, hint))

    def syntax(self, error: yaml.MarkedYAMLError) -> Problem:
        """What the parser could not take, or how to quote the text that it stumbled over (rule 15)."""
        context = error.context or ""
        unclosed_quote = context == "while scanning a quoted scalar"
        at: Any = error.context_mark if unclosed_quote else error.problem_mark or error.context_mark
        line, column = (at.line, self.column(at)) if at else (0, 0)
        if "nesting depth" in (error.problem or ""):  # PyYAML has a limit of its own since 6.0.4
            return Problem(self.name, line + 1, column + 1, "", TOO_DEEP)
        flow = "flow" in context
        around: Any = error.context_mark if flow else None
        opening = self.column(around) if around and around.line == line else -1
        hint = "" if unclosed_quote else self.quoting(line, column, flow=flow, opening=opening)
        if hint and hint != _QUOTES_NEEDED:
            return Problem(self.name, line + 1, column + 1, "", "quote this expression", hint)
        if self.line(line)[column : column + 1] == "\t":
            hint = "indent with spaces, not with tabs"
        message = f"not valid YAML: {error.problem}" + (f", {context}" if context else "")
        if around:
            message += f" that starts at {around.line + 1}:{self.column(around) + 1}"
        return Problem(self.name, line + 1, column + 1, "", message, hint)

    def quoting(self, line: int, column: int, *, flow: bool, opening: int = -1, exact: bool = False) -> str:
        """How to quote the value around a place (counted from 0); a general advice when the value is not found.

        ``opening`` is the column of the bracket around the place: what it opens is not the value to quote.
        With ``exact`` the value starts at the place.
        """
        written = self.line(line)
        for key in reversed(list(_KEY.finditer(written))):
            start = key.end()
            if start > column or start == opening or (exact and start != column):
                continue
            rest = written[start:]
            value = _flow_value(rest) if flow or key.group(1).strip(" -") else re.split(r"\s#", rest)[0].rstrip()
            if start + len(value) >= column:
                return f"write {key.group(2)}: {_quoted(value)}"
        return _QUOTES_NEEDED if flow else ""

    def line(self, number: int) -> str:
        """A line of the text, counted from 0; empty past the end."""
        lines = self.text.splitlines()
        return lines[number] if number < len(lines) else ""


def _flow_value(text: str) -> str:
    """The start of ``text`` up to the comma or bracket that ends a value inside ``{…}`` or ``[…]``."""
    depth, quote = 0, ""
    for place, sign in enumerate(text):
        if quote or sign in "\"'":
            quote = "" if sign == quote else quote or sign
        elif sign in "([{":
            depth += 1
        elif depth == 0 and sign in ",]}":
            return text[:place].rstrip()
        elif sign in ")]}":
            depth -= 1
    return text.rstrip()


def _quoted(text: str) -> str:
    if '"' not in text:
        return f'"{text}"'
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _place(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of ``offset`` in ``text``."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
