"""Sending what the outbox holds: mails through the host's mailer, letters as files to print (MS1, S24, S25)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from sphinx_lib.app.sphinx import Sphinx
from sphinx_lib.app.views import DocumentView, Views
from sphinx_lib.files.folder import Folder
from sphinx_lib.kernel.document import Document, Id
from sphinx_lib.kernel.errors import InputError, NotFound
from sphinx_lib.kernel.file_names import file_name
from sphinx_lib.kernel.localized import day
from sphinx_lib.kernel.ports import Mail, Mailer, QueuedMessage
from sphinx_lib.messages.notices import notice
from sphinx_lib.pack.base import in_language
from sphinx_lib.workflow.facts import DocumentFacts

_PLACES = re.compile(r"\{([a-z_][a-z0-9_.]*)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
MakePdf = Callable[[DocumentView], bytes]


class Dispatcher:
    """Sends one outbox row at a time; given to ``app.run("outbox", sender=…)``.

    ``mailer`` sends what has an address, ``letters`` is the folder for what has none (the document, or
    the text when there is none), ``pdf`` makes the attachment. A letter replaces no file: the second one about a document
    is called ``FA-2026-00001 (2).pdf``.
    A mail may go twice after a crash between sending and recording, under the same Message-ID; none is lost.
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
        letters = Folder.at(self._letters)
        for file, _, content in mail.attachments:
            letters.add(file, content)
        return "letter"

    def _of_document(self, row: QueuedMessage, document: Id) -> Mail:
        """The mail about a document; as a letter without a PDF, its text is the file."""
        with self._app.reader() as views:
            view = views.document(document)
            mail = self._mail(views, view, row)
        if mail.attachments or (row.kind == "mail" and self._mailer is not None):
            return mail
        text = f"{mail.subject}\n\n{mail.body}\n".encode()
        return mail._replace(attachments=((f"{_name(view.document)}.txt", "text/plain", text),))

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
            attachments = ((f"{_name(document)}.pdf", "application/pdf", self._pdf(view)),)
        return Mail(_address(str(row.payload["to"])), _one_line(texts[0]), texts[1], attachments, row.id)


def _one_line(text: str) -> str:
    """A subject: a line break in the name of a customer begins no header of its own."""
    return _CONTROL.sub(" ", text).strip()


def _address(text: str) -> str:
    if _CONTROL.search(text):
        raise InputError([f"{text!r} is no e-mail address: it holds a line break or another sign that nobody sees"])
    return text


def _name(document: Document) -> str:
    return file_name(document.number or document.id)


def _filled(text: str, facts: DocumentFacts, language: str) -> str:
    return _PLACES.sub(lambda match: _text(facts[match.group(1)], language), text)


def _text(value: Any, language: str) -> str:
    if isinstance(value, date):
        return day(value, language)
    return "" if value is None else str(value)
