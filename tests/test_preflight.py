"""``scripts/preflight.py`` says what a machine lacks in words that name the package to install."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "preflight.py"


def _libraries(fake_weasyprint: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The check of the libraries, on a machine where importing WeasyPrint does what ``fake_weasyprint`` says."""
    (folder / "weasyprint.py").write_text(fake_weasyprint, encoding="utf-8")
    command = [sys.executable, str(SCRIPT), "libraries"]
    environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{SCRIPT.parents[1]}"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_without_pango_the_packages_of_each_system_are_named(tmp_path: Path) -> None:
    done = _libraries("print('see the web site')\nraise OSError(\"cannot load library 'libpango-1.0-0'\")", tmp_path)
    assert done.returncode == 1
    assert "WeasyPrint needs Pango" in done.stderr
    for words in ("libpango-1.0-0 libpangoft2-1.0-0", "dnf install pango", "brew install pango", "cannot load library"):
        assert words in done.stderr
    assert done.stdout == ""


def test_without_the_subset_library_one_note_is_printed_and_work_goes_on(tmp_path: Path) -> None:
    warn = "import warnings\nwarnings.warn('HarfBuzz-Subset will be required by future versions', DeprecationWarning)"
    done = _libraries(warn, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("HarfBuzz") == 1
    assert "libharfbuzz-subset0" in done.stdout


def test_a_complete_machine_is_told_nothing(tmp_path: Path) -> None:
    done = _libraries("", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(("version", "words"), [((3, 10), "Python 3.10 is too old: 3.11 or newer"), ((3, 11), "")])
def test_an_old_python_is_told_so(version: tuple[int, int], words: str) -> None:
    spec = importlib.util.spec_from_file_location("preflight", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    preflight = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(preflight)
    assert preflight.interpreter_problem(version).startswith(words)
    assert bool(preflight.interpreter_problem(version)) == bool(words)
