"""The shop that families attack, and what must hold in it whatever happened."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime
from functools import cache

from sphinx_lib import Sphinx
from sphinx_lib.app.registry import specs
from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.master import Item
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.pack import Pack
from tests.store.support import ALICE, FixedClock, faults, goods, open_shop

__all__ = ["ALICE", "CUSTOMERS", "GOODS", "FixedClock", "Item", "faults", "new_shop", "open_again", "wrongs"]

BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
CUSTOMERS = ("ACME", "BRUN", "ZED")
GOODS = ("VIS-1", "VIS-2", "VIS-3")
_LAST_DIGITS = re.compile(r"^(.*?)(\d+)$")


@cache
def pack() -> Pack:
    """The shipped configuration, read once for all shops."""
    return load_pack(("base",), specs())


def new_shop(url: str) -> Sphinx:
    """Customers, a supplier and goods in stock, one of which may not fall below zero."""
    app = open_shop(url, config=pack(), clock=FixedClock(BEGIN))
    with app.session(actor=ALICE) as s:
        s.put("customer", [{"code": code, "name": code, "country": "FR", "email": f"{code}@shop.example"} for code in CUSTOMERS])
        s.put("supplier", [{"code": "VISCO", "name": "Visco", "country": "FR"}])
        s.put("item", [goods("VIS-3", negative_stock="forbid")])
    return app


def open_again(url: str, at: datetime) -> Sphinx:
    """The same shop in another process, with connections of its own."""
    return Sphinx.open(pack(), url, clock=FixedClock(at))


def everything(app: Sphinx) -> list[Document]:
    """All documents."""
    with app.reader() as views:
        ids = [one for name in app.pack.model.document_types for one in views.ids(type=name)]
        return [view.document for view in views.documents(ids)]


def wrongs(app: Sphinx) -> list[str]:
    """What does not hold: faults of ``verify``, numbers twice or missing, more delivered or invoiced than there was."""
    documents = everything(app)
    return [*faults(app), *_numbers(documents), *_exceeded(documents)]


def _numbers(documents: list[Document]) -> list[str]:
    """Numbers of a series are 1, 2, 3 … : nothing here takes one and gives it back."""
    series: dict[str, list[int]] = defaultdict(list)
    for one in documents:
        if one.number and (parts := _LAST_DIGITS.match(one.number)):
            series[parts[1]].append(int(parts[2]))
    return [
        f"series {name}: {sorted(given)}"
        for name, given in series.items()
        if sorted(given) != list(range(1, len(given) + 1))
    ]


def _exceeded(documents: list[Document]) -> list[str]:
    """Nobody goes past the guard here, so no line is ordered, delivered, invoiced or credited beyond what it has.

    What was invoiced and credited in full may be invoiced again, so a note may be credited more than once.
    """
    return [
        f"{one.type} {one.number} line {line.position}: {name} {got.done} of {line.quantity}"
        for one in documents
        for line in one.lines
        for name, got in line.progress.items()
        if name != "credited" or one.type == "invoice"
        if line.quantity is not None and not 0 <= got.done <= line.quantity
    ]
