"""Who may fire what: callers act as somebody of the company or as the customer, never as the clock
or the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sphinx_lib import Actor, InputError, Sphinx
from sphinx_lib.app.session import Session
from sphinx_lib.kernel.errors import TransitionRefused
from tests.store.support import ALICE, FixedClock, document, issue_invoice, lines, open_shop

Door = Callable[[Session, str, str, Any], Any]
DOORS: dict[str, Door] = {
    "fire": lambda s, one, event, by: s.fire(one, event, by=by),
    "fire_many": lambda s, one, event, by: s.fire_many([one], event, by=by),
    "plan": lambda s, one, event, by: s.plan(one, event, by=by),
}


@pytest.fixture
def app(database_url: str) -> Iterator[Sphinx]:
    app = open_shop(database_url, clock=FixedClock())
    yield app
    app.engine.dispose()


def sent(app: Sphinx) -> str:
    with app.session(actor=ALICE) as s:
        made = s.create("quotation", customer="ACME", lines=lines(), valid_until="2026-03-31")
        s.fire(made.id, "send")
        return made.id


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("by", ["engine", "clock", "derive", "", "User", None, 1, ["user"]])
def test_nobody_outside_acts_as_the_engine_or_the_clock(app: Sphinx, door: str, by: Any) -> None:
    invoice = issue_invoice(app)
    before = document(app, invoice.id)
    with (
        app.session(actor=ALICE) as s,
        pytest.raises(InputError, match="by: a command is given by 'user' or 'customer'"),
    ):
        DOORS[door](s, invoice.id, "cancel_by_credit", by)
    assert document(app, invoice.id) == before


@pytest.mark.parametrize("door", DOORS)
def test_what_the_clock_fires_is_fired_by_a_run(app: Sphinx, door: str) -> None:
    quotation = sent(app)
    app.clock.at = datetime(2026, 4, 1, 8, tzinfo=UTC)  # type: ignore[attr-defined]
    with (
        app.session(actor=ALICE) as s,
        pytest.raises(InputError, match="`app.run` fires what the clock fires"),
    ):
        DOORS[door](s, quotation, "expire", "clock")
    assert app.run("expiry", actor=Actor("night"), dry_run=True).made == [quotation]
    assert document(app, quotation).state == "sent"
    assert app.run("expiry", actor=Actor("night")).made == [quotation]
    with app.reader() as views:
        last = views.history(quotation)[-1]
    assert (last.event, last.actor, last.payload["by"]) == ("expire", "night", "clock")


def test_a_user_is_told_who_fires_an_event_that_is_not_theirs(app: Sphinx) -> None:
    quotation = sent(app)
    with (
        app.session(actor=ALICE) as s,
        pytest.raises(TransitionRefused, match="it is fired by clock"),
    ):
        s.fire(quotation, "expire")


def test_a_customer_fires_what_is_theirs_and_nothing_else(app: Sphinx) -> None:
    quotation = sent(app)
    with app.session(actor=Actor("portal")) as s:
        with pytest.raises(TransitionRefused, match="it is fired by user"):
            s.fire(quotation, "cancel", by="customer")
        asked = {"channel": "portal", "person": "Mme D."}
        assert s.fire(quotation, "accept", by="customer", ask=asked).state == "accepted"
