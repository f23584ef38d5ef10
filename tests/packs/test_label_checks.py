"""What the load check says of the places of texts that an overlay changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packs.test_checks import load, problems


@pytest.mark.parametrize(
    ("label", "place", "message"),
    [
        ("reorder_reason: {fr: 'a {projeted}'}", "labels.reorder_reason.fr",
         "unknown place 'projeted'\n    hint: did you mean 'projected'?"),
        ("reorder_reason: 'a {projeted}'", "labels.reorder_reason", "unknown place 'projeted'"),
        ("reorder_reason: {de: 'a {pont} {projected:.2f}'}", "labels.reorder_reason.de", "hint: did you mean 'point'?"),
        ("reorder_reason: !replace {fr: 'a {}'}", "labels.reorder_reason.fr", "unknown place ''"),
        ("reorder_reason: {fr: 'a {projected'}", "labels.reorder_reason.fr", "a brace { or } stands alone"),
        ("total_net: {fr: 'Total {currency}'}", "labels.total_net.fr", "unknown place 'currency'"),
    ],
)  # fmt: skip
def test_a_place_that_nobody_fills_is_told(tmp_path: Path, label: str, place: str, message: str) -> None:
    (told,) = problems(tmp_path, f"labels: {{{label}}}")
    assert f": {place}: " in told
    assert message in told


def test_a_place_may_be_left_out_and_a_label_of_ones_own_has_its_own(tmp_path: Path) -> None:
    pack = load(tmp_path, """
        labels:
          reorder_reason: {fr: "{missing} {unit} de moins, {{projected}}", en: none}
          number_of_date: "{date}: {number}"
          house: {fr: "Maison {name}"}
    """)
    assert pack.label("house", "fr").format(name="Durand") == "Maison Durand"
    assert pack.label("reorder_reason", "en") == "none"
