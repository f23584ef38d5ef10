"""The demo: its month comes to the figures worked out here by hand, in files that hold what they promise."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import stdnum.eu.vat
import stdnum.fr.siren
import stdnum.fr.siret
import stdnum.iban
from accounting_fr.fec_check import check_fec
from pypdf import PdfReader
from typer.testing import CliRunner

from sphinx_lib.app.registry import specs
from sphinx_lib.cli import cli
from sphinx_lib.demo.data import OVERLAY, master_data
from sphinx_lib.demo.folder import Folder
from sphinx_lib.demo.run import DemoResult, run_demo
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.pack.load import load_pack, shipped

D = Decimal


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory, told: list[str]) -> DemoResult:
    return run_demo(tmp_path_factory.mktemp("demo") / "out", echo=told.append)


@pytest.fixture(scope="module")
def unprinted(tmp_path_factory: pytest.TempPathFactory) -> DemoResult:
    return run_demo(tmp_path_factory.mktemp("demo") / "out", pdf=False)


def test_the_documents_of_the_month_are_counted_and_summed_by_type(unprinted: DemoResult) -> None:
    """Ten quotations and a second version; orders where stock was short or asked for; totals in EUR without VAT."""
    assert {one.type: (one.documents, one.total) for one in unprinted.figures.made} == {
        "quotation": (11, D("16674.76")),
        "proforma": (1, D("1980.00")),
        "sales_order": (4, D("9008.85")),
        "delivery_note": (11, D("14088.06")),
        "invoice": (10, D("14068.22")),
        "credit_note": (1, D("71.40")),
        "payment": (5, D("5894.22")),
    }


def test_the_parts_of_the_month_that_the_rules_price_are_those_worked_out_by_hand(
    told: list[str], printed: DemoResult
) -> None:
    """Durand: 4 × 149 × 0.95 + 2000 × 6.90 × 0.95 × 0.92 / 100 + 1000 × 4.20 × 0.95 / 100 + 2 × 24 × 0.95 = 772.31.

    Its second quotation, revised: (2 × 389 + 1500 × 0.38 + 5 × 185) × 0.95 less 2 % at the foot = 2 116.16. Both
    delivered and not invoiced (920.16 + 2 539.39 with VAT) and the new order (3 081.42) make 6 540.97 (C2).
    Weston has 575.00 GBP for a laser; the grinder is 89.90 × 0.8640 = 77.6736 (PR4). Yen have no decimals (N3).
    """
    lines = [line.strip() for line in told]
    assert "quotation DE2026-00001 to Durand Bâtiment SARL, 772.31 EUR net" in lines
    assert "quotation DE2026-00007-v2 to Durand Bâtiment SARL, 2,116.16 EUR net" in lines
    assert "quotation DE2026-00003 to Weston Tools Ltd, 2,035.69 GBP net" in lines
    assert "quotation DE2026-00008 to Tanaka Kikai K.K., 288,972 JPY net" in lines
    assert any("6,540.97 EUR outstanding, above its credit limit of 6,000.00 EUR" in line for line in lines)


def test_stock_chooses_between_order_and_delivery_and_a_backorder_follows(told: list[str], printed: DemoResult) -> None:
    """Q2 and BK1: six saws wanted and four there give an order, a note for four, then one for two."""
    lines = [line.strip() for line in told]
    order = lines.index("order BC2026-00001 for Menuiserie Leblanc SAS; short of SCIE: 6 needed, 4 there")
    first = lines.index("delivery note BL2026-00002 for Menuiserie Leblanc SAS; still to deliver: 2 SCIE")
    rest = lines.index("delivery note BL2026-00008 for Menuiserie Leblanc SAS; all delivered")
    assert order < first < rest
    assert "delivery note BL2026-00001 for Durand Bâtiment SARL; all in stock" in lines


def test_what_customers_owe_is_what_was_not_paid(unprinted: DemoResult) -> None:
    """Leblanc: 966.00 less the credit note of 85.68 was paid, 268.80 are open. Weston: 2 035.69 less 1 000.00 GBP."""
    assert {one.name: (one.in_currency, one.currency) for one in unprinted.figures.owed} == {
        "Durand Bâtiment SARL": (D("4431.97"), "EUR"),
        "Commune de Kerlann": (D("933.60"), "EUR"),
        "Menuiserie Leblanc SAS": (D("268.80"), "EUR"),
        "Müller Baugeräte GmbH": (D("2358.20"), "EUR"),
        "Weston Tools Ltd": (D("1035.69"), "GBP"),
    }


def test_open_orders_say_what_is_left(unprinted: DemoResult) -> None:
    assert [(one.number, [(text, quantity) for text, quantity, _ in one.left]) for one in unprinted.figures.orders] == [
        ("BC2026-00003", [("Location mini-pelle 1.8 t", D(10))]),
        ("BC2026-00004", [("Rotary laser level", D(6)), ("Cable 3G2.5", D(4))]),
    ]


def test_the_margin_is_sales_less_cost_by_customer_and_in_all(unprinted: DemoResult) -> None:
    """M1. Petit: 12 × 3.95 + 600 × 6.90 / 100 + 2 × 14.50 = 117.80, cost 12 × 1.80 + 600 × 0.031 + 2 × 7.90 = 56.00."""
    figures = unprinted.figures
    assert {one.name: one.margin for one in figures.earned} == {
        "Durand Bâtiment SARL": D("1519.32"),
        "Müller Baugeräte GmbH": D("928.20"),
        "Weston Tools Ltd": D("847.12"),
        "Hudson Supply Inc.": D("832.00"),
        "Tanaka Kikai K.K.": D("612.28"),
        "Commune de Kerlann": D("324.00"),
        "Menuiserie Leblanc SAS": D("279.00"),
        "Yann Petit, couvreur": D("61.80"),
    }
    assert figures.total.margin == D("5403.72")
    assert figures.total.sales == D("14068.22") - D("71.40")


def test_the_audit_log_the_numbers_and_the_stock_hold(unprinted: DemoResult) -> None:
    assert unprinted.report.faults == ()
    assert unprinted.report.unsealed == 0


def test_an_independent_checker_has_nothing_to_say_about_the_accounting_file(unprinted: DemoResult) -> None:
    fec = unprinted.fec
    assert fec.name == "160482311FEC20261231.txt"
    assert (unprinted.out / fec.name).read_bytes() == fec.content
    checked = check_fec(fec.content, fec.name)
    assert (checked.errors, checked.warnings) == ([], [])
    assert fec.debit == fec.credit == D("21239.58")


def test_payments_in_other_currencies_leave_their_difference_of_exchange(unprinted: DemoResult) -> None:
    """F3. Pounds: 1000 / 0.8702 = 1 149.16 for 2 356.12 × 1000 / 2 035.69 = 1 157.41. Dollars: 2 138.40 at 1.10 is
    1 944.00 for 1 980.00. Yen: 288 972 at 162.40 is 1 779.38 for 1 750.28."""
    rows = [line.split("\t") for line in unprinted.fec.content.decode().splitlines()]
    found = [(row[4], row[11], row[12]) for row in rows if row[4] in ("656000", "756000")]
    assert found == [("656000", "8,25", "0,00"), ("656000", "36,00", "0,00"), ("756000", "0,00", "29,10")]


def test_every_pdf_holds_its_number(printed: DemoResult) -> None:
    files = sorted((printed.out / "pdf").glob("*.pdf"))
    papers = sum(one.documents for one in printed.figures.made if one.type != "payment")
    assert len(files) == papers == printed.files["pdf"] == 38
    assert printed.no_pdf == ""
    for file in files:
        text = "".join(page.extract_text() for page in PdfReader(file).pages)
        assert file.stem in text, file.name


def test_papers_go_by_mail_with_the_pdf_and_by_letter_where_there_is_no_address(printed: DemoResult) -> None:
    mails = sorted((printed.out / "mails").glob("*.eml"))
    assert len(mails) == printed.files["mails"] == 21
    for file in mails:
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        (attached,) = mail.iter_attachments()
        name = attached.get_filename()
        assert name is not None
        assert name.removesuffix(".pdf") in str(mail["Subject"])
        assert attached.get_content() == (printed.out / "pdf" / name).read_bytes()
    letters = sorted(file.name for file in (printed.out / "letters").iterdir())
    assert letters == [
        f"{number}.pdf" for number in ("BC2026-00002", "DE2026-00004", "DE2026-00005", "FA2026-00004", "FA2026-00010")
    ]
    assert printed.letters_waiting == 0


def test_a_second_run_replaces_its_own_files_and_gives_the_same_numbers(
    unprinted: DemoResult, tmp_path: Path, told: list[str], printed: DemoResult
) -> None:
    out = tmp_path / "out"
    run_demo(out, pdf=False)
    (out / "mails" / "my own.txt").write_text("stays")
    (out / "mails" / "Devis-DE2026-00001.eml").write_text("is replaced")
    again: list[str] = []
    second = run_demo(out, pdf=False, echo=again.append)
    assert again == told
    assert second.figures == unprinted.figures == printed.figures
    assert second.fec == unprinted.fec
    assert (out / "mails" / "my own.txt").read_text() == "stays"
    assert b"Outillage Martin" in (out / "mails" / "Devis-DE2026-00001.eml").read_bytes()


def test_files_that_a_later_run_does_not_make_are_taken_away(tmp_path: Path) -> None:
    """A run without PDFs after one with PDFs leaves none behind that its database does not belong to."""
    out = tmp_path / "out"
    (out / "pdf").mkdir(parents=True)
    (out / "pdf" / "FA2026-00099.pdf").write_bytes(b"of an earlier run")
    (out / "pdf" / "plan.pdf").write_bytes(b"of the user")
    (out / "files.txt").write_text("files.txt\npdf/FA2026-00099.pdf\n../outside.txt\n")
    (tmp_path / "outside.txt").write_text("not ours")
    run_demo(out, pdf=False)
    assert [file.name for file in (out / "pdf").iterdir()] == ["plan.pdf"]
    assert (tmp_path / "outside.txt").exists()


def test_without_pdfs_the_demo_takes_seconds_and_letters_wait(unprinted: DemoResult) -> None:
    assert unprinted.files == {"pdf": 0, "mails": 21, "letters": 0}
    assert unprinted.letters_waiting == 5
    assert unprinted.seconds < 20


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match="is a file; give the name of a folder"):
        run_demo(tmp_path / "out")


@pytest.mark.parametrize("name", ["demo.sqlite", OVERLAY, "files.txt"])
def test_a_file_that_no_demo_made_is_refused_and_kept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("notes.txt\n")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=f"{name} was not made by a demo, and is not replaced; move it away"):
        run_demo(tmp_path, pdf=False)
    assert (tmp_path / name).read_text() == "notes.txt\n"
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_the_files_of_a_demo_that_was_stopped_are_taken_away(tmp_path: Path) -> None:
    def stop(done: int, days: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_demo(tmp_path, pdf=False, progress=stop)
    assert (tmp_path / "demo.sqlite").exists()
    Folder.cleared(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_file() and "-" not in path.name] == []


def test_a_machine_without_pango_gets_everything_but_pdfs(tmp_path: Path) -> None:
    """A WeasyPrint that fails as the real one does where Pango is missing stands before it on the path."""
    (tmp_path / "weasyprint.py").write_text("raise OSError(\"cannot load library 'libpango-1.0-0'\")")
    program = "from sphinx_lib.cli import main; main()"
    root = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{root}", "COLUMNS": "100"}
    command = [sys.executable, "-c", program, "demo", "--out", "X"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "No PDFs, and 5 letters wait for them: PDFs need WeasyPrint, and WeasyPrint needs Pango" in done.stdout
    assert "apt install libpango" in done.stdout
    assert (tmp_path / "X" / "160482311FEC20261231.txt").exists()


def test_the_command_ends_with_tables_and_the_files_to_open(tmp_path: Path) -> None:
    out = tmp_path / "my demo"
    result = CliRunner().invoke(cli, ["demo", "--out", str(out), "--no-pdf"])
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.output  # no colours where there is no terminal
    for text in (
        "Tuesday 3 March. Durand accepts on the portal and all is in stock",
        "What was made",
        "all customers            13,996.82   8,593.10   5,403.72         38.6",
        "No PDFs, and 5 letters wait for them: PDFs were not asked for.",
        f"{out / '160482311FEC20261231.txt'}  FEC",
        f"verify --database 'sqlite:///{out / 'demo.sqlite'}' --config '{out / OVERLAY}'",
    ):
        assert text in result.output


def test_the_database_that_is_left_can_be_opened_again(unprinted: DemoResult) -> None:
    at = ["--database", f"sqlite:///{unprinted.out / 'demo.sqlite'}", "--config", str(unprinted.out / OVERLAY)]
    verified = CliRunner().invoke(cli, ["verify", *at])
    assert verified.exit_code == 0, verified.output
    item = ["price", "VIS-5X50", "--quantity", "2000", "--customer", "DURAND", "--date", "2026-03-02"]
    priced = CliRunner().invoke(cli, [*item, *at])
    assert "6.0306" in priced.output  # 6.90 × 0.95 × 0.92, per 100


def test_the_numbers_of_the_company_and_its_customers_have_right_check_digits() -> None:
    company = load_pack(["base", shipped("demo") / OVERLAY], specs()).model.company
    parties = {**master_data()["customers"], **master_data()["suppliers"], "us": company.model_dump()}
    for code, party in parties.items():
        for name, module in (("siren", stdnum.fr.siren), ("siret", stdnum.fr.siret), ("vat_number", stdnum.eu.vat)):
            assert not party.get(name) or module.is_valid(party[name]), (code, name)
        assert party.get("siret", "").startswith(party.get("siren", ""))
    assert stdnum.iban.is_valid(company.bank.iban)
