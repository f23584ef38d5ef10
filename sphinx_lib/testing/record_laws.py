"""What records may and may not change: X1, X2, X3, X10 and X12, as checks of a price list (domain §18.5).

Each raises AssertionError with the line and the figures where the law does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import ROUND_DOWN, Context, Decimal, localcontext
from fractions import Fraction

from sphinx_lib.kernel.conditions import Condition
from sphinx_lib.pricing.price_line import Priced
from sphinx_lib.pricing.schema import CompiledStep, build_book
from sphinx_lib.pricing.select import Ask
from sphinx_lib.testing.broken import alike, broken
from sphinx_lib.testing.setting import Setting

ONE_DAY = timedelta(days=1)
_VALUES = {"price": Decimal("0.01"), "percent": Decimal(77), "amount": Decimal("0.01")}
"""What an added record says: enough to change every price that it wrongly takes part in."""


def check_order_does_not_matter(setting: Setting, *orders: Sequence[Condition]) -> None:
    """X1: the same records in another order, or over two files, give the same prices and traces.

    ``orders`` are other orders of the records; backwards, by code and from the middle on unless given.
    """
    known = list(setting.records)
    half = len(known) // 2
    others = orders or (known[::-1], sorted(known, key=lambda one: one.code), known[half:] + known[:half])
    before = setting.priced()
    for order in others:
        assert sorted(map(repr, order)) == sorted(map(repr, known)), "X1: another order holds the same records"
        alike("X1", setting, before, setting.but(records=tuple(order)).priced(), "another order gives another price")
    alike("X1", setting, before, setting.priced_by([known[half:], known[:half]]), "two files give another price")


def check_unused_records_change_nothing(setting: Setting, *strangers: Condition) -> None:
    """X2: a record that fits no line changes nothing, nor does one for a later access than that which decided.

    ``strangers`` are records that fit no line; one for each access unless given. A formula that asks for the list price
    sees later accesses, so steps with formulas are left out of the second half.
    """
    added = strangers or tuple(_strangers(setting))
    after = setting.but(records=(*setting.records, *added)).priced()
    alike("X2", setting, setting.priced(), after, "records for somebody else change the price")
    for ask in setting.asks:
        alone = setting.alone(ask)
        before = alone.priced()
        for later in _later(alone, ask, before[0]):
            after = alone.but(records=(*alone.records, later)).priced()
            alike("X2", alone, before, after, f"a record for the later access {later.code} changes the price")


def _strangers(setting: Setting) -> Iterator[Condition]:
    """A record for each access whose key values nobody has."""
    for step in setting.schema.steps:
        for shape, place in step.accesses.items():
            keys = tuple((name, f"no {name}") for name in shape)
            yield Condition(f"{step.name} {place.access} stranger", step.name, keys, _VALUES[step.kind])


def _later(alone: Setting, ask: Ask, before: Priced) -> Iterator[Condition]:
    """Records of the line for accesses after the one that decided, in steps that take the first."""
    formulas = {one.step for one in alone.records if one.formula is not None}
    decided = {row.step: row.access for row in before.trace}
    for step in alone.schema.steps:
        if step.best or step.name in formulas or not decided.get(step.name):
            continue
        order = {place.access: place.order for place in step.accesses.values()}
        yield from (
            one for place, one in _for_line(alone, step, ask) if place > order[decided[step.name]]
        )


def _for_line(setting: Setting, step: CompiledStep, ask: Ask) -> Iterator[tuple[int, Condition]]:
    """A record of the step for each access, with the line's own key values; none where the line has no value."""
    for shape, place in step.accesses.items():
        keys = tuple((name, setting.value_of(name, ask)) for name in shape)
        if all(value for _, value in keys):
            yield place.order, Condition(f"{step.name} {place.access}", step.name, keys, _VALUES[step.kind])


def check_more_prices_never_cost_more(setting: Setting, *added: Condition) -> None:
    """X3: one more base price under ``best_for_customer`` never raises the net unit price.

    ``added`` are records of accesses that gave none; unless given, for each such access a free one, one at the price
    that holds and one at twice that.
    """
    for ask in setting.asks:
        alone = setting.alone(ask)
        before = alone.priced()[0]
        step = alone.schema.by_name.get(before.trace[0].step) if before.trace else None
        has_price = before.unit_price is not None and before.trace[0].reason != "no price"
        if step is None or not step.best or not has_price or ask.manual is not None:
            continue
        for one in added or tuple(_more_prices(alone, step, ask, before)):
            after = alone.but(records=(*alone.records, one)).priced()[0]
            if after.problem or after.unit_price is None or _per_unit(after, ask) > _per_unit(before, ask):
                what = f"one more price ({one.code}) costs more"
                broken("X3", alone, ask, what, ("before", before), ("after", after))


def _more_prices(alone: Setting, step: CompiledStep, ask: Ask, before: Priced) -> Iterator[Condition]:
    found = {row.access for row in before.trace if row.step == step.name}
    if any(one.formula is not None for one in alone.records if one.step == step.name):
        return
    for _, one in _for_line(alone, step, ask):
        access = one.code.removeprefix(f"{step.name} ")
        if access not in found:
            price = before.list_price or Decimal(0)
            same = one._replace(currency=alone.sale.currency, per=before.per, unit=before.unit, gross=alone.sale.gross)
            for times in (0, 1, 2):
                yield same._replace(code=f"{one.code} times {times}", value=price * times)
                yield same._replace(code=f"{one.code} net, times {times}", value=price * times, net=True)


def _per_unit(priced: Priced, ask: Ask) -> Fraction:
    """The net price of one price unit."""
    assert priced.unit_price is not None
    return Fraction(priced.unit_price) / Fraction(priced.per) * ask.into(priced.unit or ask.unit)


def check_same_again(setting: Setting) -> None:
    """X10: the same lines have the same prices and traces again, whatever the decimal context of the host.

    Where no scale adds up lines, each also has them alone.
    """
    before = setting.priced()
    alike("X10", setting, before, setting.priced(), "the second time gives another price")
    with localcontext(Context(prec=3, rounding=ROUND_DOWN)):
        after = setting.priced()
    alike("X10", setting, before, after, "another decimal context gives another price")
    if not build_book(setting.schema, setting.records).grouped:
        apart = [one for ask in setting.asks for one in setting.but(asks=(ask,)).priced()]
        alike("X10", setting, before, apart, "the line alone has another price")


def check_dates_decide(setting: Setting, days: Iterable[date] = ()) -> None:
    """X12: on a day outside its dates a record is as if it did not exist, and both its days belong to it.

    Checked on the day of each line, on ``days``, and on the first and last days of the records that fit and the days
    beside them.
    """
    for ask in setting.asks:
        alone = setting.alone(ask)
        for day in sorted({ask.day, *days, *(day for one in alone.records for day in _edges(one))}):
            there = alone.but(asks=(ask._replace(day=day),))
            left = tuple(one for one in there.records if _holds(one, day))
            after = there.but(records=left).priced()
            alike("X12", there, there.priced(), after, "records of other days change the price")
            wider = there.but(records=tuple(map(_wider, left))).priced()
            alike("X12", there, after, wider, "the first or the last day of a record does not belong to it")


def _wider(one: Condition) -> Condition:
    """A record for days around its own; where all are moved alike, none comes to outrank another (PR3)."""
    return one._replace(valid_from=one.valid_from and one.valid_from - ONE_DAY, valid_to=None)


def _edges(one: Condition) -> Iterator[date]:
    for day in (one.valid_from, one.valid_to):
        if day is not None:
            yield from (day - ONE_DAY, day, day + ONE_DAY)


def _holds(one: Condition, day: date) -> bool:
    return (one.valid_from is None or one.valid_from <= day) and (one.valid_to is None or day <= one.valid_to)
