"""A few hundred inputs for each command, drawn from its schema (the long search is `make torture`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.torture.families.fuzz import Attack, Outcome, names_of_commands

SEED = 10
OF_EACH = 10
"""Inputs of one example."""


@pytest.fixture(scope="module")
def attack() -> Iterator[Attack]:
    made = Attack("sqlite://", SEED)
    yield made
    made.close()  # every table is as it was, and verify holds


@pytest.mark.parametrize("command", names_of_commands())
@settings(max_examples=20, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_each_answer_is_a_result_or_an_error_with_a_code(attack: Attack, command: str, seed: int) -> None:
    random = Random(seed)
    for _ in range(OF_EACH):
        assert attack.try_command(command, random).failure is None


def test_both_databases_answer_alike(tmp_path: Path, postgres_database: str) -> None:
    """The same inputs have the same outcome, with the same words, whatever the database would take."""
    answers = [_answers(url) for url in (f"sqlite:///{tmp_path / 'fuzz.sqlite'}", postgres_database)]
    differing = [(number, *pair) for number, pair in enumerate(zip(*answers, strict=True)) if pair[0] != pair[1]]
    assert differing == []


ID = re.compile("[0-9a-f]{32}")


def _answers(url: str) -> list[tuple[str, Outcome]]:
    attack = Attack(url, SEED)
    try:
        told = [(name, attack.try_command(name, Random(seed))) for seed in range(8) for name in attack.names]
        return [(name, one._replace(message=ID.sub("ID", one.message))) for name, one in told]
    finally:
        attack.close()
