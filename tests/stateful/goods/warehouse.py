"""Moves of the machine in the warehouse: picking, counting, transfers, corrections; and what happens to any document."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.stateful.goods import facts
from tests.stateful.goods.shop import (
    BACK,
    BINNED,
    COME,
    GONE,
    ITEMS,
    Shop,
    bins,
    given_lines,
    lots,
    move,
    named,
    names,
    prices,
    quantities,
    shares,
    warehouses,
    whole,
)  # fmt: skip

D = Decimal
NEXT = {  # the event that leads each document one step on
    "purchase_order:draft": "confirm", "goods_receipt:draft": "receive", "customer_return:draft": "receive",
    "supplier_return:draft": "send", "stock_transfer:draft": "ship", "stock_transfer:shipped": "receive",
    "stock_count:draft": "start", "stock_count:counting": "post", "picking_list:proposed": "start",
    "invoice:draft": "issue", "credit_note:draft": "issue",
}  # fmt: skip
DRAFTS = ("goods_receipt:draft", "customer_return:draft", "supplier_return:draft", "stock_transfer:draft", "stock_count:counting")
ENDING = (
    *COME, *GONE, *BACK, "purchase_order:confirmed", "sales_order:confirmed", "stock_transfer:shipped", "stock_count:counting",
    "picking_list:picking",
)  # fmt: skip
RETURNED = (*BACK, "supplier_return:sent", "supplier_return:credited")
BINDING = ("delivery_note", "goods_receipt", "sales_order", "purchase_order", "customer_return", "supplier_return")
ways = st.sampled_from([("main", BINNED), ("main", BINNED), (BINNED, "main"), ("quarantine", "main")])


class Picking(Shop):
    """Lists made of orders, and what was found of them."""

    @move(lambda self: self.left("picked", "sales_order:confirmed"), several=st.booleans(), start=st.sampled_from([True, True, False]), weight=3)
    def pick(self, data: st.DataObject, several: bool, start: bool) -> None:
        orders = self.left("picked", "sales_order:confirmed")
        chosen = orders[:2] if several else [data.draw(st.sampled_from(orders))]

        def work(s: Any) -> None:
            made = s.derive(chosen, "picking_list").documents
            s.fire_many([one.id for one in made if start], "start")

        self.run(work)

    @move(lambda self: self.in_states("picking_list:picking"), short=st.none() | shares, weight=4)
    def finish_picking(self, data: st.DataObject, short: list[Decimal] | None) -> None:
        """All of it was found, or only parts of the first lines; both are delivered at once."""
        one = self.some(data, "picking_list:picking")
        pairs = zip(self.docs[one].lines, short or [], strict=False)
        found = {line.position: (line.quantity or D(0)) * part for line, part in pairs}
        counted = {place: {"quantity": whole(self.docs[one].lines[place - 1].item or "", quantity.quantize(D("0.001")))}
                   for place, quantity in found.items()}  # fmt: skip

        def work(s: Any) -> None:
            if counted:
                s.edit(one, lines=counted)
            s.fire(one, "finish")

        self.run(work)


class Keeping(Shop):
    """What is put right, counted and moved without anybody buying or selling."""

    @move(
        item=st.sampled_from(ITEMS), quantity=st.sampled_from([D(5), D(-3), D("0.5")]), cost=st.none() | prices,
        warehouse=warehouses, lot=lots, bin=bins, weight=1,
    )  # fmt: skip
    def adjust(self, item: str, quantity: Decimal, cost: Decimal | None, warehouse: str, lot: str, bin: str) -> None:
        place = bin if warehouse == BINNED else ""
        names = named(lot) if item == "LAIT" else {}
        if item == "POMPE":
            here = self.serials_in(warehouse)
            quantity = D(1) if quantity > 0 or not here else D(-1)
            lot = next(self.serials()) if quantity > 0 else here[-1]
            names = {"serial": lot}
        lot = lot if names else ""
        if lot and quantity < 0 and not place:  # it is taken from where it lies
            lying = [key[3] for key in self.placed() if key[:3] == (item, warehouse, lot)]
            place = lying[0] if len(lying) == 1 else ""
        given = {"bin": bin} if warehouse == BINNED and bin else {}
        if self.run(lambda s: s.adjust_stock(item, quantity, cost=cost, warehouse=warehouse, reason="found", **names, **given)):
            self.by_hand[item, warehouse, lot, place] += quantity

    @move(warehouse=warehouses, items=st.none() | st.lists(st.sampled_from(ITEMS), min_size=1, unique=True), weight=1)
    def count_what_the_books_know(self, warehouse: str, items: list[str] | None) -> None:
        self.run(lambda s: s.fire(s.count(warehouse, items).id, "start"))

    @move(
        item=st.sampled_from(ITEMS), quantity=quantities | st.just(D(0)), warehouse=warehouses, lot=lots, bin=bins,
        post=st.booleans(), weight=1,
    )  # fmt: skip
    def count(self, item: str, quantity: Decimal, warehouse: str, lot: str, bin: str, post: bool) -> None:
        line: dict[str, Any] = {"item": item, "quantity": quantity, "warehouse": warehouse}
        line |= {"bin": bin} if warehouse == BINNED and bin else {}
        line |= named(lot) if item == "LAIT" else {}
        if item == "POMPE":
            here = self.serials_in(warehouse)
            line |= {"serial": here[0], "quantity": 0} if here and not quantity else {"serial": next(self.serials()), "quantity": 1}

        def work(s: Any) -> None:
            made = s.create("stock_count", lines=[line])
            s.fire(made.id, "start")
            if post:
                s.fire(made.id, "post")

        self.run(work)

    @move(given=given_lines, way=ways, go=st.booleans(), chosen=names)
    def transfer(self, given: list[Any], way: tuple[str, str], go: bool, chosen: tuple[str, str] | None) -> None:
        here, there = way
        rows = self.going([(item, quantity, price, here) for item, quantity, price, _ in given], chosen)

        def work(s: Any) -> None:
            made = s.create("stock_transfer", to_warehouse=there, lines=[{**row, "unit_price": None} for row in rows])
            if go:
                s.fire(made.id, "ship")

        self.run(work)


class Ruling(Shop):
    """What happens to documents of any type: they go on, change, and end."""

    @move(lambda self: self.in_states(*NEXT))
    def go_on(self, data: st.DataObject) -> None:
        one = self.docs[self.some(data, *NEXT)]
        self.run(lambda s: s.fire(one.id, NEXT[f"{one.type}:{one.state}"]))

    @move(lambda self: self.in_states(*DRAFTS), quantity=quantities | st.just(D(0)))
    def change_a_quantity(self, data: st.DataObject, quantity: Decimal) -> None:
        one = self.some(data, *DRAFTS)
        line = data.draw(st.sampled_from(self.docs[one].lines))
        self.run(lambda s: s.edit(one, lines={line.position: {"quantity": whole(line.item or "", quantity)}}))

    @move(lambda self: self.in_states(*ENDING), close=st.booleans())
    def cancel_or_close(self, data: st.DataObject, close: bool) -> None:
        one = self.some(data, *ENDING)
        self.end(one, "close" if close and self.docs[one].type.endswith("order") else "cancel")

    @move(lambda self: self.in_states(*RETURNED), weight=3)
    def call_off_a_return(self, data: st.DataObject) -> None:
        self.end(self.some(data, *RETURNED), "cancel")

    def end(self, document_id: str, event: str) -> None:
        """Cancel or close; what something was made of that is in the books is not cancelled."""
        one = self.docs[document_id]
        ask = {"reason": "enough"} if event == "close" else {}
        done = self.run(lambda s: s.fire(document_id, event, ask=ask))
        assert not (done and event == "cancel" and one.type in BINDING and facts.settled(one))

    @move(days=st.integers(1, 20), weight=1)
    def days_pass(self, days: int) -> None:
        self.clock.at += timedelta(days=days)
