"""What the replayed books say, read from the tables: nothing here was counted while replaying."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from sphinx_lib import Sphinx
from sphinx_lib.store.tables import document_lines, documents

HUNDRED = Decimal(100)


class Figures(NamedTuple):
    """Numbers of documents, and net amounts in euro."""

    orders: int
    order_lines: int
    ordered_net: Decimal
    ordered_unrounded: Decimal
    deliveries: int
    delivered_lines: int
    delivered_net: Decimal
    delivered_in_france: Decimal
    invoices: int
    invoiced_net: Decimal
    receipts: int
    received_lines: int
    received_net: Decimal
    stock_value: Decimal


def figures(app: Sphinx) -> Figures:
    """The figures of the company that ``app`` stands for."""
    with app.reader() as views:
        connection = views.unit.connection
        french = documents.c.party_facts["country"].as_string() == "FR"
        orders, ordered = _sum(connection, app.company, "sales_order", "confirmed", "closed")
        deliveries, delivered = _sum(connection, app.company, "delivery_note", "shipped", "invoiced")
        _, at_home = _sum(connection, app.company, "delivery_note", "shipped", "invoiced", where=french)
        invoices, invoiced = _sum(connection, app.company, "invoice", "issued", "part_paid", "paid")
        receipts, received = _sum(connection, app.company, "goods_receipt", "received")
        order_lines = _lines(connection, app.company, "sales_order")
        return Figures(
            orders=orders,
            order_lines=len(order_lines),
            ordered_net=ordered,
            ordered_unrounded=sum((_unrounded(line) for line in order_lines), Decimal(0)),
            deliveries=deliveries,
            delivered_lines=len(_lines(connection, app.company, "delivery_note")),
            delivered_net=delivered,
            delivered_in_france=at_home,
            invoices=invoices,
            invoiced_net=invoiced,
            receipts=receipts,
            received_lines=len(_lines(connection, app.company, "goods_receipt")),
            received_net=received,
            stock_value=views.stock_value().total or Decimal(0),
        )


def _sum(
    connection: Connection, company: str, type: str, *states: str, where: ColumnElement[bool] | None = None
) -> tuple[int, Decimal]:
    """How many documents of a type stand in ``states``, and their net."""
    statement = select(func.count(), func.sum(documents.c.total_net)).where(
        documents.c.company_id == company, documents.c.type == type, documents.c.state.in_(states)
    )
    if where is not None:
        statement = statement.where(where)
    number, net = connection.execute(statement).one()
    return number, net or Decimal(0)


def _lines(connection: Connection, company: str, type: str) -> list[Any]:
    of_type = select(documents.c.id).where(documents.c.company_id == company, documents.c.type == type)
    statement = select(document_lines).where(
        document_lines.c.company_id == company, document_lines.c.document_id.in_(of_type)
    )
    return list(connection.execute(statement))


def _unrounded(line: Any) -> Decimal:
    """Quantity times price less discounts, before any rounding."""
    amount: Decimal = line.quantity * line.list_price
    for percent in line.discounts or ():
        amount -= amount * Decimal(percent) / HUNDRED
    return amount
