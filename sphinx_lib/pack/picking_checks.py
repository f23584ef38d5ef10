"""Checks of types whose lines are picked, and of what delivers them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.checks import of_each_type, unknown
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pack.places import effect_uses
from sphinx_lib.pack.workflow_model import DocumentType

_EFFECT = "deliver_picked"


def check_picking(model: PackModel, types: Mapping[TypeKey, DocumentType]) -> Iterator[Finding]:
    """Lists feed a progress, so that nothing is picked twice; they deliver to a type that their sources can be made into,
    and weigh in a unit of mass."""
    unit = model.units.get(model.stock.weight_unit)
    if "kg" not in model.units:
        yield Finding(("units",), "there is no unit kg, in which items are weighed", "declare it: kg: {dimension: mass}")
    if unit is None:
        known = [code for code, one in model.units.items() if one.dimension == "mass"]
        yield unknown(("stock", "weight_unit"), "unit of mass", model.stock.weight_unit, known)
    elif unit.dimension != "mass":
        said = f"{model.stock.weight_unit} is a unit of {unit.dimension}"
        yield Finding(("stock", "weight_unit"), said, "name one of mass")
    yield from of_each_type(types, lambda base, declared: _of_type(base, declared, model))


def _of_type(base: tuple[str, ...], declared: DocumentType, model: PackModel) -> Iterator[Finding]:
    if declared.picks and (declared.fulfils is None or not declared.made_from):
        hint = "give it `fulfils`, a progress of the lines it is made from, and `made_from`"
        yield Finding((*base, "picks"), "what is picked must be counted on what it was made from", hint)
    for below, effect, parameters in effect_uses(declared):
        if effect == _EFFECT:
            yield from _delivery((*base, *below), declared, parameters, model)


def _delivery(
    path: tuple[str, ...], declared: DocumentType, parameters: Mapping[str, object], model: PackModel
) -> Iterator[Finding]:
    if not declared.picks:
        yield Finding(path, "only a type with `picks: true` has something picked", "add it, or take the effect out")
    make, fire = parameters.get("type"), parameters.get("fire")
    if not isinstance(make, str) or not isinstance(fire, str):
        return  # told by the model of the parameters
    target = model.document_types.get(make)
    if target is None:
        yield unknown((*path, "type"), "document type", make, model.document_types)
        return
    if fire not in target.events:
        yield unknown((*path, "fire"), f"event of {make}", fire, target.events)
    for source in declared.made_from:
        if source != make and source not in target.made_from:
            told = f"{make} is not made from {source}, of which this list may be"
            yield Finding((*path, "type"), told, "name another type")
