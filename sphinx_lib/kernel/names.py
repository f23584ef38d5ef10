"""Lists of names that a caller gives."""

from __future__ import annotations

from sphinx_lib.kernel.errors import InputError


def refuse_text(**lists: object) -> None:
    """InputError where one text stands for a list of names, by the name of the argument: its letters would be the names."""
    wrong = {name: given for name, given in lists.items() if isinstance(given, str)}
    if wrong:
        raise InputError([f"{name}: write a list, [{given!r}], not {given!r}" for name, given in wrong.items()])
