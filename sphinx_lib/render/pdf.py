"""Documents as PDF, by WeasyPrint. The only module that touches it, and only when a PDF is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

from sphinx_lib.app.views import DocumentView
from sphinx_lib.kernel.errors import RenderError
from sphinx_lib.kernel.names import refuse_text
from sphinx_lib.render.html import STYLESHEET, folders_of, render_html, source_of

Variant = Literal["pdf/a-3b"]

_PANGO = """\
PDFs need WeasyPrint, and WeasyPrint needs Pango, which is missing here. Install it:
    Debian, Ubuntu   apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
    Fedora           dnf install pango harfbuzz
    macOS            brew install pango"""


class _Engine(NamedTuple):
    """WeasyPrint with what is worth keeping between documents: fonts, the parsed stylesheet, the gate to files."""

    html: Any
    fonts: Any
    stylesheet: Any
    fetcher: Any
    stopped: type[BaseException]


class Renderer:
    """Prints documents with the host's ``templates`` folders before the shipped one. Keep one per process and thread.

    Equal views give equal bytes, and the file carries the document's own date; but where HarfBuzz's subset library
    is missing, WeasyPrint cuts the fonts with fontTools, which writes the time into them.
    ``variant`` makes files fit for archives. Only files of the template folders are read, and nothing is fetched.
    """

    def __init__(self, templates: Sequence[str | Path] = (), variant: Variant | None = None) -> None:
        refuse_text(templates=templates)
        self.templates = tuple(Path(folder) for folder in templates)
        self.variant = variant

    def html(self, view: DocumentView, language: str | None = None) -> str:
        """The page as HTML that stands alone."""
        return render_html(view, language, templates=self.templates)

    def pdf(self, view: DocumentView, language: str | None = None) -> bytes:
        """The document as a PDF file; RenderError when a template, a picture or Pango is missing."""
        engine = self._engine
        page = render_html(view, language, templates=self.templates, styled=False)
        base = folders_of(self.templates)[0].resolve().as_uri() + "/"
        try:
            source = engine.html(string=page, base_url=base, url_fetcher=engine.fetcher)
            made: bytes = source.write_pdf(
                stylesheets=[engine.stylesheet], font_config=engine.fonts, pdf_variant=self.variant
            )
        except engine.stopped as error:
            raise RenderError(str(error)) from error
        return made

    @cached_property
    def _engine(self) -> _Engine:
        try:
            import weasyprint
            from weasyprint.text.fonts import FontConfiguration
            from weasyprint.urls import FatalURLFetchingError
        except OSError as error:
            raise RenderError(f"{_PANGO}\n({error})") from error
        folders = folders_of(self.templates)
        fetcher = _gate(folders)
        fonts = FontConfiguration()
        text, path = source_of(folders, STYLESHEET)
        base = path.parent.resolve().as_uri() + "/"
        try:
            style = weasyprint.CSS(string=text, base_url=base, url_fetcher=fetcher, font_config=fonts)
        except FatalURLFetchingError as error:
            raise RenderError(str(error)) from error
        return _Engine(weasyprint.HTML, fonts, style, fetcher, FatalURLFetchingError)


def _gate(folders: tuple[Path, ...]) -> Any:
    """A fetcher that opens files below ``folders`` and pictures inside the page, and stops at all else."""
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    allowed = [folder.resolve() for folder in folders]

    class Gate(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> Any:
            parts = urlsplit(url)
            if parts.scheme == "file":
                file = Path(url2pathname(parts.path)).resolve()
                if parts.netloc not in ("", "localhost"):
                    raise FatalURLFetchingError(f"{url}: a document is printed without the network; use a file")
                if not any(file.is_relative_to(folder) for folder in allowed):
                    raise FatalURLFetchingError(f"{file} is in no template folder, so a document may not read it")
                if not file.is_file():
                    raise FatalURLFetchingError(f"no file {file}")
                url = file.as_uri()  # what was checked is what is opened
            elif parts.scheme != "data":
                raise FatalURLFetchingError(f"{url}: a document is printed without the network; use a file")
            return super().fetch(url, headers)

    return Gate()
