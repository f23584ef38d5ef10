"""Mail servers that refuse, put off, hang up and hang, each a real one on this machine (MS1)."""

from __future__ import annotations

import asyncio
import smtplib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from sphinx_lib import Sphinx
from sphinx_lib.app.runs import RunReport
from sphinx_lib.kernel.errors import Undeliverable
from sphinx_lib.kernel.ports import Mail
from sphinx_lib.messages.dispatcher import Dispatcher
from sphinx_lib.messages.smtp import SmtpMailer
from tests.store.support import ALICE, lines, open_shop

MAIL = Mail("a@acme.fr", "Facture", "Bonjour", (), "0" * 32)


class Server:
    """A mail server: it counts connections and keeps what it takes; ``answers`` are given to mails in turn, then 250."""

    def __init__(self) -> None:
        self.connections = 0
        self.mails: list[EmailMessage] = []
        self.answers: list[str | Callable[[Any], None]] = []
        self.recipient = "250 OK"
        self.most = 1000

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, host: str, says: list[str]) -> list[str]:
        self.connections += 1
        session.host_name, session.taken = host, 0
        return says

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        session.taken += 1
        if session.taken > self.most:
            return "421 enough for one connection"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if callable(answer):
            answer(server)
            await asyncio.sleep(2)
            return "250 too late"
        if answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        return answer


@pytest.fixture
def server() -> Iterator[tuple[Server, SmtpMailer]]:
    kept = Server()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield kept, SmtpMailer("127.0.0.1", port, "Ventes <ventes@martin.example>", timeout=1)
    finally:
        controller.stop()


def hang_up(server: Any) -> None:
    server.transport.abort()


def hang(server: Any) -> None:
    """Say nothing, for longer than the sender waits."""


@contextmanager
def shop(count: int) -> Iterator[Sphinx]:
    app = open_shop("sqlite://")
    with app.session(actor=ALICE) as s:
        for _ in range(count):
            s.fire(s.create("quotation", customer="ACME", lines=lines()).id, "send")
    yield app
    app.engine.dispose()


def run(app: Sphinx, mailer: SmtpMailer, letters: Path) -> RunReport:
    with mailer.connection() as connection:
        return app.run("outbox", sender=Dispatcher(app, connection, letters, None))


def test_many_mails_go_over_one_connection(server: tuple[Server, SmtpMailer], tmp_path: Path) -> None:
    kept, mailer = server
    with shop(5) as app:
        assert len(run(app, mailer, tmp_path).made) == 5
    assert (kept.connections, len(kept.mails)) == (1, 5)


def test_a_server_that_takes_two_mails_on_a_connection_gets_three_connections(
    server: tuple[Server, SmtpMailer], tmp_path: Path
) -> None:
    kept, mailer = server
    kept.most = 2
    with shop(5) as app:
        assert len(run(app, mailer, tmp_path).made) == 5
    assert (kept.connections, len(kept.mails)) == (3, 5)


def test_without_a_connection_each_mail_has_its_own(server: tuple[Server, SmtpMailer], tmp_path: Path) -> None:
    kept, mailer = server
    with shop(2) as app:
        assert len(app.run("outbox", sender=Dispatcher(app, mailer, tmp_path, None)).made) == 2
    assert (kept.connections, len(kept.mails)) == (2, 2)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("451 try later", "smtplib.SMTPDataError: (451, b'try later')"),
        (hang_up, "smtplib.SMTPServerDisconnected: Connection unexpectedly closed"),
        (hang, "smtplib.SMTPServerDisconnected: Connection unexpectedly closed: timed out"),
    ],
)
def test_what_may_pass_is_tried_again_and_the_other_mails_go_out(
    server: tuple[Server, SmtpMailer], tmp_path: Path, answer: Any, reason: str
) -> None:
    kept, mailer = server
    kept.answers = ["250 OK", answer]
    with shop(3) as app:
        first = run(app, mailer, tmp_path)
        app.clock.at += timedelta(minutes=2)  # type: ignore[attr-defined]
        second = run(app, mailer, tmp_path)
    assert (len(first.made), len(second.made), second.skipped) == (2, 1, [])
    (told,) = first.skipped
    assert told.reason.startswith(reason)
    assert sorted(mail["Subject"] for mail in kept.mails) == [f"Devis DE2026-0000{n}" for n in (1, 2, 3)]


def test_a_mail_that_is_refused_for_good_is_dead_and_the_connection_goes_on(
    server: tuple[Server, SmtpMailer], tmp_path: Path
) -> None:
    kept, mailer = server
    kept.answers = ["250 OK", "554 this is spam"]
    with shop(3) as app:
        report = run(app, mailer, tmp_path)
    assert (len(report.made), report.skipped, len(report.dead)) == (2, [], 1)
    assert report.dead[0].reason == "a@acme.fr: the mail server refuses it for good: 554 this is spam"
    assert kept.connections == 1


@pytest.mark.parametrize(("answer", "error"), [
    ("550 no such mailbox", Undeliverable),
    ("450 mailbox busy", smtplib.SMTPRecipientsRefused),
    ("421 closing", smtplib.SMTPRecipientsRefused),
])  # fmt: skip
def test_a_recipient_refused_with_5xx_is_refused_for_good_with_4xx_for_now(
    server: tuple[Server, SmtpMailer], answer: str, error: type[Exception]
) -> None:
    kept, mailer = server
    kept.recipient = answer
    with mailer.connection() as connection:
        with pytest.raises(error):
            connection.send(MAIL)
        kept.recipient = "250 OK"
        connection.send(MAIL)
    assert len(kept.mails) == 1


def test_a_sender_that_the_server_does_not_take_is_a_mistake_of_ours_and_no_mail_is_dead(
    server: tuple[Server, SmtpMailer],
) -> None:
    kept, mailer = server
    kept.handle_MAIL = lambda *_: _refusal("550 who are you?")  # type: ignore[assignment]
    with pytest.raises(smtplib.SMTPSenderRefused):
        mailer.send(MAIL)


async def _refusal(answer: str) -> str:
    return answer


def test_a_connection_that_the_server_ended_meanwhile_is_made_anew(server: tuple[Server, SmtpMailer]) -> None:
    kept, mailer = server
    with mailer.connection() as connection:
        connection.send(MAIL)
        assert connection._server is not None
        assert connection._server.sock is not None
        connection._server.sock.shutdown(socket.SHUT_RDWR)
        connection.send(MAIL)
    assert (kept.connections, len(kept.mails)) == (2, 2)


def test_no_server_at_all_is_an_error_that_may_pass() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(OSError):  # noqa: PT011 - which one is the system's affair
        SmtpMailer("127.0.0.1", port).send(MAIL)


def test_a_mail_that_is_sent_again_has_the_same_message_id(server: tuple[Server, SmtpMailer]) -> None:
    """Receivers and mail programs recognise it, should the first one have arrived after all."""
    kept, mailer = server
    mailer.send(MAIL)
    mailer.send(MAIL)
    assert [mail["Message-ID"] for mail in kept.mails] == [f"<{'0' * 32}@martin.example>"] * 2
