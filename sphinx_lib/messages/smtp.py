"""Mail by SMTP, with the standard library."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from email.message import EmailMessage

from sphinx_lib.kernel.ports import Mail


@dataclass(frozen=True)
class SmtpMailer:
    """Sends each mail on a connection of its own; raises OSError (smtplib's errors are) when the server says no."""

    host: str
    port: int = 25
    sender: str = ""
    user: str = ""
    password: str = ""
    starttls: bool = False
    timeout: int = 30

    def send(self, mail: Mail) -> None:
        """Hand ``mail`` to the server."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, mail.to, mail.subject
        message.set_content(mail.body)
        for name, media_type, content in mail.attachments:
            main, _, sub = media_type.partition("/")
            message.add_attachment(content, maintype=main, subtype=sub, filename=name)
        with smtplib.SMTP(self.host, self.port, timeout=self.timeout) as server:
            if self.starttls:
                server.starttls()
            if self.user:
                server.login(self.user, self.password)
            server.send_message(message)
