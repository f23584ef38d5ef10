"""Texts that a spreadsheet would run: ``=cmd|' /C calc'!A0`` in the name of a customer."""

from __future__ import annotations

import re

_FORMULA = re.compile("'*[\\s\x00]*[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]")
"""Behind blanks too, and in the wide signs that some spreadsheets read as the plain ones.
Apostrophes count, so that what is written can be told from what was there."""


def no_formula(text: str) -> str:
    """``text``, with an apostrophe before it where it would be a formula (OWASP, CSV injection).

    For texts only: an amount keeps its minus. Without that apostrophe, what was written is the text
    again, and two texts never become one.
    """
    return f"'{text}" if is_formula(text) else text


def is_formula(text: str) -> bool:
    """Whether ``text`` is a formula to a spreadsheet, or was kept from being one."""
    return _FORMULA.match(text) is not None
