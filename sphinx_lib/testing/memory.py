"""A Sphinx in memory with a clock that stands still, the records it holds, and the price of a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from sphinx_lib.app.sphinx import Sphinx
from sphinx_lib.kernel.document import Line, TraceRow
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.pack.reader import Mark, Node
from sphinx_lib.testing.builders import START, Given

Layer = str | Path | Mapping[str, Any]
"""A folder or file laid over the configuration, or what it would hold."""
_ORDER = ("warehouse", "family", "supplier", "customer", "item", "exchange_rate", "deal", "customer_reference", "price")


@dataclass
class FixedClock:
    """A clock that shows ``moment`` until somebody sets another."""

    moment: datetime

    def now(self) -> datetime:
        """The moment, in UTC."""
        return self.moment


def in_memory(config: Layer | Sequence[Layer] = (), today: date | str = START, **options: Any) -> Sphinx:
    """A Sphinx on the shipped configuration with ``config`` laid over it, in a database of its own in memory.

    Its clock stands at 08:00 UTC of ``today``. ``options`` are those of ``Sphinx.open``, such as ``extensions``.
    """
    day = date.fromisoformat(today) if isinstance(today, str) else today
    layers = [config] if isinstance(config, str | Path | Mapping) else config
    over = [_node(one, "config") if isinstance(one, Mapping) else one for one in layers if one != "base"]
    clock = FixedClock(datetime.combine(day, time(8), UTC))
    return Sphinx.open(["base", *over], clock=clock, **options)


def _node(value: Any, name: str) -> Node:
    """A plain value as if it were read from a file called ``name``."""
    mark = Mark(name, 1, 1)
    if isinstance(value, Mapping):
        below = {str(key): _node(one, name) for key, one in value.items()}
        return Node(below, mark, None, dict.fromkeys(below, mark))
    if isinstance(value, list | tuple):
        return Node([_node(one, name) for one in value], mark)
    if isinstance(value, bool):
        return Node("true" if value else "false", mark)
    return Node(None if value is None else str(value), mark)


def given(app: Sphinx, *records: Given) -> Sphinx:
    """Put ``records`` into ``app``, whatever their order; returns ``app``. Raises InputError as ``put`` does."""
    kinds = {one.kind: one for one in records}
    with app.session() as session:
        for kind in sorted(kinds, key=_ORDER.index):
            session.put(kind, [one.values for one in records if one.kind == kind])
    return app


class Price(NamedTuple):
    """The price of a line: ``unit_price`` per ``per`` price units and ``net``, both in ``currency``, without tax."""

    unit_price: Decimal | None
    net: Decimal
    currency: str
    per: Decimal
    line: Line

    @property
    def trace(self) -> tuple[TraceRow, ...]:
        """Every step that led to the price, and those that did not, with the reason (§18.3)."""
        return tuple(self.line.trace)

    @property
    def steps(self) -> tuple[str, ...]:
        """The trace in short: ``("base 100", "promotion -15", "customer_discount (one_of: promotion)")``."""
        return tuple(short(row) for row in self.trace)


def short(row: TraceRow) -> str:
    """A row of a trace in a few words: its step and amount, or why it does not count."""
    return f"{row.step} {plain_number(row.amount)}" if row.active else f"{row.step} ({row.reason})"


def price(
    app: Sphinx, *, item: str, customer: str | None = None, quantity: Any = 1, day: date | str | None = None, **header: Any
) -> Price:
    """What a line of ``quantity`` costs on ``day`` (the clock's unless given); nothing is stored.

    ``header`` may give ``unit``, ``currency`` and ``site``. Raises InputError where there is no price and the
    configuration says ``missing: error``; with ``missing: ask`` the price is none.
    """
    on = date.fromisoformat(day) if isinstance(day, str) else day
    with app.reader() as views:
        found = views.price(item, quantity, customer, on, **header)
    line = found.line
    return Price(line.unit_price, line.net, found.currency, line.per, line)
