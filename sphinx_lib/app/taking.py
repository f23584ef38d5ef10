"""Options that are taken when a document is made from an offer: what they bring along follows now (S10, EP1).

An offered option brings nothing but the components of its kit. Once taken it is a plain line, so that its attached items
and its eco-contribution come with it; they are priced on the day, since the offer agreed no price for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from sphinx_lib.app.bringing import attached_to, more_items
from sphinx_lib.app.expansion import HEADING, brought_inputs, contributions, sells
from sphinx_lib.app.lines import numbered, priced_lines
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import OPTIONAL, Document, Id, Line
from sphinx_lib.kernel.errors import InputError


def with_taken(unit: Unit, document: Document) -> Document:
    """``document``, made from others and not yet totalled, with what the options among its lines bring along.

    Raises InputError for an attached item that is unknown or has no price.
    """
    taken = _taken(unit, document) if sells(unit, document) else []
    if not taken:
        return document
    unit.load_items({line.item for line in taken if line.item})
    more_items(unit, [unit.items[line.item] for line in taken if line.item])
    unit.load_parties([document.party] if document.party else [])
    problems: list[str] = []
    more = {line.id: _brought(unit, document, line, problems) for line in taken if line.item}
    if problems:
        raise InputError(problems)
    return document.changed(lines=numbered(_merged(document.lines, more)))


def _taken(unit: Unit, document: Document) -> list[Line]:
    """The lines that were options or alternatives, and the headings of kits that were."""
    owners = {line.source_document for line in document.lines if line.source_document}
    sources = {line.id: line for owner in owners for line in unit.get(owner).lines}
    offered = {line.id for line in sources.values() if line.role in OPTIONAL}
    offered |= {line.parent_id for line in sources.values() if line.id in offered and line.parent_id}
    return [line for line in document.lines if line.source_id in offered]


def _brought(unit: Unit, document: Document, line: Line, problems: list[str]) -> list[Line]:
    """The line itself with the contribution that its price holds, then its contributions and its attached items."""
    item = unit.items[line.item or ""]
    own = [line] if line.role == HEADING else contributions(unit, document, line, item, deque())
    attached = attached_to(unit, document, item, line.stock_quantity)
    inputs = brought_inputs(unit, document, line, attached)
    return [*own, *priced_lines(unit, document.changed(lines=()), inputs, problems)]


def _merged(lines: Sequence[Line], more: Mapping[Id, list[Line]]) -> Iterator[Line]:
    """``lines`` with ``more`` of some: what they bring stands after the last line that came along with them."""
    parents = {line.id: line.parent_id for line in lines}
    last: dict[Id, Id] = {}
    for line in lines:
        above: Id | None = line.id
        while above is not None:
            last[above] = line.id
            above = parents.get(above)
    ends: dict[Id, list[Id]] = {}
    for one in reversed(list(more)):
        ends.setdefault(last[one], []).append(one)
    for line in lines:
        yield more[line.id][0] if line.id in more else line
        for one in ends.get(line.id, ()):
            yield from more[one][1:]
