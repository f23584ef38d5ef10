"""Goods bought, received, sold, delivered and taken back at random: quantities and values agree with each other (K1-K9, V1-V7).

After every step the documents are read again, and each level of stock is reckoned a second time from them by the plain
definitions of the domain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import func, select

from sphinx_lib import InputError, Refused
from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.ids import Uuid7
from sphinx_lib.store.tables import stock_moves, stock_values
from tests.store.support import ALICE, FixedClock, goods, open_shop

D = Decimal
OPENING = D(10)
ITEMS = ("VIS-1", "VIS-2", "VIS-3")  # valued at the average, first in first out, and at a standard cost
COME, GONE = ("goods_receipt:received",), ("delivery_note:shipped", "delivery_note:invoiced")
quantities = st.sampled_from([D(1), D(2), D("2.5"), D(7), D("0.333"), D(30)])
prices = st.sampled_from([D("9.99"), D("0.015"), D(6), D("12.5")])
shares = st.sampled_from([D(0), D("0.5"), D(1), D(1)])
given_lines = st.lists(st.tuples(st.sampled_from(ITEMS), quantities, prices), min_size=1, max_size=3)


class GoodsCycle(RuleBasedStateMachine):
    """A shop with a customer, a supplier and three goods; ``docs`` are all its documents as last read."""

    docs: dict[str, Document]

    @initialize(forbid=st.booleans())
    def open(self, forbid: bool) -> None:
        self.clock = FixedClock()
        ids = Uuid7(lambda: 1_772_438_400_000, bytes)
        self.app = open_shop("sqlite://", clock=self.clock, items=0, ids=ids)
        with self.app.session(actor=ALICE) as s:
            s.put("supplier", [{"code": "VISCO", "name": "Visco", "country": "FR"}])
            policy = "forbid" if forbid else "allow"
            s.put("item", [
                goods("VIS-1", negative_stock=policy), goods("VIS-2", negative_stock=policy, valuation="fifo"),
                goods("VIS-3", negative_stock=policy, valuation="standard"),
            ])  # fmt: skip
            for item in ITEMS:
                s.adjust_stock(item, OPENING)
        self.forbids = forbid
        self.read()

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
        return data.draw(st.sampled_from(self.in_states(*states)))

    def run(self, *commands: Callable[[Any], Any]) -> None:
        """A unit of work of some commands; a refused one leaves nothing and the others stand."""
        try:
            with self.app.session(actor=ALICE) as s:
                for command in commands:
                    try:
                        command(s)
                    except (Refused, InputError):
                        continue
        except Refused:
            pass  # refused when it was written, as a whole
        self.read()

    def parts_of(self, one: str, progress: str, parts: Iterable[Decimal]) -> dict[str, Decimal]:
        lines = self.docs[one].lines
        return {
            line.id: (line.proposed(progress) * part).quantize(D("0.001"))
            for line, part in zip(lines, parts, strict=False)
        }

    @rule(given=given_lines, confirm=st.booleans())
    def buy(self, given: list[Any], confirm: bool) -> None:
        def work(s: Any) -> None:
            made = s.create("purchase_order", supplier="VISCO", lines=as_lines(given))
            if confirm:
                s.fire(made.id, "confirm")

        self.run(work)

    @precondition(lambda self: self.in_states("purchase_order:confirmed"))
    @rule(data=st.data(), parts=st.lists(shares, min_size=3, max_size=3), receive=st.booleans())
    def receive(self, data: st.DataObject, parts: list[Decimal], receive: bool) -> None:
        order = self.some(data, "purchase_order:confirmed")
        wanted = self.parts_of(order, "received", parts)

        def work(s: Any) -> None:
            for made in s.derive(order, "goods_receipt", quantities=wanted).documents:
                if receive:
                    s.fire(made.id, "receive")

        self.run(work)

    @rule(given=given_lines)
    def receive_without_an_order(self, given: list[Any]) -> None:
        def work(s: Any) -> None:
            s.fire(s.create("goods_receipt", supplier="VISCO", lines=as_lines(given)).id, "receive")

        self.run(work)

    @rule(given=given_lines)
    def order(self, given: list[Any]) -> None:
        self.run(lambda s: s.fire(s.create("sales_order", customer="ACME", lines=as_lines(given)).id, "confirm"))

    @precondition(lambda self: self.in_states("sales_order:confirmed"))
    @rule(data=st.data(), parts=st.lists(shares, min_size=3, max_size=3))
    def deliver(self, data: st.DataObject, parts: list[Decimal]) -> None:
        order = self.some(data, "sales_order:confirmed")
        wanted = self.parts_of(order, "delivered", parts)
        self.run(lambda s: s.derive(order, "delivery_note", quantities=wanted))

    @rule(given=given_lines)
    def deliver_without_an_order(self, given: list[Any]) -> None:
        self.run(lambda s: s.create("delivery_note", customer="ACME", lines=as_lines(given)))

    @precondition(lambda self: self.in_states(*COME, *GONE, "purchase_order:confirmed", "sales_order:confirmed"))
    @rule(data=st.data(), event=st.sampled_from(["cancel", "cancel", "close"]))
    def cancel_or_close(self, data: st.DataObject, event: str) -> None:
        one = self.some(data, *COME, *GONE, "purchase_order:confirmed", "sales_order:confirmed")
        ask = {"reason": "enough"} if event == "close" else {}
        self.run(lambda s: s.fire(one, event, ask=ask))

    @rule(given=given_lines)
    def receive_and_deliver_at_once(self, given: list[Any]) -> None:
        """Both in one unit of work: the delivery takes what the receipt has just made of the cost."""

        def work(s: Any) -> None:
            s.fire(s.create("goods_receipt", supplier="VISCO", lines=as_lines(given)).id, "receive")
            s.create("delivery_note", customer="ACME", lines=as_lines(given[:1]))

        self.run(work)

    @rule(item=st.sampled_from(ITEMS), quantity=st.sampled_from([D(5), D(-3), D("0.5")]), cost=st.none() | prices)
    def adjust(self, item: str, quantity: Decimal, cost: Decimal | None) -> None:
        self.run(lambda s: s.adjust_stock(item, quantity, cost=cost, reason="found"))

    @rule(days=st.integers(1, 20))
    def days_pass(self, days: int) -> None:
        self.clock.at += timedelta(days=days)

    # -- what always holds ---------------------------------------------------------------------------

    def sums(self, *states: str) -> dict[str, Decimal]:
        """Quantities by item of all lines of documents in these states."""
        found: dict[str, Decimal] = defaultdict(D)
        for one in self.in_states(*states):
            for line in self.docs[one].lines:
                found[line.item or ""] += line.stock_quantity
        return found

    @invariant()
    def levels_are_what_documents_say(self) -> None:
        come, gone = self.sums(*COME), self.sums(*GONE)
        reserved: dict[str, Decimal] = defaultdict(D)
        ordered: dict[str, Decimal] = defaultdict(D)
        for type_name, progress, found in (("sales_order", "delivered", reserved), ("purchase_order", "received", ordered)):
            for one in self.in_states(f"{type_name}:confirmed"):
                for line in self.docs[one].lines:
                    found[line.item or ""] += line.remaining(progress)
        found_by_hand = self.moved(stock_moves.c.document_id.is_(None))
        with self.app.reader() as views:
            for item in ITEMS:
                stock = views.stock(item)
                assert stock.physical == come[item] - gone[item] + found_by_hand.get(item, D(0))
                assert (stock.reserved, stock.on_order) == (reserved[item], ordered[item])
                assert not self.forbids or stock.physical >= 0

    def moved(self, *where: Any, column: Any = stock_moves.c.quantity) -> dict[str, Decimal]:
        statement = select(stock_moves.c.item, func.sum(column)).where(stock_moves.c.level == "physical", *where)
        with self.app.engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(statement.group_by(stock_moves.c.item))}

    @invariant()
    def nothing_is_delivered_or_received_beyond_what_was_ordered(self) -> None:
        for type_name, progress in (("sales_order", "delivered"), ("purchase_order", "received")):
            for one in self.in_states(f"{type_name}:confirmed", f"{type_name}:closed"):
                for line in self.docs[one].lines:
                    assert line.done(progress) <= (line.quantity or D(0))

    @invariant()
    def stock_is_worth_what_its_moves_say_and_nothing_when_there_is_none(self) -> None:
        moved, worth = self.moved(), self.moved(column=stock_moves.c.value)
        with self.app.engine.connect() as connection:
            for row in connection.execute(select(stock_values)):
                assert (row.quantity, row.value) == (moved[row.item], worth[row.item])
                if not row.quantity:
                    assert row.value == 0
                layers = row.layers or []
                if row.item == "VIS-2" and row.quantity > 0:
                    assert sum(D(layer[2]) for layer in layers) == row.quantity
                    assert sum(D(layer[3]) for layer in layers) == row.value

    @invariant()
    def the_store_agrees_with_itself(self) -> None:
        report = self.app.verify()
        assert report.ok, report.faults


def as_lines(given: list[Any]) -> list[dict[str, Any]]:
    return [{"item": item, "quantity": quantity, "unit_price": price} for item, quantity, price in given]


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
    machine.buy([("VIS-1", D(30), D(6)), ("VIS-2", D(7), D("9.99"))], confirm=True)
    order = machine.in_states("purchase_order:confirmed")[0]
    machine.run(lambda s: s.fire(s.derive(order, "goods_receipt", quantities={1: 10}).documents[0].id, "receive"))
    machine.order([("VIS-1", D(15), D(10))])
    machine.run(lambda s: s.derive(machine.in_states("sales_order:confirmed"), "delivery_note"))
    machine.deliver_without_an_order([("VIS-1", D(30), D(10))])  # refused: 5 are left
    assert len(machine.in_states(*COME)) == len(machine.in_states(*GONE)) == 1
    assert machine.moved()["VIS-1"] == 5
    machine.levels_are_what_documents_say()
    machine.teardown()
