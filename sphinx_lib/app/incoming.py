"""What goods that come into stock are worth, as the document that brings them says (V1, V5, V6, V7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Id, Line
from sphinx_lib.kernel.money import EXACT
from sphinx_lib.kernel.worth import quotient
from sphinx_lib.pricing.bought import Bought, bought


class Moved(NamedTuple):
    """Physical quantity and value that a document moved of an item, signed."""

    quantity: Decimal
    value: Decimal


class Given(NamedTuple):
    """What goods come in for, in company currency and not rounded; none where nobody says. ``price`` is the same of a
    purchase without VAT, which is part of the value where it is not deducted."""

    value: Decimal | None
    price: Decimal | None = None


class Brought(NamedTuple):
    """A line (at ``place``, from 0) of a document with how much it moves of an item, in its stock unit."""

    place: int
    line: Line
    quantity: Decimal


@dataclass
class Incoming:
    """What documents say of the goods that they bring; each document is read once, however many items it has.

    ``moved`` holds what documents moved so far, by document and item.
    """

    unit: Unit
    moved: dict[tuple[Id, str], Moved] = field(default_factory=dict)
    _lines: dict[Id, dict[str, list[Brought]]] = field(default_factory=dict)
    _nets: dict[Id, list[Bought]] = field(default_factory=dict)

    def lines(self, document_id: Id, item: str) -> list[Brought]:
        """The lines of a document that move ``item``."""
        if document_id not in self._lines:
            found = self._lines[document_id] = {}
            for place, line in enumerate(self.unit.get(document_id).lines):
                amounts: dict[str, Decimal] = {}
                for one, quantity in line.goods:
                    amounts[one] = amounts.get(one, ZERO) + quantity
                for one, quantity in amounts.items():
                    found.setdefault(one, []).append(Brought(place, line, quantity))
        return self._lines[document_id].get(item, [])

    def returned_from(self, document_id: Id | None, item: str) -> set[Id]:
        """The documents whose goods come back by the lines of ``item``, where the document is a return (V7)."""
        if document_id is None or self.unit.type_of(self.unit.get(document_id)).stock_value != "cost":
            return set()
        return {one.line.source_document for one in self.lines(document_id, item) if one.line.source_document}

    def worth(self, document_id: Id | None, item: str, move: Id, quantity: Decimal) -> Given:
        """What ``quantity`` of ``item`` comes in for, by its document or, without one, by what was said of the ``move``."""
        if document_id is None:
            return Given(self.unit.given_values.get(move))
        says = self.unit.type_of(self.unit.get(document_id)).stock_value
        if says == "current":
            return Given(None)
        lines = self.lines(document_id, item)
        found = self._prices(document_id, item, lines) if says == "price" else Given(self._costs(item, lines))
        whole = sum((one.quantity for one in lines), ZERO)
        if found.value is None or not whole:
            return Given(found.value)
        if quantity == whole:
            return found
        return Given(*(None if one is None else EXACT.multiply(one, quantity) / whole for one in found))

    def _prices(self, document_id: Id, item: str, lines: Iterable[Brought]) -> Given:
        """Net of what brings an item after what is taken off at the foot, with the shares of landed costs (V5); none where
        a line has no price; VAT that is not deducted is part of it. Escompte is financial: it leaves the worth of goods
        alone (D1). Of a kit each component takes its part by list value (K11)."""
        document = self.unit.get(document_id)
        if document_id not in self._nets:
            self._nets[document_id] = bought(document, self.unit.pack)
        value = price = ZERO
        for one in lines:
            part = _part(one.line, item)
            if one.line.unit_price is None or part is None:
                return Given(None)
            net, cost = self._nets[document_id][one.place]
            price += (net / document.rate + landed(one.line)) * part
            value += (cost / document.rate + landed(one.line)) * part
        return Given(value, price)

    def _costs(self, item: str, lines: Iterable[Brought]) -> Decimal | None:
        """What the goods of an item cost when they left (V7): what their document moved, else the costs on the lines; none
        where nobody knows."""
        found = ZERO
        for one in lines:
            gone = self.moved.get((one.line.source_document or "", item))
            if gone is not None and gone.quantity < 0 and gone.value:
                cost: Decimal | None = quotient(gone.value, gone.quantity)
            else:
                cost = _cost_on(one.line, item)
            if cost is None:
                return None
            found += EXACT.multiply(cost, one.quantity)
        return found


def _part(line: Line, item: str) -> Decimal | None:
    """The part of a component in the price of its kit, none where it has no list values; of what is no kit all."""
    values = [(part.item, part.value) for part in line.parts if part.stocked]
    whole = sum((value for _, value in values), ZERO)
    if not values:
        return Decimal(1)
    return sum((value for one, value in values if one == item), ZERO) / whole if whole else None


def landed(line: Line) -> Decimal:
    """The share of a line in the landed costs of its receipt, in company currency (V5)."""
    found: Decimal = line.custom.get("landed_cost") or ZERO
    return found


def _cost_on(line: Line, item: str) -> Decimal | None:
    """The cost of a stock unit of ``item`` by the line."""
    if line.parts:
        return next((part.cost for part in line.parts if part.item == item and part.stocked), None)
    if line.cost is None or not line.stock_quantity:
        return None
    return line.cost * (line.quantity or ZERO) / line.stock_quantity
