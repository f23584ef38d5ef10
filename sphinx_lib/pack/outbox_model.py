"""How the outbox is sent: how often a message is tried, how long each pause is, how long a sender may hold a message."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from sphinx_lib.pack.base import Strict

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_FORM = re.compile(r"([1-9]\d{0,4}) (second|minute|hour|day)s?")
_MOST = timedelta(days=10)
SPREAD = 1000


def _duration(value: object) -> object:
    """A length of time written as ``30 seconds``, ``1 minute``, ``6 hours`` or ``2 days``."""
    if isinstance(value, timedelta):
        return value
    found = _FORM.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"write a number and a unit, such as 30 seconds or 6 hours, not {value!r}")
    length = timedelta(seconds=int(found[1]) * _UNITS[found[2]])
    if length > _MOST:
        raise ValueError(f"{value} is too long; at most {_MOST.days} days")
    return length


Duration = Annotated[timedelta, BeforeValidator(_duration, json_schema_input_type=str)]


class OutboxRules(Strict):
    """A message that fails is tried ``tries`` times in all, then it is a dead letter.

    The first pause is ``first_pause``, each further one is twice as long, up to ``longest_pause``. A sender holds what it
    takes for ``lease``; what it has not sent by then is free for another one.
    """

    tries: Annotated[int, Field(ge=1, le=100)] = 16
    first_pause: Duration = timedelta(minutes=1)
    longest_pause: Duration = timedelta(hours=6)
    lease: Duration = timedelta(minutes=10)

    @model_validator(mode="after")
    def _pauses_grow(self) -> Self:
        if self.longest_pause < self.first_pause:
            raise ValueError("longest_pause must not be shorter than first_pause")
        return self

    def pause(self, failures: int, spread: int) -> timedelta:
        """How long to wait after the given number of failures, at least 1.

        ``spread``, 0 to 999, shortens the pause by up to half, so that messages which failed together do not come back
        together.
        """
        doublings = min(failures - 1, 20)  # 2 ** 20 seconds are longer than any longest_pause
        whole = min(self.first_pause * (1 << doublings), self.longest_pause)
        return whole - whole * spread // (2 * SPREAD)
