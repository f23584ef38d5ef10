"""A database as each earlier revision wrote it is migrated, verifies, is read, and the cycle goes on (D14).

The databases in ``upgrades/`` were written by the code of their time, on both databases.
"""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sphinx_lib import Actor, Sphinx
from sphinx_lib.store.revision import HEAD
from tests.store.tables_made import difference
from tests.store.upgrades.__main__ import keyed

WRITTEN = Path(__file__).parent / "upgrades"
REVISIONS = sorted({path.name[:4] for path in WRITTEN.glob("*.sql.gz")})
ALICE = Actor("alice", {"exceed_credit", "negative_stock"})
ISSUED = ["FA2026-00001", "FA2026-00002"]


class Clock:
    """After everything that was written."""

    def now(self) -> datetime:
        return datetime(2026, 4, 1, 8, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres_template() -> str:
    """These tests begin without tables."""
    return "template1"


def load(url: str, revision: str) -> None:
    """The database as it was, into an empty one."""
    kind = "sqlite" if url.startswith("sqlite") else "postgresql"
    text = gzip.decompress((WRITTEN / f"{revision}.{kind}.sql.gz").read_bytes()).decode()
    if kind == "sqlite":
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.executescript(text)
        connection.close()
    else:
        with psycopg.connect(url.replace("+psycopg", "", 1)) as server:
            server.execute(text.encode())


@pytest.fixture(params=REVISIONS)
def upgraded(request: pytest.FixtureRequest, database_url: str) -> Iterator[Sphinx]:
    """A database of an earlier revision after ``migrate``."""
    load(database_url, request.param)
    app = Sphinx.open(["base"], database_url, clock=Clock())
    app.migrate()
    yield app
    app.engine.dispose()


def faults(app: Sphinx) -> list[str]:
    return [f"{fault.where}: {fault.what}" for fault in app.verify().faults]


def numbers(app: Sphinx, kind: str) -> list[str]:
    with app.reader() as views:
        found = [views.document(one).document.number for one in views.ids(type=kind)]
    return sorted(number for number in found if number)


def test_each_earlier_revision_is_kept() -> None:
    """Those of the newest revision are written when the next one is begun."""
    from sphinx_lib.store.revision import KNOWN

    assert set(KNOWN[:-1]) <= set(REVISIONS)


def test_the_tables_are_the_declared_ones(upgraded: Sphinx) -> None:
    assert difference(upgraded.engine.url.render_as_string(hide_password=False)) == []


def test_what_was_written_verifies_is_read_and_goes_on(upgraded: Sphinx) -> None:
    """The next invoice has the next number, the open order is delivered, the key is known."""
    assert faults(upgraded) == []
    assert numbers(upgraded, "invoice") == ISSUED
    with upgraded.reader() as views:
        for type_name in upgraded.pack.model.document_types:
            for one in views.ids(type=type_name):
                seen = views.document(one)
                assert seen.document.lines or seen.document.type == "payment"
                assert views.history(one)
        (first,) = (one for one in views.ids(type="invoice") if views.document(one).document.number == ISSUED[0])
        invoice = views.document(first).document
        assert (str(invoice.total_net), str(invoice.balance)) == ("30.37", _balance(invoice))
        assert str(views.customer("ACME").name) == "ACME SAS"
    with upgraded.session(actor=ALICE) as session:
        session.fire(session.create("invoice", customer="ACME", lines=[{"item": "VIS-1", "quantity": "1"}]).id, "issue")
        note = session.derive(_confirmed(upgraded, session), "delivery_note").documents[0]
        following = session.derive(note.id, "invoice").documents[0]
        session.fire(following.id, "issue")
    assert numbers(upgraded, "invoice") == [*ISSUED, "FA2026-00003", "FA2026-00004"]
    known = upgraded.do(keyed, actor=ALICE, key="click-1")
    with upgraded.reader() as views:
        assert views.document(known).document.type == "quotation"
    upgraded.seal()
    assert faults(upgraded) == []


def _balance(invoice: Any) -> str:
    return str(invoice.balance)


def _confirmed(app: Sphinx, session: Any) -> str:
    with app.reader() as views:
        (order,) = views.ids(type="sales_order", state="confirmed")
    return order


def test_the_database_is_of_the_newest_revision_then(upgraded: Sphinx) -> None:
    with upgraded.engine.connect() as connection:
        assert connection.exec_driver_sql("select version_num from sphinx_lib_version").scalars().all() == [HEAD]
