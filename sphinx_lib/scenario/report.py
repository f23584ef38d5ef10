"""How results are told: one line a scenario, and expected beside actual for each figure that differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx_lib.scenario.runner import Failure, ScenarioResult

_HEADS = ("where", "step", "what", "expected", "actual")
_WIDEST = 60


def result_line(result: ScenarioResult) -> str:
    """``ok`` or ``FAILED`` with the title and where it stands."""
    told = "ok    " if result.passed else "FAILED"
    return f"{told} {result.scenario.title}  ({result.scenario.file}:{result.scenario.mark.line})"


def failure_lines(result: ScenarioResult) -> Iterator[str]:
    """A table of the figures that differ, with file, line and step."""
    yield from (f"    {problem}" for problem in result.problems)
    if result.failures:
        yield from _table([_row(failure) for failure in result.failures])


def _row(failure: Failure) -> tuple[str, ...]:
    where, step = failure.difference.mark, failure.step
    named = f"{step.number} {step.title}" if step else "-"
    return (f"{where.file}:{where.line}", named, failure.difference.place, failure.difference.expected,
            failure.difference.actual)  # fmt: skip


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Columns as wide as needed; the last one, an error's text perhaps, is never cut."""
    widths = [min(_WIDEST, max(len(row[n]) for row in (_HEADS, *rows))) for n in range(len(_HEADS) - 1)]
    for row in (_HEADS, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "    " + "  ".join((*cells, row[-1])).rstrip()
