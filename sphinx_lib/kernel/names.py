"""Texts, names and lists as a caller gives them: what both databases can store, and what is safe to print."""

from __future__ import annotations

from decimal import Decimal

from sphinx_lib.kernel.errors import InputError

NAME = 60
"""The longest code of a record, name of a field, lot or bin: the length of their columns."""
TEXT = 200
"""The longest reference, reason or name of a party."""
LONG_TEXT = 10_000
"""The longest text of a line and description of an item."""
_SHOWN = 40


def seen(value: object) -> str:
    """What was given, short and safe to print whatever it is: no more than a kind is told of what is no plain value."""
    if isinstance(value, str):
        return repr(value[:_SHOWN])
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, int):
        return repr(value) if value.bit_length() < 128 else "a number of more than 38 digits"
    if isinstance(value, float | Decimal):
        return str(value)[:_SHOWN]
    return f"a {type(value).__name__}"


def exact_text(value: object, longest: int = TEXT) -> str:
    """``value`` as both databases can store it: at most ``longest`` characters, no NUL, valid Unicode.

    Raises ValueError, which says what is wrong and what to write instead.
    """
    if not isinstance(value, str):
        raise ValueError(f"{seen(value)} is not a text; write it as one, such as '{_example(value)}'")
    if len(value) > longest:
        raise ValueError(f"the text has {len(value)} characters, and {longest} fit; shorten it")
    if "\0" in value:
        raise ValueError("the text holds the character NUL, which cannot be stored; take it out")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("the text is not valid Unicode: it holds half of a surrogate pair; decode it again") from None
    return value


def _example(value: object) -> str:
    return str(value) if isinstance(value, int) and value.bit_length() < 64 else "ACME"


def check_name(value: object, where: str, longest: int = NAME) -> str:
    """``exact_text`` for a name that may not be empty; raises InputError, whose text begins with ``where``."""
    try:
        if exact_text(value, longest):
            return str(value)
    except ValueError as error:
        raise InputError([f"{where}: {error}"], where=where) from None
    raise InputError([f"{where}: it is empty; write a name"], where=where)


def refuse_text(**lists: object) -> None:
    """InputError where one text stands for a list of names, by the name of the argument: its letters would be the names."""
    wrong = {name: given for name, given in lists.items() if isinstance(given, str)}
    if wrong:
        raise InputError([f"{name}: write a list, [{given!r}], not {given!r}" for name, given in wrong.items()])
