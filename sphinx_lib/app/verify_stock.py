"""Checking stock against its journal: every row that is kept with the moves is what the moves add up to (K1, V1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from sphinx_lib.app.verify_log import Fault, Log
from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.lots import Place
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.store import proof_rows, stock_sums, stock_values
from sphinx_lib.store import stock as store_stock
from sphinx_lib.store.written import MOVE_FIELDS, VALUE_FIELDS, RowsDigest, row_digest


@dataclass
class Named:
    """What the moves say of a lot in a bin: since when it lies there, by its first unit of work, and when it expires."""

    first: tuple[Any, datetime]
    since: date
    expires: date | None = None


def stock_faults(connection: Connection, company: str, log: Log) -> Iterator[Fault]:
    """Moves that are not what the log recorded; balances, values, lots and bins, and promised days that are not what
    their moves say."""
    yield from _moves(connection, company, log)
    values = (
        ((row.written_by, row.item), f"stock value of {row.item}", row_digest(row._mapping, VALUE_FIELDS))
        for row in proof_rows.worths(connection, company)
    )
    yield from _worths(log, values)
    yield from _balances(connection, company)
    yield from _values(connection, company)
    for key, stored, moved in stock_sums.places(connection, company):
        yield _fault(_place(key), "physical", stored, moved)
    for key, stored, moved in stock_sums.schedule(connection, company):
        yield _fault(_due(key), "quantity", stored, moved)


def _moves(connection: Connection, company: str, log: Log) -> Iterator[Fault]:
    groups: dict[tuple[Any, str], RowsDigest] = {}
    items: dict[tuple[Any, str], set[str]] = {}
    balances: set[tuple[str, str]] = set()
    places: dict[Place, Named] = {}
    for row in proof_rows.moves(connection, company):
        key = (row.written_by, row.document_id or "")
        groups.setdefault(key, RowsDigest()).add(row[: len(MOVE_FIELDS)])
        if not row.document_id:
            items.setdefault(key, set()).add(row.item)
        balances.add((row.item, row.warehouse))
        if row.lot or row.bin:
            _place_of(places, row)
    digests = [(key, _moved(log, key, items.get(key, ())), rows.digest) for key, rows in groups.items()]
    yield from log.compare("moves", digests, "the journal")
    yield from _kept(connection, company, balances, places)


def _moved(log: Log, key: tuple[Any, str], items: Collection[str]) -> str:
    return f"stock moves of {log.name(key[1]) if key[1] else ', '.join(sorted(items))}"


def _place_of(places: dict[Place, Named], row: Any) -> None:
    key = Place(row.item, row.warehouse, row.lot, row.bin)
    unit = (row.written_by, row.recorded_at)
    known = places.setdefault(key, Named(unit, row.date))
    if known.first == unit:
        known.since = min(known.since, row.date)
    if row.quantity > 0 and row.expires is not None:
        known.expires = row.expires


def _kept(
    connection: Connection, company: str, balances: set[tuple[str, str]], places: dict[Place, Named]
) -> Iterator[Fault]:
    """Every balance, lot and bin that moves speak of has its row, and no other is there."""
    stored = {(row.item, row.warehouse) for row in proof_rows.balances(connection, company)}
    for item, warehouse in sorted(stored ^ balances):
        what = "no move ever changed it" if (item, warehouse) in stored else "it moved, and its balance is gone"
        yield Fault(f"stock {item} in {warehouse}", what)
    for row in proof_rows.places(connection, company):
        key = Place(row.item, row.warehouse, row.lot, row.bin)
        known = places.pop(key, None)
        if known is None:
            yield Fault(_place(key), "no move ever changed it")
            continue
        for name in ("since", "expires"):
            if getattr(row, name) != getattr(known, name):
                yield Fault(_place(key), f"its {name} is {getattr(row, name)}, its moves say {getattr(known, name)}")
    for key in sorted(places):
        yield Fault(_place(key), "it moved, and it is gone")


def _worths(log: Log, stored: Iterable[tuple[Any, str, str]]) -> Iterator[Fault]:
    """What an item is worth, and its last cost, are as the unit of work left them that the row names."""
    gone = {item for _, item in log.written["values"]}
    for (written_by, item), name, value in stored:
        said = log.written["values"].get((written_by, item))
        if said is None or said[0] != value:
            yield Fault(name, "it is not what the audit log recorded")
        gone.discard(item)
    for item in sorted(gone):
        yield Fault(f"stock value of {item}", "it is in the audit log, and it is gone")


def _balances(connection: Connection, company: str) -> Iterator[Fault]:
    """Each balance is the sum of its moves (K1)."""
    for (item, warehouse, level), stored, moved in stock_sums.balances(connection, company, store_stock.LEVELS):
        yield _fault(f"stock {item} in {warehouse}", level, stored, moved)


def _values(connection: Connection, company: str) -> Iterator[Fault]:
    """What an item is worth is the sum of the values of its moves, and of its layers where it has some (V1, V4)."""
    for what in ("quantity", "value"):
        for (item,), stored, moved in stock_sums.values(connection, company, what):
            yield _fault(f"stock value of {item}", what, stored, moved)
    for item, worth in sorted(stock_values.in_layers(connection, company).items()):
        for what in ("quantity", "value"):
            stored, found = getattr(worth, what), sum((getattr(layer, what) for layer in worth.layers), ZERO)
            if stored != found:
                yield _fault(f"stock value of {item}", what, stored, found, "layers")


def _place(key: tuple[Any, ...]) -> str:
    item, warehouse, lot, bin_ = key
    names = [f"lot {lot}" if lot else "", f"bin {bin_}" if bin_ else ""]
    return " ".join(part for part in (f"stock {item} in {warehouse}", *names) if part)


def _due(key: tuple[Any, ...]) -> str:
    item, warehouse, level, due = key
    return f"stock {item} in {warehouse} {level} for {due}"


def _fault(where: str, what: str, stored: Decimal, found: Decimal, source: str = "moves") -> Fault:
    return Fault(where, f"{what} is {plain_number(stored)}, its {source} say {plain_number(found)}")
