"""What customers bought in a period, by how it was taxed: the sales that year-end rebates are taken of (D3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.runs import chunks
from sphinx_lib.app.unit import Unit
from sphinx_lib.billing.rebates import Period
from sphinx_lib.kernel.document import ZERO, Document
from sphinx_lib.kernel.money import counterparts, currency_digits, exact_sum
from sphinx_lib.pack.pack import Pack, TypeKey
from sphinx_lib.pricing.foot import foot_of
from sphinx_lib.pricing.tax import rate_of
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import rebates as store_rebates
from sphinx_lib.store.rebates import Standing


class Basis(NamedTuple):
    """How goods were taxed: the regime, the VAT code at the foot (the regime's name where it gives no VAT), its percent."""

    regime: str
    vat: str
    rate: Decimal


@dataclass
class Turnover:
    """Goods and services after foot discounts, without tax, in company currency, by how they were taxed.

    ``days`` are the last tax days of each, on which its rate held.
    """

    amounts: dict[Basis, Decimal] = field(default_factory=dict)
    days: dict[Basis, date] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        """All of it together."""
        return exact_sum(self.amounts.values())

    def add(self, document: Document, pack: Pack, sign: Decimal) -> None:
        """Add a document, or take it away with sign -1; port, eco-contributions and deposits stay out, escompte too (M3)."""
        nets: dict[str, Decimal] = {}
        for portion in foot_of(document, pack).portions:
            if not portion.role:
                nets[portion.vat] = nets.get(portion.vat, ZERO) + portion.net
        digits = currency_digits(pack.model.company.currency)
        day = document.tax_date or document.date
        in_company = counterparts(sum(nets.values(), ZERO), list(nets.values()), document.rate, digits)
        for vat, amount in zip(nets, in_company, strict=True):
            basis = Basis(document.regime, vat, rate_of(vat, document.regime, pack, day))
            self.amounts[basis] = self.amounts.get(basis, ZERO) + sign * amount
            self.days[basis] = max(day, self.days.get(basis, day))


def turnover_of(unit: Unit, note: TypeKey, period: Period, party: str | None) -> dict[str, Turnover]:
    """Posted sales less credit notes dated within ``period``, by customer; rebates, which are ``note``s, stay out.

    Two statements for each chunk of documents, besides the one that finds them.
    """
    sales = _sales(unit.pack, note)
    ids = store_rebates.sales_between(unit.connection, unit.company, sales, period.first, period.last, party)
    found: dict[str, Turnover] = {}
    for chunk in chunks(ids):
        for document in store_documents.load(unit.connection, unit.company, chunk):
            own = found.setdefault(document.party or "", Turnover())
            own.add(document, unit.pack, unit.type_of(document).sign_number)
    return found


def _sales(pack: Pack, note: TypeKey) -> Sequence[Standing]:
    """The types, kinds and states in which documents are posted as sales to customers."""
    postings = pack.model.accounting.postings
    return [
        (*key, state)
        for key, declared in pack.types.items()
        if declared.side == "sales" and key != note
        for state in declared.states
        if (posts := declared.says(state, "posts")) and postings[posts].kind == "sale"
    ]
