"""A document type as a Mermaid state diagram: events as arrows, what each state causes as notes."""

from __future__ import annotations

from collections.abc import Iterator

from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.workflow_model import DocumentType, Event, State


def mermaid(declared: DocumentType, language: str = "en") -> str:
    """The text of a ``stateDiagram-v2``; GitHub and most documentation sites draw it."""
    return "\n".join(["stateDiagram-v2", *_states(declared, language), *_arrows(declared), *_notes(declared)]) + "\n"


def _states(declared: DocumentType, language: str) -> Iterator[str]:
    for name, state in declared.states.items():
        yield f"    state {_quoted(in_language(state.label, language) or name)} as {name}"
    yield f"    [*] --> {declared.initial}"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "'") + '"'


def _arrows(declared: DocumentType) -> Iterator[str]:
    for name, event in declared.events.items():
        for source in event.sources:
            for target, branch in event.targets.items():
                condition = branch.when or branch.every_line or branch.any_line or event.when
                yield f"    {source} --> {target} : {_arrow(name, event, condition)}"
    for name, state in declared.states.items():
        if state.final:
            yield f"    {name} --> [*]"


def _arrow(name: str, event: Event, condition: str | None) -> str:
    who = ", ".join(event.by)
    parts = [name if who == "user" else f"{name} ({who})"]
    if event.right:
        parts.append(f"right {event.right}")
    if condition:
        parts.append(f"[{condition}]")
    return " ".join(parts).replace(":", " ").replace(";", ",")


def _notes(declared: DocumentType) -> Iterator[str]:
    for name, state in declared.states.items():
        lines = list(_consequences(name, state, declared))
        if lines:
            yield f"    note right of {name}"
            yield from (f"        {line}" for line in lines)
            yield "    end note"


def _consequences(name: str, state: State, declared: DocumentType) -> Iterator[str]:
    if declared.number.at == name:
        yield f"takes a number of series {declared.number.sequence}"
    for level, text in state.stock.items():
        yield f"stock {level} = {text}"
    if state.posts:
        yield f"posts {state.posts}"
    if state.outstanding:
        yield f"outstanding as {state.outstanding.as_} = {state.outstanding.of}"
    if state.editable:
        yield "editable"
    if state.counts:
        yield f"counts {state.counts}"
    if state.requires:
        yield "requires " + ", ".join(state.requires)
    if state.inside:
        yield f"inside {state.inside}"
