"""How far a line of a supplier's invoice is from what was received and ordered: the three-way match (§5.3)."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO, Line
from sphinx_lib.kernel.money import currency_digits, round_half_up
from sphinx_lib.pack.specs import Situation

WHOLE = Decimal(100)
_COMPUTED = Context(prec=28)


class Gaps(NamedTuple):
    """What a line asks for beyond what is due; below zero it asks for less.

    ``quantity`` is in the line's unit: all that was invoiced of the source so far, this line included, less ``received``.
    ``price`` is an amount of the whole line in the document's currency, ``percent`` the same of the ``ordered`` unit price,
    which is told per price unit of the line and none where nothing was ordered.
    """

    quantity: Decimal
    price: Decimal
    percent: Decimal
    received: Decimal
    ordered: Decimal | None


def gaps_of(situation: Situation, line: Line) -> Gaps:
    """The gaps of ``line``; what was neither received nor ordered is a gap of all of it.

    Prices are those of the order at the root of the line, else of the document that it was made from.
    """
    quantity = line.quantity or ZERO
    source = situation.sources.get(line.source_id or "")
    if source is None:
        return Gaps(quantity, line.net, WHOLE if line.net else ZERO, ZERO, None)
    received = _received(situation, line, source)
    feeds = source.progress.get(situation.type.fulfils or "")
    invoiced = quantity if feeds is None else feeds.done + feeds.planned
    ordered = _price(situation.sources.get(line.root_id or "", source))
    asked = _price(line)
    digits = currency_digits(situation.document.currency)
    beyond = asked - ordered
    price = round_half_up(_decimal(beyond * Fraction(quantity)), digits)
    percent = _decimal(beyond / ordered * 100) if ordered else (WHOLE if beyond else ZERO)
    per_unit = Fraction(line.price_quantity) / (Fraction(line.per) * Fraction(quantity)) if quantity else Fraction(0)
    told = _decimal(ordered / per_unit) if per_unit else None
    return Gaps(invoiced - received, price, percent, received, told)


def _received(situation: Situation, line: Line, source: Line) -> Decimal:
    """What came of the source line: of goods on an order what was received, else all of it, as a service."""
    origin = situation.origins.get(line.source_document or "")
    matches = situation.type.matches
    if origin is not None and matches and source.stocked and matches in situation.pack.followed(origin.type):
        return source.done(matches)
    return source.quantity or ZERO


def _price(line: Line) -> Fraction:
    """The net price of one unit of a line, exactly."""
    if line.unit_price is None or not line.quantity:
        return Fraction(0)
    return Fraction(line.unit_price) * Fraction(line.price_quantity) / (Fraction(line.per) * Fraction(line.quantity))


def _decimal(number: Fraction) -> Decimal:
    return _COMPUTED.divide(Decimal(number.numerator), Decimal(number.denominator))
