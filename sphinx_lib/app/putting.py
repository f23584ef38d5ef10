"""Writing master data: a batch checked whole, upserted by code, each changed record in the audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from sphinx_lib.app.gate import problems_of
from sphinx_lib.app.line_input import typed_value
from sphinx_lib.app.put_checks import check_put
from sphinx_lib.app.rates import one_a_day
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.conditions import code_of
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.inputs import as_mapping
from sphinx_lib.kernel.master import ExchangeRate, PriceRecord, Record, equipment_code
from sphinx_lib.kernel.names import NAME, seen
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.workflow_model import Field_
from sphinx_lib.store import master as store_master
from sphinx_lib.store.audit_log import canonical

ROLES = {"customer": (True, False), "supplier": (False, True)}


@dataclass(frozen=True)
class Put:
    """One changed record: its kind, whether it is new (seen 0), and the row to write."""

    kind: str
    seen: int
    row: dict[str, Any]
    previous_hash: str


def put(unit: Unit, kind: str, rows: Sequence[Mapping[str, Any]], *, settled: bool = False) -> list[str]:
    """Write records of ``kind``; returns their codes. The whole batch is refused when one row is wrong.

    ``settled`` says that what is asked against other records was asked before, and answered.

    An unchanged row writes nothing. Raises InputError with every problem: which row, what, the nearest known name.
    """
    if kind not in store_master.TABLES:
        raise InputError([f"unknown master table {kind!r}{did_you_mean(kind, store_master.TABLES)}"])
    records = _checked(unit, kind, rows)
    if kind == "exchange_rate":
        records = one_a_day(unit, [one for one in records.values() if isinstance(one, ExchangeRate)])
    problems = [] if settled else check_put(unit, kind, list(records.values()))
    if problems:
        raise InputError(problems)
    before = store_master.stored(unit.connection, unit.company, kind, records)
    for code, record in records.items():
        old = before.get(code)
        roles = tuple(a or b for a, b in zip(ROLES.get(kind, (False, False)), old.roles if old else (), strict=False))
        columns = store_master.columns_of(kind, record, roles or ROLES.get(kind, (False, False)))  # type: ignore[arg-type]
        same_roles = old is not None and kind in ROLES and tuple(old.roles) == tuple(roles)
        if old is not None and old.data == columns["data"] and (kind not in ROLES or same_roles):
            continue
        seen = old.version if old else 0
        row = {**columns, "id": old.id if old else unit.new_id(), "version": seen + 1, "audit_hash": ""}
        unit.master.append(Put(kind, seen, row, old.audit_hash if old else ""))
    _forget(unit, kind, records)
    return list(records)


def _forget(unit: Unit, kind: str, codes: Mapping[str, Any]) -> None:
    """What the unit had read of these records is read again."""
    if kind == "exchange_rate":
        unit.rates.clear()
    cache: dict[str, Any] = {"item": unit.items}.get(kind) or (unit.parties if kind in ROLES else {})
    for code in codes:
        cache.pop(code, None)
    if kind == "family":
        unit.families = None
    if kind == "warehouse":
        unit.warehouses = None


def _checked(unit: Unit, kind: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Record]:
    model = store_master.TABLES[kind][1]
    declared = _own_fields(unit, kind)
    problems: list[str] = []
    records: dict[str, Record] = {}
    for number, row in enumerate(rows, 1):
        given = dict(row)
        if kind in _CODES and "code" not in given:
            given["code"] = _CODES[kind](given)
        where = f"{kind} row {number} ({_named(given)})"
        nameless = kind == "price" and "code" not in given
        given |= {"code": "-"} if nameless else {}
        custom = _own_values(given.pop("custom", {}), where, problems)
        custom |= {name: given.pop(name) for name in declared if name in given}
        values = {
            name: typed_value(declared[name], value, f"{where}: {name}", problems)
            for name, value in custom.items()
            if name in declared
        }
        problems += [
            f"{where}: unknown field {name!r}{did_you_mean(name, declared)}" for name in custom.keys() - declared.keys()
        ]
        try:
            record = model.model_validate({**given, "custom": _plain(values)})
        except ValidationError as error:
            problems += problems_of(error, model, f"{where}: ", first=0)
            continue
        if nameless and isinstance(record, PriceRecord):
            record = record.model_copy(update={"code": code_of(record)})
        if record.code in records:
            problems.append(f"{where}: the code stands twice in this batch")
        records[record.code] = record
    if problems:
        raise InputError(problems)
    return records


def _named(given: Mapping[str, Any]) -> str:
    code = given.get("code")
    return "no code" if code is None else code[:NAME] if isinstance(code, str) and code.isprintable() else seen(code)


def _own_values(given: Any, where: str, problems: list[str]) -> dict[str, Any]:
    try:
        return as_mapping(given)
    except ValueError as error:
        problems.append(f"{where}: custom: {error}")
        return {}


def _word(given: Mapping[str, Any], name: str) -> str:
    """A part of a code that is made of other fields, which are checked themselves."""
    value = given.get(name)
    return value if isinstance(value, str) else value.isoformat() if isinstance(value, date) else ""


def code_of_reference(given: Mapping[str, Any]) -> str:
    """The code of a customer's reference without one: it stays when the label or the last day changes."""
    keys = [_word(given, name) for name in ("customer", "item", "reference", "valid_from")]
    return sha256(canonical(keys).encode()).hexdigest()[:24]


_CODES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "exchange_rate": lambda given: f"{_word(given, 'currency')[:3]}-{_word(given, 'date')[:10]}",
    "customer_reference": code_of_reference,
    "equipment": lambda given: equipment_code(_word(given, "item"), _word(given, "serial")),
}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, bool | str) else str(value)
        for name, value in values.items()
        if value is not None
    }


def personal_custom(model: PackModel, kind: str) -> list[str]:
    """The custom fields of records of ``kind`` that say something of persons."""
    return [name for name, field in _declared(model, kind).items() if field.personal]


def _own_fields(unit: Unit, kind: str) -> Mapping[str, Field_]:
    return _declared(unit.pack.model, kind)


def _declared(model: PackModel, kind: str) -> Mapping[str, Field_]:
    if kind in ROLES:
        return model.parties.fields
    return model.items.fields if kind == "item" else {}
