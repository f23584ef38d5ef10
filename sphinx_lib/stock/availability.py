"""What may be promised: stock now, stock on a day, and the first day from which a quantity stays there (K2, K10, S37)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO

Days = Mapping[date, Decimal]
NO_DAYS: Days = MappingProxyType({})


class Step(NamedTuple):
    """A day: what is left at its end, and what lots have lost until then, from today on, for being past their day."""

    day: date
    left: Decimal
    lost: Decimal = ZERO


@dataclass(frozen=True)
class Availability:
    """Stock of one item in a warehouse, or in several together, in its stock unit; ``today`` is the day of asking.

    ``due_out`` and ``due_in`` are the parts of ``reserved`` and ``on_order`` that are promised for a day, by day; ``lots``
    what lots hold that expire, by the last day on which they may be used.

    A reservation without a day, or late, goes out at once; goods on order without a day, or late, come on no day that is
    known: they are projected, and nothing is promised of them. A lot that is past its day is not there, and before it is,
    what goes out is taken from it first (K10).
    """

    today: date
    physical: Decimal = ZERO
    reserved: Decimal = ZERO
    on_order: Decimal = ZERO
    due_out: Days = field(default_factory=lambda: NO_DAYS)
    due_in: Days = field(default_factory=lambda: NO_DAYS)
    lots: Days = field(default_factory=lambda: NO_DAYS)

    @property
    def expired(self) -> Decimal:
        """What lots hold that may no longer be used today."""
        return sum((held for last, held in self.lots.items() if last < self.today), ZERO)

    @property
    def available(self) -> Decimal:
        """Physical minus reserved, without expired lots (K2, K10)."""
        return self.physical - self.reserved - (self.expired if self.lots else ZERO)

    @property
    def projected(self) -> Decimal:
        """Available plus everything on order, whenever it comes (K2)."""
        return self.available + self.on_order

    @cached_property
    def course(self) -> tuple[Step, ...]:
        """Today and each later day on which something changes, in order."""
        today = self.today
        later = {day: part for day, part in self.due_out.items() if day > today}
        out = self.reserved - sum(later.values(), ZERO)
        left = self.physical - self.expired - out + self.due_in.get(today, ZERO)
        steps, lost = [Step(today, left)], ZERO
        lots = {_day_after(last): held for last, held in self.lots.items() if today <= last < date.max}
        for day in sorted({*later, *lots, *(day for day in self.due_in if day > today)}):
            held = lots.get(day, ZERO)
            taken = min(max(out, ZERO), held)
            leaving = later.get(day, ZERO)
            left += self.due_in.get(day, ZERO) - leaving - (held - taken)
            lost += held - taken
            out += leaving - taken
            steps.append(Step(day, left, lost))
        return tuple(steps)

    @cached_property
    def _promises(self) -> tuple[tuple[date, Decimal], ...]:
        """By day of the course, what may be promised for it: the least of what is left from then on, with what lots would
        lose after that day, since goods that are promised before leave first."""
        found, least = [], None
        for step in reversed(self.course):
            kept = step.left + step.lost
            least = kept if least is None else min(least, kept)
            found.append((step.day, least - step.lost))
        return tuple(reversed(found))

    def projected_at(self, day: date | None = None) -> Decimal:
        """What is left at the end of ``day`` (today unless given): what comes in and goes out until then is counted."""
        return [step.left for step in self.course if step.day <= self._from(day)][-1]

    def available_at(self, day: date | None = None) -> Decimal:
        """What may be promised for ``day`` (today unless given) without taking from what is promised later."""
        return [quantity for step, quantity in self._promises if step <= self._from(day)][-1]

    def promise_date(self, quantity: Decimal) -> date | None:
        """The first day for which ``quantity`` may be promised; none when no such day is known."""
        return next((day for day, may_be in self._promises if may_be >= quantity), None)

    def less(self, quantity: Decimal, day: date | None = None) -> Availability:
        """The same when ``quantity`` more goes out on ``day``, or at once; below zero gives a reservation back."""
        due = self.due_out
        if day is not None:
            due = {**due, day: due.get(day, ZERO) + quantity}
        return Availability(
            self.today, self.physical, self.reserved + quantity, self.on_order, due, self.due_in, self.lots
        )

    def _from(self, day: date | None) -> date:
        return self.today if day is None else max(day, self.today)


def _day_after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


def together(parts: Iterable[Availability], today: date) -> Availability:
    """All ``parts`` as one, such as an item over its warehouses; what is promised of it may lie in any of them."""
    found = list(parts)
    if len(found) == 1:
        return found[0]
    return Availability(
        today,
        sum((one.physical for one in found), ZERO),
        sum((one.reserved for one in found), ZERO),
        sum((one.on_order for one in found), ZERO),
        _added(one.due_out for one in found),
        _added(one.due_in for one in found),
        _added(one.lots for one in found),
    )


def _added(parts: Iterable[Days]) -> Days:
    found: dict[date, Decimal] = {}
    for day, quantity in _pairs(parts):
        found[day] = found.get(day, ZERO) + quantity
    return found


def _pairs(parts: Iterable[Days]) -> Iterator[tuple[date, Decimal]]:
    for part in parts:
        yield from part.items()
