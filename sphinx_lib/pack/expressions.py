"""Expressions in YAML: parsed by a grammar of our own, checked against the declared facts, compiled once.

Only what ``grammar`` knows can be written, so there is nothing to forbid: no attribute is ever read and no function
called but those in ``FUNCTIONS``. ``party.country`` is one name, looked up whole in the mapping of facts. Numbers are
decimals of at most 20 digits, from the written text. A text stands only beside ``==``, ``!=``, ``in`` and ``not in``.

Arithmetic is exact but for division and very long results, which round to the digits of the caller's decimal context
(28, half even, unless the host changed it); amounts are rounded where N4 says, not here.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, DivisionUndefined, InvalidOperation
from types import CodeType
from typing import Any, ClassVar

from sphinx_lib.kernel.errors import SphinxError
from sphinx_lib.pack.functions import FUNCTIONS
from sphinx_lib.pack.grammar import TEXT_PLACE, ExpressionError, Tree, parse, placed
from sphinx_lib.pack.kinds import (
    A,
    Kind,
    Value,
    arithmetic_kind,
    check_comparable,
    check_present,
    check_result,
    checked_operator,
    no_condition,
    same_kind,
)
from sphinx_lib.pack.overlay import suggest

__all__ = [
    "FUNCTIONS",
    "Expression",
    "ExpressionError",
    "ExpressionFailed",
    "Fact",
    "Kind",
    "Scope",
    "compile_expression",
]


@dataclass(frozen=True)
class Fact:
    """What an expression may know under a name; ``optional`` facts may be None at run time (rule 14).

    ``values`` are all that it may be, where they are known: no other text is compared with it.
    """

    kind: Kind
    optional: bool = False
    doc: str = ""
    values: frozenset[str] = frozenset()


Scope = Mapping[str, Fact]


class ExpressionFailed(SphinxError):
    """A valid expression has no value for these facts: one is missing, or a division by zero."""

    code: ClassVar[str] = "expression"


@dataclass(frozen=True)
class Expression:
    """A compiled expression. ``names`` are the facts it asks for.

    ``kind`` is what it gives; with ``optional`` it may also give None.
    """

    text: str
    names: frozenset[str]
    kind: Kind
    optional: bool = False
    _code: CodeType = field(repr=False, compare=False, kw_only=True)
    _globals: dict[str, Any] = field(repr=False, compare=False, kw_only=True)

    def __call__(self, facts: Mapping[str, Any]) -> Any:
        """The value for ``facts``, which hold ``names``; a lazy mapping raises KeyError for anything else.

        Raises ExpressionFailed when a value is missing, on division by zero and on a result out of range.
        """
        try:
            return eval(self._code, self._globals, facts)
        except (TypeError, ArithmeticError) as error:
            raise self._failed(error, facts) from error

    def _failed(self, error: Exception, facts: Mapping[str, Any]) -> ExpressionFailed:
        values = {name: facts.get(name) for name in sorted(self.names)}
        shown = ", ".join(f"{name} = {'none' if value is None else value}" for name, value in values.items())
        message = f"{self.text!r} has no value: {_reason(error, values)}" + (f" ({shown})" if shown else "")
        return ExpressionFailed(message, expression=self.text, values=values)


def _reason(error: Exception, values: Mapping[str, Any]) -> str:
    missing = [name for name, value in values.items() if value is None]
    if isinstance(error, TypeError):
        return f"{' and '.join(missing)} must not be empty" if missing else f"a value of the wrong kind, {error}"
    undefined = isinstance(error, InvalidOperation) and DivisionUndefined in error.args[0]
    return "division by zero" if undefined or isinstance(error, ZeroDivisionError) else "the result is out of range"


def compile_expression(text: str, scope: Scope, expect: Kind | None = None) -> Expression:
    """``text`` checked against the facts of ``scope`` and compiled; ``expect`` is the kind it must give.

    Raises ExpressionError, with the column and a way out, for anything that does not hold.
    """
    checker = _Checker(scope)
    try:
        found = checker.value(parse(text), frozenset())
        check_result(found, expect)
        code = compile(ast.Expression(found.node), "<expression>", "eval", dont_inherit=True)
    except RecursionError:
        raise ExpressionError("nested too deep", 0, "split it into several conditions") from None
    kind: Any = "any" if found.kind == "none" else found.kind
    names = frozenset(checker.names)
    return Expression(text, names, kind, found.optional, _code=code, _globals=checker.globals)


_Known = frozenset[str]  # optional facts that a condition before has found present


def _at(node: Tree, place: ast.expr) -> Tree:
    """``node`` itself, now standing where ``place`` does."""
    return placed(node, place.col_offset)


class _Checker:
    """Gives every part its kind and the tree that runs it; collects the names and the constants it needs."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.names: set[str] = set()
        self.globals: dict[str, Any] = {"__builtins__": {}}

    def value(self, node: ast.expr, known: _Known) -> Value:
        match node:
            case ast.Constant(value=None):
                return Value(node, "none", optional=True)
            case ast.Constant(value=bool()):
                return Value(node, "flag")
            case ast.Constant():
                return Value(node, "text")
            case ast.Name():
                return self.name(node, known)
            case ast.BinOp():
                return self.arithmetic(node, known)
            case ast.UnaryOp(op=ast.Not()):
                return Value(_at(ast.UnaryOp(ast.Not(), self.truth(node.operand, known)), node), "flag")
            case ast.UnaryOp():
                return self.minus(node, known)
            case ast.BoolOp():
                return self.condition(node, known)
            case ast.Compare():
                return self.comparison(node, known)
            case ast.IfExp():
                return self.choice(node, known)
            case ast.Call():
                return self.call(node, known)
            case _:
                raise AssertionError(f"the grammar makes no {type(node).__name__} here")

    def name(self, node: ast.Name, known: _Known) -> Value:
        name = node.id
        if name[0] in ".0123456789":
            self.globals[name] = Decimal(name)
            return Value(node, "number")
        fact = self.scope.get(name)
        if fact is None:
            raise self.unknown(name, node.col_offset)
        self.names.add(name)
        return Value(node, fact.kind, fact.optional and name not in known, name, fact.values)

    def unknown(self, name: str, column: int) -> ExpressionError:
        if any(part.startswith("_") for part in name.split(".")):
            return ExpressionError(f"a name may not start with '_': {name!r}", column)
        if name in FUNCTIONS:
            return ExpressionError(f"{name!r} is a function", column, f"write {FUNCTIONS[name].usage}")
        below = [fact for fact in self.scope if fact.startswith(f"{name}.")]
        if name.lower() in ("none", "true", "false", "and", "or", "not"):
            hint = f"write {name.lower()}"
        else:
            hint = suggest(name, below or self.scope) or f'a text stands between quotes: "{name}"'
        return ExpressionError(f"unknown name {name!r}", column, hint)

    def present(self, node: ast.expr, known: _Known) -> Value:
        """A part that is no literal text and never None (rule 14)."""
        found = self.plain(node, known)
        check_present(found)
        return found

    def plain(self, node: ast.expr, known: _Known) -> Value:
        found = self.value(node, known)
        if found.is_literal_text:
            raise ExpressionError(TEXT_PLACE, found.column)
        return found

    def truth(self, node: ast.expr, known: _Known) -> ast.expr:
        """An operand of not, and, or: a condition, or a text that counts as true when it is not empty."""
        found = self.plain(node, known)
        if found.kind == "flag" and not found.optional:
            return found.node
        if found.kind in ("flag", "text", "any"):
            return _at(ast.UnaryOp(ast.Not(), _at(ast.UnaryOp(ast.Not(), found.node), node)), node)
        raise no_condition(found)

    def condition(self, node: ast.BoolOp, known: _Known) -> Value:
        values = []
        for operand in node.values:
            values.append(self.truth(operand, known))
            known |= _found_present(operand, isinstance(node.op, ast.And))
        return Value(_at(ast.BoolOp(node.op, values), node), "flag")

    def choice(self, node: ast.IfExp, known: _Known) -> Value:
        test = self.plain(node.test, known)
        if test.kind not in ("flag", "any"):
            raise no_condition(test)
        body = self.plain(node.body, known | _found_present(node.test, True))
        orelse = self.plain(node.orelse, known | _found_present(node.test, False))
        kind = same_kind([body, orelse])
        return Value(_at(ast.IfExp(test.node, body.node, orelse.node), node), kind, body.optional or orelse.optional)

    def minus(self, node: ast.UnaryOp, known: _Known) -> Value:
        found = self.present(node.operand, known)
        if found.kind not in ("number", "any"):
            raise ExpressionError(f"{A[found.kind]} cannot be negative", found.column)
        return Value(_at(ast.UnaryOp(ast.USub(), found.node), node), "number")

    def arithmetic(self, node: ast.BinOp, known: _Known) -> Value:
        """A chain of + - * /, walked in a loop so that a long sum is not a deep one."""
        chain: list[ast.BinOp] = []
        first: ast.expr = node
        while isinstance(first, ast.BinOp):
            chain.append(first)
            first = first.left
        left = self.present(first, known)
        for step in reversed(chain):
            right = self.present(step.right, known)
            kind = arithmetic_kind(step.op, left, right)
            start = left.node
            whole = isinstance(step.op, ast.Div) and not right.is_literal_number
            if whole or (isinstance(step.op, ast.Mult) and "any" in (left.kind, right.kind)):
                # Two whole facts would divide to a float, and a text of kind "any" would be repeated as often as a
                # whole fact says: adding a decimal zero makes a decimal of the one and refuses the other.
                start = _at(ast.BinOp(self.constant("0", step), ast.Add(), start), step)
            left = Value(_at(ast.BinOp(start, step.op, right.node), step), kind)
        return left

    def constant(self, digits: str, at: ast.expr) -> ast.expr:
        self.globals[digits] = Decimal(digits)
        return _at(ast.Name(digits, ast.Load()), at)

    def comparison(self, node: ast.Compare, known: _Known) -> Value:
        first = left = self.value(node.left, known)
        operators: list[ast.cmpop] = []
        others: list[ast.expr] = []
        for operator, other in zip(node.ops, node.comparators, strict=True):
            right = self.members(other, left, known) if isinstance(other, ast.Tuple) else self.value(other, known)
            alone = isinstance(operator, ast.In | ast.NotIn) or "none" in (left.kind, right.kind)
            if alone and len(node.ops) > 1:
                raise ExpressionError("compare two values at a time here", right.column, "join the parts with 'and'")
            operators.append(checked_operator(operator, left, right))
            others.append(right.node)
            left = right
        return Value(_at(ast.Compare(first.node, operators, others), node), "flag")

    def members(self, node: ast.Tuple, left: Value, known: _Known) -> Value:
        """A written list, each member of the kind of ``left``."""
        found = [self.value(item, known) for item in node.elts]
        for member in found:
            check_present(member)
            check_comparable(left, member)
        return Value(_at(ast.Tuple([member.node for member in found], ast.Load()), node), "list")

    def call(self, node: ast.Call, known: _Known) -> Value:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        function = FUNCTIONS.get(name)
        if function is None:
            raise ExpressionError(f"unknown function {name!r}", node.col_offset, suggest(name, FUNCTIONS))
        if len(node.args) not in function.arguments:
            message = f"{name} does not take {len(node.args)} values"
            raise ExpressionError(message, node.col_offset, f"write {function.usage}")
        found = [self.plain(argument, known) for argument in node.args]
        if name == "default":
            return self.default(found[0], found[1], node)
        takes = (function.takes,) if function.takes else ("number", "date")
        for argument in found:
            check_present(argument)
            if argument.kind not in (*takes, "any"):
                raise ExpressionError(f"{name} does not take {A[argument.kind]}", argument.column, function.usage)
        kind = function.gives if function.takes else same_kind(found)
        return Value(self.called(name, found, node), kind)

    def default(self, value: Value, otherwise: Value, node: ast.Call) -> Value:
        kind = same_kind([value, otherwise])
        if not value.fact:
            return Value(self.called("default", [value, otherwise], node), kind, otherwise.optional)
        # A plain fact is asked in place: nothing is called, and the other value is not worked out for nothing.
        missing = _at(ast.Compare(value.node, [ast.Is()], [_at(ast.Constant(None), node)]), node)
        return Value(_at(ast.IfExp(missing, otherwise.node, value.node), node), kind, otherwise.optional)

    def called(self, name: str, arguments: Sequence[Value], node: ast.Call) -> ast.expr:
        """The call, under a name that no fact can have."""
        self.globals[f"{name}()"] = FUNCTIONS[name].call
        function = _at(ast.Name(f"{name}()", ast.Load()), node)
        return _at(ast.Call(function, [argument.node for argument in arguments], []), node)


def _found_present(node: ast.expr, holds: bool) -> _Known:
    """The names that cannot be None when the condition ``node`` is true (``holds``), or false."""
    match node:
        case ast.Name(id=name):
            return frozenset({name}) if holds else frozenset()
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _found_present(operand, not holds)
        case ast.BoolOp(op=operator, values=values):
            found = [_found_present(value, holds) for value in values]
            every = isinstance(operator, ast.And) == holds
            return frozenset().union(*found) if every else found[0].intersection(*found[1:])
        case ast.Compare(ops=[ast.Eq() | ast.NotEq() as operator]) if isinstance(operator, ast.NotEq) == holds:
            return _compared_to_none(node.left, node.comparators[0])
    return frozenset()


def _compared_to_none(left: ast.expr, right: ast.expr) -> _Known:
    match (left, right):
        case (ast.Name(id=name), ast.Constant(value=None)) | (ast.Constant(value=None), ast.Name(id=name)):
            return frozenset({name})
    return frozenset()
