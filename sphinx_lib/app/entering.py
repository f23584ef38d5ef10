"""What a caller gives to write a document, checked and turned into one: defaults, lines, prices, totals (S23)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sphinx_lib.app.foot_input import (
    foot_fields,
    promised,
    refuse_other_prices,
    refuse_too_much,
)
from sphinx_lib.app.gate import read_fields
from sphinx_lib.app.inputs import HeaderFields
from sphinx_lib.app.known import check_contact, unknown_names
from sphinx_lib.app.line_input import LineInput, typed_value
from sphinx_lib.app.lines import build_lines
from sphinx_lib.app.picking import counted
from sphinx_lib.app.rates import rate_for
from sphinx_lib.app.shipping import with_shipping
from sphinx_lib.app.unit import Unit
from sphinx_lib.app.warehouses import wrong_fields, wrong_lines
from sphinx_lib.kernel.document import EMPTY, Document
from sphinx_lib.kernel.errors import DocumentLocked, InputError
from sphinx_lib.kernel.master import Party
from sphinx_lib.kernel.money import currency_digits, round_half_up
from sphinx_lib.kernel.names import seen
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.pack import TypeKey
from sphinx_lib.pack.workflow_model import DocumentType
from sphinx_lib.pricing.tax import regime_of
from sphinx_lib.pricing.totals import with_amounts, with_totals
from sphinx_lib.workflow.facts import DocumentFacts

TEXTS = ("site", "contact", "reference", "deal", "method")
HEADER = frozenset(HeaderFields.model_fields) - {"custom"}


def enter(unit: Unit, key: TypeKey, party: str | None, lines: Sequence[Any], header: Mapping[str, Any]) -> Document:
    """A new document of type ``key`` for ``party``, priced and totalled; it is part of the unit, not yet written.

    Raises InputError that lists everything wrong with the input at once.
    """
    declared = unit.pack.type_of(*key)
    if declared.picks:
        raise InputError([f"a {key[0]} is made from {' or '.join(declared.made_from)}: derive it from one or several"])
    problems: list[str] = []
    values = header_values(unit, declared, {**declared.defaults, **header}, key[0], problems)
    known = party_of(unit, declared, party, problems)
    if problems:
        raise InputError(problems)
    document = blank(unit, key, declared, known, values)
    given = [LineInput.of(line, position, problems, declared) for position, line in enumerate(lines, 1)]
    inputs = promised(given, values)
    if not declared.lines and lines:
        problems.append(f"a {key[0]} has no lines")
    problems += wrong_lines(unit, declared, inputs)
    built = build_lines(unit, document, [one for one in inputs if one is not None], problems)
    if problems:
        raise InputError(problems)
    document = with_defaults(unit, document.changed(lines=built))
    if declared.lines:
        return unit.add(refuse_too_much(with_shipping(unit, with_totals(document, unit.pack))))
    return unit.add(_amount_only(document, values.get("amount"), unit))


def party_of(unit: Unit, declared: DocumentType, code: str | None, problems: list[str]) -> Party | None:
    """The party called ``code``; that there is none is a problem where the type has one. Raises InputError when unknown."""
    if code is None:
        if declared.side != "internal":
            who = "customer" if declared.side == "sales" else "supplier"
            problems.append(f"{who} is missing")
        return None
    unit.load_parties([code])
    return unit.parties[code]


def header_values(
    unit: Unit, declared: DocumentType, header: Mapping[str, Any], name: str, problems: list[str]
) -> dict[str, Any]:
    """Header fields in their types; unknown ones are told with the nearest known name."""
    given, custom = _parted(declared, header, name, problems)
    values = read_fields(HeaderFields, given, problems)
    problems += unknown_names(unit, values)
    problems += wrong_fields(unit, declared, custom)
    values["custom"] = custom
    return values


def _parted(
    declared: DocumentType, header: Mapping[str, Any], name: str, problems: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that every document has, as given, and those that the type declares, in their types.

    The latter are given by name, or together under ``custom``.
    """
    together = header.get("custom") or {}
    if "custom" in declared.fields or not isinstance(together, Mapping):
        together = {}
    named = {field: value for field, value in header.items() if field in declared.fields}
    problems += [f"custom.{field}: it is given twice; keep one" for field in together if field in named]
    others = [field if isinstance(field, str) else seen(field) for field in together if field not in declared.fields]
    unknown = [f"custom.{field}" for field in others]
    rest = {field: value for field, value in header.items() if field not in declared.fields}
    beside = {"amount"} if declared.lines else set()
    known = (HEADER - beside) | declared.fields.keys()
    unknown += [field for field in rest if field in beside or field not in HeaderFields.model_fields]
    problems += [
        f"{name} has no field {field!r}{did_you_mean(field.removeprefix('custom.'), known)}" for field in unknown
    ]
    own = {**{field: value for field, value in together.items() if field in declared.fields}, **named}
    custom = {field: typed_value(declared.fields[field], value, field, problems) for field, value in own.items()}
    return {field: value for field, value in rest.items() if field not in unknown}, custom


def blank(
    unit: Unit, key: TypeKey, declared: DocumentType, party: Party | None, values: Mapping[str, Any]
) -> Document:
    """The document without lines: what its party, its header and the company's settings say."""
    company = unit.pack.model.company
    day: date = values.get("date") or unit.today
    currency = values.get("currency") or (party.currency if party else "") or company.currency
    currency_digits(currency)
    applied = rate_for(unit, currency, day, values.get("rate"))
    terms = (
        values.get("payment_terms") or (party.payment_terms if party else "") or unit.pack.model.billing.default_terms
    )
    if terms not in unit.pack.model.billing.payment_terms:
        raise InputError(
            [f"unknown payment terms {terms!r}{did_you_mean(terms, unit.pack.model.billing.payment_terms)}"]
        )
    check_contact(party, values.get("contact", ""))
    return Document(
        id=unit.new_id(),
        type=key[0],
        kind=key[1],
        state=declared.initial,
        date=day,
        date_given="date" in values,
        party=party.code if party else None,
        currency=currency,
        **applied._asdict(),
        language=values.get("language") or language_of(unit, party, values.get("contact", "")),
        payment_terms=terms,
        regime=regime_of(party, unit.pack, day, values.get("site", ""), bought=declared.side == "purchase"),
        party_facts=facts_of(party, values.get("site", "")),
        custom=values["custom"] or EMPTY,
        **foot_fields(values, party if declared.lines and declared.side != "purchase" else None),
        pack=unit.pack.fingerprint,
        **{name: values[name] for name in TEXTS if name in values},
    )


def language_of(unit: Unit, party: Party | None, contact: str) -> str:
    """The contact's language, else the party's, else the company's (LG1)."""
    if party is not None:
        person = next((one for one in party.contacts if one.code == contact), None)
        found = (person.language if person else "") or party.language
        if found:
            return found
    return unit.pack.model.company.language


def facts_of(party: Party | None, site: str) -> Mapping[str, Any]:
    """What a document copies of its party, so that later edits never rewrite it (style 4.9)."""
    if party is None:
        return EMPTY
    place = next((one for one in party.sites if one.code == site), None)
    if site and place is None:
        raise InputError([f"{party.code} has no site {site!r}{did_you_mean(site, [one.code for one in party.sites])}"])
    facts = party.model_dump(
        mode="json",
        include={"code", "name", "country", "vat_number", "siren", "siret", "email", "address"},
        exclude_defaults=True,
    )
    facts["country"] = party.country
    if place is not None:
        facts["site"] = place.model_dump(mode="json", exclude={"billing"}, exclude_defaults=True)
    return facts


def with_defaults(unit: Unit, document: Document) -> Document:
    """``document`` with the declared defaults of its own fields that the caller left out."""
    declared = unit.type_of(document)
    missing = {name: field for name, field in declared.fields.items() if field.default and name not in document.custom}
    if not missing:
        return document
    key = (document.type, document.kind)
    facts = DocumentFacts(unit.situation(document))
    found = {name: unit.pack.expression(key, "document", field.default or "")(facts) for name, field in missing.items()}
    return document.changed(custom={**document.custom, **found})


def _amount_only(document: Document, amount: Decimal | None, unit: Unit) -> Document:
    """A document without lines, such as a payment: its gross total is the amount given."""
    if amount is None:
        raise InputError([f"{document.type}: amount is missing"])
    digits = currency_digits(document.currency)
    if round_half_up(amount, digits) != amount:
        raise InputError([f"amount: {amount} has more than {digits} decimals, which {document.currency} has"])
    return with_amounts(document, unit.pack, amount, Decimal(0))


def check_editable(unit: Unit, document: Document, lines: Any, header: Mapping[str, Any]) -> None:
    """Raises DocumentLocked for changes that the document's state does not allow; fields may be ``editable_in`` it."""
    declared = unit.type_of(document)
    if declared.says(document.state, "editable"):
        return
    inside = set(declared.chain(document.state))
    free = {name for name, field in declared.fields.items() if inside & field.editable_in.keys()}
    if lines is not None or changed_fields(header) - free:
        raise DocumentLocked(
            f"{document.type} {document.number or 'draft'} is {document.state}: its content is frozen; "
            f"editable now: {', '.join(sorted(free)) or 'nothing'}. Correct it with a new document",
            document=document.id,
            state=document.state,
        )


def changed_fields(header: Mapping[str, Any]) -> set[str]:
    """The names of the fields that ``header`` gives, those under ``custom`` by their own."""
    together = header.get("custom")
    own = {str(name) for name in together} if isinstance(together, Mapping) else set()
    return (header.keys() - {"custom"}) | own


def edit(unit: Unit, document: Document, lines: Any, header: Mapping[str, Any]) -> Document:
    """``document`` with the changes given: header fields, and lines as a new list or as {position: changes}."""
    declared = unit.type_of(document)
    problems: list[str] = []
    values = header_values(unit, declared, header, document.type, problems)
    if problems:
        raise InputError(problems)
    before, document = document, with_header(unit, document, values)
    if declared.picks:
        return document if lines is None else counted(unit, document, lines)
    promises = "promised_date" in values or values["custom"].get("promised_date") is not None
    again = refuse_other_prices(before, values) or promises
    if lines is None and again and declared.lines:
        lines = {}
    if lines is not None:
        inputs = promised(edited_inputs(before, lines, declared, problems), values, before)
        problems += wrong_lines(unit, declared, inputs)
        built = build_lines(unit, document, [one for one in inputs if one is not None], problems)
        if problems:
            raise InputError(problems)
        document = document.changed(lines=built)
    if "amount" in values:
        return _amount_only(document, values["amount"], unit)
    return refuse_too_much(with_shipping(unit, with_totals(document, unit.pack))) if declared.lines else document


def with_header(unit: Unit, document: Document, values: Mapping[str, Any]) -> Document:
    """``document`` with the header ``values`` that ``header_values`` gave, and what follows from them.

    Raises InputError for a currency without a rate and an unknown site.
    """
    custom = {name: value for name, value in values["custom"].items() if value is not None}
    gone = values["custom"].keys() - custom.keys()
    changed = {name: value for name, value in values.items() if name not in ("amount", "custom", "promised_date")}
    if "date" in changed:
        changed["date_given"] = True
    if changed.keys() & {"currency", "rate", "date"}:
        given = changed.get("rate", None if document.rate_date else document.rate)
        currency = changed.get("currency", document.currency)
        if currency != document.currency:
            given = changed.get("rate")
        changed |= rate_for(unit, currency, changed.get("date", document.date), given)._asdict()
    if changed.keys() & {"site", "contact"} and document.party:
        unit.load_parties([document.party])
        check_contact(unit.parties[document.party], changed.get("contact", ""))
    if "site" in changed and document.party:
        party = unit.parties[document.party]
        changed["party_facts"] = facts_of(party, changed["site"])
        bought = unit.type_of(document).side == "purchase"
        changed["regime"] = regime_of(
            party, unit.pack, changed.get("date", document.date), changed["site"], bought=bought
        )
    kept = {name: value for name, value in document.custom.items() if name not in gone}
    return document.changed(custom={**kept, **custom}, **changed)


def edited_inputs(
    document: Document, lines: Any, declared: DocumentType, problems: list[str]
) -> list[LineInput | None]:
    """The lines of ``document`` with their changes by position, or new ones; none for what is wrong."""
    if not isinstance(lines, Mapping):
        return [LineInput.of(line, position, problems, declared) for position, line in enumerate(lines, 1)]
    changes = {int(position): change for position, change in lines.items()}
    unknown = changes.keys() - {line.position for line in document.lines}
    problems += [f"{document.type} has no line {position}" for position in sorted(unknown)]
    return [
        LineInput.changed(line, changes.get(line.position, {}), problems, declared)
        for line in document.lines
        if changes.get(line.position, {}) is not None
    ]
