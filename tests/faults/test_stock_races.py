"""Many at once on the same goods: nothing is sold twice, nobody waits for ever, and who is refused is told the line (K7)."""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import Any

import pytest

from sphinx_lib import Sphinx
from sphinx_lib.kernel.errors import GuardFailed, StockShort
from sphinx_lib.kernel.ports import Actor
from tests.store.support import ALICE, at_once, faults, goods, open_shop, raised

BOB = Actor("bob")
ITEMS = [f"RARE-{n:02}" for n in range(50)]
TOLD = re.compile(r"ligne \d+ : RARE-\d\d manque|RARE-\d\d in main: -\d+ \(delivery_note draft line \d")


def shop_of(url: str, stock: int) -> Sphinx:
    """A shop with fifty goods that may not fall below zero."""
    app = open_shop(url, items=1)
    with app.session(actor=ALICE) as s:
        s.put("supplier", [{"code": "VISCO", "name": "Visco", "country": "FR"}])
        s.put("item", [goods(item, negative_stock="forbid") for item in ITEMS])
        for item in ITEMS if stock else ():
            s.adjust_stock(item, stock)
    return app


def lines_of(items: list[str], quantity: int = 1) -> list[dict[str, Any]]:
    return [{"item": item, "quantity": quantity} for item in items]


def deliver(app: Sphinx, mine: random.Random, times: int, taken: list[Counter[str]], told: list[str]) -> None:
    """Deliver random goods in random order; what was delivered and what was refused is noted."""
    for _ in range(times):
        chosen = mine.sample(ITEMS[:8], 2) + mine.sample(ITEMS, 4)
        given = lines_of(chosen, mine.randint(1, 2))
        try:
            with app.session(actor=BOB) as s:
                s.create("delivery_note", customer="ACME", lines=given)
        except (GuardFailed, StockShort) as refused:
            told.append(str(refused))
        else:
            taken.append(Counter([line["item"] for line in given for _ in range(line["quantity"])]))


@pytest.mark.parametrize(("database", "threads"), [("postgres", 16), ("sqlite", 8)])
def test_threads_that_deliver_the_same_fifty_goods_never_oversell_nor_lock_each_other(
    database: str, threads: int, request: pytest.FixtureRequest, tmp_path: Any
) -> None:
    """Plain sessions, so that a deadlock would be raised and seen; every refusal says which line and item are short."""
    file = f"sqlite:///{tmp_path / 'race.sqlite'}"
    app = shop_of(file if database == "sqlite" else request.getfixturevalue("postgres_database"), stock=4)
    taken: list[Counter[str]] = []
    told: list[str] = []
    work = [lambda turn=turn: deliver(app, random.Random(turn), 4, taken, told) for turn in range(threads)]
    assert raised(at_once(*work)) == []
    assert told, "nobody was refused, so nothing was tried"
    assert [text for text in told if not TOLD.search(text)] == []
    sold = sum(taken, Counter())
    with app.reader() as views:
        left = views.availability(ITEMS)
    assert {item: left[item].physical for item in ITEMS} == {item: 4 - sold[item] for item in ITEMS}
    assert min(one.physical for one in left.values()) == 0
    assert faults(app) == []
    app.engine.dispose()


def test_receipts_and_deliveries_in_opposite_order_of_items_never_wait_for_each_other_crosswise(
    postgres_database: str,
) -> None:
    app = shop_of(postgres_database, stock=20)
    chosen = ITEMS[:20]

    def receive() -> None:
        for _ in range(5):
            with app.session(actor=BOB) as s:
                made = s.create("goods_receipt", supplier="VISCO", lines=[
                    {"item": item, "quantity": 1, "unit_price": "5"} for item in reversed(chosen)
                ])  # fmt: skip
                s.fire(made.id, "receive")

    def send() -> None:
        for _ in range(5):
            with app.session(actor=BOB) as s:
                s.create("delivery_note", customer="ACME", lines=lines_of(chosen))

    assert raised(at_once(*[receive, send] * 4)) == []
    with app.reader() as views:
        left = views.availability(chosen)
    assert {one.physical for one in left.values()} == {20}
    assert faults(app) == []
    app.engine.dispose()


def test_a_refusal_under_the_lock_names_all_lines_of_all_documents_that_take_what_is_short(database_url: str) -> None:
    app = shop_of(database_url, stock=0)
    with app.session(actor=ALICE) as s:
        s.adjust_stock(ITEMS[0], 3)
    with pytest.raises(StockShort) as refused, app.session(actor=BOB) as late:
        for part in (1, 2):
            late.create("delivery_note", customer="ACME", lines=lines_of([ITEMS[0]] * part))
        if database_url.startswith("sqlite"):
            late.adjust_stock(ITEMS[0], -1)
        else:
            with app.session(actor=BOB) as early:
                early.create("delivery_note", customer="ACME", lines=lines_of([ITEMS[0]]))
    assert refused.value.message == (
        "stock would fall below zero: RARE-00 in main: -1 (delivery_note draft line 1; delivery_note draft line 1, 2)"
    )
    assert [line[1:] for line in refused.value.facts["lines"]] == [(1, ITEMS[0]), (1, ITEMS[0]), (2, ITEMS[0])]
    app.engine.dispose()
