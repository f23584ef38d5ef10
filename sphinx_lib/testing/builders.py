"""Master records in a few words, checked by the models that the product stores."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from pydantic import ValidationError

from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Deal, ExchangeRate, Family, Item, Party, PriceRecord, Record, Warehouse
from sphinx_lib.pack.validation import findings_of

START = date(2026, 1, 1)
"""The day on which a test begins that does not say another, and from which rates hold."""


class Given(NamedTuple):
    """A record for ``given``: the master table and the values as ``Session.put`` takes them."""

    kind: str
    values: Mapping[str, Any]

    @property
    def code(self) -> str:
        """The code of the record; empty where ``put`` makes one of what it says."""
        return str(self.values.get("code", ""))


def a_customer(code: str, **values: Any) -> Given:
    """A customer in France, named by its code unless given ``name``; fields of one's own go under ``custom``.

    Raises InputError with every wrong value, as the other builders do.
    """
    return _given("customer", Party, {"code": code, "name": code, **values})


def a_supplier(code: str, **values: Any) -> Given:
    """A supplier in France, named by its code unless given ``name``."""
    return _given("supplier", Party, {"code": code, "name": code, **values})


def an_item(code: str, **values: Any) -> Given:
    """Goods sold by the unit at the standard VAT rate; ``sale_price`` and ``cost`` are texts, as ``"100.00"`` (N1)."""
    return _given("item", Item, {"code": code, "name": code, **values})


def a_family(code: str, **values: Any) -> Given:
    """A family of items; ``parent`` is the wider one."""
    return _given("family", Family, {"code": code, **values})


def a_warehouse(code: str, **values: Any) -> Given:
    """A place that holds stock."""
    return _given("warehouse", Warehouse, {"code": code, **values})


def a_deal(code: str, **values: Any) -> Given:
    """An affair that groups documents."""
    return _given("deal", Deal, {"code": code, **values})


def a_price(step: str, **values: Any) -> Given:
    """A price record of a step of the schema: keys, and ``value`` (a price, an amount or a percent off) or ``rows``.

    ``a_price("base", item="P", rows=[["1", "10.00"], ["50", "9.20"]])`` is a scale (SC1).
    """
    return _given("price", PriceRecord, {"step": step, **values}, stand_in={"code": "-"})


def an_exchange_rate(currency: str, rate: Any, day: date | str = START) -> Given:
    """``rate`` units of ``currency`` for one of the company's, from ``day`` on (F1)."""
    values = {"currency": currency, "rate": rate, "date": str(day)}
    return _given("exchange_rate", ExchangeRate, values, stand_in={"code": "-"})


def _given(kind: str, model: type[Record], values: dict[str, Any], stand_in: Mapping[str, Any] | None = None) -> Given:
    """``values`` as they are; ``stand_in`` is for what ``put`` adds by itself."""
    try:
        model.model_validate({**(stand_in or {}), **values})
    except ValidationError as error:
        name = values.get("code") or values.get("step") or values.get("currency")
        problems = []
        for found in findings_of(error, model):
            hint = f"; {found.hint}" if found.hint else ""
            own = "; a field of your own goes under custom={…}" if found.of_key else ""
            place = f"{'.'.join(found.path)}: " if found.path else ""
            problems.append(f"{kind} {name}: {place}{found.message}{hint}{own}")
        raise InputError(problems) from None
    return Given(kind, values)
