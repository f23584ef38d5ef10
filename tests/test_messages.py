"""Sending what the outbox holds, through a real SMTP server on this machine (MS1, S24, S25, S27)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from sphinx_lib import Sphinx
from sphinx_lib.app.views import DocumentView
from sphinx_lib.messages.dispatcher import Dispatcher
from sphinx_lib.messages.smtp import SmtpMailer


class Morning:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, 8, tzinfo=UTC)


class Mailbox:
    """Keeps what the server takes; says no to whom it does not know."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield box, port
    finally:
        server.stop()


def quotation_for(email: str) -> tuple[Sphinx, str]:
    app = Sphinx.open(clock=Morning())
    with app.session() as session:
        session.put("customer", [{"code": "ACME", "name": "ACME SAS", "email": email}])
        line = {"text": "Pose", "quantity": 1, "unit_price": "100.00"}
        made = session.create("quotation", customer="ACME", lines=[line])
        session.fire(made.id, "send")
    return app, made.id


def as_text(view: DocumentView) -> bytes:
    return f"PDF of {view.document.number}".encode()


def test_a_sent_quotation_arrives_with_its_document(mailbox: tuple[Mailbox, int], tmp_path: Path) -> None:
    box, port = mailbox
    app, _ = quotation_for("achats@acme.example")
    sender = Dispatcher(app, SmtpMailer("127.0.0.1", port, "ventes@martin.example"), tmp_path, as_text)
    assert len(app.run("outbox", sender=sender).made) == 1
    (mail,) = box.mails
    assert (mail["To"], mail["Subject"]) == ("achats@acme.example", "Devis DE2026-00001")
    body = mail.get_body(("plain",))
    assert body is not None
    assert "valable jusqu'au 01/04/2026" in body.get_content()
    (attached,) = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("DE2026-00001.pdf", b"PDF of DE2026-00001")


def test_a_second_run_sends_nothing_again(mailbox: tuple[Mailbox, int], tmp_path: Path) -> None:
    box, port = mailbox
    app, _ = quotation_for("achats@acme.example")
    sender = Dispatcher(app, SmtpMailer("127.0.0.1", port, "ventes@martin.example"), tmp_path, None)
    app.run("outbox", sender=sender)
    assert app.run("outbox", sender=sender).made == []
    assert len(box.mails) == 1


def test_a_mail_refused_for_good_is_dead_with_its_reason(mailbox: tuple[Mailbox, int], tmp_path: Path) -> None:
    box, port = mailbox
    app, _ = quotation_for("nobody@acme.example")
    sender = Dispatcher(app, SmtpMailer("127.0.0.1", port, "ventes@martin.example"), tmp_path, None)
    report = app.run("outbox", sender=sender)
    assert report.skipped == []
    (dead,) = report.dead
    assert dead.what == "quotation_sent DE2026-00001 to nobody@acme.example"
    assert dead.reason == "nobody@acme.example: the mail server refuses it for good: 550 no such mailbox"
    assert app.run("outbox", sender=sender).dead == []
    assert box.mails == []


def test_what_has_no_address_becomes_a_letter(tmp_path: Path) -> None:
    app, _ = quotation_for("")
    report = app.run("outbox", sender=Dispatcher(app, None, tmp_path / "letters", as_text))
    assert len(report.made) == 1
    assert (tmp_path / "letters" / "DE2026-00001.pdf").read_bytes() == b"PDF of DE2026-00001"


def test_a_quotation_that_was_not_committed_sends_nothing(tmp_path: Path) -> None:
    app = Sphinx.open(clock=Morning())
    with pytest.raises(RuntimeError, match="host"), app.session() as session:
        session.put("customer", [{"code": "ACME", "name": "ACME SAS"}])
        made = session.create("quotation", customer="ACME", lines=[{"text": "x", "quantity": 1, "unit_price": "1"}])
        session.fire(made.id, "send")
        session.flush()
        raise RuntimeError("host")
    assert app.run("outbox", sender=Dispatcher(app, None, tmp_path, None)).made == []
