"""Stories told at two sizes: of many lines in a document, of many documents in a unit, and of much behind them.

Each story makes what it needs of a ``Shop`` and does what is measured as named steps of it. ``count`` is the size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sphinx_lib import Actor, Sphinx
from sphinx_lib.export.run import export_file
from sphinx_lib.kernel.errors import SphinxError
from sphinx_lib.pack.pack import Pack
from sphinx_lib.render.html import render_html
from tests.growth.steps import counted_steps
from tests.store.support import FixedClock, goods

D = Decimal
ALICE = Actor("alice", {
    "exceed_credit", "negative_stock", "see_margin", "exceed_source", "approve_supplier_invoice", "approve_order",
})  # fmt: skip
ACCEPTED = {"channel": "phone", "person": "Mme D."}
YEARS = (date(2000, 1, 1), date(2100, 12, 31))


@dataclass
class Shop:
    """A company with goods VIS-1 … VIS-n; ``steps`` holds by name how often each line of code ran."""

    app: Sphinx
    steps: dict[str, Counter[str]] = field(default_factory=dict)

    def do(self, work: Callable[[Any], Any]) -> Any:
        """What ``work(session)`` answers, in a unit of its own; it is not measured."""
        with self.app.session(actor=ALICE) as session:
            return work(session)

    def step(self, name: str, work: Callable[[Any], Any]) -> Any:
        """The same, measured with its flush."""
        answer, self.steps[name] = counted_steps(lambda: self.do(work))
        return answer

    def read(self, name: str, question: Callable[[Any], Any]) -> Any:
        """What ``question(views)`` answers, measured."""

        def asked() -> Any:
            with self.app.reader(actor=ALICE) as views:
                return question(views)

        answer, self.steps[name] = counted_steps(asked)
        return answer

    def look(self, document_id: str) -> None:
        """Every view of one document, and its page."""
        self.read("view", lambda views: views.document(document_id).as_json())
        self.read("view in English", lambda views: views.document(document_id, "en").warnings)
        self.read("stock of lines", lambda views: views.line_stock(views.document(document_id).document))
        self.read("history", lambda views: views.history(document_id))
        self.read("sources", lambda views: (views.sources(document_id), views.results(document_id)))
        if self.template_of(document_id):
            self.read("page", lambda views: render_html(views.document(document_id)))

    def template_of(self, document_id: str) -> str | None:
        with self.app.reader() as views:
            return views.document(document_id).type.template

    def check(self) -> None:
        """``verify`` and the accounting file, measured."""
        report, self.steps["verify"] = counted_steps(self.app.verify)
        assert report.faults == (), report.faults
        _, self.steps["export"] = counted_steps(lambda: export_file(self.app, "fec", *YEARS))


def open_shop(pack: Pack, items: int) -> Shop:
    """A database in memory with ``items`` goods in stock, a customer without a limit and a supplier."""
    app = Sphinx.open(pack, "sqlite://", clock=FixedClock())
    shop = Shop(app)
    with app.session(actor=ALICE) as s:
        s.put("customer", [{"code": "ACME", "name": "ACME SAS", "country": "FR", "email": "a@acme.fr"}])
        s.put("supplier", [{"code": "VISCO", "name": "Visco", "country": "FR", "lead_days": 3}])
        s.put("item", [goods(f"VIS-{n}", supplier="VISCO") for n in range(1, items + 1)])
        for n in range(1, items + 1):
            s.adjust_stock(f"VIS-{n}", 1000)
    return shop


def lines(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"item": f"VIS-{n}", "quantity": 1 + n % 7, **more} for n in range(1, count + 1)]


# -- many lines of a document ------------------------------------------------------------------------------------------


def sale(shop: Shop, count: int) -> None:
    """A quotation of many lines becomes an order, a note, an invoice and a credit note."""
    quote = shop.step("quote", lambda s: s.create("quotation", customer="ACME", lines=lines(count))).id
    shop.step("edit one line", lambda s: s.edit(quote, lines={1: {"quantity": 9}}))
    shop.step("edit all lines", lambda s: s.edit(quote, lines={n: {"discounts": ["5"]} for n in range(1, count + 1)}))
    shop.step("edit the header", lambda s: s.edit(quote, reference="PO 1"))
    shop.step("take out a line", lambda s: s.edit(quote, lines={2: None}))
    shop.step("plan", lambda s: s.plan(quote, "send"))
    shop.step("send", lambda s: s.fire(quote, "send"))
    shop.step("revise", lambda s: s.fire(quote, "revise"))
    quote = shop.do(lambda s: s.create("quotation", customer="ACME", lines=lines(count))).id
    shop.do(lambda s: s.fire(quote, "send"))
    shop.step("accept", lambda s: s.fire(quote, "accept", ask=ACCEPTED))
    order = shop.step("derive order", lambda s: s.derive(quote, "sales_order")).documents[0].id
    shop.look(order)
    shop.step("derive half", lambda s: s.derive(order, "delivery_note", quantities=dict.fromkeys(range(1, count + 1), 1)))
    note = shop.step("derive note", lambda s: s.derive(order, "delivery_note")).documents[0].id
    shop.look(note)
    bill = shop.step("derive invoice", lambda s: s.derive(note, "invoice")).documents[0].id
    shop.step("issue", lambda s: s.fire(bill, "issue"))
    shop.look(bill)
    credit = shop.step("derive credit", lambda s: s.derive(bill, "credit_note")).documents[0].id
    shop.step("issue credit", lambda s: s.fire(credit, "issue"))
    shop.look(credit)
    shop.check()


def every_kind_of_line(shop: Shop, count: int) -> None:
    """Kits, charges, options, headings, subtotals, comments, discounts, a foot, references and units on one document."""
    shop.do(lambda s: s.put("item", [
        {"code": "KIT", "name": "Kit", "kind": "kit", "sale_price": "30", "components": {"VIS-1": "2", "VIS-2": "1"}},
        {"code": "SET", "name": "Set", "kind": "kit", "kit": "exploded", "components": {"VIS-1": "2", "VIS-2": "1"}},
        goods("BOX", eco="0.50", weight_kg="2"),
        {"code": "WORK", "name": "Work", "kind": "service", "sale_price": "50"},
    ]))  # fmt: skip
    some = [
        {"text": "Section", "heading": True}, {"item": "KIT", "quantity": 2}, {"item": "SET", "quantity": 1},
        {"item": "BOX", "quantity": 3, "discounts": ["10", "2.5"]}, {"item": "WORK", "quantity": 1, "unit_price": "40"},
        {"item": "VIS-1", "quantity": 1, "option": True}, {"item": "VIS-2", "quantity": 1, "alternative": True},
        {"text": "A word"}, {"subtotal": True},
    ]  # fmt: skip
    given = [row for _ in range(count // 3) for row in some]
    header = {"foot_discount": "3", "foot_discount_amount": "1.00", "early_payment_discount": "2"}
    quote = shop.step("quote", lambda s: s.create("quotation", customer="ACME", lines=given, **header)).id
    shop.step("edit one line", lambda s: s.edit(quote, lines={2: {"quantity": 9}}))
    shop.step("edit the foot", lambda s: s.edit(quote, foot_discount="4"))
    shop.step("send", lambda s: s.fire(quote, "send"))
    shop.step("accept", lambda s: s.fire(quote, "accept", ask=ACCEPTED))
    shop.look(quote)
    order = shop.step("order", lambda s: s.derive(quote, "sales_order")).documents[0].id
    note = shop.step("deliver", lambda s: s.derive(order, "delivery_note")).documents[0].id
    bill = shop.step("invoice", lambda s: s.derive(note, "invoice")).documents[0].id
    shop.step("issue", lambda s: s.fire(bill, "issue"))
    shop.look(bill)
    shop.check()


def gross_prices(shop: Shop, count: int) -> None:
    """Prices that hold tax, and a foreign currency."""
    shop.do(lambda s: s.put("customer", [{"code": "SHOP", "name": "Shop", "country": "FR", "prices_include_tax": True}]))
    shop.do(lambda s: s.put("exchange_rate", [{"currency": "USD", "date": "2026-01-01", "rate": "1.1"}]))
    bill = shop.step("gross", lambda s: s.create("invoice", customer="SHOP", lines=lines(count), foot_discount="3")).id
    shop.step("issue gross", lambda s: s.fire(bill, "issue"))
    shop.look(bill)
    foreign = shop.step("foreign", lambda s: s.create("invoice", customer="ACME", currency="USD", lines=lines(count))).id
    shop.step("issue foreign", lambda s: s.fire(foreign, "issue"))
    shop.look(foreign)
    shop.check()


def purchase(shop: Shop, count: int) -> None:
    """Asked, answered, ordered, received with landed costs, invoiced, returned, credited."""
    shop.do(lambda s: s.put("supplier", [{"code": "OTHER", "name": "Other", "country": "FR"}]))
    rfq = shop.step("ask", lambda s: s.create("rfq", lines=lines(count))).id
    made = shop.step("answers", lambda s: s.derive(rfq, "supplier_quotation", parties=["VISCO", "OTHER"])).documents
    shop.step("send", lambda s: s.fire(rfq, "send"))
    for number, one in enumerate(made):
        prices = {place: {"unit_price": 3 + number} for place in range(1, count + 1)}
        shop.step("prices", lambda s, one=one, prices=prices: s.edit(one.id, lines=prices))
        shop.step("answer", lambda s, one=one: s.fire(one.id, "answer"))
    shop.read("compare", lambda views: views.comparison(rfq))
    shop.step("choose", lambda s: s.fire(made[0].id, "choose"))
    with shop.app.reader() as views:
        (order,) = views.ids(type="purchase_order")
    shop.step("confirm", lambda s: s.fire(order, "confirm"))
    shop.look(order)
    receipt = shop.step("receive", lambda s: s.derive(order, "goods_receipt")).documents[0].id
    shop.do(lambda s: s.edit(receipt, landed_cost="100", landed_by="value"))
    shop.step("received", lambda s: s.fire(receipt, "receive"))
    shop.look(receipt)
    bill = shop.step("bill", lambda s: s.derive(receipt, "supplier_invoice")).documents[0].id
    dearer = {place: {"unit_price": 4} for place in range(1, count + 1)}
    shop.step("dearer", lambda s: s.edit(bill, reference="F-1", lines=dearer))
    shop.step("match", lambda s: s.fire(bill, "match"))
    shop.step("approve", lambda s: s.fire(bill, "approve", ask={"reason": "agreed"}))
    shop.step("post", lambda s: s.fire(bill, "post"))
    shop.look(bill)
    credit = shop.step("credit", lambda s: s.derive(bill, "supplier_credit_note")).documents[0].id
    shop.do(lambda s: s.edit(credit, reference="A-1"))
    shop.step("post credit", lambda s: s.fire(credit, "post"))
    def posted(s: Any) -> None:
        for number in range(count):
            one = s.create("supplier_invoice", supplier="VISCO", reference=f"N-{number}", lines=lines(1, unit_price=3))
            s.fire(one.id, "match")
            s.fire(one.id, "approve", ask={"reason": "no receipt"})
            s.fire(one.id, "post")

    shop.step("many bills", posted)
    back = shop.do(lambda s: s.create("goods_receipt", supplier="VISCO", lines=lines(count, unit_price=3))).id
    shop.step("received alone", lambda s: s.fire(back, "receive"))
    returned = shop.step("return", lambda s: s.derive(back, "supplier_return")).documents[0].id
    shop.step("sent back", lambda s: s.fire(returned, "send"))
    shop.check()


def goods_of_names(shop: Shop, count: int) -> None:
    """Lots, serial numbers and bins: on many lines, and many on one line."""
    shop.do(lambda s: s.put("item", [
        *(goods(f"LOT-{n}", tracking="lot", supplier="VISCO") for n in range(1, count + 1)),
        goods("SAW", tracking="serial"), goods("OIL", tracking="lot"),
    ]))  # fmt: skip
    def stored(s: Any) -> None:
        for n in range(1, count + 1):
            s.adjust_stock(f"LOT-{n}", 3, lot="L1", bin=f"A-{n}")
            s.adjust_stock(f"LOT-{n}", 3, lot="L2", expires="2027-01-31")
            s.adjust_stock("SAW", 1, serial=f"S-{n}", bin="D-1")
            s.adjust_stock("OIL", 2, lot=f"L{n}", bin=f"B-{n}", expires="2027-01-31")

    shop.step("adjust", stored)
    of_lots = [{"item": f"LOT-{n}", "quantity": 4} for n in range(1, count + 1)]
    each = {"lots on lines": of_lots, "serials on one line": [{"item": "SAW", "quantity": count}],
            "lots on one line": [{"item": "OIL", "quantity": 2 * count}]}  # fmt: skip
    for name, rows in each.items():
        order = shop.do(lambda s, rows=rows: s.fire(s.create("sales_order", customer="ACME", lines=rows).id, "confirm")).id
        note = shop.step(f"{name}: deliver", lambda s, order=order: s.derive(order, "delivery_note")).documents[0].id
        shop.look(note)
        back = shop.step(f"{name}: come back", lambda s, note=note: s.derive(note, "customer_return")).documents[0].id
        shop.step(f"{name}: received", lambda s, back=back: s.fire(back, "receive"))
        shop.read(f"{name}: stored", lambda views: (views.lots("OIL"), views.lots("SAW"), views.stock_rows()))
    shop.read("equipment", lambda views: views.equipment("ACME"))
    shop.check()


def picked(shop: Shop, count: int) -> None:
    """Picking lists of many lines and of many orders."""
    wide = shop.do(lambda s: s.fire(s.create("sales_order", customer="ACME", lines=lines(count)).id, "confirm")).id
    many = shop.do(lambda s: [
        s.fire(s.create("sales_order", customer="ACME", lines=[{"item": f"VIS-{n}", "quantity": 2}]).id, "confirm").id
        for n in range(1, count + 1)
    ])  # fmt: skip
    for name, orders in {"wide": [wide], "many": many}.items():
        made = shop.step(f"{name}: pick", lambda s, orders=orders: s.derive(orders, "picking_list")).documents[0].id
        shop.step(f"{name}: start", lambda s, made=made: s.fire(made, "start"))
        shop.step(f"{name}: count", lambda s, made=made: s.edit(made, lines={1: {"quantity": 1}}))
        shop.look(made)
        shop.step(f"{name}: finish", lambda s, made=made: s.fire(made, "finish"))
    shop.read("backorders", lambda views: (views.backorders(), views.deliverable()))
    shop.check()


def counted(shop: Shop, count: int) -> None:
    """A count and a transfer of many items."""
    made = shop.step("count", lambda s: s.count())
    shop.step("start", lambda s: s.fire(made.id, "start"))
    shop.step("enter", lambda s: s.edit(made.id, lines={line.position: {"quantity": 990} for line in made.lines}))
    shop.read("differences", lambda views: views.counted(made.id))
    shop.step("post", lambda s: s.fire(made.id, "post"))
    moved = shop.step("transfer", lambda s: s.create("stock_transfer", to_warehouse="lyon", lines=lines(count))).id
    shop.step("ship", lambda s: s.fire(moved, "ship"))
    shop.step("arrive", lambda s: s.fire(moved, "receive"))
    shop.read("availability", lambda views: (views.availability(), views.stock_rows(), views.stock_value()))
    shop.read("line values", lambda views: views.line_values(moved))
    shop.check()


def previewed(shop: Shop, count: int) -> None:
    """What would be entered, and what an edit would do, with nothing written."""
    shop.read("preview", lambda views: views.preview("sales_order", customer="ACME", lines=lines(count)))
    draft = shop.do(lambda s: s.create("quotation", customer="ACME", lines=lines(count))).id
    shop.step("preview in a session", lambda s: s.preview("invoice", customer="ACME", lines=lines(count)))
    shop.read("preview edit", lambda views: views.preview_edit(draft, lines={1: {"quantity": 3}}))


def refused(shop: Shop, count: int) -> None:
    """Input that is wrong in every line is told as fast as it is entered."""

    def tell(name: str, work: Callable[[Any], Any]) -> None:
        shop.step(name, lambda s: _refusal(lambda: work(s)))

    shop.do(lambda s: s.put("warehouse", [{"code": f"W-{n}", "name": f"W {n}"} for n in range(count)]))
    wrong: dict[str, dict[str, Any]] = {
        "items": {"item": "VIS-1X", "quantity": 1}, "warehouses": {"warehouse": "W-1X"}, "quantities": {"quantity": "many"},
        "fields": {"discount": "5"}, "units": {"unit": "piecess"}, "taxes": {"vat": "standardd"},
    }  # fmt: skip
    for name, more in wrong.items():
        rows = [{**row, **more} | ({"item": f"VIX-{n}"} if name == "items" else {}) for n, row in enumerate(lines(count))]
        tell(name, lambda s, rows=rows: s.create("quotation", customer="ACME", lines=rows))
    over = shop.do(lambda s: s.create("delivery_note", customer="ACME", lines=lines(count))).id
    bill = shop.do(lambda s: s.derive(over, "invoice")).documents[0].id
    more_of_all = {place: {"quantity": 99} for place in range(1, count + 1)}
    shop.do(lambda s: s.edit(bill, lines=more_of_all))
    plain = Actor("bob")
    with shop.app.session(actor=plain) as s:
        _, shop.steps["guards"] = counted_steps(lambda: _refusal(lambda: s.fire(bill, "issue")))
    tell("positions", lambda s: s.edit(bill, lines={place + count: {"quantity": 1} for place in range(1, count + 1)}))


def _refusal(work: Callable[[], Any]) -> SphinxError:
    try:
        work()
    except SphinxError as error:
        return error
    raise AssertionError("nothing was refused")


# -- many documents ----------------------------------------------------------------------------------------------------


def batches(shop: Shop, count: int) -> None:
    """Many documents in one unit: fired, derived one for one, derived into one, paid together, and taken back."""
    rows = [{"item": "VIS-1", "quantity": 1}, {"item": "VIS-2", "quantity": 2}]
    def quotations(s: Any) -> list[str]:
        return [s.create("quotation", customer="ACME", lines=rows).id for _ in range(count)]

    quotes = shop.step("quotations", quotations)
    shop.step("send", lambda s: s.fire_many(quotes, "send"))
    shop.step("accept", lambda s: s.fire_many(quotes, "accept", **ACCEPTED))
    orders = [one.id for one in shop.step("orders", lambda s: s.derive(quotes, "sales_order")).documents]
    notes = [shop.do(lambda s, one=one: s.derive(one, "delivery_note")).documents[0].id for one in orders]
    (bill,) = shop.step("one invoice of all", lambda s: s.derive(notes, "invoice")).documents
    shop.step("issue", lambda s: s.fire(bill.id, "issue"))
    shop.look(bill.id)
    more = shop.do(lambda s: [s.create("invoice", customer="ACME", lines=rows).id for _ in range(count)])
    shop.step("issue many", lambda s: s.fire_many(more, "issue"))
    total = sum(shop.do(lambda s: [s.document(one).total_gross for one in more]), D(0))
    paid = shop.step("pay many", lambda s: s.pay("ACME", total, allocate=more)).id
    shop.step("reject", lambda s: s.fire(paid, "reject"))
    shop.step("pay oldest", lambda s: s.pay("ACME", total))
    small = shop.step("many payments", lambda s: [s.pay("ACME", "1.00", allocate=[bill.id]).id for _ in range(count)])
    shop.step("reject many", lambda s: s.fire_many(small, "reject"))
    shop.read("customer", lambda views: views.customer("ACME"))
    shop.read("views", lambda views: [one.as_json() for one in views.documents(notes)])
    shop.check()


def shipped_together(shop: Shop, count: int) -> None:
    """Many orders on one note, bought on one purchase order, received for all of them, and cancelled."""
    code = "NEW"
    shop.do(lambda s: s.put("item", [goods(code, supplier="VISCO")]))
    def ordered(s: Any) -> list[str]:
        return [
            s.fire(s.create("sales_order", customer="ACME", lines=[{"item": code, "quantity": 2}]).id, "confirm").id
            for _ in range(count)
        ]

    orders = shop.step("orders in one unit", ordered)
    buy = shop.step("buy for all", lambda s: s.derive(orders, "purchase_order")).documents[0].id
    shop.step("confirm", lambda s: s.fire(buy, "confirm"))
    shop.read("pegs", lambda views: views.pegs(buy))
    receipt = shop.step("receive", lambda s: s.derive(buy, "goods_receipt")).documents[0].id
    shop.step("received", lambda s: s.fire(receipt, "receive"))
    shop.read("deliverable", lambda views: views.deliverable())
    note = shop.step("one note of all", lambda s: s.derive(orders, "delivery_note")).documents[0].id
    shop.look(note)
    shop.step("cancel the note", lambda s: s.fire(note, "cancel"))
    shop.step("cancel the orders", lambda s: s.fire_many(orders, "cancel"))
    shop.check()


def long_past(shop: Shop, count: int) -> None:
    """One document with a long history: many edits, revisions, part deliveries, events back and forth."""
    draft = shop.do(lambda s: s.create("quotation", customer="ACME", lines=lines(2))).id
    def edits(s: Any) -> None:
        for number in range(count):
            s.edit(draft, reference=f"PO {number}")

    shop.step("edits in one unit", edits)
    def each(s: Any) -> None:
        for _ in range(count):
            with shop.app.session(actor=ALICE) as own:
                own.edit(draft, lines={1: {"quantity": 3}})

    shop.steps["edits in units"] = counted_steps(lambda: each(None))[1]
    bill = shop.do(lambda s: s.fire(s.create("invoice", customer="ACME", lines=lines(2, unit_price=1000)).id, "issue")).id
    def payments() -> None:
        for _ in range(count):
            with shop.app.session(actor=ALICE) as s:
                paid = s.pay("ACME", "1.00", allocate=[bill])
                s.fire(paid.id, "reject")

    shop.steps["paid and rejected"] = counted_steps(payments)[1]
    order = shop.do(lambda s: s.fire(s.create("sales_order", customer="ACME", lines=[{"item": "VIS-1", "quantity": count}]).id, "confirm")).id
    def parts() -> None:
        for _ in range(count):
            with shop.app.session(actor=ALICE) as s:
                s.derive(order, "delivery_note", quantities={1: 1})

    shop.steps["delivered in parts"] = counted_steps(parts)[1]
    shop.look(order)
    shop.look(bill)
    shop.check()


def masters(shop: Shop, count: int) -> None:
    """Many records put at once, and prices of many items."""
    shop.step("items", lambda s: s.put("item", [goods(f"NEW-{n}", barcode=f"{n:013}") for n in range(count)]))
    shop.step("items again", lambda s: s.put("item", [goods(f"NEW-{n}", weight_kg="1") for n in range(count)]))
    shop.step("customers", lambda s: s.put("customer", [{"code": f"C-{n}", "name": f"C {n}"} for n in range(count)]))
    shop.step("invoices of many", lambda s: [
        s.fire(s.create("invoice", customer=f"C-{n}", lines=[{"item": f"NEW-{n}", "quantity": 1}]).id, "issue")
        for n in range(count)
    ])  # fmt: skip
    shop.step("deal", lambda s: s.put("deal", [{"code": f"D-{n}", "name": f"D {n}"} for n in range(count)]))
    shop.read("prices", lambda views: [views.price(f"NEW-{n}", 1, "ACME") for n in range(3)])
    shop.check()


def runs(shop: Shop, count: int) -> None:
    """The batches: invoices of a month, expiries, replenishment."""
    days = timedelta(days=60)
    shop.do(lambda s: s.put("customer", [{"code": f"C-{n}", "name": f"C {n}"} for n in range(count)]))
    shop.do(lambda s: [
        s.create("delivery_note", customer=f"C-{n}", lines=[{"item": "VIS-1", "quantity": 1}]).id for n in range(count)
    ])  # fmt: skip
    _, shop.steps["invoicing"] = counted_steps(lambda: shop.app.run("invoicing", actor=ALICE, until="2026-03-31"))
    quotes = shop.do(lambda s: [s.create("quotation", customer=f"C-{n}", lines=lines(1)).id for n in range(count)])
    shop.do(lambda s: s.fire_many(quotes, "send"))
    shop.app.clock.at += days  # type: ignore[attr-defined]
    _, shop.steps["expiry"] = counted_steps(lambda: shop.app.run("expiry", actor=ALICE))
    shop.do(lambda s: s.put("item", [
        goods(f"LOW-{n}", supplier="VISCO", reorder={"minimum": 10, "maximum": 40}) for n in range(count)
    ]))  # fmt: skip
    _, shop.steps["replenishment"] = counted_steps(lambda: shop.app.run("replenishment", actor=ALICE))
    shop.check()


STORIES: dict[str, Callable[[Shop, int], None]] = {
    story.__name__: story
    for story in (
        sale, every_kind_of_line, refused, gross_prices, purchase, goods_of_names, picked, counted, previewed, batches,
        shipped_together, long_past, masters, runs,
    )
}  # fmt: skip
