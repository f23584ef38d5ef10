"""What goods that come into stock are worth, as the document that brings them says (V1, V5, V6, V7)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Document, Id, Line
from sphinx_lib.kernel.money import EXACT
from sphinx_lib.kernel.worth import quotient
from sphinx_lib.pricing.foot import foot_of


class Moved(NamedTuple):
    """Physical quantity and value that a document moved of an item, signed."""

    quantity: Decimal
    value: Decimal


class Given(NamedTuple):
    """What goods come in for, in company currency and not rounded; none where nobody says. ``bought`` is a purchase."""

    value: Decimal | None
    bought: bool = False


def worth_given(
    unit: Unit, document_id: Id | None, item: str, move: Id, quantity: Decimal, moved: Mapping[tuple[Id, str], Moved]
) -> Given:
    """What ``quantity`` of ``item`` comes in for, by its document or, without one, by what was said of the ``move``.

    ``moved`` says what other documents moved, by document and item.
    """
    if document_id is None:
        return Given(unit.given_values.get(move))
    document = unit.get(document_id)
    says = unit.type_of(document).stock_value
    lines = [line for line in document.lines if _brings(line, item)]
    if says == "current":
        return Given(None)
    found = _prices(unit, document, item) if says == "price" else _costs(lines, item, moved)
    whole = sum((_brings(line, item) for line in lines), ZERO)
    if found is None or not whole:
        return Given(found)
    return Given(EXACT.multiply(found, quantity) / whole if quantity != whole else found, says == "price")


def _brings(line: Line, item: str) -> Decimal:
    """How much of ``item`` the whole line moves, in its stock unit."""
    return sum((amount for one, amount in line.goods if one == item), ZERO)


def returned_from(document: Document, item: str) -> set[Id]:
    """The documents that the lines of ``item`` were made from."""
    return {line.source_document for line in document.lines if line.source_document and _brings(line, item)}


def _prices(unit: Unit, document: Document, item: str) -> Decimal | None:
    """Net of what brings the item after what is taken off at the foot, with the shares of landed costs (V5); none where
    a line has no price. Escompte is financial: it leaves the worth of goods alone (D1). Of a kit each component takes its
    part by list value (K11)."""
    nets: dict[int, Decimal] = {}
    for portion in foot_of(document, unit.pack).portions:
        nets[portion.place] = nets.get(portion.place, ZERO) + portion.net
    found = ZERO
    for place, line in enumerate(document.lines):
        if not _brings(line, item):
            continue
        part = _part(line, item)
        if line.unit_price is None or part is None:
            return None
        found += (nets.get(place, ZERO) / document.rate + landed(line)) * part
    return found


def _part(line: Line, item: str) -> Decimal | None:
    if not line.parts:
        return Decimal(1)
    whole = sum((part.value for part in line.parts if part.stocked), ZERO)
    own = sum((part.value for part in line.parts if part.stocked and part.item == item), ZERO)
    return own / whole if whole else None


def landed(line: Line) -> Decimal:
    """The share of a line in the landed costs of its receipt, in company currency (V5)."""
    found: Decimal = line.custom.get("landed_cost") or ZERO
    return found


def _costs(lines: list[Line], item: str, moved: Mapping[tuple[Id, str], Moved]) -> Decimal | None:
    """What the goods of an item cost when they left (V7): what their document moved, else the costs on the lines; none
    where nobody knows."""
    found = ZERO
    for line in lines:
        gone = moved.get((line.source_document or "", item))
        if gone is not None and gone.quantity < 0 and gone.value:
            cost: Decimal | None = quotient(gone.value, gone.quantity)
        else:
            cost = _cost_on(line, item)
        if cost is None:
            return None
        found += EXACT.multiply(cost, _brings(line, item))
    return found


def _cost_on(line: Line, item: str) -> Decimal | None:
    """The cost of a stock unit of ``item`` by the line."""
    if line.parts:
        return next((part.cost for part in line.parts if part.item == item and part.stocked), None)
    if line.cost is None or not line.stock_quantity:
        return None
    return line.cost * (line.quantity or ZERO) / line.stock_quantity
