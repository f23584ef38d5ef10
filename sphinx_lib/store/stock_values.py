"""What the stock of each item is worth (V1-V7): one row per item, the sum of the values of its moves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from sphinx_lib.kernel.document import ZERO, Id
from sphinx_lib.kernel.worth import Layer, Worth
from sphinx_lib.store.among import Listing, Named
from sphinx_lib.store.tables import stock_values
from sphinx_lib.store.written import VALUE_FIELDS, Written, row_digest

_v = stock_values.c
_ENSURE = {
    name: dialect.insert(stock_values).on_conflict_do_nothing(index_elements=["company_id", "item"])
    for name, dialect in (("postgresql", postgresql), ("sqlite", sqlite))
}


def _read(named: Named) -> Select[Any]:
    return (
        select(_v.item, _v.quantity, _v.value, _v.last_cost, _v.last_price, _v.layers)
        .where(_v.company_id == bindparam("company"), named(_v.item))
        .order_by(_v.item)
    )


_READ = Listing("items", _read)
_LOCK = Listing("items", lambda named: _read(named).with_for_update())
_WRITE = (
    update(stock_values)
    .where(_v.company_id == bindparam("b_company"), _v.item == bindparam("b_item"))
    .values({name: bindparam(name) for name in (*VALUE_FIELDS, "written_by")})
)


def worth_of(connection: Connection, company: str, items: Collection[str]) -> dict[str, Worth]:
    """What the items that ever moved are worth, by code."""
    return _worths(connection.execute(_READ.of(items), {"company": company, "items": sorted(items)}))


def lock(connection: Connection, company: str, items: Collection[str]) -> dict[str, Worth]:
    """The same under a lock, always taken in the order of codes; an item that never moved gets its row here."""
    codes = sorted(items)
    found = _worths(connection.execute(_LOCK.of(codes), {"company": company, "items": codes}))
    missing = [code for code in codes if code not in found]
    if missing:
        blank = {"company_id": company, "quantity": ZERO, "value": ZERO, "last_cost": None, "last_price": None}
        blank |= {"layers": None, "written_by": None}
        connection.execute(_ENSURE[connection.dialect.name], [{**blank, "item": code} for code in missing])
        found |= _worths(connection.execute(_LOCK.of(missing), {"company": company, "items": missing}))
    return found


def _worths(rows: Iterable[Any]) -> dict[str, Worth]:
    return {
        row.item: Worth(
            row.quantity, row.value, _number(row.last_cost), _number(row.last_price),
            tuple(_layer(one) for one in row.layers or ()),
        )
        for row in rows
    }  # fmt: skip


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


def _layer(row: list[str]) -> Layer:
    day, source, quantity, value = row
    return Layer(date.fromisoformat(day), source, Decimal(quantity), Decimal(value))


def write(connection: Connection, company: str, worths: Mapping[str, Worth], written: Written) -> None:
    """Write rows that ``lock`` has given, each naming the audit entry that holds its digest."""
    rows = []
    for item, worth in sorted(worths.items()):
        layers = [[one.day.isoformat(), one.source, f"{one.quantity:f}", f"{one.value:f}"] for one in worth.layers]
        values = {
            "quantity": worth.quantity, "value": worth.value, "last_cost": _text(worth.last_cost),
            "last_price": _text(worth.last_price), "layers": layers or None,
        }  # fmt: skip
        written.values[item] = row_digest(values, VALUE_FIELDS)
        rows.append({**values, "b_company": company, "b_item": item, "written_by": written.id})
    if rows:
        connection.execute(_WRITE, rows)


def set_written_by(connection: Connection, company: str, item: str, written_by: Id) -> None:
    """Name the audit entry of a row that has none."""
    own = _v.company_id == company, _v.item == item
    connection.execute(update(stock_values).where(*own).values(written_by=written_by))


def in_layers(connection: Connection, company: str) -> dict[str, Worth]:
    """The items that have layers (V4)."""
    columns = (_v.item, _v.quantity, _v.value, _v.last_cost, _v.last_price, _v.layers)
    statement = select(*columns).where(_v.company_id == company, _v.layers.is_not(None))
    return _worths(connection.execute(statement))
