"""The pytest plugin: YAML files in a directory named ``scenarios`` are collected, each scenario a test of its own, and
tables of prices (``*.cases.csv``, ``*.cases.yaml``) wherever they lie.

It is loaded at every start of pytest, so what it needs is imported when it collects.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sphinx_lib.scenario.model import Scenario
    from sphinx_lib.scenario.runner import Packs

PACKS: pytest.StashKey[Packs] = pytest.StashKey()
"""The configurations loaded so far in a run of the tests."""


class ScenarioFailed(Exception):
    """A scenario did not hold; the text is its table."""


class ScenarioFile(pytest.File):
    """A file of scenarios."""

    def collect(self) -> Iterator[ScenarioItem]:
        """One item a scenario; errors of the file stop its collection, each with line and column."""
        from sphinx_lib.scenario.model import read_file

        scenarios, problems = read_file(self.path)
        if problems:
            raise self.CollectError("\n".join(str(problem) for problem in problems))
        for number, scenario in enumerate(scenarios, 1):
            yield ScenarioItem.from_parent(self, name=f"{number} {scenario.title}", scenario=scenario)


class ScenarioItem(pytest.Item):
    """One scenario."""

    def __init__(self, *, scenario: Scenario, **named: Any) -> None:
        super().__init__(**named)
        self.scenario = scenario

    def runtest(self) -> None:
        """Check and run the scenario in memory."""
        from sphinx_lib.scenario.report import failure_lines
        from sphinx_lib.scenario.runner import Packs, run_scenario

        result = run_scenario(self.scenario, packs=self.config.stash.setdefault(PACKS, Packs()))
        if not result.passed:
            raise ScenarioFailed("\n".join(failure_lines(result)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The table alone when a scenario did not hold; the traceback when the product broke."""
        if isinstance(excinfo.value, ScenarioFailed):
            return f"{self.scenario.title}\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the scenario starts."""
        return self.path, self.scenario.mark.line - 1, self.name


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Collect scenario files below a directory named ``scenarios``, and tables of prices anywhere."""
    is_table = file_path.name.endswith((".cases.csv", ".cases.yaml", ".cases.yml"))
    if not is_table and (file_path.suffix not in (".yaml", ".yml") or "scenarios" not in file_path.parent.parts):
        return None
    from sphinx_lib.scenario.files import is_scenario_file

    return ScenarioFile.from_parent(parent, path=file_path) if is_scenario_file(file_path) else None
