"""The policy on stock below zero: forbid, warn or allow, by item, warehouse or company (K7)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.errors import Refusal
from sphinx_lib.pack.specs import GuardSpec, NoParameters, Situation


def policy_of(situation: Situation, item: str, warehouse: str) -> str:
    """The policy that holds for an item in a warehouse; the company's where neither says anything."""
    return situation.policies.get((item, warehouse)) or situation.pack.model.stock.negative_stock


def stock_policy(situation: Situation, parameters: NoParameters) -> Iterable[Refusal]:
    """Refuse, line by line, what would take physical stock below zero where the policy forbids it, and tell it where the
    policy is to warn (K7)."""
    left = dict(situation.physical)
    for line in situation.document.lines:
        for item, needed in line.goods:
            if needed <= 0:
                continue
            before = left.get((item, line.warehouse), ZERO)
            left[item, line.warehouse] = after = before - needed
            policy = policy_of(situation, item, line.warehouse)
            if after < 0 and policy != "allow":
                facts = {"line": line.position, "item": item, "needed": needed, "physical": before}
                yield Refusal("stock_policy", facts=facts, warns=policy == "warn")


def goods_in_stock(situation: Situation, parameters: NoParameters) -> Iterable[Refusal]:
    """Refuse, item by item, what brought in goods that are no longer all there, whatever the policy."""
    if not situation.type.says(situation.document.state, "stock"):
        return
    brought: dict[tuple[str, str], Decimal] = {}
    for line in situation.document.lines:
        for item, quantity in line.goods:
            brought[item, line.warehouse] = brought.get((item, line.warehouse), ZERO) + quantity
    for (item, warehouse), quantity in brought.items():
        here = situation.physical.get((item, warehouse), ZERO)
        if here < quantity:
            yield Refusal("goods_in_stock", facts={"item": item, "needed": quantity, "physical": here})


GUARDS = (
    GuardSpec(
        "goods_in_stock", goods_in_stock, needs=frozenset({"stock"}), facts=("item", "needed", "physical"),
    ),
    GuardSpec(
        "stock_policy",
        stock_policy,
        needs=frozenset({"stock"}),
        facts=("line", "item", "needed", "physical"),
    ),
)
