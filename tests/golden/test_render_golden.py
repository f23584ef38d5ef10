"""Whole pages in French and English, as HTML without the stylesheet (S19, S34)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sphinx_lib import Sphinx
from sphinx_lib.render import render_html
from tests import printed

PAGES = Path(__file__).parent / "pages"
NAMES = (
    "quotation", "order_acknowledgement", "delivery_note", "invoice", "credit_note", "invoice_in_yen", "picking_list",
    "delivery_note_with_lots",
)  # fmt: skip


@pytest.fixture(scope="module")
def shop() -> Sphinx:
    return printed.open_shop()


@pytest.fixture(scope="module")
def documents(shop: Sphinx) -> dict[str, str]:
    """One sale from quotation to credit note, an invoice in another currency, and goods picked out of lots: ids by name."""
    quote = printed.quotation(shop, foot_discount="5")
    order = printed.order(shop, site="DEPOT")
    note = printed.delivery_note(shop, order, {1: 700, 2: 1, 4: "37.5", 6: "2.5"})
    rest = printed.delivery_note(shop, order)
    invoice = printed.invoice(shop, [note, rest])
    credit = printed.credit_note(shop, invoice, {1: 200, 2: 1})
    yen = printed.invoice(shop, printed.order(shop, "SATO"))
    picks = printed.picking_list(shop, carrier="Calberson", parcels=3)
    lots = printed.picked(shop, picks)[0]
    return dict(zip(NAMES, (quote, order, note, invoice, credit, yen, picks, lots), strict=True))


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_the_one_that_was_looked_at(
    name: str, language: str, shop: Sphinx, documents: dict[str, str], golden: Callable[[str, str], None]
) -> None:
    view = printed.view(shop, documents[name], language)
    golden(f"pages/{name}_{language}.html", render_html(view, styled=False))


def test_every_kept_page_is_compared() -> None:
    assert {file.name for file in PAGES.iterdir()} == {
        f"{name}_{language}.html" for name in NAMES for language in ("fr", "en")
    }
