"""Read models of documents that are not written: lines with their price, stock, margin, and what is wrong (S37, S48-S52)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from sphinx_lib.app.available import LineStock as LineStock
from sphinx_lib.app.document_view import DocumentView
from sphinx_lib.app.margins import LineMargin
from sphinx_lib.app.view_json import document_json, line_json, plain, stock_json
from sphinx_lib.kernel.document import Document, Line
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.pricing.explain import Explained


class PriceFailure(NamedTuple):
    """A guard that the price of a line does not pass (G1), what follows (warn, block, approve, or approved by a right of the
    actor) and a message in the document's language. ``floor`` is none where it would tell what the item costs."""

    guard: str
    on_fail: str
    message: str
    price: Decimal
    floor: Decimal | None


@dataclass(frozen=True)
class PreviewLine:
    """A line as it would be entered.

    ``given`` is the place, from 1, of what was given for it or for the line that brings it (kits, eco-contributions), none
    for port by a rule. A line that is not ``entered`` is in no total: its ``problems`` say why. ``margin`` and
    ``cost_source`` are none where costs are not shown; the latter is empty where nobody knows what the line costs.
    """

    line: Line
    view: DocumentView = field(repr=False)
    given: int | None = None
    entered: bool = True
    stock: LineStock | None = None
    margin: LineMargin | None = None
    cost_source: str | None = None
    problems: tuple[str, ...] = ()
    failures: tuple[PriceFailure, ...] = ()

    @property
    def currency(self) -> str:
        """The currency of its prices."""
        return self.view.document.currency

    @property
    def why(self) -> tuple[Explained, ...]:
        """The rows of its price in words, the last one its net unit price (S52)."""
        return self.view.explain(self.line)

    @property
    def summary(self) -> str:
        """Quantity, price and net of the line in one text, in the document's language."""
        line, label = self.line, self.view.pack.label
        language = self.view.document.language
        if line.unit_price is None or line.quantity is None:
            return label("price_none", language)
        per = f" / {plain_number(line.per)}" if line.per != 1 else ""
        return label("price_summary", language).format(
            quantity=plain_number(line.quantity), unit=line.unit, price=f"{plain_number(line.unit_price)}{per}",
            net=f"{line.net:f}", currency=self.currency,
        )  # fmt: skip

    def as_json(self, *, explained: bool = False) -> dict[str, Any]:
        """The line for a host, ``explained`` with the rows of its price."""
        found = line_json(self.view, self.line) if self.entered else _as_given(self.line)
        found |= {
            "given": self.given,
            "entered": self.entered,
            "currency": self.currency,
            "stock": stock_json(self.stock),
            "problems": list(self.problems),
            "failures": [plain(one._asdict()) for one in self.failures],
        }
        if self.cost_source is not None:
            found["cost_source"] = self.cost_source
        return {**found, "why": [row.as_json() for row in self.why]} if explained else found


def _as_given(line: Line) -> dict[str, Any]:
    return {"position": None, "item": line.item, "text": line.text, "unit": line.unit}


@dataclass(frozen=True)
class Preview:
    """A document that was not written: ``view`` shows it as it would be, ``lines`` are all lines given and what they bring.

    ``problems`` are those of no line in particular; with any of them, or one of a line, it would be refused.
    """

    view: DocumentView
    lines: tuple[PreviewLine, ...]
    problems: tuple[str, ...] = ()

    @property
    def document(self) -> Document:
        """The document, with totals and VAT of the lines that could be entered."""
        return self.view.document

    @property
    def ok(self) -> bool:
        """Whether it could be entered as it is."""
        return not self.problems and not any(one.problems for one in self.lines)

    def as_json(self, *, explained: bool = False) -> dict[str, Any]:
        """All of it for a host: numbers as plain text, ``explained`` with the rows of each price."""
        lines = [one.as_json(explained=explained) for one in self.lines]
        return {**document_json(self.view, lines=False), "ok": self.ok, "problems": list(self.problems), "lines": lines}
