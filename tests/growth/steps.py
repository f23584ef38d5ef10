"""How often each line of this library runs, so that what grows faster than a document can be named by file and line."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple, TypeVar

ROOT = Path(__file__).resolve().parents[2]
OURS = (str(ROOT / "sphinx_lib"), str(ROOT / "templates"))
FEW = 200
"""A line that ran no oftener than this in the larger measure grows with nothing that matters."""

Answer = TypeVar("Answer")
Steps = Counter[tuple[CodeType, int]]


class Growth(NamedTuple):
    """A line of code that ran ``before`` times in the smaller measure and ``after`` times in the larger one."""

    place: str
    before: int
    after: int

    def __str__(self) -> str:
        return f"{self.place}: {self.before} times, then {self.after}"


def counted_steps(work: Callable[[], Answer]) -> tuple[Answer, Counter[str]]:
    """What ``work`` answers, and how often each line of this library and of its templates ran, by ``file:line name``.

    A comprehension counts once for each turn, so that a scan is seen that calls nothing.
    """
    steps: Steps = Counter()

    def line(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            steps[frame.f_code, frame.f_lineno] += 1
        return line

    def call(frame: FrameType, event: str, _: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(OURS) else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        answer = work()
    finally:
        sys.settrace(before)
    return answer, Counter(dict(_named(steps)))


def _named(steps: Steps) -> Iterator[tuple[str, int]]:
    found: Counter[str] = Counter()
    for (code, number), times in steps.items():
        found[f"{Path(code.co_filename).relative_to(ROOT)}:{number} {code.co_name}"] += times
    yield from found.items()


def faster_than(small: Mapping[str, int], large: Mapping[str, int], times: float) -> list[Growth]:
    """The lines that ran more than ``times`` as often in ``large`` as in ``small``, the worst first."""
    found = [
        Growth(place, small.get(place, 0), after)
        for place, after in large.items()
        if after > FEW and after > times * max(small.get(place, 0), 1)
    ]
    return sorted(found, key=lambda one: -one.after)
