"""The documentation is right: its overlays load, its commands print what the pages say, its links lead somewhere.

The Python examples of a page are doctests (``pytest --doctest-glob='*.md' README.md docs``); here they run with the
commands of the page, in the order in which they stand there. So they hold with the commands and without.
"""

from __future__ import annotations

import doctest
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel

from sphinx_lib.app.registry import EFFECTS
from sphinx_lib.cli import cli, main
from sphinx_lib.pack.functions import FUNCTIONS
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.scopes import DOCUMENT, LINE, SOURCE
from tests.pages import commands, is_printed, steps, write_files

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", [page for page in PAGES if any(commands(page))], ids=name_of)
def test_commands_print_what_the_page_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    examples = doctest.DocTestRunner()
    names: dict[str, object] = {"__name__": "__main__"}
    for command in steps(page):
        if isinstance(command, str):
            test = doctest.DocTestParser().get_doctest(command, names, page.name, str(page), 0)
            assert examples.run(test, clear_globs=False).failed == 0
            names = test.globs
            continue
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
    text = without_blocks(page.read_text(encoding="utf-8"))
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    missing = [one for one in targets if "://" not in one and not (page.parent / one).exists()]
    assert missing == []


def words(page: str) -> set[str]:
    """All names that stand in code on a page."""
    text = without_blocks((ROOT / "docs" / page).read_text(encoding="utf-8"))
    return {word for code in re.findall(r"`([^`]+)`", text) for word in re.findall(r"--[\w-]+|\w+", code)}


def models(model: type[BaseModel], found: dict[str, type[BaseModel]]) -> dict[str, type[BaseModel]]:
    """``model`` and all models inside it."""
    if model.__name__ not in found:
        found[model.__name__] = model
        for field in model.model_fields.values():
            for inner in typing_parts(field.annotation):
                models(inner, found)
    return found


def typing_parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from typing_parts(part)


@pytest.mark.parametrize("model", models(PackModel, {}).values(), ids=lambda model: model.__name__)
def test_the_reference_names_every_key(model: type[BaseModel]) -> None:
    keys = {field.alias or name for name, field in model.model_fields.items()}
    assert keys - words("reference/configuration.md") == set()


def test_the_reference_names_every_fact_and_function_of_expressions() -> None:
    assert ({*DOCUMENT, *LINE, *SOURCE, *FUNCTIONS} - words("reference/expressions.md")) == set()


def test_the_how_to_names_every_effect() -> None:
    assert {spec.name for spec in EFFECTS} - words("how-to/add-an-effect.md") == set()


def options(command: Any, name: str) -> Iterator[tuple[str, str]]:
    """Each command with each of its options; a command without one with nothing."""
    if inner := getattr(command, "commands", {}):
        for key, each in inner.items():
            yield from options(each, f"{name} {key}".strip())
        return
    yield name, ""
    yield from ((name, one) for part in command.params for one in part.opts if one.startswith("--"))


def test_the_reference_names_every_command_and_option() -> None:
    text = (ROOT / "docs/reference/command-line.md").read_text(encoding="utf-8")
    everywhere = {"--config", "--company"}
    rows = {row.split("`")[1] for row in text.splitlines() if row.startswith("| `sphinx-lib")}
    missing = [
        f"{name} {option}".strip()
        for name, option in options(typer.main.get_command(cli), "")
        if option not in everywhere
        and not any(row.startswith(f"sphinx-lib {name}") and option in row for row in rows)
    ]
    assert missing == []
