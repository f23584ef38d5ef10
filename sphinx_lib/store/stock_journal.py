"""Reading the journal of stock moves: what explains a quantity, and what it is worth."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, case, func, literal_column, select

from sphinx_lib.kernel.document import ZERO, Id
from sphinx_lib.store.among import among
from sphinx_lib.store.tables import documents, stock_balances, stock_moves, stock_places, stock_values

_m, _b, _p, _v = stock_moves.c, stock_balances.c, stock_places.c, stock_values.c
PHYSICAL = "physical"


class Journal(NamedTuple):
    """Which moves are asked for: of an item, in one warehouse or in all, of one level or of all, between two days."""

    item: str
    warehouse: str | None = None
    level: str | None = None
    since: date | None = None
    until: date | None = None


_FIELDS = ("id", "date", "warehouse", "level", "quantity", "value", "due", "lot", "bin", "reason", "document_id")


def moves(connection: Connection, company: str, asked: Journal, first: int, limit: int) -> list[Any]:
    """``limit`` moves from the one numbered ``first`` (from 0), oldest first, in one statement.

    Each row has the fields of a move, ``balance`` and ``worth`` (what its level adds up to after it, over what was
    asked, whatever ``since`` says), and ``type``, ``kind``, ``number`` of the document that caused it.
    """
    found = select(
        *(_m[name] for name in _FIELDS),
        func.sum(_m.quantity).over(partition_by=_m.level, order_by=(_m.date, _m.id)).label("balance"),
        func.sum(_m.value).over(partition_by=_m.level, order_by=(_m.date, _m.id)).label("worth"),
    ).where(_m.company_id == company, _m.item == asked.item)
    if asked.warehouse is not None:
        found = found.where(_m.warehouse == asked.warehouse)
    if asked.level is not None:
        found = found.where(_m.level == asked.level)
    if asked.until is not None:
        found = found.where(_m.date <= asked.until)
    run = found.subquery()
    d = documents.c
    joined = run.outerjoin(documents, and_(d.company_id == company, d.id == run.c.document_id))
    statement = select(run, d.type, d.kind, d.number).select_from(joined)
    if asked.since is not None:
        statement = statement.where(run.c.date >= asked.since)
    statement = statement.order_by(run.c.date, run.c.id).offset(first).limit(limit)
    return list(connection.execute(statement))


def moved_for(
    connection: Connection, company: str, document_id: Id, items: Collection[str]
) -> dict[str, tuple[Decimal, Decimal]]:
    """By item: the physical quantity and value that a document moves, corrections of value aside."""
    statement = (
        select(_m.item, func.sum(_m.quantity), func.sum(_m.value))
        .where(_m.company_id == company, _m.document_id == document_id, _m.level == PHYSICAL)
        .where(among(_m.item, sorted(items)), _m.quantity != literal_column("0"))
        .group_by(_m.item)
    )
    return {row[0]: (row[1], row[2]) for row in connection.execute(statement)}


class Stored(NamedTuple):
    """Quantities of an item in a warehouse, ``expired`` the part of ``physical`` in lots past their day, with the quantity
    and value of the item over all warehouses."""

    item: str
    warehouse: str
    physical: Decimal
    reserved: Decimal
    on_order: Decimal
    expired: Decimal
    whole: Decimal
    value: Decimal
    last_cost: Decimal | None


def stored(
    connection: Connection, company: str, day: date, warehouse: str | None, items: Collection[str]
) -> list[Stored]:
    """What is stored now by item and warehouse, in one statement; of all items when none are named. ``day`` is today."""
    own = and_(_p.company_id == _b.company_id, _p.item == _b.item, _p.warehouse == _b.warehouse)
    expired = select(func.sum(_p.physical)).where(own, _p.expires < day).scalar_subquery()
    columns = (_b.item, _b.warehouse, _b.physical, _b.reserved, _b.on_order, expired, _v.quantity, _v.value, _v.last_cost)
    joined = stock_balances.outerjoin(stock_values, and_(_v.company_id == _b.company_id, _v.item == _b.item))
    statement = select(*columns).select_from(joined).where(_b.company_id == company).order_by(_b.item, _b.warehouse)
    if warehouse is not None:
        statement = statement.where(_b.warehouse == warehouse)
    if items:
        statement = statement.where(among(_b.item, sorted(items)))
    return [
        Stored(*row[:5], row[5] or ZERO, row[6] or ZERO, row[7] or ZERO, None if row[8] is None else Decimal(row[8]))
        for row in connection.execute(statement)
    ]


def at_day(
    connection: Connection, company: str, day: date, warehouse: str | None, items: Collection[str]
) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    """By item what all physical moves up to ``day`` add up to, in one statement: quantity in ``warehouse`` (in all without
    one), quantity over all warehouses, value; of all items when none are named."""
    here = _m.quantity if warehouse is None else case((_m.warehouse == warehouse, _m.quantity), else_=literal_column("0"))
    statement = (
        select(_m.item, func.sum(here), func.sum(_m.quantity), func.sum(_m.value))
        .where(_m.company_id == company, _m.level == PHYSICAL, _m.date <= day)
        .group_by(_m.item)
        .order_by(_m.item)
    )
    if items:
        statement = statement.where(among(_m.item, sorted(items)))
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(statement)]
