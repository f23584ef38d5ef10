"""Patterns of document numbers: FA{YYYY}-{SEQ:05}, {ROOT}-v{REV} (NU2), checked when they are declared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from unicodedata import category

from sphinx_lib.kernel.file_names import file_key

_PLACE = re.compile(r"\{([A-Z]+)(?::(\d+))?\}")
_LEGAL = re.compile(r"[A-Za-z0-9+_/-]*")
MOST_DIGITS = 20
PLACES = frozenset({"YYYY", "YY", "MM", "SEQ", "ROOT", "REV"})


@dataclass(frozen=True)
class Pattern:
    """A parsed pattern; ``format`` writes a number of at least the given width."""

    text: str
    reset: str

    def format(self, day: date, sequence: int = 0, root: str = "", revision: int = 1) -> str:
        """The number for the ``sequence``-th document dated ``day``."""
        values = {"SEQ": sequence, "REV": revision, "YYYY": day.year, "YY": day.year % 100, "MM": day.month}
        widths = {"YYYY": 4, "YY": 2, "MM": 2}

        def written(match: re.Match[str]) -> str:
            name, width = match.group(1), match.group(2)
            if name == "ROOT":
                return root
            return str(values[name]).zfill(int(width) if width else widths.get(name, 1))

        return _PLACE.sub(written, self.text)

    def period(self, day: date) -> str:
        """The part of time in which the series counts: a year, a month, or for ever."""
        return {"yearly": f"{day.year:04}", "monthly": f"{day:%Y-%m}", "never": ""}[self.reset]


def pattern_findings(text: str, reset: str, legal: bool, revision: bool = False) -> Iterator[tuple[str, str]]:
    """What is wrong with a pattern, as (message, hint); legal numbers keep to BR-FR-01."""
    places = [match.group(1) for match in _PLACE.finditer(text)]
    literal = _PLACE.sub("", text)
    unknown = [place for place in places if place not in PLACES]
    for place in unknown:
        yield f"unknown place {{{place}}} in {text!r}", "known: " + ", ".join(sorted(PLACES))
    if "{" in literal or "}" in literal:
        yield f"stray brace in {text!r}", "write places as {YYYY} or {SEQ:05}"
    if any(width and int(width) > MOST_DIGITS for _, width in _PLACE.findall(text)):
        yield f"{text!r} has a place of more than {MOST_DIGITS} digits", "write {SEQ:05}"
        return
    if hidden := next((sign for sign in literal if category(sign)[0] == "C"), ""):
        yield f"{text!r} holds a sign that nobody sees, U+{ord(hidden):04X}", "take it out"
    needed = "ROOT" if revision else "SEQ"
    if needed not in places:
        yield f"{text!r} has no {{{needed}}}", f"add {{{needed}}}"
    if revision:
        return
    if reset != "never" and not {"YYYY", "YY"} & set(places):
        yield f"{text!r} resets {reset} but has no year, so numbers would repeat", "add {YYYY}, or write reset: never"
    if reset == "monthly" and "MM" not in places:
        yield f"{text!r} resets monthly but has no {{MM}}", "add {MM}"
    if legal and not _LEGAL.fullmatch(literal):
        yield (
            f"{text!r} holds a character that an invoice number may not have (BR-FR-01)",
            "use only A-Z a-z 0-9 + - _ /",
        )
    if legal and not unknown and len(Pattern(text, reset).format(date(2026, 12, 31), 9_999_999)) > 35:
        yield f"{text!r} can grow past 35 characters (BR-FR-01)", "shorten it"


def same_numbers(patterns: Iterable[tuple[str, Pattern]]) -> Iterator[tuple[str, str]]:
    """The series, each with an earlier one, that give the same text on the same day however far they have counted."""
    known: dict[str, str] = {}
    for name, pattern in patterns:
        first = known.setdefault(pattern.format(date(2026, 12, 31), 9_999_999), name)
        if first != name:
            yield name, first


def same_files(patterns: Iterable[tuple[str, Pattern]]) -> Iterator[tuple[str, str]]:
    """The series, each with an earlier one, whose numbers are others and would still be the same names of files.

    A file of ``FA/2026-1`` is called ``FA-2026-1``, and so is one of ``FA-2026/1``.
    """
    known: dict[str, tuple[str, str]] = {}
    for name, pattern in patterns:
        number = pattern.format(date(2026, 12, 31), 9_999_999)
        first, other = known.setdefault(file_key(number), (name, number))
        if number != other:
            yield name, first
