"""What the load check says about how the outbox is sent (MS1)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sphinx_lib.pack.outbox_model import OutboxRules
from tests.packs.test_checks import load, problems

HOURS = timedelta(hours=1)


def test_lengths_of_time_are_written_with_their_unit(tmp_path: Path) -> None:
    rules = load(tmp_path, "outbox: {first_pause: 90 seconds, longest_pause: 2 days, lease: 1 hour}").model.outbox
    assert (rules.first_pause, rules.longest_pause, rules.lease) == (HOURS / 40, 48 * HOURS, HOURS)


@pytest.mark.parametrize("length", ["10", "0 minutes", "-1 hours", "1.5 hours", "2 weeks", "'1  hour'", "true", "[1, hour]"])
def test_a_length_of_time_in_another_form_is_told(tmp_path: Path, length: str) -> None:
    (found,) = problems(tmp_path, f"outbox: {{lease: {length}}}")
    assert "outbox.lease: write a number and a unit, such as 30 seconds or 6 hours, not " in found


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("tries: 0", "outbox.tries: "),
        ("tries: 101", "outbox.tries: "),
        ("lease: 11 days", "outbox.lease: 11 days is too long; at most 10 days"),
        ("longest_pause: 30 seconds", "outbox: longest_pause must not be shorter than first_pause"),
        ("pause: 1 minute", "outbox.pause: unknown key 'pause'"),
    ],
)
def test_rules_that_cannot_be_meant_are_told(tmp_path: Path, rules: str, told: str) -> None:
    (found,) = problems(tmp_path, f"outbox: {{{rules}}}")
    assert told in found


def test_pauses_double_up_to_the_longest_and_are_shortened_by_up_to_half() -> None:
    rules = OutboxRules()
    minutes = [rules.pause(failures, 0) / timedelta(minutes=1) for failures in range(1, 12)]
    assert minutes == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]
    assert rules.pause(10_000, 0) == 6 * HOURS
    assert rules.pause(3, 999) == timedelta(minutes=4) - timedelta(minutes=4) * 999 / 2000
    assert rules.pause(1, 500) == timedelta(seconds=45)
