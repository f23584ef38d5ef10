"""Port on a document: the first rule that fits is charged as a line, unless port was entered or copied (PF1)."""

from __future__ import annotations

from decimal import Decimal

from sphinx_lib.app.bringing import made_by_rule
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Document, Line, TraceRow
from sphinx_lib.kernel.money import currency_digits, round_half_up
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.scopes import needs_of
from sphinx_lib.pack.shipping_model import SHARED, ShippingRule
from sphinx_lib.pricing.shipping import SHIPPING, by_rule, port, weight_of
from sphinx_lib.pricing.tax import rate_of
from sphinx_lib.pricing.totals import with_totals
from sphinx_lib.workflow.facts import DocumentFacts

ONE = Decimal(1)


def with_shipping(unit: Unit, document: Document) -> Document:
    """``document``, whose totals are known, with the port that the rules charge in place of what they charged before."""
    rules = unit.pack.model.shipping.rules
    before = next((line for line in document.lines if by_rule(line) and made_by_rule(line)), None)
    if before is None and not any(document.type in rule.in_ for rule in rules.values()):
        return document
    if before is not None:
        kept = (line for line in document.lines if line.id != before.id)
        lines = tuple(line._replace(position=place) for place, line in enumerate(kept, 1))
        document = with_totals(document.changed(lines=lines), unit.pack)
    line = shipping_line(unit, document)
    if line is None:
        return document
    line = line._replace(id=before.id) if before is not None else line
    return with_totals(document.changed(lines=(*document.lines, line)), unit.pack)


def shipping_line(unit: Unit, document: Document) -> Line | None:
    """The line of port that a rule charges on ``document``, whose lines hold none by rule and whose totals are known.

    None where no rule fits, where port was entered or copied, and where nothing is delivered. Free port is a line of 0.
    Raises InputError for a weight that is unknown or above the last bracket, and for an unknown item of the rule.
    """
    entered = any(line.role == SHIPPING for line in document.lines)
    if entered or not any(line.goods for line in document.lines):
        return None
    found = _rule(unit, document)
    if found is None:
        return None
    name, rule = found
    goods = sum((line.net for line in document.lines if line.counts and not line.role), ZERO)
    goods -= document.totals.get("foot_discount", ZERO)
    cost = port(name, rule, goods, weight_of(document.lines), document.rate)
    amount = round_half_up(cost.amount * _with_tax(unit, document, rule), currency_digits(document.currency))
    row = TraceRow(SHIPPING, amount, name, reason=cost.reason, running=amount)
    return _line(unit, document, rule, amount)._replace(trace=(row,))


def _rule(unit: Unit, document: Document) -> tuple[str, ShippingRule] | None:
    """The first rule of the document's type whose condition holds."""
    key = (document.type, document.kind)
    for name, rule in unit.pack.model.shipping.rules.items():
        if document.type not in rule.in_:
            continue
        if rule.when is None:
            return name, rule
        asked = unit.pack.expression(key, "document", rule.when)
        unit.prefetch([document], needs_of(asked.names))
        if asked(DocumentFacts(unit.situation(document))):
            return name, rule
    return None


def _with_tax(unit: Unit, document: Document, rule: ShippingRule) -> Decimal:
    """What turns an amount without tax into one with, where the document's prices hold tax (VA3)."""
    if not document.prices_include_tax:
        return ONE
    if rule.vat != SHARED:
        return 1 + rate_of(rule.vat, document.regime, unit.pack, document.tax_date or document.date) / 100
    return document.total_gross / document.total_net if document.total_net else ONE


def _line(unit: Unit, document: Document, rule: ShippingRule, amount: Decimal) -> Line:
    """One unit of port at ``amount``; named and accounted as the rule's item where it has one."""
    if rule.item:
        unit.load_items([rule.item])
    item = unit.items.get(rule.item)
    text = in_language(rule.label or (item.name if item else {}), document.language)
    group = item.account_group if item else ""
    return Line(
        id=unit.new_id(), position=len(document.lines) + 1, item=rule.item or None,
        text=text or unit.pack.label("line_shipping", document.language), quantity=ONE, unit=item.unit if item else "",
        list_price=amount, unit_price=amount, price_quantity=ONE, vat="" if rule.vat == SHARED else rule.vat,
        account_group=group or SHIPPING, role=SHIPPING, discountable=False,
    )  # fmt: skip
