"""verify() recomputes what is stored from what it was made of, and names everything that was altered (architecture 4.7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from sphinx_lib import Sphinx
from sphinx_lib.store.tables import (
    accounting_entries,
    allocations,
    audit_log,
    document_lines,
    documents,
    items,
    metadata,
    seal_members,
    seals,
    sequences,
    stock_balances,
    stock_moves,
)
from tests.store.support import ALICE, D, chain, faults, goods, issue_invoice, open_shop, overlay

TEMPLATE_MADE = "2020-01-01T00:00:00+00:00"
"""When the configuration was taken up in the template of the databases on PostgreSQL, which is in the log too."""


@pytest.fixture
def busy() -> tuple[Sphinx, dict[str, str]]:
    """A busy day on SQLite in memory."""
    return busy_day(open_shop("sqlite://"))


@pytest.fixture
def busy_on_both(app: Sphinx) -> tuple[Sphinx, dict[str, str]]:
    """A busy day on each database."""
    return busy_day(app)


def busy_day(app: Sphinx) -> tuple[Sphinx, dict[str, str]]:
    """A chain, a paid invoice, a credited one, a bounced payment, edits and changed master data."""
    made = chain(app, 2)
    with app.session(actor=ALICE) as s:
        made["paid"] = s.pay("ACME", "50.00").id
        draft = s.create("quotation", customer="ACME", lines=[{"item": "VIS-1", "quantity": "1.5"}], foot_discount="2.50")
        s.edit(draft.id, lines={1: {"quantity": "2.250"}}, reference="their 42")
        s.edit(draft.id, foot_discount="3")
        s.put("item", [goods("VIS-1", sale_price="12.3400")])
        made["draft"] = draft.id
    app.clock.at += timedelta(days=1)  # type: ignore[attr-defined]
    made["second"] = issue_invoice(app, quantity="3.500").id
    with app.session(actor=ALICE) as s:
        credit = s.derive(made["second"], "credit_note", quantities={1: 1}).documents[0]
        s.fire(credit.id, "issue")
        bounced = s.pay("ACME", "10.00")
        s.fire(bounced.id, "reject", ask={"reason": "no funds"})
    made |= {"credit": credit.id, "bounced": bounced.id}
    assert faults(app) == []
    return app, made


def write(app: Sphinx, *statements: Any) -> None:
    with app.engine.begin() as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount


def of(table: Any, document_id: str) -> Any:
    column = table.c.document_id if "document_id" in table.c else table.c.id
    return column == document_id


def test_a_busy_day_verifies_and_stays_so_after_a_seal(busy_on_both: Any) -> None:
    app, _ = busy_on_both
    report = app.verify()
    assert report.ok
    assert report.unsealed == report.entries > 20
    assert report.unsealed_since.isoformat() in ("2026-03-02T08:00:00+00:00", TEMPLATE_MADE)
    sealed = app.seal()
    assert sealed.entries == report.entries
    assert app.seal() is None
    assert app.sealed() == app.sealed(1) == sealed
    assert app.sealed(2) is None
    issue_invoice(app)
    later = app.verify()
    assert later.ok
    assert 0 < later.unsealed == later.entries - report.entries
    assert later.unsealed_since.isoformat() == "2026-03-03T08:00:00+00:00"


def test_numbers_and_dates_given_as_facts_verify(tmp_path: Any) -> None:
    """What an event asks for is written to the log as text; the chain must hold when it is read back."""
    text = "document_types:\n  quotation:\n    events:\n      accept: {ask: {weight: {type: number}, day: {type: date}}}\n"
    app = open_shop("sqlite://", config=["base", overlay(tmp_path, text)])
    with app.session(actor=ALICE) as s:
        made = s.create("quotation", customer="ACME", lines=[{"item": "VIS-1", "quantity": 1}])
        s.fire(made.id, "send")
        asked = {"channel": "mail", "person": "Mme D.", "weight": "12.500", "day": "2026-03-04"}
        s.fire(made.id, "accept", ask=asked)
    assert faults(app) == []


def test_an_altered_audit_entry_is_named(busy_on_both: Any) -> None:
    app, made = busy_on_both
    changed = update(audit_log).where(of(audit_log, made["order"]), audit_log.c.version == 2).values(actor="mallory")
    write(app, changed)
    assert faults(app) == ["sales_order BC2026-00001: audit entry 2 (confirm) was altered"]


def test_an_audit_entry_altered_with_its_hash_breaks_the_chain_after_it(busy: Any) -> None:
    app, made = busy
    changed = update(audit_log).where(of(audit_log, made["order"]), audit_log.c.version == 1).values(hash="0" * 64)
    write(app, changed)
    assert faults(app) == [
        "sales_order BC2026-00001: audit entry 1 (derive) was altered",
        "sales_order BC2026-00001: audit entry 2: the entry before it is missing or changed",
    ]


@pytest.mark.parametrize("column", ["total_net", "net_to_pay", "counterpart_gross", "foot_discount"])
def test_an_altered_amount_of_a_document_is_named(busy: Any, column: str) -> None:
    app, made = busy
    write(app, update(documents).where(of(documents, made["invoice"])).values({column: D("99.99")}))
    assert "invoice FA2026-00001: its content is not what its last audit entry recorded" in faults(app)


@pytest.mark.parametrize(
    "values", [{"quantity": D(4)}, {"unit_price": D("9.99")}, {"text": "gold"}, {"vat": "zero"}, {"source_id": None}]
)
def test_an_altered_line_is_named(busy: Any, values: dict[str, Any]) -> None:
    app, made = busy
    changed = update(document_lines).where(of(document_lines, made["invoice"]), document_lines.c.position == 1)
    write(app, changed.values(values))
    assert "invoice FA2026-00001: its content is not what its last audit entry recorded" in faults(app)


def test_a_line_put_in_or_taken_out_is_named(busy_on_both: Any) -> None:
    app, made = busy_on_both
    write(app, delete(document_lines).where(of(document_lines, made["draft"])))
    said = f"quotation {made['draft']}: its content is not what its last audit entry recorded"
    assert said in faults(app)


def test_an_altered_party_or_number_is_named(busy: Any) -> None:
    app, made = busy
    write(app, update(documents).where(of(documents, made["invoice"])).values(party="ZED", number="FA2026-00009"))
    assert "invoice FA2026-00009: its content is not what its last audit entry recorded" in faults(app)


def test_a_changed_state_is_named(busy: Any) -> None:
    app, made = busy
    write(app, update(documents).where(of(documents, made["second"])).values(state="paid"))
    assert "invoice FA2026-00002: its state is 'paid', the log says 'part_paid'" in faults(app)


def test_a_last_audit_entry_that_is_gone_is_told_by_the_head(busy: Any) -> None:
    app, made = busy
    write(app, delete(audit_log).where(of(audit_log, made["order"]), audit_log.c.version > 1))
    assert "sales_order BC2026-00001: the audit chain ends at entry 1, not at its head" in faults(app)


def test_a_last_audit_entry_taken_out_with_its_head_is_told_by_the_seal(busy: Any) -> None:
    app, made = busy
    app.seal()
    gone = audit_log.c.version == 2
    with app.engine.connect() as connection:
        first = connection.scalar(select(audit_log.c.hash).where(of(audit_log, made["order"]), audit_log.c.version == 1))
    write(
        app,
        delete(audit_log).where(of(audit_log, made["order"]), gone),
        update(documents).where(of(documents, made["order"])).values(audit_hash=first, state="draft", version=1),
    )
    assert "sales_order BC2026-00001: audit entry 2, sealed, is gone" in faults(app)


def erase(app: Sphinx, document_id: str) -> None:
    """A document with all its rows, as somebody with the database's password could."""
    with app.engine.begin() as connection:
        for table in (document_lines, documents, audit_log, stock_moves, accounting_entries, allocations):
            connection.execute(delete(table).where(of(table, document_id)))


def test_a_document_erased_with_all_its_rows_is_told_by_the_seal(busy_on_both: Any) -> None:
    app, made = busy_on_both
    app.seal()
    erase(app, made["draft"])
    assert faults(app) == [f"{made['draft']}: audit entry {n}, sealed, is gone" for n in (1, 2, 3)]


def test_a_document_deleted_without_its_audit_chain_is_named(busy: Any) -> None:
    app, made = busy
    write(app, delete(documents).where(of(documents, made["draft"])))
    assert faults(app) == [
        f"{made['draft']}: there is no such document, and 1 lines of it are there",
        f"{made['draft']}: its audit chain is there, and it is gone",
    ]


@pytest.mark.parametrize(
    ("victim", "left"),
    [
        ("invoice", "broken after 0 issues; these no longer join on: credit_note FA2026-00003, invoice FA2026-00002"),
        ("credit", "broken after 2 issues"),
    ],
)
def test_a_fiscal_document_erased_with_all_its_rows_is_told_by_its_series(busy: Any, victim: str, left: str) -> None:
    """Without any seal: the first of the series, and the last one."""
    app, made = busy
    erase(app, made[victim])
    assert f"series invoice 2026: {left}" in faults(app)


def test_a_series_set_back_is_named(busy: Any) -> None:
    app, _ = busy
    write(app, update(sequences).where(sequences.c.name == "invoice").values(last=2))
    assert faults(app) == [
        "series invoice 2026: 2 numbers were given, 3 issues are found",
        "series invoice 2026: its last is 2, the log says 3",
    ]


def test_a_seal_altered_or_taken_out_is_named(busy: Any) -> None:
    app, made = busy
    app.seal()
    issue_invoice(app)
    app.seal()
    write(app, update(seals).where(seals.c.number == 1).values(hash="0" * 64))
    assert faults(app) == ["seal 1: the seal does not hold", "seal 2: the seal does not hold"]
    write(app, delete(seals).where(seals.c.number == 2))
    assert "seal 2: it is gone, its entries are still there" in faults(app)
    write(app, delete(seal_members).where(of(seal_members, made["order"])))
    assert "seal 1: the seal does not hold" in faults(app)


@pytest.mark.parametrize("level", ["physical", "reserved", "on_order"])
def test_a_changed_stock_balance_is_named(busy: Any, level: str) -> None:
    app, _ = busy
    with app.engine.connect() as connection:
        was = D(connection.scalar(select(stock_balances.c[level]).where(stock_balances.c.item == "VIS-1")))
    write(app, update(stock_balances).where(stock_balances.c.item == "VIS-1").values({level: D(7)}))
    assert faults(app) == [f"stock VIS-1 in main: {level} is 7, its moves say {was.normalize():f}"]


def test_a_stock_move_taken_out_is_named(busy: Any) -> None:
    app, made = busy
    write(app, delete(stock_moves).where(of(stock_moves, made["note"]), stock_moves.c.item == "VIS-2"))
    assert faults(app) == [
        "stock moves of delivery_note BL2026-00001: the journal is not what the audit log recorded",
        "stock VIS-2 in main: physical is 995, its moves say 1000",
        "stock value of VIS-2: quantity is 995, its moves say 1000",
        "stock value of VIS-2: value is 5970, its moves say 6000",
    ]


def test_a_changed_balance_of_an_invoice_is_named(busy_on_both: Any) -> None:
    """The log keeps it from write to write, and it follows from the allocations."""
    app, made = busy_on_both
    write(app, update(documents).where(of(documents, made["invoice"])).values(balance=D("1")))
    assert faults(app) == [
        "invoice FA2026-00001: its balance is 1, the log says 70",
        "invoice FA2026-00001: its exposure is 70.00, its lines say 1.00",
        "invoice FA2026-00001: its open balance is 1, its allocations say 70",
    ]


def test_an_allocation_taken_out_is_named_at_both_ends(busy: Any) -> None:
    app, made = busy
    write(app, delete(allocations).where(allocations.c.payment_id == made["paid"]))
    assert sorted(faults(app))[1:] == [
        "invoice FA2026-00001: its open balance is 70, its allocations say 120",
        "payment RG2026-00001: its open balance is 0, its allocations say 50",
    ]


def test_a_changed_progress_of_a_line_is_named(busy: Any) -> None:
    """How much was delivered of an order follows from its notes."""
    app, made = busy
    changed = update(document_lines).where(of(document_lines, made["order"]), document_lines.c.position == 1)
    write(app, changed.values(progress={"delivered": ["4", "0", "40"], "invoiced": ["5", "0", "50"]}))
    assert faults(app) == [
        "sales_order BC2026-00001: its delivery_status is full, its lines say part",
        "sales_order BC2026-00001: line 1: delivered is 4, its documents say 5",
    ]


def test_an_altered_master_record_is_named(busy_on_both: Any) -> None:
    app, _ = busy_on_both
    write(app, update(items).where(items.c.code == "VIS-1").values(data={"code": "VIS-1", "name": {"": "x"}}))
    assert faults(app) == ["item VIS-1: it is not what its last audit entry recorded"]


def test_a_master_record_slipped_in_is_named(busy: Any) -> None:
    app, _ = busy
    with app.engine.begin() as connection:
        row = dict(connection.execute(select(items).where(items.c.code == "VIS-1")).mappings().one())
        connection.execute(insert(items), row | {"code": "VIS-X", "id": "0" * 32})
    assert faults(app) == ["item VIS-X: the whole audit chain is missing"]


def test_the_audit_log_is_only_ever_added_to(app: Sphinx) -> None:
    """Every entry that was there is there unchanged after more work."""

    def log() -> set[tuple[Any, ...]]:
        with app.engine.connect() as connection:
            return {(row.document_id, row.version, row.hash) for row in connection.execute(select(audit_log))}

    chain(app)
    before = log()
    chain(app)
    assert before < log()


def test_every_table_has_a_company_first_in_each_key_and_index() -> None:
    for table in metadata.sorted_tables:
        assert next(iter(table.primary_key.columns)).name == "company_id"
        for index in table.indexes:
            assert next(iter(index.columns)).name == "company_id", index.name
