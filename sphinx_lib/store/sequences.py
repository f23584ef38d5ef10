"""Numbering series: one row each, taken under its lock at the end of a unit of work (NU1, architecture 4.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from sphinx_lib.store.tables import sequences

Series = tuple[str, str]


class Wanted(NamedTuple):
    """How many numbers a unit of work takes from a series, and the last date among their documents."""

    numbers: int
    last_date: date
    start: int = 1


class Taken(NamedTuple):
    """The first of the numbers taken, the date of the last one before, and the hash of the last issue before."""

    first: int
    previous_date: date | None
    previous_hash: str


_s = sequences.c


def _build(dialect: Any) -> Any:
    statement = dialect.insert(sequences)
    return statement.on_conflict_do_update(
        index_elements=["company_id", "name", "period"],
        set_={
            "last": _s.last + statement.excluded.last - statement.excluded.start + 1,
            "previous_date": _s.last_date,
            "last_date": statement.excluded.last_date,
        },
    ).returning(_s.name, _s.period, _s.last, _s.previous_date, _s.last_hash)


_TAKE = {"postgresql": _build(postgresql), "sqlite": _build(sqlite)}


def take(connection: Connection, company: str, wanted: Mapping[Series, Wanted]) -> dict[Series, Taken]:
    """Take numbers from several series in one statement, rows locked in the order of their names.

    A series that does not exist yet starts at its ``start``. Nothing is committed here: an aborted unit of work
    gives its numbers back, so that there is no gap.
    """
    if not wanted:
        return {}
    rows = [
        {
            "company_id": company, "name": name, "period": period,
            "start": need.start, "last": need.start + need.numbers - 1, "last_date": need.last_date, "last_hash": "",
        }
        for (name, period), need in sorted(wanted.items())
    ]  # fmt: skip
    found: dict[Series, Taken] = {}
    for row in connection.execute(_TAKE[connection.dialect.name], rows):
        need = wanted[row.name, row.period]
        found[row.name, row.period] = Taken(row.last - need.numbers + 1, row.previous_date, row.last_hash)
    return found


_CHAIN = (
    update(sequences)
    .where(_s.company_id == bindparam("b_company"), _s.name == bindparam("b_name"), _s.period == bindparam("b_period"))
    .values(last_hash=bindparam("last_hash"))
)


def chain(connection: Connection, company: str, hashes: Mapping[Series, str]) -> None:
    """Keep the hash of the newest issue of each fiscal series, in the row that gives its numbers."""
    if hashes:
        rows = [
            {"b_company": company, "b_name": name, "b_period": period, "last_hash": value}
            for (name, period), value in sorted(hashes.items())
        ]
        connection.execute(_CHAIN, rows)


def all_series(connection: Connection, company: str) -> Sequence[Any]:
    """Every series of the company: name, period, last, last_date, last_hash."""
    return connection.execute(select(sequences).where(_s.company_id == company)).all()
