"""Deciding what an event would do to a document: facts in, a Plan or a typed refusal out; nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from sphinx_lib.kernel.document import Document, Line
from sphinx_lib.kernel.errors import GuardFailed, InputError, Refusal, TransitionRefused
from sphinx_lib.kernel.inputs import declared_value
from sphinx_lib.kernel.names import seen
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.costs import NO_FIGURE, is_shown, rights_of_readers, shown_facts
from sphinx_lib.pack.pack import Pack, TypeKey
from sphinx_lib.pack.places import of_condition, of_effects, of_guard
from sphinx_lib.pack.scopes import needs_of
from sphinx_lib.pack.specs import Need, Op, Situation, Specs
from sphinx_lib.pack.workflow_model import Actors, Condition, DocumentType, Event, Guard
from sphinx_lib.workflow.facts import DocumentFacts, LineFacts

_PLACES = re.compile(r"\{([a-z_][a-z0-9_.]*)\}")


@dataclass(frozen=True)
class Plan:
    """What an event does to one document: the state it leads to, the facts recorded, the operations that follow, and what
    guards only warn of.

    ``reasons`` say, line by line, why it does not lead to a state that comes first.
    """

    document: Document
    event: str
    target: str
    operations: tuple[Op, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    overridden: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Request:
    """An event asked of a document: who asks, with which facts, overriding which guards for which reasons."""

    event: str
    by: Actors = "user"
    ask: Mapping[str, Any] = field(default_factory=dict)
    override: Mapping[str, str] = field(default_factory=dict)


def plan(situation: Situation, request: Request, specs: Specs) -> Plan:
    """What ``request`` would do to the document of ``situation``; changes nothing.

    Raises TransitionRefused (no such way out of this state, or not for this actor), InputError (a fact that the event
    asks for is missing or wrong), GuardFailed (with every reason at once).
    """
    event = _allowed(situation, request)
    facts = DocumentFacts(situation)
    target = _target(situation, event, facts)
    answers = _answers(situation, request, event)
    asked = _asked(situation.type, event, situation.document.state, target)
    waiting = _waiting_state(situation, request, asked, specs)
    if waiting is not None:
        asked = {name: guard for name, guard in asked.items() if name not in situation.type.states[waiting].waits_for}
    found = list(_refusals(situation, asked, target, facts, specs))
    reasons = [reason for reason in found if not reason.warns]
    standing = [reason for reason in reasons if not _overridden(reason, request, situation)]
    if standing:
        raise _failed(situation, request, standing)
    overridden = tuple((reason.guard, request.override[reason.guard]) for reason in reasons)
    if waiting is not None:
        return Plan(situation.document, request.event, waiting, (), answers, overridden)
    operations = tuple(_operations(situation, event, target, specs))
    warnings = tuple(reason.message for reason in found if reason.warns)
    told = tuple(_reasons(situation, event, target, facts, specs))
    return Plan(situation.document, request.event, target, operations, answers, overridden, warnings, told)


def _waiting_state(
    situation: Situation, request: Request, asked: Mapping[str, Guard], specs: Specs
) -> str | None:
    """The state in which the document waits for somebody with the right, because the event asks a guard that answers
    nobody else; none where all may be answered."""
    if request.by == "engine":
        return None
    for name, written in asked.items():
        guard = situation.pack.guard(name, written)
        if guard.on_fail == "approve" and guard.override not in situation.rights and _has_to_ask(guard, situation, specs):
            return next(state for state, declared in situation.type.states.items() if name in declared.waits_for)
    return None


def _has_to_ask(guard: Guard, situation: Situation, specs: Specs) -> bool:
    spec = specs.guards[guard.use] if guard.use else None
    if spec is None or spec.asks is None:
        return True
    return spec.asks(situation, spec.parameters.model_validate(guard.parameters))


def needs_of_event(pack: Pack, key: TypeKey, event: Event, state: str, specs: Specs) -> frozenset[Need]:
    """What must be loaded before ``event`` is planned for a document in ``state``."""
    declared = pack.types[key]
    found: set[Need] = set()
    for condition in (event, *event.targets.values()):
        found |= _needs(pack, key, (written for written in of_condition((), condition)))
    guards: dict[str, Guard] = {}
    for target in event.targets:
        guards |= _asked(declared, event, state, target) | event.targets[target].reasons
    for name, written in guards.items():
        guard = pack.guard(name, written)
        if guard.use:
            found |= specs.guards[guard.use].needs
        found |= _needs(pack, key, of_guard((), guard))
        found |= needs_of(place for text in guard.message.values() for place in _PLACES.findall(text))
    for target in event.targets:
        for effect in event.effects_to(target):
            found |= specs.effects[effect].needs
    if any(_moves_goods(declared, state, target) for target in event.targets):
        found.add("lots")
    return frozenset(found | _needs(pack, key, of_effects((), event)))


def _moves_goods(declared: DocumentType, state: str, target: str) -> bool:
    """Whether entering ``target`` moves physical stock, whose lots then must be known."""
    before, after = (
        {key: text for key, text in (declared.says(one, "stock") or {}).items() if key.partition("@")[0] == "physical"}
        for one in (state, target)
    )
    return before != after


def target_of(situation: Situation, event: str) -> str | None:
    """The state to which ``event`` would lead now; none when it is not there in the document's state."""
    found = situation.type.leaves(situation.document.state).get(event)
    return None if found is None else _target(situation, found, DocumentFacts(situation))


def needs_of_condition(pack: Pack, key: TypeKey, condition: Condition) -> frozenset[Need]:
    """What must be loaded before ``condition`` is asked."""
    return frozenset(_needs(pack, key, of_condition((), condition)))


def _needs(pack: Pack, key: TypeKey, written: Iterable[Any]) -> set[Need]:
    return {need for each in written for need in needs_of(pack.expression(key, each.place, each.text).names)}


def holds(condition: Condition, situation: Situation, facts: DocumentFacts) -> bool:
    """Whether the document (and every or any line) meets ``condition``; no condition always holds."""
    key = (situation.document.type, situation.document.kind)
    pack = situation.pack
    if condition.when and not pack.expression(key, "document", condition.when)(facts):
        return False
    lines = situation.document.lines
    if condition.every_line:
        every = pack.expression(key, "line", condition.every_line)
        if not all(every(LineFacts(facts, line)) for line in lines):
            return False
    if condition.any_line:
        some = pack.expression(key, "line", condition.any_line)
        return any(some(LineFacts(facts, line)) for line in lines)
    return True


def engine_event(situation: Situation) -> str | None:
    """The first event of the engine that the document's state allows and whose condition holds (rule 8)."""
    facts = DocumentFacts(situation)
    for name, event in situation.type.leaves(situation.document.state).items():
        if "engine" in event.by and holds(event, situation, facts):
            return name
    return None


def _allowed(situation: Situation, request: Request) -> Event:
    document, declared = situation.document, situation.type
    leaves = declared.leaves(document.state)
    event = leaves.get(request.event)
    if event is None and request.event not in declared.events:
        hint = did_you_mean(request.event, declared.events)
        raise TransitionRefused(f"{document.type} has no event {request.event!r}{hint}", document=document.id)
    mine = [name for name, each in leaves.items() if request.by in each.by]
    said = (
        f"{_name(document)}: cannot {request.event!r} from {document.state!r}; allowed: {', '.join(mine) or 'nothing'}"
    )
    facts = {"document": document.id, "event": request.event, "state": document.state, "allowed": tuple(mine)}
    if event is None:
        raise TransitionRefused(said, **facts)
    if request.by not in event.by:
        raise TransitionRefused(f"{said} (it is fired by {', '.join(event.by)})", **facts)
    if event.right and request.by != "engine" and event.right not in situation.rights:
        raise TransitionRefused(
            f"{_name(document)}: {request.event!r} needs the right {event.right!r}", right=event.right, **facts
        )
    if "engine" not in event.by and not holds(event, situation, DocumentFacts(situation)):
        condition = event.when or event.every_line or event.any_line
        raise TransitionRefused(f"{said} (only when {condition})", **facts)
    return event


def _name(document: Document) -> str:
    return f"{document.type} {document.number or 'draft'}"


def _target(situation: Situation, event: Event, facts: DocumentFacts) -> str:
    for target, branch in event.targets.items():
        if holds(branch, situation, facts):
            return target
    raise AssertionError("one branch has no condition; checked at load")


def _answers(situation: Situation, request: Request, event: Event) -> dict[str, Any]:
    """The facts that the event asks for, checked and typed; all that is wrong is told at once."""
    problems: list[str] = []
    answers: dict[str, Any] = {}
    name = f"{situation.document.type}.{request.event}"
    for key, ask in event.ask.items():
        value = request.ask.get(key)
        nothing = value is None or (isinstance(value, str) and not value)
        if nothing and ask.default:
            answers[key] = in_language(ask.default, situation.document.language)
        elif nothing:
            if not ask.optional and request.by not in ("engine", "derive"):
                choices = f"; one of {', '.join(ask.choices)}" if ask.choices else ""
                problems.append(f"{name}: {key!r} is asked for and missing{choices}")
        elif ask.choices is not None and not (isinstance(value, str) and value in ask.choices):
            problems.append(f"{name}: {key} {seen(value)} is not one of {', '.join(ask.choices)}")
        else:
            answers[key] = _typed(ask.type, value, f"{name}.{key}", problems)
    for key in request.ask:
        if key not in event.ask:
            problems.append(f"{name}: {key!r} is not asked for{did_you_mean(key, event.ask)}")
    if problems:
        raise InputError(problems)
    return answers


def _typed(kind: str, value: Any, where: str, problems: list[str]) -> Any:
    try:
        return declared_value(kind, value)
    except ValueError as error:
        problems.append(f"{where}: {error}")
        return None


def _refusals(
    situation: Situation, asked: Mapping[str, Guard], target: str, facts: DocumentFacts, specs: Specs
) -> Iterator[Refusal]:
    """Every reason against the event: what the guards ``asked`` say, its own and those of the states it enters (rule 5)."""
    for name, written in asked.items():
        yield from _ask(name, situation.pack.guard(name, written), situation, facts, specs)
    yield from _missing_fields(situation, target)


def _asked(declared: DocumentType, event: Event, state: str, target: str) -> dict[str, Guard]:
    """The guards of ``event``, and what the states that are entered require; moving inside a state asks not again."""
    asked: dict[str, Guard] = dict(event.guards)
    left = declared.chain(state)
    for entered in declared.chain(target):
        if entered not in left or entered == target == state:
            asked |= declared.states[entered].requires
    return asked


def _ask(name: str, guard: Guard, situation: Situation, facts: DocumentFacts, specs: Specs) -> Iterator[Refusal]:
    key = (situation.document.type, situation.document.kind)
    if guard.use:
        spec = specs.guards[guard.use]
        for refusal in spec.function(situation, spec.parameters.model_validate(guard.parameters)):
            rights = rights_of_readers(situation.type.side) if refusal.warns else situation.rights
            told = shown_facts(refusal.facts, situation.type.side, rights)
            text = filled(guard.message, told, situation, rights) if guard.message else refusal.message
            yield refusal._replace(guard=name, message=text, override=guard.override, facts=told)
        return
    if guard.require and not situation.pack.expression(key, "document", guard.require)(facts):
        yield Refusal(name, filled(guard.message, facts, situation), guard.override)
    if guard.every_line:
        expression = situation.pack.expression(key, "line", guard.every_line)
        for line in situation.document.lines:
            of_line = LineFacts(facts, line)
            if _is_asked(line) and not expression(of_line):
                yield Refusal(name, filled(guard.message, of_line, situation), guard.override, {"line": line.position})


def _is_asked(line: Line) -> bool:
    """Whether guards over lines ask this one: comments and headings, such as a kit's, have nothing to answer for."""
    return line.quantity is not None and line.role != "heading"


def _missing_fields(situation: Situation, target: str) -> Iterator[Refusal]:
    """Fields of one's own that are ``required_at`` the state entered and still empty (T30)."""
    language = situation.document.language
    inside = situation.type.chain(target)
    for name, own in situation.type.fields.items():
        if any(state in own.required_at for state in inside) and situation.document.custom.get(name) is None:
            yield Refusal(name, f"{in_language(own.label, language) or name} is missing", None, {"field": name})
    for name, own in situation.type.line_fields.items():
        if any(state in own.required_at for state in inside):
            for line in situation.document.lines:
                if _is_asked(line) and line.custom.get(name) is None:
                    label = in_language(own.label, language) or name
                    yield Refusal(
                        name, f"line {line.position}: {label} is missing", None, {"field": name, "line": line.position}
                    )


def filled(
    message: Mapping[str, str], facts: Mapping[str, Any], situation: Situation, rights: frozenset[str] | None = None
) -> str:
    """A message in the document's language with its ``{places}`` filled, but for figures that somebody with ``rights``
    (those of the actor unless given) may not see."""
    text, side = in_language(message, situation.document.language), situation.type.side
    seen = situation.rights if rights is None else rights

    def figure(match: re.Match[str]) -> str:
        name = match.group(1)
        return _plain(facts[name]) if is_shown(name, side, seen) else NO_FIGURE

    return _PLACES.sub(figure, text)


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        cents = value.as_tuple().exponent == -2
        return f"{value:f}" if cents else f"{value.normalize():f}" if value else "0"
    return "" if value is None else str(value)


def _overridden(reason: Refusal, request: Request, situation: Situation) -> bool:
    given = request.override.get(reason.guard, "").strip()
    return bool(given and reason.override and reason.override in situation.rights)


def _failed(situation: Situation, request: Request, standing: list[Refusal]) -> GuardFailed:
    texts = []
    for reason in standing:
        right = f" (override: {reason.override})" if reason.override else ""
        texts.append(f"{reason.message}{right}")
    said = f"{_name(situation.document)}: {request.event!r} is refused: " + "; ".join(texts)
    return GuardFailed(said, standing, document=situation.document.id, event=request.event)


def _reasons(situation: Situation, event: Event, target: str, facts: DocumentFacts, specs: Specs) -> Iterator[str]:
    """Of each branch before the one taken: why its lines do not meet it, by the guards that it names as reasons."""
    key = (situation.document.type, situation.document.kind)
    for name, branch in event.targets.items():
        if name == target:
            return
        if not branch.reasons or not branch.every_line:
            continue
        meets = situation.pack.expression(key, "line", branch.every_line)
        failing = {line.position for line in situation.document.lines if not meets(LineFacts(facts, line))}
        guards = {one: situation.pack.guard(one, written) for one, written in branch.reasons.items()}
        stored = replace(situation, rights=rights_of_readers(situation.type.side))
        asked = (refusal for one in guards for refusal in _ask(one, guards[one], stored, facts, specs))
        told = [refusal for refusal in asked if refusal.facts.get("line") in failing]
        yield from (refusal.message for refusal in sorted(told, key=lambda one: one.facts["line"]))


def _operations(situation: Situation, event: Event, target: str, specs: Specs) -> Iterator[Op]:
    for name, parameters in event.effects_to(target).items():
        spec = specs.effects[name]
        yield from spec.function(situation, spec.parameters.model_validate(parameters))
