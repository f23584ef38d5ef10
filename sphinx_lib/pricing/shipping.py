"""Port: what a rule charges for goods of a value and a weight (PF1)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import ceil
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO, Line
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.money import plain_number, round_half_up
from sphinx_lib.pack.shipping_model import ShippingRule

WEIGHT_DIGITS = 3
SHIPPING = "shipping"


class Port(NamedTuple):
    """What port costs, without tax and not rounded, in the currency of the goods; ``reason`` says what it was taken of."""

    amount: Decimal
    reason: str


class Weight(NamedTuple):
    """Net weight in kg, rounded once (W1), and the positions of lines with goods whose weight nobody knows."""

    kg: Decimal
    unknown: tuple[int, ...]


def by_rule(line: Line) -> bool:
    """Whether a rule made the line, in this document or in the one that it was copied from."""
    return line.role == SHIPPING and line.trace[:1] != () and line.trace[0].step == SHIPPING


def weight_of(lines: Sequence[Line]) -> Weight:
    """The weight of what is delivered of ``lines``."""
    known = [line for line in lines if line.counts and line.weight_kg is not None]
    total = sum((line.stock_quantity * (line.weight_kg or ZERO) for line in known), ZERO)
    unknown = tuple(line.position for line in lines if line.goods and line.weight_kg is None)
    return Weight(round_half_up(total, WEIGHT_DIGITS), unknown)


def port(name: str, rule: ShippingRule, goods: Decimal, weight: Weight, rate: Decimal) -> Port:
    """What the rule called ``name`` charges; ``goods`` is their net after all discounts, in the document's currency.

    ``rate`` is that currency's units for one of the company's, in which the rule's amounts are. Raises InputError for a
    weight that is unknown or above the last bracket.
    """
    if rule.free_from is not None and goods >= rule.free_from * rate:
        return Port(ZERO, f"free from {plain_number(rule.free_from)}")
    if rule.kind == "percent":
        return Port(goods * (rule.percent or ZERO) / 100, f"{plain_number(rule.percent or ZERO)} %")
    if rule.kind == "fixed":
        return Port((rule.amount or ZERO) * rate, "fixed")
    if weight.unknown:
        lines = ", ".join(str(position) for position in weight.unknown)
        raise InputError(
            [f"shipping rule {name!r} goes by weight, and line {lines} has none; give the item weight_kg, or enter the port"]
        )
    return Port(_by_weight(name, rule, weight.kg) * rate, f"{plain_number(weight.kg)} kg")


def _by_weight(name: str, rule: ShippingRule, kg: Decimal) -> Decimal:
    for bound, amount in rule.brackets:
        if kg < bound or (kg == bound and rule.upper_bound == "included"):
            return amount
    last, amount = rule.brackets[-1]
    if rule.beyond is None:
        raise InputError(
            [
                f"shipping rule {name!r}: {plain_number(kg)} kg is above its last bracket of {plain_number(last)} kg; "
                "enter the port, or give the rule an amount `beyond`"
            ]
        )
    return amount + rule.beyond * _begun(kg - last, rule)


def _begun(kg: Decimal, rule: ShippingRule) -> int:
    """Further kilograms begun; a full one begins the next when upper bounds are excluded."""
    return ceil(kg) if rule.upper_bound == "included" else int(kg) + 1
