"""Prices that were refused: each answer of a guard narrows down what something costs, so each is
kept."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import Document, Id


class PriceTry(NamedTuple):
    """A price that a guard refused, on the ``line`` (0: the whole document, with its net) of a
    document that may never have been written. ``event`` is what was tried: ``enter``, or the event
    fired."""

    document_id: Id
    type: str
    party: str
    event: str
    line: int
    item: str
    guard: str
    price: Decimal
    currency: str

    @classmethod
    def of(
        cls, document: Document, event: str, line: int, item: str, guard: str, price: Decimal
    ) -> PriceTry:
        """A try on ``document``."""
        return cls(
            document.id,
            document.type,
            document.party or "",
            event,
            line,
            item,
            guard,
            price,
            document.currency,
        )


class RefusedPrice(NamedTuple):
    """A try as it is kept: who, when, and what was refused."""

    id: Id
    at: datetime
    actor: str
    tried: PriceTry
