"""Guards about what a document was made from and what is made from it, which YAML names by ``use``."""

from __future__ import annotations

from collections.abc import Iterable

from sphinx_lib.kernel.errors import Refusal
from sphinx_lib.pack.base import Strict
from sphinx_lib.pack.specs import GuardSpec, NoParameters, Situation


class InProgress(Strict):
    """The progress that is asked about."""

    progress: tuple[str, ...]


def has_source(situation: Situation, parameters: NoParameters) -> Iterable[Refusal]:
    """Refuse, line by line, what was made from no other document."""
    for line in situation.document.lines:
        if line.quantity is not None and line.counts and line.source_id is None:
            yield Refusal("has_source", facts={"line": line.position, "item": line.item or line.text})


def nothing_planned(situation: Situation, parameters: InProgress) -> Iterable[Refusal]:
    """Refuse while a draft speaks for lines of the document in one of ``progress``."""
    for name in parameters.progress:
        if any(line.planned(name) for line in situation.document.lines):
            yield Refusal("nothing_planned", facts={"progress": name})


GUARDS = (
    GuardSpec("has_source", has_source, facts=("line", "item")),
    GuardSpec("nothing_planned", nothing_planned, InProgress, facts=("progress",)),
)
