"""What a document may show on paper: whether its amounts do, as its type says for its customer."""

from __future__ import annotations

from collections.abc import Sequence

from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import Document
from sphinx_lib.pack.scopes import needs_of
from sphinx_lib.workflow.facts import DocumentFacts


def load_for_print(unit: Unit, found: Sequence[Document]) -> None:
    """Load what the conditions on printing ask about ``found``, for all of them at once."""
    for document in found:
        text = unit.type_of(document).print.prices
        if text:
            names = unit.pack.expression((document.type, document.kind), "document", text).names
            unit.prefetch(found, needs_of(names))


def shows_prices(unit: Unit, document: Document) -> bool:
    """Whether the amounts of ``document``, loaded for print, stand on paper; they do where its type says nothing."""
    text = unit.type_of(document).print.prices
    if text is None:
        return True
    expression = unit.pack.expression((document.type, document.kind), "document", text)
    return bool(expression(DocumentFacts(unit.situation(document))))
