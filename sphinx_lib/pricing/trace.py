"""The trace of a price that is only a base and percents in cascade, kept small until somebody reads it (§18.3).

Most lines are such; what their rows share is kept once for all of them, and only the amounts line by line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple, overload

from sphinx_lib.kernel.document import TraceRow
from sphinx_lib.kernel.money import EXACT


class Percent(NamedTuple):
    """A percent that holds for every line with the same records: ``factor`` is what it multiplies the price by."""

    step: str
    factor: Decimal
    percent: Decimal
    code: str
    access: str


class Cascade(NamedTuple):
    """Percents that act one on the price after the other; ``discounts`` are those that are not zero."""

    percents: tuple[Percent, ...]
    discounts: tuple[Decimal, ...]


class Trace(Sequence[TraceRow]):
    """Rows like those of a tuple: the base price, the percents, then ``tail`` (rounding, guards)."""

    __slots__ = ("_amounts", "_base", "_cascade", "_tail")

    def __init__(
        self, base: tuple[str, Decimal, str, str], cascade: Cascade, amounts: tuple[Decimal, ...], tail: Sequence[TraceRow]
    ) -> None:
        self._base, self._cascade, self._amounts, self._tail = base, cascade, amounts, tail

    def __iter__(self) -> Iterator[TraceRow]:
        step, running, code, access = self._base
        yield TraceRow(step, running, code, access, running=running)
        for percent, amount in zip(self._cascade.percents, self._amounts, strict=True):
            basis, running = running, EXACT.add(running, amount)
            yield TraceRow(percent.step, amount, percent.code, percent.access, percent.percent, True, "", running, basis)
        yield from self._tail

    def __len__(self) -> int:
        return 1 + len(self._amounts) + len(self._tail)

    @overload
    def __getitem__(self, place: int) -> TraceRow: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[TraceRow, ...]: ...
    def __getitem__(self, place: int | slice) -> TraceRow | tuple[TraceRow, ...]:
        return tuple(self)[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tuple | Trace) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))
