"""The ``given`` part: rows of master data checked against the models that the product stores, and what they declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic import BaseModel, ValidationError

from sphinx_lib.app.adjusting import NAMES
from sphinx_lib.kernel.master import (
    CustomerReference,
    Deal,
    ExchangeRate,
    Family,
    Item,
    Party,
    PriceRecord,
    Warehouse,
)
from sphinx_lib.kernel.money import exact_decimal
from sphinx_lib.pack.overlay import locate, to_plain
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.reader import Node
from sphinx_lib.pack.shipping_model import SHARED
from sphinx_lib.pack.validation import findings_of
from sphinx_lib.pack.workflow_model import Field_
from sphinx_lib.scenario.model import Findings, Scenario, entries, items

KINDS: Mapping[str, tuple[str, type[BaseModel]]] = {
    "warehouses": ("warehouse", Warehouse),
    "customers": ("customer", Party),
    "suppliers": ("supplier", Party),
    "items": ("item", Item),
    "prices": ("price", PriceRecord),
    "exchange_rates": ("exchange_rate", ExchangeRate),
    "deals": ("deal", Deal),
    "families": ("family", Family),
    "customer_references": ("customer_reference", CustomerReference),
}
"""By section: the master table and the model of its rows."""
SECTIONS = ("company", *KINDS, "stock", "users")
LATER_SECTIONS = frozenset({"open_items", "entries", "indices"})
STOCK_KEYS = frozenset({"item", "quantity"}) | NAMES
_NAMELESS = ("prices", "exchange_rates", "customer_references")
_PARTS = (("items", "components"), ("items", "attached"))


@dataclass
class Refs:
    """The codes that the rest of the file may use; of parties also their sites and contacts.

    ``names`` are other words for items: references of customers, barcodes, codes of suppliers (CR1).
    """

    customers: dict[str, tuple[set[str], set[str]]] = field(default_factory=dict)
    suppliers: dict[str, tuple[set[str], set[str]]] = field(default_factory=dict)
    items: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    warehouses: set[str] = field(default_factory=set)
    deals: set[str] = field(default_factory=set)
    users: dict[str, tuple[str, ...]] = field(default_factory=dict)


def check_given(scenario: Scenario, pack: Pack, findings: Findings) -> Refs:
    """The codes that ``given`` declares; what is wrong with its rows is noted with line and nearest known name."""
    refs = Refs(warehouses={pack.model.stock.warehouse, *pack.model.stock.warehouses})
    part = scenario.part("given")
    for section, node in scenario.given.items():
        path = f"given.{section}"
        if section in LATER_SECTIONS:
            findings.later(part.key_marks[section] if part else node.mark, path, section)
        elif section not in SECTIONS:
            findings.unknown(part.key_marks[section] if part else node.mark, "given", "section", section, SECTIONS)
        elif section == "company":
            if not isinstance(node.value, dict):
                findings.add(node.mark, path, "a mapping is expected here", "write {name: …, country: FR, currency: EUR}")
        else:
            _check_section(section, node, pack, refs, findings)
    _check_mentioned(scenario, pack, refs, findings)
    return refs


def _check_section(section: str, node: Node, pack: Pack, refs: Refs, findings: Findings) -> None:
    if node.value is not None and not isinstance(node.value, list):
        findings.add(node.mark, f"given.{section}", "a list of rows is expected here")
    seen: set[str] = set()
    for number, row in enumerate(items(node), 1):
        path = f"given.{section}.{number}"
        if not isinstance(row.value, dict):
            findings.add(row.mark, path, "a row is a mapping, such as {ref: A1, name: …}")
            continue
        ref = str(row.value["ref"].value) if "ref" in row.value else None
        if ref in seen:
            findings.add(row.value["ref"].mark, path, f"the ref {ref!r} stands twice")
        seen |= {ref} if ref is not None else set()
        if section == "users":
            _check_user(row, path, refs, findings)
        elif section == "stock":
            _check_stock(row, path, findings)
        else:
            _check_row(section, row, path, pack, refs, findings)


def _check_user(row: Node, path: str, refs: Refs, findings: Findings) -> None:
    own = entries(row)
    for key in own.keys() - {"ref", "name", "rights"}:
        findings.unknown(row.key_marks[key], path, "key", key, ("ref", "name", "rights"))
    ref = own.get("ref")
    if ref is None or not isinstance(ref.value, str):
        findings.add(row.mark, path, "the key 'ref' is missing")
        return
    rights = to_plain(own["rights"]) if "rights" in own else []
    refs.users[ref.value] = tuple([rights] if isinstance(rights, str) else rights or [])


def _check_stock(row: Node, path: str, findings: Findings) -> None:
    own = entries(row)
    for key in own.keys() - STOCK_KEYS:
        findings.unknown(row.key_marks[key], path, "key", key, STOCK_KEYS)
    for key in ("item", "quantity"):
        if key not in own:
            findings.add(row.mark, path, f"the key {key!r} is missing")
    for key in ("quantity", "cost", "value"):
        if key in own:
            try:
                exact_decimal(own[key].value)
            except ValueError as error:
                findings.add(own[key].mark, path, str(error))
    for key in ("date", "expires"):
        if key in own and not _is_day(own[key].value):
            findings.add(own[key].mark, path, f"{own[key].value!r} is not a date; write it as 2026-03-31")


def _is_day(value: object) -> bool:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return True


def _check_row(section: str, row: Node, path: str, pack: Pack, refs: Refs, findings: Findings) -> None:
    declared = own_fields(section, pack)
    model = KINDS[section][1]
    if section not in _NAMELESS and "ref" not in entries(row):
        findings.add(row.mark, path, "the key 'ref' is missing")
        return
    for plain in rows_of(section, row):
        known = {key: value for key, value in plain.items() if key not in declared}
        known.setdefault("code", "-")
        try:
            record = model.model_validate(known)
        except ValidationError as error:
            for found in findings_of(error, model):
                mark = locate(row, found.path)
                place = ".".join([path, *(str(int(part) + 1) if part.isdecimal() else part for part in found.path)])
                findings.add(mark, place, found.message, found.hint)
            return
        _remember(section, record, refs)


def _remember(section: str, record: Any, refs: Refs) -> None:
    if section in ("customers", "suppliers"):
        places = {one.code for one in record.sites}, {one.code for one in record.contacts}
        getattr(refs, section)[record.code] = places
    elif section in ("items", "warehouses", "deals"):
        getattr(refs, section).add(record.code)
    if section == "items":
        refs.names.update({record.barcode, *record.supplier_codes.values()} - {""})
    elif section == "customer_references":
        refs.names.add(record.reference)


def own_fields(section: str, pack: Pack) -> Mapping[str, Field_]:
    """The declared fields of one's own that rows of a section may carry."""
    if section in ("customers", "suppliers"):
        return pack.model.parties.fields
    return pack.model.items.fields if section == "items" else {}


def rows_of(section: str, node: Node) -> Iterator[dict[str, Any]]:
    """A row as ``Session.put`` takes it."""
    row = _renamed(to_plain(node))
    if section in ("customers", "suppliers", "items") and "name" not in row:
        row["name"] = row["code"]
    if section in ("customers", "suppliers"):
        for key in ("sites", "contacts"):
            if key in row:
                row[key] = [_billed(_renamed(one)) if isinstance(one, dict) else one for one in row[key] or ()]
        _billed(row)
    yield row


def _renamed(row: dict[str, Any]) -> dict[str, Any]:
    return {"code" if key == "ref" else key: value for key, value in row.items()}


def _billed(row: dict[str, Any]) -> dict[str, Any]:
    """``billing: per_document`` is short for ``billing: {mode: per_document}``."""
    if isinstance(row.get("billing"), str):
        row["billing"] = {"mode": row["billing"]}
    return row


def _check_mentioned(scenario: Scenario, pack: Pack, refs: Refs, findings: Findings) -> None:
    """Codes that rows mention are declared, by other rows or by the configuration."""
    model = pack.model
    known: Mapping[tuple[str, str], tuple[str, Any]] = {
        ("customers", "payment_terms"): ("payment terms", model.billing.payment_terms),
        ("customers", "regime"): ("VAT regime", model.taxes.regimes),
        ("suppliers", "purchase_regime"): ("VAT regime of purchases", model.taxes.purchase_regimes),
        ("suppliers", "payment_terms"): ("payment terms", model.billing.payment_terms),
        ("customer_references", "customer"): ("customer", refs.customers),
        ("customer_references", "item"): ("item", refs.items),
        ("items", "unit"): ("unit", model.units),
        ("items", "vat"): ("VAT code", {*model.taxes.codes, SHARED}),
        ("items", "supplier"): ("supplier", refs.suppliers),
        ("items", "warehouse"): ("warehouse", refs.warehouses),
        ("items", "components"): ("item", refs.items),
        ("items", "attached"): ("item", refs.items),
        ("stock", "item"): ("item", refs.items),
        ("stock", "warehouse"): ("warehouse", refs.warehouses),
        ("prices", "step"): ("step of the price schema", model.price_steps),
        ("prices", "item"): ("item", refs.items),
        ("prices", "customer"): ("customer", refs.customers),
        ("prices", "supplier"): ("supplier", refs.suppliers),
        ("deals", "customer"): ("customer", refs.customers),
    }
    for section, node in scenario.given.items():
        for number, row in enumerate(items(node), 1):
            for key, value in entries(row).items():
                what, names = known.get((section, key), ("", ()))
                for one in _named(value) if (section, key) in _PARTS else items(value) or [value]:
                    if what and isinstance(one.value, str) and one.value not in names:
                        findings.unknown(one.mark, f"given.{section}.{number}.{key}", what, one.value, names)


def _named(value: Node) -> Iterator[Node]:
    """The items in ``{A: 2}`` or ``[{item: A, quantity: 2}]``, each where it was written."""
    for key in entries(value):
        yield Node(key, value.key_marks[key])
    for row in items(value):
        if "item" in entries(row):
            yield entries(row)["item"]
