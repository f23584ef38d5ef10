"""What the person who picks reads: bins, lots, for whom, and what it all weighs, as text (S40, W1)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from sphinx_lib.kernel.document import Line
from sphinx_lib.kernel.lots import name_on
from sphinx_lib.pack.base import in_language
from sphinx_lib.render.letterhead import Pair
from sphinx_lib.render.page import Page
from sphinx_lib.stock.picking import KIT


class PickRow(NamedTuple):
    """One place to go to, as text. ``order`` and ``customer`` say what it is for; ``notes`` are the small lines below."""

    bin: str
    code: str
    text: str
    lot: str
    order: str
    customer: str
    quantity: str
    unit: str
    notes: tuple[str, ...] = ()


class Picks(NamedTuple):
    """A picking list: places in walking order, kits to put together from them, and the warehouses walked through."""

    rows: tuple[PickRow, ...]
    kits: tuple[PickRow, ...]
    warehouses: str


def picks_of(page: Page) -> Picks:
    """The rows of a picking list; of another document none."""
    if not page.view.type.picks:
        return Picks((), (), "")
    lines = page.document.lines
    kits = {line.id: line for line in lines if line.role == KIT}
    rows = tuple(_row(page, line, kits.get(line.parent_id or "")) for line in lines if line.role != KIT)
    houses = dict.fromkeys(line.warehouse for line in lines)
    return Picks(rows, tuple(_row(page, kit) for kit in kits.values()), ", ".join(houses))


def _row(page: Page, line: Line, kit: Line | None = None) -> PickRow:
    source = page.view.source_of(line)
    at = name_on(line)
    lot = at.lot
    if lot and at.expires:
        lot = page.t("lot_expires", lot=lot, date=page.day(at.expires))
    return PickRow(
        at.bin,
        line.item or "",
        line.text,
        lot,
        (source.number or source.origin) if source else "",
        str(source.party_facts.get("name", "")) if source else "",
        page.number(line.quantity or Decimal(0)),
        _unit(page, line.unit),
        tuple(_notes(page, line, kit)),
    )


def _notes(page: Page, line: Line, kit: Line | None) -> Iterator[str]:
    if kit is not None:
        yield page.t("of_kit", kit=kit.item or kit.text)
    if line.reference and page.view.type.print_customer_ref:
        yield page.t("field", name=page.t("your_reference"), value=line.reference)
    if line.role != KIT and line.stock_quantity != line.quantity:
        yield page.t("in_stock_units", quantity=page.number(line.stock_quantity))


def _unit(page: Page, code: str) -> str:
    unit = page.model.units.get(code)
    return (in_language(unit.label, page.language) if unit else "") or code


class WeightText(NamedTuple):
    """Net and gross weight as labels and texts, the gross only where it differs, and the items that nobody weighed."""

    rows: tuple[Pair, ...]
    unknown: str


def weights_of(page: Page) -> WeightText:
    """What the goods of a document weigh; no row where nothing does."""
    found = page.view.weights()
    unit = _unit(page, found.unit)
    rows = [Pair(page.t("net_weight"), f"{page.number(found.net)} {unit}")] if found.net else []
    if found.gross != found.net:
        rows.append(Pair(page.t("gross_weight"), f"{page.number(found.gross)} {unit}"))
    return WeightText(tuple(rows), ", ".join(dict.fromkeys(item for _, item in found.unknown)))
