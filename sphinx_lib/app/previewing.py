"""Working out a document at each keystroke without writing it (S37, S48-S52).

Prices, VAT, port and totals come from the functions that enter documents. Nothing is added to the unit of work: no document,
no number, no message, no audit entry; the ids inside are counted from 1. What is wrong is told with the line that it is
about, while the others are priced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Unpack

from sphinx_lib.app import entering
from sphinx_lib.app.bringing import made_by_rule
from sphinx_lib.app.document_view import DocumentView, mentions_of
from sphinx_lib.app.foot_input import promised, refuse_other_prices, refuse_too_much
from sphinx_lib.app.gate import checked_with
from sphinx_lib.app.header import Header
from sphinx_lib.app.inputs import HeaderFields, LineChanges, Lines, QuotedFields
from sphinx_lib.app.line_input import LINE_KEYS, LineInput
from sphinx_lib.app.line_stock import stock_of_lines
from sphinx_lib.app.lines import entered_lines, numbered
from sphinx_lib.app.preview import LineStock, Preview, PreviewLine, PriceFailure
from sphinx_lib.app.printing import packing_of
from sphinx_lib.app.shipping import with_shipping
from sphinx_lib.app.sight import hides_amounts, refuse_costs, shown
from sphinx_lib.app.unit import Unit
from sphinx_lib.app.warehouses import wrong_lines
from sphinx_lib.kernel.document import ZERO, Document, Id, Line, TraceRow
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.inputs import Code, DocumentId, Name
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.costs import NO_FIGURE
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pack.workflow_model import DocumentType
from sphinx_lib.pricing.guards import not_passed
from sphinx_lib.pricing.kits import is_opened
from sphinx_lib.pricing.tax import rate_of
from sphinx_lib.pricing.totals import with_totals

_OF_LINE = re.compile(r"line (\d+): (.*)", re.DOTALL)
"""How the problems begin that are about a line, by its place in the input."""

_OUTCOMES = ("warn", "block", "approve", "approved")


class Previews:
    """What sessions and readers share: previews as their actor may see them, with costs by the right ``see_margin``.

    Who lacks it is told nothing of floors made of costs: a preview leaves no record, so it would be an oracle.
    """

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    @checked_with(HeaderFields)
    def preview(
        self,
        type: Name,
        *,
        customer: Code | None = None,
        supplier: Code | None = None,
        lines: Lines = (),
        **header: Unpack[Header],
    ) -> Preview:
        """What ``create`` would enter with the same arguments, with stock and margin by line; nothing is stored.

        What is wrong, or not yet there, is told beside the rest; only an unknown type, or one without lines, raises
        InputError.
        """
        key = self.unit.pack.resolve_type(type)
        work = _Work.on(self.unit, key)
        values = work.header(header)
        party = customer or supplier
        if party is None:
            entering.party_of(self.unit, work.declared, None, work.problems)
        shell = work.shell(key, party, values)
        inputs = [LineInput.of(line, place, work.problems, work.declared) for place, line in enumerate(lines, 1)]
        document = work.drafted(shell, promised(inputs, values))
        return work.preview(document, {place: _as_given(line, place) for place, line in enumerate(lines, 1)})

    @checked_with(HeaderFields)
    def preview_edit(
        self, document_id: DocumentId, *, lines: LineChanges | None = None, **header: Unpack[Header]
    ) -> Preview:
        """What ``edit`` would make of a draft with the same arguments; nothing is stored.

        ``given`` of a line is its position before, or its place in a new list. Raises DocumentLocked as ``edit`` does.
        """
        (before,) = self.unit.load([document_id])
        entering.check_editable(self.unit, before, lines, header)
        work = _Work.on(self.unit, (before.type, before.kind))
        values = work.header(header)
        after = work.edited(before, values)
        inputs = entering.edited_inputs(before, {} if lines is None else lines, work.declared, work.problems)
        document = work.drafted(after, promised(inputs, values, before))
        if lines is None or isinstance(lines, Mapping):
            gone = {int(place) for place, change in (lines or {}).items() if change is None}
            return work.preview(document, {line.position: line for line in before.lines if line.position not in gone})
        return work.preview(document, {place: _as_given(line, place) for place, line in enumerate(lines, 1)})

    @checked_with(QuotedFields)
    def quote_line(
        self,
        item: Any,
        quantity: Any,
        *,
        customer: Code | None = None,
        supplier: Code | None = None,
        document: DocumentId | None = None,
        type: Name | None = None,
        **more: Any,
    ) -> PreviewLine:
        """One line as it would be priced: for a customer or for nobody, or as one more line of a draft, whose other lines
        count for scales over several lines (SC4); with a ``supplier`` as it would be bought. Nothing is stored.

        ``more`` are fields of a line, such as ``unit`` or ``unit_price``, and of the header, such as ``date`` or
        ``currency``. Without ``type`` no rule of a document type is asked, only those of prices. Whatever is wrong is in
        the ``problems`` of the line.
        """
        unit = self.unit
        if supplier is not None:
            refuse_costs(unit.actor, "prices of suppliers")
        type = type or (unit.pack.a_type("purchase") if supplier is not None else None)
        (before,) = unit.load([document]) if document is not None else (None,)
        key = (before.type, before.kind) if before else unit.pack.resolve_type(type or unit.pack.a_type("sales"))
        if unit.pack.type_of(*key).side == "purchase":
            refuse_costs(unit.actor, "prices of suppliers")
        work = _Work.on(unit, key)
        own = entering.HEADER.union(work.declared.fields) - LINE_KEYS.union(work.declared.line_fields)
        values = work.header({name: more[name] for name in more if name in own})
        given = {"item": item, "quantity": quantity, **{name: more[name] for name in more if name not in own}}
        inputs: list[LineInput | None] = []
        if before is not None:
            shell = work.edited(before, values)
            inputs = entering.edited_inputs(before, {}, work.declared, work.problems)
        else:
            shell = work.shell(key if type else ("", ""), customer or supplier, values)
        place = max((line.position for line in before.lines), default=0) + 1 if before else 1
        inputs.append(LineInput.of(given, place, work.problems, work.declared))
        drafted = work.drafted(shell, promised(inputs, values, before))
        found = work.preview(drafted, {place: _as_given(given, place)})
        line = next(one for one in found.lines if one.given == place)
        return replace(line, problems=(*found.problems, *line.problems))


def _as_given(given: Mapping[str, Any], place: int) -> Line:
    """What stands for a line that cannot be entered."""
    item, text, unit = (one if isinstance(one := given.get(name), str) else "" for name in ("item", "text", "unit"))
    return Line("", place, item or None, text, unit=unit)


# -- working it out ------------------------------------------------------------------------------------------------------


@dataclass
class _Work:
    """One preview on a copy of the unit, which shares what was read; all that is wrong is in ``problems``.

    ``places`` says by line where it was given. A document that is ``blocked``, such as one in a currency without a rate, has
    no prices.
    """

    unit: Unit
    declared: DocumentType
    problems: list[str] = field(default_factory=list)
    places: dict[Id, int] = field(default_factory=dict)
    blocked: bool = False

    @classmethod
    def on(cls, unit: Unit, key: TypeKey) -> _Work:
        declared = unit.pack.type_of(*key)
        if not declared.lines or declared.picks:
            raise InputError([f"a {key[0]} has no lines to preview"])
        numbers = count(1)
        return cls(replace(unit, new_id=lambda: str(next(numbers)), tries=None), declared)

    def header(self, header: Mapping[str, Any]) -> dict[str, Any]:
        """The header in its types; a field that is wrong is told and left out."""
        sound = {name: value for name, value in header.items() if not self._told(name, value)}
        return entering.header_values(self.unit, self.declared, sound, "document", [])

    def _told(self, name: str, value: Any) -> bool:
        told: list[str] = []
        entering.header_values(self.unit, self.declared, {name: value}, "document", told)
        self.problems += told
        return bool(told)

    def shell(self, key: TypeKey, code: str | None, values: Mapping[str, Any]) -> Document:
        """The document without lines; an unknown party is told, and prices are those for nobody."""
        party = None
        try:
            if code is not None:
                party = entering.party_of(self.unit, self.declared, code, self.problems)
        except InputError as error:
            self.problems += error.problems
        try:
            return entering.blank(self.unit, key, self.declared, party, values)
        except InputError as error:
            self._block(error)
            return entering.blank(self.unit, key, self.declared, None, {"custom": {}})

    def edited(self, document: Document, values: Mapping[str, Any]) -> Document:
        """``document`` with its header changed, as far as it can be."""
        try:
            refuse_other_prices(document, values)
            return entering.with_header(self.unit, document, values)
        except InputError as error:
            self._block(error)
            return document

    def _block(self, error: InputError) -> None:
        self.problems += error.problems
        self.blocked = True

    def drafted(self, shell: Document, inputs: Iterable[LineInput | None]) -> Document:
        """The document with its lines, port and totals, as far as they can be told."""
        lines: list[Line] = []
        try:
            if not self.blocked:
                given = [one for one in inputs if one is not None]
                self.problems += wrong_lines(self.unit, self.declared, given)
                lines = entered_lines(self.unit, shell, given, self.problems)
        except InputError as error:  # price rules that contradict each other: no line has a price
            self._block(error)
        lines = self._with_vat(shell, lines)
        self.places = {line.id: line.position for line in lines}
        return self._totalled(shell.changed(lines=numbered(lines)))

    def _with_vat(self, document: Document, lines: list[Line]) -> list[Line]:
        """The lines whose VAT code has a rate on the day; the others are told."""
        wrong: dict[str, Sequence[str]] = {}
        for code in {line.vat for line in lines if line.vat}:
            try:
                rate_of(code, document.regime, self.unit.pack, document.tax_date or document.date)
            except InputError as error:
                wrong[code] = error.problems
        self.problems += [f"line {line.position}: {one}" for line in lines for one in wrong.get(line.vat, ())]
        return [line for line in lines if line.vat not in wrong]

    def _totalled(self, document: Document) -> Document:
        """Totals and port; what cannot be taken off at the foot, or charged, is told and left out."""
        unit = self.unit
        if not document.type:
            return with_totals(document, unit.pack)
        document = entering.with_defaults(unit, document)
        try:
            document = with_totals(document, unit.pack)
        except InputError as error:
            self.problems += error.problems
            document = with_totals(document.changed(foot_discount_amount=ZERO), unit.pack)
        document = self._tried(lambda one: with_shipping(unit, one), document)
        return self._tried(refuse_too_much, document)

    def _tried(self, work: Callable[[Document], Document], document: Document) -> Document:
        try:
            return work(document)
        except InputError as error:
            self.problems += error.problems
            return document

    # -- what is shown -----------------------------------------------------------------------------------------------------

    def preview(self, document: Document, given: Mapping[int, Line]) -> Preview:
        """What is shown of ``document``; ``given`` holds by place what stands for a line that could not be entered."""
        told, rest = _by_line(self.problems)
        view = self._view(document)
        stocks = stock_of_lines(self.unit, document)
        lines: list[PreviewLine] = []
        for line in view.document.lines:
            place = self.places.get(line.id)
            lines.append(self._line(view, line, place, stocks.get(line.id), told.pop(place or 0, ())))
        known = set(self.places.values())
        for place, line in given.items():
            if place not in known and (place in told or not (line.parent_id or made_by_rule(line))):
                lines.append(PreviewLine(line, view, place, entered=False, problems=tuple(told.pop(place, ()))))
        lines.sort(key=lambda one: (one.given is None, one.given or 0))
        rest += [f"line {place}: {problem}" for place, problems in told.items() for problem in problems]
        return Preview(view, tuple(lines), tuple(rest))

    def _view(self, document: Document) -> DocumentView:
        pack = self.unit.pack
        seen = shown(self.unit, document)
        mentions = tuple(mentions_of(document, self.declared, pack.model))
        priced = not hides_amounts(seen, self.declared.side)
        return DocumentView(
            seen, self.declared, pack, mentions, shows_prices=priced, packing=packing_of(self.unit, document)
        )

    def _line(
        self, view: DocumentView, line: Line, place: int | None, stock: LineStock | None, problems: Sequence[str]
    ) -> PreviewLine:
        source = self._cost_source(line) if view.document.total_cost is not None else None
        failures = tuple(self._failures(view, line)) if len(line.trace) else ()
        return PreviewLine(line, view, place, True, stock, view.margin_figures(line), source, tuple(problems), failures)

    def _cost_source(self, line: Line) -> str:
        """Where the cost of a line is from: average, last, standard, its components; empty where there is none (M2)."""
        item = self.unit.items.get(line.item or "")
        if line.cost is None or item is None:
            return ""
        return "components" if is_opened(item) else item.sourced_cost(self.unit.prices.schema.cost)[0]

    def _failures(self, view: DocumentView, line: Line) -> Iterator[PriceFailure]:
        for row in not_passed(line, *_OUTCOMES):
            yield PriceFailure(row.step, row.reason, _message(view, row), row.basis or ZERO, row.running)


def _message(view: DocumentView, row: TraceRow) -> str:
    """What a guard says of a price: its own message, or that of all guards."""
    language = view.document.language
    rules = (one.guards.get(row.step) for one in view.model.schemas.values())
    rule = next((one for one in rules if one is not None), None)
    text = in_language(rule.message, language) if rule is not None else ""
    text = text or view.pack.label("price_below" if row.running is None else "price_below_floor", language)
    floor = NO_FIGURE if row.running is None else plain_number(row.running)
    return text.replace("{price}", plain_number(row.basis or ZERO)).replace("{floor}", floor).replace("{guard}", row.step)


def _by_line(problems: Iterable[str]) -> tuple[dict[int, list[str]], list[str]]:
    """The problems of each line by its place, and those of the document."""
    of_line: dict[int, list[str]] = {}
    rest: list[str] = []
    for problem in problems:
        found = _OF_LINE.fullmatch(problem)
        if found is None:
            rest.append(problem)
        else:
            of_line.setdefault(int(found[1]), []).append(found[2])
    return of_line, rest
