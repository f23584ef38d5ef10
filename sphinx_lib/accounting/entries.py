"""From a document to its balanced accounting entry (AC1-AC3), in company currency.

The accounts are settings of the ``accounting`` section; the arithmetic is here. A document of a type with sign -1
(a credit note) flips sides, so that no amount is negative (N8); so does one of purchases, being what we owe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import EARLY_PAYMENT, ZERO, Document, Entry, EntryLine, Id, Portion
from sphinx_lib.kernel.errors import ExportError
from sphinx_lib.kernel.money import (
    counterpart,
    counterparts,
    currency_digits,
    percentage,
    round_half_up,
    split_by_weight,
)
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.models import Posting
from sphinx_lib.pack.pack import Pack

LONGEST_TEXT = 200


class Amount(NamedTuple):
    """An account and a signed amount (debit above zero), with what its line also carries."""

    account: str
    amount: Decimal
    currency_amount: Decimal | None = None
    auxiliary: str = ""
    due: date | None = None
    vat: str = ""


def entry_of(document: Document, posts: str, pack: Pack, entry_id: Id, portions: Sequence[Portion]) -> Entry | None:
    """The entry that ``document`` causes under the posting ``posts``; none when nothing moves.

    ``portions`` are what its lines give by VAT code and account group, in its currency; their bases add up to its net.
    Raises ExportError that names the setting to add when an account is missing.
    """
    if pack.model.accounting.postings[posts].kind == "payment":
        amounts = _payment(document, posts, pack)
    else:
        amounts = _trade(document, posts, pack, portions)
    return _entry(document, posts, pack, entry_id, amounts, document.date)


def exchange_entry(
    document: Document, posts: str, pack: Pack, entry_id: Id, difference: Decimal, day: date
) -> Entry | None:
    """What settling a foreign invoice leaves (F3): ``difference`` is the book value received minus that cleared.

    A gain or a loss against the party's account; it has no amount in foreign currency. None without difference.
    """
    gain = -_direction(document, pack) * difference
    if not gain:
        return None
    setting = "exchange_gain" if gain > 0 else "exchange_loss"
    account = _named(getattr(pack.model.accounting.postings[posts], setting), posts, setting)
    amounts = [Amount(_party_account(document, posts, pack), gain, auxiliary=document.party or ""), Amount(account, -gain)]
    return _entry(document, posts, pack, entry_id, amounts, day)


def titled(entry: Entry, document: Document, posts: str, pack: Pack) -> Entry:
    """``entry`` with the number that its document has got meanwhile."""
    return entry._replace(piece=document.number or "", label=_label(document, posts, pack))


def reversed_entry(entry: Entry, entry_id: Id, day: date) -> Entry:
    """The entry that undoes ``entry`` on ``day``: sides swapped; corrections are new entries (AC3)."""
    lines = tuple(
        line._replace(debit=line.credit, credit=line.debit, currency_amount=_minus(line.currency_amount))
        for line in entry.lines
    )
    return entry._replace(id=entry_id, date=day, lines=lines)


def _minus(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else -amount


def _direction(document: Document, pack: Pack) -> Decimal:
    """+1 where the party comes to owe us the amount, -1 where we come to owe it."""
    declared = pack.type_of(document.type, document.kind)
    return -declared.sign_number if declared.side == "purchase" else declared.sign_number


def _trade(document: Document, posts: str, pack: Pack, portions: Sequence[Portion]) -> list[Amount]:
    sign = _direction(document, pack)
    instalments = _instalments(document, posts, pack, sign)
    nets = _nets(document, posts, pack, portions, -sign)
    charged = _vat(document, posts, pack, -sign)
    owed = _self_assessed(document, posts, pack, portions, -sign)
    bought = pack.model.accounting.postings[posts].kind == "purchase"
    part = pack.vat_in_cost(document.tax_date or document.date) if bought else ZERO
    if not part:
        return [*instalments, *nets, *charged, *(amount for pair in owed for amount in pair)]
    taxes = [*charged, *(deductible for deductible, _ in owed)]
    costs = [_share(tax, part, document, pack) for tax in taxes]
    spread = [one for cost in costs for one in _spread(cost, document, posts, pack, portions)]
    left = [_joined([tax, _opposite(cost)]) for tax, cost in zip(taxes, costs, strict=True)]
    by_account: dict[tuple[str, str], list[Amount]] = {}
    for amount in (*nets, *spread):
        by_account.setdefault((amount.account, amount.vat), []).append(amount)
    return [*instalments, *map(_joined, by_account.values()), *left, *(due for _, due in owed)]


def _share(tax: Amount, part: Decimal, document: Document, pack: Pack) -> Amount:
    """The ``part`` of VAT that is not deducted, rounded once in each currency."""
    in_currency = (tax.currency_amount or ZERO) * part
    return tax._replace(
        amount=round_half_up(tax.amount * part, currency_digits(pack.model.company.currency)),
        currency_amount=round_half_up(in_currency, currency_digits(document.currency)),
    )


def _spread(cost: Amount, document: Document, posts: str, pack: Pack, portions: Sequence[Portion]) -> list[Amount]:
    """VAT that is not deducted, over the accounts of what bears it, by net."""
    posting = pack.model.accounting.postings[posts]
    bases: dict[tuple[str, str], Decimal] = {}
    for portion in portions:
        if _code_of(portion, document, pack) == cost.vat and portion.amount:
            key = (_account_of(portion, document.regime, posting, posts), portion.vat)
            bases[key] = bases.get(key, ZERO) + portion.base
    weights = list(bases.values()) if sum(bases.values(), ZERO) else [Decimal(1)] * len(bases)
    parts = split_by_weight(cost.amount, weights, currency_digits(pack.model.company.currency))
    in_currency = split_by_weight(cost.currency_amount or ZERO, weights, currency_digits(document.currency))
    return [
        Amount(account, amount, part, vat=code)
        for (account, code), amount, part in zip(bases, parts, in_currency, strict=True)
    ]


def _joined(amounts: Sequence[Amount]) -> Amount:
    """Amounts of one account as one."""
    whole = sum((one.amount for one in amounts), ZERO)
    return amounts[0]._replace(amount=whole, currency_amount=sum((one.currency_amount or ZERO for one in amounts), ZERO))


def _opposite(amount: Amount) -> Amount:
    return amount._replace(amount=-amount.amount, currency_amount=_minus(amount.currency_amount))


def _code_of(portion: Portion, document: Document, pack: Pack) -> str:
    """The VAT code of a portion: under a regime that the buyer assesses that of its line, else the one at the foot."""
    taxes = pack.model.taxes
    if not taxes.both[document.regime].self_assessed:
        return portion.vat
    return taxes.assessed_code(document.regime, document.lines[portion.place].vat)


def _instalments(document: Document, posts: str, pack: Pack, sign: Decimal) -> list[Amount]:
    """One line for each instalment (AC1)."""
    parts = [instalment.amount for instalment in document.instalments] or [document.total_gross]
    dues: list[date | None] = [instalment.due for instalment in document.instalments] or [document.due_date]
    account = _party_account(document, posts, pack)
    in_company = _shared(document.counterpart_gross, parts, document.rate, pack)
    return [
        Amount(account, sign * amount, sign * part, document.party or "", due)
        for amount, part, due in zip(in_company, parts, dues, strict=True)
    ]


def _nets(
    document: Document, posts: str, pack: Pack, portions: Sequence[Portion], sign: Decimal
) -> list[Amount]:
    """One line for each account and VAT code: revenue or expense at the net commercial, escompte against it (AC2, E1)."""
    posting = pack.model.accounting.postings[posts]
    groups: dict[tuple[str, str], Decimal] = {}
    for portion in portions:
        if portion.amount or portion.discount:
            key = (_account_of(portion, document.regime, posting, posts), portion.vat)
            groups[key] = groups.get(key, ZERO) + portion.net
    for portion in portions:
        if portion.early:
            key = (_named(posting.early_payment_discount, posts, "early_payment_discount"), portion.vat)
            groups[key] = groups.get(key, ZERO) - portion.early
    in_company = _shared(document.counterpart_net, list(groups.values()), document.rate, pack)
    return [
        Amount(account, sign * amount, sign * part, vat=code)
        for ((account, code), part), amount in zip(groups.items(), in_company, strict=True)
    ]


def _account_of(portion: Portion, regime: str, posting: Posting, posts: str) -> str:
    """The account that a portion is booked to: by regime and group, or that of the escompte granted on payment (E2)."""
    if portion.role == EARLY_PAYMENT:
        return _named(posting.early_payment_discount, posts, "early_payment_discount")
    account = posting.by_regime.get(regime, {}).get(portion.account_group)
    what = "expense" if posting.kind == "purchase" else "revenue"
    return _named(account, posts, f"{what}.{regime}.{portion.account_group}")


def _vat(document: Document, posts: str, pack: Pack, sign: Decimal) -> list[Amount]:
    accounts = pack.model.accounting.postings[posts].vat
    rows = [row for row in document.vat if row.amount]
    in_company = _shared(document.counterpart_vat, [row.amount for row in rows], document.rate, pack)
    return [
        Amount(_named(accounts.get(row.code), posts, f"vat.{row.code}"), sign * amount, sign * row.amount, vat=row.code)
        for row, amount in zip(rows, in_company, strict=True)
    ]


def _self_assessed(
    document: Document, posts: str, pack: Pack, portions: Sequence[Portion], sign: Decimal
) -> list[tuple[Amount, Amount]]:
    """VAT that the supplier does not charge and the buyer owes: deducted and due at once, rounded by code (VA1, VA4)."""
    taxes = pack.model.taxes
    regime = taxes.both[document.regime]
    if not regime.self_assessed:
        return []
    accounts = pack.model.accounting.postings[posts].self_assessed.get(document.regime)
    where = f"self_assessed.{document.regime}"
    deductible = _named(accounts.deductible if accounts else None, posts, f"{where}.deductible")
    due = _named(accounts.due if accounts else None, posts, f"{where}.due")
    bases: dict[str, Decimal] = {}
    for portion in portions:
        code = _code_of(portion, document, pack)
        bases[code] = bases.get(code, ZERO) + portion.base
    found = []
    for code, base in bases.items():
        rate = taxes.codes[code].rate_on(document.tax_date or document.date) if code in taxes.codes else None
        vat = percentage(base, rate or ZERO, currency_digits(document.currency))
        amount = counterpart(vat, document.rate, currency_digits(pack.model.company.currency))
        deducted = Amount(deductible, sign * amount, sign * vat, vat=code)
        found.append((deducted, _opposite(deducted)._replace(account=due)))
    return found


def _payment(document: Document, posts: str, pack: Pack) -> list[Amount]:
    """Money in for a customer's payment, out for a refund and for a supplier's."""
    posting = pack.model.accounting.postings[posts]
    account = _named(posting.methods.get(document.method), posts, f"methods.{document.method}", posting.methods)
    digits = currency_digits(pack.model.company.currency)
    paid = -_direction(document, pack) * document.total_gross
    amount = counterpart(paid, document.rate, digits)
    return [
        Amount(account, amount, paid),
        Amount(_party_account(document, posts, pack), -amount, -paid, document.party or ""),
    ]


def _shared(total: Decimal, parts: Sequence[Decimal], rate: Decimal, pack: Pack) -> list[Decimal]:
    """Counterparts of ``parts`` that add up to ``total``, the counterpart of their sum (F1).

    A net total may be a minor unit off, since gross and VAT come first: the largest part takes that.
    """
    found = counterparts(sum(parts, ZERO), parts, rate, currency_digits(pack.model.company.currency))
    rest = total - sum(found, ZERO)
    if rest:
        largest = max(range(len(found)), key=lambda place: abs(found[place]))
        found[largest] += rest
    return found


def _party_account(document: Document, posts: str, pack: Pack) -> str:
    """The account of customers, on documents of purchases that of suppliers."""
    setting = "payable" if pack.type_of(document.type, document.kind).side == "purchase" else "receivable"
    return _named(getattr(pack.model.accounting.postings[posts], setting), posts, setting)


def _named(account: str | None, posts: str, setting: str, known: Mapping[str, str] | None = None) -> str:
    """``account``, or the error that names the setting to add."""
    if account:
        return account
    path = f"accounting.postings.{posts}.{setting}"
    hint = f" (known: {', '.join(known)})" if known else ""
    raise ExportError(f"no account is set for this posting{hint}; add {path}", setting=path)


def _entry(
    document: Document, posts: str, pack: Pack, entry_id: Id, amounts: Sequence[Amount], day: date
) -> Entry | None:
    lines = tuple(_line(document, pack, amount) for amount in amounts if amount.amount)
    if not lines:
        return None
    books = pack.model.accounting
    journal = books.journals[books.postings[posts].journal]
    label = _label(document, posts, pack)
    return Entry(entry_id, document.id, journal.code, journal.label, day, document.number or "", label, lines)


def _line(document: Document, pack: Pack, amount: Amount) -> EntryLine:
    books = pack.model.accounting
    account = books.accounts[amount.account]
    foreign = amount.currency_amount is not None and document.currency != pack.model.company.currency
    return EntryLine(
        account=account.number,
        account_label=account.label,
        debit=max(amount.amount, ZERO),
        credit=max(-amount.amount, ZERO),
        auxiliary=amount.auxiliary,
        auxiliary_label=_party_name(document)[:LONGEST_TEXT] if amount.auxiliary else "",
        due_date=amount.due,
        currency=document.currency if foreign else "",
        currency_amount=amount.currency_amount if foreign else None,
        vat=amount.vat,
        analytic=_analytic(document, books.analytic),
    )


def _party_name(document: Document) -> str:
    return str(document.party_facts.get("name") or document.party or "")


def _analytic(document: Document, field: str | None) -> str:
    if field is None:
        return ""
    return str(document.custom.get(field) or getattr(document, field, "") or "")


def _label(document: Document, posts: str, pack: Pack) -> str:
    posting: Posting = pack.model.accounting.postings[posts]
    language = pack.model.company.language
    places: Mapping[str, str] = {
        "type": in_language(pack.type_of(document.type, document.kind).label, language),
        "number": document.number or "",
        "party": _party_name(document),
    }
    return in_language(posting.label, language).format_map(places)[:LONGEST_TEXT]


def unbalanced(entry: Entry) -> Decimal:
    """Debits minus credits: zero for every entry (AC1)."""
    return sum((line.debit - line.credit for line in entry.lines), ZERO)
