"""The totals of a document: line nets, the foot, VAT, cost, and the same in company currency (N9, F1, M1)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sphinx_lib.kernel.document import ZERO, Document, Line, Part
from sphinx_lib.kernel.money import counterpart, currency_digits, round_half_up
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pricing.foot import Foot, entered_amount, foot_of, totals_of
from sphinx_lib.pricing.tax import default_code, rate_of, without_tax


def with_totals(document: Document, pack: Pack) -> Document:
    """``document`` with line nets, totals, VAT and counterparts computed from its lines; nothing else changes.

    VAT rates are those of its tax date, its own date when it has none (CN1). Raises InputError where an amount is to be
    taken off at the foot and no line may be discounted.
    """
    foot = foot_of(document, pack)
    lines = _with_nets(document, foot, pack)
    net = sum((row.base for row in foot.vat), ZERO)
    tax = sum((row.amount for row in foot.vat), ZERO)
    cost = cost_of(lines, document.rate, currency_digits(document.currency))
    totals = totals_of(foot.portions)
    return with_amounts(document.changed(lines=lines, vat=foot.vat, totals=totals, total_cost=cost), pack, net, tax)


def _with_nets(document: Document, foot: Foot, pack: Pack) -> tuple[Line, ...]:
    """The lines with their nets without tax; a line without a VAT code remembers over which it was shared (VA2, CN1)."""
    digits = currency_digits(document.currency)
    nets = foot.amounts()
    lines = []
    for place, line in enumerate(document.lines):
        if place in foot.shared:
            parts = tuple(Part("", ZERO, base, code, False, line.account_group) for code, base in foot.shared[place])
            line = line if line.parts == parts else line._replace(parts=parts)
        net = nets[place] if place in nets else _net_apart(line, document, pack, digits)
        lines.append(line if line.net == net else line._replace(net=net))
    return tuple(lines)


def _net_apart(line: Line, document: Document, pack: Pack, digits: int) -> Decimal:
    """Net of a line that is not summed, such as an option; zero where there is no price."""
    amount = entered_amount(line, digits)
    if not amount or not document.prices_include_tax:
        return amount
    rate = rate_of(line.vat or default_code(pack), document.regime, pack, document.tax_date or document.date)
    return without_tax(amount, rate, digits)


def with_net(line: Line, digits: int) -> Line:
    """``line`` with its rounded net; a line without price or quantity is worth nothing."""
    net = entered_amount(line, digits)
    return line if line.net == net else line._replace(net=net)


def cost_of(lines: Sequence[Line], rate: Decimal, digits: int) -> Decimal:
    """Cost of goods and services in the document's currency; port, eco-contributions, deposits and options are out (M3).

    Costs are kept per sales unit in company currency (M2).
    """
    total = sum(((line.cost or ZERO) * (line.quantity or ZERO) for line in lines if not line.role), ZERO)
    return round_half_up(total * rate, digits)


def with_amounts(document: Document, pack: Pack, net: Decimal, tax: Decimal) -> Document:
    """``document`` with these totals and their counterparts in company currency (F1).

    Gross first, then VAT; the net is what is left, so that the three always meet.
    """
    gross_there, vat_there = net + tax, tax
    if document.currency != pack.model.company.currency:
        digits = currency_digits(pack.model.company.currency)
        gross_there = counterpart(net + tax, document.rate, digits)
        vat_there = counterpart(tax, document.rate, digits)
    return document.changed(
        total_net=net,
        total_vat=tax,
        total_gross=net + tax,
        net_to_pay=net + tax,
        counterpart_net=gross_there - vat_there,
        counterpart_vat=vat_there,
        counterpart_gross=gross_there,
    )
