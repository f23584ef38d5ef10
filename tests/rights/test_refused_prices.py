"""Prices that guards refuse are on record by actor; a guard that asks for an approval answers
everybody alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from sphinx_lib import Actor, ConfigError, GuardFailed, InputError, Refused, Sphinx
from sphinx_lib.app.refused import RefusedPrices
from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.errors import TransitionRefused
from sphinx_lib.store.tables import audit_log, documents, seal_members
from tests.store.support import FixedClock, goods, open_shop, overlay

D = Decimal
SELLER = Actor("paul")
CHIEF = Actor("claire", {"see_margin", "approve_price"})
FLOOR = 'pricing: {guards: {achat: {min_price: "default(item.cost, 0)", on_fail: %s}}}\n'
APPROVED = """
guards:
  price_guards: {on_fail: approve}
document_types:
  quotation:
    states:
      to_approve: {label: {en: To approve}, waits_for: [price_guards], counts: planned}
    events:
      approve:  {from: to_approve, to: sent, right: approve_price}
      withdraw: {from: to_approve, to: draft}
  sales_order:
    states:
      to_approve: {label: {en: To approve}, waits_for: [price_guards], counts: planned}
    events:
      approve: {from: to_approve, to: confirmed, right: approve_price}
"""

EARNING = """
guards:
  earns:
    require: "default(margin_rate, 0) > 90"
    message: {en: "earns {margin_rate}, {total_cost}"}
document_types:
  quotation:
    events:
      cancel: {guards: [earns]}
      hurry: {from: draft, to: sent, when: margin > 9}
"""

Opened = Callable[..., Sphinx]


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Opened]:
    """A shop whose goods cost 7.65 and may not be sold below."""
    made = []

    def opened(on_fail: str, more: str = "") -> Sphinx:
        made.append(
            open_shop(
                database_url,
                config=["base", overlay(tmp_path, FLOOR % on_fail + more)],
                clock=FixedClock(),
            )
        )
        with made[-1].session() as s:
            s.put("item", [goods("VIS-1", cost="7.65"), goods("VIS-2", cost="7.65")])
        return made[-1]

    yield opened
    for app in made:
        app.engine.dispose()


def quoted(s: Any, price: str, item: str = "VIS-1") -> Document:
    return s.create(
        "quotation", customer="ACME", lines=[{"item": item, "quantity": 1, "unit_price": price}]
    )  # type: ignore[no-any-return]


def tried(app: Sphinx, work: Callable[[Any], Any], actor: Actor = SELLER) -> Exception | None:
    """What a unit of work of ``actor`` is refused with."""
    try:
        with app.session(actor=actor) as s:
            work(s)
    except Refused as error:
        return error
    except InputError as error:
        return error
    return None


def on_record(app: Sphinx, **asked: Any) -> RefusedPrices:
    with app.reader(actor=CHIEF) as views:
        return views.refused_prices(**asked)


def test_who_looks_for_a_cost_by_trying_prices_leaves_each_of_them_on_record(shop: Opened) -> None:
    app = shop("block")
    low, high = 0, 2000
    while high - low > 1:
        price = (low + high) // 2
        refused = tried(app, lambda s, p=price: quoted(s, f"{D(p) / 100}"))
        low, high = (price, high) if refused else (low, price)
    assert high == 765  # the oracle is there: eleven answers
    found = on_record(app)
    assert found.by_actor == {"paul": len(found.rows)}
    assert found.by_item == {("paul", "VIS-1"): len(found.rows)}
    assert {row.tried.price for row in found.rows} >= {D("7.64"), D("5.00")}
    assert all(
        row.tried.price < D("7.65") and row.tried.guard == "achat" and row.tried.party == "ACME"
        for row in found.rows
    )
    assert app.verify().faults == ()


def test_a_refused_price_is_kept_though_nothing_else_of_its_unit_of_work_is(shop: Opened) -> None:
    app = shop("block")
    with app.engine.connect() as connection:
        before = connection.scalar(select(func.count()).select_from(documents))
    with (
        pytest.raises(InputError, match="below the floor of guard 'achat'"),
        app.session(actor=SELLER) as s,
    ):
        quoted(s, "9")
        quoted(s, "7")
    with app.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(documents)) == before
    (row,) = on_record(app).rows
    assert (row.actor, row.at, row.tried.event, row.tried.type, row.tried.line) == (
        "paul",
        app.clock.now(),
        "enter",
        "quotation",
        1,
    )
    assert (row.tried.item, row.tried.price, row.tried.currency) == ("VIS-1", D(7), "EUR")


def test_so_it_is_when_the_caller_catches_the_refusal_and_goes_on(shop: Opened) -> None:
    app = shop("block")
    with app.session(actor=SELLER) as s:
        with pytest.raises(InputError):
            quoted(s, "7")
        kept = quoted(s, "9").id
    assert [row.tried.price for row in on_record(app).rows] == [D(7)]
    with app.reader() as views:
        assert views.document(kept).document.total_net == D("9.00")


def test_so_it_is_under_a_key_and_in_a_transaction_of_the_host(shop: Opened) -> None:
    app = shop("block")
    with pytest.raises(InputError):
        app.do(lambda s: quoted(s, "7").id, actor=SELLER, key="click-1")
    with (
        app.engine.begin() as connection,
        pytest.raises(InputError),
        app.session(actor=SELLER, connection=connection) as s,
    ):
        quoted(s, "6")
    assert [row.tried.price for row in on_record(app).rows] in ([D(7), D(6)], [D(6), D(7)])


@pytest.mark.parametrize("door", ["fire", "fire_many", "plan"])
def test_an_event_that_a_price_guard_refuses_leaves_a_record(shop: Opened, door: str) -> None:
    app = shop("approve")
    with app.session(actor=SELLER) as s:
        made = quoted(s, "7").id
        doors = {
            "fire": lambda: s.fire(made, "send"),
            "fire_many": lambda: s.fire_many([made], "send"),
            "plan": lambda: s.plan(made, "send"),
        }
        if door == "fire_many":
            assert isinstance(doors[door]().refused[made], GuardFailed)
        else:
            with pytest.raises(GuardFailed, match="…"):
                doors[door]()
    (row,) = on_record(app).rows
    assert (row.tried.document_id, row.tried.event, row.tried.guard, row.tried.price) == (
        made,
        "send",
        "achat",
        D(7),
    )


def test_guards_and_conditions_that_ask_for_a_margin_leave_one_too(shop: Opened) -> None:
    app = shop("warn", EARNING)
    with app.session(actor=SELLER) as s:
        made = quoted(s, "8").id
        with pytest.raises(GuardFailed, match="earns …, …$"):
            s.fire(made, "cancel")
        with pytest.raises(TransitionRefused, match="only when margin > 9"):
            s.fire(made, "hurry")
    found = {row.tried.event: (row.tried.guard, row.tried.price) for row in on_record(app).rows}
    assert found == {"cancel": ("earns", D("8.00")), "hurry": ("hurry", D("8.00"))}


def test_a_preview_answers_no_question_about_a_floor_made_of_costs_and_leaves_no_record(
    shop: Opened,
) -> None:
    app = shop("block")
    with app.session(actor=SELLER) as s:
        draft = quoted(s, "9").id
    told = []
    for price in ("7.64", "7.66"):
        with app.reader(actor=SELLER) as views, app.session(actor=SELLER) as s:
            line = [{"item": "VIS-1", "quantity": 1, "unit_price": price}]
            for doors in (views, s):
                previews = [
                    doors.preview("quotation", customer="ACME", lines=line),
                    doors.preview_edit(draft, lines=line),
                ]
                quote = doors.quote_line("VIS-1", 1, unit_price=price)
                told.append(
                    [
                        *(one.ok for one in previews),
                        *(line.failures for one in previews for line in one.lines),
                        quote.problems,
                        quote.failures,
                        [row.step for row in quote.line.trace],
                    ]
                )
    assert told[0] == told[1] == told[2] == told[3]
    with app.reader(actor=CHIEF) as views:
        assert views.quote_line("VIS-1", 1, unit_price="7.64").problems
    assert on_record(app).rows == ()


def test_who_reads_the_record_needs_the_right(shop: Opened) -> None:
    app = shop("block")
    tried(app, lambda s: quoted(s, "7"))
    tried(app, lambda s: quoted(s, "6", "VIS-2"), CHIEF)
    with (
        app.reader(actor=SELLER) as views,
        pytest.raises(Refused, match="takes the right 'see_margin'"),
    ):
        views.refused_prices()
    assert on_record(app).by_actor == {"paul": 1, "claire": 1}
    assert [row.tried.item for row in on_record(app, actor="claire").rows] == ["VIS-2"]
    assert len(on_record(app, since=app.clock.now()).rows) == 2


def test_a_record_that_is_changed_or_taken_out_is_found(shop: Opened) -> None:
    app = shop("block")
    tried(app, lambda s: quoted(s, "7"))
    tried(app, lambda s: quoted(s, "6"))
    app.seal()
    first, second = (row.id for row in on_record(app).rows)
    with app.engine.begin() as connection:
        connection.execute(
            update(audit_log).where(audit_log.c.document_id == first).values(actor="mallory")
        )
        connection.execute(delete(audit_log).where(audit_log.c.document_id == second))
        assert connection.scalar(
            select(func.count())
            .select_from(seal_members)
            .where(seal_members.c.document_id == second)
        )
    faults = {(fault.where, fault.what) for fault in app.verify().faults}
    assert (first, "audit entry 1 (refused_price) was altered") in faults
    assert (second, "audit entry 1, sealed, is gone") in faults


# -- guards that ask for an approval --------------------------------------------------------------


def answers(app: Sphinx, price: str, actor: Actor = SELLER) -> tuple[Document, Document]:
    """What somebody is given who enters a price and sends it."""
    with app.session(actor=actor) as s:
        made = quoted(s, price)
        return made, s.fire(made.id, "send")


def alike(document: Document) -> Document:
    """``document`` without ids, for comparison."""
    lines = tuple(line._replace(id="") for line in document.lines)
    return replace(document, id="", lines=lines)


def test_who_may_not_approve_is_answered_alike_whatever_the_price(shop: Opened) -> None:
    app = shop("approve", APPROVED)
    cost = iter(["7.65", "1"])
    found = []
    for each in cost:
        with app.session() as s:
            s.put("item", [goods("VIS-1", cost=each)])
        found.append([alike(one) for one in answers(app, "7")])
    assert found[0] == found[1]
    assert found[0][1].state == "to_approve"
    assert on_record(app).rows == ()
    assert app.verify().faults == ()


def test_who_may_approve_is_answered_and_goes_on_with_a_reason(shop: Opened) -> None:
    app = shop("approve", APPROVED)
    low, high = (answers(app, price)[0].id for price in ("7", "8"))
    with (
        app.session(actor=SELLER) as s,
        pytest.raises(TransitionRefused, match="needs the right 'approve_price'"),
    ):
        s.fire(low, "approve")
    with app.session(actor=CHIEF) as s:
        assert s.fire(high, "approve").state == "sent"
        with pytest.raises(GuardFailed, match="7 est sous 7.65"):
            s.fire(low, "approve")
        assert s.fire(low, "approve", override={"price_guards": "agreed"}).state == "sent"
    with app.session(actor=CHIEF) as s:
        assert s.fire(quoted(s, "8").id, "send").state == "sent"  # they need not ask anybody
    waiting = answers(app, "7")[1].id
    with app.session(actor=SELLER) as s:
        assert s.fire(waiting, "withdraw").state == "draft"


def test_other_guards_are_answered_before_it_waits_and_nothing_of_the_event_happens(
    shop: Opened,
) -> None:
    app = shop("approve", APPROVED)
    with app.session(actor=SELLER) as s:
        empty = s.create("quotation", customer="ACME", lines=[])
        with pytest.raises(GuardFailed):
            s.fire(empty.id, "send")
    made = answers(app, "7")[1]
    assert made.number is None
    with app.reader() as views:
        assert views.messages(made.id) == 0
        assert views.history(made.id)[-1].payload["to"] == "to_approve"


def test_only_prices_by_hand_wait_where_the_guard_says_so_and_copied_ones_had_their_approval(
    shop: Opened,
) -> None:
    app = shop(
        "approve",
        APPROVED.replace(
            "price_guards: {on_fail: approve}",
            "price_guards: {with: {lines: by_hand}, on_fail: approve}",
        ),
    )
    with app.session(actor=SELLER) as s:
        ruled = s.create("quotation", customer="ACME", lines=[{"item": "VIS-1", "quantity": 1}])
        assert s.fire(ruled.id, "send").state == "sent"
        s.fire(ruled.id, "accept", ask={"channel": "phone", "person": "D"})
        assert s.derive(ruled.id, "sales_order").documents[0].state == "confirmed"
        assert s.fire(quoted(s, "99").id, "send").state == "to_approve"


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (
            "guards: {price_guards: {on_fail: approve}}",
            "no state waits for the approval that guard 'price_guards' asks",
        ),
        (
            "guards: {price_guards: {on_fail: approve, override: null}}",
            "guards.price_guards.on_fail: nobody may approve",
        ),
        (
            "document_types: {quotation: {states: {draft: {waits_for: [price_guards]}}}}",
            "unknown guard that says on_fail: approve",
        ),
        (APPROVED + "      early: {from: draft, to: to_approve}\n", None),
        (
            APPROVED.replace(
                "waits_for: [price_guards], counts: planned}",
                "waits_for: [price_guards], counts: planned, final: true}",
                1,
            ),
            "a document that waits has no number and goes on",
        ),
        ("guards: {price_guards: {on_fail: aprove}}", "on_fail"),
    ],
)
def test_a_configuration_says_who_approves_and_where_documents_wait(
    tmp_path: Path, layer: str, said: str | None
) -> None:
    if said is None:
        Sphinx.open(["base", overlay(tmp_path, layer)]).engine.dispose()
        return
    with pytest.raises(ConfigError) as refused:
        Sphinx.open(["base", overlay(tmp_path, layer)])
    assert said in str(refused.value)


def test_a_field_that_is_filled_with_a_margin_and_shown_to_everybody_is_told(
    tmp_path: Path,
) -> None:
    field = "{type: number, optional: true, default: margin, label: {en: Earned}%s}"
    layer = f"document_types: {{quotation: {{fields: {{earned: {field}}}}}}}"
    app = Sphinx.open(["base", overlay(tmp_path, layer % "")])
    assert [str(one) for one in app.pack.warnings if "fields.earned.default" in str(one)]
    app.engine.dispose()
    kept = Sphinx.open(["base", overlay(tmp_path, layer % ", right: see_margin")])
    assert not [str(one) for one in kept.pack.warnings if "earned" in str(one)]
    kept.engine.dispose()
