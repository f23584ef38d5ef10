"""What suppliers answered to one request, side by side in company currency, and the best of each line (S11, PO3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.document_view import DocumentView
from sphinx_lib.kernel.document import ZERO, Document, Id, Line
from sphinx_lib.kernel.money import round_half_up

DELAY, VALID_TO, VALID_UNTIL = "delay_days", "valid_to", "valid_until"
"""The fields of an answer that are compared, where its type declares them: of lines, and of the whole."""
PRICE_DIGITS = 4


class Offer(NamedTuple):
    """What one supplier answered to one line, net in company currency: ``net`` of the line after what is taken off at the
    foot, ``unit_price`` of one unit asked for. ``line`` is that of the answer, by which it may be ordered; ``valid`` says
    whether it still holds, ``best`` that none is better."""

    supplier: str
    document: Id
    line: Id
    quantity: Decimal
    unit_price: Decimal
    net: Decimal
    delay_days: Decimal | None
    valid_to: date | None
    valid: bool
    best: bool = False


class ComparedLine(NamedTuple):
    """A line that was asked for, and the offers for it in the order of the suppliers."""

    line: Line
    offers: tuple[Offer, ...]

    @property
    def best(self) -> Offer | None:
        """The lowest price that holds; of equal ones the shortest delay, then the first supplier by code (PO3)."""
        return next((one for one in self.offers if one.best), None)


class SupplierTotal(NamedTuple):
    """All that one supplier offers, net in company currency. ``complete`` says that each line has an offer that holds;
    ``best`` that no other complete one comes to less."""

    supplier: str
    name: str
    document: Id
    state: str
    net: Decimal
    offered: int
    complete: bool
    best: bool = False


@dataclass(frozen=True)
class Comparison:
    """A request and what was answered. ``best_net`` is the sum of the best offers, whoever made them."""

    rfq: Document
    currency: str
    lines: tuple[ComparedLine, ...]
    suppliers: tuple[SupplierTotal, ...]
    best_net: Decimal


def compare(rfq: Document, answers: Sequence[DocumentView], currency: str, today: date) -> Comparison:
    """The answers to ``rfq`` side by side; what was called off is left out, what is declined stays to be read."""
    asked = [line for line in rfq.lines if line.quantity is not None and line.counts]
    ordered = sorted(answers, key=lambda view: (view.document.party or "", view.document.id))
    offers: dict[Id, list[Offer]] = {line.id: [] for line in asked}
    for view in ordered:
        for line_id, offer in _offers(view, today).items():
            offers[line_id].append(offer)
    lines = tuple(ComparedLine(line, _marked(offers[line.id])) for line in asked)
    totals = [_total(view, lines) for view in ordered]
    best = min((one for one in totals if one.complete), key=lambda one: (one.net, one.supplier), default=None)
    return Comparison(
        rfq,
        currency,
        lines,
        tuple(one._replace(best=one is best) for one in totals),
        sum((line.best.net for line in lines if line.best is not None), ZERO),
    )


def _offers(view: DocumentView, today: date) -> Mapping[Id, Offer]:
    """By line asked for what an answer offers; lines without a price are no offer."""
    document = view.document
    whole = document.custom.get(VALID_UNTIL)
    found = {}
    for line, net in zip(document.lines, view.counterparts, strict=True):
        if line.unit_price is None or not line.quantity or line.source_id is None:
            continue
        until = line.custom.get(VALID_TO) or whole
        found[line.source_id] = Offer(
            document.party or "", document.id, line.id, line.quantity, round_half_up(net / line.quantity, PRICE_DIGITS), net,
            line.custom.get(DELAY), until, until is None or until >= today,
        )  # fmt: skip
    return found


def _marked(offers: Sequence[Offer]) -> tuple[Offer, ...]:
    best = min((one for one in offers if one.valid), key=_rank, default=None)
    return tuple(one._replace(best=one is best) for one in offers)


def _rank(one: Offer) -> tuple[Decimal, bool, Decimal, str]:
    return one.net / one.quantity, one.delay_days is None, one.delay_days or ZERO, one.supplier


def _total(view: DocumentView, lines: Sequence[ComparedLine]) -> SupplierTotal:
    document = view.document
    own = [one for line in lines for one in line.offers if one.document == document.id]
    return SupplierTotal(
        document.party or "", str(document.party_facts.get("name", "")), document.id, document.state,
        sum((one.net for one in own), ZERO), len(own), bool(lines) and sum(one.valid for one in own) == len(lines),
    )  # fmt: skip
