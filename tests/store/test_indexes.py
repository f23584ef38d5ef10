"""Each statement of the store is served by an index with all its columns (architecture 4.16).

Asked of SQLite's planner, on an empty and on a filled database: what it says without statistics is what a young
company gets, what it says with them is what an old one gets.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection

from sphinx_lib import Sphinx
from tests.store.support import ALICE, chain, document, draft_invoice, goods, lines, open_shop, statements

KEYS = {
    "documents": {"id", "state"},
    "document_lines": {"id", "document_id", "source_document"},
    "parties": {"code"},
    "items": {"code"},
    "price_records": {"item"},
    "stock_balances": {"item"},
    "allocations": {"payment_id", "document_id"},
    "accounting_entries": {"document_id"},
    "sequences": {"name", "period"},
    "audit_log": {"document_id"},
    "commands": {"key"},
}


def busy_day(app: Sphinx) -> None:
    """Every command once, so that every statement of the store is sent."""
    made = chain(app, 2)
    with app.session(actor=ALICE) as s:
        s.put("deal", [{"code": "D-1", "name": "Deal"}])
        s.put("exchange_rate", [{"currency": "USD", "date": "2026-01-01", "rate": "1.1"}])
        s.put("customer", [{"code": "ACME", "name": "ACME"}])
        s.put("item", [goods("VIS-1", sale_price="11")])
        s.create("quotation", customer="ACME", currency="USD", lines=lines())
    with app.session(actor=ALICE) as s:
        draft = draft_invoice(s)
        s.edit(draft.id, lines={1: {"quantity": 3}})
    with app.session(actor=ALICE) as s:
        paid = s.pay("ACME", "10.00")
    with app.session(actor=ALICE) as s:
        s.fire(paid.id, "reject")
    with app.session(actor=ALICE) as s:
        credit = s.derive(made["invoice"], "credit_note").documents[0]
        s.fire(credit.id, "issue")
    app.do(lambda s: s.document(made["order"]).state, actor=ALICE, key="one")
    app.do(lambda s: s.document(made["order"]).state, actor=ALICE, key="two")
    app.run("invoicing", until="2026-03-31", actor=ALICE)
    app.run("expiry", actor=ALICE)
    with app.reader() as views:
        view = views.document(made["invoice"])
        views.find("invoice", view.document.number or "")
        views.customer("ACME")
        views.results(made["order"])
        views.history(made["order"])
        views.messages(made["quotation"])
        list(views.entries(date(2026, 1, 1), date(2026, 12, 31)))
        views.entries_of(made["invoice"])
        views.deliverable()
        views.stock_rows(items=["VIS-1"])
        views.lots("VIS-1")
        views.deal("D-1")
        views.ids(type="sales_order", state=["confirmed"])
    buy_and_cancel(app)


def buy_and_cancel(app: Sphinx) -> None:
    """An order that is bought for, picked and called off, and what falls to its reorder point."""
    with app.session(actor=ALICE) as s:
        s.put("supplier", [{"code": "VISCO", "name": "Visco"}])
        s.put("item", [goods("NEW", supplier="VISCO", reorder={"minimum": 5, "maximum": 9})])
        order = s.fire(s.create("sales_order", customer="ACME", lines=[{"item": "NEW", "quantity": 3}]).id, "confirm").id
    with app.session(actor=ALICE) as s:
        s.fire(s.derive(order, "purchase_order").documents[0].id, "confirm")
    with app.session(actor=ALICE) as s:
        picks = s.derive(order, "picking_list").documents[0].id
    with app.session(actor=ALICE) as s:
        s.fire(picks, "cancel")
        s.fire(order, "cancel")
    app.run("replenishment", actor=ALICE)


def plan_of(connection: Connection, text: str, parameters: Any) -> list[str]:
    return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters)]


def collected(app: Sphinx) -> dict[str, Any]:
    """One example of each SELECT, UPDATE and DELETE of a busy day."""
    with statements(app.engine) as seen:
        busy_day(app)
    wanted = ("SELECT", "UPDATE", "DELETE", "INSERT INTO sequences", "INSERT INTO stock_balances")
    return {text: parameters for text, parameters in seen if text.startswith(wanted) and not is_about_all_stock(text)}


def is_about_all_stock(text: str) -> bool:
    """Whether all balances are asked for, as a run that looks for what is to be bought again does."""
    return "FROM stock_balances" in text and not re.search(r"stock_balances\.item (IN|=)", text)


def complaints(text: str, plan: list[str]) -> list[str]:
    """What is wrong with a plan: a table read whole, or a search by the company alone where a key is given."""
    found = []
    asked = set(re.findall(r"(\w+)\.(\w+) (?:=|IN|<=|>=)", text))
    for step in plan:
        scan = re.match(r"SCAN (\w+)", step)
        if scan and scan.group(1) in {"documents", *KEYS}:
            found.append(f"reads the whole table: {step}")
        search = re.match(r"SEARCH (\w+) USING .*?INDEX \S+ \((.*)\)", step)
        if search:
            table, used = search.group(1), set(re.findall(r"(\w+)[=<>]", search.group(2)))
            keys = {column for owner, column in asked if owner == table} & KEYS.get(table, set())
            if keys and not keys & used:
                found.append(f"{table} is searched by {sorted(used)}, though {sorted(keys)} is given: {step}")
            if "company_id" not in used:
                found.append(f"the index does not begin with the company: {step}")
    return found


@pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
def test_every_statement_of_the_store_uses_an_index_with_all_its_columns(tmp_path: Any, filled: bool) -> None:
    app = open_shop(f"sqlite:///{tmp_path / 'busy.sqlite'}")
    sent = collected(app)
    assert len(sent) > 30
    other = open_shop(f"sqlite:///{tmp_path / 'plans.sqlite'}", items=1)
    if filled:
        for _ in range(15):
            chain(other)
        fill(other, 400)
    with other.engine.begin() as connection:
        if filled:
            connection.exec_driver_sql("ANALYZE")
        wrong = [
            f"{complaint}\n    {' '.join(text.split())[-400:]}"
            for text, parameters in sent.items()
            for complaint in complaints(text, plan_of(connection, text, parameters))
        ]
    assert not wrong, "\n".join(wrong)
    app.engine.dispose()
    other.engine.dispose()


def fill(app: Sphinx, count: int) -> None:
    """Many customers and quotations, so that the planner has something to choose between."""
    with app.session(actor=ALICE) as s:
        s.put("customer", [{"code": f"C-{n}", "name": f"C {n}"} for n in range(count // 4)])
        s.put("item", [goods(f"BAR-{n}") for n in range(count)])
        for n in range(count):
            s.adjust_stock(f"BAR-{n}", 10)
    with app.session(actor=ALICE) as s:
        for n in range(count // 4):
            made = s.create("quotation", customer=f"C-{n}", lines=[{"item": f"BAR-{n}", "quantity": 1}])
            s.fire(made.id, "send")


def test_the_index_of_open_items_serves_the_outstanding_of_a_customer(tmp_path: Any) -> None:
    app = open_shop(f"sqlite:///{tmp_path / 'open.sqlite'}")
    made = chain(app)
    assert document(app, made["invoice"]).exposure == 60
    with statements(app.engine) as seen, app.reader() as views:
        views.customer("ACME")
    text, parameters = next(one for one in seen if "sum(" in one[0])
    with app.engine.connect() as connection:
        assert any("documents_open (company_id=? AND party=?)" in step for step in plan_of(connection, text, parameters))
    app.engine.dispose()
