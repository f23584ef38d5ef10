"""Picking lists: what is to be picked, put where it lies, and counted while it is picked (§5.1, S39, S40)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sphinx_lib.app.stow_input import untracked
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import EMPTY, ZERO, Document, Id, Line, Stowed
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.lots import Lot, Place, name_on
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.kernel.quantity import exact_quantity
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.base import in_language
from sphinx_lib.stock.picking import KIT, Shelves, recounted, walked, with_kits
from sphinx_lib.store import picks
from sphinx_lib.workflow.derive import left_of

EDITABLE = ("quantity", "lot", "bin")
_NO_AMOUNTS = dict.fromkeys(
    ("foot_discount", "foot_discount_amount", "early_payment_discount", "total_net", "total_vat", "total_gross",
     "net_to_pay", "total_cost", "counterpart_net", "counterpart_vat", "counterpart_gross"),
    ZERO,
)  # fmt: skip


def listed(unit: Unit, drafts: Sequence[Document]) -> list[Document]:
    """``drafts`` as picking lists: goods only, bin by bin in walking order, without prices, in the company's language.

    The facts of all of them are read in three statements. What open lists already take is not sent for again; a draft
    without goods is left out.
    """
    codes = {item for draft in drafts for line in draft.lines for item, _ in line.goods}
    if not codes:
        return []
    unit.load_items(codes | {line.item for draft in drafts for line in draft.lines if line.item})
    shelves = Shelves(lying(unit, codes), unit.today, _claimed(unit, codes))
    language = unit.pack.model.company.language
    found = []
    for draft in drafts:
        said = [_said(unit, line, language) for line in draft.lines]
        lines = walked(said, shelves, unit.items, language, unit.new_id)
        if lines:
            found.append(_headed(unit, draft.changed(lines=lines, language=language)))
    return found


def lying(unit: Unit, codes: Collection[str]) -> list[Lot]:
    """Every lot and bin that holds some of the items, with what this unit of work moves; read in one statement."""
    unit.places.load(unit.connection, unit.company, codes)
    unit.reckon_stock()
    return [lot for lots in unit.places.now(codes, unit.moved, unit.today).values() for lot in lots]


def _claimed(unit: Unit, codes: Collection[str]) -> dict[Place, Decimal]:
    """What open lists take, place by place, those of this unit of work as they are now."""
    open_ = unit.pack.states_where(lambda declared, state: declared.picks and declared.counts(state) == "planned")
    found = picks.claimed(unit.connection, unit.company, open_, codes, unit.tracked.keys())
    for tracked in unit.tracked.values():
        document = tracked.document
        for line in document.lines if document.state in open_.get(document.type, ()) else ():
            for one in line.stowed:
                key = Place(line.item or "", line.warehouse, one.lot, one.bin)
                found[key] = found.get(key, ZERO) + one.quantity
    return found


def _said(unit: Unit, line: Line, language: str) -> Line:
    """The line in the language of those who pick, where its text is only the name of its item."""
    item = unit.items.get(line.item or "")
    if item is None or line.text != in_language(item.name, unit.get(line.source_document or "").language):
        return line
    return line._replace(text=in_language(item.name, language))


def _headed(unit: Unit, draft: Document) -> Document:
    """The head of a list: whom it is for when that is one party, and nothing that prices depend on."""
    sources = [unit.get(one) for one in dict.fromkeys(line.source_document or "" for line in draft.lines)]
    first = sources[0]
    party = first.party if len({one.party for one in sources}) == 1 else None
    facts: Mapping[str, Any] = first.party_facts if party else EMPTY
    if len({one.site for one in sources}) > 1:
        facts = {name: value for name, value in facts.items() if name != "site"}
    return draft.changed(
        party=party, party_facts=facts, contact="", payment_terms="", regime="", method="", vat=(), totals=EMPTY,
        currency=unit.pack.model.company.currency, rate=Decimal(1), rate_date=None, rate_source="", tax_date=None,
        prices_include_tax=False, **_NO_AMOUNTS,
    )  # fmt: skip


# -- counting ------------------------------------------------------------------------------------------------------------


def counted(unit: Unit, document: Document, changes: Any) -> Document:
    """A list with the quantities, lots and bins that were found, by position; a line given none is taken off.

    Kits follow their components. Raises InputError for other fields, for a lot of an item without tracking, and
    for more than is left to pick.
    """
    if not isinstance(changes, Mapping):
        raise InputError([f"{document.type}: give changes of lines by position, such as {{1: {{quantity: 4}}}}"])
    problems: list[str] = []
    by_place = {str(place): change for place, change in changes.items()}
    places = {str(line.position): line for line in document.lines}
    problems += [f"{document.type} has no line {place}" for place in sorted(by_place.keys() - places.keys())]
    unit.load({line.source_document for line in document.lines if line.source_document})
    unit.load_items({line.item for line in document.lines if line.item})
    sources = _sources(unit, document)
    kept = []
    for place, line in places.items():
        change = by_place.get(place, EMPTY)
        if change is not None or line.role == KIT:
            source = sources.get(line.source_id or "")
            kept.append(line if change == EMPTY else _changed(unit, line, source, change or EMPTY, problems))
    gone = {line.parent_id for line in places.values()} - {line.parent_id for line in kept}
    lines = with_kits([line for line in kept if line.id not in gone])
    problems += _too_much(unit, document, lines, sources)
    if problems:
        raise InputError(problems)
    return document.changed(lines=tuple(line._replace(position=place) for place, line in enumerate(lines, 1)))


def _sources(unit: Unit, document: Document) -> dict[Id, Line]:
    """By its id every line that a line of the list was made from; their documents must be loaded."""
    wanted = {line.source_id for line in document.lines}
    owners = {line.source_document for line in document.lines if line.source_document}
    return {line.id: line for owner in owners for line in unit.get(owner).lines if line.id in wanted}


def _changed(
    unit: Unit, line: Line, source: Line | None, change: Mapping[str, Any], problems: list[str]
) -> Line:
    where = f"line {line.position}"
    for name in change.keys() - set(EDITABLE):
        problems.append(f"{where}: a picking list has no field {name!r} to change{did_you_mean(name, EDITABLE)}")
    if line.role == KIT:
        problems.append(f"{where}: this kit is counted by its components; change their lines")
        return line
    at = name_on(line)
    item = unit.items.get(line.item or "")
    if change.get("lot") and item is not None and item.tracking == "none":
        problems.append(f"{where}: {untracked(item, change['lot'])}")
    lot, bin_ = (str(change.get(name, getattr(at, name)) or "") for name in ("lot", "bin"))
    if (lot, bin_) != (at.lot, at.bin):
        expires = at.expires if lot == at.lot else None
        line = line._replace(stowed=(Stowed(line.stock_quantity, lot, bin_, expires),) if lot or bin_ else ())
    if "quantity" not in change:
        return line
    try:
        quantity = exact_quantity(change["quantity"])
    except ValueError as error:
        problems.append(f"{where}: quantity: {error}")
        return line
    if quantity < 0:
        problems.append(f"{where}: {plain_number(quantity)} cannot be picked; write 0 for nothing")
    return recounted(line, quantity, _factor(source))


def _factor(source: Line | None) -> Decimal:
    """How many stock units a unit of a line made from ``source`` holds; of a component one."""
    return source.stock_quantity / source.quantity if source is not None and source.quantity else Decimal(1)




def _too_much(
    unit: Unit, document: Document, lines: Sequence[Line], sources: Mapping[Id, Line]
) -> Iterator[str]:
    """Lines that now take more from what they were made from than is left of it for lists."""
    declared = unit.type_of(document)
    before, now = _by_source(document.lines), _by_source(lines)
    for line in lines:
        source = sources.get(line.source_id or "")
        if line.source_id is None or source is None or line.source_id not in now:
            continue
        more = now.pop(line.source_id) - before.get(line.source_id, ZERO)
        made = declared.made_from[unit.get(line.source_document or "").type]
        left = left_of(source, declared.fulfils, made, {})
        if more > max(left, ZERO):
            yield f"line {line.position}: {plain_number(more)} more than was listed, {plain_number(left)} left to pick"


def _by_source(lines: Sequence[Line]) -> dict[Id, Decimal]:
    found: dict[Id, Decimal] = {}
    for line in lines:
        if line.source_id is not None:
            found[line.source_id] = found.get(line.source_id, ZERO) + (line.quantity or ZERO)
    return found
