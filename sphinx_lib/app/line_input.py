"""Lines as a caller writes them, each field in its type; what is wrong is told all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sphinx_lib.app.gate import read_fields
from sphinx_lib.app.inputs import LineFields
from sphinx_lib.app.stow_input import STOW_KEYS, Named, read_names
from sphinx_lib.kernel.document import OPTIONAL, Line
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.inputs import declared_value
from sphinx_lib.kernel.quantity import UnitError
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.workflow_model import DocumentType, Field_

ROLES = (*OPTIONAL, "heading", "subtotal")
_OF_ITEMS = ("shipping", "eco", "deposit")
LINE_KEYS = frozenset(LineFields.model_fields)


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
        own = declared.line_fields
        custom = {
            key: typed_value(own[key], value, f"{where}: {key}", problems) for key, value in given.items() if key in own
        }
        unknown = [key for key in given if key not in own and key not in LINE_KEYS]
        problems += [f"{where}: no field {key!r}{did_you_mean(key, LINE_KEYS | own.keys())}" for key in unknown]
        known = {key: value for key, value in given.items() if key in LINE_KEYS and key not in own}
        values = read_fields(LineFields, known, problems, f"{where}: ")
        said = {key for key, value in known.items() if value is not None}
        if "item" in said and "quantity" not in said:
            problems.append(f"{where}: quantity is missing")
        if not said & {"item", "text", "subtotal"}:
            problems.append(f"{where}: give an item or a text")
        if len(problems) > before:
            return None
        roles = [key for key in ROLES if values.pop(key, False)]
        names = read_names({key: values.pop(key, None) for key in STOW_KEYS & known.keys()}, where, problems)
        if "discounts" in values:
            values["discounts"] = tuple(values["discounts"])
        if not said & {"item", "text"} and roles != ["subtotal"]:
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


def typed_value(field: Field_, value: Any, where: str, problems: list[str]) -> Any:
    """A value of a declared field in its type, within its bounds and among its choices; none empties it."""
    if value is None:
        return None
    try:
        value = declared_value(field.type, value)
        if field.minimum is not None and value < field.minimum:
            raise ValueError(f"{value:f} is below {field.minimum:f}")
        if field.maximum is not None and value > field.maximum:
            raise ValueError(f"{value:f} is above {field.maximum:f}")
    except ValueError as error:
        problems.append(f"{where}: {error}")
        return None
    if field.choices is not None and value not in field.choices:
        problems.append(f"{where}: {value!r} is not one of {', '.join(field.choices)}")
    return value
