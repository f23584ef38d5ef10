"""What a number, a format or a link says stays inside the folder that is written to or read (issue 10, C11)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from typer.testing import CliRunner

from sphinx_lib import Sphinx
from sphinx_lib.app.registry import specs
from sphinx_lib.app.views import DocumentView
from sphinx_lib.cli import cli
from sphinx_lib.demo.folder import Folder as DemoFolder
from sphinx_lib.export.run import export_years
from sphinx_lib.files.folder import Folder
from sphinx_lib.kernel.errors import ConfigError, InputError, RenderError
from sphinx_lib.kernel.file_names import LONGEST, file_key, file_name, name_fault
from sphinx_lib.kernel.ports import Mail
from sphinx_lib.messages.dispatcher import Dispatcher
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.reader import read_layer
from sphinx_lib.render import render_html
from sphinx_lib.store.tables import outbox
from tests import printed

# -- names ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("FA2026-00001", "FA2026-00001"),
        ("FA/2026/00001", "FA-2026-00001"),
        ("FA\\2026\\1", "FA-2026-1"),
        ("../../etc/passwd", "--..-etc-passwd"),
        ("/etc/passwd", "-etc-passwd"),
        ("C:\\x", "C--x"),
        ("..", "-"),
        ("", "-"),
        (".hidden", "-hidden"),
        ("a\x00b\nc\u202ed\u2028e", "a-b-c-d-e"),
        ("con", "_con"),
        ("NUL.1", "_NUL.1"),
        ("COM1", "_COM1"),
        ("Devis n° 1 (é)", "Devis n° 1 (é)"),
        ("e\u0301", "é"),
    ],
)
def test_a_number_becomes_the_name_of_a_file(number: str, name: str) -> None:
    assert file_name(number) == name
    assert name_fault(f"{name}.pdf") == ""


@given(st.text(max_size=400))
def test_every_text_becomes_a_name_of_one_file_in_the_folder(number: str) -> None:
    name = f"{file_name(number)}.pdf"
    assert name_fault(name) == ""
    assert Path(name).name == name
    assert not re.search(r'[/\\:*?"<>|\x00-\x1f]', name)
    assert len(name.encode()) <= LONGEST
    assert file_name(file_name(number)) == file_name(number)


@given(st.text(alphabet="FA-/\\.0 é", max_size=8), st.text(alphabet="FA-/\\.0 é", max_size=8))
def test_names_are_one_only_where_signs_that_were_replaced_differ(one: str, other: str) -> None:
    if file_key(one) == file_key(other):
        assert re.sub(r"[^\w]", "-", one.casefold()) == re.sub(r"[^\w]", "-", other.casefold()) or {
            one,
            other,
        } & {"", "."}


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "/etc/x",
        "C:x",
        "a\\b",
        "a\x00b",
        "a\nb",
        "nul",
        "aux.txt",
        ".x",
        "x.",
        "x " * 200,
    ],
)
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    for write in (Folder(tmp_path).write, Folder(tmp_path).add):
        with pytest.raises(InputError, match="is no name of a file"):
            write(name, b"")
    assert list(tmp_path.iterdir()) == []


def test_two_numbers_that_would_be_one_file_are_told_when_the_configuration_is_read(
    tmp_path: Path,
) -> None:
    (tmp_path / "own.yaml").write_text(
        "numbering:\n"
        '  invoice: {pattern: "FA/{YYYY}-{SEQ:05}"}\n'
        '  quotation: {pattern: "FA-{YYYY}/{SEQ:05}"}\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as refused:
        load_pack(["base", tmp_path], specs())
    told = str(refused.value)
    assert re.search(
        r"own\.yaml:\d:\d+: numbering\.\w+\.pattern: its numbers and those of '\w+' would give the same",
        told,
    )


@pytest.mark.parametrize("pattern", ["D{SEQ:999999999}", "D{SEQ}\\nBcc: x"])
def test_a_number_is_neither_endless_nor_on_two_lines(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "own.yaml").write_text(
        f'numbering: {{quotation: {{pattern: "{pattern}", reset: never}}}}\n', encoding="utf-8"
    )
    with pytest.raises(ConfigError, match=r"own\.yaml:1:34: numbering\.quotation\.pattern"):
        load_pack(["base", tmp_path], specs())


# -- links where files are written ---------------------------------------------------------------------------------------


def test_a_file_is_not_written_through_a_link(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside.txt", tmp_path / "folder"
    outside.write_text("kept", encoding="utf-8")
    folder.mkdir()
    (folder / "x.txt").symlink_to(outside)
    (folder / "new.txt").symlink_to(tmp_path / "absent.txt")
    with pytest.raises(
        InputError, match=r"x\.txt is a link, to .*outside\.txt, and is not written through"
    ):
        Folder(folder).write("x.txt", b"lost")
    assert Folder(folder).add("x.txt", b"added").name == "x (2).txt"
    assert Folder(folder).add("new.txt", b"added").name == "new (2).txt"
    assert outside.read_text(encoding="utf-8") == "kept"
    assert not (tmp_path / "absent.txt").exists()


def test_a_folder_below_that_is_a_link_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "pdf").symlink_to(tmp_path / "outside")
    with pytest.raises(
        InputError, match=r"pdf is a link that leads out, to .*outside; put a folder there"
    ):
        DemoFolder(tmp_path / "folder").write("pdf/a.pdf", b"x")
    assert list((tmp_path / "outside").iterdir()) == []


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "named").symlink_to("real")
    Folder.at(tmp_path / "named").write("x.txt", b"x")
    assert (tmp_path / "real" / "x.txt").read_bytes() == b"x"


def test_a_letter_replaces_no_other_one(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    names = [
        folder.add("FA-1.pdf", content).name
        for content in (b"one", b"one", b"two", b"three", b"two")
    ]
    assert names == ["FA-1.pdf", "FA-1.pdf", "FA-1 (2).pdf", "FA-1 (3).pdf", "FA-1 (2).pdf"]


def test_a_file_where_a_folder_is_wanted_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(InputError, match="is a file; give the name of a folder"):
        Folder.at(tmp_path / "x")


# -- a company whose numbers hold / ---------------------------------------------------------------------------------------


class Morning:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, 8, tzinfo=UTC)


class Box:
    def __init__(self) -> None:
        self.mails: list[Mail] = []

    def send(self, mail: Mail) -> None:
        self.mails.append(mail)


def company(
    tmp_path: Path,
    pattern: str = "DE/{YYYY}/{SEQ:05}",
    email: str = "a@b.example",
    name: str = "ACME",
) -> Sphinx:
    """A quotation of this number waits in the outbox."""
    own = tmp_path / "own"
    own.mkdir(parents=True)
    (own / "own.yaml").write_text(
        f'numbering: {{quotation: {{pattern: "{pattern}"}}, invoice: {{pattern: "FA/{{YYYY}}/{{SEQ:05}}"}}}}\n'
        'messages: {quotation_sent: {subject: "Devis {number} {party.name}"}}\n',
        encoding="utf-8",
    )
    app = Sphinx.open(
        ["base", own], f"sqlite:///{tmp_path / 'c.sqlite'}", clock=Morning(), check_database=False
    )
    app.migrate()
    with app.session() as session:
        session.put("customer", [{"code": "ACME", "name": name, "email": email}])
        made = session.create(
            "quotation",
            customer="ACME",
            lines=[{"text": "Pose", "quantity": 1, "unit_price": "100.00"}],
        )
        session.fire(made.id, "send")
    return app


def as_text(view: DocumentView) -> bytes:
    return f"PDF of {view.document.number}".encode()


def test_a_legal_number_with_slashes_is_mailed(tmp_path: Path) -> None:
    app, box = company(tmp_path), Box()
    assert len(app.run("outbox", sender=Dispatcher(app, box, None, as_text)).made) == 1
    assert box.mails[0].subject.startswith("Devis DE/2026/00001")
    assert box.mails[0].attachments == (
        ("DE-2026-00001.pdf", "application/pdf", b"PDF of DE/2026/00001"),
    )


@pytest.mark.parametrize("pdf", [as_text, None])
def test_a_letter_of_a_number_that_leads_out_stays_in_its_folder(tmp_path: Path, pdf: Any) -> None:
    app = company(tmp_path, "../../../DE{YYYY}-{SEQ:05}", email="")
    assert len(app.run("outbox", sender=Dispatcher(app, None, tmp_path / "letters", pdf)).made) == 1
    (letter,) = (tmp_path / "letters").iterdir()
    assert letter.stem == "--..-..-DE2026-00001"


def test_a_document_is_rendered_under_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company(tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    asked = [
        "render",
        "quotation",
        "DE/2026/00001",
        "--database",
        f"sqlite:///{tmp_path / 'c.sqlite'}",
        "--config",
        str(tmp_path / "own"),
    ]
    first, again = CliRunner().invoke(cli, asked), CliRunner().invoke(cli, asked)
    assert (first.exit_code, first.output) == (0, "DE-2026-00001.pdf\n")
    assert again.output == "DE-2026-00001.pdf (in place of a file of this name)\n"
    assert [file.name for file in work.iterdir()] == ["DE-2026-00001.pdf"]


@pytest.mark.parametrize(
    "name", ["ACME\nBcc: thief@x.example", "ACME\r\n\r\nbody", "ACME\u2028Bcc: thief@x.example"]
)
def test_a_line_break_in_a_name_begins_no_header(tmp_path: Path, name: str) -> None:
    app, box = company(tmp_path, name="ACME"), Box()
    with app.session() as session:
        session.put("customer", [{"code": "ACME", "name": name, "email": "a@b.example"}])
        made = session.create(
            "quotation", customer="ACME", lines=[{"text": "Pose", "quantity": 1, "unit_price": "1"}]
        )
        session.fire(made.id, "send")
    app.run("outbox", sender=Dispatcher(app, box, None, None))
    assert not [mail.subject for mail in box.mails if len(mail.subject.splitlines()) > 1]


def test_a_line_break_in_an_address_is_told_and_the_others_are_sent(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not an e-mail address"):
        company(tmp_path / "first", email="a@b.example\nBcc: thief@x.example")
    app, box = company(tmp_path / "second"), Box()
    with app.engine.begin() as connection:  # a message of before addresses were checked
        payload = connection.execute(select(outbox.c.payload)).scalar_one()
        connection.execute(update(outbox).values(payload={**payload, "to": "a@b.example\nBcc: thief@x.example"}))
    with app.session() as session:
        session.put("customer", [{"code": "OTHER", "name": "Other", "email": "o@b.example"}])
        made = session.create(
            "quotation",
            customer="OTHER",
            lines=[{"text": "Pose", "quantity": 1, "unit_price": "1"}],
        )
        session.fire(made.id, "send")
    report = app.run("outbox", sender=Dispatcher(app, box, None, None))
    assert [mail.to for mail in box.mails] == ["o@b.example"]
    assert "is no e-mail address" in report.skipped[0].reason


# -- names of accounting files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "../{closing}.txt",
            "'../20261231.txt' is no name of a file inside a folder; write '--20261231.txt'",
        ),
        ("/etc/{closing}", "is no name of a file inside a folder; write '-etc-20261231'"),
        ("sub/{closing}.txt", "is no name of a file inside a folder; write 'sub-20261231.txt'"),
        ("C:{closing}.txt", "is no name of a file inside a folder"),
        ("nul", "is no name of a file inside a folder; write '_nul'"),
        ("..", "'..' is no name of a file"),
        ("a\\0b", "is no name of a file inside a folder; write 'a-b'"),
        ("{siren:>999999999}", "has a format that is none, or is longer than 99 signs"),
        ("{closing.__class__}", "a place is a name between braces"),
        ("{closing!r}", "a place is a name between braces"),
        ("{closing", "a brace stands alone"),
    ],
)
def test_the_name_of_an_accounting_file_stays_in_the_folder(
    tmp_path: Path, name: str, told: str
) -> None:
    (tmp_path / "own.yaml").write_text(
        f'accounting:\n  formats:\n    fec: {{file: "{name}"}}\n', encoding="utf-8"
    )
    with pytest.raises(ConfigError) as refused:
        load_pack(["base", tmp_path], specs())
    assert told in str(refused.value)
    assert "own.yaml:3:17: accounting.formats.fec.file: " in str(refused.value)


def test_an_accounting_file_is_not_written_through_a_link(tmp_path: Path) -> None:
    app = company(tmp_path)
    with app.session() as session:
        made = session.create(
            "invoice", customer="ACME", lines=[{"text": "Pose", "quantity": 1, "unit_price": "1"}]
        )
        session.fire(made.id, "issue")
    books = tmp_path / "books"
    (path,) = export_years(app, "fec", books)
    path.unlink()
    path.symlink_to(tmp_path / "outside.txt")
    with pytest.raises(InputError, match="is not written through"):
        export_years(app, "fec", books)
    with pytest.raises(InputError, match="is not written through"):
        Folder.at(books).write(path.name, b"")
    assert not (tmp_path / "outside.txt").exists()
    assert date(2026, 12, 31).strftime("%Y%m%d") in path.name


# -- links in layers -------------------------------------------------------------------------------------------------------


def layer(tmp_path: Path) -> Path:
    """A layer beside a secret of each kind."""
    (tmp_path / "secret.yaml").write_text("company: {name: Secret}\n", encoding="utf-8")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "base.csv").write_text("item;value\nSECRET;1\n", encoding="utf-8")
    (tmp_path / "secret" / "more.yaml").write_text("company: {name: Secret}\n", encoding="utf-8")
    made = tmp_path / "layer"
    made.mkdir()
    (made / "own.yaml").write_text("company: {name: Own}\n", encoding="utf-8")
    return made


@pytest.mark.parametrize(
    ("link", "to"),
    [
        ("sales.yaml", "../secret.yaml"),
        ("prices", "../secret"),
        ("more", "../secret"),
        ("prices/base.csv", "../../secret/base.csv"),
        ("sub/deep.yml", "../../secret.yaml"),
        ("etc", "/etc"),
    ],
)
def test_a_link_out_of_a_layer_is_told_and_not_followed(tmp_path: Path, link: str, to: str) -> None:
    made = layer(tmp_path)
    (made / link).parent.mkdir(exist_ok=True)
    (made / link).symlink_to(to)
    with pytest.raises(ConfigError) as refused:
        load_pack(["base", made], specs())
    assert f"layer/{link}:1:1: a link out of this folder, to /" in str(refused.value)
    assert "is not followed" in str(refused.value)
    assert "SECRET" not in str(refused.value)


def test_a_link_to_nothing_is_told(tmp_path: Path) -> None:
    made = layer(tmp_path)
    (made / "sales.yaml").symlink_to("absent.yaml")
    (made / "round.yaml").symlink_to("round.yaml")
    (made / ".#own.yaml").symlink_to("somebody@machine.1234:5678")  # the lock of an editor
    with pytest.raises(ConfigError) as refused:
        load_pack(["base", made], specs())
    assert [str(problem).split("\n")[0] for problem in refused.value.problems] == [
        "layer/round.yaml:1:1: a link to round.yaml, which is not there",
        "layer/sales.yaml:1:1: a link to absent.yaml, which is not there",
    ]


def test_links_inside_a_layer_and_to_it_are_followed(tmp_path: Path) -> None:
    made = layer(tmp_path)
    (made / "kept").mkdir()
    (made / "kept" / "more.txt").write_text("company: {website: Lyon}\n", encoding="utf-8")
    (made / "more.yaml").symlink_to("kept/more.txt")
    (made / "tarif").mkdir()
    (made / "tarif" / "base.csv").write_text("item;value\nVIS;1\n", encoding="utf-8")
    (made / "prices").symlink_to("tarif")
    (tmp_path / "named").symlink_to("layer")
    (tmp_path / "one.yaml").symlink_to("secret.yaml")
    pack = load_pack(["base", tmp_path / "named", tmp_path / "one.yaml"], specs())
    assert (pack.model.company.name, pack.model.company.website) == ("Secret", "Lyon")
    assert [one.keys for one in pack.conditions if ("item", "VIS") in one.keys]


def test_an_installer_may_have_made_the_shipped_files_links(tmp_path: Path) -> None:
    made = layer(tmp_path)
    (made / "sales.yaml").symlink_to("../secret.yaml")
    (made / "own.yaml").unlink()
    node, problems = read_layer(made, trusted=True)
    assert (list(node.value or ()), problems) == (["company"], [])


# -- links in template folders -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "to", "text"),
    [
        ("part.html", "../secret.html", "{% include 'part.html' %}"),
        ("sub", "..", "{% include 'sub/secret.html' %}"),
        ("macros.html", "../secret.html", "{% from 'macros.html' import x %}"),
    ],
)
def test_a_link_out_of_a_template_folder_is_not_followed(
    tmp_path: Path, link: str, to: str, text: str
) -> None:
    (tmp_path / "secret.html").write_text("secret", encoding="utf-8")
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / link).symlink_to(to)
    (folder / "quotation.html").write_text(text, encoding="utf-8")
    shop = printed.open_shop()
    view = printed.view(shop, printed.quotation(shop))
    with pytest.raises(
        RenderError,
        match=rf"^quotation\.html:1: .*{link}.* is a link out of its folder, to .*, and is not followed",
    ):
        render_html(view, templates=[folder])
    with pytest.raises(ConfigError, match=rf"templates/{link}:1:1: a link out of this folder"):
        Sphinx.open(templates=[folder])


def test_a_logo_that_is_a_link_out_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "logo.png").symlink_to("../secret.png")
    (tmp_path / "own.yaml").write_text("company: {logo: logo.png}\n", encoding="utf-8")
    app = Sphinx.open(["base", tmp_path / "own.yaml"], templates=[folder])
    with app.session() as session:
        session.put("customer", [{"code": "ACME", "name": "ACME"}])
        made = session.create(
            "quotation", customer="ACME", lines=[{"text": "x", "quantity": 1, "unit_price": "1"}]
        )
    with (
        app.reader() as views,
        pytest.raises(RenderError, match=r"logo\.png is a link out of its folder"),
    ):
        render_html(views.document(made.id), templates=app.templates)


def test_a_stylesheet_that_is_a_link_out_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.css").write_text("secret", encoding="utf-8")
    (tmp_path / "templates" / "css").mkdir(parents=True)
    (tmp_path / "templates" / "css" / "document.css").symlink_to("../../secret.css")
    shop = printed.open_shop()
    with pytest.raises(RenderError, match=r"document\.css is a link out of its folder"):
        render_html(printed.view(shop, printed.quotation(shop)), templates=[tmp_path / "templates"])
