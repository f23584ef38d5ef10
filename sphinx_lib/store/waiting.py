"""Orders as far as their goods go: what a line moves and how far it got, without prices, texts and the rest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, or_, select

from sphinx_lib.kernel.document import Document, Id, Line
from sphinx_lib.store.codec import GOODS_FIELDS, GOODS_JSON, goods_of
from sphinx_lib.store.tables import document_lines, documents

_HEAD = ("id", "type", "kind", "state", "date", "number", "party", "site")


class Asked(NamedTuple):
    """Which documents are asked for: of a type, in some states; ``open_only`` leaves out those delivered in full."""

    type: str
    states: Sequence[str]
    open_only: bool


def waiting(connection: Connection, company: str, asked: Collection[Asked]) -> list[Document]:
    """The documents asked for, in order of creation, with only the fields that their goods need; in one statement.

    They are for reckoning, not for writing: what is not read has the value of an empty document. One without lines is left
    out.
    """
    d, line = documents.c, document_lines.c
    which = [
        and_(d.type == one.type, d.state.in_(one.states), *([d.delivery_status != "full"] if one.open_only else []))
        for one in asked
    ]
    head, columns = [d[name].label(f"d_{name}") for name in _HEAD], [line[name] for name in (*GOODS_FIELDS, *GOODS_JSON)]
    statement = (
        select(*head, *columns)
        .join(document_lines, and_(line.company_id == d.company_id, line.document_id == d.id))
        .where(d.company_id == company, or_(*which))
    )
    heads: dict[Id, dict[str, Any]] = {}
    lines: dict[Id, list[Line]] = {}
    for row in connection.execute(statement).mappings() if which else ():  # sorted here: in SQL the planner would read all
        found = lines.setdefault(row["d_id"], [])
        if not found:
            heads[row["d_id"]] = {name: row[f"d_{name}"] for name in _HEAD}
        found.append(goods_of(dict(row)))
    return [
        Document(**heads[one], lines=tuple(sorted(lines[one], key=attrgetter("position")))) for one in sorted(heads)
    ]
