"""Named batches: chunks of documents, each chunk a unit of work that may be repeated (architecture 4.18, IG7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from sphinx_lib.app import deriving, firing, replenishing, sending
from sphinx_lib.app.flush import flush
from sphinx_lib.app.gate import read_fields
from sphinx_lib.app.inputs import RunOptions
from sphinx_lib.app.replenishing import Reordered, Replenished
from sphinx_lib.app.sight import hides_amounts, shown
from sphinx_lib.app.unit import Unit
from sphinx_lib.billing.grouping import billing_for, period_end
from sphinx_lib.kernel.document import Document, Id
from sphinx_lib.kernel.errors import GuardFailed, InputError, Refused, SphinxError
from sphinx_lib.kernel.ports import Actor
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.workflow_model import RunStep
from sphinx_lib.store import claims, sequences
from sphinx_lib.store.tables import documents
from sphinx_lib.workflow.plan import Request

if TYPE_CHECKING:
    from sphinx_lib.app.session import Session
    from sphinx_lib.app.sphinx import Sphinx

CHUNK = 500
Progress = Callable[[int, int], None]
"""Called with (done, all) after each chunk."""


def silent(done: int, total: int) -> None:
    """Progress for callers that show none."""


class Skipped(NamedTuple):
    """What a run left alone, and why."""

    what: str
    reason: str


class Proposal(NamedTuple):
    """A document that a dry run would make; its totals are none where they are not shown: of purchases, without the right
    ``see_margin``."""

    party: str
    type: str
    date: date
    total_net: Decimal | None
    total_gross: Decimal | None
    currency: str
    sources: tuple[str, ...]


@dataclass
class RunReport:
    """What a run made, proposed (dry run) or skipped; of what is bought again, why and how much.

    Of messages, ``made`` went out, ``skipped`` are tried again, ``dead`` are not.
    """

    made: list[Id] = field(default_factory=list)
    proposed: list[Proposal] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    reordered: list[Reordered] = field(default_factory=list)
    dead: list[Skipped] = field(default_factory=list)


def run(app: Sphinx, name: str, actor: Actor, progress: Progress, options: Mapping[str, Any]) -> RunReport:
    """Run the batch declared as ``name``."""
    step = app.pack.model.runs[name]
    known = options_of(step)
    unknown = options.keys() - known
    if unknown:
        raise InputError([f"run {name}: unknown option {one!r}{did_you_mean(one, known)}" for one in sorted(unknown)])
    problems: list[str] = []
    options = read_fields(RunOptions, options, problems, f"run {name}: ")
    if problems:
        raise InputError(problems)
    report = RunReport()
    if step.fire:
        _fire(app, step, actor, progress, report, bool(options.get("dry_run")))
    if step.derive:
        _derive(app, step, actor, progress, report, options)
    if step.rebate:
        from sphinx_lib.app import rebates  # it builds on this module

        rebates.credit(app, step.rebate, actor, progress, report, options)
    if step.replenish:
        _replenish(app, step.replenish, actor, report, options)
    if step.send:
        _send(app, progress, report, options)
    return report


def options_of(step: RunStep) -> set[str]:
    """The options that a batch declared so takes."""
    derived = {"until", "customer", "propose"} if step.derive else set()
    rebated = {"period", "customer", "rebate", "propose"} if step.rebate else set()
    bought = {"supplier", "warehouse"} if step.replenish else set()
    return {"dry_run"} | derived | rebated | bought | ({"sender"} if step.send else set())


def chunks(ids: Sequence[Any], size: int = CHUNK) -> Iterator[Sequence[Any]]:
    """``ids`` in pieces of ``size``."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


# -- clock events ----------------------------------------------------------------------------------


def _fire(app: Sphinx, step: RunStep, actor: Actor, progress: Progress, report: RunReport, dry: bool) -> None:
    for type_name, event in step.fire.items():
        declared = app.pack.type_of(type_name)
        sources = declared.events[event].sources
        states = [state for state in declared.states if sources.keys() & set(declared.chain(state))]
        with app.reader(actor=actor) as views:
            ids = views.ids(type=type_name, state=states)
        done = 0
        for chunk in chunks(ids):
            if dry:
                with app.reader(actor=actor) as views:
                    report.made += _due(views.unit, chunk, event, report)
            else:
                fired, skipped = app.do(_fire_chunk, list(chunk), type_name, event, actor=actor)
                report.made += fired
                report.skipped += [Skipped(*row) for row in skipped]
            done += len(chunk)
            progress(done, len(ids))


def _fire_chunk(
    session: Session, ids: list[Id], type_name: str, event: str
) -> tuple[list[Id], list[tuple[str, str]]]:
    unit = session.unit
    claims.claim(unit.connection, unit.company, [f"run {type_name} {event}"])
    report = RunReport()
    due = _due(unit, ids, event, report)
    firing.fire(unit, [(one, Request(event, "clock")) for one in due])
    return due, [(row.what, row.reason) for row in report.skipped]


def _due(unit: Unit, ids: Sequence[Id], event: str, report: RunReport) -> list[Id]:
    """The documents for which the clock may fire ``event`` now; guards that refuse are reported."""
    documents_ = unit.load(ids)
    firing.prefetch(unit, [(one, event) for one in documents_])
    due = []
    for document in documents_:
        try:
            firing.plan_one(unit, document.id, Request(event, "clock"))
        except GuardFailed as refused:
            report.skipped.append(Skipped(_name(document), refused.message))
        except Refused:
            continue  # its condition does not hold today: not due
        else:
            due.append(document.id)
    return due


def _name(document: Document) -> str:
    return f"{document.type} {document.number or 'draft'}"


# -- derivations -----------------------------------------------------------------------------------


class Candidate(NamedTuple):
    """A document that waits to be made into another."""

    id: Id
    party: str
    date: date
    number: str
    site: str


def _derive(
    app: Sphinx, step: RunStep, actor: Actor, progress: Progress, report: RunReport, options: Mapping[str, Any]
) -> None:
    """One invoice per key over the due documents, party by party; a party that fails does not stop the others."""
    until: date | None = options.get("until")
    with app.reader(actor=actor) as views:
        waiting = _candidates(views.unit, step, until or views.unit.today, options.get("customer"))
        until = until or views.unit.today
    batches = list(_by_party(waiting))
    done = 0
    for batch in batches:
        _derive_batch(app, step, actor, batch, until, report, options)
        done += len(batch)
        progress(done, len(waiting))


def _derive_batch(
    app: Sphinx, step: RunStep, actor: Actor, batch: Sequence[Candidate], until: date, report: RunReport,
    options: Mapping[str, Any],
) -> None:  # fmt: skip
    arguments = (step.derive or "", until, bool(options.get("propose")))
    parties = list(dict.fromkeys(one.party for one in batch))
    if options.get("dry_run"):
        with app.reader(actor=actor) as views:
            unit = views.unit
            _report_proposals(unit, _make(unit, [one.id for one in batch], *arguments), report)
        return
    try:
        report.made += app.do(_derive_chunk, parties, [one.id for one in batch], *arguments, actor=actor)
    except SphinxError as error:
        if len(parties) == 1:
            report.skipped.append(Skipped(parties[0], str(error)))
            return
        for party in parties:
            own = [one for one in batch if one.party == party]
            _derive_batch(app, step, actor, own, until, report, options)


def _derive_chunk(
    session: Session, parties: list[str], ids: list[Id], to: str, until: date, propose: bool
) -> list[Id]:
    """Another run over these parties waits, and then finds nothing left of theirs."""
    unit = session.unit
    claims.claim(unit.connection, unit.company, [f"run {to} {party}" for party in parties])
    made = _make(unit, ids, to, until, propose)
    flush(unit)
    return [document.id for document in made]


def _make(unit: Unit, ids: Sequence[Id], to: str, until: date, propose: bool) -> list[Document]:
    target = unit.pack.resolve_type(to)
    sources = unit.load(ids, with_roots=True)
    ready = [one.id for one in sources if _is_ready(unit, one, target)]
    if not ready:
        return []
    day = _document_date(unit, target[0], until)
    try:
        derived = deriving.derive_from(unit, ready, to, None, day)
    except Refused:
        return []  # nothing is left of these: somebody else was faster
    if not propose:
        firing.fire(unit, [(document.id, Request(issue_event(unit, document))) for document in derived.documents])
    return [unit.get(document.id) for document in derived.documents]


def _is_ready(unit: Unit, document: Document, target: tuple[str, str]) -> bool:
    rule = unit.pack.type_of(*target).made_from[document.type]
    return bool(rule.states.keys() & set(unit.type_of(document).chain(document.state)))


def issue_event(unit: Unit, document: Document) -> str:
    """The event that leads from the draft to the state that gives the number."""
    declared = unit.type_of(document)
    for name, event in declared.leaves(document.state).items():
        if any(declared.number.at in declared.chain(target) for target in event.targets):
            return name
    raise Refused(f"{document.type}: no event leads from {document.state!r} to {declared.number.at!r}")


def _document_date(unit: Unit, type_name: str, until: date) -> date:
    """The end of the period when the series still allows it, else today (IG4, NU1)."""
    if unit.pack.model.billing.invoice_date == "run" or until >= unit.today:
        return min(until, unit.today) if unit.pack.model.billing.invoice_date == "period_end" else unit.today
    name = unit.pack.type_of(type_name).number.sequence
    period = unit.pack.patterns[name].period(until)
    for row in sequences.all_series(unit.connection, unit.company):
        if row.name == name and row.period >= period and row.last_date and row.last_date > until:
            return unit.today
    return until


def _candidates(unit: Unit, step: RunStep, until: date, customer: str | None) -> list[Candidate]:
    """Documents in a state to be derived, dated within the period that is over for their party (IG3)."""
    if step.derive is None or step.from_ is None:
        raise InputError(["a run that derives names both `derive` and `from`"])
    target = unit.pack.resolve_type(step.derive)
    rule = unit.pack.type_of(*target).made_from[step.from_]
    declared = unit.pack.type_of(step.from_)
    states = [state for state in declared.states if rule.states.keys() & set(declared.chain(state))]
    columns = [documents.c[name] for name in Candidate._fields]
    statement = (
        select(*columns)
        .where(documents.c.company_id == unit.company, documents.c.type == step.from_)
        .where(documents.c.state.in_(states), documents.c.date <= until, documents.c.billing_status != "full")
        .order_by(documents.c.party, documents.c.site, documents.c.date, documents.c.number)
    )
    if customer is not None:
        statement = statement.where(documents.c.party == customer)
    found = [Candidate(*row) for row in unit.connection.execute(statement)]
    for codes in chunks(sorted({one.party for one in found if one.party})):
        unit.load_parties(codes)
    if rule.group_by != "billing.invoicing":
        return found
    return [one for one in found if one.date <= _period_end(unit, one, until)]


def _period_end(unit: Unit, one: Candidate, until: date) -> date:
    billing = billing_for(one.site, unit.parties.get(one.party), unit.pack)
    return until if billing.mode == "per_document" else period_end(billing.period, until)


def _by_party(waiting: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    """Whole parties together, about a chunk of documents at a time."""
    batch: list[Candidate] = []
    for number, one in enumerate(waiting):
        if len(batch) >= CHUNK and one.party != waiting[number - 1].party:
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def _report_proposals(unit: Unit, made: Sequence[Document], report: RunReport) -> None:
    for document in made:
        sources = dict.fromkeys(line.source_document for line in document.lines if line.source_document)
        seen = shown(unit, document)
        hidden = hides_amounts(seen, unit.type_of(document).side)
        net, gross = (None, None) if hidden else (seen.total_net, seen.total_gross)
        report.proposed.append(
            Proposal(
                document.party or "", document.type, document.date, net, gross, document.currency,
                tuple(unit.get(one).number or one for one in sources),
            )
        )  # fmt: skip


# -- reordering ------------------------------------------------------------------------------------


def _replenish(app: Sphinx, to: str, actor: Actor, report: RunReport, options: Mapping[str, Any]) -> None:
    """Drafts of ``to`` for all that fell to its reorder point, in one unit of work: they count for each other (R2)."""
    wanted = (to, options.get("supplier"), options.get("warehouse"))
    if options.get("dry_run"):
        with app.reader(actor=actor) as views:
            found = replenishing.replenish(views.unit, *wanted)
            _report_proposals(views.unit, found.documents, report)
    else:
        found = app.do(_replenish_all, *wanted, actor=actor)
        report.made += [document.id for document in found.documents]
    report.reordered += found.reordered
    report.skipped += [Skipped(item, reason) for item, reason in found.skipped]


def _replenish_all(session: Session, to: str, supplier: str | None, warehouse: str | None) -> Replenished:
    unit = session.unit
    claims.claim(unit.connection, unit.company, [f"run {to}"])  # what another run orders is on order here
    found = replenishing.replenish(unit, to, supplier, warehouse)
    for document in found.documents:
        unit.add(document.changed(version=1))
        unit.record(document.id, "create", {"to": document.state})
    return found


# -- outbox ----------------------------------------------------------------------------------------


def _send(app: Sphinx, progress: Progress, report: RunReport, options: Mapping[str, Any]) -> None:
    """Hand each waiting message to the sender of the host; a dry run tells which ones are due."""
    if options.get("dry_run"):
        report.made += sending.due(app)
        return
    sender = options.get("sender")
    if sender is None:
        raise InputError(["run outbox: give a sender, such as messages.Dispatcher"])
    sent = sending.send(app, sender, progress)
    report.made += sent.sent
    report.skipped += [Skipped(*one) for one in sent.failed]
    report.dead += [Skipped(*one) for one in sent.dead]
