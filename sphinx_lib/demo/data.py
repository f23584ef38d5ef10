"""The demo's files: the company's overlay and its master data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sphinx_lib.app.session import Session
from sphinx_lib.kernel.errors import ConfigError
from sphinx_lib.pack.load import shipped
from sphinx_lib.pack.overlay import to_plain
from sphinx_lib.pack.reader import read_text

OVERLAY = "company.yaml"
KINDS = {"suppliers": "supplier", "customers": "customer", "items": "item", "prices": "price"}


def master_data() -> dict[str, Any]:
    """``data.yaml`` by section; every scalar is the text that was written (style 4.1)."""
    file = shipped("demo") / "data.yaml"
    node, problems = read_text(file.read_text(encoding="utf-8"), file.name)
    if problems:
        raise ConfigError(problems)
    found: dict[str, Any] = to_plain(node)
    return found


def enter(session: Session, data: dict[str, Any]) -> dict[str, int]:
    """Put all master data, and the opening stock; returns how many records of each section there are."""
    for section, kind in KINDS.items():
        session.put(kind, [{"code": code, **row} for code, row in data[section].items()])
    session.put("exchange_rate", list(_rates(data["exchange_rates"])))
    for item, quantity in data["stock"].items():
        session.adjust_stock(item, quantity)
    return {section: len(data[section]) for section in KINDS}


def _rates(by_currency: dict[str, dict[str, str]]) -> Iterator[dict[str, str]]:
    for currency, by_day in by_currency.items():
        for day, rate in by_day.items():
            yield {"currency": currency, "date": day, "rate": rate}
