"""What who lacks the right ``see_margin`` is told: nothing that depends on a cost, by any public
door.

Two shops differ in their costs and in nothing else; each door gives the clerk the same answer in
both, error or not, and none holds a planted figure. With the right the answers differ, so that the
walk is known to look where the costs are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from sphinx_lib import Actor, Sphinx
from sphinx_lib.app.document_view import DocumentView
from sphinx_lib.app.session import Session
from sphinx_lib.app.views import Views
from sphinx_lib.export.run import export_batch, export_file, export_years
from sphinx_lib.kernel.errors import SphinxError
from sphinx_lib.render.html import render_html
from tests.rights.planted import BOSS, CLERK, ONE, OTHER, VIEW_METHODS, Shop, open_planted, said

Door = Callable[[Any, dict[str, str]], Any]
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
SALES = ("draft", "low", "quotation", "sent", "agreed", "order", "note", "invoice", "open_order")
BOUGHT = (
    "purchase",
    "receipt",
    "bill",
    "disputed",
    "receipt2",
    "dear",
    "payment",
    "open_purchase",
    "offer",
)
ALL = (*SALES, *BOUGHT, "rfq", "count")
LOW = [
    {"item": "A", "quantity": 1, "unit_price": "7000"},
    {"item": "KIT", "quantity": 2, "unit_price": "9000"},
]


def _attempts(*calls: Callable[[], Any]) -> list[Any]:
    """What each call gives, or how it is refused."""
    found: list[Any] = []
    for call in calls:
        try:
            answer = call()
            found.append(list(answer) if isinstance(answer, Iterator) else answer)
        except SphinxError as error:
            found.append(error)
    return found


def _of(
    names: tuple[str, ...], method: Callable[..., Any], ids: dict[str, str], *more: Any
) -> list[Any]:
    return _attempts(*(lambda name=name: method(ids[name], *more) for name in names))  # type: ignore[misc]


def _searches(views: Views, ids: dict[str, str]) -> list[Any]:
    """Searches by each figure of each document, as somebody would who tries them."""
    columns = (
        "total_cost",
        "total_net",
        "total_gross",
        "net_to_pay",
        "balance",
        "counterpart_net",
        "exposure",
        "audit_hash",
        "totals",
        "history",
        "custom",
        "instalments",
        "vat",
    )
    tried = [Decimal(text) for figures in (ONE, OTHER) for text in figures] + [
        Decimal("24000"),
        Decimal("15308.64"),
    ]
    tried += [Decimal(figures.bought) * 3 for figures in (ONE, OTHER)] + [
        2 * Decimal(one.cost).quantize(Decimal("0.01"), ROUND_HALF_UP) for one in (ONE, OTHER)
    ]
    return _attempts(
        *(lambda c=column, v=value: views.ids(**{c: v}) for column in columns for value in tried),  # type: ignore[misc]
        *(
            lambda t=kind, v=value: views.ids(type=t, total_net=v)  # type: ignore[misc]
            for kind in (
                "purchase_order",
                "quotation",
                ["quotation", "purchase_order"],
                "supplier_invoice",
            )
            for value in tried
        ),
        *(lambda v=value: views.ids(type="quotation", secret=v) for value in tried),  # type: ignore[misc]
        lambda: views.ids(type="quotation", state="draft"),
        lambda: views.ids(party="VISCO"),
        lambda: views.ids(),
    )


VIEWS: dict[str, Door] = {
    "document": lambda v, ids: [_of(ALL, v.document, ids), _of(ALL, v.document, ids, "en")],
    "documents": lambda v, ids: v.documents([ids[name] for name in ALL]),
    "ids": _searches,
    "find": lambda v, ids: _attempts(
        lambda: v.find("invoice", "FA2026-00001"), lambda: v.find("purchase_order", "CF2026-00001")
    ),
    "sources": lambda v, ids: _of(ALL, v.sources, ids),
    "results": lambda v, ids: _of(ALL, v.results, ids),
    "early_payment": lambda v, ids: _of(ALL, v.early_payment, ids),
    "customer": lambda v, ids: v.customer("ACME"),
    "supplier": lambda v, ids: _attempts(lambda: v.supplier("VISCO")),
    "comparison": lambda v, ids: _of(("rfq",), v.comparison, ids),
    "deal": lambda v, ids: v.deal("HALLE"),
    "stock": lambda v, ids: [v.stock("A"), v.stock("A", "main")],
    "lots": lambda v, ids: v.lots("A"),
    "equipment": lambda v, ids: v.equipment("ACME"),
    "counted": lambda v, ids: v.counted(ids["count"]),
    "stock_rows": lambda v, ids: v.stock_rows(),
    "stock_value": lambda v, ids: [
        v.stock_value(),
        v.stock_value(FIRST),
        v.stock_value(items=["A"]),
    ],
    "stock_moves": lambda v, ids: v.stock_moves("A"),
    "line_values": lambda v, ids: _of(ALL, v.line_values, ids),
    "pegs": lambda v, ids: _of(ALL, v.pegs, ids),
    "deliverable": lambda v, ids: v.deliverable(),
    "available": lambda v, ids: v.available(v.document(ids["order"]).document),
    "line_stock": lambda v, ids: v.line_stock(v.document(ids["purchase"]).document),
    "availability": lambda v, ids: v.availability(),
    "availability_by_warehouse": lambda v, ids: v.availability_by_warehouse(),
    "backorders": lambda v, ids: v.backorders(),
    "price": lambda v, ids: _attempts(
        lambda: v.price("A", 2, "ACME"),
        lambda: v.price("A", 2),
        lambda: v.price("A", 2, supplier="VISCO"),
        lambda: v.price("KIT", 1),
    ),
    "rates": lambda v, ids: v.rates([], FIRST, LAST),
    "items": lambda v, ids: v.items(["A", "B", "KIT"]),
    "known_items": lambda v, ids: [v.known_items(["A"]), _attempts(lambda: v.known_items(["AA"]))],
    "known_warehouses": lambda v, ids: _attempts(lambda: v.known_warehouses(["mian"])),
    "codes": lambda v, ids: [v.codes(kind) for kind in ("item", "supplier", "price", "deal")],
    "messages": lambda v, ids: _of(ALL, v.messages, ids),
    "history": lambda v, ids: [_of(ALL, v.history, ids), [v.history(one) for one in _records(v)]],
    "outbox": lambda v, ids: v.outbox(limit=None),
    "outbox_message": lambda v, ids: [v.outbox_message(one.id).payload for one in v.outbox()],
    "refused_prices": lambda v, ids: _attempts(
        lambda: v.refused_prices(), lambda: v.refused_prices("clerk")
    ),
    "entries": lambda v, ids: _attempts(lambda: v.entries(FIRST, LAST)),
    "entries_of_batch": lambda v, ids: _attempts(lambda: v.entries_of_batch(1)),
    "entry_span": lambda v, ids: v.entry_span(),
    "entries_of": lambda v, ids: _of(ALL, v.entries_of, ids),
    "party_facts": lambda v, ids: [dict(v.party_facts("ACME")), dict(v.party_facts("VISCO"))],
    "preview": lambda v, ids: [
        v.preview("quotation", customer="ACME", lines=[*LOW, {"item": "A", "quantity": 3}]),
        _attempts(
            lambda: v.preview(
                "purchase_order", supplier="VISCO", lines=[{"item": "A", "quantity": 3}]
            )
        ),
        v.preview("sales_order", lines=[{"item": "NOBODY", "quantity": 1}]),
    ],
    "preview_edit": lambda v, ids: [
        v.preview_edit(ids["draft"], lines={1: {"unit_price": "7000"}}),
        _attempts(lambda: v.preview_edit(ids["open_purchase"], lines={1: {"quantity": 9}})),
        _attempts(lambda: v.preview_edit(ids["invoice"], reference="x")),
    ],
    "quote_line": lambda v, ids: [
        v.quote_line("A", 2, customer="ACME", unit_price="7000"),
        v.quote_line("KIT", 2),
        v.quote_line("A", 1, document=ids["draft"]),
        _attempts(
            lambda: v.quote_line("A", 2, supplier="VISCO"),
            lambda: v.quote_line("A", 2, type="purchase_order"),
            lambda: v.quote_line("A", 2, document=ids["open_purchase"]),
        ),
    ],
}

SESSION: dict[str, Door] = {
    "put": lambda s, ids: _attempts(
        lambda: s.put("item", [{"code": "A", "name": "x", "cost": "-1"}]),
        lambda: s.put(
            "price",
            [
                {
                    "step": "purchase_price",
                    "supplier": "VISCO",
                    "item": "A",
                    "currency": "EUR",
                    "value": "1",
                }
            ],
        ),
        lambda: s.put(
            "price",
            [
                {
                    "code": "mine",
                    "step": "purchase_price",
                    "supplier": "VISCO",
                    "item": "A",
                    "currency": "EUR",
                    "value": "2",
                }
            ],
        ),
        lambda: s.put("customer", [{"code": "NEW", "name": "New"}]),
    ),
    "set_deal_state": lambda s, ids: _attempts(
        lambda: s.set_deal_state("HALLE", "closed"), lambda: s.set_deal_state("HALLE", "won")
    ),
    "create": lambda s, ids: [
        s.create("quotation", customer="ACME", lines=[*LOW, {"item": "A", "quantity": 1}]),
        s.create("purchase_order", supplier="VISCO", lines=[{"item": "A", "quantity": 7}]),
        s.create("invoice", customer="ACME", deal="HALLE", lines=[{"item": "A", "quantity": 1}]),
        _attempts(lambda: s.create("sales_order", customer="ACMEE", lines=LOW)),
    ],
    "edit": lambda s, ids: [
        s.edit(ids["draft"], lines={1: {"unit_price": "7000"}}),
        s.edit(ids["open_purchase"], lines={1: {"quantity": 2}}),
        _attempts(lambda: s.edit(ids["invoice"], reference="x")),
    ],
    "fire": lambda s, ids: [
        _attempts(
            lambda: s.fire(ids["sent"], "refuse"),
            lambda: s.fire(ids["dear"], "post"),
            lambda: s.fire(ids["low"], "send"),
        ),
        s.fire(ids["draft"], "send"),
        s.fire(ids["open_purchase"], "confirm"),
        s.fire(ids["dear"], "approve", ask={"reason": "r"}),
        s.fire(ids["dear"], "post"),
        s.fire(ids["count"], "post"),
        s.fire(ids["sent"], "refuse", override={"earns": "so be it", "each_earns": "so be it"}),
    ],
    "fire_many": lambda s, ids: [
        s.fire_many([ids["sent"], ids["draft"], ids["low"]], "refuse"),
        s.fire_many([ids["sent"], ids["low"]], "send"),
    ],
    "plan": lambda s, ids: _attempts(
        lambda: s.plan(ids["draft"], "send"),
        lambda: s.plan(ids["sent"], "refuse"),
        lambda: s.plan(ids["open_purchase"], "confirm"),
        lambda: s.plan(ids["low"], "send"),
        lambda: s.plan(ids["dear"], "approve", ask={"reason": "r"}),
    ),
    "derive": lambda s, ids: [
        s.derive(ids["open_order"], "purchase_order"),
        s.derive(ids["note"], "customer_return"),
        s.derive(ids["invoice"], "credit_note"),
        s.derive(ids["offer"], "purchase_order"),
        s.derive(ids["agreed"]),
        _attempts(
            lambda: s.derive(ids["receipt"], "supplier_return"),
            lambda: s.derive(ids["receipt2"], "supplier_invoice"),
            lambda: s.derive(ids["quotation"]),
            lambda: s.derive(ids["invoice"]),
        ),
    ],
    "pay": lambda s, ids: [
        s.pay("ACME", "100"),
        s.pay(supplier="VISCO", amount="50"),
        _attempts(
            lambda: s.pay(supplier="VISCO", amount="1", early_payment=True, allocate=[ids["bill"]])
        ),
    ],
    "allocate": lambda s, ids: _attempts(
        lambda: s.allocate(ids["payment"], [ids["bill"]]),
        lambda: s.allocate(ids["payment"], [ids["invoice"]]),
    ),
    "delete": lambda s, ids: _attempts(
        lambda: s.delete(ids["draft"]),
        lambda: s.delete(ids["invoice"]),
        lambda: s.delete(ids["bill"]),
    ),
    "retry_messages": lambda s, ids: _attempts(lambda: s.retry_messages(["f" * 32])),
    "adjust_stock": lambda s, ids: _attempts(
        lambda: s.adjust_stock("A", -1),
        lambda: s.adjust_stock("A", 1, cost="x"),
        lambda: s.adjust_stock("A", -99999),
    ),
    "count": lambda s, ids: _attempts(lambda: s.count(items=["A"]), lambda: s.count("mian")),
    "document": lambda s, ids: _of(ALL, s.document, ids),
    "flush": lambda s, ids: s.flush(),
    **{name: VIEWS[name] for name in ("preview", "preview_edit", "quote_line")},
}

SPHINX: dict[str, Callable[[Shop, Actor], Any]] = {
    "run": lambda shop, actor: [
        shop.app.run(name, actor=actor, dry_run=True)
        for name in ("expiry", "reservations", "invoicing", "rebates", "replenishment")
    ],
}
NO_ACTOR = {
    "open": "makes the product; nobody acts yet",
    "migrate": "the host's",
    "seal": "counts entries",
    "sealed": "the same",
    "verify": "the host's",
    "mark_exported": "gives a number",
    "session": "SESSION",
    "reader": "VIEWS",
    "do": "SESSION",
    "prices": "compiled rules, for this library",
    "purchase_prices": "compiled rules, for this library",
}
FILES: dict[str, Callable[[Shop, Actor], Any]] = {
    "export_file": lambda shop, actor: _attempts(
        lambda: export_file(shop.app, "fec", FIRST, LAST, actor=actor)
    ),
    "export_batch": lambda shop, actor: _attempts(
        lambda: export_batch(shop.app, "fec", 1, actor=actor)
    ),
    "export_years": lambda shop, actor: _attempts(
        lambda: [
            path.read_bytes()
            for path in export_years(
                shop.app, "fec", Path(str(shop.app.engine.url.database)).parent / "out", actor=actor
            )
        ]
    ),
    "render_html": lambda shop, actor: _rendered(shop, actor),
}


def _records(views: Views) -> list[str]:
    """The ids under which the audit log keeps records: a host learns them from its own tables."""
    from sphinx_lib.store import master

    return [row.id for _, row in master.records(views.unit.connection, views.unit.company)]


def _rendered(shop: Shop, actor: Actor) -> list[Any]:
    with shop.app.reader(actor=actor) as views:
        return _of(ALL, lambda one: render_html(views.document(one)), shop.ids)


class _Undone(Exception):
    """Takes back what a command of the table did."""


def _reads(shop: Shop, actor: Actor, door: Door) -> list[str]:
    with shop.app.reader(actor=actor) as views:
        return list(said(door(views, shop.ids)))


def _commands(shop: Shop, actor: Actor, door: Door) -> list[str]:
    found: list[str] = []
    try:
        with shop.app.session(actor=actor) as session:
            found = list(said(door(session, shop.ids)))
            raise _Undone
    except _Undone:
        return found


DOORS: dict[str, Callable[[Shop, Actor], list[str]]] = {
    **{
        f"views.{name}": lambda shop, actor, door=door: _reads(shop, actor, door)
        for name, door in VIEWS.items()
    },  # type: ignore[misc]
    **{
        f"session.{name}": lambda shop, actor, door=door: _commands(shop, actor, door)
        for name, door in SESSION.items()
    },  # type: ignore[misc]
    **{
        name: lambda shop, actor, door=door: list(said(door(shop, actor)))
        for name, door in {**SPHINX, **FILES}.items()
    },  # type: ignore[misc]
}

TELL = {
    "views.document",
    "views.documents",
    "views.ids",
    "views.sources",
    "views.results",
    "views.supplier",
    "views.comparison",
    "views.deal",
    "views.counted",
    "views.stock_rows",
    "views.stock_value",
    "views.stock_moves",
    "views.line_values",
    "views.price",
    "views.items",
    "views.known_items",
    "views.history",
    "views.entries",
    "views.entries_of",
    "views.preview",
    "views.preview_edit",
    "views.quote_line",
    "views.find",
    "session.create",
    "session.edit",
    "session.fire",
    "session.fire_many",
    "session.plan",
    "session.derive",
    "session.document",
    "session.preview",
    "session.preview_edit",
    "session.quote_line",
    "run",
    "export_file",
    "export_years",
    "render_html",
}
"""The doors through which somebody with the right sees costs."""


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, Shop]]:
    """Two shops that differ in what things cost."""
    folder = tmp_path_factory.mktemp("planted")
    found = open_planted(folder, ONE, "one"), open_planted(folder, OTHER, "other")
    yield found
    for shop in found:
        shop.app.engine.dispose()


def planted() -> list[str]:
    """The planted figures in each writing: exact and rounded, with a point and with a comma."""
    figures = [Decimal(text) for text in ONE]
    cost = Decimal(ONE.cost)
    figures += [
        cost * 2,
        cost * 3,
        cost * 20,
        24000 - cost * 2,
        12000 - cost,
        cost * 100 / 80,
        Decimal(ONE.bought) * 3,
    ]
    texts = {
        f"{way(one).normalize():f}"
        for one in figures
        for way in (lambda n: n, lambda n: n.quantize(Decimal("0.01"), ROUND_HALF_UP))
    }
    return sorted(
        {*texts, *(text.replace(".", ",") for text in texts)}
        - {text for text in texts if "." not in text}
    )


@pytest.mark.parametrize("door", DOORS)
def test_who_may_not_see_costs_is_told_the_same_whatever_things_cost(
    shops: tuple[Shop, Shop], door: str
) -> None:
    one, other = (DOORS[door](shop, CLERK) for shop in shops)
    told = [text for text in one if any(figure in text for figure in planted())]
    assert told[:5] == []
    assert [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]][:5] == []
    assert len(one) == len(other)


@pytest.mark.parametrize("door", sorted(TELL))
def test_who_may_see_costs_is_told_of_them(shops: tuple[Shop, Shop], door: str) -> None:
    one, other = (DOORS[door](shop, BOSS) for shop in shops)
    assert one != other


def public(kind: type) -> set[str]:
    """What callers find on a class."""
    return {name for name, _ in inspect.getmembers(kind) if not name.startswith("_")} - {"unit"}


def test_every_public_method_has_a_row() -> None:
    fields = set(Sphinx.__dataclass_fields__)
    assert public(Views) == VIEWS.keys()
    assert public(Session) == SESSION.keys()
    assert public(Sphinx) - fields == (SPHINX.keys() | NO_ACTOR.keys()) - fields
    methods = {
        name
        for name, one in vars(DocumentView).items()
        if inspect.isfunction(one) and not name.startswith("_")
    }
    assert methods == VIEW_METHODS.keys()
