"""Which documents go on one invoice (IG1, IG2) and until when they are due for a run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sphinx_lib.kernel.dates import end_of_month
from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.master import Billing, Party
from sphinx_lib.pack.pack import Pack


def billing_for(site: str, party: Party | None, pack: Pack) -> Billing:
    """How what goes to a site of a party is invoiced: the site's word, else the party's, else the company's (IG1)."""
    place = next((one for one in party.sites if one.code == site), None) if party else None
    return (place.billing if place else None) or (party.billing if party else None) or pack.model.billing.default


def invoice_key(document: Document, party: Party | None, pack: Pack) -> tuple[Any, ...]:
    """Documents with equal keys share an invoice: the fields that always split, then the customer's own (IG2)."""
    always = tuple(value_of(document, name) for name in pack.model.billing.always_by)
    billing = billing_for(document.site, party, pack)
    return (*always, *(value_of(document, name) for name in billing.group_by))


def value_of(document: Document, name: str) -> Any:
    """A grouping field: ``customer``, ``site``, ``order``, ``delivery_note``, ``deal``, ``customer_reference``, or any
    field of the document or declared on it."""
    aliases: Mapping[str, Any] = {
        "customer": document.party,
        "order": document.origin,
        "delivery_note": document.id,
        "document": document.id,
        "customer_reference": document.reference,
    }
    if name in aliases:
        return aliases[name]
    if name in document.custom:
        return document.custom[name]
    return getattr(document, name, None)


def period_end(period: str, until: date) -> date:
    """The last day of the newest ``period`` that is over on ``until``."""
    if period == "day":
        return until
    if period == "week":
        return until - timedelta(days=(until.weekday() + 1) % 7)
    last = end_of_month(until)
    if until == last:
        return until
    before = until.replace(day=1) - timedelta(days=1)
    days = {"10_days": (20, 10), "half_month": (15,), "month": ()}[period]
    return next((until.replace(day=day) for day in days if until.day >= day), before)
