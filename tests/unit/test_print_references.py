"""What a customer calls an item stands on paper, unless the type of document says no (CR1)."""

from __future__ import annotations

from pathlib import Path

from sphinx_lib.render import render_html
from tests import printed

REFERENCE = {"customer": "MARTIN", "item": "CABLE", "reference": "CLI-7", "label": {"fr": "Le câble du client"}}


def page(*config: Path) -> str:
    shop = printed.open_shop(*config)
    with shop.session() as session:
        session.put("customer_reference", [REFERENCE])
    html = render_html(printed.view(shop, printed.quotation(shop, lines=[{"item": "CLI-7", "quantity": "2"}])))
    shop.engine.dispose()
    return html


def test_the_reference_and_the_label_of_the_customer_are_printed() -> None:
    html = page()
    assert "CLI-7" in html
    assert "Le câble du client" in html
    assert "CABLE" in html


def test_a_type_that_does_not_print_them_shows_the_own_text(tmp_path: Path) -> None:
    text = "document_types: {quotation: {print_customer_ref: false}}\n"
    (tmp_path / "overlay.yaml").write_text(text, encoding="utf-8")
    html = page(tmp_path)
    assert "CLI-7" not in html
    assert "Le câble du client" not in html
    assert "CABLE" in html
