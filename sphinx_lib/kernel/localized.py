"""Dates and numbers as a reader of a language writes them, on paper, in texts and in messages (LG1)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent, get_decimal_symbol

from sphinx_lib.kernel.errors import RenderError
from sphinx_lib.kernel.money import round_half_up


@lru_cache(maxsize=64)
def locale_of(language: str) -> Locale:
    """The locale of a language code such as ``fr`` or ``en-GB``; RenderError when there is none."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        message = f"unknown language {language!r}: write a code such as fr or en-GB"
        raise RenderError(message, language=language) from None


def number(value: Decimal, language: str) -> str:
    """A quantity without the zeros that say nothing: 1 000, 12,5."""
    return decimals(value, digits_of(value), language)


def percent(value: Decimal, language: str) -> str:
    """``value`` percent (5.5 is 5,5 % in French)."""
    digits = digits_of(value)
    part = round_half_up(value, digits).scaleb(-2)
    return str(format_percent(part, locale=locale_of(language), decimal_quantization=False))


def day(value: date, language: str) -> str:
    """A date that is read in one way only: 02/03/2026 in French, Mar 2, 2026 in English."""
    locale = locale_of(language)
    short = locale.date_formats["short"].pattern
    # Some read 3/2/26 as 3 February, others as 2 March: a short date begins with the day and holds the whole year.
    style = "short" if short.startswith("dd") and "yy" not in short else "medium"
    return str(format_date(value, style, locale=locale))


def point_of(language: str) -> str:
    """What stands before the decimals of a number."""
    return str(get_decimal_symbol(locale_of(language)))


def digits_of(value: Decimal) -> int:
    """Decimals that ``value`` needs, its trailing zeros left out."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def decimals(value: Decimal, digits: int, language: str) -> str:
    """``value`` with ``digits`` decimals, those that say nothing too."""
    shown = round_half_up(value, digits)
    return str(format_decimal(shown, _decimal_pattern(digits, language), locale=locale_of(language)))


@lru_cache(maxsize=256)
def _decimal_pattern(digits: int, language: str) -> str:
    """The locale's pattern with exactly ``digits`` decimals."""
    whole = str(locale_of(language).decimal_formats[None].pattern).split(".")[0]
    return f"{whole}.{'0' * digits}" if digits else whole
