"""The price of a line and why: base price, discounts in their groups, a price by hand, rounding, guards (PR2-PR9).

Pure: records arrive in a book, facts in ``Sale`` and ``Ask``. Nothing is rounded but where N4 says; the active amounts
of the trace add up to the net unit price exactly (X4).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import NamedTuple

from sphinx_lib.kernel.conditions import Condition
from sphinx_lib.kernel.document import ZERO, TraceRow
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.money import EXACT, round_half_up
from sphinx_lib.pack.expressions import ExpressionFailed
from sphinx_lib.pricing.discounts import Discounted, discounted, with_fields
from sphinx_lib.pricing.guards import Failure, guarded
from sphinx_lib.pricing.schema import CompiledStep, Hit, PriceBook, Sale, Schema
from sphinx_lib.pricing.select import (
    COMPUTED,
    Ask,
    Batch,
    Found,
    Hits,
    ManualPrice,
    PriceFacts,
    amount_of,
    basis_of,
    hits_of,
    in_unit,
    pick,
    share_of,
    valid,
)


class Priced(NamedTuple):
    """A unit price in the currency of the sale, per ``per`` of ``unit``; none when no price was found.

    ``discounts`` are the active percents in cascade. ``failures`` are guards that did not pass and did not clamp.
    """

    list_price: Decimal | None
    unit_price: Decimal | None
    per: Decimal
    unit: str
    discounts: Sequence[Decimal]
    trace: Sequence[TraceRow]
    failures: tuple[Failure, ...] = ()
    problem: str = ""


def price_lines(asks: Sequence[Ask], sale: Sale, schema: Schema, books: Sequence[PriceBook]) -> list[Priced]:
    """What the rules say each line of a document costs; records that add up lines see all of them (SC4).

    A line that cannot be priced has its ``problem`` and no price; the others are priced.
    """
    with localcontext(EXACT):
        batch = Batch(sale, schema, books, schema.rounding.stage, schema.digits(sale.currency))
        if any(book.grouped for book in books):
            _add_up(asks, batch)
        return [_priced(ask, batch) for ask in asks]


def _priced(ask: Ask, batch: Batch) -> Priced:
    try:
        return price_line(ask, hits_of(ask, batch.sale, batch.books), batch)
    except InputError as error:
        return Priced(None, None, Decimal(1), "", (), (), problem="; ".join(error.problems))
    except ExpressionFailed as error:
        return Priced(None, None, Decimal(1), "", (), (), problem=f"item {ask.item.code}: {error}")


def price_line(ask: Ask, hits: Hits, batch: Batch) -> Priced:
    """The price of one line from the records that fit it; raises InputError for what cannot be settled."""
    candidates = _bases(ask, hits, batch)
    manual = ask.manual
    if manual is not None and manual.price is not None:
        return _by_hand(ask, hits, batch, candidates)
    if not candidates:
        return _without_price(batch.schema, ask)
    results = [_of_candidate(candidate, ask, hits, batch) for candidate in candidates]
    if len(results) == 1:
        return results[0]
    best = min(results, key=lambda priced: _per_unit(priced, ask))
    lost = [_lost_row(found, one) for found, one in zip(candidates, results, strict=True) if one is not best]
    return best._replace(trace=(*best.trace, *lost))


def _of_candidate(candidate: Found, ask: Ask, hits: Hits, batch: Batch) -> Priced:
    """What a line costs at one base price, once everything else is done: so candidates are compared (PR2)."""
    result = discounted(ask, hits, batch, candidate)
    if ask.manual is not None and ask.manual.discounts is not None:
        return _hand_discounts(result, ask.manual, ask, batch)
    return _finished(ask, batch, result.base, result.running, [], result.discounts, exact=result.exact, before=result)


# -- the base price ------------------------------------------------------------------------------------------------------


def _bases(ask: Ask, hits: Hits, batch: Batch) -> list[Found]:
    """The candidates for the base price: the first that is found, or one for each access (PR2)."""
    for step in batch.schema.prices:
        if step.when is not None and not step.when(PriceFacts(ask, batch)):
            continue
        here = hits.of_price(step)
        if step.fields:
            here = with_fields(step, here, ask, batch.sale)
        found = pick(step, here, ask, batch) if here else iter(())
        first = next(found, None)
        if first is not None:
            return [first, *found] if step.best else [first]
    return []


def _without_price(schema: Schema, ask: Ask) -> Priced:
    """No record: an error, a price of zero, or a line that waits for its price, as the step says."""
    step = schema.prices[0]
    if step.missing == "error":
        raise InputError([f"item {ask.item.code}: no price in step {step.name!r} on {ask.day}; put a price record"])
    if step.missing == "zero":
        return Priced(ZERO, ZERO, Decimal(1), "", (), (TraceRow(step.name, ZERO, reason="no price"),))
    return Priced(None, None, Decimal(1), "", (), ())


def _lost_row(found: Found, priced: Priced) -> TraceRow:
    """A candidate that would have led to a higher price (PR2)."""
    code, reason = found.condition.code, "best for customer"
    return TraceRow(found.step.name, found.value, code, found.access, None, False, reason, priced.unit_price)


def _per_unit(priced: Priced, ask: Ask) -> Decimal:
    """What candidates are compared by: the net price of one price unit."""
    held = ask.into(priced.unit or ask.unit)
    return COMPUTED.divide((priced.unit_price or ZERO) * held.numerator, held.denominator * priced.per)


# -- prices by hand ------------------------------------------------------------------------------------------------------


def _by_hand(ask: Ask, hits: Hits, batch: Batch, candidates: list[Found]) -> Priced:
    """A price by hand and its discounts, which replace what the rules say; that stays in the trace (PR8)."""
    manual = ask.manual
    assert manual is not None
    assert manual.price is not None
    rows: list[TraceRow] = []
    listed = None
    if candidates:
        ruled = discounted(ask, hits, batch, candidates[0])
        rows = [row._replace(active=False, reason=row.reason or "manual") for row in ruled.trace()]
        if ruled.base.condition.per == 1 and (ruled.base.condition.unit or ask.unit) == (manual.unit or ask.unit):
            listed = ruled.base
    note = _note(manual.reason, manual.user)
    rows.append(TraceRow("manual", manual.price, reason=note, running=manual.price))
    running = _cascade(manual.price, manual.discounts or (), rows)
    step = batch.schema.prices[0]
    base = Found(step, Condition("manual", step.name, (), manual.price, unit=manual.unit), "", manual.price)
    return _finished(ask, batch, base, running, rows, manual.discounts or (), listed=listed)


def price_by_hand(manual: ManualPrice, currency: str, schema: Schema) -> Priced:
    """The price of a line without an item: what was entered, after its discounts, rounded as any other (PR8, N7)."""
    price = manual.price if manual.price is not None else ZERO
    with localcontext(EXACT):
        rows = [TraceRow("manual", price, reason=_note(manual.reason, manual.user), running=price)]
        unit = _rounded(_cascade(price, manual.discounts or (), rows), schema.rounding.stage, schema.digits(currency), rows)
    given = tuple(percent for percent in manual.discounts or () if percent)
    return Priced(price, unit, Decimal(1), "", given, tuple(rows))


def _hand_discounts(best: Discounted, manual: ManualPrice, ask: Ask, batch: Batch) -> Priced:
    """Discounts by hand on the price that the rules found, in place of theirs (PR8)."""
    first, *others = best.trace()
    kept = [first, *(row._replace(active=False, reason=row.reason or "manual") for row in others)]
    running = _cascade(best.base.value, manual.discounts or (), kept, _note(manual.reason, manual.user))
    given = manual.discounts or ()
    return _finished(ask, batch, best.base, running, kept, given, exact=best.base.exact)


def _cascade(price: Decimal, percents: Sequence[Decimal], rows: list[TraceRow], note: str = "") -> Decimal:
    """``price`` after ``percents``, each on the price before it; a row of the trace for each."""
    running = price
    for percent in percents:
        amount = -running * percent / 100
        rows.append(TraceRow("discount", amount, rate=percent, reason=note, running=running + amount, basis=running))
        running += amount
    return running


def _note(reason: str, user: str) -> str:
    return ": ".join(part for part in (user, reason) if part)


# -- rounding and guards -------------------------------------------------------------------------------------------------


def _finished(
    ask: Ask, batch: Batch, base: Found, running: Decimal, rows: list[TraceRow],
    discounts: Sequence[Decimal], *, exact: bool = False, listed: Found | None = None, before: Discounted | None = None,
) -> Priced:  # fmt: skip
    """The price rounded at its stage, then held against the guards (PR9, N7); ``rows`` follow those of ``before``."""
    unit = running if exact else _rounded(running, batch.stage, batch.digits, rows)
    failures: tuple[Failure, ...] = ()
    if batch.schema.guards:
        unit, failures = guarded(ask, batch, listed or base, unit, rows)
    condition = base.condition
    given = discounts if before and before.cascade else tuple([percent for percent in discounts if percent])
    trace = before.trace(rows) if before is not None else tuple(rows)
    return Priced(base.value, unit, condition.per, condition.unit, given, trace, failures)


def _rounded(running: Decimal, stage: str, digits: int, rows: list[TraceRow]) -> Decimal:
    """The net unit price at the stage N7 declares; the rounding is a row of the trace."""
    if stage != "unit":
        return running
    unit = round_half_up(running, digits)
    if unit != running:
        rows.append(TraceRow("rounding", unit - running, running=unit))
    return unit


def line_net(price_quantity: Decimal, unit_price: Decimal, per: Decimal, digits: int) -> Decimal:
    """Quantity in price units over ``per``, times the net unit price, rounded once (N6)."""
    amount = EXACT.multiply(price_quantity, unit_price)
    return round_half_up(amount if per == 1 else EXACT.divide(amount, per), digits)


# -- records that lines share --------------------------------------------------------------------------------------------


def _add_up(asks: Sequence[Ask], batch: Batch) -> None:
    """What the lines of each shared record add up to; a line counts where its search would come to the record."""
    totals = batch.sums
    for ask in asks:
        found = hits_of(ask, batch.sale, batch.books)
        base_value: Decimal | None = None
        for number, here in found.by_step.items():
            step = batch.schema.steps[number]
            for condition in _searched(step, here, ask, batch.sale):
                basis = basis_of(condition, step)
                if not condition.scale or not basis.startswith("group_"):
                    continue
                if basis == "group_value" and base_value is None:
                    base_value = _base_price(ask, found, batch)
                key = share_of(condition), basis
                own = amount_of(basis.removeprefix("group_"), condition, ask, base_value or ZERO)
                totals[key] = totals.get(key, ZERO) + own


def _searched(step: CompiledStep, hits: Sequence[Hit], ask: Ask, sale: Sale) -> list[Condition]:
    """The records that hold for a line, up to the first access where one needs no sum."""
    searched: list[Condition] = []
    settled = -1
    for order, _, condition in hits:
        if settled >= 0 and order != settled and not step.best:
            break
        if valid(condition, step, ask, sale):
            searched.append(condition)
            if not condition.scale or not basis_of(condition, step).startswith("group_"):
                settled = order
    return searched


def _base_price(ask: Ask, hits: Hits, batch: Batch) -> Decimal:
    """The price of one price unit before discounts; of several candidates the highest, so that one more price never
    lowers what the lines add up to (X3)."""
    try:
        found = [in_unit(one.value, one.condition, ask.unit, ask) for one in _bases(ask, hits, batch)]
    except (InputError, ExpressionFailed):
        return ZERO  # its own line tells it
    return max(found, default=ZERO)
