"""Items by every name they are entered by: a customer's reference, the own code, a barcode, a supplier's code (CR1)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    delete,
    insert,
    literal,
    null,
    or_,
    select,
    union_all,
)

from sphinx_lib.kernel.master import CustomerReference, Item
from sphinx_lib.store.among import Listing, Named, among
from sphinx_lib.store.item_costs import COSTS, OF_ITEM, with_costs
from sphinx_lib.store.tables import customer_references, item_codes, items, stock_values

REFERENCE, OWN, BARCODE, SUPPLIER = 1, 2, 3, 4
"""Where a name was found, in the order of CR1."""


class Hit(NamedTuple):
    """An item that goes by the name ``given``; ``item`` is none where a customer's reference names one that is not there.

    ``references`` are all that the customer has for it, on whatever days.
    """

    level: int
    given: str
    code: str
    item: Item | None
    references: tuple[CustomerReference, ...]


def find(
    connection: Connection, company: str, names: Collection[str], customer: str = "", supplier: str = ""
) -> list[Hit]:
    """Everything that goes by one of ``names``, with the items, in one statement.

    References are those of ``customer``; with ``supplier`` only its own codes are looked at, else those of all.
    """
    values = {"company": company, "names": sorted(names), "customer": customer, "supplier": supplier}
    statement = _OF_CUSTOMER if customer else _OF_ALL
    known: dict[str, Item | None] = {}
    found: dict[tuple[int, str, str], list[CustomerReference]] = {}
    for row in connection.execute(statement.of(names), values):
        level, given, code, item, reference = row[:5]
        if code not in known:
            known[code] = None if item is None else with_costs(Item.model_validate(item), row)
        references = found.setdefault((level, given, code), [])
        if reference is not None:
            references.append(CustomerReference.model_validate(reference))
    return [Hit(level, given, code, known[code], tuple(of)) for (level, given, code), of in sorted(found.items())]


def rewrite(
    connection: Connection, company: str, new: Sequence[Mapping[str, Any]], changed: Sequence[Mapping[str, Any]]
) -> None:
    """Write the barcodes and supplier codes of item rows, those of ``changed`` ones in place of what there was."""
    if changed:
        codes = [row["code"] for row in changed]
        connection.execute(delete(item_codes).where(item_codes.c.company_id == company, among(item_codes.c.item, codes)))
    rows = [
        {"company_id": company, "code": code, "item": row["code"], "supplier": supplier}
        for row in (*new, *changed)
        for supplier, code in codes_of_item(row["data"])
    ]
    if rows:
        connection.execute(insert(item_codes), rows)


def codes_of_item(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What an item is found by, beside its own code, as (supplier, code); a barcode has no supplier."""
    if data.get("barcode"):
        yield "", data["barcode"]
    yield from ((supplier, code) for supplier, code in data.get("supplier_codes", {}).items() if supplier and code)


_company: Any = bindparam("company", type_=String)
_customer: Any = bindparam("customer", type_=String)
_supplier: Any = bindparam("supplier", type_=String)


def _hits(named: Named, *, of_customer: bool) -> CompoundSelect[Any]:
    r, c = customer_references.c, item_codes.c
    level = case((c.supplier == "", BARCODE), else_=SUPPLIER)
    parts: list[Select[Any]] = [
        select(literal(OWN, Integer).label("level"), items.c.code.label("given"), items.c.code.label("code")).where(
            items.c.company_id == _company, named(items.c.code)
        ),
        select(level, c.code, c.item).where(
            c.company_id == _company, named(c.code), or_(_supplier == "", c.supplier.in_(("", _supplier)))
        ),
    ]
    if of_customer:
        mine = and_(r.company_id == _company, r.customer == _customer, named(r.reference))
        parts.append(select(literal(REFERENCE, Integer), r.reference, r.item).where(mine))
    return union_all(*parts)


def _statement(named: Named, *, of_customer: bool) -> Select[Any]:
    hits = _hits(named, of_customer=of_customer).subquery()
    chosen: list[Any] = [hits.c.level, hits.c.given, hits.c.code, items.c.data]
    joined = hits.outerjoin(items, and_(items.c.company_id == _company, items.c.code == hits.c.code))
    joined = joined.outerjoin(stock_values, OF_ITEM)
    if not of_customer:
        return select(*chosen, null(), *COSTS).select_from(joined)
    r = customer_references.alias()
    mine = and_(r.c.company_id == _company, r.c.customer == _customer, r.c.item == hits.c.code)
    return select(*chosen, r.c.data, *COSTS).select_from(joined.outerjoin(r, mine))


_OF_CUSTOMER = Listing("names", partial(_statement, of_customer=True))
_OF_ALL = Listing("names", partial(_statement, of_customer=False))
