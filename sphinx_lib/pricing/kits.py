"""Kits opened into their components: what moves, costs and weighs, and what their price is shared by (K11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from sphinx_lib.kernel.document import ZERO, Part
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item

Items = Mapping[str, Item]
ONE = Decimal(1)


def is_opened(item: Item) -> bool:
    """Whether the item is a kit that has no stock of its own: a phantom or an exploded one."""
    return item.kind == "kit" and item.kit != "assembled"


def components_of(kit: Item, items: Items, times: Decimal = ONE) -> Iterator[tuple[Item, Decimal]]:
    """What ``times`` stock units of ``kit`` hold, each in its own stock unit; kits inside are opened as well.

    Raises InputError for a kit without components.
    """
    if not kit.components:
        raise InputError([f"kit {kit.code} has no components"])
    for code, held in kit.components.items():
        item = items[code]
        if is_opened(item):
            yield from components_of(item, items, held * times)
        else:
            yield item, held * times


def cost_of(item: Item, items: Items, source: str) -> Decimal | None:
    """Cost per stock unit in company currency (M2); of a kit that is opened the sum of its components' known costs."""
    if not is_opened(item):
        return item.cost_by(source)
    costs = [(one.cost_by(source), held) for one, held in components_of(item, items)]
    known = [cost * held for cost, held in costs if cost is not None]
    return sum(known, ZERO) if known else None


def weight_of(item: Item, items: Items) -> Decimal | None:
    """Net weight of a stock unit in kg: the item's own, else that of a kit's components when all are known (W1)."""
    if item.weight_kg is not None or not is_opened(item):
        return item.weight_kg
    total = ZERO
    for one, held in components_of(item, items):
        if one.weight_kg is None and one.stocked:
            return None
        total += (one.weight_kg or ZERO) * held
    return total


def parts_of(
    kit: Item, items: Items, times: Decimal, source: str, worth: Callable[[Item, Decimal], Decimal | None]
) -> tuple[Part, ...]:
    """The components of a phantom kit of which a sales unit holds ``times`` stock units; one that stands twice is one.

    ``worth`` is the list value of a quantity of an item. Raises InputError when components of several VAT codes have no
    list value, since the price could not be shared over them.
    """
    held: dict[str, Decimal] = {}
    for item, quantity in components_of(kit, items, times):
        held[item.code] = held.get(item.code, ZERO) + quantity
    values = {code: worth(items[code], quantity) for code, quantity in held.items()}
    unknown = [code for code, value in values.items() if value is None]
    if unknown and len({items[code].vat for code in held}) > 1:
        raise InputError(
            [
                f"kit {kit.code}: its price is shared over several VAT codes by the list value of its components (K11), "
                f"and {', '.join(unknown)} has no sale_price"
            ]
        )
    return tuple(_part(items[code], quantity, values[code] or ZERO, source) for code, quantity in held.items())


def _part(item: Item, quantity: Decimal, value: Decimal, source: str) -> Part:
    group = item.account_group or ("service" if item.kind == "service" else "goods")
    return Part(item.code, quantity, value, item.vat, item.stocked, group, item.cost_by(source), item.weight_kg)
