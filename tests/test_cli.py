"""The command line: thin, with messages that say where and what, and exit codes."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sphinx_lib import Sphinx
from sphinx_lib.app.registry import specs
from sphinx_lib.kernel.errors import Undeliverable
from sphinx_lib.kernel.ports import QueuedMessage
from sphinx_lib.pack.load import load_pack

ROOT = Path(__file__).parents[1]


def sphinx_lib(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, as a person runs it."""
    command = [sys.executable, "-c", "from sphinx_lib.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def shop(tmp_path: Path) -> str:
    """A database with an accepted quotation, a delivery and an issued invoice."""
    url = f"sqlite:///{tmp_path / 'shop.sqlite'}"
    app = Sphinx.open(database_url=url)
    app.migrate()
    with app.session() as session:
        session.put("customer", [{"code": "ACME", "name": "ACME SAS", "discount": 10}])
        session.put("item", [{"code": "VIS", "name": "Vis", "sale_price": "10.00", "cost": "6"}])
        session.adjust_stock("VIS", 100)
        quotation = session.create("quotation", customer="ACME", lines=[{"item": "VIS", "quantity": 5}])
        session.fire(quotation.id, "send")
        session.fire(quotation.id, "accept", ask={"channel": "phone", "person": "Mme Durand"})
        session.derive(quotation.id)
    app.engine.dispose()
    return url


def test_check_accepts_the_shipped_configuration() -> None:
    done = sphinx_lib("check")
    assert done.returncode == 0
    assert done.stdout.startswith("ok: ")
    assert " document types, " in done.stdout
    assert ", 0 warnings, " in done.stdout


def test_check_tells_every_finding_and_exits_with_2(tmp_path: Path) -> None:
    (tmp_path / "overlay.yaml").write_text("document_types: {quotation: {events: {send: {to: snt}}}}\nnumbring: {}\n")
    done = sphinx_lib("check", tmp_path)
    assert done.returncode == 2
    assert "numbring: unknown key 'numbring'\n    hint: did you mean 'numbering'?" in done.stderr


def test_check_tells_of_a_stored_scale_where_less_costs_more(shop: str) -> None:
    """PX4, from the database."""
    app = Sphinx.open(database_url=shop)
    with app.session() as session:
        rows = [["1", "10.00"], ["50", "9.20"], ["100", "8.50"]]
        session.put("price", [{"code": "p", "step": "base", "item": "VIS", "rows": rows}])
    app.engine.dispose()
    told = sphinx_lib("check", "--database", shop).stdout.splitlines()
    assert told[0] == "warning: price p: a smaller quantity costs more: 47 to 49 cost more than 50, 93 to 99 cost more than 100"


def test_check_names_a_folder_that_is_not_there(tmp_path: Path) -> None:
    done = sphinx_lib("check", tmp_path / "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr


def test_explain_prints_the_origin_of_every_line(tmp_path: Path) -> None:
    (tmp_path / "overlay.yaml").write_text("numbering: {quotation: {reset: never, pattern: 'DEV-{SEQ:04}'}}\n")
    done = sphinx_lib("explain", "numbering.quotation", "--config", tmp_path)
    origins = {line.split(":")[0]: line.rpartition("#")[2].strip() for line in done.stdout.splitlines()}
    assert origins["reset"].endswith("overlay.yaml:1"), done.stdout + done.stderr
    assert origins["gaps"] == "config/numbering.yaml:3"


def test_explain_names_the_nearest_key() -> None:
    done = sphinx_lib("explain", "document_types.quotaton")
    assert done.returncode == 1
    assert "did you mean 'quotation'?" in done.stderr


def test_graph_draws_events_and_consequences() -> None:
    drawn = sphinx_lib("graph", "sales_order").stdout
    assert drawn.startswith("stateDiagram-v2\n")
    assert "    draft --> confirmed : confirm" in drawn
    assert "        stock reserved = to_deliver" in drawn


def test_schema_tells_what_commands_take() -> None:
    schema = json.loads(sphinx_lib("schema", "commands").stdout)
    assert "lines" in schema["properties"]["session.create"]["properties"]


def test_schema_knows_every_section() -> None:
    schema = json.loads(sphinx_lib("schema").stdout)
    model = load_pack(["base"], specs()).model
    assert set(schema["properties"]) == {info.alias or name for name, info in type(model).model_fields.items()}


def price(shop: str, *options: str) -> subprocess.CompletedProcess[str]:
    return sphinx_lib("price", "VIS", "--customer", "ACME", "--quantity", "3", "--database", shop, *options)


def test_price_prints_what_the_line_comes_to(shop: str) -> None:
    assert price(shop).stdout == "3 unit at 9 EUR: 27.00 EUR\n"
    assert price(shop, "--language", "fr").stdout == "3 unit à 9 EUR : 27.00 EUR\n"


def test_price_explains_itself_in_rows_that_add_up_to_the_last(shop: str) -> None:
    done = price(shop, "--explain")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "Base price         item VIS (catalogue)            10  10",
        "Customer discount  customer ACME (customer)  10 %  -1   9",
        "Net unit price                                      9      EUR",
    ]
    assert price(shop, "--explain", "--language", "fr").stdout.splitlines()[-1].startswith("Prix unitaire net")


def test_price_gives_json_to_hosts(shop: str) -> None:
    found = json.loads(price(shop, "--json", "--explain", "--date", "2026-03-02").stdout)
    assert (found["unit_price"], found["net"], found["stock"]["available"], found["margin"]) == ("9", "27.00", "95", "9.00")
    assert [row["amount"] for row in found["why"]] == ["10", "-1", "9"]
    assert "why" not in json.loads(price(shop, "--json").stdout)


def test_price_tells_everything_that_is_wrong(shop: str) -> None:
    done = sphinx_lib("price", "VISS", "--customer", "ACNE", "--database", shop)
    assert done.returncode == 1
    assert done.stderr == "unknown party 'ACNE'; did you mean 'ACME'?\nunknown item 'VISS'; did you mean 'VIS'?\n"


def test_a_dry_run_changes_nothing_and_a_run_invoices(shop: str) -> None:
    first = sphinx_lib("run", "invoicing", "--database", shop, "--dry-run", "--until", "2099-12-31")
    assert "would make invoice for ACME" in first.stdout
    done = sphinx_lib("run", "invoicing", "--database", shop, "--until", "2099-12-31")
    assert "invoicing: 1 made, 0 proposed, 0 skipped" in done.stdout
    again = sphinx_lib("run", "invoicing", "--database", shop, "--until", "2099-12-31")
    assert "invoicing: 0 made, 0 proposed, 0 skipped" in again.stdout


def test_verify_and_seal(shop: str) -> None:
    before = sphinx_lib("verify", "--database", shop)
    assert before.returncode == 0
    assert "0 faults" in before.stdout
    assert "entries sealed" in sphinx_lib("seal", "--database", shop).stdout
    assert "0 unsealed" in sphinx_lib("verify", "--database", shop).stdout


def test_db_upgrade_makes_the_schema(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.sqlite'}"
    assert sphinx_lib("db", "upgrade", "--database", url).stdout == "up to date\n"
    assert sphinx_lib("db", "upgrade", "--database", url).returncode == 0
    assert sphinx_lib("verify", "--database", url).returncode == 0


def test_a_wrong_date_is_told(shop: str) -> None:
    done = sphinx_lib("run", "invoicing", "--database", shop, "--until", "31/03/2026")
    assert done.returncode == 1
    assert "'31/03/2026' is not an ISO date" in done.stderr


def test_stock_tells_quantities_values_and_moves(shop: str) -> None:
    database = ("--database", shop)
    assert sphinx_lib("stock", *database).stdout == (
        "VIS in main: physical 95, reserved 0, available 95, on order 0, worth 570.00 at 6\n"
    )
    assert sphinx_lib("stock", "VIS", "--at", "2020-01-01", *database).stdout == "worth 0 EUR at the end of 2020-01-01\n"
    moves = sphinx_lib("stock", "VIS", "--moves", "--limit", "1", "--first", "1", *database).stdout
    assert "main physical -5 = 95, value -30.00 (delivery_note BL" in moves


def test_stock_names_the_nearest_item_and_asks_for_one(shop: str) -> None:
    wrong, nothing = sphinx_lib("stock", "VISS", "--database", shop), sphinx_lib("stock", "--moves", "--database", shop)
    assert (wrong.returncode, wrong.stderr) == (1, "unknown item 'VISS'; did you mean 'VIS'?\n")
    assert (nothing.returncode, nothing.stderr) == (1, "--moves: name the item whose moves you ask for\n")


READING = {
    "check": ["check"],
    "price": ["price", "VIS"],
    "stock": ["stock"],
    "run": ["run", "invoicing"],
    "export": ["export", "fec", "--from", "2026-01-01", "--to", "2026-12-31"],
    "render": ["render", "invoice", "1"],
    "send": ["send", "--letters", "letters"],
    "verify": ["verify"],
    "seal": ["seal"],
    "rates load": ["rates", "load", "--currency", "USD", "--from", "2026-01-01"],
    "rates list": ["rates", "list", "--from", "2026-01-01", "--to", "2026-12-31"],
}


@pytest.mark.parametrize("command", READING)
def test_a_database_that_is_not_there_is_told_and_not_made(tmp_path: Path, command: str) -> None:
    done = sphinx_lib(*READING[command], "--database", "sqlite:///shpo.sqlite", cwd=tmp_path)
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert done.stderr.splitlines() == [
        "there is no file shpo.sqlite; mend the path, or make it: sphinx-lib db upgrade --database sqlite:///shpo.sqlite"
    ]


def test_a_database_of_another_program_and_no_database_at_all_are_told_and_left_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "empty.sqlite").touch()
    (tmp_path / "text.sqlite").write_text("a letter to somebody, and no database\n" * 99)
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("create table notes (text)")
    before = {one: one.read_bytes() for one in tmp_path.iterdir()}
    for name, told in {
        "sqlite:///empty.sqlite": "sqlite:///empty.sqlite holds no tables of sphinx_lib; ",
        "sqlite:///other.sqlite": "sqlite:///other.sqlite holds no tables of sphinx_lib but those of another program (notes); ",
        "sqlite:///text.sqlite": "this is no database of sphinx_lib (file is not a database); ",
        "shop.sqlite": "'shop.sqlite' is no database URL ",
        "sqlite:///.": ". is no file; ",
    }.items():
        done = sphinx_lib("stock", "--database", name, cwd=tmp_path)
        assert (done.returncode, done.stderr.startswith(told), done.stderr.count("\n")) == (2, True, 1), done.stderr
    assert {one: one.read_bytes() for one in tmp_path.iterdir()} == before


def test_stock_names_the_nearest_warehouse_and_knows_a_place_with_goods(shop: str) -> None:
    app = Sphinx.open(database_url=shop)
    with app.session() as session:
        session.adjust_stock("VIS", 1, warehouse="lyon")
    app.engine.dispose()
    wrong = sphinx_lib("stock", "--warehouse", "lyoon", "--database", shop)
    assert (wrong.returncode, wrong.stderr) == (1, "unknown warehouse 'lyoon'; did you mean 'lyon'?\n")
    assert sphinx_lib("stock", "--warehouse", "lyon", "--database", shop).stdout.startswith("VIS in lyon: physical 1,")


def test_messages_that_did_not_go_out_are_listed_shown_and_tried_again(shop: str) -> None:
    with Sphinx.open(database_url=shop).reader() as views:
        (row,) = views.outbox()
    listed = sphinx_lib("outbox", "list", "--database", shop).stdout
    assert listed == f"{row.id} {row.created_at:%Y-%m-%d %H:%M} queued {row.title}\n"
    refused = sphinx_lib("outbox", "retry", row.id, "--database", shop)
    assert (refused.returncode, refused.stderr) == (1, f"{row.title} waits already; the next run sends it\n")
    would = sphinx_lib("run", "outbox", "--dry-run", "--database", shop)
    assert would.stdout == "outbox: 1 made, 0 proposed, 0 skipped\n"
    kill(shop)
    assert sphinx_lib("outbox", "list", "--state", "queued", "--database", shop).stdout == ""
    listed = sphinx_lib("outbox", "list", "--document", row.document_id or "", "--limit", "1", "--database", shop).stdout
    assert listed.endswith(f" dead after 1 {row.title}: no such mailbox\n")
    shown = sphinx_lib("outbox", "show", row.id, "--database", shop).stdout
    assert "state: dead\n" in shown
    assert "last_error: no such mailbox\n" in shown
    assert "message: quotation_sent\n" in shown
    assert sphinx_lib("outbox", "retry", "--all-dead", "--database", shop).stdout == "outbox: 1 wait again\n"
    neither = sphinx_lib("outbox", "retry", "--database", shop)
    assert neither.stderr == "outbox retry: name messages, or say --all-dead\n"
    assert sphinx_lib("outbox", "show", "7", "--database", shop).returncode == 1


def kill(shop: str) -> None:
    """Let every message be refused for good."""

    def refuse(row: QueuedMessage) -> str:
        raise Undeliverable("no such mailbox")

    app = Sphinx.open(database_url=shop)
    assert len(app.run("outbox", sender=refuse).dead) == 1
    app.engine.dispose()
