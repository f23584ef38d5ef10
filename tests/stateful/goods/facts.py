"""The plain definitions of stock (K1-K10): where the documents say that goods lie, what is promised, what is left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from sphinx_lib.kernel.document import Document, Line

D = Decimal
Name = tuple[str, str]
"""Lot (or serial number) and bin; both are empty for what has no name."""
Place = tuple[str, str, str, str]
"""Item, warehouse, lot and bin."""

STRAIGHT = ("drop_shipment", "direct_delivery")  # kinds whose goods go from the supplier to the customer (PO6)
ARRIVING = ("transit", "to_warehouse")  # where the goods of a transfer lie in no bin yet

NOTES, RECEIPTS = ("shipped", "invoiced"), ("received", "invoiced")
RETURNS, SENT_BACK = ("received", "credited", "exchanged"), ("sent", "credited")
ISSUED, POSTED = ("issued", "part_paid", "paid"), ("posted", "part_paid", "paid")

# Types, the states in which they hold goods, the sign, and the field (else the place) where these lie; else in the line's.
HOLDERS = (
    ("goods_receipt", RECEIPTS, 1, ""),
    ("delivery_note", NOTES, -1, ""),
    ("customer_return", RETURNS, 1, "restock_to"),
    ("supplier_return", SENT_BACK, -1, ""),
    ("stock_transfer", ("shipped", "received"), -1, ""),
    ("stock_transfer", ("shipped",), 1, "transit"),
    ("stock_transfer", ("received",), 1, "to_warehouse"),
)
# What a progress counts: the lines made of a line, of documents of a type in one of these states.
COUNTED = {
    ("sales_order", "delivered"): ("delivery_note", NOTES),
    ("sales_order", "picked"): ("picking_list", ("done",)),
    ("customer_return", "delivered"): ("delivery_note", NOTES),
    ("purchase_order", "received"): ("goods_receipt", RECEIPTS),
    ("delivery_note", "returned"): ("customer_return", RETURNS),
    ("goods_receipt", "returned"): ("supplier_return", SENT_BACK),
    ("goods_receipt", "invoiced"): ("supplier_invoice", POSTED),
    ("supplier_return", "credited"): ("supplier_credit_note", ("posted", "part_used", "used")),
}
# What it plans: the same of drafts.
PLANNED = {
    ("sales_order", "picked"): ("picking_list", ("proposed", "picking")),
    ("purchase_order", "received"): ("goods_receipt", ("draft",)),
    ("delivery_note", "returned"): ("customer_return", ("draft",)),
    ("delivery_note", "invoiced"): ("invoice", ("draft",)),
    ("goods_receipt", "returned"): ("supplier_return", ("draft",)),
}
# What a document has done by others in the books, which bars its end; credits bar that of returns, else they undo an invoice.
FINAL = ("delivered", "received", "returned", "invoiced")


def names_of(line: Line) -> dict[Name, Decimal]:
    """The goods of a line by lot and bin, in the stock unit."""
    found: dict[Name, Decimal] = defaultdict(D)
    for one in line.stowed:
        found[one.lot, one.bin] += one.quantity
    found["", ""] += line.stock_quantity - sum(found.values())
    return found


def lots_of(line: Line) -> dict[str, Decimal]:
    """The goods of a line by lot."""
    found: dict[str, Decimal] = defaultdict(D)
    for (lot, _), quantity in names_of(line).items():
        found[lot] += quantity
    return found


def lines_of(documents: Iterable[Document], type: str, *states: str) -> Iterator[tuple[Document, Line]]:
    """The lines of documents of a type in one of these states."""
    for one in documents:
        if one.type == type and one.state in states:
            yield from ((one, line) for line in one.lines)


def held(documents: Iterable[Document]) -> dict[Place, Decimal]:
    """What documents brought in less what they took out, by place; a count moves its difference (V6)."""
    documents = [one for one in documents if one.kind not in STRAIGHT]
    found: dict[Place, Decimal] = defaultdict(D)
    for type, states, sign, place in HOLDERS:
        for one, line in lines_of(documents, type, *states):
            where = "transit" if place == "transit" else one.custom.get(place) or line.warehouse
            for (lot, bin_), quantity in names_of(line).items():
                elsewhere = place in ARRIVING or where != line.warehouse
                found[line.item or "", where, lot, "" if elsewhere else bin_] += sign * quantity
    for _, line in lines_of(documents, "stock_count", "posted"):
        lot, bin_ = (line.stowed[0].lot, line.stowed[0].bin) if line.stowed else ("", "")
        found[line.item or "", line.warehouse, lot, bin_] += (line.quantity or D(0)) - line.custom["book"]
    return found


def promised(documents: Iterable[Document]) -> tuple[dict[Any, Decimal], dict[Any, Decimal]]:
    """What is reserved and what is on order, by item and warehouse: what confirmed orders still wait for, and transfers."""
    documents = list(documents)
    reserved: dict[Any, Decimal] = defaultdict(D)
    ordered: dict[Any, Decimal] = defaultdict(D)
    for _, line in lines_of(documents, "sales_order", "confirmed"):
        reserved[line.item, line.warehouse] += line.remaining("delivered")
    for _, line in lines_of(documents, "purchase_order", "confirmed"):
        ordered[line.item, line.warehouse] += line.remaining("received")
    for one, line in lines_of(documents, "stock_transfer", "shipped"):
        ordered[line.item, one.custom["to_warehouse"]] += line.stock_quantity
    return reserved, ordered


def delivered_serials(documents: Iterable[Document], item: str) -> dict[str, Decimal]:
    """By serial number of ``item`` how often it was delivered and did not come back."""
    documents = list(documents)
    found: dict[str, Decimal] = defaultdict(D)
    for type, states, sign in (("delivery_note", NOTES, 1), ("customer_return", RETURNS, -1)):
        for _, line in lines_of(documents, type, *states):
            for one in line.stowed if line.item == item else ():
                found[one.lot] += sign * one.quantity
    return some(found)


def made_of(documents: Iterable[Document], type: str, states: tuple[str, ...]) -> dict[str, list[Line]]:
    """The lines of documents of a type in these states, by the line that they were made from."""
    found: dict[str, list[Line]] = defaultdict(list)
    for _, line in lines_of(documents, type, *states):
        found[line.source_id or ""].append(line)
    return found


def settled(document: Document) -> bool:
    """Whether something was delivered, received, returned, invoiced or credited of it: then it is not cancelled."""
    barring = (*FINAL, "credited") if document.type.endswith("return") else FINAL
    return any(line.done(progress) for line in document.lines for progress in barring)


def by_item(documents: Iterable[Document], figure: Callable[[Line], Decimal]) -> dict[str, Decimal]:
    """A figure of lines, summed by item."""
    found: dict[str, Decimal] = defaultdict(D)
    for one in documents:
        for line in one.lines:
            found[line.item or ""] += figure(line)
    return found


def total(quantities: Iterable[Decimal | None]) -> Decimal:
    """The sum, zero of nothing."""
    return sum((one or D(0) for one in quantities), D(0))


def some(found: Mapping[Any, Decimal]) -> dict[Any, Decimal]:
    """What is not zero."""
    return {key: quantity for key, quantity in found.items() if quantity}
