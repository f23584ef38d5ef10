"""Goods bought, received, moved, counted, sold, delivered and taken back at random: quantities and values agree (K1-K10, V1-V7).

After every step the documents are read again, and each level of stock is reckoned a second time from them by the plain
definitions of the domain, which stand in ``goods``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sphinx_lib import InputError, Refused
from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.ids import Uuid7
from tests.stateful import goods as plain
from tests.store.support import ALICE, FixedClock, goods, open_shop

D = Decimal
OPENING = D(10)
ITEMS = ("VIS-1", "VIS-2", "VIS-3", "LAIT")  # valued at the average, first in first out, a standard cost, and by lots
LOTS = {"MARS": date(2026, 3, 20), "AVRIL": date(2026, 4, 10), "MIEL": None}
COME, GONE = ("goods_receipt:received",), ("delivery_note:shipped", "delivery_note:invoiced")
BACK = ("customer_return:received", "customer_return:credited", "customer_return:exchanged")
NEXT = {  # the event that leads each document one step on
    "purchase_order:draft": "confirm", "goods_receipt:draft": "receive", "customer_return:draft": "receive",
    "supplier_return:draft": "send", "stock_transfer:draft": "ship", "stock_transfer:shipped": "receive",
    "stock_count:draft": "start", "stock_count:counting": "post",
}  # fmt: skip
DRAFTS = ("goods_receipt:draft", "customer_return:draft", "supplier_return:draft", "stock_transfer:draft", "stock_count:counting")
ENDING = (
    *COME, *GONE, *BACK, "purchase_order:confirmed", "sales_order:confirmed", "supplier_return:sent", "stock_transfer:shipped",
    "stock_count:counting",
)  # fmt: skip

quantities = st.sampled_from([D(1), D(2), D("2.5"), D(7), D("0.333"), D(30)])
prices = st.sampled_from([D("9.99"), D("0.015"), D(6), D("12.5")])
shares = st.lists(st.sampled_from([D(0), D("0.5"), D(1), D(1)]), min_size=3, max_size=3)
lots = st.sampled_from(sorted(LOTS))
warehouses = st.sampled_from(["main", "main", "lyon"])
given_lines = st.lists(st.tuples(st.sampled_from(ITEMS), quantities, prices, warehouses), min_size=1, max_size=3)


class GoodsCycle(RuleBasedStateMachine):
    """A shop with a customer, a supplier, two warehouses and four goods; ``docs`` are all its documents as last read, and
    ``by_hand`` is what was put into stock without one, by item, warehouse and lot."""

    docs: dict[str, Document]

    @initialize(forbid=st.booleans())
    def open(self, forbid: bool) -> None:
        self.clock = FixedClock()
        self.forbids = forbid
        self.by_hand: dict[plain.Place, Decimal] = defaultdict(D)
        ids = Uuid7(lambda: 1_772_438_400_000, bytes)
        self.app = open_shop("sqlite://", clock=self.clock, items=0, ids=ids)
        with self.app.session(actor=ALICE) as s:
            s.put("supplier", [{"code": "VISCO", "name": "Visco", "country": "FR"}])
            more = {"negative_stock": "forbid" if forbid else "allow", "supplier": "VISCO"}
            s.put("item", [
                goods("VIS-1", **more), goods("VIS-2", valuation="fifo", **more), goods("VIS-3", valuation="standard", **more),
                goods("LAIT", tracking="lot", **more),
            ])  # fmt: skip
        for item in ITEMS:
            self.adjust(item, OPENING, None, "main", "AVRIL")

    def read(self) -> None:
        with self.app.reader() as views:
            everything = [one for name in self.app.pack.model.document_types for one in views.ids(type=name)]
            self.docs = {view.document.id: view.document for view in views.documents(everything)}

    def teardown(self) -> None:
        if hasattr(self, "app"):
            assert self.app.verify().ok
            self.app.engine.dispose()

    # -- commands ------------------------------------------------------------------------------------

    def in_states(self, *states: str) -> list[str]:
        return sorted(one.id for one in self.docs.values() if f"{one.type}:{one.state}" in states)

    def some(self, data: st.DataObject, *states: str) -> str:
        """A document in one of these states; each state is as likely as the others."""
        state = data.draw(st.sampled_from([one for one in states if self.in_states(one)]))
        return data.draw(st.sampled_from(self.in_states(state)))

    def run(self, *commands: Callable[[Any], Any]) -> bool:
        """A unit of work of some commands; a refused one leaves nothing and the others stand. Whether nothing was refused."""
        whole = True
        try:
            with self.app.session(actor=ALICE) as s:
                for command in commands:
                    try:
                        command(s)
                    except (Refused, InputError):
                        whole = False
        except Refused:
            whole = False  # refused when it was written, as a whole
        self.read()
        return whole

    def make(self, source: str, type: str, progress: str, parts: Iterable[Decimal], go: bool, **header: Any) -> bool:
        """A document of some parts of what is left of another one, and if wanted its first event."""
        pairs = zip(self.docs[source].lines, parts, strict=False)
        wanted = {line.id: (line.proposed(progress) * part).quantize(D("0.001")) for line, part in pairs}

        def work(s: Any) -> None:
            for made in s.derive(source, type, quantities=wanted).documents:
                if header:
                    s.edit(made.id, **header)
                if go:
                    s.fire(made.id, NEXT[f"{type}:draft"])

        return self.run(work)

    # -- buying --------------------------------------------------------------------------------------

    @rule(given=given_lines, confirm=st.booleans())
    def buy(self, given: list[Any], confirm: bool) -> None:
        def work(s: Any) -> None:
            made = s.create("purchase_order", supplier="VISCO", lines=as_lines(given))
            if confirm:
                s.fire(made.id, "confirm")

        self.run(work)

    @precondition(lambda self: self.in_states("sales_order:confirmed"))
    @rule(data=st.data(), confirm=st.booleans())
    def buy_what_an_order_lacks(self, data: st.DataObject, confirm: bool) -> None:
        order = self.some(data, "sales_order:confirmed")

        def work(s: Any) -> None:
            made = s.derive(order, "purchase_order").documents
            s.fire_many([one.id for one in made if confirm], "confirm")

        self.run(work)

    @precondition(lambda self: self.in_states("purchase_order:confirmed"))
    @rule(data=st.data(), parts=shares, lot=lots, go=st.booleans())
    def receive(self, data: st.DataObject, parts: list[Decimal], lot: str, go: bool) -> None:
        order = self.some(data, "purchase_order:confirmed")
        wanted = [part * line.proposed("received") for line, part in zip(self.docs[order].lines, parts, strict=False)]
        kept = [line for line, quantity in zip(self.docs[order].lines, wanted, strict=False) if quantity]
        names = {place: named(lot) for place, line in enumerate(kept, 1) if line.item == "LAIT"}
        self.make(order, "goods_receipt", "received", parts, go, **({"lines": names} if names else {}))

    @rule(given=given_lines, lot=lots)
    def receive_without_an_order(self, given: list[Any], lot: str) -> None:
        def work(s: Any) -> None:
            s.fire(s.create("goods_receipt", supplier="VISCO", lines=as_lines(given, lot)).id, "receive")

        self.run(work)

    @precondition(lambda self: self.in_states(*COME))
    @rule(data=st.data(), parts=shares, go=st.booleans())
    def send_back(self, data: st.DataObject, parts: list[Decimal], go: bool) -> None:
        self.make(self.some(data, *COME), "supplier_return", "returned", parts, go)

    # -- selling -------------------------------------------------------------------------------------

    @rule(given=given_lines)
    def order(self, given: list[Any]) -> None:
        self.run(lambda s: s.fire(s.create("sales_order", customer="ACME", lines=as_lines(given)).id, "confirm"))

    @precondition(lambda self: self.in_states("sales_order:confirmed"))
    @rule(data=st.data(), parts=shares)
    def deliver(self, data: st.DataObject, parts: list[Decimal]) -> None:
        before = set(self.docs)
        self.make(self.some(data, "sales_order:confirmed"), "delivery_note", "delivered", parts, go=False)
        self.first_expired_went_first(self.docs.keys() - before)

    @rule(given=given_lines)
    def deliver_without_an_order(self, given: list[Any]) -> None:
        before = set(self.docs)
        self.run(lambda s: s.create("delivery_note", customer="ACME", lines=as_lines(given)))
        self.first_expired_went_first(self.docs.keys() - before)

    def first_expired_went_first(self, notes: Iterable[str]) -> None:
        """Of the lots that are left none had to go before those that went (K10)."""
        today = self.clock.at.date()
        for line in (line for one in notes for line in self.docs[one].lines if line.item == "LAIT"):
            left = plain.expiries(self.app.engine, "LAIT", line.warehouse)
            gone = [one.expires or date.max for one in line.stowed if one.lot]
            good = [last for quantity, last in left.values() if quantity and last >= today]
            assert not gone or min(gone) >= today
            assert not gone or not good or max(gone) <= min(good)

    @precondition(lambda self: self.in_states(*GONE))
    @rule(data=st.data(), parts=shares, aside=st.booleans(), go=st.booleans())
    def take_back(self, data: st.DataObject, parts: list[Decimal], aside: bool, go: bool) -> None:
        header = {"restock_to": "quarantine"} if aside else {}
        self.make(self.some(data, *GONE), "customer_return", "returned", parts, go, **header)

    @precondition(lambda self: self.in_states(*BACK))
    @rule(data=st.data(), parts=shares)
    def replace_what_came_back(self, data: st.DataObject, parts: list[Decimal]) -> None:
        self.make(self.some(data, *BACK), "delivery_note", "delivered", parts, go=False)

    @rule(given=given_lines, lot=lots)
    def receive_and_deliver_at_once(self, given: list[Any], lot: str) -> None:
        """Both in one unit of work: the delivery takes what the receipt has just made of the cost."""

        def work(s: Any) -> None:
            s.fire(s.create("goods_receipt", supplier="VISCO", lines=as_lines(given, lot)).id, "receive")
            s.create("delivery_note", customer="ACME", lines=as_lines(given[:1]))

        self.run(work)

    # -- in the warehouse ----------------------------------------------------------------------------

    @rule(
        item=st.sampled_from(ITEMS), quantity=st.sampled_from([D(5), D(-3), D("0.5")]), cost=st.none() | prices,
        warehouse=warehouses, lot=lots,
    )  # fmt: skip
    def adjust(self, item: str, quantity: Decimal, cost: Decimal | None, warehouse: str, lot: str) -> None:
        names = named(lot) if item == "LAIT" else {}
        if self.run(lambda s: s.adjust_stock(item, quantity, cost=cost, warehouse=warehouse, reason="found", **names)):
            self.by_hand[item, warehouse, names.get("lot", "")] += quantity

    @rule(warehouse=warehouses, items=st.none() | st.lists(st.sampled_from(ITEMS), min_size=1, unique=True))
    def count_what_the_books_know(self, warehouse: str, items: list[str] | None) -> None:
        self.run(lambda s: s.fire(s.count(warehouse, items).id, "start"))

    @rule(item=st.sampled_from(ITEMS), quantity=quantities | st.just(D(0)), warehouse=warehouses, lot=lots)
    def count(self, item: str, quantity: Decimal, warehouse: str, lot: str) -> None:
        line = {"item": item, "quantity": quantity, "warehouse": warehouse} | (named(lot) if item == "LAIT" else {})
        self.run(lambda s: s.fire(s.create("stock_count", lines=[line]).id, "start"))

    @rule(given=given_lines, away=st.booleans(), go=st.booleans())
    def transfer(self, given: list[Any], away: bool, go: bool) -> None:
        here, there = ("main", "lyon") if away else ("lyon", "main")
        rows = [{"item": item, "quantity": quantity, "warehouse": here} for item, quantity, *_ in given]

        def work(s: Any) -> None:
            made = s.create("stock_transfer", to_warehouse=there, lines=rows)
            if go:
                s.fire(made.id, "ship")

        self.run(work)

    # -- any document --------------------------------------------------------------------------------

    @precondition(lambda self: self.in_states(*NEXT))
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        one = self.docs[self.some(data, *NEXT)]
        self.run(lambda s: s.fire(one.id, NEXT[f"{one.type}:{one.state}"]))

    @precondition(lambda self: self.in_states(*DRAFTS))
    @rule(data=st.data(), quantity=quantities | st.just(D(0)))
    def change_a_quantity(self, data: st.DataObject, quantity: Decimal) -> None:
        one = self.some(data, *DRAFTS)
        place = data.draw(st.integers(1, len(self.docs[one].lines)))
        self.run(lambda s: s.edit(one, lines={place: {"quantity": quantity}}))

    @precondition(lambda self: self.in_states(*ENDING))
    @rule(data=st.data(), event=st.sampled_from(["cancel", "cancel", "close"]))
    def cancel_or_close(self, data: st.DataObject, event: str) -> None:
        one = self.some(data, *ENDING)
        ask = {"reason": "enough"} if event == "close" else {}
        self.run(lambda s: s.fire(one, event, ask=ask))

    @rule(days=st.integers(1, 20))
    def days_pass(self, days: int) -> None:
        self.clock.at += timedelta(days=days)

    # -- what always holds ---------------------------------------------------------------------------

    @invariant()
    def levels_are_what_documents_say(self) -> None:
        held = plain.held(self.docs.values())
        physical: dict[Any, Decimal] = defaultdict(D)
        for (item, warehouse, lot), quantity in (*held.items(), *self.by_hand.items()):
            physical[item, warehouse] += quantity
            assert lot or item != "LAIT" or not quantity
        reserved, ordered = plain.promised(self.docs.values())
        for level, found in (("physical", physical), ("reserved", reserved), ("on_order", ordered)):
            expected = plain.some(found)
            assert plain.balances(self.app.engine, level) == expected
            assert plain.journal(self.app.engine, level) == expected
        assert not self.forbids or all(quantity > 0 for quantity in plain.some(physical).values())

    @invariant()
    def lots_are_what_documents_say_and_none_is_below_zero(self) -> None:
        expected = defaultdict(D, plain.held(self.docs.values()))
        for place, quantity in self.by_hand.items():
            expected[place] += quantity
        found = plain.named(self.app.engine)
        assert found == plain.some({place: quantity for place, quantity in expected.items() if place[2]})
        assert all(quantity > 0 for quantity in found.values())

    @invariant()
    def nothing_is_delivered_received_or_returned_twice(self) -> None:
        for (source, progress), (type, states) in plain.COUNTED.items():
            made = plain.made_of(self.docs.values(), type, states)
            for one in (one for one in self.docs.values() if one.type == source and one.state != "cancelled"):
                for line in one.lines:
                    assert line.done(progress) == sum((other.quantity or D(0)) for other in made[line.id])
                    assert line.done(progress) <= (line.quantity or D(0))

    @invariant()
    def no_lot_comes_back_that_did_not_go(self) -> None:
        for source, type in (("delivery_note", "customer_return"), ("goods_receipt", "supplier_return")):
            made = plain.made_of(self.docs.values(), type, plain.COUNTED[source, "returned"][1])
            for line in (line for one in self.docs.values() if one.type == source for line in one.lines):
                went = plain.lots_of(line)
                for lot in {lot for other in made[line.id] for lot in plain.lots_of(other)}:
                    assert sum(plain.lots_of(other)[lot] for other in made[line.id]) <= went[lot]

    @invariant()
    def pegs_are_served_by_what_came_in(self) -> None:
        bought = [one for one in self.docs.values() if one.type == "purchase_order"]
        sold = [one for one in self.docs.values() if one.type == "sales_order"]
        served = plain.by_item(bought, lambda line: min(line.done("received"), sum(peg.quantity for peg in line.pegs)))
        supplied = plain.some(plain.by_item(sold, lambda line: line.done("supplied")))
        assert supplied == plain.some(served), (supplied, served)
        pegged: dict[str, Decimal] = defaultdict(D)
        for peg in (peg for one in bought for line in one.lines for peg in line.pegs):
            pegged[peg.line_id] += peg.quantity
        for line in (line for one in sold for line in one.lines):
            assert line.done("supplied") + line.planned("supplied") <= pegged[line.id]

    @invariant()
    def stock_is_worth_what_its_moves_say_and_nothing_when_there_is_none(self) -> None:
        moved = plain.worth_moved(self.app.engine, "item")
        for row in plain.worth(self.app.engine):
            assert (row.quantity, row.value) == moved[row.item,]
            if not row.quantity:
                assert row.value == 0
            layers = row.layers or []
            if row.item == "VIS-2" and row.quantity > 0:
                assert sum(D(layer[2]) for layer in layers) == row.quantity
                assert sum(D(layer[3]) for layer in layers) == row.value

    @invariant()
    def transfers_change_neither_quantity_nor_value(self) -> None:
        moved = plain.worth_moved(self.app.engine, "document_id", "item")
        transfers = {one.id for one in self.docs.values() if one.type == "stock_transfer"}
        assert {worth for (one, _), worth in moved.items() if one in transfers} <= {(0, 0)}

    @invariant()
    def the_store_agrees_with_itself(self) -> None:
        report = self.app.verify()
        assert report.ok, report.faults


def named(lot: str) -> dict[str, Any]:
    return {"lot": lot, "expires": LOTS[lot]} if LOTS[lot] else {"lot": lot}


def as_lines(given: list[Any], lot: str = "") -> list[dict[str, Any]]:
    """Lines of documents; goods that are tracked are of ``lot``, where one is named."""
    return [
        {"item": item, "quantity": quantity, "unit_price": price, "warehouse": warehouse}
        | (named(lot) if lot and item == "LAIT" else {})
        for item, quantity, price, warehouse in given
    ]


TestGoodsCycle = GoodsCycle.TestCase
TestGoodsCycle.settings = settings(
    max_examples=max(20, settings.default.max_examples // 2),  # type: ignore[union-attr]
    stateful_step_count=25,
    deadline=None,
)


def test_the_rules_are_reached() -> None:
    """One fixed walk through the machine, so that a change of its rules cannot make it check nothing."""
    machine = GoodsCycle()
    machine.open(forbid=True)
    machine.buy([("VIS-1", D(30), D(6), "main"), ("VIS-2", D(7), D("9.99"), "main")], confirm=True)
    order = machine.in_states("purchase_order:confirmed")[0]
    machine.run(lambda s: s.fire(s.derive(order, "goods_receipt", quantities={1: 10}).documents[0].id, "receive"))
    machine.order([("VIS-1", D(15), D(10), "main")])
    machine.run(lambda s: s.derive(machine.in_states("sales_order:confirmed"), "delivery_note"))
    machine.deliver_without_an_order([("VIS-1", D(30), D(10), "main")])  # refused: 5 are left
    assert len(machine.in_states(*COME)) == len(machine.in_states(*GONE)) == 1
    assert plain.journal(machine.app.engine, "physical")["VIS-1", "main"] == 5
    machine.levels_are_what_documents_say()
    machine.teardown()


def test_the_lots_of_a_cancelled_return_come_back_with_the_next_one() -> None:
    """Of 3 of MARS and 5 of AVRIL two parts of 3 go back, and the first is called off: of AVRIL only 2 are left to go back."""
    machine = GoodsCycle()
    machine.open(forbid=True)
    lots = [{"lot": "MARS", "quantity": 3, "expires": LOTS["MARS"]}, {"lot": "AVRIL", "quantity": 5, "expires": LOTS["AVRIL"]}]
    line = {"item": "LAIT", "quantity": 8, "unit_price": 1, "lots": lots}
    machine.run(lambda s: s.fire(s.create("goods_receipt", supplier="VISCO", lines=[line]).id, "receive"))
    (receipt,) = machine.in_states(*COME)

    def send(part: int) -> None:
        machine.run(lambda s: s.fire(s.derive(receipt, "supplier_return", quantities={1: part}).documents[0].id, "send"))

    send(3)
    (first,) = machine.in_states("supplier_return:sent")
    send(3)
    machine.run(lambda s: s.fire(first, "cancel"))
    send(5)
    sent = [line for one in machine.in_states("supplier_return:sent") for line in machine.docs[one].lines]
    assert sum((line.quantity or D(0)) for line in sent) == 8
    assert sum(plain.lots_of(line)["AVRIL"] for line in sent) <= 5
