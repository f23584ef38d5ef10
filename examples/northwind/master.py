"""Customers and items of the source as master records, with the identifiers that the source lacks."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import count
from typing import Any

from stdnum.eu import vat
from stdnum.fr import siren

from .source import DELIVERY, Row, item_code, rows

COUNTRIES = {
    "Argentina": "AR", "Australia": "AU", "Austria": "AT", "Belgium": "BE", "Brazil": "BR", "Canada": "CA",
    "Denmark": "DK", "Finland": "FI", "France": "FR", "Germany": "DE", "Ireland": "IE", "Italy": "IT", "Japan": "JP",
    "Mexico": "MX", "Netherlands": "NL", "Norway": "NO", "Poland": "PL", "Portugal": "PT", "Singapore": "SG",
    "Spain": "ES", "Sweden": "SE", "Switzerland": "CH", "UK": "GB", "USA": "US", "Venezuela": "VE",
}  # fmt: skip

VAT_SHAPES = {
    "AT": "U{:08}", "BE": "0{:09}", "DE": "1{:08}", "DK": "1{:07}", "ES": "B{:08}", "FI": "{:08}", "IE": "{:07}W",
    "IT": "{:011}", "PL": "1{:09}", "PT": "5{:08}", "SE": "55{:08}01",
}  # fmt: skip
"""How the countries of the customers in the Union write a VAT number after the country code, around digits of ours."""

STANDARD_RATE = frozenset({
    "2", "34", "35", "38", "39", "67", "70", "75", "76",  # beer, wine, spirits
    "26", "27", "48", "49", "50",  # sweets and chocolate
})  # fmt: skip
"""Products at the standard rate of French VAT (CGI art. 278-0 bis A 1°); all other food is at the reduced one."""


LEAD_DAYS = 7
COST_PER_HUNDRED = 60
LEAST_MAXIMUM = Decimal(20)
"""Made up: how long suppliers take, what goods cost of a list price of 100, and the least to which an item is filled up."""


def made_up_vat_number(country: str, seed: int) -> str:
    """A VAT number of a Union country with right check digits: equal seeds give equal numbers; "" outside the Union.

    It belongs to nobody that we know of, and no register was asked.
    """
    if country == "FR":
        return f"FR{siren.to_tva(made_up_siren(seed))}".replace(" ", "")
    if country not in VAT_SHAPES:
        return ""
    numbers = (country + VAT_SHAPES[country].format(number) for number in count(10_000 * seed))
    return next(number for number in numbers if vat.is_valid(number))


def made_up_siren(seed: int) -> str:
    """A SIREN with a right check digit."""
    numbers = (f"{number:09}" for number in count(100_000_000 + 10_000 * seed))
    return next(number for number in numbers if siren.is_valid(number))


def customers() -> list[dict[str, Any]]:
    """Customer records: ISO country, VAT number in the Union, the contact, and the site that their goods go to."""
    sites = {row["customer_id"]: row for row in rows("orders")}
    seeds: Counter[str] = Counter()
    records = []
    for row in rows("customers"):
        country = COUNTRIES[row["country"]]
        seeds[country] += 1
        seed = seeds[country]
        elsewhere = sites.get(row["customer_id"])
        record = {
            **_party(row),
            "code": row["customer_id"],
            "language": "fr" if country == "FR" else "en",
            "vat_number": made_up_vat_number(country, seed),
            "siren": made_up_siren(seed) if country == "FR" else "",
            "payment_terms": "30_days",
            "billing": {"mode": "periodic", "period": "month", "group_by": "customer"},
            "contacts": [{"code": "main", "name": row["contact_name"], "phone": row["phone"]}],
        }
        if elsewhere is not None and elsewhere["ship_address"] != row["address"]:
            site = {"code": DELIVERY, "name": elsewhere["ship_name"], "address": _address(elsewhere, "ship_")}
            record["sites"] = [{**site, "country": country}]
        records.append(record)
    return records


def suppliers() -> list[dict[str, Any]]:
    """Supplier records: each takes a week to deliver."""
    return [{**_party(row), "code": supplier_code(row["supplier_id"]), "lead_days": LEAD_DAYS} for row in rows("suppliers")]


def supplier_code(supplier_id: str) -> str:
    """``S-07`` for supplier 7."""
    return f"S-{int(supplier_id):02}"


def items() -> list[dict[str, Any]]:
    """Item records, sold by the piece at the list price, with the family that the source calls category."""
    families = {row["category_id"]: row["category_name"] for row in rows("categories")}
    return [
        {
            "code": item_code(row["product_id"]),
            "name": row["product_name"],
            "family": families[row["category_id"]],
            "sale_price": row["unit_price"],
            "cost": str(Decimal(row["unit_price"]) * COST_PER_HUNDRED / 100),
            "reorder": _reorder(row),
            "vat": "standard" if row["product_id"] in STANDARD_RATE else "reduced",
            "supplier": supplier_code(row["supplier_id"]),
            "packaging": row["quantity_per_unit"],
        }
        for row in rows("products")
    ]


def _reorder(row: Row) -> dict[str, str]:
    """Bought at the level of the source, up to what is at hand and on order at the start, and that level once more."""
    level = Decimal(row["reorder_level"])
    maximum = level + Decimal(row["units_in_stock"]) + Decimal(row["units_on_order"])
    return {"minimum": str(level), "maximum": str(max(maximum, LEAST_MAXIMUM))}


def opening_stock() -> dict[str, Decimal]:
    """Units in stock by item, those that have some."""
    stock = {item_code(row["product_id"]): Decimal(row["units_in_stock"]) for row in rows("products")}
    return {item: quantity for item, quantity in stock.items() if quantity}


def _party(row: Row) -> dict[str, Any]:
    return {
        "name": row["company_name"],
        "country": COUNTRIES[row["country"]],
        "phone": row["phone"],
        "address": _address(row),
    }


def _address(row: Row, prefix: str = "") -> dict[str, str]:
    return {
        "street": row[f"{prefix}address"],
        "postal_code": row[f"{prefix}postal_code"],
        "city": row[f"{prefix}city"],
        "region": row[f"{prefix}region"],
    }
