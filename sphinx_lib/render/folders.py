"""The files of the template folders: those that lie in them, whatever their names and links say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jinja2 import BaseLoader, Environment, TemplateNotFound, TemplateSyntaxError
from jinja2.loaders import split_template_path

from sphinx_lib.files.links import link_out
from sphinx_lib.kernel.errors import RenderError
from sphinx_lib.render.budget import LONGEST_TEMPLATE

SHIPPED = "shipped/"


class TemplateFolders(BaseLoader):
    """Looks a name up in ``folders`` in order; ``shipped/…`` in the last one only."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self.files: dict[str, str] = {}
        """By path, the name under which a file was read."""

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """Text, path, and whether it is still what the file says."""
        file = self.file(template)
        if file is None:
            raise TemplateNotFound(template)
        written = file.stat().st_mtime_ns
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise TemplateSyntaxError(
                "this file is not UTF-8; save it as UTF-8", 1, template, str(file)
            ) from None
        if len(text) > LONGEST_TEMPLATE:
            most = f"a template has at most {LONGEST_TEMPLATE:,} characters"
            told = f"{most}, and this one {len(text):,}"
            raise TemplateSyntaxError(told, 1, template, str(file))
        self.files[str(file)] = template.removeprefix(SHIPPED)
        return text, str(file), lambda: _mtime(file) == written

    def file(self, name: str) -> Path | None:
        """The file called ``name``, none outside the folders; RenderError when a link leads out."""
        folders = self.folders
        if name.startswith(SHIPPED):
            name, folders = name.removeprefix(SHIPPED), folders[-1:]
        try:
            parts = split_template_path(name)
        except TemplateNotFound:  # it holds ..
            return None
        for folder in folders:
            file = folder.joinpath(*parts)
            if not file.is_file():
                continue
            own = (
                folder == self.folders[-1]
            )  # the shipped one, whose files an installer may have made links
            if not own and (real := link_out(file, folder)):
                raise RenderError(
                    f"{file} is a link out of its folder, to {real}, and is not followed",
                    template=name,
                )
            return file
        return None


def _mtime(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
