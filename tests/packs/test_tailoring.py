"""The tailorings under ``examples/`` are YAML alone and pass the checks; their scenarios are collected beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sphinx_lib.app.registry import specs
from sphinx_lib.pack.load import load_pack

FOLDER = Path(__file__).parents[2] / "examples" / "tailoring"
TASKS = sorted(FOLDER.iterdir())


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_an_overlay_passes_every_check_without_a_warning(task: Path) -> None:
    assert load_pack(["base", task / "overlay"], specs()).warnings == ()


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_tailoring_is_yaml_and_shows_before_and_after(task: Path) -> None:
    assert {file.suffix for file in task.rglob("*") if file.is_file()} == {".yaml"}
    text = (task / "scenarios" / "scenario.yaml").read_text(encoding="utf-8")
    assert "without the overlay" in text
    assert "config: [../overlay/]" in text
