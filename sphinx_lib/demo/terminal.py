"""The demo on a terminal: the story with a bar below it, then tables; plain lines where there is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from shlex import quote
from shutil import which

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from sphinx_lib.demo.data import OVERLAY
from sphinx_lib.demo.figures import Earned, Figures
from sphinx_lib.demo.run import DATABASE, DemoResult, run_demo
from sphinx_lib.demo.story import MARCH
from sphinx_lib.demo.wording import money, plain

PLAIN_WIDTH = 100  # of a pipe or a file, which have none


def show(out: Path, *, pdf: bool = True) -> DemoResult:
    """Play the month into ``out``, tell it line by line, and end with the figures and where the files are."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=PLAIN_WIDTH)
    console.print("Outillage Martin, a small French company, sells and hires out tools: March 2026.\n", soft_wrap=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("days", total=len(MARCH))
        result = run_demo(
            out,
            pdf=pdf,
            echo=lambda line: console.print(Text(line, "" if line.startswith(" ") else "bold"), soft_wrap=True),
            progress=lambda done, all_: bar.update(task, completed=done, total=all_),
        )
    for table in _tables(result.figures):
        console.print()
        console.print(table)
    console.print()
    for line in _ending(result):
        console.print(line, soft_wrap=True)
    return result


def _table(title: str, first: str, *numbers: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_edge=False)
    table.add_column(first)
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _tables(figures: Figures) -> Iterable[Table]:
    made = _table("What was made", "documents", "number", "EUR without VAT")
    for kind in figures.made:
        label = f"{kind.label} (with VAT)" if kind.type == "payment" else kind.label
        made.add_row(label, str(kind.documents), _euros(kind.total))
    yield made
    owed = _table("What customers owe", "customer", "EUR with VAT", "in their currency")
    for one in figures.owed:
        foreign = money(one.in_currency, one.currency) if one.currency != "EUR" else ""
        owed.add_row(one.name, _euros(one.balance), foreign)
    yield owed
    orders = _table("What is still to be delivered", "order")
    orders.add_column("customer")
    orders.add_column("left")
    for order in figures.orders:
        orders.add_row(order.number, order.name, ", ".join(_left(*line) for line in order.left))
    yield orders
    margin = _table(
        "Margin on what was invoiced, less credit notes", "customer", "sales", "cost", "margin", "% of sales"
    )
    for customer in figures.earned:
        margin.add_row(*_earned(customer, customer.name))
    margin.add_section()
    margin.add_row(*_earned(figures.total, "all customers"), style="bold")
    yield margin


def _left(text: str, quantity: Decimal, unit: str) -> str:
    return f"{plain(quantity)} {text}" + ("" if unit == "unit" else f" ({unit})")


def _earned(one: Earned, name: str) -> tuple[str, ...]:
    rate = "" if one.rate is None else f"{one.rate:.1f}"
    return name, _euros(one.sales), _euros(one.cost), _euros(one.margin), rate


def _euros(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _ending(result: DemoResult) -> Iterable[str]:
    report, fec = result.report, result.fec
    if report.ok:
        yield f"Verified: {report.documents} records, {report.entries} log entries, all numbers and stock levels hold."
    for fault in report.faults:
        yield f"NOT VERIFIED: {fault.where}: {fault.what}"
    yield f"Accounting file: {fec.lines} lines, debit {_euros(fec.debit)}, credit {_euros(fec.credit)}."
    if result.no_pdf:
        yield f"No PDFs, and {result.letters_waiting} letters wait for them: {result.no_pdf}"
    yield f"Done in {result.seconds:.1f} seconds.\n"
    yield "To look at:"
    for folder, what in (("pdf", "documents"), ("mails", "mails, as files for a mail program"), ("letters", "letters")):
        if result.files[folder]:
            yield f"  {result.out / folder}/  {result.files[folder]} {what}"
    yield f"  {result.out / fec.name}  FEC, the file that French tax auditors ask for"
    at = f"--database {quote(f'sqlite:///{result.out / DATABASE}')} --config {quote(str(result.out / OVERLAY))}"
    yield "To go on with:"
    yield f"  {_program()} price VIS-5X50 --quantity 2000 --customer DURAND --date 2026-03-02 {at}"
    yield f"  {_program()} verify {at}"


def _program() -> str:
    """The command as it can be typed here: its path when it was called by one and is not on the search path."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "sphinx-lib" and which("sphinx-lib") is None else "sphinx-lib"
