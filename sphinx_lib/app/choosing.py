"""Which documents come next, and why: the routes of a type, asked of the whole document or of its parts (Q2, Q3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import EMPTY, ZERO, Document, Id
from sphinx_lib.kernel.errors import InputError, Refused
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pack.specs import Situation
from sphinx_lib.workflow.derive import Quantities
from sphinx_lib.workflow.facts import DocumentFacts, needs_of_stock
from sphinx_lib.workflow.plan import filled, holds, needs_of_condition
from sphinx_lib.workflow.splitting import LineNeed, line_needs, only, part_now

Key = tuple[str, str]


class Shortage(NamedTuple):
    """What a quotation needs of an item, what is available and what is missing, in its stock unit (Q2)."""

    item: str
    warehouse: str
    needed: Decimal
    available: Decimal

    @property
    def missing(self) -> Decimal:
        """How much is short."""
        return max(self.needed - self.available, ZERO)


class Chosen(NamedTuple):
    """A target type for a document, and why.

    ``part`` are the quantities by line of the part that goes there, none for the whole; ``beside`` those of the part that
    goes elsewhere before it. ``place`` is that of the route.
    """

    document: Document
    target: TypeKey
    explanation: str = ""
    stock: tuple[Shortage, ...] = ()
    why: tuple[str, ...] = ()
    part: Quantities | None = None
    beside: Quantities = EMPTY
    place: int = 0


def choose(unit: Unit, documents: Sequence[Document], to: str | None, *, whole: bool) -> list[Chosen]:
    """Where each of ``documents`` goes; ``whole`` says that none may be split. What one needs is not there for the next.

    Raises InputError for a type without routes, Refused when no route holds.
    """
    if to is not None:
        return [Chosen(document, unit.pack.resolve_type(to)) for document in documents]
    _load(unit, documents)
    taken: dict[Key, Decimal] = {}
    found: list[Chosen] = []
    for document in documents:
        situation = unit.situation(document)
        left = {key: there - taken.get(key, ZERO) for key, there in situation.available.items()}
        situation = replace(situation, available=left)
        ways = _ways(unit, situation, whole=whole)
        unit.reliance.decided(situation, partial(_where, unit, whole=whole), _targets(ways))
        found += ways
        for item, warehouse, needed, _ in needs_of_stock(situation):
            taken[item, warehouse] = taken.get((item, warehouse), ZERO) + needed
    return sorted(found, key=lambda one: one.place)


def _ways(unit: Unit, situation: Situation, *, whole: bool) -> list[Chosen]:
    splits = situation.type.on_partial == "split" and not whole
    return (_split(unit, situation) if splits else None) or [_route(unit, situation)]


def _where(unit: Unit, situation: Situation, *, whole: bool) -> list[tuple[TypeKey, Quantities | None]]:
    return _targets(_ways(unit, situation, whole=whole))


def _targets(ways: Sequence[Chosen]) -> list[tuple[TypeKey, Quantities | None]]:
    """Where a document goes, by which parts: what was chosen, without the words that explain it."""
    return [(one.target, one.part) for one in ways]


def _load(unit: Unit, documents: Iterable[Document]) -> None:
    """What the routes ask of each type, for all its documents at once."""
    by_type: dict[TypeKey, list[Document]] = {}
    for document in documents:
        by_type.setdefault((document.type, document.kind), []).append(document)
    for key, batch in by_type.items():
        routes = unit.pack.type_of(*key).routes
        if not routes:
            names = [name for name, each in unit.pack.model.document_types.items() if key[0] in each.made_from]
            raise InputError([f"{key[0]} has no route; say what to derive: {', '.join(names) or 'nothing can be'}"])
        needs = {need for route in routes.values() for need in needs_of_condition(unit.pack, key, route)}
        unit.prefetch(batch, needs | {"stock"})


def _route(unit: Unit, situation: Situation) -> Chosen:
    """The first route that holds, explained by item and by line."""
    document, facts = situation.document, DocumentFacts(situation)
    for place, route in enumerate(situation.type.routes.values()):
        if holds(route, situation, facts):
            stock = tuple(Shortage(*row) for row in needs_of_stock(situation))
            why = tuple(_why(unit, document, one) for one in line_needs(document, situation.available))
            target = unit.pack.resolve_type(route.to)
            return Chosen(document, target, filled(route.explain, facts, situation), stock, why, place=place)
    raise Refused(f"{document.type} {document.number or 'draft'}: no route holds; say what to derive")


def _split(unit: Unit, situation: Situation) -> list[Chosen] | None:
    """The part that is available and the rest, each by its own route; none where both would go the same way."""
    document = situation.document
    now = part_now(document, situation.available)
    counted = [line for line in document.lines if line.counts and line.quantity]
    rest = {line.id: (line.quantity or ZERO) - now.get(line.id, ZERO) for line in counted}
    if not any(rest.values()) or not any(now.get(line.id) for line in counted if line.goods):
        return None
    first = _route(unit, replace(situation, document=only(document, now)))
    gone = {(row.item, row.warehouse): row.needed for row in first.stock}
    left = {key: there - gone.get(key, ZERO) for key, there in situation.available.items()}
    second = _route(unit, replace(situation, document=only(document, rest), available=left))
    if first.target == second.target:
        return None
    whole = _route(unit, situation)
    explained = _explain_split(unit, document, (first.target, second.target))
    why = (*whole.why, *_shares(unit, document, now, rest))
    first = first._replace(document=document, part=now, explanation=explained, stock=whole.stock, why=why)
    return [first, second._replace(document=document, part=rest, beside=now, explanation=explained, stock=(), why=())]


def _explain_split(unit: Unit, document: Document, targets: tuple[TypeKey, TypeKey]) -> str:
    now, rest = (in_language(unit.pack.type_of(*target).label, document.language) for target in targets)
    return unit.pack.label("route_split", document.language).format(now=now, rest=rest)


def _why(unit: Unit, document: Document, need: LineNeed) -> str:
    """One line of the explanation, in the document's language."""
    line = need.line
    name = line.item or line.text
    if need.needed is None:
        return unit.pack.label("route_no_stock", document.language).format(line=line.position, item=name)
    label = "route_short" if need.missing else "route_enough"
    numbers = {one: plain_number(getattr(need, one) or ZERO) for one in ("needed", "available", "missing")}
    return unit.pack.label(label, document.language).format(line=line.position, item=name, **numbers)


def _shares(
    unit: Unit, document: Document, now: Mapping[Id, Decimal], rest: Mapping[Id, Decimal]
) -> Iterator[str]:
    """The lines that go both ways."""
    for line in document.lines:
        if now.get(line.id) and rest.get(line.id):
            label = unit.pack.label("route_share", document.language)
            parts = {"now": plain_number(now[line.id]), "rest": plain_number(rest[line.id])}
            yield label.format(line=line.position, item=line.item or line.text, **parts)
