"""What a deal brings at each stage: quoted, ordered, delivered, invoiced (S50, AF1, M3)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.margins import sees_margin
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.errors import NotFound
from sphinx_lib.kernel.master import Deal
from sphinx_lib.kernel.money import counterpart, currency_digits
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.workflow_model import DocumentType
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import master as store_master
from sphinx_lib.workflow.facts import rate


class DealStage(NamedTuple):
    """Sales of one stage in company currency: goods and services after discounts, without port and the like (M3).

    ``cost`` is none where it is not shown.
    """

    net: Decimal = ZERO
    cost: Decimal | None = ZERO

    @property
    def margin(self) -> Decimal | None:
        """Net minus cost (M1)."""
        return None if self.cost is None else self.net - self.cost

    @property
    def margin_rate(self) -> Decimal | None:
        """Margin in percent of the sale (taux de marque); none without a sale."""
        return rate(self.margin, self.net)

    @property
    def markup_rate(self) -> Decimal | None:
        """Margin in percent of the cost (taux de marge); none without a cost."""
        return rate(self.margin, self.cost)


@dataclass(frozen=True)
class DealView:
    """The sales side of a deal; purchases for it come with purchase documents.

    A document counts from the state that takes it out of drafts to one that takes it back, such as cancelled; an invoice
    cancelled by a credit note counts, and so does that note, the other way.
    """

    deal: Deal
    currency: str
    quoted: DealStage
    ordered: DealStage
    delivered: DealStage
    invoiced: DealStage


def deal_view(unit: Unit, code: str) -> DealView:
    """The figures of a deal, from the documents that name it, in two statements; NotFound names the nearest one."""
    stored = store_master.stored(unit.connection, unit.company, "deal", [code])
    if code not in stored:
        known = store_master.codes_of(unit.connection, unit.company, "deal")
        raise NotFound(f"no deal {code!r}{did_you_mean(code, known)}")
    currency = unit.pack.model.company.currency
    digits = currency_digits(currency)
    stages: dict[str, DealStage] = {}
    for row in store_documents.of_deal(unit.connection, unit.company, code):
        declared = unit.pack.type_of(row.type, row.kind)
        if declared.deal_stage is None or not _counts(declared, row.state):
            continue
        so_far = stages.get(declared.deal_stage, DealStage())
        net, cost = (declared.sign_number * counterpart(one, row.rate, digits) for one in (row.net, row.cost))
        stages[declared.deal_stage] = DealStage(so_far.net + net, (so_far.cost or ZERO) + cost)
    shown = sees_margin(unit.actor)
    found = {name: stages.get(name, DealStage()) for name in ("quoted", "ordered", "delivered", "invoiced")}
    parts = {name: stage if shown else stage._replace(cost=None) for name, stage in found.items()}
    return DealView(Deal.model_validate(stored[code].data), currency, **parts)


def _counts(declared: DocumentType, state: str) -> bool:
    """Whether a document in ``state`` stands: what the books hold does, drafts and what came to nothing do not."""
    if declared.says(state, "posts"):
        return True
    return not declared.says(state, "editable") and declared.counts(state) == "done"
