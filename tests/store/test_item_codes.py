"""Items by the names that others give them (CR1): what is written, what is found, and in how many statements."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert, select

from sphinx_lib import Sphinx
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.store import item_codes
from sphinx_lib.store.engine import open_engine
from sphinx_lib.store.schema import migrate
from sphinx_lib.store.tables import item_codes as table
from sphinx_lib.store.tables import items
from tests.store.support import ALICE, document, goods, lines, open_shop, statements


def codes(app: Sphinx) -> list[tuple[str, str, str]]:
    with app.engine.connect() as connection:
        rows = connection.execute(select(table.c.code, table.c.item, table.c.supplier).order_by(*table.c))
        return [tuple(row) for row in rows]


def put_items(app: Sphinx, *rows: dict[str, Any]) -> None:
    with app.session(actor=ALICE) as s:
        s.put("item", rows)


def entered(app: Sphinx, *names: str, customer: str = "ACME", type: str = "quotation", **header: Any) -> list[Any]:
    with app.session(actor=ALICE) as s:
        made = s.create(type, customer=customer, lines=[{"item": name, "quantity": 1} for name in names], **header)
    return list(document(app, made.id).lines)


def test_an_item_is_written_with_its_codes_and_changed_with_them(app: Sphinx) -> None:
    put_items(app, goods("A", barcode="111", supplier_codes={"S1": "X", "S2": "Y"}), goods("B", barcode="222"), goods("C"))
    assert codes(app) == [("111", "A", ""), ("222", "B", ""), ("X", "A", "S1"), ("Y", "A", "S2")]
    put_items(app, goods("A", barcode="333", supplier_codes={"S2": "Y"}), goods("C", barcode="444"))
    assert codes(app) == [("222", "B", ""), ("333", "A", ""), ("444", "C", ""), ("Y", "A", "S2")]
    put_items(app, goods("A"))
    assert codes(app) == [("222", "B", ""), ("444", "C", "")]
    with pytest.raises(InputError, match="unknown item '333'"):
        entered(app, "333")


def test_a_company_does_not_see_the_names_of_another(app: Sphinx) -> None:
    put_items(app, goods("A", barcode="111"))
    with app.session(actor=ALICE) as s:
        assert item_codes.find(s.unit.connection, "other", ["111", "A"], "ACME") == []
        assert [hit.code for hit in item_codes.find(s.unit.connection, s.unit.company, ["111", "A"], "ACME")] == ["A", "A"]


def test_a_purchase_takes_the_codes_of_its_own_supplier_only(app: Sphinx) -> None:
    put_items(app, goods("A", supplier_codes={"S1": "X"}), goods("B", supplier_codes={"S2": "X"}))
    with app.session(actor=ALICE) as s:
        found = item_codes.find(s.unit.connection, s.unit.company, ["X"], supplier="S2")
    assert [(hit.code, hit.level) for hit in found] == [("B", item_codes.SUPPLIER)]


def test_a_reference_without_code_is_one_record_and_its_label_may_change(app: Sphinx) -> None:
    row = {"customer": "ACME", "item": "VIS-1", "reference": "R1", "label": "un"}
    with app.session(actor=ALICE) as s:
        first = s.put("customer_reference", [row])
    with app.session(actor=ALICE) as s:
        assert s.put("customer_reference", [{**row, "label": {"fr": "deux", "en": "two"}}]) == first
        assert s.put("customer_reference", [{**row, "reference": "R2", "valid_to": "2026-03-01"}]) != first
    assert [(line.item, line.text, line.reference) for line in entered(app, "R1")] == [("VIS-1", "deux", "R1")]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"customer": ""}, "customer: "),
        ({"reference": "x" * 61}, "reference: "),
        ({"valid_from": "2026-02-01", "valid_to": "2026-01-01"}, "valid_from 2026-02-01 is after valid_to 2026-01-01"),
        ({"refrence": "R"}, "did you mean 'reference'"),
    ],
)
def test_a_wrong_reference_is_refused_by_row(file_app: Sphinx, change: dict[str, Any], told: str) -> None:
    row = {"customer": "ACME", "item": "VIS-1", "reference": "R1", **change}
    with pytest.raises(InputError, match=told), file_app.session(actor=ALICE) as s:
        s.put("customer_reference", [row])


def test_a_reference_to_an_item_that_is_not_there_is_told_as_such(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        s.put("customer_reference", [{"customer": "ACME", "item": "GONE", "reference": "R1"}])
    with pytest.raises(InputError, match="line 1: 'R1' is the customer's reference of 'GONE', which is no item"):
        entered(app, "R1")


def test_what_a_customer_calls_an_item_follows_the_day(app: Sphinx) -> None:
    rows = [
        {"customer": "ACME", "item": "VIS-1", "reference": "OLD", "valid_to": "2026-02-28"},
        {"customer": "ACME", "item": "VIS-1", "reference": "NEW", "valid_from": "2026-03-01"},
        {"customer": "ACME", "item": "VIS-1", "reference": "ALWAYS"},
    ]
    with app.session(actor=ALICE) as s:
        s.put("customer_reference", rows)
    assert [line.reference for line in entered(app, "VIS-1", "ALWAYS", "NEW")] == ["NEW", "ALWAYS", "NEW"]
    assert [line.reference for line in entered(app, "VIS-1", "ALWAYS", date="2026-02-28")] == ["OLD", "ALWAYS"]


def test_a_draft_keeps_its_names_when_other_things_change(app: Sphinx) -> None:
    """The own code of a line is not looked up again, also where it is a reference of the customer for another item."""
    with app.session(actor=ALICE) as s:
        made = s.create("quotation", customer="ACME", lines=lines(2))
        s.put("customer_reference", [{"customer": "ACME", "item": "VIS-3", "reference": "VIS-1"}])
    with statements(app.engine) as seen, app.session(actor=ALICE) as s:
        edited = s.edit(made.id, lines={1: {"quantity": 7}})
        assert [line.item for line in edited.lines] == ["VIS-1", "VIS-2"]
    assert not [text for text, _ in seen if "customer_references" in text]
    assert [line.item for line in entered(app, "VIS-1")] == ["VIS-3"]


def test_lines_by_reference_take_the_statements_of_lines_by_code(database_url: str) -> None:
    app = open_shop(database_url, items=100)
    with app.session(actor=ALICE) as s:
        rows = [{"customer": "ACME", "item": f"VIS-{n}", "reference": f"R-{n}"} for n in range(1, 101)]
        s.put("customer_reference", rows)
        s.put("customer", [{"code": "ZED", "name": "ZED"}])
    counts = []
    for count, name, customer in ((10, "R", "ACME"), (100, "R", "ACME"), (100, "VIS", "ACME"), (100, "VIS", "ZED")):
        with statements(app.engine) as seen:
            found = entered_only(app, [f"{name}-{n}" for n in range(1, count + 1)], customer)
        assert found == [f"VIS-{n}" for n in range(1, count + 1)]
        counts.append(len(seen))
    assert len(set(counts)) == 1
    app.engine.dispose()


def entered_only(app: Sphinx, names: list[str], customer: str) -> list[str | None]:
    with app.session(actor=ALICE) as s:
        made = s.create("quotation", customer=customer, lines=[{"item": name, "quantity": 1} for name in names])
    return [line.item for line in made.lines]


def test_no_table_is_read_whole_for_a_name(file_app: Sphinx) -> None:
    put_items(file_app, *(goods(f"I-{n}", barcode=str(n)) for n in range(500)))
    with file_app.session(actor=ALICE) as s:
        s.put("customer_reference", [{"customer": "ACME", "item": f"I-{n}", "reference": f"R-{n}"} for n in range(500)])
    with statements(file_app.engine) as seen, file_app.session(actor=ALICE) as s:
        assert len(item_codes.find(s.unit.connection, s.unit.company, ["R-1", "I-2", "3"], "ACME")) == 3
    ((text, parameters),) = seen
    with file_app.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters)]
    tables = ("items", "item_codes", "customer_references")
    assert not [step for step in plan if step.startswith("SCAN") and any(name in step for name in tables)]
    assert {name for name in tables for step in plan if re.match(rf"SEARCH {name}\b", step)} == set(tables)


def test_items_that_were_there_before_the_migration_are_found_by_their_codes(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'old.sqlite'}"
    old = open_engine(url)
    migrate(old, "0002")
    data = {"code": "A", "name": {"": "A"}, "barcode": "111", "supplier_codes": {"S1": "X"}, "sale_price": "10"}
    with old.begin() as connection:
        row = {"company_id": "main", "id": "0" * 32, "version": 1, "audit_hash": "", "family": "", "negative_stock": ""}
        connection.execute(insert(items), [{**row, "code": "A", "data": data}])
    old.dispose()
    app = open_shop(url)
    assert codes(app) == [("111", "A", ""), ("X", "A", "S1")]
    assert [line.item for line in entered(app, "X", "111", date=date(2026, 3, 2))] == ["A", "A"]
    app.engine.dispose()
