"""How the tables of a database differ from the declared ones: columns, types, null, defaults, keys, indexes."""

from __future__ import annotations

import warnings
from typing import Any

from sqlalchemy import Connection, Inspector, create_engine, inspect
from sqlalchemy.exc import SAWarning
from sqlalchemy.pool import NullPool

from sphinx_lib.store.revision import VERSION_TABLE
from sphinx_lib.store.tables import metadata

BY_PACK = "documents_custom_"  # indexes on searchable fields belong to the configuration
# Columns that a migration added to rows already there, with the value they got; the store names every column it inserts, so
# that the default is never used, and on SQLite only a copy of the whole table would take it away.
DEFAULT_LEFT = {
    *(f"documents.{name}" for name in ("early_payment_discount", "foot_discount_amount", "prices_include_tax", "rate_source")),
    *(f"document_lines.{name}" for name in ("discountable", "reason", "role")),
    *(f"stock_moves.{name}" for name in ("bin", "lot", "reason", "value")),
    "price_records.supplier", "audit_log.recipe", "seals.recipe",
}


def difference(url: str) -> list[str]:
    """What the tables of a database have otherwise than those that are declared, a line each."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        found = _described(connection, None)
    wanted = _declared(url)
    return [
        f"{place}: {found.get(place)} instead of {wanted.get(place)}"
        for place in sorted(found.keys() | wanted.keys())
        if found.get(place) != wanted.get(place)
    ]


def _declared(url: str) -> dict[str, Any]:
    """The same of tables that are made as they are declared, in memory or in a schema that is taken back."""
    sqlite = url.startswith("sqlite")
    engine = create_engine("sqlite://" if sqlite else url, poolclass=NullPool)
    with engine.connect() as connection, connection.begin() as transaction:
        if not sqlite:
            connection.exec_driver_sql("create schema declared")
            connection.exec_driver_sql("set local search_path to declared")
        metadata.create_all(connection, checkfirst=False)
        described = _described(connection, None if sqlite else "declared")
        transaction.rollback()
    return described


def _described(connection: Connection, schema: str | None) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index", SAWarning)
        return _tables(inspect(connection), schema)


def _tables(tables: Inspector, schema: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in tables.get_table_names(schema):
        if name == VERSION_TABLE:
            continue
        for column in tables.get_columns(name, schema):
            place = f"{name}.{column['name']}"
            default = None if place in DEFAULT_LEFT else column["default"]
            found[place] = (str(column["type"]), column["nullable"], default)
        found[f"{name} key"] = tables.get_pk_constraint(name, schema)["constrained_columns"]
        found[f"{name} unique"] = sorted(one["column_names"] for one in tables.get_unique_constraints(name, schema))
        found[f"{name} foreign keys"] = tables.get_foreign_keys(name, schema)
        found[f"{name} checks"] = tables.get_check_constraints(name, schema)
        for index in tables.get_indexes(name, schema):
            if not (index["name"] or "").startswith(BY_PACK):
                where = {key: str(value) for key, value in index.get("dialect_options", {}).items() if "where" in key}
                found[f"{name} index {index['name']}"] = (index["column_names"], index["unique"], where)
    return found

