"""The wheel alone, installed far from this repository, holds the base pack and runs the demo (architecture §4.10)."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CLI_EXISTS = (ROOT / "sphinx_lib" / "cli.py").exists()
INSIDE = {"config": "base/config", "templates": "base/templates", "examples/demo": "base/demo"}

pytestmark = pytest.mark.wheel


def _run(*command: str | Path, cwd: Path) -> str:
    """Standard output of ``command``; its whole output is in the failure when it fails."""
    # Paths of this repository must not help the installed copy.
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words} gave {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of a fresh environment that holds the wheel and its base dependencies only."""
    folder = tmp_path_factory.mktemp("environment")
    _run(sys.executable, "-m", "venv", folder, cwd=folder)
    _run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    return folder / "bin"


def test_the_wheel_holds_every_file_of_the_base_pack(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for source, target in INSIDE.items():
        files = {path.relative_to(ROOT / source).as_posix() for path in (ROOT / source).rglob("*") if path.is_file()}
        prefix = f"sphinx_lib/{target}/"
        assert files, f"{source} is empty"
        assert {name.removeprefix(prefix) for name in names if name.startswith(prefix)} == files


def test_the_wheel_says_that_it_is_typed_and_holds_no_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "sphinx_lib/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"sphinx_lib"}


def test_the_installed_library_is_imported_from_its_own_environment(installed: Path, tmp_path: Path) -> None:
    where = _run(installed / "python", "-c", "import sphinx_lib; print(sphinx_lib.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)


@pytest.mark.skipif(not CLI_EXISTS, reason="sphinx_lib/cli.py is not written yet")
def test_the_installed_command_runs_the_demo(installed: Path, tmp_path: Path) -> None:
    assert "demo" in _run(installed / "sphinx-lib", "--help", cwd=tmp_path)
    _run(installed / "sphinx-lib", "demo", "--out", "X", cwd=tmp_path)
    made = [path for path in (tmp_path / "X").rglob("*") if path.is_file() and path.stat().st_size]
    assert any(path.suffix == ".sqlite" for path in made)
    assert any(path.suffix == ".pdf" and path.read_bytes().startswith(b"%PDF-") for path in made)
    # The name that article A47 A-1 of the LPF gives the file: SIREN, "FEC", closing date.
    assert any("FEC" in path.name and path.suffix == ".txt" for path in made)
