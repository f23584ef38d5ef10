"""Checks of the texts under ``labels``, whose ``{places}`` are filled by who prints or tells them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from string import Formatter

from sphinx_lib.pack.base import Finding, place_fault
from sphinx_lib.pack.checks import unknown
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.overlay import find, to_plain
from sphinx_lib.pack.reader import Node

_ENDS = re.compile(r"[.\[]")


def check_labels(model: PackModel, layers: Sequence[Node]) -> Iterator[Finding]:
    """A text that a layer changes has no other places than the layer that declared it first: nobody would fill them."""
    for name, label in model.labels.items():
        known = {place for text in _first(name, layers) for place in _places(text) or ()}
        for language, text in label.items():
            path = ("labels", name, language) if language else ("labels", name)
            found = _places(text)
            if found is None and known:
                yield Finding(path, "a brace { or } stands alone", "write {{ or }} for one that is printed")
            strange = sorted((found or set()) - known)
            for place in strange:
                yield unknown(path, "place", place, known)
            if found and not strange and (fault := place_fault(text)):
                yield Finding(path, fault)


def _first(name: str, layers: Sequence[Node]) -> list[str]:
    """The texts of a label in the lowest layer that has it."""
    node = next((node for layer in layers if (node := find(layer, ("labels", name))) is not None), None)
    plain = to_plain(node) if node is not None else {}
    texts = plain.values() if isinstance(plain, dict) else [plain]
    return [text for text in texts if isinstance(text, str)]


def _places(text: str) -> set[str] | None:
    """The names of the places of a text; none where its braces do not match."""
    try:
        return {_ENDS.split(name, maxsplit=1)[0] for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return None
