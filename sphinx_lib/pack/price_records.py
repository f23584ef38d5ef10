"""The price records of all layers, YAML and CSV: the last layer that knows a code says what holds (§18.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from itertools import chain
from typing import NamedTuple

from sphinx_lib.kernel.conditions import Condition, Formula, conditions_of
from sphinx_lib.kernel.errors import Problem
from sphinx_lib.kernel.master import PriceRecord
from sphinx_lib.pack.grammar import ExpressionError
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.overlay import find, locate
from sphinx_lib.pack.price_files import read_records
from sphinx_lib.pack.reader import Mark, Node, PriceFile
from sphinx_lib.pack.sheets import Sheet


class PriceSources(NamedTuple):
    """The price files of each layer, and by code the last layer whose YAML says something of a record."""

    files: tuple[tuple[int, PriceFile], ...] = ()
    yaml_layers: Mapping[str, int] = {}

    @classmethod
    def of(cls, layers: Sequence[tuple[Node, Sequence[PriceFile]]]) -> PriceSources:
        """The sources of layers, the first of which is number 0."""
        written: dict[str, int] = {}
        for number, (node, _) in enumerate(layers):
            records = find(node, ("records",))
            written |= dict.fromkeys(records.value if records and isinstance(records.value, dict) else (), number)
        return cls(tuple((number, file) for number, (_, files) in enumerate(layers) for file in files), written)


class _Source(NamedTuple):
    """Records from one place, a file or the YAML of a layer: active ones, and the origins of others by code.

    ``stem`` is that of the file; ``silent`` are those that only take out the record of another layer.
    """

    stem: str
    conditions: list[Condition]
    inactive: dict[str, str]
    silent: dict[str, str]

    def origins(self) -> dict[str, str]:
        """Where each record is written, by code."""
        return {**{one.code: one.origin for one in self.conditions}, **self.inactive, **self.silent}


class PriceRecords:
    """The records that hold, as the engine reads them.

    ``accesses`` are the accesses that records name, by code; ``problems`` and ``warnings`` is what was found while
    reading, ``digest`` stands for what the files say.
    """

    def __init__(self, model: PackModel, merged: Node, sources: PriceSources, formula: Callable[[str], Formula]) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.accesses = {code: record.access for code, record in model.records.items() if record.access}
        self._sheets: dict[str, Sheet] = {}
        self._rows: dict[str, list[int]] = {}
        self._replaced: list[str] = []
        by_layer: dict[int, list[_Source]] = defaultdict(list)
        in_yaml: dict[int, list[PriceRecord]] = defaultdict(list)
        for code, record in model.records.items():
            in_yaml[sources.yaml_layers.get(code, 0)].append(record)
        for layer, records in in_yaml.items():
            by_layer[layer].append(self._of_yaml(model, merged, records, formula))
        for layer, file in sources.files:
            by_layer[layer].append(self._of_file(model, file, formula))
        self.conditions = self._laid(by_layer)
        files = [f"{file.stem} {sha256(file.text.encode()).hexdigest()}" for _, file in sources.files]
        self.digest = "\n".join([*files, *sorted(self._replaced)])

    # -- reading ---------------------------------------------------------------------------------------------------------

    def _of_yaml(
        self, model: PackModel, merged: Node, records: Sequence[PriceRecord], formula: Callable[[str], Formula]
    ) -> _Source:
        found = _Source("", [], {}, {})
        for record in records:
            at = locate(merged, ("records", record.code), of_key=True)
            origin = f"{at.file}:{at.line}"
            step = model.price_steps.get(record.step)
            try:
                found.conditions.extend(conditions_of(record, formula, origin, step.scale.type if step else "from"))
            except ExpressionError as error:
                at = locate(merged, ("records", record.code, "formula"))
                path = f"records.{record.code}.formula"
                self.problems.append(Problem(at.file, at.line, at.column + error.column, path, error.message, error.hint))
            if not record.active:
                says_more = record.value is not None or record.rows or record.formula
                (found.inactive if says_more else found.silent)[record.code] = origin
        return found

    def _of_file(self, model: PackModel, file: PriceFile, formula: Callable[[str], Formula]) -> _Source:
        sheet = self._sheets[file.name] = Sheet(file)
        read = read_records(sheet, model.price_steps, formula)
        self.problems += sheet.problems
        self.accesses |= read.accesses
        self._rows |= read.rows
        return _Source(file.stem, read.conditions, read.inactive, read.silent)

    def _laid(self, by_layer: Mapping[int, Sequence[_Source]]) -> tuple[Condition, ...]:
        """The records of the last layer, and of each one before it those whose code no later layer has."""
        sources = [source for layer in by_layer.values() for source in layer]
        if len(sources) == 1 and not sources[0].silent:
            return tuple(sources[0].conditions)
        kept: list[list[Condition]] = []
        later: set[str] = set()
        silent: dict[str, str] = {}
        for layer in sorted(by_layer, reverse=True):
            here: dict[str, str] = {}
            for source in by_layer[layer]:
                origins = source.origins()
                self._report_twice(origins, here)
                kept.append([one for one in source.conditions if one.code not in later and one.code not in here])
                self._replaced += [f"{source.stem} {code}" for code in origins.keys() & later]
                here |= origins
            silent = {code: origin for code, origin in silent.items() if code not in here}
            for source in by_layer[layer]:
                silent |= {code: origin for code, origin in source.silent.items() if code not in later}
            later |= here.keys()
        for code, origin in silent.items():
            mark = self._place(origin, "active")
            message = f"nothing to take out: no layer before has the record {code!r}"
            self.warnings.append(Problem(mark.file, mark.line, mark.column, "active", message, "", warning=True))
        return tuple(chain.from_iterable(kept))

    def _report_twice(self, origins: Mapping[str, str], here: Mapping[str, str]) -> None:
        for code in here.keys() & origins.keys():
            mark = self._place(origins[code], "code")
            message = f"the record {code!r} stands at {here[code]} too"
            self.problems.append(Problem(mark.file, mark.line, mark.column, "", message, "take out one of the two"))

    # -- where a record is written ---------------------------------------------------------------------------------------

    @cached_property
    def _origins(self) -> dict[str, str]:
        return {one.code: one.origin for one in self.conditions}

    def mark(self, path: Sequence[str]) -> Mark | None:
        """Where a file says what ``path`` (records, code, field, row) names; none for what stands in YAML."""
        if len(path) < 2 or path[0] != "records":
            return None
        file, line = _split(self._origins.get(path[1], ":0"))
        if file not in self._sheets:
            return None
        field, row = (*path[2:4], "", "")[:2]
        if field == "rows":
            lines = self._rows.get(path[1], [])
            return self._sheets[file].mark(lines[int(row)] if row and int(row) < len(lines) else line, "value")
        return self._sheets[file].mark(line, field)

    def _place(self, origin: str, field: str) -> Mark:
        file, line = _split(origin)
        return self._sheets[file].mark(line, field) if file in self._sheets else Mark(file, line, 1)


def _split(origin: str) -> tuple[str, int]:
    file, _, line = origin.rpartition(":")
    return file, int(line)


def yaml_path(merged: Node, path: tuple[str, ...]) -> tuple[str, ...]:
    """``path`` of a record as it is written: its rows may stand below ``scale``."""
    if path[:1] == ("records",) and path[2:3] == ("rows",) and find(merged, (*path[:2], "scale", "rows")) is not None:
        return (*path[:2], "scale", *path[2:])
    return path


def spread(problems: Sequence[Problem], most: int) -> Iterator[Problem]:
    """``problems`` with at most ``most`` of each file, and how many more there are."""
    counted: dict[str, list[Problem]] = {}
    for problem in problems:
        counted.setdefault(problem.file, []).append(problem)
    for found in counted.values():
        yield from found[:most]
        if len(found) > most:
            last = found[most]
            yield Problem(last.file, last.line, 1, "", f"and {len(found) - most} more", "", last.warning)
