"""Which record of a step applies to a line: candidates, usable rows of scales, the winner (PR1-PR4, SC1-SC4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, Decimal, localcontext
from decimal import Context as DecimalContext
from fractions import Fraction
from typing import Any, NamedTuple

from sphinx_lib.kernel.conditions import Condition
from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.money import round_half_up
from sphinx_lib.kernel.quantity import UnitError
from sphinx_lib.pricing.schema import FAMILIES, STEP, CompiledStep, Hit, PriceBook, Sale, Schema, Shelf
from sphinx_lib.pricing.trace import Cascade

COMPUTED = DecimalContext(prec=28)
"""For what has no end, such as a price in another currency: 28 digits, whatever the host's context says."""
UPWARD = DecimalContext(prec=28, rounding=ROUND_CEILING)
"""For what is shared over a quantity: cut upward, so that a total which ends in half a cent is not turned down (N2)."""


class ManualPrice(NamedTuple):
    """A price entered by hand per ``unit``, before ``discounts`` (percents in cascade), or the discounts alone (PR8)."""

    price: Decimal | None
    discounts: tuple[Decimal, ...] | None
    unit: str = ""
    reason: str = ""
    user: str = ""


class Ask(NamedTuple):
    """One line to price: ``quantity`` in ``unit``, its price unit.

    ``into`` gives how many of another unit one price unit holds; ``weight`` is the line's in kg; ``cost`` the cost per
    stock unit in company currency by its source; ``facts`` are key values and facts of the line that hide those of the
    sale; ``vat_rate`` turns prices with tax into prices without.
    """

    item: Item
    quantity: Decimal
    unit: str
    day: date
    into: Callable[[str], Fraction]
    facts: Mapping[str, Any]
    weight: Decimal | None = None
    cost: Callable[[str], Decimal | None] = lambda source: None
    vat_rate: Decimal = ZERO
    manual: ManualPrice | None = None


class Found(NamedTuple):
    """The record that applies in a step: its access and its value there.

    The value is a price or an amount in the currency of the sale per ``per`` of ``unit``, or a percent. ``exact`` says
    that it has no end, so that the unit price is not rounded before the line (SC3, N7).
    """

    step: CompiledStep
    condition: Condition
    access: str
    value: Decimal
    exact: bool = False


@dataclass(slots=True)
class Batch:
    """What lines that are priced together have in common; unit prices are rounded at ``stage`` to ``digits``.

    ``sums`` is what all lines that share a record add up to, by the record and the basis of its scale (SC4);
    ``straight`` remembers the discounts of lines that find the same plain percents.
    """

    sale: Sale
    schema: Schema
    books: Sequence[PriceBook]
    stage: str
    digits: int
    sums: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    straight: dict[Any, Cascade] = field(default_factory=dict)

    @property
    def foreign(self) -> bool:
        """Whether the sale is in another currency than the company's."""
        return self.sale.currency != self.sale.company


class Hits:
    """The records whose keys fit a line: shelves of the books, with how far up the families each was found."""

    __slots__ = ("_by_step", "shelves")

    def __init__(self, shelves: list[tuple[Shelf, int]]) -> None:
        self.shelves = shelves
        self._by_step: dict[int, list[Hit]] | None = None

    @property
    def by_step(self) -> dict[int, list[Hit]]:
        """All records by number of step, each list from precise to general (PR1, PR2)."""
        if self._by_step is None:
            found: dict[int, list[Hit]] = {}
            for shelf, depth in self.shelves:
                for order, access, condition in (*shelf.prices, *shelf.others):
                    found.setdefault(order // STEP, []).append((order + depth, access, condition))
            for hits in found.values():
                hits.sort(key=_order)
            self._by_step = found
        return self._by_step

    def of_price(self, step: CompiledStep) -> list[Hit]:
        """The records of a price step, from precise to general."""
        found: list[Hit] = []
        for shelf, depth in self.shelves:
            for hit in shelf.prices:
                if hit[0] // STEP == step.number:
                    found.append((hit[0] + depth, hit[1], hit[2]) if depth else hit)
        if len(found) > 1:
            found.sort(key=_order)
        return found

    def straight(self, day: date) -> Any:
        """What lines with the same plain discounts have in common; none when some depend on more than the day."""
        key: list[Any] = [day]
        for shelf, depth in self.shelves:
            if shelf.others:
                if not shelf.plain:
                    return None
                key.append(id(shelf))
                key.append(depth)
        return tuple(key)


def hits_of(ask: Ask, sale: Sale, books: Sequence[PriceBook]) -> Hits:
    """The records whose keys fit a line; those of its family and of the wider ones, the nearest first."""
    shelves: list[tuple[Shelf, int]] = []
    facts, own = sale.facts, ask.facts
    for book in books:
        for shape, table in book.tables.items():
            values = tuple([own[name] if name in own else facts.get(name, "") for name in shape])
            shelf = table.get(values)
            if shelf is not None:
                shelves.append((shelf, 0))
            if sale.parents and "family" in shape:
                shelves += _of_parents(shape, values, table, sale.parents)
    return Hits(shelves)


def _order(hit: Hit) -> tuple[int, str]:
    return hit[0], hit[2].code


def _of_parents(
    shape: tuple[str, ...], values: tuple[str, ...], table: Mapping[tuple[str, ...], Shelf], parents: Mapping[str, str]
) -> Iterator[tuple[Shelf, int]]:
    """Records for the families above the item's own, with the distance."""
    place = shape.index("family")
    family, depth = parents.get(values[place], ""), 1
    while family:
        shelf = table.get((*values[:place], family, *values[place + 1 :]))
        if shelf is not None:
            yield shelf, depth
        family, depth = parents.get(family, ""), depth + 1


def valid(condition: Condition, step: CompiledStep, ask: Ask, sale: Sale) -> bool:
    """Whether a record holds on the day, in the sale's currency, for a unit that the item has (PR1, PR4)."""
    if condition.valid_from is not None and ask.day < condition.valid_from:
        return False
    if condition.valid_to is not None and ask.day > condition.valid_to:
        return False
    if not step.convert and step.kind != "percent" and (condition.currency or sale.company) != sale.currency:
        return False
    if condition.unit and condition.unit != ask.unit:
        try:
            ask.into(condition.unit)
        except UnitError:
            return False
    return True


def pick(step: CompiledStep, hits: Sequence[Hit], ask: Ask, batch: Batch, running: Decimal = ZERO) -> Iterator[Found]:
    """The winner of each access that has a usable record, from precise to general: the first one is the step's (PR2)."""
    if len(hits) == 1:
        found = _found(step, hits[0], hits, ask, batch, running)
        if found is not None:
            yield found
        return
    if step.kind != "percent":
        hits = _strangers_last(hits, batch.sale)
    start = 0
    while start < len(hits):
        end = start + 1
        while end < len(hits) and hits[end][0] == hits[start][0]:
            end += 1
        usable = [
            one for hit in hits[start:end]
            if (one := _found(step, hit, hits, ask, batch, running)) is not None
        ]  # fmt: skip
        if usable:
            yield usable[0] if len(usable) == 1 else _best(step, usable, batch.sale)
        start = end


def _strangers_last(hits: Sequence[Hit], sale: Sale) -> Sequence[Hit]:
    """Records in neither the sale's currency nor the company's come after all others of their access (PR4)."""
    known = ("", sale.currency, sale.company)
    if all(hit[2].currency in known for hit in hits):
        return hits
    last = FAMILIES - 1
    moved = [hit if hit[2].currency in known else (hit[0] // FAMILIES * FAMILIES + last, hit[1], hit[2]) for hit in hits]
    return sorted(moved, key=_order)


def _found(step: CompiledStep, hit: Hit, hits: Sequence[Hit], ask: Ask, batch: Batch, running: Decimal) -> Found | None:
    condition = hit[2]
    if not valid(condition, step, ask, batch.sale):
        return None
    if condition.rows:
        scaled = _scaled(condition, step, ask, batch, running)
        return None if scaled is None else Found(step, condition, hit[1], *scaled)
    if condition.formula is not None:
        value = _formula(condition, step, hits, ask, batch, running)
    else:
        value = condition.value if condition.value is not None else ZERO
    return Found(step, condition, hit[1], _in_sale(value, step, condition, ask, batch))


def _best(step: CompiledStep, usable: list[Found], sale: Sale) -> Found:
    """Own currency first, then priority, then the later start; equals that differ are an error (PR3, PR4)."""
    ranked = sorted(usable, key=lambda one: _rank(one, sale), reverse=True)
    best = ranked[0]
    rivals = [one for one in ranked[1:] if _rank(one, sale) == _rank(best, sale)]
    if step.ties_best:
        lowest = min if step.kind == "price" else max
        return lowest([best, *rivals], key=lambda one: one.value / one.condition.per)
    for rival in rivals:
        if _said(rival.condition) != _said(best.condition):
            raise InputError(
                [
                    f"price records {_named(best)} and {_named(rival)} of step {step.name} apply alike and differ; "
                    "give one a priority or other dates"
                ]
            )
    return best


def _named(found: Found) -> str:
    return found.condition.code + (f" ({found.condition.origin})" if found.condition.origin else "")


def _rank(found: Found, sale: Sale) -> tuple[int, int, date]:
    currency = found.condition.currency or sale.company
    near = 2 if found.step.kind == "percent" or currency == sale.currency else int(currency == sale.company)
    return near, found.condition.priority, found.condition.valid_from or date.min


def _said(condition: Condition) -> tuple[Any, ...]:
    return condition.value, condition.rows, condition.formula, condition.per, condition.unit, condition.net


# -- scales --------------------------------------------------------------------------------------------------------------


def basis_of(condition: Condition, step: CompiledStep) -> str:
    """What a record's scale compares: its own basis, else the step's."""
    return condition.basis or step.basis


def amount_of(basis: str, condition: Condition, ask: Ask, running: Decimal) -> Decimal:
    """A line's own quantity, value or weight for a scale; the quantity in the record's unit (U2)."""
    if basis == "weight":
        return abs(ask.weight or ZERO)
    if basis == "value":
        return abs(running * ask.quantity)
    if condition.unit and condition.unit != ask.unit:
        return abs(_times(ask.quantity, ask.into(condition.unit)))
    return abs(ask.quantity)


def share_of(condition: Condition) -> str:
    """The name under which a record's lines add up."""
    return condition.shares or condition.code


def _scaled(
    condition: Condition, step: CompiledStep, ask: Ask, batch: Batch, running: Decimal
) -> tuple[Decimal, bool] | None:
    """The value of a scale for a line, and whether it is a mean; none below the first bound or above the last.

    Slices are turned into the currency of the sale one by one, before their mean is taken (PR4, X6).
    """
    basis = basis_of(condition, step)
    if basis.startswith("group_"):
        own = amount_of(basis.removeprefix("group_"), condition, ask, running)
        amount = batch.sums.get((share_of(condition), basis), own)
    else:
        amount = amount_of(basis, condition, ask, running)
    if condition.scale == "interval":
        return _by_slice([(bound, _in_sale(value, step, condition, ask, batch)) for bound, value in condition.rows], amount)
    if condition.scale == "to":
        reached = [value for bound, value in condition.rows if bound is None or amount <= bound][:1]
    else:
        reached = [value for bound, value in condition.rows if bound is None or bound <= amount][-1:]
    return (_in_sale(reached[0], step, condition, ask, batch), False) if reached else None


def _by_slice(rows: Sequence[tuple[Decimal | None, Decimal]], amount: Decimal) -> tuple[Decimal, bool] | None:
    """The mean price of slices, each at its own price, up to upper bounds that are included (SC3)."""
    if not amount:
        return rows[0][1], False
    total, below = ZERO, ZERO
    for bound, value in rows:
        upto = amount if bound is None else min(bound, amount)
        total += (upto - below) * value
        below = upto
        if below == amount:
            return UPWARD.divide(total, amount), True
    return None


# -- values --------------------------------------------------------------------------------------------------------------


def _formula(
    condition: Condition, step: CompiledStep, hits: Sequence[Hit], ask: Ask, batch: Batch,
    running: Decimal,
) -> Decimal:  # fmt: skip
    """The value of a formula: a percent, or what it says of a stock unit, per ``per`` of the record's unit.

    ``list_price`` is the price of the most general record, for a discount the price so far.
    """
    assert condition.formula is not None
    sale = batch.sale
    listed: Decimal | None = COMPUTED.divide(running, sale.rate) if step.kind != "price" else None
    if step.kind == "price":
        plain = (_found(step, hit, hits, ask, batch, running) for hit in reversed(hits) if hit[2].formula is None)
        general = next((found for found in plain if found is not None), None)
        listed = per_stock_unit(general.value, general.condition, ask, sale) if general is not None else None
    facts = PriceFacts(ask, batch, list_price=listed, base=listed, running=listed)
    with localcontext(COMPUTED):
        value = +Decimal(condition.formula(facts))
    return value if step.kind == "percent" else of_stock_unit(value, condition, ask)


class PriceFacts(dict[str, Any]):
    """The values that formulas, conditions and guards of the price schema may ask for."""

    def __init__(self, ask: Ask, batch: Batch, **known: Any) -> None:
        super().__init__(known)
        self._ask, self._sale, self._schema = ask, batch.sale, batch.schema

    def __missing__(self, name: str) -> Any:
        ask = self._ask
        if name == "cost":
            return ask.cost(self._schema.cost)
        if name == "quantity":
            return ask.quantity
        if name == "weight":
            return ask.weight
        if name in ("today", "day"):
            return ask.day
        if name in ("list_price", "running", "base"):
            return None  # asked for before there is a price
        if name in ask.facts:
            return ask.facts[name]
        return self._sale.facts[name] if name in self._sale.facts else self._sale.fact(name, ask.item)


def in_unit(amount: Decimal, condition: Condition, unit: str, ask: Ask) -> Decimal:
    """An amount per ``per`` of a record's unit as one per ``unit``."""
    own = condition.unit or ask.unit
    if own == unit:
        return amount if condition.per == 1 else COMPUTED.divide(amount, condition.per)
    ratio = ask.into(own) / ask.into(unit)
    return COMPUTED.divide(amount * ratio.numerator, condition.per * ratio.denominator)


def of_stock_unit(amount: Decimal, condition: Condition, ask: Ask) -> Decimal:
    """An amount per stock unit as one per ``per`` of a record's unit."""
    own = condition.unit or ask.unit
    if own == ask.item.unit:
        return amount * condition.per
    ratio = ask.into(ask.item.unit) / ask.into(own)
    return COMPUTED.divide(amount * condition.per * ratio.numerator, Decimal(ratio.denominator))


def per_stock_unit(amount: Decimal, condition: Condition, ask: Ask, sale: Sale) -> Decimal:
    """A price of the sale, per ``per`` of a record's unit, as one per stock unit in company currency without tax."""
    found = in_unit(amount, condition, ask.item.unit, ask)
    if sale.gross:
        found = COMPUTED.divide(found * 100, 100 + ask.vat_rate)
    return found if sale.rate == 1 else COMPUTED.divide(found, sale.rate)


def _in_sale(value: Decimal, step: CompiledStep, condition: Condition, ask: Ask, batch: Batch) -> Decimal:
    """A price or an amount in the currency of the sale, with tax or without as its prices are (PR4, VA3)."""
    sale, schema = batch.sale, batch.schema
    if step.kind == "percent" or not (condition.currency or batch.foreign or sale.gross or condition.gross):
        return value
    currency = condition.currency or sale.company
    if currency != sale.currency:
        value = round_half_up(value * _rate(condition, currency, sale), schema.digits(sale.currency))
    if sale.gross and not condition.gross:
        value += value * ask.vat_rate / 100
    elif condition.gross and not sale.gross:
        value = round_half_up(COMPUTED.divide(value * 100, 100 + ask.vat_rate), schema.digits(sale.currency))
    return value


def _rate(condition: Condition, currency: str, sale: Sale) -> Decimal:
    """Units of the sale's currency for one of ``currency``."""
    if currency == sale.company:
        return sale.rate
    if currency not in sale.rates:
        raise InputError(
            [
                f"price record {condition.code} is in {currency}, which has no exchange rate; put an exchange_rate, "
                "or a record in the document's currency"
            ]
        )
    return COMPUTED.divide(sale.rate, sale.rates[currency])


def _times(quantity: Decimal, ratio: Fraction) -> Decimal:
    return COMPUTED.divide(quantity * ratio.numerator, Decimal(ratio.denominator))
