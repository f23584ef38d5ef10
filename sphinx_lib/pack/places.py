"""Where the configuration holds expressions and message texts, so that checking and compiling walk the same list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sphinx_lib.pack.expressions import Kind
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.pack import Place
from sphinx_lib.pack.workflow_model import Condition, DocumentType, Event, Guard


class Written(NamedTuple):
    """An expression and where it stands: path below the document type (or from the top for guards and regimes)."""

    path: tuple[str, ...]
    place: Place
    text: str
    kind: Kind | None


class Asked(NamedTuple):
    """An expression outside the document types: its full path, the type it is asked of (none: of no document)."""

    path: tuple[str, ...]
    of_type: str
    place: Place
    text: str
    kind: Kind


def of_sections(model: PackModel) -> Iterator[Asked]:
    """Every expression of the sections beside ``document_types`` and ``pricing``: regimes, rebates, attached items, port."""
    for key, regimes in (("regimes", model.taxes.regimes), ("purchase_regimes", model.taxes.purchase_regimes)):
        for name, regime in regimes.items():
            if regime.when:
                yield Asked(("taxes", key, name, "when"), "", "party", regime.when, "flag")
    if model.taxes.deductible is not None:
        yield Asked(("taxes", "deductible"), "", "company", model.taxes.deductible, "number")
    for name, rebate in model.billing.rebates.items():
        if rebate.when:
            yield Asked(("billing", "rebates", name, "when"), "", "party", rebate.when, "flag")
    for name, attached in model.items.attached.items():
        yield Asked(("items", "attached", name, "quantity"), "", "item", attached.quantity, "number")
        if attached.when:
            yield Asked(("items", "attached", name, "when"), "", "item", attached.when, "flag")
    for name, rule in model.shipping.rules.items():
        for type_name in rule.in_ if rule.when else ():
            yield Asked(("shipping", "rules", name, "when"), type_name, "document", rule.when or "", "flag")


def of_prices(model: PackModel) -> Iterator[tuple[tuple[str, ...], str, Kind]]:
    """Every expression of the two price schemas: its full path, its text and what it gives."""
    for section, rules in model.schemas.items():
        for name, step in rules.schema_.items():
            if step.when:
                yield (section, "schema", name, "when"), step.when, "flag"
        for name, guard in rules.guards.items():
            if guard.when:
                yield (section, "guards", name, "when"), guard.when, "flag"
            if guard.min_price:
                yield (section, "guards", name, "min_price"), guard.min_price, "number"


def of_condition(path: tuple[str, ...], condition: Condition) -> Iterator[Written]:
    """The up to three expressions of a condition."""
    if condition.when:
        yield Written((*path, "when"), "document", condition.when, "flag")
    for key in ("every_line", "any_line"):
        text = getattr(condition, key)
        if text:
            yield Written((*path, key), "line", text, "flag")


def of_guard(path: tuple[str, ...], guard: Guard) -> Iterator[Written]:
    """The expression of a declared guard."""
    if guard.require:
        yield Written((*path, "require"), "document", guard.require, "flag")
    if guard.every_line:
        yield Written((*path, "every_line"), "line", guard.every_line, "flag")


def guard_uses(declared: DocumentType) -> Iterator[tuple[tuple[str, ...], str, Guard]]:
    """Every guard named or written by states and events, with its path below the type."""
    for state_name, state in declared.states.items():
        for name, guard in state.requires.items():
            yield ("states", state_name, "requires", name), name, guard
    for event_name, event in declared.events.items():
        for name, guard in event.guards.items():
            yield ("events", event_name, "guards", name), name, guard
        for target, branch in event.targets.items():
            for name, guard in branch.reasons.items():
                yield ("events", event_name, "to", target, "reasons", name), name, guard


def of_type(model: PackModel, declared: DocumentType) -> Iterator[Written]:
    """Every expression that is asked of documents of this type, those of the named guards it uses included."""
    for path, name, guard in guard_uses(declared):
        meant = model.guards.get(name, guard) if guard.is_reference else guard
        yield from of_guard(path, meant)
    for name, event in declared.events.items():
        yield from of_condition(("events", name), event)
        for target, branch in event.targets.items():
            yield from of_condition(("events", name, "to", target), branch)
    for name, route in declared.routes.items():
        yield from of_condition(("routes", name), route)
    for name, state in declared.states.items():
        for level, text in state.stock.items():
            yield Written(("states", name, "stock", level), "line", text, "number")
        for progress, text in state.counts_in.items():
            yield Written(("states", name, "counts_in", progress), "line", text, "number")
    for name, field in declared.fields.items():
        if field.default is not None:
            yield Written(("fields", name, "default"), "document", field.default, None)
    if declared.print.prices:
        yield Written(("print", "prices"), "document", declared.print.prices, "flag")
    for source, made in declared.made_from.items():
        for text in made.split_by:
            yield Written(("made_from", source, "split_by"), "line", text, None)
        if made.where:
            yield Written(("made_from", source, "where"), "line", made.where, "flag")
    for name, event in declared.events.items():
        yield from of_effects(("events", name), event)


def of_effects(path: tuple[str, ...], event: Event) -> Iterator[Written]:
    """The expressions over lines that effects of an event and of its branches take as ``where``."""
    for where, _, parameters in effects_of(path, event):
        text = parameters.get("where")
        if isinstance(text, str):
            yield Written((*where, "where"), "line", text, "flag")


def effect_uses(declared: DocumentType) -> Iterator[tuple[tuple[str, ...], str, Mapping[str, Any]]]:
    """Every effect that events and their branches name, with its path below the type and its parameters."""
    for name, event in declared.events.items():
        yield from effects_of(("events", name), event)


def effects_of(path: tuple[str, ...], event: Event) -> Iterator[tuple[tuple[str, ...], str, Mapping[str, Any]]]:
    """The effects of one event and of its branches, with their paths and parameters."""
    for effect, parameters in event.effects.items():
        yield (*path, "effects", effect), effect, parameters
    for target, branch in event.targets.items():
        for effect, parameters in branch.effects.items():
            yield (*path, "to", target, "effects", effect), effect, parameters
