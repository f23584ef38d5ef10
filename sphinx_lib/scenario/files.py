"""Which files are scenario files: those named, and in directories every YAML file that has a key of theirs.

A table of prices, ``*.cases.csv``, is one too; the YAML file of the same name beside it goes with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from sphinx_lib.kernel.errors import Problem
from sphinx_lib.scenario.cases import is_ground, is_table

_OWN_KEY = re.compile(r"^(?:scenario|defaults|steps|given|cases):", re.MULTILINE)
"""A top-level key that no configuration has; `steps` alone is a scenario whose title is misspelt, which must be told."""


def scenario_files(paths: Iterable[str | Path]) -> tuple[list[Path], list[Problem]]:
    """Scenario files in order; a path that does not exist is a problem."""
    found: list[Path] = []
    problems: list[Problem] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(one for one in path.rglob("*") if is_scenario_file(one))
            found += inside
            if not inside:
                problems.append(Problem(str(path), 1, 1, "", "no scenario file is here"))
        elif path.exists():
            found.append(path)
        else:
            problems.append(Problem(str(path), 1, 1, "", "no such file or directory"))
    return list(dict.fromkeys(found)), problems


def is_scenario_file(path: Path) -> bool:
    """Whether a file holds scenarios rather than configuration."""
    if path.suffix == ".csv":
        return is_table(path) and path.is_file()
    if path.suffix not in (".yaml", ".yml") or not path.is_file() or is_ground(path):
        return False
    return _OWN_KEY.search(path.read_text(encoding="utf-8-sig", errors="replace")) is not None
