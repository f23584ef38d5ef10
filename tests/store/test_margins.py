"""What lines, documents and deals earn, and which day's costs they take (M1-M3, S48-S51)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sphinx_lib import Actor, Sphinx
from sphinx_lib.app.margins import LineMargin, line_margin
from sphinx_lib.kernel.document import Document, Line
from sphinx_lib.kernel.errors import NotFound
from sphinx_lib.kernel.money import round_half_up
from tests.store.support import ALICE, accepted_quotation, document, goods, lines, open_shop, overlay, statements

D = Decimal
SELLER = Actor("paul")


def margin(net: str, cost: str | None, *, quantity: int = 1, vat: str = "20", **document: Any) -> LineMargin:
    line = Line(
        "l", 1, item="A", quantity=D(quantity), unit_price=D(net), net=D(net), cost=None if cost is None else D(cost)
    )
    header = {"id": "d", "type": "invoice", "state": "draft", "date": date(2026, 3, 2), **document}
    found = line_margin(line, Document(**header), D(vat))
    assert found is not None
    return found


# -- figures -------------------------------------------------------------------------------------------------------------


def test_ex10_sale_200_cost_150() -> None:
    found = margin("200.00", "150")
    assert (found.cost, found.margin, found.margin_rate) == (D("150.00"), D("50.00"), D(25))
    assert round_half_up(found.markup_rate or D(0), 2) == D("33.33")


def test_ex11_cost_72_sold_90_has_a_taux_de_marque_of_20() -> None:
    assert margin("90.00", "72").margin_rate == 20


def test_ex12_cost_20_sold_60_with_tax_has_a_coefficient_of_3() -> None:
    found = margin("50.00", "20")
    assert (found.margin, found.markup_rate, found.margin_rate, found.coefficient) == (D("30.00"), D(150), D(60), D(3))


def test_a_zero_denominator_gives_none() -> None:
    """M1."""
    free, gift = margin("50.00", "0"), margin("0.00", "20")
    assert (free.margin, free.margin_rate, free.markup_rate, free.coefficient) == (D("50.00"), D(100), None, None)
    assert (gift.margin, gift.margin_rate, gift.markup_rate, gift.coefficient) == (D("-20.00"), None, D(-100), D(0))


def test_a_line_without_a_cost_counts_with_0_and_is_flagged() -> None:
    """M3."""
    found = margin("50.00", None)
    assert (found.cost, found.margin, found.no_cost) == (D("0.00"), D("50.00"), True)
    assert not margin("50.00", "0").no_cost


def test_the_cost_follows_quantity_and_currency() -> None:
    found = margin("100.00", "3", quantity=10, currency="USD", rate=D("1.10"))
    assert (found.cost, found.margin, found.margin_rate) == (D("33.00"), D("67.00"), D(67))


@pytest.mark.parametrize("role", ["shipping", "eco", "deposit", "heading", "subtotal"])
def test_port_eco_contributions_deposits_and_headings_have_no_margin(role: str) -> None:
    line = Line("l", 1, quantity=D(1), unit_price=D(9), net=D(9), role=role)
    assert line_margin(line, Document(id="d", type="invoice", state="draft", date=date(2026, 3, 2))) is None


# -- the costs of which day ----------------------------------------------------------------------------------------------


def raise_costs(app: Sphinx, cost: str = "7") -> None:
    with app.session(actor=ALICE) as s:
        s.put("item", [goods(f"VIS-{n}", cost=cost, cost_source="standard") for n in (1, 2, 3)])


def costs(app: Sphinx, document_id: str) -> tuple[Decimal | None, ...]:
    found = document(app, document_id)
    return (*(line.cost for line in found.lines), found.total_cost)


def derived(app: Sphinx, source: str, target: str) -> str:
    with app.session(actor=ALICE) as s:
        return s.derive(source, target).documents[0].id


def test_a_delivery_note_takes_the_costs_of_its_day_and_its_invoice_keeps_them(app: Sphinx) -> None:
    """M2: entered at 6, delivered at 7, invoiced when it is 8."""
    order = derived(app, accepted_quotation(app).id, "sales_order")
    raise_costs(app)
    note = derived(app, order, "delivery_note")
    raise_costs(app, "8")
    invoice = derived(app, note, "invoice")
    with app.session(actor=ALICE) as s:
        s.fire(invoice, "issue")
    assert costs(app, order) == (6, D("30.00"))
    assert costs(app, note) == costs(app, invoice) == (7, D("35.00"))
    assert document(app, invoice).margin == D("15.00")
    assert app.verify().faults == ()


def test_an_invoice_of_what_no_note_delivered_takes_the_costs_of_its_day(app: Sphinx) -> None:
    order = derived(app, accepted_quotation(app).id, "sales_order")
    raise_costs(app)
    invoice = derived(app, order, "invoice")
    assert costs(app, invoice) == (6, D("30.00"))
    with app.session(actor=ALICE) as s:
        s.fire(invoice, "issue")
    assert costs(app, invoice) == (7, D("35.00"))


def test_a_note_that_waits_takes_the_costs_of_the_day_it_is_shipped(database_url: str, tmp_path: Path) -> None:
    waits = "document_types: {delivery_note: {then: null, made_from: {sales_order: {then: null}}}}"
    app = open_shop(database_url, config=["base", overlay(tmp_path, waits)])
    with app.session(actor=ALICE) as s:
        note = s.create("delivery_note", customer="ACME", lines=lines(2)).id
    raise_costs(app)
    assert costs(app, note) == (6, 6, D("60.00"))
    with app.session(actor=ALICE) as s:
        s.fire(note, "ship")
    assert costs(app, note) == (7, 7, D("70.00"))
    app.engine.dispose()


def test_a_configuration_may_keep_the_costs_of_the_entry(database_url: str, tmp_path: Path) -> None:
    entry = "document_types: {delivery_note: {margin_cost_at: entry}, invoice: {margin_cost_at: entry}}"
    app = open_shop(database_url, config=["base", overlay(tmp_path, entry)])
    order = derived(app, accepted_quotation(app).id, "sales_order")
    raise_costs(app)
    assert costs(app, derived(app, order, "delivery_note")) == (6, D("30.00"))
    app.engine.dispose()


def test_a_credit_note_takes_back_the_margin_of_its_invoice_whatever_things_cost_since(app: Sphinx) -> None:
    """X13."""
    with app.session(actor=ALICE) as s:
        invoice = s.create("invoice", customer="ACME", lines=lines(1)).id
        s.fire(invoice, "issue")
    raise_costs(app, "9")
    credit = derived(app, invoice, "credit_note")
    with app.session(actor=ALICE) as s:
        s.fire(credit, "issue")
    assert document(app, credit).margin == document(app, invoice).margin == D("20.00")


def test_the_cost_of_a_kit_is_that_of_its_components_of_the_day(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        s.put("item", [goods("KIT", kind="kit", components={"VIS-1": "2", "VIS-2": "1"})])
        order = s.create("sales_order", customer="ACME", lines=[{"item": "KIT", "quantity": 3}]).id
        s.fire(order, "confirm")
    assert costs(app, order) == (18, D("54.00"))
    raise_costs(app)
    note = derived(app, order, "delivery_note")
    assert costs(app, note) == (21, D("63.00"))
    assert [part.cost for part in document(app, note).lines[0].parts] == [7, 7]


def test_the_cost_is_counted_in_the_sales_unit(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        order = s.create("sales_order", customer="ACME", lines=[{"item": "VIS-1", "quantity": 2, "unit": "hundred"}]).id
        s.fire(order, "confirm")
    raise_costs(app)
    assert costs(app, derived(app, order, "delivery_note")) == (700, D("1400.00"))


def test_costs_of_many_documents_are_read_in_one_statement(database_url: str) -> None:
    app = open_shop(database_url, items=40)
    found = []
    for count in (1, 20):
        with app.session(actor=ALICE) as s:
            ids = [
                s.create("invoice", customer="ACME", lines=[{"item": f"VIS-{n + 1}", "quantity": 1}]).id
                for n in range(count)
            ]
        with app.session(actor=ALICE) as s, statements(app.engine) as seen:
            assert len(s.fire_many(ids, "issue").fired) == count
            s.flush()
            found.append(len(seen))
    assert found[0] == found[1]
    app.engine.dispose()


# -- deals ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def deal(app: Sphinx) -> Sphinx:
    with app.session(actor=ALICE) as s:
        s.put("deal", [{"code": "HALLE", "name": "Halle 3", "customer": "ACME"}, {"code": "VIDE"}])
        quotation = s.create(
            "quotation", customer="ACME", deal="HALLE", lines=[{"item": "VIS-1", "quantity": 10}], foot_discount="10"
        )
        s.fire(quotation.id, "send")
        s.fire(quotation.id, "accept", ask={"channel": "phone", "person": "D"})
        s.create("quotation", customer="ACME", deal="HALLE", lines=lines(1))  # a draft, which is nothing yet
        refused = s.create("quotation", customer="ACME", deal="HALLE", lines=lines(1))
        s.fire(refused.id, "send")
        s.fire(refused.id, "refuse")
        s.create("sales_order", customer="ACME", lines=lines(1))  # of no deal
        order = s.derive(quotation.id, "sales_order").documents[0]
        note = s.derive(order.id, "delivery_note", quantities={1: 6}).documents[0]
    with app.session(actor=ALICE) as s:
        s.fire(s.derive(note.id, "invoice").documents[0].id, "issue")
    return app


def test_a_deal_shows_net_cost_and_margin_at_each_stage(deal: Sphinx) -> None:
    with deal.reader() as views:
        found = views.deal("HALLE")
    assert (found.deal.name, found.currency) == ("Halle 3", "EUR")
    assert found.quoted == found.ordered == (D("90.00"), D("60.00"), 0)
    assert (found.ordered.margin, round_half_up(found.ordered.margin_rate or D(0), 2), found.ordered.markup_rate) == (
        D("30.00"),
        D("33.33"),
        D(50),
    )
    assert found.delivered == found.invoiced == (D("54.00"), D("36.00"), 0)


def test_a_credit_note_takes_its_part_out_of_what_was_invoiced(deal: Sphinx) -> None:
    with deal.reader() as views:
        (invoice,) = views.ids(type="invoice")
    with deal.session(actor=ALICE) as s:
        s.fire(s.derive(invoice, "credit_note", quantities={1: 2}).documents[0].id, "issue")
    with deal.reader() as views:
        assert views.deal("HALLE").invoiced == (D("36.00"), D("24.00"), 0)
    with deal.session(actor=ALICE) as s:
        s.fire(s.derive(invoice, "credit_note").documents[0].id, "issue")
    with deal.reader() as views:
        assert views.document(invoice).document.state == "cancelled_by_credit"
        assert views.deal("HALLE").invoiced == (0, 0, 0)
        assert views.deal("HALLE").invoiced.margin_rate is None


def test_documents_in_other_currencies_count_in_that_of_the_company(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        s.put("deal", [{"code": "USA"}])
        s.put("exchange_rate", [{"currency": "USD", "date": "2026-01-01", "rate": "1.25"}])
        order = s.create("sales_order", customer="ACME", currency="USD", deal="USA", lines=lines(1, 8))
        s.fire(order.id, "confirm")
    assert (order.total_net, document(app, order.id).total_cost) == (D("100.00"), D("60.00"))
    with app.reader() as views:
        assert views.deal("USA").ordered == (D("80.00"), D("48.00"), 0)


def test_a_deal_without_documents_is_all_zero_and_an_unknown_one_is_told(deal: Sphinx) -> None:
    with deal.reader() as views:
        empty = views.deal("VIDE")
        assert (empty.quoted, empty.invoiced.margin, empty.invoiced.margin_rate) == ((0, 0, 0), 0, None)
        with pytest.raises(NotFound, match="no deal 'HALE'; did you mean 'HALLE'"):
            views.deal("HALE")


def test_who_may_not_see_margins_sees_the_sales_of_a_deal_alone(deal: Sphinx) -> None:
    with deal.reader(actor=SELLER) as views:
        found = views.deal("HALLE").ordered
    assert (found.net, found.cost, found.margin, found.margin_rate, found.markup_rate) == (
        D("90.00"),
        None,
        None,
        None,
        None,
    )


def test_the_figures_of_a_deal_take_two_statements_and_an_index(deal: Sphinx) -> None:
    with deal.reader() as views, statements(deal.engine) as seen:
        views.deal("HALLE")
    assert len(seen) == 2
    if deal.engine.dialect.name == "sqlite":
        with deal.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {seen[1][0]}", seen[1][1]).all()
        assert [row[3] for row in plan] == ["SEARCH documents USING INDEX documents_of_deal (company_id=? AND deal=?)"]
