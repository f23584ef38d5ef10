"""Jinja's filters and tests with a price: no text, list or number grows past what a page may have.

What a filter would make is refused before it is made, and its result is counted. They ask for the
context, so that nothing of a template is worked out while it is compiled: no page is there to pay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2.filters import FILTERS
from jinja2.runtime import Context, markup_join
from jinja2.tests import TESTS
from jinja2.utils import _PassArg, pass_context

from sphinx_lib.render import counting
from sphinx_lib.render.budget import LONGEST_RANGE, OverBudget, size_of
from sphinx_lib.render.growth import padded, percent_format, refuse_text, replaced

_WALKING = frozenset(
    ("batch", "dictsort", "groupby", "items", "join", "list", "map", "max", "min", "pprint",
     "random",
     "reject", "rejectattr", "reverse", "select", "selectattr", "slice", "sort", "sum", "tojson",
     "unique", "urlencode", "xmlattr")
)  # fmt: skip
"""Filters that walk over what they are given."""
_SLOW = frozenset({"pprint", "striptags", "title", "urlize", "wordcount", "wordwrap"})
_LONGEST_SLOW = 50_000
"""Characters that a filter is given which takes its time over each."""
_COMPARING = (
    "eq", "==", "equalto", "ne", "!=", "lt", "<", "lessthan", "le", "<=", "gt", ">", "greaterthan",
    "ge", ">=", "in",
)  # fmt: skip


def bounded_filters() -> dict[str, Callable[..., Any]]:
    """Jinja's filters by name, and those that compiled templates count with."""
    known: Mapping[str, Any] = FILTERS
    return {**{name: _bounded(name, one) for name, one in known.items()}, **_COUNTING}


def bounded_tests() -> dict[str, Callable[..., Any]]:
    """Jinja's tests by name; those that compare pay for what they read."""
    known: Mapping[str, Any] = TESTS
    return {**known, **{name: _comparing(known[name]) for name in _COMPARING}}


def _bounded(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    wanted = _PassArg.from_obj(original)
    before = _BEFORE.get(name)

    @pass_context
    def run(context: Context, value: Any = None, *args: Any, **kwargs: Any) -> Any:
        budget: Any = context.environment.budget  # type: ignore[attr-defined]
        budget.call()
        if isinstance(value, str):
            budget.read(value)
        if name in _WALKING:
            value = budget.counted(value)
            if name == "join" or name == "sum":
                value = list(budget.counted(value)) if isinstance(value, Iterator) else value
        if (
            name in _SLOW
            and (isinstance(value, str) or name == "pprint")
            and size_of(value) > _LONGEST_SLOW
        ):
            raise OverBudget(
                f"the filter {name} takes a text of at most {_LONGEST_SLOW:,} characters"
            )
        if before is not None:
            before(value, *args, **kwargs)
        result = original(*_passed(wanted, context), value, *args, **kwargs)
        return budget.counted(result) if isinstance(result, Iterator) else budget.result(result)

    return run


def _passed(wanted: _PassArg | None, context: Context) -> tuple[Any, ...]:
    """What a filter of Jinja's wants before its value."""
    match wanted:
        case _PassArg.context:
            return (context,)
        case _PassArg.eval_context:
            return (context.eval_ctx,)
        case _PassArg.environment:
            return (context.environment,)
        case None:
            return ()


def _comparing(original: Callable[..., Any]) -> Callable[..., Any]:
    @pass_context
    def run(context: Context, value: Any, *args: Any) -> Any:
        budget: Any = context.environment.budget  # type: ignore[attr-defined]
        for one in args:
            budget.read(one)
        return original(value, *args)

    return run


# -- what a filter would make ----------------------------------------------------------------------


def _indent(text: Any, width: Any = 4, *_: Any, **__: Any) -> None:
    text = str(text)
    refuse_text(
        len(text) + (text.count("\n") + 1) * (len(width) if isinstance(width, str) else int(width))
    )


def _wordwrap(
    text: Any,
    width: int = 79,
    break_long_words: bool = True,
    wrapstring: Any = None,
    *_: Any,
    **__: Any,
) -> None:
    text = str(text)
    if width < 1:
        raise OverBudget(f"wordwrap: a line is at least 1 wide, not {width}")
    refuse_text(
        len(text)
        + (len(text) // width + text.count("\n") + text.count(" ") + 1) * len(wrapstring or "\n")
    )


def _join(values: Any, d: Any = "", *_: Any, **__: Any) -> None:
    refuse_text(
        sum(len(one) if isinstance(one, str) else 4 * size_of(one) for one in values)
        + len(d) * len(values)
    )


def _format(text: Any, *args: Any, **kwargs: Any) -> None:
    percent_format(str(text), kwargs or args)


def _pieces(values: Any, size: Any, fill_with: Any = None) -> None:
    if not 0 < size <= LONGEST_RANGE:
        raise OverBudget(f"a list is cut into 1 to {LONGEST_RANGE:,} pieces, not {size:,}")


def _round(value: Any, precision: int = 0, *_: Any, **__: Any) -> None:
    if abs(precision) > 100:
        raise OverBudget(f"a number is rounded to at most 100 digits, not {precision:,}")


def _tojson(value: Any, indent: int | None = None) -> None:
    if indent is not None and indent > 16:
        raise OverBudget(f"tojson indents by at most 16, not {indent:,}")
    size_of(value)


def _sum(values: Any, attribute: Any = None, start: Any = 0) -> None:
    if isinstance(start, list | tuple | str):
        raise OverBudget("sum adds numbers; lists and texts are joined")


def _urlize(value: Any, *args: Any, **kwargs: Any) -> None:
    if sum(len(one) for one in (*args, *kwargs.values()) if isinstance(one, str)) > 200:
        raise OverBudget("urlize: rel and target are short words")
    for schemes in (one for one in (*args, *kwargs.values()) if isinstance(one, list | tuple)):
        if len(schemes) > 20:
            raise OverBudget("urlize: at most 20 schemes")


_BEFORE: Mapping[str, Callable[..., None]] = {
    "batch": _pieces, "slice": _pieces, "center": padded, "format": _format, "indent": _indent,
    "join": _join,
    "replace": lambda _text, old, new, *_rest, **_named: replaced(_text, old, new),
    "round": _round, "sum": _sum, "tojson": _tojson, "urlize": _urlize, "wordwrap": _wordwrap,
}  # fmt: skip


# -- what compiled templates count with ------------------------------------------------------------


@pass_context
def _looped(context: Context, values: Any, weight: int) -> Any:
    return context.environment.budget.counted(values, weight)  # type: ignore[attr-defined]


@pass_context
def _entered(context: Context, _: Any, weight: int) -> None:
    context.environment.budget.turn(weight)  # type: ignore[attr-defined]


@pass_context
def _joined(context: Context, values: list[Any]) -> Any:
    budget: Any = context.environment.budget  # type: ignore[attr-defined]
    texts = [
        one if isinstance(one, str) or hasattr(one, "__html__") else str(one) for one in values
    ]
    budget.text(sum(map(len, texts)))
    return budget.result(
        markup_join(texts) if context.eval_ctx.autoescape else "".join(map(str, texts))
    )


@pass_context
def _made(context: Context, value: Any) -> Any:
    return context.environment.budget.result(value)  # type: ignore[attr-defined]


@pass_context
def _compared(context: Context, value: Any) -> Any:
    context.environment.budget.read(value)  # type: ignore[attr-defined]
    return value


_COUNTING: Mapping[str, Callable[..., Any]] = {
    counting.LOOPED: _looped,
    counting.ENTERED: _entered,
    counting.JOINED: _joined,
    counting.MADE: _made,
    counting.COMPARED: _compared,
}
