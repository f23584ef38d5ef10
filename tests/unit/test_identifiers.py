"""VAT numbers of the Union: form and check digits, never the register (VA4)."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.de import vat as german
from stdnum.eu import vat as european
from stdnum.fr import siren

from sphinx_lib.kernel.identifiers import UNION, vat_country


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("DE136695976", "DE"),
        ("DE 136 695 976", "DE"),
        ("de136695976", "DE"),
        ("FR43160517421", "FR"),
        ("BE0888123486", "BE"),
        ("EL094259216", "GR"),
        ("XI110305878", "GB"),
        ("DE136695977", ""),
        ("DE13669597", ""),
        ("136695976", ""),
        ("GB980780684", ""),
        ("CHE107787577IVA", ""),
        ("EU372000042", ""),
        ("IM3720000424", ""),
        ("", ""),
        ("n/a", ""),
    ],
)
def test_the_country_of_a_number_whose_check_digits_hold(number: str, country: str) -> None:
    assert vat_country(number) == country


def test_a_number_of_the_one_stop_shop_is_no_number_of_a_customer() -> None:
    assert european.is_valid("EU372000042")
    assert vat_country("EU372000042") == ""


@given(st.integers(10_000_000, 99_999_999), st.integers(0, 8), st.integers(1, 9))
def test_a_wrong_digit_of_a_german_number_is_seen(head: int, place: int, more: int) -> None:
    right = next(f"{head}{digit}" for digit in range(10) if german.is_valid(f"{head}{digit}"))
    assert vat_country(f"DE{right}") == "DE"
    wrong = right[:place] + str((int(right[place]) + more) % 10) + right[place + 1 :]
    assert vat_country(f"DE{wrong}") == ""


@given(st.integers(10_000_000, 99_999_999))
def test_the_number_that_a_siren_gives_is_right(head: int) -> None:
    number = next(f"{head}{digit}" for digit in range(10) if siren.is_valid(f"{head}{digit}"))
    assert vat_country(f"FR{siren.to_tva(number)}".replace(" ", "")) == "FR"


def test_the_countries_of_the_union_are_those_with_numbers_and_monaco() -> None:
    members = {"GR" if one == "el" else one.upper() for one in european.MEMBER_STATES if one != "xi"}
    assert members | {"MC"} == UNION


def test_a_sale_without_a_number_loads_no_table_of_numbers() -> None:
    program = "from sphinx_lib.kernel.identifiers import vat_country; import sys; vat_country(''); print('stdnum.eu' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
