"""What stock is worth: weighted average (CUMP), first in first out (PEPS) or standard cost (V1-V7).

Quantities are in the stock unit, values in company currency. A cost is the exact quotient of value and quantity: it is
rounded where a value is made of it, never for further use (V1).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.money import EXACT, round_half_up
from sphinx_lib.kernel.worth import Layer, Worth, quotient

Method = Literal["average", "fifo", "standard"]


class Rule(NamedTuple):
    """How an item is valued: the method, its standard cost, and the decimals of the currency."""

    method: Method = "average"
    standard: Decimal | None = None
    digits: int = 2


class Issue(NamedTuple):
    """What is left after an issue, and the value that left (above zero)."""

    worth: Worth
    value: Decimal


def entered(
    worth: Worth, quantity: Decimal, value: Decimal | None, rule: Rule, day: date, source: str = ""
) -> tuple[Worth, Decimal, Decimal]:
    """``worth`` after ``quantity`` (above zero) came in for ``value``, the value taken, and the correction beside it.

    Without a value it comes in at the cost known so far, else the standard cost, else for nothing. A receipt that meets
    negative stock resets the cost to its own price: the correction is what that takes off or adds (V3).
    """
    taken = _value_in(worth, quantity, value, rule)
    cost = quotient(taken, quantity)
    after = worth.quantity + quantity
    if worth.quantity < 0:
        left = round_half_up(cost * after, rule.digits)
        correction = left - worth.value - taken
        fresh = (Layer(day, source, after, left),) if rule.method == "fifo" and after > 0 else ()
        return Worth(after, left, cost, worth.last_price, fresh), taken, correction
    layers = worth.layers
    if rule.method == "fifo":
        layers = tuple(sorted((*layers, Layer(day, source, quantity, taken)), key=lambda layer: layer.day))
    return Worth(after, worth.value + taken, cost, worth.last_price, layers), taken, ZERO


def _value_in(worth: Worth, quantity: Decimal, value: Decimal | None, rule: Rule) -> Decimal:
    if rule.method == "standard" and rule.standard is not None:
        return round_half_up(rule.standard * quantity, rule.digits)
    if value is not None:
        return round_half_up(value, rule.digits)
    known = worth.average if worth.average is not None else rule.standard
    return round_half_up((known or ZERO) * quantity, rule.digits)


def left(worth: Worth, quantity: Decimal, rule: Rule, source: str = "") -> Issue:
    """``worth`` after ``quantity`` (above zero) went out, and what it was worth (V2, V4).

    The last unit takes the remaining value, so that quantity 0 means value 0; what goes out of empty stock costs what
    was last known (V3). ``fifo`` takes the oldest layers first, after those that ``source`` brought (V7).
    """
    there = max(worth.quantity, ZERO)
    from_stock = min(quantity, there)
    last = worth.average if worth.average is not None else rule.standard
    layers = worth.layers
    if not from_stock:
        value = ZERO
    elif from_stock == there:
        value, layers = worth.value, ()
    elif rule.method == "fifo":
        value, layers = _from_layers(worth, from_stock, rule.digits, source)
    else:
        value = round_half_up(EXACT.multiply(worth.value, from_stock) / there, rule.digits)
    beyond = quantity - from_stock
    value += round_half_up((last or ZERO) * beyond, rule.digits) if beyond else ZERO
    return Issue(Worth(worth.quantity - quantity, worth.value - value, last, worth.last_price, layers), value)


def _from_layers(worth: Worth, quantity: Decimal, digits: int, source: str) -> tuple[Decimal, tuple[Layer, ...]]:
    """The value of the layers consumed, and the layers left; each layer's last unit takes what is left of it."""
    first = [layer for layer in worth.layers if source and layer.source == source]
    order = [*first, *(layer for layer in worth.layers if layer not in first)]
    used: dict[int, Layer | None] = {}
    value, wanted = ZERO, quantity
    for layer in order:
        place = worth.layers.index(layer)
        taken = min(wanted, layer.quantity)
        if not taken:
            break
        part = layer.value if taken == layer.quantity else round_half_up(layer.value * taken / layer.quantity, digits)
        rest = layer._replace(quantity=layer.quantity - taken, value=layer.value - part)
        used[place] = rest if rest.quantity else None
        value, wanted = value + part, wanted - taken
    kept = (used.get(place, layer) for place, layer in enumerate(worth.layers))
    return value, tuple(layer for layer in kept if layer is not None)


def revalued(worth: Worth, quantity: Decimal, amount: Decimal, rule: Rule, source: str = "") -> tuple[Worth, Decimal]:
    """``worth`` when ``quantity`` of it turns out to have cost ``amount`` more (signed), and the part taken up.

    Goods still held take their part; the rest has gone to the cost of what was sold (§5.3). A standard cost does not move.
    """
    if rule.method == "standard" or quantity <= 0:
        return worth, ZERO
    if rule.method == "fifo":
        return _layers_revalued(worth, quantity, amount, rule, source)
    held = min(max(worth.quantity, ZERO), quantity)
    part = round_half_up(amount * held / quantity, rule.digits)
    return worth._replace(value=worth.value + part), part


def _layers_revalued(worth: Worth, quantity: Decimal, amount: Decimal, rule: Rule, source: str) -> tuple[Worth, Decimal]:
    part, layers = ZERO, []
    for layer in worth.layers:
        more = ZERO
        if layer.source == source:
            more = round_half_up(amount * min(layer.quantity, quantity) / quantity, rule.digits)
        layers.append(layer._replace(value=layer.value + more))
        part += more
    return worth._replace(value=worth.value + part, layers=tuple(layers)), part


def counted_cost(worth: Worth, gain: bool, rule: Rule) -> Decimal | None:
    """What one unit found or missed in a stock count is worth (V6): the average; in ``fifo`` a gain the newest layer's."""
    if rule.method == "fifo" and gain and worth.layers:
        newest = worth.layers[-1]
        return quotient(newest.value, newest.quantity)
    return worth.average if worth.average is not None else rule.standard
