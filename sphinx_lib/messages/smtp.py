"""Mail by SMTP, with the standard library: one connection for as many mails as the server takes on it."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

from sphinx_lib.kernel.errors import Undeliverable
from sphinx_lib.kernel.ports import Mail

CLOSING = 421
"""The server's answer when it ends the connection by itself, as after so many mails."""


@dataclass(frozen=True)
class SmtpMailer:
    """Sends mails; raises Undeliverable when the server refuses one for good, OSError for what may pass.

    Each mail goes on a connection of its own, or all within ``with mailer.connection() as server:`` on one.
    ``timeout`` is how many seconds the server may take for each answer.
    """

    host: str
    port: int = 25
    sender: str = ""
    user: str = ""
    password: str = ""
    starttls: bool = False
    timeout: int = 30

    def send(self, mail: Mail) -> None:
        """Hand ``mail`` to the server."""
        with self.connection() as server:
            server.send(mail)

    @contextmanager
    def connection(self) -> Iterator[SmtpConnection]:
        """A mailer that keeps its connection from one mail to the next; it is made when the first one comes."""
        kept = SmtpConnection(self)
        try:
            yield kept
        finally:
            kept.close()

    def connect(self) -> smtplib.SMTP:
        """A new connection, encrypted and logged in as declared."""
        server = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            if self.starttls:
                server.starttls()
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server

    def message(self, mail: Mail) -> EmailMessage:
        """``mail`` as it goes over the wire. Its Message-ID is the same whenever it is sent again."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, mail.to, mail.subject
        if mail.id:
            domain = self.sender.rpartition("@")[2].strip("<> ") or "localhost"
            message["Message-ID"] = f"<{mail.id}@{domain}>"
        message.set_content(mail.body)
        for name, media_type, content in mail.attachments:
            main, _, sub = media_type.partition("/")
            message.add_attachment(content, maintype=main, subtype=sub, filename=name)
        return message


class SmtpConnection:
    """One connection for many mails, for one thread. It is made anew when the server has let it go."""

    def __init__(self, mailer: SmtpMailer) -> None:
        self._mailer = mailer
        self._server: smtplib.SMTP | None = None

    def send(self, mail: Mail) -> None:
        """Hand ``mail`` to the server."""
        message = self._mailer.message(mail)
        try:
            try:
                self._open().send_message(message)
            except smtplib.SMTPSenderRefused as refused:
                if refused.smtp_code != CLOSING:
                    raise
                self.close()  # nothing of this mail was taken: on a new connection it goes once
                self._open().send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            code, text = next(iter(refused.recipients.values()))
            if for_good := _for_good(mail.to, code, text):
                raise for_good from refused
            raise
        except smtplib.SMTPDataError as refused:
            if for_good := _for_good(mail.to, refused.smtp_code, refused.smtp_error):
                raise for_good from refused
            raise
        except BaseException:
            self.close()  # nobody knows what the server still waits for
            raise

    def _open(self) -> smtplib.SMTP:
        if self._server is not None and not _answers(self._server):
            self.close()
        if self._server is None:
            self._server = self._mailer.connect()
        return self._server

    def close(self) -> None:
        """End the connection, if there is one."""
        server, self._server = self._server, None
        if server is None:
            return
        try:
            server.quit()
        except (smtplib.SMTPException, OSError):
            server.close()  # the server is gone already


def _answers(server: smtplib.SMTP) -> bool:
    """Whether the connection still stands; servers end those that were silent for long."""
    try:
        return server.noop()[0] == 250
    except (smtplib.SMTPException, OSError):
        return False


def _for_good(to: str, code: int, text: bytes | str) -> Undeliverable | None:
    """The error of an answer 5xx about one mail, which stays as it is; any other answer may pass."""
    if not 500 <= code < 600:
        return None
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    reason = f"{to}: the mail server refuses it for good: {code} {said}"
    return Undeliverable(reason, to=to, code=code)
