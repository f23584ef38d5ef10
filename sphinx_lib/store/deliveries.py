"""Orders that still have something to deliver, with their lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, and_, or_, select

from sphinx_lib.kernel.document import Id, Line
from sphinx_lib.store.codec import line_of, untyped
from sphinx_lib.store.tables import document_lines, documents


class OpenOrder(NamedTuple):
    """An order with its lines; ``promised`` is the first day for which it, or a line of it, is promised."""

    id: Id
    type: str
    kind: str
    state: str
    number: str
    party: str
    site: str
    promised: date | None
    lines: tuple[Line, ...]


def open_orders(
    connection: Connection, company: str, wanted: Mapping[tuple[str, str], Sequence[str]]
) -> list[OpenOrder]:
    """Documents in the ``wanted`` states, by type and kind, of which not all is delivered; in one statement."""
    if not wanted:
        return []
    d = documents.c
    head = [d.type, d.kind, d.state, d.number, d.party, d.site, d.custom.label("of_order")]
    kinds = or_(*(and_(d.type == name, d.kind == kind, d.state.in_(states)) for (name, kind), states in wanted.items()))
    statement = (
        select(document_lines, *(column.label(f"order_{column.name}") for column in head[:-1]), head[-1])
        .select_from(
            document_lines.join(
                documents, and_(d.company_id == document_lines.c.company_id, d.id == document_lines.c.document_id)
            )
        )
        .where(d.company_id == company, d.delivery_status != "full", kinds)
        .order_by(document_lines.c.document_id, document_lines.c.position)
    )
    found: dict[Id, OpenOrder] = {}
    for row in connection.execute(statement).mappings():
        line = line_of(dict(row))
        known = found.get(row["document_id"])
        if known is None:
            known = OpenOrder(
                row["document_id"], row["order_type"], row["order_kind"], row["order_state"], row["order_number"] or "",
                row["order_party"] or "", row["order_site"], untyped(row["of_order"]).get("promised_date"), (),
            )  # fmt: skip
        days = [day for day in (known.promised, line.promised_date) if day is not None]
        found[known.id] = known._replace(lines=(*known.lines, line), promised=min(days) if days else None)
    return list(found.values())
