"""Money, numbers, percents and dates as a reader of the document's language writes them (LG1, N3).

Nothing is rounded here: amounts arrive rounded, and a figure on paper is the figure in the books.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_symbol

from sphinx_lib.kernel.errors import RenderError
from sphinx_lib.kernel.money import currency_digits, round_half_up

NO_BREAK = "\u00a0"


@lru_cache(maxsize=64)
def locale_of(language: str) -> Locale:
    """The locale of a language code such as ``fr`` or ``en-GB``; RenderError when there is none."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        message = f"unknown language {language!r}: write a code such as fr or en-GB"
        raise RenderError(message, language=language) from None


def money(amount: Decimal, currency: str, language: str) -> str:
    """``amount`` with its currency and the currency's decimals: 1 234,50 € in French, ¥1,235 in English (N3)."""
    pattern = _money_pattern(currency, language)
    return str(format_currency(_whole_cents(amount, currency), currency, pattern, locale=locale_of(language)))


def figure(amount: Decimal, currency: str, language: str) -> str:
    """``amount`` with the currency's decimals and without its sign, for columns headed by the currency."""
    return _decimals(_whole_cents(amount, currency), currency_digits(currency), language)


def unit_price(price: Decimal, currency: str, language: str) -> str:
    """A price with at least the currency's decimals and all that it has: 12,50 and 0,0125 in euros (N3)."""
    return _decimals(price, max(currency_digits(currency), _digits_of(price)), language)


def number(value: Decimal, language: str) -> str:
    """A quantity without the zeros that say nothing: 1 000, 12,5."""
    return _decimals(value, _digits_of(value), language)


def percent(value: Decimal, language: str) -> str:
    """``value`` percent (5.5 is 5,5 % in French)."""
    digits = _digits_of(value)
    part = round_half_up(value, digits).scaleb(-2)
    return str(format_percent(part, locale=locale_of(language), decimal_quantization=False))


def day(value: date, language: str) -> str:
    """A date that is read in one way only: 02/03/2026 in French, Mar 2, 2026 in English."""
    locale = locale_of(language)
    short = locale.date_formats["short"].pattern
    # Some read 3/2/26 as 3 February, others as 2 March: a short date begins with the day and holds the whole year.
    style = "short" if short.startswith("dd") and "yy" not in short else "medium"
    return str(format_date(value, style, locale=locale))


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


def _digits_of(value: Decimal) -> int:
    """Decimals that ``value`` needs, its trailing zeros left out."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _decimals(value: Decimal, digits: int, language: str) -> str:
    shown = round_half_up(value, digits)
    return str(format_decimal(shown, _decimal_pattern(digits, language), locale=locale_of(language)))


@lru_cache(maxsize=256)
def _decimal_pattern(digits: int, language: str) -> str:
    """The locale's pattern with exactly ``digits`` decimals."""
    whole = str(locale_of(language).decimal_formats[None].pattern).split(".")[0]
    return f"{whole}.{'0' * digits}" if digits else whole
