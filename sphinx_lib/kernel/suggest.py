"""The nearest known name, for errors that say the way out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

MOST_HINTS = 10
"""Words of one list for which the nearest name is looked up: each takes a look at every known name."""


def hints(words: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """By word the tail of ``did_you_mean``; empty for all but the first ``MOST_HINTS``, so that a thousand wrong codes
    among ten thousand known ones are told at once."""
    given = dict.fromkeys(words)
    return {word: did_you_mean(word, known) if place < MOST_HINTS else "" for place, word in enumerate(given)}


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The name in ``known`` that looks most like ``word`` whatever its case, or none when nothing is near."""
    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A tail for an error message such as ``; did you mean 'kg'?``, empty when nothing is near."""
    name = nearest(word, known)
    return f"; did you mean {name!r}?" if name else ""
