"""Lists in statements, of any length.

``column IN (?, ?, …)`` has a parameter for each member, and a statement takes no more than 32,766 of them on SQLite and
65,535 on PostgreSQL. A list of more than ``MOST_NAMED`` is sent as one parameter: an array to PostgreSQL, JSON to SQLite.
Shorter ones stay as they are, since planners then know how many rows they ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, Generic, TypeVar

from sqlalchemy import Boolean, ColumnElement, Text, bindparam, event
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from sphinx_lib.store.types import IdType, Processor, to_json

Statement = TypeVar("Statement")
Named = Callable[[ColumnElement[Any]], ColumnElement[bool]]
"""Says whether a column is one of a list."""
MOST_NAMED = 1000
_TO_ID = "sphinx_id"
"""What makes the 16 bytes of an id from its text, on SQLite."""


class _ListOf(TypeDecorator[list[Any]]):
    """A list of values of one type as one parameter."""

    impl = Text
    cache_ok = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return ARRAY(self.of) if dialect.name == "postgresql" else Text()

    def bind_processor(self, dialect: Dialect) -> Processor:
        plain = dialect.name != "postgresql" and isinstance(self.of, IdType)
        one = None if plain else self.of.dialect_impl(dialect).bind_processor(dialect)

        def as_list(values: Iterable[Any]) -> list[Any]:
            return list(values) if one is None else [one(value) for value in values]

        return as_list if dialect.name == "postgresql" else lambda values: to_json(as_list(values))


class _Among(FunctionElement[bool]):
    type = Boolean()
    name = "among"
    inherit_cache = True

    def self_group(self, against: Any = None) -> _Among:
        """Itself: SQLAlchemy would compare it with 1 where a database has no booleans, and then no index is used."""
        return self


def among(column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Whether ``column`` is one of ``values``."""
    if len(values) <= MOST_NAMED:
        return column.in_(values)
    return _Among(column, bindparam(None, list(values), type_=_list_of(column), unique=True))


def _list_of(column: ColumnElement[Any]) -> _ListOf:
    return _ListOf(Text() if isinstance(column.type, NullType) else column.type)  # a function of a text has no type


class Listing(Generic[Statement]):
    """A statement about a list that is given when it is executed, made once for short lists and once for long ones.

    ``build`` is given a function that says whether a column is one of the list called ``name``.
    """

    def __init__(self, name: str, build: Callable[[Named], Statement]) -> None:
        self._short = build(lambda column: column.in_(bindparam(name, expanding=True)))
        self._long = build(lambda column: _Among(column, bindparam(name, type_=_list_of(column))))

    def of(self, values: Collection[Any]) -> Statement:
        """The statement to execute with these values."""
        return self._short if len(values) <= MOST_NAMED else self._long


@compiles(_Among, "postgresql")
def _array(element: _Among, compiler: SQLCompiler, **named: Any) -> str:
    column, values = element.clauses
    return f"{compiler.process(column, **named)} = ANY ({compiler.process(values, **named)})"


@compiles(_Among, "sqlite")
def _json(element: _Among, compiler: SQLCompiler, **named: Any) -> str:
    column, values = element.clauses
    member = f"{_TO_ID}(value)" if isinstance(column.type, IdType) else "value"
    listed = f"SELECT {member} FROM json_each({compiler.process(values, **named)})"
    return f"{compiler.process(column, **named)} IN ({listed})"


def teach(engine: Engine) -> None:
    """Let the connections of a SQLite engine read ids out of lists."""
    event.listen(engine, "connect", _teach)


def _teach(connection: Any, record: Any) -> None:
    connection.create_function(_TO_ID, 1, bytes.fromhex, deterministic=True)
