"""PDF files: what can be read on them, how many pages they have, and what they refuse to open."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from sphinx_lib import Sphinx
from sphinx_lib.kernel.errors import RenderError
from sphinx_lib.render import Renderer
from sphinx_lib.render.pdf import Variant
from tests import printed

Maker = Callable[[Sphinx], str]

# WeasyPrint leaves the colour profile of an archive file open.
archives = pytest.mark.filterwarnings("ignore:unclosed file.*sRGB2014:ResourceWarning")


@pytest.fixture(scope="module")
def shop() -> Sphinx:
    return printed.open_shop()


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page on one line."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages]


def _note(app: Sphinx) -> str:
    return printed.delivery_note(app, printed.order(app))


def _invoice(app: Sphinx) -> str:
    return printed.invoice(app, _note(app))


def _credit_note(app: Sphinx) -> str:
    return printed.credit_note(app, _invoice(app), {2: 1})


def _proforma(app: Sphinx) -> str:
    order = printed.order(app)
    with app.session(actor=printed.ALICE) as session:
        return session.fire(session.derive(order, "proforma").documents[0].id, "issue").id


def _return(app: Sphinx) -> str:
    note = _note(app)
    with app.session(actor=printed.ALICE) as session:
        return session.fire(session.derive(note, "customer_return").documents[0].id, "receive").id


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (printed.quotation, ["Devis", "Total TTC 3 176,71 €", "Bon pour accord"]),
        (_proforma, ["Facture proforma", "Net à payer 3 176,71 €", "pas une facture"]),
        (printed.order, ["Accusé de réception de commande", "Total TTC 3 176,71 €"]),
        (_note, ["Bon de livraison", "Reste à livrer", "Poids net total 77 kg"]),
        (_invoice, ["Facture", "Total HT 2 657,41 €", "Net à payer 3 176,71 €", "Pénalités de retard", "40 €"]),
        (_credit_note, ["Avoir", "Facture rectifiée FA", "Net à votre crédit 1 266,66 €"]),
        (_return, ["Bon de retour"]),
        (printed.picking_list, ["Bon de préparation", "Emplacement", "jusqu'au 31/12/2026", "Poids brut total 10,68 kg"]),
    ],
    ids=["quotation", "proforma", "sales_order", "delivery_note", "invoice", "credit_note", "customer_return", "picking_list"],
)
def test_every_type_fits_on_one_page_with_its_number_and_totals(
    make: Maker, said: list[str], shop: Sphinx, renderer: Renderer
) -> None:
    view = printed.view(shop, make(shop))
    (text,) = pages_of(renderer.pdf(view))
    for expected in (*said, view.document.number or "no number", "Page 1 / 1", "SIREN 732 829 320", "Ateliers Martin"):
        assert expected in text


def test_the_base_pack_has_a_pdf_for_every_type_with_a_template(shop: Sphinx) -> None:
    """The parameters of the test above are all types that are not of the purchase side."""
    declared = shop.pack.model.document_types.items()
    types = {name for name, one in declared if one.template and one.side != "purchase"}
    assert types == {"quotation", "proforma", "sales_order", "delivery_note", "invoice", "credit_note", "customer_return", "picking_list"}


def test_a_long_document_repeats_its_head_and_counts_its_pages(shop: Sphinx, renderer: Renderer) -> None:
    long = "Une désignation qui tient sur plusieurs lignes et qui finit par un mot sans fin : " + "interminable" * 12
    codes = ("VIS-M6", "TOURET", "CABLE", "LIVRE", "POSE")
    lines = [{"item": codes[n % 5], "quantity": n + 1, **({"text": long} if n % 9 == 4 else {})} for n in range(100)]
    view = printed.view(shop, printed.quotation(shop, lines=lines))
    pages = pages_of(renderer.pdf(view))
    assert len(pages) >= 4
    for position, text in enumerate(pages, 1):
        assert f"Page {position} / {len(pages)}" in text
        assert "N° TVA FR44732829320" in text
        assert view.document.number in text  # on later pages in the margin
    tables = [text for text in pages if "Désignation Qté Unité P.U. HT TVA Montant HT" in text]
    assert len(tables) >= len(pages) - 1  # the last page may hold nothing but the totals
    assert sum(text.count("interminable" * 2) for text in pages) >= 11
    assert "Total TTC" in pages[-1]
    assert "Total TTC" not in "".join(pages[:-1])


def test_the_language_can_be_chosen(shop: Sphinx, renderer: Renderer) -> None:
    (text,) = pages_of(renderer.pdf(printed.view(shop, printed.quotation(shop), "en")))
    assert "Quotation DE" in text
    assert "Total incl. VAT €3,176.71" in text


def test_the_file_is_dated_by_its_document_and_names_its_author(shop: Sphinx, renderer: Renderer) -> None:
    view = printed.view(shop, _invoice(shop))
    found = PdfReader(BytesIO(renderer.pdf(view))).metadata
    assert found is not None
    assert found.title == f"Facture {view.document.number}"
    assert found.author == "Quincaillerie Durand"
    assert found["/CreationDate"] == found["/ModDate"]
    assert found["/CreationDate"].startswith("D:20260303")


def _without_fonts(pdf: bytes) -> list[str]:
    """Every object of a file but the cut fonts and the table of places, which depends on their packed size."""
    reader = PdfReader(BytesIO(pdf))
    found = []
    for number in range(1, int(reader.trailer["/Size"])):
        value = reader.get_object(number)
        if isinstance(value, dict) and ("/Length1" in value or value.get("/Type") == "/XRef"):
            continue
        data = getattr(value, "get_data", lambda: b"")()
        found.append(re.sub(r"IndirectObject\((\d+), \d+, \d+\)", r"\1", repr(value)) + repr(data))
    return found


@archives
@pytest.mark.parametrize("variant", [None, "pdf/a-3b"])
def test_equal_documents_give_equal_files(shop: Sphinx, variant: Variant | None) -> None:
    """Also by another renderer. Where HarfBuzz's subset library is missing, the cut fonts carry the time."""
    from weasyprint.text.ffi import harfbuzz_subset

    view = printed.view(shop, printed.quotation(shop, "BAKER"))
    renderer = Renderer(variant=variant)
    first, *others = [renderer.pdf(view), renderer.pdf(view), Renderer(variant=variant).pdf(view)]
    for other in others:
        assert first == other if harfbuzz_subset else _without_fonts(first) == _without_fonts(other)
    changed = printed.view(shop, printed.quotation(shop, "SMITH"))
    assert _without_fonts(renderer.pdf(changed)) != _without_fonts(first)


@archives
def test_the_archive_variant_says_what_it_is(shop: Sphinx) -> None:
    pdf = Renderer(variant="pdf/a-3b").pdf(printed.view(shop, printed.quotation(shop)))
    metadata = PdfReader(BytesIO(pdf)).xmp_metadata
    assert metadata is not None
    assert 'pdfaid:part="3" pdfaid:conformance="B"' in metadata.stream.get_data().decode()
    assert "Page 1 / 1" in pages_of(pdf)[0]


def test_one_font_in_two_weights_is_all_that_is_embedded(shop: Sphinx, renderer: Renderer) -> None:
    """Each further font costs a third of the time of a page (libraries §6), margin boxes included."""
    pdf = PdfReader(BytesIO(renderer.pdf(printed.view(shop, printed.order(shop, site="DEPOT")))))
    (page,) = pdf.pages
    fonts = [str(font.get_object()["/BaseFont"]) for font in page["/Resources"]["/Font"].values()]
    assert len(fonts) == 2


# -- what is not opened ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("http://127.0.0.1:9/logo.png", r"printed without the network"),
        ("file:///etc/hostname", r"is in no template folder"),
        ("../secret.png", r"secret\.png is in no template folder"),
        ("absent.png", r"no file .*absent\.png"),
    ],
)
def test_a_page_opens_no_file_outside_the_templates_and_no_network(
    shop: Sphinx, tmp_path: Path, source: str, reason: str
) -> None:
    (tmp_path / "secret.png").write_bytes(b"")
    folder = tmp_path / "templates"
    folder.mkdir()
    own = f'{{% extends "shipped/quotation.html" %}}{{% block notice %}}<img src="{source}">{{% endblock %}}'
    (folder / "quotation.html").write_text(own)
    with pytest.raises(RenderError, match=reason):
        Renderer([folder]).pdf(printed.view(shop, printed.quotation(shop)))


def test_a_stylesheet_opens_nothing_outside_either(shop: Sphinx, tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "document.css").write_text('@import "http://127.0.0.1:9/x.css";')
    with pytest.raises(RenderError, match=r"printed without the network"):
        Renderer([tmp_path]).pdf(printed.view(shop, printed.quotation(shop)))


def test_a_picture_beside_the_templates_is_printed(shop: Sphinx, tmp_path: Path) -> None:
    own = '{% extends "shipped/quotation.html" %}{% block notice %}<img src="dot.svg">{% endblock %}'
    (tmp_path / "quotation.html").write_text(own)
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    (tmp_path / "dot.svg").write_text(svg)
    view = printed.view(shop, printed.quotation(shop))
    assert len(Renderer([tmp_path]).pdf(view)) != len(Renderer().pdf(view))


# -- when it is loaded -----------------------------------------------------------------------------------------------


def test_weasyprint_is_loaded_only_for_a_pdf() -> None:
    program = (
        "import sys; from sphinx_lib.render import Renderer, render_html; Renderer(); print('weasyprint' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


def test_missing_pango_is_told_with_the_packages_to_install(shop: Sphinx, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoPango:
        """Fails as the import of WeasyPrint does where the library is missing."""

        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    for name in [name for name in sys.modules if name.split(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])
    with pytest.raises(RenderError) as refused:
        Renderer().pdf(printed.view(shop, printed.quotation(shop)))
    assert "apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0" in refused.value.message
    assert "dnf install pango" in refused.value.message
    assert "brew install pango" in refused.value.message
