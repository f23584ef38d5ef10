"""What the month came to, read back from the database: made, open, earned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.views import DocumentView, Views
from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.money import counterpart, currency_digits
from sphinx_lib.pack.base import in_language


class Made(NamedTuple):
    """Documents of one type that have a number, and their total in company currency: net, of payments what was paid."""

    type: str
    label: str
    documents: int
    total: Decimal


class Owed(NamedTuple):
    """What a customer owes in company currency, and the open amount of its documents in its own currency."""

    name: str
    balance: Decimal
    currency: str
    in_currency: Decimal


class OpenOrder(NamedTuple):
    """An order not delivered in full: what is left of each line."""

    number: str
    name: str
    left: tuple[tuple[str, Decimal, str], ...]


class Earned(NamedTuple):
    """Invoices less credit notes of one customer, net and in company currency, and what the goods had cost."""

    name: str
    sales: Decimal
    cost: Decimal

    @property
    def margin(self) -> Decimal:
        """Sales less cost (M1)."""
        return self.sales - self.cost

    @property
    def rate(self) -> Decimal | None:
        """Margin in percent of the sales (taux de marque)."""
        return self.margin * 100 / self.sales if self.sales else None


class Figures(NamedTuple):
    """The month in figures; ``total`` is the margin of all customers."""

    made: tuple[Made, ...]
    owed: tuple[Owed, ...]
    orders: tuple[OpenOrder, ...]
    earned: tuple[Earned, ...]
    total: Earned


def figures(views: Views) -> Figures:
    """All figures of the database that ``views`` reads."""
    all_ = [view for view in views.documents(views.ids()) if view.document.number]
    earned = tuple(_earned(all_))
    total = Earned("", sum((one.sales for one in earned), ZERO), sum((one.cost for one in earned), ZERO))
    return Figures(tuple(_made(all_)), tuple(_owed(views)), tuple(_orders(all_)), earned, total)


def _made(all_: Sequence[DocumentView]) -> Iterator[Made]:
    if not all_:
        return
    for name, declared in all_[0].model.document_types.items():
        found = [view.document for view in all_ if view.document.type == name]
        if found:
            amounts = (one.counterpart_net if declared.lines else one.counterpart_gross for one in found)
            yield Made(name, in_language(declared.label, "en"), len(found), sum(amounts, ZERO))


def _owed(views: Views) -> Iterator[Owed]:
    for code in views.codes("customer"):
        customer = views.customer(code)
        if customer.balance:
            found = [view for view in views.documents(views.ids(party=code)) if view.document.balance]
            amount = sum((view.type.sign_number * view.document.balance for view in found), ZERO)
            yield Owed(customer.party.name, customer.balance, found[0].document.currency, amount)


def _orders(all_: Sequence[DocumentView]) -> Iterator[OpenOrder]:
    for view in all_:
        document = view.document
        if document.type == "sales_order" and document.state == "confirmed":
            left = [(line.text, line.remaining("delivered"), line.unit) for line in document.lines]
            rest = tuple(row for row in left if row[1])
            if rest:
                yield OpenOrder(document.number or "", str(document.party_facts["name"]), rest)


def _earned(all_: Sequence[DocumentView]) -> Iterator[Earned]:
    by_customer: dict[str, Earned] = {}
    for view in all_:
        if view.type.fiscal:
            document, sign = view.document, view.type.sign_number
            name = str(document.party_facts["name"])
            so_far = by_customer.get(name, Earned(name, ZERO, ZERO))
            digits = currency_digits(view.model.company.currency)
            cost = counterpart(document.total_cost or ZERO, document.rate, digits)
            by_customer[name] = Earned(name, so_far.sales + sign * document.counterpart_net, so_far.cost + sign * cost)
    yield from sorted(by_customer.values(), key=lambda one: -one.margin)
