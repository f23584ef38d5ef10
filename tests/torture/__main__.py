"""``make torture SECONDS=60 SEED=1 DATABASE=both FAMILIES=kills,processes``: attack, and tell in one table what held.

Exit status 1 when an attempt failed, 2 when the run cannot begin.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import SystemRandom
from typing import Any

from tests import postgres
from tests.torture.runner import Course, Family, Server, replay, run, sqlite_server, table

FOLDER = Path(__file__).parent / "families"


def families() -> dict[str, Family]:
    """All families by name: each module of the folder is one."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(FOLDER)]))
    modules = [importlib.import_module(f"tests.torture.families.{name}") for name in names]
    return {family.name: family for family in map(_family, modules)}


def _family(module: Any) -> Family:
    said = {"fresh_after": "FRESH_AFTER", "in_ci": "IN_CI"}
    options = {field: getattr(module, name) for field, name in said.items() if hasattr(module, name)}
    return Family(module.NAME, module.Attack, **options)


def main(arguments: Sequence[str]) -> int:
    """Run what the command line says; the exit status."""
    known = families()
    parser = _parser(known)
    given = parser.parse_args(arguments)
    chosen = [given.family] if given.family else given.families.split(",") if given.families else list(known)
    if unknown := [name for name in chosen if name not in known]:
        parser.error(f"no family {', '.join(unknown)}; there are {', '.join(known)}")
    if given.attempt is not None and (given.family is None or given.database == "both"):
        parser.error("--attempt: name its --family and one --database")
    seed = SystemRandom().randrange(10**6) if given.seed is None else given.seed
    with ExitStack() as stack:
        try:
            servers = list(_servers(given.database, stack))
        except postgres.NO_SERVER as error:
            print(f"no PostgreSQL can be started here: {error}; try DATABASE=sqlite", file=sys.stderr)
            return 2
        courses = [Course(known[name], server, seed) for name in chosen for server in servers]
        if given.attempt is not None:
            return _repeat(courses[0], given.attempt)
        return _torture(courses, given.seconds, seed)


def _parser(known: dict[str, Family]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long to go on")
    parser.add_argument("--seed", type=int, help="what every attempt is drawn from; another one each time unless given")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--families", default="", help=f"some of {', '.join(known)}, by commas; all unless given")
    parser.add_argument("--family", choices=list(known), help="this one alone")
    parser.add_argument("--attempt", type=_numbers, help="do one attempt, such as 12, or several, 5-12, once more")
    return parser


def _numbers(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _servers(which: str, stack: ExitStack) -> Iterator[Server]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sphinx-lib-torture-")))
    if which != "postgresql":
        yield sqlite_server(folder)
    if which != "sqlite":
        url = stack.enter_context(postgres.server(folder / "lock"))
        yield Server("postgresql", lambda: postgres.database(url))


def _repeat(course: Course, numbers: range) -> int:
    failure = replay(course, numbers)
    if failure is None:
        print(f"{course.family.name} {numbers.start} to {numbers.stop - 1} on {course.server.name}: all held")
        return 0
    print(f"attempt {failure.number} failed:\n{failure.what}")
    return 1


def _torture(courses: Sequence[Course], seconds: float, seed: int) -> int:
    began = time.monotonic()
    print(f"seed {seed}, {seconds:g} seconds", flush=True)
    try:
        run(courses, seconds, _progress if sys.stderr.isatty() else lambda courses, left: None)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
    if sys.stderr.isatty():
        print(end="\r\033[K", file=sys.stderr)
    print(table(courses))
    for course in courses:
        if course.first is not None:
            where = f"{course.family.name} on {course.server.name}, attempt {course.first.number}"
            print(f"\n{where}:\n{course.first.what}\nagain: {course.repeat(course.first)}")
    print(f"\nseed {seed}, {time.monotonic() - began:.0f} seconds")
    return 1 if any(course.failures for course in courses) else 0


def _progress(courses: Sequence[Course], left: float) -> None:
    tries, failures = sum(one.tries for one in courses), sum(one.failures for one in courses)
    now = min(courses, key=lambda one: one.seconds)
    line = f"{left:5.0f} s left, {tries:,} tries, {failures:,} failures, now {now.family.name} on {now.server.name}"
    print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
