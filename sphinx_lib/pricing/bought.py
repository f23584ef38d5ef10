"""What goods cost that are bought: their net, and the VAT on it that the company may not deduct (PCG art. 213-31)."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO, Document, Portion
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pricing.foot import foot_of
from sphinx_lib.pricing.tax import rate_of


class Bought(NamedTuple):
    """The net of a line after what is taken off at the foot, and the same with the VAT that is not deducted; both without
    the escompte, which is financial and leaves the worth of goods alone (D1)."""

    net: Decimal = ZERO
    cost: Decimal = ZERO


def bought(document: Document, pack: Pack) -> list[Bought]:
    """What each line of ``document`` is bought for, in its currency and not rounded."""
    found = [Bought()] * len(document.lines)
    share = pack.vat_in_cost(document.tax_date or document.date)
    for portion in foot_of(document, pack).portions:
        vat = share * portion.base * _rate(document, portion, pack) / 100 if share else ZERO
        net, cost = found[portion.place]
        found[portion.place] = Bought(net + portion.net, cost + portion.net + vat)
    return found


def _rate(document: Document, portion: Portion, pack: Pack) -> Decimal:
    """Percent of VAT on a portion: what the supplier charges, or what the buyer owes where the regime says so (VA4)."""
    taxes, day = pack.model.taxes, document.tax_date or document.date
    if not taxes.both[document.regime].self_assessed:
        return rate_of(portion.vat, document.regime, pack, day)
    declared = taxes.codes.get(taxes.assessed_code(document.regime, document.lines[portion.place].vat))
    return (declared.rate_on(day) if declared else None) or ZERO
