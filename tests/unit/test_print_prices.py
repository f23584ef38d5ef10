"""Documents printed without prices for some customers (T17): no amount gets onto the page, whatever lays it out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sphinx_lib import Sphinx
from sphinx_lib.kernel.errors import ConfigError
from sphinx_lib.pack.reader import Node, read_text
from sphinx_lib.render import render_html
from tests import printed
from tests.store.support import statements


def layer(text: str) -> Node:
    node, problems = read_text(text, "house.yaml")
    assert problems == []
    return node


SILENT = """
parties: {fields: {hide_prices: {type: flag}}}
eco: {display: {blocks: in_price}}
document_types: {quotation: {print: {prices: not party.hide_prices}}}
"""


@pytest.fixture(scope="module")
def shop() -> Sphinx:
    app = printed.open_shop(layer(SILENT))
    with app.session(actor=printed.ALICE) as session:
        session.put("customer", [{"code": "MUET", "name": "Grossiste", "hide_prices": True, "currency": "GBP"}])
        block = {"code": "PARPAING", "name": "Parpaing", "family": "blocks", "sale_price": "2.00", "eco": "0.02"}
        session.put("item", [block])
    return app


def body(html: str) -> str:
    return html.split('<section class="parties">', 1)[1]


def amounts_on(html: str) -> list[str]:
    """Everything with two decimals, or a currency."""
    return re.findall(r"\d[.,]\d\d\b|€|£|\bEUR\b|\bGBP\b", body(html))


def test_no_amount_stands_on_the_page_of_a_customer_who_wants_none(shop: Sphinx) -> None:
    lines = [*printed.LINES, {"item": "PARPAING", "quantity": 10}, {"subtotal": True}]
    silent = printed.quotation(shop, "MUET", lines=lines, foot_discount="3")
    told = printed.quotation(shop, "BAKER", lines=lines, foot_discount="3")
    for language in ("fr", "en"):
        assert amounts_on(render_html(printed.view(shop, silent, language))) == []
        assert len(amounts_on(render_html(printed.view(shop, told, language)))) > 20
        assert amounts_on(render_html(printed.view(shop, silent), language)) == []


def test_what_is_bought_and_how_much_of_it_stays_on_the_page(shop: Sphinx) -> None:
    page = render_html(printed.view(shop, printed.quotation(shop, "MUET"), "en"))
    for text in ("M6 stainless screw", "<td>1,200</td>", "<td>37.5</td>", "Livrer le matin", "Your reference: CB-77"):
        assert text in page


def test_a_template_of_ones_own_gets_no_amount_either(shop: Sphinx, tmp_path: Path) -> None:
    text = (
        "{{ money(document.total_gross) }}{{ figure(document.total_net) }}{{ page.counterpart(document.counterpart_net) }}"
        "{% for row in page.vat_rows %}VAT{% endfor %}{% for row in page.foot_rows %}FOOT{% endfor %}"
        "{% for row in page.rows %}{{ row.price }}{{ row.net }}{{ row.discount }}{{ row.vat }}{% endfor %}"
    )
    (tmp_path / "quotation.html").write_text(text, encoding="utf-8")
    silent = printed.view(shop, printed.quotation(shop, "MUET", foot_discount="3"))
    told = printed.view(shop, printed.quotation(shop, "BAKER", foot_discount="3"))
    assert render_html(silent, templates=[tmp_path]) == ""
    assert "VAT" in render_html(told, templates=[tmp_path])


def test_a_change_of_the_customer_holds_for_what_is_printed_from_then_on(shop: Sphinx) -> None:
    made = printed.quotation(shop, "MUET")
    with shop.session(actor=printed.ALICE) as session:
        session.put("customer", [{"code": "MUET", "name": "Grossiste", "currency": "GBP"}])
    assert printed.view(shop, made).shows_prices
    with shop.session(actor=printed.ALICE) as session:
        session.put("customer", [{"code": "MUET", "name": "Grossiste", "hide_prices": True, "currency": "GBP"}])
    assert not printed.view(shop, made).shows_prices


def test_many_documents_ask_for_their_customers_once(shop: Sphinx) -> None:
    made = [printed.quotation(shop, ("MUET", "BAKER")[n % 2]) for n in range(6)]

    def count(ids: list[str]) -> int:
        with statements(shop.engine) as seen, shop.reader() as views:
            views.documents(ids)
        return len(seen)

    assert count(made) == count(made[:2])


def test_a_condition_that_does_not_hold_is_told_with_its_place() -> None:
    with pytest.raises(ConfigError, match=r"document_types\.quotation\.print\.prices: unknown name 'party\.hide_price'"):
        Sphinx.open(["base", layer("document_types: {quotation: {print: {prices: not party.hide_price}}}")])


def test_a_fiscal_document_shows_its_amounts() -> None:
    with pytest.raises(ConfigError, match="a fiscal document shows its amounts"):
        Sphinx.open(["base", layer("document_types: {credit_note: {print: {prices: not party.blocked}}}")])
