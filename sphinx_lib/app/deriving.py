"""Deriving the next documents: which type, which lines, how grouped, and what follows at once (Q2, BK1, IG)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from sphinx_lib.app import firing
from sphinx_lib.app.asked import Asked, Quantities, asked_of, check_spread
from sphinx_lib.app.asking import addressed, check_parties
from sphinx_lib.app.choosing import Chosen, Shortage, choose
from sphinx_lib.app.early_payment import less_what_was_granted
from sphinx_lib.app.entering import with_defaults
from sphinx_lib.app.firing import fire, fire_one, reweigh, settle
from sphinx_lib.app.margins import load_costs
from sphinx_lib.app.picking import listed
from sphinx_lib.app.procuring import procure
from sphinx_lib.app.rates import at_its_date, contract_rate
from sphinx_lib.app.returning import billed_lines, credit_of
from sphinx_lib.app.shipping import with_shipping
from sphinx_lib.app.taking import with_taken
from sphinx_lib.app.unit import Unit
from sphinx_lib.billing.grouping import invoice_key, value_of
from sphinx_lib.kernel.document import EMPTY, ZERO, Document, Id, Line
from sphinx_lib.kernel.errors import GuardFailed, InputError, Refusal, Refused, TransitionRefused
from sphinx_lib.kernel.localized import day as written_day
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pack.scopes import needs_of
from sphinx_lib.pack.specs import Need
from sphinx_lib.pack.workflow_model import MadeFrom
from sphinx_lib.pricing.totals import with_totals
from sphinx_lib.stock.picking import Picked, PickKey, with_lots
from sphinx_lib.workflow.derive import Derivation, derive, in_families
from sphinx_lib.workflow.plan import Request, needs_of_event


@dataclass(frozen=True)
class Derived:
    """The documents that were made, why these types were chosen, and what kept one of them a draft.

    ``stock`` holds by item what was needed and available, ``why`` a text for each line, in the document's language.
    """

    documents: tuple[Document, ...]
    explanation: str = ""
    stock: tuple[Shortage, ...] = ()
    why: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def derive_from(
    unit: Unit, ids: Sequence[Id], to: str | None, quantities: Quantities, day: date | None = None,
    picked: Mapping[PickKey, Picked] | None = None,
    parties: Sequence[str] | None = None,
) -> Derived:  # fmt: skip
    """Make the next documents of ``ids``, whichever number there are of them.

    Without ``to`` the first route of the source type that holds decides. ``quantities`` says how much of each line,
    by position for a single source, or by line id, in all or by warehouse; lines left out give nothing. ``day`` dates
    the new documents, today unless given; ``picked`` says by line id and warehouse out of which lots and bins its goods
    come, ``parties`` whom the new documents go to, one each, where the type is made so.
    """
    sources = unit.load(ids, with_roots=True)
    if not sources:
        raise InputError(["derive: no document was named"])
    chosen = choose(unit, sources, to, whole=quantities is not None)
    routed: dict[TypeKey, list[Chosen]] = {}
    for choice in chosen:
        routed.setdefault(choice.target, []).append(choice)
    drafted: list[Drafted] = []
    for target, choices in routed.items():
        asked = asked_of(unit, [one.document for one in choices], quantities, day, picked or {}, parties or ())
        drafted += _draft_all(unit, choices, target, asked)
    made = [document for one in drafted for document in one.made]
    refusals = [refusal for one in drafted for refusal in one.refusals]
    if not made:
        names = ", ".join(f"{one.type} {one.number or 'draft'}" for one in sources)
        told = "".join(f"; {refusal.message}" for refusal in refusals)
        raise Refused(f"{names}: nothing is left to make into {', '.join(key[1] or key[0] for key in routed)}{told}")
    refusals += _follow_up(unit, drafted)
    return Derived(
        tuple(unit.get(one.id) for one in made),
        "; ".join(text for text in (_explained(chosen), *(text for one in drafted for text in one.told)) if text),
        (*(row for one in chosen for row in one.stock), *(row for one in drafted for row in one.stock)),
        tuple(text for one in chosen for text in one.why), tuple(refusals),
    )  # fmt: skip


def _explained(chosen: Sequence[Chosen]) -> str:
    """Why, once for each document when several were routed."""
    texts = {one.document.id: (one.document.number or one.document.type, one.explanation) for one in chosen}
    if len(set(texts.values())) == 1 or len(texts) == 1:
        return chosen[0].explanation
    return "\n".join(f"{number}: {text}" for number, text in texts.values() if text)


class Drafted(NamedTuple):
    """Drafts of one type made from documents of one type, before anything follows.

    What is bought also tells what was short, what was left and why, and what the drafts lack.
    """

    sources: Sequence[Document]
    made: Sequence[Document]
    rule: MadeFrom
    stock: tuple[Shortage, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    told: tuple[str, ...] = ()


def _draft_all(unit: Unit, choices: Sequence[Chosen], target: TypeKey, asked: Asked) -> list[Drafted]:
    declared = unit.pack.type_of(*target)
    sources = [one.document for one in choices]
    found: list[Drafted] = []
    for source_type in dict.fromkeys(document.type for document in sources):
        rule = declared.made_from.get(source_type)
        if rule is None:
            known = ", ".join(declared.made_from) or "nothing"
            raise TransitionRefused(f"{target[0]} is not made from {source_type}; it is made from: {known}")
        batch = [document for document in sources if document.type == source_type]
        check_spread(unit, batch[0], target, rule, asked)
        for document in batch:
            _check_state(unit, document, target, rule)
        unit.prefetch(batch, _needs_of_split(unit, target, rule))
        unit.prefetch(batch, _needs(unit, batch, target, rule), as_sources=True)
        if rule.procures:
            found.append(_bought(unit, batch, target, rule, asked))
            continue
        own = [one for one in choices if one.document.type == source_type]
        made = _entered_drafts(unit, own, target, rule, asked)
        used = batch if rule.at_least == 1 else _used(batch, made)
        found.append(Drafted(used if made else (), made, rule))
    return found


def _bought(unit: Unit, orders: Sequence[Document], target: TypeKey, rule: MadeFrom, asked: Asked) -> Drafted:
    """Drafts that buy of their suppliers what ``orders`` need (PO1)."""
    bought = procure(unit, orders, target, rule, asked.quantities, asked.day or unit.today)
    made = [_recorded(unit, draft) for draft in bought.documents]
    stock = tuple(Shortage(*row) for row in bought.stock)
    return Drafted(orders if made else (), made, rule, stock, tuple(bought.refusals), tuple(bought.told))


def _used(sources: Sequence[Document], made: Sequence[Document]) -> list[Document]:
    """The sources that something was made of."""
    ids = {line.source_document for document in made for line in document.lines}
    return [document for document in sources if document.id in ids]


def _entered_drafts(
    unit: Unit, choices: Sequence[Chosen], target: TypeKey, rule: MadeFrom, asked: Asked
) -> list[Document]:
    """The new documents of one type of sources: for each party named, by way of their bills, or plainly."""
    if rule.parties != bool(asked.parties):
        way = "say whom to ask, as parties" if rule.parties else "it goes to the party of its source; leave parties out"
        raise InputError([f"{target[1] or target[0]}: {way}"])
    if asked.parties:
        check_parties(unit, [one.document for one in choices], target, asked.parties)
        changes = [partial(addressed, unit, code) for code in asked.parties]
        return [one for change in changes for one in _drafts(unit, choices, target, rule, asked, change)]
    if rule.through is not None:
        return [draft for one in choices for draft in _through(unit, one.document, target, rule, asked)]
    return _drafts(unit, choices, target, rule, asked)


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
    if rule.procures:
        needs |= {"items", "stock"}
    if rule.then:
        needs |= needs_of_event(unit.pack, target, declared.events[rule.then], declared.initial, unit.specs)
    if rule.fires:
        needs |= firing.needs_of_batch(unit, [(document, rule.fires) for document in sources])
    return needs


def _needs_of_split(unit: Unit, target: TypeKey, rule: MadeFrom) -> frozenset[Need]:
    """What ``split_by`` asks of the lines of the sources."""
    return needs_of(name for text in rule.split_by for name in unit.pack.expression(target, "line", text).names)


def _through(unit: Unit, source: Document, target: TypeKey, rule: MadeFrom, asked: Asked) -> list[Document]:
    """Drafts made from the documents that billed what ``source`` was made from (CN1)."""
    billed = billed_lines(unit, source, rule, target, asked.quantities)
    bills = list({one.bill.id: one.bill for one in billed}.values())
    parts: dict[Id, Decimal] = {}
    for one in billed:
        parts[one.of_bill.id] = parts.get(one.of_bill.id, ZERO) + one.quantity
    of_bills = unit.pack.type_of(*target).made_from[rule.through or ""]
    change = partial(credit_of, unit, source.id, billed, rule.fee)
    choices = [Chosen(bill, target) for bill in bills]
    return _drafts(unit, choices, target, of_bills, asked._replace(quantities=parts), change)


def _others(unit: Unit, sources: Sequence[Document], target: TypeKey, rule: MadeFrom) -> Mapping[Id, Sequence[Line]]:
    """What stands already of parts of these sources; asked only of those that name lots and of which a part is taken."""
    feeds = unit.pack.type_of(*target).fulfils
    parted = {
        document.id
        for document in sources
        for line in document.lines
        if line.stowed and feeds and rule.quantities != "all" and (line.done(feeds) or line.planned(feeds))
    }
    if not parted:
        return {}
    unit.made_from(parted, target[0])
    return unit.beside(parted, target[0])


def _as_it_is(draft: Document) -> Document:
    return draft


def _drafts(
    unit: Unit, choices: Sequence[Chosen], target: TypeKey, rule: MadeFrom, asked: Asked,
    change: Callable[[Document], Document] = _as_it_is,
) -> list[Document]:  # fmt: skip
    sources = [one.document for one in choices]
    shares = {one.document.id: one.part for one in choices if one.part is not None}
    beside = {line: quantity for one in choices for line, quantity in one.beside.items()}
    key = _group_key(unit, rule, picks=unit.pack.type_of(*target).picks)
    others = _others(unit, sources, target, rule)
    how = Derivation(
        target, unit.pack, rule, asked.day or unit.today, unit.new_id, key, others, shares, beside, asked.spread,
    )
    roots = {
        line.id: line
        for document in sources
        for one in {line.root_document for line in document.lines if line.root_document}
        for line in unit.get(one).lines
    }
    drafts = derive([unit.situation(document) for document in sources], how, roots, asked.quantities)
    if how.type.sign_number < 0:
        drafts = less_what_was_granted(unit, drafts)
    drafts = listed(unit, drafts) if how.type.picks else [_from_lots(draft, asked.picked) for draft in drafts]
    return [_entered(unit, change(draft.changed(date_given=asked.day is not None)), rule) for draft in drafts]


def _from_lots(draft: Document, picked: Mapping[PickKey, Picked]) -> Document:
    """The draft with exactly what was picked of its lines: the quantity in stock units, and its lots and bins."""
    if not picked:
        return draft
    lines = (with_lots(line, picked.get((line.source_id or "", line.warehouse))) for line in draft.lines)
    return draft.changed(lines=tuple(lines))


def _group_key(unit: Unit, rule: MadeFrom, *, picks: bool) -> Callable[[Document], tuple[Any, ...]]:
    def key(document: Document) -> tuple[Any, ...]:
        found: tuple[Any, ...]
        if rule.group_by == "billing.invoicing":
            found = invoice_key(document, unit.parties.get(document.party or ""), unit.pack)
        else:
            found = tuple(value_of(document, name) for name in rule.group_by)
        return found if picks else (contract_rate(document), *found)

    return key


def _entered(unit: Unit, draft: Document, rule: MadeFrom) -> Document:
    """A derived draft with its rate of the day (F2), totals and defaults, its sources told, and on record."""
    source = unit.get(draft.lines[0].source_document or "")
    credits = unit.type_of(draft).sign_number < 0
    draft = draft.changed(tax_date=(source.tax_date or source.date) if credits else None)
    if unit.type_of(draft).payable:
        draft = at_its_date(unit, draft)
    if not unit.type_of(draft).picks:
        draft = with_totals(with_taken(unit, draft), unit.pack)
        draft = with_shipping(unit, draft)
    reference = "" if unit.type_of(draft).own_reference else draft.reference or _text(source, rule)
    draft = draft.changed(pack=unit.pack.fingerprint, reference=reference)
    return _recorded(unit, with_defaults(unit, draft))


def _recorded(unit: Unit, draft: Document) -> Document:
    """The draft as part of the unit, its sources told and on record."""
    entered = unit.add(draft.changed(version=1))
    origin = {line.source_document for line in draft.lines if line.source_document}
    origin |= {peg.document_id for line in draft.lines for peg in line.pegs}
    unit.record(entered.id, "derive", {"to": entered.state, "from_documents": sorted(origin)})
    reweigh(unit, None, entered)
    return entered


def _text(source: Document, rule: MadeFrom) -> str:
    text = in_language(rule.text, source.language)
    return text.format(number=source.number or "", date=written_day(source.date, source.language)) if text else ""


def _follow_up(unit: Unit, drafted: Sequence[Drafted]) -> list[Refusal]:
    """The sources' own events, each once, the new documents' first ones, and what the engine makes of all."""
    touched: set[Id] = set()
    reasons: list[Refusal] = []
    fired: set[tuple[Id, str]] = set()
    for sources, made, rule, *_ in drafted:
        touched |= {document.id for document in (*sources, *made)} | _counting(unit, sources)
        for source in sources if rule.fires else ():
            if rule.fires and (source.id, rule.fires) not in fired:
                fired.add((source.id, rule.fires))
                touched |= fire_one(unit, source.id, Request(rule.fires, by="derive"))
        if rule.then:
            load_costs(unit, made)
            found, refused = _first_events(unit, made, rule)
            touched |= found
            reasons += refused
        touched |= {one for document in made for line in document.lines for one in (line.root_document,) if one}
        settle(unit, touched)
    return reasons


def _counting(unit: Unit, sources: Sequence[Document]) -> set[Id]:
    """What ``sources`` were made from, where it counts how far they got."""
    counted = [one for one in sources if unit.type_of(one).says(one.state, "counts_in")]
    return {line.source_document for one in counted for line in one.lines if line.source_document in unit.tracked}


def _first_events(unit: Unit, made: Sequence[Document], rule: MadeFrom) -> tuple[set[Id], list[Refusal]]:
    touched: set[Id] = set()
    reasons: list[Refusal] = []
    for document in made:
        try:
            with unit.atomic():
                touched |= fire_one(unit, document.id, Request(rule.then or ""))
        except GuardFailed as refused:
            if rule.if_refused == "refuse":
                raise
            reasons += refused.reasons
    return touched, reasons


def make(unit: Unit, document_id: Id, to: str, event: str | None) -> set[Id]:
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
