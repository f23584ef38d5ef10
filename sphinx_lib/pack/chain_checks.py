"""Checks of how documents are put together into others, and of what effects say of the documents around one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from sphinx_lib.kernel.document import Document
from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.checks import KEY_FIELDS, of_each_type, unknown, unresolved
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.pack import TypeKey, types_named
from sphinx_lib.pack.places import effect_uses
from sphinx_lib.pack.pricing_model import Step
from sphinx_lib.pack.workflow_model import MEASURES, DocumentType

_MANY = frozenset({"vat", "instalments", "party_facts", "history", "custom", "totals", "lines"})
GROUPED = KEY_FIELDS | {"document"} | ({field.name for field in fields(Document)} - _MANY)
"""What documents may be grouped by, besides fields of their own: what ``billing.grouping.value_of`` knows."""


def check_chain(model: PackModel, types: Mapping[TypeKey, DocumentType]) -> Iterator[Finding]:
    """Documents are grouped by fields that they have; effects make, fire, note and keep what there is."""
    def of_type(base: tuple[str, ...], declared: DocumentType) -> Iterator[Finding]:
        yield from _grouped(base, declared, types)
        for below, effect, parameters in effect_uses(declared):
            path = (*base, *below)
            if effect == "note_left":
                yield from _left(path, parameters, declared, model)
            elif effect == "keep_prices":
                yield from _kept(path, parameters, declared, model)
            elif effect == "fire_others":
                yield from _others(path, parameters, base[1], types)
            elif effect == "share_landed_cost":
                yield from _measures((*base, "fields", "landed_by", "choices"), declared)
            elif effect == "make":
                yield from _next(path, parameters, base[1], types)

    yield from of_each_type(types, of_type)
    own = _fields(types.values())
    for key, names in (("always_by",), model.billing.always_by), (("default", "group_by"), model.billing.default.group_by):
        yield from _fields_to_group_by(("billing", *key), names, own)


def _grouped(base: tuple[str, ...], declared: DocumentType, types: Mapping[TypeKey, DocumentType]) -> Iterator[Finding]:
    for source, made in declared.made_from.items():
        if not isinstance(made.group_by, str):
            own = _fields(origin for key, origin in types.items() if key[0] == source)
            yield from _fields_to_group_by((*base, "made_from", source, "group_by"), made.group_by, own)


def _fields(types: Iterable[DocumentType]) -> set[str]:
    return {name for declared in types for name in declared.fields}


def _fields_to_group_by(path: tuple[str, ...], names: Iterable[str], own: set[str]) -> Iterator[Finding]:
    known = GROUPED | own
    return (unknown(path, "field to group by", name, known) for name in names if name not in known)


def _left(
    path: tuple[str, ...], parameters: Mapping[str, Any], declared: DocumentType, model: PackModel
) -> Iterator[Finding]:
    """What sources have left is read of a progress and written in a number field of the lines."""
    progress = parameters.get("progress")
    if isinstance(progress, str) and progress not in model.progress:
        yield unknown((*path, "progress"), "progress", progress, model.progress)
    yield from _line_field((*path, "into"), parameters.get("into"), "number", declared)


def _line_field(path: tuple[str, ...], name: Any, kind: str, declared: DocumentType) -> Iterator[Finding]:
    known = [one for one, field in declared.line_fields.items() if field.type == kind]
    if isinstance(name, str) and name not in known:
        yield unknown(path, f"{kind} field of lines", name, known)


def _kept(
    path: tuple[str, ...], parameters: Mapping[str, Any], declared: DocumentType, model: PackModel
) -> Iterator[Finding]:
    """Prices are kept in a step for prices that looks for records by supplier and item, until a date of the lines."""
    name, steps = parameters.get("step"), model.price_steps
    able = [one for one, step in steps.items() if step.kind == "price" and _by_supplier_and_item(step)]
    if isinstance(name, str) and name not in steps:
        yield unknown((*path, "step"), "price step", name, steps)
    elif isinstance(name, str) and name not in able:
        hint = f"give it an access with key: [supplier, item], or name one that has it: {', '.join(able) or 'none'}"
        yield Finding((*path, "step"), f"step {name!r} looks for no price by supplier and item", hint)
    yield from _line_field((*path, "valid_to"), parameters.get("valid_to"), "date", declared)


def _by_supplier_and_item(step: Step) -> bool:
    return any(sorted(access.key) == ["item", "supplier"] for access in step.access.values())


def _others(
    path: tuple[str, ...], parameters: Mapping[str, Any], name: str, types: Mapping[TypeKey, DocumentType]
) -> Iterator[Finding]:
    """The documents beside one are of its type, of whichever kind, or of the type named."""
    event, other = parameters.get("event"), parameters.get("type")
    if isinstance(other, str):
        yield from _consequence(path, event, other, types)
        return
    known = {one for key, declared in types.items() if key[0] == name for one in declared.events}
    if isinstance(event, str) and event not in known:
        yield unknown((*path, "event"), f"event of {name}", event, known)


def _consequence(path: tuple[str, ...], event: Any, name: str, types: Mapping[TypeKey, DocumentType]) -> Iterator[Finding]:
    """An event fired as a consequence on another type is there, and by derive."""
    events = {one: found for key, declared in types.items() if key[0] == name for one, found in declared.events.items()}
    if not events:
        yield unknown((*path, "type"), "document type", name, {key[0] for key in types})
    elif isinstance(event, str) and event not in events:
        yield unknown((*path, "event"), f"event of {name}", event, events)
    elif isinstance(event, str) and "derive" not in events[event].by:
        yield Finding((*path, "event"), f"{name}.{event} is not fired by derive", "write by: [derive] there")


def _next(
    path: tuple[str, ...], parameters: Mapping[str, Any], name: str, types: Mapping[TypeKey, DocumentType]
) -> Iterator[Finding]:
    """What is made next is one type or kind, and one that is made from this type; an unknown name is told elsewhere."""
    target = parameters.get("type")
    found = types_named(target, types) if isinstance(target, str) else []
    if len(found) > 1 and (several := unresolved((*path, "type"), str(target), types)):
        yield several
    elif found and name not in types[found[0]].made_from:
        able = sorted({key[0] for key, declared in types.items() if name in declared.made_from})
        hint = f"add {name} to made_from of {target}, or name what has it: {', '.join(able) or 'none'}"
        yield Finding((*path, "type"), f"{target} is not made from {name}", hint)


def _measures(path: tuple[str, ...], declared: DocumentType) -> Iterator[Finding]:
    """Who shares a landed cost chooses among what it can be shared by."""
    by = declared.fields.get("landed_by")
    choices = by.choices or {} if by is not None else {}
    return (unknown((*path, name), "measure", name, MEASURES) for name in choices if name not in MEASURES)
