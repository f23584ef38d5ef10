"""Records in a few words, a Sphinx in memory, the price of a line, and what the package asks of the machine."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import sphinx_lib.testing
from sphinx_lib.kernel.errors import ConfigError, InputError
from sphinx_lib.testing import (
    Given,
    a_customer,
    a_deal,
    a_family,
    a_price,
    a_supplier,
    a_warehouse,
    an_exchange_rate,
    an_item,
    given,
    in_memory,
    price,
)

ROOT = Path(__file__).parents[2]
PROMOTION = {"pricing": {"schema": {"promotion": {"kind": "percent", "access": {"item": {"key": ["item"]}}}}}}


def test_customer_item_rule_and_expected_trace_fit_in_a_few_lines() -> None:
    """PX1: catalogue 100.00; customer 10 %, quantity 5 %, cascade, is 85.50."""
    app = given(
        in_memory(today="2026-03-02"),
        a_price("quantity_discount", item="P", value="5"), a_customer("ACME", discount="10"), an_item("P", sale_price="100.00"),
    )  # fmt: skip
    found = price(app, item="P", customer="ACME", quantity=2)
    assert (found.unit_price, found.net, found.currency) == (Decimal("85.50"), Decimal("171.00"), "EUR")
    assert found.steps == ("base 100", "customer_discount -10", "quantity_discount -4.5")
    assert found.trace[1].rate == 10


def test_what_does_not_count_says_why() -> None:
    """PX2: a net price leaves the discounts inactive."""
    app = given(in_memory(), an_item("P"), a_customer("ACME", discount="10"), a_price("base", item="P", value="78.00", net=True))
    assert price(app, item="P", customer="ACME").steps == ("base 78", "customer_discount (net price)")


def test_every_kind_of_record_is_put_whatever_the_order() -> None:
    records = [
        a_price("base", item="P", customer="ACME", value="9"), a_deal("D", customer="ACME"), an_exchange_rate("USD", "1.10"),
        an_item("P", family="F", supplier="S"), a_family("F", parent="G"), a_family("G"), a_supplier("S"), a_customer("ACME"),
        a_warehouse("W"),
    ]  # fmt: skip
    app = given(in_memory(), *records)
    with app.reader() as views:
        kinds = ("customer", "supplier", "item", "deal", "warehouse", "family", "exchange_rate", "price")
        assert [len(views.codes(kind)) for kind in kinds] == [1, 1, 1, 1, 1, 2, 1, 1]
    assert price(app, item="P", customer="ACME", currency="USD").unit_price == Decimal("9.90")


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: an_item("P", sale_prise="1"), "item P: sale_prise: unknown key 'sale_prise'; did you mean 'sale_price'?; a field of your own goes under custom={…}"),
        (lambda: an_item("P", cost=1.5), "item P: cost: 1.5 is a float; write it as a text or a Decimal"),
        (lambda: a_price("base", item="P"), "price base: give exactly one of value, rows and formula"),
        (lambda: a_customer("C", country="fr"), "customer C: country: 'fr' does not have the form of a country, two capital letters such as FR"),
        (lambda: an_exchange_rate("USD", "0"), "exchange_rate USD: rate: 0 is not above 0"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_where_it_is_built(build: type[Given], told: str) -> None:
    with pytest.raises(InputError) as error:
        build()
    assert error.value.problems == (told,)


def test_the_clock_stands_until_it_is_moved_and_prices_follow() -> None:
    app = given(
        in_memory(today=date(2025, 12, 31)), an_item("P"),
        a_price("base", item="P", value="20.00", valid_to="2025-12-31"), a_price("base", item="P", value="21.00", valid_from="2026-01-01"),
    )  # fmt: skip
    assert price(app, item="P").unit_price == 20
    assert price(app, item="P", day="2026-01-01").unit_price == 21
    app.clock.moment = app.clock.moment.replace(year=2026, month=1, day=1)  # type: ignore[attr-defined]
    assert price(app, item="P").unit_price == 21


def test_a_configuration_is_a_folder_or_what_it_would_hold(tmp_path: Path) -> None:
    (tmp_path / "overlay.yaml").write_text("company: {name: Martin}\n", encoding="utf-8")
    app = in_memory([tmp_path, PROMOTION])
    assert app.pack.model.company.name == "Martin"
    given(app, an_item("P", sale_price="10"), a_price("promotion", item="P", value="15"))
    assert price(app, item="P").steps == ("base 10", "promotion -1.5")
    with pytest.raises(ConfigError, match="unknown key 'compny'"):
        in_memory({"compny": {"name": "Martin"}})


# -- what the package asks of the machine --------------------------------------------------------------------------------


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def test_nothing_of_hypothesis_or_pytest_is_loaded_before_it_is_used() -> None:
    both = "print(sorted({'hypothesis', 'pytest', 'sphinx_lib.testing.strategies'} & set(sys.modules)))"
    assert python(f"import sys, sphinx_lib, sphinx_lib.testing; {both}") == "[]"


def test_the_plugin_costs_nothing_until_a_test_asks_for_the_fixture() -> None:
    heavy = "{'pydantic', 'sqlalchemy', 'yaml'}"
    assert python(f"import sys, sphinx_lib.testing.plugin; print(sorted({heavy} & set(sys.modules)))") == "[]"


def test_every_name_of_the_package_is_there() -> None:
    assert all(getattr(sphinx_lib.testing, name) is not None for name in sphinx_lib.testing.__all__)
    assert not hasattr(sphinx_lib.testing, "a_costumer")


def test_without_hypothesis_the_strategies_say_what_to_install() -> None:
    code = """
import sys
sys.modules["hypothesis"] = None
try:
    import sphinx_lib.testing.strategies
except ImportError as error:
    print(error)
"""
    assert python(code) == "sphinx_lib.testing.strategies needs hypothesis; install it: pip install hypothesis"


def test_the_fixture_is_a_sphinx_in_memory_on_the_configuration_of_the_suite(tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "company.yaml").write_text("company: {name: Martin}\n", encoding="utf-8")
    (tmp_path / "test_prices.py").write_text(
        "from sphinx_lib.testing import an_item, given, price\n"
        "import pytest\n"
        "@pytest.fixture\n"
        "def sphinx_config():\n"
        "    return 'house'\n"
        "def test_price(sphinx):\n"
        "    given(sphinx, an_item('P', sale_price='10.00'))\n"
        "    assert price(sphinx, item='P').net == 10\n"
        "    assert sphinx.pack.model.company.name == 'Martin'\n"
        "    assert sphinx.clock.now().isoformat() == '2026-01-01T08:00:00+00:00'\n"
        "def test_each_test_has_its_own(sphinx):\n"
        "    with sphinx.reader() as views:\n"
        "        assert views.codes('item') == []\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "sphinx_lib.testing.plugin", "-p", "no:cacheprovider"]
    environment = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": ""}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "2 passed" in ran.stdout, ran.stdout + ran.stderr
