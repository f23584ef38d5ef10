"""The price of one line and why: a pure function of its context and records (style 4.4, N4, N6, N7)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import TraceRow
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.money import round_half_up
from sphinx_lib.pack.pricing_model import NetRounding, Pricing
from sphinx_lib.pricing.select import Context, Found, Index, find


class Priced(NamedTuple):
    """A unit price in the document's currency, per ``per`` units of ``unit``; none when no price was found.

    ``discounts`` are percents in cascade; active amounts of ``trace`` add up to ``unit_price`` (X4).
    """

    list_price: Decimal | None
    unit_price: Decimal | None
    per: Decimal
    unit: str
    discounts: tuple[Decimal, ...]
    trace: tuple[TraceRow, ...]


def price_line(context: Context, rules: Pricing, index: Index) -> Priced:
    """What the rules say a unit costs: the base price, then each percent on the running price (PR6)."""
    base: Found | None = None
    percents: list[tuple[str, Found]] = []
    trace: list[TraceRow] = []
    for name, step in rules.schema_.items():
        found = find(name, step, context, index)
        if found is None:
            if step.kind == "price" and step.missing == "error":
                raise InputError([f"item {context.item.code}: no price in step {name!r} on {context.day}"])
        elif step.kind == "price":
            base = base or found
        elif base is not None and base.record.net:
            trace.append(_row(name, found, active=False, reason="net price"))
        else:
            percents.append((name, found))
    if base is None:
        return Priced(None, None, Decimal(1), "", (), ())
    rows = [TraceRow("base", base.value, base.record.code, base.access)]
    running = base.value
    for name, found in percents:
        amount = -running * found.value / 100
        running += amount
        rows.append(_row(name, found, amount))
    unit_price = rounded(running, rules.net_price_rounding, context.currency, rows)
    discounts = tuple(found.value for _, found in percents if found.value)
    record = base.record
    return Priced(base.value, unit_price, record.per, record.unit, discounts, (*rows, *trace))


def _row(name: str, found: Found, amount: Decimal = Decimal(0), *, active: bool = True, reason: str = "") -> TraceRow:
    return TraceRow(name, amount, found.record.code, found.access, found.value, active, reason)


def manual(price: Decimal, discounts: Sequence[Decimal], rounding: NetRounding, currency: str) -> Priced:
    """A price entered by hand with its discounts in cascade, which replace what the rules would say (PR8)."""
    rows = [TraceRow("manual", price)]
    running = price
    for percent in discounts:
        amount = -running * percent / 100
        running += amount
        rows.append(TraceRow("discount", amount, rate=percent))
    unit_price = rounded(running, rounding, currency, rows)
    return Priced(price, unit_price, Decimal(1), "", tuple(discounts), tuple(rows))


def rounded(running: Decimal, rounding: NetRounding, currency: str, rows: list[TraceRow]) -> Decimal:
    """The net unit price at the stage N7 declares; the rounding is a row of the trace."""
    if rounding.stage == "line":
        return running
    unit = round_half_up(running, rounding.digits.get(currency, rounding.digits.get("default", 4)))
    if unit != running:
        rows.append(TraceRow("rounding", unit - running))
    return unit


def line_net(price_quantity: Decimal, unit_price: Decimal, per: Decimal, digits: int) -> Decimal:
    """Quantity in price units over ``per``, times the net unit price, rounded once (N6)."""
    return round_half_up(price_quantity * unit_price / per, digits)
