"""Requests to several suppliers as they are stored: prices kept, statements, what verify says (S11)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from sphinx_lib import Sphinx
from sphinx_lib.kernel.errors import InputError, NotFound
from sphinx_lib.store import master as store_master
from tests.store.support import ALICE, document, faults, lines, open_shop, overlay, statements

D = Decimal
KEEPS = """
pricing:
  schema:
    quoted_price: {before: base, kind: price, when: "false", missing: zero, access: {s: {key: [supplier, item]}}}
document_types:
  supplier_quotation:
    events: {choose: {effects: {keep_prices: {step: quoted_price, valid_to: valid_to}}}}
"""


def asked(app: Sphinx, suppliers: int, count: int) -> tuple[str, list[str]]:
    """A request of ``count`` lines that so many suppliers answered, the first of them at the lowest prices."""
    codes = [f"S{n}" for n in range(suppliers)]
    with app.session(actor=ALICE) as s:
        s.put("supplier", [{"code": code, "name": code} for code in codes])
        rfq = s.create("rfq", lines=lines(count))
        made = [one.id for one in s.derive(rfq.id, "supplier_quotation", parties=codes).documents]
        s.fire(rfq.id, "send")
        for n, one in enumerate(made):
            s.edit(one, lines={place: {"unit_price": D(n + 1), "valid_to": "2026-06-30"} for place in range(1, count + 1)})
            s.fire(one, "answer")
    return rfq.id, made


def test_the_choice_keeps_one_record_a_line_where_an_overlay_says_so(tmp_path: Path) -> None:
    app = open_shop("sqlite://", config=["base", overlay(tmp_path, KEEPS)])
    _, (first, _) = asked(app, 2, 2)
    with app.session(actor=ALICE) as s:
        s.fire(first, "choose")
    with app.reader() as views:
        unit, items = views.unit, ["VIS-1", "VIS-2"]
        found = store_master.load_prices(unit.connection, app.company, items, [], ["quoted_price"], {})
    kept = [(one.step, one.supplier, one.item, one.value, one.currency, str(one.valid_to)) for one in found]
    assert sorted(kept) == [
        ("quoted_price", "S0", (item,), D(1), "EUR", "2026-06-30") for item in ("VIS-1", "VIS-2")
    ]
    assert faults(app) == []
    app.engine.dispose()


def test_a_comparison_takes_the_same_statements_whatever_is_asked(database_url: str) -> None:
    app = open_shop(database_url, items=30)
    counts = []
    for suppliers, count in ((2, 2), (6, 30)):
        rfq, _ = asked(app, suppliers, count)
        with app.reader() as views, statements(app.engine) as seen:
            found = views.comparison(rfq)
        assert (len(found.lines), len(found.suppliers), found.best_net) == (count, suppliers, D(5) * count)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 7
    app.engine.dispose()


def test_a_request_is_one_unit_with_its_answers_and_explains_itself(app: Sphinx) -> None:
    rfq, (first, second) = asked(app, 2, 1)
    with app.session(actor=ALICE) as s:
        s.fire(first, "choose")
    assert faults(app) == []
    assert (document(app, rfq).state, document(app, second).state) == ("awarded", "declined")
    assert document(app, rfq).lines[0].done("asked") == 5


def test_suppliers_named_twice_or_unknown_are_all_told_and_nothing_is_made(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        s.put("supplier", [{"code": "S0", "name": "S0"}])
        rfq = s.create("rfq", lines=lines(1))
        with pytest.raises(InputError, match="S0 stands there 2 times"):
            s.derive(rfq.id, "supplier_quotation", parties=["S0", "S0"])
        with pytest.raises(InputError, match="unknown party 'S9'"):
            s.derive(rfq.id, "supplier_quotation", parties=["S9"])
        with pytest.raises(InputError, match="leave parties out"):
            s.derive(s.fire(s.create("sales_order", customer="ACME", lines=lines(1)).id, "confirm").id, "proforma", parties=["S0"])
    with app.reader() as views:
        assert views.ids(type="supplier_quotation") == []


def test_a_request_of_nothing_that_exists_is_not_found(app: Sphinx) -> None:
    with app.reader() as views, pytest.raises(NotFound):
        views.comparison("0" * 32)


def test_lines_ordered_of_several_hold_on_both_sides_and_take_the_same_statements_however_many(database_url: str) -> None:
    app = open_shop(database_url, items=30)
    counts = []
    for count in (2, 30):
        rfq, answers = asked(app, 2, count)
        sides = [document(app, one) for one in answers]
        quantities = {sides[n % 2].lines[n].id: D(5) for n in range(count)}
        with statements(app.engine) as seen, app.session(actor=ALICE) as s:
            orders = s.derive(answers, "purchase_order", quantities=quantities).documents
        counts.append(len(seen))
        assert [(one.party, len(one.lines)) for one in orders] == [("S0", count // 2), ("S1", count // 2)]
        assert document(app, rfq).state == "awarded"
        assert faults(app) == []
        with app.session(actor=ALICE) as s:
            for one in orders:
                s.fire(one.id, "confirm")
            s.fire(orders[0].id, "cancel")
        assert [line.done("awarded") for line in document(app, rfq).lines] == [0, 5] * (count // 2)
        assert document(app, rfq).state == "sent"
        assert faults(app) == []
    assert counts[0] == counts[1]
    app.engine.dispose()
