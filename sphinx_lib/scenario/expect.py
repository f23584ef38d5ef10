"""Comparing what a scenario expects with what is: each figure that differs, with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sphinx_lib.kernel.errors import Problem
from sphinx_lib.kernel.money import exact_decimal, round_half_up
from sphinx_lib.pack.overlay import to_plain
from sphinx_lib.pack.reader import Mark, Node
from sphinx_lib.scenario.model import entries, items
from sphinx_lib.scenario.shapes import Shape, resolve
from sphinx_lib.scenario.values import Either, Lacks, Made, Missing, get

_MOST = 12  # elements of a list that a result shows; a rendered page has hundreds of lines


class Difference(NamedTuple):
    """A figure that is not what was expected."""

    mark: Mark
    place: str
    expected: str
    actual: str


class NotComparable(Exception):
    """The expectation can be compared with nothing of its kind: an error of the file, not a difference."""

    def __init__(self, mark: Mark, place: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(*mark, place, message)


def compare(expected: Node, shape: Shape, actual: Any, place: str) -> Iterator[Difference]:
    """Every difference between an expectation, whose keys were checked against ``shape``, and a value read."""
    if isinstance(expected.value, dict):
        if isinstance(actual, Missing) or actual is None:
            yield Difference(expected.mark, place, shown(to_plain(expected)), shown(actual))
            return
        for key, child in entries(expected).items():
            found = resolve(shape, key)
            assert found is not None, "keys are checked before anything runs"
            yield from _compare_key(child, found, actual, f"{place}.{key}" if place else key)
    elif isinstance(expected.value, list):
        yield from _compare_list(expected, shape, actual, place)
    elif not matches(expected, actual, place):
        yield Difference(expected.mark, place, shown(expected.value), shown(actual))


def _compare_key(child: Node, found: tuple[tuple[str, ...], Shape], actual: Any, place: str) -> Iterator[Difference]:
    names, shape = found
    for number, name in enumerate(names):
        if name == "has" and number == len(names) - 1:
            yield from _has(child, shape, actual, place)
            return
        actual = get(actual, name)
    yield from compare(child, shape, actual, place)


def _has(expected: Node, shape: Shape, actual: Any, place: str) -> Iterator[Difference]:
    """Each row expected is one of the list, in any order, and none stands for two."""
    left = [] if isinstance(actual, Missing) else list(actual)
    for number, row in enumerate(items(expected), 1):
        same = next((one for one in left if not any(compare(row, shape, one, place))), None)
        if same is not None:
            left.remove(same)
            continue
        near = [", ".join(f"{each.place}: {each.actual}" for each in compare(row, shape, one, "")) for one in left]
        told = "; ".join(near[:5]) or "no other row"
        yield Difference(row.mark, f"{place} row {number}", shown(to_plain(row)), f"none such ({told})")


def _compare_list(expected: Node, shape: Shape, actual: Any, place: str) -> Iterator[Difference]:
    """A list against rows compares by place; texts against one or several texts must each be found."""
    if shape is not None and "#" in shape and "" not in shape:
        for number, one in enumerate(items(expected), 1):
            yield from compare(one, shape["#"], get(actual, str(number)), f"{place}.{number}")
        count = get(actual, "count")
        if count != len(items(expected)):
            yield Difference(expected.mark, f"{place}.count", shown(len(items(expected))), shown(count))
        return
    for one in items(expected):
        if not matches(one, actual, place):
            yield Difference(one.mark, place, shown(one.value), shown(actual))


def matches(expected: Node, actual: Any, place: str) -> bool:
    """Whether a scalar is as expected: numbers as numbers, ``~`` contains, null is none."""
    text = expected.value
    assert text is None or isinstance(text, str)
    if isinstance(actual, Lacks):
        return text is not None and text not in actual.text
    if isinstance(actual, Made):
        actual = list(actual)
    if isinstance(actual, Either):
        return any(is_same(text or "", one) for one in actual)
    if isinstance(actual, tuple | list):
        return any(matches(expected, one, place) for one in actual) if actual else text is None or text == ""
    if actual is None or actual == "" or isinstance(actual, Missing):
        return text is None or text == ""
    if text is None:
        return False
    if isinstance(actual, bool):
        return text == ("true" if actual else "false")
    if isinstance(actual, int | Decimal):
        return _equal_number(expected, text, Decimal(actual), place)
    if isinstance(actual, date):
        return _day(expected, text, place) == actual
    return text[1:] in str(actual) if text.startswith("~") else text == str(actual)


def _equal_number(expected: Node, text: str, actual: Decimal, place: str) -> bool:
    """Equal as numbers; after ``~`` once rounded half up to the digits written."""
    about = text.startswith("~")
    try:
        number = exact_decimal(text[1:] if about else text)
    except ValueError as error:
        raise NotComparable(expected.mark, place, str(error)) from None
    digits = len(text.partition(".")[2])
    return number == (round_half_up(actual, digits) if about else actual)


def _day(expected: Node, text: str, place: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotComparable(expected.mark, place, f"{text!r} is not a date; write it as 2026-03-31") from None


def shown(value: Any) -> str:
    """A value as results print it."""
    if value is None:
        return "none"
    if isinstance(value, Missing):
        return value.why
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, Lacks):
        return "it is there"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Either):
        return " / ".join(shown(one) for one in value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {shown(one)}" for key, one in value.items()) + "}"
    if isinstance(value, tuple | list):
        rest = f", … {len(value) - _MOST} more" if len(value) > _MOST else ""
        return "[" + ", ".join(shown(one) for one in value[:_MOST]) + rest + "]" if value else "none"
    return str(value) or "none"


def is_same(text: str, actual: Any) -> bool:
    """Whether ``text`` says ``actual``, such as a fact of an error: as numbers when both are, else as text."""
    if isinstance(actual, Decimal | int) and not isinstance(actual, bool):
        try:
            return exact_decimal(text) == actual
        except ValueError:
            return False
    return text[1:] in str(actual) if text.startswith("~") else text == str(actual)
