"""Figures and dates as a reader of each language writes them (LG1, N3)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.kernel import localized
from sphinx_lib.kernel.errors import RenderError
from sphinx_lib.render import amounts

NARROW, NO_BREAK = "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("amount", "currency", "language", "written"),
    [
        ("1234567.50", "EUR", "fr", f"1{NARROW}234{NARROW}567,50{NO_BREAK}€"),
        ("1234567.50", "EUR", "en", "€1,234,567.50"),
        ("1234567.50", "EUR", "de", f"1.234.567,50{NO_BREAK}€"),
        ("1234.5", "USD", "fr", f"1{NARROW}234,50{NO_BREAK}$US"),
        ("1234.5", "USD", "en", "$1,234.50"),
        ("1234.5", "USD", "en-GB", "US$1,234.50"),
        ("1234.5", "GBP", "fr", f"1{NARROW}234,50{NO_BREAK}£GB"),
        ("1234.5", "GBP", "en", "£1,234.50"),
        ("-12.5", "EUR", "fr", f"-12,50{NO_BREAK}€"),
        ("-12.5", "EUR", "en", "-€12.50"),
        ("0", "EUR", "fr", f"0,00{NO_BREAK}€"),
    ],
)
def test_money_follows_the_language_and_keeps_two_decimals(amount: str, currency: str, language: str, written: str) -> None:
    assert amounts.money(Decimal(amount), currency, language) == written


@pytest.mark.parametrize(
    ("currency", "language", "written"),
    [
        ("JPY", "en", "¥1,235"),
        ("JPY", "fr", f"1{NARROW}235{NO_BREAK}JPY"),
        ("TND", "fr", f"1{NARROW}235,000{NO_BREAK}TND"),
        ("TND", "en", f"TND{NO_BREAK}1,235.000"),
        ("CHF", "en", f"CHF{NO_BREAK}1,235.00"),
        ("CHF", "fr", f"1{NARROW}235,00{NO_BREAK}CHF"),
    ],
)
def test_a_currency_keeps_its_own_number_of_decimals(currency: str, language: str, written: str) -> None:
    """N3: JPY has none and TND three; a currency that is written in letters does not touch its digits."""
    assert amounts.money(Decimal(1235), currency, language) == written


def test_an_amount_that_is_not_rounded_is_refused_and_not_rounded_on_paper() -> None:
    with pytest.raises(RenderError, match=r"^12\.345 EUR is not rounded to 2 decimals$"):
        amounts.money(Decimal("12.345"), "EUR", "fr")
    with pytest.raises(RenderError, match=r"^0\.5 JPY is not rounded to 0 decimals$"):
        amounts.figure(Decimal("0.5"), "JPY", "fr")


@pytest.mark.parametrize(
    ("price", "currency", "written"),
    [
        ("12.500000", "EUR", "12,50"),
        ("3.995000", "EUR", "3,995"),
        ("0.012500", "EUR", "0,0125"),
        ("1234", "JPY", f"1{NARROW}234"),
        ("0.5", "JPY", "0,5"),
        ("1.5", "TND", "1,500"),
    ],
)
def test_a_unit_price_shows_all_its_decimals_and_at_least_those_of_its_currency(
    price: str, currency: str, written: str
) -> None:
    assert amounts.unit_price(Decimal(price), currency, "fr") == written


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        ("1000", f"1{NARROW}000", "1,000"),
        ("1E+3", f"1{NARROW}000", "1,000"),
        ("12.500000", "12,5", "12.5"),
        ("0.0085", "0,0085", "0.0085"),
        ("-2.50", "-2,5", "-2.5"),
        ("0.000000", "0", "0"),
    ],
)
def test_a_quantity_drops_the_zeros_that_say_nothing(value: str, french: str, english: str) -> None:
    assert localized.number(Decimal(value), "fr") == french
    assert localized.number(Decimal(value), "en") == english


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [("20", f"20{NO_BREAK}%", "20%"), ("5.500", f"5,5{NO_BREAK}%", "5.5%"), ("33.33", f"33,33{NO_BREAK}%", "33.33%")],
)
def test_a_percent_is_a_percent(value: str, french: str, english: str) -> None:
    assert localized.percent(Decimal(value), "fr") == french
    assert localized.percent(Decimal(value), "en") == english


@pytest.mark.parametrize(
    ("language", "written"),
    [("fr", "02/03/2026"), ("en-GB", "02/03/2026"), ("en", "Mar 2, 2026"), ("de", "02.03.2026")],
)
def test_no_date_can_be_read_in_two_ways(language: str, written: str) -> None:
    assert localized.day(date(2026, 3, 2), language) == written


@pytest.mark.parametrize("language", ["xx", "french", "", "fr/../.."])
def test_an_unknown_language_is_refused_by_name(language: str) -> None:
    with pytest.raises(RenderError, match=r"write a code such as fr or en-GB"):
        localized.number(Decimal(1), language)


def test_a_country_is_named_in_capitals_and_an_unknown_one_stands_for_itself() -> None:
    assert amounts.country("GB", "fr") == "ROYAUME-UNI"
    assert amounts.country("GB", "en") == "UNITED KINGDOM"
    assert amounts.country("XQ", "en") == "XQ"


@given(st.decimals(min_value=Decimal("-99999999999"), max_value=Decimal("99999999999"), places=6))
def test_no_digit_of_a_quantity_is_lost_on_paper(value: Decimal) -> None:
    for language, decimal in (("fr", ","), ("en", "."), ("de", ",")):
        written = localized.number(value, language)
        digits = "".join(sign for sign in written if sign.isdigit() or sign in f"-{decimal}").replace(decimal, ".")
        assert Decimal(digits) == value


@given(st.integers(min_value=-(10**14), max_value=10**14), st.sampled_from(["EUR", "USD", "JPY", "TND"]))
def test_what_is_read_back_from_a_figure_is_the_amount(minor: int, currency: str) -> None:
    digits = {"JPY": 0, "TND": 3}.get(currency, 2)
    amount = Decimal(minor).scaleb(-digits)
    written = amounts.figure(amount, currency, "fr")
    assert Decimal(written.replace(NARROW, "").replace(",", ".")) == amount
