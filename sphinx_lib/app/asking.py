"""Asking several suppliers: events on what was made from one document, and the prices that an answer leaves (S11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sphinx_lib.app import entering, firing, putting
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import Document, Id, Line
from sphinx_lib.kernel.errors import InputError, Refused
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pack.specs import FireMade, FireOthers, KeepPrices
from sphinx_lib.workflow.facts import DocumentFacts
from sphinx_lib.workflow.plan import Request, holds

_OF_PARTY = (
    "party", "currency", "rate", "rate_date", "rate_source", "language", "payment_terms", "regime", "party_facts",
)  # fmt: skip


def check_parties(unit: Unit, sources: Sequence[Document], target: TypeKey, parties: Sequence[str]) -> None:
    """Raises InputError for parties named twice, unknown, or that have such a document of the same source already."""
    unit.load_parties(parties)
    there = unit.made_from([source.id for source in sources], target[0])
    asked = {one.party: one for one in there if unit.type_of(one).counts(one.state) != "none"}
    problems = [f"parties: {code} stands there {count} times" for code, count in Counter(parties).items() if count > 1]
    problems += [
        f"parties: {code} has {target[0]} {asked[code].number or 'draft'} already" for code in parties if code in asked
    ]
    if problems:
        raise InputError(problems)


def addressed(unit: Unit, code: str, draft: Document) -> Document:
    """``draft`` for the party called ``code``: its currency, language, terms and regime, its own names of items."""
    declared = unit.type_of(draft)
    key = (draft.type, draft.kind)
    blank = entering.blank(unit, key, declared, unit.parties[code], {"custom": {}, "date": draft.date})
    unit.load_items({line.item for line in draft.lines if line.item})
    lines = tuple(_said(unit, line, draft.language, blank.language) for line in draft.lines)
    return draft.changed(lines=lines, **{name: getattr(blank, name) for name in _OF_PARTY})


def _said(unit: Unit, line: Line, before: str, language: str) -> Line:
    """``line`` in another language where its text is the name of its item (LG1)."""
    names = unit.items[line.item].name if line.item else {}
    if not names or line.text != in_language(names, before):
        return line
    return line._replace(text=in_language(names, language))


def fire_made(unit: Unit, document_id: Id, asked: FireMade) -> set[Id]:
    """The effect ``FireMade``; Refused when there is none to fire it on and it is not optional."""
    found = unit.made_from([document_id], asked.type)
    touched = _fire_where_allowed(unit, found, asked.event)
    if not touched and not asked.optional:
        document = unit.get(document_id)
        name = f"{document.type} {document.number or 'draft'}"
        raise Refused(f"{name}: no {asked.type} made from it waits for {asked.event!r}; derive one first")
    return touched


def fire_others(unit: Unit, document_id: Id, asked: FireOthers) -> set[Id]:
    """The effect ``FireOthers``: an event on the documents made beside this one."""
    document = unit.get(document_id)
    sources = {line.source_document for line in document.lines if line.source_document}
    if asked.type is not None:
        return _fire_where_it_holds(unit, _beside(unit, document, sources, asked.type), asked.event)
    others = [one for one in unit.made_from(sources, document.type) if one.id != document_id]
    return _fire_where_allowed(unit, others, asked.event)


def _beside(unit: Unit, document: Document, sources: set[Id], type: str) -> list[Document]:
    """The documents of ``type`` made from ``sources``, from what these go back to, or from what was made from either."""
    origins = sources | {line.root_document for line in document.lines if line.root_document}
    steps = {one.id for one in unit.made_from(origins)} - {document.id}
    return [one for one in unit.made_from(origins | steps, type) if one.id != document.id]


def _fire_where_it_holds(unit: Unit, found: Iterable[Document], event: str) -> set[Id]:
    """``event`` as a consequence, on the documents whose state allows it and for which its condition holds."""
    able = [one for one in found if event in unit.type_of(one).leaves(one.state)]
    firing.prefetch(unit, [(one, event) for one in able])
    asked = []
    for one in able:
        situation = unit.situation(one)
        if holds(situation.type.leaves(one.state)[event], situation, DocumentFacts(situation)):
            asked.append((one.id, Request(event, by="derive")))
    return firing.fire(unit, asked) if asked else set()


def _fire_where_allowed(unit: Unit, found: Iterable[Document], event: str) -> set[Id]:
    able = [(one.id, Request(event)) for one in found if event in unit.type_of(one).leaves(one.state)]
    return firing.fire(unit, able) if able else set()


def keep_prices(unit: Unit, document_id: Id, asked: KeepPrices) -> set[Id]:
    """The effect ``KeepPrices``: one price record of the supplier for each line with an item and a price, from today on.

    Raises InputError where the price schema has no such step or key.
    """
    document = unit.get(document_id)
    rows = []
    for line in document.lines:
        if line.item and line.unit_price is not None and line.counts:
            until = line.custom.get(asked.valid_to or "")
            row: dict[str, Any] = {
                "step": asked.step, "supplier": document.party, "item": line.item, "currency": document.currency,
                "unit": line.unit, "per": plain_number(line.per), "value": plain_number(line.unit_price),
                "valid_from": unit.today.isoformat(), **({"valid_to": until.isoformat()} if until else {}),
            }  # fmt: skip
            rows.append(row)
    if rows:
        putting.put(unit, "price", rows)
    return set()
