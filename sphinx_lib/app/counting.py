"""Stock counts made from what the books say is there, and what their differences are worth (V6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sphinx_lib.app.unit import Unit
from sphinx_lib.app.valuing import rule_of
from sphinx_lib.kernel.document import ZERO, Document, Line, Stowed
from sphinx_lib.kernel.worth import Worth
from sphinx_lib.stock.counting import BOOK, name_counted
from sphinx_lib.stock.levels import PHYSICAL
from sphinx_lib.stock.valuation import Change, entered, left
from sphinx_lib.store import stock as store_stock
from sphinx_lib.store import stock_values


def lines_to_count(unit: Unit, warehouse: str, items: Sequence[str] | None) -> list[dict[str, Any]]:
    """A line for each lot and bin of a warehouse and for what has no name, with the quantity in the books.

    Of ``items`` only, when they are given: then also of those of which there is nothing. One statement; InputError names
    items that do not exist.
    """
    if items is not None:
        unit.load_items(items)
    found = []
    seen = set()
    for row in store_stock.on_hand(unit.connection, unit.company, warehouse, items):
        seen.add(row.item)
        if row.quantity:
            named = {"lot": row.lot or None, "bin": row.bin or None, "expires": row.expires if row.lot else None}
            found.append(_line(warehouse, row.item, max(row.quantity, ZERO), named))
    unit.load_items(seen)
    nothing = [item for item in dict.fromkeys(items or ()) if item not in seen and unit.items[item].tracking == "none"]
    return [*found, *(_line(warehouse, item, ZERO, {}) for item in nothing)]


def _line(warehouse: str, item: str, quantity: Decimal, named: dict[str, Any]) -> dict[str, Any]:
    names = {key: value for key, value in named.items() if value is not None}
    return {"item": item, "warehouse": warehouse, "quantity": quantity, **names}


class Counted(NamedTuple):
    """One line of a stock count: ``book`` and ``counted`` in the stock unit, ``value`` of their difference (signed, company
    currency; none where costs are not shown). A count that is not posted yet is valued as if it were posted now; before it
    starts there is no book."""

    line: Line
    name: Stowed
    book: Decimal | None
    counted: Decimal
    value: Decimal | None

    @property
    def difference(self) -> Decimal:
        """Counted minus book: above zero it is a gain."""
        return ZERO if self.book is None else self.counted - self.book


def counted_lines(unit: Unit, document: Document) -> list[Counted]:
    """The lines of a stock count with their differences and what these are worth, in one statement."""
    lines = [line for line in document.lines if line.quantity is not None and line.stocked]
    posted = PHYSICAL in (unit.type_of(document).says(document.state, "stock") or {})
    if posted:
        moved = store_stock.values_moved(unit.connection, unit.company, document.id)
        return [_counted(line, moved.get(_place(line), ZERO)) for line in lines]
    worths = stock_values.worth_of(unit.connection, unit.company, {line.item or "" for line in lines})
    return list(_expected(unit, lines, worths))


def _place(line: Line) -> tuple[str, str, str, str]:
    name = name_counted(line)
    return line.item or "", line.warehouse, name.lot, name.bin


def _counted(line: Line, value: Decimal) -> Counted:
    return Counted(line, name_counted(line), line.custom.get(BOOK), line.quantity or ZERO, value)


def _expected(unit: Unit, lines: Sequence[Line], worths: dict[str, Worth]) -> Iterator[Counted]:
    """Each line valued as the moves of a posted count are, once those before it are posted."""
    unit.load_items({line.item or "" for line in lines})
    for line in lines:
        found, item = _counted(line, ZERO), line.item or ""
        if found.difference:
            change = _moved(unit, item, worths.get(item, Worth()), found.difference)
            worths[item] = change.worth
            found = found._replace(value=change.value)
        yield found


def _moved(unit: Unit, item: str, worth: Worth, difference: Decimal) -> Change:
    rule = rule_of(unit, item)
    return entered(worth, difference, None, rule, unit.today) if difference > 0 else left(worth, -difference, rule)
