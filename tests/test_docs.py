"""The YAML that the documentation shows loads over the shipped configuration; links between pages lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sphinx_lib.app.registry import specs
from sphinx_lib.pack.load import load_pack

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"```yaml\n# file: (\S+)\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def overlays() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for name, text in BLOCK.findall(page.read_text(encoding="utf-8")):
            yield f"{page.relative_to(ROOT)}: {name}", text


@pytest.mark.parametrize(("where", "text"), overlays(), ids=lambda value: value.split(":")[0][-40:])
def test_the_overlays_of_the_documentation_load(where: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "overlay.yaml").write_text(text, encoding="utf-8")
    assert load_pack(["base", tmp_path], specs()).warnings == (), where


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []
