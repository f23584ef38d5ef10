"""The foot of a document in the order of N9: lines, foot discount, port, eco-contribution, escompte, VAT by code.

All of it is worked out in portions, one for each VAT code and account group of a line. Totals, VAT and accounting entries
are sums of them, so that they always agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import EARLY_PAYMENT, ZERO, Document, Line, Portion, VatAmount
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.money import currency_digits, percentage, quotients, round_half_up, split_by_weight
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pricing.price_line import line_net
from sphinx_lib.pricing.tax import code_under, default_code, rate_of, vat_amounts, without_tax

Target = tuple[str, str]
"""A VAT code, or the regime where it gives no VAT, and an account group."""


class Foot(NamedTuple):
    """What a document's lines give: ``portions`` in the order of the lines, and their ``vat`` by code.

    ``shared`` are by place the VAT codes, with their bases, over which a line without a code of its own goes (VA2).
    """

    portions: tuple[Portion, ...]
    vat: tuple[VatAmount, ...]
    shared: Mapping[int, Sequence[tuple[str, Decimal]]]

    def amounts(self) -> dict[int, Decimal]:
        """Net of each line that counts, by place: without tax, before what is taken off at the foot."""
        found: dict[int, Decimal] = {}
        for portion in self.portions:
            found[portion.place] = found.get(portion.place, ZERO) + portion.amount
        return found

    def bases(self, lines: int) -> list[Decimal]:
        """What each of so many lines gives to the net total: without tax, after what is taken off at the foot."""
        found = [ZERO] * lines
        for portion in self.portions:
            found[portion.place] += portion.base
        return found

    def shares_of(self, place: int) -> tuple[Decimal, Decimal]:
        """The shares of one line in the foot discount and in the escompte, without tax."""
        own = [portion for portion in self.portions if portion.place == place]
        return sum((one.discount for one in own), ZERO), sum((one.early for one in own), ZERO)


def foot_of(document: Document, pack: Pack) -> Foot:
    """The foot of ``document``, from quantities and unit prices of its lines and the percents of its header.

    Options, headings and subtotals are left out. VAT rates are those of its tax date, its own date when it has none (CN1).
    Raises InputError where an amount is to be taken off that the currency does not have, or no line may be discounted.
    """
    if not document.lines:
        return Foot((), (), {})
    digits = currency_digits(document.currency)
    entered = [entered_amount(line, digits) if line.counts else ZERO for line in document.lines]
    discounts = _foot_discounts(document, entered, digits)
    early = _early_discounts(document, entered, discounts, digits)
    shares = list(zip(entered, discounts, early, strict=True))
    portions, shared = _portions(document, shares, pack, digits)
    day = document.tax_date or document.date
    if document.prices_include_tax:
        return Foot(*_without_tax(portions, document, pack, digits), shared)
    taxed = [(portion.vat, portion.base) for portion in portions]
    return Foot(tuple(portions), vat_amounts(taxed, document.regime, pack, day, digits), shared)


def entered_amount(line: Line, digits: int) -> Decimal:
    """What quantity and unit price come to (N6), with tax where the unit price holds it; zero without either."""
    if line.unit_price is None or line.quantity is None:
        return ZERO
    return line_net(line.price_quantity, line.unit_price, line.per, digits)


def totals_of(portions: Iterable[Portion]) -> dict[str, Decimal]:
    """The amounts at the foot by name, without tax, in the order of N9; ``deposits`` and the escompte on payment
    (``early_payment``, E2) only where there are any."""
    by_role: dict[str, Decimal] = {}
    discount = early = ZERO
    for portion in portions:
        by_role[portion.role] = by_role.get(portion.role, ZERO) + portion.amount
        discount += portion.discount
        early += portion.early
    goods = by_role.get("", ZERO)
    found = {
        "goods": goods,
        "foot_discount": discount,
        "net_commercial": goods - discount,
        "shipping": by_role.get("shipping", ZERO),
        "eco_contribution": by_role.get("eco", ZERO),
        "early_payment_discount": early,
        "net_financial": goods - discount - early,
    }
    rest = {"deposits": "deposit", EARLY_PAYMENT: EARLY_PAYMENT}
    return found | {name: by_role[role] for name, role in rest.items() if role in by_role}


# -- what is taken off ---------------------------------------------------------------------------------------------------


def _foot_discounts(document: Document, amounts: Sequence[Decimal], digits: int) -> list[Decimal]:
    """The foot discount of each line: a percent of the goods rounded once, an amount, or both, shared by N5 (D-foot)."""
    fixed = document.foot_discount_amount
    if not document.foot_discount and not fixed:
        return [ZERO] * len(amounts)
    weights = [amount if line.bears_foot_discount else ZERO for line, amount in zip(document.lines, amounts, strict=True)]
    base = sum(weights, ZERO)
    if round_half_up(fixed, digits) != fixed:
        raise InputError([f"foot_discount_amount: {fixed} has more than {digits} decimals, which {document.currency} has"])
    if not base and fixed:
        raise InputError([f"foot_discount_amount: no line may be discounted by {fixed}"])
    return _taken_off(document.foot_discount, fixed, weights, digits)


def _early_discounts(
    document: Document, amounts: Sequence[Decimal], discounts: Sequence[Decimal], digits: int
) -> list[Decimal]:
    """The escompte of each line: a percent of the net commercial rounded once, shared by N5 (E1, E3)."""
    if not document.early_payment_discount:
        return [ZERO] * len(amounts)
    weights = [
        ZERO if line.role else amount - discount
        for line, amount, discount in zip(document.lines, amounts, discounts, strict=True)
    ]
    return _taken_off(document.early_payment_discount, ZERO, weights, digits)


def _taken_off(percent: Decimal, fixed: Decimal, weights: Sequence[Decimal], digits: int) -> list[Decimal]:
    """``percent`` of the sum of ``weights``, rounded once, and ``fixed``, shared over them by N5.

    Where weights nearly cancel out (a return netted, N8) the rounded sum says nothing about its parts: each then bears
    near its own percent.
    """
    total = percentage(sum(weights, ZERO), percent, digits)
    if not (min(weights) < 0 < max(weights)):
        return _split(total + fixed, weights, digits)
    own = quotients(total, [weight * percent for weight in weights], Decimal(100), digits)
    return [share + more for share, more in zip(own, _split(fixed, weights, digits), strict=True)]


def _split(total: Decimal, weights: Sequence[Decimal], digits: int) -> list[Decimal]:
    """``total`` shared by N5; all of it goes to the first where the weights say nothing."""
    if total and sum(weights, ZERO):
        return split_by_weight(total, weights, digits)
    return [ZERO if place else total for place in range(len(weights))]


# -- portions ------------------------------------------------------------------------------------------------------------


def _portions(
    document: Document, shares: Sequence[tuple[Decimal, Decimal, Decimal]], pack: Pack, digits: int
) -> tuple[list[Portion], dict[int, list[tuple[str, Decimal]]]]:
    """The portions of all lines, still as entered, and what lines without a VAT code go to."""
    found: dict[int, list[Portion]] = {}
    shared: dict[int, list[tuple[str, Decimal]]] = {}
    for place, line in enumerate(document.lines):
        if not line.counts or (line.quantity is None and not line.vat):
            continue
        if targets := _own_targets(line, document.regime, pack):
            found[place] = _portions_of(place, line, targets, shares[place], digits)
        else:
            shared[place] = []
    bases = _bases(portion for own in found.values() for portion in own) if shared else {}
    for place in shared:
        line = document.lines[place]
        codes = _codes_for(line, document, bases)
        shared[place] += codes.items()
        targets = {(code, line.account_group): weight for code, weight in codes.items()}
        targets = targets or {(code_under(default_code(pack), document.regime, pack), line.account_group): ZERO}
        found[place] = _portions_of(place, line, targets, shares[place], digits)
    return [portion for place in sorted(found) for portion in found[place]], shared


def _own_targets(line: Line, regime: str, pack: Pack) -> dict[Target, Decimal]:
    """What a line goes to by itself: its code and group, or those of a phantom kit's components by list value (K11).

    Codes are those that stand under ``regime``. Empty for a line that others' codes are shared over (VA2).
    """
    targets: dict[Target, Decimal] = {}
    for part in line.parts:
        if part.item:
            key = (code_under(part.vat, regime, pack), part.account_group)
            targets[key] = targets.get(key, ZERO) + part.value
    if targets:
        return targets
    code = code_under(line.vat, regime, pack)
    return {(code, line.account_group): Decimal(1)} if code else {}


def _portions_of(
    place: int, line: Line, targets: Mapping[Target, Decimal], shares: tuple[Decimal, Decimal, Decimal], digits: int
) -> list[Portion]:
    amount, discount, early = shares
    if len(targets) == 1:
        ((vat, group),) = targets
        return [Portion(place, line.role, vat, group, amount, discount, early)]
    amounts = _split(amount, list(targets.values()), digits)
    discounts = _split(discount, amounts, digits)
    left = [part - less for part, less in zip(amounts, discounts, strict=True)]
    rows = zip(targets, amounts, discounts, _split(early, left, digits), strict=True)
    return [Portion(place, line.role, vat, group, *row) for (vat, group), *row in rows]


def _bases(portions: Iterable[Portion]) -> dict[str, Decimal]:
    """Goods and services after the foot discount by VAT code: what lines without a code are shared over (VA2).

    Codes whose base has the other sign are left out, so that a share never exceeds what is shared.
    """
    found: dict[str, Decimal] = {}
    for portion in portions:
        if not portion.role:
            found[portion.vat] = found.get(portion.vat, ZERO) + portion.net
    total = sum(found.values(), ZERO)
    return {code: base for code, base in found.items() if base * total > 0}


def _codes_for(line: Line, document: Document, bases: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    """The bases of this document, or those that the line was shared over where it came from: on a document that keeps
    the rates of its origin (CN1), and where no goods stand beside it."""
    remembered = {part.vat: part.value for part in line.parts if not part.item}
    return remembered if remembered and (document.tax_date is not None or not bases) else bases


# -- prices that hold tax ------------------------------------------------------------------------------------------------


def _without_tax(
    portions: Sequence[Portion], document: Document, pack: Pack, digits: int
) -> tuple[tuple[Portion, ...], tuple[VatAmount, ...]]:
    """Portions without tax and VAT by code, from portions with tax (VA3)."""
    category = pack.model.taxes.both[document.regime].category
    groups: dict[str, list[int]] = {}
    for number, portion in enumerate(portions):
        groups.setdefault(portion.vat, []).append(number)
    found = list(portions)
    rows = []
    for code, numbers in groups.items():
        rate = rate_of(code, document.regime, pack, document.tax_date or document.date)
        own = [portions[number] for number in numbers]
        nets = _nets_of_code(own, rate, digits)
        for number, net in zip(numbers, nets, strict=True):
            found[number] = net
        base = sum((net.base for net in nets), ZERO)
        rows.append(VatAmount(code, rate, category, base, sum((one.base for one in own), ZERO) - base))
    return tuple(found), tuple(rows)


def _nets_of_code(own: Sequence[Portion], rate: Decimal, digits: int) -> list[Portion]:
    """The portions of a code without tax: its total is rounded once, before and after what is taken off, and shared."""
    goods = without_tax(sum((one.amount for one in own), ZERO), rate, digits)
    net = without_tax(sum((one.net for one in own), ZERO), rate, digits)
    base = without_tax(sum((one.base for one in own), ZERO), rate, digits)
    amounts = _near(goods, [one.amount for one in own], rate, digits)
    discounts = _near(goods - net, [one.discount for one in own], rate, digits)
    early = _near(net - base, [one.early for one in own], rate, digits)
    rows = zip(own, amounts, discounts, early, strict=True)
    return [one._replace(amount=amount, discount=less, early=escompte) for one, amount, less, escompte in rows]


def _near(total: Decimal, parts: Sequence[Decimal], rate: Decimal, digits: int) -> list[Decimal]:
    """``total`` over ``parts`` without their tax; who has no part gets none."""
    places = [place for place, part in enumerate(parts) if part]
    shares = quotients(total, [parts[place] for place in places], 1 + rate / 100, digits)
    found = [ZERO] * len(parts)
    for place, share in zip(places, shares, strict=True):
        found[place] = share
    return found
