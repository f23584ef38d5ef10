"""Cross-references that a field type cannot express. Each check yields its findings and raises none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from pydantic import ValidationError

from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.numbers import Pattern, pattern_findings, same_files, same_numbers
from sphinx_lib.pack.pack import TypeKey, types_named
from sphinx_lib.pack.places import effect_uses, guard_uses
from sphinx_lib.pack.scopes import document_scope, line_scope
from sphinx_lib.pack.specs import Specs
from sphinx_lib.pack.validation import findings_of
from sphinx_lib.pack.workflow_model import Condition, DocumentType, Guard, MadeFrom

LEVELS = ("physical", "reserved", "on_order")
KEY_FIELDS = frozenset(
    {"party", "customer", "site", "currency", "language", "payment_terms", "regime", "deal", "reference", "kind",
     "contact", "order", "delivery_note", "customer_reference", "date"}
)  # fmt: skip
_SINGLE_ACCOUNTS = ("receivable", "payable", "early_payment_discount", "exchange_loss", "exchange_gain")
GROUPINGS = frozenset({"billing.invoicing"})
_PLACES = re.compile(r"\{([a-z_][a-z0-9_.]*)\}")
Known = Iterable[str]


def check_pack(
    model: PackModel, types: Mapping[TypeKey, DocumentType], specs: Specs, templates: Known
) -> Iterator[Finding]:
    """Everything that a name in one section says about another section."""
    def of_type(base: tuple[str, ...], declared: DocumentType) -> Iterator[Finding]:
        yield from check_states(base, declared, model)
        yield from check_events(base, declared, specs, model)
        yield from check_reach(base, declared)
        yield from check_sources(base, model, declared)
        yield from check_guards(base, model, declared, specs)
        yield from check_texts(base, model, declared, specs)
        yield from check_template(base, declared, templates)

    yield from of_each_type(types, of_type)
    yield from check_declared_guards(model, specs)
    yield from check_numbering(model, types)
    yield from check_sections(model)
    yield from check_accounting(model)


def of_each_type(
    types: Mapping[TypeKey, DocumentType], check: Callable[[tuple[str, ...], DocumentType], Iterable[Finding]]
) -> Iterator[Finding]:
    """What ``check`` finds in each type; what a kind has from its type is told of the type alone."""
    told: set[tuple[str, tuple[str, ...], str]] = set()
    for (name, kind), declared in types.items():
        base = ("document_types", name, "kinds", kind) if kind else ("document_types", name)
        for finding in check(base, declared):
            inside = finding.path[: len(base)] == base
            key = (name, finding.path[len(base) :] if inside else finding.path, finding.message)
            if not kind or key not in told:
                told.add(key)
                yield finding


def unknown(path: tuple[str, ...], what: str, name: str, known: Known) -> Finding:
    """A name that nothing declares, with the nearest that something does."""
    names = sorted(known)
    hint = did_you_mean(name, names).removeprefix("; ")
    hint = hint or ("known: " + ", ".join(names) if names else "")
    return Finding(path, f"unknown {what} {name!r}", hint, of_key=path[-1] == name)


def unresolved(path: tuple[str, ...], name: str, types: Iterable[TypeKey]) -> Finding | None:
    """What is wrong with the ``name`` of a type or kind; none where it stands for exactly one."""
    found = types_named(name, types)
    if len(found) > 1:
        return Finding(path, f"several types have the kind {name!r}", f"write {' or '.join(map('.'.join, found))}")
    return None if found else unknown(path, "document type", name, {key[1] or key[0] for key in types})


def check_states(base: tuple[str, ...], declared: DocumentType, model: PackModel) -> Iterator[Finding]:
    """States that are named exist; what they cause is something the engine can cause."""
    states = declared.states
    if declared.initial not in states:
        yield unknown((*base, "initial"), "state", declared.initial, states)
    if declared.number.at not in states:
        yield unknown((*base, "number", "at"), "state", declared.number.at, states)
    for name, state in states.items():
        path = (*base, "states", name)
        if state.inside is not None and state.inside not in states:
            yield unknown((*path, "inside"), "state", state.inside, states)
        elif state.inside is not None and name in _outer(declared, state.inside):
            yield Finding((*path, "inside"), f"state {name!r} is inside itself", "remove one `inside`")
        for progress in sorted(state.counts_in.keys() - model.progress.keys()):
            yield unknown((*path, "counts_in", progress), "progress", progress, model.progress)
        for key in state.stock:
            level, _, place = key.partition("@")
            if level not in LEVELS:
                yield unknown((*path, "stock", key), "stock level", level, LEVELS)
            places = {*declared.fields, *declared.line_fields, *model.stock.warehouses}
            if place and place not in places:
                hint = f"name a field of the type, or declare it under stock.warehouses; known: {', '.join(sorted(places))}"
                yield Finding((*path, "stock", key), f"unknown warehouse {place!r}", hint)


def _outer(declared: DocumentType, state: str) -> tuple[str, ...]:
    return declared.chain(state) if state in declared.states else ()


def check_events(base: tuple[str, ...], declared: DocumentType, specs: Specs, model: PackModel) -> Iterator[Finding]:
    """Events lead from known states to known states, with known effects."""
    for name, event in declared.events.items():
        path = (*base, "events", name)
        for key, states in (("from", event.sources), ("to", event.targets)):
            for state in states:
                if state not in declared.states:
                    yield unknown((*path, key, state), "state", state, declared.states)
        plain = [target for target, branch in event.targets.items() if not _conditional(branch)]
        if len(plain) != 1:
            said = "none of the branches is" if not plain else ", ".join(plain) + " are"
            yield Finding(
                (*path, "to"), f"exactly one branch has no condition; {said} without", "give all but one a `when`"
            )
        final = [state for state in event.sources if state in declared.states and declared.states[state].final]
        for state in final:
            yield Finding((*path, "from", state), f"{state!r} is final, so nothing leads out of it", "remove `final`")
        for target, branch in event.targets.items():
            if branch.reasons and not branch.every_line:
                yield Finding((*path, "to", target, "reasons"), "reasons are told of lines; give the branch an every_line")
    for below, effect, parameters in effect_uses(declared):
        yield from _check_effect((*base, *below), effect, parameters, specs, model)
        yield from _check_message(parameters.get("message"), declared, model)
    if declared.then and declared.then not in declared.events:
        yield unknown((*base, "then"), "event", declared.then, declared.events)


def _conditional(branch: Condition) -> bool:
    return bool(branch.when or branch.every_line or branch.any_line)


def _check_effect(
    path: tuple[str, ...], name: str, parameters: Mapping[str, object], specs: Specs, model: PackModel
) -> Iterator[Finding]:
    spec = specs.effects.get(name)
    if spec is None:
        yield unknown(path, "effect", name, specs.effects)
        return
    try:
        spec.parameters.model_validate(parameters)
    except ValidationError as error:
        for finding in findings_of(error, spec.parameters):
            yield Finding((*path, *finding.path), finding.message, finding.hint)
    message = parameters.get("message")
    if isinstance(message, str) and message not in model.messages:
        yield unknown((*path, "message"), "message", message, model.messages)


def _check_message(name: object, declared: DocumentType, model: PackModel) -> Iterator[Finding]:
    """Every ``{place}`` of a message is a fact of the documents that send it."""
    message = model.messages.get(name) if isinstance(name, str) else None
    if message is None:
        return
    scope = document_scope(model, declared)
    for part in ("subject", "body"):
        for language, text in getattr(message, part).items():
            for place in _PLACES.findall(text):
                if place not in scope:
                    yield unknown(("messages", str(name), part, language), "place", place, scope)


def check_reach(base: tuple[str, ...], declared: DocumentType) -> Iterator[Finding]:
    """A state that no event enters, or that only clock and engine could leave, may be meant: a warning."""
    frontier = [declared.initial, *(name for name, state in declared.states.items() if state.waits_for)]
    reached = set(frontier)
    while frontier:
        state = frontier.pop()
        if state not in declared.states:
            continue
        for event in declared.leaves(state).values():
            for target in event.targets:
                if target not in reached:
                    reached.add(target)
                    frontier.append(target)
    for state in declared.states:
        if state not in reached:
            yield Finding((*base, "states", state), f"no event leads to state {state!r}", "", warning=True)
    for name, event in declared.events.items():
        if not event.sources:
            yield Finding((*base, "events", name, "from"), f"event {name!r} starts nowhere", "name a state")


def check_sources(base: tuple[str, ...], model: PackModel, declared: DocumentType) -> Iterator[Finding]:
    """Types and events named by ``made_from`` and ``routes`` exist."""
    for key in ("fulfils", "matches"):
        progress = getattr(declared, key)
        if progress is not None and progress not in model.progress:
            yield unknown((*base, key), "progress", progress, model.progress)
    for source, made in declared.made_from.items():
        path = (*base, "made_from", source)
        if source not in model.document_types:
            yield unknown(path, "document type", source, model.document_types)
            continue
        origin = model.document_types[source]
        for state in made.states:
            if state not in origin.states:
                yield unknown((*path, "in", state), f"state of {source}", state, origin.states)
        if made.fires is not None and made.fires not in origin.events:
            yield unknown((*path, "fires"), f"event of {source}", made.fires, origin.events)
        if made.then is not None and made.then not in declared.events:
            yield unknown((*path, "then"), "event", made.then, declared.events)
        if made.of is not None and made.of not in model.progress:
            yield unknown((*path, "of"), "progress", made.of, model.progress)
        yield from _check_through(path, made, declared, origin)
        known = KEY_FIELDS | origin.fields.keys()
        for key in made.same:
            if key not in known:
                yield unknown((*path, "same"), "field to keep the same", key, known)
        if isinstance(made.group_by, str) and made.group_by not in GROUPINGS:
            yield unknown((*path, "group_by"), "grouping", made.group_by, GROUPINGS)
    for name, route in declared.routes.items():
        if route.to not in model.document_types:
            yield unknown((*base, "routes", name, "to"), "document type", route.to, model.document_types)
    plain = [name for name, route in declared.routes.items() if not _conditional(route)]
    if len(plain) > 1:
        yield Finding(
            (*base, "routes"), f"several routes have no condition: {', '.join(plain)}", "give all but one a `when`"
        )


def _check_through(path: tuple[str, ...], made: MadeFrom, declared: DocumentType, origin: DocumentType) -> Iterator[Finding]:
    """``through`` names a type that this one is made from as well; a fee reads number fields of the source."""
    if made.through is not None and made.through not in declared.made_from:
        yield unknown((*path, "through"), "type to go through", made.through, declared.made_from)
    numbers = {name for name, field in origin.fields.items() if field.type == "number"}
    for key in ("percent", "amount"):
        name = getattr(made.fee, key) if made.fee else None
        if name is not None and name not in numbers:
            yield unknown((*path, "fee", key), "number field", name, numbers)
    if made.fee is not None and made.through is None:
        yield Finding((*path, "fee"), "a fee is kept of what is credited through other documents", "say through: invoice")


def check_guards(base: tuple[str, ...], model: PackModel, declared: DocumentType, specs: Specs) -> Iterator[Finding]:
    """A guard that is only a name is declared somewhere."""
    for path, name, guard in guard_uses(declared):
        if guard.is_reference and name not in model.guards:
            yield unknown((*base, *path), "guard", name, model.guards)
        elif not guard.is_reference:
            yield from _check_guard((*base, *path), guard, specs)


def check_declared_guards(model: PackModel, specs: Specs) -> Iterator[Finding]:
    """Each declared guard asks exactly one question and says why it refuses."""
    for name, guard in model.guards.items():
        if guard.is_reference:
            yield Finding(("guards", name), "this guard asks nothing", "write require, every_line or use")
        yield from _check_guard(("guards", name), guard, specs)


def _check_guard(path: tuple[str, ...], guard: Guard, specs: Specs) -> Iterator[Finding]:
    if not guard.message:
        yield Finding(path, "this guard has no message", "say why it refuses: message: {en: …, fr: …}")
    if guard.use is None:
        return
    spec = specs.guards.get(guard.use)
    if spec is None:
        yield unknown((*path, "use"), "guard function", guard.use, specs.guards)
        return
    try:
        spec.parameters.model_validate(guard.parameters)
    except ValidationError as error:
        for finding in findings_of(error, spec.parameters):
            yield Finding((*path, "with", *finding.path), finding.message, finding.hint)


def check_texts(base: tuple[str, ...], model: PackModel, declared: DocumentType, specs: Specs) -> Iterator[Finding]:
    """Every ``{place}`` of a guard's message names a known fact."""
    document, line = document_scope(model, declared), line_scope(model, declared)
    for path, name, guard in guard_uses(declared):
        meant = model.guards.get(name, guard) if guard.is_reference else guard
        if meant.use and meant.use not in specs.guards:
            continue  # the unknown function is told, and only it knows what it says
        if meant.use:
            scope: Iterable[str] = specs.guards[meant.use].facts
        else:
            scope = line if meant.every_line else document
        where = ("guards", name) if guard.is_reference else (*base, *path)
        for language, text in meant.message.items():
            for place in _PLACES.findall(text):
                if place not in scope:
                    yield unknown((*where, "message", language), "place", place, scope)


def check_template(base: tuple[str, ...], declared: DocumentType, templates: Known) -> Iterator[Finding]:
    """The print template exists in one of the template folders; what the law wants on paper is not left out."""
    if declared.template and declared.template not in templates:
        yield unknown((*base, "template"), "template", declared.template, templates)
    if declared.print.prices and declared.fiscal:
        message = "a fiscal document shows its amounts (CGI ann. II 242 nonies A)"
        yield Finding((*base, "print", "prices"), message, "remove it")


def check_numbering(model: PackModel, types: Mapping[TypeKey, DocumentType]) -> Iterator[Finding]:
    """Series exist, are used, and their patterns give unique (and legal) numbers."""
    fiscal = {declared.number.sequence for declared in types.values() if declared.fiscal}
    used = {declared.number.sequence for declared in types.values()}
    for (name, kind), declared in types.items():
        base = ("document_types", name, "kinds", kind) if kind else ("document_types", name)
        if declared.number.sequence not in model.numbering:
            yield unknown((*base, "number", "sequence"), "sequence", declared.number.sequence, model.numbering)
    sound: dict[str, Pattern] = {}
    for name, series in model.numbering.items():
        path = ("numbering", name)
        wrong = list(pattern_findings(series.pattern, series.reset, name in fiscal))
        yield from (Finding((*path, "pattern"), message, hint) for message, hint in wrong)
        if name in used and not wrong:
            sound[name] = Pattern(series.pattern, series.reset)
        if series.revision:
            for message, hint in pattern_findings(series.revision, series.reset, name in fiscal, revision=True):
                yield Finding((*path, "revision"), message, hint)
        if name in fiscal and series.gaps != "never":
            yield Finding(
                (*path, "gaps"), f"{name} numbers fiscal documents, so it may have no gap", "write gaps: never"
            )
        if name not in used:
            yield Finding(path, f"no document type uses the sequence {name!r}", "", warning=True)
    for name, other in same_numbers(sound.items()):
        hint = f"write another prefix, or let both count together: number: {{sequence: {other}}}"
        yield Finding(("numbering", name, "pattern"), f"the sequence {other!r} gives the same numbers", hint)
    for name, other in same_files(sound.items()):
        told = f"its numbers and those of {other!r} would give the same names of files, as / is written - there"
        yield Finding(("numbering", name, "pattern"), told, "write another prefix")


def check_sections(model: PackModel) -> Iterator[Finding]:
    """Runs, portal, billing, stock and prices name what exists."""
    types = model.document_types
    for name, run in model.runs.items():
        for source, event in run.fire.items():
            if source not in types:
                yield unknown(("runs", name, "fire", source), "document type", source, types)
            elif event not in types[source].events:
                yield unknown(("runs", name, "fire", source), f"event of {source}", event, types[source].events)
        for key, value in (("derive", run.derive), ("from", run.from_), ("replenish", run.replenish)):
            if value is not None and value not in types:
                yield unknown(("runs", name, key), "document type", value, types)
    for name, shown in model.portal.items():
        if name not in types:
            yield unknown(("portal", name), "document type", name, types)
            continue
        for state in shown.sees:
            if state not in types[name].states:
                yield unknown(("portal", name, "sees", state), f"state of {name}", state, types[name].states)
        for event in shown.events:
            if event not in types[name].events:
                yield unknown(("portal", name, "events", event), f"event of {name}", event, types[name].events)
        for field in shown.read:
            if field not in types[name].fields:
                yield unknown(("portal", name, "read"), f"field of {name}", field, types[name].fields)
    if model.billing.default_terms not in model.billing.payment_terms:
        yield unknown(
            ("billing", "default_terms"), "payment term", model.billing.default_terms, model.billing.payment_terms
        )
    for key, regimes in (("regimes", model.taxes.regimes), ("purchase_regimes", model.taxes.purchase_regimes)):
        fallback = [name for name, regime in regimes.items() if regime.when is None]
        if len(fallback) != 1 or fallback != list(regimes)[-1:]:
            yield Finding(("taxes", key), "exactly the last regime has no condition", "it holds when no other does")


def check_accounting(model: PackModel) -> Iterator[Finding]:
    """Postings name journals and accounts that exist, for every regime and VAT code."""
    books, methods = model.accounting, model.billing.payment_methods
    for name, posting in books.postings.items():
        path = ("accounting", "postings", name)
        if posting.journal not in books.journals:
            yield unknown((*path, "journal"), "journal", posting.journal, books.journals)
        named: dict[tuple[str, ...], str] = {}
        for key, by_regime, known in (
            ("revenue", posting.revenue, model.taxes.regimes), ("expense", posting.expense, model.taxes.purchase_regimes),
        ):  # fmt: skip
            for regime, groups in by_regime.items():
                named |= {(*path, key, regime, group): account for group, account in groups.items()}
                if regime not in known:
                    yield unknown((*path, key, regime), "VAT regime", regime, known)
        for regime, both in posting.self_assessed.items():
            named |= {(*path, "self_assessed", regime, key): getattr(both, key) for key in ("deductible", "due")}
            if regime not in model.taxes.purchase_regimes:
                yield unknown((*path, "self_assessed", regime), "VAT regime", regime, model.taxes.purchase_regimes)
        named |= {(*path, "vat", code): account for code, account in posting.vat.items()}
        named |= {(*path, "methods", method): account for method, account in posting.methods.items()}
        for method in posting.methods if methods else ():
            if method not in methods:
                yield unknown((*path, "methods", method), "payment method", method, methods)
        named |= {(*path, key): getattr(posting, key) for key in _SINGLE_ACCOUNTS}
        for where, account in named.items():
            if account and account not in books.accounts:
                yield unknown(where, "account", account, books.accounts)
    for name, declared in model.document_types.items():
        for state_name, state in declared.states.items():
            if state.posts is not None and state.posts not in books.postings:
                where = ("document_types", name, "states", state_name, "posts")
                yield unknown(where, "posting", state.posts, books.postings)
            elif state.posts is not None and books.postings[state.posts].kind == _OTHER.get(declared.side):
                where = ("document_types", name, "states", state_name, "posts")
                yield Finding(where, f"{state.posts} is a {_OTHER[declared.side]}; {name} is on the other side")
    yield from _check_classes(model)


_OTHER = {"sales": "purchase", "purchase": "sale"}
"""By side the kind of posting that its documents do not make."""


def _check_classes(model: PackModel) -> Iterator[Finding]:
    """What is owed to suppliers never counts against the credit of a customer, so its classes are its own (C1)."""
    rules = [
        (name, state_name, declared.side, state.outstanding.as_)
        for name, declared in model.document_types.items()
        for state_name, state in declared.states.items()
        if state.outstanding is not None
    ]
    sold = {name for _, _, side, name in rules if side != "purchase"}
    for type_name, state_name, side, name in rules:
        path = ("document_types", type_name, "states", state_name, "outstanding", "as")
        if side == "purchase" and (name in sold or name in model.billing.outstanding):
            message = f"{name!r} is a class of what customers owe, and this is owed to suppliers"
            yield Finding(path, message, "give it a class of its own, such as payables, that billing does not name")
