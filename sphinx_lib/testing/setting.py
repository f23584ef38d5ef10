"""A price list with lines to price, which the laws of prices are checked on (domain §18.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

from sphinx_lib.app.pricing import ask_of, families_of, load_conditions, sale_of
from sphinx_lib.app.rates import rate_for
from sphinx_lib.app.sphinx import Sphinx
from sphinx_lib.kernel.conditions import Condition, ancestors
from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.money import currency_digits, exact_decimal
from sphinx_lib.pack.pricing_model import Pricing
from sphinx_lib.pricing.price_line import Priced, price_lines
from sphinx_lib.pricing.schema import Compile, Compiled, PriceBook, Sale, Schema, build_book, compile_schema
from sphinx_lib.pricing.select import Ask

Engine = Callable[[Sequence[Ask], Sale, Schema, Sequence[PriceBook]], Sequence[Priced]]
_WIDE = Context(prec=28)


@dataclass(frozen=True)
class Setting:
    """A price schema, its records, and the lines of one sale.

    ``engine`` is what prices them: this library's, or another one that the laws are to be checked on.
    """

    schema: Schema
    records: tuple[Condition, ...]
    sale: Sale
    asks: tuple[Ask, ...]
    engine: Engine = price_lines

    def priced(self) -> list[Priced]:
        """The price of each line."""
        return self.priced_by([self.records])

    def priced_by(self, files: Sequence[Iterable[Condition]]) -> list[Priced]:
        """The price of each line when the records stand in several files."""
        return list(self.engine(self.asks, self.sale, self.schema, [build_book(self.schema, one) for one in files]))

    def but(self, **changes: Any) -> Setting:
        """The same with other ``records``, ``asks`` or others of its fields."""
        return replace(self, **changes)

    def alone(self, ask: Ask, *more: Condition) -> Setting:
        """One line by itself with the records whose keys fit it, and ``more``."""
        return self.but(asks=(ask,), records=(*self.fitting(ask), *more))

    def fitting(self, ask: Ask) -> tuple[Condition, ...]:
        """The records whose keys fit a line, whatever their dates, units and currencies (PR1)."""
        found: list[Condition] = []
        for names, table in self._by_key.items():
            for values in product(*(self._held(name, ask) for name in names)):
                found += table.get(values, ())
        return tuple(found)

    @cached_property
    def _by_key(self) -> Mapping[tuple[str, ...], Mapping[tuple[str, ...], list[Condition]]]:
        found: dict[tuple[str, ...], dict[tuple[str, ...], list[Condition]]] = {}
        for one in self.records:
            table = found.setdefault(tuple(name for name, _ in one.keys), {})
            table.setdefault(tuple(value for _, value in one.keys), []).append(one)
        return found

    def _held(self, name: str, ask: Ask) -> tuple[str, ...]:
        """The values of a key that a line goes by: its own, and the wider families."""
        own = self.value_of(name, ask)
        return (own, *ancestors(own, self.sale.parents)) if name == "family" else (own,)

    def value_of(self, name: str, ask: Ask) -> str:
        """What a line has for a key, empty for nothing."""
        return str(ask.facts[name] if name in ask.facts else self.sale.facts.get(name, ""))

    @property
    def digits(self) -> int:
        """Decimals of a line total in the currency of the sale."""
        return currency_digits(self.sale.currency)


def no_expression(text: str, kind: str) -> Compiled:
    """What compiles the expressions of a schema that has none."""
    raise ValueError(f"the schema has the expression {text!r}; give the function that compiles it, such as a pack's")


def a_setting(
    rules: Pricing | Mapping[str, Any], records: Iterable[Condition], sale: Sale, asks: Iterable[Ask],
    compile: Compile = no_expression,
) -> Setting:  # fmt: skip
    """The setting of plain values: ``rules`` as they stand under ``pricing`` in YAML."""
    model = rules if isinstance(rules, Pricing) else Pricing.model_validate(rules)
    return Setting(compile_schema(model, compile), tuple(records), sale, tuple(asks))


def setting_of(
    app: Sphinx, *, items: Sequence[str], customer: str | None = None, quantities: Sequence[Any] = (1,),
    day: date | None = None, currency: str = "", site: str = "",
) -> Setting:  # fmt: skip
    """What ``app`` would price: each of ``items`` in each of ``quantities``, in its sales unit, for one customer and day.

    Its records are those of the configuration and of the database that fit a line. Raises NotFound for an unknown code.
    """
    with app.reader() as views:
        unit = views.unit
        unit.load_items(items)
        if customer is not None:
            unit.load_parties([customer])
        party = unit.parties.get(customer or "")
        company = unit.pack.model.company.currency
        named = currency or (party.currency if party else "") or company
        on = day or unit.today
        rate = rate_for(unit, named, on, None).rate
        document = Document("", "", "", on, party=customer, currency=named, rate=rate, site=site)
        asks = tuple(_asks(unit, document, items, quantities))
        parents = families_of(unit)
        families = {one for ask in asks for one in (ask.item.family, *ancestors(ask.item.family, parents)) if one}
        stored = load_conditions(unit, set(items), families, party, unit.prices)
        sale = sale_of(unit, document, party, parents, stored)
        whole = Setting(unit.prices.schema, (*unit.pack.conditions, *stored), sale, asks)
        fitting = {id(one): one for ask in asks for one in whole.fitting(ask)}
        return whole.but(records=tuple(fitting.values()))


def _asks(unit: Any, document: Document, items: Sequence[str], quantities: Sequence[Any]) -> Iterator[Ask]:
    for code in items:
        item = unit.items[code]
        for quantity in quantities:
            yield ask_of(unit, document, item, exact_decimal(quantity), item.sales_unit or item.unit)


def with_quantity(ask: Ask, quantity: Decimal) -> Ask:
    """A line for another quantity; its weight follows."""
    weight = ask.weight
    if weight is not None and ask.quantity:
        weight = _decimal(Fraction(weight) * Fraction(quantity) / Fraction(ask.quantity))
    return ask._replace(quantity=quantity, weight=weight)


def _decimal(number: Fraction) -> Decimal:
    return _WIDE.divide(Decimal(number.numerator), Decimal(number.denominator))


def told(ask: Ask, sale: Sale) -> str:
    """A line in words, for messages."""
    who = sale.facts.get("customer") or "anybody"
    return f"item {ask.item.code}, {ask.quantity:f} {ask.unit} for {who} on {ask.day} in {sale.currency}"
