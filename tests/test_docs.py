"""The documentation is right: its overlays load, its commands print what the pages say, its links lead somewhere.

The Python examples of a page are doctests (``pytest --doctest-glob='*.md' README.md docs``); here they run before the
commands of the page, which may need the database that they made.
"""

from __future__ import annotations

import doctest
import re
import shlex
import sys
from pathlib import Path

import pytest

from sphinx_lib.cli import main
from tests.pages import commands, is_printed, write_files

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", [page for page in PAGES if any(commands(page))], ids=name_of)
def test_commands_print_what_the_page_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert doctest.testfile(str(page), module_relative=False, encoding="utf-8").failed == 0
    for command in commands(page):
        monkeypatch.setattr(sys, "argv", shlex.split(command.line))
        assert sys.argv[0] == "sphinx-lib", command.line
        capsys.readouterr()
        with pytest.raises(SystemExit):
            main()
        out, err = capsys.readouterr()
        printed = (out + err).strip()
        if not is_printed(command.output, printed):
            assert printed == command.output, command.line


def test_every_overlay_shown_is_checked_by_its_page() -> None:
    """An overlay that a page shows is loaded there, by an example, a scenario or ``sphinx-lib check``."""
    unused = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        layers = set(re.findall(r"^# file: (\w+)/\S+\.yaml$", text, re.MULTILINE))
        loads = "\n".join(line for line in text.splitlines() if line.startswith((">>> ", "... ", "$ ", "config: ")))
        unused += [f"{name_of(page)}: {layer}" for layer in layers if layer not in loads]
    assert unused == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    missing = [one for one in targets if "://" not in one and not (page.parent / one).exists()]
    assert missing == []
