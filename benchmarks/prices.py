"""The price engine beside a loop of bare Decimals that does the same arithmetic, in one run, on one core."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from sphinx_lib import Sphinx
from sphinx_lib.app.preview import Preview
from sphinx_lib.app.pricing import PriceRules
from sphinx_lib.app.registry import specs
from sphinx_lib.kernel.conditions import Condition
from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.money import round_half_up
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.pricing_model import Pricing
from sphinx_lib.pricing.price_line import line_net, price_lines
from sphinx_lib.pricing.schema import PriceBook, Sale, Schema, build_book, compile_schema
from sphinx_lib.pricing.select import Ask

LINES = 10_000
STEPS = 50
DAY = date(2026, 3, 2)
PERCENTS = [Decimal(1 + number % 3) for number in range(STEPS)]
_ONE = {"unit": Fraction(1)}


def schema_of(steps: int = STEPS) -> Schema:
    """A base price and percents, each looked for by customer and item, by item, by family."""
    access = {
        "customer_item": {"key": ["customer", "item"]},
        "item": {"key": ["item"]},
        "customer_family": {"key": ["customer", "family"]},
        "family": {"key": ["family"]},
    }
    rules: dict[str, Any] = {"base": {"kind": "price", "access": {"item": {"key": ["item"]}}}}
    rules |= {f"step_{number}": {"kind": "percent", "access": access} for number in range(1, steps)}
    return compile_schema(Pricing.model_validate({"schema": rules}), lambda text, kind: lambda facts: None)


def book_of(schema: Schema, items: Sequence[Item], applying: int) -> PriceBook:
    """A price for each item, and for each step a record; ``applying`` steps (the price among them) fit every item."""
    records = [
        Condition(f"p{item.code}", "base", (("item", item.code),), Decimal(100) + number % 50)
        for number, item in enumerate(items)
    ]
    for number in range(1, STEPS):
        family = "F" if number < applying else f"other_{number}"
        records.append(Condition(f"d{number}", f"step_{number}", (("family", family),), PERCENTS[number]))
    return build_book(schema, records)


def asks_of(items: Sequence[Item], lines: int = LINES) -> list[Ask]:
    """Lines over the items in turn."""
    return [
        Ask(item, Decimal(3), "unit", DAY, _ONE.__getitem__, {"item": item.code, "family": item.family})
        for item in (items[number % len(items)] for number in range(lines))
    ]


def sale() -> Sale:
    """A sale in euros to one customer."""
    return Sale("EUR", "EUR", Decimal(1), {"customer": "C"}, {}, lambda name, item: None)


def bare(prices: Sequence[Decimal], applying: int) -> list[Decimal]:
    """The same cascade, rounding and line totals, without records, choices or a trace."""
    nets = []
    quantity = Decimal(3)
    for price in prices:
        running = price
        for number in range(1, applying):
            running -= running * PERCENTS[number] / 100
        nets.append(round_half_up(round_half_up(running, 4) * quantity, 2))
    return nets


def priced_nets(asks: Sequence[Ask], schema: Schema, book: PriceBook) -> list[Decimal]:
    """Unit prices with their traces, then line totals."""
    priced = price_lines(asks, sale(), schema, [book])
    return [line_net(ask.quantity, one.unit_price, one.per, 2) for ask, one in zip(asks, priced, strict=True)]


def best_of(turns: int, work: Any) -> tuple[float, Any]:
    """CPU seconds of the fastest turn, and its result."""
    best, result = float("inf"), None
    for _ in range(turns):
        start = process_time()
        result = work()
        best = min(best, process_time() - start)
    return best, result


PREVIEWED = 1_000


def previewed(lines: int = PREVIEWED, turns: int = 7) -> tuple[float, Preview]:
    """CPU seconds of a quotation of so many items previewed in a reader of its own, the fastest turn, and the preview.

    Half of the items have a price of the customer, all are in a family whose parent has a discount by quantity.
    """
    app = Sphinx.open(database_url="sqlite://")
    items = [
        {"code": f"I{number}", "name": {"fr": f"Article {number}"}, "family": "F1", "sale_price": "10", "cost": "6"}
        for number in range(lines)
    ]
    special = [
        {"step": "base", "customer": "ACME", "item": f"I{number}", "value": "9.5"} for number in range(0, lines, 2)
    ]
    with app.session() as session:
        session.put("customer", [{"code": "ACME", "name": "ACME SAS"}])
        session.put("family", [{"code": "F"}, {"code": "F1", "parent": "F"}])
        session.put("item", items)
        session.put("price", [{"step": "quantity_discount", "family": "F", "rows": [["1", "5"], ["10", "7.5"]]}, *special])
        for number in range(lines):
            session.adjust_stock(f"I{number}", 100)
    given = [{"item": f"I{number}", "quantity": number % 13 + 1} for number in range(lines)]

    def work() -> Preview:
        with app.reader() as views:
            return views.preview("quotation", customer="ACME", lines=given)

    seconds, found = best_of(turns, work)
    assert found.ok
    assert all(one.stock and one.margin for one in found.lines)
    app.engine.dispose()
    return seconds, found


def listed(records: int) -> tuple[float, float]:
    """CPU seconds to load and index a price list of so many records from a CSV file, and lines a second priced from it."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "prices", "base.csv")
        file.parent.mkdir()
        rows = (f"I{number};{number % 900 + 10}.50;2026-01-01;EUR;1;0" for number in range(records))
        file.write_text("\n".join(["item;value;valid_from;currency;per;priority", *rows]), "utf-8")
        loading, rules = best_of(1, lambda: PriceRules.of(load_pack(["base", folder], specs())))
    items = [Item(code=f"I{number}", name={"": "x"}) for number in range(min(records, LINES))]
    asks = asks_of(items)
    seconds, priced = best_of(5, lambda: price_lines(asks, sale(), rules.schema, [rules.book]))
    assert all(one.unit_price for one in priced)
    return loading, LINES / seconds


def measure() -> None:
    """Print lines a second for 5 and for 50 applying steps, price lists of growing size, and a long quotation's preview."""
    items = [Item(code=f"I{number}", name={"": "x"}, family="F") for number in range(LINES)]
    schema = schema_of()
    for applying in (5, STEPS):
        asks, book = asks_of(items), book_of(schema, items, applying)
        seconds, ours = best_of(7, lambda asks=asks, book=book: priced_nets(asks, schema, book))
        prices = [Decimal(100) + number % 50 for number in range(LINES)]
        plain, nets = best_of(7, lambda prices=prices, applying=applying: bare(prices, applying))
        assert nets == ours
        print(
            f"{STEPS} steps, {applying:>2} apply: {LINES / seconds:>9,.0f} lines/s, "
            f"{seconds / plain:.1f} times bare Decimals ({LINES / plain:,.0f} lines/s)"
        )
    first = 0.0
    for records in (1_000, 20_000, 200_000):
        loading, speed = listed(records)
        first = first or speed
        print(f"{records:>7,} records: loaded in {loading:.2f} s, {speed:>9,.0f} lines/s, {speed / first:.2f} of the first")
    seconds, found = previewed()
    more, _ = best_of(3, found.as_json)
    told = f"{seconds * 1000:.0f} ms, and {more * 1000:.0f} ms as JSON"
    print(f"preview of {PREVIEWED:,} lines with stock and margin: {told}")


if __name__ == "__main__":
    measure()
