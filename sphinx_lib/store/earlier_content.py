"""What earlier revisions digested of a document: its content without the columns that came later.

A digest does not say by which revision it was made. A document written before a column came holds there what the migration
put; with any other value its digest is that of a later revision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Added(NamedTuple):
    """What a migration added to documents and to their lines: each column with the value that rows already there got."""

    documents: Mapping[str, Any]
    lines: Mapping[str, Any]


# Newest first. A migration that adds a column to what is digested adds it here.
ADDED = (
    Added({}, {"stowed": None, "pegs": None}),  # 0005
    Added({"rate_source": ""}, {}),  # 0003
    Added(  # 0002
        {"foot_discount_amount": 0, "early_payment_discount": 0, "prices_include_tax": False, "totals": None},
        {"reason": "", "role": "", "discountable": True, "parent_id": None, "parts": None},
    ),
)


def earlier(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """``content`` as each earlier revision had it, newest first, back to the first column that holds something."""
    there = dict(content)
    for added in ADDED:
        if not _untouched(there, added.documents) or not all(_untouched(line, added.lines) for line in there["lines"]):
            return
        there = _without(there, added.documents)
        there["lines"] = [_without(line, added.lines) for line in there["lines"]]
        yield there


def _untouched(row: Mapping[str, Any], added: Mapping[str, Any]) -> bool:
    return all(row[name] == value for name, value in added.items())


def _without(row: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in added}
