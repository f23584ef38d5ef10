"""Runs all benchmarks, or those named: ``python -m benchmarks chain threads growth prices stock large northwind imports``.

Numbers are sizes of ``large``: ``python -m benchmarks large 1000 100000``.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Thread

from benchmarks import databases, large, prices, stock
from benchmarks.chain import BareCore, Measured, chain, measure, prepare
from sphinx_lib import Sphinx

WARM_UP, TIMES = 10, 60
DATABASES = {"SQLite file": databases.sqlite, "PostgreSQL": databases.postgresql}


def opened(url: str) -> Sphinx:
    """A migrated database with something to sell."""
    app = Sphinx.open(database_url=url)
    app.migrate()
    prepare(app, 200)
    return app


def bench_chain() -> None:
    """One chain of six durable units of work, beside the same rows by bare Core."""
    print("\nquotation → order → delivery → invoice, 10 lines, six durable transactions")
    for name, make in DATABASES.items():
        _chain_on(name, make())


def _chain_on(name: str, database: AbstractContextManager[str | None]) -> None:
    with database as url:
        if url is None:
            return
        app = opened(url)
        invoice = chain(app)
        bare = BareCore(app, invoice)
        for _ in range(WARM_UP):
            chain(app)
            bare()
        ours, theirs = _alternating(app, bare)
        print(
            f"  {name:<12} {ours.statements:.0f} statements, {ours.wall:.1f} ms ({1000 / ours.wall:.0f} chains/s), "
            f"CPU {ours.cpu:.1f} ms; bare Core {theirs.statements:.0f} statements, CPU {theirs.cpu:.1f} ms: "
            f"{ours.cpu / theirs.cpu:.2f} times"
        )
        app.engine.dispose()


def _alternating(app: Sphinx, bare: BareCore) -> tuple[Measured, Measured]:
    """Both measured in turns, so that what else the machine does falls on both; the quietest turn of each counts."""
    turns = [(measure(app, lambda: chain(app), TIMES // 6), measure(app, bare, TIMES // 6)) for _ in range(6)]
    return min((turn[0] for turn in turns), key=lambda one: one.cpu), min(
        (turn[1] for turn in turns), key=lambda one: one.cpu
    )


def bench_threads() -> None:
    """Eight threads on PostgreSQL, each unit of two commands, on shared items and series."""
    print("\nPostgreSQL, units of two commands (create and send a quotation of 10 lines), shared items and one series")
    with databases.postgresql() as url:
        if url is None:
            return
        app = opened(url)
        rates = {}
        for threads in (1, 8):
            rates[threads] = _units_per_second(app, threads)
            print(f"  {threads} threads: {rates[threads]:.0f} units/s")
        print(f"  eight threads do {rates[8] / rates[1]:.2f} times one; deadlocks: 0 (one would have stopped this)")
        started = time.perf_counter()
        workers = [Thread(target=lambda k=k: [chain(app, 10, k * 7 + n) for n in range(10)]) for k in range(8)]
        _join(workers)
        print(f"  whole chains by 8 threads: {80 / (time.perf_counter() - started):.0f} chains/s")
        app.engine.dispose()


def _units_per_second(app: Sphinx, threads: int, units: int = 40) -> float:
    def work(worker: int) -> None:
        for number in range(units):
            lines = [{"item": f"ART-{(worker * 3 + number + n) % 200:03}", "quantity": 1} for n in range(10)]
            with app.session() as session:
                quotation = session.create("quotation", customer="ACME", lines=lines)
                session.fire(quotation.id, "send")

    started = time.perf_counter()
    _join([Thread(target=work, args=(worker,)) for worker in range(threads)])
    return threads * units / (time.perf_counter() - started)


def _join(workers: list[Thread]) -> None:
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def bench_growth() -> None:
    """What a chain costs with 100, 1,000 and 10,000 chains already stored."""
    print("\ncost of a chain on a SQLite file that already holds so many (CPU, best of 5 turns)")
    with databases.sqlite() as url:
        app = opened(url)
        stored, first = 0, 0.0
        for size in (100, 1_000, 10_000):
            for number in range(stored, size - 50):
                chain(app, 10, number)
            cost = min(measure(app, lambda: chain(app), 10).cpu for _ in range(5))
            stored, first = size, first or cost
            print(f"  {size:>6} chains: {cost:.1f} ms, {cost / first:.2f} times the first")
        app.engine.dispose()


def bench_northwind() -> None:
    """The Northwind replay in a process of its own, without PDF."""
    print("\nNorthwind: 830 orders quoted, ordered, delivered, invoiced")
    with tempfile.TemporaryDirectory(prefix="sphinx-bench-nw-") as folder:
        started = time.perf_counter()
        command = [sys.executable, "-m", "examples.northwind", "--out", folder]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        seconds = time.perf_counter() - started
    print(f"  {seconds:.1f} s in a process of its own; it says: {told.strip().splitlines()[-1]}")


def bench_imports() -> None:
    """What importing the package costs in a new process."""
    code = "import time; t = time.perf_counter(); import sphinx_lib; print(time.perf_counter() - t)"
    runs = [subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True) for _ in range(5)]
    print(f"\nimport sphinx_lib: {min(float(run.stdout) for run in runs) * 1000:.1f} ms")


BENCHMARKS = {
    "chain": bench_chain,
    "threads": bench_threads,
    "growth": bench_growth,
    "prices": prices.measure,
    "stock": stock.measure,
    "large": large.measure,
    "northwind": bench_northwind,
    "imports": bench_imports,
}


def main() -> None:
    """Run what is named on the command line, or everything."""
    names = [name for name in sys.argv[1:] if not name.isdigit()] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"unknown: {', '.join(unknown)}; known: {', '.join(BENCHMARKS)}")
    print(f"Python {sys.version.split()[0]}, {Path(__file__).parent}")
    for name in names:
        BENCHMARKS[name]()


main()
