"""From YAML layers to a checked Pack: read, merge, validate, compile, cross-check; every finding is told at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from sphinx_lib.kernel.errors import ConfigError, Problem
from sphinx_lib.pack.approval_checks import check_approvals
from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.chain_checks import check_chain
from sphinx_lib.pack.checks import check_pack
from sphinx_lib.pack.expressions import Expression, ExpressionError, compile_expression
from sphinx_lib.pack.goods_checks import check_goods
from sphinx_lib.pack.label_checks import check_labels
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.numbers import Pattern
from sphinx_lib.pack.overlay import find, locate, merge, merge_nodes, to_plain
from sphinx_lib.pack.pack import Pack, Place, TypeKey
from sphinx_lib.pack.picking_checks import check_picking
from sphinx_lib.pack.places import of_prices, of_sections, of_type
from sphinx_lib.pack.price_checks import check_prices
from sphinx_lib.pack.price_records import PriceRecords, PriceSources, spread, yaml_path
from sphinx_lib.pack.reader import Mark, Node, PriceFile, links_out, read_layer, read_price_files
from sphinx_lib.pack.rebate_checks import check_rebates
from sphinx_lib.pack.record_checks import check_records, check_rivals, check_scales
from sphinx_lib.pack.scopes import (
    PriceExpressions,
    Scope,
    company_scope,
    document_scope,
    item_scope,
    line_scope,
    party_scope,
    stock_scope,
)
from sphinx_lib.pack.sight_checks import check_sight
from sphinx_lib.pack.specs import Specs
from sphinx_lib.pack.supply_checks import check_supply
from sphinx_lib.pack.tax_checks import check_deductible, check_taxes
from sphinx_lib.pack.terms_checks import check_terms
from sphinx_lib.pack.validation import findings_of
from sphinx_lib.pack.workflow_model import DocumentType

T = TypeVar("T")
REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = Path(__file__).resolve().parents[1]
MOST = 100
"""How many problems of one file are told."""


def shipped(name: str) -> Path:
    """A folder that ships with the library: ``config``, ``templates`` or ``demo``, from the wheel or the repository."""
    inside = PACKAGE / "base" / name
    return inside if inside.is_dir() else REPOSITORY / ("examples/demo" if name == "demo" else name)


def load_pack(layers: Sequence[str | Path | Node], specs: Specs, templates: Sequence[Path] = ()) -> Pack:
    """The pack made of ``layers``, later ones winning; ``"base"`` is the shipped configuration.

    Raises ConfigError with every problem found, each with file, line and column.
    """
    problems: list[Problem] = []
    read: list[tuple[Node, list[PriceFile]]] = []
    for layer in layers:
        node, found = (layer, []) if isinstance(layer, Node) else read_layer(_folder(layer), trusted=layer == "base")
        files, unread = ([], []) if isinstance(layer, Node) else read_price_files(_folder(layer))
        read.append((node, files))
        problems += [*found, *unread]
    for folder in templates:
        problems += links_out(folder, (".html", ".css"))
    nodes = [node for node, _ in read]
    merged, found = merge(nodes)
    problems += found
    if problems:
        raise ConfigError(_in_order(problems))
    return build_pack(merged, specs, (*templates, shipped("templates")), PriceSources.of(read), nodes)


def _folder(layer: str | Path) -> Path:
    return shipped("config") if layer == "base" else Path(layer)


def build_pack(
    merged: Node, specs: Specs, templates: Sequence[Path], sources: PriceSources, layers: Sequence[Node]
) -> Pack:
    """Validate, compile and cross-check one configuration, merged of ``layers``, with its price files."""
    model, types = _validated(merged)
    report = _Report(merged)
    expressions = _compiled(model, types, report)
    price_expressions = _compiled_prices(model, report)
    records = PriceRecords(model, merged, sources, price_expressions.formula)
    report.take(records)
    names = frozenset(file.name for folder in templates for file in folder.glob("*.html"))
    checks = (
        check_pack(model, types, specs, names),
        check_goods(model),
        check_picking(model, types),
        check_supply(model, types),
        check_chain(model, types),
        check_approvals(model, types),
        check_sight(types, expressions),
        check_labels(model, layers),
        check_taxes(model),
        check_deductible(model, expressions.get((("", ""), "company", model.taxes.deductible or ""))),
        check_rebates(model, types),
        check_terms(model, types),
        check_prices(model, types, price_expressions),
        check_records(model, records.conditions, records.accesses),
        check_rivals(model, records.conditions),
        check_scales(model, records.conditions),
    )
    for finding in chain.from_iterable(checks):
        report.add(finding)
    if report.errors:
        raise ConfigError(spread(_in_order(report.errors), MOST))
    patterns: dict[str, Pattern] = {}
    for name, numbering in model.numbering.items():
        patterns[name] = Pattern(numbering.pattern, numbering.reset)
        if numbering.revision:
            patterns[f"{name}.revision"] = Pattern(numbering.revision, numbering.reset)
    plain = json.dumps(to_plain(merged), sort_keys=True, ensure_ascii=False)
    return Pack(
        model=model,
        types=types,
        expressions=expressions,
        patterns=patterns,
        fingerprint=sha256((plain + records.digest).encode()).hexdigest(),
        merged=merged,
        price_expressions=price_expressions,
        warnings=tuple(spread(report.warnings, MOST)),
        conditions=records.conditions,
    )


class _Report:
    """Findings by path become problems with a place; each is told once, in the order in which it was found."""

    def __init__(self, merged: Node) -> None:
        self.merged = merged
        self.records: PriceRecords | None = None
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self._told: set[tuple[object, ...]] = set()

    def take(self, records: PriceRecords) -> None:
        """Add what was found while price files were read, and find the places of their records from now on."""
        self.records = records
        for problem in (*records.problems, *records.warnings):
            self._tell(problem)

    def add(self, finding: Finding, column: int = 0) -> None:
        written = yaml_path(self.merged, finding.path)
        mark, path = self.records.mark(finding.path) if self.records else None, finding.path[2:3]
        if mark is None:
            mark, path = locate(self.merged, written, of_key=finding.of_key), written
        where = ".".join(str(part) for part in path)
        place = (mark.file, mark.line, mark.column + column, where)
        self._tell(Problem(*place, finding.message, finding.hint, finding.warning, finding.facts))

    def _tell(self, problem: Problem) -> None:
        if problem[:-1] not in self._told:
            self._told.add(problem[:-1])
            (self.warnings if problem.warning else self.errors).append(problem)


def _validated(merged: Node) -> tuple[PackModel, dict[TypeKey, DocumentType]]:
    """The typed model and every type with each of its kinds laid over it."""
    problems: list[Problem] = []
    model = _try(lambda: PackModel.model_validate(to_plain(merged)), PackModel, merged, (), problems)
    types: dict[TypeKey, DocumentType] = {}
    if model is not None:
        for name, declared in model.document_types.items():
            types[name, ""] = declared
            for kind in declared.kinds:
                laid = _kind(merged, name, kind, problems)
                if laid is not None:
                    types[name, kind] = laid
    if problems or model is None:
        raise ConfigError(_in_order(problems))
    return model, types


def _kind(merged: Node, name: str, kind: str, problems: list[Problem]) -> DocumentType | None:
    path = ("document_types", name)
    whole = find(merged, path)
    partial = find(merged, (*path, "kinds", kind))
    if whole is None or partial is None or not isinstance(whole.value, dict):
        return None
    rest = {key: value for key, value in whole.value.items() if key != "kinds"}
    base = Node(rest, whole.mark, None, whole.key_marks)
    laid, found = merge_nodes(base, partial, path)
    problems += found
    return _try(
        lambda: DocumentType.model_validate(to_plain(laid)), DocumentType, laid, (*path, "kinds", kind), problems
    )


def _try(
    build: Callable[[], T], model: type[Any], node: Node, prefix: tuple[str, ...], problems: list[Problem]
) -> T | None:
    try:
        return build()
    except ValidationError as error:
        for finding in findings_of(error, model):
            mark: Mark = locate(node, finding.path, of_key=finding.of_key)
            path = ".".join(str(part) for part in (*prefix, *finding.path))
            problems.append(Problem(mark.file, mark.line, mark.column, path, finding.message, finding.hint))
        return None


def _compiled(
    model: PackModel, types: dict[TypeKey, DocumentType], report: _Report
) -> dict[tuple[TypeKey, Place, str], Expression]:
    found: dict[tuple[TypeKey, Place, str], Expression] = {}
    for key, declared in types.items():
        scopes = {"document": document_scope(model, declared), "line": line_scope(model, declared)}
        for written in of_type(model, declared):
            slot = (key, written.place, written.text)
            if slot in found:
                continue
            path: tuple[str, ...] = ("document_types", key[0], *written.path)
            scope = scopes[written.place]
            if written.path[0] == "states" and written.path[2] in ("stock", "counts_in"):
                scope = stock_scope(model, declared)
            if written.path[0] == "made_from" and written.path[1] in model.document_types:
                scope = line_scope(model, model.document_types[written.path[1]])
            try:
                found[slot] = compile_expression(written.text, scope, written.kind)
            except ExpressionError as error:
                report.add(Finding(_guard_path(model, path, written.path), error.message, error.hint), error.column)
    return found | _of_sections(model, types, report)


def _of_sections(
    model: PackModel, types: dict[TypeKey, DocumentType], report: _Report
) -> dict[tuple[TypeKey, Place, str], Expression]:
    """Expressions beside the document types; what is asked of documents is compiled for each kind of their type."""
    found: dict[tuple[TypeKey, Place, str], Expression] = {}
    for asked in of_sections(model):
        scopes: dict[TypeKey, Scope] = {key: document_scope(model, types[key]) for key in types if key[0] == asked.of_type}
        if asked.place != "document":
            of_place = {"party": party_scope, "item": item_scope, "company": company_scope}
            scopes = {("", ""): of_place[asked.place](model)}
        for key, scope in scopes.items():
            try:
                found[key, asked.place, asked.text] = compile_expression(asked.text, scope, asked.kind)
            except ExpressionError as error:
                report.add(Finding(asked.path, error.message, error.hint), error.column)
    return found


def _compiled_prices(model: PackModel, report: _Report) -> PriceExpressions:
    """The conditions and floors of the price schema; formulas are compiled where their records are read."""
    found = PriceExpressions(model)
    for path, text, kind in of_prices(model):
        try:
            found[text, kind]
        except ExpressionError as error:
            report.add(Finding(path, error.message, error.hint), error.column)
    return found


def _guard_path(model: PackModel, path: tuple[str, ...], below: tuple[str, ...]) -> tuple[str, ...]:
    """Where a guard's expression is written: in place, or under ``guards`` when only its name stands here."""
    start = 5 if below[4:5] == ("reasons",) else 3
    if len(below) >= start + 2 and below[start - 1] in ("requires", "guards", "reasons"):
        name, *rest = below[start:]
        if name in model.guards:
            return ("guards", name, *rest)
    return path


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    """As a reader of the files meets them."""
    return sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column))
