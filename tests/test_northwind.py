"""A real wholesaler's two years, replayed: known answers of the source, read back from the tables and the FEC files.

The answers are those of the data itself (each line rounded half up): nothing the replay counted is asked.
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from accounting_fr.fec_check import check_fec
from sqlalchemy import ColumnElement, Executable, func, select
from stdnum.eu import vat as eu_vat

from examples.northwind.__main__ import main
from examples.northwind.figures import figures
from examples.northwind.replay import MovableClock, open_company, replay
from examples.northwind.source import DATA
from sphinx_lib import InputError, Sphinx
from sphinx_lib.store.tables import document_lines, documents, parties, stock_balances, stock_moves, stock_values

ROOT = Path(__file__).parent.parent
YEARS = (2024, 2025, 2026)
MOST_MEMORY_MB = 300


class Replayed(NamedTuple):
    """The company after the replay, the folder of its files, and what the command printed."""

    app: Sphinx
    folder: Path
    printed: str


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replayed]:
    """The replay as a reader runs it, in a process of its own so that its memory is its own."""
    folder = tmp_path_factory.mktemp("northwind")
    command = [sys.executable, "-m", "examples.northwind", "--out", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""  # no progress where nobody watches
    app = open_company(f"sqlite:///{folder / 'northwind.sqlite'}", MovableClock(date(2026, 6, 1)))
    yield Replayed(app, folder, done.stdout)
    app.engine.dispose()


def _rows(app: Sphinx, statement: Executable) -> list[Any]:
    with app.engine.connect() as connection:
        return list(connection.execute(statement))


def _net(app: Sphinx, type: str, *where: ColumnElement[bool]) -> tuple[int, Decimal]:
    """How many documents of a type there are, and the sum of their net."""
    statement = select(func.count(), func.sum(documents.c.total_net)).where(documents.c.type == type, *where)
    ((number, net),) = _rows(app, statement)
    return number, net


def _lines(app: Sphinx, type: str) -> list[Any]:
    of_type = select(documents.c.id).where(documents.c.type == type)
    return _rows(app, select(document_lines).where(document_lines.c.document_id.in_(of_type)))


def test_orders_add_up_to_the_known_net(replayed: Replayed) -> None:
    """830 orders with 2,155 lines; rounding each line half up (N2, N6) gives 0.2505 more than rounding none."""
    assert _net(replayed.app, "sales_order") == (830, Decimal("1265793.29"))
    lines = _lines(replayed.app, "sales_order")
    assert len(lines) == 2155
    assert sum(line.price_quantity * line.unit_price for line in lines) == Decimal("1265793.0395")
    assert sum(line.net for line in lines) == Decimal("1265793.29")


def test_each_order_keeps_the_number_day_and_net_of_the_source(replayed: Replayed) -> None:
    expected: dict[str, Decimal] = {}
    with (DATA / "order-details.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            exact = Decimal(row["unit_price"]) * Decimal(row["quantity"]) * (1 - Decimal(row["discount"]))
            cents = int(100 * exact + Decimal("0.5"))  # half up, for amounts above zero
            expected[row["order_id"]] = expected.get(row["order_id"], Decimal(0)) + Decimal(cents) / 100
    with (DATA / "orders.csv").open(encoding="utf-8") as file:
        days = {row["order_id"]: row["order_date"] for row in csv.DictReader(file)}
    statement = select(documents.c.reference, documents.c.date, documents.c.total_net).where(
        documents.c.type == "sales_order"
    )
    found = {row.reference: row for row in _rows(replayed.app, statement)}
    assert {one: row.total_net for one, row in found.items()} == expected
    assert {one: f"{row.date.year - 28}-{row.date:%m-%d}" for one, row in found.items()} == days
    moved = [(row.date, row.date.replace(year=row.date.year - 28)) for row in found.values()]
    assert all(now.weekday() == then.weekday() for now, then in moved)


def test_deliveries_add_up_to_the_known_net(replayed: Replayed) -> None:
    assert _net(replayed.app, "delivery_note") == (809, Decimal("1239855.85"))
    assert len(_lines(replayed.app, "delivery_note")) == 2082
    french = documents.c.party_facts["country"].as_string() == "FR"
    assert _net(replayed.app, "delivery_note", french)[1] == Decimal("80529.58")


def test_an_order_is_closed_when_all_is_delivered_and_invoiced(replayed: Replayed) -> None:
    statement = (
        select(documents.c.state, func.count())
        .where(documents.c.type == "sales_order")
        .group_by(documents.c.state)
        .order_by(documents.c.state)
    )
    assert [tuple(row) for row in _rows(replayed.app, statement)] == [("closed", 809), ("confirmed", 21)]
    assert _net(replayed.app, "delivery_note", documents.c.state != "invoiced")[0] == 0


def test_one_invoice_per_customer_and_month_of_shipping_holds_all_that_was_delivered(replayed: Replayed) -> None:
    """IG1: 628 pairs of customer and month; the invoices' net is the deliveries' net."""
    assert _net(replayed.app, "invoice") == (628, Decimal("1239855.85"))
    statement = select(documents.c.type, documents.c.party, documents.c.date, documents.c.total_net).where(
        documents.c.type.in_(["invoice", "delivery_note"])
    )
    by_month: dict[str, dict[Any, Decimal]] = {"invoice": {}, "delivery_note": {}}
    for row in _rows(replayed.app, statement):
        months = by_month[row.type]
        key = (row.party, row.date.year, row.date.month)
        months[key] = months.get(key, Decimal(0)) + row.total_net
    assert by_month["invoice"] == by_month["delivery_note"]
    assert len(by_month["invoice"]) == 628


def test_invoice_numbers_follow_each_other_without_gap_in_each_year(replayed: Replayed) -> None:
    """NU1."""
    statement = select(documents.c.number, documents.c.date).where(documents.c.type == "invoice")
    issued = sorted((row.number, row.date) for row in _rows(replayed.app, statement))
    for year in YEARS:
        of_year = [(number, day) for number, day in issued if day.year == year]
        assert [number for number, _ in of_year] == [
            f"CDN-F{year % 100}-{place:04}" for place in range(1, len(of_year) + 1)
        ]
        assert [day for _, day in of_year] == sorted(day for _, day in of_year)


def test_vat_is_due_in_france_only(replayed: Replayed) -> None:
    """VA1, VA4: a regime for each country; the French invoices' VAT is that of their bases at 20 % and 5.5 %."""
    country = documents.c.party_facts["country"].as_string()
    statement = select(country.label("country"), documents.c.regime, documents.c.total_vat, documents.c.vat)
    invoices = _rows(replayed.app, statement.where(documents.c.type == "invoice"))
    seen: dict[str, set[str]] = {}
    for row in invoices:
        seen.setdefault(row.regime, set()).add(row.country)
        assert bool(row.total_vat) == (row.regime == "domestic")
    assert seen == {
        "domestic": {"FR"},
        "intra_eu": {"AT", "BE", "DE", "DK", "ES", "FI", "IE", "IT", "PL", "PT", "SE"},
        "export": {"AR", "BR", "CA", "CH", "GB", "MX", "NO", "US", "VE"},
    }
    bases = sum(Decimal(amount[3]) for row in invoices if row.regime == "domestic" for amount in row.vat)
    assert bases == Decimal("80529.58")
    assert {Decimal(amount[1]) for row in invoices for amount in row.vat} == {Decimal(0), Decimal("5.5"), Decimal(20)}


def test_every_customer_in_the_union_has_a_vat_number_that_checks(replayed: Replayed) -> None:
    numbers = [
        (row.data.get("country", "FR"), row.data.get("vat_number", ""))
        for row in _rows(replayed.app, select(parties.c.data).where(parties.c.customer))
    ]
    assert len(numbers) == 91
    in_union = [(country, number) for country, number in numbers if number]
    assert all(number.startswith(country) and eu_vat.is_valid(number) for country, number in in_union)
    assert len(in_union) == len({number for _, number in in_union}) == 44


def test_stock_is_the_opening_and_what_came_in_less_what_was_delivered(replayed: Replayed) -> None:
    """Item by item, and never below zero on the way: what was short was bought before it left."""
    with (DATA / "products.csv").open(encoding="utf-8", newline="") as file:
        stock = {f"NW-{int(row['product_id']):02}": Decimal(row["units_in_stock"]) for row in csv.DictReader(file)}
    for line in _lines(replayed.app, "goods_receipt"):
        stock[line.item] += line.quantity
    for line in _lines(replayed.app, "delivery_note"):
        stock[line.item] -= line.quantity
    held = {row.item: row.physical for row in _rows(replayed.app, select(stock_balances))}
    assert held == stock
    physical: dict[str, Decimal] = defaultdict(Decimal)
    moves = select(stock_moves).where(stock_moves.c.level == "physical").order_by(stock_moves.c.recorded_at, stock_moves.c.id)
    for move in _rows(replayed.app, moves):
        physical[move.item] += move.quantity
        assert physical[move.item] >= 0, (move.item, move.date)


def test_orders_to_suppliers_were_received_and_the_rest_is_still_to_come(replayed: Replayed) -> None:
    ordered, received = defaultdict(Decimal), defaultdict(Decimal)  # type: ignore[var-annotated]
    for line in _lines(replayed.app, "purchase_order"):
        ordered[line.item] += line.quantity
    for line in _lines(replayed.app, "goods_receipt"):
        received[line.item] += line.quantity
    on_order = {row.item: row.on_order for row in _rows(replayed.app, select(stock_balances))}
    assert {item: ordered[item] - received[item] for item in on_order} == on_order
    with replayed.app.reader() as views:
        assert views.stock_value().total == sum((row.value for row in _rows(replayed.app, select(stock_values))), Decimal(0))


def test_the_books_verify(replayed: Replayed) -> None:
    report = replayed.app.verify()
    assert report.faults == ()
    with replayed.app.reader() as views:
        bought = len(views.ids(type="purchase_order")) + len(views.ids(type="goods_receipt"))
    assert report.documents == 830 + 830 + 809 + 628 + bought
    assert report.unsealed == 0


def test_one_fec_file_per_year_passes_the_independent_checker(replayed: Replayed) -> None:
    """LPF A47 A-1: no error and no warning; the debits are the gross of all invoices."""
    names = sorted(path.name for path in replayed.folder.glob("*FEC*"))
    assert names == [f"123456782FEC{year}1231.txt" for year in YEARS]
    debits = Decimal(0)
    for year, name in zip(YEARS, names, strict=True):
        checked = check_fec((replayed.folder / name).read_bytes(), name, date(year, 1, 1), date(year, 12, 31))
        assert (checked.errors, checked.warnings) == ([], [])
        assert checked.stats["total_debit"] == checked.stats["total_credit"]
        debits += Decimal(checked.stats["total_debit"])
    ((gross,),) = _rows(replayed.app, select(func.sum(documents.c.total_gross)).where(documents.c.type == "invoice"))
    assert debits == gross


def test_the_command_prints_the_figures_its_time_and_its_memory(replayed: Replayed) -> None:
    found = figures(replayed.app)
    for text in (
        "1,265,793.29", "1,265,793.0395", "1,239,855.85", "80,529.58", "2,155 lines", "2,082 lines",
        " 830 ", " 809 ", " 628 ",
    ):  # fmt: skip
        assert text in replayed.printed
    assert found.ordered_unrounded == Decimal("1265793.0395")
    assert (found.delivered_in_france, found.invoices) == (Decimal("80529.58"), 628)
    memory = re.search(r"(\d+) MB of memory", replayed.printed)
    assert memory is not None
    assert int(memory[1]) < MOST_MEMORY_MB


def test_a_second_replay_into_the_same_database_is_refused(replayed: Replayed) -> None:
    with pytest.raises(InputError, match="there is a company in this database"):
        replay(str(replayed.app.engine.url), replayed.folder)


def test_a_replay_that_ends_before_the_first_order_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2024-07-03 is before the first order"):
        replay(f"sqlite:///{tmp_path / 'northwind.sqlite'}", tmp_path, until=date(2024, 7, 3))


def test_progress_tells_each_day_once(tmp_path: Path) -> None:
    """Until 10 July 1996 the source has orders on five days; goods leave on the last of them."""
    told: list[tuple[date, int, int]] = []
    url = f"sqlite:///{tmp_path / 'northwind.sqlite'}"
    result = replay(url, tmp_path, until=date(2024, 7, 10), progress=lambda *one: told.append(one))
    assert told == [(date(2024, 7, day), done, 5) for done, day in enumerate((4, 5, 8, 9, 10), 1)]
    assert (result.figures.orders, result.figures.deliveries, result.figures.invoices) == (6, 1, 0)
    assert result.report.ok
    assert result.files == ()


def test_the_command_begins_anew_only_when_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--out", str(tmp_path), "--until", "2024-07-05"]
    assert main(arguments) == 0
    assert main(arguments) == 2
    assert "holds a replay already" in capsys.readouterr().err
    assert main([*arguments, "--again"]) == 0
