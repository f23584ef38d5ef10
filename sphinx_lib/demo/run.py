"""Playing the month into a folder: database, PDFs, mails, letters, accounting file, and the figures at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from random import Random
from time import perf_counter

from sphinx_lib.app.sphinx import Sphinx
from sphinx_lib.app.verify import Report
from sphinx_lib.app.views import DocumentView
from sphinx_lib.demo import data, story
from sphinx_lib.demo.company import MARTIN, Company, MovableClock
from sphinx_lib.demo.figures import Figures, figures
from sphinx_lib.demo.folder import Folder
from sphinx_lib.export.run import ExportedFile, export_file
from sphinx_lib.kernel.errors import RenderError
from sphinx_lib.kernel.file_names import file_name
from sphinx_lib.kernel.ids import Uuid7
from sphinx_lib.kernel.ports import Mail
from sphinx_lib.messages.dispatcher import Dispatcher
from sphinx_lib.pack.load import shipped
from sphinx_lib.render.pdf import Renderer

DATABASE = "demo.sqlite"
Echo = Callable[[str], None]
"""Takes a line of the story; one that is not indented begins a day."""
Progress = Callable[[int, int], None]
"""Called with (days played, all days)."""


@dataclass(frozen=True)
class DemoResult:
    """What a demo made. ``no_pdf`` says why there are no PDFs, and is empty when there are.

    ``files`` counts what is in ``pdf``, ``mails`` and ``letters``; letters need PDFs, and wait where there are none.
    """

    out: Path
    figures: Figures
    fec: ExportedFile
    report: Report
    no_pdf: str
    letters_waiting: int
    files: Mapping[str, int]
    seconds: float


@dataclass
class Printer:
    """Prints each document once, as it is when it is sent, or at the end of its day."""

    folder: Folder
    renderer: Renderer | None
    problem: str = ""
    done: dict[str, bytes] = field(default_factory=dict)

    def pdf(self, view: DocumentView) -> bytes:
        """The file of a document, written to ``pdf/`` the first time."""
        number = view.document.number or view.document.id
        if number not in self.done:
            assert self.renderer is not None
            self.done[number] = self.renderer.pdf(view)
            self.folder.write(f"pdf/{file_name(number)}.pdf", self.done[number])
        return self.done[number]

    def print_new(self, app: Sphinx) -> None:
        """Print all documents with a number that have not been printed; payments have no paper."""
        if self.renderer is None:
            return
        with app.reader() as views:
            found = views.documents(views.ids())
        try:
            for view in found:
                if view.type.template and view.document.number and view.document.number not in self.done:
                    self.pdf(view)
        except RenderError as error:
            self.renderer, self.problem = None, str(error)


@dataclass
class MailFolder:
    """A mailer that sends nothing: each mail becomes a file that a mail program opens."""

    folder: Folder
    clock: MovableClock
    sender: str

    def send(self, mail: Mail) -> None:
        """Write ``mail`` to ``mails/``, named by its subject."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, mail.to, mail.subject
        message["Date"] = format_datetime(self.clock.now())
        message.set_content(mail.body)
        for name, media_type, content in mail.attachments:
            main, _, sub = media_type.partition("/")
            message.add_attachment(content, maintype=main, subtype=sub, filename=name)
        self.folder.write(f"mails/{file_name(mail.subject.replace(' ', '-'))}.eml", message.as_bytes())


def run_demo(
    out: Path, *, pdf: bool = True, echo: Echo = lambda line: None, progress: Progress = lambda done, all_: None
) -> DemoResult:
    """Play March 2026 into the folder ``out``; the same figures and numbers each time.

    Files of an earlier demo are replaced, others are left alone. Without ``pdf``, or where Pango is missing, there
    are no PDFs and no letters; all else is the same. Raises InputError when ``out`` cannot be a folder, or a file that no
    demo made stands where one of this goes.
    """
    started = perf_counter()
    folder = Folder.cleared(out)
    app, clock = _opened(folder)
    printer = Printer(folder, Renderer(app.templates) if pdf else None, "" if pdf else "PDFs were not asked for.")
    company = Company(app, clock, lambda sentence: echo(f"  {sentence}"))
    echo("Opening. Master data and stock are entered.")
    with app.session(actor=MARTIN) as session:
        records = data.enter(session, data.master_data())
    company.tell(", ".join(f"{count} {section}" for section, count in records.items()))
    waiting = 0
    for done, (day, happens) in enumerate(story.MARCH, 1):
        clock.move_to(story.FIRST.replace(day=day))
        echo(f"{clock.now():%A} {day} March. {happens.__doc__ or ''}".strip())
        happens(company)
        printer.print_new(app)
        waiting = _send(app, clock, folder, printer)
        progress(done, len(story.MARCH))
    fec, report, found = _closed(app, folder)
    files = folder.finish()
    return DemoResult(out, found, fec, report, printer.problem, waiting, files, perf_counter() - started)


def _opened(folder: Folder) -> tuple[Sphinx, MovableClock]:
    """The library on a new database, with ids that are the same each time."""
    database, overlay = folder.new(DATABASE), shipped("demo") / data.OVERLAY
    folder.write(data.OVERLAY, overlay.read_bytes())
    clock = MovableClock.at(story.FIRST)
    app = Sphinx.open(
        config=("base", overlay),
        database_url=f"sqlite:///{database}",
        clock=clock,
        ids=Uuid7(lambda: int(clock.now().timestamp()) * 1000, Random(2026).randbytes),
    )
    app.migrate()
    return app, clock


def _send(app: Sphinx, clock: MovableClock, folder: Folder, printer: Printer) -> int:
    """Send what waits in the outbox; returns how much must wait on."""
    mailer = MailFolder(folder, clock, app.pack.model.company.email)
    prints = printer.renderer is not None
    letters = folder.path / "letters" if prints else None
    app.run("outbox", sender=Dispatcher(app, mailer, letters, printer.pdf if prints else None))
    folder.take_over(f"letters/{file_name(number)}.pdf" for number in printer.done)
    with app.reader() as views:
        return len(views.outbox(limit=None))


def _closed(app: Sphinx, folder: Folder) -> tuple[ExportedFile, Report, Figures]:
    """Write the accounting file, seal the log, and check everything."""
    fec = export_file(app, "fec", date(2026, 1, 1), date(2026, 12, 31))
    folder.write(fec.name, fec.content)
    app.seal()
    report = app.verify()
    with app.reader() as views:
        found = figures(views)
    app.engine.dispose()  # SQLite puts all into the one file
    return fec, report, found
