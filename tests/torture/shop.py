"""The shop that families attack, and what must hold in it whatever happened."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime
from functools import cache

from sqlalchemy import select

from sphinx_lib import Sphinx
from sphinx_lib.app.registry import specs
from sphinx_lib.kernel.document import Document
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.pack import Pack
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store.tables import documents
from tests.store.support import ALICE, FixedClock, faults, goods, open_shop

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
        ids = views.unit.connection.execute(select(documents.c.id)).scalars().all()
        return store_documents.load(views.unit.connection, app.company, ids)


def wrongs(app: Sphinx) -> list[str]:
    """What does not hold: faults of ``verify``, numbers twice or missing, more delivered or invoiced than there was."""
    every = everything(app)
    return [*faults(app), *_numbers(every), *_exceeded(every)]


def _numbers(every: list[Document]) -> list[str]:
    """Numbers of a series are 1, 2, 3 … : nothing here takes one and gives it back."""
    series: dict[str, list[int]] = defaultdict(list)
    for one in every:
        if one.number and (parts := _LAST_DIGITS.match(one.number)):
            series[parts[1]].append(int(parts[2]))
    return [
        f"series {name}: {sorted(given)}"
        for name, given in series.items()
        if sorted(given) != list(range(1, len(given) + 1))
    ]


def _exceeded(every: list[Document]) -> list[str]:
    """Nobody goes past the guard here, so no line is ordered, delivered, invoiced or credited beyond what it has.

    What was invoiced and credited in full may be invoiced again, so a note may be credited more than once.
    """
    return [
        f"{one.type} {one.number} line {line.position}: {name} {got.done} of {line.quantity}"
        for one in every
        for line in one.lines
        for name, got in line.progress.items()
        if name != "credited" or one.type == "invoice"
        if line.quantity is not None and not 0 <= got.done <= line.quantity
    ]
