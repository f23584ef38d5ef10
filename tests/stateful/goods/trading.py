"""Moves of the machine that buy and sell: orders, receipts and deliveries, drop shipment, returns, invoices, credits."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from sphinx_lib.kernel.document import Document, Line
from tests.stateful.goods import kept
from tests.stateful.goods.facts import ISSUED, STRAIGHT
from tests.stateful.goods.shop import (
    BACK,
    BINNED,
    COME,
    GONE,
    LOTS,
    Shop,
    as_line,
    bins,
    given_lines,
    lots,
    move,
    named,
    names,
    shares,
)

D = Decimal
BILLED = tuple(f"invoice:{state}" for state in ISSUED)
purchases = st.sampled_from(["purchase_order", "purchase_order.drop_shipment"])
ends = st.sampled_from(["draft", "done", "done", "undone", "undone at once"])  # how far a return goes


class Buying(Shop):
    """What is bought, what comes in, what it turns out to have cost, and what goes back to the supplier."""

    @move(given=given_lines, confirm=st.booleans(), weight=1)
    def buy(self, given: list[Any], confirm: bool) -> None:
        def work(s: Any) -> None:
            made = s.create("purchase_order", supplier="VISCO", lines=[as_line(*one) for one in given])
            if confirm:
                s.fire(made.id, "confirm")

        self.run(work)

    @move(lambda self: self.in_states("sales_order:confirmed"), type=purchases, confirm=st.booleans())
    def buy_what_an_order_lacks(self, data: st.DataObject, type: str, confirm: bool) -> None:
        order = self.some(data, "sales_order:confirmed")

        def work(s: Any) -> None:
            made = s.derive(order, type).documents
            s.fire_many([one.id for one in made if confirm], "confirm")

        self.run(work)

    @move(lambda self: self.left("delivered", "sales_order:confirmed"))
    def have_it_sent_straight(self, data: st.DataObject) -> None:
        """Drop shipment in one go (PO6)."""
        order = self.some(data, "sales_order:confirmed", left="delivered")

        def work(s: Any) -> None:
            for made in s.derive(order, "purchase_order.drop_shipment").documents:
                s.fire(made.id, "confirm")
                s.fire(s.derive(made.id, "goods_receipt").documents[0].id, "receive")

        self.run(work)

    @move(lambda self: self.left("received", "purchase_order:confirmed"), parts=shares, lot=lots, bin=bins, go=st.booleans(), freight=st.sampled_from([None, None, D("7.77")]))
    def receive(
        self, data: st.DataObject, parts: list[Decimal], lot: str, bin: str, go: bool, freight: Decimal | None
    ) -> None:
        order = self.some(data, "purchase_order:confirmed", left="received")
        arriving = None if self.docs[order].kind in STRAIGHT else self.arriving(lot, bin)
        header = {"landed_cost": freight, "landed_by": "quantity"} if freight else {}
        self.make(order, "goods_receipt", "received", parts, *["receive"][: int(go)], lines=once(arriving), **header)

    @move(given=given_lines, lot=lots, bin=bins, weight=1)
    def receive_without_an_order(self, given: list[Any], lot: str, bin: str) -> None:
        rows = self.coming(given, lot, bin)
        self.run(lambda s: s.fire(s.create("goods_receipt", supplier="VISCO", lines=rows).id, "receive"))

    @move(lambda self: self.left("invoiced", "goods_receipt:received"), parts=shares, factor=st.sampled_from([D(1), D("0.9"), D("1.5")]))
    def pay_for_what_came(self, data: st.DataObject, parts: list[Decimal], factor: Decimal) -> None:
        """The supplier's invoice, of a part, at other prices than were ordered: dearer ones are disputed and approved."""
        receipt = self.some(data, "goods_receipt:received", left="invoiced")
        self.book(receipt, "supplier_invoice", "invoiced", parts, factor)

    @move(lambda self: self.left("credited", "supplier_return:sent", "supplier_invoice:posted"), parts=shares)
    def be_credited(self, data: st.DataObject, parts: list[Decimal]) -> None:
        source = self.some(data, "supplier_return:sent", "supplier_invoice:posted", left="credited")
        self.book(source, "supplier_credit_note", "credited", parts, D(1))

    def book(self, source: str, type: str, progress: str, parts: list[Decimal], factor: Decimal) -> None:
        """Derive what the supplier sends on paper, and post it."""
        wanted = self.parts_of(source, progress, parts)

        def work(s: Any) -> None:
            (made,) = s.derive(source, type, quantities=wanted).documents
            changed = {place: {"unit_price": line.unit_price * factor} for place, line in enumerate(made.lines, 1)
                       if line.quantity and factor != 1}  # fmt: skip
            s.edit(made.id, reference=f"F-{next(self.references)}", **({"lines": changed} if changed else {}))
            if type == "supplier_invoice" and s.fire(made.id, "match").state == "disputed":
                s.fire(made.id, "approve", ask={"reason": "so be it"})
            s.fire(made.id, "post")

        self.run(work)

    @move(lambda self: self.left("returned", *COME), parts=shares, end=ends)
    def send_back(self, data: st.DataObject, parts: list[Decimal], end: str) -> None:
        self.give_back(self.some(data, *COME, left="returned"), "supplier_return", "send", parts, end)

    def give_back(self, source: str, type: str, event: str, parts: list[Decimal], end: str, **more: Any) -> None:
        """A return that stays a draft, is done, or is done and called off, in one unit of work or in two."""
        events = {"draft": [], "undone at once": [event, "cancel"]}.get(end, [event])
        made = self.make(source, type, "returned", parts, *events, **more)
        if end == "undone":
            for one in made:
                self.run(lambda s, one=one: s.fire(one, "cancel"))


class Selling(Shop):
    """What is sold, delivered, invoiced, taken back, credited and replaced."""

    @move(given=given_lines)
    def order(self, given: list[Any]) -> None:
        rows = [as_line(*one) for one in given]
        self.run(lambda s: s.fire(s.create("sales_order", customer="ACME", lines=rows).id, "confirm"))

    @move(lambda self: self.left("delivered", "sales_order:confirmed"), parts=shares, weight=3)
    def deliver(self, data: st.DataObject, parts: list[Decimal]) -> None:
        made = self.make(self.some(data, "sales_order:confirmed", left="delivered"), "delivery_note", "delivered", parts)
        self.first_expired_went_first([self.docs[one] for one in made])

    @move(given=given_lines, chosen=names)
    def deliver_without_an_order(self, given: list[Any], chosen: tuple[str, str] | None) -> None:
        before, rows = self.docs.keys(), self.going(given, chosen)
        self.run(lambda s: s.create("delivery_note", customer="ACME", lines=rows))
        if chosen is None:
            self.first_expired_went_first([self.docs[one] for one in self.docs.keys() - before])

    def first_expired_went_first(self, notes: list[Document]) -> None:
        """Of the lots that are left none had to go before those that went (K10)."""
        today = self.clock.at.date()
        for line in (line for one in notes for line in one.lines if line.item == "LAIT"):
            gone = [LOTS[one.lot] or date.max for one in line.stowed]
            good = [last for lot in kept.lots(self.app.engine, "LAIT", line.warehouse) if (last := LOTS[lot] or date.max) >= today]
            assert not gone or min(gone) >= today
            assert not gone or not good or max(gone) <= min(good)

    @move(given=given_lines, lot=lots, bin=bins)
    def receive_and_deliver_at_once(self, given: list[Any], lot: str, bin: str) -> None:
        """Both in one unit of work: the delivery takes what the receipt has just made of the cost."""
        rows = self.coming(given, lot, bin)

        def work(s: Any) -> None:
            s.fire(s.create("goods_receipt", supplier="VISCO", lines=rows).id, "receive")
            s.create("delivery_note", customer="ACME", lines=[as_line(*one) for one in given[:1]])

        self.run(work)

    @move(lambda self: self.left("returned", *GONE), parts=shares, aside=st.booleans(), bin=bins, end=ends, weight=3)
    def take_back(self, data: st.DataObject, parts: list[Decimal], aside: bool, bin: str, end: str) -> None:
        """Into the bin from which it came or another one, or into quarantine; what went straight has no lot yet."""

        def into(line: Line) -> dict[str, Any]:
            found: dict[str, Any] = {"bin": bin} if line.warehouse == BINNED and bin and not aside else {}
            if line.item == "LAIT":
                return {} if line.stowed else named("MIEL") | found
            return {} if line.item == "POMPE" else found

        header = {"restock_to": "quarantine"} if aside else {}
        self.give_back(self.some(data, *GONE, left="returned"), "customer_return", "receive", parts, end, lines=into, **header)

    @move(lambda self: self.left("delivered", *BACK), parts=shares, weight=3)
    def replace_what_came_back(self, data: st.DataObject, parts: list[Decimal]) -> None:
        made = self.make(self.some(data, *BACK, left="delivered"), "delivery_note", "delivered", parts)
        self.first_expired_went_first([self.docs[one] for one in made])

    @move(lambda self: self.left("invoiced", "delivery_note:shipped"), parts=shares, go=st.sampled_from([True, True, False]))
    def invoice(self, data: st.DataObject, parts: list[Decimal], go: bool) -> None:
        self.make(self.some(data, "delivery_note:shipped", left="invoiced"), "invoice", "invoiced", parts, *["issue"][: int(go)])

    @move(lambda self: self.left("credited", *BILLED, "customer_return:received"), parts=shares | st.just([D(1)] * 3), go=st.sampled_from([True, True, False]), weight=3)
    def credit(self, data: st.DataObject, parts: list[Decimal], go: bool) -> None:
        source = self.some(data, *BILLED, "customer_return:received", left="credited")
        self.make(source, "credit_note", "credited", parts, *["issue"][: int(go)])


def once(names: Any) -> Any:
    """``names`` of lines asked for once each, since serial numbers are given away by asking."""
    known: dict[str, Any] = {}
    return names and (lambda line: known[line.id] if line.id in known else known.setdefault(line.id, names(line)))
