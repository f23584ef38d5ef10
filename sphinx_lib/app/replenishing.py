"""Buying again what fell to its reorder point: drafts of purchase orders by supplier, each line explained (R1-R4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.buying import Bought, Wanted, buy
from sphinx_lib.app.sourcing import lead_days
from sphinx_lib.app.unit import Unit
from sphinx_lib.app.warehouses import unknown_warehouses
from sphinx_lib.kernel.document import ZERO, Document
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item, Reorder
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.stock.replenishment import Level, economic_quantity, missing, reorder_point
from sphinx_lib.store import master as store_master
from sphinx_lib.store import replenishment as store_replenishment
from sphinx_lib.store import stock as store_stock
from sphinx_lib.store.stock import Balance

StockKey = tuple[str, str]


class Reordered(NamedTuple):
    """Why and how much of an item is bought again, in its stock unit.

    ``missing`` leads from ``projected`` up to the maximum (or is the economic quantity); ``quantity`` is what the
    supplier's ``minimum`` and ``multiple`` make of it (R3). ``text`` says it in the company's languages.
    """

    item: str
    warehouse: str
    supplier: str
    projected: Decimal
    point: Decimal
    maximum: Decimal | None
    minimum: Decimal | None
    multiple: Decimal | None
    missing: Decimal
    quantity: Decimal
    text: Mapping[str, str]


class Replenished(NamedTuple):
    """Drafts that are not part of a unit yet, their lines explained, and items that were left with the reason."""

    documents: list[Document]
    reordered: list[Reordered]
    skipped: list[tuple[str, str]]


class Fallen(NamedTuple):
    """An item that has come down to its reorder point in a warehouse."""

    key: StockKey
    projected: Decimal
    level: Level
    missing: Decimal


def replenish(unit: Unit, to: str, supplier: str | None = None, warehouse: str | None = None) -> Replenished:
    """Drafts of ``to`` for all items that fell to their reorder point, or only those of a supplier or in a warehouse.

    Items, balances and drafts are read in one statement each, whatever their number.
    """
    target = unit.pack.resolve_type(to)
    _refuse_unknown(unit, supplier, warehouse)
    items = store_master.load_reordered(unit.connection, unit.company)
    unit.items |= items
    skipped: dict[str, str] = {}
    fallen = [one for one in _fallen(unit, items.values(), target, skipped) if warehouse in (None, one.key[1])]
    bought = buy(unit, [_wanted(unit, one) for one in fallen], target, unit.today, only_priced=True)
    skipped |= {item: reason for (item, _), reason in bought.skipped.items()}
    return Replenished(
        [document for document in bought.documents if supplier in (None, document.party)],
        [row for row in _explained(unit, fallen, bought) if supplier in (None, row.supplier)],
        sorted(skipped.items()),
    )


def _refuse_unknown(unit: Unit, supplier: str | None, warehouse: str | None) -> None:
    if supplier is not None:
        unit.load_parties([supplier])
    if warehouse is not None and (told := unknown_warehouses(unit, [warehouse], strict=True)):
        raise InputError(list(told.values()))


def _fallen(unit: Unit, items: Iterable[Item], target: TypeKey, skipped: dict[str, str]) -> list[Fallen]:
    known = list(items)
    suppliers = {item.supplier for item in known if item.supplier} - unit.parties.keys()
    unit.parties |= store_master.load_parties(unit.connection, unit.company, suppliers) if suppliers else {}
    balances = store_stock.all_stock(unit.connection, unit.company, unit.today).balances
    drafted = store_replenishment.drafted(unit.connection, unit.company, _drafts_of(unit, target))
    found = []
    for item in known:
        for rule in item.reorder:
            level = _level(unit, item, rule)
            if isinstance(level, str):
                skipped[item.code] = level
                continue
            key = (item.code, rule.warehouse or item.warehouse or unit.pack.model.stock.warehouse)
            balance = balances.get(key, Balance())
            projected = balance.available + balance.on_order + drafted.get(key, ZERO)
            if quantity := missing(projected, level):
                found.append(Fallen(key, projected, level, quantity))
    return found


def _drafts_of(unit: Unit, target: TypeKey) -> Mapping[TypeKey, Sequence[str]]:
    """The states of the target type, by kind, in which nothing is on order yet and all is planned."""
    found = {}
    for (name, kind), declared in unit.pack.types.items():
        if name == target[0]:
            found[name, kind] = [
                state for state in declared.states
                if declared.counts(state) == "planned" and not declared.says(state, "stock")
            ]  # fmt: skip
    return found


def _level(unit: Unit, item: Item, rule: Reorder) -> Level | str:
    """The reorder point and what is filled up to, or what is missing to say it."""
    point = rule.minimum
    if point is None:
        supplier = unit.parties.get(item.supplier)
        lead = rule.lead_days if rule.lead_days is not None else (lead_days(item, supplier) if supplier else None)
        if lead is None:
            return f"item {item.code}: nobody says how long it takes; put lead_days under its reorder, or on its supplier"
        point = reorder_point(rule.daily_use or ZERO, lead, rule.safety)
    if rule.economic is None:
        return Level(point, rule.maximum)
    wanted = rule.economic
    price = wanted.unit_price if wanted.unit_price is not None else item.cost_by(unit.prices.schema.cost)
    if not price:
        return f"item {item.code}: its economic quantity takes a unit_price, or a cost of the item"
    return Level(point, None, economic_quantity(wanted.yearly_use, wanted.order_cost, price, wanted.holding_rate))


def _wanted(unit: Unit, one: Fallen) -> Wanted:
    return Wanted(*one.key, one.missing, reason=_texts(unit, one))


def _texts(unit: Unit, one: Fallen) -> dict[str, str]:
    """Why the item is bought again, in each language of the company."""
    label = "reorder_economic" if one.level.maximum is None else "reorder_reason"
    facts = {
        "projected": plain_number(one.projected), "point": plain_number(one.level.point),
        "maximum": plain_number(one.level.maximum or ZERO), "missing": plain_number(one.missing),
        "unit": unit.items[one.key[0]].unit,
    }  # fmt: skip
    return {language: unit.pack.label(label, language).format(**facts) for language in unit.pack.model.company.languages}


def _explained(unit: Unit, fallen: Sequence[Fallen], bought: Bought) -> list[Reordered]:
    found = []
    for one in fallen:
        line = bought.lines.get(one.key)
        if line is not None:
            found.append(
                Reordered(
                    *one.key, line.chosen.supplier.code, one.projected, one.level.point, one.level.maximum,
                    line.lot.minimum, line.lot.multiple, one.missing, line.quantity, line.text(unit),
                )
            )  # fmt: skip
    return found
