"""Firing events: plan for each document, apply in memory, then let the engine's own events follow (rule 8)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sphinx_lib.app.margins import at_delivery, load_costs
from sphinx_lib.app.pegging import repeg
from sphinx_lib.app.rates import at_its_date
from sphinx_lib.app.refused import tries_of
from sphinx_lib.app.tracking import Posting
from sphinx_lib.app.unit import Unit
from sphinx_lib.app.weighing import Weights, moved, weighing
from sphinx_lib.billing.terms import instalments
from sphinx_lib.kernel.document import EMPTY, Document, Id, Line
from sphinx_lib.kernel.errors import GuardFailed, Refused, TransitionRefused
from sphinx_lib.kernel.money import currency_digits
from sphinx_lib.pack.specs import Need, Situation
from sphinx_lib.pack.workflow_model import DocumentType
from sphinx_lib.pricing.totals import with_totals
from sphinx_lib.stock.lots import is_tracked, with_lots
from sphinx_lib.workflow.plan import Plan, Request, engine_event, needs_of_condition, needs_of_event, plan, target_of

ENGINE_LIMIT = 20
APPROVE = "approve"
"""The event whose count is `approvals`: it counts anew when the content may be changed again."""


def plan_one(unit: Unit, document_id: Id, request: Request) -> Plan:
    """What an event would do to a document whose facts are loaded; nothing is changed, but a price refused is noted."""
    return _decided(unit, document_id, request)[1]


def _decided(unit: Unit, document_id: Id, request: Request) -> tuple[Situation, Plan]:
    situation = _with_lots(unit.situation(unit.get(document_id)), request)
    try:
        return situation, plan(situation, request, unit.specs)
    except (GuardFailed, TransitionRefused) as refused:
        if unit.tries is not None:
            unit.tries += tries_of(situation.document, unit.pack, request.event, refused)
        raise


def _with_lots(situation: Situation, request: Request) -> Situation:
    """The situation with lots and bins chosen for the goods that the event takes out of stock (K10)."""
    if not situation.lots and not any(is_tracked(situation, line) for line in situation.document.lines):
        return situation
    target = target_of(situation, request.event)
    lines = situation.document.lines if target is None else with_lots(situation, target)
    if lines == situation.document.lines:
        return situation
    return replace(situation, document=situation.document.changed(lines=lines))


def plan_event(unit: Unit, document_id: Id, request: Request) -> Plan:
    """What an event would do, its facts loaded first; nothing is changed."""
    (document,) = unit.load([document_id])
    prefetch(unit, [(document, request.event)])
    return plan_one(unit, document_id, request)


def fire(unit: Unit, requests: Sequence[tuple[Id, Request]]) -> set[Id]:
    """Fire events in order; the first refusal is raised and nothing of the batch stays. Returns what was touched."""
    unit.load([document_id for document_id, _ in requests])
    prefetch(unit, [(unit.get(one), request.event) for one, request in requests])
    touched: set[Id] = set()
    for document_id, request in requests:
        touched |= fire_one(unit, document_id, request)
    return touched | settle(unit, touched)


def fire_one(unit: Unit, document_id: Id, request: Request) -> set[Id]:
    """Plan and apply one event whose facts are loaded, without what the engine makes of it."""
    situation, decided = _decided(unit, document_id, request)
    unit.reliance.decided(situation, partial(plan, request=request, specs=unit.specs), decided)
    return apply(unit, decided, request.by)


def prefetch(unit: Unit, asked: Sequence[tuple[Document, str]]) -> None:
    """Load what planning and carrying out these events takes, over the whole batch."""
    unit.prefetch([document for document, _ in asked], needs_of_batch(unit, asked))
    load_costs(unit, [document for document, event in asked if _gives_number(unit, document, event)])


def _gives_number(unit: Unit, document: Document, event: str) -> bool:
    declared = unit.type_of(document)
    found = declared.events.get(event)
    targets = found.targets if found is not None and document.number is None else ()
    return any(declared.number.at in declared.chain(target) for target in targets)


def needs_of_batch(unit: Unit, asked: Iterable[tuple[Document, str]]) -> set[Need]:
    """What must be loaded before these events are planned, over the whole batch."""
    found: set[Need] = set()
    for key, state, event in {((one.type, one.kind), one.state, event) for one, event in asked}:
        of_type = unit.pack.types[key]
        declared = of_type.events.get(event)
        if declared is None:
            continue
        found |= needs_of_event(unit.pack, key, declared, state, unit.specs)
        weighs = _weighs(of_type) and any(_weight(of_type, target) != _weight(of_type, state) for target in declared.targets)
        if weighs or of_type.pegs:
            found.add("sources")  # whose progress it will move
        if weighs and of_type.fulfils:
            found |= _asked_of_sources(unit, of_type.fulfils)
    return found


def _asked_of_sources(unit: Unit, progress: str) -> set[Need]:
    """What the engine's events ask about the party of documents that follow ``progress``, which is that of the batch."""
    found: set[Need] = set()
    for key, declared in unit.pack.types.items():
        if progress in unit.pack.followed(key[0]):
            for event in declared.events.values():
                if "engine" in event.by:
                    found |= needs_of_condition(unit.pack, key, event)
    return found & {"party"}


def _weight(declared: DocumentType, state: str) -> tuple[str, Any]:
    return declared.counts(state), declared.says(state, "counts_in")


def apply(unit: Unit, decided: Plan, by: str) -> set[Id]:
    """Carry out a plan in memory: the new state with its consequences, then the effects in order."""
    before = unit.get(decided.document.id)
    declared = unit.type_of(before)
    waits = unit.tracked[before.id].wants_number
    prepared = before if decided.document.lines is before.lines else before.changed(lines=decided.document.lines)
    issued = _issued(unit, prepared, declared, decided.target)
    after = issued.changed(state=decided.target, version=before.version + 1, history=_history(unit, before, decided))
    was_editable, is_editable = (declared.says(state, "editable") for state in (before.state, decided.target))
    if was_editable and not is_editable:
        after = after.changed(frozen_at=unit.now)
    elif is_editable and not was_editable:  # what was approved is not what will be confirmed
        after = after.changed(history={name: past for name, past in after.history.items() if name != APPROVE})
    unit.replace(after)
    touched = {after.id} | reweigh(unit, before, after)
    _post(unit, declared, before, after)
    if any(_asks_stock(unit, guard) for guard, _ in decided.overridden):
        unit.may_go_below |= {(item, line.warehouse) for line in after.lines for item, _ in line.goods}
    issues = unit.tracked[after.id].wants_number and not waits
    unit.record(after.id, decided.event, _payload(before, after, decided, by), issues=issues)
    for operation in decided.operations:
        touched |= unit.operate(unit, after.id, operation)
    return touched


def _asks_stock(unit: Unit, guard: str) -> bool:
    declared = unit.pack.model.guards.get(guard)
    return declared is not None and declared.use == "stock_policy"


def _payload(before: Document, after: Document, decided: Plan, by: str) -> dict[str, Any]:
    payload: dict[str, Any] = {"from": before.state, "to": after.state, "by": by}
    if decided.facts:
        payload["facts"] = dict(decided.facts)
    if decided.overridden:
        payload["overridden"] = dict(decided.overridden)
    if decided.warnings:
        payload["warnings"] = list(decided.warnings)
    if decided.reasons:
        payload["reasons"] = list(decided.reasons)
    return payload


def _history(unit: Unit, document: Document, decided: Plan) -> dict[str, Any]:
    """By event: how often, by whom (each actor once), when last, with which facts; under "" the last event."""
    history = {name: dict(value) for name, value in document.history.items()}
    past = history.get(decided.event, {})
    entry = {
        "count": past.get("count", 0) + 1,
        "actors": list(dict.fromkeys([*past.get("actors", []), unit.actor.name])),
        "at": unit.now.isoformat(),
        "by": unit.actor.name,
        "facts": dict(decided.facts),
    }
    if decided.overridden:
        entry["overridden"] = dict(decided.overridden)
    if decided.warnings:
        entry["warnings"] = list(decided.warnings)
    if decided.reasons:
        entry["reasons"] = list(decided.reasons)
    return {**history, decided.event: entry, "": {"event": decided.event}}


def _issued(unit: Unit, document: Document, declared: DocumentType, target: str) -> Document:
    """What entering the numbered state for the first time brings: the number, the date of issue, due dates (T1)."""
    if document.number is not None or unit.tracked[document.id].wants_number:
        return document
    if declared.number.at not in declared.chain(target):
        return document
    unit.want_number(document.id)
    document = at_delivery(unit, document)
    if declared.fiscal and not document.date_given and document.date != unit.today:
        document = with_totals(at_its_date(unit, document.changed(date=unit.today)), unit.pack)
    if not declared.payable:
        return document
    document = document.changed(balance=document.net_to_pay)
    if not declared.lines:
        return document.changed(due_date=document.due_date or document.date)
    terms = unit.pack.model.billing.payment_terms[document.payment_terms]
    digits = currency_digits(document.currency)
    parts = instalments(document.net_to_pay, document.total_net, document.date, terms, digits)
    return document.changed(instalments=parts, due_date=parts[0].due if parts else document.date)


def _post(unit: Unit, declared: DocumentType, before: Document, after: Document) -> None:
    """Postings by difference: entering a posting state posts, leaving it posts the reverse."""
    old, new = declared.says(before.state, "posts"), declared.says(after.state, "posts")
    if old != new:
        if old is not None:
            unit.postings.append(Posting(after.id, old, reverse=True))
        if new is not None:
            unit.postings.append(Posting(after.id, new))


def reweigh(unit: Unit, before: Document | None, after: Document) -> set[Id]:
    """Move the progress of the lines that ``after`` was made from, by the change in how it counts (rule 7)."""
    touched = repeg(unit, before, after)
    if not _weighs(unit.type_of(after)):
        return touched
    old = {line.id: line for line in before.lines} if before else {}
    changes: dict[Id, dict[Id, list[tuple[Weights, Weights]]]] = {}
    weighed, weighs = weighing(before, unit.pack), weighing(after, unit.pack)
    gone = old.keys() - {line.id for line in after.lines}
    pairs = [(old.get(line.id), line) for line in after.lines] + [(old[one], None) for one in gone]
    for was, now in pairs:
        line = now or was
        if line is None or line.source_id is None:
            continue
        less = weighed(was) if was else EMPTY
        more = weighs(now) if now else EMPTY
        if less == more:
            continue
        ends = {(line.source_document, line.source_id), (line.root_document or line.source_document, line.root_id)}
        for owner, one in ends:
            if owner and one:
                changes.setdefault(owner, {}).setdefault(one, []).append((less, more))
    if changes:
        unit.load(changes)
    for owner, lines in changes.items():
        source = unit.get(owner)
        moved_source = replace(source, lines=tuple(_moved(line, lines.get(line.id, ())) for line in source.lines))
        moved_source = unit.replace(moved_source)
        counted = unit.type_of(source).says(source.state, "counts_in")  # which may ask how far its lines got
        touched |= reweigh(unit, source, moved_source) if counted else repeg(unit, source, moved_source)
    return touched | set(changes)


def _weighs(declared: DocumentType) -> bool:
    return declared.fulfils is not None or any(state.counts_in for state in declared.states.values())


def _moved(line: Line, changes: Iterable[tuple[Weights, Weights]]) -> Line:
    for less, more in changes:
        line = moved(line, less, more)
    return line


def settle(unit: Unit, touched: Iterable[Id]) -> set[Id]:
    """Fire the engine's events on what was touched until nothing changes; a circle of events stops with an error."""
    queue = deque(sorted(touched))
    fired: dict[Id, list[str]] = {}
    reached: set[Id] = set()
    unit.prefetch([unit.get(one) for one in queue], _engine_needs(unit, queue))
    while queue:
        document_id = queue.popleft()
        document = unit.get(document_id)
        if not _engine_events(unit, document):
            continue
        situation = unit.situation(document)
        name = engine_event(situation)
        unit.reliance.decided(situation, engine_event, name)
        if name is None:
            continue
        past = fired.setdefault(document_id, [])
        past.append(name)
        if len(past) > ENGINE_LIMIT:
            raise Refused(
                f"{document.type} {document.number or 'draft'}: the engine's events {past[-2]!r} and {past[-1]!r} "
                f"follow each other without end; their conditions contradict each other",
                events=(past[-2], past[-1]),
            )
        changed = fire_one(unit, document_id, Request(name, by="engine"))
        reached |= changed
        queue.extend(sorted(changed))
    return reached


def _engine_events(unit: Unit, document: Document) -> Mapping[str, Any]:
    leaves = unit.type_of(document).leaves(document.state)
    return {name: event for name, event in leaves.items() if "engine" in event.by}


def _engine_needs(unit: Unit, ids: Iterable[Id]) -> set[Need]:
    found: set[Need] = set()
    kinds = {(one.type, one.kind, one.state): one for one in map(unit.get, ids)}
    for (name, kind, state), document in kinds.items():
        for event in _engine_events(unit, document).values():
            found |= needs_of_event(unit.pack, (name, kind), event, state, unit.specs)
    return found
