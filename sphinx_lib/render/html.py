"""Documents as HTML: Jinja templates of the host or of this library, in a sandbox, over the ``Page`` of a view.

A template sees ``page``, ``view``, ``document``, ``company``, ``logo``, ``stylesheet``, the ``picks`` of a picking list,
the ``weights`` of its goods, the function ``t`` of the ``labels`` section and the formats ``money``, ``figure``,
``number``, ``percent`` and ``day``. It cannot reach Python, everything it prints is escaped, and what it
may do is counted.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from decimal import DecimalException
from functools import lru_cache
from mimetypes import guess_type
from pathlib import Path
from types import TracebackType
from typing import Any

from jinja2 import TemplateError
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError
from markupsafe import Markup

from sphinx_lib.app.views import DocumentView
from sphinx_lib.kernel.errors import RenderError
from sphinx_lib.kernel.names import refuse_text
from sphinx_lib.pack.load import shipped
from sphinx_lib.render.budget import Budget
from sphinx_lib.render.folders import TemplateFolders
from sphinx_lib.render.page import Page
from sphinx_lib.render.picking import picks_of, weights_of
from sphinx_lib.render.sandbox import Lent, Sandbox

STYLESHEET = "css/document.css"
_FAULTS = (
    TemplateError, RenderError, ArithmeticError, AttributeError, LookupError, RecursionError, SyntaxError, TypeError,
    ValueError,
)  # fmt: skip
"""What a template can raise by what it says; a bug of ours in what it calls is told there too, with its cause."""


def render_html(
    view: DocumentView, language: str | None = None, *, templates: Sequence[str | Path] = (), styled: bool = True
) -> str:
    """The page of a document, in ``language`` or its own, by the template that its type names (S19).

    ``templates`` are the host's folders; the shipped ones come after, and are ``shipped/…`` to one that overrides
    them. ``styled`` puts the stylesheet inside. Raises RenderError, which says where the template is wrong or does more
    than a page may (``budget``).
    """
    if language is not None and language != view.document.language:
        view = view.in_language(language)
    name = view.type.template
    if name is None:
        raise RenderError(f"a {view.document.type} has no template", type=view.document.type)
    folders = folders_of(templates)
    style = source_of(folders, STYLESHEET)[0] if styled else ""
    values, budget = _context(Page(view), folders, style), Budget(len(view.document.lines))
    with lender(folders).lent() as environment:
        try:
            return environment.page(environment.get_template(name), budget, values)
        except _FAULTS as error:
            raise RenderError(f"{_place(error, name, environment)}: {_told(error)}", template=name) from error


def folders_of(templates: Sequence[str | Path]) -> tuple[Path, ...]:
    """The host's folders, then the shipped one."""
    refuse_text(templates=templates)
    return (*(Path(folder) for folder in templates), shipped("templates"))


@lru_cache(maxsize=16)
def lender(folders: tuple[Path, ...]) -> Lent:
    """The sandboxes over ``folders``, kept since they hold the compiled templates."""
    return Lent(folders)


def source_of(folders: tuple[Path, ...], name: str) -> tuple[str, Path]:
    """Text and path of a file beside the templates."""
    file = TemplateFolders(folders).file(name)
    if file is None:
        raise RenderError(f"no file {name!r} in {', '.join(map(str, folders))}", template=name)
    return file.read_text(encoding="utf-8"), file


def _context(page: Page, folders: tuple[Path, ...], style: str) -> dict[str, Any]:
    return {
        "page": page,
        "view": page.view,
        "document": page.document,
        "company": page.model.company,
        "logo": _logo(page.model.company.logo, folders),
        "stylesheet": Markup(style),  # a file of the host or of this library, never text of a user
        "picks": picks_of(page),
        "weights": weights_of(page),
        "t": page.t,
        "money": page.money,
        "figure": page.figure,
        "number": page.number,
        "percent": page.percent,
        "day": page.day,
    }


def _logo(name: str, folders: tuple[Path, ...]) -> str:
    """The company's logo, a file in a template folder, as an address that holds the picture itself."""
    if not name or name.startswith("data:image/"):
        return name
    file = TemplateFolders(folders).file(name)
    if file is not None:
        kind = guess_type(file.name)[0] or "application/octet-stream"
        return f"data:{kind};base64,{b64encode(file.read_bytes()).decode()}"
    raise RenderError(f"company.logo: no file {name!r} in {', '.join(map(str, folders))}", logo=name)


def _told(error: Exception) -> str:
    if isinstance(error, TemplateNotFound):
        return f"no template {error.name!r}"
    if isinstance(error, RecursionError):
        return "macros, blocks or includes call themselves without an end"
    if isinstance(error, DecimalException):
        return "an amount is no number, or larger than any"
    text = error.message if isinstance(error, TemplateError | RenderError) else str(error)
    return text or type(error).__name__


def _place(error: Exception, name: str, environment: Sandbox) -> str:
    """File and line in a template, read off the traceback that Jinja rewrites."""
    if isinstance(error, TemplateSyntaxError):
        said = error.name or error.filename or name  # Jinja's lexer gives the path for a name
        return f"{environment.folders.files.get(said, said)}:{error.lineno}"
    found = name
    step: TracebackType | None = error.__traceback__
    while step is not None:
        file = environment.folders.files.get(step.tb_frame.f_code.co_filename)
        if file is not None:
            found = f"{file}:{step.tb_lineno}"
        step = step.tb_next
    return found
