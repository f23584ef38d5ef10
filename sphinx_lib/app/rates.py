"""The exchange rate that a document takes: the newest of the table on its date, or one given by hand (F1, F2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import ExchangeRate, Record
from sphinx_lib.kernel.money import currency_of
from sphinx_lib.store import master as store_master

BY_HAND = "by_hand"


class Applied(NamedTuple):
    """A rate in foreign units per company unit, its day and its source; without a day it was given by hand, or is 1."""

    rate: Decimal
    rate_date: date | None
    rate_source: str


def rate_for(unit: Unit, currency: str, day: date, given: Decimal | None) -> Applied:
    """Foreign units per company unit on ``day``; a rate given by hand is kept as it is (F1).

    Raises InputError where the table has no rate on or before ``day``.
    """
    if currency == unit.pack.model.company.currency:
        return Applied(Decimal(1), None, "")
    if given is not None:
        if given <= 0:
            raise InputError([f"rate: {given} is not above zero"])
        return Applied(given, None, BY_HAND)
    key = (currency, day)
    if key not in unit.rates:
        unit.rates[key] = store_master.rate_on(unit.connection, unit.company, currency, day)
    found = unit.rates[key]
    if found is None:
        raise InputError(
            [f"no exchange rate for {currency} on {day}; put an exchange_rate, or give the document a rate"]
        )
    return Applied(found.rate, found.date, found.source)


def at_its_date(unit: Unit, document: Document) -> Document:
    """``document`` at the rate of its own date, as an invoice takes it; a rate by hand stays, being the contract's (F2).

    A credit note on an invoice keeps the invoice's, so that both together come to nothing in the books (CN1, X13).
    """
    if document.rate_date is None or document.tax_date is not None:
        return document
    return document.changed(**rate_for(unit, document.currency, document.date, None)._asdict())


def contract_rate(document: Document) -> Decimal | None:
    """The rate that stays, given by hand or 1, none where the table gives it: another one is invoiced apart (F2)."""
    return document.rate if document.rate_date is None else None


def one_a_day(unit: Unit, rates: Sequence[ExchangeRate]) -> dict[str, Record]:
    """``rates`` by code, one for each currency and day: a rate of that day which is stored is the one that is put again.

    Raises InputError for a code of one's own, which could hold a second rate of the day, and for an unknown currency.
    """
    stored = store_master.rate_codes(unit.connection, unit.company, [(one.currency, one.date) for one in rates])
    problems = []
    found: dict[str, Record] = {}
    for rate in rates:
        usual = f"{rate.currency}-{rate.date}"
        code = stored.get((rate.currency, rate.date), usual)
        if rate.code not in (code, usual):
            problems.append(f"exchange_rate {rate.code}: there is one rate a day, called {code!r}; leave the code out")
        try:
            currency_of(rate.currency)
        except InputError as error:
            problems += [f"exchange_rate {rate.code}: {problem}" for problem in error.problems]
        found[code] = rate.model_copy(update={"code": code})
    if problems:
        raise InputError(problems)
    return found
