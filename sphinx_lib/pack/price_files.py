"""CSV files of price records, read column by column straight to what the engine reads (§18.2).

``prices/base.csv`` of a layer holds records of the step ``base``, one a line; each problem says file, line and column.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import repeat
from operator import is_not
from typing import Any, NamedTuple

from sphinx_lib.kernel.conditions import Condition, Formula, named
from sphinx_lib.kernel.master import KEY_FIELDS
from sphinx_lib.kernel.money import exact_decimal, plain_number
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.pricing_model import Step
from sphinx_lib.pack.sheets import Column, Sheet

BOUNDS = ("from", "to")
SCALES = ("from", "to", "interval")
BASES = ("quantity", "group_quantity", "value", "group_value", "weight", "group_weight")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_WHOLE = re.compile(r"-?\d{1,9}")
_WIDER = "write one line for each, or add a column from or to and give them bounds"
ONE = Decimal(1)


class FileRecords(NamedTuple):
    """What one file says: active records, and by code the origins of the others; ``silent`` ones say nothing more.

    ``accesses`` are the accesses that records name, by code; ``rows`` the lines of the rows of scales.
    """

    conditions: list[Condition]
    inactive: dict[str, str]
    silent: dict[str, str]
    accesses: dict[str, str]
    rows: dict[str, list[int]]


def columns_of(steps: Mapping[str, Step], formula: Callable[[str], Formula], *, comma: bool) -> dict[str, Column]:
    """The columns that a file may have; with ``comma`` numbers may have a decimal comma."""

    def number(text: str) -> Decimal:
        return exact_decimal(text.replace(",", ".") if comma and "." not in text else text)

    def above_zero(text: str) -> Decimal:
        found = number(text)
        if found <= 0:
            raise ValueError(f"{text} is not above zero")
        return found

    return {
        **dict.fromkeys((*key_names(steps), "step", "access", "currency", "unit"), Column(str)),
        **dict.fromkeys(("code", "item"), Column()),
        **dict.fromkeys(("value", *BOUNDS), Column(number, None)),
        "per": Column(above_zero, ONE),
        "formula": Column(formula, None),
        "scale": Column(_one_of(SCALES), ""),
        "basis": Column(_one_of(BASES), ""),
        **dict.fromkeys(("net", "gross"), Column(_flag, False)),
        "active": Column(_flag, True),
        "priority": Column(_whole, 0),
        **dict.fromkeys(("valid_from", "valid_to"), Column(_day, None)),
    }


def key_names(steps: Mapping[str, Step]) -> list[str]:
    """The names that keys of records may have: the usual ones and those of the schemas' accesses, in order."""
    own = (name for step in steps.values() for access in step.access.values() for name in access.key)
    return sorted({*KEY_FIELDS, *own})


def _one_of(names: Sequence[str]) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text not in names:
            raise ValueError(f"{text!r} is not one of {', '.join(names)}{did_you_mean(text, names)}")
        return text

    return convert


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"write true or false, not {text!r}")
    return text == "true"


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a whole number")
    return int(text)


def _day(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a date; write it as 2026-01-31")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text} is not a date: {error}") from None


def read_records(sheet: Sheet, steps: Mapping[str, Step], formula: Callable[[str], Formula]) -> FileRecords:
    """The records of a file; what is wrong with it is added to the sheet's problems, and those lines are left out."""
    columns = columns_of(steps, formula, comma=sheet.delimiter == ";")
    stem = sheet.file.stem
    sheet.check_header(tuple(columns))
    if not sheet.problems and "step" not in sheet.header and stem not in steps:
        hint = did_you_mean(stem, steps).removeprefix("; ") or f"known: {', '.join(steps)}"
        sheet.report(sheet.first, "", f"the file is called {stem!r}, but no step is, and it has no column step", hint)
    if sheet.problems:
        return FileRecords([], {}, {}, {}, {})
    sheet.read()
    return _Reading(sheet, steps, columns).records()


class _Reading:
    """The columns of a file on their way to records: ``values`` by name of column, ``keys`` and ``codes`` by line."""

    def __init__(self, sheet: Sheet, declared: Mapping[str, Step], columns: dict[str, Column]) -> None:
        self.sheet, self.declared = sheet, declared
        bad: set[int] = set()
        names = [name for name in sheet.header if name in columns]
        self.values = {name: sheet.converted(name, columns[name], bad) for name in names}
        self.numbers = sheet.numbers
        self.empty = {name: column.empty for name, column in columns.items()}
        self.key_names = [name for name in key_names(declared) if name in self.values]
        self._leave_out(bad)
        named_here = self.values.get("step")
        stem = sheet.file.stem
        self.steps = [step or stem for step in named_here] if named_here else [stem] * len(self.numbers)
        self.codes = self._codes()
        self.rows: dict[str, list[int]] = {}

    def _of(self, name: str) -> Sequence[Any]:
        return self.values[name] if name in self.values else [self.empty[name]] * len(self.numbers)

    def _at(self, name: str, at: int) -> Any:
        return self.values[name][at] if name in self.values else self.empty[name]

    def _leave_out(self, lines: set[int]) -> None:
        if lines:
            kept = [at for at in range(len(self.numbers)) if at not in lines]
            self.values = {name: [values[at] for at in kept] for name, values in self.values.items()}
            self.numbers = [self.numbers[at] for at in kept]

    def _codes(self) -> list[str]:
        """The code of each line: its own, else what its keys, currency, unit and dates say, in the order of names."""
        own = self.values.get("code")
        if own is not None and all(own):
            return own
        parts: list[Sequence[str]] = [self.steps]
        parts += [named(name, self.values[name]) for name in self.key_names]
        for name in ("currency", "unit", "valid_from", "valid_to"):
            values = self.values.get(name, ())
            known = list(set(values))
            said = dict(zip(known, named(name, known), strict=True))
            parts += [[said[value] for value in values]] if values else []
        lines = zip(*parts, strict=True)
        natural = list(map(" ".join, lines if all(map(all, parts)) else (filter(None, texts) for texts in lines)))
        return natural if own is None else [code or other for code, other in zip(own, natural, strict=True)]

    def records(self) -> FileRecords:
        """The records, one for each line or, where lines have bounds, for each code."""
        self._leave_out_if(self._faults_of_lines())
        bound = next((name for name in BOUNDS if name in self.values), None)
        if bound is None:
            scale: Any = (repeat(""), repeat(""), repeat(()))
            self._leave_out_if(self._twice())
        else:
            scale = self._scales(bound)
        made = self._conditions(*scale)
        accesses = {code: name for code, name in zip(self.codes, self._of("access"), strict=True) if name}
        if all(self._of("active")):
            return FileRecords(made, {}, {}, accesses, self.rows)
        off = [one for one, is_active in zip(made, self._of("active"), strict=True) if not is_active]
        return FileRecords(
            [one for one, is_active in zip(made, self._of("active"), strict=True) if is_active],
            {one.code: one.origin for one in off if _says_more(one)},
            {one.code: one.origin for one in off if not _says_more(one)},
            accesses,
            self.rows,
        )

    def _leave_out_if(self, faults: set[int]) -> None:
        if faults:
            self.codes = [code for at, code in enumerate(self.codes) if at not in faults]
            self.steps = [step for at, step in enumerate(self.steps) if at not in faults]
            self._leave_out(faults)

    def _conditions(self, scales: Any, bases: Any, rows: Any) -> list[Condition]:
        pairs = [zip(repeat(name), self.values[name], strict=False) for name in self.key_names]
        keys: list[Any] = list(zip(*pairs, strict=True)) if pairs else [()] * len(self.numbers)
        if any("" in self.values[name] for name in self.key_names):
            keys = [tuple([pair for pair in one if pair[1]]) for one in keys]
        origins = [f"{self.sheet.file.name}:{number}" for number in self.numbers]
        columns = (
            self.codes, self.steps, keys, self._of("value"), scales, bases, rows,
            *(self._of(name) for name in ("formula", "currency", "unit", "per", "net", "gross", "priority",
                                          "valid_from", "valid_to")), repeat(""), origins,
        )  # fmt: skip
        return list(map(tuple.__new__, repeat(Condition), zip(*columns, strict=False)))

    # -- what is wrong with lines ----------------------------------------------------------------------------------------

    def _faults_of_lines(self) -> set[int]:
        """Lines that say nothing, two things, or a period that ends before it starts."""
        faults: set[int] = set()
        said = zip(self._of("value"), self._of("formula"), self._of("active"), strict=True)
        doubtful = "formula" in self.values or not all(map(is_not, self._of("value"), repeat(None)))
        for at, (value, formula, active) in enumerate(said if doubtful else ()):
            if value is None and formula is None and active:
                self._report(faults, at, "value", "no value", "give a value or a formula, or active false to take it out")
            elif value is not None and formula is not None:
                self._report(faults, at, "formula", "both a value and a formula", "leave one of the two empty")
        if "valid_from" in self.values and "valid_to" in self.values:
            for at, (start, end) in enumerate(zip(self.values["valid_from"], self.values["valid_to"], strict=True)):
                if start and end and start > end:
                    self._report(faults, at, "valid_to", f"valid_from {start} is after valid_to {end}")
        return faults

    def _twice(self) -> set[int]:
        """Lines whose record stands on an earlier line."""
        faults: set[int] = set()
        if len(set(self.codes)) < len(self.codes):
            first: dict[str, int] = {}
            for at, code in enumerate(self.codes):
                line = first.setdefault(code, self.numbers[at])
                if line != self.numbers[at]:
                    self._report(faults, at, "code", f"the record {code!r} stands on line {line} too", _WIDER)
        return faults

    def _report(self, faults: set[int], at: int, field: str, message: str, hint: str = "") -> None:
        faults.add(at)
        self.sheet.report(self.numbers[at], field, message, hint)

    # -- scales ----------------------------------------------------------------------------------------------------------

    def _scales(self, bound: str) -> tuple[list[str], list[str], list[tuple[Any, ...]]]:
        """Lines of the same record become one, with a row for each; from then on there is one line for each record."""
        groups: dict[str, list[int]] = defaultdict(list)
        for at, code in enumerate(self.codes):
            groups[code].append(at)
        bounds, values = self.values[bound], self._of("value")
        firsts: list[int] = []
        scales: list[str] = []
        rows: list[tuple[Any, ...]] = []
        for code, lines in groups.items():
            if len(lines) == 1 and bounds[lines[0]] is None:
                firsts.append(lines[0])
                scales.append("")
                rows.append(())
                continue
            lines.sort(key=lambda at: (bounds[at] is None, ONE if bounds[at] is None else bounds[at]))
            found = len(self.sheet.problems)
            scale = self._type(bound, lines[0])
            self._check_scale(bound, lines)
            if len(self.sheet.problems) == found:
                firsts.append(lines[0])
                scales.append(scale)
                rows.append(tuple((bounds[at], values[at]) for at in lines))
                self.rows[code] = [self.numbers[at] for at in lines]
        basis, plain = self._of("basis"), [not row for row in rows]
        bases = ["" if alone else basis[at] for at, alone in zip(firsts, plain, strict=True)]
        self.codes, self.steps = [self.codes[at] for at in firsts], [self.steps[at] for at in firsts]
        self.numbers = [self.numbers[at] for at in firsts]
        self.values = {name: [column[at] for at in firsts] for name, column in self.values.items()}
        if "value" in self.values:
            said = zip(self.values["value"], plain, strict=True)
            self.values["value"] = [value if alone else None for value, alone in said]
        return scales, bases, rows

    def _type(self, bound: str, at: int) -> str:
        """How rows are read: as the line says, else as the step does, where that goes with the name of the column."""
        said = str(self._at("scale", at))
        step = self.declared.get(self.steps[at])
        fitting = ("from",) if bound == "from" else ("to", "interval")
        if said and said not in fitting:
            hint = f"call the column {'to' if bound == 'from' else 'from'}"
            self.sheet.report(self.numbers[at], "scale", f"bounds of a scale {said!r} are not in a column {bound!r}", hint)
        return said or (step.scale.type if step is not None and step.scale.type in fitting else fitting[0])

    def _check_scale(self, bound: str, lines: list[int]) -> None:
        """The lines of a record say the same but for bound and value; no bound twice, and one open end at most."""
        for name, column in self.values.items():
            for at in lines if name not in ("value", bound) else ():
                if column[at] != column[lines[0]]:
                    other = f"another {name} than line {self.numbers[lines[0]]}, which is the same record"
                    self.sheet.report(self.numbers[at], name, other, "a scale says everything on each of its lines")
        bounds, values = self.values[bound], self._of("value")
        for before, at in zip([-1, *lines], lines, strict=False):
            line = self.numbers[at]
            if values[at] is None and self._at("active", at):
                self.sheet.report(line, "formula", "a formula has no bounds", "give a value for each bound")
            elif bounds[at] is None and (bound == "from" or (before >= 0 and bounds[before] is None)):
                self.sheet.report(line, bound, f"no bound, as line {self.numbers[lines[0]]} of the same record has")
            elif before >= 0 and bounds[at] == bounds[before]:
                said = plain_number(bounds[at])
                self.sheet.report(line, bound, f"the bound {said} stands on line {self.numbers[before]} too")


def _says_more(one: Condition) -> bool:
    return one.value is not None or one.formula is not None or bool(one.rows)
