"""Nothing twice, nothing lost: one command is stopped before each of its statements while another one runs whole."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from tests.postgres import database
from tests.torture.families.interleavings import Attack

PAIRS = [
    ("edit a line", "edit reference"),
    ("order", "order"),
    ("deliver", "deliver a part"),
    ("deliver", "cancel order"),
    ("invoice note", "cancel note"),
    ("invoice note", "invoicing"),
    ("credit", "pay"),
    ("route 1", "route 2"),
    ("confirm 1", "confirm 2"),
    ("ship few", "correct few"),
    ("ship standard", "standard cost"),
    ("start count", "start count too"),
]
"""Documents, their sources, balances, values, outstanding, master records, predicates: one pair for each kind of read."""


@pytest.fixture(scope="module")
def attack(postgres_url: str) -> Iterator[Attack]:
    with database(postgres_url) as url:
        attack = Attack(url, 1)
        yield attack
        attack.close()


@pytest.mark.postgresql
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_commands_at_once_come_to_what_they_come_to_one_after_the_other(
    attack: Attack, first: str, second: str
) -> None:
    told = [attack.interleave(first, second, at) for at in range(attack.length(first))]
    assert [one for one in told if one] == []


@pytest.mark.postgresql
def test_so_do_commands_drawn_at_random(attack: Attack) -> None:
    told = [attack.attempt(Random(f"ci {number}")) for number in range(30)]
    assert [one for one in told if one] == []
