"""Layers laid over each other: normal form, merge, order, and where each value was written.

The rules are 1 to 4 of the shape of declared types: mapping into mapping, anything else replaced whole; a list of ids
is short for a mapping of ids, so that a later list adds; ``!remove``, ``!replace``, ``after:`` and ``before:``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sphinx_lib.kernel.errors import Problem
from sphinx_lib.kernel.suggest import nearest
from sphinx_lib.pack.reader import Mark, Node

KeyPath = tuple[str, ...]

ID_KEYS = frozenset(
    {
        "from", "to", "in", "by", "ask", "guards", "requires", "effects", "reasons", "sees", "choices", "editable_in",
        "required_at", "released_in", "waits_for",
    }
)
ID_SECTIONS = frozenset({"document_types", "guards", "portal", "parties", "items", "sites", "runs", "shipping"})
CONDITIONS = ("when", "every_line", "any_line")

_NOT_IDS = (
    "document_types.*.routes.*.to",  # one type, not branches
    "document_types.*.kinds.*.routes.*.to",
    "runs.*.from",  # one type
    "portal.*.events.*",  # event: right
)
_KIND = "document_types.*.kinds.*"
_ROUTES = ("document_types.*.routes", "document_types.*.kinds.*.routes", "shipping.rules", "taxes.regimes",
           "taxes.purchase_regimes")  # fmt: skip
_PRICING = (
    "pricing.schema", "pricing.schema.*.access", "purchase_pricing.schema", "purchase_pricing.schema.*.access",
)  # fmt: skip
_FEW = 8
_COMMENT_COLUMN = 100


def normalise(node: Node) -> Node:
    """A layer with every list of ids (or one id) written as a mapping of ids to empty mappings.

    ``to: x`` becomes a mapping that replaces. A list that is no list of ids, or names one twice, stays as it is:
    ``merge`` reports it.
    """
    return _normalise(node, ())


def _normalise(node: Node, path: KeyPath) -> Node:
    if isinstance(node.value, dict):
        return replace(node, value={key: _normalise(child, (*path, key)) for key, child in node.value.items()})
    if not _takes_ids(path) or node.value is None or node.tag == "remove" or any(_bad_ids(node, path)):
        return node
    ids = node.value if isinstance(node.value, list) else [node]
    entries = {item.value: Node({}, item.mark) for item in ids if isinstance(item.value, str)}
    implied = path[-1] == "to" and isinstance(node.value, str) and node.tag is None
    tag = "replace" if implied else node.tag
    return Node(dict(entries), node.mark, tag, {name: entry.mark for name, entry in entries.items()}, implied)


def _takes_ids(path: KeyPath) -> bool:
    if len(path) < 3 or path[0] not in ID_SECTIONS or path[-1] not in ID_KEYS:
        return False
    return not any(_fits(path, pattern) for pattern in _NOT_IDS)


def _bad_ids(node: Node, path: KeyPath) -> Iterator[Problem]:
    seen: dict[str, Mark] = {}
    for item in node.value if isinstance(node.value, list) else [node]:
        if not isinstance(item.value, str) or not item.value:
            what = "a mapping" if isinstance(item.value, dict) else "a list" if item.value else "nothing"
            hint = "write all entries as 'id: {…}' to give one of them a body" if what == "a mapping" else ""
            yield _problem(item.mark, path, f"expected an id, found {what}", hint)
        elif item.value in seen:
            first = seen[item.value]
            where = f"{first.file}:{first.line}:{first.column}"
            yield _problem(item.mark, path, f"{item.value!r} stands twice in this list; first at {where}")
        else:
            seen[item.value] = item.mark


def merge(layers: Sequence[Node]) -> tuple[Node, list[Problem]]:
    """All layers as one mapping, later ones winning, and every finding.

    Each value keeps the mark of the layer it came from. Inside a kind, tags and places stay: they speak to the type
    that the kind is laid over with ``merge_nodes``.
    """
    merger = _Merger(keep_kinds=True)
    merged = Node({}, layers[0].mark if layers else Mark("", 1, 1))
    for layer in layers:
        merged = merger.mapping(merged, normalise(layer), (), keep=False)
    return merged, merger.problems


def merge_nodes(low: Node, high: Node, path: KeyPath) -> tuple[Node, list[Problem]]:
    """``high`` laid over ``low``, both at ``path`` of a merged configuration: a kind over its type."""
    merger = _Merger(keep_kinds=False)
    return merger.node(low, high, path, keep=False), merger.problems


class _Wish(NamedTuple):
    """``after: sibling`` or ``before: sibling`` of the entry ``key``."""

    key: str
    relation: str
    sibling: str
    mark: Mark


class _Merger:
    """One merge: collects its findings. ``keep`` is true inside kinds, where tags and places are not yet obeyed."""

    def __init__(self, *, keep_kinds: bool) -> None:
        self.keep_kinds = keep_kinds
        self.problems: list[Problem] = []

    def node(self, low: Node | None, high: Node, path: KeyPath, *, keep: bool) -> Node:
        """``high`` over ``low``, or alone when there is none or it may not stay."""
        if isinstance(high.value, dict):
            stays = low is not None and isinstance(low.value, dict) and "remove" not in (low.tag, high.tag)
            below = low if stays and high.tag != "replace" else None
            merged = self.mapping(below or Node({}, high.mark), high, path, keep=keep)
        elif isinstance(high.value, list):
            if _takes_ids(path):
                self.problems += _bad_ids(high, path)
            items = [self.node(None, item, (*path, str(at)), keep=False) for at, item in enumerate(high.value)]
            merged = Node(items, high.mark)
        else:
            if high.value is None and high.tag is None and low is not None and _entries(low):
                self.report(high.mark, path, "empty here, but a mapping below", "write '!remove' to take it out")
            merged = Node(high.value, high.mark)
        return replace(merged, **_kept_tag(low, high)) if keep else merged

    def mapping(self, low: Node, high: Node, path: KeyPath, *, keep: bool) -> Node:
        """Two mappings merged key by key, then put in order where order counts."""
        values, marks, written = _entries(low).copy(), low.key_marks.copy(), _entries(high)
        keep = keep or (self.keep_kinds and _fits(path, _KIND))
        for key, child in written.items():
            below, where = values.get(key), (*path, key)
            if not keep and below is None and child.tag and not child.implied:
                hint = suggest(key, values)
                self.report(child.mark, where, f"nothing to {child.tag}: no lower layer declares {key!r}", hint)
            if child.tag == "remove" and not keep:
                values.pop(key, None)
                marks.pop(key, None)
                continue
            values[key] = self.node(below, child, where, keep=keep)
            if below is None or values[key].mark != below.mark:
                marks[key] = high.key_marks.get(key, child.mark)
        if not keep and _is_ordered(path):
            values = self.arranged(_entries(low), values, written, path)
        return Node(values, low.mark, None, {key: marks.get(key, child.mark) for key, child in values.items()})

    def arranged(self, low: dict[str, Node], values: dict[str, Node], written: dict[str, Node], path: KeyPath) -> Any:
        """``values`` in their order, without the ``after`` and ``before`` that asked for it."""
        order = _unconditional_last(low, values) if _is_branching(path) else list(values)
        wishes: list[_Wish] = []
        for key in written:
            if key in values and (asked := [name for name in ("after", "before") if name in _entries(values[key])]):
                wishes += self.wish(key, values[key], asked, (*path, key))
                values[key] = _without(values[key], asked)
        return {key: values[key] for key in self.placed(order, wishes, path)}

    def wish(self, key: str, entry: Node, asked: Sequence[str], path: KeyPath) -> Iterator[_Wish]:
        for relation in asked:
            sibling = _entries(entry)[relation]
            if len(asked) > 1:
                self.report(sibling.mark, (*path, relation), "say either 'after' or 'before', not both")
            elif isinstance(sibling.value, str):
                yield _Wish(key, relation, sibling.value, sibling.mark)
            else:
                self.report(sibling.mark, (*path, relation), "expected the id of a sibling")

    def placed(self, order: list[str], wishes: Sequence[_Wish], path: KeyPath) -> list[str]:
        """``order`` with every wish fulfilled; entries that ask for the same place keep their written order."""
        known, pending = list(order), []
        for wish in wishes:
            if wish.sibling in known and wish.sibling != wish.key:
                pending.append(wish)
                continue
            hint = suggest(wish.sibling, [name for name in known if name != wish.key])
            self.report(wish.mark, (*path, wish.key, wish.relation), f"unknown sibling {wish.sibling!r}", hint)
        order = [key for key in order if key not in {wish.key for wish in pending}]
        last_after: dict[str, str] = {}
        while pending:
            wish = next((wish for wish in pending if wish.sibling in order), pending[0])
            pending.remove(wish)
            if wish.sibling not in order:
                self.report(wish.mark, (*path, wish.key, wish.relation), "these places go round in a circle")
                order.append(wish.key)
            elif wish.relation == "before":
                order.insert(order.index(wish.sibling), wish.key)
            else:
                order.insert(order.index(last_after.get(wish.sibling, wish.sibling)) + 1, wish.key)
                last_after[wish.sibling] = wish.key
        return order

    def report(self, mark: Mark, path: KeyPath, message: str, hint: str = "") -> None:
        self.problems.append(_problem(mark, path, message, hint))


def _kept_tag(low: Node | None, high: Node) -> dict[str, Any]:
    """The tag of a value inside a kind: its own, or what a lower layer's kind said to the type."""
    if high.tag:
        return {"tag": high.tag, "implied": high.implied or low is not None}
    if low is not None and low.tag == "remove":
        return {"tag": "replace", "implied": True}
    return {"tag": low.tag, "implied": low.implied} if low is not None else {}


def _unconditional_last(low: dict[str, Node], values: dict[str, Node]) -> list[str]:
    """New entries go last, but before those without a condition; what an earlier layer placed stays put."""
    moved = [key for key in values if key not in low or _is_conditional(low[key]) != _is_conditional(values[key])]
    head = [key for key in values if key not in moved]
    tail: list[str] = []
    while head and not _is_conditional(values[head[-1]]):
        tail.insert(0, head.pop())
    conditional = [key for key in moved if _is_conditional(values[key])]
    return [*head, *conditional, *tail, *(key for key in moved if key not in conditional)]


def _is_conditional(node: Node) -> bool:
    entries = _entries(node)
    return any(name in entries and entries[name].value is not None for name in CONDITIONS)


def _is_branching(path: KeyPath) -> bool:
    branches = path[:1] == ("document_types",) and path[-1] == "to" and _takes_ids(path)
    return branches or any(_fits(path, pattern) for pattern in _ROUTES)


def _is_ordered(path: KeyPath) -> bool:
    effects = _takes_ids(path) and path[-1] == "effects"
    return effects or _is_branching(path) or any(_fits(path, pattern) for pattern in _PRICING)


def _fits(path: KeyPath, pattern: str) -> bool:
    parts = pattern.split(".")
    return len(parts) == len(path) and all(part in ("*", name) for part, name in zip(parts, path, strict=True))


def _entries(node: Node) -> dict[str, Node]:
    return node.value if isinstance(node.value, dict) else {}


def _without(node: Node, keys: Iterable[str]) -> Node:
    left = {key: child for key, child in _entries(node).items() if key not in keys}
    return replace(node, value=left, key_marks={key: node.key_marks[key] for key in left})


def _problem(mark: Mark, path: KeyPath, message: str, hint: str = "") -> Problem:
    return Problem(*mark, ".".join(path), message, hint)


def to_plain(node: Node) -> Any:
    """The value alone, as dict, list, str and None."""
    if isinstance(node.value, dict):
        return {key: to_plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [to_plain(child) for child in node.value]
    return node.value


def find(node: Node, path: Sequence[str | int]) -> Node | None:
    """The node at ``path`` (keys, and positions from 0 in lists), or none."""
    found: Node | None = node
    for step in path:
        found = _child(found, step) if found else None
    return found


def locate(node: Node, path: Sequence[str | int], *, of_key: bool = False) -> Mark:
    """Where the deepest existing part of ``path`` was written: a scalar's own place, else the place of its key.

    With ``of_key`` always the place of the last key.
    """
    mark = node.mark
    for number, step in enumerate(path):
        child = _child(node, step)
        if child is None:
            return node.mark
        named = (of_key or isinstance(child.value, dict | list)) and number == len(path) - 1 and isinstance(step, str)
        mark = node.key_marks.get(str(step), child.mark) if named else child.mark
        node = child
    return mark


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(node.value, dict):
        return node.value.get(str(step))
    if isinstance(node.value, list) and str(step).isdecimal() and int(step) < len(node.value):
        return node.value[int(step)]
    return None


def suggest(name: str, known: Iterable[str]) -> str:
    """A hint: ``did you mean 'x'?``, else the known names when they are few, else nothing."""
    names = list(known)
    near = nearest(name, names)
    if near:
        return f"did you mean {near!r}?"
    return f"known: {', '.join(names)}" if 0 < len(names) <= _FEW else ""


def explain(node: Node) -> str:
    """``node`` as YAML, every line ending with the file and line it was written in."""
    lines = list(_lines(node, node.mark, "", ""))
    width = min(max((len(text) for text, _ in lines), default=0), _COMMENT_COLUMN)
    return "".join(f"{text:<{width}}  # {mark.file}:{mark.line}\n" for text, mark in lines)


def _lines(node: Node, mark: Mark, indent: str, lead: str) -> Iterator[tuple[str, Mark]]:
    """The lines of ``node`` after ``lead`` (its key or dash); ``mark`` is the place of that lead."""
    lead = " ".join(part for part in (lead, f"!{node.tag}" if node.tag else "") if part)
    if not isinstance(node.value, dict | list) or not node.value:
        text = "" if node.tag == "remove" else _written(node.value)
        place = mark if isinstance(node.value, dict | list) else node.mark
        yield f"{indent}{' '.join(part for part in (lead, text) if part)}", place
        return
    if lead:
        yield f"{indent}{lead}", mark
    deeper = f"{indent}  " if lead else indent
    if isinstance(node.value, list):
        for item in node.value:
            yield from _lines(item, item.mark, deeper, "-")
    else:
        for key, child in node.value.items():
            yield from _lines(child, node.key_marks.get(key, child.mark), deeper, f"{_scalar(key)}:")


def _written(value: str | list[Node] | dict[str, Node] | None) -> str:
    if isinstance(value, str):
        return _scalar(value)
    return "null" if value is None else "[]" if isinstance(value, list) else "{}"


_PLAIN = re.compile(r"(?!null$)[^\W_][\w .%/+()<>=§°€'’-]*(?<! )")
_ESCAPED = re.compile('[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|["\\\\]')


def _scalar(text: str) -> str:
    """A text as YAML: bare when it cannot be taken for anything else."""
    if _PLAIN.fullmatch(text):
        return text
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if found.group() in '"\\':
        return f"\\{found.group()}"
    return "\\n" if code == 10 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
