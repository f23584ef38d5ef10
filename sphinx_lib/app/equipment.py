"""The register of customers' equipment follows the serial numbers that documents move (EQ1, S42)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sphinx_lib.app.putting import Put
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.dates import add_months
from sphinx_lib.kernel.document import ZERO, Document
from sphinx_lib.kernel.master import Equipment, equipment_code
from sphinx_lib.stock.levels import PHYSICAL, held
from sphinx_lib.store import master as store_master

KIND = "equipment"


def register(unit: Unit) -> None:
    """Add the records that the documents of this unit change to what is about to be written: a serial number that left with
    a delivery has an owner and a warranty, one that came back has none.

    Numbers have been given already, so that a record can name its delivery. Two statements, whatever the number of lines.
    """
    documents = [unit.get(one) for one in dict.fromkeys(unit.registers) if one in unit.tracked]
    unit.load_items({line.item for document in documents for line in document.lines if line.item and line.stowed})
    serials = {key for document in documents for key, _ in _serials(unit, document)}
    if not serials:
        return
    codes = {equipment_code(*key) for key in serials}
    stored = store_master.stored(unit.connection, unit.company, KIND, codes)
    before = {code: Equipment.model_validate(one.data) for code, one in stored.items()}
    now = dict(before)
    for document in documents:
        for (item, serial), quantity in _serials(unit, document):
            code = equipment_code(item, serial)
            after = _after(unit, document, now.get(code), (item, serial), quantity)
            if after is not None:
                now[code] = after
    for code, record in now.items():
        if before.get(code) == record:
            continue
        old = stored.get(code)
        columns = store_master.columns_of(KIND, record, (False, False))
        seen = old.version if old else 0
        row = {**columns, "id": old.id if old else unit.new_id(), "version": seen + 1, "audit_hash": ""}
        unit.master.append(Put(KIND, seen, row, old.audit_hash if old else ""))


def _serials(unit: Unit, document: Document) -> Iterator[tuple[tuple[str, str], Decimal]]:
    """The serial numbers that a document names, with what it holds of each now: below zero they are gone."""
    holds: dict[tuple[str, str], Decimal] = {}
    for key, quantity in held(document, unit.pack).items():
        if key.level == PHYSICAL and key.lot:
            holds[key.item, key.lot] = holds.get((key.item, key.lot), ZERO) + quantity
    for line in document.lines:
        item = unit.items.get(line.item or "")
        if item is not None and item.tracking == "serial":
            for one in line.stowed:
                if one.lot:
                    yield (item.code, one.lot), holds.get((item.code, one.lot), ZERO)


def _after(
    unit: Unit, document: Document, record: Equipment | None, serial: tuple[str, str], quantity: Decimal
) -> Equipment | None:
    """The record once ``document`` holds ``quantity`` of the serial number; none when the document says nothing of it."""
    if quantity < 0:
        return _delivered(unit, document, record, serial)
    if record is None:
        return None
    note = _taken_again(unit, document, serial) if not quantity and not record.owner else None
    if note is not None and note.id != record.delivered_by:  # its owner had it by an earlier delivery than the last one
        return _delivered(unit, note, record, serial)
    came_back = quantity > 0 and record.owner != "" and record.owner == document.party
    is_cancelled = not quantity and record.delivered_by == document.id and not record.returned_by
    back: dict[str, str]
    if came_back or is_cancelled:
        back = {"owner": "", "former_owner": record.owner, "state": "in_stock", "returned_by": document.id}
    elif not quantity and record.returned_by == document.id and record.delivered_by != document.id:  # a return cancelled
        back = {"owner": record.former_owner, "former_owner": "", "state": "delivered", "returned_by": ""}
    else:
        return None
    return record.model_copy(update=back)


def _taken_again(unit: Unit, document: Document, serial: tuple[str, str]) -> Document | None:
    """The delivery that stands again, where ``document`` had brought the serial number back and was called off."""
    before = held(unit.tracked[document.id].original, unit.pack)
    if not any(quantity > 0 and (key.item, key.lot) == serial for key, quantity in before.items() if key.level == PHYSICAL):
        return None
    named = (line for line in document.lines if line.item == serial[0] and any(one.lot == serial[1] for one in line.stowed))
    sources = [unit.tracked[line.source_document].document for line in named if line.source_document in unit.tracked]
    return sources[0] if sources else None


def _delivered(unit: Unit, document: Document, record: Equipment | None, serial: tuple[str, str]) -> Equipment:
    item, number = serial
    months = unit.items[item].warranty_months
    said = {
        "code": equipment_code(item, number), "item": item, "serial": number, "owner": document.party or "",
        "site": document.site, "delivery": document.number or "", "delivered_on": document.date,
        "delivered_by": document.id, "warranty_end": add_months(document.date, months) if months else None,
    }  # fmt: skip
    kept = {"custom": record.custom} if record is not None else {}
    return Equipment.model_validate({**kept, **said})
