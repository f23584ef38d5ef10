"""The nearest known name, for errors that say the way out."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The name in ``known`` that looks most like ``word`` whatever its case, or none when nothing is near."""
    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A tail for an error message such as ``; did you mean 'kg'?``, empty when nothing is near."""
    name = nearest(word, known)
    return f"; did you mean {name!r}?" if name else ""
