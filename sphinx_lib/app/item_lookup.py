"""Items of lines by whatever name they were given: a customer's reference, the own code, a barcode, a supplier's (CR1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from sphinx_lib.app.line_input import LineInput
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.master import CustomerReference
from sphinx_lib.pack.base import in_language
from sphinx_lib.store import item_codes
from sphinx_lib.store.item_codes import Hit

_LEVELS: Mapping[int, str] = {
    item_codes.REFERENCE: "the customer's reference",
    item_codes.OWN: "the code",
    item_codes.BARCODE: "the barcode",
    item_codes.SUPPLIER: "a supplier's code",
}


def resolve_items(
    unit: Unit, document: Document, inputs: Sequence[LineInput], problems: list[str]
) -> list[LineInput]:
    """``inputs`` with the own code of each item, and with what the customer calls it as reference and text.

    Items found are taken up by ``unit``. One statement, none where no line names an item anew; a name that stands for two
    items on one level is a problem that lists both. Names that nothing goes by are left as they are.
    """
    names = {one.item for one in inputs if one.item and _is_new(one)}
    if not names:
        return list(inputs)
    hits = _by_name(unit, document, names)
    unit.items |= {hit.code: hit.item for found in hits.values() for hit in found if hit.item is not None}
    return [_resolved(unit, document, one, hits, problems) if _is_new(one) else one for one in inputs]


def _is_new(one: LineInput) -> bool:
    """Whether the line names an item that it did not have before."""
    return one.item is not None and (one.original is None or one.original.item != one.item)


def _by_name(unit: Unit, document: Document, names: set[str]) -> dict[str, list[Hit]]:
    """What goes by each name on the first level that knows it on the day of the document."""
    sales = unit.type_of(document).side != "purchase" if document.type else True
    party = document.party or ""
    who = {"customer": party} if sales else {"supplier": party}
    found: dict[str, list[Hit]] = {}
    for hit in item_codes.find(unit.connection, unit.company, names, **who):
        best = found.setdefault(hit.given, [])
        if hit.level == item_codes.REFERENCE and _reference(hit, document) is None:
            continue
        if not best or best[0].level == hit.level:
            best.append(hit)
    return found


def _reference(hit: Hit, document: Document) -> CustomerReference | None:
    """What the customer calls an item on the day: the name that was given, else the newest that holds, rather one with a
    last day than one that holds always."""
    valid = [one for one in hit.references if one.holds_on(document.date)]
    if hit.level == item_codes.REFERENCE:
        valid = [one for one in valid if one.reference == hit.given]
    return max(valid, key=lambda one: (one.valid_from or date.min, one.valid_to is not None, one.code), default=None)


def _resolved(
    unit: Unit, document: Document, one: LineInput, hits: Mapping[str, list[Hit]], problems: list[str]
) -> LineInput:
    found = hits.get(one.item or "", [])
    if not found:
        return one
    hit = found[0]
    if len({other.code for other in found}) > 1:
        named = ", ".join(f"{other.code} ({_name(other, document)})" for other in found)
        said = f"{one.item!r} is {_LEVELS[hit.level]} of several items: {named}; give the code of one"
        problems.append(f"line {one.position}: {said}")
    elif hit.item is None:
        problems.append(f"line {one.position}: {one.item!r} is {_LEVELS[hit.level]} of {hit.code!r}, which is no item")
    was = one.original
    text = "" if was is not None and was.text == one.text else one.text
    given = "" if was is not None and was.reference == one.reference else one.reference
    reference = _reference(hit, document)
    if hit.item is not None and document.type and unit.type_of(document).side == "purchase":
        given = given or hit.item.supplier_codes.get(document.party or "", "")
    if reference is None:
        same = (one.item, one.text, one.reference) == (hit.code, text, given)
        return one if same else replace(one, item=hit.code, text=text, reference=given)
    label = in_language(reference.label, document.language) if _prints(unit, document) else ""
    return replace(one, item=hit.code, text=text or label, reference=given or reference.reference)


def _prints(unit: Unit, document: Document) -> bool:
    return not document.type or unit.type_of(document).print_customer_ref


def _name(hit: Hit, document: Document) -> str:
    return in_language(hit.item.name, document.language) if hit.item else "no such item"
