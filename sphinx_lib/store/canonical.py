"""One encoder for what is hashed and for what is stored: JSON text that, read and encoded again, is the same text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sphinx_lib.kernel.errors import InputError


def _plain(value: Any) -> str:
    """Equal numbers and moments give equal text, however many zeros and whatever zone they were written with."""
    if isinstance(value, Decimal) and value.is_finite():
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} is no JSON value")


_ENCODER = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
)  # fmt: skip


def encode(value: Any) -> str:
    """Sorted keys, no spaces, characters as they are; decimals and dates become texts.

    Raises InputError for what could not be read back as it is: keys that are no texts, half characters (lone
    surrogates), numbers that are no numbers, and values that JSON lacks.
    """
    try:
        _refuse_keys(value)
    except (TypeError, RecursionError) as error:
        raise _refused(error) from None
    return _bytes(value).decode()


def digest(value: Any) -> str:
    """SHA-256 of the text of ``value``, whose keys are ours and so are texts, in 64 hexadecimal digits."""
    return sha256(_bytes(value)).hexdigest()


def _bytes(value: Any) -> bytes:
    try:
        return _ENCODER.encode(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise _refused(error) from None


def _refused(error: Exception) -> InputError:
    return InputError([f"this cannot be kept in the audit log: {_reason(error)}"])


def salted(salt: str, value: Any) -> str:
    """A digest that nobody finds by trying likely values without ``salt``."""
    return salted_text(salt, encode(value))


def salted_text(salt: str, text: str) -> str:
    """The same of the text that ``encode`` gave."""
    return sha256(f"{salt}:{text}".encode()).hexdigest()


def _refuse_keys(value: Any) -> None:
    """``{1: …}`` would come back as ``{"1": …}``, and may stand beside one that is written so."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} is no text")
            if not isinstance(inner, str):
                _refuse_keys(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            if not isinstance(inner, str):
                _refuse_keys(inner)


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return f"half a character at position {error.start} of {error.object[:40]!a}"
    return "it holds itself, or lists within lists without end" if isinstance(error, RecursionError) else str(error)
