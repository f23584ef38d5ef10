"""Checks of the price schema: what steps, groups, exclusions and guards say of each other, and families (§18.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import combinations

from sphinx_lib.kernel.conditions import ancestors
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import KEY_FIELDS, Item, Party, PriceRecord
from sphinx_lib.kernel.suggest import nearest
from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.checks import unknown
from sphinx_lib.pack.expressions import Fact
from sphinx_lib.pack.kinds import A
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pack.pricing_model import PRICE_FIELDS, PriceGuard, Pricing, Step
from sphinx_lib.pack.scopes import PriceExpressions, model_facts
from sphinx_lib.pack.workflow_model import DocumentType

RESERVED = frozenset({*PriceRecord.model_fields, "from", "to", "basis"} - {*KEY_FIELDS})
"""Names that a key cannot have, because records say something else under them."""


def check_prices(
    model: PackModel, types: Mapping[TypeKey, DocumentType], expressions: PriceExpressions
) -> Iterator[Finding]:
    """Everything about the price schemas and the families but the records themselves."""
    facts = key_facts(model, types)
    for section, rules in model.schemas.items():
        yield from _schema((section, "schema"), rules, facts, expressions)
        for name in rules.groups.keys() - {step.group for step in rules.schema_.values()}:
            yield Finding((section, "groups", name), f"no step is in the group {name!r}", warning=True, of_key=True)
        yield from _exclusions(section, rules)
        yield from _guards((section, "guards"), rules, expressions)
    for name in model.purchase_pricing.schema_.keys() & model.pricing.schema_.keys():
        message = f"step {name!r} stands in the schema of sales too: a record's step says which side it is of"
        yield Finding(("purchase_pricing", "schema", name), message, "give it another name", of_key=True)
    yield from check_families(model)


def _schema(
    path: tuple[str, ...], rules: Pricing, facts: Mapping[str, Fact], expressions: PriceExpressions
) -> Iterator[Finding]:
    if not any(step.kind == "price" for step in rules.schema_.values()):
        yield Finding(path, "no step finds a price", "add a step with kind: price")
    for name, step in rules.schema_.items():
        yield from _step((*path, name), name, step, rules)
        yield from _keys((*path, name, "access"), step, facts)
        if step.when and _always(step.when, expressions) is False:
            yield Finding((*path, name, "when"), f"this never holds: step {name!r} is always skipped", warning=True)


def key_facts(model: PackModel, types: Mapping[TypeKey, DocumentType]) -> dict[str, Fact]:
    """What a key of an access may be: facts of the sale, of party and item, declared fields of documents and lines."""
    found = dict.fromkeys((*KEY_FIELDS, "party.zone"), Fact("text"))
    found |= {**model_facts(Party, "party", model.parties.fields), **model_facts(Item, "item", model.items.fields)}
    for declared in types.values():
        found |= {name: Fact(field.type) for name, field in declared.fields.items() if name not in found}
        found |= {f"line.{name}": Fact(field.type) for name, field in declared.line_fields.items()}
    return found


def _step(path: tuple[str, ...], name: str, step: Step, rules: Pricing) -> Iterator[Finding]:
    """Its group exists, it has somewhere to look, and no access looks where one before it did."""
    if step.group and step.group not in rules.groups:
        yield unknown((*path, "group"), "group", step.group, rules.groups)
    if not step.access:
        yield Finding(path, f"step {name!r} has no access, so no record can be found", "add one: item: {key: [item]}", True)
    if step.kind != "price" and step.scale.type == "interval":
        yield Finding((*path, "scale", "type"), "slices of quantity have prices: interval is for a step of kind price")
    seen: dict[frozenset[str], str] = {}
    for access, declared in step.access.items():
        where = (*path, "access", access)
        first = seen.setdefault(frozenset(declared.key), access)
        if first != access:
            message = f"access {access!r} has the key of {first!r}, so it never finds anything"
            yield Finding((*where, "key"), message, "take one of the two out", warning=True)
        if declared.field is not None and (declared.field in PRICE_FIELDS) != (step.kind == "price"):
            what = "a price" if declared.field in PRICE_FIELDS else "a percent"
            yield Finding((*where, "field"), f"{declared.field} is {what}, and step {name!r} is of kind {step.kind}")


def _keys(path: tuple[str, ...], step: Step, facts: Mapping[str, Fact]) -> Iterator[Finding]:
    """Each name of a key is a text that the engine knows, once, and no other field of records."""
    for access, declared in step.access.items():
        where = (*path, access, "key")
        for name in dict.fromkeys(declared.key):
            if name in RESERVED:
                hint = "give the field another name"
                yield Finding(where, f"{name!r} cannot be a key: records have a field of that name", hint)
            elif name not in facts:
                near = nearest(name, facts)
                hint = f"did you mean {near!r}?" if near else f"known: {', '.join(KEY_FIELDS)}, party.…, item.…, line.…"
                yield Finding(where, f"unknown key {name!r}", hint)
            elif facts[name].kind != "text":
                yield Finding(where, f"{name} is {A[facts[name].kind]}, and a key is a text")
        if len(set(declared.key)) < len(declared.key):
            yield Finding(where, "a name stands twice in this key", "take one out")


def _exclusions(section: str, rules: Pricing) -> Iterator[Finding]:
    """Alternatives are groups and steps that exist, are no price, and have no step in common."""
    steps = rules.schema_
    for name, exclusion in rules.exclusions.items():
        path = (section, "exclusions", name, "between")
        members: dict[str, str] = {}
        for one in exclusion.between:
            if one not in steps and one not in rules.groups:
                yield unknown(path, "group or step", one, {**steps, **rules.groups})
            elif one in steps and steps[one].kind == "price":
                yield Finding(path, f"{one!r} is a price, not a discount", "alternatives are groups and steps of discounts")
            for step in (step for step, declared in steps.items() if one in (step, declared.group)):
                other = members.setdefault(step, one)
                if other != one:
                    yield Finding(path, f"step {step!r} is in {other!r} and in {one!r}", "take one of the two out")
        if len(set(exclusion.between)) < len(exclusion.between):
            yield Finding(path, "an alternative stands twice", "take one out")


def _guards(where: tuple[str, ...], rules: Pricing, expressions: PriceExpressions) -> Iterator[Finding]:
    """Guards that no price passes, that none fails, and that one before them makes useless."""
    for name, guard in rules.guards.items():
        path = (*where, name)
        if guard.when and _always(guard.when, expressions) is False:
            yield Finding((*path, "when"), f"this never holds: guard {name!r} asks for nothing", warning=True)
        if guard.max_discount is not None:
            for below, percent in (((), guard.max_discount.default), *_by_right(guard)):
                at = (*path, "max_discount", *below)
                if percent < 0:
                    yield Finding(at, f"no price passes: {percent} % off is more than the list price", "write 0 or more")
                elif percent >= 100:
                    yield Finding(at, f"a discount of {percent} % is always allowed, so this asks for nothing", warning=True)
        least = _always(guard.min_price, expressions) if guard.min_price else None
        if isinstance(least, Decimal) and least <= 0:
            yield Finding((*path, "min_price"), f"no price is below {least}, so this asks for nothing", warning=True)
    for (before, first), (name, guard) in combinations(rules.guards.items(), 2):
        yield from _pair((*where, name), before, first, name, guard)


def _by_right(guard: PriceGuard) -> Iterator[tuple[tuple[str, ...], Decimal]]:
    assert guard.max_discount is not None
    for right, percent in guard.max_discount.rights.items():
        yield ("rights", right), percent


def _pair(path: tuple[str, ...], before: str, first: PriceGuard, name: str, guard: PriceGuard) -> Iterator[Finding]:
    """Two guards with a limit of the same kind, of which the first always decides."""
    if first.when or guard.when or first.cost != guard.cost:
        return
    one, other = _strictness(first), _strictness(guard)
    if one is None or other is None or one[0] != other[0]:
        return
    if first.on_fail == "clamp" and one[1] >= other[1]:
        message = f"every price passes: guard {before!r} before it raises the price at least as far"
        yield Finding(path, message, "take it out, or place it before that one", warning=True)
    elif guard.on_fail == "clamp" and first.on_fail != "clamp" and other[1] >= one[1]:
        message = f"guard {before!r} has refused or told what this one would raise"
        yield Finding(path, message, f"place {name!r} before {before!r}", warning=True)


def _strictness(guard: PriceGuard) -> tuple[str, Decimal] | None:
    """The kind of limit, and a number that grows with what it asks for; none where it depends on the user."""
    if guard.min_price is not None:
        return f"min_price {guard.min_price}", Decimal(0)
    if guard.min_margin_rate is not None:
        return "min_margin_rate", guard.min_margin_rate
    if guard.min_markup_rate is not None:
        return "min_markup_rate", guard.min_markup_rate
    if guard.max_discount is not None and not guard.max_discount.rights:
        return "max_discount", -guard.max_discount.default
    return None


def _always(text: str, expressions: PriceExpressions) -> object:
    """The value of an expression that asks for no fact; none for the others, and for one that was refused."""
    for (known, _), expression in expressions.items():
        if known == text and not expression.names:
            found: object = expression({})
            return found
    return None


def check_families(model: PackModel) -> Iterator[Finding]:
    """No family is, over its parents, its own parent."""
    parents = {name: family.parent for name, family in model.families.items()}
    for name in parents:
        try:
            ancestors(name, parents)
        except InputError as error:
            if error.facts["family"] == name:
                yield Finding(("families", name, "parent"), error.problems[0], "take out one of these parents")
