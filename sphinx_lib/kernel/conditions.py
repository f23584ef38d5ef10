"""Price records as the engine reads them: light tuples, one for each record of a file or of the database (§18.2)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import KEY_FIELDS, PriceRecord

Formula = Callable[[Mapping[str, Any]], Any]
Keys = tuple[tuple[str, str], ...]
MOST = 60
_PLAIN = re.compile(r"[\w.:/+-]+")


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
    record: PriceRecord, compiled: Callable[[str], Formula] | None = None, origin: str = "", scale: str = "from"
) -> Iterator[Condition]:
    """One condition for each item that ``record`` names, none when it is not active.

    ``compiled`` turns the text of a formula into a function; ``scale`` is the step's type of scales, which holds where
    the record does not say. Raises ValueError when the record has a formula and nothing can compile it.
    """
    if not record.active:
        return
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
            scale=(record.scale.type if record.scale else "") or (scale if record.rows or record.scale else ""),
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


def named(name: str, values: Sequence[object]) -> list[str]:
    """Parts of codes: ``item=VIS8``, with a value between quotes where it holds other signs; empty for no value."""
    texts = ["" if value is None else str(value) for value in values]
    if all(texts) and _PLAIN.fullmatch("".join(texts)):
        return [f"{name}={text}" for text in texts]
    return [text and f"{name}={text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)}" for text in texts]


def natural_code(
    step: str, keys: Keys, currency: str = "", unit: str = "", valid_from: date | None = None, valid_to: date | None = None
) -> str:
    """The name of a record that has none of its own, such as ``base customer=DUPONT item=P1 valid_from=2026-01-01``.

    What the record is for, and not what it says there: the same keys and dates are the same record (X1).
    """
    more = (("currency", currency), ("unit", unit), ("valid_from", valid_from), ("valid_to", valid_to))
    return " ".join([step, *(part for name, value in (*keys, *more) for part in named(name, [value]) if part)])


def code_of(record: PriceRecord) -> str:
    """The natural code of a record; a digest of it where it is longer than a code may be."""
    own = {name: getattr(record, name) for name in KEY_FIELDS if name != "item"}
    keys = tuple(sorted({**own, **record.keys, "item": ",".join(sorted(record.item))}.items()))
    text = natural_code(record.step, keys, record.currency, record.unit, record.valid_from, record.valid_to)
    return text if len(text) <= MOST else sha256(text.encode()).hexdigest()[:24]


def ancestors(family: str, parents: Mapping[str, str]) -> tuple[str, ...]:
    """The wider families of ``family``, nearest first.

    Raises InputError when they turn in a circle, whether or not ``family`` is in it; its fact ``family`` is.
    """
    found: list[str] = []
    wider = parents.get(family, "")
    while wider:
        if wider == family or wider in found:
            raise InputError([f"family {wider!r} is its own parent: {' > '.join([family, *found, wider])}"], family=wider)
        found.append(wider)
        wider = parents.get(wider, "")
    return tuple(found)
