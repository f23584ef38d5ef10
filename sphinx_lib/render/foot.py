"""The rows between lines and totals: discounts, escompte, port and contributions as text, in the order they add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from sphinx_lib.kernel.document import ZERO, Document
from sphinx_lib.render.letterhead import Pair

SHOWN = ("foot_discount", "early_payment_discount", "shipping", "eco_contribution", "deposits")
"""What makes the foot worth a row: without any of it the lines add up to the total."""

Say = Callable[..., str]
Figure = Callable[[Decimal], str]


def foot_rows(document: Document, t: Say, money: Figure, percent: Figure) -> Iterator[Pair]:
    """Labels and amounts without tax that lead from the goods to the net total; none where the goods are all of it."""
    totals = document.totals
    if not any(totals.get(name) for name in SHOWN):
        return
    early = totals.get("early_payment_discount", ZERO)
    yield Pair(t("goods_total"), money(totals["goods"]))
    if totals["foot_discount"]:
        yield Pair(_discount(document, t, money, percent), money(-totals["foot_discount"]))
        if early:
            yield Pair(t("net_commercial"), money(totals["net_commercial"]))
    if early:
        yield Pair(t("early_payment_discount", percent=percent(document.early_payment_discount)), money(-early))
        yield Pair(t("net_financial"), money(totals["net_financial"]))
    for name, label in (("shipping", "line_shipping"), ("eco_contribution", "line_eco"), ("deposits", "deposits")):
        if totals.get(name):
            yield Pair(t(label), money(totals[name]))


def _discount(document: Document, t: Say, money: Figure, percent: Figure) -> str:
    """The name of the foot discount with its percent; an amount stands in the row already, unless it comes on top."""
    if not document.foot_discount:
        return t("foot_discount_amount")
    parts = [percent(document.foot_discount)]
    if document.foot_discount_amount:
        parts.append(money(document.foot_discount_amount))
    return t("foot_discount", percent=" + ".join(parts))
