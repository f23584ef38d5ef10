"""Lists of any length in statements: one parameter on both databases, whatever is named."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import literal, select

from sphinx_lib import Sphinx
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import equipment, item_codes, master, stock, stock_journal, stock_values
from sphinx_lib.store.among import among
from sphinx_lib.store.audit_log import entries as audit_entries
from sphinx_lib.store.entries import of_documents
from sphinx_lib.store.references import Reference, with_references
from sphinx_lib.store.tables import document_lines, documents, stock_moves
from tests.store.support import ALICE, chain, goods, statements

MANY = 70_000
"""More than the 32,766 parameters of a statement on SQLite, and the 65,535 on PostgreSQL."""


@pytest.fixture
def chained(app: Sphinx) -> tuple[Sphinx, dict[str, str]]:
    with app.session(actor=ALICE) as s:
        s.put("item", [goods("OIL", tracking="lot", barcode="3770000000017")])
        s.adjust_stock("OIL", 3, lot="L1")
    return app, chain(app)


def ids(app: Sphinx, *known: str) -> list[str]:
    return [*(app.new_id() for _ in range(MANY)), *known]


def codes(*known: str) -> list[str]:
    return [*(f"NO-{n}" for n in range(MANY)), *known]


def test_every_reader_takes_more_names_than_a_statement_has_parameters(chained: tuple[Sphinx, dict[str, str]]) -> None:
    app, made = chained
    many, named = ids(app, *made.values()), codes("VIS-1", "OIL")
    day = date(2026, 3, 2)
    with app.engine.connect() as connection, statements(app.engine) as seen:
        asked: tuple[Any, ...] = (connection, app.company)
        assert {one.id for one in store_documents.load(*asked, many)} == set(made.values())
        assert store_documents.made_from(*asked, many)
        assert store_documents.allocations_of(*asked, many) == []
        assert set(store_documents.ids_where(*asked, {"id": many})) == set(made.values())
        assert {row.document_id for row in audit_entries(*asked, many)} == set(made.values())
        assert {row.document_id for row in of_documents(*asked, many)} == {made["invoice"]}
        assert set(master.load_items(*asked, named)) == {"VIS-1", "OIL"}
        assert set(master.load_parties(*asked, codes("ACME"))) == {"ACME"}
        assert set(master.load_outstanding(*asked, codes("ACME"))[0]) == {"ACME"}
        assert set(master.stored(*asked, "item", named)) == {"VIS-1", "OIL"}
        assert master.load_prices(*asked, named, codes(), ["base"], {}) == []
        assert [one.lot for one in stock.places_of(*asked, named)] == ["L1"]
        assert stock.held_of_lots(*asked, {("OIL", "L1"), *((one, one) for one in codes())}) == {("OIL", "L1"): 3}
        assert {item for item, _ in stock.stock_of(*asked, named).balances} == {"VIS-1", "OIL"}
        assert {one.item for one in stock.on_hand(*asked, "main", named)} == {"VIS-1", "OIL"}
        assert set(stock_values.worth_of(*asked, named)) == {"VIS-1", "OIL"}
        assert {one.item for one in stock_journal.stored(*asked, day, None, named)} == {"VIS-1", "OIL"}
        assert {one[0] for one in stock_journal.at_day(*asked, day, None, named)} == {"VIS-1", "OIL"}
        assert stock.moved_by(*asked, many)
        assert equipment.of_serials(*asked, {("OIL", one) for one in codes()}) == []
        assert {one.code for one in item_codes.find(*asked, codes("3770000000017"))} == {"OIL"}
        assert with_references(*asked, [Reference("invoice", "ACME", one) for one in codes()]) == []
    assert max(len(parameters or ()) for _, parameters in seen) < 20


def test_short_lists_are_named_one_by_one_and_long_ones_are_one_parameter(app: Sphinx) -> None:
    with app.engine.connect() as connection, statements(app.engine) as seen:
        for count in (1, 1000, 1001):
            master.load_items(connection, app.company, [f"NO-{n}" for n in range(count)])
    assert [len(parameters) for _, parameters in seen] == [2, 1001, 2]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (documents.c.id, None), (documents.c.date, date(2026, 3, 2)), (documents.c.number, "it's \"é\" \\ , {}"),
        (documents.c.total_net, Decimal("-12.34")), (document_lines.c.stocked, True), (documents.c.version, 7),
        (stock_moves.c.quantity, Decimal("0.000001")),
    ],
    ids=str,
)
def test_values_of_every_kind_are_found_in_a_list(app: Sphinx, column: Any, value: Any) -> None:
    value = app.new_id() if value is None else value
    with app.engine.connect() as connection:
        inner = select(literal(value, column.type).label("one")).subquery()
        found = connection.execute(select(inner.c.one).where(among(inner.c.one, [value] * 1001)))
        assert [row[0] for row in found] == [value]
        assert connection.execute(select(inner.c.one).where(among(inner.c.one, []))).all() == []
