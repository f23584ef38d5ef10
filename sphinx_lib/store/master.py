"""Master records: parties, items, prices, rates, warehouses, deals. One mechanism for all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Select,
    String,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from sphinx_lib.kernel.document import Id
from sphinx_lib.kernel.errors import ConcurrentChange
from sphinx_lib.kernel.master import (
    CustomerReference,
    Deal,
    Equipment,
    ExchangeRate,
    Family,
    Item,
    Party,
    PriceRecord,
    Record,
    Warehouse,
)
from sphinx_lib.store import item_codes
from sphinx_lib.store.among import Listing, Named, among
from sphinx_lib.store.item_costs import COSTS, OF_ITEM, with_costs
from sphinx_lib.store.tables import (
    NOTHING,
    customer_references,
    deals,
    documents,
    equipment,
    exchange_rates,
    families,
    items,
    parties,
    price_records,
    stock_values,
    warehouses,
)

TABLES: Mapping[str, tuple[Table, type[Record]]] = {
    "customer": (parties, Party),
    "supplier": (parties, Party),
    "item": (items, Item),
    "price": (price_records, PriceRecord),
    "exchange_rate": (exchange_rates, ExchangeRate),
    "warehouse": (warehouses, Warehouse),
    "deal": (deals, Deal),
    "family": (families, Family),
    "customer_reference": (customer_references, CustomerReference),
    "equipment": (equipment, Equipment),
}


class Stored(NamedTuple):
    """A record with its place in the audit log."""

    id: Id
    version: int
    audit_hash: str
    data: dict[str, Any]
    roles: tuple[bool, bool] = (False, False)


def stored(connection: Connection, company: str, kind: str, codes: Collection[str]) -> dict[str, Stored]:
    """Records of a kind by code, as they stand."""
    table, _ = TABLES[kind]
    roles = (table.c.customer, table.c.supplier) if table is parties else ()
    statement = select(table.c.code, table.c.id, table.c.version, table.c.audit_hash, table.c.data, *roles).where(
        table.c.company_id == company, among(table.c.code, sorted(codes))
    )
    return {row[0]: Stored(row[1], row[2], row[3], row[4], tuple(row[5:])) for row in connection.execute(statement)}


def records(connection: Connection, company: str) -> Iterator[tuple[str, Any]]:
    """Every master record with its kind, as a mapping of its columns."""
    kinds: dict[Table, str] = {}
    for kind, (table, _) in TABLES.items():
        kinds.setdefault(table, kind)
    for table, kind in kinds.items():
        statement = select(table).where(table.c.company_id == company).order_by(table.c.code)
        for row in connection.execute(statement).mappings():
            yield kind, row


def columns_of(kind: str, record: Record, roles: tuple[bool, bool]) -> dict[str, Any]:
    """What the table of ``kind`` keeps in columns of its own, and the whole record as ``data``."""
    table, _ = TABLES[kind]
    roles_ = {"customer", "supplier"} if table is parties else set()
    own = {
        column.name: getattr(record, column.name)
        for column in table.columns
        if column.name not in {"company_id", "id", "version", "audit_hash", "data"} | roles_
    }
    if isinstance(record, PriceRecord):
        own["item"] = record.item[0] if len(record.item) == 1 else ""
    if table is parties:
        own["customer"], own["supplier"] = roles
    own["data"] = record.model_dump(mode="json", exclude_defaults=True)
    return own


_COMMON = frozenset({"company_id", "code", "id", "version", "audit_hash", "data"})


def columns_from(kind: str, data: Mapping[str, Any], roles: Sequence[bool]) -> dict[str, Any]:
    """What the table of ``kind`` must keep in columns of its own beside ``data``, which need not be valid any more."""
    table, model = TABLES[kind]
    found: dict[str, Any] = dict(zip(("customer", "supplier"), roles, strict=True)) if table is parties else {}
    for column in table.columns:
        if column.name not in _COMMON and column.name not in found:
            declared = model.model_fields[column.name]
            found[column.name] = data.get(column.name, "" if declared.is_required() else declared.default)
    if table is price_records:
        item = data.get("item", ())
        found["item"] = item[0] if len(item) == 1 else ""
    if table is exchange_rates:
        found["date"] = date.fromisoformat(data["date"])
    return found


def write(
    connection: Connection, company: str, kind: str, new: Sequence[dict[str, Any]], changed: Sequence[Any]
) -> None:
    """Insert ``new`` rows; write ``changed`` (seen version, row) over the version that was seen."""
    table, _ = TABLES[kind]
    if new:
        connection.execute(insert(table), [{"company_id": company, **row} for row in new])
    if changed:
        names = [name for name in changed[0][1] if name not in ("id", "code")]
        statement = (
            update(table)
            .where(table.c.company_id == company, table.c.code == bindparam("b_code"))
            .where(table.c.version == bindparam("b_seen"))
            .values({name: bindparam(name) for name in names})
        )
        rows = [{**{name: row[name] for name in names}, "b_code": row["code"], "b_seen": seen} for seen, row in changed]
        if connection.execute(statement, rows).rowcount != len(rows):
            raise ConcurrentChange(f"somebody else changed the same {kind} meanwhile; put it again")
    if table is items:
        item_codes.rewrite(connection, company, new, [row for _, row in changed])


_PARTIES = Listing("codes", lambda named: (
    select(parties.c.data, parties.c.version).where(parties.c.company_id == bindparam("company"), named(parties.c.code))
))  # fmt: skip


def _parties_outstanding(named: Named) -> Select[Any]:
    sums = (
        select(documents.c.party, documents.c.exposure_class, func.sum(documents.c.exposure).label("amount"))
        .where(documents.c.company_id == bindparam("company"), documents.c.exposure != NOTHING)
        .where(named(documents.c.party))
        .group_by(documents.c.party, documents.c.exposure_class)
        .subquery()
    )
    return (
        select(parties.c.data, parties.c.version, sums.c.exposure_class, sums.c.amount)
        .select_from(parties.outerjoin(sums, sums.c.party == parties.c.code))
        .where(parties.c.company_id == bindparam("company"), named(parties.c.code))
    )


_PARTIES_OUTSTANDING = Listing("codes", _parties_outstanding)
_ALL_ITEMS = (
    select(items.c.data, items.c.version, *COSTS)
    .select_from(items.outerjoin(stock_values, OF_ITEM))
    .where(items.c.company_id == bindparam("company"))
)
_ITEMS = Listing("codes", lambda named: _ALL_ITEMS.where(named(items.c.code)))
_REORDERED = _ALL_ITEMS.where(cast(items.c.data, Text).contains('"reorder"')).order_by(items.c.code)


def load_parties(connection: Connection, company: str, codes: Collection[str]) -> dict[str, Party]:
    """Parties by code."""
    rows = connection.execute(_PARTIES.of(codes), {"company": company, "codes": sorted(codes)})
    found = [Party.model_validate(row.data).stored_as(row.version) for row in rows]
    return {party.code: party for party in found}


def load_outstanding(
    connection: Connection, company: str, codes: Collection[str]
) -> tuple[dict[str, Party], dict[str, dict[str, Decimal]]]:
    """Parties and their outstanding by class in company currency, in one statement over open items only."""
    found: dict[str, Party] = {}
    outstanding: dict[str, dict[str, Decimal]] = {}
    rows = connection.execute(_PARTIES_OUTSTANDING.of(codes), {"company": company, "codes": sorted(codes)})
    for row in rows:
        party = Party.model_validate(row.data).stored_as(row.version)
        found[party.code] = party
        classes = outstanding.setdefault(party.code, {})
        if row.amount is not None:
            classes[row.exposure_class] = row.amount
    return found, outstanding


def load_items(connection: Connection, company: str, codes: Collection[str]) -> dict[str, Item]:
    """Items by code, with what their stock costs on average and when it was last bought, where it ever moved (M2)."""
    rows = connection.execute(_ITEMS.of(codes), {"company": company, "codes": sorted(codes)})
    found = (with_costs(Item.model_validate(row.data).stored_as(row.version), row) for row in rows)
    return {item.code: item for item in found}


def load_reordered(connection: Connection, company: str) -> dict[str, Item]:
    """Every item that says when it is bought again (R1), by code, in one statement."""
    rows = connection.execute(_REORDERED, {"company": company})
    found = (with_costs(Item.model_validate(row.data).stored_as(row.version), row) for row in rows)
    return {item.code: item for item in found if item.reorder}


def changed_since(
    connection: Connection, company: str, seen: Mapping[str, Mapping[str, int]]
) -> list[tuple[str, str]]:
    """Kind and code of the records that no longer have the version in ``seen``, by kind and code; in one statement."""
    parts = [
        select(literal(kind), TABLES[kind][0].c.code, TABLES[kind][0].c.version).where(
            TABLES[kind][0].c.company_id == company,
            TABLES[kind][0].c.code == any_(bindparam(f"codes_{kind}", list(versions), ARRAY(String))),
        )
        for kind, versions in seen.items()
        if versions
    ]
    if not parts:
        return []
    now = {(kind, code): version for kind, code, version in connection.execute(union_all(*parts))}
    return sorted(
        (kind, code)
        for kind, versions in seen.items()
        for code, version in versions.items()
        if now.get((kind, code)) != version
    )


def load_prices(
    connection: Connection, company: str, codes: Collection[str], families: Collection[str], steps: Collection[str],
    keys: Mapping[str, str],
) -> list[PriceRecord]:  # fmt: skip
    """Records of ``steps`` that can apply to these items, in one statement: those whose columns named by ``keys`` say
    what these do, or nothing."""
    c = price_records.c
    statement = (
        select(c.data)
        .where(c.company_id == company)
        .where(among(c.item, sorted({*codes, ""})), or_(c.item != "", among(c.family, sorted({*families, ""}))))
        .where(c.step.in_(sorted(steps)))
        .where(*(c[name].in_(sorted({"", value})) for name, value in keys.items()))
    )
    return [PriceRecord.model_validate(row.data) for row in connection.execute(statement)]


def load_rivals(connection: Connection, company: str, records: Collection[PriceRecord]) -> list[PriceRecord]:
    """Records of the same steps that may have the same keys as one of ``records``, in one statement."""
    c = price_records.c
    items = {"", *(item for record in records for item in record.item)}
    statement = select(c.data).where(c.company_id == company, among(c.item, sorted(items)))
    for name in ("step", "customer", "customer_group", "site", "supplier", "family"):
        statement = statement.where(among(c[name], sorted({getattr(record, name) for record in records})))
    return [PriceRecord.model_validate(row.data) for row in connection.execute(statement)]


def load_families(connection: Connection, company: str) -> dict[str, str]:
    """The parent of each family that has one."""
    rows = connection.execute(select(families.c.code, families.c.data).where(families.c.company_id == company))
    return {row.code: row.data["parent"] for row in rows if row.data.get("parent")}


def rates_on(connection: Connection, company: str, currencies: Collection[str], day: date) -> dict[str, Decimal]:
    """The newest rate of each of ``currencies`` not after ``day``, in one statement."""
    c = exchange_rates.c
    newest = (
        select(c.currency, func.max(c.date).label("day"))
        .where(c.company_id == company, among(c.currency, sorted(currencies)), c.date <= day)
        .group_by(c.currency)
        .subquery()
    )
    statement = select(c.data).join(newest, (newest.c.currency == c.currency) & (newest.c.day == c.date))
    rows = connection.execute(statement.where(c.company_id == company))
    found = [ExchangeRate.model_validate(row.data) for row in rows]
    return {rate.currency: rate.rate for rate in found}


def rates_between(
    connection: Connection, company: str, currencies: Collection[str], first: date, last: date
) -> list[ExchangeRate]:
    """Every rate of ``currencies``, or of all when there is none, from ``first`` to ``last``, by day and currency."""
    c = exchange_rates.c
    statement = select(c.data).where(c.company_id == company, c.date.between(first, last))
    if currencies:
        statement = statement.where(among(c.currency, sorted(currencies)))
    rows = connection.execute(statement.order_by(c.date, c.currency, c.code))
    return [ExchangeRate.model_validate(row.data) for row in rows]


def rate_codes(
    connection: Connection, company: str, days: Collection[tuple[str, date]]
) -> dict[tuple[str, date], str]:
    """The codes of the rates that are stored for these currencies and days, in one statement."""
    if not days:
        return {}
    c = exchange_rates.c
    statement = (
        select(c.currency, c.date, c.code)
        .where(c.company_id == company, c.currency.in_(sorted({currency for currency, _ in days})))
        .where(c.date.between(min(day for _, day in days), max(day for _, day in days)))
    )
    found = {(row.currency, row.date): row.code for row in connection.execute(statement)}
    return {key: found[key] for key in days if key in found}


def load_components(connection: Connection, company: str, codes: Collection[str]) -> dict[str, set[str]]:
    """What each of these items holds or brings along, by its code."""
    statement = select(items.c.code, items.c.data).where(items.c.company_id == company, items.c.code.in_(sorted(codes)))
    return {
        row.code: {*row.data.get("components", ()), *row.data.get("attached", ())}
        for row in connection.execute(statement)
    }


def rate_on(connection: Connection, company: str, currency: str, day: date) -> ExchangeRate | None:
    """The newest rate of ``currency`` not after ``day``."""
    c = exchange_rates.c
    statement = (
        select(c.data)
        .where(c.company_id == company, c.currency == currency, c.date <= day)
        .order_by(c.date.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    return ExchangeRate.model_validate(row.data) if row else None


def codes_of(connection: Connection, company: str, kind: str) -> list[str]:
    """All codes of a kind, in order."""
    table, _ = TABLES[kind]
    statement = select(table.c.code).where(table.c.company_id == company).order_by(table.c.code)
    if table is parties:
        statement = statement.where(table.c.customer if kind == "customer" else table.c.supplier)
    return list(connection.scalars(statement))
