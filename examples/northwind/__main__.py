"""``python -m examples.northwind --out DIR``: the replay on a fresh SQLite file, its figures, its time and memory."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from sphinx_lib import SphinxError

from .replay import Progress, Result, replay, silent

DATABASE = "northwind.sqlite"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the replay as the command line says; 0 when the books hold, 1 when not, 2 when it could not run."""
    options = _options(arguments)
    database: Path = options.out / DATABASE
    if database.exists() and not options.again:
        print(f"{database} holds a replay already; name another folder, or add --again to begin anew", file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    started = time.perf_counter()
    try:
        result = replay(f"sqlite:///{database}", options.out, until=options.until, progress=_progress())
    except SphinxError as error:
        print(f"northwind: {error}", file=sys.stderr)
        return 2
    _report(result, database, time.perf_counter() - started)
    return 0 if result.report.ok else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.northwind", description=__doc__)
    folder = Path("demo-output/northwind")
    parser.add_argument("--out", type=Path, default=folder, help="folder of the database and the files")
    parser.add_argument("--until", type=date.fromisoformat, help="stop after this day, such as 2024-12-31")
    parser.add_argument("--again", action="store_true", help="replace the database of an earlier replay")
    return parser.parse_args(arguments)


def _progress() -> Progress:
    """A line that moves on a terminal; nothing where the output goes to a file."""
    if not sys.stderr.isatty():
        return silent

    def show(day: date, done: int, total: int) -> None:
        end = "\r\x1b[K" if done == total else ""
        print(f"\r{day}  {100 * done // total:3} %{end}", end="", file=sys.stderr, flush=True)

    return show


def _report(result: Result, database: Path, seconds: float) -> None:
    found, report = result.figures, result.report
    order_lines, delivered_lines = f"{found.order_lines:,} lines", f"{found.delivered_lines:,} lines"
    rows = (
        ("orders", found.orders, order_lines, found.ordered_net, f"{found.ordered_unrounded:,.4f} before rounding"),
        ("deliveries", found.deliveries, delivered_lines, found.delivered_net,
         f"{found.delivered_in_france:,.2f} of it in France"),
        ("invoices", found.invoices, "", found.invoiced_net, ""),
        ("receipts", found.receipts, f"{found.received_lines:,} lines", found.received_net,
         f"{found.stock_value:,.2f} in stock at the end"),
    )  # fmt: skip
    for name, number, lines, net, note in rows:
        print(f"{name:10} {number:>5}  {lines:>11}  {net:>13,.2f} EUR net   {note}".rstrip())
    for fault in report.faults:
        print(f"FAULT      {fault}")
    if report.ok:
        print(f"verify     {report.documents:,} documents and {report.entries:,} audit entries hold")
    for path in (*result.files, database):
        print(f"written    {path}")
    print(f"{seconds:.1f} s, {peak_memory_mb()} MB of memory at most")


def peak_memory_mb() -> int:
    """The most memory that this program has held.

    Linux tells it in /proc; ``getrusage`` there also counts the larger process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines() if ":" in line)
        return int(lines["VmHWM"].split()[0]) // 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 * 1024) if sys.platform == "darwin" else peak // 1024


if __name__ == "__main__":
    sys.exit(main())
