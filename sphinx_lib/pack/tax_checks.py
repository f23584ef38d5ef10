"""What the VAT section must hold together: regimes, the codes that stand in for others, zones, mentions, accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.checks import unknown
from sphinx_lib.pack.expressions import Expression, ExpressionFailed
from sphinx_lib.pack.models import PackModel, Regime
from sphinx_lib.pack.scopes import PartyFacts

_PLACE = re.compile(r"\{[^}]*\}")
MENTION_PLACES = frozenset({"{party.vat_number}"})


def check_taxes(model: PackModel) -> Iterator[Finding]:
    """Every finding about the section ``taxes``, and what it asks of the accounts."""
    for name, regime in model.taxes.regimes.items():
        yield from _check_codes(model, ("taxes", "regimes", name), name, regime)
        yield from _check_mention(("taxes", "regimes", name), name, regime)
        if regime.self_assessed:
            message = "the customer assesses the VAT of a sale; self_assessed is for purchase_regimes"
            yield Finding(("taxes", "regimes", name, "self_assessed"), message, "remove it")
    for name, regime in model.taxes.purchase_regimes.items():
        path = ("taxes", "purchase_regimes", name)
        yield from _check_codes(model, path, name, regime)
        if name in model.taxes.regimes:
            yield Finding(path, f"a regime of sales is called {name!r} too", "give one another name", of_key=True)
        if regime.self_assessed and regime.category == "standard":
            yield Finding((*path, "self_assessed"), f"under {name} the supplier charges VAT", "give it another category")
    yield from _check_zones(model)
    yield from _check_accounts(model)


def check_deductible(model: PackModel, expression: Expression | None) -> Iterator[Finding]:
    """The percent that is deducted of VAT on purchases lies between 0 and 100, where it is the same on all days."""
    if expression is None or "today" in expression.names:
        return
    try:
        percent = expression(PartyFacts(model, None, date.min))
    except ExpressionFailed as error:
        yield Finding(("taxes", "deductible"), str(error), "write a percent, such as \"60\"")
        return
    if not 0 <= percent <= 100:
        yield Finding(("taxes", "deductible"), f"{percent:f} is no percent of the VAT", "write 0 to 100, such as \"60\"")


def _check_codes(model: PackModel, base: tuple[str, ...], name: str, regime: Regime) -> Iterator[Finding]:
    """Codes stand in for known ones, under regimes that give VAT, and none in turn stands for another."""
    path = (*base, "codes")
    if regime.codes and regime.category != "standard" and not regime.self_assessed:
        yield Finding(path, f"{name} gives no VAT, so no code stands under it", "remove codes")
    for code, instead in regime.codes.items():
        if code not in model.taxes.codes:
            yield unknown((*path, code), "VAT code", code, model.taxes.codes)
        if instead not in model.taxes.codes:
            yield unknown((*path, code), "VAT code", instead, model.taxes.codes)
        elif instead in regime.codes and regime.codes[instead] != instead:
            hint = f"write {code}: {regime.codes[instead]}"
            yield Finding((*path, code), f"{instead!r} stands for {code!r} and is itself replaced", hint)


def _check_mention(path: tuple[str, ...], name: str, regime: Regime) -> Iterator[Finding]:
    """The law asks for the reason where there is no VAT (CGI ann. II 242 nonies A)."""
    if regime.category != "standard" and not regime.mention:
        hint = "add mention: {fr: …, en: …} with the article of law"
        yield Finding(path, f"{name} gives no VAT and its documents do not say why", hint, warning=True, of_key=True)
    for language, text in regime.mention.items():
        for place in _PLACE.findall(text):
            if place not in MENTION_PLACES:
                known = ", ".join(sorted(MENTION_PLACES))
                yield Finding((*path, "mention", language), f"unknown place {place}", f"known: {known}")


def _check_zones(model: PackModel) -> Iterator[Finding]:
    """A place is in one zone only."""
    seen: dict[str, str] = {}
    for name, members in model.taxes.zones.items():
        for member in members:
            if member in seen:
                message = f"{member} is in the zone {seen[member]!r} already"
                yield Finding(("taxes", "zones", name), message, "remove one of the two")
            seen.setdefault(member, name)


def _check_accounts(model: PackModel) -> Iterator[Finding]:
    """What is sold under a regime can be posted, and so can its VAT (AC2)."""
    for name, posting in model.accounting.postings.items():
        if posting.kind == "payment":
            continue
        bought = posting.kind == "purchase"
        key = "expense" if bought else "revenue"
        for regime, declared in (model.taxes.purchase_regimes if bought else model.taxes.regimes).items():
            if regime not in posting.by_regime:
                path = ("accounting", "postings", name, key)
                message = f"no accounts for the VAT regime {regime!r}"
                yield Finding(path, message, f"add {regime}: {{goods: …, service: …}}", warning=True)
            if declared.self_assessed and regime not in posting.self_assessed:
                path = ("accounting", "postings", name, "self_assessed")
                message = f"no accounts for the VAT that the buyer owes under {regime!r}"
                yield Finding(path, message, f"add {regime}: {{deductible: …, due: …}}", warning=True)
        for code, rates in model.taxes.codes.items():
            if code not in posting.vat and any(rates.rates.values()):
                path = ("accounting", "postings", name, "vat")
                yield Finding(path, f"no account for the VAT code {code!r}", f"add {code}: …", warning=True)
