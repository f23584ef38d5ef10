"""Processes killed at any moment of a unit of work: it is there whole or not at all, and the same command finishes it.

The first unit of each kind is left alone, and says how many rows of which table it writes. The others are killed: before a
random statement, in the commit or right after it, or at a random moment. Then the database holds what it held before or
all that the first one wrote, and the same command under the same key makes it the latter, once.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import Engine, event

from sphinx_lib import Sphinx
from sphinx_lib.app import runs
from sphinx_lib.kernel.ports import QueuedMessage
from tests.forked import Killed, fork
from tests.store.support import ALICE, count_rows, goods, lines, statements
from tests.torture.shop import new_shop, open_again, wrongs

NAME = "kills"
FRESH_AFTER = 40
IN_CI = 8
UNTIL = "2026-03-31"
ASK = {"channel": "mail", "person": "Mme D."}
Prepare = Callable[[Sphinx, str], tuple[Any, ...]]
CarryOut = Callable[["Sphinx", str, tuple[Any, ...], Path], Any]


class Unit(NamedTuple):
    """Something to be killed: what it needs, how it is carried out, and whether that is one transaction."""

    prepare: Prepare
    carry_out: CarryOut
    whole: bool = True


# -- commands under a key --------------------------------------------------------------------------


def create(s: Any, key: str) -> str:
    return s.create("quotation", customer="ACME", lines=lines(2), reference=key).id  # type: ignore[no-any-return]


def put(s: Any, key: str) -> list[str]:
    rows = [goods(f"{key[:12]}-{n}", sale_price="12.50") for n in range(3)]
    return s.put("item", rows)  # type: ignore[no-any-return]


def adjust(s: Any, key: str) -> None:
    for n in (1, 2):
        s.adjust_stock(f"VIS-{n}", 3, reason=key)


def accept(s: Any, document: str) -> str:
    return s.fire(document, "accept", ask=ASK).state  # type: ignore[no-any-return]


def edit(s: Any, document: str) -> str:
    return str(s.edit(document, lines={1: {"quantity": 7}}).total_net)


def derive_note(s: Any, order: str) -> str:
    return s.derive(order, "delivery_note").documents[0].id  # type: ignore[no-any-return]


def issue(s: Any, invoice: str) -> str:
    s.fire(invoice, "issue")
    s.flush()
    return s.document(invoice).number  # type: ignore[no-any-return]


def pay(s: Any, invoice: str) -> str:
    return s.pay("ACME", "60", allocate=[invoice]).id  # type: ignore[no-any-return]


def whole_chain(s: Any, key: str) -> list[str]:
    """From the quotation to the issued invoice in one unit."""
    quotation = create(s, key)
    s.fire(quotation, "send")
    accept(s, quotation)
    order = s.derive(quotation, "sales_order").documents[0].id
    note = derive_note(s, order)
    invoice = s.derive(note, "invoice").documents[0].id
    issue(s, invoice)
    return [quotation, order, note, invoice]


def cancel(s: Any, note: str) -> str:
    return s.fire(note, "cancel").state  # type: ignore[no-any-return]


# -- what they need --------------------------------------------------------------------------------


def _key(app: Sphinx, key: str) -> tuple[Any, ...]:
    return (key,)


def _sent_quotation(app: Sphinx, key: str) -> tuple[Any, ...]:
    with app.session(actor=ALICE) as s:
        made = create(s, key)
        s.fire(made, "send")
    return (made,)


def _order(app: Sphinx, key: str) -> tuple[Any, ...]:
    (quotation,) = _sent_quotation(app, key)
    with app.session(actor=ALICE) as s:
        accept(s, quotation)
        return (s.derive(quotation, "sales_order").documents[0].id,)


def _note(app: Sphinx, key: str) -> tuple[Any, ...]:
    with app.session(actor=ALICE) as s:
        return (s.create("delivery_note", customer="ACME", lines=lines(2)).id,)


def _draft_invoice(app: Sphinx, key: str) -> tuple[Any, ...]:
    with app.session(actor=ALICE) as s:
        return (s.create("invoice", customer="ACME", lines=lines(1)).id,)


def _issued_invoice(app: Sphinx, key: str) -> tuple[Any, ...]:
    (invoice,) = _draft_invoice(app, key)
    with app.session(actor=ALICE) as s:
        issue(s, invoice)
    return (invoice,)


def _notes_to_invoice(app: Sphinx, key: str) -> tuple[Any, ...]:
    app.run("invoicing", until=UNTIL)
    with app.session(actor=ALICE) as s:
        for customer in ("BRUN", "BRUN", "ZED", "ZED"):
            s.create("delivery_note", customer=customer, lines=lines(1))
    return ()


def _item_to_reorder(app: Sphinx, key: str) -> tuple[Any, ...]:
    with app.session(actor=ALICE) as s:
        s.put("item", [goods(f"LOW-{key[:12]}", supplier="VISCO", reorder={"minimum": 5, "maximum": 9})])
    return ()


def _open_entries(app: Sphinx, key: str) -> tuple[Any, ...]:
    app.seal()
    return _sent_quotation(app, key)


def _three_mails(app: Sphinx, key: str) -> tuple[Any, ...]:
    app.run("outbox", sender=lambda row: "sent")
    for n in range(3):
        _sent_quotation(app, f"{key}{n}")
    return ()


# -- batches ---------------------------------------------------------------------------------------


def _invoice(app: Sphinx, key: str, given: tuple[Any, ...], sink: Path) -> None:
    """Each customer a unit of work of its own."""
    usual, runs.CHUNK = runs.CHUNK, 1
    try:
        app.run("invoicing", until=UNTIL)
    finally:
        runs.CHUNK = usual


def _seal(app: Sphinx, key: str, given: tuple[Any, ...], sink: Path) -> None:
    app.seal()


def _replenish(app: Sphinx, key: str, given: tuple[Any, ...], sink: Path) -> None:
    app.run("replenishment")


def _send(app: Sphinx, key: str, given: tuple[Any, ...], sink: Path) -> None:
    def sender(row: QueuedMessage) -> str:
        with sink.open("a") as file:
            file.write(f"{row.id}\n")
        return "sent"

    app.clock.at += timedelta(hours=1)  # type: ignore[attr-defined]  # leases have run out
    app.run("outbox", sender=sender)


def _under_key(work: Callable[..., Any]) -> CarryOut:
    def carry_out(app: Sphinx, key: str, given: tuple[Any, ...], sink: Path) -> Any:
        return app.do(work, *given, actor=ALICE, key=key)

    return carry_out


UNITS = {
    "create": Unit(_key, _under_key(create)),
    "put": Unit(_key, _under_key(put)),
    "adjust": Unit(_key, _under_key(adjust)),
    "chain": Unit(_key, _under_key(whole_chain)),
    "accept": Unit(_sent_quotation, _under_key(accept)),
    "edit": Unit(_draft_invoice, _under_key(edit)),
    "derive": Unit(_order, _under_key(derive_note)),
    "issue": Unit(_draft_invoice, _under_key(issue)),
    "pay": Unit(_issued_invoice, _under_key(pay)),
    "cancel": Unit(_note, _under_key(cancel)),
    "seal": Unit(_open_entries, _seal),
    "replenish": Unit(_item_to_reorder, _replenish),
    "invoicing": Unit(_notes_to_invoice, _invoice, whole=False),
    "outbox": Unit(_three_mails, _send, whole=False),
}


class Undisturbed(NamedTuple):
    """What a unit does when it is left alone: its statements, seconds, and rows written by table."""

    statements: int
    seconds: float
    written: dict[str, int]


class Attack:
    """A shop in which units of work are killed."""

    def __init__(self, url: str, seed: int) -> None:
        self.url = url
        self.app = new_shop(url)
        self.undisturbed: dict[str, Undisturbed] = {}
        self.folder = tempfile.TemporaryDirectory(prefix="sphinx-lib-kills-")

    def close(self) -> None:
        self.app.engine.dispose()
        self.folder.cleanup()

    def attempt(self, random: Random) -> str | None:
        name = random.choice(sorted(UNITS))
        key = f"{random.getrandbits(128):032x}"
        if name not in self.undisturbed:
            self.undisturbed[name] = self._leave_alone(UNITS[name], f"a{key}")
        attempt = Kill(self, name, f"b{key}", random)
        wrong = attempt.wrong()
        return f"{name}, {attempt.told}: {wrong}" if wrong else None

    def sink(self, key: str) -> Path:
        """Where the mails of a unit go."""
        return Path(self.folder.name) / key

    def _leave_alone(self, unit: Unit, key: str) -> Undisturbed:
        given = unit.prepare(self.app, key)
        before = count_rows(self.app)
        began = time.perf_counter()
        with statements(self.app.engine) as seen:
            unit.carry_out(self.app, key, given, self.sink(key))
        took = time.perf_counter() - began
        return Undisturbed(len(seen), took, _more(before, count_rows(self.app)))


class Kill:
    """One unit that is killed, and done again."""

    def __init__(self, attack: Attack, name: str, key: str, random: Random) -> None:
        self.app, self.url, self.key, self.random = attack.app, attack.url, key, random
        self.name, self.unit, self.alone, self.sink = name, UNITS[name], attack.undisturbed[name], attack.sink(key)
        self.told = "not killed yet"

    def wrong(self) -> str | None:
        """What does not hold; None when all does."""
        given = self.unit.prepare(self.app, self.key)
        before = count_rows(self.app)
        self._kill(given)
        left, written = _more(before, count_rows(self.app)), self.alone.written
        if self.unit.whole and left not in ({}, written):
            return f"half done: {left} of {written}"
        if found := wrongs(self.app):
            return f"after the kill: {found}"
        return self._again(given, before)

    def _again(self, given: tuple[Any, ...], before: dict[str, int]) -> str | None:
        """The same command until it is done, and once more."""
        answers = []
        for last in (False, True):
            answers.append(self.unit.carry_out(self.app, self.key, given, self.sink))
            done = _more(before, count_rows(self.app))
            if done != self.alone.written and (self.unit.whole or last):  # what a dead sender held is sent later
                return f"repeated, it wrote {done} in place of {self.alone.written}"
        if answers[0] != answers[1]:
            return f"it answered {answers[0]!r}, then {answers[1]!r}"
        return self._mails() or (f"after the repetition: {found}" if (found := wrongs(self.app)) else None)

    def _mails(self) -> str | None:
        """All three went out, one of them perhaps twice: that which the process had in hand."""
        if self.name != "outbox":
            return None
        times = sorted(Counter(self.sink.read_text().split()).values())
        if times not in ([1, 1, 1], [1, 1, 2]):
            return f"mails went out so many times: {times}"
        with self.app.reader() as views:
            waiting = views.outbox()
        return f"mails still wait: {waiting}" if waiting else None

    def _kill(self, given: tuple[Any, ...]) -> None:
        """Do it in a process that is killed; a quarter of the time by the clock, else at a statement."""
        self.app.engine.dispose()  # no connection may be open in two processes
        at: int | None = self.random.randrange(self.alone.statements + 2)
        share = self.random.random()
        self.told = f"killed at statement {at} of {self.alone.statements}"
        if self.random.random() < 0.25:
            self.told, at = f"killed after {share:.3f} of its time", None
        reading, writing = os.pipe()
        child = fork(lambda: self._die(given, at, writing))
        os.close(writing)
        os.read(reading, 1)
        os.close(reading)
        if at is None:
            time.sleep(share * self.alone.seconds)
            child.kill()
        try:
            with suppress(Killed):
                child.answer()
        finally:
            child.kill()  # what waits for ever

    def _die(self, given: tuple[Any, ...], at: int | None, ready: int) -> None:
        app = open_again(self.url, self.app.clock.now())
        if at is not None:
            _kill_at(app.engine, at, self.alone.statements)
        os.write(ready, b".")
        self.unit.carry_out(app, self.key, given, self.sink)
        os.kill(os.getpid(), signal.SIGKILL)


def _kill_at(engine: Engine, at: int, count: int) -> None:
    """Kill this process before statement ``at``, in the commit when that is ``count``, after it when it is more."""
    seen = 0

    def before_statement(*_: Any) -> None:
        nonlocal seen
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1

    event.listen(engine, "before_cursor_execute", before_statement)
    if at == count:
        event.listen(engine, "commit", lambda _: os.kill(os.getpid(), signal.SIGKILL) if seen >= at else None)


def _more(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """How many rows came to each table, but for a series, which begins when its first number is given, and for what units
    of work take turns at, which is there once somebody asked for it."""
    counted = after.keys() - {"sequences", "claims"}
    return {table: after[table] - before[table] for table in counted if after[table] != before[table]}
