"""Money and names of countries as a reader of the document's language writes them (LG1, N3).

Nothing is rounded here: amounts arrive rounded, and a figure on paper is the figure in the books.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_symbol

from sphinx_lib.kernel.errors import RenderError
from sphinx_lib.kernel.localized import decimals, digits_of, locale_of
from sphinx_lib.kernel.money import currency_digits, round_half_up

NO_BREAK = "\u00a0"


def money(amount: Decimal, currency: str, language: str) -> str:
    """``amount`` with its currency and the currency's decimals: 1 234,50 € in French, ¥1,235 in English (N3)."""
    pattern = _money_pattern(currency, language)
    return str(format_currency(_whole_cents(amount, currency), currency, pattern, locale=locale_of(language)))


def figure(amount: Decimal, currency: str, language: str) -> str:
    """``amount`` with the currency's decimals and without its sign, for columns headed by the currency."""
    return decimals(_whole_cents(amount, currency), currency_digits(currency), language)


def unit_price(price: Decimal, currency: str, language: str) -> str:
    """A price with at least the currency's decimals and all that it has: 12,50 and 0,0125 in euros (N3)."""
    return decimals(price, max(currency_digits(currency), digits_of(price)), language)


def country(code: str, language: str) -> str:
    """The name of a country by its ISO code, in capitals as on an envelope; an unknown code stands for itself."""
    return str(locale_of(language).territories.get(code, code)).upper()


@lru_cache(maxsize=256)
def _money_pattern(currency: str, language: str) -> str:
    """The locale's pattern; letters do not touch digits (CHF 12.00, not CHF12.00), which Babel leaves out of CLDR."""
    locale = locale_of(language)
    pattern = str(locale.currency_formats["standard"].pattern)
    if str(get_currency_symbol(currency, locale=locale))[-1:].isalpha():
        return pattern.replace("¤#", f"¤{NO_BREAK}#")
    return pattern


def _whole_cents(amount: Decimal, currency: str) -> Decimal:
    digits = currency_digits(currency)
    rounded = round_half_up(amount, digits)
    if rounded != amount:
        raise RenderError(f"{amount} {currency} is not rounded to {digits} decimals", currency=currency)
    return rounded
