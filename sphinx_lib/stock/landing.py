"""Landed costs (frais d'approche) of a receipt, shared over its lines of goods (V5)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from sphinx_lib.kernel.document import ZERO, Line
from sphinx_lib.kernel.errors import InputError, Refusal
from sphinx_lib.kernel.money import currency_digits, plain_number, round_half_up, split_by_weight
from sphinx_lib.pack.specs import EffectSpec, GuardSpec, NoParameters, Op, SetLines, Situation
from sphinx_lib.pack.workflow_model import MEASURES

COST, BY = "landed_cost", "landed_by"


def landed_cost(situation: Situation, parameters: NoParameters) -> Iterable[Refusal]:
    """Refuse, line by line, goods that have no weight or volume to share the document's ``landed_cost`` by."""
    by = _by(situation)
    if not situation.document.custom.get(COST):
        return
    for line in situation.document.lines:
        if _is_goods(line) and _measure(situation, line, by) is None:
            yield Refusal(COST, facts={"line": line.position, "item": line.item, "by": by})


def share_landed_cost(situation: Situation, parameters: NoParameters) -> Iterable[Op]:
    """Share the document's ``landed_cost``, in company currency, over its lines of goods as their ``landed_cost`` (V5, N5).

    By value unless ``landed_by`` says weight, volume or quantity. Without a cost the shares given by hand on lines stay.
    """
    document = situation.document
    amount: Decimal | None = document.custom.get(COST)
    goods = [line for line in document.lines if _is_goods(line)]
    if not amount:
        return
    currency = situation.pack.model.company.currency
    digits = currency_digits(currency)
    if amount < 0:
        told = f"{plain_number(amount)} is below zero; it is what the goods cost beside their price, give 0 or more"
        raise InputError([f"{COST}: {told}"])
    if amount != round_half_up(amount, digits):
        raise InputError([f"{COST}: {plain_number(amount)} is no amount in {currency}; give it with {digits} decimals"])
    by = _by(situation)
    weights = [_measure(situation, line, by) or ZERO for line in goods]
    if not sum(weights, ZERO):
        raise InputError([f"{COST}: the goods have no {by} to share it by; choose another {BY}: {', '.join(MEASURES)}"])
    shares = dict(zip((line.id for line in goods), split_by_weight(amount, weights, digits), strict=True))
    yield SetLines(
        tuple(
            line._replace(custom={**line.custom, COST: shares[line.id]}) if line.id in shares else line
            for line in document.lines
        )
    )


def _by(situation: Situation) -> str:
    return str(situation.document.custom.get(BY) or MEASURES[0])


def _is_goods(line: Line) -> bool:
    return any(quantity > 0 for _, quantity in line.goods)


def _measure(situation: Situation, line: Line, by: str) -> Decimal | None:
    """What the line counts in the sharing: net in document currency, kg, m³, or stock units; none if unknown."""
    if by == "value":
        return line.net
    if by == "quantity":
        return line.stock_quantity
    item = situation.items.get(line.item or "")
    of_unit = line.weight_kg if by == "weight" else item.volume_m3 if item is not None else None
    return None if of_unit is None else of_unit * line.stock_quantity


GUARDS = (
    GuardSpec("landed_cost", landed_cost, needs=frozenset({"items"}), facts=("line", "item", "by")),
)
EFFECTS = (
    EffectSpec("share_landed_cost", share_landed_cost, needs=frozenset({"items"})),
)
