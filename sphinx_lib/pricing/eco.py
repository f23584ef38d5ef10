"""Eco-contributions: passed on without margin or discount, apart or in the price and mentioned at the foot (EP1)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from sphinx_lib.kernel.document import ZERO, Line, TraceRow
from sphinx_lib.kernel.money import round_half_up

ECO = "eco"
IN_PRICE = "in_price"


def mentioned(line: Line, amount: Decimal) -> Line:
    """``line`` with the contribution of a stock unit, in document currency, that its price holds already.

    It is an inactive row of the trace, so that the price adds up without it; zero takes a former one out.
    """
    rows = tuple(row for row in line.trace if row.step != ECO)
    if amount:
        rows += (TraceRow(ECO, amount, active=False, reason=IN_PRICE, running=line.unit_price),)
    return line if rows == line.trace else line._replace(trace=rows)


def in_prices(lines: Iterable[Line], digits: int) -> Decimal:
    """The contributions that the prices of ``lines`` hold, in document currency, each line rounded."""
    amounts = (
        round_half_up(row.amount * line.stock_quantity, digits)
        for line in lines
        if line.counts
        for row in line.trace
        if row.step == ECO and row.reason == IN_PRICE
    )
    return sum(amounts, ZERO)
