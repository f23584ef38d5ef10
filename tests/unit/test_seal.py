"""A seal as it is printed, typed back and filed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib import InputError, Seal

SEAL = Seal(
    "main", 12, datetime(2026, 3, 2, 8, tzinfo=UTC), 41, "0" * 64, "0123456789abcdef" * 4, 2
)
PRINTED = """\
seal 12 of main
2026-03-02T08:00:00+00:00, 41 entries, recipe 2
after 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
hash 01234567 89abcdef 01234567 89abcdef 01234567 89abcdef 01234567 89abcdef
check 33e2110c"""

hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
any_seal = st.builds(
    Seal,
    company=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
    number=st.integers(1, 10**6),
    sealed_at=st.datetimes(timezones=st.just(UTC)).filter(lambda at: at.year > 999),
    entries=st.integers(1, 10**9),
    previous_hash=st.just("") | hashes,
    hash=hashes,
    recipe=st.integers(1, 2),
)


def test_a_seal_is_printed_as_a_block_with_a_check() -> None:
    assert str(SEAL) == PRINTED


@given(any_seal)
def test_what_is_printed_or_filed_is_read_back(seal: Seal) -> None:
    assert Seal.read(str(seal)) == seal
    assert Seal.read(" ".join(str(seal).split("\n"))) == seal
    assert Seal.read(seal.json()) == seal


def test_a_seal_is_read_in_capitals_with_other_spaces_and_in_another_time_zone_it_is_the_same() -> (
    None
):
    first, rest = PRINTED.split("\n", 1)
    assert Seal.read(f"\n{first}\n\n  {rest.upper()}\n") == SEAL
    paris = SEAL.sealed_at.astimezone(timezone(timedelta(hours=1)))
    assert str(Seal(**{**vars(SEAL), "sealed_at": paris})) == PRINTED


@pytest.mark.parametrize("place", range(len(PRINTED)))
def test_no_mistyped_digit_goes_unseen(place: int) -> None:
    if not PRINTED[place].isdigit():
        return
    typed = PRINTED[:place] + str((int(PRINTED[place]) + 1) % 10) + PRINTED[place + 1 :]
    with pytest.raises(InputError):
        Seal.read(typed)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it begins with"),
        ("seal 12 of main", "it begins with"),
        (PRINTED.replace("41", "14"), "its check is 33e2110c, what was typed comes to"),
        (
            PRINTED.replace("hash 0", "hash "),
            "hash has 64 digits 0-9, a-f; this one has 63 characters",
        ),
        (PRINTED.replace("2026-03-02T", "2026-13-02T"), "'2026-13-02T08:00:00+00:00' is no time"),
        (PRINTED.replace("+00:00", ""), "says no time zone"),
        ("{", "it is no JSON"),
        ("{}", "its fields are company, number"),
        (json.dumps({**json.loads(SEAL.json()), "number": "12"}), "number is '12'"),
        (json.dumps({**json.loads(SEAL.json()), "number": True}), "number is True"),
        (SEAL.json().replace("main", "other"), "seal 12 of other: its check is"),
        (
            'seal 1 of "\\u12" 2026-03-02T08:00:00Z, 1 entry, recipe 2 after nothing hash 0 check 00000000',
            "company",
        ),
    ],
)
def test_what_is_no_seal_is_told(text: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        Seal.read(text)
    assert said in str(raised.value)
