"""What is bought for whom (PO2, PO5)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import Document, Id
from sphinx_lib.pack.pack import Pack
from sphinx_lib.stock.pegs import served


class PegView(NamedTuple):
    """A peg of a purchase line, in its unit: for which order, how much, what came in for it, what is on order for it."""

    position: int
    item: str
    document_id: Id
    number: str
    promised: date | None
    quantity: Decimal
    served: Decimal
    waiting: Decimal


def pegs_of(document: Document, pack: Pack) -> list[PegView]:
    """The pegs of all lines, by line, each line's in the order in which receipts serve them (PO5)."""
    declared = pack.type_of(document.type, document.kind).pegs
    if declared is None:
        return []
    return [
        PegView(
            line.position, line.item or "", peg.document_id, peg.number, peg.promised, peg.quantity, done, waiting
        )
        for line in document.lines
        for peg, done, waiting in served(line, line.done(declared.served_by))
    ]  # fmt: skip
