"""Errors, typed by who must act: the consultant, the user, the caller that may retry.

Every error has a stable ``code`` and its facts as a mapping, so that a host translates by code and never by text.
Bugs stay ``AssertionError`` or ``TypeError`` and are never wrapped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple


class SphinxError(Exception):
    """Root of everything this library raises on purpose."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts: Mapping[str, Any] = facts


class Problem(NamedTuple):
    """One finding in the configuration, with the place where it was written.

    ``facts`` are the figures of the message by name, a row for each thing that it tells of.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str = ""
    warning: bool = False
    facts: tuple[Mapping[str, Any], ...] = ()

    def __str__(self) -> str:
        kind = "warning: " if self.warning else ""
        text = f"{self.file}:{self.line}:{self.column}: {kind}{self.path + ': ' if self.path else ''}{self.message}"
        return f"{text}\n    hint: {self.hint}" if self.hint else text


class ConfigError(SphinxError):
    """The YAML does not hold; ``problems`` lists every finding, none hides another."""

    code = "config"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InputError(SphinxError):
    """The caller's data cannot be taken: ``problems`` says where, what and the way out, for every row."""

    code = "input"

    def __init__(self, problems: Sequence[str], **facts: Any) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems), **facts)


class NotFound(SphinxError):
    """No such document or master record in this company."""

    code = "not_found"


class Refused(SphinxError):
    """A rule says no; the message says what is allowed."""

    code = "refused"


class TransitionRefused(Refused):
    """The document's state has no such way out, or this actor may not take it."""

    code = "transition"


class Refusal(NamedTuple):
    """One reason given by a guard: its name, a text in the document's language, and its facts.

    A registered guard gives the facts and leaves the text to the ``message`` that YAML declares for it. One that only
    ``warns`` refuses nothing: its text is kept with the event.
    """

    guard: str
    message: str = ""
    override: str | None = None
    facts: Mapping[str, Any] = {}
    warns: bool = False


class GuardFailed(Refused):
    """Guards refused the event; ``reasons`` holds all of them at once."""

    code = "guard"

    def __init__(self, message: str, reasons: Sequence[Refusal], **facts: Any) -> None:
        super().__init__(message, **facts)
        self.reasons = tuple(reasons)


class DocumentLocked(Refused):
    """The content of this document is frozen in its state; a correction is a new document."""

    code = "locked"


class StockShort(Refused):
    """A stock level would fall below what the policy allows, found under the lock."""

    code = "stock_short"


class DateRefused(Refused):
    """The date would break the chronology of a legal series (NU1)."""

    code = "date"


class Conflict(SphinxError):
    """Somebody else was faster; doing it again may succeed."""

    code = "conflict"


class ConcurrentChange(Conflict):
    """A document changed between being read and being written."""

    code = "concurrent_change"


class IdempotencyMismatch(Conflict):
    """The key was used before with another input."""

    code = "idempotency_mismatch"


class ExportError(SphinxError):
    """An accounting file cannot be written as declared."""

    code = "export"


class Undeliverable(SphinxError):
    """A message that no further try will deliver, such as one to a mailbox that does not exist."""

    code = "undeliverable"


class TimestampError(SphinxError):
    """A time stamp was not given, or does not prove what it should; the message says which."""

    code = "timestamp"


class RenderError(SphinxError):
    """A document cannot be printed: its template, a label, its language or a library is missing or wrong."""

    code = "render"


class DatabaseError(SphinxError):
    """The database did not do what it was asked; what the driver said is the ``__cause__``.

    ``retryable``: nothing was written, and the same unit of work may be run again. ``outcome_unknown``: it may have
    been written; repeat it only under its key.
    """

    code = "database"
    retryable: ClassVar[bool] = False
    outcome_unknown: ClassVar[bool] = False


class WrongDatabase(DatabaseError):
    """There is no database behind the URL that this version of the library may work on; nothing was written to it."""

    code = "database_wrong"


class DatabaseUnreachable(WrongDatabase):
    """The URL, its driver, file, server, name or password is wrong, or the server does not run."""

    code = "database_unreachable"


class DatabaseEmpty(WrongDatabase):
    """The database has no tables yet: ``Sphinx.migrate`` or ``sphinx-lib db upgrade`` makes them."""

    code = "database_empty"


class DatabaseOlder(WrongDatabase):
    """An earlier version wrote the database: ``Sphinx.migrate`` or ``sphinx-lib db upgrade`` brings it up to date."""

    code = "database_older"


class DatabaseNewer(WrongDatabase):
    """A later version wrote the database: install that version."""

    code = "database_newer"


class DatabaseForeign(WrongDatabase):
    """The database belongs to another program."""

    code = "database_foreign"


class DatabaseReadOnly(DatabaseError):
    """The database can be read and not written."""

    code = "database_read_only"


class DatabaseForbidden(DatabaseError):
    """The user of the database lacks a permission."""

    code = "database_forbidden"


class DatabaseFull(DatabaseError):
    """No room is left; nothing of the unit of work was written."""

    code = "database_full"


class DatabaseDamaged(DatabaseError):
    """The file or a page of it cannot be read or written."""

    code = "database_damaged"


class DatabaseBusy(DatabaseError):
    """Somebody else holds what is needed (serialization failure, deadlock, lock); nothing was written."""

    code = "database_busy"
    retryable = True


class ConnectionCut(DatabaseError):
    """The connection was lost, or the file taken away, before the commit; nothing was written."""

    code = "connection_cut"
    retryable = True


class CommitUnknown(DatabaseError):
    """The connection was lost during the commit: the unit of work is written whole or not at all, and which is unknown."""

    code = "commit_unknown"
    outcome_unknown = True
