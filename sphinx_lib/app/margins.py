"""What things cost and earn: of one line, and at the moment of delivery (M1-M3, S48-S51). ``sight`` says who sees it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.pricing import ratios_of
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import OPTIONAL, ZERO, Document, Id, Line, Part
from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.money import currency_digits, round_half_up
from sphinx_lib.kernel.worth import COST_DIGITS
from sphinx_lib.pricing.totals import cost_of
from sphinx_lib.store import master as store_master
from sphinx_lib.workflow.facts import rate

AT_DELIVERY = "delivery"
_WITH_MARGIN = ("", *OPTIONAL)


class LineMargin(NamedTuple):
    """What a line earns, in the document's currency: ``cost`` of its whole quantity, ``margin`` net minus cost (M1).

    ``margin_rate`` (taux de marque) and ``markup_rate`` (taux de marge) are percents of the sale and of the cost,
    ``coefficient`` is the sale with tax over the cost; none on a zero denominator. ``no_cost`` says that nobody knows
    what the line costs, so that it counts with cost 0 (M3).
    """

    cost: Decimal
    margin: Decimal
    margin_rate: Decimal | None
    markup_rate: Decimal | None
    coefficient: Decimal | None
    no_cost: bool


def line_margin(line: Line, document: Document, vat_rate: Decimal = ZERO) -> LineMargin | None:
    """The margin of a line of ``document``; none for port, eco-contributions, deposits and headings, which have no margin
    (M3), and for a line without a price."""
    if line.role not in _WITH_MARGIN or line.unit_price is None or line.quantity is None:
        return None
    exact = (line.cost or ZERO) * line.quantity * document.rate
    digits = currency_digits(document.currency)
    cost, margin = round_half_up(exact, digits), round_half_up(line.net - exact, digits)
    gross = line.net * (100 + vat_rate) / 100
    coefficient = gross / exact if exact else None
    earned = line.net - exact
    return LineMargin(cost, margin, rate(earned, line.net), rate(earned, exact), coefficient, line.cost is None)


# -- the cost of the moment ----------------------------------------------------------------------------------------------


def needs_costs(unit: Unit, document: Document) -> bool:
    """Whether the lines take the costs of the moment when the document gets its number (M2)."""
    return unit.type_of(document).margin_cost_at == AT_DELIVERY


def load_costs(unit: Unit, documents: Iterable[Document]) -> None:
    """Load the items whose costs ``at_delivery`` takes, for all ``documents`` in one statement; in none where none does."""
    lines = [
        line for document in documents if needs_costs(unit, document)
        for line in document.lines if not _was_delivered(unit, line)
    ]  # fmt: skip
    missing = {item for line in lines for item in _cost_items(line)} - unit.items.keys()
    if missing:
        unit.items |= store_master.load_items(unit.connection, unit.company, missing)


def at_delivery(unit: Unit, document: Document) -> Document:
    """``document`` with the costs of the moment, where its type says ``margin_cost_at: delivery`` (M2).

    Lines made from a document that took them when it was delivered keep those.
    """
    if not needs_costs(unit, document):
        return document
    load_costs(unit, [document])
    lines = tuple(line if _was_delivered(unit, line) else _with_cost_of_now(unit, line) for line in document.lines)
    if lines == document.lines:
        return document
    return _costing(document, lines)


def with_issued_costs(unit: Unit, costs: Mapping[Id, Mapping[str, Decimal]]) -> None:
    """Give deliveries that are being written what their goods cost when they left: ``costs`` of a stock unit by document
    and item. Only documents not numbered yet take it, and only where the policy is the average (M2); what this unit made
    from their lines takes it over."""
    known: dict[Id, Line] = {}
    for document_id, tracked in unit.tracked.items():
        document = tracked.document
        if not known and document_id not in costs:
            continue
        if not needs_costs(unit, document) or not (tracked.original is None or tracked.wants_number):
            continue
        own = costs.get(document_id, {})
        average = {code: cost for code, cost in own.items() if _takes_average(unit, unit.items[code])}
        lines = tuple(
            _with_cost_of(line, known.get(line.source_id or "")) if _was_delivered(unit, line)
            else _with_issued_cost(line, average) for line in document.lines
        )  # fmt: skip
        if lines != document.lines:
            known |= {line.id: line for line in lines}
            tracked.document = _costing(document, lines)


def _costing(document: Document, lines: tuple[Line, ...]) -> Document:
    """``document`` with the costs of ``lines``, and their sum."""
    return document.changed(lines=lines, total_cost=cost_of(lines, document.rate, currency_digits(document.currency)))


def _with_cost_of(line: Line, source: Line | None) -> Line:
    return line if source is None else line._replace(cost=source.cost, parts=source.parts or line.parts)


def _takes_average(unit: Unit, item: Item) -> bool:
    return (item.cost_source or unit.prices.schema.cost) == "average"


def _with_issued_cost(line: Line, costs: Mapping[str, Decimal]) -> Line:
    if not costs:
        return line
    if line.parts:
        parts = tuple(part._replace(cost=costs.get(part.item, part.cost)) for part in line.parts)
        cost = _cost_of_parts(parts)
        return line._replace(parts=parts, cost=line.cost if cost is None else cost)
    cost = costs.get(line.item or "")
    if cost is None or not line.stocked or not line.quantity or line.role:
        return line
    return line._replace(cost=round_half_up(cost * line.stock_quantity / line.quantity, COST_DIGITS))


def _cost_of_parts(parts: Iterable[Part]) -> Decimal | None:
    """What one phantom kit costs, of the components whose cost is known; none where none is."""
    known = [part.cost * part.quantity for part in parts if part.cost is not None]
    return round_half_up(sum(known, ZERO), COST_DIGITS) if known else None


def _was_delivered(unit: Unit, line: Line) -> bool:
    source = unit.tracked.get(line.source_document or "")
    return source is not None and needs_costs(unit, source.document)


def _cost_items(line: Line) -> Iterator[str]:
    """The items whose costs make up that of the line: of a phantom kit its components."""
    parts = [part.item for part in line.parts if part.item]
    if parts:
        yield from parts
    elif line.item and not line.role:
        yield line.item


def _with_cost_of_now(unit: Unit, line: Line) -> Line:
    """``line`` with what its item, or the components of its phantom kit, cost now; as it is where nobody knows."""
    source = unit.prices.schema.cost
    if any(part.item for part in line.parts):
        parts = tuple(_part_now(unit, part, source) for part in line.parts)
        return line._replace(parts=parts, cost=_cost_of_parts(parts))
    item = unit.items.get(line.item or "")
    cost = item.cost_by(source) if item is not None else None
    if item is None or cost is None or line.role:
        return line
    factor = unit.pack.units.convert(Decimal(1), line.unit, item.unit, ratios_of(item))
    return line._replace(cost=round_half_up(cost * factor, COST_DIGITS))


def _part_now(unit: Unit, part: Part, source: str) -> Part:
    item = unit.items.get(part.item)
    return part if item is None else part._replace(cost=item.cost_by(source))
