"""The whole cycle under random commands: whatever is done, refused or undone, the figures agree with each other.

After every step all documents are read again and each figure that the library keeps (progress, stock, balances,
numbers, entries) is computed a second time from them, by the plain definitions of the domain.
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

from sphinx_lib import InputError, Refused
from sphinx_lib.kernel.document import Document, Line
from sphinx_lib.kernel.ids import Uuid7
from tests.store.support import ALICE, FixedClock, goods, open_shop

D = Decimal
OPENING = D(20)
ITEMS = ("VIS-1", "VIS-2", "VIS-3")
CUSTOMERS = ("ACME", "ZED")
SHIPPED = {"shipped", "invoiced"}
ISSUED = {"issued", "part_paid", "paid", "part_used", "used"}
SIGNS = {"invoice": 1, "credit_note": -1, "payment": -1}

quantities = st.sampled_from([D(1), D(2), D("2.5"), D(7), D("0.333"), D(30)])
prices = st.sampled_from([None, D("9.99"), D("0.015"), D(1250)])
shares = st.sampled_from([D(0), D("0.5"), D(1), D(1), D("1.5")])
given_lines = st.lists(st.tuples(st.sampled_from(ITEMS), quantities, prices), min_size=1, max_size=3)


def total(values: Iterable[Decimal]) -> Decimal:
    return sum(values, D(0))


class CommercialCycle(RuleBasedStateMachine):
    """A shop of two customers and three goods; ``docs`` are all its documents as last read."""

    docs: dict[str, Document]

    @initialize(forbid=st.booleans())
    def open(self, forbid: bool) -> None:
        self.clock = FixedClock()
        ids = Uuid7(lambda: 1_772_438_400_000, bytes)  # the same in every replay, so that a failure can be shrunk
        self.app = open_shop("sqlite://", clock=self.clock, stock=OPENING, ids=ids)
        with self.app.session(actor=ALICE) as s:
            s.put("customer", [{"code": "ZED", "name": "ZED", "country": "FR", "billing": {"mode": "per_document"}}])
            s.put("item", [goods("VIS-3", negative_stock="forbid" if forbid else "allow")])
        self.forbids = forbid
        self.issued: dict[str, Document] = {}
        self.read()

    def read(self) -> None:
        with self.app.reader() as views:
            everything = [one for name in self.app.pack.model.document_types for one in views.ids(type=name)]
            self.docs = {view.document.id: view.document for view in views.documents(everything)}

    def teardown(self) -> None:
        if hasattr(self, "app"):
            sealed = self.app.seal() or self.app.sealed()
            assert self.app.verify(against=[sealed] if sealed else []).ok
            self.app.engine.dispose()

    # -- commands ------------------------------------------------------------------------------------

    def some(self, data: st.DataObject, *states: str) -> str:
        """A document in one of ``type:state``."""
        return data.draw(st.sampled_from(self.in_states(*states)))

    def in_states(self, *states: str) -> list[str]:
        return sorted(one.id for one in self.docs.values() if f"{one.type}:{one.state}" in states)

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

    @rule(customer=st.sampled_from(CUSTOMERS), given=given_lines, foot=st.sampled_from([D(0), D("2.5")]))
    def quote_send_and_accept(self, customer: str, given: list[Any], foot: Decimal) -> None:
        def work(s: Any) -> None:
            made = s.create("quotation", customer=customer, lines=as_lines(given), foot_discount=foot)
            s.fire(made.id, "send")
            s.fire(made.id, "accept", ask={"channel": "mail", "person": "D"})

        self.run(work)

    @rule(customer=st.sampled_from(CUSTOMERS), given=given_lines)
    def quote(self, customer: str, given: list[Any]) -> None:
        self.run(lambda s: s.create("quotation", customer=customer, lines=as_lines(given)))

    @precondition(lambda self: self.in_states("quotation:draft", "quotation:sent"))
    @rule(data=st.data(), event=st.sampled_from(["send", "accept", "revise", "cancel", "expire"]), given=given_lines)
    def work_on_a_quotation(self, data: st.DataObject, event: str, given: list[Any]) -> None:
        one = self.some(data, "quotation:draft", "quotation:sent")
        ask = {"channel": "mail", "person": "D"} if event == "accept" else {}
        self.run(lambda s: s.edit(one, lines=as_lines(given)), lambda s: s.fire(one, event, ask=ask))

    @precondition(lambda self: self.in_states("quotation:accepted"))
    @rule(data=st.data(), to=st.sampled_from([None, "sales_order", "sales_order", "delivery_note"]))
    def go_on_from_a_quotation(self, data: st.DataObject, to: str | None) -> None:
        one = self.some(data, "quotation:accepted")
        self.run(lambda s: s.derive(one, to))

    @precondition(lambda self: self.in_states("sales_order:confirmed"))
    @rule(data=st.data(), parts=st.lists(shares, min_size=3, max_size=3))
    def deliver(self, data: st.DataObject, parts: list[Decimal]) -> None:
        ids = data.draw(st.lists(st.sampled_from(self.in_states("sales_order:confirmed")), min_size=1, max_size=2))
        wanted = {
            line.id: (line.remaining("delivered") * part).quantize(D("0.001"))
            for one in ids
            for line, part in zip(self.docs[one].lines, parts, strict=False)
        }
        self.run(lambda s: s.derive(ids, "delivery_note", quantities=wanted))

    @rule(customer=st.sampled_from(CUSTOMERS), given=given_lines)
    def deliver_without_an_order(self, customer: str, given: list[Any]) -> None:
        self.run(lambda s: s.create("delivery_note", customer=customer, lines=as_lines(given)))

    @precondition(lambda self: self.in_states("sales_order:confirmed", "delivery_note:shipped", "delivery_note:invoiced"))
    @rule(data=st.data(), event=st.sampled_from(["cancel", "cancel", "close"]))
    def cancel_or_close(self, data: st.DataObject, event: str) -> None:
        one = self.some(data, "sales_order:confirmed", "delivery_note:shipped", "delivery_note:invoiced")
        ask = {"reason": "enough"} if event == "close" else {}
        self.run(lambda s: s.fire(one, event, ask=ask))

    @precondition(lambda self: self.in_states("delivery_note:shipped"))
    @rule(data=st.data(), parts=st.none() | st.lists(shares, min_size=3, max_size=3), issue=st.booleans())
    def invoice(self, data: st.DataObject, parts: list[Decimal] | None, issue: bool) -> None:
        ids = data.draw(st.lists(st.sampled_from(self.in_states("delivery_note:shipped")), min_size=1, max_size=3))
        wanted = None if parts is None else {
            line.id: (line.proposed("invoiced") * part).quantize(D("0.001"))
            for one in ids
            for line, part in zip(self.docs[one].lines, parts, strict=False)
        }  # fmt: skip

        def work(s: Any) -> None:
            made = s.derive(ids, "invoice", quantities=wanted).documents
            if issue:
                for one in made:
                    s.fire(one.id, "issue")

        self.run(work)

    @precondition(lambda self: self.in_states("invoice:draft", "credit_note:draft"))
    @rule(data=st.data(), part=st.sampled_from([D("0.5"), D(1), D("1.5")]), event=st.sampled_from(["", "issue", "abandon"]))
    def edit_a_draft(self, data: st.DataObject, part: Decimal, event: str) -> None:
        """More than is left of the source may be written, but not issued."""
        one = self.some(data, "invoice:draft", "credit_note:draft")
        first = self.docs[one].lines[0]
        change = {first.position: {"quantity": ((first.quantity or D(1)) * part).quantize(D("0.001"))}}
        self.run(lambda s: s.edit(one, lines=change), *([lambda s: s.fire(one, event)] if event else []))

    @rule(customer=st.sampled_from(CUSTOMERS), given=given_lines)
    def invoice_without_a_note(self, customer: str, given: list[Any]) -> None:
        self.run(lambda s: s.fire(s.create("invoice", customer=customer, lines=as_lines(given)).id, "issue"))

    @precondition(lambda self: self.in_states("invoice:issued", "invoice:part_paid", "invoice:paid"))
    @rule(data=st.data(), part=st.sampled_from([D("0.5"), D(1), D(1)]), issue=st.booleans())
    def credit(self, data: st.DataObject, part: Decimal, issue: bool) -> None:
        one = self.some(data, "invoice:issued", "invoice:part_paid", "invoice:paid")
        wanted = {line.id: (line.proposed("credited") * part).quantize(D("0.001")) for line in self.docs[one].lines}

        def work(s: Any) -> None:
            made = s.derive(one, "credit_note", quantities=wanted if part != 1 else None).documents[0]
            if issue:
                s.fire(made.id, "issue")

        self.run(work)

    @rule(customer=st.sampled_from(CUSTOMERS), cents=st.sampled_from([1, 999, 5000, 12_000, 1_000_000]))
    def pay(self, customer: str, cents: int) -> None:
        self.run(lambda s: s.pay(customer, D(cents).scaleb(-2)))

    @precondition(lambda self: self.in_states("invoice:issued", "invoice:part_paid"))
    @rule(data=st.data(), part=st.sampled_from([D("0.5"), D(1)]), bounces=st.booleans())
    def pay_an_invoice(self, data: st.DataObject, part: Decimal, bounces: bool) -> None:
        one = self.docs[self.some(data, "invoice:issued", "invoice:part_paid")]
        amount = (one.balance * part).quantize(D("0.01"))
        paid: list[str] = []
        self.run(lambda s: paid.append(s.pay(one.party, amount, allocate=[one.id]).id))
        if bounces and paid:
            self.run(lambda s: s.fire(paid[0], "reject"))

    @precondition(lambda self: self.in_states("payment:posted"))
    @rule(data=st.data(), event=st.sampled_from(["reject", "cancel"]))
    def a_payment_bounces(self, data: st.DataObject, event: str) -> None:
        one = self.some(data, "payment:posted")
        self.run(lambda s: s.fire(one, event))

    @precondition(lambda self: self.in_states("payment:posted", "credit_note:issued", "credit_note:part_used"))
    @precondition(lambda self: self.in_states("invoice:issued", "invoice:part_paid"))
    @rule(data=st.data())
    def allocate(self, data: st.DataObject) -> None:
        payment = self.some(data, "payment:posted", "credit_note:issued", "credit_note:part_used")
        target = self.some(data, "invoice:issued", "invoice:part_paid")
        self.run(lambda s: s.allocate(payment, [target]))

    @rule(days=st.integers(1, 20), invoicing=st.booleans(), expiry=st.booleans())
    def days_pass(self, days: int, invoicing: bool, expiry: bool) -> None:
        self.clock.at += timedelta(days=days)
        if invoicing:
            self.app.run("invoicing", actor=ALICE)
        if expiry:
            self.app.run("expiry", actor=ALICE)
        self.read()

    @rule()
    def seal(self) -> None:
        self.app.seal()

    # -- what always holds ---------------------------------------------------------------------------

    def of(self, type_name: str, states: Iterable[str]) -> list[Document]:
        return [one for one in self.docs.values() if one.type == type_name and one.state in states]

    @invariant()
    def no_line_is_invoiced_beyond_what_was_delivered_nor_delivered_beyond_what_was_ordered(self) -> None:
        delivered, invoiced = defaultdict(D), defaultdict(D)  # type: ignore[var-annotated]
        for note in self.of("delivery_note", SHIPPED):
            for line in note.lines:
                for one in {line.source_id, line.root_id}:
                    delivered[one] += line.quantity or D(0)
        for bill in self.of("invoice", ISSUED):
            for line in bill.lines:
                for one in {line.source_id, line.root_id}:
                    invoiced[one] += line.quantity or D(0)
        for order in self.of("sales_order", {"confirmed", "closed"}):
            for line in order.lines:
                assert invoiced[line.id] <= delivered[line.id] <= line.quantity
                assert (line.done("delivered"), line.done("invoiced")) == (delivered[line.id], invoiced[line.id])
        for note in self.of("delivery_note", SHIPPED):
            for line in note.lines:
                assert invoiced[line.id] == line.done("invoiced") <= line.quantity
            left = any(line.remaining("invoiced") for line in note.lines)
            assert note.state == ("shipped" if left else "invoiced")

    @invariant()
    def no_line_is_credited_beyond_what_was_invoiced(self) -> None:
        credited = defaultdict(D)  # type: ignore[var-annotated]
        for credit in self.of("credit_note", ISSUED):
            for line in credit.lines:
                credited[line.source_id] += line.quantity or D(0)
        for bill in self.of("invoice", ISSUED | {"cancelled_by_credit"}):
            for line in bill.lines:
                assert credited[line.id] == line.done("credited") <= line.quantity
            whole = bool(bill.lines) and all(credited[line.id] == line.quantity for line in bill.lines)
            assert (bill.state == "cancelled_by_credit") == whole

    @invariant()
    def stock_is_the_opening_less_what_was_shipped_and_orders_reserve_what_is_left(self) -> None:
        shipped, reserved = defaultdict(D), defaultdict(D)  # type: ignore[var-annotated]
        for note in self.of("delivery_note", SHIPPED):
            for line in note.lines:
                shipped[line.item] += line.quantity or D(0)
        for order in self.of("sales_order", {"confirmed"}):
            for line in order.lines:
                reserved[line.item] += line.remaining("delivered")
        with self.app.reader() as views:
            for item in ITEMS:
                stock = views.stock(item)
                assert stock.physical == OPENING - shipped[item]
                assert stock.reserved == reserved[item]
                assert not (item == "VIS-3" and self.forbids) or stock.physical >= 0

    @invariant()
    def a_customer_owes_what_was_invoiced_less_what_was_credited_and_paid(self) -> None:
        open_items = [
            one for name, sign in SIGNS.items() for one in self.of(name, ISSUED | {"posted", "cancelled_by_credit"})
        ]
        owed = {code: D(0) for code in CUSTOMERS}
        with self.app.reader() as views:
            for code in CUSTOMERS:
                mine = [one for one in open_items if one.party == code]
                owed[code] = total(SIGNS[one.type] * one.total_gross for one in mine)
                assert views.customer(code).balance == owed[code]
                assert total(SIGNS[one.type] * one.balance for one in mine) == owed[code]
        for one in self.docs.values():
            assert 0 <= one.balance <= one.net_to_pay
            if one.type == "invoice" and one.state in ISSUED:
                state = "paid" if not one.balance else "issued" if one.balance == one.net_to_pay else "part_paid"
                assert one.state == state

    @invariant()
    def entries_balance_and_the_customers_account_holds_what_they_owe(self) -> None:
        owing = total(
            SIGNS[one.type] * one.total_gross
            for name in SIGNS
            for one in self.of(name, ISSUED | {"posted", "cancelled_by_credit"})
        )
        day = self.clock.at.date()
        with self.app.reader() as views:
            rows = list(views.entries(day - timedelta(days=4000), day + timedelta(days=1)))
        by_entry = defaultdict(D)  # type: ignore[var-annotated]
        for row in rows:
            by_entry[row.entry_id] += row.debit - row.credit
        assert not any(by_entry.values())
        assert total(row.debit - row.credit for row in rows if row.account.startswith("411")) == owing

    @invariant()
    def numbers_have_no_gap_and_run_with_the_dates(self) -> None:
        fiscal = sorted(
            (one.number, one.date) for one in self.docs.values() if one.type in ("invoice", "credit_note") and one.number
        )
        for year in {number[2:6] for number, _ in fiscal}:
            series = [(number, day) for number, day in fiscal if number[2:6] == year]
            assert [number for number, _ in series] == [f"FA{year}-{n:05}" for n in range(1, len(series) + 1)]
            assert [day for _, day in series] == sorted(day for _, day in series)

    @invariant()
    def what_was_issued_stays_as_it_was(self) -> None:
        for one in self.docs.values():
            if one.type in ("invoice", "credit_note") and one.number:
                before = self.issued.setdefault(one.id, one)
                assert [content(line) for line in before.lines] == [content(line) for line in one.lines]
                assert (before.number, before.date, before.total_gross) == (one.number, one.date, one.total_gross)

    @invariant()
    def the_store_agrees_with_itself(self) -> None:
        report = self.app.verify()
        assert report.ok, report.faults


def content(line: Line) -> tuple[Any, ...]:
    return (line.id, line.item, line.quantity, line.unit_price, line.net, line.vat, line.source_id)


def as_lines(given: list[Any]) -> list[dict[str, Any]]:
    return [
        {"item": item, "quantity": quantity, **({} if price is None else {"unit_price": price})}
        for item, quantity, price in given
    ]


TestCommercialCycle = CommercialCycle.TestCase
TestCommercialCycle.settings = settings(
    max_examples=max(20, settings.default.max_examples // 2),  # type: ignore[union-attr]
    stateful_step_count=25,
    deadline=None,
)


def test_the_rules_are_reached() -> None:
    """One fixed walk through the machine, so that a change of its rules cannot make it check nothing."""
    machine = CommercialCycle()
    machine.open(forbid=False)
    machine.quote_send_and_accept("ACME", [("VIS-1", D(30), None)], D(0))
    machine.run(lambda s: s.derive(machine.in_states("quotation:accepted")[0], "sales_order"))
    order = machine.in_states("sales_order:confirmed")[0]
    machine.run(lambda s: s.derive(order, "delivery_note", quantities={1: 7}))
    machine.run(lambda s: s.fire(s.derive(machine.in_states("delivery_note:shipped"), "invoice").documents[0].id, "issue"))
    machine.pay("ACME", 5000)
    assert machine.in_states("sales_order:confirmed") == [order]
    assert [machine.docs[one].number for one in machine.in_states("invoice:part_paid")] == ["FA2026-00001"]
    machine.teardown()
