"""Orders as far as their goods go: what a line moves and how far it got, without prices, texts and the rest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import Connection, or_, select

from sphinx_lib.kernel.document import Document, Id, Line
from sphinx_lib.store.codec import GOODS_FIELDS, GOODS_JSON, goods_of
from sphinx_lib.store.standing import in_states, lines_of
from sphinx_lib.store.tables import document_lines, documents

_HEAD = ("id", "type", "kind", "state", "date", "number", "party", "site")


class Asked(NamedTuple):
    """Which documents are asked for: of a type, in some states; ``open_only`` leaves out those delivered in full."""

    type: str
    states: Sequence[str]
    open_only: bool


def waiting(connection: Connection, company: str, asked: Collection[Asked]) -> list[Document]:
    """The documents asked for, in order of creation, with only the fields that their goods need; in two statements.

    They are for reckoning, not for writing: what is not read has the value of an empty document.
    """
    if not asked:
        return []
    d, line = documents.c, document_lines.c
    whole = [one.type for one in asked if not one.open_only]
    left = or_(d.delivery_status != "full", d.type.in_(whole)) if whole else d.delivery_status != "full"
    which = in_states(company, {one.type: one.states for one in asked}, left)
    heads = select(*(d[name] for name in _HEAD)).where(which)
    fields = select(line.document_id, *(line[name] for name in (*GOODS_FIELDS, *GOODS_JSON)))
    lines: dict[Id, list[Line]] = {}
    for row in connection.execute(fields.where(lines_of(company, which))).mappings():
        lines.setdefault(row["document_id"], []).append(goods_of(dict(row)))
    found = [Document(**row, lines=_in_order(lines, row["id"])) for row in connection.execute(heads).mappings()]
    return sorted(found, key=attrgetter("id"))  # by SQL, a planner would rather read all documents by id


def _in_order(lines: dict[Id, list[Line]], document_id: Id) -> tuple[Line, ...]:
    return tuple(sorted(lines.get(document_id, ()), key=attrgetter("position")))
