"""Seals kept outside the database, in files, by mail and with a time stamp, through the command line."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import delete

from sphinx_lib import InputError, Seal, Sphinx
from sphinx_lib.app.timestamps import stamped_at, timestamp
from sphinx_lib.cli import main
from sphinx_lib.kernel.errors import TimestampError
from sphinx_lib.kernel.ports import Mail
from sphinx_lib.messages.dispatcher import Dispatcher
from sphinx_lib.messages.kept_seals import keep, kept
from sphinx_lib.messages.time_authority import post_to
from sphinx_lib.store.tables import seal_members, seals
from tests.store.support import issue_invoice, open_shop
from tests.time_authority import OPENSSL, Authority


class Done(NamedTuple):
    """What a command printed, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def sphinx_lib(*arguments: str) -> Done:
    """The command line in this process."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["sphinx-lib", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    return Done(int(ended.value.code or 0), out.getvalue(), err.getvalue())


needs_openssl = pytest.mark.skipif(
    OPENSSL is None, reason="openssl is not installed: no time-stamp authority to ask"
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Sphinx]:
    app = open_shop(f"sqlite:///{tmp_path / 'shop.sqlite'}")
    issue_invoice(app)
    yield app
    app.engine.dispose()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa"))


def url(shop: Sphinx) -> str:
    return str(shop.engine.url)


def sealed(shop: Sphinx) -> Seal:
    made = shop.seal()
    assert made is not None
    return made


def cut_off_seals(shop: Sphinx) -> None:
    with shop.engine.begin() as connection:
        connection.execute(delete(seals))
        connection.execute(delete(seal_members))


# -- files and text -------------------------------------------------------------------------------------


def test_a_seal_is_printed_and_filed_and_the_database_verified_against_either(
    shop: Sphinx, tmp_path: Path
) -> None:
    done = sphinx_lib("seal", "--database", url(shop), "--out", str(tmp_path / "seal.json"))
    printed = re.search(r"^seal 1 of main\n.*?^check \w+$", done.stdout, re.DOTALL | re.MULTILINE)
    assert printed, done.stdout
    assert done.stdout.endswith(f"kept in {tmp_path / 'seal.json'}\n")
    text, file = printed[0], str(tmp_path / "seal.json")
    verified = sphinx_lib("verify", "--database", url(shop), "--against", text, "--against", file)
    assert verified.returncode == 0, verified.stdout
    assert verified.stdout.count("seal 1 of main, 2") == 2
    assert "every audit entry up to it is as it was sealed" in verified.stdout
    cut_off_seals(shop)
    assert sphinx_lib("verify", "--database", url(shop)).returncode == 0
    refused = sphinx_lib("verify", "--database", url(shop), "--against", text)
    assert refused.returncode == 1
    assert "seal 1 of main: it is not in the database, which has no seal" in refused.stdout


def test_sealed_again_with_nothing_new_the_last_seal_is_printed_and_kept(
    shop: Sphinx, tmp_path: Path
) -> None:
    """So that a run that was cut between the seal and its file may be repeated."""
    seal, folder = sealed(shop), tmp_path / "seals"
    folder.mkdir()
    for _ in range(2):
        done = sphinx_lib("seal", "--database", url(shop), "--out", str(folder))
        assert (
            done.stdout == f"0 entries sealed\n{seal}\nkept in {folder / 'seal-main-000001.json'}\n"
        )
    assert [one.seal for one in kept([str(folder)])] == [seal]


def test_a_seal_that_was_kept_is_not_written_over_by_another(shop: Sphinx, tmp_path: Path) -> None:
    file = keep(sealed(shop), tmp_path / "seal.json")
    before = file.read_bytes()
    issue_invoice(shop)
    with pytest.raises(
        InputError, match="is there and holds something else; name another file, or a folder$"
    ):
        keep(sealed(shop), file)
    assert file.read_bytes() == before


def test_what_cannot_be_read_is_told_all_at_once(shop: Sphinx, tmp_path: Path) -> None:
    good = keep(sealed(shop), tmp_path / "good.json")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "other.json").write_text(good.read_text().replace('"entries": ', '"entries": 1'))
    (tmp_path / "empty").mkdir()
    names = [str(tmp_path / name) for name in ("binary", "other.json", "empty", "none.json")]
    with pytest.raises(InputError) as raised:
        kept([str(good), *names])
    assert len(raised.value.problems) == 4
    assert "its check is" in raised.value.problems[1]
    done = sphinx_lib("verify", "--database", url(shop), "--against", names[3])
    assert (done.returncode, done.stderr) == (
        1,
        f"{names[3]}: neither a seal nor a file or folder with seals\n",
    )


def test_of_a_new_database_it_is_sealed_that_its_configuration_was_taken_up(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'new.sqlite'}"
    sphinx_lib("db", "upgrade", "--database", database)
    said = sphinx_lib("seal", "--database", database, "--out", str(tmp_path)).stdout
    assert said.startswith("1 entries sealed\nseal 1 of main")


# -- mail -------------------------------------------------------------------------------------------------


class Post:
    """A mailer that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    def send(self, mail: Mail) -> None:
        self.mails.append(mail)


def test_a_seal_is_mailed_from_the_outbox_once(shop: Sphinx, tmp_path: Path) -> None:
    post = Post()
    done = sphinx_lib("seal", "--database", url(shop), "--mail", "audit@example.org")
    seal = shop.sealed()
    assert seal is not None
    assert str(seal) in done.stdout
    sending = Dispatcher(shop, post, None, None)
    shop.clock.at = datetime.now(UTC) + timedelta(days=1)  # type: ignore[attr-defined]
    for _ in range(2):
        shop.run("outbox", sender=sending)
    (mail,) = [one for one in post.mails if one.to != "a@acme.fr"]  # who got the invoice
    assert (mail.to, mail.subject) == ("audit@example.org", "Scellement 1 de main")
    ((name, kind, content),) = mail.attachments
    assert (name, kind, Seal.read(content.decode())) == (
        "seal-main-000001.json",
        "application/json",
        seal,
    )
    assert Seal.read("\n".join(mail.body.splitlines()[:5])) == seal


def test_a_seal_becomes_a_file_where_no_mail_server_is_named(shop: Sphinx, tmp_path: Path) -> None:
    seal = shop.seal(mail="audit@example.org")
    assert (
        shop.run("outbox", sender=Dispatcher(shop, None, tmp_path / "letters", None)).skipped == []
    )
    assert kept([str(tmp_path / "letters")])[0].seal == seal


# -- time stamps ------------------------------------------------------------------------------------------


@needs_openssl
def test_a_time_stamp_is_kept_beside_the_seal_and_verified(
    shop: Sphinx, authority: Authority, tmp_path: Path
) -> None:
    file = tmp_path / "seal.json"
    with authority.serving() as address:
        for _ in range(2):  # the second time both are there already
            done = sphinx_lib(
                "seal", "--database", url(shop), "--out", str(file), "--timestamp", address
            )
            assert done.stdout.endswith(f"time stamp in {file}.tsr\n"), done.stderr
    assert authority.verifies(file, Path(f"{file}.tsr"))
    against = ("verify", "--database", url(shop), "--against", str(file))
    done = sphinx_lib(*against, "--tsa", str(authority.root))
    assert done.returncode == 0, done.stdout
    assert re.search(
        r"seal.json: its time stamp proves that it was there on 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC",
        done.stdout,
    )
    unchecked = sphinx_lib(*against)
    assert unchecked.returncode == 0
    assert (
        "its time stamp was not checked; name its authority's certificate with --tsa"
        in unchecked.stdout
    )
    os.remove(f"{file}.tsr")
    gone = sphinx_lib(*against, "--tsa", str(authority.root))
    assert (gone.returncode, "seal.json: there is no time stamp beside it" in gone.stdout) == (
        1,
        True,
    )


@needs_openssl
def test_a_time_stamp_proves_one_seal_by_one_authority(
    shop: Sphinx, authority: Authority, tmp_path: Path
) -> None:
    seal = sealed(shop)
    reply = timestamp(seal, authority.reply)
    root = authority.root.read_bytes()
    assert stamped_at(seal.json().encode(), reply, root).tzinfo is not None
    other = Authority(tmp_path / "other", "Other")
    wrong = [
        (seal.json().replace("main", "other").encode(), reply, root),
        (seal.json().encode(), timestamp(seal, other.reply), root),
        (seal.json().encode(), reply, other.root.read_bytes()),
        (seal.json().encode(), _altered(reply), root),
        (seal.json().encode(), b"", root),
        (seal.json().encode(), authority.reply(b"no request"), root),
    ]
    for content, given, trusted in wrong:
        with pytest.raises(TimestampError):
            stamped_at(content, given, trusted)
    with pytest.raises(InputError, match="^these are no certificates in PEM"):
        stamped_at(seal.json().encode(), reply, b"none")


def _altered(reply: bytes) -> bytes:
    """With another last byte of the signature."""
    return reply[:-1] + bytes([reply[-1] ^ 1])


@needs_openssl
def test_an_answer_to_another_request_or_a_refusal_is_told_when_asked(
    shop: Sphinx, authority: Authority
) -> None:
    seal = sealed(shop)
    earlier = timestamp(seal, authority.reply)
    with pytest.raises(TimestampError, match="answered another request$"):
        timestamp(seal, lambda _: earlier)
    with pytest.raises(TimestampError, match="refused: Bad request format or system error"):
        timestamp(seal, lambda _: authority.reply(b"no request"))
    with pytest.raises(TimestampError, match="^this is no reply of a time-stamp authority"):
        timestamp(seal, lambda _: b"<html>")
    with (
        authority.serving(status=503) as address,
        pytest.raises(TimestampError, match=f"^no time stamp from {address}: "),
    ):
        timestamp(seal, post_to(address))


def test_an_authority_that_is_not_there_leaves_the_seal_and_its_file(
    shop: Sphinx, tmp_path: Path
) -> None:
    file = tmp_path / "seal.json"
    address = "http://127.0.0.1:9/"
    done = sphinx_lib("seal", "--database", url(shop), "--out", str(file), "--timestamp", address)
    assert (done.returncode, done.stderr.startswith(f"no time stamp from {address}: ")) == (1, True)
    assert kept([str(file)])[0].seal == shop.sealed()
    assert sphinx_lib("seal", "--database", url(shop), "--timestamp", address).stderr == (
        "--timestamp: name with --out the file that is stamped\n"
    )
    with pytest.raises(InputError, match="it begins with http:// or https://$"):
        post_to("file:///etc/passwd")
