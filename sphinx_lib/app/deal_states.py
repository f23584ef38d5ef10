"""Where a deal stands: open, won, lost, closed; what keeps it from being closed (AF1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.errors import InputError, NotFound, Refused
from sphinx_lib.kernel.master import Deal
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import master as store_master

CLOSE_OPEN = "close_open_deal"
"""The right to close a deal while an order or a note of it is open."""


def open_documents(unit: Unit, code: str) -> list[str]:
    """Type and number of the documents of a deal whose states keep it open, with what this unit of work changed."""
    found = {
        row.id: (row.type, row.kind, row.state, row.number)
        for row in store_documents.of_deal(unit.connection, unit.company, code)
    }
    for document_id, tracked in unit.tracked.items():
        found.pop(document_id, None)
        one = tracked.document
        if one.deal == code and code:
            found[document_id] = (one.type, one.kind, one.state, one.number)
    return [
        f"{type} {number or 'draft'}"
        for _, (type, kind, state, number) in sorted(found.items())
        if unit.pack.type_of(type, kind).keeps_open(state)
    ]


def check_closing(unit: Unit, records: Sequence[Deal]) -> list[str]:
    """Problems of deals that would be closed while something of them is open."""
    closing = [one for one in records if one.state == "closed"]
    before = store_master.stored(unit.connection, unit.company, "deal", [one.code for one in closing])
    problems = []
    for one in closing:
        was = before.get(one.code)
        if was is not None and was.data.get("state") == "closed":
            continue
        if open_ := open_documents(unit, one.code):
            problems.append(f"deal {one.code}: {', '.join(open_)} open; finish them, or close it by force with a reason")
    return problems


def moved_deal(unit: Unit, code: str, state: str, reason: str, force: bool) -> dict[str, Any]:
    """The row that brings a deal to ``state``; Refused while orders or notes are open.

    ``force`` closes it all the same: it takes the right ``close_open_deal`` and a reason, which the audit log keeps.
    """
    stored = store_master.stored(unit.connection, unit.company, "deal", [code])
    if code not in stored:
        known = store_master.codes_of(unit.connection, unit.company, "deal")
        raise NotFound(f"no deal {code!r}{did_you_mean(code, known)}")
    open_ = open_documents(unit, code) if state == "closed" else []
    if open_ and not force:
        raise Refused(f"deal {code}: {', '.join(open_)} open; finish them, or close it by force with a reason",
                      deal=code, open=tuple(open_))  # fmt: skip
    if open_ and CLOSE_OPEN not in unit.actor.rights:
        raise Refused(f"deal {code}: closing it by force needs the right {CLOSE_OPEN!r}", deal=code, right=CLOSE_OPEN)
    if open_ and not reason.strip():
        raise InputError([f"deal {code}: closing it by force needs a reason"])
    return {**stored[code].data, "state": state, "reason": reason}
