"""What stands on a page and what cannot get onto it (S19-S21, S34; french-rules §8, §9)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from sphinx_lib import Sphinx
from sphinx_lib.kernel.errors import RenderError
from sphinx_lib.pack.reader import read_text
from sphinx_lib.render import render_html
from sphinx_lib.render.letterhead import address
from sphinx_lib.render.page import Page
from tests import printed


@pytest.fixture(scope="module")
def shop() -> Sphinx:
    return printed.open_shop()


def words(html: str) -> str:
    """The text of a page on one line, without its head."""
    body = html.split("<body", 1)[1].split(">", 1)[1]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def page_of(app: Sphinx, document_id: str, language: str | None = None) -> str:
    return words(render_html(printed.view(app, document_id, language)))


def template(tmp_path: Path, text: str, name: str = "quotation.html") -> list[Path]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return [tmp_path]


# -- language --------------------------------------------------------------------------------------------------------


def test_the_customers_language_is_the_default(shop: Sphinx) -> None:
    assert "Devis DE" in page_of(shop, printed.quotation(shop, "MARTIN"))
    assert "Quotation DE" in page_of(shop, printed.quotation(shop, "BAKER"))


def test_one_invoice_is_said_in_french_and_in_english(shop: Sphinx) -> None:
    """S19: labels, item names, mentions, number and date formats follow the language."""
    note = printed.delivery_note(shop, printed.order(shop))
    invoice = printed.invoice(shop, note)
    french, english = page_of(shop, invoice), page_of(shop, invoice, "en")
    assert "Vis M6 inox" in french
    assert "M6 stainless screw" in english
    assert "Pénalités de retard" in french
    assert "Late payment interest" in english
    assert "Net à payer 3 176,71 €" in french
    assert "Amount due €3,176.71" in english
    assert re.search(r"BL n° BL2026-\d{5} du 03/03/2026", french)
    assert re.search(r"Delivery note BL2026-\d{5} of Mar 3, 2026", english)
    assert "À régler au plus tard le 30/04/2026" in french
    assert "Payable by Apr 30, 2026" in english


def test_what_somebody_wrote_is_not_translated(shop: Sphinx) -> None:
    lines = [{"item": "POSE", "quantity": 1, "text": "Pose, étage 2"}, {"text": "Sonner deux fois"}]
    english = page_of(shop, printed.quotation(shop, lines=lines), "en")
    assert "Pose, étage 2" in english
    assert "Sonner deux fois" in english


def test_render_html_itself_takes_a_language(shop: Sphinx) -> None:
    page = render_html(printed.view(shop, printed.quotation(shop)), "en")
    assert '<html lang="en">' in page
    assert "Valid until Apr 2, 2026" in words(page)


# -- what the law wants (french-rules §8) ----------------------------------------------------------------------------


def test_an_invoice_names_seller_and_buyer_with_their_numbers(shop: Sphinx) -> None:
    text = page_of(shop, printed.invoice(shop, printed.order(shop)))
    assert "Quincaillerie Durand, SAS au capital de 50 000,00 €" in text
    assert "SIREN 732 829 320 – SIRET 732 829 320 00074 – RCS Lyon 732 829 320 – NAF 4674A" in text
    assert "N° TVA FR44732829320" in text
    assert "Ateliers Martin 8 rue du Port Bâtiment C 69002 Lyon" in text
    assert "Votre SIREN 552 100 554 Votre n° TVA FR27552100554" in text
    assert "IBAN FR76 3000 6000 0112 3456 7890 189 BIC AGRIFRPP" in text


def test_an_invoice_names_the_terms_and_the_mentions_of_the_law(shop: Sphinx) -> None:
    text = page_of(shop, printed.invoice(shop, printed.order(shop)))
    assert "Règlement 30 jours fin de mois" in text
    for mention in ("Pénalités de retard", "frais de recouvrement : 40 €", "Pas d'escompte"):
        assert mention in text


@pytest.mark.parametrize(
    ("items", "nature"),
    [
        (["VIS-M6", "LIVRE"], "Livraison de biens"),
        (["POSE"], "Prestation de services"),
        (["VIS-M6", "POSE"], "Livraison de biens et prestation de services"),
    ],
)
def test_an_invoice_says_whether_it_is_for_goods_or_services(shop: Sphinx, items: list[str], nature: str) -> None:
    lines = [{"item": item, "quantity": 1} for item in items]
    text = page_of(shop, printed.invoice(shop, printed.order(shop, lines=lines)))
    assert f"Nature de l'opération {nature} Règlement" in text


def test_an_invoice_gives_the_day_of_the_delivery_and_the_address_where_it_differs(shop: Sphinx) -> None:
    order = printed.order(shop, site="DEPOT")
    text = page_of(shop, printed.invoice(shop, printed.delivery_note(shop, order)))
    assert "Date de livraison 03/03/2026" in text
    assert "Adresse de livraison Ateliers Martin, dépôt ZI des Platanes 38070 Saint-Quentin-Fallavier" in text


def test_no_delivery_is_named_where_there_was_none(shop: Sphinx) -> None:
    text = page_of(shop, printed.invoice(shop, printed.order(shop)))
    assert "Date de livraison" not in text
    assert "Adresse de livraison" not in text


def test_a_sale_abroad_prints_why_there_is_no_vat(shop: Sphinx) -> None:
    text = page_of(shop, printed.invoice(shop, printed.order(shop, "SMITH")))
    assert "VAT exempt export, article 262 I" in text
    assert "Export 0% 2,870.01 0.00" in text
    assert "69007 Lyon FRANCE" in text


def test_vat_stands_by_code_with_rate_base_and_amount(shop: Sphinx) -> None:
    text = page_of(shop, printed.invoice(shop, printed.order(shop)))
    assert "Taux normal 20 % 2 573,41 514,68 Taux réduit 5,5 % 84,00 4,62" in text
    assert "Total HT 2 657,41 € Total TVA 519,30 € Total TTC 3 176,71 €" in text


# -- each type of document -------------------------------------------------------------------------------------------


def test_a_quotation_says_how_long_it_holds_and_leaves_room_to_sign(shop: Sphinx) -> None:
    text = page_of(shop, printed.quotation(shop))
    assert "Valable jusqu'au 02/04/2026" in text
    assert "Bon pour accord" in text
    assert "Pénalités" not in text


def test_a_confirmed_order_is_acknowledged_with_its_dates(shop: Sphinx) -> None:
    """S34."""
    order = printed.order(shop)
    french, english = page_of(shop, order), page_of(shop, order, "en")
    assert "Accusé de réception de commande BC" in french
    assert "Order acknowledgement BC" in english
    assert "Livraison prévue 18/03/2026" in french
    assert "Livraison prévue : 20/03/2026" in french
    assert "Votre référence PO-4711" in french


def test_a_delivery_note_has_quantities_and_weight_and_no_price(shop: Sphinx) -> None:
    """W1: 700 screws at 8.5 g, a drum at 25 kg, 37.5 m at 400 g: 45.95 kg."""
    order = printed.order(shop)
    first = page_of(shop, printed.delivery_note(shop, order, {1: 700, 2: 1, 4: "37.5"}))
    assert "Désignation Commandé Livré Reste à livrer Unité" in first
    assert "VIS-M6 Vis M6 inox 1 200 700 500 unité" in first
    assert "Câble acier au mètre Votre référence : CB-77 37,5 37,5 0 m" in first
    assert "Poids net total 45,95 kg" in first
    assert "Reçu par" in first
    for priced in ("12,50", "Total HT", "TVA ", "1 234,56"):
        assert priced not in first.split("Désignation")[1].split("Quincaillerie")[0]


def test_a_delivery_note_without_an_order_shows_only_what_it_brings(shop: Sphinx) -> None:
    with shop.session(actor=printed.ALICE) as session:
        note = session.create("delivery_note", customer="MARTIN", lines=[{"item": "LIVRE", "quantity": 2}])
    text = page_of(shop, note.id)
    assert "Désignation Livré Unité LIVRE Guide du serrage 2 unité" in text


def test_a_credit_note_cites_its_invoice_and_asks_for_nothing(shop: Sphinx) -> None:
    invoice = printed.invoice(shop, printed.order(shop))
    number = printed.view(shop, invoice).document.number
    text = page_of(shop, printed.credit_note(shop, invoice, {2: 1}))
    assert "Avoir FA" in text
    assert f"Facture rectifiée {number} du 03/03/2026" in text
    assert "Net à votre crédit 1 266,66 €" in text
    for asked in ("Net à payer", "À régler", "IBAN", "Pénalités", "Règlement"):
        assert asked not in text


def test_the_reference_that_only_repeats_the_corrected_invoice_is_left_out(shop: Sphinx) -> None:
    invoice = printed.invoice(shop, printed.order(shop, reference=None))
    credit = printed.credit_note(shop, invoice, {2: 1})
    assert "Avoir sur facture" in printed.view(shop, credit).document.reference
    assert "Avoir sur facture" not in page_of(shop, credit)


def test_a_proforma_says_that_it_is_no_invoice(shop: Sphinx) -> None:
    order = printed.order(shop)
    with shop.session(actor=printed.ALICE) as session:
        made = session.derive(order, "proforma").documents[0]
        session.fire(made.id, "issue")
    text = page_of(shop, made.id)
    assert "Facture proforma PF" in text
    assert "n'est pas une facture" in text
    assert "Pénalités" not in text
    assert "n'est pas une facture" not in page_of(shop, printed.invoice(shop, printed.order(shop)))


def test_a_draft_says_that_it_binds_nobody(shop: Sphinx) -> None:
    order = printed.order(shop)
    with shop.session(actor=printed.ALICE) as session:
        draft = session.derive(order, "invoice").documents[0]
    text = page_of(shop, draft.id)
    assert "Facture brouillon" in text
    assert "Brouillon sans valeur" in text


def test_a_type_without_template_is_not_printed(shop: Sphinx) -> None:
    with shop.session(actor=printed.ALICE) as session:
        payment = session.pay("MARTIN", "10.00")
    with pytest.raises(RenderError, match=r"^a payment has no template$"):
        render_html(printed.view(shop, payment.id))


# -- lines and foot --------------------------------------------------------------------------------------------------


def test_a_price_shows_its_unit_its_discounts_and_its_vat(shop: Sphinx) -> None:
    text = page_of(shop, printed.quotation(shop))
    assert "VIS-M6 Vis M6 inox 1 200 unité 12,50 / 100 20 % 150,00" in text
    assert "Touret de câble 50 m Livraison prévue : 20/03/2026 2 unité 1 234,56 10 % + 5 % 20 % 2 111,10" in text
    assert "37,5 m 3,995 20 % 149,81" in text


def test_the_discount_column_stands_only_where_a_line_has_one(shop: Sphinx) -> None:
    plain = [{"item": "LIVRE", "quantity": 1}]
    assert "Remise" not in page_of(shop, printed.quotation(shop, lines=plain))
    assert "Remise" in page_of(shop, printed.quotation(shop, lines=[{**plain[0], "discounts": ["5"]}]))


def test_a_line_priced_in_another_unit_says_how_many(shop: Sphinx) -> None:
    """U3: sold by the hundred, priced by the piece."""
    text = page_of(shop, printed.quotation(shop, lines=[{"item": "VIS-M6", "quantity": 3, "unit": "hundred"}]))
    assert "VIS-M6 Vis M6 inox Quantité tarifée : 300 3 centaine 12,50 / 100 20 % 37,50" in text


def test_the_foot_discount_stands_between_the_goods_and_the_net(shop: Sphinx) -> None:
    text = page_of(shop, printed.quotation(shop, foot_discount="5"))
    assert "Total brut HT 2 657,41 € Remise 5 % -132,87 € Total HT 2 524,54 €" in text


def test_instalments_stand_with_their_due_dates(shop: Sphinx) -> None:
    """T7: the last part is what is left."""
    text = page_of(shop, printed.invoice(shop, printed.order(shop, "BAKER")))
    assert "Payment schedule Due date Amount Apr 2, 2026 £761.71 May 2, 2026 £761.71 Jun 1, 2026 £761.95" in text
    assert "Payable by" not in text


def test_a_foreign_currency_shows_its_counterpart_and_the_rate(shop: Sphinx) -> None:
    """S21, F1; F2: on an order the rate is indicative."""
    order = printed.order(shop, "SATO")
    invoice = page_of(shop, printed.invoice(shop, order))
    assert "Amounts in JPY" in invoice
    assert "Amount due ¥428,504" in invoice
    assert "Counter-value in EUR Total excl. VAT €2,657.39 Total VAT €0.00 Total incl. VAT €2,657.39" in invoice
    assert "1 EUR = 161.25 JPY, rate of Mar 2, 2026" in invoice
    assert "Counter-value in EUR (for information)" in page_of(shop, order)


def test_no_counterpart_stands_on_a_document_in_company_currency(shop: Sphinx) -> None:
    assert "Contre-valeur" not in page_of(shop, printed.quotation(shop))


def test_a_heading_is_printed_where_it_changes(shop: Sphinx) -> None:
    order = printed.order(shop)
    notes = [printed.delivery_note(shop, order, {1: 600, 2: 1}), printed.delivery_note(shop, order)]
    page = render_html(printed.view(shop, printed.invoice(shop, notes)))
    headings = re.findall(r'<tr class="heading"><td colspan="7">([^<]*)', page)
    assert [heading.split(" du ")[0] for heading in headings] == [
        f"BL n° {printed.view(shop, note).document.number}" for note in notes
    ]


def test_own_fields_are_printed_when_they_say_so_with_the_words_of_their_choices(shop: Sphinx) -> None:
    lines = [{"item": "VIS-M6", "quantity": 1, "finish": "zinc"}]
    order = printed.order(shop, lines=lines)
    french, english = page_of(shop, order), page_of(shop, order, "en")
    assert "Acheteur Mme Roux" in french
    assert "Finition : zinguée" in french
    assert "Finish: zinc-plated" in english
    assert "secret" not in french


@pytest.mark.parametrize(
    ("country", "parts", "lines"),
    [
        ("FR", {"street": "1 rue A", "postal_code": "75001", "city": "Paris"}, ["Nom", "1 rue A", "75001 Paris"]),
        ("GB", {"city": "Leeds", "postal_code": "LS1 1AA"}, ["Nom", "Leeds", "LS1 1AA", "ROYAUME-UNI"]),
        ("US", {"city": "Austin", "region": "TX", "postal_code": "78701"}, ["Nom", "Austin, TX 78701", "ROYAUME-UNI"]),
        ("IT", {"city": "Roma", "region": "RM", "postal_code": "00100"}, ["Nom", "00100 Roma", "RM", "ROYAUME-UNI"]),
        ("US", {"city": "Austin"}, ["Nom", "Austin", "ROYAUME-UNI"]),
    ],
)
def test_an_address_follows_the_order_of_its_country(country: str, parts: Mapping[str, str], lines: list[str]) -> None:
    last = "" if country == "FR" else "ROYAUME-UNI"
    assert list(address("Nom", parts, country, last)) == lines


# -- what cannot get onto a page -------------------------------------------------------------------------------------


def test_html_written_by_users_is_printed_and_not_run(shop: Sphinx) -> None:
    evil = "<script>alert('1')</script><img src=x>"
    lines = [{"item": "LIVRE", "quantity": 1, "text": evil, "reference": evil}, {"text": evil}]
    quote = printed.quotation(shop, lines=lines, reference=evil, subject=evil)
    page = render_html(printed.view(shop, quote))
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&lt;img src=x&gt;") == 5


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ document.__class__ }}",
        "{{ view.in_language.__globals__ }}",
        "{{ view.in_language.__func__.__code__ }}",
        "{{ t.__init__ }}",
        "{{ money.__self__ }}",
        "{{ '{0.__class__}'.format(document) }}",
        "{{ ''['__class__'] }}",
        "{{ document | attr('__dict__') }}",
        "{{ document.custom.update({'a': 1}) }}",
        "{% for x in range(9999999) %}{% endfor %}",
    ],
)
def test_a_template_cannot_reach_python(shop: Sphinx, tmp_path: Path, attack: str) -> None:
    view = printed.view(shop, printed.quotation(shop))
    with pytest.raises(RenderError) as refused:
        render_html(view, templates=template(tmp_path, f"\n{attack}"))
    assert re.search(r"quotation\.html:2: .*(unsafe|not safely)|a range has at most 10,000", str(refused.value))


def test_a_text_cannot_hold_a_template(shop: Sphinx) -> None:
    quote = printed.quotation(shop, subject="{{ 7 * 7 }} {% raw %}")
    assert "{{ 7 * 7 }} {% raw %}" in page_of(shop, quote)


# -- templates of the host -------------------------------------------------------------------------------------------


def test_a_host_template_comes_before_the_shipped_one_and_may_build_on_it(shop: Sphinx, tmp_path: Path) -> None:
    own = '{% extends "shipped/quotation.html" %}{% block title %}Offre {{ company.name }}{% endblock %}'
    text = words(render_html(printed.view(shop, printed.quotation(shop)), templates=template(tmp_path, own)))
    assert "Offre Quincaillerie Durand DE" in text
    assert "Bon pour accord" in text


def test_a_host_stylesheet_replaces_the_shipped_one(shop: Sphinx, tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    view = printed.view(shop, printed.quotation(shop))
    page = render_html(view, templates=template(tmp_path, "h1 > a { color: red }", "css/document.css"))
    assert "<style>\nh1 > a { color: red }\n</style>" in page
    assert "<style>" not in render_html(view, templates=[tmp_path], styled=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n\n{{ documnt.number }}", "quotation.html:3: 'documnt' is undefined"),
        ("{{ page.nothing }}", "quotation.html:1: 'sphinx_lib.render.page.Page object' has no attribute 'nothing'"),
        ("\n{% if %}", "quotation.html:2: Expected an expression, got 'end of statement block'"),
        ('{% extends "bas.html" %}', "quotation.html:1: no template 'bas.html'"),
        ("{{ t('total_nett') }}", "quotation.html:1: no text 'total_nett' in the section `labels`; did you mean 'total_net'?"),
        ("{{ t('zzzzzzzz') }}", "quotation.html:1: no text 'zzzzzzzz' in the section `labels`"),
    ],
)
def test_a_mistake_in_a_template_is_told_with_its_place(shop: Sphinx, tmp_path: Path, text: str, message: str) -> None:
    view = printed.view(shop, printed.quotation(shop))
    with pytest.raises(RenderError) as refused:
        render_html(view, templates=template(tmp_path, text))
    assert refused.value.message == message


def test_every_label_speaks_french_and_english(shop: Sphinx) -> None:
    labels = shop.pack.model.labels
    assert labels
    assert {name for name, label in labels.items() if not {"fr", "en"} <= label.keys()} == set()


# -- the company's own ----------------------------------------------------------------------------------------------


def _company(**values: Any) -> Sphinx:
    lines = "\n".join(f"  {name}: {value}" for name, value in values.items())
    node, problems = read_text(f"company:\n{lines}\n", "test.yaml")
    assert not problems
    return printed.open_shop(node)


def test_the_logo_is_put_into_the_page(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    app = _company(logo="logo.svg")
    page = render_html(printed.view(app, printed.quotation(app)), templates=[tmp_path])
    assert '<img class="logo" src="data:image/svg+xml;base64,PHN2ZyB4' in page


@pytest.mark.parametrize("logo", ["absent.png", "../outside.png", "/etc/hostname"])
def test_a_logo_outside_the_template_folders_is_refused(tmp_path: Path, logo: str) -> None:
    (tmp_path / "outside.png").write_bytes(b"")
    (tmp_path / "templates").mkdir()
    app = _company(logo=logo)
    with pytest.raises(RenderError, match=rf"^company\.logo: no file '{re.escape(logo)}' in "):
        render_html(printed.view(app, printed.quotation(app)), templates=[tmp_path / "templates"])


def test_a_company_that_says_nothing_of_itself_prints_no_empty_labels() -> None:
    app = Sphinx.open(clock=printed.Tuesday())
    with app.session() as session:
        session.put("customer", [{"code": "A", "name": "A"}])
        lines = [{"text": "Conseil", "quantity": 1, "unit_price": "10"}]
        order = session.create("sales_order", customer="A", lines=lines)
        session.fire(order.id, "confirm")
        invoice = session.fire(session.derive(order.id, "invoice").documents[0].id, "issue")
    text = page_of(app, invoice.id)
    for absent in ("SIREN", "SIRET", "RCS", "NAF", "IBAN", "Tél.", "capital", "N° TVA"):
        assert absent not in text
    assert "Conseil 1 10,00 20 % 10,00" in text


def test_an_own_capital_text_stands_as_written() -> None:
    app = _company(capital="variable", legal_form="SCOP")
    assert "SCOP au capital de variable" in " ".join(Page(printed.view(app, printed.quotation(app))).seller.identity)
