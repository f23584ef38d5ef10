"""The policy on stock below zero: forbid, warn or allow, by item, warehouse or company (K7)."""

from __future__ import annotations

from collections.abc import Iterable

from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.errors import Refusal
from sphinx_lib.pack.specs import GuardSpec, NoParameters, Situation


def policy_of(situation: Situation, item: str, warehouse: str) -> str:
    """The policy that holds for an item in a warehouse; the company's where neither says anything."""
    return situation.policies.get((item, warehouse)) or situation.pack.model.stock.negative_stock


def stock_policy(situation: Situation, parameters: NoParameters) -> Iterable[Refusal]:
    """Refuse, line by line, what would take physical stock below zero where the policy forbids it."""
    left = dict(situation.physical)
    for line in situation.document.lines:
        if not line.stocked or not line.item or line.stock_quantity <= 0:
            continue
        key = (line.item, line.warehouse)
        before = left.get(key, ZERO)
        left[key] = before - line.stock_quantity
        if left[key] < 0 and policy_of(situation, *key) == "forbid":
            facts = {"line": line.position, "item": line.item, "needed": line.stock_quantity, "physical": before}
            yield Refusal("stock_policy", facts=facts)


GUARDS = (
    GuardSpec(
        "stock_policy",
        stock_policy,
        needs=frozenset({"stock"}),
        facts=("line", "item", "needed", "physical"),
    ),
)
