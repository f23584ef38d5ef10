"""Names in the head of a document that nobody has declared, and days too far ahead, told when they are entered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.dates import add_months
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Party
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.store import master as store_master

AHEAD = 5
"""How many years after today a document, or a move of stock, may be dated: later days are promised, or slips of the pen."""


def unknown_names(unit: Unit, values: Mapping[str, Any]) -> list[str]:
    """What is wrong with the header ``values``, which are in their types."""
    return list(_problems(unit, values))


def _problems(unit: Unit, values: Mapping[str, Any]) -> Iterator[str]:
    model = unit.pack.model
    yield from _unknown("payment terms", values.get("payment_terms"), model.billing.payment_terms)
    if model.billing.payment_methods:
        yield from _unknown("payment method", values.get("method"), model.billing.payment_methods)
    yield from _unknown("language", values.get("language"), model.company.languages)
    deal = values.get("deal")
    if deal and not store_master.stored(unit.connection, unit.company, "deal", [deal]):
        yield from _unknown("deal", deal, store_master.codes_of(unit.connection, unit.company, "deal"))
    yield from too_far(unit, "date", values.get("date"))


def _unknown(what: str, name: Any, known: Collection[str]) -> Iterator[str]:
    if name and name not in known:
        nearest = did_you_mean(name, known) or (f"; known: {', '.join(known)}" if 0 < len(known) < 10 else "")
        yield f"unknown {what} {name!r}{nearest}"


def too_far(unit: Unit, field: str, day: date | None) -> Iterator[str]:
    """That ``day`` is too far ahead to be the day of a document or of a move."""
    last = add_months(unit.today, 12 * AHEAD)
    if day is not None and day > last:
        yield f"{field}: {day} is more than {AHEAD} years ahead; check the year, it may be {last} at most"


def check_contact(party: Party | None, contact: str) -> None:
    """Raises InputError for a contact that the party has not."""
    if not contact or party is None:
        return
    known = [one.code for one in party.contacts]
    if contact not in known:
        raise InputError([f"{party.code} has no contact {contact!r}{did_you_mean(contact, known)}"])


def unknown_languages(unit: Unit, party: Party) -> Iterator[str]:
    """Languages of a party and its contacts in which the company writes nothing."""
    known = unit.pack.model.company.languages
    yield from _unknown("language", party.language, known)
    for contact in party.contacts:
        for problem in _unknown("language", contact.language, known):
            yield f"contact {contact.code}: {problem}"
