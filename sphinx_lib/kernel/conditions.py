"""Price records as the engine reads them: light tuples, one for each record of a file or of the database (§18.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sphinx_lib.kernel.master import KEY_FIELDS, PriceRecord

Formula = Callable[[Mapping[str, Any]], Any]
Keys = tuple[tuple[str, str], ...]


class Condition(NamedTuple):
    """What a step of the schema says for some key values.

    ``keys`` are (name, value) pairs in order of name. ``value`` is a price or an amount per ``per`` of ``unit``, or a
    percent that lowers the price (5 is 5 % off). ``rows`` are (bound, value) pairs of a ``scale``: lower bounds of
    ``from``, upper bounds of ``to`` and ``interval``, where none is the open end. Conditions with the same ``shares``
    are one record: their lines' quantities add up. ``origin`` is where it is written, for messages.
    """

    code: str
    step: str
    keys: Keys
    value: Decimal | None = None
    scale: str = ""
    basis: str = ""
    rows: tuple[tuple[Decimal | None, Decimal], ...] = ()
    formula: Formula | None = None
    currency: str = ""
    unit: str = ""
    per: Decimal = Decimal(1)
    net: bool = False
    gross: bool = False
    priority: int = 0
    valid_from: date | None = None
    valid_to: date | None = None
    shares: str = ""
    origin: str = ""


def conditions_of(
    record: PriceRecord, compiled: Callable[[str], Formula] | None = None, origin: str = ""
) -> Iterator[Condition]:
    """One condition for each item that ``record`` names; ``compiled`` turns the text of a formula into a function.

    Raises ValueError when the record has a formula and nothing can compile it.
    """
    if record.formula and compiled is None:
        raise ValueError(f"{record.code}: this record has a formula; give what compiles it")
    formula = compiled(record.formula) if compiled is not None and record.formula else None
    own = {name: getattr(record, name) for name in KEY_FIELDS if name != "item" and getattr(record, name)}
    several = len(record.item) > 1
    for item in record.item or ("",):
        keys = {**own, **record.keys, **({"item": item} if item else {})}
        yield Condition(
            code=record.code,
            step=record.step,
            keys=tuple(sorted(keys.items())),
            value=record.value,
            scale=record.scale.type if record.scale else ("from" if record.rows else ""),
            basis=record.scale.basis if record.scale else "",
            rows=record.rows,
            formula=formula,
            currency=record.currency,
            unit=record.unit,
            per=record.per,
            net=record.net,
            gross=record.gross,
            priority=record.priority,
            valid_from=record.valid_from,
            valid_to=record.valid_to,
            shares=record.code if several else "",
            origin=origin,
        )
