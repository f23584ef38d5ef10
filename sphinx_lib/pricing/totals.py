"""The foot of a document: net, VAT by code, gross, cost, and the same in company currency (N9, F1, M1)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sphinx_lib.kernel.document import ZERO, Document, Line
from sphinx_lib.kernel.money import counterpart, currency_digits, round_half_up, split_by_weight
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pricing.price_line import line_net
from sphinx_lib.pricing.tax import vat_amounts


def foot_shares(lines: Sequence[Line], percent: Decimal, digits: int) -> list[Decimal]:
    """The foot discount of each line: ``percent`` of the goods, rounded once and shared by N5 (D-foot)."""
    nets = [line.net for line in lines]
    total = sum(nets, ZERO)
    if not percent or not total:
        return [ZERO] * len(lines)
    return split_by_weight(round_half_up(total * percent / 100, digits), nets, digits)


def with_totals(document: Document, pack: Pack) -> Document:
    """``document`` with line nets, totals, VAT and counterparts computed from its lines; nothing else changes.

    VAT rates are those of its tax date, its own date when it has none (CN1).
    """
    digits = currency_digits(document.currency)
    lines = tuple(with_net(line, digits) for line in document.lines)
    shares = foot_shares(lines, document.foot_discount, digits)
    nets = [(line.vat, line.net - share) for line, share in zip(lines, shares, strict=True) if line.vat]
    vat = vat_amounts(nets, document.regime, pack, document.tax_date or document.date, digits)
    net = sum((line.net for line in lines), ZERO) - sum(shares, ZERO)
    tax = sum((row.amount for row in vat), ZERO)
    priced = document.changed(lines=lines, vat=vat, total_cost=cost_of(lines, document.rate, digits))
    return with_amounts(priced, pack, net, tax)


def with_net(line: Line, digits: int) -> Line:
    """``line`` with its rounded net; a line without price or quantity is worth nothing."""
    if line.unit_price is None or line.quantity is None:
        return line if line.net == ZERO else line._replace(net=ZERO)
    net = line_net(line.price_quantity, line.unit_price, line.per, digits)
    return line if line.net == net else line._replace(net=net)


def cost_of(lines: Sequence[Line], rate: Decimal, digits: int) -> Decimal:
    """Cost of all lines in the document's currency; costs are kept per sales unit in company currency (M2)."""
    total = sum(((line.cost or ZERO) * (line.quantity or ZERO) for line in lines), ZERO)
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
