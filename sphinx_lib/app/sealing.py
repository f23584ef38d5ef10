"""Sealing the audit log, and what leaves the database with a seal: a mail in the outbox."""

from __future__ import annotations

from sphinx_lib.app.session import Session
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.ports import QueuedMessage
from sphinx_lib.kernel.seal import Seal
from sphinx_lib.pack.base import in_language
from sphinx_lib.store import seals

_SUBJECT = {"en": "Seal {number} of {company}", "fr": "Scellement {number} de {company}"}
_BODY = {
    "en": (
        "{seal}\n\nKeep this message where nobody who may write to the database can reach it. "
        "It is proof that nothing sealed was changed since:\nsphinx-lib verify --against FILE"
    ),
    "fr": (
        "{seal}\n\nConservez ce message hors d'atteinte de quiconque peut écrire dans la base. "
        "Il prouve que rien de ce qui est scellé n'a changé depuis :\n"
        "sphinx-lib verify --against FICHIER"
    ),
}


def seal_now(session: Session, mail: str = "") -> Seal | None:
    """Seal every entry that no seal covers yet, and queue the seal for ``mail``; None when there
    was nothing to seal.
    """
    if mail and "@" not in mail.strip("@"):
        raise InputError([f"{mail!r} is no mail address"])
    unit = session.unit
    seal = seals.add(unit.connection, unit.company, unit.now)
    if seal is not None and mail:
        unit.notices.append(_message(seal, mail, session))
    return seal


def _message(seal: Seal, mail: str, session: Session) -> QueuedMessage:
    unit = session.unit
    language = unit.pack.model.company.language
    payload = {
        "to": mail,
        "subject": in_language(_SUBJECT, language).format(number=seal.number, company=seal.company),
        "body": in_language(_BODY, language).format(seal=seal),
        "attachments": [[file_name(seal), "application/json", seal.json()]],
    }
    return QueuedMessage(unit.new_id(), "mail", None, f"seal:{seal.number}:{mail}"[:200], payload)


def file_name(seal: Seal) -> str:
    """The name of a seal's file, made of its company and number."""
    company = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in seal.company)
    return f"seal-{company}-{seal.number:06}.json"
