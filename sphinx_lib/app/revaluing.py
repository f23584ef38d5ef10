"""Received goods that turn out to cost more or less: what a supplier's invoice or credit note says of them (§5.3).

What is still held takes its part of the difference, by the method of its item; the rest stays a cost of what was sold.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sphinx_lib.app.tracking import Revalued
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Document, Id, Line, StockMove
from sphinx_lib.kernel.money import currency_digits, round_half_up
from sphinx_lib.pricing.bought import bought
from sphinx_lib.stock.levels import PHYSICAL

REASON = "price difference"


def revalue_receipts(unit: Unit, document_id: Id) -> set[Id]:
    """The effect of posting: differences between the prices of ``document_id`` and those of the receipts behind it.

    An invoice is compared line by line with the receipt it was made from, both in company currency and net of what is
    taken off at the foot. A credit for a part of the price lowers what the goods of its invoice cost; a credit for a
    quantity at its price does not, since those goods never came in or have left.
    """
    document = unit.get(document_id)
    unit.load_sources([document])
    origins = [unit.get(one) for one in sorted({line.source_document for line in document.lines if line.source_document})]
    unit.load_sources(origins)
    credits = unit.type_of(document).sign_number < 0
    rows = _reductions(unit, document) if credits else _differences(unit, document)
    for line, receipt, quantity, amount in rows:
        move = StockMove(
            unit.new_id(), line.item or "", line.warehouse, PHYSICAL, ZERO, document.id, document.date, reason=REASON
        )
        unit.revalued.append(Revalued(line.item or "", quantity, amount, receipt, move))
    return set()


def _differences(unit: Unit, document: Document) -> Iterator[tuple[Line, Id, Decimal, Decimal]]:
    """Of each line of an invoice made from a receipt: the receipt, the quantity in stock units, how much more it costs."""
    bases, origins = _bases(unit, document), _Origins(unit)
    of_receipts: dict[Id, dict[Id, Decimal]] = {}
    for line in document.lines:
        found = _receipt_of(unit, line, origins)
        if found is None or not line.quantity:
            continue
        receipt, source = found
        whole = source.quantity or ZERO
        quantity = min(line.quantity, whole)
        asked = bases[line.id] * quantity / line.quantity
        if receipt.id not in of_receipts:
            of_receipts[receipt.id] = _bases(unit, receipt)
        booked = of_receipts[receipt.id][source.id] * quantity / whole
        more = _rounded(unit, asked - booked)
        if more:
            yield line, receipt.id, line.stock_quantity * quantity / line.quantity, more


def _reductions(unit: Unit, document: Document) -> Iterator[tuple[Line, Id, Decimal, Decimal]]:
    """The same of a credit note made from an invoice, of the lines that credit less than the price."""
    bases, origins = _bases(unit, document), _Origins(unit)
    for line in document.lines:
        invoiced = origins.of(line)
        found = _receipt_of(unit, invoiced, origins) if invoiced is not None else None
        if found is None or invoiced is None or line.unit_price == invoiced.unit_price:
            continue
        receipt, source = found
        less = _rounded(unit, bases[line.id])
        if less:
            yield line, receipt.id, min(invoiced.stock_quantity, source.stock_quantity), -less


def _receipt_of(unit: Unit, line: Line, origins: _Origins) -> tuple[Document, Line] | None:
    """The receipt that brought the goods of a line into stock, with its line; none for services, for what came in otherwise,
    and for what went straight to a customer: it is no part of what is held (PO6)."""
    source = origins.of(line)
    if source is None or not source.stocked or not source.quantity:
        return None
    receipt = unit.get(line.source_document or "")
    declared = unit.type_of(receipt)
    is_held = PHYSICAL in (declared.says(receipt.state, "stock") or {})
    return (receipt, source) if declared.stock_value == "price" and is_held else None


class _Origins:
    """The lines that others were made from, of documents that are loaded; those of a document are gone through once."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._lines: dict[Id, dict[Id, Line]] = {}

    def of(self, line: Line) -> Line | None:
        """The line that ``line`` was made from; none where its document is not loaded."""
        owner = line.source_document or ""
        if owner not in self._lines:
            tracked = self._unit.tracked.get(owner)
            self._lines[owner] = {one.id: one for one in tracked.document.lines} if tracked else {}
        return self._lines[owner].get(line.source_id or "")


def _bases(unit: Unit, document: Document) -> dict[Id, Decimal]:
    """What each line gives to the net total, with the VAT that is not deducted, in company currency, not rounded."""
    found = bought(document, unit.pack)
    return {line.id: one.cost / document.rate for line, one in zip(document.lines, found, strict=True)}


def _rounded(unit: Unit, amount: Decimal) -> Decimal:
    return round_half_up(amount, currency_digits(unit.pack.model.company.currency))
