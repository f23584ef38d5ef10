"""Jinja in a sandbox with a budget: a template can neither reach Python nor use up the machine.

An environment holds compiled templates and the budget of one rendering, so it is lent to one at a
time (``Lent``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import (
    ImmutableSandboxedEnvironment,
    SandboxedEscapeFormatter,
    SandboxedFormatter,
)
from jinja2.utils import Namespace, pass_environment
from markupsafe import Markup
from pydantic import BaseModel

from sphinx_lib.render.budget import LONGEST_RANGE, Budget, OverBudget
from sphinx_lib.render.counting import MOST_WORDS, counting, too_much
from sphinx_lib.render.filters import bounded_filters, bounded_tests
from sphinx_lib.render.folders import TemplateFolders
from sphinx_lib.render.growth import METHODS, OPERATORS, refuse_spec

_KEPT = 10_000
_TOO_DEEP = "brackets or tags are nested too deep"
_LONG_NUMBER = re.compile(r"[0-9][0-9_]{1000}")
_UNSAFE = frozenset({"encode", "from_bytes", "maketrans", "to_bytes", "translate"})
"""Methods of texts and numbers that no page needs and that would have to be counted."""


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment that counts; ``budget`` is that of the rendering that has it now."""

    intercepted_binops = frozenset(OPERATORS)

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.budget = Budget()
        self.folders = TemplateFolders(folders)
        self._safe: dict[
            tuple[type, str], bool
        ] = {}  # the answer depends on the type alone, and is asked for often
        super().__init__(
            loader=self.folders,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            finalize=_printed,
            optimized=False,  # working out constants first costs more than it gives
        )
        self.filters.update(bounded_filters())  # every name of Jinja's own is among them
        self.tests.update(bounded_tests())
        del self.globals["lipsum"]  # texts of chance; equal documents give equal pages
        self.globals |= {"range": _range, "namespace": _Namespace}

    def page(self, template: Template, budget: Budget, values: dict[str, Any]) -> str:
        """What ``template`` prints of ``values``; an error stands in the line that went too far."""
        self.budget = budget
        pieces = template.root_render_func(template.new_context(values))
        written: list[str] = []
        try:
            for piece in pieces:
                budget.output -= len(piece)
                if budget.output < 0:
                    # Raised where the template stands, which knows its line.
                    pieces.throw(budget.too_much_output())  # type: ignore[attr-defined]
                written.append(piece)
        except Exception:
            self.handle_exception()
        return "".join(written)

    def concat(self, pieces: Iterable[str]) -> str:
        """The text of a macro or of a block that is kept; Jinja calls it inside a page."""
        found = list(pieces)
        self.budget.build(sum(map(len, found)))
        return "".join(found)

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        """The words of a template, up to as many as one may have."""
        stream = super()._tokenize(source, name, filename, state)
        return TokenStream(_few(stream, name, filename), name, filename)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        if number := _LONG_NUMBER.search(source):
            line = source.count("\n", 0, number.start()) + 1
            raise TemplateSyntaxError("a number of more than 1,000 digits", line, name, filename)
        parser = Parser(self, source, name, filename)
        try:
            tree = parser.parse()
        except RecursionError:
            raise TemplateSyntaxError(
                _TOO_DEEP, parser.stream.current.lineno, name, filename
            ) from None
        if fault := too_much(tree):
            line, told = fault
            raise TemplateSyntaxError(told, line, name, filename)
        return counting(tree)

    def _compile(self, source: str, filename: str) -> CodeType:
        """The code of a template; Python takes fewer loops inside each other than one may write."""
        try:
            return super()._compile(source, filename)
        except (MemoryError, RecursionError, SyntaxError) as error:
            line, name = (
                _line_of(source, getattr(error, "lineno", None) or 0),
                self.folders.files.get(filename),
            )
            raise TemplateSyntaxError(_TOO_DEEP, line, name, filename) from error

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """An operator whose result may be long: told from its operands, before it is worked out."""
        OPERATORS[operator](left, right)
        return self.budget.result(super().call_binop(context, operator, left, right))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """A call of a function or a method."""
        __self.budget.call()
        owner = getattr(__obj, "__self__", None)
        for one in args:
            __self.budget.read(one)
        if isinstance(owner, str):
            __self.budget.read(owner)
            if grown := METHODS.get(__obj.__name__):
                args = tuple(
                    list(__self.budget.counted(one)) if isinstance(one, Iterator) else one
                    for one in args
                )
                grown(owner, *args, **kwargs)
        elif isinstance(owner, date) and __obj.__name__ == "strftime":
            for one in (*args, *kwargs.values()):
                refuse_spec(one)
        return __self.budget.result(super().call(__context, __obj, *args, **kwargs))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """What a template may read: no internals, nothing that changes, of models their fields."""
        asked = (type(obj), attr)
        known = self._safe.get(asked)
        if known is None:
            of_model = isinstance(obj, BaseModel) and hasattr(BaseModel, attr)
            known = (
                attr not in _UNSAFE and not of_model and super().is_safe_attribute(obj, attr, value)
            )
            if len(self._safe) < _KEPT:
                self._safe[asked] = known
        return known

    def wrap_str_format(self, value: Any) -> Any:
        """``text.format``, its widths and its length looked after."""
        owner = getattr(value, "__self__", None)
        if not isinstance(owner, str) or getattr(value, "__name__", "") not in (
            "format",
            "format_map",
        ):
            return None
        if isinstance(owner, Markup):
            return _Markup(self, escape=owner.escape).filling(owner, value.__name__)
        return _Plain(self).filling(owner, value.__name__)


class _Plain(SandboxedFormatter):
    """A format whose places are counted as they are filled, and whose widths are bounded."""

    def filling(self, text: str, name: str) -> Any:
        def fill(*args: Any, **kwargs: Any) -> str:
            given, named = ((), args[0]) if name == "format_map" else (args, kwargs)
            return type(text)(self.vformat(text, given, named))

        return fill

    def format_field(self, value: Any, format_spec: str) -> Any:
        refuse_spec(format_spec)
        budget: Budget = self._env.budget  # type: ignore[attr-defined]
        return budget.result(super().format_field(value, format_spec))


class _Markup(_Plain, SandboxedEscapeFormatter):
    """The same for a text that is HTML."""


class _Namespace(Namespace):
    """A namespace that does not print what it holds: that may hold it."""

    def __repr__(self) -> str:
        return "<namespace>"


@pass_environment
def _printed(environment: Sandbox, value: Any) -> Any:
    """``value`` as it is printed, counted before it is escaped."""
    if not isinstance(value, str):
        if hasattr(value, "__html__"):
            return value
        value = str(value)
    environment.budget.build(len(value))
    return value


def _few(stream: Iterable[Token], name: str | None, filename: str | None) -> Iterator[Token]:
    for number, token in enumerate(stream):
        if number > MOST_WORDS:
            most = f"a template has at most {MOST_WORDS:,} words and signs inside its tags"
            told = f"{most}, and this one more"
            raise TemplateSyntaxError(told, token.lineno, name, filename)
        yield token


def _line_of(code: str, line: int) -> int:
    """The line of a template from which a line of its compiled code was made, else 1."""
    known = re.search(r"^debug_info = '([0-9=&]*)'", code, re.MULTILINE)
    pairs = (pair.split("=") for pair in known[1].split("&") if pair) if known else ()
    return next((int(ours) for ours, theirs in reversed(list(pairs)) if int(theirs) <= line), 1)


def _range(*args: int) -> range:
    """``range``, short enough to be walked."""
    found = range(*args)
    if len(found) > LONGEST_RANGE:
        raise OverBudget(
            f"a range has at most {LONGEST_RANGE:,} numbers, and this one {len(found):,}"
        )
    return found


class Lent:
    """Environments over the same folders, each lent to one rendering at a time, in any thread."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self._free: list[Sandbox] = []

    @contextmanager
    def lent(self) -> Iterator[Sandbox]:
        """An environment that nobody else has until the block ends."""
        try:
            environment = self._free.pop()
        except IndexError:
            environment = Sandbox(self.folders)
        try:
            yield environment
        finally:
            self._free.append(environment)
