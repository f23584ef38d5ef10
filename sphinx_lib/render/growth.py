"""How long a text, a list or a number would become, told from what it is made of.

So it need not be made first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sphinx_lib.render.budget import (
    LONGEST_TEXT,
    OverBudget,
    refuse_bits,
    refuse_list,
    refuse_width,
    size_of,
    too_long,
)

_NUMBER = re.compile(r"\d+")
_PERCENT = re.compile(r"%(?:\([^)]*\))?[#0\- +]*(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d+)?)?")
_LONGEST_SPEC = 100
_DIGITS = 12
_LISTS = (list, tuple)


def refuse_text(length: int) -> None:
    """Refuse a text of so many characters when they are more than one may have."""
    if length > LONGEST_TEXT:
        too_long(length)


# -- operators -------------------------------------------------------------------------------------


def _add(left: Any, right: Any) -> None:
    if isinstance(left, str) and isinstance(right, str):
        refuse_text(len(left) + len(right))


def _multiply(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        refuse_bits(left.bit_length() + right.bit_length() - 1)
        return
    for repeated, times in ((left, right), (right, left)):
        if isinstance(times, int) and times > 0 and isinstance(repeated, str):
            refuse_text(len(repeated) * times)
        elif isinstance(times, int) and times > 0 and isinstance(repeated, _LISTS):
            refuse_list(size_of(repeated) * times)


def _power(base: Any, exponent: Any) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and exponent > 0:
        refuse_bits((abs(base).bit_length() - 1) * exponent)


def _percent(text: Any, values: Any) -> None:
    if isinstance(text, str):
        percent_format(text, values)


OPERATORS: Mapping[str, Callable[[Any, Any], None]] = {
    "+": _add,
    "*": _multiply,
    "**": _power,
    "%": _percent,
}
"""By operator, what refuses operands whose result would be too long."""


def percent_format(text: str, values: Any) -> None:
    """Refuse ``text % values`` when a width or the result is too long."""
    for place in _PERCENT.finditer(text):
        for width in place.group("width", "precision"):
            if width == "*":
                raise OverBudget("a format says its width itself, not by *")
            refuse_width(int((width or "0")[:_DIGITS]))
    given = (
        tuple(values.values())
        if isinstance(values, dict)
        else values
        if isinstance(values, tuple)
        else (values,)
    )
    refuse_text(len(text) + text.count("%") * max((_length(one) for one in given), default=0))


def refuse_spec(spec: str) -> None:
    """Refuse a format such as ``>999999999``; a pattern of dates may be long, up to a point."""
    if len(spec) > _LONGEST_SPEC:
        raise OverBudget(
            f"a format has at most {_LONGEST_SPEC} characters, and this one {len(spec):,}"
        )
    for width in _NUMBER.findall(spec):
        refuse_width(int(width))


def _length(value: Any) -> int:
    """How long ``str(value)`` may be, as far as a template can make it long."""
    return len(value) if isinstance(value, str) else size_of(value) * 4


# -- methods of texts, some of which are filters too -----------------------------------------------


def padded(text: Any, width: int = 80, *_: Any) -> None:
    """``center``, ``ljust``, ``rjust``, ``zfill``."""
    refuse_text(int(width))


def replaced(text: Any, old: Any, new: Any, *_: Any, **__: Any) -> None:
    """``replace``: as often as ``old`` stands in the text, between letters where it is empty."""
    text, old, new = str(text), str(old), str(new)
    refuse_text(len(text) + text.count(old) * max(len(new) - len(old), 0))


def joined(separator: Any, values: Iterable[Any], *_: Any) -> None:
    """``join`` of values that are at hand; a generator is joined as it is counted."""
    if isinstance(values, _LISTS):
        refuse_text(sum(map(_length, values)) + len(separator) * len(values))


def expanded(text: str, tabsize: int = 8) -> None:
    """``expandtabs``."""
    refuse_text(len(text) + text.count("\t") * max(int(tabsize), 0))


METHODS: Mapping[str, Callable[..., None]] = {
    **dict.fromkeys(("center", "ljust", "rjust", "zfill"), padded),
    "replace": replaced,
    "join": joined,
    "expandtabs": expanded,
}
"""By name of a method of texts, what refuses arguments whose result would be too long."""
