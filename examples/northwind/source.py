"""The Northwind files as the replay reads them: orders with their lines, and the days on which something happens."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from sphinx_lib.kernel.dates import add_months, end_of_month

DATA = Path(__file__).parent / "data"
YEARS_LATER = 28
"""After 28 years the calendar repeats: the same weekdays and the same leap years, under today's VAT rates."""

DELIVERY = "delivery"
"""The site of a customer whose goods go elsewhere than its invoices."""

Row = dict[str, str]


class OrderLine(NamedTuple):
    """A line as it was sold: ``discount`` in percent of ``unit_price``."""

    item: str
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal


class Order(NamedTuple):
    """An order with its dates moved to our time; ``shipped`` is none while it has not left.

    ``contact`` is the customer's person, ``site`` names the place that its goods go to when that is not its address.
    """

    id: str
    customer: str
    contact: str
    ordered: date
    required: date
    shipped: date | None
    carrier: str
    site: str
    lines: tuple[OrderLine, ...]


class Day(NamedTuple):
    """A day of work: orders come in first, goods leave, and on the last day of a month invoices are made."""

    day: date
    ordered: tuple[Order, ...]
    shipped: tuple[Order, ...]
    ends_month: bool


def rows(name: str) -> list[Row]:
    """The rows of one file; an empty field is a NULL of the source."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def item_code(product_id: str) -> str:
    """``NW-07`` for product 7."""
    return f"NW-{int(product_id):02}"


def moved(text: str) -> date:
    """A date of the source in our time."""
    day = date.fromisoformat(text)
    return day.replace(year=day.year + YEARS_LATER)


def orders() -> list[Order]:
    """All orders in the order of their ids, which is the order in which they came in."""
    carriers = {row["shipper_id"]: row["company_name"] for row in rows("shippers")}
    customers = {row["customer_id"]: row for row in rows("customers")}
    lines: dict[str, list[OrderLine]] = defaultdict(list)
    for row in rows("order-details"):
        price, discount = Decimal(row["unit_price"]), 100 * Decimal(row["discount"])
        lines[row["order_id"]].append(
            OrderLine(item_code(row["product_id"]), Decimal(row["quantity"]), price, discount)
        )
    return [
        Order(
            id=row["order_id"],
            customer=row["customer_id"],
            contact=customers[row["customer_id"]]["contact_name"],
            ordered=moved(row["order_date"]),
            required=moved(row["required_date"]),
            shipped=moved(row["shipped_date"]) if row["shipped_date"] else None,
            carrier=carriers[row["ship_via"]],
            site="" if row["ship_address"] == customers[row["customer_id"]]["address"] else DELIVERY,
            lines=tuple(lines[row["order_id"]]),
        )
        for row in rows("orders")
    ]


def days(of: list[Order]) -> list[Day]:
    """The days on which ``of`` were placed or shipped and the last days of their months, in chronological order."""
    ordered: dict[date, list[Order]] = defaultdict(list)
    shipped: dict[date, list[Order]] = defaultdict(list)
    for order in of:
        ordered[order.ordered].append(order)
        if order.shipped is not None:
            shipped[order.shipped].append(order)
    month_ends = set(_month_ends(min(ordered), max(*ordered, *shipped)))
    return [
        Day(day, tuple(ordered.get(day, ())), tuple(shipped.get(day, ())), day in month_ends)
        for day in sorted(ordered.keys() | shipped.keys() | month_ends)
    ]


def _month_ends(first: date, last: date) -> Iterator[date]:
    day = end_of_month(first)
    while day <= end_of_month(last):
        yield day
        day = end_of_month(add_months(day, 1))
