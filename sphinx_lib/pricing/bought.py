"""What goods cost that are bought: their net, and the VAT on it that the company may not deduct (PCG art. 213-31)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sphinx_lib.kernel.document import ZERO, Document, Portion
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pricing.foot import foot_of
from sphinx_lib.pricing.tax import rate_of


def vat_in_cost(document: Document, pack: Pack, portions: Sequence[Portion]) -> list[Decimal]:
    """By portion of ``document`` how much VAT one unit of its net adds to its cost: 0 where all is deducted."""
    day = document.tax_date or document.date
    share = pack.vat_in_cost(day)
    if not share:
        return [ZERO] * len(portions)
    return [share * _rate(document, portion, pack) / 100 for portion in portions]


def bought_bases(document: Document, pack: Pack) -> list[Decimal]:
    """By line what it gives to the net total, after what is taken off at the foot, with the VAT that is not deducted; in
    the document's currency, not rounded."""
    portions = foot_of(document, pack).portions
    found = [ZERO] * len(document.lines)
    for portion, more in zip(portions, vat_in_cost(document, pack, portions), strict=True):
        found[portion.place] += portion.base * (1 + more)
    return found


def _rate(document: Document, portion: Portion, pack: Pack) -> Decimal:
    """Percent of VAT on a portion: what the supplier charges, or what the buyer owes where the regime says so (VA4)."""
    taxes, day = pack.model.taxes, document.tax_date or document.date
    regime = taxes.both[document.regime]
    if not regime.self_assessed:
        return rate_of(portion.vat, document.regime, pack, day)
    code = document.lines[portion.place].vat or next(iter(taxes.codes))
    declared = taxes.codes.get(regime.codes.get(code, code))
    return (declared.rate_on(day) if declared else None) or ZERO
