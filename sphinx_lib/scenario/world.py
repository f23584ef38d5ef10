"""A scenario's own product: a database, a clock that the scenario moves, the data given, and what steps have named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sphinx_lib.app.session import Session
from sphinx_lib.app.sphinx import Sphinx
from sphinx_lib.app.views import Views
from sphinx_lib.kernel.document import Id
from sphinx_lib.kernel.errors import NotFound
from sphinx_lib.kernel.ports import SEE_MARGIN, Actor
from sphinx_lib.pack.overlay import to_plain
from sphinx_lib.pack.pack import Pack
from sphinx_lib.scenario.given import KINDS, Refs, rows_of
from sphinx_lib.scenario.model import Scenario, items
from sphinx_lib.scenario.other_values import (
    comparison_values,
    customer_values,
    deal_values,
    equipment_values,
    stock_values,
    supplier_values,
)
from sphinx_lib.scenario.supply_values import deliverable_rows
from sphinx_lib.scenario.values import Fields, Found, Made, Seen, document_readers

NOBODY = Actor("scenario", {SEE_MARGIN})
"""Who acts until ``as_user`` says otherwise: somebody who sees costs and has no other right."""


class ScenarioClock:
    """A clock that stands still until the scenario moves it."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """The moment that the scenario has reached, in UTC."""
        return self.moment.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Result:
    """What a step gave: documents, the documents made beside them, and values such as a price or a file."""

    ids: tuple[Id, ...] = ()
    created: tuple[Id, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    is_documents: bool = True
    refusals: tuple[str, ...] = ()


@dataclass
class World:
    """The running product and the names that the steps have given."""

    app: Sphinx
    clock: ScenarioClock
    refs: Refs
    actor: Actor = NOBODY
    names: dict[str, Result] = field(default_factory=dict)
    warnings: dict[Id, tuple[str, ...]] = field(default_factory=dict)
    sent: list[Any] = field(default_factory=list)

    def user(self, name: str | None) -> Actor:
        """Who acts under a name of ``given.users``; without one nobody in particular."""
        return NOBODY if name is None else Actor(name, self.refs.users[name])

    def document(self, path: str) -> Id:
        """The document that a path such as ``invoices.1`` or ``bl.created.1`` names; NotFound says why none."""
        name, *rest = path.split(".")
        result = self.names.get(name)
        if result is None:
            raise NotFound(f"nothing is named {name!r} yet")
        ids = result.created if rest[:1] == ["created"] else result.ids
        places = rest[1:] if rest[:1] == ["created"] else rest
        if not places and len(ids) == 1:
            return ids[0]
        place = int(places[0]) if places else 0
        if not 0 < place <= len(ids):
            raise NotFound(f"{path!r} names no document: there are {len(ids)}")
        return ids[place - 1]

    def root(self, views: Views) -> Found:
        """Everything that an expectation may ask about, by name."""
        tables: Mapping[str, Callable[[str], Any]] = {
            "stock": lambda key: stock_values(views, *_item_and_warehouse(key)),
            "customer": lambda code: customer_values(views, code),
            "supplier": lambda code: supplier_values(views, code),
            "deal": lambda code: deal_values(views, code),
            "equipment": lambda code: equipment_values(views, code),
            "comparison": lambda name: comparison_values(views, self.document(name)),
        }
        lists: Mapping[str, Callable[[], Any]] = {"deliverable": lambda: deliverable_rows(views)}

        def named(name: str) -> Any:
            if name in lists and name not in self.names:
                return lists[name]()
            return Found(tables[name]) if name in tables else self.seen(self.names[name], views)

        return Found(named)

    def seen(self, result: Result, views: Views) -> Any:
        """A result with its names, read when they are asked for."""
        if not result.is_documents:
            return result.values
        made, created = (tuple(self._fields(one, views) for one in ids) for ids in (result.ids, result.created))
        return Made(made, created, result.values)

    def _fields(self, document_id: Id, views: Views) -> Fields:
        view = views.document(document_id)
        return Fields(document_readers(view), Seen(view, views, self.warnings.get(document_id, ())))


def _item_and_warehouse(key: str) -> tuple[str, str | None]:
    item, _, warehouse = key.partition("@")
    return item, warehouse or None


@contextmanager
def opened(scenario: Scenario, pack: Pack, refs: Refs, database: str | None = None) -> Iterator[World]:
    """The product on the scenario's configuration and data, in a database (or, with ``database``, a company) of its own.

    Raises InputError when the data given does not hold.
    """
    clock = ScenarioClock(scenario.today)
    app = Sphinx.open(pack, database or "sqlite://", "scenarios", clock=clock)
    try:
        if database is not None:
            app.migrate()
            app = replace(app, company=app.new_id())
        world = World(app, clock, refs)
        _give(scenario, app)
        yield world
    finally:
        app.engine.dispose()


def _give(scenario: Scenario, app: Sphinx) -> None:
    """Write the data given, section by section in the order written."""
    with app.session(actor=NOBODY) as session:
        for section, node in scenario.given.items():
            if section in KINDS:
                rows = [row for one in items(node) for row in rows_of(section, one)]
                session.put(KINDS[section][0], rows)
            elif section == "stock":
                for one in items(node):
                    _stock(session, to_plain(one))


def _stock(session: Session, row: Mapping[str, Any]) -> None:
    session.adjust_stock(**row)
