"""The price schema compiled once per pack, and records indexed so that a line finds its own at once (§18.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from sphinx_lib.kernel.conditions import Condition
from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.money import currency_digits
from sphinx_lib.pack.pricing_model import NetRounding, PriceGuard, Pricing

Shape = tuple[str, ...]
"""The names of a key, in alphabetical order."""
Compiled = Callable[[Mapping[str, Any]], Any]
Compile = Callable[[str, Literal["number", "flag"]], Compiled]


STEP, FAMILIES = 10_000, 50
"""Room in the order of records for the accesses of a step, and for the families above one."""


class Place(NamedTuple):
    """Where a record stands in the schema: ``order`` sorts by step, then by access."""

    order: int
    access: str


class CompiledStep(NamedTuple):
    """A step as the engine walks it. ``fields`` are master fields that stand in for records, by access."""

    number: int
    name: str
    kind: str
    group: str
    best: bool
    ties_best: bool
    missing: str
    basis: str
    convert: bool
    per_line: bool
    when: Compiled | None
    accesses: Mapping[Shape, Place]
    fields: tuple[tuple[Place, str], ...]


class CompiledGuard(NamedTuple):
    """A guard with its expressions compiled."""

    name: str
    rule: PriceGuard
    min_price: Compiled | None
    when: Compiled | None


class Choice(NamedTuple):
    """An exclusion: each alternative is the numbers of its steps."""

    name: str
    alternatives: tuple[tuple[str, frozenset[int]], ...]
    best: bool


@dataclass(frozen=True)
class Schema:
    """The compiled schema: steps in order, how groups combine, alternatives, guards.

    ``straight`` says that every discount acts on the price before it, whatever else a line finds.
    """

    steps: tuple[CompiledStep, ...]
    by_name: Mapping[str, CompiledStep]
    combine: Mapping[str, str]
    choices: tuple[Choice, ...]
    guards: tuple[CompiledGuard, ...]
    rounding: NetRounding
    cost: str
    with_fields: tuple[int, ...]
    prices: tuple[CompiledStep, ...]
    straight: bool

    def digits(self, currency: str) -> int:
        """Decimals of a net unit price in ``currency`` (N3): the declared ones, none where it has no minor unit."""
        declared = self.rounding.digits
        if currency in declared:
            return declared[currency]
        return declared.get("default", 4) if currency_digits(currency) else 0


def compile_schema(rules: Pricing, compile: Compile) -> Schema:
    """The schema of a pack; ``compile`` gives the function of an expression that the load has checked."""
    steps = []
    for number, (name, step) in enumerate(rules.schema_.items()):
        places: dict[Shape, Place] = {}
        fields = []
        for access_number, (access, declared) in enumerate(step.access.items()):
            place = Place(number * STEP + access_number * FAMILIES, access)
            places.setdefault(tuple(sorted(declared.key)), place)
            if declared.field:
                fields.append((place, declared.field))
        steps.append(
            CompiledStep(
                number, name, step.kind, step.group, step.select == "best_for_customer",
                step.ties == "best_for_customer", step.missing, step.scale.basis, step.convert,
                step.per == "line", compile(step.when, "flag") if step.when else None, places, tuple(fields),
            )
        )  # fmt: skip
    guards = tuple(
        CompiledGuard(
            name, guard, compile(guard.min_price, "number") if guard.min_price else None,
            compile(guard.when, "flag") if guard.when else None,
        )
        for name, guard in rules.guards.items()
    )  # fmt: skip
    return Schema(
        steps=tuple(steps),
        by_name={step.name: step for step in steps},
        combine={name: group.combine for name, group in rules.groups.items()},
        choices=tuple(_choices(rules, steps)),
        guards=guards,
        rounding=rules.net_price_rounding,
        cost=rules.cost,
        with_fields=tuple(step.number for step in steps if step.fields),
        prices=tuple(step for step in steps if step.kind == "price"),
        straight=not rules.exclusions
        and all(group.combine == "cascade" for group in rules.groups.values())
        and not any(step.when for step in steps),
    )


def _choices(rules: Pricing, steps: Iterable[CompiledStep]) -> Iterable[Choice]:
    members: dict[str, set[int]] = {}
    for step in steps:
        members.setdefault(step.name, set()).add(step.number)
        if step.group:
            members.setdefault(step.group, set()).add(step.number)
    for name, exclusion in rules.exclusions.items():
        alternatives = tuple((one, frozenset(members.get(one, ()))) for one in exclusion.between)
        yield Choice(name, alternatives, exclusion.keep == "best_for_customer")


Hit = tuple[int, str, Condition]
"""A record that a line may use: the order of its access, the access, the record."""


class Shelf(NamedTuple):
    """The records of all steps for the same key: prices, and the others.

    ``plain`` says that the others are percents which hold whatever the line's quantity and unit.
    """

    prices: tuple[Hit, ...]
    others: tuple[Hit, ...]
    plain: bool


_BARE = Shelf((), (), True)


@dataclass(frozen=True)
class PriceBook:
    """Records by the names and values of their keys: finding those of a line does not grow with their number.

    One look-up by key finds the records of every step. ``grouped`` says that some scales add up lines.
    """

    tables: Mapping[Shape, Mapping[tuple[str, ...], Shelf]]
    grouped: bool
    size: int

    def __bool__(self) -> bool:
        return bool(self.size)


def build_book(schema: Schema, conditions: Iterable[Condition]) -> PriceBook:
    """The index of ``conditions``; what no access of its step can reach is left out (the load check tells it)."""
    tables: dict[Shape, dict[tuple[str, ...], Shelf]] = {}
    grouped = False
    size = 0
    places = {
        (step.name, shape): (place.order, place.access, step.kind == "price", step.kind == "percent")
        for step in schema.steps
        for shape, place in step.accesses.items()
    }
    group_steps = {step.name for step in schema.steps if step.basis.startswith("group")}
    for condition in conditions:
        names, values = zip(*condition.keys, strict=True) if condition.keys else ((), ())
        place = places.get((condition.step, names))
        if place is None:
            continue
        size += 1
        table = tables.get(names)
        if table is None:
            table = tables[names] = {}
        order, access, is_price, is_percent = place
        hit = (order, access, condition)
        shelf = table.get(values)
        if is_price:
            table[values] = Shelf((hit,), (), True) if shelf is None else shelf._replace(prices=(*shelf.prices, hit))
        else:
            plain = is_percent and not (condition.rows or condition.formula or condition.unit)
            old = shelf or _BARE
            table[values] = Shelf(old.prices, (*old.others, hit), old.plain and plain)
        if condition.scale and (condition.basis.startswith("group") or condition.step in group_steps):
            grouped = True
    return PriceBook(tables, grouped, size)


class Sale(NamedTuple):
    """What the lines of one document have in common for their prices.

    ``rate`` is foreign units per company unit, ``rates`` the same for other currencies; ``facts`` are the values of
    keys; ``parents`` gives the wider family of a family; ``fact`` answers what an expression asks of an item or of the
    party. With ``gross`` the document's prices hold tax.
    """

    currency: str
    company: str
    rate: Decimal
    facts: Mapping[str, Any]
    parents: Mapping[str, str]
    fact: Callable[[str, Item], Any]
    rates: Mapping[str, Decimal] = {}
    rights: frozenset[str] = frozenset()
    gross: bool = False
