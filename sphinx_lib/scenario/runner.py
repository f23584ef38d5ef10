"""Running scenario files: every error of the files first, then each scenario in a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from traceback import extract_tb
from typing import Any

from sphinx_lib.app.registry import specs
from sphinx_lib.kernel.errors import ConfigError, GuardFailed, InputError, Problem, SphinxError
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.overlay import to_plain
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.reader import Node
from sphinx_lib.scenario.check import check_scenario
from sphinx_lib.scenario.expect import Difference, NotComparable, compare, is_same, shown
from sphinx_lib.scenario.files import scenario_files
from sphinx_lib.scenario.given import Refs
from sphinx_lib.scenario.model import Scenario, Step, entries, items, read_file
from sphinx_lib.scenario.report import failure_lines, result_line
from sphinx_lib.scenario.shapes import Shape
from sphinx_lib.scenario.steps import perform
from sphinx_lib.scenario.world import Result, World, opened

PASSED, FAILED, NOT_VALID = 0, 1, 2


@dataclass(frozen=True)
class Failure:
    """A figure that differs, a refusal that did not come, or one that nobody expected; ``step`` is none before any."""

    step: Step | None
    difference: Difference


@dataclass(frozen=True)
class ScenarioResult:
    """What came of one scenario: nothing when it passed."""

    scenario: Scenario
    failures: tuple[Failure, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all held."""
        return not self.failures and not self.problems


@dataclass
class RunResult:
    """What came of all scenarios; ``problems`` are errors of files, whose scenarios were not run."""

    results: list[ScenarioResult] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 when all passed, 1 when one failed, 2 when a file is not valid."""
        if self.problems or any(one.problems for one in self.results):
            return NOT_VALID
        return PASSED if all(one.passed for one in self.results) else FAILED


@dataclass(frozen=True)
class Prepared:
    """A scenario that is valid on its configuration; without one when it expects that it does not load."""

    scenario: Scenario
    pack: Pack | None
    refs: Refs
    refusal: ConfigError | None = None


def main(paths: Iterable[str | Path], database: str | None = None, out: Callable[[str], Any] = print) -> int:
    """Run scenario files and directories, tell one line a scenario; returns the exit code."""
    result = run_paths(paths, database, lambda one: _tell(one, out))
    for problem in result.problems:
        out(str(problem))
    failed = sum(not one.passed for one in result.results)
    told = f"{len(result.results)} scenarios, {failed} failed" if result.results else "no scenario was run"
    out(f"{told}, {len(result.problems)} errors in files" if result.problems else told)
    return result.exit_code


def _tell(result: ScenarioResult, out: Callable[[str], Any]) -> None:
    out(result_line(result))
    for line in failure_lines(result):
        out(line)


def run_paths(
    paths: Iterable[str | Path], database: str | None = None, told: Callable[[ScenarioResult], Any] = lambda _: None
) -> RunResult:
    """Check all files, then run the scenarios of those that are valid; ``told`` hears of each as it ends."""
    run = RunResult()
    prepared: list[Prepared] = []
    files, problems = scenario_files(paths)
    run.problems += problems
    for file in files:
        scenarios, problems = read_file(file)
        found = [] if problems else [prepare(one) for one in scenarios]
        problems += [problem for _, errors in found for problem in errors]
        run.problems += problems
        if not problems:
            prepared += [one for one, _ in found if one is not None]
    if not files and not run.problems:
        run.problems.append(Problem(", ".join(map(str, paths)), 1, 1, "", "no scenario file is here"))
    for one in prepared:
        result = run_prepared(one, database)
        told(result)
        run.results.append(result)
    return run


def prepare(scenario: Scenario) -> tuple[Prepared | None, list[Problem]]:
    """The scenario checked against its configuration, and every error of both."""
    try:
        pack = load_pack(scenario.layers(), specs())
    except ConfigError as error:
        if scenario.refused is None:
            return None, list(error.problems)
        return Prepared(scenario, None, Refs(), error), []
    refs, findings = check_scenario(scenario, pack)
    return (None if findings else Prepared(scenario, pack, refs)), findings


def run_scenario(scenario: Scenario, database: str | None = None) -> ScenarioResult:
    """Check one scenario and run it."""
    prepared, problems = prepare(scenario)
    if prepared is None:
        return ScenarioResult(scenario, problems=tuple(problems))
    return run_prepared(prepared, database)


def run_prepared(prepared: Prepared, database: str | None = None) -> ScenarioResult:
    """Run a scenario that was found valid."""
    scenario = prepared.scenario
    if scenario.refused is not None:
        refusal = prepared.refusal
        differences = _unlike(scenario.refused, refusal, "config")
        return ScenarioResult(scenario, tuple(Failure(None, one) for one in differences))
    failures: list[Failure] = []
    try:
        with opened(scenario, prepared.refs, database) as world:
            for step in scenario.steps:
                found = list(_run_step(step, world, prepared))
                failures += [Failure(step, one) for one in found]
                if found and step.kind != "expect":
                    break
    except NotComparable as error:
        return ScenarioResult(scenario, tuple(failures), (error.problem,))
    except InputError as error:
        problems = [Problem(*scenario.mark, "given", problem) for problem in error.problems]
        return ScenarioResult(scenario, tuple(failures), tuple(problems))
    return ScenarioResult(scenario, tuple(failures))


# -- one step ------------------------------------------------------------------------------------------------------------


def _run_step(step: Step, world: World, prepared: Prepared) -> Iterator[Difference]:
    if step.kind == "expect":
        yield from _expect(step.argument, prepared.shapes(step), world, None)
        return
    refused = step.option("refused")
    try:
        result = perform(step, world)
    except (SphinxError, LookupError) as error:
        yield from _unexpected(step, error) if refused is None else _unlike(refused, error, step.title)
        return
    if refused is not None:
        yield from _unlike(refused, _stayed(result), step.title)
    expected = step.option("expect")
    if expected is not None:
        yield from _expect(expected, prepared.shapes(step), world, result)
