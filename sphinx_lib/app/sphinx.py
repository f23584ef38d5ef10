"""Opening the library on a configuration and a database. The only place that commits, and that asks the system."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from sphinx_lib.app import runs, verify
from sphinx_lib.app.flush import flush
from sphinx_lib.app.pricing import PriceRules
from sphinx_lib.app.registry import Extension, specs
from sphinx_lib.app.session import Session, operate
from sphinx_lib.app.unit import Unit
from sphinx_lib.app.views import Views
from sphinx_lib.kernel.errors import ConcurrentChange, ConfigError, IdempotencyMismatch, InputError, Refused
from sphinx_lib.kernel.ids import Uuid7
from sphinx_lib.kernel.names import refuse_text
from sphinx_lib.kernel.ports import SEE_MARGIN, Actor, Clock, IdFactory
from sphinx_lib.kernel.tries import PriceTry
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.reader import Node
from sphinx_lib.pack.specs import Specs
from sphinx_lib.store import commands, engine, entries, packs, refused_prices, search
from sphinx_lib.store.audit_log import canonical, seal

ATTEMPTS = 5
SYSTEM = Actor("system", {SEE_MARGIN})


def _seal(session: Session) -> int:
    return seal(session.unit.connection, session.unit.company, session.unit.now)


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """This moment, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class Sphinx:
    """A configuration on a database for one company. Independent of every other Sphinx in the process."""

    pack: Pack
    engine: Engine
    company: str
    specs: Specs
    clock: Clock
    new_id: IdFactory
    templates: tuple[Path, ...] = ()

    @classmethod
    def open(
        cls,
        config: Sequence[str | Path | Node] | Pack = ("base",),
        database_url: str = "sqlite://",
        company: str = "main",
        *,
        extensions: Sequence[Extension] = (),
        templates: Sequence[str | Path] = (),
        clock: Clock | None = None,
        ids: IdFactory | None = None,
        check_database: bool = True,
    ) -> Sphinx:
        """Load and check ``config`` (``"base"``, then overlay directories), and connect to the database.

        A ``Pack`` loaded before, with the same extensions, may serve several databases and is taken as it is.
        Raises ConfigError with every problem of the YAML, or when documents stand in states that it lacks;
        without ``check_database`` the latter waits for ``migrate``, which moves renamed states.
        """
        refuse_text(config=config, templates=templates)
        known = specs(extensions)
        folders = tuple(Path(folder) for folder in templates)
        pack = config if isinstance(config, Pack) else load_pack(config, known, folders)
        new_id = ids or Uuid7(lambda: time.time_ns() // 1_000_000, os.urandom)
        app = cls(pack, engine.open_engine(database_url), company, known, clock or SystemClock(), new_id, folders)
        if database_url in ("sqlite://", "sqlite:///:memory:"):
            app.migrate()
        elif check_database:
            try:
                app._check_pack()
            except ConfigError:
                app.engine.dispose()
                raise
        return app

    def migrate(self) -> None:
        """Create or update the schema, move renamed states, then check the database against the pack."""
        engine.migrate(self.engine)
        with self.engine.begin() as connection:
            packs.rename_states(connection, self.company, self.pack, SYSTEM.name, self.clock.now())
            search.create_indexes(connection, self.pack.model)
            self._take_up_pack(connection)

    def _check_pack(self) -> None:
        """Refuse to open on documents that the pack does not know; the last pack opened was checked before."""
        with self.engine.connect() as connection:
            reading = connection.execution_options(**{engine.READ_ONLY: True})
            with reading.begin():
                if not packs.is_migrated(reading) or packs.is_current(reading, self.company, self.pack.fingerprint):
                    return
        with self.engine.begin() as connection:
            self._take_up_pack(connection)

    def _take_up_pack(self, connection: Connection) -> None:
        packs.refuse_unknown(connection, self.company, self.pack)
        packs.archive(connection, self.company, self.pack, self.clock.now())

    @contextmanager
    def session(self, *, actor: Actor = SYSTEM, connection: Connection | None = None) -> Iterator[Session]:
        """One unit of work: everything inside is committed together, or nothing is.

        With ``connection``, that of a transaction which the host has begun, the host commits. Prices that were refused are
        kept all the same (``views.refused_prices``); with ``connection`` they go with the host's transaction.
        """
        if connection is not None:
            with self._keeping_tries(actor, connection) as tries, connection.begin_nested():
                unit = self._unit(connection, actor, tries)  # the host may go on after a unit that failed
                yield Session(unit)
                flush(unit)
            return
        with self._keeping_tries(actor) as tries, self.engine.begin() as own:
            unit = self._unit(own, actor, tries)
            yield Session(unit)
            flush(unit)

    @contextmanager
    def _keeping_tries(self, actor: Actor, connection: Connection | None = None) -> Iterator[list[PriceTry]]:
        """Writes the refused prices that a unit of work notes in the list, once it has ended, however it ended."""
        tries: list[PriceTry] = []
        try:
            yield tries
        finally:
            if tries:
                rows = [(self.new_id(), one) for one in dict.fromkeys(tries)]
                facts = (self.company, rows, self.clock.now(), actor.name, self.pack.fingerprint)
                if connection is not None:
                    refused_prices.keep(connection, *facts)
                else:
                    with self.engine.begin() as own:
                        refused_prices.keep(own, *facts)

    def _unit(self, connection: Connection, actor: Actor, tries: list[PriceTry] | None = None) -> Unit:
        now = self.clock.now()
        today = now.astimezone(ZoneInfo(self.pack.model.company.time_zone)).date()
        return Unit(
            connection, self.company, self.pack, self.specs, actor, now, today, self.new_id, operate, self.prices,
            self.purchase_prices, tries=[] if tries is None else tries,
        )  # fmt: skip

    @cached_property
    def prices(self) -> PriceRules:
        """The compiled price schema of sales and the indexed records of the configuration's files."""
        return PriceRules.of(self.pack)

    @cached_property
    def purchase_prices(self) -> PriceRules:
        """The same of purchases."""
        return PriceRules.of(self.pack, bought=True)

    def do(
        self, function: Callable[..., Any], *args: Any, actor: Actor = SYSTEM, key: str | None = None, **named: Any
    ) -> Any:
        """Run ``function(session, *args, **named)`` in one unit of work and return its JSON-able answer.

        A known ``key`` gives the stored answer without calling it; the same key with other input is
        IdempotencyMismatch. Serialization failures, deadlocks and concurrent changes run it again, 5 times at most.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._do_once(function, args, named, actor, key)
            except (ConcurrentChange, IntegrityError):  # somebody else wrote, or put, the same row first
                if attempt == ATTEMPTS:
                    raise
            except DBAPIError as error:
                if not engine.is_retryable(error) or attempt == ATTEMPTS:
                    raise
            time.sleep(0.01 * attempt)
        raise AssertionError("the last attempt returns or raises")

    def _do_once(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        named: Mapping[str, Any],
        actor: Actor,
        key: str | None,
    ) -> Any:
        if key is None:
            with self.session(actor=actor) as session:
                return function(session, *args, **named)
        name = f"{function.__module__}.{function.__qualname__}"
        digest = sha256(canonical([name, list(args), dict(named)]).encode()).hexdigest()
        with self._keeping_tries(actor) as tries, self.engine.begin() as connection:
            if not commands.claim(connection, self.company, key, digest, self.clock.now()):
                known = commands.find(connection, self.company, key)
                if known is None or known.input_hash != digest:
                    raise IdempotencyMismatch(f"the key {key!r} was used before with another input", key=key)
                return known.value
            unit = self._unit(connection, actor, tries)
            answer = function(Session(unit), *args, **named)
            flush(unit)
            commands.answer(connection, self.company, key, answer)
            return answer

    @contextmanager
    def reader(self, *, actor: Actor = SYSTEM) -> Iterator[Views]:
        """Read models in one read-only transaction, which waits for no writer on SQLite.

        An ``actor`` without the right ``see_margin`` is shown neither costs nor margins; without one all is shown (S48).
        """
        with self._keeping_tries(actor) as tries, self.engine.connect() as connection:  # those of dry runs
            reading = connection.execution_options(**{engine.READ_ONLY: True})
            with reading.begin():
                yield Views(self._unit(reading, actor, tries))

    def run(
        self, name: str, *, actor: Actor = SYSTEM, progress: runs.Progress = runs.silent, **options: Any
    ) -> runs.RunReport:
        """Run a named batch of the ``runs`` section: chunks, each a unit of work of its own; safe to run again.

        ``dry_run=True`` changes nothing and tells what would be done.
        """
        if name not in self.pack.model.runs:
            raise InputError([f"unknown run {name!r}; known: {', '.join(self.pack.model.runs)}"])
        return runs.run(self, name, actor, progress, options)

    def seal(self) -> int:
        """Close the audit log up to now; returns how many entries the seal covers."""
        covered: int = self.do(_seal)  # tried again when another one sealed meanwhile
        return covered

    def mark_exported(self, first: date, last: date) -> int:
        """Put all entries dated within a period, and in no batch yet, into a new batch; returns its number (AC3).

        Refused when there is none. ``export.run.export_batch`` writes a batch, any number of times.
        """
        with self.engine.begin() as connection:
            number = entries.mark_batch(connection, self.company, first, last)
            if number is None:
                raise Refused(f"every entry from {first} to {last} is in a batch already; write that one again")
            return number

    def verify(self) -> verify.Report:
        """Check chains, series, seals, balances and progress against what they were made from."""
        with self.engine.connect() as connection:
            reading = connection.execution_options(**{engine.READ_ONLY: True})
            with reading.begin():
                return verify.verify(reading, self.company, self.pack)
