"""Column types that keep exact values on both databases (architecture 4.14, 4.16)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from sqlalchemy import BigInteger, DateTime, LargeBinary, Numeric, Text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator, TypeEngine

from sphinx_lib.kernel.errors import InputError
from sphinx_lib.store.canonical import encode

Processor = Callable[[Any], Any] | None


class DoesNotFit(InputError, DontWrapMixin):
    """A number is too long for its column; it reaches the caller as it is."""


class Moment(TypeDecorator[datetime]):
    """A time, always aware and in UTC; SQLite itself keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class CanonicalJson(TypeDecorator[Any]):
    """A JSON object kept as the text that was hashed, on both databases; text is taken as it is."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return value if value is None or isinstance(value, str) else encode(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class IdType(TypeDecorator[str]):
    """An id: 32 hexadecimal digits in Python, ``uuid`` on PostgreSQL, 16 bytes on SQLite."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return UUID(as_uuid=True) if dialect.name == "postgresql" else LargeBinary(16)

    def bind_processor(self, dialect: Dialect) -> Processor:
        if dialect.name == "postgresql":
            return None
        return _bytes_or_none

    def result_processor(self, dialect: Dialect, coltype: Any) -> Processor:
        return _uuid_hex if dialect.name == "postgresql" else _hex_or_none


_hex = attrgetter("hex")


def _bytes_or_none(value: str | None) -> bytes | None:
    return None if value is None else bytes.fromhex(value)


def _hex_or_none(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _uuid_hex(value: Any) -> str | None:
    return None if value is None else _hex(value)


class Exact(TypeDecorator[Decimal]):
    """A decimal of ``scale`` places: NUMERIC(19, scale) on PostgreSQL, a scaled whole number on SQLite.

    SQLAlchemy's own Numeric goes through float on SQLite. A value with more places, or too large, is refused. What is
    read has no idle zeros: amounts keep two places, quantities and prices none.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__(19, scale)
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Numeric(19, self.scale) if dialect.name == "postgresql" else BigInteger()

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return self

    def bind_processor(self, dialect: Dialect) -> Processor:
        scale, step = self.scale, Decimal(1).scaleb(-self.scale)
        largest = Decimal(10) ** (18 - scale)

        def checked(value: Decimal | None) -> Decimal | None:
            if value is not None and (abs(value) >= largest or value % step):
                raise DoesNotFit([f"{value} does not fit {scale} decimal places and {18 - scale} before the point"])
            return value

        def scaled(value: Decimal | None) -> int | None:
            if value is None:
                return None
            whole = int(moved := value.scaleb(scale))
            if whole != moved or abs(whole) >= 10**18:
                raise DoesNotFit([f"{value} does not fit {scale} decimal places and {18 - scale} before the point"])
            return whole

        return checked if dialect.name == "postgresql" else scaled

    def result_processor(self, dialect: Dialect, coltype: Any) -> Processor:
        kept = min(self.scale, 2) if self.scale < 6 else 0
        scale, step, unit = -self.scale, 10 ** (self.scale - kept), Decimal(1).scaleb(-kept)

        def tidied(value: Decimal | None) -> Decimal | None:
            if value is None:
                return None
            short = value.quantize(unit)
            return short if short == value else value.normalize()

        def restored(value: int | None) -> Decimal | None:
            if value is None:
                return None
            return Decimal(value // step).scaleb(-kept) if value % step == 0 else Decimal(value).scaleb(scale).normalize()

        return tidied if dialect.name == "postgresql" else restored


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not a JSON value")


to_json = json.JSONEncoder(default=_plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
"""JSON text of plain values; decimals and dates become strings."""


def read_back(value: Any) -> Any:
    """``value`` as it comes back from a JSON column; what is digested before it is stored must be that."""
    return json.loads(to_json(value))
