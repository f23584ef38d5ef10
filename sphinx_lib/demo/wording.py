"""How the demo's documents are told in a sentence."""

from __future__ import annotations

from decimal import Decimal

from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.money import currency_digits, round_half_up

WHAT = {
    "quotation": "quotation",
    "proforma": "proforma invoice",
    "sales_order": "order",
    "delivery_note": "delivery note",
    "invoice": "invoice",
    "credit_note": "credit note",
    "payment": "payment",
}


def money(amount: Decimal, currency: str = "EUR") -> str:
    """An amount with its currency's decimals, as ``1,234.50 EUR``."""
    digits = currency_digits(currency)
    return f"{round_half_up(amount, digits):,.{digits}f} {currency}"


def plain(number: Decimal) -> str:
    """A quantity without trailing zeros."""
    return f"{number.normalize():f}"


def party(document: Document) -> str:
    """The customer's name as the document has it."""
    return str(document.party_facts.get("name", ""))


def described(document: Document) -> str:
    """What it is, its number, and its state when that is not the usual one."""
    draft = "" if document.number else " (draft)"
    return f"{WHAT[document.type]} {document.number or ''}".strip() + draft


def worth(document: Document) -> str:
    """What it comes to without VAT."""
    return f"{money(document.total_net, document.currency)} net"


def owed(document: Document) -> str:
    """What is to be paid, and until when."""
    return f"{money(document.net_to_pay, document.currency)} due on {document.due_date:%d %b}"
