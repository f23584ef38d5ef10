"""What is said of a derivation: how much of each line, out of which warehouses, on which day, for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sphinx_lib.app.unit import Unit
from sphinx_lib.app.warehouses import unknown_warehouses
from sphinx_lib.kernel.document import EMPTY, ZERO, Document, Id, Line
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pack.workflow_model import DocumentType, MadeFrom
from sphinx_lib.stock.levels import PHYSICAL
from sphinx_lib.stock.picking import Picked, PickKey
from sphinx_lib.workflow.spreading import Spread

Quantities = Mapping[int, Any] | Mapping[str, Any] | None


class Asked(NamedTuple):
    """What was said about a derivation: how much of each line, the day of the new documents (none: today), by line and
    warehouse out of which lots and bins its goods come, whom the new documents go to, and by line how much each of several
    warehouses gives.
    """

    quantities: Mapping[Id, Decimal] | None
    day: date | None
    picked: Mapping[PickKey, Picked]
    parties: tuple[str, ...]
    spread: Spread


def asked_of(
    unit: Unit, documents: Sequence[Document], quantities: Quantities, day: date | None,
    picked: Mapping[PickKey, Picked], parties: Sequence[str],
) -> Asked:  # fmt: skip
    """What was asked of ``documents``; ``quantities`` by position of the lines of a single one, or by line id.

    Raises InputError that names every unknown line, wrong quantity and place that a line's goods cannot come from.
    """
    if quantities is None:
        return Asked(None, day, picked, tuple(parties), EMPTY)
    known: dict[Any, Line] = {line.id: line for document in documents for line in document.lines}
    if len(documents) == 1:
        known |= {line.position: line for line in documents[0].lines}
    found: dict[Id, Decimal] = {}
    spread: dict[Id, dict[str, Decimal]] = {}
    problems: list[str] = []
    for key, value in quantities.items():
        line = known.get(key)
        if line is None:
            problems.append(f"quantities: no line {key!r}{did_you_mean(str(key), map(str, known))}")
            continue
        try:
            if isinstance(value, Mapping):
                spread[line.id] = _by_warehouse(line, value)
                found[line.id] = sum(spread[line.id].values(), ZERO)
            else:
                found[line.id] = value
        except ValueError as error:
            problems.append(f"quantities: {error}")
    told = unknown_warehouses(unit, (warehouse for parts in spread.values() for warehouse in parts))
    problems += [f"quantities: {text}" for text in told.values()]
    if problems:
        raise InputError(problems)
    return Asked(found, day, picked, tuple(parties), spread)


def _by_warehouse(line: Line, parts: Mapping[Any, Any]) -> dict[str, Decimal]:
    """How much of a line each warehouse gives, those left out that give nothing. Raises ValueError."""
    where = f"line {line.position}"
    if not line.stocked and not any(part.stocked for part in line.parts):
        raise ValueError(f"{where}: nothing of it lies in a warehouse; say how much of it, without one")
    if line.stowed:
        raise ValueError(f"{where}: its lots and bins lie in {line.warehouse!r}; say how much of it, without a warehouse")
    found = dict(parts)
    if len({part > 0 for part in found.values() if part}) != 1:
        raise ValueError(f"{where}: {dict(parts)!r}: give each warehouse a quantity, all above zero or all below")
    return {warehouse: part for warehouse, part in found.items() if part}


def check_spread(unit: Unit, source: Document, target: TypeKey, rule: MadeFrom, asked: Asked) -> None:
    """Raises InputError where quantities by warehouse were asked for what takes no goods out of one, and for lists of a
    document that takes them out of its own."""
    declared, name = unit.pack.type_of(*target), target[1] or target[0]
    if not asked.spread:
        return
    if rule.procures or rule.through or not (declared.picks or _moves(declared, "")):
        raise InputError([f"quantities: {name} takes no goods out of a warehouse; give one quantity for each line"])
    if declared.picks and _moves(unit.type_of(source), PHYSICAL):
        raise InputError([f"quantities: {name} is picked where the lines of its {source.type} say; change these"])


def _moves(declared: DocumentType, level: str) -> bool:
    return any(key.startswith(level) for state in declared.states.values() for key in state.stock)
