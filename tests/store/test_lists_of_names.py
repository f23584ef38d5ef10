"""One text where a list of names is asked for is refused: its letters were taken for the names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from sphinx_lib import Actor, InputError, Sphinx
from sphinx_lib.app.ecb_rates import load_ecb_rates
from sphinx_lib.render.html import folders_of
from sphinx_lib.render.pdf import Renderer
from tests.store.support import ALICE

DAY = date(2026, 3, 2)
COMMANDS: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "fire_many": ("ids", lambda s, text: s.fire_many(text, "confirm")),
    "derive": ("parties", lambda s, text: s.derive(["0" * 32], "supplier_quotation", parties=text)),
    "pay": ("allocate", lambda s, text: s.pay("ACME", 1, allocate=text)),
    "allocate": ("targets", lambda s, text: s.allocate("0" * 32, text)),
    "count": ("items", lambda s, text: s.count(items=text)),
}
READS: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "documents": ("ids", lambda v, text: v.documents(text)),
    "stock_rows": ("items", lambda v, text: v.stock_rows(items=text)),
    "stock_value": ("items", lambda v, text: v.stock_value(items=text)),
    "availability": ("items", lambda v, text: v.availability(text)),
    "availability_by_warehouse": ("items", lambda v, text: v.availability_by_warehouse(text)),
    "rates": ("currencies", lambda v, text: v.rates(text, DAY, DAY)),
    "items": ("codes", lambda v, text: v.items(text)),
    "known_items": ("codes", lambda v, text: v.known_items(text)),
    "known_warehouses": ("codes", lambda v, text: v.known_warehouses(text)),
}
OPENED: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "config": ("config", lambda _, text: Sphinx.open(text)),
    "templates": ("templates", lambda _, text: Sphinx.open(templates=text)),
    "renderer": ("templates", lambda _, text: Renderer(text)),
    "folders": ("templates", lambda _, text: folders_of(text)),
    "load_ecb_rates": ("currencies", lambda app, text: load_ecb_rates(app, text, DAY, actor=Actor("rates"))),
}


def told(work: Callable[[Any, str], Any], on: Any) -> tuple[str, ...]:
    with pytest.raises(InputError) as refused:
        work(on, "VIS-1")
    return refused.value.problems


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_takes_no_text_for_a_list(app: Sphinx, name: str) -> None:
    argument, work = COMMANDS[name]
    with app.session(actor=ALICE) as s:
        assert told(work, s) == (f"{argument}: write a list, ['VIS-1'], not 'VIS-1'",)


@pytest.mark.parametrize("name", READS)
def test_a_read_takes_no_text_for_a_list(app: Sphinx, name: str) -> None:
    argument, work = READS[name]
    with app.reader(actor=ALICE) as views:
        assert told(work, views) == (f"{argument}: write a list, ['VIS-1'], not 'VIS-1'",)


@pytest.mark.parametrize("name", OPENED)
def test_layers_folders_and_currencies_are_no_text_either(app: Sphinx, name: str) -> None:
    argument, work = OPENED[name]
    assert told(work, app) == (f"{argument}: write a list, ['VIS-1'], not 'VIS-1'",)


def test_one_record_is_put_in_a_list_too(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s, pytest.raises(InputError, match="rows: a dict is not a list"):
        s.put("item", {"code": "VIS-1", "name": "Vis"})  # type: ignore[arg-type]
