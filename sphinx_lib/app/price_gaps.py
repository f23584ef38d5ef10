"""What the check of a configuration with its data tells of prices: items without one, scales where less costs more."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from sphinx_lib.app.pricing import families_of
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.master import Item, PriceRecord
from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.record_checks import check_scales, items_without_price
from sphinx_lib.store import master as store_master

MOST_TOLD = 20


def gap_lines(unit: Unit) -> Iterator[str]:
    """What is wrong with stored prices, a line each: the first scales where less costs more, and the first items without."""
    dear, without = dear_scales(unit), items_without_records(unit)
    yield from (f"price {finding.path[1]}: {finding.message}" for finding in dear[:MOST_TOLD])
    if len(dear) > MOST_TOLD:
        yield f"and {len(dear) - MOST_TOLD} more prices like these"
    if without:
        more = f" and {len(without) - MOST_TOLD} more" if len(without) > MOST_TOLD else ""
        yield f"{len(without)} items without a base price: {', '.join(without[:MOST_TOLD])}{more}"


def items_without_records(unit: Unit) -> list[str]:
    """Codes of the stored items without any base price, in order: neither files nor the database hold a record for them."""
    items: list[Item] = []
    records: list[PriceRecord] = []
    for kind, row in store_master.records(unit.connection, unit.company):
        if kind == "item":
            items.append(Item.model_validate(row.data))
        elif kind == "price":
            records.append(PriceRecord.model_validate(row.data))
    stored = chain.from_iterable(map(unit.pack.conditions_of, records))
    return items_without_price(unit.pack.model, items, chain(unit.pack.conditions, stored), families_of(unit))


def dear_scales(unit: Unit) -> list[Finding]:
    """A warning for each stored price record in which a smaller quantity costs more than a bigger one (SC4)."""
    rows = store_master.records(unit.connection, unit.company)
    records = [PriceRecord.model_validate(row.data) for kind, row in rows if kind == "price"]
    return list(check_scales(unit.pack.model, chain.from_iterable(map(unit.pack.conditions_of, records))))
