"""Which record of a step applies: walk its access sequence from precise to general (PR1-PR4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item, Party, PriceRecord
from sphinx_lib.kernel.money import round_half_up, unit_price_digits
from sphinx_lib.pack.pricing_model import Access, Step

KEYS = ("customer", "customer_group", "site", "item", "family")
Index = Mapping[tuple[str, frozenset[tuple[str, str]]], list[PriceRecord]]


class Context(NamedTuple):
    """What a record may ask about: who buys what, when, how much (in the item's price unit), in which currency.

    ``rate`` is foreign units per company unit, ``company`` the company's currency.
    """

    party: Party | None
    item: Item
    site: str
    day: date
    quantity: Decimal
    currency: str
    company: str
    rate: Decimal

    def value(self, key: str) -> str:
        """The context's value of a key field."""
        party = self.party
        values: dict[str, str] = {
            "customer": party.code if party else "",
            "customer_group": party.group if party else "",
            "site": self.site,
            "item": self.item.code,
            "family": self.item.family,
        }
        return values[key]


class Found(NamedTuple):
    """The record that applies, the access that found it, and its value in the context's currency."""

    record: PriceRecord
    access: str
    value: Decimal


def index_records(records: Iterable[PriceRecord]) -> Index:
    """Records by step and key values, so that looking one up does not grow with their number."""
    found: dict[tuple[str, frozenset[tuple[str, str]]], list[PriceRecord]] = {}
    for record in records:
        keys = frozenset((key, getattr(record, key)) for key in KEYS if getattr(record, key))
        found.setdefault((record.step, keys), []).append(record)
    return found


def find(name: str, step: Step, context: Context, index: Index) -> Found | None:
    """The first access of ``step`` that has a usable record (PR2); none when no access has."""
    for access_name, access in step.access.items():
        keys = frozenset((key, context.value(key)) for key in access.key)
        usable = [record for record in index.get((name, keys), ()) if _usable(record, step.kind, context)]
        chosen = _winner(usable, step.kind, context) or _standing_in(name, access, context, step.kind)
        if chosen is not None:
            return Found(chosen[0], access_name, chosen[1])
    return None


def _usable(record: PriceRecord, kind: str, context: Context) -> bool:
    """In its dates (both included), with a row for the quantity, and in a currency with a rate (PR1, PR4, SC1)."""
    if kind == "price" and (record.currency or context.company) not in (context.currency, context.company):
        return False
    if record.valid_from and context.day < record.valid_from:
        return False
    if record.valid_to and context.day > record.valid_to:
        return False
    return _row(record, context.quantity) is not None


def _row(record: PriceRecord, quantity: Decimal) -> Decimal | None:
    """The value for ``quantity``: the row with the largest lower bound that it reaches, for all units (SC1)."""
    if not record.rows:
        return record.value
    reached = [row for row in record.rows if row[0] <= abs(quantity)]
    return max(reached)[1] if reached else None


def _winner(records: list[PriceRecord], kind: str, context: Context) -> tuple[PriceRecord, Decimal] | None:
    """Own currency first, then priority, then the later start; equals that differ are an error (PR3, PR4)."""
    if not records:
        return None
    ranked = sorted(records, key=lambda record: _rank(record, kind, context), reverse=True)
    best = ranked[0]
    for other in ranked[1:]:
        if _rank(other, kind, context) == _rank(best, kind, context) and _values(other) != _values(best):
            raise InputError(
                [f"price records {best.code} and {other.code} apply alike and differ; give one a priority"]
            )
    value = _row(best, context.quantity)
    return (best, _converted(best, kind, value or ZERO, context))


def _rank(record: PriceRecord, kind: str, context: Context) -> tuple[Any, ...]:
    own = kind == "percent" or (record.currency or context.company) == context.currency
    return (own, record.priority, record.valid_from or date.min)


def _values(record: PriceRecord) -> tuple[Any, ...]:
    return (record.value, record.rows, record.per, record.unit, record.net)


def _converted(record: PriceRecord, kind: str, value: Decimal, context: Context) -> Decimal:
    currency = record.currency or context.company
    if kind == "percent" or currency == context.currency:
        return value
    return round_half_up(value * context.rate, unit_price_digits(context.currency))


def _standing_in(name: str, access: Access, context: Context, kind: str) -> tuple[PriceRecord, Decimal] | None:
    """The master field that an access declares for want of a record: an item's sale price, a party's discount."""
    if access.field == "item.sale_price" and context.item.sale_price is not None:
        item = context.item
        record = PriceRecord(code=f"item {item.code}", step=name, item=item.code, value=item.sale_price, per=item.per)
        return record, _converted(record, kind, item.sale_price or ZERO, context)
    if access.field == "party.discount" and context.party is not None and context.party.discount is not None:
        party = context.party
        record = PriceRecord(code=f"customer {party.code}", step=name, customer=party.code, value=party.discount)
        return record, party.discount or ZERO
    return None
