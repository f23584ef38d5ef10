"""Which kinds go together in an expression, and what they give."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from sphinx_lib.pack.grammar import TEXT_PLACE, ExpressionError
from sphinx_lib.pack.overlay import suggest

Kind = Literal["number", "text", "date", "flag", "list", "any"]

# What a part of an expression gives: a kind, a number of days to add to a date, or `none`.
Part = Literal["number", "text", "date", "flag", "list", "any", "span", "none"]
A: Mapping[str, str] = {
    "number": "a number", "text": "a text", "date": "a date", "flag": "a condition", "list": "a list",
    "any": "any value", "span": "a number of days", "none": "none",
}  # fmt: skip
_VERBS = {ast.Add: "added", ast.Sub: "subtracted", ast.Mult: "multiplied", ast.Div: "divided"}


class Value(NamedTuple):
    """A checked part: the tree to run, its kind, whether it may be None, and the name if it is a plain fact.

    ``values`` are all that a fact may be, where they are known.
    """

    node: ast.expr
    kind: Part
    optional: bool = False
    fact: str = ""
    values: frozenset[str] = frozenset()

    @property
    def is_literal_text(self) -> bool:
        """Whether it is a text written in the expression."""
        return isinstance(self.node, ast.Constant) and isinstance(self.node.value, str)

    @property
    def is_literal_number(self) -> bool:
        """Whether it is a number written in the expression."""
        return isinstance(self.node, ast.Name) and self.node.id[0] in ".0123456789"

    @property
    def column(self) -> int:
        """Where it starts in the text, from 0."""
        return self.node.col_offset


def check_result(found: Value, expect: Kind | None) -> None:
    """Raises when a whole expression gives no value, or not one of the kind ``expect``."""
    if found.is_literal_text:
        raise ExpressionError(TEXT_PLACE, found.column)
    if found.kind == "span":
        raise ExpressionError("days(n) is no value by itself", found.column, "add it to a date: today + days(30)")
    if expect not in (None, "any", found.kind) and found.kind not in ("any", "none"):
        hint = f"write {found.fact} != none" if found.fact and expect == "flag" else ""
        raise ExpressionError(f"this gives {A[found.kind]}, but {A[str(expect)]} is expected", found.column, hint)


def check_present(found: Value) -> None:
    """Raises when a part that is compared or computed with may be None (rule 14)."""
    if found.optional and found.kind != "none":
        what = found.fact or "this"
        hint = f"write default({what}, …), or first ask: {what} != none and …" if found.fact else "write default(x, …)"
        raise ExpressionError(f"{what} may be empty", found.column, hint)
    if found.kind == "none":
        raise ExpressionError("none may only stand beside == and !=", found.column)


def check_comparable(left: Value, right: Value) -> None:
    """Raises when two parts are of different kinds, or one is a written text that the other never is."""
    if left.kind != right.kind and "any" not in (left.kind, right.kind):
        raise ExpressionError(f"{A[left.kind]} cannot be compared with {A[right.kind]}", right.column)
    for found, other in ((left, right), (right, left)):
        text = other.node.value if isinstance(other.node, ast.Constant) else None
        if found.values and isinstance(text, str) and text not in found.values:
            hint = suggest(text, sorted(found.values - {""}))
            raise ExpressionError(f"{found.fact} is never {text!r}", other.column, hint)


def checked_operator(operator: ast.cmpop, left: Value, right: Value) -> ast.cmpop:
    """The operator to run; raises when it does not hold for these two kinds."""
    if "none" in (left.kind, right.kind) and (left.is_literal_text or right.is_literal_text):
        raise ExpressionError("a written text is never none", right.column)
    if isinstance(operator, ast.Eq | ast.NotEq) and "none" in (left.kind, right.kind):
        return ast.Is() if isinstance(operator, ast.Eq) else ast.IsNot()
    check_present(left)
    check_present(right)
    if isinstance(operator, ast.In | ast.NotIn):
        _check_member(left, right)
        return operator
    check_comparable(left, right)
    ordered = isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE)
    for found in (left, right):
        if found.kind in ("list", "span") or (ordered and found.kind in ("text", "flag")):
            hint = "numbers and dates have an order" if ordered else ""
            raise ExpressionError(f"{A[found.kind]} cannot be compared this way", found.column, hint)
    return operator


def _check_member(left: Value, right: Value) -> None:
    if left.kind in ("list", "span"):
        raise ExpressionError(f"{A[left.kind]} cannot be looked for in a list", left.column)
    if right.is_literal_text or (right.kind not in ("list", "any") and (left.kind, right.kind) != ("text", "text")):
        raise ExpressionError(f"a list must follow 'in', not {A[right.kind]}", right.column, 'write ("a", "b")')


def arithmetic_kind(operator: ast.operator, left: Value, right: Value) -> Part:
    """What + - * / of two parts gives; raises when they do not go together."""
    kinds = (left.kind, right.kind)
    if set(kinds) <= {"number", "any"}:
        unsure = set(kinds) == {"any"} and isinstance(operator, ast.Add | ast.Sub)
        return "any" if unsure else "number"
    if isinstance(operator, ast.Add | ast.Sub) and kinds in (("date", "span"), ("any", "span")):
        return "date"
    if isinstance(operator, ast.Add) and kinds in (("span", "date"), ("span", "any")):
        return "date"
    hint = ""
    if kinds == ("date", "date"):
        hint = "write days_between(start, end)"
    elif kinds in (("date", "number"), ("number", "date")):
        hint = "write days(n) for a number of days"
    verb = _VERBS[type(operator)]
    raise ExpressionError(f"{A[left.kind]} and {A[right.kind]} cannot be {verb}", right.column, hint)


def same_kind(values: Sequence[Value]) -> Part:
    """The one kind of alternatives; ``none`` goes with every kind, ``any`` with every value."""
    kinds = [found.kind for found in values if found.kind != "none"]
    for found in values:
        if found.kind not in (*kinds[:1], "none", "any") and kinds[0] != "any":
            raise ExpressionError(f"{A[kinds[0]]} and {A[found.kind]} cannot stand for each other", found.column)
    return "none" if not kinds else "any" if "any" in kinds else kinds[0]


def no_condition(found: Value) -> ExpressionError:
    """The error for a part that stands where a condition must, with the way to make it one."""
    name = found.fact or "x"
    hint = f"write {name} != none" if found.optional or found.kind == "text" else f"compare it, as in {name} > 0"
    return ExpressionError(f"{A[found.kind]} is no condition", found.column, hint)
