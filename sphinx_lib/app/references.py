"""Documents that bear the same reference of the same party: a supplier's invoice entered twice (T26)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sphinx_lib.kernel.document import Document
from sphinx_lib.store.references import Reference, with_references

if TYPE_CHECKING:
    from sphinx_lib.app.unit import Unit


def load_references(unit: Unit, batch: Iterable[Document]) -> None:
    """Load the documents that bear the references of ``batch``, whatever their number in as many statements."""
    named = {Reference.of(one) for one in batch if one.reference}
    wanted = {one for one in named if one not in unit.referenced}
    if wanted:
        unit.referenced |= wanted
        unit.load(with_references(unit.connection, unit.company, wanted))


def same_reference(unit: Unit, document: Document) -> int:
    """How many documents that were entered before bear the same reference; those that count for nothing aside."""
    own = Reference.of(document)
    if own not in unit.referenced:
        return 0
    alike = [unit.get(one) for one in unit.bearing.get(own, ())]
    return sum(one.id < document.id and unit.type_of(one).counts(one.state) != "none" for one in alike)
