"""Guards on lots: all goods have names, nothing expired is delivered, no serial number is in stock twice (K10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sphinx_lib.kernel.document import ZERO, Id, Line, Stowed
from sphinx_lib.kernel.errors import Refusal
from sphinx_lib.kernel.localized import day, number
from sphinx_lib.kernel.lots import Lot, Place, expiries, name_of, sums_by_name
from sphinx_lib.pack.specs import GuardSpec, NoParameters, Situation
from sphinx_lib.stock.levels import Held
from sphinx_lib.stock.lots import goes_out, is_tracked, moves_of, unnamed

LOTS_GIVEN = "lots_given"


def lots_given(situation: Situation, parameters: NoParameters) -> Iterable[Refusal]:
    """Refuse, line by line, tracked goods without lot or serial number, lots that have expired on a delivery's date or hold
    less than is taken, lots that come in with another expiry than they have, and serial numbers that come in while they are
    in stock."""
    found: dict[tuple[int, str], Refusal] = {}
    for target in _entered(situation):
        for refusal in (*_missing(situation, target), *_wrong(situation, target)):
            found.setdefault((refusal.facts["line"], refusal.facts["problem"]), refusal)
    return [found[key] for key in sorted(found)]


def _entered(situation: Situation) -> list[str]:
    """The states that may be entered from here and ask this guard."""
    found = []
    declared, state = situation.type, situation.document.state
    inside = declared.chain(state)
    for event in declared.leaves(state).values():
        for target in event.targets:
            asked = dict(event.guards)
            for entered in declared.chain(target):
                asked |= declared.states[entered].requires if entered not in inside else {}
            if any(situation.pack.guard(name, guard).use == LOTS_GIVEN for name, guard in asked.items()):
                found.append(target)
    return list(dict.fromkeys(found))


def _refusal(situation: Situation, line: Line, label: str, **facts: Any) -> Refusal:
    language = situation.document.language
    shown = {name: _shown(value, language) for name, value in facts.items()}
    problem = situation.pack.label(label, language).format(**shown)
    return Refusal(LOTS_GIVEN, facts={"line": line.position, "problem": problem, **facts})


def _shown(value: Any, language: str) -> str:
    if isinstance(value, date):
        return day(value, language)
    return number(value, language) if isinstance(value, Decimal) else str(value)


def _missing(situation: Situation, target: str) -> Iterator[Refusal]:
    """Goods that would move without a name."""
    document, pack = situation.document, situation.pack
    for line in document.lines:
        if line.parts:
            for item, _ in line.goods:
                if item in situation.items and situation.items[item].tracking != "none":
                    yield _refusal(situation, line, "lot_in_kit", item=item)
            continue
        missing = unnamed(line)
        if missing <= 0 or not is_tracked(situation, line) or not moves_of(document, [line], target, pack):
            continue
        kind = situation.items[line.item or ""].tracking
        facts = {"item": line.item or "", "missing": missing, "whole": abs(line.stock_quantity)}
        expired = _expired(situation, line) if goes_out(document, line, target, pack) else ZERO
        if expired:
            yield _refusal(situation, line, f"{kind}_missing_expired", expired=expired, **facts)
        else:
            yield _refusal(situation, line, f"{kind}_missing", **facts)


def _expired(situation: Situation, line: Line) -> Decimal:
    lots = situation.lots.get((line.item or "", line.warehouse), ())
    return sum((lot.quantity for lot in lots if lot.is_expired(situation.document.date)), ZERO)


def _wrong(situation: Situation, target: str) -> Iterator[Refusal]:
    """Names that may not go out or come in."""
    lines = [line for line in situation.document.lines if is_tracked(situation, line) and line.stowed]
    if not lines:
        return
    moves = moves_of(situation.document, lines, target, situation.pack)
    net: dict[tuple[str, str], Decimal] = {}
    for key, quantity in moves.items():
        net[key.item, key.lot] = net.get((key.item, key.lot), ZERO) + quantity
    named = _by_name(lines)
    yield from _short(situation, named, moves)
    known = expiries(situation.lots.values())
    yield from _other_expiry(situation, lines, net, dict(known))
    stored = _sums(lot for lots in situation.lots.values() for lot in lots)
    for (item, lot), quantity in net.items():
        if not lot or (item, lot) not in named:
            continue
        line, given = named[item, lot]
        expires = known.get((item, lot), given.expires)
        sold = situation.type.side == "sales" and quantity < 0
        if sold and expires is not None and expires < situation.document.date:
            yield _refusal(situation, line, "lot_expired", item=item, lot=lot, expires=expires)
        serial = situation.items[item].tracking == "serial"
        if serial and quantity > 0 and stored.get((item, lot), ZERO) + quantity > 1:
            yield _refusal(situation, line, "serial_in_stock", item=item, lot=lot)


def _short(situation: Situation, named: _Named, moves: Mapping[Held, Decimal]) -> Iterator[Refusal]:
    """Lots of which more is taken than there is, in the warehouse, else in the bin that is named."""
    told: set[tuple[str, str, str]] = set()
    in_bins: dict[Place, Decimal] = {}
    in_all: dict[tuple[str, str, str], Decimal] = {}
    for lot in (lot for lots in situation.lots.values() for lot in lots):
        in_bins[lot.place] = in_bins.get(lot.place, ZERO) + lot.quantity
        in_all[lot.place[:3]] = in_all.get(lot.place[:3], ZERO) + lot.quantity
    net: dict[tuple[str, str, str], Decimal] = {}
    for key, quantity in moves.items():
        name = (key.item, key.warehouse, key.lot)
        net[name] = net.get(name, ZERO) + quantity
    for key, quantity in moves.items():
        here = in_bins.get(Place(key.item, key.warehouse, key.lot, key.bin), ZERO)
        name = (key.item, key.warehouse, key.lot)
        if not key.lot or (key.item, key.lot) not in named or quantity >= 0 or here + quantity >= 0 or name in told:
            continue
        told.add(name)
        there, needed = in_all.get(name, ZERO), -net[name]
        place = key.warehouse
        if needed <= there:
            there, needed, place = here, -quantity, f"{key.warehouse} {key.bin}".strip()
        label = f"{situation.items[key.item].tracking}_short"
        facts = {"item": key.item, "lot": key.lot, "there": there, "needed": needed, "warehouse": place}
        yield _refusal(situation, named[key.item, key.lot][0], label, **facts)


def _other_expiry(
    situation: Situation, lines: list[Line], net: Mapping[tuple[str, str], Decimal], known: dict[tuple[str, str], date]
) -> Iterator[Refusal]:
    """Lots that come in with another last day than they have in stock, or on a line above: a lot has one."""
    for line in lines:
        for one in line.stowed:
            name = (line.item or "", one.lot)
            if one.lot and one.expires and net.get(name, ZERO) > 0 and one.expires != known.setdefault(name, one.expires):
                facts = {"item": name[0], "lot": one.lot, "expires": one.expires, "known": known[name]}
                yield _refusal(situation, line, "lot_other_expiry", **facts)


_Named = Mapping[tuple[str, str], tuple[Line, Stowed]]


def _by_name(lines: Iterable[Line]) -> _Named:
    """By item and lot the first line that names it, with how it does."""
    found: dict[tuple[str, str], tuple[Line, Stowed]] = {}
    for line in lines:
        for one in line.stowed:
            found.setdefault((line.item or "", one.lot), (line, one))
    return found


def _sums(lots: Iterable[Lot]) -> dict[tuple[str, str], Decimal]:
    """What is in stock of each lot, by item and name."""
    found: dict[tuple[str, str], Decimal] = {}
    for lot in lots:
        found[lot.item, lot.lot] = found.get((lot.item, lot.lot), ZERO) + lot.quantity
    return found


def serials_of_customer(situation: Situation, parameters: NoParameters) -> Iterable[Refusal]:
    """Refuse, line by line, serial numbers that the document's customer does not have (EQ1)."""
    party = situation.document.party or ""
    for line in situation.document.lines:
        item = situation.items.get(line.item or "")
        if item is None or item.tracking != "serial":
            continue
        for one in line.stowed:
            if one.lot and situation.owners.get((item.code, one.lot), "") != party:
                facts = {"line": line.position, "item": item.code, "serial": one.lot, "customer": party}
                yield Refusal("serials_of_customer", facts=facts)


def lots_of_source(situation: Situation, parameters: NoParameters) -> Iterable[Refusal]:
    """Refuse, line by line, lots and serial numbers that did not go with the line that this one was made from, or not so
    much of them, together with what other documents made from it name (K10). What went without a name may be any lot."""
    gone: dict[Id, dict[tuple[str, str, str], Decimal]] = {}
    for line in situation.document.lines:
        source = situation.sources.get(line.source_id or "")
        if source is None or not line.stowed or unnamed(source) > 0:
            continue
        if source.id not in gone:
            gone[source.id] = sums_by_name(situation.others().get(source.id, ()))
        went, taken = sums_by_name([source]), gone[source.id]
        for one in (one for one in line.stowed if one.lot):
            name = name_of(one)
            left = max(went.get(name, ZERO) - taken.get(name, ZERO), ZERO)
            taken[name] = taken.get(name, ZERO) + one.quantity
            if one.quantity > left:
                facts = {"line": line.position, "item": line.item or "", "lot": one.lot, "named": one.quantity, "left": left}
                yield Refusal("lots_of_source", facts=facts)


GUARDS = (
    GuardSpec(
        LOTS_GIVEN, lots_given, needs=frozenset({"items", "lots"}), facts=("line", "problem", "item"),
    ),
    GuardSpec(
        "lots_of_source", lots_of_source, needs=frozenset({"sources", "others"}),
        facts=("line", "item", "lot", "named", "left"),
    ),
    GuardSpec(
        "serials_of_customer", serials_of_customer, needs=frozenset({"items", "equipment"}),
        facts=("line", "item", "serial", "customer"),
    ),
)  # fmt: skip
