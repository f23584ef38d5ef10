"""A database that revision 0006 wrote: it verifies after the upgrade, and from then on every column of it is covered."""

from __future__ import annotations

import lzma
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sphinx_lib import Sphinx
from sphinx_lib.store.engine import open_engine
from sphinx_lib.store.schema import migrate
from sphinx_lib.store.tables import audit_log, metadata
from tests.store.filled import FIELDS
from tests.store.support import ALICE, FixedClock, count_rows, faults, overlay
from tests.store.tampering import NOT_PROVEN, Tamper

WRITTEN_BEFORE = Path(__file__).parent / "databases" / "revision_0006.sql.xz"
"""The company of ``filled.fill``, as the code before revision 0007 wrote it."""
LATER = datetime(2026, 4, 1, 8, tzinfo=UTC)
ADOPTED = (
    "accounting_entries", "allocations", "commands", "documents", "document_lines", "outbox", "packs", "parties",
    "sequences", "stock_moves", "stock_values",
)  # fmt: skip


@pytest.fixture
def upgraded(tmp_path: Path) -> Iterator[Sphinx]:
    """The old database, brought up to date."""
    file = tmp_path / "old.sqlite"
    connection = sqlite3.connect(file)
    connection.executescript(lzma.decompress(WRITTEN_BEFORE.read_bytes()).decode())
    connection.close()
    engine = open_engine(f"sqlite:///{file}")
    migrate(engine)
    engine.dispose()
    app = Sphinx.open(["base", overlay(tmp_path, FIELDS)], f"sqlite:///{file}", clock=FixedClock(LATER))
    app.migrate()
    yield app
    app.engine.dispose()


def test_what_an_earlier_release_wrote_verifies_and_is_worked_on(upgraded: Sphinx) -> None:
    assert faults(upgraded) == []
    with upgraded.engine.connect() as connection:
        recipes = list(connection.scalars(select(audit_log.c.recipe)))
    assert recipes.count(1) == 58
    assert 2 in recipes
    before = count_rows(upgraded)
    upgraded.migrate()
    assert count_rows(upgraded) == before
    with upgraded.reader() as views:
        order = views.ids(type="sales_order", state="confirmed")[0]
    with upgraded.session(actor=ALICE) as s:
        s.fire(order, "close", ask={"reason": "enough"})
        s.put("customer", [{"code": "ACME", "name": "Acme"}])
    assert faults(upgraded) == []


def test_an_entry_of_an_earlier_recipe_that_was_altered_is_named(upgraded: Sphinx) -> None:
    tamper = Tamper(upgraded)
    for row in [one for one in tamper.rows["audit_log"] if one["recipe"] == 1][::9]:
        for column in ("payload", "actor", "recorded_at", "recipe", "hash"):
            assert tamper.column(audit_log, column, row) is None


@pytest.mark.parametrize("name", ADOPTED)
def test_what_was_adopted_is_covered(upgraded: Sphinx, name: str) -> None:
    tamper, table = Tamper(upgraded), metadata.tables[name]
    unseen: dict[str, Any] = {column.name: tamper.column(table, column.name) for column in table.columns}
    unseen["-"] = tamper.less(table)
    found = {key: told for key, told in unseen.items() if told and (name, key) not in NOT_PROVEN}
    assert found == {}
