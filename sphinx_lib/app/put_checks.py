"""What is asked of price records, families, items and deals before they are written, with the words of the load check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sphinx_lib.app.deal_states import check_closing
from sphinx_lib.app.known import unknown_languages
from sphinx_lib.app.pricing import families_of
from sphinx_lib.app.unit import Unit
from sphinx_lib.app.warehouses import unknown_warehouses
from sphinx_lib.kernel.conditions import Condition, ancestors
from sphinx_lib.kernel.emails import wrong_address
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Deal, Family, Item, Party, PriceRecord
from sphinx_lib.kernel.money import currency_of
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.record_checks import check_records, check_rivals
from sphinx_lib.store import master as store_master


def check_put(unit: Unit, kind: str, records: Sequence[object]) -> list[str]:
    """What is wrong with ``records`` of ``kind``, which are valid by themselves, against the schema and what is stored."""
    if kind == "price":
        return _prices(unit, {one.code: one for one in records if isinstance(one, PriceRecord)})
    if kind == "item":
        return _items(unit, [one for one in records if isinstance(one, Item)])
    if kind == "deal":
        return check_closing(unit, [one for one in records if isinstance(one, Deal)])
    if kind in ("customer", "supplier"):
        return [problem for one in records if isinstance(one, Party) for problem in _party(unit, kind, one)]
    return _families(unit, [one for one in records if isinstance(one, Family)]) if kind == "family" else []


def _items(unit: Unit, items: Sequence[Item]) -> list[str]:
    """Warehouses that items name and nobody has, and those that are reordered for twice, so that one rule would win."""
    named = [(one.code, "warehouse", one.warehouse) for one in items]
    named += [(one.code, "reorder", rule.warehouse) for one in items for rule in one.reorder]
    told = unknown_warehouses(unit, (place for *_, place in named))
    problems = [f"item {code}: {where}: {told[place]}" for code, where, place in named if place in told]
    for one in items:
        places = Counter(rule.warehouse or one.warehouse or unit.pack.model.stock.warehouse for rule in one.reorder)
        twice = sorted(place for place, count in places.items() if count > 1)
        problems += [f"item {one.code}: reorder: {place!r} has several rules; leave one" for place in twice]
    return [*problems, *_rings(unit, items)]


def _rings(unit: Unit, items: Sequence[Item]) -> list[str]:
    """Items that would hold or bring along themselves, through whatever others: one statement for each level of them."""
    held = {one.code: {*one.components, *one.attached} for one in items}
    wanted = {part for one in items for part in held[one.code]}
    while missing := wanted - held.keys():
        held |= {code: set() for code in missing} | store_master.load_components(unit.connection, unit.company, missing)
        wanted = {part for code in missing for part in held[code]}
    return [f"item {one.code} holds itself: {' > '.join(ring)}; take it out of one of them"
            for one in items if (ring := _ring(one.code, held))]  # fmt: skip


def _ring(code: str, held: Mapping[str, set[str]]) -> list[str]:
    """The way from an item back to itself; nothing where there is none."""
    came: dict[str, str] = {}
    waiting = [code]
    while waiting:
        item = waiting.pop()
        for part in sorted(held.get(item, ())):
            if part == code:
                way = [item]
                while way[0] != code:
                    way.insert(0, came[way[0]])
                return [*way, code]
            if part not in came:
                came[part] = item
                waiting.append(part)
    return []


def _party(unit: Unit, kind: str, party: Party) -> Iterator[str]:
    """What is wrong with a party: its languages, terms and currency, and addresses that no mail can reach."""
    where = f"{kind} {party.code}"
    for problem in unknown_languages(unit, party):
        yield f"{where}: {problem}"
    terms = unit.pack.model.billing.payment_terms
    if party.payment_terms and party.payment_terms not in terms:
        yield f"{where}: unknown payment terms {party.payment_terms!r}{did_you_mean(party.payment_terms, terms)}"
    if party.currency:
        try:
            currency_of(party.currency)
        except InputError as error:
            yield from (f"{where}: {problem}" for problem in error.problems)
    addresses = [("email", party.email), *((f"contact {one.code}: email", one.email) for one in party.contacts)]
    for place, address in addresses:
        if wrong := wrong_address(address):
            yield f"{where}: {place}: {wrong}"


def _prices(unit: Unit, records: Mapping[str, PriceRecord]) -> list[str]:
    problems: dict[str, None] = {}
    made: list[Condition] = []
    for record in records.values():
        try:
            made += unit.pack.conditions_of(record)
        except InputError as error:
            problems |= dict.fromkeys(error.problems)
    accesses = {code: record.access for code, record in records.items() if record.access}
    for finding in check_records(unit.pack.model, made, accesses):
        problems[_told(finding)] = None
    if not problems:
        stored = [condition for record in _rivals(unit, records) for condition in unit.pack.conditions_of(record)]
        for finding in check_rivals(unit.pack.model, [*stored, *made]):
            if not finding.warning and finding.path[1] in records:
                problems[_told(finding)] = None
    return list(problems)


def _rivals(unit: Unit, records: Mapping[str, PriceRecord]) -> list[PriceRecord]:
    """Other records that may speak of the same keys: stored ones, and those that this unit of work is about to write."""
    if not records:
        return []
    found = {one.code: one for one in store_master.load_rivals(unit.connection, unit.company, records.values())}
    waiting = [PriceRecord.model_validate(one.row["data"]) for one in unit.master if one.kind == "price"]
    found |= {one.code: one for one in waiting}
    return [one for code, one in found.items() if code not in records]


def _told(finding: Finding) -> str:
    _, code, *rest = finding.path
    where = f"price {code}: {'.'.join(rest)}: " if rest else f"price {code}: "
    return where + finding.message + (f"; {finding.hint}" if finding.hint else "")


def _families(unit: Unit, families: Sequence[Family]) -> list[str]:
    """Circles that the new parents would close; those of the configuration and of the database count as well."""
    waiting = {one.row["code"]: one.row["data"].get("parent", "") for one in unit.master if one.kind == "family"}
    parents = {**families_of(unit), **waiting, **{one.code: one.parent for one in families}}
    problems = []
    for family in families:
        try:
            ancestors(family.code, parents)
        except InputError as error:
            problems.append(f"family {family.code}: parent: {error.problems[0]}")
    return problems
