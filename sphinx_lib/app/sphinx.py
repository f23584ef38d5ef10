"""Opening the library on a configuration and a database. The only place that commits, and that asks the system."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Unpack
from zoneinfo import ZoneInfo

from pydantic import InstanceOf
from sqlalchemy import URL, Connection, Engine

from sphinx_lib.app import runs, verify
from sphinx_lib.app.adopting import adopt
from sphinx_lib.app.flush import flush
from sphinx_lib.app.gate import checked, checked_with
from sphinx_lib.app.header import Options
from sphinx_lib.app.inputs import RunOptions
from sphinx_lib.app.pricing import PriceRules
from sphinx_lib.app.registry import Extension, specs
from sphinx_lib.app.sealing import seal_now
from sphinx_lib.app.session import Session, operate
from sphinx_lib.app.unit import Unit
from sphinx_lib.app.verify_parts import verify_in_parts
from sphinx_lib.app.views import Views
from sphinx_lib.kernel.errors import (
    ConcurrentChange,
    DatabaseError,
    DatabaseOlder,
    DatabaseReadOnly,
    IdempotencyMismatch,
    InputError,
    Refused,
    SphinxError,
    StockShort,
)
from sphinx_lib.kernel.ids import Uuid7
from sphinx_lib.kernel.inputs import Bound, Name
from sphinx_lib.kernel.names import TEXT, check_name, refuse_text
from sphinx_lib.kernel.ports import SEE_MARGIN, Actor, Clock, IdFactory
from sphinx_lib.kernel.seal import Seal
from sphinx_lib.kernel.tries import PriceTry
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.reader import Node
from sphinx_lib.pack.specs import Specs
from sphinx_lib.store import audit_log, commands, engine, entries, faults, packs, refused_prices, schema, seals, search
from sphinx_lib.store.address import in_memory
from sphinx_lib.store.audit_log import canonical
from sphinx_lib.store.revision import is_unmade, wrong_at
from sphinx_lib.store.written import Numbers, Written, answer_digest, batch_of, day

ATTEMPTS = 10
FIRST_PAUSE, LONGEST_PAUSE = 0.01, 1.0
"""Seconds between two attempts, at most: the pause doubles, and half of it is left to chance."""
LONGEST_COMPANY = 40
"""The length of the column that leads every key."""
SYSTEM = Actor("system", {SEE_MARGIN})


def _may_be_repeated(error: SphinxError, key: str | None) -> bool:
    """A key makes safe what may have been committed before its connection was cut."""
    if isinstance(error, DatabaseError) and error.outcome_unknown:
        return key is not None
    if isinstance(error, StockShort):
        return bool(error.facts.get("meanwhile"))
    return isinstance(error, ConcurrentChange) or engine.is_retryable(error)


def _waits_for_migrate(url: URL) -> bool:
    """Whether ``migrate`` comes next: nothing is there yet, or an older revision. Raises WrongDatabase for what it must not
    touch."""
    error = wrong_at(url)
    if error is None:
        return False
    if isinstance(error, DatabaseOlder) or is_unmade(error, url):
        return True
    raise error


def input_digest(name: str, args: Sequence[Any], named: Mapping[str, Any]) -> str:
    """What a key is kept with, so that it is used for one input only. Raises InputError for what is no JSON value."""
    try:
        return sha256(canonical([name, list(args), dict(named)]).encode()).hexdigest()
    except (ArithmeticError, AttributeError, TypeError, ValueError, RecursionError) as error:
        told = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise InputError([f"{name}: with a key, arguments are plain JSON values: {told}"]) from None


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
        Raises ConfigError with every problem of the YAML, or when documents stand in states that it lacks, and
        WrongDatabase when the database was written by a later version or another program; without ``check_database`` both
        wait for ``migrate``, which moves renamed states. On a database without tables or of an earlier version nothing but
        ``migrate`` is done: all else raises DatabaseEmpty or DatabaseOlder.
        """
        refuse_text(config=config, templates=templates)
        check_name(company, "company", LONGEST_COMPANY)
        known = specs(extensions)
        folders = tuple(Path(folder) for folder in templates)
        pack = config if isinstance(config, Pack) else load_pack(config, known, folders)
        new_id = ids or Uuid7(lambda: time.time_ns() // 1_000_000, os.urandom)
        opened = engine.open_guarded(database_url)
        app = cls(pack, opened, company, known, clock or SystemClock(), new_id, folders)
        if in_memory(opened.url):
            app.migrate()
        elif check_database and not _waits_for_migrate(opened.url):
            try:
                app._check_pack()
            except SphinxError:
                app.engine.dispose()
                raise
        return app

    def migrate(self, *, beside: bool = False) -> None:
        """Create or update the schema, move renamed states, then check the database against the pack: all or nothing.

        What was written before the audit log covered it is digested now, once. One migration at a time: a second one
        waits for the first. Raises DatabaseNewer when a later version wrote the database, and DatabaseForeign when
        another program did, unless our tables are to stand ``beside`` the others.
        """
        with schema.migration(self.engine, beside=beside) as connection:
            packs.rename_states(connection, self.company, self.pack, SYSTEM.name, self.clock.now())
            adopt(connection, self.company, self.pack, self.new_id, SYSTEM.name, self.clock.now())
            search.create_indexes(connection, self.pack.model)
            self._take_up_pack(connection)

    def _check_pack(self) -> None:
        """Refuse to open on documents that the pack does not know; the last pack opened was checked before."""
        with self.engine.connect() as connection:
            reading = engine.snapshot(connection)
            with reading.begin():
                if packs.is_current(reading, self.company, self.pack.fingerprint):
                    return
                packs.refuse_unknown(reading, self.company, self.pack)
        try:
            with self.engine.begin() as connection:
                self._take_up_pack(connection)
        except DatabaseReadOnly:  # it can be read; the pack is taken up by whoever may write
            return

    def _take_up_pack(self, connection: Connection) -> None:
        packs.refuse_unknown(connection, self.company, self.pack)
        if not packs.is_current(connection, self.company, self.pack.fingerprint):
            written, now = Written(self.new_id()), self.clock.now()
            packs.archive(connection, self.company, self.pack, now, written)
            self._note(connection, written, SYSTEM, "configure", now)

    def _note(self, connection: Connection, written: Written, actor: Actor, event: str, at: datetime) -> None:
        rows = written.entry(at, actor.name, event, self.pack.fingerprint)
        audit_log.append(connection, self.company, rows)

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
        with self._keeping_tries(actor) as tries, self.engine.begin() as own, faults.told(own):
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
        IdempotencyMismatch. What somebody else got in the way of is run again, 10 times at most with growing pauses of
        random length: concurrent changes, serialization failures, deadlocks, connections cut before the commit. Under a
        key, so is what a cut during the commit left open; without one, it could be a second document.
        """
        if key is not None:
            check_name(key, "key", TEXT)
        for attempt in range(1, ATTEMPTS):
            try:
                return self._do_once(function, args, named, actor, key)
            except (ConcurrentChange, StockShort, DatabaseError) as error:
                if not _may_be_repeated(error, key):
                    raise
            time.sleep(random.SystemRandom().uniform(0.5, 1) * min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE))
        return self._do_once(function, args, named, actor, key)

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
        digest = input_digest(name, args, named)
        with self._keeping_tries(actor) as tries, self.engine.begin() as connection, faults.told(connection):
            at = self.clock.now()
            if not commands.claim(connection, self.company, key, digest, at):
                known = commands.find(connection, self.company, key)
                if known is None or known.input_hash != digest:
                    raise IdempotencyMismatch(f"the key {key!r} was used before with another input", key=key)
                return known.value
            unit = self._unit(connection, actor, tries)
            answer = function(Session(unit), *args, **named)
            unit.answers[key] = answer_digest(digest, commands.stored(answer), at)
            flush(unit)
            commands.answer(connection, self.company, key, answer)
            return answer

    @contextmanager
    def reader(self, *, actor: Actor = SYSTEM) -> Iterator[Views]:
        """Read models in one read-only transaction, which waits for no writer: all of them see one state of the books.

        An ``actor`` without the right ``see_margin`` is shown neither costs nor margins; without one all is shown (S48).
        """
        # The tries are those of dry runs.
        with self._keeping_tries(actor) as tries, self.engine.connect() as connection, faults.told(connection):
            reading = engine.snapshot(connection)
            with reading.begin():
                yield Views(self._unit(reading, actor, tries))

    @checked_with(RunOptions)
    def run(
        self, name: Name, *, actor: InstanceOf[Actor] = SYSTEM, progress: runs.Progress = runs.silent,
        **options: Unpack[Options],
    ) -> runs.RunReport:
        """Run a named batch of the ``runs`` section: chunks, each a unit of work of its own; safe to run again.

        ``dry_run=True`` changes nothing and tells what would be done.
        """
        if name not in self.pack.model.runs:
            raise InputError([f"unknown run {name!r}; known: {', '.join(self.pack.model.runs)}"])
        return runs.run(self, name, actor, progress, options)

    def seal(self, *, mail: str = "") -> Seal | None:
        """Seal the audit log up to now, and queue the seal for ``mail``; None when nothing is new since the last seal.

        Keep what it returns outside the database: ``verify(against=[seal])`` proves by it that nothing was changed.
        """
        sealed: Seal | None = self.do(seal_now, mail)
        return sealed

    def sealed(self, number: int | None = None) -> Seal | None:
        """The last seal, or the one with ``number``; None when there is none."""
        with self.reader() as views:
            return seals.newest(views.unit.connection, self.company, number)

    @checked
    def mark_exported(self, first: Bound, last: Bound, *, actor: Actor = SYSTEM) -> int:
        """Put all entries dated within a period, and in no batch yet, into a new batch; returns its number (AC3).

        Refused when there is none. ``export.run.export_batch`` writes a batch, any number of times.
        """
        with self.engine.begin() as connection, faults.told(connection):
            batch = entries.mark_batch(connection, self.company, first, last)
            if batch is None:
                raise Refused(f"every entry from {first} to {last} is in a batch already; write that one again")
            written = Written(self.new_id(), batches={str(batch.number): batch_of(batch.entries)})
            days = day(last), day(batch.taken.previous_date)
            written.series.append(Numbers(*entries.BATCHES, batch.number, batch.number, *days))
            self._note(connection, written, actor, "export", self.clock.now())
            return batch.number

    def verify(
        self, against: Sequence[Seal] = (), *, parts_after: float = 30, progress: runs.Progress = runs.silent
    ) -> verify.Report:
        """Check chains, series, seals, balances and progress against what they were made from.

        ``against`` are seals kept outside (``Seal.read`` reads one as it was printed or filed): what was cut off or
        rewritten since they were made is a fault, also where all hashes were worked out again.

        Within one snapshot of the database; when that takes longer than ``parts_after`` seconds it is begun again in
        parts, each of a snapshot of its own, with ``progress`` called after each.
        """
        return verify_in_parts(
            self._snapshot, self.company, self.pack, against, seconds=parts_after, progress=progress
        )  # fmt: skip

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        with self.engine.connect() as connection, faults.told(connection):
            reading = engine.snapshot(connection)
            with reading.begin():
                yield reading
