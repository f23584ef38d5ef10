"""Purchases in the database: statements that do not depend on lines, reasons on record, stock value, verification."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from sphinx_lib import Actor, InputError, NotFound, Refused, Sphinx
from sphinx_lib.store.tables import audit_log, stock_values
from tests.store.support import ALICE, goods, lines, open_shop, statements

CHIEF = Actor("chief", {"approve_supplier_invoice", "see_margin"})
D = Decimal
MOST = {"create": 8, "confirm": 12, "receipt": 9, "receive": 16, "invoice": 11, "match": 8, "post": 19}


@pytest.fixture
def shop(database_url: str) -> Iterator[Sphinx]:
    app = open_shop(database_url, items=100, stock=0)
    with app.session(actor=ALICE) as s:
        s.put("supplier", [{"code": "VISCO", "name": "Visco SARL", "language": "en"}])
    yield app
    app.engine.dispose()


def ordered(app: Sphinx, count: int = 1, price: str = "4.00") -> str:
    with app.session(actor=ALICE) as s:
        rows = [{**line, "quantity": 10, "unit_price": price} for line in lines(count)]
        return s.fire(s.create("purchase_order", supplier="VISCO", lines=rows).id, "confirm").id


def received(app: Sphinx, order: str, **options: Any) -> str:
    with app.session(actor=ALICE) as s:
        return s.fire(s.derive(order, "goods_receipt", **options).documents[0].id, "receive").id


def billed(app: Sphinx, receipt: str, reference: str, **changes: Any) -> str:
    with app.session(actor=CHIEF) as s:
        bill = s.derive(receipt, "supplier_invoice").documents[0]
        s.edit(bill.id, reference=reference, **changes)
        return s.fire(bill.id, "match").id


def chain_counts(app: Sphinx, count: int, reference: str) -> dict[str, int]:
    """The statements of each unit from the order to the posted invoice, for ``count`` lines."""
    ids: dict[str, str] = {}
    rows = [{**line, "unit_price": "4.00"} for line in lines(count)]
    steps = {
        "create": lambda s: s.create("purchase_order", supplier="VISCO", lines=rows),
        "confirm": lambda s: s.fire(ids["create"], "confirm"),
        "receipt": lambda s: s.derive(ids["create"], "goods_receipt").documents[0],
        "receive": lambda s: s.fire(ids["receipt"], "receive"),
        "invoice": lambda s: s.derive(ids["receipt"], "supplier_invoice").documents[0],
        "name": lambda s: s.edit(ids["invoice"], reference=reference),
        "dearer": lambda s: s.edit(ids["invoice"], lines={n: {"unit_price": "4.10"} for n in range(1, count + 1)}),
        "match": lambda s: s.fire(ids["invoice"], "match"),
        "approve": lambda s: s.fire(ids["invoice"], "approve", ask={"reason": "agreed"}),
        "post": lambda s: s.fire(ids["invoice"], "post"),
    }
    found = {}
    for name, work in steps.items():
        with statements(app.engine) as seen, app.session(actor=CHIEF) as s:
            ids[name] = work(s).id
        found[name] = len(seen)
    return found


def test_a_purchase_of_a_hundred_lines_takes_the_statements_of_one_of_ten(shop: Sphinx) -> None:
    chain_counts(shop, 100, "warm")  # stock values exist from here on, as they do on every day but the first
    ten, hundred = chain_counts(shop, 10, "F-10"), chain_counts(shop, 100, "F-100")
    assert ten == hundred
    for name, most in MOST.items():
        assert ten[name] <= most, (name, ten)


def test_reasons_of_a_dispute_are_on_record_and_in_the_audit_log(shop: Sphinx) -> None:
    receipt = received(shop, ordered(shop), quantities={1: 8})
    bill = billed(shop, receipt, "F-1", lines={1: {"quantity": 10, "unit_price": "4.10"}})
    with shop.reader() as views:
        view = views.document(bill)
        logged = [row.payload["reasons"] for row in views.history(bill) if row.event == "match"]
    assert view.document.state == "disputed"
    assert view.reasons == (
        "line 1: 2 unit more than the 8 received", "line 1: price 4.1 where 4 was ordered, 1.00 too much",
    )  # fmt: skip
    assert logged == [list(view.reasons)] == [view.as_json()["reasons"]]
    assert shop.verify().ok


def worth(app: Sphinx, item: str) -> tuple[Decimal, Decimal]:
    with app.engine.connect() as connection:
        row = connection.execute(select(stock_values.c.quantity, stock_values.c.value).where(stock_values.c.item == item)).one()
    return row.quantity, row.value


@pytest.mark.parametrize(("sold", "after"), [(0, "41.00"), (4, "24.60"), (10, "0")])
def test_a_price_difference_goes_to_the_goods_still_held(shop: Sphinx, sold: int, after: str) -> None:
    """V1, §5.3: 10 at 4.00 invoiced at 4.10; each unit held takes 0.10, the rest is a cost of what was sold."""
    receipt = received(shop, ordered(shop))
    if sold:
        with shop.session(actor=ALICE) as s:
            s.create("delivery_note", customer="ACME", lines=[{"item": "VIS-1", "quantity": sold}])
    bill = billed(shop, receipt, "F-1", lines={1: {"unit_price": "4.10"}})
    with shop.session(actor=CHIEF) as s:
        s.fire(bill, "approve", ask={"reason": "agreed"})
        s.fire(bill, "post")
    assert worth(shop, "VIS-1") == (10 - sold, D(after))
    assert shop.verify().ok


def test_first_in_first_out_gives_the_difference_to_the_layer_of_its_receipt(shop: Sphinx) -> None:
    """V4: the older receipt was sold, so that nothing of its difference is left in stock."""
    with shop.session(actor=ALICE) as s:
        s.put("item", [goods("VIS-1", valuation="fifo")])
    old, new = received(shop, ordered(shop, price="4.00")), received(shop, ordered(shop, price="5.00"))
    with shop.session(actor=ALICE) as s:
        s.create("delivery_note", customer="ACME", lines=[{"item": "VIS-1", "quantity": 10}])
    for receipt, price, reference in ((old, "4.50", "F-1"), (new, "5.20", "F-2")):
        bill = billed(shop, receipt, reference, lines={1: {"unit_price": price}})
        with shop.session(actor=CHIEF) as s:
            s.fire(bill, "approve", ask={"reason": "agreed"})
            s.fire(bill, "post")
    assert worth(shop, "VIS-1") == (10, D("52.00"))


def test_a_standard_cost_is_not_moved_by_an_invoice(shop: Sphinx) -> None:
    with shop.session(actor=ALICE) as s:
        s.put("item", [goods("VIS-1", valuation="standard")])
    bill = billed(shop, received(shop, ordered(shop)), "F-1", lines={1: {"unit_price": "4.10"}})
    with shop.session(actor=CHIEF) as s:
        s.fire(bill, "approve", ask={"reason": "agreed"})
        s.fire(bill, "post")
    assert worth(shop, "VIS-1") == (10, D("60.00"))


def test_a_credit_for_a_part_of_the_price_takes_its_value_out_again(shop: Sphinx) -> None:
    bill = billed(shop, received(shop, ordered(shop)), "F-1", lines={1: {"unit_price": "4.10"}})
    with shop.session(actor=CHIEF) as s:
        s.fire(bill, "approve", ask={"reason": "credit announced"})
        s.fire(bill, "post")
        s.flush()
        credit = s.derive(bill, "supplier_credit_note").documents[0]
        s.edit(credit.id, reference="A-1", lines={1: {"unit_price": "0.10"}})
        s.fire(credit.id, "post")
    assert worth(shop, "VIS-1") == (10, D("40.00"))


def test_two_invoices_of_one_number_in_one_unit_of_work_are_told_apart(shop: Sphinx) -> None:
    first, second = received(shop, ordered(shop)), received(shop, ordered(shop))
    with pytest.raises(Refused, match="has sent F-1 already"), shop.session(actor=CHIEF) as s:
        bills = [s.derive(one, "supplier_invoice").documents[0].id for one in (first, second)]
        for bill in bills:
            s.edit(bill, reference="F-1")
            s.fire(bill, "match")
        s.fire(bills[0], "post")
        s.fire(bills[1], "post")


def test_many_invoices_are_posted_with_the_statements_of_one_reference_each_asked_once(shop: Sphinx) -> None:
    counts = []
    for many in (1, 10):
        bills = [billed(shop, received(shop, ordered(shop)), f"F-{many}-{n}") for n in range(many)]
        with statements(shop.engine) as seen, shop.session(actor=CHIEF) as s:
            assert len(s.fire_many(bills, "post").fired) == many
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_payment_names_one_of_customer_and_supplier(shop: Sphinx) -> None:
    for named in ({}, {"customer": "ACME", "supplier": "VISCO"}):
        with pytest.raises(InputError, match="name a customer or a supplier"), shop.session(actor=ALICE) as s:
            s.pay(amount="10.00", **named)


def test_a_supplier_who_is_not_there_is_told_with_the_nearest(shop: Sphinx) -> None:
    with pytest.raises(NotFound, match="no supplier 'VISC'; did you mean 'VISCO'"), shop.reader() as views:
        views.supplier("VISC")


def test_approvals_and_payments_are_in_the_chain_of_the_audit_log(shop: Sphinx) -> None:
    bill = billed(shop, received(shop, ordered(shop)), "F-1")
    with shop.session(actor=CHIEF) as s:
        total = s.fire(bill, "post").total_gross
    with shop.session(actor=ALICE) as s:
        s.pay(supplier="VISCO", amount=total)
    with shop.engine.connect() as connection:
        events = set(connection.scalars(select(audit_log.c.event)))
    assert {"match", "post", "settle", "bill"} <= events
    assert shop.verify().ok


def test_a_document_names_who_is_of_its_side(shop: Sphinx) -> None:
    for type_, named in (("purchase_order", {"customer": "VISCO"}), ("quotation", {"supplier": "ACME"})):
        with pytest.raises(InputError, match=f"a {type_} has a (supplier|customer), no"), shop.session(actor=ALICE) as s:
            s.create(type_, **named)
