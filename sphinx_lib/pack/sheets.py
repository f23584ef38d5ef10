"""A CSV file taken apart: delimiter, header, and the cells of each line, so that every problem says line and column."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sphinx_lib.kernel.errors import Problem
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.grammar import ExpressionError
from sphinx_lib.pack.reader import Mark, PriceFile

_AT_ONCE = 2_000


class Column(NamedTuple):
    """How the cells of a column are read: ``convert`` takes a text that is not empty, ``empty`` stands for the others.

    Without ``convert`` the texts are the values, and each line is taken to have its own.
    """

    convert: Callable[[str], Any] | None = None
    empty: Any = ""


class Sheet:
    """A file taken apart: the names of its columns, and the cells of each line that holds a record.

    ``numbers`` are the lines of the cells of every column; ``problems`` is all that was found wrong so far.
    """

    def __init__(self, file: PriceFile) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.lines = file.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        written = ((number, line) for number, line in enumerate(self.lines, 1) if line.strip() and line[0] != "#")
        self.first, header = next(written, (1, ""))
        self.delimiter = ";" if ";" in header else ","
        self.header = [name.strip() for name in next(csv.reader([header], delimiter=self.delimiter), [])]
        self.numbers: list[int] = []
        self.cells: list[list[str]] = [[] for _ in self.header]

    def check_header(self, columns: Sequence[str]) -> None:
        """Report a header that is missing or has names that are not known, or not once."""
        if not any(self.header):
            self.report(self.first, "", "this file has no header", "write the names of its columns first: item;value")
        for at, name in enumerate(self.header if any(self.header) else ()):
            if not name:
                hint = "name it; #note is a column for readers"
                self._report(self._start(self.first, at), "", f"column {at + 1} has no name", hint)
            elif name in self.header[:at]:
                self._report(self._start(self.first, at), name, f"the column {name!r} stands twice")
            elif name not in columns and not name.startswith("#"):
                hint = did_you_mean(name, columns).removeprefix("; ") or "a column for readers starts with #"
                self.report(self.first, name, f"unknown column {name!r}", hint)
        if "from" in self.header and "to" in self.header:
            self.report(self.first, "to", "a file has a column from or a column to, not both")

    def read(self) -> None:
        """Take in the lines below the header, some at a time so that little is held at once."""
        width = len(self.header)
        for start in range(self.first, len(self.lines), _AT_ONCE):
            rows = self._split(start, self.lines[start : start + _AT_ONCE])
            numbers = list(range(start + 1, start + len(rows) + 1))
            if {len(row) for row in rows} != {width} or not all(map(any, rows)):
                kept = [at for at, row in enumerate(rows) if any(row) and self._is_even(numbers[at], row, width)]
                rows, numbers = [rows[at] for at in kept], [numbers[at] for at in kept]
            self.numbers += numbers
            for cells, more in zip(self.cells, zip(*rows, strict=True), strict=False):
                cells += more

    def _split(self, start: int, lines: list[str]) -> list[list[str]]:
        """The cells of each of ``lines``, which follow line ``start``; none of a comment, nor where quotes do not close."""
        lines = ["" if line.startswith("#") else line for line in lines]
        try:
            rows = list(csv.reader(lines, delimiter=self.delimiter, strict=True))
        except csv.Error:
            rows = []
        if len(rows) == len(lines):
            return rows
        return [self._alone(number, line) for number, line in enumerate(lines, start + 1)]

    def _alone(self, number: int, line: str) -> list[str]:
        try:
            return next(csv.reader([line], delimiter=self.delimiter, strict=True), [])
        except csv.Error as error:
            self.report(number, "", f"not valid CSV: {error}", 'quotes inside a cell are doubled, "12"" pipe", on one line')
            return []

    def _is_even(self, number: int, row: list[str], width: int) -> bool:
        if len(row) != width:
            comma = "; between ',' a decimal comma makes two cells" if self.delimiter == "," else ""
            self.report(number, "", f"this line has {len(row)} cells, the header {width}{comma}")
        return len(row) == width

    def report(self, line: int, field: str, message: str, hint: str = "", offset: int = 0) -> None:
        """Add a problem of a line, in the column called ``field``, ``offset`` signs into its cell."""
        mark = self.mark(line, field)
        self._report(mark._replace(column=mark.column + offset), field, message, hint)

    def _report(self, mark: Mark, field: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(*mark, field, message, hint))

    def mark(self, line: int, field: str) -> Mark:
        """Where the cell of a column starts; the start of the line for a column that is not there."""
        return self._start(line, self.header.index(field) if field in self.header else 0)

    def _start(self, line: int, at: int) -> Mark:
        column, quoted = 1, False
        for place, sign in enumerate(self.lines[line - 1] if at else "", 2):
            quoted ^= sign == '"'
            at -= sign == self.delimiter and not quoted
            if not at:
                column = place
                break
        return Mark(self.file.name, line, column)

    def converted(self, name: str, column: Column, bad: set[int]) -> list[Any]:
        """The values of a column; each different text is read once. Lines with a wrong one are added to ``bad``.

        The texts are given up for the values.
        """
        place = self.header.index(name)
        cells, self.cells[place] = list(map(str.strip, self.cells[place])), []
        if column.convert is None:
            return cells
        known: dict[str, Any] = dict.fromkeys(cells)
        faults: dict[str, ValueError | ExpressionError] = {}
        for text in known:
            try:
                known[text] = column.convert(text) if text else column.empty
            except (ValueError, ExpressionError) as fault:
                faults[text], known[text] = fault, column.empty
        for at in (at for at, text in enumerate(cells) if text in faults) if faults else ():
            bad.add(at)
            found = faults[cells[at]]
            if isinstance(found, ExpressionError):
                self.report(self.numbers[at], name, found.message, found.hint, found.column)
            else:
                self.report(self.numbers[at], name, str(found))
        return list(map(known.__getitem__, cells))
