"""What must hold of the documents that one was made from, while it is worked on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.errors import Refusal
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.specs import GuardSpec, NoParameters, Situation


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


GUARDS = (GuardSpec("sources_open", sources_open, needs=frozenset({"sources"}), facts=("line", "source", "state")),)
