"""A PDF reads the files of its template folders and nothing else, whatever HTML, CSS and SVG ask for (issue 10, C11)."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sphinx_lib import Sphinx
from sphinx_lib.app.views import DocumentView
from sphinx_lib.kernel.errors import RenderError
from sphinx_lib.render.pdf import Renderer
from tests import printed

_opened: list[str] = []


def _note(event: str, given: tuple[Any, ...]) -> None:
    if event == "open":
        _opened.append(str(given[0]))
    elif event in ("socket.connect", "socket.getaddrinfo"):
        _opened.append(f"network {given}")


sys.addaudithook(_note)  # there is no way to take it away; the list is emptied before each page


@pytest.fixture(scope="module")
def quotation() -> DocumentView:
    shop: Sphinx = printed.open_shop()
    return printed.view(shop, printed.quotation(shop))


@pytest.fixture
def server() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Renderer:
    """Over a template folder with a secret beside it, and links to that inside."""
    tmp_path = tmp_path_factory.mktemp("gate")
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>secret</text></svg>'
    (tmp_path / "secret.svg").write_text(svg, encoding="utf-8")
    (tmp_path / "secret.css").write_text("body { color: red }", encoding="utf-8")
    made = tmp_path / "templates"
    made.mkdir()
    (made / "link.svg").symlink_to("../secret.svg")
    (made / "out").symlink_to("..")
    return Renderer([made])


@pytest.fixture
def folder(renderer: Renderer) -> Path:
    return renderer.templates[0]


def refusal(renderer: Renderer, view: DocumentView, html: str) -> str:
    """What a page with ``html`` is refused with; "" when it is printed. Opens nothing outside the folder in either case."""
    folder = renderer.templates[0]
    html = html.replace("OUTSIDE", folder.parent.as_uri()).replace("FOLDER", folder.as_uri())
    (folder / "quotation.html").write_text(f"<html><body>{html}</body></html>", encoding="utf-8")
    _opened.clear()
    try:
        renderer.pdf(view)
        told = ""
    except RenderError as error:
        told = str(error)
    outside = [
        name
        for name in _opened
        if "secret" in name or "hostname" in name or name.startswith("network")
    ]
    assert outside == []
    return told


FILES = [
    "OUTSIDE/secret.svg",
    "FOLDER/../secret.svg",
    "FOLDER/%2e%2e/secret.svg",
    "FOLDER/..%2fsecret.svg",
    "FOLDER/out/secret.svg",
    "FOLDER/link.svg",
    "../secret.svg",
    "%2e%2e/secret.svg",
    "link.svg",
    "link.svg?x=1",
    "link.svg#x",
    "FILE:///etc/hostname",
    "file://localhost/etc/hostname",
    "file:/etc/hostname",
    "/etc/hostname",
]


@pytest.mark.parametrize("source", FILES)
def test_no_file_outside_the_template_folders_is_read(
    renderer: Renderer, quotation: DocumentView, source: str
) -> None:
    assert "is in no template folder" in refusal(renderer, quotation, f'<img src="{source}">')


ADDRESSES = [
    "http://SERVER/x.svg",
    "HTTPS://SERVER/x.svg",
    "ftp://SERVER/x.svg",
    "file://SERVER/x.svg",
    "//SERVER/x.svg",
]


@pytest.mark.parametrize("source", ADDRESSES)
def test_the_network_is_not_asked(
    renderer: Renderer, quotation: DocumentView, server: str, source: str
) -> None:
    assert "printed without the network" in refusal(
        renderer, quotation, f'<img src="{source.replace("SERVER", server)}">'
    )


WAYS = [
    '<link rel="stylesheet" href="SOURCE">',
    '<style>@import "SOURCE";</style>',
    "<style>@import url(SOURCE) print;</style>",
    '<style>@font-face { font-family: x; src: url("SOURCE") } body { font-family: x }</style>text',
    '<p style="background: url(SOURCE)">text</p>',
    '<ul style="list-style-image: url(SOURCE)"><li>text</li></ul>',
    '<style>p::before { content: url("SOURCE") }</style><p>text</p>',
    '<p style="border-image: url(SOURCE) 1">text</p>',
    '<object data="SOURCE"></object>',
    '<embed src="SOURCE">',
    '<iframe src="SOURCE"></iframe>',
    '<input type="image" src="SOURCE">',
    '<video poster="SOURCE" src="SOURCE"></video>',
    '<link rel="attachment" href="SOURCE">',
    '<a rel="attachment" href="SOURCE">text</a>',
    '<base href="OUTSIDE/"><img src="secret.svg">',
    '<svg width="9" height="9"><image href="SOURCE" width="9" height="9"/></svg>',
    '<svg width="9" height="9" xmlns:xlink="http://www.w3.org/1999/xlink"><use xlink:href="SOURCE#a"/></svg>',
    '<svg width="9" height="9"><style>@import "SOURCE";</style><rect width="9" height="9"/></svg>',
    "<img src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><image href='SOURCE' width='9' height='9'/></svg>\">",
]


@pytest.mark.parametrize("way", WAYS)
def test_no_way_of_html_css_or_svg_leads_out(
    renderer: Renderer, quotation: DocumentView, server: str, way: str
) -> None:
    source = f"http://{server}/x.svg" if WAYS.index(way) % 2 else "OUTSIDE/secret.svg"
    told = refusal(renderer, quotation, way.replace("SOURCE", source))
    assert told == "" or "is in no template folder" in told or "printed without the network" in told


ENTITIES = {
    "a file": '<!DOCTYPE svg [<!ENTITY x SYSTEM "OUTSIDE/secret.svg">]><svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>',
    "many": '<!DOCTYPE svg [<!ENTITY a0 "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + ']><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&a9;</text></svg>',
}


@pytest.mark.parametrize("name", ENTITIES)
def test_a_picture_brings_in_nothing_by_entities(
    renderer: Renderer, folder: Path, quotation: DocumentView, name: str
) -> None:
    text = ENTITIES[name].replace("OUTSIDE", folder.parent.as_uri())
    (folder / "dot.svg").write_text(text, encoding="utf-8")
    refusal(renderer, quotation, '<img src="dot.svg">')


def test_a_picture_of_the_folder_is_printed_by_each_of_its_names(
    renderer: Renderer, folder: Path, quotation: DocumentView
) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    (folder / "a b.svg").write_text(svg, encoding="utf-8")
    (folder / "inside.svg").symlink_to("a b.svg")
    for source in ("a b.svg", "a%20b.svg", "FOLDER/a%20b.svg", "inside.svg", "inside.svg?1"):
        assert refusal(renderer, quotation, f'<img src="{source}">') == ""


def test_what_a_user_writes_is_text_and_asks_for_nothing(tmp_path: Path, server: str) -> None:
    shop = printed.open_shop()
    evil = f'<img src="file:///etc/hostname"><script src="http://{server}/x.js"></script><style>@import "http://{server}/x.css";</style>'
    lines = [{"item": "LIVRE", "quantity": 1, "text": evil, "reference": evil}, {"text": evil}]
    view = printed.view(shop, printed.quotation(shop, lines=lines, reference=evil, subject=evil))
    _opened.clear()
    assert Renderer().pdf(view).startswith(b"%PDF")
    assert not [name for name in _opened if "hostname" in name or name.startswith("network")]
