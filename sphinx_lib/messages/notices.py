"""Mails about no document, such as a seal to be kept: all that they say stands in the outbox."""

from __future__ import annotations

from sphinx_lib.kernel.errors import NotFound
from sphinx_lib.kernel.ports import Mail, QueuedMessage


def notice(row: QueuedMessage) -> Mail:
    """The mail of a row whose payload says ``to``, ``subject``, ``body`` and texts as
    ``attachments``.

    Raises NotFound for a row that belongs to a document which it does not name.
    """
    said = row.payload
    if not said.keys() >= {"to", "subject", "body"}:
        raise NotFound(f"message {row.id} belongs to no document, and has no text of its own")
    attached = tuple(
        (name, kind, text.encode()) for name, kind, text in said.get("attachments", ())
    )
    return Mail(str(said["to"]), str(said["subject"]), str(said["body"]), attached, row.id)
