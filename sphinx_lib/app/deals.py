"""What a deal brings at each stage: quoted, ordered, delivered, invoiced (S50, AF1, M3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.sight import sees_margin
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Id
from sphinx_lib.kernel.errors import NotFound
from sphinx_lib.kernel.master import Deal
from sphinx_lib.kernel.money import counterpart, currency_digits, round_half_up
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.workflow_model import DocumentType
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import master as store_master
from sphinx_lib.store.documents import OfDeal, Unstocked
from sphinx_lib.workflow.facts import rate


class DealStage(NamedTuple):
    """One stage in company currency: ``net`` of the sales, goods and services after discounts, without port and the like
    (M3); their ``cost``; ``purchases`` made for the deal that went into no stock.

    Cost and purchases are none where they are not shown.
    """

    net: Decimal = ZERO
    cost: Decimal | None = ZERO
    purchases: Decimal | None = ZERO

    @property
    def margin(self) -> Decimal | None:
        """Net minus cost minus purchases (M1, M3)."""
        return None if self.cost is None or self.purchases is None else self.net - self.cost - self.purchases

    @property
    def margin_rate(self) -> Decimal | None:
        """Margin in percent of the sale (taux de marque); none without a sale."""
        return rate(self.margin, self.net)

    @property
    def markup_rate(self) -> Decimal | None:
        """Margin in percent of cost and purchases (taux de marge); none without either."""
        spent = None if self.cost is None or self.purchases is None else self.cost + self.purchases
        return rate(self.margin, spent)


@dataclass(frozen=True)
class DealView:
    """Both sides of a deal.

    A document counts from the state that takes it out of drafts to one that takes it back, such as cancelled; an invoice
    cancelled by a credit note counts, and so does that note, the other way. Purchases are lines that go into no stock:
    what does costs something when it is sold. What a stage buys for the deal counts for that, instead of the cost which
    the sales of the same item, without stock, expected.
    """

    deal: Deal
    currency: str
    quoted: DealStage
    ordered: DealStage
    delivered: DealStage
    invoiced: DealStage


class _Counted(NamedTuple):
    """A document that counts in a stage: its figures in company currency, with its sign."""

    id: Id
    stage: str
    side: str
    sign: Decimal
    net: Decimal
    cost: Decimal


def deal_view(unit: Unit, code: str) -> DealView:
    """The figures of a deal, from the documents that name it; NotFound names the nearest one.

    Two statements, three where something was bought for it.
    """
    stored = store_master.stored(unit.connection, unit.company, "deal", [code])
    if code not in stored:
        known = store_master.codes_of(unit.connection, unit.company, "deal")
        raise NotFound(f"no deal {code!r}{did_you_mean(code, known)}")
    currency = unit.pack.model.company.currency
    rows = store_documents.of_deal(unit.connection, unit.company, code)
    counted = [one for row in rows if (one := _counted(unit, row)) is not None]
    bought = any(one.side == "purchase" for one in counted)
    lines = store_documents.unstocked_of_deal(unit.connection, unit.company, code) if bought else ()
    goods = {row.id: row.goods for row in rows}
    shown = sees_margin(unit.actor)
    parts = {}
    for name in ("quoted", "ordered", "delivered", "invoiced"):
        stage = _stage([one for one in counted if one.stage == name], lines, goods, currency_digits(currency))
        parts[name] = stage if shown else stage._replace(cost=None, purchases=None)
    return DealView(Deal.model_validate(stored[code].data), currency, **parts)


def _counted(unit: Unit, row: OfDeal) -> _Counted | None:
    declared = unit.pack.type_of(row.type, row.kind)
    if declared.deal_stage is None or not _counts(declared, row.state):
        return None
    digits, sign = currency_digits(unit.pack.model.company.currency), declared.sign_number
    net, cost = (sign * counterpart(one, row.rate, digits) for one in (row.net, row.cost))
    return _Counted(row.id, declared.deal_stage, declared.side, sign, net, cost)


def _stage(counted: list[_Counted], lines: Iterable[Unstocked], goods: Mapping[Id, Decimal], digits: int) -> DealStage:
    """One stage out of its documents and their lines that move no stock."""
    of = {one.id: one for one in counted}
    own = [line for line in lines if line.document_id in of]
    bought = [line for line in own if of[line.document_id].side == "purchase"]
    items = {line.item for line in bought if line.item}
    purchases = ZERO
    for line in bought:
        document = of[line.document_id]
        whole = goods[document.id]
        purchases += document.net * line.net / whole if whole else ZERO  # its part, after discounts at the foot
    sales = [one for one in counted if one.side == "sales"]
    expected = sum(
        (of[line.document_id].sign * (line.cost or ZERO) * line.quantity for line in own
         if line.item in items and of[line.document_id].side == "sales"),
        ZERO,
    )  # fmt: skip
    return DealStage(
        sum((one.net for one in sales), ZERO),
        sum((one.cost for one in sales), ZERO) - round_half_up(expected, digits),
        round_half_up(purchases, digits),
    )


def _counts(declared: DocumentType, state: str) -> bool:
    """Whether a document in ``state`` stands: what the books hold does, drafts and what came to nothing do not."""
    if declared.says(state, "posts"):
        return True
    return not declared.says(state, "editable") and declared.counts(state) == "done"
