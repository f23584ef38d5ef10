"""Adding to stock without a document: opening stock and corrections (V6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sphinx_lib.app.line_input import exact_quantity
from sphinx_lib.app.unit import Unit
from sphinx_lib.app.warehouses import unknown_warehouses
from sphinx_lib.kernel.dates import as_date
from sphinx_lib.kernel.document import StockMove
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.lots import Lot
from sphinx_lib.kernel.money import exact_decimal
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.stock.levels import PHYSICAL

NAMES = frozenset({"warehouse", "lot", "serial", "bin", "expires", "date", "reason", "cost", "value"})


def adjust(unit: Unit, item: str, quantity: Any, named: Mapping[str, Any]) -> None:
    """Add ``quantity`` of ``item`` to physical stock; InputError tells everything that is wrong with what is given."""
    unit.load_items([item])
    known = unit.items[item]
    problems = [f"unknown field {name!r}{did_you_mean(name, NAMES)}" for name in sorted(named.keys() - NAMES)]
    amount = _read(exact_quantity, quantity, "", problems)
    days = {name: _read(as_date, named.get(name), f"{name}: ", problems) for name in ("date", "expires")}
    worth = {name: _read(exact_decimal, named.get(name), f"{name}: ", problems) for name in ("cost", "value")}
    lot = str(named.get("lot") or named.get("serial") or "")
    if known.tracking == "none" and lot:
        problems.append(f"it is not tracked by lot or serial number, so {lot!r} says nothing; put tracking: lot on the item")
    if known.tracking != "none" and not lot:
        problems.append(f"it is tracked by {known.tracking}: name its {known.tracking}")
    if known.tracking == "serial" and amount is not None and abs(amount) != 1:
        problems.append(f"a serial number has quantity 1, not {amount:f}")
    warehouse = str(named.get("warehouse") or known.warehouse or unit.pack.model.stock.warehouse)
    problems += unknown_warehouses(unit, [str(named.get("warehouse") or "")]).values()
    place = str(named.get("bin") or "")
    if lot and not place and amount is not None and amount < 0:
        place = _bin_of(unit, item, warehouse, lot, problems)
    if lot and amount is not None and amount > 0:
        days["expires"] = _expiry_of(unit, item, lot, days["expires"], problems)
    if problems or amount is None:
        raise InputError([f"stock of {item}: {problem}" for problem in problems])
    move = StockMove(
        unit.new_id(), item, warehouse, PHYSICAL, amount, None, days["date"] or unit.today, lot=lot, bin=place,
        expires=days["expires"],
        reason=str(named.get("reason") or ""),
    )  # fmt: skip
    unit.adjust(move, _value(amount, worth))


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


def _value(quantity: Decimal, worth: Mapping[str, Decimal | None]) -> Decimal | None:
    """What the quantity is worth, as given or by the cost given; else it is valued as what a count finds (V6)."""
    if worth["value"] is not None:
        return worth["value"]
    return None if worth["cost"] is None else worth["cost"] * abs(quantity)


def _read(reader: Any, given: Any, where: str, problems: list[str]) -> Any:
    if given is None or given == "":
        return None
    try:
        return reader(given)
    except ValueError as error:
        problems.append(f"{where}{error}")
        return None

