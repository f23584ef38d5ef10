"""Where the configuration holds expressions and message texts, so that checking and compiling walk the same list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sphinx_lib.pack.expressions import Kind
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.pack import Place
from sphinx_lib.pack.workflow_model import Condition, DocumentType, Guard


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
    """Every expression of the sections beside ``document_types`` and ``pricing``: regimes, attached items, port."""
    for name, regime in model.taxes.regimes.items():
        if regime.when:
            yield Asked(("taxes", "regimes", name, "when"), "", "party", regime.when, "flag")
    for name, attached in model.items.attached.items():
        yield Asked(("items", "attached", name, "quantity"), "", "item", attached.quantity, "number")
        if attached.when:
            yield Asked(("items", "attached", name, "when"), "", "item", attached.when, "flag")
    for name, rule in model.shipping.rules.items():
        for type_name in rule.in_ if rule.when else ():
            yield Asked(("shipping", "rules", name, "when"), type_name, "document", rule.when or "", "flag")


def of_prices(model: PackModel) -> Iterator[tuple[tuple[str, ...], str, Kind]]:
    """Every expression of the section ``pricing``: its full path, its text and what it gives."""
    for name, step in model.pricing.schema_.items():
        if step.when:
            yield ("pricing", "schema", name, "when"), step.when, "flag"
    for name, guard in model.pricing.guards.items():
        if guard.when:
            yield ("pricing", "guards", name, "when"), guard.when, "flag"
        if guard.min_price:
            yield ("pricing", "guards", name, "min_price"), guard.min_price, "number"


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
        for effect, parameters in event.effects.items():
            where = parameters.get("where")
            if isinstance(where, str):
                yield Written(("events", name, "effects", effect, "where"), "line", where, "flag")
