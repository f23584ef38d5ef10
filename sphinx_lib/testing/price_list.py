"""The laws of prices on a company's own price list, all in one call (domain §18.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from sphinx_lib.app.sphinx import Sphinx
from sphinx_lib.app.views import Views
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.money import currency_digits
from sphinx_lib.pricing.price_line import Priced, line_net, price_lines
from sphinx_lib.testing.broken import half_up
from sphinx_lib.testing.discount_laws import check_discounts_are_exact, check_guards_hold
from sphinx_lib.testing.document_laws import check_line_total, check_units_agree
from sphinx_lib.testing.figure_laws import (
    check_round_trip,
    check_scales_descend,
    check_splits_keep_the_total,
    check_traces_add_up,
)
from sphinx_lib.testing.memory import price
from sphinx_lib.testing.record_laws import (
    check_dates_decide,
    check_more_prices_never_cost_more,
    check_order_does_not_matter,
    check_same_again,
    check_unused_records_change_nothing,
)
from sphinx_lib.testing.setting import Engine, Setting, setting_of

LAWS: Mapping[str, Callable[[Setting], None]] = {
    "X1": check_order_does_not_matter,
    "X2": check_unused_records_change_nothing,
    "X3": check_more_prices_never_cost_more,
    "X4": check_traces_add_up,
    "X6": lambda setting: check_scales_descend(setting, _bounds(setting)),
    "X7": check_guards_hold,
    "X8": check_discounts_are_exact,
    "X9": check_splits_keep_the_total,
    "X10": check_same_again,
    "X12": check_dates_decide,
}
"""The laws of a price list by their numbers; X5 and X11 are checked line by line, X13 and X14 are laws of documents."""
MOST = 20


class Checked(NamedTuple):
    """How many prices the laws were checked on, and the lines that have no price, in words."""

    prices: int
    without: tuple[str, ...]


def check_price_list(
    app: Sphinx, *, items: Sequence[str] | None = None, customers: Sequence[str | None] | None = None,
    quantities: Sequence[Any] = (1, 10, 100), days: Sequence[date | str] | None = None, engine: Engine = price_lines,
) -> Checked:  # fmt: skip
    """Check X1 to X12 on what ``app`` would price: each item for each customer, in each quantity, on each day.

    Unless given, all items, all customers and somebody unknown (``None``), today. Nothing is stored. Raises
    AssertionError with every law that does not hold, the lines and the figures, and where no line has a price.
    """
    with app.reader() as views:
        wares = list(items) if items is not None else _priced_items(views)
        people = list(customers) if customers is not None else [None, *views.codes("customer")]
        on = [date.fromisoformat(day) if isinstance(day, str) else day for day in days or (views.unit.today,)]
    broken: dict[str, None] = {}
    without: list[str] = []
    prices = 0
    for day in on:
        for customer in people:
            try:
                setting = setting_of(app, items=wares, customer=customer, quantities=quantities, day=day).but(engine=engine)
            except InputError as error:
                without.append(f"{customer or 'anybody'} on {day}: {error}")
                continue
            priced = setting.priced()
            prices += sum(one.unit_price is not None for one in priced)
            without += [_told(ask.item.code, customer, day) for ask, one in zip(setting.asks, priced, strict=True)
                        if one.unit_price is None]  # fmt: skip
            broken |= dict.fromkeys(_broken(app, setting, priced, customer, quantities))
    if broken:
        more = [f"and {len(broken) - MOST} more"] if len(broken) > MOST else []
        raise AssertionError("\n".join([*list(broken)[:MOST], *more]))
    if not prices:
        raise AssertionError(f"no line has a price, so nothing was checked: {'; '.join(without[:MOST]) or 'no items'}")
    return Checked(prices, tuple(dict.fromkeys(without)))


def _priced_items(views: Views) -> list[str]:
    """All items but exploded kits, which cost what they hold (K11)."""
    known = views.items(views.codes("item"))
    return [code for code, item in known.items() if not (item.kind == "kit" and item.kit == "exploded")]


def _told(item: str, customer: str | None, day: date) -> str:
    return f"item {item} for {customer or 'anybody'} on {day}"


def _broken(
    app: Sphinx, setting: Setting, priced: Sequence[Priced], customer: str | None, quantities: Sequence[Any]
) -> Iterator[str]:
    """What does not hold for one customer and day."""
    for law in LAWS.values():
        yield from _fails(law, setting)
    sale = setting.sale
    for ask, one in zip(setting.asks, priced, strict=True):
        if one.unit_price is not None and sale.currency != sale.company and not one.unit:
            net = line_net(ask.quantity, one.unit_price, one.per, setting.digits)
            own = half_up(Fraction(net) / Fraction(sale.rate), currency_digits(sale.company))
            yield from _fails(check_round_trip, own, sale.currency, sale.rate, sale.company)
    lines = iter(zip(setting.asks, priced, strict=True))
    for _ in dict.fromkeys(ask.item.code for ask in setting.asks):
        for quantity in quantities:
            ask, one = next(lines)
            if one.unit_price is not None and not any(failure.on_fail == "block" for failure in one.failures):
                line = {"item": ask.item.code, "quantity": quantity, "customer": customer, "day": ask.day}
                yield from _fails(check_units_agree, app, **line)
                yield from _fails(check_line_total, price(app, **line))


def _fails(law: Callable[..., None], *given: Any, **named: Any) -> Iterator[str]:
    try:
        law(*given, **named)
    except AssertionError as error:
        yield str(error)


def _bounds(setting: Setting) -> list[Decimal]:
    """Quantities where scales may change their price: their bounds, one below and one above, and those of the lines."""
    bounds = {bound for one in setting.records for bound, _ in one.rows if bound is not None}
    return sorted({ask.quantity for ask in setting.asks} | {bound + step for bound in bounds for step in (-1, 0, 1)})
