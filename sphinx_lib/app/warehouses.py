"""Which warehouses there are, so that goods go to none that nobody has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sphinx_lib.app.line_input import LineInput
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.suggest import hints
from sphinx_lib.pack.workflow_model import DocumentType, Field_
from sphinx_lib.store import master as store_master
from sphinx_lib.store import stock as store_stock


def unknown_warehouses(unit: Unit, named: Iterable[str], *, strict: bool = False) -> dict[str, str]:
    """What is wrong with each of ``named`` that is no warehouse: neither a record nor in the configuration.

    A company without a single record of a warehouse keeps none, and calls its places as it likes; ``strict`` asks that there
    is stock in them. What the configuration names takes no statement, the records one for the unit of work, stock one.
    """
    stock = unit.pack.model.stock
    declared = {stock.warehouse, *stock.warehouses}
    missing = sorted({one for one in named if one} - declared)
    if not missing:
        return {}
    if unit.warehouses is None:
        unit.warehouses = frozenset(store_master.codes_of(unit.connection, unit.company, "warehouse"))
    if not unit.warehouses and not strict:
        return {}
    known = declared | unit.warehouses
    if strict:
        known |= set(store_stock.places_in_use(unit.connection, unit.company))
    tails = hints((one for one in missing if one not in known), known)
    return {one: f"unknown warehouse {one!r}{tail}" for one, tail in tails.items()}


def wrong_lines(unit: Unit, declared: DocumentType, inputs: Sequence[LineInput | None]) -> list[str]:
    """Lines that name an unknown warehouse, by themselves or in a field; one that a line had before stays."""
    fields = _place_fields(declared, declared.line_fields)
    found = []
    for one in inputs:
        if one is not None:
            before = one.original
            had = {before.warehouse, *(before.custom.get(name) for name in fields)} if before else set()
            places = {one.warehouse, *(one.custom.get(name) for name in fields)} - had
            found += [(one.position, place) for place in places if place]
    told = unknown_warehouses(unit, (place for _, place in found))
    return [f"line {position}: {told[place]}" for position, place in sorted(found) if place in told]


def wrong_fields(unit: Unit, declared: DocumentType, custom: Mapping[str, Any]) -> list[str]:
    """Fields of the header that name an unknown warehouse."""
    named = {name: str(custom[name]) for name in _place_fields(declared, declared.fields) if custom.get(name)}
    told = unknown_warehouses(unit, named.values())
    return [f"{name}: {told[place]}" for name, place in sorted(named.items()) if place in told]


def _place_fields(declared: DocumentType, fields: Mapping[str, Field_]) -> list[str]:
    """The fields that say where goods lie, among ``fields``; the choices of a field are places by themselves."""
    places = {key.partition("@")[2] for state in declared.states.values() for key in state.stock}
    return [name for name, field in fields.items() if name in places and field.choices is None]
