"""Sending what the outbox holds: mails through the host's mailer, letters as files to print (MS1, S24, S25)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from sphinx_lib.app.sphinx import Sphinx
from sphinx_lib.app.views import DocumentView, Views
from sphinx_lib.kernel.document import Id
from sphinx_lib.kernel.errors import NotFound
from sphinx_lib.kernel.localized import day
from sphinx_lib.kernel.ports import Mail, Mailer, QueuedMessage
from sphinx_lib.messages.notices import notice
from sphinx_lib.pack.base import in_language
from sphinx_lib.workflow.facts import DocumentFacts

_PLACES = re.compile(r"\{([a-z_][a-z0-9_.]*)\}")
MakePdf = Callable[[DocumentView], bytes]


class Dispatcher:
    """Sends one outbox row at a time; given to ``app.run("outbox", sender=…)``.

    ``mailer`` sends what has an address, ``letters`` is the folder for what has none (the document, or
    the text when there is none), ``pdf`` makes the attachment.
    Sending twice is possible after a crash between sending and recording, never losing.
    """

    def __init__(self, app: Sphinx, mailer: Mailer | None, letters: Path | None, pdf: MakePdf | None) -> None:
        self._app, self._mailer, self._letters, self._pdf = app, mailer, letters, pdf

    def __call__(self, row: QueuedMessage) -> str:
        """Send a row; answers the state to record: ``sent`` for a mail, ``letter`` for a file that was written."""
        mail = self._of_document(row, row.document_id) if row.document_id else notice(row)
        if row.kind == "mail" and self._mailer is not None:
            self._mailer.send(mail)
            return "sent"
        if self._letters is None:
            raise NotFound(f"{mail.subject}: no address and no folder for letters")
        self._letters.mkdir(parents=True, exist_ok=True)
        for file, _, content in mail.attachments:
            (self._letters / file).write_bytes(content)
        return "letter"

    def _of_document(self, row: QueuedMessage, document: Id) -> Mail:
        """The mail about a document; as a letter without a PDF, its text is the file."""
        with self._app.reader() as views:
            view = views.document(document)
            mail = self._mail(views, view, row)
        if mail.attachments or (row.kind == "mail" and self._mailer is not None):
            return mail
        text = f"{mail.subject}\n\n{mail.body}\n".encode()
        return mail._replace(attachments=((f"{view.document.number or view.document.id}.txt", "text/plain", text),))

    def _mail(self, views: Views, view: DocumentView, row: QueuedMessage) -> Mail:
        message = self._app.pack.model.messages[str(row.payload["message"])]
        document = view.document
        if document.party:
            views.unit.load_parties([document.party])
        facts = DocumentFacts(views.unit.situation(document))
        texts = [
            _filled(in_language(part, document.language), facts, document.language)
            for part in (message.subject, message.body)
        ]
        attachments: tuple[tuple[str, str, bytes], ...] = ()
        if message.attach and self._pdf is not None:
            attachments = ((f"{document.number or document.id}.pdf", "application/pdf", self._pdf(view)),)
        return Mail(str(row.payload["to"]), texts[0], texts[1], attachments)


def _filled(text: str, facts: DocumentFacts, language: str) -> str:
    return _PLACES.sub(lambda match: _text(facts[match.group(1)], language), text)


def _text(value: Any, language: str) -> str:
    if isinstance(value, date):
        return day(value, language)
    return "" if value is None else str(value)
