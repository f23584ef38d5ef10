"""Adding to stock without a document: opening stock and corrections (V6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sphinx_lib.app.gate import read_fields
from sphinx_lib.app.inputs import AdjustmentFields
from sphinx_lib.app.known import too_far
from sphinx_lib.app.unit import Unit
from sphinx_lib.app.warehouses import unknown_warehouses
from sphinx_lib.kernel.document import StockMove
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.lots import Lot
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.stock.levels import PHYSICAL

NAMES = frozenset(AdjustmentFields.model_fields)


def adjust(unit: Unit, item: str, amount: Decimal, named: Mapping[str, Any]) -> None:
    """Add ``amount`` of ``item`` to physical stock; InputError tells everything that is wrong with what is given."""
    unit.load_items([item])
    known = unit.items[item]
    problems = [f"unknown field {name!r}{did_you_mean(name, NAMES)}" for name in sorted(named.keys() - NAMES)]
    said = read_fields(AdjustmentFields, {name: named[name] for name in named.keys() & NAMES if named[name] != ""}, problems)
    lot = said.get("lot") or said.get("serial") or ""
    expires = said.get("expires")
    problems += too_far(unit, "date", said.get("date"))
    if known.tracking == "none" and lot:
        problems.append(f"it is not tracked by lot or serial number, so {lot!r} says nothing; put tracking: lot on the item")
    if known.tracking != "none" and not lot:
        problems.append(f"it is tracked by {known.tracking}: name its {known.tracking}")
    if known.tracking == "serial" and abs(amount) != 1:
        problems.append(f"a serial number has quantity 1, not {amount:f}")
    warehouse = said.get("warehouse") or known.warehouse or unit.pack.model.stock.warehouse
    problems += unknown_warehouses(unit, [said.get("warehouse", "")]).values()
    place = said.get("bin", "")
    if lot and not place and amount < 0:
        place = _bin_of(unit, item, warehouse, lot, problems)
    if lot and amount > 0:
        expires = _expiry_of(unit, item, lot, expires, problems)
    if problems:
        raise InputError([f"stock of {item}: {problem}" for problem in problems])
    move = StockMove(
        unit.new_id(), item, warehouse, PHYSICAL, amount, None, said.get("date", unit.today), lot=lot, bin=place,
        expires=expires, reason=said.get("reason", ""),
    )  # fmt: skip
    unit.adjust(move, _value(amount, said))


def _bin_of(unit: Unit, item: str, warehouse: str, lot: str, problems: list[str]) -> str:
    """The bin from which a lot is taken: the one where it lies; where it lies in several, somebody must say which."""
    bins = [one.bin for one in _places_of(unit, item, lot) if one.warehouse == warehouse]
    if len(bins) > 1:
        problems.append(f"lot {lot} lies in {', '.join(one or 'no bin' for one in bins)}: name the bin")
    return bins[0] if bins else ""


def _expiry_of(unit: Unit, item: str, lot: str, given: date | None, problems: list[str]) -> date | None:
    """The last day of a lot that comes in: a lot in stock has one, and keeps it; one that is not may take any."""
    known = next((one.expires for one in _places_of(unit, item, lot) if one.expires), None)
    if known and given and given != known:
        problems.append(f"lot {lot} expires on {known}, not on {given}; to correct that, take all of it out first")
    return known or given


def _places_of(unit: Unit, item: str, lot: str) -> list[Lot]:
    unit.places.load(unit.connection, unit.company, [item])
    unit.reckon_stock()
    return unit.places.of_lot(item, lot, unit.moved, unit.today)


def _value(quantity: Decimal, said: Mapping[str, Any]) -> Decimal | None:
    """What the quantity is worth, as given or by the cost given; else it is valued as what a count finds (V6)."""
    if "value" in said:
        return Decimal(said["value"])
    return said["cost"] * abs(quantity) if "cost" in said else None
