"""Fields of one's own that are declared ``searchable``: an index over their JSON value, and the filter that uses it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, literal_column

from sphinx_lib.pack.models import PackModel

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_TYPED = frozenset({"date", "number"})


def searchable(model: PackModel) -> Iterable[tuple[str, str]]:
    """Each searchable field as (name, type), once."""
    found = {
        (name, field.type)
        for declared in model.document_types.values()
        for name, field in declared.fields.items()
        if field.searchable
    }
    return sorted(found)


def create_indexes(connection: Connection, model: PackModel) -> None:
    """An index for every searchable field; a second call changes nothing."""
    for name, kind in searchable(model):
        value = _value(name, kind, connection.dialect.name)
        connection.exec_driver_sql(
            f"CREATE INDEX IF NOT EXISTS documents_custom_{name} ON documents (company_id, type, ({value}))"
        )


def custom_column(name: str, kind: str, dialect: str) -> ColumnElement[str]:
    """The stored value of a field as text: what an index of ``create_indexes`` holds."""
    return literal_column(_value(name, kind, dialect), String)


def _value(name: str, kind: str, dialect: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be searched: use small letters, digits and _")
    path = (name, "v") if kind in _TYPED else (name,)
    if dialect == "postgresql":
        return f"custom #>> '{{{','.join(path)}}}'"
    return f"json_extract(custom, '$.{'.'.join(path)}')"


def as_stored(value: Any) -> Any:
    """A value as the index holds it."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value
