"""Year-end rebates in the database: few statements, one credit whatever runs at once, and what one database must hold (D3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from sphinx_lib import InputError, Sphinx
from sphinx_lib.kernel.ports import Actor
from sphinx_lib.store.rebates import sales_between
from tests.store.support import ALICE, D, FixedClock, at_once, faults, open_shop, overlay, raised, statements

BOB = Actor("bob")
GOLD = """\
billing:
  rebates:
    gold:
      label: {fr: Ristourne, en: Rebate}
      mode: whole_amount
      bands: [[10000, 2], [50000, 3]]
"""


@pytest.fixture
def golden(database_url: str, tmp_path: Path) -> Iterator[Sphinx]:
    """A shop with a rebate, on the last day of 2026."""
    clock = FixedClock(datetime(2026, 12, 31, 8, tzinfo=UTC))
    app = open_shop(database_url, clock=clock, config=["base", overlay(tmp_path, GOLD)])
    yield app
    app.engine.dispose()


def sell(app: Sphinx, *customers: str, price: Any = 60000) -> None:
    with app.session(actor=ALICE) as s:
        s.put("customer", [{"code": code, "name": code, "country": "FR"} for code in customers])
        for code in customers:
            line = {"text": "Machine", "quantity": 1, "unit_price": price, "vat": "standard"}
            s.fire(s.create("invoice", customer=code, lines=[line]).id, "issue")


def credited(app: Sphinx) -> dict[str, Any]:
    """What rebates were issued, by customer."""
    with app.reader() as views:
        found = [one.document for one in views.documents(views.ids(type="credit_note", kind="rebate_note"))]
    totals: dict[str, Any] = {}
    for one in found:
        totals[one.party or ""] = totals.get(one.party or "", D(0)) + one.total_net
    return totals


def test_rebates_of_thirty_customers_take_the_statements_of_one(golden: Sphinx) -> None:
    sell(golden, "FIRST")
    golden.run("rebates", actor=BOB)  # from here on there are credit notes to be read
    found = []
    for count in (1, 30):
        sell(golden, *(f"C{count}-{n:02}" for n in range(count)))
        with statements(golden.engine) as seen:
            report = golden.run("rebates", actor=BOB)
        assert len(report.made) == count
        found.append(len(seen))
    assert found[0] == found[1]
    assert faults(golden) == []


def test_the_sales_of_a_period_are_found_by_type_state_and_date(file_app: Sphinx) -> None:
    with statements(file_app.engine) as seen, file_app.reader() as views:
        sales_between(views.unit.connection, "main", [("invoice", "", "issued")], date(2026, 1, 1), date(2026, 12, 31))
        (text, parameters) = seen[-1]
        plan = views.unit.connection.exec_driver_sql(f"explain query plan {text}", parameters).all()
    assert "documents_by_state (company_id=? AND type=? AND state=? AND date>? AND date<?)" in plan[0][3]


def test_runs_at_once_credit_each_customer_once_whatever_they_were_asked(golden: Sphinx) -> None:
    customers = [f"C-{n:02}" for n in range(6)]
    sell(golden, *customers)
    runs = [lambda: golden.run("rebates", actor=BOB)] * 3
    alone = [lambda code=code: golden.run("rebates", actor=BOB, customer=code) for code in customers[:3]]
    reports = at_once(*runs, *alone)
    assert raised(reports) == []
    assert sum(len(report.made) for report in reports) == len(customers)
    assert [report.skipped for report in reports] == [[]] * 6
    assert credited(golden) == dict.fromkeys(customers, D(1800))
    assert faults(golden) == []


def test_a_run_that_did_a_part_is_finished_by_the_next(golden: Sphinx) -> None:
    sell(golden, "A", "B", "C")
    assert len(golden.run("rebates", customer="B").made) == 1
    assert len(golden.run("rebates").made) == 2
    assert credited(golden) == dict.fromkeys("ABC", D(1800))


def test_what_a_dry_run_proposes_is_what_a_run_makes_and_it_writes_nothing(golden: Sphinx) -> None:
    sell(golden, "A", "B")
    proposed = golden.run("rebates", dry_run=True).proposed
    assert [(one.party, one.type, one.total_net, one.total_gross, one.sources) for one in proposed] == [
        (code, "rebate_note", D(1800), D(2160), ("gold 2026",)) for code in "AB"
    ]
    assert credited(golden) == {}
    made = golden.run("rebates").made
    with golden.reader() as views:
        assert [views.document(one).document.total_gross for one in made] == [one.total_gross for one in proposed]


def test_unknown_names_are_told_with_the_nearest(golden: Sphinx) -> None:
    for options, told in (
        ({"customer": "ACNE"}, "unknown party 'ACNE'; did you mean 'ACME'?"),
        ({"rebate": "glod"}, "unknown rebate 'glod'; did you mean 'gold'?"),
        ({"until": "2026-12-31"}, "run rebates: unknown option 'until'"),
        ({"period": "2026-13"}, "period: '2026-13' is no period; write a year as 2026"),
    ):
        with pytest.raises(InputError, match=told.replace("?", r"\?")):
            golden.run("rebates", **options)


def test_without_any_rebate_a_run_says_so(database_url: str) -> None:
    app = open_shop(database_url)
    (told,) = app.run("rebates").skipped
    assert told == ("rebates", "none is declared in billing.rebates")
    app.engine.dispose()
