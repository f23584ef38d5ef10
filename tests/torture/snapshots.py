"""What a database says of the business, without ids, hashes and times: equal answers mean equal books."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, Engine, select, text

from sphinx_lib.store.tables import metadata

_TABLES = metadata.tables
_DOCUMENT = (
    "kind", "state", "revision", "date", "due_date", "party", "currency", "reference", "deal", "total_net",
    "total_gross", "balance", "exposure", "exposure_class", "delivery_status", "billing_status", "custom",
)  # fmt: skip
_LINE = ("position", "item", "quantity", "unit_price", "net", "warehouse", "stowed", "progress")


def books(engine: Engine) -> dict[str, Any]:
    """Documents, stock, entries, series, master records and messages by what they say, each list sorted."""
    with engine.connect() as connection:
        names = _names(connection)
        found = {"documents": sorted(map(repr, _documents(connection, names)))}
        for table, columns in _PLAIN.items():
            found[table] = sorted(map(repr, _rows(connection, table, columns, names)))
        return found


def _rows(connection: Connection, table: str, columns: tuple[str, ...], names: Mapping[str, str]) -> list[Any]:
    chosen = connection.execute(select(*(_TABLES[table].c[name] for name in columns)))
    return [row for row in (tuple(_said(value, names) for value in row) for row in chosen) if any(_counts(row))]


def _counts(row: tuple[Any, ...]) -> list[bool]:
    """Rows of which all figures are zero say nothing."""
    figures = [value for value in row if not isinstance(value, str) and value is not None]
    return [bool(value) for value in figures] or [True]


def _said(value: Any, names: Mapping[str, str]) -> Any:
    return names.get(value, value) if isinstance(value, str) else value


def _documents(connection: Connection, names: Mapping[str, str]) -> list[Any]:
    d, line = _TABLES["documents"].c, _TABLES["document_lines"].c
    lines: dict[str, list[Any]] = {}
    columns = (line.document_id, line.source_document, *(line[name] for name in _LINE))
    for owner, source, *values in connection.execute(select(*columns).order_by(line.document_id, line.position)):
        lines.setdefault(owner, []).append((_said(source, names), *values))
    rows = connection.execute(select(d.id, d.history, *(d[name] for name in _DOCUMENT)))
    return [(names[one], _events(history), *rest, lines.get(one, [])) for one, history, *rest in rows]


def _events(history: Mapping[str, Any] | None) -> list[Any]:
    """How often each event happened, and what was warned of or overridden."""
    return sorted(
        (name, past.get("count"), past.get("warnings"), past.get("overridden"))
        for name, past in (history or {}).items()
    )


def _names(connection: Connection) -> dict[str, str]:
    """By id, what a person calls a document: its number, else its type, party, origin and total."""
    d = _TABLES["documents"].c
    chosen = connection.execute(select(d.id, d.type, d.number, d.party, d.origin, d.total_net, d.reference))
    return {
        row.id: row.number or f"{row.type} of {row.party} from {row.origin or 'nothing'}: {row.total_net} {row.reference}"
        for row in chosen
    }


_PLAIN: Mapping[str, tuple[str, ...]] = {
    "allocations": ("payment_id", "document_id", "amount"),
    "stock_balances": ("item", "warehouse", "physical", "reserved", "on_order"),
    "stock_places": ("item", "warehouse", "lot", "bin", "physical"),
    "stock_schedule": ("item", "warehouse", "level", "due", "quantity"),
    "stock_values": ("item", "quantity", "value", "last_cost"),
    "stock_moves": ("item", "warehouse", "level", "quantity", "value", "document_id", "lot", "reason"),
    "accounting_entries": ("document_id", "journal", "date", "account", "auxiliary", "debit", "credit"),
    "sequences": ("name", "period", "last"),
    "outbox": ("kind", "document_id", "state"),
    "parties": ("code", "data"),
    "items": ("code", "data"),
    "deals": ("code", "data"),
    "price_records": ("code", "data"),
}


class Copy:
    """The rows of a database as they are now, to be put back in a moment."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.kept = sqlite3.connect(":memory:", check_same_thread=False)
        if engine.dialect.name == "sqlite":
            with closing(sqlite3.connect(str(engine.url.database))) as file:
                file.backup(self.kept)
            return
        with engine.begin() as connection:
            connection.execute(text("create schema kept"))
            for name in _TABLES:
                connection.execute(text(f'create table kept."{name}" as table public."{name}"'))
        emptied = ", ".join(f'public."{name}"' for name in _TABLES)
        filled = [f'insert into public."{name}" table kept."{name}"' for name in _TABLES]
        self._put_back = "; ".join([f"truncate {emptied}", *filled])

    def put_back(self) -> None:
        """Let every table hold again what it held."""
        if self.engine.dialect.name == "sqlite":
            with closing(sqlite3.connect(str(self.engine.url.database))) as file:
                self.kept.backup(file)
            return
        with self.engine.begin() as connection:
            connection.exec_driver_sql(self._put_back)

    def close(self) -> None:
        """Let go of what is kept."""
        self.kept.close()
