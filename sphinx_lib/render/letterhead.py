"""Who sells and to whom, as printed: addresses as on an envelope, identity numbers, bank."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sphinx_lib.kernel.money import exact_decimal
from sphinx_lib.pack.models import Company
from sphinx_lib.render import amounts

# The last lines of an address where the postal code does not come first, by country.
_CITY_LINES: Mapping[str, tuple[str, ...]] = {
    "AU": ("{city} {region} {postal_code}",),
    "CA": ("{city} {region} {postal_code}",),
    "GB": ("{city}", "{postal_code}"),
    "IE": ("{city}", "{postal_code}"),
    "US": ("{city}, {region} {postal_code}",),
}
_REGISTERS = ("RCS", "RM", "RNE")
_USUAL_CITY_LINES = ("{postal_code} {city}", "{region}")


class Pair(NamedTuple):
    """A label and its value."""

    label: str
    value: str


class Seller(NamedTuple):
    """The company as printed: lines under its name, legal identity for the foot of every page, bank account."""

    address: tuple[str, ...]
    contact: tuple[str, ...]
    identity: tuple[str, ...]
    bank: tuple[Pair, ...]


def seller(company: Company, t: Callable[..., str], language: str, *, abroad: bool) -> Seller:
    """The letterhead of ``company`` with the words of ``t``; its country is named to readers ``abroad``."""
    contact = [f"{t('phone')} {company.phone}"] if company.phone else []
    contact += [value for value in (company.email, company.website) if value]
    country = amounts.country(company.country, language) if abroad else ""
    return Seller(
        address("", company.address.model_dump(), company.country, country),
        tuple(contact),
        tuple(_identity(company, t, language)),
        tuple(_bank(company, t)),
    )


def _identity(company: Company, t: Callable[..., str], language: str) -> list[str]:
    """Legal form with capital, then the numbers that the law wants on every business paper (R123-237)."""
    form = company.legal_form
    if company.capital:
        form = t("with_capital", form=form, capital=capital(company, language)).strip()
    siret = "".join(company.siret.split())
    siren = company.siren or siret[:9]
    found = [f"{company.name}, {form}" if form else company.name]
    found += [f"SIREN {grouped(siren, 3)}"] if siren else []
    found += [f"SIRET {grouped(siret[:9], 3)} {siret[9:]}"] if siret else []
    found += [company.rcs if company.rcs.startswith(_REGISTERS) else f"RCS {company.rcs}"] if company.rcs else []
    found += [f"NAF {company.naf}"] if company.naf else []
    found += [f"{t('vat_number')} {company.vat_number}"] if company.vat_number else []
    return found


def capital(company: Company, language: str) -> str:
    """The capital: a plain number is written as money of the company's currency, any other text as it stands."""
    try:
        return amounts.money(exact_decimal(company.capital), company.currency, language)
    except ValueError:
        return company.capital


def _bank(company: Company, t: Callable[..., str]) -> list[Pair]:
    bank = company.bank
    found = (Pair(t("bank"), bank.name), Pair("IBAN", grouped(bank.iban, 4)), Pair("BIC", bank.bic))
    return [pair for pair in found if pair.value]


def address(name: str, parts: Mapping[str, Any], country: str, last: str) -> tuple[str, ...]:
    """The lines of an address in the order of its ``country``; ``last`` is the name of that country, if wanted."""
    values = {key: parts.get(key, "") for key in ("postal_code", "city", "region")}
    city = (line.format(**values).strip(" ,") for line in _CITY_LINES.get(country, _USUAL_CITY_LINES))
    lines = (name, parts.get("street", ""), parts.get("street2", ""), *city, last)
    return tuple(" ".join(line.split()) for line in lines if line.strip())


def grouped(text: str, size: int) -> str:
    """``text`` in groups of ``size`` signs, as identity and account numbers are read out."""
    packed = "".join(text.split())
    return " ".join(packed[start : start + size] for start in range(0, len(packed), size))
