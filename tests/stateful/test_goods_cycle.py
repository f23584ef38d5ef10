"""Goods bought, received, moved, picked, counted, sold, invoiced and taken back at random: quantities and values agree.

After every step the documents are read again, and each level of stock is reckoned a second time from them by the plain
definitions of the domain (K1-K10, V1-V7). ``goods`` holds the shop (``shop``), what may happen in it (``trading``,
``warehouse``), what always holds (``laws``), the plain definitions (``facts``) and what the tables say (``kept``).
"""

from __future__ import annotations

from decimal import Decimal

from hypothesis import settings

from tests.stateful.goods import facts, kept
from tests.stateful.goods.laws import Laws
from tests.stateful.goods.shop import BINNED, COME, GONE, LOTS
from tests.stateful.goods.trading import Buying, Selling
from tests.stateful.goods.warehouse import Keeping, Picking, Ruling

D = Decimal


class GoodsCycle(Buying, Selling, Picking, Keeping, Ruling, Laws):
    """The whole of it."""


TestGoodsCycle = GoodsCycle.TestCase
TestGoodsCycle.settings = settings(
    max_examples=settings.default.max_examples,  # type: ignore[union-attr]
    stateful_step_count=40,
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
    machine.deliver_without_an_order([("VIS-1", D(30), D(10), "main")], None)  # refused: 5 are left
    assert len(machine.in_states(*COME)) == len(machine.in_states(*GONE)) == 1
    assert kept.journal(machine.app.engine, "physical")["VIS-1", "main"] == 5
    machine.levels_are_what_documents_say()
    machine.teardown()


def test_picking_bins_serial_numbers_and_invoices_are_reached() -> None:
    machine = GoodsCycle()
    machine.open(forbid=True)
    machine.order([("POMPE", D(2), D(10), "main"), ("VIS-1", D(3), D(10), BINNED)])
    orders = machine.in_states("sales_order:confirmed")
    machine.run(lambda s: s.fire_many([one.id for one in s.derive(orders, "picking_list").documents], "start"))
    for one in machine.in_states("picking_list:picking"):
        machine.run(lambda s, one=one: s.fire(one, "finish"))
    assert kept.places(machine.app.engine)["VIS-1", BINNED, "", "A-1"] == 2  # of 5
    assert kept.owners(machine.app.engine, "POMPE") == {"S-1": "ACME", "S-2": "ACME"}
    notes = machine.in_states("delivery_note:shipped")
    assert len(notes) == 2
    for note in notes:
        machine.make(note, "invoice", "invoiced", [D(1)] * 3, "issue")
        machine.end(note, "cancel")  # refused
        machine.give_back(note, "customer_return", "receive", [D(1)] * 3, "undone")
    assert len(machine.in_states("delivery_note:invoiced")) == len(machine.in_states("customer_return:cancelled")) == 2
    for law in machine.invariants:
        law.function(machine)
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
    assert sum(facts.lots_of(line)["AVRIL"] for line in sent) <= 5
