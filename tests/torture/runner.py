"""Attacks for as long as one likes: families of random attempts, each on databases of its own, counted in one table.

An attempt is repeated from three things: the seed of the run, the name of the family, and its number. What an attempt
finds in its database was left there by the attempts before it, so a repetition begins with the first one of that database.
"""

from __future__ import annotations

import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import NamedTuple, Protocol

LONGEST = 120
"""Seconds after which an attempt has failed: something waits for ever."""


class Attack(Protocol):
    """A family at work in one database, which it finds empty."""

    def attempt(self, random: Random) -> str | None:
        """One try, all of it drawn from ``random``: None when everything held, else what did not."""

    def close(self) -> None:
        """Let go of the database."""


class Family(NamedTuple):
    """Attacks of one kind. After ``fresh_after`` attempts there is a new database, never when it is 0; CI makes ``in_ci``."""

    name: str
    attack: Callable[[str, int], Attack]
    fresh_after: int = 0
    in_ci: int = 5


class Server(NamedTuple):
    """A kind of database, and how to get an empty one of it: a context that gives its URL."""

    name: str
    fresh: Callable[[], AbstractContextManager[str]]


class Failure(NamedTuple):
    """An attempt that did not hold; ``since`` is the first one in the same database."""

    since: int
    number: int
    what: str


class Halted(Exception):
    """An attempt did not come to an end."""


def random_of(seed: int, family: str, number: int) -> Random:
    """Where an attempt draws from."""
    return Random(f"{seed}/{family}/{number}")


@dataclass
class Course:
    """A family on one kind of database: its attempts one after the other, and what became of them."""

    family: Family
    server: Server
    seed: int
    number: int = 0
    tries: int = 0
    failures: int = 0
    seconds: float = 0.0
    first: Failure | None = None
    since: int = 0
    _attack: Attack | None = None
    _open: ExitStack = field(default_factory=ExitStack)

    def step(self) -> Failure | None:
        """The next attempt. One that fails leaves its database behind."""
        began = time.perf_counter()
        self.tries += 1
        what = self._attempt()
        failure = None
        if what is not None:
            failure = Failure(self.since, self.number, what)
            self.first = self.first or failure
            self.failures += 1
        self.number += 1
        if failure or (self.family.fresh_after and self.number - self.since >= self.family.fresh_after):
            self.close()
        self.seconds += time.perf_counter() - began
        return failure

    def _attempt(self) -> str | None:
        try:
            with _halted_after(LONGEST):
                if self._attack is None:
                    self.since = self.number
                    url = self._open.enter_context(self.server.fresh())
                    self._attack = self.family.attack(url, self.seed)
                return self._attack.attempt(random_of(self.seed, self.family.name, self.number))
        except Exception:
            return traceback.format_exc()

    def close(self) -> None:
        """Let go of the database, if there is one."""
        attack, self._attack = self._attack, None
        try:
            if attack is not None:
                attack.close()
        finally:
            self._open.close()

    def repeat(self, failure: Failure) -> str:
        """The command that does the failing attempt again."""
        numbers = f"{failure.since}-{failure.number}" if failure.since < failure.number else failure.number
        options = f"--family {self.family.name} --attempt {numbers} --seed {self.seed}"
        return f"python -m tests.torture {options} --database {self.server.name}"


@contextmanager
def _halted_after(seconds: int) -> Iterator[None]:
    """Raise Halted in the middle of what takes longer."""

    def halt(_signal: int, _frame: FrameType | None) -> None:
        raise Halted(f"no end after {seconds} seconds")

    before = signal.signal(signal.SIGALRM, halt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


Watch = Callable[[Sequence[Course], float], None]
"""Called with all courses and the seconds that are left."""


def run(courses: Sequence[Course], seconds: float, watch: Watch = lambda courses, left: None) -> None:
    """Let the courses take turns, each the same time, for about so many seconds; each has one attempt at least."""
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end or any(not one.tries for one in courses):
            watch(courses, max(0.0, end - time.monotonic()))
            min(courses, key=lambda one: (bool(one.tries), one.seconds)).step()
    finally:
        for course in courses:
            course.close()


def replay(course: Course, numbers: range) -> Failure | None:
    """The attempts of ``numbers`` in one new database; the first that fails."""
    course.number = numbers.start
    try:
        for _ in numbers:
            if failure := course.step():
                return failure
    finally:
        course.close()
    return None


HEADINGS = ("family", "database", "tries", "failures", "tries/s")


def table(courses: Sequence[Course]) -> str:
    """Tries and failures by family and database, and all together."""
    rows = [
        (
            one.family.name, one.server.name, f"{one.tries:,}", f"{one.failures:,}",
            f"{one.tries / one.seconds:.1f}" if one.seconds else "",
        )
        for one in courses
    ]  # fmt: skip
    tries, failures = sum(one.tries for one in courses), sum(one.failures for one in courses)
    rows.append(("all", "", f"{tries:,}", f"{failures:,}", ""))
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    lines = []
    for row in (HEADINGS, *rows):
        cells = [cell.ljust(w) if n < 2 else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join((lines[0], "  ".join("-" * width for width in widths), *lines[1:]))


def sqlite_server(folder: Path) -> Server:
    """Databases that are files in ``folder``."""
    counter = iter(range(10**9))

    @contextmanager
    def fresh() -> Iterator[str]:
        path = folder / f"{next(counter)}.sqlite"
        try:
            yield f"sqlite:///{path}"
        finally:
            for file in folder.glob(f"{path.name}*"):
                file.unlink()

    return Server("sqlite", fresh)
