"""What a document may show on paper: whether its amounts do, as its type says for its customer."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import Document
from sphinx_lib.pack.scopes import needs_of
from sphinx_lib.workflow.facts import DocumentFacts


def load_for_print(unit: Unit, found: Sequence[Document]) -> None:
    """Load what the conditions on printing ask about ``found``, for all of them at once, and the items of goods."""
    unit.load_items(code for document in found for code in _items_of(document))
    for document in found:
        text = unit.type_of(document).print.prices
        if text:
            names = unit.pack.expression((document.type, document.kind), "document", text).names
            unit.prefetch(found, needs_of(names))


def packing_of(unit: Unit, document: Document) -> dict[str, Decimal]:
    """What the packing of the items of ``document``, loaded for print, weighs: kg per stock unit, where it is known."""
    known = {code: unit.items[code].packaging_kg for code in _items_of(document) if code in unit.items}
    return {code: weight for code, weight in known.items() if weight is not None}


def _items_of(document: Document) -> set[str]:
    return {item for line in document.lines for item in (line.item, *dict(line.goods)) if item}


def shows_prices(unit: Unit, document: Document) -> bool:
    """Whether the amounts of ``document``, loaded for print, stand on paper; they do where its type says nothing."""
    text = unit.type_of(document).print.prices
    if text is None:
        return True
    expression = unit.pack.expression((document.type, document.kind), "document", text)
    return bool(expression(DocumentFacts(unit.situation(document))))
