"""What a caller gives for the foot of a document: discounts, escompte, prices with tax, one delivery date for its lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sphinx_lib.app.line_input import LineInput
from sphinx_lib.kernel.document import ZERO, Document
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Party
from sphinx_lib.kernel.money import plain_number


def foot_fields(values: Mapping[str, Any], party: Party | None) -> dict[str, Any]:
    """The fields of the foot of a new document: as given, else as the party's record says (E1)."""
    granted = party.early_payment_discount if party else None
    early = values.get("early_payment_discount")
    holds_tax = values.get("prices_include_tax")
    return {
        "foot_discount": values.get("foot_discount") or ZERO,
        "foot_discount_amount": values.get("foot_discount_amount") or ZERO,
        "early_payment_discount": (granted or ZERO) if early is None else early,
        "prices_include_tax": (party is not None and party.prices_include_tax) if holds_tax is None else holds_tax,
    }


def promised(
    inputs: Iterable[LineInput | None], values: Mapping[str, Any], before: Document | None = None
) -> list[LineInput | None]:
    """The inputs, promised for the day that the header says: those that have a quantity and no day of their own.

    A line of ``before`` had none of its own when it had that of the document, or the one that all its lines shared.
    """
    day = values.get("promised_date") or values.get("custom", {}).get("promised_date")
    if not isinstance(day, date):
        return list(inputs)
    followed = {None, *_common_days(before)}
    return [
        replace(one, promised_date=day) if one is not None and one.quantity is not None and one.promised_date in followed
        else one
        for one in inputs
    ]  # fmt: skip


def _common_days(document: Document | None) -> set[Any]:
    if document is None:
        return set()
    days = {line.promised_date for line in document.lines} - {None}
    return {document.custom.get("promised_date"), *(days if len(days) == 1 else ())}


def refuse_too_much(document: Document) -> Document:
    """``document``, whose totals are known; InputError for an amount off its foot that exceeds what may be discounted."""
    amount = document.foot_discount_amount
    if not amount:
        return document
    most = sum((line.net for line in document.lines if line.bears_foot_discount), ZERO)
    if document.totals.get("foot_discount", ZERO) > max(most, ZERO):
        raise InputError([f"foot_discount_amount: {plain_number(amount)} is more than what may be discounted; lower it"])
    return document


def refuse_other_prices(document: Document, values: Mapping[str, Any]) -> bool:
    """Whether an edit turns prices without tax into prices with tax or back, so that they are to be found again.

    Raises InputError where lines were copied from another document, since their prices stay as agreed there (Q4).
    """
    turned = bool(values.get("prices_include_tax", document.prices_include_tax)) != document.prices_include_tax
    if turned and any(line.source_id for line in document.lines):
        raise InputError(["prices_include_tax: its lines were made from another document, so their prices stay as they are"])
    return turned
