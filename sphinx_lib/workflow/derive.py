"""The next document from this one: what should exist minus what exists, line by line (BK1, style 4.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sphinx_lib.kernel.document import EMPTY, OPTIONAL, ZERO, Document, Id, Line, Progress, TraceRow
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.localized import day
from sphinx_lib.kernel.money import plain_number, round_half_up
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.pack import Pack, TypeKey
from sphinx_lib.pack.specs import Situation
from sphinx_lib.pack.workflow_model import DocumentType, MadeFrom
from sphinx_lib.workflow.carried import ALIKE, deserted_sections, foot_amount
from sphinx_lib.workflow.facts import DocumentFacts, LineFacts
from sphinx_lib.workflow.spreading import Spread, share_of, spread_over, with_parents
from sphinx_lib.workflow.stowing import stowed_share

Quantities = Mapping[Id, Decimal]
NewId = Callable[[], Id]


@dataclass(frozen=True)
class Derivation:
    """How documents of ``target`` are made: the declaration, today's date, and the key that groups sources.

    ``others`` are by source line the lines of documents like those to be made that stand already, as far as they name lots;
    ``shares`` are by source the quantities of the part that goes here, when another part goes elsewhere; ``beside`` is by
    line what another part takes before; ``spread`` is by line how much each of several warehouses gives.
    """

    target: TypeKey
    pack: Pack
    made: MadeFrom
    today: date
    new_id: NewId
    group_key: Callable[[Document], tuple[Any, ...]]
    others: Mapping[Id, Sequence[Line]] = field(default_factory=dict)
    shares: Mapping[Id, Quantities] = field(default_factory=dict)
    beside: Quantities = field(default_factory=dict)
    spread: Spread = field(default_factory=dict)

    @property
    def type(self) -> DocumentType:
        """The declared type to be made."""
        return self.pack.type_of(*self.target)


class Proposed(NamedTuple):
    """A source line and the quantity of it that goes into the new document."""

    source: Document
    line: Line
    quantity: Decimal | None


def derive(
    sources: Sequence[Situation], how: Derivation, roots: Mapping[Id, Line], quantities: Quantities | None
) -> list[Document]:
    """Documents of the target type, not priced yet, for what is left to do of ``sources``; nothing left gives none.

    ``roots`` are the root lines of lines that have another root than themselves: what is left of the root bounds
    what is proposed, where other ways lead from it to the target too. ``quantities`` by line id (sales units) replaces
    the proposal; asking for more than is left is an InputError that says how much is.
    """
    if not _has_several_ways(how):
        roots = {}
    groups: dict[tuple[Any, ...], list[Proposed]] = {}
    for situation in sources:
        asked = how.shares.get(situation.document.id, quantities)
        for proposed in _proposals(situation, how, roots, asked):
            key = _key(situation, proposed.line, how)
            groups.setdefault(key, []).append(proposed)
    drafts = []
    for rows in groups.values():
        if len({row.source.id for row in rows}) < how.made.at_least:
            continue
        if any(row.quantity is not None for row in rows):
            drafts.append(_draft(list(_with_headings(rows)), how))
    return drafts


def _has_several_ways(how: Derivation) -> bool:
    """Whether what is left may be taken by several types of sources. Where there is one only, what is left of it is told
    by itself: the root may have got less than was delivered, or count credits of an invoice that is cancelled."""
    return sum(made.through is None for made in how.type.made_from.values()) > 1


def left_of(line: Line, feeds: str | None, made: MadeFrom, roots: Mapping[Id, Line]) -> Decimal:
    """The quantity that may still go into a target: all of it, or what neither is done nor planned.

    Where the target says ``of``, that is asked of this other progress, and only what the target plans counts as taken.
    """
    if feeds is None or made.quantities == "all":
        return line.quantity or ZERO
    if made.of is not None:
        rest = line.proposed(made.of) - line.planned(feeds)
        return rest if rest * (line.quantity or ZERO) > 0 else ZERO
    left = line.proposed(feeds)
    root = roots.get(line.root_id or "") if made.prices != "free" else None
    if left and root is not None and root.id != line.id:
        of_root = root.proposed(feeds)
        left = min(left, of_root) if left > 0 else max(left, of_root)
    return left


def _proposals(
    situation: Situation, how: Derivation, roots: Mapping[Id, Line], quantities: Quantities | None
) -> Iterable[Proposed]:
    document, feeds = situation.document, how.type.fulfils
    if quantities is not None:
        quantities = {line.id: quantities[line.id] for line in document.lines if line.id in quantities}
    left_out = _left_out(situation, how)
    untouched = not any(line.progress for line in document.lines)
    asked = None if quantities is None else in_step(document, quantities)
    shared = document.id in how.shares
    problems = [
        f"{_named(document, line)}: it does not go into {how.target[0]}, only where {how.made.where}"
        for line in document.lines
        if line.id in left_out and not shared and quantities and quantities.get(line.id)
    ]
    gone = {one for one, quantity in (quantities or {}).items() if not quantity}
    parents = {line.id: line for line in document.lines}
    deserted = deserted_sections(document.lines, gone if shared else frozenset())
    for line in document.lines:
        if line.quantity is None:
            if untouched and (shared or quantities is None) and line.id not in deserted:
                yield Proposed(document, line, None)
            continue
        if line.id in left_out:
            continue
        if not line.counts and (line.role not in OPTIONAL or asked is None or line.id not in asked):
            continue
        left = left_of(line, feeds, how.made, roots)
        quantity = left
        if asked is not None and quantities is not None:
            quantity = asked.get(line.id, ZERO)
            if line.id not in quantities:
                quantity = left if abs(quantity) > abs(left) else quantity
            elif abs(quantity) > abs(left) or quantity * left < 0:
                problems.append(
                    f"{_named(document, line)}: {quantity} asked for, "
                    f"{plain_number(left)} left to make into {how.target[0]}"
                )
        if quantity:
            parts = spread_over(line, quantity, parents, how.spread)
            yield from (Proposed(document, one, part) for one, part in parts)
    if problems:
        raise InputError(problems)


def _named(document: Document, line: Line) -> str:
    return f"{document.type} {document.number or 'draft'} line {line.position}"


def _left_out(situation: Situation, how: Derivation) -> set[Id]:
    """The lines with a quantity for which the rule's ``where`` does not hold."""
    if how.made.where is None:
        return set()
    goes = situation.pack.expression(how.target, "line", how.made.where)
    facts = DocumentFacts(situation)
    lines = (line for line in situation.document.lines if line.quantity is not None)
    return {line.id for line in lines if not goes(LineFacts(facts, line))}


def in_step(document: Document, quantities: Quantities) -> dict[Id, Decimal]:
    """``quantities`` by line id, with those of lines that came along with others and are not named themselves."""
    found = dict(quantities)
    parents = {line.id: line for line in document.lines}
    for line in document.lines:
        parent = parents.get(line.parent_id or "")
        if parent is None or parent.id not in found or line.id in found or not parent.quantity or line.quantity is None:
            continue
        found[line.id] = share_of(line.quantity, found[parent.id], parent.quantity)
    return found


def _with_headings(rows: Sequence[Proposed]) -> Iterable[Proposed]:
    """``rows`` with the heading of each kit before the first of its components that goes along, for as many kits."""
    given: set[Id] = set()
    taken: dict[Id, Decimal] = {}
    for row in rows:
        taken[row.line.id] = taken.get(row.line.id, ZERO) + (row.quantity or ZERO)
    brought = {row.source.id: row.source for row in rows if row.line.parent_id}
    sources = {owner: {line.id: line for line in source.lines} for owner, source in brought.items()}
    for row in rows:
        of_source = sources.get(row.source.id, {})
        above: list[Line] = []
        parent = of_source.get(row.line.parent_id or "")
        while parent is not None:
            above.append(parent)
            parent = of_source.get(parent.parent_id or "")
        for line in reversed(above):
            if line.role == "heading" and line.quantity is not None and line.id not in given:
                given.add(line.id)
                part = taken[row.line.id] / row.line.quantity if row.quantity and row.line.quantity else Decimal(1)
                yield Proposed(row.source, line, round_half_up(line.quantity * part, QUANTITY_DIGITS))
        yield row


def in_families(lines: Iterable[Line], ids: Mapping[Id, Id]) -> tuple[Line, ...]:
    """``lines`` with their parents under new ids; a parent that did not come along is forgotten."""
    return tuple(line if line.parent_id is None else line._replace(parent_id=ids.get(line.parent_id)) for line in lines)


def _key(situation: Situation, line: Line, how: Derivation) -> tuple[Any, ...]:
    document = situation.document
    split: tuple[Any, ...] = ()
    if how.made.split_by:
        facts = LineFacts(DocumentFacts(situation), line)
        split = tuple(situation.pack.expression(how.target, "line", text)(facts) for text in how.made.split_by)
    if not how.made.many:
        return (document.id, *split)
    alike = () if how.type.picks else ALIKE  # a list has no foot
    same = tuple(_field(document, name) for name in (*alike, *how.made.same))
    return (*same, *how.group_key(document), *split)


def _field(document: Document, name: str) -> Any:
    return document.custom.get(name) if name in document.custom else getattr(document, name, None)


def _draft(rows: Sequence[Proposed], how: Derivation) -> Document:
    first = rows[0].source
    lines = tuple(_line(row, how, position) for position, row in enumerate(rows, 1))
    lines = with_parents(lines)
    numbers = dict.fromkeys(row.source.number or row.source.origin for row in rows)
    return first.changed(
        id=how.new_id(),
        type=how.target[0],
        kind=how.target[1] or (first.kind if (how.target[0], first.kind) in how.pack.types else ""),
        state=how.type.initial,
        version=0,
        number=None,
        root_number=None,
        revision=1,
        origin=", ".join(number for number in numbers if number)[:200],
        date=how.today,
        date_given=False,
        due_date=None,
        foot_discount_amount=foot_amount(
            rows, how.type.fulfils if how.made.quantities == "proposed" else None, how.beside
        ),
        reference=_common(row.source.reference for row in rows),
        site=_common(row.source.site for row in rows),
        deal=_common(row.source.deal for row in rows),
        balance=ZERO,
        exposure=ZERO,
        exposure_class="",
        delivery_status="",
        billing_status="",
        audit_hash="",
        frozen_at=None,
        instalments=(),
        history=EMPTY,
        custom={name: first.custom[name] for name in how.type.fields if name in first.custom},
        lines=lines,
    )


def _common(values: Iterable[str]) -> str:
    found = dict.fromkeys(values)
    return next(iter(found)) if len(found) == 1 else ""


def _line(row: Proposed, how: Derivation, position: int) -> Line:
    line, declared = row.line, how.type
    merged = row.source.type == how.target[0]  # what was done for the one it replaces is done for this one alone
    committed = how.pack.type_of(row.source.type, row.source.kind).fulfils is not None
    committed = committed and not merged and how.made.prices != "free"
    part = row.quantity / line.quantity if row.quantity is not None and line.quantity else Decimal(1)
    whole = row.quantity == line.quantity
    return _priced(line, how.made)._replace(
        id=how.new_id(),
        position=position,
        heading=heading_of(row.source, how.made, row.source.language),
        quantity=row.quantity,
        price_quantity=line.price_quantity if whole else round_half_up(line.price_quantity * part, QUANTITY_DIGITS),
        stock_quantity=line.stock_quantity if whole else round_half_up(line.stock_quantity * part, QUANTITY_DIGITS),
        # A replacement is of other goods than those that came back.
        stowed=() if how.made.prices == "free" else stowed_share(line, how.others.get(line.id, ()), row.quantity),
        source_id=line.id,
        source_document=row.source.id,
        role="" if line.role in OPTIONAL else line.role,
        pegs=line.pegs if declared.pegs else (),
        root_id=(line.root_id or line.id) if committed else None,
        root_document=(line.root_document or row.source.id) if committed else None,
        progress=EMPTY,
        custom={name: line.custom[name] for name in declared.line_fields if name in line.custom},
    )


def _priced(line: Line, made: MadeFrom) -> Line:
    """``line`` at its price (Q4), given away, or without a price, as its rule says."""
    if made.prices == "kept" or line.unit_price is None:
        return line
    price = ZERO if made.prices == "free" else None
    trace = (TraceRow("replacement", ZERO),) if made.prices == "free" else ()
    return line._replace(list_price=price, unit_price=price, discounts=(), net=ZERO, manual=price is not None, trace=trace)


def heading_of(source: Document, made: MadeFrom, language: str) -> str:
    """The text above the lines that come from ``source``; empty when the type declares none (IG4)."""
    if not made.heading:
        return ""
    text = in_language(made.heading, language)
    return text.format(number=source.number or "", date=day(source.date, language), reference=source.reference)


def weight(line: Line, counts: str) -> Progress:
    """What ``line`` adds to the progress of its source while its document ``counts`` done, planned or none (rule 7)."""
    quantity, amount = line.quantity or ZERO, abs(line.net)
    if counts == "done":
        return Progress(quantity, ZERO, amount)
    return Progress(ZERO, quantity, amount) if counts == "planned" else Progress()


def advanced(line: Line, feeds: str, change: Progress, times: int) -> Line:
    """``line`` with ``change`` added to (times 1) or taken from (times -1) its progress in ``feeds``."""
    now = line.progress.get(feeds, Progress()).plus(change, times)
    progress = {**line.progress, feeds: now}
    if now == Progress():
        del progress[feeds]
    return line._replace(progress=progress)


def status_of(document: Document, progress: str) -> str:
    """How far all lines got in ``progress``: none, part or full."""
    lines = [line for line in document.lines if line.quantity and line.counts]
    if not any(line.done(progress) for line in lines):
        return "none"
    return "full" if all(not line.remaining(progress) for line in lines) else "part"
