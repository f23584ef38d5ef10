"""A database as each earlier revision wrote it is migrated, verifies, is read, and the cycle goes on (D14).

The databases in ``upgrades/`` were written by the code of their time, on both databases.
"""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from sphinx_lib import Actor, Sphinx
from sphinx_lib.store.revision import HEAD, KNOWN
from tests.store.databases import base, execute
from tests.store.tables_made import difference
from tests.store.upgrades.__main__ import keyed

WRITTEN = Path(__file__).parent / "upgrades"
REVISIONS = sorted({path.name[:4] for path in WRITTEN.glob("*.sql.gz")})
ALICE = Actor("alice", {"exceed_credit", "negative_stock"})
ISSUED = ["FA2026-00001", "FA2026-00003"]  # the credit note between them takes from the same series


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
    app = Sphinx.open(base(), database_url, clock=Clock())
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
    """Those of the newest revision are written when the next one is begun; 0007 to 0012 came together."""
    together = {f"{number:04}" for number in range(7, 12)}
    assert set(KNOWN[:-1]) - together <= set(REVISIONS)


def test_what_was_written_verifies_is_read_and_goes_on(upgraded: Sphinx, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables are the declared ones, the next invoice has the next number, the open order is delivered, the key is known."""
    assert difference(upgraded.engine.url.render_as_string(hide_password=False)) == []
    with upgraded.engine.connect() as connection:
        assert connection.exec_driver_sql("select version_num from sphinx_lib_version").scalars().all() == [HEAD]
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
        assert (invoice.total_net, invoice.total_gross) == (Decimal("30.37"), Decimal("36.44"))
        assert invoice.balance < invoice.total_gross - Decimal("12.34")  # a payment, and a credit note
        order = max(views.ids(type="sales_order", state="confirmed"))  # nothing of the later one is delivered yet
    with upgraded.session(actor=ALICE) as session:
        session.fire(session.create("invoice", customer="ACME", lines=[{"item": "VIS-1", "quantity": "1"}]).id, "issue")
        note = session.derive(order, "delivery_note").documents[0]
        following = session.derive(note.id, "invoice").documents[0]
        session.fire(following.id, "issue")
    assert numbers(upgraded, "invoice") == [*ISSUED, "FA2026-00004", "FA2026-00005"]
    monkeypatch.setattr(keyed, "__module__", "__main__")  # as it was called when it was written
    known = upgraded.do(keyed, actor=ALICE, key="click-1")
    with upgraded.reader() as views:
        assert views.document(known).document.type == "quotation"
    upgraded.seal()
    assert faults(upgraded) == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_changed_line_of_an_earlier_revision_is_still_told(tmp_path: Path, revision: str) -> None:
    """Its digest knows nothing of the columns that came later, and is not taken when one of them holds something."""
    url = f"sqlite:///{tmp_path / 'shop.sqlite'}"
    load(url, revision)
    app = Sphinx.open(base(), url, clock=Clock())
    app.migrate()
    for change in ("reason = 'none'", "reason = '', text = 'Vis'"):
        execute(url, f"update document_lines set {change} where position = 2")
        assert any("its content is not what its last audit entry recorded" in fault for fault in faults(app))
    app.engine.dispose()
