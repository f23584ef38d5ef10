"""Stock counts that are under way, so that no place is counted twice at once (V6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from sphinx_lib.kernel.document import Document, Id
from sphinx_lib.kernel.lots import place_of
from sphinx_lib.pack.specs import Frozen, StockKey
from sphinx_lib.pack.workflow_model import DocumentType
from sphinx_lib.stock.counting import BOOK, FREEZE_BOOK
from sphinx_lib.stock.levels import PHYSICAL
from sphinx_lib.store.open_counts import documents_counting

if TYPE_CHECKING:
    from sphinx_lib.app.unit import Unit


def load_open_counts(unit: Unit, batch: Iterable[Document]) -> None:
    """Load the open counts of the items and warehouses of ``batch``; one statement finds them."""
    counted = {(line.item, line.warehouse) for document in batch for line in document.lines if line.item}
    unit.counted |= counted
    unit.load(open_counts_of(unit, counted))


def open_counts_of(unit: Unit, counted: Collection[tuple[str, str]]) -> list[Id]:
    """Ids of the stored counts that are under way of items in warehouses, in one statement."""
    return documents_counting(unit.connection, unit.company, unit.pack.states_where(_is_open), counted)


def frozen_beside(unit: Unit, document: Document) -> dict[StockKey, list[Frozen]]:
    """What open counts other than ``document`` have frozen, as they are in this unit of work, by item and warehouse."""
    found: dict[StockKey, list[Frozen]] = {}
    for other in (tracked.document for tracked in unit.tracked.values()):
        if other.id != document.id and _is_open(unit.type_of(other), other.state):
            for line in (line for line in other.lines if line.custom.get(BOOK) is not None):
                place = place_of(line)
                found.setdefault((place.item, place.warehouse), []).append(Frozen(other.number or other.id, place))
    return found


def _is_open(declared: DocumentType, state: str) -> bool:
    """Whether a type has frozen the books in a state and moved nothing yet; never of a type that is no count."""
    if declared.states[state].final or PHYSICAL in (declared.says(state, "stock") or {}):
        return False
    return any(FREEZE_BOOK in event.effects_to(target) for event in declared.events.values() for target in event.targets)
