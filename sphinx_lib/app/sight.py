"""What an actor sees: the one place that decides it (S48).

Costs, margins, what is paid to suppliers and floors made of costs are for who has the right
``see_margin``. Others are shown documents without them; what is nothing without them, such as the
balance of a supplier, is refused. What the library stores stays whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sphinx_lib.kernel.document import EMPTY, ZERO, Document, Line
from sphinx_lib.kernel.errors import Refused
from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.ports import SEE_MARGIN, Actor
from sphinx_lib.pack.costs import PURCHASE
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.specs import SetLines
from sphinx_lib.pack.workflow_model import DocumentType, Field_
from sphinx_lib.pricing.guards import hidden_floors
from sphinx_lib.store.audit_log import AuditRow
from sphinx_lib.workflow.plan import Plan

if TYPE_CHECKING:
    from sphinx_lib.app.deriving import Derived
    from sphinx_lib.app.unit import Unit

_AMOUNTS = (
    "foot_discount", "early_payment_discount", "foot_discount_amount", "total_net", "total_vat",
    "total_gross", "net_to_pay", "balance", "counterpart_net", "counterpart_vat",
    "counterpart_gross", "exposure",
)  # fmt: skip
_SEARCHED_BY_ANYBODY = frozenset({
    "id", "type", "kind", "state", "number", "root_number", "revision", "version", "date",
    "date_given", "tax_date", "due_date", "party", "site", "contact", "currency", "language",
    "reference", "deal", "method", "origin", "payment_terms", "rate", "rate_date", "rate_source",
    "regime", "prices_include_tax", "delivery_status", "billing_status", "frozen_at", "pack",
})  # fmt: skip
"""Columns of documents that tell nothing of costs, whatever the type."""
_TOLD_OF_ENTRIES = frozenset({
    "from", "to", "by", "facts", "overridden", "warnings", "reasons", "changed", "from_documents",
    "number", "series", "kind", "code", "document", "type", "line", "item", "guard", "event",
})  # fmt: skip
"""What anybody is shown of an audit entry; digests are left out: a cost can be tried against them."""
_WITHOUT_COSTS = frozenset(
    {"customer", "supplier", "warehouse", "family", "deal", "exchange_rate"}
)
"""Kinds of records that say nothing of costs; those of items are shown in part, prices not at all."""
_COSTS_OF_ITEM: Mapping[str, Any] = {
    "cost": None,
    "average_cost": None,
    "last_cost": None,
    "cost_source": "",
}


def sees_margin(actor: Actor) -> bool:
    """Whether ``actor`` may see costs, margins, and what is paid (S48)."""
    return SEE_MARGIN in actor.rights


def refuse_costs(actor: Actor, what: str) -> None:
    """Raises Refused for an actor who may not see what ``what`` (a plural) would tell."""
    if not sees_margin(actor):
        raise Refused(
            f"{what} tell what things cost; this takes the right {SEE_MARGIN!r}", right=SEE_MARGIN
        )


# -- documents ------------------------------------------------------------------------------------


def shown(unit: Unit, document: Document) -> Document:
    """``document`` as the actor of ``unit`` may see it; what the unit holds, and writes, stays
    whole."""
    whole = _without_fields(document, unit.pack, unit.actor.rights)
    return whole if sees_margin(unit.actor) else without_costs(whole, unit.pack)


def shown_plan(unit: Unit, plan: Plan) -> Plan:
    """``plan`` as the actor of ``unit`` may see it, with the lines that it would set."""
    if sees_margin(unit.actor):
        return replace(plan, document=shown(unit, plan.document))
    operations = tuple(
        SetLines(shown(unit, plan.document.changed(lines=one.lines)).lines)
        if isinstance(one, SetLines)
        else one
        for one in plan.operations
    )
    return replace(plan, document=shown(unit, plan.document), operations=operations)


def shown_derived(unit: Unit, derived: Derived) -> Derived:
    """What was derived as the actor of ``unit`` may see it: of purchases nothing is explained that
    is made of amounts."""
    found = replace(derived, documents=tuple(shown(unit, one) for one in derived.documents))
    if any(hides_amounts(one, unit.type_of(one).side) for one in found.documents):
        return replace(found, explanation="", why=())
    return found


def without_costs(document: Document, pack: Pack) -> Document:
    """``document`` for somebody who may not see costs: nothing of what it costs, or of floors made
    of a cost; one of purchases is as if nobody had priced it yet."""
    declared = _type_of(document, pack)
    hidden, sold = hidden_floors(pack, frozenset()), _sold(pack, declared)
    lines = tuple(
        _without_amounts(line_without_cost(line, hidden), sold) for line in document.lines
    )
    document = document.changed(total_cost=None, audit_hash="", lines=lines)
    return (
        _unpriced(document)
        if declared is not None and hides_amounts(document, declared.side)
        else document
    )


def _type_of(document: Document, pack: Pack) -> DocumentType | None:
    """The type of ``document``; none of one that only holds lines to be priced."""
    return pack.type_of(document.type, document.kind) if document.type else None


def hides_amounts(document: Document, side: str) -> bool:
    """Whether the amounts of ``document``, of a type of ``side``, are hidden: it is one of
    purchases without its costs."""
    return side == PURCHASE and document.total_cost is None


def line_without_cost(line: Line, hidden: frozenset[str]) -> Line:
    """``line`` without its cost, those of its parts, and what the guards called ``hidden`` say of
    its price."""
    parts = tuple(part._replace(cost=None) for part in line.parts)
    rows = line.trace
    if hidden and any(row.step in hidden and not row.active for row in rows):
        rows = tuple(row for row in rows if row.active or row.step not in hidden)
    return line._replace(cost=None, parts=parts, trace=rows)


def _sold(pack: Pack, declared: DocumentType | None) -> frozenset[str]:
    """The progress of documents of the type ``declared`` whose amounts are those of sales."""
    if declared is None or declared.side != "sales":
        return frozenset()
    types = [one for one in pack.types.values() if one.side == "sales"]
    return frozenset(name for one in types for name in _weighed(one))


def _weighed(declared: DocumentType) -> set[str]:
    found = {name for state in declared.states.values() for name in state.counts_in}
    return found | ({declared.fulfils} if declared.fulfils else set())


def _without_amounts(line: Line, sold: frozenset[str]) -> Line:
    """``line`` without the amounts of what was bought for it."""
    if all(name in sold or not one.amount for name, one in line.progress.items()):
        return line
    progress = {
        name: one if name in sold else one._replace(amount=ZERO)
        for name, one in line.progress.items()
    }
    return line._replace(progress=progress)


def _unpriced(document: Document) -> Document:
    history = {
        event: {name: value for name, value in past.items() if name not in ("warnings", "reasons")}
        for event, past in document.history.items()
    }
    amounts: dict[str, Any] = dict.fromkeys(_AMOUNTS, ZERO)
    lines = tuple(
        line._replace(
            list_price=None, unit_price=None, discounts=(), net=ZERO, trace=(),
            parts=tuple(part._replace(value=ZERO) for part in line.parts),
        )
        for line in document.lines
    )  # fmt: skip
    return document.changed(
        **amounts, totals=EMPTY, vat=(), instalments=(), history=history, lines=lines
    )


def _without_fields(document: Document, pack: Pack, rights: frozenset[str]) -> Document:
    """``document`` without the fields of its own that name a right which is not among ``rights``.
    """
    declared = _type_of(document, pack)
    if declared is None:
        return document
    if gone := _withheld(declared.fields, rights):
        document = document.changed(custom=_left(document.custom, gone))
    if gone := _withheld(declared.line_fields, rights):
        document = document.changed(
            lines=tuple(one._replace(custom=_left(one.custom, gone)) for one in document.lines)
        )
    return document


def _withheld(fields: Mapping[str, Field_], rights: frozenset[str]) -> frozenset[str]:
    return frozenset(
        name
        for name, field in fields.items()
        if field.right is not None and field.right not in rights
    )


def _left(values: Mapping[str, Any], gone: frozenset[str]) -> Mapping[str, Any]:
    return {name: value for name, value in values.items() if name not in gone}


# -- master data ----------------------------------------------------------------------------------


def shown_items(unit: Unit, items: Mapping[str, Item]) -> dict[str, Item]:
    """``items`` by code as the actor of ``unit`` may see them."""
    gone = _withheld(unit.pack.model.items.fields, unit.actor.rights)
    found = dict(items)
    if gone:
        found = {
            code: one.model_copy(update={"custom": _left(one.custom, gone)})
            for code, one in items.items()
        }
    return (
        found
        if sees_margin(unit.actor)
        else {code: item_without_cost(item) for code, item in found.items()}
    )


def item_without_cost(item: Item) -> Item:
    """``item`` as it is shown to somebody who may not see costs, nor work them out from its
    economic quantity."""
    reorder = tuple(rule.model_copy(update={"economic": None}) for rule in item.reorder)
    return item.model_copy(update={**_COSTS_OF_ITEM, "reorder": reorder})


# -- searches and history -------------------------------------------------------------------------


def refuse_filters(unit: Unit, filters: Mapping[str, Any], own: Mapping[str, Field_]) -> None:
    """Raises Refused for a search by what the actor may not see: a cost, an amount of anything but
    sales, a field of one's own with a right that the actor lacks."""
    rights = unit.actor.rights
    for name, field in own.items():
        if field.right is not None and field.right not in rights:
            raise Refused(
                f"a search by {name!r} takes the right {field.right!r}", right=field.right
            )
    if sees_margin(unit.actor):
        return
    asked = filters.keys() - own.keys() - _SEARCHED_BY_ANYBODY
    if _of_sales(unit, filters.get("type")):
        asked -= set(_AMOUNTS)
    if asked:
        raise Refused(
            f"a search by {', '.join(map(repr, sorted(asked)))} tells what things cost; "
            f"name a type of sales and its amounts, or have the right {SEE_MARGIN!r}",
            right=SEE_MARGIN,
        )


def _of_sales(unit: Unit, named: Any) -> bool:
    """Whether ``named`` is one type of sales, or some of them."""
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list | tuple | set | frozenset) or not names:
        return False
    types = unit.pack.model.document_types
    known = (types.get(name) if isinstance(name, str) else None for name in names)
    return all(one is not None and one.side == "sales" for one in known)


def shown_entries(unit: Unit, entries: Iterable[AuditRow], side: str) -> list[AuditRow]:
    """Audit entries of one document or record as the actor of ``unit`` may see them; ``side`` is
    that of the document."""
    if sees_margin(unit.actor):
        return list(entries)
    return [
        row._replace(payload=_payload(row.payload, side), previous_hash="", hash="", text="")
        for row in entries
    ]


def _payload(payload: Mapping[str, Any], side: str) -> dict[str, Any]:
    told = _TOLD_OF_ENTRIES - ({"warnings", "reasons"} if side == PURCHASE else set())
    found = {name: value for name, value in payload.items() if name in told}
    kind, data = payload.get("kind"), payload.get("data")
    if isinstance(data, Mapping) and kind in _WITHOUT_COSTS:
        found["data"] = dict(data)
    elif isinstance(data, Mapping) and kind == "item":
        found["data"] = {
            name: value
            for name, value in data.items()
            if name not in {*_COSTS_OF_ITEM, "reorder", "custom"}
        }
    return found
