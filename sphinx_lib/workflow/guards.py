"""Guards about what a document was made from and what is made from it, which YAML names by ``use``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.errors import Refusal
from sphinx_lib.pack.base import Strict, in_language
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


def sources_open(situation: Situation, parameters: NoParameters) -> Iterable[Refusal]:
    """Refuse lines of documents from which this type could not be made any more, since they were cancelled or closed.

    Lines of which nothing is taken ask for nothing.
    """
    told: set[str] = set()
    for line in situation.document.lines:
        source = situation.origins.get(line.source_document or "")
        if source is None or not line.quantity or source.id in told or _is_open(situation, source):
            continue
        told.add(source.id)
        yield Refusal("sources_open", facts={"line": line.position, **dict(_named(situation, source))})


def _is_open(situation: Situation, source: Document) -> bool:
    made = situation.type.made_from.get(source.type)
    states = made.states if made is not None else {}
    return any(state in states for state in situation.pack.type_of(source.type, source.kind).chain(source.state))


def _named(situation: Situation, source: Document) -> Iterator[tuple[str, str]]:
    declared = situation.pack.type_of(source.type, source.kind)
    language = situation.document.language
    yield "source", f"{in_language(declared.label, language)} {source.number or source.origin}".strip()
    yield "state", in_language(declared.states[source.state].label, language) or source.state


GUARDS = (
    GuardSpec("has_source", has_source, facts=("line", "item")),
    GuardSpec("nothing_planned", nothing_planned, InProgress, facts=("progress",)),
    GuardSpec("sources_open", sources_open, needs=frozenset({"sources"}), facts=("line", "source", "state")),
)
