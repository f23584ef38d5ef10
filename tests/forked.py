"""Processes for tests: a copy of this one that already holds the library, so that none has to be imported again.

What a child opens is its own. It never comes back into the test: it answers through a pipe, and ends.
"""

from __future__ import annotations

import os
import pickle
import signal
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Killed(Exception):
    """The process was killed before it answered."""


@dataclass
class Child:
    """A process at work. Read its answer, or kill it."""

    pid: int
    pipe: int
    ended: bool = False

    def answer(self) -> Any:
        """What its work returned, when it has ended; raises what it raised, or Killed."""
        with os.fdopen(self.pipe, "rb") as pipe:
            told = pipe.read()
        os.waitpid(self.pid, 0)
        self.ended = True
        if not told:
            raise Killed(f"process {self.pid}")
        value, error = pickle.loads(told)
        if error is not None:
            raise error
        return value

    def kill(self) -> None:
        """End it at once, as a power cut would, unless it has answered."""
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)


def fork(work: Callable[[], Any]) -> Child:
    """Run ``work`` in a process of its own. Engines must be disposed of before: a connection is nobody's but its maker's."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # The other threads of this process (an SMTP server, pytest-xdist) are not needed in the child.
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        pid = os.fork()
    if pid:
        os.close(writing)
        return Child(pid, reading)
    os.close(reading)
    _end(work, writing)
    raise AssertionError("a child never comes back")


def _end(work: Callable[[], Any], pipe: int) -> None:
    """Answer and end, without the cleaning up that belongs to the parent."""
    try:
        told = (work(), None)
    except BaseException as error:
        told = (None, _portable(error))
    with os.fdopen(pipe, "wb") as answer:
        answer.write(pickle.dumps(told))
    os._exit(0)


def _portable(error: BaseException) -> BaseException:
    """An error that can go through a pipe; what cannot goes as text."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))
    return error
