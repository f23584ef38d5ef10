"""What is printed for suppliers: an order, a receipt, a return, in their language and with their codes of items (S12 to S14)."""

from __future__ import annotations

import pytest

from sphinx_lib import Sphinx
from sphinx_lib.render.html import render_html
from tests import printed

SUPPLIERS = [
    {"code": "VISCO", "name": "Visco SARL", "siren": "552100554",
     "address": {"street": "3 rue des Aciers", "postal_code": "42000", "city": "Saint-Étienne"}},
    {"code": "BAR", "name": "Bar & Co Ltd", "country": "GB", "language": "en", "currency": "GBP"},
]  # fmt: skip


@pytest.fixture(scope="module")
def shop() -> Sphinx:
    app = printed.open_shop()
    with app.session(actor=printed.ALICE) as s:
        s.put("supplier", SUPPLIERS)
        s.put("item", [{**printed.ITEMS[0], "supplier_codes": {"VISCO": "V-600", "BAR": "BB-6"}}])
    return app


def order(app: Sphinx, supplier: str = "VISCO") -> str:
    lines = [{"item": "VIS-M6", "quantity": 1000, "unit_price": "0.05"}, {"item": "TOURET", "quantity": 1, "unit_price": "800"}]
    with app.session(actor=printed.ALICE) as s:
        made = s.create("purchase_order", supplier=supplier, promised_date="2026-03-20", lines=lines)
        return s.fire(made.id, "confirm").id


def received(app: Sphinx) -> str:
    ordered = order(app)
    with app.session(actor=printed.ALICE) as s:
        receipt = s.derive(ordered, "goods_receipt", quantities={1: 400}).documents[0]
        s.edit(receipt.id, reference="BL-7781")
        return s.fire(receipt.id, "receive").id


def returned(app: Sphinx) -> str:
    receipt = received(app)
    with app.session(actor=printed.ALICE) as s:
        back = s.derive(receipt, "supplier_return", quantities={1: 100}).documents[0]
        return s.fire(back.id, "send").id


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (order, ["Commande fournisseur", "Code fournisseur", "V-600", "Livraison attendue", "20/03/2026", "À livrer à", "850,00"]),
        (received, ["Bon de réception", "BL-7781", "Reçu", "Reste à recevoir", "1 000", "600"]),
        (returned, ["Retour fournisseur", "Retourné", "V-600"]),
    ],
    ids=["purchase_order", "goods_receipt", "supplier_return"],
)
def test_each_paper_for_a_supplier_says_what_it_is_for(make: object, said: list[str], shop: Sphinx) -> None:
    text = render_html(printed.view(shop, make(shop))).replace("\u202f", " ").replace("\u00a0", " ")  # type: ignore[operator]
    assert [one for one in said if one not in text] == []
    assert "Code client" not in text
    assert "Pénalités de retard" not in text


def test_a_supplier_abroad_gets_its_order_in_its_language_currency_and_codes(shop: Sphinx) -> None:
    text = render_html(printed.view(shop, order(shop, "BAR")))
    assert [one for one in ("Purchase order", "Supplier code", "BB-6", "Amounts in GBP", "Deliver to") if one not in text] == []
    assert "Customer" not in text


def test_the_supplier_writes_its_codes_and_they_are_found(shop: Sphinx) -> None:
    with shop.session(actor=printed.ALICE) as s:
        made = s.create("purchase_order", supplier="BAR", lines=[{"item": "BB-6", "quantity": 100, "unit_price": "0.05"}])
    assert (made.lines[0].item, made.lines[0].reference) == ("VIS-M6", "BB-6")
