"""One command is stopped before one of its statements, another runs, the first goes on: some order one after the other
must have come to the same. On SQLite the second waits from the first statement on."""

from __future__ import annotations

import threading
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import event

from sphinx_lib import Sphinx
from tests.store.support import FixedClock
from tests.torture.snapshots import Copy, books
from tests.torture.trade import COMMANDS, RUNS, open_trade, perform

NAME = "interleavings"
RELATED = (
    ("edit reference", "edit a line", "edit all lines", "send", "cancel quotation"),
    ("accept", "refuse", "revise"),
    ("order", "route 1", "route 2", "ship few", "correct few"),
    ("confirm 1", "confirm 2", "credit limit"),
    ("deliver", "deliver a part", "invoice order", "cancel order", "close order", "invoicing"),
    ("invoice note", "cancel note", "return", "invoicing"),
    ("issue", "abandon", "credit", "pay", "pay the oldest", "allocate", "reject"),
    ("ship rare", "correct rare", "ship few", "correct few", "ship a lot"),
    ("ship standard", "standard cost"),
    ("receive", "cancel purchase", "replenishment"),
    ("start count", "start count too"),
    ("prices", "quote both", "new customer"),
    ("close deal", "order in deal"),
)
"""Commands that touch the same things."""


class Outcome(NamedTuple):
    """What each command said, and the books after both."""

    first: str
    second: str
    books: dict[str, Any]


class Attack:
    """Two commands on one shop, whose rows are put back before each try.

    ``patience`` is for how many seconds the first waits for the second, which may itself wait for a lock of the first.
    """

    def __init__(self, url: str, seed: int) -> None:
        self.app, self.ids = open_trade(url)
        self.other = Sphinx.open(self.app.pack, url, clock=FixedClock())
        self.copy = Copy(self.app.engine)
        self.patience = 0.1 if self.app.engine.dialect.name == "sqlite" else 0.4
        self.serial: dict[tuple[str, str], list[Outcome]] = {}
        self.lengths: dict[str, int] = {}

    def close(self) -> None:
        self.copy.close()
        self.app.engine.dispose()
        self.other.engine.dispose()

    def attempt(self, random: Random) -> str | None:
        names = random.choice(RELATED) if random.random() < 0.8 else [*COMMANDS, *RUNS]
        first, second = random.choice(names), random.choice(names)
        return self.interleave(first, second, random.randrange(self.length(first)))

    def length(self, name: str) -> int:
        """How many statements a command sends."""
        if name not in self.lengths:
            self.copy.put_back()
            seen = _Stop(self.app, -1, lambda: None)
            with seen:
                perform(self.app, name, self.ids)
            self.lengths[name] = max(seen.count, 1)
        return self.lengths[name]

    def interleave(self, first: str, second: str, at: int) -> str | None:
        """Stop ``first`` before its statement number ``at`` and let ``second`` through; None when it holds."""
        allowed = self._serial(first, second)
        self.copy.put_back()
        said: list[str] = []
        beside = threading.Thread(target=lambda: said.append(perform(self.other, second, self.ids)))

        def let_through() -> None:
            beside.start()
            beside.join(self.patience)

        with _Stop(self.app, at, let_through) as stop:
            answer = perform(self.app, first, self.ids)
        if not stop.reached:
            beside.start()
        beside.join()
        got = Outcome(answer, said[0], books(self.app.engine))
        faults = [f"{fault.where}: {fault.what}" for fault in self.app.verify().faults]
        where = f"{first!r} stopped before statement {at} for {second!r}"
        if faults:
            return f"{where}: {faults}"
        if got in allowed:
            return None
        return f"{where}: {_difference(got, allowed)}"

    def _serial(self, first: str, second: str) -> list[Outcome]:
        """What comes of both, one after the other, in either order."""
        key = (first, second)
        if key not in self.serial:
            self.copy.put_back()
            a, b = perform(self.app, first, self.ids), perform(self.other, second, self.ids)
            before = Outcome(a, b, books(self.app.engine))
            self.copy.put_back()
            b, a = perform(self.other, second, self.ids), perform(self.app, first, self.ids)
            self.serial[key] = [before, Outcome(a, b, books(self.app.engine))]
        return self.serial[key]


class _Stop:
    """Calls ``then`` once, before the statement number ``at`` (from 0) of an app; ``count`` is how many it saw."""

    def __init__(self, app: Sphinx, at: int, then: Any) -> None:
        self.app, self.at, self.then = app, at, then
        self.count, self.reached = 0, False

    def __enter__(self) -> _Stop:
        event.listen(self.app.engine, "before_cursor_execute", self._seen)
        return self

    def __exit__(self, *raised: Any) -> None:
        event.remove(self.app.engine, "before_cursor_execute", self._seen)

    def _seen(self, *_: Any) -> None:
        now, self.count = self.count, self.count + 1
        if now == self.at and not self.reached:
            self.reached = True
            self.then()


def _difference(got: Outcome, allowed: list[Outcome]) -> str:
    """What came out, beside the nearer of what may come out."""
    told = [f"said {got.first!r} and {got.second!r}; in order {[(one.first, one.second) for one in allowed]}"]
    nearer = min(allowed, key=lambda one: sum(one.books[name] != got.books[name] for name in got.books))
    for name, rows in got.books.items():
        if rows != nearer.books[name]:
            more = [row for row in rows if row not in nearer.books[name]]
            less = [row for row in nearer.books[name] if row not in rows]
            told.append(f"{name}: has {more}, should have {less}")
    return "\n  ".join(told)
