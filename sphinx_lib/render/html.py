"""Documents as HTML: Jinja templates of the host or of this library, in a sandbox, over the ``Page`` of a view.

A template sees ``page``, ``view``, ``document``, ``company``, ``logo``, ``stylesheet``, the ``picks`` of a picking list,
the ``weights`` of its goods, the function ``t`` of the ``labels`` section and the formats ``money``, ``figure``,
``number``, ``percent`` and ``day``. It cannot reach Python, and everything it prints is escaped.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from mimetypes import guess_type
from pathlib import Path
from types import TracebackType
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined, TemplateError
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from sphinx_lib.app.views import DocumentView
from sphinx_lib.kernel.errors import RenderError
from sphinx_lib.kernel.names import refuse_text
from sphinx_lib.pack.load import shipped
from sphinx_lib.render.page import Page
from sphinx_lib.render.picking import picks_of, weights_of

STYLESHEET = "css/document.css"


def render_html(
    view: DocumentView, language: str | None = None, *, templates: Sequence[str | Path] = (), styled: bool = True
) -> str:
    """The page of a document, in ``language`` or its own, by the template that its type names (S19).

    ``templates`` are the host's folders; the shipped ones come after, and are ``shipped/…`` to one that overrides
    them. ``styled`` puts the stylesheet inside. Raises RenderError, which says where the template is wrong.
    """
    if language is not None and language != view.document.language:
        view = view.in_language(language)
    name = view.type.template
    if name is None:
        raise RenderError(f"a {view.document.type} has no template", type=view.document.type)
    folders = folders_of(templates)
    environment = environment_of(folders)
    try:
        style = source_of(environment, STYLESHEET)[0] if styled else ""
        return environment.get_template(name).render(_context(Page(view), folders, style))
    except TemplateNotFound as error:
        raise RenderError(f"{_place(error, name)}: no template {error.name!r}", template=name) from error
    except TemplateError as error:
        raise RenderError(f"{_place(error, name)}: {error.message or type(error).__name__}", template=name) from error


def folders_of(templates: Sequence[str | Path]) -> tuple[Path, ...]:
    """The host's folders, then the shipped one."""
    refuse_text(templates=templates)
    return (*(Path(folder) for folder in templates), shipped("templates"))


@lru_cache(maxsize=16)
def environment_of(folders: tuple[Path, ...]) -> ImmutableSandboxedEnvironment:
    """The sandbox over ``folders``, kept since it holds the compiled templates."""
    own = FileSystemLoader(folders[-1])
    return ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(folders), PrefixLoader({"shipped": own})]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def source_of(environment: ImmutableSandboxedEnvironment, name: str) -> tuple[str, Path]:
    """Text and path of a file beside the templates."""
    assert environment.loader is not None
    text, path, _ = environment.loader.get_source(environment, name)
    return text, Path(path or "")


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
    for folder in folders:
        file = (folder / name).resolve()
        if file.is_relative_to(folder.resolve()) and file.is_file():
            kind = guess_type(file.name)[0] or "application/octet-stream"
            return f"data:{kind};base64,{b64encode(file.read_bytes()).decode()}"
    raise RenderError(f"company.logo: no file {name!r} in {', '.join(map(str, folders))}", logo=name)


def _place(error: TemplateError, name: str) -> str:
    """File and line in a template, read off the traceback that Jinja rewrites."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.name or name}:{error.lineno}"
    found = name
    step: TracebackType | None = error.__traceback__
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if file.endswith((".html", ".css")):
            found = f"{Path(file).name}:{step.tb_lineno}"
        step = step.tb_next
    return found
