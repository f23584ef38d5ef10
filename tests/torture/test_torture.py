"""The torture run itself: what fails is told and can be repeated; and every family holds for a few attempts."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sphinx_lib import Sphinx
from tests import postgres
from tests.store.support import ALICE
from tests.torture import runner
from tests.torture.__main__ import families, main
from tests.torture.families import kills
from tests.torture.runner import Course, Family, Server, replay, run, sqlite_server, table

SEED = 20261125


class Moody:
    """Fails when it draws a number below ten of a hundred, and counts how long its database lives."""

    def __init__(self, url: str, seed: int) -> None:
        self.url, self.tries = url, 0

    def attempt(self, random: Random) -> str | None:
        self.tries += 1
        drawn = random.randrange(100)
        return f"drew {drawn}, try {self.tries}" if drawn < 10 else None

    def close(self) -> None:
        pass


class Broken(Moody):
    def attempt(self, random: Random) -> str | None:
        raise RuntimeError("the library has a bug")


class Cumulative(Moody):
    """Fails at the third attempt in one database, whatever it draws."""

    def attempt(self, random: Random) -> str | None:
        self.tries += 1
        return "three are too many" if self.tries == 3 else None


@pytest.fixture
def course(tmp_path: Path) -> Callable[..., Course]:
    def make(attack: Any = Moody, fresh_after: int = 0, seed: int = 1) -> Course:
        return Course(Family("moody", attack, fresh_after), sqlite_server(tmp_path), seed)

    return make


def test_a_failure_is_told_with_the_command_that_does_it_again(course: Callable[..., Course]) -> None:
    one = course()
    while one.first is None:
        one.step()
    first = one.first
    assert one.repeat(first) == (
        f"python -m tests.torture --family moody --attempt 0-{first.number} --seed 1 --database sqlite"
    )
    again = replay(course(), range(first.number + 1))
    assert again == first
    alone = replay(course(), range(first.number, first.number + 1))
    assert alone is not None
    assert alone.what.split(",")[0] == first.what.split(",")[0]


def test_attempts_draw_from_seed_family_and_number_alone() -> None:
    def drawn(*of: Any) -> float:
        return runner.random_of(*of).random()

    assert drawn(1, "kills", 7) == drawn(1, "kills", 7)
    assert len({drawn(1, "kills", 7), drawn(2, "kills", 7), drawn(1, "fuzz", 7), drawn(1, "kills", 8)}) == 4


def test_what_an_attempt_raises_is_a_failure_with_its_traceback(course: Callable[..., Course]) -> None:
    failure = course(Broken).step()
    assert failure is not None
    assert "RuntimeError: the library has a bug" in failure.what


def test_an_attempt_that_does_not_end_is_a_failure(
    course: Callable[..., Course], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Endless(Moody):
        def attempt(self, random: Random) -> str | None:
            while True:
                pass

    monkeypatch.setattr(runner, "LONGEST", 1)
    failure = course(Endless).step()
    assert failure is not None
    assert "Halted: no end after 1 seconds" in failure.what


def test_a_database_is_left_after_a_failure_and_after_so_many_attempts(course: Callable[..., Course]) -> None:
    one = course(Cumulative)
    failures = [failure for _ in range(9) if (failure := one.step())]
    assert [(failure.since, failure.number) for failure in failures] == [(0, 2), (3, 5), (6, 8)]
    assert replay(course(Cumulative), range(3, 6)) == failures[1]
    one = course(Cumulative, fresh_after=2)
    assert [one.step() for _ in range(9)] == [None] * 9


def test_courses_take_turns_by_time_and_each_has_one_attempt_at_least(course: Callable[..., Course]) -> None:
    courses = [course(), course(Broken), course(Cumulative)]
    run(courses, 0)
    assert [one.tries for one in courses] == [1, 1, 1]
    courses[0].seconds = 1000.0  # it has had more than its share
    run(courses, 0.5)
    assert courses[0].tries == 1
    assert courses[1].tries > 1
    assert courses[2].tries > 1


def test_the_table_counts_by_family_and_database(course: Callable[..., Course]) -> None:
    courses = [course(), course(Broken)]
    run(courses, 0)
    courses[0].seconds = courses[1].seconds = 0.5
    courses[0].tries = 1234
    assert table(courses).splitlines() == [
        "family  database  tries  failures  tries/s",
        "------  --------  -----  --------  -------",
        f"moody   sqlite    1,234         {courses[0].failures}   2468.0",
        "moody   sqlite        1         1      2.0",
        f"all               1,235         {1 + courses[0].failures}",
    ]


def test_the_command_runs_a_family_and_says_what_it_did() -> None:
    root = Path(__file__).parents[2]
    arguments = "--seconds 1 --seed 7 --database sqlite --families kills"
    done = subprocess.run(
        [sys.executable, "-m", "tests.torture", *arguments.split()],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("seed 7, 1 seconds\n")
    assert re.search(r"^kills +sqlite +\d+ +0 +\d+\.\d$", done.stdout, re.MULTILINE)
    assert done.stderr == ""


def test_an_attempt_is_repeated_by_its_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--family", "kills", "--attempt", "1", "--seed", "7", "--database", "sqlite"]) == 0
    assert capsys.readouterr().out == "kills 1 to 1 on sqlite: all held\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--attempt", "1", "--database", "sqlite"], "--attempt: name its --family and one --database"),
        (["--attempt", "1", "--family", "kills"], "--attempt: name its --family and one --database"),
        (["--families", "kills,kilns"], "no family kilns; there are fuzz"),
    ],
)
def test_a_command_that_cannot_be_meant_is_told(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert told in capsys.readouterr().err


# -- the families ----------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    if request.param == "sqlite":
        yield sqlite_server(tmp_path)
        return
    url, template = (request.getfixturevalue(name) for name in ("postgres_url", "postgres_template"))
    yield Server("postgresql", lambda: postgres.database(url, template))


@pytest.mark.parametrize("family", families().values(), ids=lambda family: family.name)
def test_a_family_holds(family: Family, server: Server) -> None:
    failure = replay(Course(family, server, SEED), range(family.in_ci))
    assert failure is None, failure.what


def test_a_unit_that_is_two_transactions_is_found_half_done(
    course: Callable[..., Course], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The family of kills finds what it is there to find."""

    def twice(app: Sphinx, key: str, given: tuple[Any, ...], sink: Path) -> None:
        for part in ("first", "second"):
            app.do(kills.create, f"{key} {part}", actor=ALICE, key=f"{key} {part}")

    monkeypatch.setattr(kills, "UNITS", {"torn": kills.Unit(lambda app, key: (), twice)})
    failure = replay(course(kills.Attack), range(20))
    assert failure is not None
    assert re.match(r"torn, killed (at|after) .*: half done: \{.*'documents': 1", failure.what)
