"""Two at once, rules that break, and processes that are killed: one wins, the others are told, nothing is half done."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sphinx_lib import Extension, InputError, Refused, Sphinx
from sphinx_lib.kernel.errors import ConcurrentChange, GuardFailed, StockShort, TransitionRefused
from sphinx_lib.kernel.ports import Actor
from sphinx_lib.pack.specs import GuardSpec, Situation
from tests.store.support import (
    ALICE,
    D,
    FixedClock,
    accepted_quotation,
    at_once,
    chain,
    count_rows,
    document,
    draft_invoice,
    faults,
    goods,
    issue_invoice,
    lines,
    numbers,
    open_shop,
    overlay,
    raised,
)

ASK = {"channel": "web", "person": "Mme D."}
BOB = Actor("bob")


# -- two at once -----------------------------------------------------------------------------------


@pytest.mark.parametrize("by_key", [False, True], ids=["session", "do"])
def test_of_two_units_that_accept_one_quotation_at_once_one_wins_and_the_other_is_told(app: Sphinx, by_key: bool) -> None:
    with app.session(actor=ALICE) as s:
        quotation = s.create("quotation", customer="ACME", lines=lines())
        s.fire(quotation.id, "send")

    def accept(session: Any) -> str:
        return session.fire(quotation.id, "accept", ask=ASK).state  # type: ignore[no-any-return]

    def once() -> str:
        if by_key:
            return app.do(accept, actor=BOB)  # type: ignore[no-any-return]
        with app.session(actor=BOB) as s:
            return accept(s)

    results = at_once(once, once)
    (told,) = raised(results)
    assert "accepted" in results
    assert isinstance(told, TransitionRefused | ConcurrentChange)
    assert str(told) in (
        "quotation DE2026-00001: cannot 'accept' from 'accepted'; allowed: nothing",
        "somebody else changed quotation DE2026-00001 meanwhile; read it again",
    )
    if by_key:
        assert isinstance(told, TransitionRefused)
    with app.reader() as views:
        assert [entry.event for entry in views.history(quotation.id)].count("accept") == 1
    assert faults(app) == []


def test_of_two_units_that_read_before_either_wrote_the_second_is_told(postgres_database: str) -> None:
    """PostgreSQL: both have planned on the same version, so the one that writes later must not overwrite."""
    app = open_shop(postgres_database)
    quotation = accepted_quotation(app)
    said = "^somebody else changed quotation DE2026-00001 meanwhile; read it again$"
    with pytest.raises(ConcurrentChange, match=said), app.session(actor=ALICE) as late:
        late.derive(quotation.id, "sales_order")
        with app.session(actor=BOB) as early:
            early.derive(quotation.id, "sales_order")
    with app.reader() as views:
        assert len(views.ids(type="sales_order")) == 1
    assert faults(app) == []
    app.engine.dispose()


def test_eight_deliveries_of_the_last_pieces_never_go_below_zero(database_url: str) -> None:
    """K7 under the lock: what each guard read before is checked again when it is written."""
    app = open_shop(database_url, stock=0)
    with app.session(actor=ALICE) as s:
        s.put("item", [goods("RARE", negative_stock="forbid")])
        s.adjust_stock("RARE", 3)

    def ship() -> str:
        with app.session(actor=BOB) as s:
            return s.create("delivery_note", customer="ACME", lines=[{"item": "RARE", "quantity": 1}]).id

    results = at_once(*[ship] * 8)
    told = raised(results)
    assert len(told) == 5
    assert {type(one) for one in told} <= {GuardFailed, StockShort}
    for one in told:
        assert str(one) in (
            "delivery_note draft: 'ship' is refused: "
            "ligne 1 : RARE manque, 1 à livrer et 0 en stock (override: negative_stock)",
            "stock would fall below zero: RARE in main: -1 (delivery_note draft line 1)",
        )
    with app.reader() as views:
        assert views.stock("RARE").physical == 0
    assert faults(app) == []
    app.engine.dispose()


def test_an_item_that_never_was_in_stock_obeys_its_policy(database_url: str) -> None:
    """K7: without any stock row, item and warehouse still say what they forbid; the item goes before the warehouse."""
    app = open_shop(database_url)
    with app.session(actor=ALICE) as s:
        s.put("item", [goods("NEVER", negative_stock="forbid"), goods("FREE", negative_stock="allow"), goods("PLAIN")])
        s.put("warehouse", [{"code": "strict", "name": "Strict", "negative_stock": "forbid"}])
    for item, warehouse in (("NEVER", "main"), ("PLAIN", "strict")):
        with pytest.raises(GuardFailed, match=f"ligne 1 : {item} manque"), app.session(actor=BOB) as s:
            s.create("delivery_note", customer="ACME", lines=[{"item": item, "quantity": 1, "warehouse": warehouse}])
        with pytest.raises(StockShort, match=f"{item} in {warehouse}: -1"), app.session(actor=BOB) as s:
            s.adjust_stock(item, -1, warehouse=warehouse)
    with app.session(actor=BOB) as s:
        for item, warehouse in (("FREE", "strict"), ("PLAIN", "main")):
            s.create("delivery_note", customer="ACME", lines=[{"item": item, "quantity": 1, "warehouse": warehouse}])
    with app.reader() as views:
        assert views.stock("FREE", "strict").physical == -1
    app.engine.dispose()


def test_a_quantity_that_is_no_whole_part_of_the_stock_unit_is_reserved_and_delivered(database_url: str) -> None:
    """Kept in days, sold in hours: 10 hours are 10/7 of a day, and what is left of them is rounded to six places."""
    app = open_shop(database_url)
    with app.session(actor=ALICE) as s:
        s.put("item", [goods("HIRE", unit="day")])
        s.adjust_stock("HIRE", 100)
        made = s.create("quotation", customer="ACME", lines=[{"item": "HIRE", "quantity": 10, "unit": "hour"}])
        s.fire(made.id, "send")
        s.fire(made.id, "accept", ask=ASK)
        order = s.derive(made.id, "sales_order").documents[0]
    for _ in range(3):
        with app.session(actor=ALICE) as s:
            s.derive(order.id, "delivery_note", quantities={1: 3})
    with app.session(actor=ALICE) as s:
        s.derive(order.id, "delivery_note")
    with app.reader() as views:
        left = views.stock("HIRE")
    assert left.reserved == 0
    assert left.physical == D("98.571430")  # each note rounds its own part: 100 - 3 × 0.428571 - 0.142857
    assert faults(app) == []
    app.engine.dispose()


def test_eight_threads_with_two_commands_a_unit_on_shared_rows_never_wait_for_each_other_crosswise(
    postgres_database: str,
) -> None:
    """Architecture 4.17: locks are taken once, at the end, in one order. Plain sessions: a deadlock would be seen."""
    app = open_shop(postgres_database)
    orders = [chain_to_order(app).id for _ in range(16)]

    def work(turn: int) -> list[str]:
        told = []
        mine = random.Random(turn)
        for step in range(6):
            try:
                with app.session(actor=BOB) as s:
                    items = ["VIS-1", "VIS-2", "VIS-3"]
                    mine.shuffle(items)
                    given = [{"item": item, "quantity": 1} for item in items]
                    first = s.create("invoice", customer="ACME", lines=given)
                    s.fire(first.id, "issue")
                    if step % 2:
                        s.create("delivery_note", customer="ACME", lines=given)
                    else:
                        pair = mine.sample(orders, 2)
                        s.derive(pair, "delivery_note", quantities=parts_of(s, pair))
                    s.put("item", [goods(item, cost=str(mine.randrange(1, 9))) for item in items])
            except (ConcurrentChange, InputError, Refused) as error:
                told.append(type(error).__name__)
        return told

    results = at_once(*[lambda turn=turn: work(turn) for turn in range(8)])
    assert raised(results) == []
    assert faults(app) == []
    issued = numbers(app)
    assert issued == [f"FA2026-{n:05}" for n in range(1, len(issued) + 1)]
    app.engine.dispose()


def test_master_records_put_crosswise_by_eight_threads_never_wait_for_each_other_crosswise(
    postgres_database: str,
) -> None:
    app = open_shop(postgres_database, items=30)

    def work(turn: int) -> list[str]:
        mine, told = random.Random(turn), []
        for price in range(8):
            rows = [goods(f"VIS-{n}", sale_price=str(10 * turn + price + 1)) for n in range(1, 31)]
            mine.shuffle(rows)
            try:
                with app.session(actor=BOB) as s:
                    s.put("item", rows)
            except ConcurrentChange as error:
                told.append(str(error))
        return told

    results = at_once(*[lambda turn=turn: work(turn) for turn in range(8)])
    assert raised(results) == []
    told = {text for texts in results for text in texts}
    assert told <= {"somebody else changed the same item meanwhile; put it again"}
    assert faults(app) == []
    app.engine.dispose()


def chain_to_order(app: Sphinx) -> Any:
    quotation = accepted_quotation(app, 3, 50)
    with app.session(actor=ALICE) as s:
        return s.derive(quotation.id, "sales_order").documents[0]


def parts_of(session: Any, ids: Iterable[str]) -> dict[str, int]:
    return {line.id: 1 for one in ids for line in session.document(one).lines}


# -- rules that break ------------------------------------------------------------------------------


def broken(situation: Situation, parameters: object) -> Iterator[Any]:
    """A guard of the host with a bug; it lets the first line through."""
    if situation.document.reference == "bug":
        raise RuntimeError("the host's guard has a bug")
    return iter(())


BROKEN = """
guards:
  hosts_rule: {use: hosts_rule, message: {en: the host says no}}
document_types:
  invoice:
    states:
      issued: {requires: [hosts_rule]}
"""


@pytest.fixture
def hosted(database_url: str, tmp_path: Path) -> Iterator[Sphinx]:
    rules = Extension(guards=[GuardSpec("hosts_rule", broken)])
    app = open_shop(database_url, config=["base", overlay(tmp_path, BROKEN)], extensions=[rules])
    yield app
    app.engine.dispose()


def test_a_guard_that_raises_passes_through_unwrapped_and_nothing_is_half_done(hosted: Sphinx) -> None:
    before = count_rows(hosted)
    with pytest.raises(RuntimeError, match="^the host's guard has a bug$") as error, hosted.session(actor=BOB) as s:
        s.put("item", [goods("NEW")])
        first = draft_invoice(s)
        s.fire(first.id, "issue")
        s.flush()
        s.fire(draft_invoice(s, reference="bug").id, "issue")
    assert type(error.value) is RuntimeError
    assert error.value.__cause__ is None
    assert count_rows(hosted) == before
    assert issue_invoice(hosted).number == "FA2026-00001"
    assert faults(hosted) == []


def test_a_guard_that_raises_is_no_refusal_of_one_document_of_a_batch(hosted: Sphinx) -> None:
    """fire_many goes on after a refusal; a bug is no refusal and takes the whole batch back."""
    with hosted.session(actor=BOB) as s:
        drafts = [draft_invoice(s).id, draft_invoice(s, reference="bug").id, draft_invoice(s).id]
    with pytest.raises(RuntimeError), hosted.session(actor=BOB) as s:
        s.fire_many(drafts, "issue")
    assert [document(hosted, one).state for one in drafts] == ["draft"] * 3
    assert numbers(hosted) == []


def test_a_guard_that_raises_is_not_tried_again_and_leaves_the_key_free(hosted: Sphinx) -> None:
    calls: list[int] = []

    def issue(session: Any, reference: str) -> str:
        calls.append(1)
        made = draft_invoice(session, reference=reference)
        session.fire(made.id, "issue")
        return str(made.id)

    with pytest.raises(RuntimeError):
        hosted.do(issue, "bug", actor=BOB, key="k")
    assert len(calls) == 1
    assert document(hosted, hosted.do(issue, "fine", actor=BOB, key="k")).state == "issued"


# -- killed processes ------------------------------------------------------------------------------

MONTHLY = """
import sys
from datetime import UTC, datetime
from sphinx_lib import Sphinx
from sphinx_lib.app import runs

class Clock:
    def now(self):
        return datetime(2026, 4, 1, 8, tzinfo=UTC)

runs.CHUNK = 4  # so that the run is many units of work
app = Sphinx.open(database_url=sys.argv[1], clock=Clock())
print("ready", flush=True)
sys.stdin.readline()
app.run("invoicing", until="2026-03-31", progress=lambda done, total: print(done, total, flush=True))
print("finished", flush=True)
"""


def start_run(url: str, script: Path) -> subprocess.Popen[str]:
    """A process that stands ready to begin the monthly run."""
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, str(script), url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def kill_after(process: subprocess.Popen[str], chunks: int, delay: float) -> None:
    """SIGKILL some chunks and a moment after the beginning: in the middle of a unit of work, mostly."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    for _ in range(chunks):
        process.stdout.readline()
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_monthly_run_killed_in_the_middle_is_finished_by_the_same_run(database_url: str, tmp_path: Path) -> None:
    """48 notes of 24 customers. After each kill: no invoice half written, numbers without gap, every chain valid."""
    app = open_shop(database_url, clock=FixedClock(datetime(2026, 3, 20, 8, tzinfo=UTC)))
    customers = [f"C-{n:02}" for n in range(24)]
    with app.session(actor=ALICE) as s:
        s.put("customer", [{"code": code, "name": code, "country": "FR"} for code in customers])
        for code in customers * 2:
            s.create("delivery_note", customer=code, lines=lines(2, 1))
    script = tmp_path / "monthly.py"
    script.write_text(MONTHLY, encoding="utf-8")
    seen = [0]
    moments = random.Random(20260401)
    for chunks in (0, 1, 2, 1):
        kill_after(start_run(database_url, script), chunks, moments.uniform(0.001, 0.03))
        seen.append(check_whole(app))
    assert 0 < seen[-1] < 24, "the kills came too early or too late to mean anything"
    assert seen == sorted(seen)
    app.clock.at = datetime(2026, 4, 1, 9, tzinfo=UTC)  # type: ignore[attr-defined]
    report = app.run("invoicing", until="2026-03-31")
    assert len(report.made) == 24 - seen[-1]
    assert report.skipped == []
    assert check_whole(app) == 24
    with app.reader() as views:
        notes = views.documents(views.ids(type="delivery_note"))
        assert {view.document.state for view in notes} == {"invoiced"}
    assert app.run("invoicing", until="2026-03-31").made == []
    app.engine.dispose()


def check_whole(app: Sphinx) -> int:
    """Every invoice has its lines, its number, its entries; every note is invoiced whole or not at all."""
    with app.reader() as views:
        invoices = views.documents(views.ids(type="invoice"))
        for view in invoices:
            assert (view.document.state, len(view.document.lines), view.document.total_net) == ("issued", 4, 40)
            assert sum(entry.debit - entry.credit for entry in views.entries_of(view.document.id)) == 0
            assert len(views.entries_of(view.document.id)) == 3
        billed = sum(view.document.state == "invoiced" for view in views.documents(views.ids(type="delivery_note")))
    assert billed == 2 * len(invoices)
    assert numbers(app) == [f"FA2026-{n:05}" for n in range(1, len(invoices) + 1)]
    assert faults(app) == []
    return len(invoices)


def test_a_whole_chain_was_written_by_each_of_eight_threads(app: Sphinx) -> None:
    results = at_once(*[lambda: chain_of(app)] * 8)
    assert raised(results) == []
    assert numbers(app) == [f"FA2026-{n:05}" for n in range(1, 9)]
    with app.reader() as views:
        assert views.stock("VIS-1").physical == 1000 - 8 * 5
        assert views.customer("ACME").balance == 8 * 60
    assert faults(app) == []


def chain_of(app: Sphinx) -> dict[str, str]:
    return chain(app)
