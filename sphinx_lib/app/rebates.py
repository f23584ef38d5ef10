"""The batch that gives year-end rebates (ristournes) as credit notes at the VAT rates of their period (D3).

A credit note takes what is due less what was credited before, so that the batch may be repeated: a second run makes
nothing, a run after more turnover credits the difference.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from sphinx_lib.app import firing
from sphinx_lib.app.entering import enter
from sphinx_lib.app.runs import Progress, Proposal, RunReport, Skipped, chunks, issue_event
from sphinx_lib.app.turnover import Basis, Turnover, turnover_of
from sphinx_lib.app.unit import Unit
from sphinx_lib.billing.rebates import Period, newest_over, period_named, periods_within, rebate_on, to_credit
from sphinx_lib.kernel.document import ZERO, Document, Id, Line, TraceRow
from sphinx_lib.kernel.errors import InputError, SphinxError
from sphinx_lib.kernel.localized import day
from sphinx_lib.kernel.money import currency_digits, exact_sum
from sphinx_lib.kernel.ports import Actor
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.pack import Pack, TypeKey
from sphinx_lib.pack.rebate_model import PERIOD, REBATE, REBATE_GROUP, Rebate
from sphinx_lib.pack.scopes import PartyFacts
from sphinx_lib.pricing.tax import default_code, gives_vat
from sphinx_lib.pricing.totals import with_totals
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import rebates as store_rebates
from sphinx_lib.workflow.plan import Request

if TYPE_CHECKING:
    from sphinx_lib.app.session import Session
    from sphinx_lib.app.sphinx import Sphinx

ONE = Decimal(1)
Given = tuple[str, Rebate]
"""A rebate by its id."""


class Job(NamedTuple):
    """One rebate for one period, and the type and kind of the credit notes that it is given as."""

    name: str
    rebate: Rebate
    period: Period
    note: TypeKey
    propose: bool

    @property
    def title(self) -> str:
        """What a report calls it."""
        return f"{self.name} {self.period.name}"


class Due(NamedTuple):
    """What a customer's turnover of the period gives, before what was credited of it."""

    party: str
    amount: Decimal
    turnover: Turnover


def credit(
    app: Sphinx, made_as: str, actor: Actor, progress: Progress, report: RunReport, options: Mapping[str, Any]
) -> None:
    """Credit each declared rebate to its customers, chunk by chunk; one that fails does not stop the others.

    Options: ``period`` (2026, 2026-H1, 2026-Q1: all periods of a rebate within it; the newest that is over unless given),
    ``customer``, ``rebate``, ``propose`` for drafts, ``dry_run``. Who does not reach the first band is told as skipped.
    """
    note = app.pack.resolve_type(made_as)
    for period, given in _wanted(app, options, report).items():
        jobs = [Job(*one, period, note, bool(options.get("propose"))) for one in given]
        with app.reader() as views:
            sold = turnover_of(views.unit, note, period, options.get("customer"))
            dues = [(job, list(_dues(views.unit, job, sold, report))) for job in jobs]
        total, done = sum(len(found) for _, found in dues), 0
        for job, found in dues:
            for chunk in chunks(found):
                _credit(app, job, actor, chunk, report, dry=bool(options.get("dry_run")))
                done += len(chunk)
                progress(done, total)


# -- what is asked -------------------------------------------------------------------------------------------------------


def _wanted(app: Sphinx, options: Mapping[str, Any], report: RunReport) -> dict[Period, list[Given]]:
    """The rebates asked for by the period that they are for; a period that is not over is skipped."""
    rebates = app.pack.model.billing.rebates
    only = options.get("rebate")
    if only is not None and only not in rebates:
        raise InputError([f"unknown rebate {only!r}{did_you_mean(only, rebates)}"])
    span = _span(options.get("period"))
    with app.reader() as views:
        today = views.unit.today
        if options.get("customer") is not None:
            views.unit.load_parties([options["customer"]])
    found: dict[Period, list[Given]] = {}
    for name, rebate in rebates.items() if only is None else [(only, rebates[only])]:
        for period in periods_within(rebate.period, span) if span else [newest_over(rebate.period, today)]:
            if period.last > today:
                report.skipped.append(Skipped(f"{name} {period.name}", f"not over before {period.last}"))
            else:
                found.setdefault(period, []).append((name, rebate))
    if not found and not report.skipped:
        said = f"no rebate has a period within {span.name}" if rebates and span else "none is declared in billing.rebates"
        report.skipped.append(Skipped("rebates", said))
    return found


def _span(given: Any) -> Period | None:
    try:
        return None if given is None else period_named(str(given))
    except ValueError as error:
        raise InputError([f"period: {error}"]) from None


def _dues(unit: Unit, job: Job, sold: Mapping[str, Turnover], report: RunReport) -> Iterator[Due]:
    """What is due to each customer of whom the rebate's condition holds on the last day of the period."""
    digits = currency_digits(unit.pack.model.company.currency)
    for codes in chunks(sorted(sold)):
        unit.load_parties(codes)
        for code in codes:
            if not _holds(unit, job, code):
                continue
            turnover = sold[code].total
            amount = rebate_on(turnover, job.rebate.bands, job.rebate.mode, digits)
            if turnover < job.rebate.bands[0][0]:
                first = job.rebate.bands[0][0]
                said = f"{job.title}: a turnover of {turnover:.{digits}f} is below the first band, {first:.{digits}f}"
                report.skipped.append(Skipped(code, said))
            yield Due(code, amount, sold[code])


def _holds(unit: Unit, job: Job, code: str) -> bool:
    if job.rebate.when is None:
        return True
    asked = unit.pack.expression(("", ""), "party", job.rebate.when)
    return bool(asked(PartyFacts(unit.pack.model, unit.parties[code], job.period.last)))


# -- what is made --------------------------------------------------------------------------------------------------------


def _credit(app: Sphinx, job: Job, actor: Actor, dues: Sequence[Due], report: RunReport, *, dry: bool) -> None:
    """One unit of work for the customers of a chunk; where it fails, one for each of them."""
    try:
        if dry:
            with app.reader(actor=actor) as views:
                notes, skipped = _notes(views.unit, job, dues)
            report.proposed += [_proposal(note, job) for note in notes]
        else:
            made, skipped = app.do(_credit_chunk, job, list(dues), actor=actor)
            report.made += made
        report.skipped += skipped
    except SphinxError as error:
        if len(dues) == 1:
            report.skipped.append(Skipped(dues[0].party, f"{job.title}: {error}"))
            return
        for due in dues:
            _credit(app, job, actor, [due], report, dry=dry)


def _proposal(note: Document, job: Job) -> Proposal:
    amounts = (note.total_net, note.total_gross, note.currency)
    return Proposal(note.party or "", note.kind or note.type, note.date, *amounts, (job.title,))


def _credit_chunk(session: Session, job: Job, dues: list[Due]) -> tuple[list[Id], list[Skipped]]:
    """Credit notes for what is left; another run that would credit the same customers waits, and then finds these."""
    unit = session.unit
    store_rebates.lock_parties(unit.connection, unit.company, [due.party for due in dues])
    notes, skipped = _notes(unit, job, dues)
    if not job.propose:
        firing.fire(unit, [(note.id, Request(issue_event(unit, note))) for note in notes])
    return [note.id for note in notes], skipped


def _notes(unit: Unit, job: Job, dues: Sequence[Due]) -> tuple[list[Document], list[Skipped]]:
    digits = currency_digits(unit.pack.model.company.currency)
    unit.load_parties([due.party for due in dues])
    before = _credited(unit, job, [due.party for due in dues])
    notes: list[Document] = []
    skipped: list[Skipped] = []
    for due in dues:
        credited = before.get(due.party, Turnover()).amounts
        over = exact_sum(credited.values()) - due.amount
        if over > 0:
            said = f"{over:.{digits}f} more was credited than the {due.amount:.{digits}f} due; correct it by hand"
            skipped.append(Skipped(due.party, f"{job.title}: {said}"))
            continue
        parts = to_credit(due.amount, dict(sorted(due.turnover.amounts.items())), credited, digits)
        for tax_date, own in _by_rates(unit.pack, parts, due.turnover.days):
            notes.append(_note(unit, job, due, tax_date, own))
    return notes, skipped


def _credited(unit: Unit, job: Job, codes: Sequence[str]) -> dict[str, Turnover]:
    """What credit notes of this rebate and period gave, or will give once issued, by customer."""
    declared = unit.pack.type_of(*job.note)
    filters = {
        "type": job.note[0], "kind": job.note[1], "party": list(codes), REBATE: job.name, PERIOD: job.period.name,
        "state": [state for state in declared.states if declared.counts(state) != "none"],
    }  # fmt: skip
    own = {REBATE: "text", PERIOD: "text"}
    found: dict[str, Turnover] = {}
    for note in unit.load(store_documents.ids_where(unit.connection, unit.company, filters, own)):
        found.setdefault(note.party or "", Turnover()).add(note, unit.pack, ONE)
    return found


def _by_rates(
    pack: Pack, parts: Mapping[Basis, Decimal], days: Mapping[Basis, date]
) -> list[tuple[date, dict[Basis, Decimal]]]:
    """The parts that one document can hold: one regime, and a tax date on which each has the rate that it was sold at."""
    found: dict[tuple[str, int], dict[Basis, Decimal]] = {}
    for basis, amount in parts.items():
        codes = [pack.model.taxes.codes.get(one.vat) for one in parts if one.regime == basis.regime]
        starts = sorted({start for code in codes if code for start in code.rates})
        found.setdefault((basis.regime, bisect_right(starts, days[basis])), {})[basis] = amount
    return [(max(days[basis] for basis in own), own) for own in found.values()]


def _note(unit: Unit, job: Job, due: Due, tax_date: date, parts: Mapping[Basis, Decimal]) -> Document:
    """A draft in company currency with a line for each VAT code, out of discounts; a rebate bears no escompte (D1)."""
    header = {
        "currency": unit.pack.model.company.currency, "early_payment_discount": ZERO, "prices_include_tax": False,
        REBATE: job.name, PERIOD: job.period.name,
    }  # fmt: skip
    document = enter(unit, job.note, due.party, (), header)
    regime = next(iter(parts)).regime
    lines = tuple(
        _line(unit, job, document, place, basis, amount, due.turnover.amounts[basis])
        for place, (basis, amount) in enumerate(parts.items(), 1)
    )
    document = document.changed(regime=regime, tax_date=tax_date, lines=lines, version=1)
    unit.record(document.id, "create", {"to": document.state})
    return unit.replace(with_totals(document, unit.pack))


def _line(
    unit: Unit, job: Job, document: Document, place: int, basis: Basis, amount: Decimal, turnover: Decimal
) -> Line:
    language = document.language
    text = unit.pack.label("line_rebate", language).format(
        rebate=in_language(job.rebate.label, language),
        first=day(job.period.first, language),
        last=day(job.period.last, language),
    )
    return Line(
        id=unit.new_id(),
        position=place,
        text=text,
        quantity=ONE,
        list_price=amount,
        unit_price=amount,
        price_quantity=ONE,
        vat=basis.vat if gives_vat(basis.regime, unit.pack) else default_code(unit.pack),
        account_group=REBATE_GROUP,
        discountable=False,
        trace=(TraceRow(REBATE, amount, job.name, running=amount, basis=turnover),),
    )
