"""Values that documents are searched by, in the type of their column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Date, Integer, String

from sphinx_lib.kernel.dates import as_date
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.inputs import as_flag, as_id, as_whole, declared_value
from sphinx_lib.kernel.names import LONG_TEXT, exact_text, seen
from sphinx_lib.kernel.quantity import exact_quantity
from sphinx_lib.store.tables import documents
from sphinx_lib.store.types import Exact, IdType, Moment

Read = Callable[[object], Any]


def typed_filters(filters: Mapping[str, Any], own: Mapping[str, str]) -> dict[str, Any]:
    """``filters`` in the types of their columns, ``own`` in those of declared fields; none asks for what has no value.

    A filter is a value, or a list of values of which one holds. Raises InputError that lists everything wrong.
    """
    problems: list[str] = []
    found = {}
    for name, given in filters.items():
        read = _own(own[name]) if name in own else _reader(documents.c[name])
        try:
            several = list(given) if isinstance(given, list | tuple | set | frozenset) else None
            found[name] = _read(read, given) if several is None else [_read(read, one) for one in several]
        except ValueError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise InputError(problems)
    return found


def _read(read: Read, given: object) -> Any:
    return None if given is None else read(given)


def _own(kind: str) -> Read:
    return lambda value: declared_value(kind, value)


def _reader(column: Column[Any]) -> Read:
    kinds: tuple[tuple[type, Read], ...] = (
        (IdType, as_id), (Exact, exact_quantity), (Moment, _moment), (Boolean, as_flag), (Integer, as_whole),
        (Date, as_date), (String, _text),
    )  # fmt: skip
    return next((read for kind, read in kinds if isinstance(column.type, kind)), _refuse)


def _text(value: object) -> str:
    return exact_text(value, LONG_TEXT)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    raise ValueError(f"{seen(value)} is not a time; give a datetime with its zone")


def _refuse(value: object) -> Any:
    raise ValueError("documents cannot be searched by it; search by a field that has one value")
