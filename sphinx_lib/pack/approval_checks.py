"""Checks of guards that say ``on_fail: approve``: somebody may approve, and documents have a state
to wait in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.checks import of_each_type, unknown
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pack.places import guard_uses
from sphinx_lib.pack.workflow_model import DocumentType, Guard


def check_approvals(model: PackModel, types: Mapping[TypeKey, DocumentType]) -> Iterator[Finding]:
    """Guards that only somebody with a right is answered by name that right; each type that asks
    one has one state in which its documents wait, which gives no number and is not the end."""

    def of_type(base: tuple[str, ...], declared: DocumentType) -> Iterator[Finding]:
        approved = _approved(declared, model)
        for path, name in approved.items():
            yield from _waits(base, path, name, declared)
        for state, body in declared.states.items():
            yield from _state(
                (*base, "states", state),
                state,
                declared,
                set(approved.values()) & body.waits_for.keys(),
            )

    for name, guard in model.guards.items():
        yield from _answered(("guards", name), guard)
    yield from of_each_type(types, of_type)


def _approved(declared: DocumentType, model: PackModel) -> dict[tuple[str, ...], str]:
    """By path below the type the guards that it asks and that say ``on_fail: approve``."""
    found = {}
    for path, name, guard in guard_uses(declared):
        meant = model.guards.get(name, guard) if guard.is_reference else guard
        if meant.on_fail == "approve":
            found[tuple(path)] = name
    return found


def _answered(path: tuple[str, ...], guard: Guard) -> Iterator[Finding]:
    if guard.on_fail == "approve" and guard.override is None:
        yield Finding(
            (*path, "on_fail"), "nobody may approve", "write override: with the right that approves"
        )


def _waits(
    base: tuple[str, ...], path: tuple[str, ...], name: str, declared: DocumentType
) -> Iterator[Finding]:
    there = [state for state, body in declared.states.items() if name in body.waits_for]
    if len(there) != 1:
        said = "no state waits" if not there else f"{' and '.join(there)} wait"
        hint = f"give one state, such as to_approve, waits_for: [{name}]"
        yield Finding((*base, *path), f"{said} for the approval that guard {name!r} asks", hint)


def _state(
    path: tuple[str, ...], state: str, declared: DocumentType, approved: set[str]
) -> Iterator[Finding]:
    body = declared.states[state]
    for name in body.waits_for.keys() - approved:
        yield unknown(
            (*path, "waits_for", name), "guard that says on_fail: approve", name, approved
        )
    if body.waits_for and (body.final or declared.number.at in declared.chain(state)):
        yield Finding(
            (*path, "waits_for"),
            "a document that waits has no number and goes on",
            "name another state",
        )
