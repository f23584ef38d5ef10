"""Running scenario files: every error of the files first, then each scenario in a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from traceback import extract_tb
from typing import Any

from sphinx_lib.app.registry import specs
from sphinx_lib.kernel.errors import ConfigError, GuardFailed, InputError, Problem, Refused, SphinxError
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.overlay import to_plain
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.reader import Node
from sphinx_lib.scenario.check import Known, check_scenario
from sphinx_lib.scenario.expect import Difference, NotComparable, compare, is_same, shown
from sphinx_lib.scenario.files import scenario_files
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
    known: Known | None = None
    refusal: ConfigError | None = None

    def shape(self, step: Step) -> Shape:
        """What the expectations of a step may ask about."""
        return self.known.expected[step.number] if self.known is not None else None


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
    packs = Packs()
    prepared: list[Prepared] = []
    files, problems = scenario_files(paths)
    run.problems += problems
    for file in files:
        scenarios, problems = read_file(file)
        found = [] if problems else [prepare(one, packs) for one in scenarios]
        problems += [problem for _, errors in found for problem in errors]
        run.problems += problems
        if not problems:
            prepared += [one for one, _ in found if one is not None]
    if not files and not run.problems:
        run.problems.append(Problem(", ".join(map(str, paths)), 1, 1, "", "no scenario file is here"))
    for one in prepared:
        result = _told_whatever(one, database)
        told(result)
        run.results.append(result)
    return run


def _told_whatever(prepared: Prepared, database: str | None) -> ScenarioResult:
    """The result of a scenario; a bug of the product fails it with its place, and does not hide the other scenarios."""
    try:
        return run_prepared(prepared, database)
    except Exception as bug:
        frame = extract_tb(bug.__traceback__)[-1]
        place = f"{type(bug).__name__}: {bug} ({frame.filename}:{frame.lineno})"
        scenario = prepared.scenario
        return ScenarioResult(scenario, (Failure(None, Difference(scenario.mark, "a bug", "no bug", place)),))


class Packs:
    """Configurations loaded so far, by the layers they are made of: most scenarios of a file share theirs."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Pack] = {}

    def of(self, layers: Sequence[str | Path | Node]) -> Pack:
        """The configuration of ``layers``; ConfigError with every problem when it does not load."""
        key = tuple(f"{one.mark} {to_plain(one)}" if isinstance(one, Node) else str(one) for one in layers)
        if key not in self._known:
            self._known[key] = load_pack(layers, specs())
        return self._known[key]


def prepare(scenario: Scenario, packs: Packs | None = None) -> tuple[Prepared | None, list[Problem]]:
    """The scenario checked against its configuration, and every error of both."""
    try:
        pack = (packs or Packs()).of(scenario.layers())
    except ConfigError as error:
        if scenario.refused is None:
            return None, list(error.problems)
        return Prepared(scenario, refusal=error), []
    if scenario.cases:
        scenario = scenario.with_codes_of(pack.conditions)
    known, findings = check_scenario(scenario, pack)
    return (None if findings else Prepared(scenario, known)), findings


def run_scenario(scenario: Scenario, database: str | None = None, packs: Packs | None = None) -> ScenarioResult:
    """Check one scenario and run it; ``packs`` are those of scenarios that ran before."""
    prepared, problems = prepare(scenario, packs)
    if prepared is None:
        return ScenarioResult(scenario, problems=tuple(problems))
    return run_prepared(prepared, database)


def run_prepared(prepared: Prepared, database: str | None = None) -> ScenarioResult:
    """Run a scenario that was found valid."""
    scenario = prepared.scenario
    if scenario.refused is not None:
        differences = _unlike(scenario.refused, prepared.refusal, "config")
        return ScenarioResult(scenario, tuple(Failure(None, one) for one in differences))
    assert prepared.known is not None, "only a scenario that expects a refusal runs without"
    failures: list[Failure] = []
    try:
        with opened(scenario, prepared.known.pack, prepared.known.refs, database) as world:
            for step in scenario.steps:
                found = list(_run_step(step, world, prepared))
                failures += [Failure(step, one) for one in found]
                if found and step.kind not in ("expect", "price"):
                    break
    except NotComparable as error:
        return ScenarioResult(scenario, tuple(failures), (error.problem,))
    except InputError as error:
        problems = [Problem(*scenario.mark, "given", problem) for problem in error.problems]
        return ScenarioResult(scenario, tuple(failures), tuple(problems))
    return ScenarioResult(scenario, tuple(failures))


# -- one step --------------------------------------------------------------------------------------


def _run_step(step: Step, world: World, prepared: Prepared) -> Iterator[Difference]:
    if step.kind == "expect":
        with world.app.reader() as views:
            yield from compare(step.argument, prepared.shape(step), world.root(views), "")
        return
    refused = step.option("refused")
    try:
        result = perform(step, world)
    except SphinxError as error:
        if refused is not None:
            yield from _unlike(refused, error, step.title)
        else:
            yield Difference(step.mark, step.title, "done", f"refused: {error}")
        return
    if refused is not None:
        yield from _stayed(refused, result, step)
    expected = step.option("expect")
    if expected is not None:
        with world.app.reader() as views:
            yield from compare(expected, prepared.shape(step), world.seen(result, views), step.text("as") or "")


def _stayed(refused: Node, result: Result, step: Step) -> Iterator[Difference]:
    """A derivation that leaves a draft with the reasons is refused by these; anything else should not have happened."""
    if result.refusals:
        yield from _unlike(refused, Refused("; ".join(result.refusals)), step.title)
    else:
        yield Difference(refused.mark, step.title, f"refused: {shown(to_plain(refused))}", "done")


def _unlike(refused: Node, error: SphinxError | None, place: str) -> Iterator[Difference]:
    """What a refusal should have said and did not: parts of its text, or its code and facts."""
    if error is None:
        yield Difference(refused.mark, place, f"refused: {shown(to_plain(refused))}", "done")
    elif isinstance(refused.value, dict):
        codes, facts = _facts_of(error)
        for key, node in entries(refused).items():
            known = codes if key == "code" else facts.get(key, ())
            if not any(is_same(str(node.value), one) for one in known):
                yield Difference(node.mark, f"{place} {key}", str(node.value), shown(list(known)))
    else:
        told = str(error)
        for part in items(refused) or [refused]:
            if str(part.value) not in told:
                yield Difference(part.mark, place, f"refused: {part.value}", f"refused: {told}")


def _facts_of(error: SphinxError) -> tuple[list[Any], dict[str, list[Any]]]:
    """The codes of an error and the values of its facts, those of each guard's refusal included."""
    codes: list[Any] = [error.code]
    facts: dict[str, list[Any]] = {}
    given = [error.facts]
    if isinstance(error, GuardFailed):
        codes += [reason.guard for reason in error.reasons]
        given += [reason.facts for reason in error.reasons]
    for one in given:
        for name, value in one.items():
            facts.setdefault(name, []).append(value)
    return codes, facts
