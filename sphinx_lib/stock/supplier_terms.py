"""What suppliers ask of an order: a least amount, an amount from which they deliver free, and lots of their items (R3).

Quantities are in the item's stock unit, amounts net in company currency.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from math import ceil, floor
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO, Document
from sphinx_lib.kernel.errors import Refusal
from sphinx_lib.kernel.master import Party, Sourcing
from sphinx_lib.kernel.money import counterpart, currency_digits
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.specs import GuardSpec, NoParameters, Situation


class Lot(NamedTuple):
    """How much of an item a supplier sells at a time; none sets no bound."""

    minimum: Decimal | None = None
    maximum: Decimal | None = None
    multiple: Decimal | None = None

    @classmethod
    def of(cls, terms: Sourcing | None, whole: Decimal | None = None) -> Lot:
        """What ``terms`` say, by whole purchase units (``whole`` stock units each) where they name no multiple."""
        if terms is None:
            return cls(multiple=whole)
        return cls(terms.minimum, terms.maximum, terms.multiple or whole)

    def raised(self, quantity: Decimal) -> Decimal:
        """``quantity`` raised to the minimum, then up to the multiple (R3); the most there may be above the maximum."""
        most = self.maximum
        found = max(quantity, self.minimum or ZERO)
        if self.multiple:
            found = ceil(found / self.multiple) * self.multiple
            most = None if most is None else floor(most / self.multiple) * self.multiple
        return found if most is None else min(found, most)


def net_of(document: Document, pack: Pack) -> Decimal:
    """The net total of ``document`` in company currency."""
    return counterpart(document.total_net, document.rate, currency_digits(pack.model.company.currency))


def carriage_missing(document: Document, party: Party | None, pack: Pack) -> Decimal:
    """How much more the order must come to so that the supplier delivers it free; 0 where it does, or never does."""
    threshold = party.free_carriage_from if party else None
    return ZERO if threshold is None else max(threshold - net_of(document, pack), ZERO)


def supplier_minimum(situation: Situation, parameters: NoParameters) -> Iterable[Refusal]:
    """Refuse an order that does not come to the least its supplier takes."""
    least = situation.party.minimum_order if situation.party else None
    if least is None:
        return
    amount = net_of(situation.document, situation.pack)
    if amount < least:
        facts = {"amount": amount, "minimum": least, "missing": least - amount}
        yield Refusal("supplier_minimum", facts=facts)


GUARDS = (
    GuardSpec(
        "supplier_minimum",
        supplier_minimum,
        needs=frozenset({"party"}),
        facts=("amount", "minimum", "missing"),
    ),
)
