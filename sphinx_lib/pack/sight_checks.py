"""Checks of what a configuration shows of costs to everybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.checks import of_each_type
from sphinx_lib.pack.costs import EARNED, OF_ITEMS
from sphinx_lib.pack.expressions import Expression
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pack.workflow_model import DocumentType

_TELLING = EARNED | OF_ITEMS


def check_sight(
    types: Mapping[TypeKey, DocumentType], expressions: Mapping[Any, Expression]
) -> Iterator[Finding]:
    """A warning for each field that is filled with a cost or a margin and that everybody sees."""

    def of_type(base: tuple[str, ...], declared: DocumentType) -> Iterator[Finding]:
        key = (base[1], base[3] if len(base) > 2 else "")
        for name, field in declared.fields.items():
            found = expressions.get((key, "document", field.default)) if field.default else None
            if found is not None and found.names & _TELLING and field.right is None:
                told = "everybody sees this field, and it is filled with what things cost or earn"
                yield Finding(
                    (*base, "fields", name, "default"), told, "add right: see_margin", warning=True
                )

    yield from of_each_type(types, of_type)
