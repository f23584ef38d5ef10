"""Read models as JSON for hosts: numbers as plain text, days as ISO text; what is not shown is not there (S48)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sphinx_lib.kernel.document import Line
from sphinx_lib.kernel.money import plain_number

if TYPE_CHECKING:
    from sphinx_lib.app.available import LineStock
    from sphinx_lib.app.views import DocumentView

_HEADER = (
    "type", "kind", "number", "state", "date", "party", "site", "currency", "rate", "language", "reference", "deal",
    "payment_terms", "regime", "foot_discount", "early_payment_discount", "prices_include_tax",
)  # fmt: skip
_AMOUNTS = (
    "foot_discount_amount", "total_net", "total_vat", "total_gross", "net_to_pay", "counterpart_net", "counterpart_vat",
    "counterpart_gross",
)  # fmt: skip
_LINE = (
    "position", "item", "text", "quantity", "unit", "list_price", "discounts", "unit_price", "per", "price_quantity",
    "vat", "role", "warehouse", "promised_date", "reference", "reason",
)  # fmt: skip


def plain(value: Any) -> Any:
    """A value as JSON holds it: a Decimal as digits without idle zeros, a day as ISO text."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, tuple | list) else value


def amount(value: Decimal | None) -> str | None:
    """An amount with the decimals of its currency."""
    return None if value is None else f"{value:f}"


def document_json(view: DocumentView, *, lines: bool = True) -> dict[str, Any]:
    """A document as ``view`` shows it, with its ``lines`` or without; costs and margins only where they are shown."""
    document = view.document
    found: dict[str, Any] = {name: plain(getattr(document, name)) for name in _HEADER}
    found |= {name: None if view.hides_amounts else amount(getattr(document, name)) for name in _AMOUNTS}
    found |= {
        "label": view.label,
        "state_label": view.state_label,
        "totals": {name: amount(value) for name, value in document.totals.items()},
        "vat": [_vat(row._asdict()) for row in document.vat],
        "weight_kg": plain(view.weight_kg),
        "weights": _weights(view),
        "mentions": list(view.mentions),
        "warnings": list(view.warnings),
        "reasons": list(view.reasons),
        "custom": plain(document.custom),
    }
    if lines:
        found["lines"] = [line_json(view, line) for line in document.lines]
    if document.total_cost is not None:
        found |= {name: amount(value) for name, value in (("total_cost", document.total_cost), ("margin", document.margin))}
        found |= {"margin_rate": plain(view.margin_rate), "markup_rate": plain(view.markup_rate)}
    return found


def _weights(view: DocumentView) -> dict[str, Any]:
    found = view.weights()
    unknown = [{"line": position, "item": item} for position, item in found.unknown]
    return {"net": plain(found.net), "gross": plain(found.gross), "unit": found.unit, "unknown": unknown}


def stock_json(stock: LineStock | None) -> dict[str, Any] | None:
    """The stock of a line, ``elsewhere`` by warehouse; none where it moves none."""
    if stock is None:
        return None
    others = {warehouse: stock_json(one) for warehouse, one in stock.elsewhere.items()}
    return {**plain({name: value for name, value in stock._asdict().items() if name != "elsewhere"}), "elsewhere": others}


def _vat(row: Mapping[str, Any]) -> dict[str, Any]:
    amounts = {name: amount(row[name]) for name in ("base", "amount")}
    return {**row, "rate": plain(row["rate"]), **amounts}


def line_json(view: DocumentView, line: Line) -> dict[str, Any]:
    """A line of ``view``; ``cost`` is per sales unit, in company currency, the other figures of its margin are its own."""
    found: dict[str, Any] = {name: plain(getattr(line, name)) for name in _LINE}
    net = None if view.hides_amounts else amount(line.net)
    found |= {"net": net, "vat_rate": plain(view.vat_rate(line)), "custom": plain(line.custom)}
    if line.stowed:
        found["lots"] = [plain(one._asdict()) for one in line.stowed]
    margin = view.margin_figures(line)
    if margin is not None:
        rest = margin._asdict()
        of_line = {"total_cost": amount(rest.pop("cost")), "margin": amount(rest.pop("margin"))}
        found |= {"cost": plain(line.cost), **of_line, **{name: plain(value) for name, value in rest.items()}}
    return found
