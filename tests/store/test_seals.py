"""Seals: what they cover, several made at once, and what only a seal kept outside the database tells (architecture 4.7)."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from sphinx_lib import InputError, Seal, Sphinx
from sphinx_lib.store import audit_log as audit
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import seals as store_seals
from sphinx_lib.store.canonical import encode
from sphinx_lib.store.content import said_of
from sphinx_lib.store.tables import (
    accounting_entries,
    audit_log,
    document_lines,
    documents,
    outbox,
    seal_members,
    seals,
    sequences,
    stock_moves,
)
from tests.store.support import (
    ALICE,
    D,
    at_once,
    chain,
    count_rows,
    draft_invoice,
    faults,
    issue_invoice,
    open_shop,
    raised,
    statements,
)


def seal(app: Sphinx) -> Seal:
    """A seal, a day after the last."""
    app.clock.at += timedelta(days=1)  # type: ignore[attr-defined]
    sealed = app.seal()
    assert sealed is not None
    return sealed


def write(app: Sphinx, *changes: Any) -> None:
    with app.engine.begin() as connection:
        for change in changes:
            assert connection.execute(change).rowcount


def told(app: Sphinx, *kept: Seal) -> list[str]:
    return [f"{fault.where}: {fault.what}" for fault in app.verify(against=kept).faults]


# -- what a seal covers -----------------------------------------------------------------------------


def test_a_seal_says_what_it_covers_and_follows_the_one_before(app: Sphinx) -> None:
    first = seal(app)
    issue_invoice(app)
    second = seal(app)
    assert (first.company, first.number, first.previous_hash, first.recipe) == ("main", 1, "", 2)
    assert (second.number, second.previous_hash) == (2, first.hash)
    report = app.verify(against=[second, first])
    assert report.ok
    assert first.entries + second.entries == report.entries
    assert [(one.seal, one.holds) for one in report.against] == [(first, True), (second, True)]
    assert app.seal() is None


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        (seals, "sealed_at", "later"),
        (seals, "entries", 7),
        (seals, "previous_hash", "0" * 64),
        (seals, "hash", "0" * 64),
        (seals, "recipe", 1),
        (seals, "recipe", 3),
        (seals, "number", 9),
        (seals, "company_id", "other"),
        (seal_members, "document_id", "0" * 32),
        (seal_members, "version", 99),
        (seal_members, "seal", 1),
        (seal_members, "hash", "0" * 64),
        (seal_members, "company_id", "other"),
    ],
)
def test_each_column_of_a_seal_and_of_its_members_is_covered(
    table: Any, column: str, value: Any
) -> None:
    app = open_shop("sqlite://")
    seal(app)
    issue_invoice(app)
    last = seal(app)
    if value == "later":
        value = last.sealed_at + timedelta(seconds=1)
    if table is seals:
        write(app, update(table).where(table.c.number == 2).values({column: value}))
    else:
        one = select(table.c.document_id).where(table.c.seal == 2).limit(1).scalar_subquery()
        write(app, update(table).where(table.c.seal == 2, table.c.document_id == one, table.c.version == 1)
              .values({column: value}))  # fmt: skip
    assert app.verify().faults
    app.engine.dispose()


def test_seals_are_made_and_checked_in_as_many_statements_for_many_entries(app: Sphinx) -> None:
    counted = []
    for invoices in (1, 12):
        for _ in range(invoices):
            issue_invoice(app)
        with statements(app.engine) as sealing:
            seal(app)
        with statements(app.engine) as reading:
            app.sealed()
        counted.append((len(sealing), len(reading)))
    assert counted[0] == counted[1]


def test_many_entries_are_sealed_without_holding_them(app: Sphinx) -> None:
    """They are copied by the database and read in pieces: memory does not grow with the log."""
    made, c = issue_invoice(app), audit_log.c
    with app.engine.begin() as connection:
        connection.execute(delete(audit_log).where(c.document_id == made.id, c.version > 1))
        for doubled in range(15):
            others = [c.version + 2**doubled if one is c.version else one for one in c]
            more = select(*others).where(c.document_id == made.id)
            connection.execute(insert(audit_log).from_select(list(c), more))
    tracemalloc.start()
    sealed = seal(app)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sealed.entries > 2**15
    assert most < 8_000_000


# -- seals of the first recipe -----------------------------------------------------------------------


def seal_by_the_first_recipe(app: Sphinx) -> Seal:
    """What this library wrote before seals said their recipe."""
    with app.engine.begin() as connection:
        known = {
            tuple(row)
            for row in connection.execute(
                select(seal_members.c.document_id, seal_members.c.version)
            )
        }
        log = connection.execute(
            select(audit_log.c.document_id, audit_log.c.version, audit_log.c.hash)
        ).all()
        fresh = sorted(list(row) for row in log if (row.document_id, row.version) not in known)
        last = connection.execute(select(seals).order_by(seals.c.number.desc())).first()
        number, previous = (last.number + 1, last.hash) if last else (1, "")
        digest = sha256((previous + json.dumps(fresh, separators=(",", ":"))).encode()).hexdigest()
        at = app.clock.now()
        row = {
            "number": number,
            "sealed_at": at,
            "entries": len(fresh),
            "previous_hash": previous,
            "hash": digest,
        }
        connection.execute(insert(seals), {"company_id": "main", "recipe": 1, **row})
        connection.execute(
            insert(seal_members),
            [
                {
                    "company_id": "main",
                    "document_id": one,
                    "version": version,
                    "seal": number,
                    "hash": digest,
                }
                for one, version, digest in fresh
            ],
        )
    return Seal("main", recipe=1, **row)


def test_seals_of_the_first_recipe_hold_and_those_after_them_are_made_by_the_second(
    app: Sphinx,
) -> None:
    issue_invoice(app)
    first = seal_by_the_first_recipe(app)
    issue_invoice(app)
    second = seal_by_the_first_recipe(app)
    issue_invoice(app)
    third = seal(app)
    assert third.recipe == 2
    assert told(app, first, second, third) == []
    write(app, update(seals).where(seals.c.number == 1).values(sealed_at=app.clock.now()))
    assert faults(app) == []
    assert told(app, second, first) == [
        "seal 1 of main: the database has the same hash, but sealed_at 2026-03-03 08:00:00+00:00 instead of "
        "2026-03-02 08:00:00+00:00"
    ]
    write(app, update(seals).where(seals.c.number == 2).values(entries=1))
    assert faults(app) == ["seal 2: the seal does not hold"]


# -- attacks that no database can tell by itself ------------------------------------------------------


@pytest.fixture
def kept(app: Sphinx) -> tuple[Sphinx, list[Seal]]:
    """Three days with a seal at the end of each, and the seals as they were kept outside."""
    found = []
    for quantity in (1, 2, 3):
        with app.session(actor=ALICE) as s:
            draft = draft_invoice(s, quantity=quantity)
            s.fire(draft.id, "issue")
        found.append(seal(app))
    assert told(app, *found) == []
    return app, found


def cut_off_the_last_day(app: Sphinx) -> None:
    """The third invoice with its lines, moves, postings, entries and seal; the series and the stock as before it."""
    with app.engine.begin() as connection:
        gone = connection.scalars(
            select(documents.c.id).where(documents.c.number == "FA2026-00003")
        ).one()
        log = connection.execute(select(audit_log.c.document_id, audit_log.c.event, audit_log.c.payload))
        named = [gone]
        for column, owner in ((accounting_entries.c.entry_id, accounting_entries), (outbox.c.id, outbox)):
            named += connection.scalars(select(column).where(owner.c.document_id == gone))
        beside = [
            one for one, event, payload in log if event == "write" and any(name in str(payload) for name in named)
        ]
        for table in (document_lines, accounting_entries, stock_moves, outbox, audit_log, seal_members):
            connection.execute(delete(table).where(table.c.document_id.in_([gone, *beside])))
        connection.execute(delete(documents).where(documents.c.id == gone))
        connection.execute(delete(seals).where(seals.c.number == 3))
        newest = (
            select(documents.c.audit_hash)
            .where(documents.c.number == "FA2026-00002")
            .scalar_subquery()
        )
        connection.execute(
            update(sequences).where(sequences.c.name == "invoice").values(last_hash=newest)
        )
        day_before = {"last": 2, "last_date": date(2026, 3, 3), "previous_date": date(2026, 3, 2)}
        for name in ("invoice", "entries.VE"):
            connection.execute(update(sequences).where(sequences.c.name == name).values(day_before))


def test_a_tail_cut_off_with_its_seals_is_told_by_the_seal_that_was_kept(kept: Any) -> None:
    app, (first, second, third) = kept
    cut_off_the_last_day(app)
    assert faults(app) == []  # nothing inside the database can tell: all of it says the same
    report = app.verify(against=[third, first, second])
    assert [(fault.where, fault.what) for fault in report.faults] == [
        ("seal 3 of main", "it is not in the database, which ends at seal 2: what was recorded after seal 2, which "
         "holds, and up to it was cut off")
    ]  # fmt: skip
    assert [one.holds for one in report.against] == [True, True, False]
    assert report.against[0].what == "every audit entry up to it is as it was sealed"
    issue_invoice(app, quantity=9)
    seal(app)
    assert told(app, third) == [
        "seal 3 of main: the database has another hash under its number: what was recorded up to it was rewritten"
    ]


def test_everything_cut_off_is_told_too(kept: Any) -> None:
    app, (first, _, third) = kept
    with app.engine.begin() as connection:
        connection.execute(delete(seals))
        connection.execute(delete(seal_members))
    assert faults(app) == []
    assert told(app, third, first) == [
        f"seal {n} of main: it is not in the database, which has no seal: what was recorded up to it was cut off"
        for n in (1, 3)
    ]


def forge(app: Sphinx, number: str) -> None:
    """Another amount on an issued invoice, and all hashes worked out again with the library's own functions."""
    with app.engine.begin() as connection:
        victim = connection.scalars(
            select(documents.c.id).where(documents.c.number == number)
        ).one()
        connection.execute(
            update(documents).where(documents.c.id == victim).values(reference="another deal")
        )
        (document,) = store_documents.load(connection, "main", [victim])
        renamed: dict[str, str] = {}
        log = list(audit.entries(connection, "main"))
        while True:  # until no entry names a hash that has been replaced
            before = dict(renamed)
            heads: dict[str, str] = {}
            for row in log:
                payload = dict(row.payload)
                if row.document_id == victim and "content" in payload:
                    paths = [tuple(path) for path in payload["personal"].get("paths", ())]
                    payload |= said_of(document, paths)
                if payload.get("previous_issue"):
                    payload["previous_issue"] = renamed.get(
                        payload["previous_issue"], payload["previous_issue"]
                    )
                made = row._replace(
                    payload=payload, text=encode(payload), previous_hash=heads.get(row.document_id, ""), hash=""
                )
                heads[row.document_id] = renamed[row.hash] = audit.entry_hash(made)
                place = (
                    audit_log.c.document_id == row.document_id,
                    audit_log.c.version == row.version,
                )
                values = {
                    "payload": payload,
                    "previous_hash": made.previous_hash,
                    "hash": heads[row.document_id],
                }
                connection.execute(update(audit_log).where(*place).values(values))
            if renamed == before:
                break
        for old, new in renamed.items():
            for column in (documents.c.audit_hash, sequences.c.last_hash, seal_members.c.hash):
                connection.execute(
                    update(column.table).where(column == old).values({column.name: new})
                )
        previous = ""
        for one in store_seals.every(connection, "main"):
            members = [
                m
                for _, group in store_seals.members_by_seal(connection, "main", one.number)
                for m in group
            ]
            again = store_seals.digested(replace(one, previous_hash=previous), members)
            values = {"previous_hash": previous, "hash": again.hash}
            connection.execute(update(seals).where(seals.c.number == one.number).values(values))
            previous = again.hash


def test_an_invoice_forged_with_all_hashes_worked_out_again_is_told_by_the_seal_that_was_kept(
    kept: Any,
) -> None:
    app, (first, second, third) = kept
    forge(app, "FA2026-00002")
    assert faults(app) == []  # nothing inside the database can tell: all of it says the same
    assert told(app, first) == []
    assert told(app, first, second, third) == [
        f"seal {n} of main: the database has another hash under its number: what was recorded after seal 1, which "
        "holds, and up to it was rewritten"
        for n in (2, 3)
    ]


def test_a_kept_seal_does_not_hold_when_what_it_covers_does_not(kept: Any) -> None:
    app, (first, second, third) = kept
    changed = select(documents.c.id).where(documents.c.number == "FA2026-00002").scalar_subquery()
    write(
        app,
        update(audit_log)
        .where(audit_log.c.document_id == changed, audit_log.c.version == 1)
        .values(hash="0" * 64),
    )
    report = app.verify(against=[first, second, third])
    assert [one.what for one in report.against] == [
        "every audit entry up to it is as it was sealed",
        "it is in the database, but what seal 2 covers does not hold",
        "it is in the database, but what seal 2 covers does not hold",
    ]


def test_an_entry_altered_under_its_hash_is_no_proof_either(kept: Any) -> None:
    """The seal covers hashes; that an entry still says what its hash was made of is part of the answer."""
    app, (first, second, third) = kept
    changed = select(documents.c.id).where(documents.c.number == "FA2026-00002").scalar_subquery()
    write(
        app,
        update(audit_log)
        .where(audit_log.c.document_id == changed, audit_log.c.version == 1)
        .values(actor="eve"),
    )
    assert [one.holds for one in app.verify(against=[first, second, third]).against] == [
        True,
        False,
        False,
    ]


def test_a_seal_of_another_company_is_refused(kept: Any) -> None:
    app, (first, *_) = kept
    with pytest.raises(
        InputError, match="^seal 1 of other is none of main; open the company that it names$"
    ):
        app.verify(against=[replace(first, company="other")])


# -- several at once ----------------------------------------------------------------------------------


def test_seals_made_at_once_cover_each_entry_once(app: Sphinx) -> None:
    for _ in range(4):
        issue_invoice(app)
    results = at_once(*[app.seal] * 8)
    made = [one for one in results if one is not None]
    assert raised(results) == []
    assert [one.entries for one in made] == [app.verify().entries]
    assert faults(app) == []


def test_seals_made_while_others_work_never_fail_and_leave_no_gap(app: Sphinx) -> None:
    """Ten at once are more than a unit of work is tried again: each waits for its turn."""
    kept: list[Seal] = []
    for _ in range(3):
        results = at_once(*[app.seal] * 5, *[lambda: issue_invoice(app)] * 3, *[app.seal] * 5)
        assert raised(results) == []
        kept += [one for one in results if isinstance(one, Seal)]
    kept += [one for one in [app.seal()] if one is not None]
    assert sorted(one.number for one in kept) == list(range(1, len(kept) + 1))
    report = app.verify(against=kept)
    assert (report.faults, report.unsealed) == ((), 0)
    assert sum(one.entries for one in kept) == report.entries


# -- mail ---------------------------------------------------------------------------------------------


def test_a_seal_to_be_mailed_waits_in_the_outbox_of_the_same_unit_of_work(app: Sphinx) -> None:
    sealed = app.seal(mail="audit@example.org")
    assert sealed is not None
    with app.engine.connect() as connection:
        row = connection.execute(select(outbox)).one()
    assert (row.kind, row.document_id, row.state, row.payload["to"]) == (
        "mail",
        None,
        "queued",
        "audit@example.org",
    )
    assert Seal.read(row.payload["attachments"][0][2]) == sealed
    assert row.payload["body"].startswith(str(sealed))
    again = app.seal()
    assert again is not None
    assert again.entries == 1  # that the mail was queued
    assert app.seal() is None
    assert count_rows(app)["outbox"] == 1


def test_a_wrong_address_is_refused_and_nothing_sealed(app: Sphinx) -> None:
    with pytest.raises(InputError, match="^'nobody' is no mail address$"):
        app.seal(mail="nobody")
    assert app.sealed() is None


def test_a_chain_of_documents_is_covered(app: Sphinx) -> None:
    chain(app)
    sealed = seal(app)
    write(app, update(document_lines).values(quantity=D(7)))
    report = app.verify(against=[sealed])
    assert not report.ok
