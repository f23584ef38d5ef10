"""Every column of every table, changed, is named by ``verify``; so is a row less and a row more, or a list says why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.store.filled import fill
from tests.store.tampering import NOT_PROVEN, Tamper, tables

COLUMNS = [(table, column.name) for table in tables() for column in table.columns]


@pytest.fixture(scope="module")
def tamper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tamper]:
    """A filled company in a file, in which nothing is wrong."""
    folder = tmp_path_factory.mktemp("proof")
    app = fill(f"sqlite:///{folder / 'filled.sqlite'}", folder)
    assert app.verify().faults == ()
    yield Tamper(app)
    app.engine.dispose()


def test_every_table_has_rows_and_every_column_says_something(tamper: Tamper) -> None:
    silent = [
        f"{table.name}.{name}"
        for table, name in COLUMNS
        if not any(row[name] not in (None, "") for row in tamper.rows[table.name])
    ]
    assert silent == ["outbox.holder"]  # nobody is sending


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda one: getattr(one, "name", one))
def test_a_changed_column_is_named(tamper: Tamper, table: Any, column: str) -> None:
    told = tamper.column(table, column)
    assert (told is None) != ((table.name, column) in NOT_PROVEN), told


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.name)
def test_a_row_less_and_a_row_more_are_named(tamper: Tamper, table: Any) -> None:
    rows = tamper.rows[table.name]
    some = {id(row): row for row in (rows[0], rows[len(rows) // 2], rows[-1])}.values()
    for sign, found in (("-", [tamper.less(table, row) for row in some]), ("+", [tamper.more(table)])):
        told = [one for one in found if one is not None]
        assert (not told) or (table.name, sign) in NOT_PROVEN, (sign, told[:3])


def test_the_walk_on_postgresql(postgres_database: str, tmp_path: Any) -> None:
    """One pass over all columns on the other database."""
    app = fill(postgres_database, tmp_path)
    assert app.verify().faults == ()
    tamper = Tamper(app)
    unseen = {
        (table.name, name): told
        for table, name in COLUMNS
        if (told := tamper.column(table, name)) is not None and (table.name, name) not in NOT_PROVEN
    }
    assert unseen == {}
    app.engine.dispose()
