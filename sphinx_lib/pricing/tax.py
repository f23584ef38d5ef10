"""VAT: the regime of a sale and the amounts by code (VA1, VA2, VA4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sphinx_lib.kernel.document import ZERO, VatAmount
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Party
from sphinx_lib.kernel.money import counterpart, percentage
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.scopes import PartyFacts


def regime_of(party: Party | None, pack: Pack, today: date, site: str = "", *, bought: bool = False) -> str:
    """The VAT regime of a sale to ``party``, delivered to its ``site``, or of what is ``bought`` from it: the one its
    record names, else the first whose condition holds (VA4)."""
    taxes = pack.model.taxes
    regimes = taxes.purchase_regimes if bought else taxes.regimes
    named = "" if party is None else party.purchase_regime if bought else party.regime
    if party is not None and named:
        if named not in regimes:
            raise InputError([f"{party.code}: unknown VAT regime {named!r}{did_you_mean(named, regimes)}"])
        return named
    facts = PartyFacts(pack.model, party, today, site)
    for name, regime in regimes.items():
        if regime.when is None or pack.expression(("", ""), "party", regime.when)(facts):
            return name
    raise AssertionError("the last regime has no condition; checked at load")


def rate_of(code: str, regime: str, pack: Pack, day: date) -> Decimal:
    """Percent of a VAT code on ``day`` under ``regime``: 0 for all but standard ones (VA4)."""
    taxes = pack.model.taxes
    if taxes.both[regime].category != "standard":
        return ZERO
    declared = taxes.codes.get(code_under(code, regime, pack))
    rate = declared.rate_on(day) if declared else None
    if rate is None:
        raise InputError([f"unknown VAT code {code!r} on {day}{did_you_mean(code, taxes.codes)}"])
    return rate


def gives_vat(regime: str, pack: Pack) -> bool:
    """Whether sales under ``regime`` bear VAT; if not, they all stand under its name at the foot (VA4)."""
    return pack.model.taxes.both[regime].category == "standard"


def code_under(code: str, regime: str, pack: Pack) -> str:
    """The code at the foot of what bears ``code``: the one that stands for it under ``regime``, itself, or the regime's
    own name where it gives no VAT."""
    if not gives_vat(regime, pack):
        return regime
    return pack.model.taxes.both[regime].codes.get(code, code)


def default_code(pack: Pack) -> str:
    """The VAT code of what has none and stands beside nothing that has one."""
    return pack.model.taxes.default_code


def without_tax(gross: Decimal, rate: Decimal, digits: int) -> Decimal:
    """The net of an amount that holds VAT at ``rate`` percent, rounded once (VA3)."""
    return counterpart(gross, 1 + rate / 100, digits)


def vat_amounts(
    nets: Sequence[tuple[str, Decimal]], regime: str, pack: Pack, day: date, digits: int
) -> tuple[VatAmount, ...]:
    """VAT of lines given as (code, net): per total of a code, or per line where the company chose so (VA1).

    Under a regime without VAT all lines stand in one row under the regime's name, with rate and amount 0.
    """
    taxes = pack.model.taxes
    category = taxes.both[regime].category
    taxed = gives_vat(regime, pack)
    groups: dict[str, list[Decimal]] = {}
    for code, net in nets:
        groups.setdefault(code if taxed else regime, []).append(net)
    rows = []
    for code, group in groups.items():
        rate = rate_of(code, regime, pack, day)
        base = sum(group, ZERO)
        amounts = group if taxes.rounding == "per_line" else [base]
        vat = sum((percentage(amount, rate, digits) for amount in amounts), ZERO)
        rows.append(VatAmount(code, rate, category, base, vat))
    return tuple(rows)
