"""What is printed of sections, options and the foot (S19, N9), in French and English."""

from __future__ import annotations

from typing import Any

import pytest

from sphinx_lib import Sphinx
from tests import printed
from tests.unit.test_render_html import page_of

CHARGES: list[dict[str, Any]] = [
    {"code": "PORT", "name": {"fr": "Port", "en": "Freight"}, "kind": "service", "role": "shipping", "sale_price": "20"},
    {"code": "DEEE", "name": "Éco", "kind": "service", "role": "eco", "sale_price": "8.33"},
    {"code": "CONSIGNE", "name": "Consigne", "kind": "service", "role": "deposit", "sale_price": "12"},
]
GOODS = {"text": "Lot", "quantity": 1, "unit_price": "10000"}


@pytest.fixture(scope="module")
def shop() -> Sphinx:
    app = printed.open_shop()
    with app.session(actor=printed.ALICE) as session:
        session.put("item", CHARGES)
    return app


def test_the_foot_leads_from_the_goods_to_the_net_in_both_languages(shop: Sphinx) -> None:
    """Ex 13 with port, an eco-contribution and a deposit: 8 820.00 + 20.00 + 8.33 + 12.00."""
    lines = [GOODS, *({"item": row["code"], "quantity": 1} for row in CHARGES)]
    quote = printed.quotation(shop, lines=lines, foot_discount="10", early_payment_discount="2")
    assert (
        "Total brut HT 10 000,00 € Remise 10 % -1 000,00 € Net commercial 9 000,00 € Escompte 2 % -180,00 € "
        "Net financier 8 820,00 € Frais de port 20,00 € Éco-contribution 8,33 € Consignes et acomptes 12,00 € "
        "Total HT 8 860,33 €"
    ) in page_of(shop, quote)
    assert (
        "Total before discount €10,000.00 Discount 10% -€1,000.00 Net after discount €9,000.00 Early-payment discount 2% "
        "-€180.00 Net after early-payment discount €8,820.00 Shipping €20.00 Eco-contribution €8.33 Deposits €12.00 "
        "Total excl. VAT €8,860.33"
    ) in page_of(shop, quote, "en")


@pytest.mark.parametrize(
    ("header", "label"),
    [
        ({"foot_discount_amount": "500"}, "Remise -500,00 €"),
        ({"foot_discount": "5", "foot_discount_amount": "500"}, "Remise 5 % + 500,00 € -1 000,00 €"),
    ],
)
def test_an_amount_off_the_foot_is_named_with_its_percent_or_alone(shop: Sphinx, header: dict[str, str], label: str) -> None:
    assert label in page_of(shop, printed.quotation(shop, lines=[GOODS], **header))


def test_a_foot_of_goods_alone_is_their_total(shop: Sphinx) -> None:
    assert "Total brut HT" not in page_of(shop, printed.quotation(shop, lines=[GOODS]))


SECTIONS: list[dict[str, Any]] = [
    {"heading": True, "text": "Fourniture"},
    GOODS,
    {"item": "LIVRE", "quantity": 1},
    {"subtotal": True},
    {"heading": True, "text": "En option"},
    {**GOODS, "text": "Extension", "option": True},
    {**GOODS, "text": "Autre lot", "alternative": True},
    {"item": "POSE", "quantity": 1},
    {"subtotal": True, "text": "Total de la pose"},
]


def test_sections_have_headings_and_subtotals_that_leave_options_out(shop: Sphinx) -> None:
    quote = printed.quotation(shop, lines=SECTIONS)
    text = page_of(shop, quote)
    assert "Fourniture Lot 1 10 000,00 20 % 10 000,00 LIVRE" in text
    assert "Sous-total 10 028,00 En option Extension Option, non comprise dans le total 1" in text
    assert "Autre lot Variante, non comprise dans le total" in text
    assert "Total de la pose 65,00" in text
    assert "Total HT 10 093,00 €" in text
    english = page_of(shop, quote, "en")
    assert "Subtotal 10,028.00" in english
    assert "Option, not included in the total" in english


def test_prices_with_tax_are_headed_so(shop: Sphinx) -> None:
    """VA3: the lines hold tax, the foot takes it apart."""
    lines = [{"text": "Lot", "quantity": 2, "unit_price": "60"}, {"subtotal": True}]
    quote = printed.quotation(shop, lines=lines, prices_include_tax=True)
    text = page_of(shop, quote)
    assert "Montants en EUR, prix TTC" in text
    assert "P.U. TTC TVA Montant TTC Lot 2 60,00 20 % 120,00 Sous-total 120,00" in text
    assert "Total HT 100,00 € Total TVA 20,00 € Total TTC 120,00 €" in text
    assert "Unit price incl. VAT VAT Amount incl. VAT" in page_of(shop, quote, "en")


def test_a_delivery_note_lists_what_is_handed_over(shop: Sphinx) -> None:
    lines = [{"heading": True, "text": "Étage 1"}, {"item": "LIVRE", "quantity": 1}, {"subtotal": True},
             {"item": "PORT", "quantity": 1}, {"item": "CONSIGNE", "quantity": 3}]  # fmt: skip
    note = page_of(shop, printed.delivery_note(shop, printed.order(shop, lines=lines)))
    assert "Étage 1 LIVRE Guide du serrage" in note
    assert "CONSIGNE Consigne" in note
    assert "Sous-total" not in note
    assert "PORT" not in note


def test_a_delivery_date_for_all_stands_once_and_another_with_its_line(shop: Sphinx) -> None:
    lines = [{"item": "LIVRE", "quantity": 1}, {"item": "CABLE", "quantity": 2, "promised_date": "2026-03-25"}]
    order = printed.order(shop, lines=lines, promised_date="2026-03-18")
    text = page_of(shop, order)
    assert text.count("18/03/2026") == 1
    assert "CABLE Câble acier au mètre Livraison prévue : 25/03/2026" in text
    assert "18/03/2026" not in page_of(shop, printed.delivery_note(shop, order))
