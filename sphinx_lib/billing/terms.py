"""Instalments of a total by payment term, and the warning when a term is longer than the law allows (T1-T8)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sphinx_lib.kernel import document
from sphinx_lib.kernel.dates import DueRule, due_date
from sphinx_lib.kernel.money import percentage, round_half_up
from sphinx_lib.pack.terms_model import Instalment, PaymentTerm

DueItem = document.Instalment
"""A due date and its amount, as documents hold them."""

OVER_60_DAYS = "over_60_days"
OVER_45_DAYS_END_OF_MONTH = "over_45_days_end_of_month"

_NET_DAYS = timedelta(days=60)
_MONTH_END_RULES = (DueRule(days=45, end_of_month="after"), DueRule(days=45, end_of_month="before"))


def instalments(
    gross: Decimal,
    net: Decimal,
    base: date,
    term: PaymentTerm,
    digits: int,
    holidays: Collection[date] = (),
) -> tuple[DueItem, ...]:
    """What falls due when, adding up to ``gross`` exactly: the last takes total minus others (T7).

    ``gross`` is the amount to pay with tax, ``net`` the total without; a negative total mirrors the positive one.
    No instalment exceeds what the ones before it left, and those with nothing left are not made, except that a
    total of zero keeps its last due date. Raises ValueError when ``gross`` is not rounded to ``digits``.
    """
    left = round_half_up(gross.copy_abs(), digits)
    if left != gross.copy_abs():
        raise ValueError(f"{gross} is not rounded to {digits} digits")
    sign = -1 if gross < 0 else 1
    total, base_net = left, net * sign
    items = []
    for due, instalment in _schedule(base, term, holidays):
        amount = left if instalment.remainder else min(_share(instalment, total, base_net, digits), left)
        left -= amount
        items.append(DueItem(due, amount * sign))
    return tuple(item for item in items if item.amount) or (items[-1],)


def _schedule(base: date, term: PaymentTerm, holidays: Collection[date]) -> Iterator[tuple[date, Instalment]]:
    due = base
    for instalment in term.instalments.values():
        due = due_date(due if instalment.from_previous else base, instalment.rule, holidays)
        yield due, instalment


def _share(instalment: Instalment, gross: Decimal, net: Decimal, digits: int) -> Decimal:
    if instalment.percent is None:
        return round_half_up(instalment.fixed or Decimal(0), digits)
    whole = gross if instalment.percent_of == "gross" else max(net, Decimal(0))
    return percentage(whole, instalment.percent, digits)


class LegalWarning(NamedTuple):
    """A due date later than the law allows: a code to translate and its facts (``due``, ``limit``, ``days``)."""

    code: str
    facts: Mapping[str, Any]


def legal_warnings(term: PaymentTerm, base: date, items: Sequence[DueItem]) -> list[LegalWarning]:
    """One warning for every due date over 60 days after ``base``, or over 45 days end of month (T8).

    ``base`` is the invoice date. The second limit counts, in the reading that gives more, for a term that has an
    end of month; such a term may use whichever limit is later.
    """
    if not term.legal_check:
        return []
    code, limit = OVER_60_DAYS, base + _NET_DAYS
    if any(instalment.end_of_month != "none" for instalment in term.instalments.values()):
        code, limit = OVER_45_DAYS_END_OF_MONTH, max(limit, *(due_date(base, rule) for rule in _MONTH_END_RULES))
    return [
        LegalWarning(code, {"due": item.due, "limit": limit, "days": (item.due - base).days})
        for item in items
        if item.due > limit
    ]
