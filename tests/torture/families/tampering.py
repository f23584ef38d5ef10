"""Tampering: a row of a table, changed, taken out or copied; ``verify`` must name it. Then it is put back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Column

from sphinx_lib.kernel.document import ZERO
from tests.store.filled import fill
from tests.store.tampering import NOT_PROVEN, Row, Tamper, changed, tables

NAME = "tampering"


class Attack:
    """One filled company; each attempt is undone by the database itself."""

    def __init__(self, url: str, seed: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix=f"tampering-{seed}-")
        self._app = fill(url, Path(self._folder.name))
        self._tamper = Tamper(self._app)

    def attempt(self, random: Random) -> str | None:
        """Draw a table, a row, and what is done to it."""
        table = random.choice([one for one in tables() if self._tamper.rows[one.name]])
        row = random.choice(self._tamper.rows[table.name])
        what = random.choice(("-", "+", *([column.name for column in table.columns] * 2)))
        if (table.name, what) in NOT_PROVEN and _is_excused(what, row):
            return None
        if what == "-":
            told = self._tamper.less(table, row)
        elif what == "+":
            told = self._tamper.more(table, row)
        else:
            told = self._tamper.column(table, what, row, _another(random, table.c[what], self._tamper, row))
        return None if told is None else f"{table.name} {what} of {_short(row)}: {told}"

    def close(self) -> None:
        """Let the database and the folder go."""
        self._app.engine.dispose()
        self._folder.cleanup()


def _is_excused(what: str, row: Row) -> bool:
    """A row less is excused of a schedule only where it says nothing."""
    return what != "-" or "quantity" not in row or row["quantity"] == ZERO


def _another(random: Random, column: Column[Any], tamper: Tamper, row: Row) -> Any:
    """The value of another row where it may stand here, else one that is made up."""
    seen = [one[column.name] for one in tamper.rows[column.table.name] if one[column.name] not in (None, row[column.name])]
    is_unique = column.primary_key or column.name in ("number", "dedupe", "id")
    if seen and not is_unique and random.random() < 0.5:
        return random.choice(seen)
    return changed(row[column.name], column)


def _short(row: Row) -> str:
    return ", ".join(f"{name}={str(value)[:40]}" for name, value in list(row.items())[1:4])
