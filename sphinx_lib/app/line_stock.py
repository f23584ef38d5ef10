"""Stock of the items of lines, while they are entered and afterwards (S37, K1, K2)."""

from __future__ import annotations

from sphinx_lib.app.available import Ledger, LineStock, line_stocks, moved_by
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import Document, Id


def stock_of_lines(unit: Unit, document: Document) -> dict[Id, LineStock]:
    """By line what there is of its item, at its warehouse and elsewhere, in one statement for all; services have none."""
    items = {item for line in document.lines for item, _ in moved_by(line)}
    if not items:
        return {}
    unit.load_stock(items)
    return line_stocks(Ledger(unit, document), document, elsewhere=True)
