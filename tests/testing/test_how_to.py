"""The suite that the page on price lists shows runs as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.pages import write_files

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "test-a-price-list.md"


def test_the_suite_and_the_tables_of_the_page_run_under_pytest(tmp_path: Path) -> None:
    write_files(PAGE, tmp_path)
    plugins = ["-p", "sphinx_lib.testing.plugin", "-p", "sphinx_lib.scenario.plugin", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-q", *plugins]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "1 failed, 4 passed" in done.stdout, done.stdout + done.stderr
    assert f"{tmp_path}/wrong.cases.csv:5  2 price VIS8 DUPONT 100  unit_price  9.90      10.45" in done.stdout


def test_pytest_finds_the_fixture_by_itself() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert declared["project"]["entry-points"]["pytest11"]["sphinx_lib_testing"] == "sphinx_lib.testing.plugin"
