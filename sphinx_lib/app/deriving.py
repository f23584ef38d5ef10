"""Deriving the next documents: which type, which lines, how grouped, and what follows at once (Q2, BK1, IG)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from sphinx_lib.app import firing
from sphinx_lib.app.asking import addressed, check_parties
from sphinx_lib.app.entering import with_defaults
from sphinx_lib.app.firing import fire, fire_one, reweigh, settle
from sphinx_lib.app.line_input import exact_quantity
from sphinx_lib.app.margins import load_costs
from sphinx_lib.app.rates import at_its_date, contract_rate
from sphinx_lib.app.returning import billed_lines, credit_of
from sphinx_lib.app.shipping import with_shipping
from sphinx_lib.app.unit import Unit
from sphinx_lib.billing.grouping import invoice_key, value_of
from sphinx_lib.kernel.document import EMPTY, ZERO, Document, Id
from sphinx_lib.kernel.errors import GuardFailed, InputError, Refusal, Refused, TransitionRefused
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pack.specs import Need
from sphinx_lib.pack.workflow_model import MadeFrom
from sphinx_lib.pricing.totals import with_totals
from sphinx_lib.workflow.derive import Derivation, derive, in_families
from sphinx_lib.workflow.facts import DocumentFacts, shortages
from sphinx_lib.workflow.plan import Request, filled, holds, needs_of_condition, needs_of_event

Quantities = Mapping[int, Any] | Mapping[str, Any] | None


class Shortage(NamedTuple):
    """Why a quotation becomes an order: an item, what is needed, available and missing, in its stock unit (Q2)."""

    item: str
    warehouse: str
    needed: Decimal
    available: Decimal

    @property
    def missing(self) -> Decimal:
        """How much is short."""
        return max(self.needed - self.available, ZERO)


@dataclass(frozen=True)
class Derived:
    """The documents that were made, why this type was chosen, and what kept one of them a draft."""

    documents: tuple[Document, ...]
    explanation: str = ""
    stock: tuple[Shortage, ...] = ()
    refusals: tuple[Refusal, ...] = ()


class Chosen(NamedTuple):
    """A target type and why."""

    target: TypeKey
    explanation: str = ""
    stock: tuple[Shortage, ...] = ()


def derive_from(
    unit: Unit, ids: Sequence[Id], to: str | None, quantities: Quantities, day: date | None = None,
    parties: Sequence[str] | None = None,
) -> Derived:  # fmt: skip
    """Make the next documents of ``ids``, whichever number there are of them.

    Without ``to`` the first route of the source type that holds decides. ``quantities`` says how much of each line,
    by position for a single source, or by line id; lines left out give nothing. ``day`` dates the new documents,
    today unless given. ``parties`` are whom the new documents go to, one each, where the type is made so.
    """
    sources = unit.load(ids, with_roots=True)
    if not sources:
        raise InputError(["derive: no document was named"])
    routed: dict[TypeKey, list[Document]] = {}
    chosen: dict[TypeKey, Chosen] = {}
    for document in sources:
        choice = _choose(unit, document, to)
        routed.setdefault(choice.target, []).append(document)
        chosen.setdefault(choice.target, choice)
    made: list[Document] = []
    refusals: list[Refusal] = []
    for target, documents in routed.items():
        found, reasons = _make(unit, documents, target, _by_line(documents, quantities), day, parties)
        made += found
        refusals += reasons
    if not made:
        names = ", ".join(f"{one.type} {one.number or 'draft'}" for one in sources)
        raise Refused(f"{names}: nothing is left to make into {', '.join(key[1] or key[0] for key in routed)}")
    first = next(iter(chosen.values()))
    return Derived(tuple(unit.get(one.id) for one in made), first.explanation, first.stock, tuple(refusals))


def _choose(unit: Unit, document: Document, to: str | None) -> Chosen:
    if to is not None:
        return Chosen(unit.pack.resolve_type(to))
    declared = unit.type_of(document)
    key = (document.type, document.kind)
    if not declared.routes:
        names = [name for name, each in unit.pack.model.document_types.items() if document.type in each.made_from]
        raise InputError([f"{document.type} has no route; say what to derive: {', '.join(names) or 'nothing can be'}"])
    needs = {need for route in declared.routes.values() for need in needs_of_condition(unit.pack, key, route)}
    unit.prefetch([document], needs | {"stock"})
    situation = unit.situation(document)
    facts = DocumentFacts(situation)
    for route in declared.routes.values():
        if holds(route, situation, facts):
            return Chosen(
                unit.pack.resolve_type(route.to),
                filled(route.explain, facts, situation),
                tuple(Shortage(*row) for row in shortages(situation)),
            )
    raise Refused(f"{document.type} {document.number or 'draft'}: no route holds; say what to derive")


def _by_line(documents: Sequence[Document], quantities: Quantities) -> dict[Id, Decimal] | None:
    """Quantities by line id; positions are read for a single source, and unknown ones refused."""
    if quantities is None:
        return None
    known: dict[Any, Id] = {line.id: line.id for document in documents for line in document.lines}
    if len(documents) == 1:
        known |= {line.position: line.id for line in documents[0].lines}
    found: dict[Id, Decimal] = {}
    problems = []
    for key, value in quantities.items():
        line = known.get(int(key) if str(key).isdigit() and len(str(key)) < 10 else key)
        if line is None:
            problems.append(f"quantities: no line {key!r}{did_you_mean(str(key), map(str, known))}")
            continue
        try:
            found[line] = exact_quantity(value)
        except ValueError as error:
            problems.append(f"quantities: {error}")
    if problems:
        raise InputError(problems)
    return found


def _make(
    unit: Unit, sources: Sequence[Document], target: TypeKey, quantities: Mapping[Id, Decimal] | None, day: date | None,
    parties: Sequence[str] | None,
) -> tuple[list[Document], list[Refusal]]:  # fmt: skip
    declared = unit.pack.type_of(*target)
    made: list[Document] = []
    reasons: list[Refusal] = []
    for source_type in dict.fromkeys(document.type for document in sources):
        rule = declared.made_from.get(source_type)
        if rule is None:
            known = ", ".join(declared.made_from) or "nothing"
            raise TransitionRefused(f"{target[0]} is not made from {source_type}; it is made from: {known}")
        batch = [document for document in sources if document.type == source_type]
        for document in batch:
            _check_state(unit, document, target, rule)
        unit.prefetch(batch, _needs(unit, batch, target, rule), as_sources=True)
        found = _entered_drafts(unit, batch, target, rule, quantities, day, parties)
        reasons += _follow_up(unit, batch if found else (), found, target, rule)
        made += found
    return made, reasons


def _entered_drafts(
    unit: Unit, batch: Sequence[Document], target: TypeKey, rule: MadeFrom, quantities: Mapping[Id, Decimal] | None,
    day: date | None, parties: Sequence[str] | None,
) -> list[Document]:  # fmt: skip
    """The new documents of one type of sources: for each party named, by way of their bills, or plainly."""
    if rule.parties != bool(parties):
        way = "say whom to ask, as parties" if rule.parties else "it goes to the party of its source; leave parties out"
        raise InputError([f"{target[1] or target[0]}: {way}"])
    if parties:
        check_parties(unit, batch, target, parties)
        changes = [partial(addressed, unit, code) for code in parties]
        return [one for change in changes for one in _drafts(unit, batch, target, rule, quantities, day, change)]
    if rule.through is not None:
        return [draft for one in batch for draft in _through(unit, one, target, rule, quantities, day)]
    return _drafts(unit, batch, target, rule, quantities, day)


def _check_state(unit: Unit, document: Document, target: TypeKey, rule: MadeFrom) -> None:
    inside = unit.type_of(document).chain(document.state)
    if not any(state in rule.states for state in inside):
        raise TransitionRefused(
            f"{document.type} {document.number or 'draft'}: cannot be made into {target[1] or target[0]} from "
            f"{document.state!r}; only from {', '.join(rule.states)}",
            document=document.id,
            state=document.state,
            allowed=tuple(rule.states),
        )


def _needs(unit: Unit, sources: Sequence[Document], target: TypeKey, rule: MadeFrom) -> set[Need]:
    """All that choosing, grouping and the events that follow need, so that it is loaded once."""
    needs: set[Need] = {"party"} if isinstance(rule.group_by, str) else set()
    declared = unit.pack.type_of(*target)
    if rule.then:
        needs |= needs_of_event(unit.pack, target, declared.events[rule.then], declared.initial, unit.specs)
    if rule.fires:
        needs |= firing.needs_of_batch(unit, [(document, rule.fires) for document in sources])
    return needs


def _through(
    unit: Unit, source: Document, target: TypeKey, rule: MadeFrom, quantities: Mapping[Id, Decimal] | None,
    day: date | None,
) -> list[Document]:  # fmt: skip
    """Drafts made from the documents that billed what ``source`` was made from (CN1)."""
    billed = billed_lines(unit, source, rule, target, quantities)
    bills = list({one.bill.id: one.bill for one in billed}.values())
    parts: dict[Id, Decimal] = {}
    for one in billed:
        parts[one.of_bill.id] = parts.get(one.of_bill.id, ZERO) + one.quantity
    of_bills = unit.pack.type_of(*target).made_from[rule.through or ""]
    return _drafts(unit, bills, target, of_bills, parts, day, partial(credit_of, unit, source.id, billed, rule.fee))


def _as_it_is(draft: Document) -> Document:
    return draft


def _drafts(
    unit: Unit, sources: Sequence[Document], target: TypeKey, rule: MadeFrom, quantities: Mapping[Id, Decimal] | None,
    day: date | None, change: Callable[[Document], Document] = _as_it_is,
) -> list[Document]:  # fmt: skip
    how = Derivation(target, unit.pack, rule, day or unit.today, unit.new_id, _group_key(unit, rule))
    roots = {
        line.id: line
        for document in sources
        for one in {line.root_document for line in document.lines if line.root_document}
        for line in unit.get(one).lines
    }
    drafts = derive([unit.situation(document) for document in sources], how, roots, quantities)
    return [_entered(unit, change(draft.changed(date_given=day is not None)), rule) for draft in drafts]


def _group_key(unit: Unit, rule: MadeFrom) -> Callable[[Document], tuple[Any, ...]]:
    def key(document: Document) -> tuple[Any, ...]:
        if rule.group_by == "billing.invoicing":
            found = invoice_key(document, unit.parties.get(document.party or ""), unit.pack)
        else:
            found = tuple(value_of(document, name) for name in rule.group_by)
        return (contract_rate(document), *found)

    return key


def _entered(unit: Unit, draft: Document, rule: MadeFrom) -> Document:
    """A derived draft with its rate of the day (F2), totals and defaults, its sources told, and on record."""
    source = unit.get(draft.lines[0].source_document or "")
    if unit.type_of(draft).fiscal:
        draft = at_its_date(unit, draft)
    credits = unit.type_of(draft).sign_number < 0
    draft = with_totals(draft.changed(tax_date=(source.tax_date or source.date) if credits else None), unit.pack)
    draft = with_shipping(unit, draft)
    draft = draft.changed(pack=unit.pack.fingerprint, reference=draft.reference or _text(source, rule))
    draft = with_defaults(unit, draft)
    entered = unit.add(draft.changed(version=1))
    origin = {line.source_document for line in draft.lines if line.source_document}
    unit.record(entered.id, "derive", {"to": entered.state, "from_documents": sorted(origin)})
    reweigh(unit, None, entered)
    return entered


def _text(source: Document, rule: MadeFrom) -> str:
    text = in_language(rule.text, source.language)
    day = f"{source.date:%d/%m/%Y}" if source.language == "fr" else source.date.isoformat()
    return text.format(number=source.number or "", date=day) if text else ""


def _follow_up(
    unit: Unit, sources: Sequence[Document], made: Sequence[Document], target: TypeKey, rule: MadeFrom
) -> list[Refusal]:
    """The source's own event, the new document's first one, and what the engine makes of both."""
    touched = {document.id for document in (*sources, *made)}
    reasons: list[Refusal] = []
    if rule.fires:
        for source in sources:
            touched |= fire_one(unit, source.id, Request(rule.fires, by="derive"))
    if rule.then:
        load_costs(unit, made)
        for document in made:
            try:
                with unit.atomic():
                    touched |= fire_one(unit, document.id, Request(rule.then))
            except GuardFailed as refused:
                if rule.if_refused == "refuse":
                    raise
                reasons += refused.reasons
    touched |= {one for document in made for line in document.lines for one in (line.root_document,) if one}
    settle(unit, touched)
    return reasons


def make_next(unit: Unit, document_id: Id, to: str, event: str | None) -> set[Id]:
    """The effect ``Make``: derive from one document and fire the result's event in the same unit of work."""
    settle(unit, [document_id])
    derived = derive_from(unit, [document_id], to, None)
    touched = {document_id, *(document.id for document in derived.documents)}
    if event is not None:
        touched |= fire(unit, [(document.id, Request(event)) for document in derived.documents])
    return touched


def revise(unit: Unit, document_id: Id) -> Id:
    """A new draft with the lines and the root number of ``document_id`` and the next revision (NU2)."""
    old = unit.get(document_id)
    declared = unit.type_of(old)
    ids = {line.id: unit.new_id() for line in old.lines}
    lines = in_families((line._replace(id=ids[line.id], progress=EMPTY) for line in old.lines), ids)
    again = {name for name, field in declared.fields.items() if field.default}
    draft = old.changed(
        
        id=unit.new_id(),
        state=declared.initial,
        version=1,
        number=None,
        root_number=old.root_number or old.number,
        revision=old.revision + 1,
        date=unit.today,
        date_given=False,
        frozen_at=None,
        history={},
        audit_hash="",
        custom={name: value for name, value in old.custom.items() if name not in again},
        lines=lines,
    )
    entered = unit.add(with_totals(with_defaults(unit, draft), unit.pack))
    unit.record(entered.id, "revise", {"to": entered.state, "from_documents": [old.id]})
    reweigh(unit, None, entered)
    return entered.id
