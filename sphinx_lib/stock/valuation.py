"""What stock is worth: weighted average (CUMP), first in first out (PEPS) or standard cost (V1-V7).

Quantities are in the stock unit, values in company currency. A cost is the exact quotient of value and quantity: it is
rounded where a value is made of it, never for further use (V1). Every function answers with what the item is worth
afterwards and with the value that moved, so that values of moves add up to the value of what is there.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.money import EXACT, round_half_up
from sphinx_lib.kernel.worth import Layer, Worth, quotient, share

Method = Literal["average", "fifo", "standard"]


class Rule(NamedTuple):
    """How an item is valued: the method, its standard cost, and the decimals of the currency.

    Without a standard cost the method ``standard`` is the average.
    """

    method: Method = "average"
    standard: Decimal | None = None
    digits: int = 2


class Change(NamedTuple):
    """The worth after a move, the signed ``value`` of the move, and a ``correction`` of value alone beside it."""

    worth: Worth
    value: Decimal
    correction: Decimal = ZERO


def entered(worth: Worth, quantity: Decimal, value: Decimal | None, rule: Rule, day: date, source: str = "") -> Change:
    """``quantity`` (above zero) comes in for ``value``; without one at what a unit found in a count is worth (V6).

    A receipt that meets negative stock resets the cost to its own price: the correction is what that takes off or adds
    (V3). What comes in when nobody knows a cost is worth nothing and leaves the cost unknown.
    """
    if rule.method == "standard" and rule.standard is not None:
        return _at_standard(worth, quantity, rule.standard, rule.digits)
    cost = counted_cost(worth, rule) if value is None else quotient(value, quantity)
    exact = value if value is not None else EXACT.multiply(cost or ZERO, quantity)
    taken = round_half_up(exact, rule.digits)
    after = worth.quantity + quantity
    if worth.quantity < 0:
        left_over = share(exact, after, quantity, rule.digits)
        layers = _layer(day, source, after, left_over) if rule.method == "fifo" else ()
        fresh = Worth(after, left_over, cost, worth.last_price, layers)
        return Change(fresh, taken, left_over - worth.value - taken)
    layers = ()
    if rule.method == "fifo":
        there = layers_of(worth)
        place = bisect_right(there, day, key=lambda layer: layer.day)
        layers = (*there[:place], Layer(day, source, quantity, taken), *there[place:])
    return Change(Worth(after, worth.value + taken, cost, worth.last_price, layers), taken)


def left(worth: Worth, quantity: Decimal, rule: Rule, source: str = "") -> Change:
    """``quantity`` (above zero) goes out (V2, V4); the value of the move is below zero.

    The last unit takes the remaining value, so that quantity 0 means value 0; what goes out of empty stock costs what
    was last known (V3). ``fifo`` takes the oldest layers first, after those that ``source`` brought (V7).
    """
    if rule.method == "standard" and rule.standard is not None:
        return _at_standard(worth, -quantity, rule.standard, rule.digits)
    there = max(worth.quantity, ZERO)
    from_stock = min(quantity, there)
    layers: tuple[Layer, ...] = ()
    if from_stock == there:
        value = worth.value if there else ZERO
    elif rule.method == "fifo":
        value, layers = _from_layers(layers_of(worth), from_stock, rule.digits, source)
    else:
        value = share(worth.value, from_stock, there, rule.digits)
    last = counted_cost(worth, rule)
    beyond = quantity - from_stock
    if beyond and last is not None:
        value += round_half_up(EXACT.multiply(last, beyond), rule.digits)
    after = Worth(worth.quantity - quantity, worth.value - value, last, worth.last_price, layers)
    return Change(after, -value)


def taken_back(
    worth: Worth, quantity: Decimal, value: Decimal, rule: Rule, day: date, source: str = ""
) -> Change:
    """Moves are undone: ``quantity`` and ``value`` are what now moves, both signed, the reverse of what had moved.

    It moves at that value as long as what remains can be worth the rest; else as any other receipt or issue. In ``fifo``
    goods that come back are the oldest again, and goods that go leave the layer that ``source`` brought.
    """
    after, rest = worth.quantity + quantity, worth.value + value
    makes_sense = EXACT.multiply(rest, after) > 0 or not rest
    if (rule.method == "standard" and rule.standard is not None) or not makes_sense:
        return _again(worth, quantity, abs(value), rule, day, source)
    if rule.method != "fifo" or after <= 0:
        return Change(Worth(after, rest, worth.average, worth.last_price), value)
    if quantity < 0:
        return left(worth, -quantity, rule, source)
    if worth.quantity < 0:
        layers = _layer(day, source, after, rest)
    else:
        there = layers_of(worth)
        layers = (Layer(min([day, *(layer.day for layer in there[:1])]), source, quantity, value), *there)
    return Change(Worth(after, rest, worth.last_cost, worth.last_price, layers), value)


def _layer(day: date, source: str, quantity: Decimal, value: Decimal) -> tuple[Layer, ...]:
    return (Layer(day, source, quantity, value),) if quantity > 0 else ()


def _again(worth: Worth, quantity: Decimal, value: Decimal, rule: Rule, day: date, source: str) -> Change:
    return entered(worth, quantity, value, rule, day, source) if quantity > 0 else left(worth, -quantity, rule, source)


def _at_standard(worth: Worth, quantity: Decimal, standard: Decimal, digits: int) -> Change:
    """Stock is always worth its quantity at the standard cost; the correction is what a new standard cost changed."""
    before, after = (
        round_half_up(EXACT.multiply(standard, amount), digits) for amount in (worth.quantity, worth.quantity + quantity)
    )
    fresh = Worth(worth.quantity + quantity, after, standard, worth.last_price)
    return Change(fresh, after - before, before - worth.value)


def layers_of(worth: Worth) -> tuple[Layer, ...]:
    """The layers of what is there, oldest first; goods valued in another way so far are one layer, the oldest."""
    if worth.quantity <= 0 or sum((layer.quantity for layer in worth.layers), ZERO) == worth.quantity:
        return worth.layers
    return (Layer(date.min, "", worth.quantity, worth.value),)


def _from_layers(
    layers: tuple[Layer, ...], quantity: Decimal, digits: int, source: str
) -> tuple[Decimal, tuple[Layer, ...]]:
    """The value of the layers consumed, and the layers left; each layer's last unit takes what is left of it."""
    own = [place for place, layer in enumerate(layers) if source and layer.source == source]
    order = [*own, *(place for place in range(len(layers)) if place not in own)]
    rest = dict(enumerate(layers))
    value, wanted = ZERO, quantity
    for place in order:
        layer = layers[place]
        taken = min(wanted, layer.quantity)
        if not taken:
            break
        part = layer.value if taken == layer.quantity else share(layer.value, taken, layer.quantity, digits)
        value, wanted = value + part, wanted - taken
        rest[place] = layer._replace(quantity=layer.quantity - taken, value=layer.value - part)
    return value, tuple(layer for layer in rest.values() if layer.quantity)


def revalued(worth: Worth, quantity: Decimal, amount: Decimal, rule: Rule, source: str = "") -> Change:
    """``quantity`` (above zero), which ``source`` brought, turns out to have cost ``amount`` more (signed).

    Goods still held take their part as a correction, never more than they are worth; the rest has gone to the cost of
    what was sold (§5.3). A standard cost does not move.
    """
    if (rule.method == "standard" and rule.standard is not None) or quantity <= 0:
        return Change(worth, ZERO)
    if rule.method == "fifo":
        return _layers_revalued(worth, quantity, amount, rule, source)
    held = min(max(worth.quantity, ZERO), quantity)
    part = max(share(amount, held, quantity, rule.digits), -worth.value) if held else ZERO
    return Change(worth._replace(value=worth.value + part), ZERO, part)


def _layers_revalued(worth: Worth, quantity: Decimal, amount: Decimal, rule: Rule, source: str) -> Change:
    part, layers = ZERO, []
    for layer in layers_of(worth):
        more = ZERO
        if layer.source == source:
            held = min(layer.quantity, quantity)
            more = max(share(amount, held, quantity, rule.digits), -layer.value)
        layers.append(layer._replace(value=layer.value + more))
        part += more
    return Change(worth._replace(value=worth.value + part, layers=tuple(layers)), ZERO, part)


def counted_cost(worth: Worth, rule: Rule) -> Decimal | None:
    """What one unit found in a stock count is worth (V6); none if nobody knows.

    The average, in ``fifo`` that of the newest layer. Of empty stock it is the cost last known (V3), else the standard cost.
    """
    if rule.method == "standard" and rule.standard is not None:
        return rule.standard
    if rule.method == "fifo" and worth.quantity > 0:
        layer = layers_of(worth)[-1]
        if layer.value or worth.last_cost is not None:
            return quotient(layer.value, layer.quantity)
    return worth.average if worth.average is not None else rule.standard
