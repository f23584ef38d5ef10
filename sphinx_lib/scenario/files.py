"""Which files are scenario files: those named, and in directories every YAML file that starts as one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from sphinx_lib.kernel.errors import Problem

_STARTS = re.compile(r"(?:^|\n)(?:---\s*\n)?(?:scenario|defaults):")


def scenario_files(paths: Iterable[str | Path]) -> tuple[list[Path], list[Problem]]:
    """Scenario files in order; a path that does not exist is a problem."""
    found: list[Path] = []
    problems: list[Problem] = []
    for path in map(Path, paths):
        if path.is_dir():
            found += [one for one in sorted(path.rglob("*.y*ml")) if is_scenario_file(one)]
        elif path.exists():
            found.append(path)
        else:
            problems.append(Problem(str(path), 1, 1, "", "no such file or directory"))
    return list(dict.fromkeys(found)), problems


def is_scenario_file(path: Path) -> bool:
    """Whether a YAML file holds scenarios rather than configuration."""
    if path.suffix not in (".yaml", ".yml"):
        return False
    return _STARTS.search(path.read_text(encoding="utf-8", errors="replace")) is not None
