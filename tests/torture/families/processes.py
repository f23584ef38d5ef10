"""Two to four processes with random commands on one shop at once: each command is done or refused, and all adds up."""

from __future__ import annotations

import os
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from sphinx_lib import Sphinx
from sphinx_lib.kernel.errors import SphinxError
from sphinx_lib.kernel.ports import QueuedMessage
from tests.forked import fork
from tests.store.support import ALICE, goods
from tests.torture.shop import CUSTOMERS, GOODS, new_shop, open_again, wrongs

NAME = "processes"
FRESH_AFTER = 10
IN_CI = 2
UNTIL = "2026-03-31"
COMMANDS_EACH = 6


class Attack:
    """A shop with a few orders, notes and invoices, on which processes work at once."""

    def __init__(self, url: str, seed: int) -> None:
        self.url = url
        self.app = new_shop(url)
        self.folder = tempfile.TemporaryDirectory(prefix="sphinx-lib-processes-")
        self.mails = Path(self.folder.name) / "mails"
        self.mails.touch()

    def close(self) -> None:
        self.app.engine.dispose()
        self.folder.cleanup()

    def attempt(self, random: Random) -> str | None:
        self._begin(random)
        self.app.engine.dispose()  # no connection may be open in two processes
        seeds = [random.getrandbits(64) for _ in range(random.randint(2, 4))]
        reading, writing = os.pipe()  # closed when all are there: then they begin together
        children = [fork(lambda seed=seed: self._work(seed, reading, writing)) for seed in seeds]
        os.close(reading)
        os.close(writing)
        try:
            told = [error for child in children for error in child.answer()]
        finally:
            for child in children:
                child.kill()  # what waits for ever
        found = [*told, *self._mails(), *wrongs(self.app)]
        return "\n".join(found) if found else None

    def _begin(self, random: Random) -> None:
        """Something that the processes will want to have at the same time; an hour later each time."""
        self.app.clock.at += timedelta(hours=1)  # type: ignore[attr-defined]
        with self.app.session(actor=ALICE) as s:
            for _ in range(3):
                _order(s, random)
            for _ in range(3):
                _note(s, random)
            s.create("invoice", customer=random.choice(CUSTOMERS), lines=_lines(random))
            s.fire(s.create("invoice", customer=random.choice(CUSTOMERS), lines=_lines(random)).id, "issue")

    def _work(self, seed: int, reading: int, writing: int) -> list[str]:
        """Commands in one process; what they raised that is none of the library's errors."""
        random = Random(seed)
        app = open_again(self.url, self.app.clock.now())
        os.close(writing)
        os.read(reading, 1)  # returns when the last one has closed its end
        told: list[str] = []
        for _ in range(COMMANDS_EACH):
            command = random.choice(COMMANDS)
            try:
                command(app, random, self.mails)
            except SphinxError:
                continue  # refused, or somebody else was faster
            except Exception:
                told.append(f"{command.__name__}: {traceback.format_exc()}")
        return told

    def _mails(self) -> list[str]:
        """Nobody was killed, so no mail went twice."""
        times = Counter(self.mails.read_text().split())
        return [f"mail {message} went out {count} times" for message, count in times.items() if count > 1]


# -- commands --------------------------------------------------------------------------------------


def _lines(random: Random) -> list[dict[str, Any]]:
    items = random.sample(GOODS, random.randint(1, 3))
    return [{"item": item, "quantity": random.randint(1, 9)} for item in items]


def _order(s: Any, random: Random) -> str:
    made = s.create("quotation", customer=random.choice(CUSTOMERS), lines=_lines(random))
    s.fire(made.id, "send")
    s.fire(made.id, "accept", ask={"channel": "mail", "person": "D."})
    return s.derive(made.id, "sales_order").documents[0].id  # type: ignore[no-any-return]


def _note(s: Any, random: Random) -> str:
    return s.create("delivery_note", customer=random.choice(CUSTOMERS), lines=_lines(random)).id  # type: ignore[no-any-return]


def _one_of(app: Sphinx, random: Random, type_name: str, *states: str) -> str | None:
    """Any document in one of the states; the newest ones rather, which all are after."""
    with app.reader() as views:
        ids = views.ids(type=type_name, state=list(states))
    return random.choice(sorted(ids)[-4:]) if ids else None


def _derive(app: Sphinx, source: str | None, to: str, event: str | None = None) -> None:
    def work(s: Any) -> None:
        for made in s.derive(source, to).documents:
            if event:
                s.fire(made.id, event)

    if source:
        app.do(work, actor=ALICE)


def order(app: Sphinx, random: Random, mails: Path) -> None:
    app.do(lambda s: _order(s, random), actor=ALICE)


def deliver(app: Sphinx, random: Random, mails: Path) -> None:
    _derive(app, _one_of(app, random, "sales_order", "confirmed"), "delivery_note")


def deliver_a_part(app: Sphinx, random: Random, mails: Path) -> None:
    chosen = _one_of(app, random, "sales_order", "confirmed")
    if chosen:
        app.do(lambda s: s.derive(chosen, "delivery_note", quantities={1: 1}).documents[0].id, actor=ALICE)


def deliver_without_an_order(app: Sphinx, random: Random, mails: Path) -> None:
    app.do(lambda s: _note(s, random), actor=ALICE)


def invoice(app: Sphinx, random: Random, mails: Path) -> None:
    _derive(app, _one_of(app, random, "delivery_note", "shipped"), "invoice", "issue")


def draft_of_a_note(app: Sphinx, random: Random, mails: Path) -> None:
    _derive(app, _one_of(app, random, "delivery_note", "shipped"), "invoice")


def credit(app: Sphinx, random: Random, mails: Path) -> None:
    _derive(app, _one_of(app, random, "invoice", "issued", "part_paid"), "credit_note", "issue")


def edit_and_issue(app: Sphinx, random: Random, mails: Path) -> None:
    chosen, quantity = _one_of(app, random, "invoice", "draft"), random.randint(1, 9)

    def work(s: Any) -> None:
        s.edit(chosen, lines={1: {"quantity": quantity}})
        s.fire(chosen, "issue")

    if chosen:
        app.do(work, actor=ALICE)


def cancel(app: Sphinx, random: Random, mails: Path) -> None:
    type_name, state = random.choice([("delivery_note", "shipped"), ("sales_order", "confirmed")])
    chosen = _one_of(app, random, type_name, state)
    if chosen:
        app.do(lambda s: s.fire(chosen, "cancel").state, actor=ALICE)


def pay(app: Sphinx, random: Random, mails: Path) -> None:
    chosen, amount = _one_of(app, random, "invoice", "issued", "part_paid"), random.randint(1, 200)
    if chosen is None:
        return
    with app.reader() as views:
        party = views.document(chosen).document.party
    app.do(lambda s: s.pay(party, amount, allocate=[chosen]).id, actor=ALICE)


def adjust(app: Sphinx, random: Random, mails: Path) -> None:
    app.do(lambda s: s.adjust_stock(random.choice(GOODS), random.randint(1, 5)), actor=ALICE)


def put(app: Sphinx, random: Random, mails: Path) -> None:
    rows = [goods(item, cost=str(random.randint(1, 9)), supplier="VISCO") for item in GOODS[:2]]
    low = goods("LOW", supplier="VISCO", reorder={"minimum": random.randint(1, 50), "maximum": 60})
    app.do(lambda s: s.put("item", [*rows, low]), actor=ALICE)


def run_invoicing(app: Sphinx, random: Random, mails: Path) -> None:
    app.run("invoicing", until=UNTIL)


def run_replenishment(app: Sphinx, random: Random, mails: Path) -> None:
    app.run("replenishment")


def run_outbox(app: Sphinx, random: Random, mails: Path) -> None:
    def sender(row: QueuedMessage) -> str:
        with mails.open("a") as file:
            file.write(f"{row.id}\n")
        time.sleep(random.uniform(0, 0.002))
        return "sent"

    app.run("outbox", sender=sender)


def seal(app: Sphinx, random: Random, mails: Path) -> None:
    with suppress(SphinxError):
        app.seal()


COMMANDS: list[Callable[[Sphinx, Random, Path], None]] = [
    order, deliver, deliver, deliver_a_part, deliver_without_an_order, invoice, invoice, draft_of_a_note, credit,
    edit_and_issue, cancel, pay, adjust, put, run_invoicing, run_invoicing, run_replenishment, run_outbox, run_outbox,
    seal,
]  # fmt: skip
