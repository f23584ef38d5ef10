"""What goes along with the lines when a document is made from others: sections, and the amount off the foot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from decimal import Decimal

from sphinx_lib.kernel.document import EMPTY, OPTIONAL, ZERO, Document, Id, Line
from sphinx_lib.kernel.money import currency_digits, round_half_up

ALIKE = ("foot_discount", "early_payment_discount", "prices_include_tax")
"""Fields of the foot that never differ within one document, whatever it is made of (IG2)."""


def deserted_sections(lines: Sequence[Line], gone: Set[Id] = frozenset()) -> set[Id]:
    """Headings, subtotals and comments of sections that hold nothing but options, or lines that are ``gone``; they stay
    behind with them."""
    found: set[Id] = set()
    section: list[Line] = []
    for line in lines:
        if line.quantity is None and line.role == "heading":
            found |= _deserted(section, gone)
            section = []
        section.append(line)
        if line.role == "subtotal":
            found |= _deserted(section, gone)
            section = []
    return found | _deserted(section, gone)


def _deserted(section: Sequence[Line], gone: Set[Id]) -> set[Id]:
    counted = [line for line in section if line.quantity is not None]
    if not counted or any(line.role not in OPTIONAL and line.id not in gone for line in counted):
        return set()
    return {line.id for line in section if line.quantity is None}


def foot_amount(
    rows: Iterable[tuple[Document, Line, Decimal | None]], feeds: str | None, beside: Mapping[Id, Decimal] = EMPTY
) -> Decimal:
    """The part of the sources' ``foot_discount_amount`` that goes with these quantities of their lines.

    In proportion to what may be discounted, and the difference of two rounded sums: what was taken with this and what
    was taken before. So the parts of several deliveries add up to the whole. ``feeds`` is the progress that says what
    was taken before, none where everything is always taken; ``beside`` is by line what another document takes at once.
    """
    taken: dict[Id, tuple[Document, dict[Id, Decimal]]] = {}
    for source, line, quantity in rows:
        if source.foot_discount_amount:
            taken.setdefault(source.id, (source, {}))[1][line.id] = quantity or ZERO
    return sum((_part(source, now, feeds, beside) for source, now in taken.values()), ZERO)


def _part(source: Document, now: dict[Id, Decimal], feeds: str | None, beside: Mapping[Id, Decimal]) -> Decimal:
    lines = [line for line in source.lines if line.bears_foot_discount and line.quantity]
    base = sum((line.net for line in lines), ZERO)
    if not base:
        return ZERO
    before = after = ZERO
    for line in lines:
        quantity = line.quantity or ZERO
        done = beside.get(line.id, ZERO) + (line.done(feeds) + line.planned(feeds) if feeds else ZERO)
        before += line.net * _at_most_whole(done / quantity)
        after += line.net * _at_most_whole((done + now.get(line.id, ZERO)) / quantity)
    digits = currency_digits(source.currency)
    amount = source.foot_discount_amount
    return round_half_up(amount * after / base, digits) - round_half_up(amount * before / base, digits)


def _at_most_whole(part: Decimal) -> Decimal:
    return min(part, Decimal(1))
