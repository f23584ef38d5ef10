"""The exact types of everything that comes from outside: texts, ids, numbers, dates, lists, mappings.

A number is never a float, true is never 1, a text is never a list, and nothing passes here that one of the two databases
would refuse. Each type says in words what is wrong and what to write, and in JSON Schema what it takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, StringConstraints

from sphinx_lib.kernel.dates import as_date, as_day
from sphinx_lib.kernel.money import exact_decimal, plain_number, round_half_up
from sphinx_lib.kernel.names import LONG_TEXT, NAME, TEXT, exact_text, seen
from sphinx_lib.kernel.quantity import LARGEST, exact_quantity

_NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?$"
_STORABLE = r"^[^\x00]*$"
_HEX = re.compile(r"[0-9a-f]{32}")
_DASHED = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DIGITS = re.compile(r"[0-9]{1,9}")
_LARGEST_AMOUNT = Decimal(10) ** 14

Written: TypeAlias = Annotated[str, Field(pattern=_NUMBER, max_length=22)] | int
"""How a number is written in JSON: as a text of digits, or as a whole number."""
_DATE = r"^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}$"
_Day: TypeAlias = Annotated[str, Field(pattern=_DATE, json_schema_extra={"format": "date"})]

# -- texts ---------------------------------------------------------------------------------------------------------------

Name = Annotated[str, StringConstraints(strict=True, max_length=NAME, pattern=_STORABLE)]
"""The code of a record, or the name of something declared; empty says nothing."""
Code = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=NAME, pattern=_STORABLE)]
"""The code of a record."""
LotName = Annotated[
    str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=NAME, pattern=_STORABLE)
]
"""A lot, serial number or bin, as it is read off a label: blanks around it do not count."""
Word = Annotated[str, StringConstraints(strict=True, max_length=40, pattern=_STORABLE)]
"""A name that the configuration gives: a unit, a VAT code, a method of payment."""
Text = Annotated[str, StringConstraints(strict=True, max_length=TEXT, pattern=_STORABLE)]
LongText = Annotated[str, StringConstraints(strict=True, max_length=LONG_TEXT, pattern=_STORABLE)]


def as_id(value: object) -> str:
    """An id as it is kept, of 32 hexadecimal digits. Raises ValueError."""
    if isinstance(value, str):
        if _HEX.fullmatch(value):
            return value
        if _DASHED.fullmatch(value):
            return value.replace("-", "").lower()
    raise ValueError(f"{seen(value)} is not an id; give one of 32 hexadecimal digits, as a document has it")


DocumentId = Annotated[
    str, PlainValidator(as_id, json_schema_input_type=Annotated[str, Field(pattern="^[0-9a-f]{32}$")])
]
"""The id of a document: a UUID as text, with or without its dashes."""

# -- numbers, dates, yes or no -------------------------------------------------------------------------------------------


def _within(largest: Decimal, value: object) -> Decimal:
    number = exact_decimal(value)
    if abs(number) >= largest:
        raise ValueError(f"{plain_number(number)} does not fit: at most {len(str(largest)) - 1} digits before the point")
    return number


def _plain(number: Decimal) -> str:
    return f"{number:f}"


Exact = Annotated[
    Decimal,
    BeforeValidator(partial(_within, LARGEST), json_schema_input_type=Written),
    PlainSerializer(_plain, when_used="json"),
]
"""A decimal that never was a float (N1), stored as plain digits: 0.0000001, not 1E-7."""
Quantity = Annotated[Decimal, PlainValidator(exact_quantity, json_schema_input_type=Written)]
"""A quantity or a unit price: at most 11 digits before the point and 6 behind it."""
QuantityGiven = Annotated[Decimal | int | str, PlainValidator(exact_quantity, json_schema_input_type=Written)]
"""The same as a caller writes it; behind the gate it is a Decimal."""


def _amount(value: object) -> Decimal:
    number = _within(_LARGEST_AMOUNT, value)
    if number != round_half_up(number, 4):
        raise ValueError(f"{plain_number(number)} has more than 4 decimals; round it")
    return number


Amount = Annotated[Decimal, PlainValidator(_amount, json_schema_input_type=Written)]
"""An amount of money: at most 14 digits before the point and 4 behind it."""
AmountGiven = Annotated[Decimal | int | str, PlainValidator(_amount, json_schema_input_type=Written)]
"""The same as a caller writes it; behind the gate it is a Decimal."""


def _percent(value: object) -> Decimal:
    percent = exact_quantity(value)
    if percent > 100:
        raise ValueError(f"a discount of {percent} % is more than the price")
    return percent


Percent = Annotated[Decimal, PlainValidator(_percent, json_schema_input_type=Written)]
"""A discount in percent: 5 is 5 %, below zero it is a surcharge."""


def as_whole(value: object) -> int:
    """A whole number of at most nine digits. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 31:
        return int(value)
    if isinstance(value, str) and _DIGITS.fullmatch(value.removeprefix("-")):
        return int(value)
    raise ValueError(f"{seen(value)} is not a whole number; write it without a point, as 30")


Whole = Annotated[int, BeforeValidator(as_whole, json_schema_input_type=int)]
Count = Annotated[Whole, Field(ge=0)]
"""How many: a whole number that is not below zero."""


def as_flag(value: object) -> bool:
    """True or false from either of them or from their names; 1 is a number. Raises ValueError."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in ("true", "false"):
        return value == "true"
    raise ValueError(f"write true or false, not {seen(value)}")


Flag = Annotated[bool, BeforeValidator(as_flag, json_schema_input_type=bool)]
Day = Annotated[date, BeforeValidator(as_day, json_schema_input_type=_Day)]
"""A day of the years 1900 to 2999: a date, or a text such as 2026-03-31."""
Bound = Annotated[date, BeforeValidator(as_date, json_schema_input_type=_Day)]
"""The first or the last day on which something holds, which is only compared: 9999-12-31 is one too."""

_READERS: Mapping[str, Callable[[object], Any]] = {
    "number": exact_quantity, "date": as_day, "flag": as_flag, "text": exact_text,
}  # fmt: skip


def declared_value(kind: str, value: object) -> Any:
    """A value of a field, or a fact, that the configuration declares as a number, date, flag or text. Raises ValueError."""
    return _READERS.get(kind, exact_text)(value)


# -- lists and mappings --------------------------------------------------------------------------------------------------

_T = TypeVar("_T")


def as_list(value: object) -> Sequence[Any]:
    """A list or a tuple as it is; a text, whose letters would be the list, and all else is a ValueError."""
    if isinstance(value, list | tuple):
        return value
    raise ValueError(f"write a list, [{seen(value)}], not {seen(value)}" if isinstance(value, str) else
                     f"{seen(value)} is not a list; write one in brackets")  # fmt: skip


def as_several(value: object) -> Sequence[Any]:
    """The same where the order says nothing: a set too."""
    return list(value) if isinstance(value, set | frozenset) else as_list(value)


def as_mapping(value: object) -> dict[Any, Any]:
    """A mapping with texts as keys. Raises ValueError."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{seen(value)} is not a mapping; write keys and values, as {{key: value}}")
    for key in value:
        try:
            exact_text(key, TEXT)
        except ValueError as error:
            raise ValueError(f"the key {seen(key)}: {error}") from None
    return dict(value)


ListOf = Annotated[Sequence[_T], BeforeValidator(as_list)]
Several = Annotated[Sequence[_T], BeforeValidator(as_several)]
Fields = Annotated[Mapping[str, Any], PlainValidator(as_mapping, json_schema_input_type=dict[str, Any])]
"""Fields by name, each checked where its type is known."""


def _by_position(value: object) -> dict[int, dict[Any, Any] | None]:
    changes = {}
    for key, change in value.items() if isinstance(value, Mapping) else ():
        place = key if isinstance(key, int) and not isinstance(key, bool) else _position(key)
        try:
            changes[place] = None if change is None else as_mapping(change)
        except ValueError as error:
            raise ValueError(f"line {place}: {error}") from None
    return changes


def _position(key: object) -> int:
    if isinstance(key, str) and _DIGITS.fullmatch(key):
        return int(key)
    raise ValueError(f"{seen(key)} is not the position of a line; write its number, as 1")


def as_changes(value: object) -> Any:
    """Lines as a new list, or as changes by position, none to take a line out. Raises ValueError."""
    if isinstance(value, Mapping):
        return _by_position(value)
    return [_line(row, place) for place, row in enumerate(as_list(value), 1)]


def _line(row: object, place: int) -> dict[Any, Any]:
    try:
        return as_mapping(row)
    except ValueError as error:
        raise ValueError(f"line {place}: {error}") from None


def as_lines(value: object) -> list[dict[Any, Any]]:
    """Lines as mappings. Raises ValueError that names the line."""
    return [_line(row, place) for place, row in enumerate(as_list(value), 1)]


def as_quantities(value: object) -> dict[Any, Any]:
    """How much of each line, by position or id, in all or by warehouse. Raises ValueError."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{seen(value)} is not a mapping; write quantities by line, as {{1: 3}}")
    found: dict[Any, Any] = {}
    for key, given in value.items():
        place = _line_key(key)
        try:
            if isinstance(given, Mapping):
                parts = as_mapping(given)
                found[place] = {exact_text(name, NAME): exact_quantity(part) for name, part in parts.items()}
            else:
                found[place] = exact_quantity(given)
        except ValueError as error:
            raise ValueError(f"line {place}: {error}") from None
    return found


def _line_key(key: object) -> int | str:
    if isinstance(key, str):
        return int(key) if _DIGITS.fullmatch(key) else exact_text(key, NAME)
    return as_whole(key)


LineQuantities = Annotated[
    Mapping[Any, Any], PlainValidator(as_quantities, json_schema_input_type=dict[str, Written | dict[Code, Written]])
]


def one_or_many_ids(value: object) -> list[str]:
    """The ids of one document or of several."""
    return [as_id(one) for one in ([value] if isinstance(value, str) else as_list(value))]


DocumentIds = Annotated[
    Sequence[str],
    PlainValidator(one_or_many_ids, json_schema_input_type=Annotated[str, Field(pattern="^[0-9a-f]{32}$")] | list[str]),
]
Rows = Annotated[Sequence[Mapping[str, Any]], PlainValidator(as_lines, json_schema_input_type=list[dict[str, Any]])]
Reasons = Annotated[Mapping[str, str], PlainValidator(as_mapping, json_schema_input_type=dict[str, Text])]
