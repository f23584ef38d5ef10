"""Lines as a caller writes them, each field in its type; what is wrong is told all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sphinx_lib.app.stow_input import STOW_KEYS, Named, read_names
from sphinx_lib.kernel.dates import as_date
from sphinx_lib.kernel.document import OPTIONAL, Line
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.money import exact_decimal, round_half_up
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS, UnitError
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.workflow_model import DocumentType, Field_

LARGEST = Decimal(10) ** 11
ROLES = (*OPTIONAL, "heading", "subtotal")
_OF_ITEMS = ("shipping", "eco", "deposit")
LINE_KEYS = frozenset({
    "item", "text", "quantity", "unit", "unit_price", "discounts", "vat", "warehouse", "promised_date", "reference",
    "reason", *ROLES, *STOW_KEYS,
})  # fmt: skip


@dataclass(frozen=True)
class LineInput:
    """One line as given: ``unit_price`` is the price by hand before ``discounts`` (percents in cascade).

    ``role`` is what the caller makes of it (``option: true``), empty for the role of its item or of the line there was.
    ``names`` are its lots, serial numbers and bins; none when nothing is said about them.
    """

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
    reason: str = ""
    role: str = ""
    names: tuple[Named, ...] | None = None
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
        roles: list[str] = []
        for key, value in given.items():
            if key in declared.line_fields:
                custom[key] = typed_value(declared.line_fields[key], value, f"{where}: {key}", problems)
            elif key not in LINE_KEYS:
                problems.append(f"{where}: no field {key!r}{did_you_mean(key, LINE_KEYS | declared.line_fields.keys())}")
            elif key in ROLES:
                roles += [key] if value is not None and _flag(value, f"{where}: {key}", problems) else []
            elif value is not None and key not in STOW_KEYS:
                values[key] = _typed(key, value, f"{where}: {key}", problems)
        names = read_names({key: value for key, value in given.items() if key not in custom}, where, problems)
        if "item" in values and "quantity" not in values:
            problems.append(f"{where}: quantity is missing")
        if "item" not in values and "text" not in values and roles != ["subtotal"]:
            problems.append(f"{where}: give an item or a text")
        problems += [f"{where}: {problem}" for problem in _of_roles(roles, values, declared)]
        if len(problems) > before:
            return None
        return cls(position, **values, role="".join(roles), names=names, custom=custom)

    def problems_of(self, error: InputError | UnitError) -> list[str]:
        """What an error says of this line, each with its place."""
        told = error.problems if isinstance(error, InputError) else [str(error)]
        return [f"line {self.position}: {problem}" for problem in told]

    @classmethod
    def changed(
        cls, line: Line, change: Mapping[str, Any], problems: list[str], declared: DocumentType
    ) -> LineInput | None:
        """An existing line with some fields changed. A price by hand or copied from a source stays (Q4); one that the
        rules found is found again."""
        given: dict[str, Any] = {
            "item": line.item, "text": line.text, "quantity": line.quantity, "unit": line.unit or None,
            "vat": line.vat or None, "warehouse": line.warehouse or None, "promised_date": line.promised_date,
            "reference": line.reference or None, **_role_of(line, change), **line.custom,
        }  # fmt: skip
        if line.quantity is None:
            del given["warehouse"]
        keeps = (line.manual or line.source_id is not None) and not change.keys() & {"item", "unit", "unit_price"}
        if keeps and "discounts" in change:
            given["unit_price"] = line.list_price
        built = cls.of({**given, **change}, line.position, problems, declared)
        if built is None:
            return None
        if change and (line.source_id or line.pegs) and change.keys() & {"item", "unit"}:
            problems.append(f"line {line.position}: it was made from another document, so its item and unit stay")
        if line.role in ROLES and not _is_given(line) and change.keys() & set(OPTIONAL):
            problems.append(f"line {line.position}: it is shown by its components; make options of these")
        return replace(built, original=_before(line, change), keeps_price=keeps and "discounts" not in change)


def _role_of(line: Line, change: Mapping[str, Any]) -> dict[str, bool]:
    """The role that a caller gave the line, unless ``change`` gives another or takes it away."""
    again = line.role in change or any(change.get(role) in (True, "true") for role in ROLES)
    return {line.role: True} if _is_given(line) and not again else {}


def _is_given(line: Line) -> bool:
    """Whether the line's role was said with it; the heading of a kit, which has a quantity, follows from its item."""
    return line.role in OPTIONAL or (line.role in ROLES and line.quantity is None)


def _before(line: Line, change: Mapping[str, Any]) -> Line:
    """The line that there was, without what ``change`` says anew: its role, and the reason of another price."""
    if _is_given(line) or ("item" in change and line.role in _OF_ITEMS):
        line = line._replace(role="")
    return line._replace(reason="") if change.keys() & {"unit_price", "discounts", "reason"} else line


def _of_roles(roles: list[str], values: Mapping[str, Any], declared: DocumentType) -> Iterator[str]:
    """What does not go together with the roles a line is given."""
    if len(roles) > 1:
        yield f"it is {' and '.join(roles)} at once; keep one"
    for role in roles:
        if role in OPTIONAL and declared.fulfils:
            yield f"{role} is for documents that only offer, such as a quotation; leave the line out or {role!r} away"
        if role not in OPTIONAL and (beside := values.keys() - {"text"}):
            yield f"a {role} has a text and nothing else; remove {', '.join(sorted(beside))}"


def _flag(value: Any, where: str, problems: list[str]) -> bool:
    if value not in (True, False, "true", "false"):
        problems.append(f"{where}: write true or false, not {value!r}")
    return value in (True, "true")


def _typed(key: str, value: Any, where: str, problems: list[str]) -> Any:
    try:
        if key in ("quantity", "unit_price"):
            return exact_quantity(value)
        if key == "discounts":
            return tuple(_percent(one) for one in value)
        if key == "promised_date":
            return as_date(value)
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
    """A value of a declared field in its type, within its bounds and among its choices; none empties it."""
    if value is None:
        return None
    try:
        if field.type == "number":
            value = exact_decimal(value)
            if field.minimum is not None and value < field.minimum:
                raise ValueError(f"{value:f} is below {field.minimum:f}")
            if field.maximum is not None and value > field.maximum:
                raise ValueError(f"{value:f} is above {field.maximum:f}")
        elif field.type == "date":
            value = as_date(value)
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
