"""Checks of how documents are put together into others, and of what effects say of the documents around one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from sphinx_lib.kernel.document import Document
from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.checks import KEY_FIELDS, of_each_type, unknown
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pack.places import effect_uses
from sphinx_lib.pack.workflow_model import DocumentType

_MANY = frozenset({"vat", "instalments", "party_facts", "history", "custom", "totals", "lines"})
GROUPED = KEY_FIELDS | {"document"} | ({field.name for field in fields(Document)} - _MANY)
"""What documents may be grouped by, besides fields of their own: what ``billing.grouping.value_of`` knows."""


def check_chain(model: PackModel, types: Mapping[TypeKey, DocumentType]) -> Iterator[Finding]:
    """Documents are grouped by fields that they have; effects name progress and line fields that exist."""
    def of_type(base: tuple[str, ...], declared: DocumentType) -> Iterator[Finding]:
        yield from _grouped(base, declared, types)
        for below, effect, parameters in effect_uses(declared):
            if effect == "note_left":
                yield from _left((*base, *below), parameters, declared, model)

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
