"""The loaded configuration as everything above reads it: models, compiled expressions, fingerprint, origins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Literal

from sphinx_lib.kernel.conditions import Condition, conditions_of
from sphinx_lib.kernel.errors import InputError, Problem
from sphinx_lib.kernel.master import PriceRecord
from sphinx_lib.kernel.quantity import Unit, Units
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.expressions import Expression, ExpressionError, Kind
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.numbers import Pattern
from sphinx_lib.pack.reader import Node
from sphinx_lib.pack.scopes import PartyFacts, PriceExpressions
from sphinx_lib.pack.workflow_model import DocumentType, Guard, Outstanding

Place = Literal["document", "line", "party", "item", "company"]
TypeKey = tuple[str, str]


@dataclass(frozen=True)
class Pack:
    """A checked, frozen configuration. Two loads of the same files have the same ``fingerprint``.

    ``conditions`` are the active price records of all its files, YAML and CSV; their ``origin`` is ``file:line``.
    """

    model: PackModel
    types: Mapping[TypeKey, DocumentType]
    expressions: Mapping[tuple[TypeKey, Place, str], Expression]
    patterns: Mapping[str, Pattern]
    fingerprint: str
    merged: Node
    price_expressions: PriceExpressions
    warnings: tuple[Problem, ...] = ()
    conditions: tuple[Condition, ...] = ()
    units: Units = field(init=False)
    follows: Mapping[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        units = {code: Unit(code, unit.dimension, unit.factor, unit.digits) for code, unit in self.model.units.items()}
        object.__setattr__(self, "units", Units(units))
        object.__setattr__(self, "follows", _follows(self.model))

    def type_of(self, name: str, kind: str = "") -> DocumentType:
        """The document type ``name`` with ``kind`` laid over it; InputError names the nearest known one."""
        found = self.types.get((name, kind))
        if found is None:
            if kind and (name, "") in self.types:
                known = [key[1] for key in self.types if key[0] == name and key[1]]
                raise InputError([f"{name} has no kind {kind!r}{did_you_mean(kind, known)}"])
            raise InputError([f"unknown document type {name!r}{did_you_mean(name, self.model.document_types)}"])
        return found

    def states_where(self, holds: Callable[[DocumentType, str], bool]) -> dict[str, set[str]]:
        """By type name the states, of any of its kinds, for which ``holds``; types without one are left out."""
        found: dict[str, set[str]] = {}
        for (name, _), declared in self.types.items():
            if states := {state for state in declared.states if holds(declared, state)}:
                found.setdefault(name, set()).update(states)
        return found

    def followed(self, name: str) -> tuple[str, ...]:
        """The progress that documents of a type follow: what is made from them, or from what is made from them."""
        return self.follows.get(name, ())

    @cached_property
    def ledger_classes(self) -> frozenset[str]:
        """The classes of outstanding that are balances of issued documents: what the customer owes by the books."""
        return frozenset(rule.as_ for rule in self._weights(bought=False) if rule.of == "balance")

    @cached_property
    def supplier_classes(self) -> Mapping[str, bool]:
        """The classes of what is owed to suppliers, and whether each is a balance by the books; no customer's credit."""
        rules = self._weights(bought=True)
        return {rule.as_: any(one.of == "balance" for one in rules if one.as_ == rule.as_) for rule in rules}

    def _weights(self, *, bought: bool) -> list[Outstanding]:
        types = [declared for declared in self.types.values() if (declared.side == "purchase") == bought]
        rules = (state.outstanding for declared in types for state in declared.states.values())
        return [rule for rule in rules if rule is not None]

    def vat_in_cost(self, day: date) -> Decimal:
        """The part, 0 to 1, of the VAT on what is bought on ``day`` that the company may not deduct: it is a cost.

        Raises InputError where that day gives no percent; of an expression that asks no day it was told at load.
        """
        text = self.model.taxes.deductible
        if text is None:
            return Decimal(0)
        percent: Decimal = self.expression(("", ""), "company", text)(PartyFacts(self.model, None, day))
        if not 0 <= percent <= 100:
            raise InputError([f"taxes.deductible: {text!r} gives {percent:f} on {day}; it is a percent, 0 to 100"])
        return 1 - percent / 100

    def resolve_type(self, name: str) -> TypeKey:
        """The (type, kind) that ``name`` stands for: a type, a kind of exactly one type, or ``type.kind``."""
        found = types_named(name, self.types)
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError([f"several types have the kind {name!r}; write {' or '.join(map('.'.join, found))}"])
        self.type_of(name)
        raise AssertionError("type_of refuses unknown names")

    def a_type(self, side: str) -> str:
        """A type with lines of a side, for what depends on the side alone; InputError when there is none."""
        found = (name for name, one in self.model.document_types.items() if one.side == side and one.lines)
        name = next(found, None)
        if name is None:
            raise InputError([f"no document type with lines has the side {side}; declare one"])
        return name

    def expression(self, key: TypeKey, place: Place, text: str) -> Expression:
        """The compiled expression written as ``text`` in the type ``key``."""
        return self.expressions[(key, place, text)]

    def price_expression(self, text: str, kind: Kind = "number") -> Expression:
        """The compiled formula or condition of a price, compiled once; ExpressionError when it does not hold."""
        return self.price_expressions[text, kind]

    def price_formula(self, text: str) -> Expression:
        """The compiled formula of a price record, which always gives a number; ExpressionError when it does not hold."""
        return self.price_expressions.formula(text)

    def conditions_of(self, record: PriceRecord) -> list[Condition]:
        """A record of the database as the engine reads it; InputError when its formula does not hold."""
        step = self.model.price_steps.get(record.step)
        try:
            return list(conditions_of(record, self.price_formula, scale=step.scale.type if step else "from"))
        except ExpressionError as error:
            hint = f"; {error.hint}" if error.hint else ""
            raise InputError([f"price {record.code}: formula: {error.message}{hint}"]) from None

    def guard(self, name: str, written: Guard) -> Guard:
        """The guard meant by ``name``: written in place, or declared under ``guards``."""
        return self.model.guards[name] if written.is_reference else written

    def label(self, key: str, language: str) -> str:
        """A text of the ``labels`` section."""
        return in_language(self.model.labels.get(key, {"": key}), language)


def types_named(name: str, types: Iterable[TypeKey]) -> list[TypeKey]:
    """What ``name`` may stand for: a type, else the kinds called so or ``type.kind``; several where it is not enough."""
    keys = list(types)
    return [(name, "")] if (name, "") in keys else [key for key in keys if key[1] and name in (key[1], ".".join(key))]


def _follows(model: PackModel) -> dict[str, tuple[str, ...]]:
    """By type, the progress that feeds back to it: from the types made of it, and from theirs when it is their root.

    What is bought for an order is not made of its lines.
    """
    found: dict[str, set[str]] = {name: set() for name in model.document_types}
    fed = [(declared, name) for declared in model.document_types.values() for name in _feeds(declared)]
    for declared, progress in fed:
        seen: set[str] = set()
        frontier = _sources_of(declared)
        while frontier:
            source = frontier.pop()
            if source in seen or source not in model.document_types:
                continue
            seen.add(source)
            if source in _sources_of(declared) or model.document_types[source].fulfils is not None:
                found[source].add(progress)
            if (made := declared.made_from.get(source)) and made.prices == "free":
                continue  # a replacement counts for what it replaces, and for nothing before that
            further = model.document_types[source]
            frontier += [name for name in _sources_of(further) if further.made_from[name].prices != "free"]
    return {name: tuple(one for one in model.progress if one in names) for name, names in found.items()}


def _feeds(declared: DocumentType) -> set[str]:
    """The progress that lines of a type add to: what it fulfils, and what its states count in beside."""
    beside = {name for state in declared.states.values() for name in state.counts_in}
    return beside | ({declared.fulfils} if declared.fulfils is not None else set())


def _sources_of(declared: DocumentType) -> list[str]:
    return [name for name, made in declared.made_from.items() if made.procures is None]
