"""Documents on paper: ``render_html`` for the page, ``Renderer`` for the PDF."""

from __future__ import annotations

from sphinx_lib.render.html import render_html
from sphinx_lib.render.pdf import Renderer

__all__ = ["Renderer", "render_html"]
