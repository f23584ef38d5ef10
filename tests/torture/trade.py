"""A shop in the middle of a day, and what its people may do next, each command a function of a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sphinx_lib import Sphinx
from tests.store.support import ALICE, goods, lines, open_shop

Ids = Mapping[str, str]
Command = Callable[[Any, Ids], Any]
"""Done in a unit of work of its own; what it answers holds no ids."""

ASK = {"channel": "phone", "person": "Mme D."}


def open_trade(url: str, **options: Any) -> tuple[Sphinx, dict[str, str]]:
    """A shop with one document in each state that a command below begins with, by a name of its own."""
    app = open_shop(url, **options)
    with app.session(actor=ALICE) as s:
        s.put("customer", [{"code": "LIMITED", "name": "Limited", "country": "FR", "credit_limit": "150"}])
        s.put("supplier", [{"code": "VISCO", "name": "Visco", "country": "FR"}])
        s.put("item", [
            goods("RARE", negative_stock="forbid"), goods("FEW", negative_stock="warn"),
            goods("STD", valuation="standard", cost="6"), goods("LAIT", tracking="lot", supplier="VISCO"),
            goods("LOW", supplier="VISCO", reorder={"minimum": 5, "maximum": 9}),
        ])  # fmt: skip
        for item, quantity in {"RARE": 5, "FEW": 5, "STD": 10}.items():
            s.adjust_stock(item, quantity)
        for lot in ("L1", "L2"):
            s.adjust_stock("LAIT", 4, lot=lot, expires="2026-12-31" if lot == "L1" else "2027-12-31")
        s.put("deal", [{"code": "D1", "name": "Deal 1"}])
    return app, _documents(app)


def _documents(app: Sphinx) -> dict[str, str]:
    ids: dict[str, str] = {}

    def quote(s: Any, name: str, given: list[dict[str, Any]], *events: str, **header: Any) -> None:
        ids[name] = s.create("quotation", customer="ACME", lines=given, **header).id
        for event in events:
            s.fire(ids[name], event, ask=ASK if event == "accept" else None)

    def made(s: Any, name: str, source: str, to: str, *events: str) -> None:
        ids[name] = s.derive(ids[source], to).documents[0].id
        for event in events:
            s.fire(ids[name], event)

    with app.session(actor=ALICE) as s:
        quote(s, "draft", lines(2))
        quote(s, "sent", lines(2), "send")
        quote(s, "accepted", lines(2), "send", "accept")
        few = [{"item": "FEW", "quantity": 5}]
        quote(s, "few 1", few, "send", "accept")
        quote(s, "few 2", few, "send", "accept")
        for name in ("credit 1", "credit 2"):
            given = [{"item": "VIS-3", "quantity": 10}]
            ids[name] = s.create("sales_order", customer="LIMITED", lines=given, reference=name).id
        quote(s, "ordered", lines(2), "send", "accept")
        made(s, "order", "ordered", "sales_order")
        ids["note"] = s.create("delivery_note", customer="ACME", lines=lines(2)).id
        ids["invoice draft"] = s.create("invoice", customer="ACME", lines=lines(1, 3)).id
        ids["invoice"] = s.create("invoice", customer="ACME", lines=lines(1, 4)).id
        s.fire(ids["invoice"], "issue")
        ids["payment"] = s.pay("ACME", "30", allocate=[]).id
        ids["purchase"] = s.create("purchase_order", supplier="VISCO", lines=[{"item": "VIS-1", "quantity": 8, "unit_price": "4"}]).id
        s.fire(ids["purchase"], "confirm")
        ids["count"] = s.create("stock_count", lines=[{"item": "VIS-2", "quantity": 990}]).id
        ids["count too"] = s.create("stock_count", lines=[{"item": "VIS-2", "quantity": 991}], reference="too").id
    return ids


def _state(document: Any) -> str:
    return f"{document.type} {document.state}"


def _derive(s: Any, source: str, to: str | None, event: str | None = None, **more: Any) -> str:
    found = s.derive(source, to, **more).documents
    done = [s.fire(one.id, event) if event else one for one in found]
    return ", ".join(_state(one) for one in done)


def _fire(name: str, event: str, **ask: Any) -> Command:
    return lambda s, ids: _state(s.fire(ids[name], event, ask=ask or None))


def _ship(item: str, quantity: int) -> Command:
    given = [{"item": item, "quantity": quantity}]
    return lambda s, ids: _state(s.create("delivery_note", customer="ACME", lines=given))


def _put(kind: str, *rows: Mapping[str, Any]) -> Command:
    return lambda s, ids: s.put(kind, list(rows))


COMMANDS: Mapping[str, Command] = {
    "edit reference": lambda s, ids: s.edit(ids["draft"], reference="A").reference,
    "edit a line": lambda s, ids: str(s.edit(ids["draft"], lines={1: {"quantity": 7}}).total_net),
    "edit all lines": lambda s, ids: str(s.edit(ids["draft"], lines=[{"item": "VIS-3", "quantity": 2}]).total_net),
    "send": _fire("draft", "send"),
    "accept": _fire("sent", "accept", **ASK),
    "refuse": _fire("sent", "refuse"),
    "revise": _fire("sent", "revise"),
    "order": lambda s, ids: _derive(s, ids["accepted"], "sales_order"),
    "cancel quotation": _fire("draft", "cancel"),
    "route 1": lambda s, ids: _derive(s, ids["few 1"], None),
    "route 2": lambda s, ids: _derive(s, ids["few 2"], None),
    "confirm 1": _fire("credit 1", "confirm"),
    "confirm 2": _fire("credit 2", "confirm"),
    "deliver": lambda s, ids: _derive(s, ids["order"], "delivery_note"),
    "deliver a part": lambda s, ids: _derive(s, ids["order"], "delivery_note", quantities={1: 2}),
    "invoice order": lambda s, ids: _derive(s, ids["order"], "invoice", "issue"),
    "cancel order": _fire("order", "cancel"),
    "close order": _fire("order", "close", reason="enough"),
    "invoice note": lambda s, ids: _derive(s, ids["note"], "invoice", "issue"),
    "cancel note": _fire("note", "cancel"),
    "return": lambda s, ids: _derive(s, ids["note"], "customer_return"),
    "issue": _fire("invoice draft", "issue"),
    "abandon": _fire("invoice draft", "abandon"),
    "credit": lambda s, ids: _derive(s, ids["invoice"], "credit_note", "issue"),
    "pay": lambda s, ids: _state(s.pay("ACME", "40", allocate=[ids["invoice"]])),
    "pay the oldest": lambda s, ids: _state(s.pay("ACME", "25")),
    "allocate": lambda s, ids: _state(s.allocate(ids["payment"], [ids["invoice"]])),
    "reject": _fire("payment", "reject"),
    "ship rare": _ship("RARE", 3),
    "ship few": _ship("FEW", 4),
    "ship standard": _ship("STD", 2),
    "ship a lot": _ship("LAIT", 3),
    "correct few": lambda s, ids: s.adjust_stock("FEW", -2, reason="broken"),
    "correct rare": lambda s, ids: s.adjust_stock("RARE", -3, reason="lost"),
    "receive": lambda s, ids: _derive(s, ids["purchase"], "goods_receipt", "receive"),
    "cancel purchase": _fire("purchase", "cancel"),
    "start count": _fire("count", "start"),
    "start count too": _fire("count too", "start"),
    "standard cost": _put("item", goods("STD", valuation="standard", cost="8")),
    "prices": _put("item", goods("VIS-1", sale_price="11"), goods("VIS-2", sale_price="12")),
    "credit limit": _put("customer", {"code": "LIMITED", "name": "Limited", "country": "FR", "credit_limit": "500"}),
    "new customer": _put("customer", {"code": "NEW", "name": "New", "country": "FR"}),
    "quote both": lambda s, ids: str(s.create("quotation", customer="ACME", lines=lines(2)).total_net),
    "close deal": lambda s, ids: s.set_deal_state("D1", "closed"),
    "order in deal": lambda s, ids: _state(s.create("sales_order", customer="ACME", lines=lines(1), deal="D1")),
}

RUNS: Mapping[str, Mapping[str, Any]] = {"invoicing": {"until": "2026-03-31"}, "replenishment": {}}


def perform(app: Sphinx, name: str, ids: Ids) -> str:
    """Do a command or a run; what came of it: its answer, or the words of its refusal."""
    from sphinx_lib.kernel.errors import SphinxError

    try:
        if name in RUNS:
            report = app.run(name, actor=ALICE, **RUNS[name])
            return f"made {len(report.made)}"
        return str(app.do(COMMANDS[name], ids, actor=ALICE))
    except SphinxError as error:
        return f"{type(error).__name__}: {error}"
