"""From a document to its balanced accounting entry (AC1-AC3), in company currency.

The accounts are settings of the ``accounting`` section; the arithmetic is here. A document of a type with sign -1
(a credit note) flips sides, so that no amount is negative (N8).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import ZERO, Document, Entry, EntryLine, Id
from sphinx_lib.kernel.errors import ExportError
from sphinx_lib.kernel.money import counterpart, currency_digits, split_by_weight
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.models import Posting
from sphinx_lib.pack.pack import Pack


class Amount(NamedTuple):
    """An account and a signed amount (debit above zero), with what its line also carries."""

    account: str
    amount: Decimal
    currency_amount: Decimal = ZERO
    auxiliary: str = ""
    due: date | None = None
    vat: str = ""


def entry_of(document: Document, posts: str, pack: Pack, entry_id: Id, shares: Sequence[Decimal]) -> Entry | None:
    """The entry that ``document`` causes under the posting ``posts``; none when nothing moves.

    ``shares`` is each line's part of the foot discount, in document currency.
    """
    posting = pack.model.accounting.postings[posts]
    amounts = _sale(document, posting, pack, shares) if posting.kind == "sale" else _payment(document, posting, pack)
    return _entry(document, posting, pack, entry_id, amounts)


def exchange_entry(document: Document, posts: str, pack: Pack, entry_id: Id, difference: Decimal) -> Entry | None:
    """The gain (above zero) or loss that settling a foreign invoice leaves (F3): against the customer's account."""
    posting = pack.model.accounting.postings[posts]
    if not difference:
        return None
    account = posting.exchange_gain if difference > 0 else posting.exchange_loss
    amounts = [
        Amount(posting.receivable, difference, auxiliary=document.party or ""),
        Amount(account, -difference),
    ]
    return _entry(document, posting, pack, entry_id, amounts)


def titled(entry: Entry, document: Document, posts: str, pack: Pack) -> Entry:
    """``entry`` with the number that its document has got meanwhile."""
    label = _label(document, pack.model.accounting.postings[posts], pack)
    return entry._replace(piece=document.number or "", label=label)


def reversed_entry(entry: Entry, entry_id: Id, day: date) -> Entry:
    """The entry that undoes ``entry`` on ``day``: sides swapped; corrections are new entries (AC3)."""
    lines = tuple(
        line._replace(debit=line.credit, credit=line.debit, currency_amount=_minus(line.currency_amount))
        for line in entry.lines
    )
    return entry._replace(id=entry_id, date=day, lines=lines)


def _minus(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else -amount


def _sale(document: Document, posting: Posting, pack: Pack, shares: Sequence[Decimal]) -> list[Amount]:
    sign = pack.type_of(document.type, document.kind).sign_number
    return [
        *_receivables(document, posting, pack, sign),
        *_revenue(document, posting, pack, shares, -sign),
        *_vat(document, posting, pack, -sign),
    ]


def _receivables(document: Document, posting: Posting, pack: Pack, sign: Decimal) -> list[Amount]:
    """One line for each instalment (AC1)."""
    parts = [instalment.amount for instalment in document.instalments] or [document.total_gross]
    dues = [instalment.due for instalment in document.instalments] or [document.due_date]
    digits = currency_digits(pack.model.company.currency)
    in_company = _shared(document.counterpart_gross, parts, digits)
    return [
        Amount(posting.receivable, sign * amount, sign * part, document.party or "", due)
        for amount, part, due in zip(in_company, parts, dues, strict=True)
    ]


def _revenue(
    document: Document, posting: Posting, pack: Pack, shares: Sequence[Decimal], sign: Decimal
) -> list[Amount]:
    groups: dict[str, Decimal] = {}
    accounts = posting.revenue.get(document.regime, {})
    for line, share in zip(document.lines, shares, strict=True):
        if line.net or share:
            account = accounts.get(line.account_group)
            if account is None:
                raise ExportError(
                    f"no revenue account for {line.account_group!r} under VAT regime {document.regime!r}; "
                    f"add accounting.postings.….revenue.{document.regime}.{line.account_group}"
                )
            groups[account] = groups.get(account, ZERO) + line.net - share
    digits = currency_digits(pack.model.company.currency)
    in_company = _shared(document.counterpart_net, list(groups.values()), digits)
    return [
        Amount(account, sign * amount, sign * part)
        for (account, part), amount in zip(groups.items(), in_company, strict=True)
    ]


def _vat(document: Document, posting: Posting, pack: Pack, sign: Decimal) -> list[Amount]:
    rows = [row for row in document.vat if row.amount]
    digits = currency_digits(pack.model.company.currency)
    in_company = _shared(document.counterpart_vat, [row.amount for row in rows], digits)
    found = []
    for row, amount in zip(rows, in_company, strict=True):
        account = posting.vat.get(row.code)
        if account is None:
            raise ExportError(f"no VAT account for code {row.code!r}; add accounting.postings.….vat.{row.code}")
        found.append(Amount(account, sign * amount, sign * row.amount, vat=row.code))
    return found


def _shared(total: Decimal, parts: Sequence[Decimal], digits: int) -> list[Decimal]:
    """Counterparts of parts, first the total, then the lines (F1); parts that already meet it stay as they are."""
    if sum(parts, ZERO) == total:
        return list(parts)
    return split_by_weight(total, parts, digits)


def _payment(document: Document, posting: Posting, pack: Pack) -> list[Amount]:
    account = posting.methods.get(document.method)
    if account is None:
        known = ", ".join(posting.methods)
        raise ExportError(f"no account for the payment method {document.method!r}; known: {known}")
    digits = currency_digits(pack.model.company.currency)
    amount = counterpart(document.total_gross, document.rate, digits)
    return [
        Amount(account, amount, document.total_gross),
        Amount(posting.receivable, -amount, -document.total_gross, document.party or ""),
    ]


def _entry(
    document: Document, posting: Posting, pack: Pack, entry_id: Id, amounts: Sequence[Amount]
) -> Entry | None:
    lines = tuple(_line(document, pack, amount) for amount in amounts if amount.amount)
    if not lines:
        return None
    journal = pack.model.accounting.journals[posting.journal]
    label = _label(document, posting, pack)
    return Entry(
        entry_id, document.id, journal.code, journal.label, document.date, document.number or "", label, lines
    )


def _line(document: Document, pack: Pack, amount: Amount) -> EntryLine:
    books = pack.model.accounting
    account = books.accounts[amount.account]
    foreign = document.currency != pack.model.company.currency
    return EntryLine(
        account=account.number,
        account_label=account.label,
        debit=max(amount.amount, ZERO),
        credit=max(-amount.amount, ZERO),
        auxiliary=amount.auxiliary,
        auxiliary_label=str(document.party_facts.get("name", "")) if amount.auxiliary else "",
        due_date=amount.due,
        currency=document.currency if foreign else "",
        currency_amount=amount.currency_amount if foreign else None,
        vat=amount.vat,
        analytic=_analytic(document, books.analytic),
    )


def _analytic(document: Document, field: str | None) -> str:
    if field is None:
        return ""
    return str(document.custom.get(field) or getattr(document, field, "") or "")


def _label(document: Document, posting: Posting, pack: Pack) -> str:
    language = pack.model.company.language
    places: Mapping[str, str] = {
        "type": in_language(pack.type_of(document.type, document.kind).label, language),
        "number": document.number or "",
        "party": str(document.party_facts.get("name", "")),
    }
    return in_language(posting.label, language).format_map(places)[:200]


def unbalanced(entry: Entry) -> Decimal:
    """Debits minus credits: zero for every entry (AC1)."""
    return sum((line.debit - line.credit for line in entry.lines), ZERO)
