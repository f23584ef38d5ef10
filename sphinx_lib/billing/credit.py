"""Outstanding of a customer and the credit limit (C1, C2)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from sphinx_lib.kernel.document import ZERO, Document, Line
from sphinx_lib.kernel.errors import Refusal
from sphinx_lib.kernel.money import counterpart, currency_digits, round_half_up
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.specs import GuardSpec, NoParameters, Situation


def exposure(document: Document, pack: Pack) -> tuple[str, Decimal]:
    """What ``document`` weighs on its party's outstanding now: its class and a signed amount in company currency.

    ``of: balance`` takes the open balance; ``of: to_deliver`` and the like take the part of the gross total whose
    lines have that much left, so that moving from order to note to invoice never counts twice (C2).
    """
    declared = pack.type_of(document.type, document.kind)
    rule = declared.says(document.state, "outstanding")
    if rule is None:
        return "", ZERO
    digits = currency_digits(pack.model.company.currency)
    if rule.of == "balance":
        return rule.as_, declared.sign_number * _open_in_company(document, digits)
    left = remaining_gross(document, _progress(pack, rule.of))
    return rule.as_, round_half_up(declared.sign_number * left / document.rate, digits)


def _open_in_company(document: Document, digits: int) -> Decimal:
    """The balance in company currency: what was booked less the part of it that is settled, as the books have it (F3)."""
    if document.rate == 1 or not document.net_to_pay:
        return round_half_up(document.balance, digits)
    settled = document.net_to_pay - document.balance
    return document.counterpart_gross - counterpart(document.counterpart_gross * settled, document.net_to_pay, digits)


def _progress(pack: Pack, remaining: str) -> str:
    return next(name for name, totals in pack.model.progress.items() if totals.remaining == remaining)


def remaining_gross(document: Document, progress: str) -> Decimal:
    """The part of the gross total that the remaining quantities stand for, not rounded; a foot discount is in it."""
    lines = [line for line in document.lines if line.counts]
    whole = sum((line.net for line in lines), ZERO)
    if not whole:
        return ZERO
    left = sum((_left(line, progress) for line in lines), ZERO)
    return document.total_gross * left / whole


def _left(line: Line, progress: str) -> Decimal:
    return line.net * line.remaining(progress) / line.quantity if line.quantity else ZERO


def counted(outstanding: dict[str, Decimal], pack: Pack) -> Decimal:
    """The sum of the classes that the company counts (C1: ledger, deliveries, orders)."""
    settings = pack.model.billing.outstanding
    return sum((amount for name, amount in outstanding.items() if settings.get(name, False)), ZERO)


def credit_limit(situation: Situation, parameters: NoParameters) -> Iterable[Refusal]:
    """Refuse what would take the customer's outstanding above the limit; a customer without limit passes (C2)."""
    party = situation.party
    if party is None or party.credit_limit is None:
        return
    digits = currency_digits(situation.pack.model.company.currency)
    document = situation.document
    before = round_half_up(counted(dict(situation.outstanding), situation.pack), digits)
    after = before + round_half_up(document.total_gross / document.rate, digits)
    if after > party.credit_limit:
        limit = round_half_up(party.credit_limit, digits)
        yield Refusal("credit_limit", facts={"before": before, "after": after, "limit": limit, "name": party.name})


GUARDS = (GuardSpec("credit_limit", credit_limit, needs=frozenset({"party", "outstanding"}),
              facts=("before", "after", "limit", "name")),)  # fmt: skip
