"""What may be expected of a result: names within names, as a tree that dotted keys are read against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sphinx_lib.pack.reader import Node
from sphinx_lib.scenario.model import Findings, entries, hint, items

Shape = Mapping[str, Any] | None
"""Names and the shapes below them; ``#`` stands for a number, ``*`` for any name; None is a value. With an empty name
a shape is a value as well."""

VALUE: Shape = None
_NOTHING = object()
_DEEPEST = 24

LATER = frozenset({
    "late_fee", "late_fees", "recovery_fee", "dunning_level",
    "balance_net", "balance_vat", "retention", "advance", "advance_repayment", "cumulative_net",
})  # fmt: skip
"""Names of the language whose capability is not there yet."""


def rows(element: Shape, **more: Shape) -> Shape:
    """A list: ``count``, ``has`` and its elements by number."""
    return {"count": VALUE, "has": element, "#": element, **more}


def resolve(shape: Shape, key: str) -> tuple[tuple[str, ...], Shape] | None:
    """The steps that a dotted key takes through ``shape`` and what is at their end; none when there is no such way.

    A name may hold dots itself, as the rate 5.5 does: the shortest name that leads on is taken.
    """
    parts = key.split(".")
    return _walk(shape, parts) if len(parts) <= _DEEPEST else None


def _walk(shape: Shape, parts: list[str]) -> tuple[tuple[str, ...], Shape] | None:
    if not parts:
        return (), shape
    if shape is None:
        return None
    for size in range(1, len(parts) + 1):
        name = ".".join(parts[:size])
        below = _below(shape, name)
        found = None if below is _NOTHING else _walk(below, parts[size:])
        if found is not None:
            return (name, *found[0]), found[1]
    return None


def _below(shape: Mapping[str, Any], name: str) -> Any:
    if name in shape:
        return shape[name]
    if "#" in shape and name.isdecimal():
        return shape["#"]
    return shape.get("*", _NOTHING)


def check_expected(node: Node, shape: Shape, path: str, findings: Findings) -> None:
    """Refuse an expectation on what does not exist, at its place and with the nearest name that does."""
    if node.value in ({}, []):
        findings.add(node.mark, path, "nothing is expected here", "write what must hold, or null where there is none")
    if isinstance(node.value, list):
        below = shape.get("#") if shape is not None else VALUE
        if shape is not None and "#" not in shape:
            findings.add(node.mark, path, "a mapping is expected here", hint("", _names(shape)))
        for one in items(node):
            if isinstance(one.value, list):
                findings.add(one.mark, path, "a value is expected here, not a list inside a list")
            else:
                check_expected(one, below, path, findings)
    elif isinstance(node.value, str) and shape is not None and "" not in shape:
        findings.add(node.mark, path, "a mapping is expected here", hint("", _names(shape)))
    for key, child in entries(node).items():
        _check_key(node, key, child, shape, path, findings)


def _check_key(node: Node, key: str, child: Node, shape: Shape, path: str, findings: Findings) -> None:
    mark = node.key_marks[key]
    if shape is None:
        findings.add(mark, path, f"{key!r} cannot be asked of a value")
        return
    found = resolve(shape, key)
    if found is not None and key.rpartition(".")[2] == "has":
        if not isinstance(child.value, list):
            findings.add(child.mark, path, "has takes a list of rows")
        for row in items(child):
            check_expected(row, found[1], path, findings)
    elif found is not None:
        check_expected(child, found[1], path, findings)
    elif LATER & set(key.split(".")):
        findings.later(mark, path, key)
    else:
        findings.add(mark, path, f"there is no {key!r} to expect", _nearest(shape, key))


def _nearest(shape: Mapping[str, Any], key: str) -> str:
    """A hint about the first part of a dotted key that leads nowhere."""
    parts = key.split(".")
    for size in range(len(parts) - 1, 0, -1):
        found = resolve(shape, ".".join(parts[:size]))
        if found is not None and found[1] is not None:
            return hint(parts[size], _names(found[1]))
    return hint(parts[0], _names(shape))


def _names(shape: Mapping[str, Any]) -> list[str]:
    return [name for name in shape if name not in ("#", "*", "")]
