"""Changing what is stored, as somebody with the password of the database could: a column, a row less, a row more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Connection, Table, and_, delete, insert, select, update
from sqlalchemy.sql.type_api import TypeEngine

from sphinx_lib import Sphinx
from sphinx_lib.app.verify import verify
from sphinx_lib.app.verify_log import Fault
from sphinx_lib.store.tables import claims, documents, metadata

Row = Mapping[str, Any]
RECORDS = (
    "parties", "items", "warehouses", "equipment", "deals", "families", "customer_references", "exchange_rates",
    "price_records",
)  # fmt: skip
OTHER_ID = "0" * 31 + "7"

LEASE = "says who is sending the message now and when it is due, nothing of what was or will be sent"
NOT_PROVEN: Mapping[tuple[str, str], str] = {
    ("outbox", "holder"): LEASE,
    ("outbox", "due_at"): LEASE,
    ("audit_personal", "-"): "deleting value and salt is how something is blanked; the report counts it",
    ("stock_schedule", "-"): "a row of zero says as much as none, and is written or not as it comes",
}
"""By table and column why nobody is told of a change; "-" stands for a row less, "+" for one more."""


def tables() -> list[Table]:
    """All but ``claims``, whose rows are locked to take turns and say nothing."""
    return sorted((one for one in metadata.sorted_tables if one is not claims), key=lambda table: table.name)


def changed(value: Any, column: Column[Any]) -> Any:
    """Another value that might stand in the column."""
    if value is None:
        return _made_up(column.type)
    if isinstance(value, bool):
        return not value
    if isinstance(value, Decimal | int):
        return value + (1000 if column.primary_key else 1)
    if isinstance(value, datetime):
        return value + timedelta(seconds=1)
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, dict | list):
        return _with_another_leaf(value)
    return another_text(value, getattr(column.type, "length", None))


def _made_up(type_: TypeEngine[Any]) -> Any:
    kind = type(type_).__name__
    made: Mapping[str, Callable[[], Any]] = {
        "Exact": lambda: Decimal(1), "Date": lambda: date(2026, 5, 5), "Integer": lambda: 1, "IdType": lambda: OTHER_ID,
        "Moment": lambda: datetime.fromisoformat("2026-05-05T00:00:00+00:00"), "JSON": lambda: {"x": "y"},
    }  # fmt: skip
    return made.get(kind, lambda: "1")()


def another_text(value: str, longest: int | None = None) -> str:
    """A number of the same form, another day, another hexadecimal digit, another word."""
    if len(value) in (32, 64) and set(value) <= set("0123456789abcdef"):
        return value[:-1] + ("1" if value[-1] != "1" else "2")
    try:
        return f"{Decimal(value) + 1:f}"
    except ArithmeticError:
        pass
    try:
        return (date.fromisoformat(value) + timedelta(days=1)).isoformat()
    except ValueError:
        pass
    return f"{value}x" if longest is None or len(value) < longest else f"{value[:-1]}{'x' if value[-1] != 'x' else 'y'}"


def _with_another_leaf(value: Any) -> Any:
    if isinstance(value, dict):
        name = next(name for name in sorted(value, reverse=True) if value[name] not in ([], {}))
        return {**value, name: _with_another_leaf(value[name])}
    if isinstance(value, list) and value:
        return [*value[:-1], _with_another_leaf(value[-1])]
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return another_text(value)
    return (value or 0) + 1 if isinstance(value, int) or value is None else [1]


def rows_of(connection: Connection, table: Table) -> list[Row]:
    return [dict(row) for row in connection.execute(select(table)).mappings()]


def here(table: Table, row: Row) -> Any:
    return and_(*(column == row[column.name] for column in table.primary_key.columns))


def one_with(rows: Sequence[Row], column: str) -> Row:
    """A row whose column says something, the first if none does."""
    return next((row for row in rows if row[column] not in (None, "", 0, False, [], {})), rows[0])


class Tamper:
    """Tries one change at a time on the database of ``app``, and takes it back."""

    def __init__(self, app: Sphinx) -> None:
        self.app = app
        with app.engine.connect() as connection:
            self.rows = {table.name: rows_of(connection, table) for table in tables()}
        self.names = {row["id"]: row["number"] or row["id"] for row in self.rows[documents.name]}
        self.names |= {row["id"]: row["code"] for table in RECORDS for row in self.rows[table]}

    def after(self, *statements: Any) -> list[Fault]:
        """What ``verify`` finds after some statements, which are then undone."""
        with self.app.engine.connect() as connection, connection.begin() as transaction:
            for statement in statements:
                assert connection.execute(statement).rowcount
            found = list(verify(connection, self.app.company, self.app.pack).faults)
            transaction.rollback()
        return found

    def column(self, table: Table, name: str, row: Row | None = None, value: Any = None) -> str | None:
        """Why a changed column was not told of; none when it was, by name."""
        row = row or one_with(self.rows[table.name], name)
        value = changed(row[name], table.c[name]) if value is None else value
        faults = self.after(update(table).where(here(table, row)).values({name: value}))
        return self._named(table, row, faults) and self._named(table, {**row, name: value}, faults)

    def less(self, table: Table, row: Row | None = None) -> str | None:
        """The same of a row that is taken out."""
        row = row or self.rows[table.name][0]
        return self._named(table, row, self.after(delete(table).where(here(table, row))))

    def more(self, table: Table, row: Row | None = None) -> str | None:
        """The same of a copy with another key."""
        row = dict(row or self.rows[table.name][0])
        copied = {**row, **self._another_key(table, row)}
        return self._named(table, {**row, **copied}, self.after(insert(table).values(copied)))

    def _another_key(self, table: Table, row: Row) -> Row:
        key = [column for column in table.primary_key.columns if column.name != "company_id"]
        unique = {"dedupe", "number"} & set(table.c.keys()) - {column.name for column in key}
        unique |= {"date"} if table.name == "exchange_rates" else set()
        names = [key[-1].name, *sorted(unique)]
        if table.name in ("accounting_entries", "document_lines"):
            names = [key[0].name, "number"] if "number" in unique else [key[0].name]
        return {name: changed(row[name], table.c[name]) for name in names if row[name] is not None}

    def _named(self, table: Table, row: Row, faults: Sequence[Fault]) -> str | None:
        if not faults:
            return "no fault at all"
        known = self._names_of(table, row)
        if any(name in fault.where for fault in faults for name in known):
            return None
        return f"none of {sorted(known)} is named: {faults[:3]}"

    def _names_of(self, table: Table, row: Row) -> set[str]:
        """By what a fault may call a row."""
        found = {str(row[name]) for name in _NAMED_BY.get(table.name, ()) if row[name]}
        for name in ("id", "document_id", "payment_id"):
            if row.get(name):
                found |= {row[name], self.names.get(row[name], row[name])}
        found |= {row["number"]} if table.name == "documents" and row["number"] else set()
        if table.name == "packs":
            found.add(row["fingerprint"][:12])
        if table.name in ("seals", "seal_members"):
            found.add(f"seal {row['number' if table.name == 'seals' else 'seal']}")
        return found or {str(row["code"])}


_NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "accounting_entries": ("number",), "sequences": ("name",), "commands": ("key",), "item_codes": ("item",),
    **dict.fromkeys(("stock_balances", "stock_places", "stock_schedule", "stock_values", "stock_moves"), ("item",)),
    **dict.fromkeys(RECORDS, ("code",)),
}  # fmt: skip
