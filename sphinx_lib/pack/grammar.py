"""The grammar of expressions: a text to Python's syntax tree, of which it builds only what ``expressions`` knows.

    condition:   a if c else b      or      and      not      == != < <= > >= in not in      + -      * /      -x
    values:      12.50   "text"   none   true   false   party.country   round(x, 2)   (x)   state in ("a", "b")

It is a grammar of our own and not Python's: nothing can be written that it does not name, a name may be a word that
Python keeps for itself (``last.return.reason``), and the errors speak of expressions.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

MAX_LENGTH = 2000
MAX_DEPTH = 50
MAX_DIGITS = 20
TEXT_PLACE = "a text may only stand beside ==, !=, in and not in"


class ExpressionError(Exception):
    """The text is no valid expression in its scope; ``column`` counts from 0 in the text."""

    def __init__(self, message: str, column: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.hint = hint


Tree = TypeVar("Tree", bound=ast.expr)


def placed(node: Tree, column: int) -> Tree:
    """``node`` itself, now standing at ``column``, counted from 0 in the text."""
    node.lineno, node.col_offset = 1, column
    return node


def parse(text: str) -> ast.expr:
    """The tree of ``text``: names are ``ast.Name`` with the dotted text as id, numbers ``ast.Name`` with their digits.

    Raises ExpressionError. ``col_offset`` of every node is its column in ``text``.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters, this one {len(text)}", MAX_LENGTH)
    return _Parser(text).whole()


_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)
    |(?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?![\w.]))
    |(?P<text>"[^"\\\n\0]*"|'[^'\\\n\0]*')
    |(?P<sign>[=!<>]=|[<>](?![<>=])|\*(?!\*)|/(?!/)|[-+(),[\]])""",
    re.VERBOSE,
)
_LEVELS = {
    "if": 0, "or": 1, "and": 2,
    "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "in": 4, "not in": 4,
    "+": 5, "-": 5, "*": 6, "/": 6,
}  # fmt: skip
_NOT_LEVEL, _UNARY_LEVEL = 3, 7
_COMPARE: Mapping[str, type[ast.cmpop]] = {
    "==": ast.Eq, "!=": ast.NotEq, "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE,
    "in": ast.In, "not in": ast.NotIn,
}  # fmt: skip
_ARITHMETIC: Mapping[str, type[ast.operator]] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div}
_RESERVED = {"and", "or", "not", "in", "if", "else", "none", "true", "false"}
_INSTEAD = {
    "=": "write == to compare", "&": "write and", "|": "write or", "!": "write not", "<>": "write !=", "is": "write ==",
    "%": "write x * percent / 100", "**": "write x * x", "//": "write floor(x / y)", "{": "write a list as (a, b)",
    ";": "write one expression", "\\": "a text holds no backslash",
}  # fmt: skip


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


def _tokens(text: str) -> list[_Token]:
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _unknown_sign(text, place)
        if match.lastgroup != "space":
            found.append(_Token(str(match.lastgroup), match.group(), place))
        place = match.end()
    return [*found, _Token("end", "", len(text))]


def _unknown_sign(text: str, place: int) -> ExpressionError:
    sign = text[place]
    pair = text[place : place + 2]
    if sign in "\"'":
        return ExpressionError("this text is not closed, or holds a backslash", place)
    if sign in "0123456789.":
        return ExpressionError("not a number", place, "write digits and a point: 1234.56")
    if sign.isalpha():
        return ExpressionError("a name has only letters a to z, digits and _", place)
    shown = pair if pair in _INSTEAD else sign
    shown_text = shown if shown.isprintable() else f"U+{ord(sign):04X}"
    return ExpressionError(f"{shown_text!r} is not part of an expression", place, _INSTEAD.get(shown, ""))


class _Parser:
    """Precedence climbing over the tokens."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0

    def whole(self) -> ast.expr:
        if self.token.kind == "end":
            raise ExpressionError("an expression is missing", 0)
        found = self.expression(0)
        if self.token.kind != "end":
            hint = _INSTEAD.get(self.token.text, "")
            raise ExpressionError(f"an operator is missing before {self.token.text!r}", self.token.column, hint)
        return found

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, text: str) -> None:
        if self.token.text != text or self.token.kind == "text":
            raise ExpressionError(f"{text!r} is missing here", self.token.column)
        self.at += 1

    def operator(self) -> str:
        """The operator that comes next, or nothing; a text that looks like one is none."""
        kind, text, _ = self.token
        if kind == "text":
            return ""
        return "not in" if text == "not" and self.tokens[self.at + 1].text == "in" else text

    def expression(self, level: int) -> ast.expr:
        left = self.operand(level)
        while (operator := self.operator()) in _LEVELS and _LEVELS[operator] >= level:
            left = self.operation(left, operator)
        return left

    def operation(self, left: ast.expr, operator: str) -> ast.expr:
        if operator in _COMPARE:
            return self.comparison(left)
        column = self.take().column
        if operator == "if":
            return self.conditional(left, column)
        if operator in ("and", "or"):
            values = [left, self.expression(_LEVELS[operator] + 1)]
            while self.operator() == operator:
                self.take()
                values.append(self.expression(_LEVELS[operator] + 1))
            return placed(ast.BoolOp(ast.And() if operator == "and" else ast.Or(), values), left.col_offset)
        right = self.expression(_LEVELS[operator] + 1)
        return placed(ast.BinOp(left, _ARITHMETIC[operator](), right), left.col_offset)

    def conditional(self, body: ast.expr, column: int) -> ast.expr:
        test = self.expression(_LEVELS["or"])
        self.expect("else")
        self.deeper(column)
        orelse = self.expression(0)
        self.depth -= 1
        return placed(ast.IfExp(test, body, orelse), body.col_offset)

    def comparison(self, left: ast.expr) -> ast.expr:
        operators: list[ast.cmpop] = []
        others: list[ast.expr] = []
        while (operator := self.operator()) in _COMPARE:
            self.at += 2 if operator == "not in" else 1
            operators.append(_COMPARE[operator]())
            listed = operator in ("in", "not in") and self.token.text in ("(", "[") and self.token.kind == "sign"
            others.append(self.listed() if listed else self.expression(_LEVELS["+"]))
        return placed(ast.Compare(left, operators, others), left.col_offset)

    def listed(self) -> ast.expr:
        """What stands in brackets after ``in``: a list, or one value in parentheses."""
        opening = self.take()
        closing = ")" if opening.text == "(" else "]"
        self.deeper(opening.column)
        items, comma = self.items(closing)
        self.depth -= 1
        if not items:
            raise ExpressionError("this list is empty", opening.column)
        if len(items) == 1 and opening.text == "(" and not comma:
            if isinstance(items[0], ast.Constant) and isinstance(items[0].value, str):
                raise ExpressionError("a list of one is written [x]", opening.column, "or compare with ==")
            return items[0]
        return placed(ast.Tuple(items, ast.Load()), opening.column)

    def items(self, closing: str) -> tuple[list[ast.expr], bool]:
        """Values up to ``closing``, and whether a comma stood among them."""
        found: list[ast.expr] = []
        comma = False
        while self.token.text != closing or self.token.kind == "text":
            found.append(self.expression(0))
            if self.token.text != "," or self.token.kind == "text":
                break
            comma = True
            self.take()
        self.expect(closing)
        return found, comma

    def deeper(self, column: int) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"nested more than {MAX_DEPTH} deep", column, "split it into several conditions")

    def operand(self, level: int) -> ast.expr:
        kind, text, column = self.take()
        if kind == "number":
            return _number(text, column)
        if kind == "text":
            return placed(ast.Constant(text[1:-1]), column)
        self.deeper(column)
        if text in ("not", "-"):
            if text == "not" and level > _NOT_LEVEL:
                raise ExpressionError("'not' needs parentheses here", column, "write (not …)")
            inner = self.expression(_NOT_LEVEL if text == "not" else _UNARY_LEVEL)
            found: ast.expr = placed(ast.UnaryOp(ast.Not() if text == "not" else ast.USub(), inner), column)
        elif text == "(":
            found = self.expression(0)
            self.expect(")")
        elif kind == "name":
            found = self.name(text, column)
        else:
            what = repr(text) if text else "the end"
            raise ExpressionError(f"a value is missing before {what}", column, _INSTEAD.get(text, ""))
        self.depth -= 1
        return found

    def name(self, text: str, column: int) -> ast.expr:
        if text in ("none", "true", "false"):
            return placed(ast.Constant({"none": None, "true": True, "false": False}[text]), column)
        if text in _RESERVED:
            raise ExpressionError(f"a value is missing before {text!r}", column)
        name = placed(ast.Name(text, ast.Load()), column)
        if self.token.text != "(" or self.token.kind == "text":
            return name
        self.take()
        arguments, _ = self.items(")")
        return placed(ast.Call(name, arguments, []), column)


def _number(text: str, column: int) -> ast.expr:
    if len(text.replace(".", "")) > MAX_DIGITS:
        raise ExpressionError(f"a number has at most {MAX_DIGITS} digits", column)
    return placed(ast.Name(text, ast.Load()), column)
