"""The digest of what a document says, by recipe: which values it covers, each with its name.

A recipe is never changed: what was digested by one can only be checked by the same. A later one adds or drops names.
``CONTENT`` covers all columns of documents and lines but those that move without an event of the document:
``STANDING``, which the log keeps beside the digest; the progress of lines, which follows from other documents; and what
links a document to the log.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from sphinx_lib.kernel.document import EMPTY, Document, Line
from sphinx_lib.kernel.master import Party, Site
from sphinx_lib.kernel.personal import Path, Split, personal_fields, split_at
from sphinx_lib.store.canonical import digest, salted
from sphinx_lib.store.codec import document_row, line_row
from sphinx_lib.store.earlier_content import earlier

CONTENT_RECIPE = 2
"""By recipe 1 nothing personal is kept apart, and neither due date, history, freeze mark and pack nor traces are covered."""

_FIRST_NAMES = (
    "id", "type", "date", "party", "kind", "number", "root_number", "revision", "origin", "date_given", "tax_date",
    "site", "contact", "currency", "rate", "rate_date", "rate_source", "language", "reference", "deal", "method",
    "payment_terms", "regime", "foot_discount", "foot_discount_amount", "early_payment_discount",
    "prices_include_tax", "total_net", "total_vat", "total_gross", "net_to_pay", "total_cost", "counterpart_net",
    "counterpart_vat", "counterpart_gross", "vat", "instalments", "party_facts", "custom", "totals",
)  # fmt: skip
_FIRST_OF_LINES = (
    "id", "position", "item", "text", "heading", "quantity", "unit", "list_price", "discounts", "unit_price", "per",
    "price_quantity", "net", "vat", "cost", "stocked", "stock_quantity", "warehouse", "account_group", "weight_kg",
    "reference", "promised_date", "manual", "reason", "role", "discountable", "parent_id", "parts", "stowed", "pegs",
    "source_id", "source_document", "root_id", "root_document", "custom",
)  # fmt: skip
CONTENT = (*_FIRST_NAMES, "due_date", "frozen_at", "history", "pack")
OF_LINES = (*_FIRST_OF_LINES, "trace")
STANDING = ("balance", "exposure", "exposure_class", "delivery_status", "billing_status")
"""Columns that move with other documents: the log keeps their values, and those of the write that moved them last."""

PARTY_FACTS: tuple[Path, ...] = (
    *((name,) for name in sorted(personal_fields(Party))),
    *(("site", name) for name in sorted(personal_fields(Site))),
)


class Content(NamedTuple):
    """The digest of what a document says, and that of what it says of persons; the first holds the second."""

    digest: str
    personal: str


def apart(document: Document, personal: Collection[Path] = ()) -> Split:
    """The columns of a document, and what they say of persons: what it copied of its party, and what stands at the
    paths ``personal`` in its history and custom values."""
    facts = [("party_facts", *path) for path in PARTY_FACTS]
    return split_at(document_row(document.changed(lines=()), ""), [*facts, *personal])


def content_of(document: Document, personal: Collection[Path]) -> Content:
    """By the recipe of today, with the document's own salt; ``personal`` as for ``apart``."""
    said = apart(document, personal)
    about = salted(document.personal_salt or "", said.personal)
    return Content(content_digest(said.public, document.lines, about), about)


def said_of(document: Document, personal: Sequence[Path]) -> dict[str, Any]:
    """What an audit entry keeps of a document: recipe and digests, where it speaks of persons, and how it stands."""
    content = content_of(document, personal)
    of_persons = {"digest": content.personal, **({"paths": [list(path) for path in personal]} if personal else {})}
    return {
        "recipe": CONTENT_RECIPE, "content": content.digest, "personal": of_persons, "standing": standing_of(document),
    }  # fmt: skip


def content_digest(public: Mapping[str, Any], lines: Sequence[Line], about: str) -> str:
    """The digest of the content, ``about`` being that of what is said of persons.

    Values that are none are left out, so that a column which comes later changes no digest of today.
    """
    said = {name: public[name] for name in CONTENT if public.get(name) is not None}
    said["lines"] = [_line(line) for line in lines]
    return digest({**said, "personal": about})


def _line(line: Line) -> dict[str, Any]:
    row = line_row(line._replace(progress=EMPTY), "", "")
    return {name: row[name] for name in OF_LINES if row[name] is not None}


def standing_of(document: Document) -> list[str]:
    """The values of ``STANDING`` as text."""
    return [_text(getattr(document, name)) for name in STANDING]


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    return str(value)


# -- the first recipe ------------------------------------------------------------------------------


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a value of type {type(value).__name__} is no JSON value")


first_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain).encode
"""What the first recipe hashed: as ``canonical.encode``, without its checks."""


def first_content(document: Document) -> str:
    """The digest of the content by the first recipe."""
    return _first_digest(_first(document))


def is_first_content(document: Document, found: str) -> bool:
    """Whether ``found`` is of what ``document`` says by the first recipe, at its last revision or at an earlier one."""
    content = _first(document)
    return _first_digest(content) == found or any(_first_digest(one) == found for one in earlier(content))


def _first_digest(content: Mapping[str, Any]) -> str:
    return sha256(first_canonical(content).encode()).hexdigest()


def _first(document: Document) -> dict[str, Any]:
    row = document_row(document.changed(lines=()), "")
    content = {name: row[name] for name in _FIRST_NAMES}
    content["lines"] = [_first_line(line, document.id) for line in document.lines]
    return content


def _first_line(line: Line, document_id: str) -> dict[str, Any]:
    row = line_row(line._replace(progress=EMPTY, trace=()), document_id, "")
    values = {name: row[name] for name in _FIRST_OF_LINES}
    return values | {"progress": None, "trace": None, "company_id": "", "document_id": document_id}
