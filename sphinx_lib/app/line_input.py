"""Lines as a caller writes them, each field in its type; what is wrong is told all at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sphinx_lib.kernel.document import Line
from sphinx_lib.kernel.money import exact_decimal, round_half_up
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.workflow_model import DocumentType, Field_

QUANTITY_DIGITS = 6
LARGEST = Decimal(10) ** 11
_KEYS = frozenset(
    {"item", "text", "quantity", "unit", "unit_price", "discounts", "vat", "warehouse", "promised_date", "reference"}
)


@dataclass(frozen=True)
class LineInput:
    """One line as given: ``unit_price`` is the price by hand before ``discounts`` (percents in cascade)."""

    position: int
    item: str | None = None
    text: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    unit_price: Decimal | None = None
    discounts: tuple[Decimal, ...] | None = None
    vat: str = ""
    warehouse: str = ""
    promised_date: date | None = None
    reference: str = ""
    custom: Mapping[str, Any] = field(default_factory=dict)
    original: Line | None = None
    keeps_price: bool = False

    @classmethod
    def of(
        cls, given: Mapping[str, Any], position: int, problems: list[str], declared: DocumentType
    ) -> LineInput | None:
        """The line in its types; what is wrong is added to ``problems`` and gives none."""
        where = f"line {position}"
        before = len(problems)
        values: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        for key, value in given.items():
            if key in declared.line_fields:
                custom[key] = typed_value(declared.line_fields[key], value, f"{where}: {key}", problems)
            elif key not in _KEYS:
                problems.append(f"{where}: no field {key!r}{did_you_mean(key, _KEYS | declared.line_fields.keys())}")
            elif value is not None:
                values[key] = _typed(key, value, f"{where}: {key}", problems)
        if "item" in values and "quantity" not in values:
            problems.append(f"{where}: quantity is missing")
        if "item" not in values and "text" not in values:
            problems.append(f"{where}: give an item or a text")
        return cls(position, **values, custom=custom) if len(problems) == before else None

    @classmethod
    def changed(
        cls, line: Line, change: Mapping[str, Any], problems: list[str], declared: DocumentType
    ) -> LineInput | None:
        """An existing line with some fields changed. A price by hand or copied from a source stays (Q4); one that the
        rules found is found again."""
        given: dict[str, Any] = {
            "item": line.item, "text": line.text, "quantity": line.quantity, "unit": line.unit or None,
            "vat": line.vat or None, "warehouse": line.warehouse or None, "promised_date": line.promised_date,
            "reference": line.reference or None, **line.custom,
        }  # fmt: skip
        keeps = (line.manual or line.source_id is not None) and not change.keys() & {"item", "unit", "unit_price"}
        if keeps and "discounts" in change:
            given["unit_price"] = line.list_price
        built = cls.of({**given, **change}, line.position, problems, declared)
        if built is None:
            return None
        if change and line.source_id and change.keys() & {"item", "unit"}:
            problems.append(f"line {line.position}: it was made from another document, so its item and unit stay")
        return replace(built, original=line, keeps_price=keeps and "discounts" not in change)


def _typed(key: str, value: Any, where: str, problems: list[str]) -> Any:
    try:
        if key in ("quantity", "unit_price"):
            return exact_quantity(value)
        if key == "discounts":
            return tuple(_percent(one) for one in value)
        if key == "promised_date":
            return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError as error:
        problems.append(f"{where}: {error}")
        return None
    return str(value)


def exact_quantity(value: Any) -> Decimal:
    """A quantity or a unit price as it can be stored; ValueError says what is wrong."""
    number = exact_decimal(value)
    if abs(number) >= LARGEST or round_half_up(number, QUANTITY_DIGITS) != number:
        raise ValueError(f"{number} does not fit: at most 11 digits and {QUANTITY_DIGITS} decimals")
    return number


def _percent(value: Any) -> Decimal:
    percent = exact_decimal(value)
    if percent > 100:
        raise ValueError(f"a discount of {percent} % is more than the price")
    return percent


def typed_value(field: Field_, value: Any, where: str, problems: list[str]) -> Any:
    """A value of a declared field in its type and among its choices; none empties it."""
    if value is None:
        return None
    try:
        if field.type == "number":
            value = exact_decimal(value)
        elif field.type == "date":
            value = value if isinstance(value, date) else date.fromisoformat(str(value))
        elif field.type == "flag":
            if value not in (True, False, "true", "false"):
                raise ValueError(f"write true or false, not {value!r}")
            value = value in (True, "true")
        else:
            value = str(value)
    except ValueError as error:
        problems.append(f"{where}: {error}")
        return None
    if field.choices is not None and value not in field.choices:
        problems.append(f"{where}: {value!r} is not one of {', '.join(field.choices)}")
    return value
