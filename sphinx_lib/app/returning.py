"""What comes back: taken off what is still to be invoiced, or credited line by line as it was invoiced (CN1, §5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.app.firing import reweigh
from sphinx_lib.app.unit import Unit
from sphinx_lib.app.weighing import weighing
from sphinx_lib.kernel.document import ZERO, Document, Id, Line, Progress
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.money import currency_digits, percentage, plain_number, round_half_up, split_by_weight
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pack.specs import NoteLeft
from sphinx_lib.pack.workflow_model import Fee, MadeFrom
from sphinx_lib.pricing.foot import entered_amount
from sphinx_lib.pricing.totals import with_totals


class Billed(NamedTuple):
    """A line that billed what ``line`` brings back, the document it stands in, and how much of it is meant."""

    line: Line
    bill: Document
    of_bill: Line
    quantity: Decimal


def billed_lines(
    unit: Unit, source: Document, rule: MadeFrom, target: TypeKey, quantities: Mapping[Id, Decimal] | None
) -> list[Billed]:
    """The lines that billed what the lines of ``source`` were made from, for what of these is not credited yet; the
    oldest bills first. ``quantities`` by line id of ``source`` says how much, else all that is left.

    Two statements. Raises InputError that names each line whose goods no bill that may be credited holds.
    """
    through, feeds = rule.through or "", unit.pack.type_of(*target).fulfils or ""
    bills = _by_source(_bills(unit, source, through, unit.pack.type_of(*target).made_from[through]))
    left = {one.id: one.proposed(feeds) for rows in bills.values() for _, one in rows}
    found: list[Billed] = []
    problems: list[str] = []
    for line, open_ in _open_lines(unit, source, through, feeds):
        wanted = open_ if quantities is None else quantities.get(line.id, ZERO)
        where = f"{source.type} {source.number or 'draft'} line {line.position}: {plain_number(wanted)}"
        if wanted > open_:
            problems.append(f"{where} asked for, {plain_number(open_)} left to make into {target[0]}")
            continue
        for bill, of_bill in _of_line(bills, line):
            part = min(wanted, left[of_bill.id])
            if part > 0:
                wanted, left[of_bill.id] = wanted - part, left[of_bill.id] - part
                found.append(Billed(line, bill, of_bill, part))
        if wanted > 0:
            problems.append(f"{where} of {line.item or line.text}: {plain_number(wanted)} stand on no {through} that "
                            f"takes it; issue the {through} first")  # fmt: skip
    if problems:
        raise InputError(problems)
    return found


def _open_lines(unit: Unit, source: Document, through: str, feeds: str) -> Iterator[tuple[Line, Decimal]]:
    """The lines that came back, and how much of each is neither credited nor was taken off what is billed."""
    weighs, billing = weighing(source, unit.pack), unit.pack.type_of(through).fulfils or ""
    for line in source.lines:
        if line.quantity is not None and line.counts:
            yield line, max(line.proposed(feeds) - weighs(line).get(billing, Progress()).done, ZERO)


def _bills(unit: Unit, source: Document, through: str, rule: MadeFrom) -> list[Document]:
    """Documents of the type ``through`` made from what ``source`` was made from, in a state that ``rule`` names."""
    origins = {one for line in source.lines for one in (line.source_document, line.root_document) if one}
    found = unit.made_from(origins, through, with_roots=True)
    return [one for one in found if any(state in rule.states for state in unit.type_of(one).chain(one.state))]


def _by_source(bills: Iterable[Document]) -> dict[Id, list[tuple[Document, Line]]]:
    found: dict[Id, list[tuple[Document, Line]]] = {}
    for bill in bills:
        for line in bill.lines:
            if line.source_id and line.quantity is not None:
                found.setdefault(line.source_id, []).append((bill, line))
    return found


def _of_line(bills: Mapping[Id, Sequence[tuple[Document, Line]]], line: Line) -> Iterator[tuple[Document, Line]]:
    """What billed the delivery of ``line``; after it what billed its order directly."""
    yield from bills.get(line.source_id or "", ())
    if line.root_id != line.source_id:
        yield from bills.get(line.root_id or "", ())


def credit_of(unit: Unit, source_id: Id, billed: Sequence[Billed], fee: Fee | None, draft: Document) -> Document:
    """``draft``, made from one of the bills of ``billed``, as the credit for ``source_id``: its lines count for the lines
    that came back, and the fee is taken off. Raises InputError for a fee above what is credited."""
    source = unit.get(source_id)
    origin = {one.of_bill.id: one.line.id for one in billed}
    lines = tuple(
        line._replace(root_id=origin[line.source_id], root_document=source_id) if line.source_id in origin else line
        for line in draft.lines
    )
    names = (one for one in (draft.origin, source.number or "") if one)
    draft = with_totals(draft.changed(lines=lines, origin=", ".join(names)[:200]), unit.pack)
    if fee is None:
        return draft
    here = {line.source_id for line in draft.lines}
    amount = _fee(source, fee, draft, [one for one in billed if one.of_bill.id in here], unit.type_of(draft).fulfils or "")
    credited = sum(_bases(draft).values(), ZERO)
    if amount > credited:
        told = f"{plain_number(amount)} is kept of {plain_number(credited)}, which is all that is credited"
        raise InputError([f"{source.type} {source.number or 'draft'}: {told}; cancel it and lower the fee"])
    return draft.changed(lines=(*draft.lines, *_fee_lines(unit, fee, draft, amount))) if amount else draft


def _fee(source: Document, fee: Fee, draft: Document, billed: Sequence[Billed], feeds: str) -> Decimal:
    """What is kept: the percent of what ``draft`` credits, and the part of the amount that goes with it. The parts of
    several credits of one source add up to the whole."""
    digits = currency_digits(draft.currency)
    percent, amount = (_number(source, name) for name in (fee.percent, fee.amount))
    kept = percentage(sum(_bases(draft).values(), ZERO), percent, digits)
    now: dict[Id, Decimal] = {}
    for one in billed:
        now[one.line.id] = now.get(one.line.id, ZERO) + one.quantity
    whole = sum((line.net for line in source.lines), ZERO)
    if not amount or not whole:
        return kept + amount
    before = after = ZERO
    for line in source.lines:
        if line.quantity:
            done = line.done(feeds) + line.planned(feeds)
            before += line.net * done / line.quantity
            after += line.net * (done + now.get(line.id, ZERO)) / line.quantity
    return kept + round_half_up(amount * after / whole, digits) - round_half_up(amount * before / whole, digits)


def _number(source: Document, name: str | None) -> Decimal:
    return source.custom.get(name or "") or ZERO


def _bases(draft: Document) -> dict[str, Decimal]:
    """By VAT code what the goods and services of ``draft`` come to after foot discounts, as their prices are written."""
    digits = currency_digits(draft.currency)
    goods, net = draft.totals.get("goods", ZERO), draft.net_commercial
    found: dict[str, Decimal] = {}
    for line in draft.lines:
        if not line.role and line.quantity is not None:
            found[line.vat] = found.get(line.vat, ZERO) + entered_amount(line, digits)
    return {code: amount * net / goods if goods else amount for code, amount in found.items()}


def _fee_lines(unit: Unit, fee: Fee, draft: Document, amount: Decimal) -> Iterator[Line]:
    """A negative line for each VAT code of what is credited, which share the fee (N5)."""
    bases = _bases(draft)
    shares = split_by_weight(amount, list(bases.values()), currency_digits(draft.currency))
    text = in_language(fee.label, draft.language)
    for place, (code, share) in enumerate(zip(bases, shares, strict=True), len(draft.lines) + 1):
        if share:
            yield Line(
                unit.new_id(), place, text=text, quantity=Decimal(-1), price_quantity=Decimal(-1), list_price=share,
                unit_price=share, vat=code, account_group="service", manual=True, discountable=False,
            )  # fmt: skip


def note_left(unit: Unit, document_id: Id, asked: NoteLeft) -> set[Id]:
    """The effect ``NoteLeft``: write on each line how much of it its source and root have left in a progress.

    What the line itself counts there already is left for it. Returns the documents whose progress moved by it.
    """
    before = unit.get(document_id)
    unit.load_sources([before])
    owners = {one for line in before.lines for one in (line.source_document, line.root_document) if one}
    ends = {line.id: line for owner in owners for line in unit.get(owner).lines}
    weighs = weighing(before, unit.pack)
    taken: dict[Id, Decimal] = {}
    lines = []
    for line in before.lines:
        if line.id in asked.lines and line.source_id is not None:
            own = weighs(line).get(asked.progress, Progress()).done
            names = {one for one in (line.source_id, line.root_id) if one in ends}
            left = min(_left(ends[one], asked.progress) - taken.get(one, ZERO) for one in names) + own
            noted = max(min(line.quantity or ZERO, left), ZERO)
            taken |= {one: taken.get(one, ZERO) + noted - own for one in names}
            line = line._replace(custom={**line.custom, asked.into: noted})
        lines.append(line)
    after = before.changed(lines=tuple(lines))
    if after.lines == before.lines:
        return set()
    unit.replace(after)
    unit.record(document_id, "note_left", {"to": after.state, "facts": {"progress": asked.progress}})
    return reweigh(unit, before, after)


def _left(line: Line, progress: str) -> Decimal:
    """What is left of a line, below zero where it got more than there is: what is noted on others then gives way."""
    return (line.quantity or ZERO) - line.done(progress)
