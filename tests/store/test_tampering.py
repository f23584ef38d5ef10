"""The family ``tampering`` of the torture run, for a moment: any row of any table, changed in any way, is named."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.torture.families.tampering import Attack


def test_a_hundred_changes_drawn_at_random_are_named(tmp_path: Path) -> None:
    attack, random = Attack(f"sqlite:///{tmp_path / 'torture.sqlite'}", 7), Random(7)
    assert [told for told in (attack.attempt(random) for _ in range(100)) if told] == []
    attack.close()
